# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call recording log, as ``recording_lookup`` searches and prints it (protocol 8.1 to 8.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from .accounts import strip_name
from .clock import wall_time
from .dialer import Dialer, Recording

MOST_ROWS = 100_000
COLUMNS = ("start_time", "user", "recording_id", "lead_id", "location")
_ENOUGH = 2


@dataclass(frozen=True)
class Search:
    """What is searched for, as the server has stripped it; "" is not given, or not of a length that it takes (8.1)."""

    agent_user: str
    extension: str
    date: str
    lead_id: str
    uniqueid: str

    @property
    def is_enough(self) -> bool:
        """Whether the server searches by this: a call, or two of agent, extension and date (8.1)."""
        return (
            bool(self.lead_id or self.uniqueid)
            or sum(map(bool, (self.agent_user, self.extension, self.date))) >= _ENOUGH
        )


def search_named(params: Mapping[str, str]) -> Search:
    """The search that the parameters of a call ask for."""
    agent_user, extension = strip_name(params.get("agent_user", "")), strip_name(params.get("extension", ""))
    uniqueid = re.sub(r"[^-_.0-9a-zA-Z]", "", params.get("uniqueid", ""))
    return Search(
        agent_user if re.fullmatch(".{3,20}", agent_user) else "",
        extension if re.fullmatch(".{3,100}", extension) else "",
        params.get("date", "") if _day(params.get("date", ""), 0) else "",
        re.sub("[^0-9]", "", params.get("lead_id", "")),
        uniqueid if re.fullmatch(".{9,}", uniqueid) else "",
    )


def find(dialer: Dialer, search: Search) -> list[Recording]:
    """The rows that fit all of ``search``, by start_time; at most 100,000 (8.1)."""
    day = _day(search.date, dialer.system.utc_offset) or (0.0, float("inf"))
    user, extension = search.agent_user.casefold(), search.extension.casefold()
    found = [
        row
        for row in dialer.recordings
        if (not user or row.user.casefold() == user)
        and (not extension or row.extension.casefold() == extension)
        and day[0] <= row.started_at < day[1]
        and search.lead_id in ("", str(row.lead_id))
        and search.uniqueid in ("", row.uniqueid)
    ]
    return sorted(found, key=lambda row: row.started_at)[:MOST_ROWS]


def cells(dialer: Dialer, row: Recording, duration: bool) -> tuple[str, ...]:
    """``row`` as it is printed (8.2)."""
    started = wall_time(row.started_at, dialer.system.utc_offset)
    seconds = (str(0 if row.ended_at is None else int(row.ended_at) - int(row.started_at)),) if duration else ()
    return (started, row.user, str(row.recording_id), str(row.lead_id), *seconds, _location(dialer, row))


def _location(dialer: Dialer, row: Recording) -> str:
    """Where the file is; "" until it has been moved there after the end (8.2)."""
    if row.ended_at is None or dialer.clock.now() < row.ended_at + dialer.system.seconds_to_move:
        return ""
    return f"http://{row.server}/RECORDINGS/{row.filename}.wav"


def _day(date: str, utc_offset: int) -> tuple[float, float] | None:
    """The first second of ``date`` at the server and that of the next day; None for what is no date."""
    try:
        start = datetime.strptime(date, "%Y-%m-%d").replace(tzinfo=timezone(timedelta(seconds=utc_offset)))
    except ValueError:
        return None
    return start.timestamp(), (start + timedelta(days=1)).timestamp()
