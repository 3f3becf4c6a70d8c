# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""A question to the recording log: which searches answer it, and what their rows make of it. No I/O of its own.

The log does not print what kind of recording a row is. It can be asked for all rows of one code, which tells their
kind; a mono recording is a row that no code claims (protocol 8.4). So a question costs

- one search for each code of the kinds that are asked for, for each day or for the call,
- and, where mono recordings are asked for, one search for each agent and day, or for the call. These come first: where
  they find nothing, no code is asked for.

Mono recordings of the whole call center cannot be asked for, since a date alone is no search (protocol 8.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from typing import Any, Callable

from ._protocol.recording_log import LogRow, LogSearch
from ._protocol.replies import Version
from ._protocol.words import CODES, KINDS, MONO

# The log finds a recording by the day on which it began. Whatever overlaps a span is looked for among those that began
# so long before it.
LONGEST_RECORDING = timedelta(hours=12)

# A question about this moment may take so long that a recording begins on the next day.
_LONGEST_LOOK = timedelta(minutes=5)

# Time zones are whole quarters of an hour from UTC, up to 14 hours.
_ZONE_MINUTES = 15
_FARTHEST_ZONE_MINUTES = 14 * 60

_KIND_OF = {code: kind for kind in CODES for code in CODES[kind]}

Find = Callable[[LogSearch], "list[LogRow]"]


def utc_offset(version: Version) -> str | None:
    """How far the server's time is from UTC, such as ``+01:00``; None where ``version`` does not tell a likely one."""
    try:
        date = datetime.fromisoformat(version.date or "").replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    minutes = round((date.timestamp() - (version.epoch or 0)) / 60)
    if minutes % _ZONE_MINUTES or abs(minutes) > _FARTHEST_ZONE_MINUTES:
        return None
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def is_running(row: LogRow) -> bool:
    """Whether the log shows ``row`` as a recording that runs (protocol 8.2)."""
    return not row.seconds and not row.location


def end_of(row: LogRow) -> datetime:
    """When the recording of ``row`` ended, where it did."""
    return row.start_time + timedelta(seconds=row.seconds)


@dataclass(frozen=True)
class Day:
    """The recordings that began on one day of the server."""

    day: date

    def days(self) -> Iterator[date]:
        """The days that hold such recordings."""
        yield self.day

    def holds(self, row: LogRow) -> bool:
        """Whether ``row`` is one of them."""
        return row.start_time.date() == self.day


@dataclass(frozen=True)
class Span:
    """The recordings that overlap a span of the server's time."""

    since: datetime
    until: datetime

    def days(self) -> Iterator[date]:
        """The days on which such recordings began."""
        first = (self.since - LONGEST_RECORDING).date()
        for number in range((self.until.date() - first).days + 1):
            yield first + timedelta(days=number)

    def holds(self, row: LogRow) -> bool:
        """Whether ``row`` is one of them."""
        return row.start_time <= self.until and (is_running(row) or end_of(row) >= self.since)


@dataclass(frozen=True)
class Running:
    """The recordings that run while the log is asked, from the server's time ``at`` on."""

    at: datetime

    def days(self) -> Iterator[date]:
        """The days on which such recordings began."""
        return Span(self.at, self.at + _LONGEST_LOOK).days()

    def holds(self, row: LogRow) -> bool:
        """Whether ``row`` is one of them."""
        return is_running(row)


@dataclass(frozen=True)
class Question:
    """Which recordings: of a call, by its lead_id or uniqueid, or of a time and, where they are named, of agents.

    Mono recordings of a time are asked for agent by agent only.
    """

    where: LogSearch | Day | Span | Running
    kinds: tuple[str, ...] = KINDS
    agent_users: tuple[str, ...] = ()


@dataclass
class _Found:
    """The rows so far by recording_id, and the codes that claim each."""

    rows: dict[int, LogRow] = field(default_factory=dict)
    codes: dict[int, list[str]] = field(default_factory=dict)

    def add(self, rows: Iterable[LogRow], code: str | None = None) -> None:
        for row in rows:
            self.rows[row.recording_id] = row
            self.codes.setdefault(row.recording_id, []).extend([code] if code else [])


def look_up(question: Question, find: Find) -> list[dict[str, Any]]:
    """The records that answer ``question``, by start time; ``find`` carries out one search."""
    found = _Found()
    kinds = question.kinds
    # A mono recording is a row that no code claims, so all codes are asked for.
    codes = [code for kind in CODES if kind in kinds or MONO in kinds for code in CODES[kind]]
    for general, narrow in _searches(question):
        rows = [row for search in general for row in find(search)] if MONO in kinds else []
        found.add(rows)
        if MONO in kinds and not rows:
            continue
        for code in codes:
            found.add(find(replace(narrow, extension=code)), code)
    records = [_record(row, found.codes[row.recording_id]) for row in _asked_for(found.rows.values(), question)]
    chosen = [record for record in records if record["kind"] in (*kinds, None)]
    return sorted(chosen, key=lambda record: (record["start_time"], record["recording_id"]))


def _searches(question: Question) -> Iterator[tuple[list[LogSearch], LogSearch]]:
    """For each day, or for the call: the searches that find rows of every kind, and the one that a code is added to."""
    if isinstance(question.where, LogSearch):
        yield [question.where], question.where
        return
    users = question.agent_users
    for day in map(str, question.where.days()):
        narrow = LogSearch(agent_user=users[0] if len(users) == 1 else "", date=day)
        yield [LogSearch(agent_user=user, date=day) for user in users], narrow


def _asked_for(rows: Iterable[LogRow], question: Question) -> Iterator[LogRow]:
    """Those of ``rows`` about the agents and the time of ``question``: by code, the whole call center's were found."""
    users = {user.casefold() for user in question.agent_users}
    for row in rows:
        is_of_them = not users or row.user.casefold() in users
        if is_of_them and (isinstance(question.where, LogSearch) or question.where.holds(row)):
            yield row


def _record(row: LogRow, codes: list[str]) -> dict[str, Any]:
    """``row`` as a task returns it. No code is a mono one; claimed by more than one code, its kind cannot be told."""
    kinds = [_KIND_OF[code] for code in codes] or [MONO]
    return {
        "user": row.user,
        "recording_id": row.recording_id,
        "kind": kinds[0] if len(kinds) == 1 else None,
        "code": codes[0] if len(codes) == 1 else None,
        "start_time": str(row.start_time),
        "duration": None if is_running(row) else row.seconds,
        "end_time": None if is_running(row) else str(end_of(row)),
        "running": is_running(row),
        "lead_id": row.lead_id,
        "location": row.location or None,
        "filename": row.location.rpartition("/")[2] or None,
    }
