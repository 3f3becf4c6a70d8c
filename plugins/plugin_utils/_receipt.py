# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""The receipt of a recording window: what was seen of it, and which recordings overlap it by VICIdial's log.

Pure: a window and the results of the modules that looked go in. A report, its text with a checksum, and one sentence
that claims no more than was seen come out.

Two clocks are at work: the steps of the window have times of this machine, STATUS and the log those of the server. Both
are read (``clock`` of vicidial_stereo_recording_watch_info) when the window has opened and when it has closed. A time
of this machine becomes one of the server by the reading next to it. The log knows whole seconds, so a recording
whose times are near the window counts as overlapping, unless it is a stereo one and STATUS shows otherwise.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import PurePath
from typing import Any

from ..module_utils._protocol.words import AGENT, IDLE, KINDS
from ._summary import counted, reason_of, some
from ._window import Result, Window, moment

# How far the times of the log, which knows whole seconds, may be off.
_LOG_SECONDS = 1
ENDED_BEFORE = "ended before the window was confirmed, as STATUS shows"
BEGAN_AFTER = "began after the window was closed, as STATUS shows"

Row = dict[str, Any]


@dataclass(frozen=True)
class Evidence:
    """What was seen of a ``window`` that wants a receipt, or silence.

    ``first_look`` and ``last_look`` are results of vicidial_stereo_recording_watch_info, when the window had opened and
    when it had closed; ``log_before`` and ``log`` those of vicidial_recordings_info at the same moments. ``collection``
    is the collection with its version.
    """

    window: Window
    first_look: Result = field(default_factory=dict)
    last_look: Result = field(default_factory=dict)
    log_before: Result = field(default_factory=dict)
    log: Result = field(default_factory=dict)
    collection: str = ""

    # What records while the window opens

    @property
    def opening(self) -> list[str]:
        """What is said before the tasks begin of others that record; nothing where the log was not asked."""
        if not self.log_before or self.window.state != IDLE:
            return []
        reason = reason_of(self.log_before)
        if reason:
            return [f"Whether anything else records is not known: the log could not be asked ({reason})."]
        if self._running:
            return [f"Others record at this moment: {_by_whom(self._running)}."]
        return [f"Nothing else records, as VICIdial's log shows it at {self.log_before['server_time']}."]

    @property
    def silence_failure(self) -> str:
        """Why the tasks do not begin; "" where nothing records, or where that does not matter."""
        return f"{self._noise} {self.not_run}" if self._noise else ""

    @property
    def not_run(self) -> str:
        """That nothing was done in the window because of that; "" elsewhere."""
        if not self._noise:
            return ""
        return "It was closed at once." if self.window.seconds else "The tasks did not run."

    @property
    def _noise(self) -> str:
        """What records where silence is required, or why that is not known."""
        if not self.window.require_silence or not self.window.was_open:
            return ""
        if not self.log_before:
            return "Whether anything else records is not known: the server does not tell its time."
        return self.opening[0] if self._running or reason_of(self.log_before) else ""

    @property
    def _running(self) -> list[Row]:
        """What the log shows as running, without stereo recordings of agents whom STATUS shows as idle."""
        rows = self._rows(self.log_before)
        return [row for row in rows if row["running"] and not (_is_agents(row) and self._idle_at_first(row["user"]))]

    # Which recordings overlap it

    @property
    def log_since(self) -> str:
        """From when on the log is asked for what overlaps the window, in the server's time; "" where it cannot be."""
        return str(self._span[0]) if self._span else ""

    @property
    def log_until(self) -> str:
        """Until when the log is asked, in the server's time; "" where it cannot be."""
        return str(self._span[1]) if self._span else ""

    @cached_property
    def _span(self) -> tuple[datetime, datetime] | None:
        """The window in the server's time, as far as it may reach by the doubt about both clocks."""
        begin, end = self._server_time("confirmed"), self._server_time("closed")
        if begin is None or end is None or not self.window.was_open:
            return None
        since = (begin - _margin(self.first_look)).replace(microsecond=0)
        until = (end + _margin(self.last_look) + timedelta(seconds=1)).replace(microsecond=0)
        return (since, until) if since < until else None

    @cached_property
    def recordings(self) -> dict[str, list[Row]]:
        """What the log shows by agent, with ``overlaps`` and a ``remark`` on what does not."""
        found: dict[str, list[Row]] = {user: [] for user in self.window.agents}
        for row in self._rows(self.log):
            remark = self._remark(row)
            found[row["user"]].append({**row, "overlaps": not remark, "remark": remark})
        return found

    def _remark(self, row: Row) -> str:
        """Why ``row`` does not overlap, though its times are near; "" where it does, or where that cannot be told."""
        if self._span is None or not _is_agents(row):
            return ""
        margin = timedelta(seconds=self.margin)
        begin, end = self._span[0] + margin, self._span[1] - margin
        started, ended = datetime.fromisoformat(row["start_time"]), _end_of(row)
        was_there = row["recording_id"] in _ids(self.window.before) or started <= begin - margin
        if self._idle_at_first(row["user"]) and was_there and ended is not None and ended <= begin + margin:
            return ENDED_BEFORE
        is_there = row["recording_id"] in _ids(self.window.closed) or ended is None or ended >= end + margin
        return BEGAN_AFTER if self._idle_at_last(row["user"]) and is_there and started >= end - margin else ""

    @property
    def margin(self) -> int:
        """How many seconds before and after it count as the window, for the doubt about clocks and the log."""
        return math.ceil(max(_margin(self.first_look), _margin(self.last_look)).total_seconds())

    @property
    def _overlapping(self) -> list[Row]:
        return [row for rows in self.recordings.values() for row in rows if row["overlaps"]]

    @property
    def _seen_only(self) -> list[Row]:
        """What STATUS showed in an idle window, and the log does not."""
        known = {row["recording_id"] for row in self._overlapping}
        return [
            {"user": user, "recording_id": seen["recording_id"], "kind": AGENT}
            for look in self.looks
            for user, seen in look["agents"].items()
            if look["in_window"] and seen["recording_id"] and seen["recording_id"] not in known
        ]

    @property
    def not_seen(self) -> str:
        """Why the log does not tell what overlaps the window; "" where it does."""
        if not self.window.was_open:
            return "there was no window"
        if not self.log:
            return "the server did not tell its time, or its clock was set back"
        return f"the log could not be asked ({reason_of(self.log)})" if reason_of(self.log) else ""

    # What it says

    @property
    def verdict(self) -> str:
        """One sentence that claims no more than was seen."""
        window = self.window
        if not window.was_open:
            return f"There was no window: not everybody was {window.state} ({reason_of(window.opened) or 'not known'})."
        rows = self._overlapping + self._seen_only
        if self.not_seen and rows:
            seen = f"Recorded in the window, as STATUS showed: {_by_whom(rows)}"
            return f"{seen}; what else did is not known: {self.not_seen}."
        if self.not_seen:
            return f"Whether anything recorded in the window is not known: {self.not_seen}."
        shown = f"as VICIdial's log shows it at {self.log['server_time']}"
        if rows:
            return f"Recorded in the window, {shown}: {_by_whom(rows)}."
        return f"No recording of any kind overlaps the window, {shown}."

    @property
    def silent(self) -> bool | None:
        """Whether no recording overlaps it; None where that is not known."""
        if not self.window.was_open or (self.not_seen and not self._seen_only):
            return None
        return not (self._overlapping or self._seen_only)

    @property
    def complaints(self) -> list[str]:
        """Why the role fails where silence was required."""
        return (
            [self.verdict] if self.window.require_silence and self.window.was_open and self.silent is not True else []
        )

    @property
    def rule(self) -> str:
        """What the window was for."""
        window = self.window
        length = f"{PurePath(window.tasks_path).name} runs" if window.tasks_path else "a block of tasks runs"
        while_it_lasts = f"for {counted(window.seconds, 'second')}" if window.seconds else f"while {length}"
        return (
            f"{counted(len(window.agents), 'agent')} should be {window.state} {while_it_lasts}: {some(window.agents)}."
        )

    @cached_property
    def looks(self) -> list[dict[str, Any]]:
        """Every STATUS by look, in order, with what it was for and whether it was made in the window."""
        window, times = self.window, self.window.times
        given_back = {**window.closed, "recordings": [row for row in _records(window.closed) if not row["failed"]]}
        found = [
            *_look("before the window", times, "asked", "opening", window.before),
            *_look("when it opened", times, "opening", "confirmed", window.opened),
            *_looks("when it was confirmed", self.first_look.get("looks")),
            *_looks("while it lasted", window.looks),
            *_look("when it closed", times, "closing", "closed", window.after),
            *_look("when it was given back", times, "closed", "given_back", given_back),
            *_looks("afterwards", self.last_look.get("looks")),
        ]
        held = ("when it was confirmed", "while it lasted", "when it closed")
        # A look of the watch can be under way when the window closes.
        found.sort(key=lambda look: moment(look["began_at"]))
        return [{**look, "in_window": window.was_open and look["when"] in held} for look in found]

    @property
    def largest_gap(self) -> float | None:
        """The most seconds between two looks in the window at one agent, from the begin of one to the end of the next.

        A look that did not see an agent is none. None where there were no two.
        """
        gaps = [gap for user in self.window.agents for gap in _gaps(self.looks, user)]
        return round(max(gaps), 3) if gaps else None

    @property
    def cannot_prove(self) -> list[str]:
        """What nobody should take it for."""
        gap = "" if self.largest_gap is None else f", {self.largest_gap:g} s apart at most"
        looks = sum(look["in_window"] for look in self.looks)
        return [
            "What records without VICIdial's log: a telephone, a telephone system or a computer beside it.",
            "Recordings that the log has under another user than these agents, such as those of who listens in.",
            "What VICIdial writes into its log, or changes in it, after it was asked.",
            f"STATUS was asked {counted(looks, 'time')} in the window{gap}. What lies between two looks is known from"
            " the log alone.",
            f"The log knows whole seconds. A recording within {self.margin} s of the window counts as overlapping,"
            " unless STATUS shows that it does not, and one without an end in the log counts as one that runs.",
            "What is heard in a file, and that nobody has changed this receipt: keep its SHA-256 elsewhere.",
        ]

    @cached_property
    def report(self) -> dict[str, Any]:
        """All of it, JSON-like, without the checksum."""
        window = self.window
        return {
            "verdict": self.verdict,
            "silent": self.silent,
            "rule": self.rule,
            "collection": self.collection,
            "server_url": self.first_look.get("server_url") or self.last_look.get("server_url"),
            "state": window.state,
            "agents": list(window.agents),
            "times": {name: self._times(name) for name in ("opening", "confirmed", "closed", "given_back")},
            "clocks": [look["clock"] for look in (self.first_look, self.last_look) if "clock" in look],
            "recordings": self.recordings,
            "log": {
                "server_time": self.log.get("server_time"),
                "since": self.log_since or None,
                "until": self.log_until or None,
                "kinds": list(self.log.get("kinds") or KINDS),
                "failure": self.not_seen or None,
                "running_at_first": self._running,
            },
            "given_back": {
                "state": window.opposite,
                "changed": window.changed,
                "given_back": window.given_back,
                "call_over": window.call_over,
                "left_alone": window.taken_over,
                "not_given_back": window.not_given_back,
            },
            "complaints": [*window.complaints, *self.complaints],
            "largest_gap_seconds": self.largest_gap,
            "looks": self.looks,
            "cannot_prove": self.cannot_prove,
        }

    @cached_property
    def checksum(self) -> str:
        """The SHA-256 of the file without its second line, which holds the checksum."""
        return hashlib.sha256(_text(self.report).encode()).hexdigest()

    @property
    def text(self) -> str:
        """The file: JSON, the checksum on its second line. The line break at its end is left out."""
        return _text({"sha256": self.checksum, **self.report}).rstrip("\n")

    # Helpers

    def _times(self, step: str) -> dict[str, str | None]:
        server = self._server_time(step)
        return {
            "machine": self.window.times.get(step),
            "server": str(server.replace(microsecond=0)) if server else None,
        }

    def _server_time(self, step: str) -> datetime | None:
        """When a step of the window was, by the server's clock."""
        time = self.window.times.get(step)
        look = self.first_look if step in ("opening", "confirmed") else self.last_look
        clock = look.get("clock") or {}
        if not time or not clock.get("server"):
            return None
        # It was cut to a whole second.
        shown = datetime.fromisoformat(clock["server"]) + timedelta(seconds=0.5)
        return shown + (moment(time) - moment(clock["machine"]))

    def _rows(self, log: Result) -> Iterator[Row]:
        """The rows of a log about the agents of the window, under the names that they have here (protocol 3.8)."""
        named = {user.casefold(): user for user in self.window.agents}
        for row in log.get("recordings") or ():
            if row["user"].casefold() in named:
                yield {**row, "user": named[row["user"].casefold()]}

    def _idle_at_first(self, user: str) -> bool:
        looks = self.first_look.get("looks") or [{"agents": {}}]
        return bool(looks[-1]["agents"].get(user, {}).get("state") == IDLE)

    def _idle_at_last(self, user: str) -> bool:
        return any(record["user"] == user and record["state"] == IDLE for record in _records(self.window.after))


