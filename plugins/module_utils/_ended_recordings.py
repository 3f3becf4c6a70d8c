# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What the recording log says of recordings that a task has ended: which searches find them, and waiting for them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, NamedTuple

from ._protocol.recording_log import LogRow, LogSearch, is_searchable
from ._protocol.words import AGENT, CODES
from ._recording_log import Find, end_of, is_running

Record = Mapping[str, Any]


class _Wanted(NamedTuple):
    """A recording of an agent that began on ``day``, as the server prints it."""

    user: str
    recording_id: int
    day: str


def with_log(
    records: Sequence[Record],
    find: Find,
    sleep: Callable[[float], None],
    wait_timeout: float,
    wait_sleep: float,
    now: Callable[[], float] = time.monotonic,
) -> list[dict[str, Any]]:
    """``records`` of a task, whose ``ended`` then says how long each recording was and where its file is.

    The log is asked every ``wait_sleep`` seconds until it shows all of them as ended, for ``wait_timeout`` seconds at
    most, and once in any case. What it does not show by then stays null, and the record's ``msg`` says so.
    """
    # Without a time STATUS does not say on which day it began, and the log cannot be searched for it.
    wanted = {
        _Wanted(record["user"], ended["recording_id"], ended["start_time"][:10])
        for record in records
        for ended in record["ended"]
        if ended["start_time"]
    }
    rows: dict[int, LogRow] = {}
    give_up_at = now() + wait_timeout
    while missing := sorted(each for each in wanted if each.recording_id not in rows):
        for search in _searches(missing):
            rows.update({row.recording_id: row for row in find(search) if not is_running(row)})
        left = give_up_at - now()
        if left <= 0 or all(each.recording_id in rows for each in missing):
            break
        sleep(min(wait_sleep, left))
    return [_with_rows(record, rows) for record in records]


def _searches(wanted: Sequence[_Wanted]) -> Iterator[LogSearch]:
    """By agent and day, or by code and day where that takes fewer searches or the log cannot search for an agent."""
    agents = sorted({(each.user, each.day) for each in wanted})
    days = sorted({each.day for each in wanted})
    if len(agents) <= len(days) * len(CODES[AGENT]) and all(is_searchable(each.user) for each in wanted):
        yield from (LogSearch(agent_user=user, date=day) for user, day in agents)
    else:
        yield from (LogSearch(extension=code, date=day) for day in days for code in CODES[AGENT])


def _with_rows(record: Record, rows: Mapping[int, LogRow]) -> dict[str, Any]:
    ended = [{**each, **_facts(rows.get(each["recording_id"]))} for each in record["ended"]]
    sentences = [record["msg"], *(f"Agent {record['user']}: {clause}." for clause in _clauses(ended))]
    return {**record, "ended": ended, "msg": " ".join(filter(None, sentences))}


def _facts(row: LogRow | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "duration": row.seconds,
        "end_time": str(end_of(row)),
        "lead_id": row.lead_id,
        "location": row.location or None,
    }


def _clauses(ended: Iterable[Record]) -> Iterator[str]:
    """What the log does not say of them."""
    for each in ended:
        if each["duration"] is None:
            yield f"the recording log does not show yet that recording {each['recording_id']} has ended"
        elif each["location"] is None:
            yield f"the recording log does not tell yet where the file of recording {each['recording_id']} is"
