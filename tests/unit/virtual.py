# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call center in virtual time: the real scheduler, decision, client and parser over the simulator's dialer, no HTTP.

Nothing here sleeps, so that a run of minutes takes milliseconds and no timing of the machine decides a test.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Callable

from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import ApiError
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import AgentResult, Scheduler
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState, Response
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER
from vicidial_simulator import agent_api
from vicidial_simulator.accounts import Account
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import Dialer
from vicidial_simulator.presets import populate

STARTED_AT = 1795338820.0
URL = "http://virtual/agc/api.php"
_ADDRESS = "127.0.0.1"

# What stands in for HTTP: an address and a form in; a body out, or an ApiError.
Post = Callable[[str, dict[str, str]], bytes]
# Called before each call of the API with its form; may change the world, or raise what the network does.
Meddle = Callable[[dict[str, str]], None]


def client(password: str, post: Post) -> AgentApi:
    """The real client, whose calls go to ``post`` until the next one is asked for: to make one takes long."""
    api = _client(password)
    api._http.post = lambda url, form, _longest=0: post(url, form)  # type: ignore[assignment, method-assign]
    return api


@cache
def _client(password: str) -> AgentApi:
    return AgentApi(Connection(URL, USER, password))


def answer(dialer: Dialer, form: dict[str, str]) -> str:
    """What the server's application says to a call."""
    return agent_api.AgentApi(dialer).answer(form, _ADDRESS)


class VirtualWorkers:
    """What a scheduler runs on: ``size`` workers, whose calls come back when the virtual time is there."""

    def __init__(self, size: int) -> None:
        self.free = self.size = size
        self.most_under_way = 0
        self._coming: list[tuple[float, int, Any, Response]] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        raise NotImplementedError

    def sleep_until(self, at: float) -> None:
        """Let the time pass until then, or until a call may have come back."""
        raise NotImplementedError

    def take_worker(self) -> None:
        self.free -= 1
        assert self.free >= 0
        self.most_under_way = max(self.most_under_way, self.size - self.free)

    def bring(self, at: float, tag: Any, response: Response) -> None:
        """Let a call come back then."""
        heapq.heappush(self._coming, (at, next(self._numbers), tag, response))

    def collect(self, seconds: float) -> tuple[Any, Response] | None:
        assert seconds >= 0
        if not self._has_come():
            self.sleep_until(min([self.now() + seconds, *(coming[0] for coming in self._coming[:1])]))
        if not self._has_come():
            return None
        _at, _number, tag, response = heapq.heappop(self._coming)
        self.free += 1
        return tag, replace(response, at=self.now())

    def _has_come(self) -> bool:
        return bool(self._coming) and self._coming[0][0] <= self.now()


class VirtualCallCenter(VirtualWorkers):
    """A dialer, and workers whose calls take ``latency`` seconds each of a clock that only they move."""

    def __init__(self, agents: int = 10, statuses: str = "INCALL", size: int = 8, latency: float = 0.01) -> None:
        super().__init__(size)
        self.at = STARTED_AT
        self.dialer = Dialer(Clock(lambda: self.at))
        self.dialer.accounts[USER] = Account(USER, PASSWORD)
        populate(self.dialer, agents, ["SALES"], statuses.split(","), seed=1)
        self.calls: list[tuple[float, str, str]] = []
        self.meddle: Meddle = lambda _form: None
        self.password = PASSWORD
        self._latency = latency

    def declare(self, agents: Iterable[str], state: str | None, **other: Any) -> list[AgentResult]:
        """Run a scheduler; ``other`` are fields of DesiredState, or arguments of the scheduler."""
        options = {key: other.pop(key) for key in ("check_mode", "rate_limit", "interrupted") if key in other}
        return Scheduler(self, DesiredState(state, **other), **options).run([Agent(user) for user in agents])

    def live(self, user: str) -> list[int]:
        """The ids of the live agent-controlled recordings of ``user``, in truth."""
        rows = [row for row in self.dialer.recordings if row.user == user and row.ended_at is None]
        return [row.recording_id for row in rows if row.kind != "PARALLEL"]

    def values(self, user: str | None = None) -> list[str]:
        """The values of the calls so far, of ``user`` or of all."""
        return [value for _at, value, of in self.calls if user in (None, of)]

    def now(self) -> float:
        return self.at

    def sleep_until(self, at: float) -> None:
        self.at = max(self.at, at)

    def submit(self, tag: Any, call: Callable[[AgentApi], Response]) -> None:
        self.take_worker()
        self.bring(self.at + self._latency, tag, call(client(self.password, self.post)))

    def post(self, _url: str, form: dict[str, str], _longest: int = 0) -> bytes:
        self.calls.append((self.at - STARTED_AT, form["value"] or form["function"], form.get("agent_user", "")))
        self.meddle(form)
        return answer(self.dialer, form).encode()


def failing(error: ApiError, when: Callable[[dict[str, str]], bool] = lambda _form: True) -> Meddle:
    """Lets the calls fail with ``error`` for which ``when`` holds."""

    def meddle(form: dict[str, str]) -> None:
        if when(form):
            raise error

    return meddle
