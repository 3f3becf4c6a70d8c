# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task gives the same result, key by key, whether it runs in Ansible's own worker or as a module."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import (
    AS_MODULE,
    IN_PROCESS,
    WAYS,
    Tasks,
    play,
    python_for,
)
from vicidial_simulator.accounts import Account

DECLARE = "telephony.vicidial.vicidial_stereo_recording"
ASK = "telephony.vicidial.vicidial_stereo_recording_info"
LIST = "telephony.vicidial.vicidial_agents_info"
LOG = "telephony.vicidial.vicidial_recordings_info"
JINJA = "{{ 7 * 7 }} {% raw %}"

# Task by task: the keywords of each; what they leave behind in the call center is there for the next ones.
SCENARIOS: dict[str, dict[str, Any]] = {
    "check": {DECLARE: {"agent_user": "1000", "state": "recording"}, "check_mode": True, "diff": True},
    "begin": {DECLARE: {"agent_user": "1000", "state": "recording"}, "diff": True},
    "again": {DECLARE: {"agent_user": "1000", "state": "recording"}},
    "number": {DECLARE: {"agent_user": 1000, "state": "recording", "wait_timeout": "9"}},
    "end": {DECLARE: {"alt_user": "crm1000", "state": "idle"}},
    "many": {DECLARE: {"agent_users": ["1000", "1001", "1003", "1001"], "state": "recording", "concurrency": 2}},
    "csv": {ASK: {"agent_users": "1000,1001,1002"}},
    "many_check": {DECLARE: {"agent_users": ["1000", "1002"], "state": "idle"}, "check_mode": True},
    "partial": {DECLARE: {"agent_users": ["1000", "4711", "4712"], "state": "idle"}},
    "loop": {ASK: {"agent_user": "{{ item }}"}, "loop": ["1000", "1001"]},
    "no_call": {DECLARE: {"agent_user": "1004", "state": "recording", "require_call": True}},
    "unconfirmed": {DECLARE: {"agent_user": "1004", "state": "recording", "wait_timeout": 0.5}},
    "logged_out": {DECLARE: {"agent_user": "4711", "state": "idle"}},
    "ignored": {DECLARE: {"agent_user": "4711", "state": "idle", "when_logged_out": "ignore"}},
    "wrong_password": {DECLARE: {"agent_user": "1000", "state": "idle", "api_password": "p@ss!w#rd"}},
    "from_environment": {
        ASK: {"agent_user": "1000", "api_user": "{{ omit }}"},
        "environment": {"VICIDIAL_API_USER": "second", "VICIDIAL_API_SOURCE": "environment"},
    },
    "wrong_environment": {
        ASK: {"agent_user": "1000"},
        "environment": [{"VICIDIAL_API_SOURCE": "not-a-source"}],
    },
    "nonsense": {DECLARE: {"agent_user": "10 00", "state": "idle"}},
    "no_state": {DECLARE: {"agent_user": "1000"}},
    "no_agent": {DECLARE: {"state": "idle"}},
    "two_agents": {DECLARE: {"agent_user": "1000", "alt_user": "crm1000", "state": "idle"}},
    "wrong_choice": {DECLARE: {"agent_user": "1000", "state": "paused"}},
    "wrong_type": {DECLARE: {"agent_user": "1000", "state": "idle", "timeout": "soon"}},
    "unknown_option": {DECLARE: {"agent_user": "1000", "state": "idle", "agent": "1000"}},
    "unreachable": {DECLARE: {"agent_user": "1000", "state": "idle", "api_url": "http://127.0.0.1:9", "retries": 0}},
    "plain_http": {ASK: {"agent_user": "1000", "api_url": "http://dialer.invalid", "retries": 0, "timeout": 2}},
    "list": {LIST: {"campaigns": "SALES"}},
    "list_check": {LIST: {}, "check_mode": True},
    "list_nonsense": {LIST: {"campaigns": ["SA LES"]}},
    "list_wrong_password": {LIST: {"api_password": "p@ss!w#rd"}},
    "log": {LOG: {"agent_users": "1000,1001", "since": "2026-01-01", "until": "2026-01-02"}},
    "log_of_nobody": {LOG: {"lead_id": 599999, "kinds": ["agent"]}, "check_mode": True},
    "log_nonsense": {LOG: {"date": "tomorrow"}},
    "log_no_time": {LOG: {"until": "2026-01-02"}},
    "log_wrong_password": {LOG: {"date": "2026-01-01", "api_password": "p@ss!w#rd"}},
    "who_records": {ASK: {"agent_users": ["1005", "1009", "4711"], "log": "yes", "log_kinds": "agent,campaign"}},
    "who_records_wrong_password": {ASK: {"agent_user": "1000", "log": True, "api_password": "p@ss!w#rd"}},
    "end_and_look": {DECLARE: {"agent_user": "1007", "state": "idle", "log": True}},
    "hidden": {ASK: {"agent_user": "1000"}, "no_log": True},
    "jinja": {ASK: {"agent_user": "1009"}},
}


