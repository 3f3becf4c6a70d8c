# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listing module's real main() against the simulator."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.modules import vicidial_agents_info as module
from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.plugins.modules.conftest import Run

KEYS = {
    "user",
    "campaign_id",
    "session_id",
    "status",
    "lead_id",
    "callerid",
    "calls_today",
    "full_name",
    "user_group",
    "user_level",
}


class Task:
    """Questions to a simulator."""

    def __init__(self, simulator: Simulator, run: Run) -> None:
        self.simulator = simulator
        self._run = run

    def __call__(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"api_url": self.simulator.url, "api_user": "6666", "api_password": "simulated", **options}
        result = self._run(module.main, check_mode=check_mode, **given)
        assert not result.get("changed")
        assert all(set(row) == KEYS for row in result.get("agents", []))
        return result

    def calls(self) -> list[str]:
        return [entry["function"] for entry in self.simulator.journal.entries()]


@pytest.fixture
def task(simulator: Simulator, run_module: Run) -> Task:
    return Task(simulator, run_module)


@pytest.mark.parametrize("check_mode", [True, False])
def test_everybody_who_is_logged_in_with_one_call(task: Task, check_mode: bool) -> None:
    result = task(check_mode=check_mode)
    assert [row["user"] for row in result["agents"]] == [str(user) for user in range(1000, 1010)]
    assert result["server_url"] == task.simulator.url
    assert task.calls() == ["logged_in_agents"]


def test_the_options_choose(task: Task) -> None:
    task.simulator.dialer.change_agent("1003", user_group="TRAINEES")
    assert [row["user"] for row in task(campaigns="SUPPORT", user_groups=["TRAINEES"])["agents"]] == ["1003"]
    assert len(task(campaigns=["SALES", "SUPPORT"])["agents"]) == 10


def test_nobody_is_an_empty_list(task: Task) -> None:
    assert task(campaigns=["NIGHT"])["agents"] == []


def test_a_name_comes_as_it_was_typed(task: Task) -> None:
    task.simulator.dialer.change_agent("1000", full_name='{{ 1/0 }}\t"x" | y\nz')
    assert task()["agents"][0]["full_name"] == '{{ 1/0 }}\t"x" | y\nz'


def test_the_address_is_reported_without_its_path(task: Task) -> None:
    assert task(api_url=task.simulator.api_url)["server_url"] == task.simulator.url


@pytest.mark.parametrize(
    ("options", "reason"), [({"api_password": "wr0ng"}, "authentication_failed"), ({"retries": 0}, "permission_denied")]
)
def test_a_failure_has_the_same_keys_a_reason_and_no_password(task: Task, options: dict[str, Any], reason: str) -> None:
    task.simulator.dialer.accounts["6666"].view_reports = False
    result = task(**options)
    assert (result["failed"], result["reason"], result["agents"]) == (True, reason, [])
    assert result["msg"][0].isupper()
    assert "wr0ng" not in str({**result, "invocation": None})
    assert len(task.calls()) == 1


@pytest.mark.parametrize("options", [{"campaigns": ["SA LES"]}, {"api_url": "http://u:p@dialer"}, {"retries": 99}])
def test_bad_options_send_nothing(task: Task, options: dict[str, Any]) -> None:
    assert task(**options)["reason"] == "invalid_argument"
    assert task.calls() == []
