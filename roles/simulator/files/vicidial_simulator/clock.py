# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialer's time, which a test can move forward."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from typing import Callable

LATEST = datetime(9999, 1, 1, tzinfo=timezone.utc).timestamp()  # beyond it no time can be printed
_STARTED_AT = time.time() - time.monotonic()


def _steady_time() -> float:
    return _STARTED_AT + time.monotonic()


class Clock:
    """Seconds since the epoch that never go back and can be moved ahead.

    Without a ``source`` it follows the machine's monotonic clock; a test that wants virtual time hands in a constant.
    """

    def __init__(self, source: Callable[[], float] | None = None) -> None:
        self._source = source or _steady_time
        self._ahead = 0.0

    def now(self) -> float:
        """The dialer's time in seconds since the epoch."""
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move the dialer's time ahead by ``seconds``; raises ValueError for less than 0 and for too many."""
        if not seconds >= 0:  # nor is NaN
            raise ValueError("the clock only moves forward")
        if self.now() + seconds > LATEST:
            raise ValueError("the clock ends with the year 9998")
        self._ahead += seconds


def wall_time(epoch: float, utc_offset: int) -> str:
    """``epoch`` as the server prints times: ``YYYY-MM-DD HH:MM:SS``, ``utc_offset`` seconds east of Greenwich."""
    return datetime.fromtimestamp(int(epoch), timezone(timedelta(seconds=utc_offset))).strftime("%Y-%m-%d %H:%M:%S")
