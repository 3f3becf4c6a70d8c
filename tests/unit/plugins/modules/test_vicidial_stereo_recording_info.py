# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The asking module's real main() against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.modules import vicidial_stereo_recording_info as module
from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.plugins.modules.conftest import RECORD, Run


class Task:
    """Questions to a simulator."""

    def __init__(self, simulator: Simulator, run: Run) -> None:
        self.simulator = simulator
        self._run = run

    def __call__(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"api_url": self.simulator.url, "api_user": "6666", "api_password": "simulated", **options}
        result = self._run(module.main, check_mode=check_mode, **given)
        assert not result.get("changed")
        assert {entry["value"] for entry in self.simulator.journal.entries()} <= {"STATUS", ""}
        for record in result.get("recordings", []):
            assert set(record) == RECORD | {"recorded", "recorded_by", "failed", "reason", "msg"}
        return result

    @property
    def calls(self) -> list[str]:
        """The calls so far: STATUS, or the function where it is another one."""
        return [entry["value"] or entry["function"] for entry in self.simulator.journal.entries()]


@pytest.fixture
def task(simulator: Simulator, run_module: Run) -> Task:
    return Task(simulator, run_module)


@pytest.mark.parametrize("check_mode", [True, False])
def test_several_agents_in_the_order_given_each_asked_once(task: Task, check_mode: bool) -> None:
    task.simulator.dialer.start_recording("1001")
    result = task(agent_users=["1003", "1001", "4711", "1001"], check_mode=check_mode)
    assert [(row["user"], row["state"], row["logged_in"]) for row in result["recordings"]] == [
        ("1003", "idle", True),
        ("1001", "recording", True),
        ("4711", None, False),
    ]
    assert list(result["ansible_facts"]["vicidial_stereo_recordings"]) == ["1003", "1001", "4711"]
    assert result["ansible_facts"]["vicidial_stereo_recording"] == {}
    assert len(task.simulator.journal.entries()) == 3


@pytest.mark.parametrize("name", [{"agent_user": "1000"}, {"alt_user": "crm1000"}])
def test_one_agent_is_a_fact_of_its_own(task: Task, name: dict[str, Any]) -> None:
    facts = task(**name)["ansible_facts"]
    assert facts["vicidial_stereo_recording"]["user"] == "1000"
    assert facts["vicidial_stereo_recordings"] == {"1000": facts["vicidial_stereo_recording"]}
    assert set(facts["vicidial_stereo_recording"]) == RECORD


def test_an_empty_list_of_agents_costs_no_call(task: Task) -> None:
    assert task(agent_users=[])["recordings"] == []
    assert task.simulator.journal.entries() == []


def test_logged_out_can_be_a_failure_after_all_were_asked(task: Task) -> None:
    result = task(agent_users=["4711", "1000", "4712"], when_logged_out="fail")
    assert (result["failed"], result["reason"]) == (True, "not_logged_in")
    assert [(record["user"], record["state"]) for record in result["recordings"]] == [
        ("4711", None),
        ("4712", None),
        ("1000", "idle"),
    ]
    assert "Agent 4711: " in result["msg"]
    assert result["msg"].startswith("2 of 3 agents failed: 4711 (not_logged_in), 4712 (not_logged_in). ")


def test_parallel_recordings_of_the_campaign_never_show(task: Task) -> None:
    task.simulator.dialer.start_recording("1000", "PARALLEL")
    assert task(agent_user="1000")["recordings"][0]["state"] == "idle"


def test_a_wrong_password_ends_it_at_the_first_agent(task: Task) -> None:
    result = task(agent_users=["1000", "1001", "1002"], api_password="wrong")
    assert result["reason"] == "authentication_failed"
    assert task.simulator.dialer.accounts["6666"].failures == 1


# With the log: who records whom

CODES = 20


