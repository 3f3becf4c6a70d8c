# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two controllers that declare ``recording`` for the same floor at the same time: how many agents they record twice."""

from __future__ import annotations

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from ansible_collections.telephony.vicidial.tests.reliability.oracle import (
    TWO_CONTROLLERS,
    judge_overlaps,
    judge_run,
)
from ansible_collections.telephony.vicidial.tests.reliability.simulation import World
from vicidial_simulator.presets import populate

AGENTS = 100
# The second one begins so many seconds after the first one.
OFFSETS = [0.05, 0.3, 1.0]


def doubled(offset: float, check_waiting: bool) -> int:
    """How many of the agents have two recordings at once."""
    world = World()
    populate(world.dialer, AGENTS, ["SALES"], ["INCALL"], seed=1)
    agents = [Agent(user) for user in world.dialer.agents]
    wanted = DesiredState("recording", require_call=True, withdraw=True, check_waiting=check_waiting)
    runs = [world.start(agents, wanted)]
    world.pass_time(offset)
    runs.append(world.start(agents, wanted))
    while world.under_way():
        world.pass_time(1.0)
    world.pass_time(60.0)
    for run in runs:
        judge_run(run)
    limits = judge_overlaps(world.dialer.recordings)
    assert set(limits) <= {TWO_CONTROLLERS}
    return limits[TWO_CONTROLLERS]


@pytest.mark.parametrize("check_waiting", [False, True])
def test_two_controllers_at_the_same_time(check_waiting: bool, figure: Figure) -> None:
    twice = {offset: doubled(offset, check_waiting) for offset in OFFSETS}
    said = ", ".join(f"{number} after {offset:g} s" for offset, number in twice.items())
    how = "with" if check_waiting else "without"
    figure(f"two controllers at once, {how} check_waiting: of {AGENTS} agents recorded twice {said}")
