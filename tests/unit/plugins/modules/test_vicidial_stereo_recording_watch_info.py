# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watching module: its pace on a clock of the test's own, and its real main() against the simulator."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.replies import Version
from ansible_collections.telephony.vicidial.plugins.module_utils._watch import Pace, clock_reading
from ansible_collections.telephony.vicidial.plugins.modules import vicidial_stereo_recording_watch_info as module
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator
from ansible_collections.telephony.vicidial.tests.unit.plugins.modules.conftest import RECORD, Run


class Task:
    """Watches of agents of a simulator."""

    def __init__(self, simulator: Simulator, run: Run) -> None:
        self.simulator = simulator
        self._run = run

    def __call__(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"api_url": self.simulator.url, "api_user": USER, "api_password": PASSWORD, **options}
        result = self._run(module.main, check_mode=check_mode, **given)
        assert not result.get("changed")
        assert {entry["function"] for entry in self.simulator.journal.entries()} <= {"version", "stereo_recording"}
        assert {entry["value"] for entry in self.simulator.journal.entries()} <= {"", "STATUS"}
        return result


@pytest.fixture
def task(simulator: Simulator, run_module: Run) -> Task:
    return Task(simulator, run_module)


def looked_at(duration: float, interval: float, each_takes: float = 0.0, ends_at: float = 1e9) -> list[float]:
    """The seconds at which the looks begin, where each takes a while and the watch is ended at a moment."""
    time, times = [0.0], []

    def sleep(seconds: float) -> None:
        time[0] = round(time[0] + seconds, 6)

    pace = Pace(duration, interval, lambda: time[0] < ends_at, lambda: time[0], sleep)
    while pace.next_look():
        times.append(time[0])
        sleep(each_takes)
    return times


@pytest.mark.parametrize(
    ("arguments", "times"),
    [
        ((0, 5), [0]),
        ((12, 5), [0, 5, 10, 12]),
        ((10, 5), [0, 5, 10]),
        ((20, 5, 7), [0, 7, 14, 21]),
        ((600, 5, 0, 7.15), [0, 5, 7.2]),
        ((600, 5, 0, 0), [0, 0]),
    ],
)
def test_the_looks_begin_at_their_interval_and_the_last_one_at_the_end(
    arguments: tuple[float, ...], times: list[float]
) -> None:
    assert looked_at(*arguments) == times


@pytest.mark.parametrize("check_mode", [True, False])
def test_one_look_with_its_time_and_the_servers_clock(task: Task, check_mode: bool) -> None:
    task.simulator.dialer.system.utc_offset = 3600
    task.simulator.dialer.start_recording("1001")
    result = task(agent_users=["1000", "1001", "4711"], check_mode=check_mode)
    assert not result["failed"]
    assert set(result["recordings"][0]) == RECORD | {"failed", "reason", "msg"}
    (look,) = result["looks"]
    assert {user: seen["state"] for user, seen in look["agents"].items()} == {
        "1000": "idle",
        "1001": "recording",
        "4711": None,
    }
    assert look["agents"]["1001"] == {
        "state": "recording",
        "recording_id": result["recordings"][1]["recording_id"],
        "agent_status": "INCALL",
        "reason": None,
    }
    times = [datetime.fromisoformat(text) for text in (result["clock"]["machine"], look["began_at"], look["ended_at"])]
    assert times == sorted(times)
    assert result["clock"]["utc_offset"] == "+01:00"
    assert result["server_url"] == task.simulator.url
    assert len(task.simulator.journal.entries()) == 4
    assert "ansible_facts" not in result


def test_a_watch_ends_when_there_is_its_file(task: Task, tmp_path: Any) -> None:
    result = task(agent_user="1000", duration=600, until_exists=str(tmp_path))
    assert len(result["looks"]) == 2


def test_a_look_that_fails_does_not_end_it_and_the_last_one_decides(task: Task) -> None:
    task.simulator.faults.add(task.simulator.dialer, "bad-gateway", agent_user="1000", times=1)
    result = task(agent_user="1000", duration=0.01, retries=0)
    assert not result["failed"], result
    assert [look["agents"]["1000"]["reason"] for look in result["looks"]] == ["http_error", None]


def test_a_rejected_login_ends_it_at_the_first_look(task: Task) -> None:
    result = task(agent_users=["1000", "1001"], api_password="wrong", duration=600)
    assert (result["reason"], result["login"], len(result["looks"])) == ("authentication_failed", "rejected", 1)
    assert task.simulator.dialer.accounts[USER].failures == 1


@pytest.mark.parametrize("options", [{"interval": 0.9}, {"duration": -1}, {"duration": 86401}])
def test_a_time_that_makes_no_sense_sends_nothing(task: Task, options: dict[str, Any]) -> None:
    result = task(agent_user="1000", **options)
    assert result["reason"] == "invalid_argument"
    assert task.simulator.journal.entries() == []


@pytest.mark.parametrize(
    ("version", "server", "difference"),
    [
        (Version("2.14", "260302-1142", "2026-11-26 06:00:03", 1795672803), "2026-11-26 06:00:03", 3.4),
        (Version("2.14", "260302-1142"), None, None),
        (None, None, None),
    ],
)
def test_a_reading_of_both_clocks(version: Version | None, server: str | None, difference: float | None) -> None:
    reading = clock_reading(version, 1795672800.0, 1795672800.2)
    assert (reading["server"], reading["difference"], reading["doubt"]) == (server, difference, 0.6)
    assert datetime.fromisoformat(reading["machine"]).timestamp() == pytest.approx(1795672800.1)
