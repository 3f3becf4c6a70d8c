# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A wrong password is sent once in a run, five times where answers get lost: ten lock the account (protocol 3.4)."""

from __future__ import annotations

import json
import os
import re
import subprocess
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import Scheduler
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.workers import WorkerPool
from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator, call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import (
    AS_MODULE,
    IN_PROCESS,
    WAYS,
    Tasks,
    play,
    python_for,
)
from vicidial_simulator.accounts import Account
from vicidial_simulator.faults import CALL_FAULTS, STATE_FAULTS

ROOT = Path(__file__).resolve().parents[2]
FLOOR = [str(user) for user in range(1000, 1300)]
DECLARE = "telephony.vicidial.vicidial_stereo_recording"
ASK = "telephony.vicidial.vicidial_stereo_recording_info"

# What each module is given besides a connection with a wrong password.
MODULES: dict[str, dict[str, Any]] = {
    "vicidial_stereo_recording": {"agent_user": "1000", "state": "recording"},
    "vicidial_stereo_recording_info": {"agent_user": "1000"},
    "vicidial_agent_api_info": {},
    "vicidial_agents_info": {},
    "vicidial_recordings_info": {"date": "2026-11-24"},
    "vicidial_stereo_recording_watch_info": {"agent_user": "1000", "duration": 60},
}
USES: dict[str, Tasks] = {
    **{name: [{f"telephony.vicidial.{name}": options}] for name, options in MODULES.items()},
    "fleet": [{DECLARE: {"agent_users": FLOOR, "state": "recording"}}],
    "fleet_idle_that_must_hold": [{DECLARE: {"agent_users": FLOOR, "state": "idle", "stable_for": 1}}],
    "fleet_in_check_mode": [{DECLARE: {"agent_users": FLOOR, "state": "idle"}, "check_mode": True}],
    "log": [{ASK: {"agent_users": FLOOR[:12], "log": True}}],
    "ended": [{DECLARE: {"agent_user": "{{ item }}", "state": "idle", "log": True}, "loop": FLOOR[:3]}],
    "alt_user": [{DECLARE: {"alt_user": "crm1000", "state": "idle"}}],
    "loop": [{DECLARE: {"agent_user": "{{ item }}", "state": "idle"}, "loop": FLOOR[:3]}],
    "until": [
        {ASK: {"agent_user": "1000"}, "register": "outcome", "until": "outcome is success", "retries": 2, "delay": 0}
    ],
}


def test_every_module_is_among_the_uses() -> None:
    assert set(MODULES) == {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}


@pytest.mark.parametrize("way", WAYS)
def test_a_use_is_one_failed_login(tmp_path: Path, way: str, figure: Figure) -> None:
    dialer = call_center(len(FLOOR))
    dialer.accounts.update({name: Account(name, PASSWORD) for name in USES})
    with serving(dialer) as simulator:
        tasks = [
            {
                "block": use,
                "ignore_errors": True,
                "environment": {"VICIDIAL_API_USER": name},
                "module_defaults": {
                    "group/telephony.vicidial.agent_api": {"api_url": simulator.url, "api_password": "wrong"}
                },
            }
            for name, use in USES.items()
        ]
        play(tmp_path, tasks, python=python_for(way, tmp_path))
        assert {name: dialer.accounts[name].failures for name in USES} == dict.fromkeys(USES, 1)
        figure(f"{len(USES)} uses with a wrong password, {way}: 1 failed login each")


@pytest.mark.parametrize(
    ("way", "forks", "strategy"),
    [(IN_PROCESS, 5, "linear"), (IN_PROCESS, 20, "free"), (AS_MODULE, 20, "linear"), (AS_MODULE, 5, "free")],
)
def test_a_play_over_hosts_is_one_failed_login(
    simulator: Simulator, tmp_path: Path, way: str, forks: int, strategy: str, figure: Figure
) -> None:
    """All begin at the same time, yet one goes first."""
    # A process for each host is dear: what counts are all forks at once, and hosts that come after them.
    hosts = 50 if way == IN_PROCESS else forks + 3
    result = "outcome.reason == 'authentication_failed' and outcome.recordings[0].user == inventory_hostname"
    tasks: Tasks = [
        {ASK: {"agent_user": "{{ inventory_hostname }}"}, "register": "outcome", "ignore_errors": True},
        {
            "assert": {
                "that": [
                    result,
                    "outcome.login == 'rejected' or outcome.msg is search('rejected a login of this account')",
                ]
            }
        },
    ]
    connection = {"api_url": simulator.url, "api_user": USER, "api_password": "wrong"}
    plays: Tasks = [
        {
            "hosts": "all",
            "gather_facts": False,
            "strategy": strategy,
            "module_defaults": {"group/telephony.vicidial.agent_api": connection},
            "tasks": tasks,
        }
    ]
    inventory = ",".join(FLOOR[:hosts])
    play(tmp_path, plays, "-i", f"{inventory},", "--forks", str(forks), python=python_for(way, tmp_path))
    assert simulator.dialer.accounts[USER].failures == 1
    figure(f"{hosts} hosts with a wrong password, {forks} forks, {strategy}, {way}: 1 failed login")


