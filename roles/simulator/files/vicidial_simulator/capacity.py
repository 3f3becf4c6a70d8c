# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server can do at once: workers that all clients share, and a queue in front of them (protocol 7)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from .validation import at_least, between

LONGEST_SERVICE_SECONDS = 60


@dataclass
class Limits:
    """``workers`` calls are served at once, each for ``service_seconds``; ``queue`` more may wait. 0: no limit."""

    workers: int = field(default=0, metadata=at_least(0))
    service_seconds: float = field(default=0.0, metadata=between(0, LONGEST_SERVICE_SECONDS))
    queue: int = field(default=0, metadata=at_least(0))


class Capacity:
    """The workers of a server. Calls wait their turn in the order in which they came."""

    def __init__(self) -> None:
        self.limits = Limits()
        self._free = threading.Condition()
        self._queue: list[object] = []
        self._busy = 0

    @contextmanager
    def worker(self) -> Iterator[bool]:
        """While the context lasts a worker serves the caller; False where the queue is full and nobody does."""
        if not self._enter():
            yield False
            return
        try:
            time.sleep(self.limits.service_seconds)
            yield True
        finally:
            with self._free:
                self._busy -= 1
                self._free.notify_all()

    def _enter(self) -> bool:
        ticket = object()
        with self._free:
            if self._is_full() and 0 < self.limits.queue <= len(self._queue):
                return False
            self._queue.append(ticket)
            while self._queue[0] is not ticket or self._is_full():
                self._free.wait()
            self._queue.pop(0)
            self._busy += 1
            self._free.notify_all()
        return True

    def _is_full(self) -> bool:
        return 0 < self.limits.workers <= self._busy