def _margin(look: Result) -> timedelta:
    """How far a time of the log may be from one of this machine, by the clock that ``look`` has read."""
    return timedelta(seconds=(look.get("clock") or {}).get("doubt", 1) + _LOG_SECONDS)


def _records(result: Result) -> Sequence[Mapping[str, Any]]:
    return result.get("recordings") or ()


def _ids(result: Result) -> set[int]:
    return {record["recording_id"] for record in _records(result)}


def _is_agents(row: Row) -> bool:
    """Whether STATUS would show it: a stereo recording that the agent or the API controls."""
    return bool(row["kind"] == AGENT)


def _end_of(row: Row) -> datetime | None:
    return datetime.fromisoformat(row["end_time"]) if row["end_time"] else None


def _by_whom(rows: Iterable[Row]) -> str:
    """Who is recorded, by what: "1000 by campaign recording 5 and mono recording 6; 1001 by agent recording 7"."""
    by_user: dict[str, list[str]] = {}
    for row in rows:
        kind = f"{row['kind']} recording" if row["kind"] else "recording of a kind that cannot be told"
        by_user.setdefault(row["user"], []).append(f"{kind} {row['recording_id']}")
    texts = [f"{user} by {' and '.join(dict.fromkeys(names))}" for user, names in by_user.items()]
    return some(texts, separator="; ")


def _look(when: str, times: Mapping[str, str], began: str, ended: str, result: Result) -> list[dict[str, Any]]:
    """What the records of ``result`` are as a look, between two steps of the window; none where it did not run."""
    if not _records(result) or began not in times or ended not in times:
        return []
    kept = ("state", "recording_id", "agent_status", "reason")
    agents = {record["user"]: {key: record[key] for key in kept} for record in _records(result)}
    return [{"when": when, "began_at": times[began], "ended_at": times[ended], "agents": agents}]


def _looks(when: str, looks: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    return [{"when": when, **look} for look in looks or ()]


def _gaps(looks: Sequence[Mapping[str, Any]], user: str) -> list[float]:
    seen = [look for look in looks if look["in_window"] and look["agents"].get(user, {}).get("state")]
    pairs = zip(seen, seen[1:])
    return [(moment(after["ended_at"]) - moment(before["began_at"])).total_seconds() for before, after in pairs]


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"