def test_a_level_that_the_log_refuses_is_one_failed_login_and_bars_nothing_else(
    simulator: Simulator, tmp_path: Path
) -> None:
    """The Agent API takes such an account, so tasks without the log go on."""
    simulator.dialer.accounts[USER] = Account(USER, PASSWORD, level=6)
    connection = {"api_url": simulator.url, "api_user": USER, "api_password": PASSWORD}
    log: Tasks = [
        {ASK: {**connection, "agent_user": "{{ item }}", "log": True}, "loop": FLOOR[:8], "ignore_errors": True},
        {DECLARE: {**connection, "agent_user": "1000", "state": "idle", "log": True}, "ignore_errors": True},
        {ASK: {**connection, "agent_user": "1000"}},
    ]
    play(tmp_path, log)
    assert simulator.dialer.accounts[USER].failures == 1
    assert [entry["function"] for entry in simulator.journal.entries()] == ["recording_lookup", "stereo_recording"]


def until(retries: int) -> dict[str, Any]:
    return {"until": "outcome is success", "retries": retries, "delay": 0}


# Each task uses an account that has the name of the task; the first two give a wrong password for it. The answers to
# calls about the agents 1001, 1003 and "preflight" get lost: a preflight asks about its own account.
IN_DOUBT: dict[str, dict[str, Any]] = {
    "until": {ASK: {"agent_user": "1001"}, **until(6)},
    "preflight": {"telephony.vicidial.vicidial_agent_api_info": {}, "loop": FLOOR[:7]},
    "proven": {ASK: {"agent_user": "{{ item }}"}, "loop": ["1000", "1001", "1001", "1000"]},
    "hiccup": {DECLARE: {"agent_user": "1003", "state": "idle"}, **until(3)},
    "unsent": {ASK: {"agent_user": "1000", "api_url": "http://127.0.0.1:9", "retries": 0}, **until(3)},
    "another": {
        ASK: {"agent_user": "1000"},
        "loop": ["nobody", "another"],
        "environment": {"VICIDIAL_API_USER": "{{ item }}"},
    },
}
# What must hold for what those tasks return, registered as NAME_told.
EXPECTED_RESULTS = [
    "until_told.reason == 'http_error'",
    "until_told.msg is search('answers to 5 logins of this run are not known.*ten failed logins lock')",
    "preflight_told.results[-1].reason == 'unreachable'",
    "preflight_told.results | map(attribute='login') | list == ['unanswered'] * 5 + ['not_sent'] * 2",
    "preflight_told.results[-1].checks | map(attribute='meaning') | select('search', 'are not known') | length > 0",
    "proven_told.results | map(attribute='login') | list == ['accepted', 'unanswered', 'unanswered', 'accepted']",
    "proven_told.results | selectattr('msg', 'defined') | selectattr('msg', 'search', 'not attempted') | length == 0",
    "hiccup_told is success and hiccup_told.attempts == 2",
    "unsent_told.attempts == 3 and unsent_told.msg is not search('not attempted')",
    "another_told.results[0] is failed and another_told.results[1] is success",
]


@pytest.mark.parametrize("way", WAYS)
def test_lost_answers_to_logins_are_five_at_most_and_bar_no_other_account(tmp_path: Path, way: str) -> None:
    dialer = call_center(10)
    dialer.accounts.update({name: Account(name, PASSWORD) for name in IN_DOUBT})
    with serving(dialer) as simulator:
        for fault, details in (
            ("crash-after-work", {"agent_user": "1001", "times": None}),
            ("reset-after-work", {"agent_user": "preflight", "times": None}),
            ("empty-body", {"agent_user": "1003"}),
        ):
            simulator.faults.add(dialer, fault, **details)
        wrong = list(IN_DOUBT)[:2]
        tasks: Tasks = [
            {
                "environment": {"VICIDIAL_API_USER": name},
                **task,
                "register": f"{name}_told",
                **({"until": f"{name}_told is success"} if "until" in task else {}),
                "ignore_errors": True,
                "module_defaults": {
                    "group/telephony.vicidial.agent_api": {
                        "api_url": simulator.url,
                        "api_password": "wrong" if name in wrong else PASSWORD,
                        "retries": 0,
                    }
                },
            }
            for name, task in IN_DOUBT.items()
        ]
        play(tmp_path, [*tasks, {"assert": {"that": EXPECTED_RESULTS}}], python=python_for(way, tmp_path))
        assert {name: dialer.accounts[name].failures for name in wrong} == dict.fromkeys(wrong, 5)