@pytest.fixture
def afternoon(simulator: Simulator) -> None:
    """Before noon, recordings of the day before are looked for as well."""
    simulator.dialer.system.utc_offset = 13 * 3600 - int(simulator.dialer.clock.now()) % 86400


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.usefixtures("afternoon")
def test_what_records_each_agent_and_how_that_is_known(task: Task, check_mode: bool) -> None:
    dialer = task.simulator.dialer
    campaign, mono = dialer.start_recording("1000", "PARALLEL"), dialer.start_recording("1001", "MONO")
    agent = dialer.start_recording("1001")
    left_over = dialer.start_recording("1002", "PARALLEL")
    users = ["1000", "1001", "1002", "1003", "4711"]
    result = task(agent_users=users, log=True, check_mode=check_mode)
    shown = {
        record["user"]: (
            record["recorded"],
            [(entry["kind"], entry["recording_id"], entry["known_by"]) for entry in record["recorded_by"]],
        )
        for record in result["recordings"]
    }
    assert shown == {
        "1000": (True, [("campaign", campaign.recording_id, ["log"])]),
        "1001": (True, [("mono", mono.recording_id, ["log"]), ("agent", agent.recording_id, ["status", "log"])]),
        "1002": (None, [("campaign", left_over.recording_id, ["log"])]),
        "1003": (False, []),
        "4711": (False, []),
    }
    assert "probably left over" in result["recordings"][2]["msg"]
    assert result["server_time"][11:13] == "13"
    assert task.calls == ["recording_lookup", *["STATUS"] * 5, "version", *["recording_lookup"] * (5 + CODES)]


@pytest.mark.usefixtures("afternoon")
def test_a_floor_costs_one_call_a_code_without_mono_recordings(task: Task) -> None:
    result = task(agent_users=["1000", "1001", "1003"], log=True, log_kinds=["campaign", "agent"])
    assert [record["recorded"] for record in result["recordings"]] == [None, None, None]
    assert "recordings of the kind mono were not asked for" in result["recordings"][0]["msg"]
    assert task.calls.count("recording_lookup") == 1 + CODES


def test_an_empty_list_of_agents_costs_no_call_to_the_log(task: Task) -> None:
    assert task(agent_users=[], log=True)["recordings"] == []
    assert task.calls == []


@pytest.mark.parametrize(
    ("account", "reason", "failures"),
    [
        ({"allowed_functions": ["stereo_recording"]}, "permission_denied", 0),
        ({"view_reports": False}, "permission_denied", 0),
        ({"level": 6}, "authentication_failed", 1),
        ({"password": "another"}, "authentication_failed", 1),
    ],
)
def test_an_account_that_may_not_read_the_log_is_told_so_before_anything_else(
    task: Task, account: dict[str, Any], reason: str, failures: int
) -> None:
    task.simulator.control.act("account", {"user": "6666", **account})
    result = task(agent_users=["1000", "1001"], log=True, api_password="simulated")
    assert (result["failed"], result["reason"], task.calls) == (True, reason, ["recording_lookup"])
    assert result["login"] == ("rejected" if failures else "accepted")
    assert task.simulator.dialer.accounts["6666"].failures == failures
    assert [(record["recorded"], record["recorded_by"]) for record in result["recordings"]] == [(None, None)] * 2


def test_a_log_that_fails_in_the_middle_says_nothing_of_who_records(task: Task) -> None:
    task.simulator.faults.add(task.simulator.dialer, "empty-body", function="version", times=1)
    result = task(agent_user="1000", log=True)
    assert (result["failed"], result["reason"], result["login"]) == (True, "not_understood", "accepted")
    assert result["msg"].startswith("The recording log was not read: ")
    record = result["recordings"][0]
    assert (record["state"], record["recorded"], record["recorded_by"]) == ("idle", None, None)
    assert "ansible_facts" not in result


@pytest.mark.parametrize("options", [{}, {"agent_user": "1000", "agent_users": []}, {"agent_users": ["10 00"]}])
def test_bad_options_send_nothing(task: Task, options: dict[str, Any]) -> None:
    assert task(**options)["failed"]
    assert task.simulator.journal.entries() == []
