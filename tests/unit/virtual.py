# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call center in virtual time: the real fleet, decision, client and parser over the simulator's dialer, without HTTP.

Nothing here sleeps, so that a run of minutes takes milliseconds and no timing of the machine decides a test.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Callable

from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import ApiError
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import AgentResult, Scheduler
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER
from vicidial_simulator import agent_api
from vicidial_simulator.accounts import Account
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import Dialer
from vicidial_simulator.presets import populate

STARTED_AT = 1795338820.0

# Called before each call of the API with its form; may change the world, or raise what the network does.
Meddle = Callable[[dict[str, str]], None]


class VirtualCallCenter:
    """A dialer, and workers whose calls take ``latency`` seconds each of a clock that only they move."""

    def __init__(self, agents: int = 10, statuses: str = "INCALL", size: int = 8, latency: float = 0.01) -> None:
        self.at = STARTED_AT
        self.dialer = Dialer(Clock(lambda: self.at))
        self.dialer.accounts[USER] = Account(USER, PASSWORD)
        populate(self.dialer, agents, ["SALES"], statuses.split(","), seed=1)
        self.calls: list[tuple[float, str, str]] = []
        self.meddle: Meddle = lambda _form: None
        self.free = self.size = size
        self.most_under_way = 0
        self._latency = self._took = latency
        self._coming: list[tuple[float, int, Any, Any]] = []
        self._numbers = itertools.count()
        self.password = PASSWORD
        self._clients: dict[str, AgentApi] = {}

    def declare(self, agents: Iterable[str], state: str | None, **other: Any) -> list[AgentResult]:
        """Drive a fleet; ``other`` are fields of Wanted, or arguments of Fleet."""
        of_fleet = {key: other.pop(key) for key in ("check_mode", "rate_limit", "interrupted") if key in other}
        return Scheduler(self, DesiredState(state, **other), **of_fleet).run([Agent(user) for user in agents])

    def live(self, user: str) -> list[int]:
        """The ids of the live agent-controlled recordings of ``user``, in truth."""
        self.dialer.agent(user)
        rows = self.dialer.recordings
        return [it.recording_id for it in rows if it.user == user and it.ended_at is None and it.kind != "PARALLEL"]

    def values(self, user: str | None = None) -> list[str]:
        """The values of the calls so far, of ``user`` or of all."""
        return [value for _at, value, of in self.calls if user in (None, of)]

    # What a fleet runs on

    def now(self) -> float:
        return self.at

    def submit(self, tag: Any, call: Callable[[AgentApi], Any]) -> None:
        self.free -= 1
        assert self.free >= 0
        self.most_under_way = max(self.most_under_way, self.size - self.free)
        self._took = self._latency
        if self.password not in self._clients:
            self._clients[self.password] = AgentApi(Connection("http://virtual/agc/api.php", USER, self.password))
            self._clients[self.password]._http = self  # type: ignore[assignment]
        result = call(self._clients[self.password])
        heapq.heappush(self._coming, (self.at + self._took, next(self._numbers), tag, result))

    def collect(self, seconds: float) -> tuple[Any, Any] | None:
        assert seconds >= 0
        if not self._coming or self._coming[0][0] > self.at + seconds:
            self.at += seconds
            return None
        due, _number, tag, result = heapq.heappop(self._coming)
        self.at = max(self.at, due)
        self.free += 1
        return tag, replace(result, at=self.at)

    # What a client runs on

    def post(self, _url: str, form: dict[str, str]) -> bytes:
        self.calls.append((self.at - STARTED_AT, form["value"] or form["function"], form.get("agent_user", "")))
        self.meddle(form)
        return agent_api.AgentApi(self.dialer).answer(form, "127.0.0.1").encode()


def failing(error: ApiError, when: Callable[[dict[str, str]], bool] = lambda _form: True) -> Meddle:
    """Lets the calls fail with ``error`` for which ``when`` holds."""

    def meddle(form: dict[str, str]) -> None:
        if when(form):
            raise error

    return meddle
