# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workers that all clients share, and the queue in front of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from ansible_collections.telephony.vicidial.tests.unit.simulator.client import Client
from vicidial_simulator.capacity import Capacity, Limits

SECONDS = 20.0


class Calls:
    """Calls of many clients; each keeps its worker until it is released."""

    def __init__(self, limits: Limits) -> None:
        self.capacity = Capacity()
        self.capacity.limits = limits
        self.served: list[int] = []
        self.most_at_once = 0
        self._changed = threading.Condition()
        self._released = 0
        self._at_once = 0
        self._pool = ThreadPoolExecutor(8)

    def start(self, number: int) -> Future[bool]:
        """Begin call ``number`` and wait until it is served, refused, or in the queue."""
        queued = len(self.capacity._queue)
        future = self._pool.submit(self._call, number)
        self.wait_for(lambda: future.done() or number in self.served or len(self.capacity._queue) > queued)
        return future

    def wait_for(self, is_so: Callable[[], object]) -> None:
        for _time in range(int(SECONDS / 0.005)):
            if is_so():
                return
            threading.Event().wait(0.005)
        raise AssertionError("it never came to that")

    def wait_for_served(self, calls: int) -> None:
        self.wait_for(lambda: len(self.served) == calls)

    def release(self, calls: int) -> None:
        with self._changed:
            self._released += calls
            self._changed.notify_all()

    def _call(self, number: int) -> bool:
        with self.capacity.worker() as is_served:
            if is_served:
                self._stay_until_released(number)
        return is_served

    def _stay_until_released(self, number: int) -> None:
        with self._changed:
            self.served.append(number)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            assert self._changed.wait_for(lambda: self._released > 0, SECONDS)
            self._released -= 1
            self._at_once -= 1


def test_calls_beyond_the_workers_wait_in_the_order_in_which_they_came() -> None:
    calls = Calls(Limits(workers=2))
    futures = [calls.start(number) for number in range(5)]
    assert calls.served == [0, 1]
    for served in (3, 4, 5):
        calls.release(1)
        calls.wait_for_served(served)
        assert calls.served == list(range(served))
    calls.release(2)
    assert [future.result(SECONDS) for future in futures] == [True] * 5
    assert calls.most_at_once == 2


def test_a_full_queue_takes_no_more() -> None:
    calls = Calls(Limits(workers=1, queue=2))
    futures = [calls.start(number) for number in range(4)]
    assert futures[3].result(SECONDS) is False
    calls.release(3)
    assert [future.result(SECONDS) for future in futures[:3]] == [True] * 3


def test_without_limits_all_are_served_at_once() -> None:
    calls = Calls(Limits())
    futures = [calls.start(number) for number in range(6)]
    calls.wait_for_served(6)
    calls.release(6)
    assert all(future.result(SECONDS) for future in futures)


def test_a_worker_is_busy_for_the_service_time(client: Client, slept: list[float]) -> None:
    assert client.do("capacity", workers=1, service_seconds=0.25).status_code == 200
    slept.clear()
    assert client.call().status_code == 200
    assert slept == [0.25]


@pytest.mark.parametrize("limits", [{"workers": -1}, {"queue": 0.5}, {"service_seconds": 61}, {"cores": 2}], ids=str)
def test_limits_that_make_no_sense_are_refused(client: Client, limits: dict[str, float]) -> None:
    assert client.do("capacity", **limits).status_code == 400
