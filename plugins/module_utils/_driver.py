# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out what a convergence wants: the loop for one agent, and the one place where check mode holds back."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Callable

from ansible_collections.telephony.vicidial.plugins.module_utils._agent_api import Agent, AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._convergence import (
    Ask,
    Heard,
    Outcome,
    Pause,
    Signal,
    Wanted,
    converge,
)
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import ApiError
from ansible_collections.telephony.vicidial.plugins.module_utils._report import Told


@dataclass(frozen=True)
class Driver:
    """Drives convergences over ``api``. In ``check_mode`` no signal is ever sent, whatever the decision says.

    ``clock`` returns seconds that never go back; ``sleep`` takes seconds.
    """

    api: AgentApi
    check_mode: bool = False
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self, agent: Agent, wanted: Wanted) -> Outcome:
        """The outcome for one agent; errors of the API are in it."""
        convergence = converge(wanted, self.clock())
        try:
            step = next(convergence)
            while True:
                if self.check_mode and isinstance(step, Signal):
                    return step.foreseen
                step = convergence.send(self._carry_out(agent, step))
        except StopIteration as end:
            outcome: Outcome = end.value
            return outcome

    def run_all(self, agents: Iterable[Agent], wanted: Wanted) -> list[Told]:
        """The outcomes for ``agents``, one after the other; an error of the account ends it at the first agent."""
        tolds = []
        for agent in agents:
            outcome = self.run(agent, wanted)
            tolds.append(Told(agent, wanted.state, outcome))
            if outcome.failure is not None and outcome.failure.stops_run:
                break
        return tolds

    def _carry_out(self, agent: Agent, step: Ask | Signal | Pause) -> Heard:
        try:
            if isinstance(step, Ask):
                return Heard(reply=self.api.status(agent), at=self.clock())
            if isinstance(step, Signal):
                return Heard(reply=self.api.signal(agent, step.value, step.stage), at=self.clock())
        except ApiError as error:
            return Heard(error=error, at=self.clock())
        self.sleep(step.seconds)
        return Heard(at=self.clock())
