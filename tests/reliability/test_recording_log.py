# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault on the way to the recording log: a list is whole or there is none, and nobody is never said wrongly."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.telephony.vicidial.plugins.module_utils._task import Task
from ansible_collections.telephony.vicidial.plugins.modules.vicidial_recordings_info import LOG_LISTING
from ansible_collections.telephony.vicidial.plugins.modules.vicidial_stereo_recording_info import OPERATION
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator
from vicidial_simulator.faults import CALL_FAULTS

LOOKUP = "recording_lookup"


def perform(task: Task, simulator: Simulator, password: str = PASSWORD, **options: Any) -> dict[str, Any]:
    connection = {"api_url": simulator.url, "api_user": USER, "api_password": password, "retries": 0, "timeout": 2}
    validation = ArgumentSpecValidator(**task.spec).validate({**connection, **options})
    assert not validation.error_messages
    return task.perform(validation.validated_parameters, False, lambda: False)[0]


@pytest.mark.parametrize("fault", CALL_FAULTS)
def test_under_a_fault(simulator: Simulator, fault: str) -> None:
    """1000 is in a call that the campaign alone records; the fault hits all calls to the log, or all but two."""
    dialer = simulator.dialer
    recording = dialer.start_recording("1000", "PARALLEL")
    for skip in (0, 2):
        simulator.faults.add(dialer, fault, function=LOOKUP, skip=skip, times=None)
        found = perform(LOG_LISTING, simulator, date="today", kinds=["campaign"])
        ids = [record["recording_id"] for record in found["recordings"]]
        assert ids == ([] if found.get("failed") else [recording.recording_id]), skip
        simulator.faults.clear()
        simulator.faults.add(dialer, fault, function=LOOKUP, skip=skip, times=None)
        asked = perform(OPERATION, simulator, agent_user="1000", log=True, log_kinds=["campaign"])
        assert asked["recordings"][0]["recorded"] is (None if asked.get("failed") else True), skip
        simulator.faults.clear()


@pytest.mark.parametrize("fault", CALL_FAULTS)
def test_a_wrong_password_under_a_fault_is_one_failed_login(simulator: Simulator, fault: str) -> None:
    simulator.faults.add(simulator.dialer, fault, function=LOOKUP, times=None)
    assert perform(OPERATION, simulator, "wrong", agent_users=["1000", "1001"], log=True)["failed"]
    assert simulator.dialer.accounts[USER].failures <= 1
    assert "stereo_recording" not in [entry["function"] for entry in simulator.journal.entries()]
