# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The workers that carry out calls: so many threads, each with one kept-alive connection. They never sleep."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from typing import Any, Callable, TypeVar

from .._client.agent_api import AgentApi
from .._client.http import Connection

ResultT = TypeVar("ResultT")
Call = Callable[[AgentApi], ResultT]


class WorkerPool:
    """``size`` workers over ``connection``, for one thread that submits and collects. A ``with`` block closes it."""

    def __init__(self, connection: Connection, size: int) -> None:
        self.free = self._size = size
        self._connection = connection
        self._calls: queue.SimpleQueue[tuple[Any, Call[Any]] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Any, Future[Any]]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def submit(self, tag: Any, call: Call[Any]) -> None:
        """Have a free worker carry out ``call``; its result comes back with ``tag``."""
        self.free -= 1
        if self.free < 0:
            raise RuntimeError("no worker is free")
        self._calls.put((tag, call))
        # A new worker only when all those that there are have work: a small task opens few connections.
        if len(self._threads) < self._busy():
            thread = threading.Thread(target=self._work, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads to be had: fewer workers do as well
                if not self._threads:
                    raise
            else:
                self._threads.append(thread)

    def collect(self, seconds: float) -> tuple[Any, Any] | None:
        """A finished call's tag and result; None when there is none within ``seconds``. Raises what the call raised."""
        try:
            tag, future = self._done.get(timeout=seconds)
        except queue.Empty:
            return None
        self.free += 1
        return tag, future.result()

    def close(self) -> None:
        """Let the workers end once their calls are done; wait for that where none is under way."""
        for _thread in self._threads:
            self._calls.put(None)
        if not self._busy():
            for thread in self._threads:
                thread.join(timeout=1)

    def _busy(self) -> int:
        return self._size - self.free

    def _work(self) -> None:
        api: AgentApi | None = None
        while True:
            submitted = self._calls.get()
            if submitted is None:
                break
            tag, call = submitted
            future: Future[Any] = Future()
            try:
                api = api or AgentApi(self._connection)
                future.set_result(call(api))
            except BaseException as error:  # noqa: BLE001 - raised again where the result is collected
                future.set_exception(error)
            self._done.put((tag, future))
        if api is not None:
            api.close()