def results(way: str, directory: Path) -> dict[str, Any]:
    """What a playbook of all scenarios registers, in a call center of its own."""
    directory.mkdir()
    dialer = call_center()
    dialer.accounts["second"] = Account("second", "simulated")
    dialer.start_recording("1009", filename=JINJA)
    dialer.start_recording("1007")  # here, so that it is a second old when it is ended
    with serving(dialer) as simulator:
        tasks = [scenario(simulator, name, keywords) for name, keywords in SCENARIOS.items()]
        output = play(directory, [*tasks, save(directory)], "-vvvv", python=python_for(way, directory))
    assert ("AnsiballZ_vicidial" in output) == (way == AS_MODULE)
    assert "p@ss!w#rd" not in output
    found: dict[str, Any] = json.loads((directory / "results.json").read_text())
    return {name: comparable(value) for name, value in found.items()}


def scenario(simulator: Simulator, name: str, keywords: dict[str, Any]) -> dict[str, Any]:
    task = {**keywords, "register": name, "ignore_errors": True}
    for module in {DECLARE, ASK, LIST, LOG} & set(task):
        connected = {"api_url": simulator.url, "api_user": "6666", "api_password": "simulated", "retries": 1}
        task[module] = {**connected, **task[module]}
        if module == DECLARE:
            task[module] = {"wait_sleep": 0.1, **task[module]}
    return task


def save(directory: Path) -> dict[str, Any]:
    """A task that writes the registered results down."""
    registered = "{" + ", ".join(f"'{name}': {name}" for name in SCENARIOS) + "}"
    content = "{{ " + registered + " | to_json }}"
    return {"ansible.builtin.copy": {"content": content, "dest": str(directory / "results.json"), "mode": "0600"}}


def comparable(result: Any) -> Any:
    """``result`` without what differs from run to run: ports, times, and whose recording came first."""
    text = json.dumps(result, sort_keys=True)
    for pattern, instead in (
        (r"127\.0\.0\.1:\d{4,5}", "127.0.0.1:PORT"),
        (r'"confirmed_after": [\d.]+', '"confirmed_after": 0'),
        (r"has shown [\d.]+ s after", "has shown 0 s after"),
        (r'"(start|end|server)_time": "[^"]+"', r'"\1_time": ""'),
        (r'"duration": \d+', '"duration": 0'),
        (r'"callerid": "[^"]+"', '"callerid": ""'),
        (r"\b1000\d\d(?=_|,)", "100000"),
    ):
        text = re.sub(pattern, instead, text)
    return json.loads(text)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    directory = tmp_path_factory.mktemp("both")
    return {way: results(way, directory / way.replace(" ", "")) for way in WAYS}


@pytest.mark.parametrize("name", SCENARIOS)
def test_both_ways_give_the_same_result(both: dict[str, dict[str, Any]], name: str) -> None:
    assert both[IN_PROCESS][name] == both[AS_MODULE][name]


def test_the_scenarios_are_what_they_are_called(both: dict[str, dict[str, Any]]) -> None:
    """The comparison above would hold for two runs that fail alike as well."""
    found = both[IN_PROCESS]
    failed = {name for name, value in found.items() if value.get("failed")}
    expected = {"partial", "no_call", "unconfirmed", "logged_out", "wrong_password", "wrong_environment", "nonsense"}
    expected |= {"no_state", "no_agent", "two_agents", "wrong_choice", "wrong_type", "unknown_option"}
    expected |= {"list_nonsense", "list_wrong_password", "log_nonsense", "log_no_time", "log_wrong_password"}
    expected |= {"who_records_wrong_password"}
    assert failed == expected | {"unreachable", "plain_http"}
    assert len(found["list_check"]["agents"]) == 10
    assert found["begin"]["changed"]
    assert [record["recorded"] for record in found["who_records"]["recordings"]] == [None, True, None]
    assert len(found["end_and_look"]["recordings"][0]["ended"]) == 1
    assert found["jinja"]["recordings"][0]["filename"] == JINJA
    assert "warnings" in found["wrong_password"]
    assert "in clear" in str(found["plain_http"]["warnings"])