@pytest.mark.parametrize("way", WAYS)
def test_a_task_with_until_waits_for_a_server_that_restarts(simulator: Simulator, tmp_path: Path, way: str) -> None:
    """By the example in the documentation, in less time: one login is lost, and the next one comes when all is well.

    More attempts find the server gone than logins may get lost.
    """
    text = (ROOT / "plugins" / "modules" / "vicidial_stereo_recording_info.py").read_text()
    examples = yaml.safe_load(re.findall(r'EXAMPLES = r"""(.*?)"""', text, re.DOTALL)[0])
    (task,) = (example for example in examples if example["name"] == "The dialer is back")
    connection = {"api_url": simulator.url, "api_user": USER, "api_password": PASSWORD, "retries": 0}
    task = {**task, "delay": 0, "module_defaults": {"group/telephony.vicidial.agent_api": connection}}
    simulator.faults.add(simulator.dialer, "bad-gateway", times=6)
    play(tmp_path, [task, {"assert": {"that": "back.attempts == 7"}}], python=python_for(way, tmp_path))
    functions = [call["function"] for call in simulator.journal.entries()]
    assert functions == ["stereo_recording", *["version"] * 6, "stereo_recording"]


def test_asynchronous_tasks_are_five_failed_logins_at_most(simulator: Simulator, tmp_path: Path) -> None:
    """Nobody hears how such a login ends, so each counts as one without an answer, whichever Python it is for."""
    pythons = [python_for(way, tmp_path) for way in WAYS]
    task = {
        ASK: {"agent_user": "1000", "api_url": simulator.url, "api_user": USER, "api_password": "wrong"},
        "loop": [pythons[turn % 2] for turn in range(7)],
        "vars": {"ansible_python_interpreter": "{{ item }}"},
        "async": 60,
        "poll": 2,
        "ignore_errors": True,
    }
    play(tmp_path, [task], python=None)
    assert simulator.dialer.accounts[USER].failures == 5


def test_loading_the_inventory_is_one_failed_login(simulator: Simulator, tmp_path: Path) -> None:
    source = tmp_path / "floor.vicidial_agents.yml"
    source.write_text(json.dumps({"plugin": "telephony.vicidial.vicidial_agents", "recording": True}))
    connection = {"VICIDIAL_API_URL": simulator.url, "VICIDIAL_API_USER": USER, "VICIDIAL_API_PASSWORD": "wrong"}
    for loaded in (1, 2):
        done = subprocess.run(
            ["ansible-inventory", "-i", str(source), "--list"],
            env={**os.environ, "ANSIBLE_HOME": str(tmp_path), **connection},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "refused the user name or the password" in done.stderr
        assert simulator.dialer.accounts[USER].failures == loaded


@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
@pytest.mark.parametrize("fault", [*CALL_FAULTS, *STATE_FAULTS])
def test_no_fault_makes_it_a_second_failed_login(simulator: Simulator, fault: str, times: int | None) -> None:
    simulator.faults.add(simulator.dialer, fault, **({"times": times} if fault in CALL_FAULTS else {}))
    with WorkerPool(Connection(simulator.api_url, USER, "wrong", timeout=1.0), 8) as pool:
        results = Scheduler(pool, DesiredState("recording", retries=3, wait_timeout=1.0)).run(
            [Agent(user) for user in FLOOR]
        )
    assert all(result.outcome.failure is not None and not result.outcome.signals for result in results)
    assert simulator.dialer.accounts[USER].failures <= 1


def test_a_locked_account_says_until_when_at_the_latest_and_is_open_then(simulator: Simulator) -> None:
    clock = simulator.dialer.clock
    ahead = clock.now() - datetime.now(timezone.utc).timestamp()
    with simulator.lock:
        simulator.dialer.accounts[USER] = Account(USER, PASSWORD, failures=10, last_login_date=clock.now() - 600)
    api = AgentApi(Connection(simulator.api_url, USER, PASSWORD))
    with pytest.raises(_errors.AccountLockedError) as caught:
        api.status(Agent("1000"))
    said = re.search(r"until (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC at the latest", str(caught.value))
    assert said is not None
    until = datetime.strptime(said[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp() + ahead
    assert simulator.dialer.accounts[USER].last_login_date + _errors.LOCK_SECONDS <= until
    with simulator.lock:
        clock.advance(until - clock.now())
    assert api.status(Agent("1000")).user == "1000"
    assert simulator.dialer.accounts[USER].failures == 10, "asking a locked account is no failed login"
