# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""Looks at agents that are repeated for a time: when the next one is due, and what is kept of each.

Times are the machine's own, to the millisecond and with its offset from UTC. A reading of the clocks tells what the
server's shows beside one of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable

from ._protocol.replies import Version
from ._recording_log import utc_offset

_POLL_SECONDS = 0.1
# What a look keeps of an agent's record.
_KEPT = ("state", "recording_id", "agent_status", "reason")


@dataclass
class Pace:
    """Says when to look: at once, then every ``interval`` seconds, and for the last time when it has ended.

    It ends after ``duration`` seconds, or as soon as ``goes_on`` is false. A duration of 0 is a single look.
    ``now`` and ``sleep`` are in seconds, of a clock that never goes back.
    """

    duration: float
    interval: float
    goes_on: Callable[[], bool]
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _began: float | None = None
    _looked: float = 0.0
    _is_last: bool = False

    def next_look(self) -> bool:
        """Wait until the next look is due, and return True; False when the last one has been."""
        if self._began is None:
            self._began = self._looked = self.now()
            self._is_last = self.duration <= 0
            return True
        if self._is_last:
            return False
        end, due = self._began + self.duration, self._looked + self.interval
        while self.goes_on() and self.now() < min(end, due):
            self.sleep(max(0.0, min(_POLL_SECONDS, end - self.now(), due - self.now())))
        self._is_last = self.now() >= end or not self.goes_on()
        self._looked = self.now()
        return True


def machine_time(seconds: float) -> str:
    """``seconds`` since the epoch as text, in the time zone of this machine."""
    return datetime.fromtimestamp(seconds, timezone.utc).astimezone().isoformat(timespec="milliseconds")


def look(began: float, ended: float, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """One look, between two times in seconds since the epoch, with what STATUS said of each agent."""
    agents = {record["user"]: {key: record[key] for key in _KEPT} for record in records}
    return {"began_at": machine_time(began), "ended_at": machine_time(ended), "agents": agents}


def clock_reading(version: Version | None, sent: float, came: float) -> dict[str, Any]:
    """What the server's clock shows beside the machine's (protocol 1.4), which was asked between two machine times.

    ``difference`` is how many seconds the server's is ahead, give or take ``doubt``: it shows whole seconds, at some
    moment between question and answer. Without a ``version``, and where it shows no time, the server's values are None.
    """
    shown = version.date if version else None
    epoch = version.epoch if version else None
    between = (sent + came) / 2
    return {
        "machine": machine_time(between),
        "server": shown,
        "utc_offset": utc_offset(version) if version else None,
        "difference": None if epoch is None else round(epoch + 0.5 - between, 1),
        "doubt": round((1 + came - sent) / 2, 1),
    }