@pytest.mark.parametrize(
    "more", [{"loop": [1000, 1001, 1003]}, {"until": "outcome is success", "retries": 2, "delay": 0}]
)
@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_is_tried_once_among_all_items_and_attempts(
    simulator: Simulator, tmp_path: Path, more: dict[str, Any], way: str
) -> None:
    options = {"agent_user": "{{ item | default('1000') }}", "api_password": "wrong"}
    task = {**scenario(simulator, "outcome", {ASK: options}), **more}
    last = "(outcome.results | default([outcome]))[-1]"
    check = {
        "assert": {
            "that": [
                f"{last}.reason == 'authentication_failed'",
                f"{last}.msg is search('not attempted any further')",
                f"{last}.recordings[0].reason == 'authentication_failed'",
                f"{last}.login == 'not_sent' and {last}.recordings[0].user is not none",
            ]
        }
    }
    play(tmp_path, [task, check], python=python_for(way, tmp_path))
    assert simulator.dialer.accounts["6666"].failures == 1


# Without skipped hosts, which ansible.cfg leaves out, Ansible prints the name of a task with its first result.
BANNER_FIRST = {"ANSIBLE_DISPLAY_SKIPPED_HOSTS": "1"}
# Keywords with which a task cannot run in Ansible's own worker.
MODULE_ONLY: dict[str, dict[str, Any]] = {
    "async": {"async": 30, "poll": 1, "vars": {"ansible_python_interpreter": sys.executable}},
    "become": {
        "become": True,
        "become_method": "ansible.builtin.su",
        "become_exe": "su",
        "vars": {"ansible_python_interpreter": sys.executable},
    },
    "another interpreter": {"vars": {"ansible_python_interpreter": "OTHER"}},
    "another interpreter, delegated": {"delegate_to": "elsewhere"},
}


def test_the_action_hands_over_to_the_module(simulator: Simulator, tmp_path: Path) -> None:
    other = python_for(AS_MODULE, tmp_path)
    elsewhere = {"name": "elsewhere", "ansible_connection": "local", "ansible_python_interpreter": other}
    tasks: Tasks = [{"add_host": elsewhere}]
    for name, keywords in json.loads(json.dumps(MODULE_ONLY).replace("OTHER", other)).items():
        ask = scenario(simulator, "outcome", {ASK: {"agent_user": "1000"}, "name": name, **keywords})
        tasks += [{**ask, "ignore_errors": False}, {"assert": {"that": "outcome.recordings[0].state == 'idle'"}}]
    output = play(tmp_path, tasks, "-vvvv", python=None, **BANNER_FIRST)
    assert each_ran_as_a_module(output, MODULE_ONLY) == [True] * len(MODULE_ONLY)


def each_ran_as_a_module(output: str, names: Iterable[str]) -> list[bool]:
    """Whether each of the tasks with these names ran as a module, by what ``-vvvv`` prints."""
    parts = re.split(r"^TASK \[(.+?)\] \*+$|^PLAY RECAP", output, flags=re.MULTILINE)
    printed = dict(zip(parts[1::2], parts[2::2], strict=True))
    return ["AnsiballZ_vicidial" in printed[name] for name in names]


# A callback plugin that takes a private name of Ansible away for one task, as if a later ansible-core had renamed it.
# Ansible itself still finds the name; only our action plugin does not.
HIDING_CALLBACK = """
import sys
from ansible.module_utils.common.arg_spec import ValidationResult
from ansible.plugins.action import ActionBase
from ansible.plugins.callback import CallbackBase
from pytest import MonkeyPatch
from ansible_collections.telephony.vicidial.plugins.plugin_utils import _in_process

patch = MonkeyPatch()

class CallbackModule(CallbackBase):
    CALLBACK_NAME = "without"

    def v2_playbook_on_task_start(self, task, is_conditional):
        patch.undo()
        exec(task.vars["without"])

def hide(owner, name):
    found = owner.__getattribute__
    def without(self, wanted):
        if wanted == name and sys._getframe(1).f_code.co_filename.endswith("_in_process.py"):
            raise AttributeError(name)
        return found(self, wanted)
    patch.setattr(owner, "__getattribute__", without)
"""
# By what each task cannot find: the code that takes it away.
PRIVATE_NAMES = {
    "nothing": "",
    "the environment": "hide(ActionBase, '_compute_environment_string')",
    "the templar": "hide(ActionBase, '_templar')",
    "the secrets": "hide(ValidationResult, '_no_log_values')",
    "the masking": "patch.delattr(_in_process, 'remove_values')",
    "the validation": "patch.delattr(_in_process, 'ArgumentSpecValidator')",
    "the signature": "patch.setattr(_in_process, 'ArgumentSpecValidator', object)",
}


def test_where_ansible_has_renamed_a_private_name_the_module_runs(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "without.py").write_text(HIDING_CALLBACK)
    ask = {**scenario(simulator, "outcome", {ASK: {"agent_user": "1000"}}), "ignore_errors": False}
    tasks = [{**ask, "name": name, "vars": {"without": code}} for name, code in PRIVATE_NAMES.items()]
    output = play(tmp_path, tasks, "-vvvv", ANSIBLE_CALLBACK_PLUGINS=str(tmp_path), **BANNER_FIRST)
    assert each_ran_as_a_module(output, PRIVATE_NAMES) == [name != "nothing" for name in PRIVATE_NAMES]


def test_an_interpreter_yet_to_be_discovered_means_ansibles_own_worker(simulator: Simulator, tmp_path: Path) -> None:
    ask = {**scenario(simulator, "outcome", {ASK: {"agent_user": "1000"}}), "ignore_errors": False}
    variables = [{"vars": {"ansible_python_interpreter": value}} for value in ("auto", "auto_silent")]
    tasks = [{**ask, **more} for more in ({}, *variables)]
    assert "AnsiballZ_vicidial" not in play(tmp_path, tasks, "-vvvv", python=None)


def test_a_missing_connection_names_where_it_can_come_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "USER", "PASSWORD"):
        monkeypatch.delenv(f"VICIDIAL_API_{name}", raising=False)
    expected = [
        "outcome.reason == 'invalid_argument'",
        "outcome.login == 'not_sent'",
        "outcome.msg is search('api_password. Set VICIDIAL_API_PASSWORD in the environment, or give api_password in')",
    ]
    options = {"agent_user": "1000", "api_url": "http://127.0.0.1:9", "api_user": "6666"}
    tasks: list[dict[str, Any]] = []
    for way in WAYS:
        interpreter = {"ansible_python_interpreter": python_for(way, tmp_path)}
        tasks += [{ASK: options, "vars": interpreter, "register": "outcome", "ignore_errors": True}]
        tasks += [{"ansible.builtin.assert": {"that": expected}}]
    play(tmp_path, tasks, python=None)


def test_a_long_wait_says_every_ten_seconds_whom_it_waits_for(tmp_path: Path) -> None:
    """On stderr, so that JSON on stdout stays JSON; and without the password, even where it is an agent's number."""
    with serving(call_center()) as simulator:
        simulator.dialer.accounts["1001"] = Account("1001", "1001")
        for user in ("1000", "1001"):
            simulator.dialer.change_screen(user, open=False)
        options = {"agent_users": ["1000", "1001"], "state": "recording", "wait_timeout": 21}
        task = scenario(simulator, "outcome", {DECLARE: {**options, "api_user": "1001", "api_password": "1001"}})
        output = play(tmp_path, [task])
    # The seconds themselves are those of a busy machine too.
    assert re.findall(r"^\[localhost\]: still waiting after (\d)\d s (for .*)$", output, re.MULTILINE) == [
        ("1", "for agents 1000, ******** (of 2)"),
        ("2", "for agents 1000, ******** (of 2)"),
    ]


def test_a_task_that_runs_out_of_its_timeout_fails_and_says_so(simulator: Simulator, tmp_path: Path) -> None:
    simulator.dialer.change_screen("1000", open=False)
    tasks: Tasks = [
        {**scenario(simulator, "outcome", {DECLARE: {"agent_user": "1000", "state": "recording"}}), "timeout": 1},
        {"assert": {"that": ["outcome is failed", "outcome.msg is search('[Tt]imed out|expected time frame')"]}},
    ]
    play(tmp_path, tasks)
