# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that are run by name, as an operator runs them: exit codes, what is printed, what is sent."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import (
    AS_MODULE,
    Tasks,
    ansible_playbook,
    play,
    python_for,
)

INVENTORY = """\
[floor]
1003
desk7 vicidial_user=1005
1007 vicidial_user=1007
"""


def run(directory: Path, simulator: Simulator, name: str, *arguments: str, **variables: Any) -> tuple[int, str]:
    """The exit code and the output of the playbook ``name``, connected by the environment."""
    return ansible_playbook(
        directory,
        f"telephony.vicidial.{name}",
        "-e",
        json.dumps({"ansible_python_interpreter": sys.executable, **variables}),
        *arguments,
        **connected(simulator),
    )


def connected(simulator: Simulator) -> dict[str, str]:
    settings = {"ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    account = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
    return {"VICIDIAL_API_URL": simulator.url, **account, **settings}


def summary(output: str) -> dict[str, Any]:
    """What ``set_stats`` handed to a workflow."""
    text = output.partition("RUN: ")[2].partition("\n")[0]
    found: dict[str, Any] = json.loads(text)["vicidial_stereo_recording_summary"]
    return found


def live(simulator: Simulator) -> list[str]:
    return sorted(recording["user"] for recording in simulator.dialer.state()["live"])


def signals(simulator: Simulator) -> list[str]:
    sent = [call for call in simulator.journal.entries() if call["value"] in ("BEGIN", "END")]
    return [f"{call['agent_user']} {call['value']}" for call in sent]


def inventory(directory: Path) -> list[str]:
    (directory / "hosts").write_text(INVENTORY)
    return ["-i", str(directory / "hosts")]


def test_ensure_takes_what_a_survey_gives(simulator: Simulator, tmp_path: Path) -> None:
    simulator.dialer.start_recording("1001")
    code, output = run(
        tmp_path, simulator, "ensure", vicidial_agents=" 1000, 1001\r\n1003,\n", stereo_recording_state="recording"
    )
    assert code == 0, output
    assert live(simulator) == ["1000", "1001", "1003"]
    assert "recording: 2 changed, 1 already so" in output
    assert "signalled: 1000, 1003" in output
    assert summary(output) == {
        "state": "recording",
        "check_mode": False,
        "counts": {"changed": 2, "already": 1, "skipped": 0, "failed": 0},
        "changed": ["1000", "1003"],
        "failed": {},
        "reason": "",
    }


def test_ensure_checks_the_hosts_of_an_inventory(simulator: Simulator, tmp_path: Path) -> None:
    """As a module of its own, and connected by variables."""
    simulator.dialer.start_recording("1005")
    variables = {
        "vicidial_hosts": "floor",
        "vicidial_agents": "",
        "stereo_recording_state": "idle",
        "vicidial_api_url": simulator.url,
        "vicidial_api_password": simulator.password,
        "ansible_python_interpreter": python_for(AS_MODULE, tmp_path),
    }
    code, output = ansible_playbook(
        tmp_path,
        "telephony.vicidial.ensure",
        *inventory(tmp_path),
        *("--check", "--diff", "-vvv", "-e", json.dumps(variables)),
        VICIDIAL_API_USER=simulator.user,
    )
    assert code == 0, output
    assert "AnsiballZ_vicidial" in output
    assert "-1005: recording\n+1005: idle" in output
    assert "idle: 1 would change, 2 already so" in output
    assert sorted(call["agent_user"] for call in simulator.journal.entries()) == ["1003", "1005", "1007"]
    assert signals(simulator) == []


def test_ensure_reports_everyone_and_then_fails(simulator: Simulator, tmp_path: Path) -> None:
    code, output = run(
        tmp_path,
        simulator,
        "ensure",
        vicidial_agents=[1000, "1004", 4711],
        stereo_recording_state="recording",
        stereo_recording_require_call=True,
    )
    assert code == 2, output
    assert live(simulator) == ["1000"]
    assert summary(output)["failed"] == {"1004": "no_live_call", "4711": "not_logged_in"}
    assert summary(output)["reason"] == "no_live_call"
    shown_at = output.index("failed: 1004 no_live_call, 4711 not_logged_in")
    assert shown_at < output.index("2 of 3 agents failed: 1004 (no_live_call), 4711 (not_logged_in). Agent 1004: ")


NOBODY: dict[str, tuple[dict[str, Any], str, bool]] = {
    "no agents": ({"vicidial_agents": "", "vicidial_campains": "SALES"}, "No agents are given.", False),
    "an empty list": ({"vicidial_agents": []}, "vicidial_agents or vicidial_hosts names nobody", True),
    "a pattern that matches no host": ({"vicidial_hosts": "nobody"}, "No host of the inventory matches", True),
    "a campaign that nobody is logged in to": ({"vicidial_campaigns": "sales2"}, "VICIdial lists nobody", True),
}


@pytest.mark.parametrize("case", NOBODY)
@pytest.mark.parametrize("is_fine", [False, True])
def test_no_agents_is_a_failure_unless_nobody_is_fine_and_a_choice_was_made(
    simulator: Simulator, tmp_path: Path, case: str, is_fine: bool
) -> None:
    variables, message, can_be_fine = NOBODY[case]
    given = {**variables, "vicidial_nobody_is_fine": str(is_fine), "stereo_recording_state": "idle"}
    code, output = run(tmp_path, simulator, "ensure", **given)
    is_excused = is_fine and can_be_fine
    assert code == (0 if is_excused else 2), output
    said = " ".join(output.split())
    assert (message in said) or is_excused
    assert ("idle: " in said) == is_excused
    assert is_excused or summary(output) == {"reason": "invalid_argument"}
    assert "stereo_recording" not in [call["function"] for call in simulator.journal.entries()]


def test_a_campaign_is_listed_once_and_so_is_everybody_and_a_wrong_password_fails(
    simulator: Simulator, tmp_path: Path
) -> None:
    given = {"vicidial_campaigns": "SALES", "stereo_recording_state": "idle"}
    code, output = run(tmp_path, simulator, "ensure", **given)
    assert code == 0, output
    assert "idle: 5 already so" in output
    assert [call["function"] for call in simulator.journal.entries()].count("logged_in_agents") == 1
    given = {"vicidial_everybody": "true", "stereo_recording_state": "idle"}
    code, output = run(tmp_path, simulator, "ensure", **given)
    assert code == 0, output
    assert "idle: 10 already so" in output
    code, output = run(tmp_path, simulator, "ensure", vicidial_api_password="wrong", **given)
    assert code == 2
    assert summary(output) == {"reason": "authentication_failed"}
    assert simulator.dialer.accounts[simulator.user].failures == 1


# Of extra variables, and what the playbook says of them.
WRONG_LINES = {
    "vicidial_agents=1000 1001": "'1001' got lost",
    "vicidial_agents=1000, 1001": "'1001' got lost",
    "vicidial_agents=1000 stereo_recording_wait=1": "no variable stereo_recording_wait. Did you mean",
    "vicidial_everybody=yes vicidial_campaigns=SALES": "give one",
    "vicidial_agents=1000 stereo_recording_agents=1001": "stereo_recording_agents is given.",
}


@pytest.mark.parametrize("given", WRONG_LINES)
def test_extra_vars_that_ansible_ignores_silently_are_refused(simulator: Simulator, tmp_path: Path, given: str) -> None:
    arguments = ["-e", given, "-e", "stereo_recording_state=idle"]
    code, output = ansible_playbook(tmp_path, "telephony.vicidial.ensure", *arguments, **connected(simulator))
    assert code == 2
    assert WRONG_LINES[given] in " ".join(output.split())
    assert simulator.journal.entries() == []


@pytest.mark.parametrize("given", [{"vicidial_agents": "1000"}, {"vicidial_hosts": "floor"}])
def test_a_limit_that_leaves_nothing_to_run_is_refused(
    simulator: Simulator, tmp_path: Path, given: dict[str, str]
) -> None:
    """Ansible alone would run nothing, and end with 0."""
    (tmp_path / "more").write_text("elsewhere\n")
    limited = [*inventory(tmp_path), "-i", str(tmp_path / "more"), "--limit", "elsewhere"]
    code, output = run(tmp_path, simulator, "ensure", *limited, stereo_recording_state="idle", **given)
    assert code != 0
    assert "--limit leaves nothing to run." in " ".join(output.split())
    assert simulator.journal.entries() == []


def test_a_limit_within_the_pattern_is_kept(simulator: Simulator, tmp_path: Path) -> None:
    limited = [*inventory(tmp_path), "--limit", "desk7,1003"]
    code, output = run(
        tmp_path, simulator, "ensure", *limited, stereo_recording_state="recording", vicidial_hosts="floor"
    )
    assert code == 0, output
    assert live(simulator) == ["1003", "1005"]


def test_a_typing_error_is_a_warning_and_the_strategy_and_become_of_a_configuration_do_no_harm(
    simulator: Simulator, tmp_path: Path
) -> None:
    settings = {"ANSIBLE_STRATEGY": "host_pinned", "ANSIBLE_BECOME": "true", **connected(simulator)}
    arguments = [*inventory(tmp_path), "-e", "vicidial_hosts=floor vicidial_agent=1"]
    code, output = ansible_playbook(tmp_path, "telephony.vicidial.status", *arguments, **settings)
    assert code == 0, output
    assert "Nothing uses the variable vicidial_agent. Did you mean vicidial_agents?" in " ".join(output.split())
    assert len(simulator.journal.entries()) == 3


def test_a_missing_connection_is_said_first(simulator: Simulator, tmp_path: Path) -> None:
    environment = {name: "" for name in connected(simulator) if name.startswith("VICIDIAL")}
    code, output = ansible_playbook(tmp_path, "telephony.vicidial.status", **environment)
    assert code == 2
    assert "set VICIDIAL_API_URL, VICIDIAL_API_USER, VICIDIAL_API_PASSWORD in the environment" in output


EMPTY = dict.fromkeys(("api_url", "api_user", "api_password", "ca_path", "validate_certs", "hosts"), "")


def test_an_empty_survey_answer_counts_as_unset_and_tasks_use_ansibles_own_python(
    simulator: Simulator, tmp_path: Path
) -> None:
    """As a survey or ``-e vicidial_api_url=`` gives it, with localhost in an inventory that knows no way to it."""
    (tmp_path / "hosts").write_text("localhost ansible_python_interpreter=/nonexistent/python\n")
    given = {f"vicidial_{name}": value for name, value in EMPTY.items()}
    given |= {"vicidial_preflight_accepted": "tls", "vicidial_agents": "1000", "stereo_recording_state": "idle"}
    playbooks = [f"telephony.vicidial.{name}" for name in ("preflight", "status", "ensure", "audit")]
    code, output = ansible_playbook(
        tmp_path, *playbooks, "-i", "hosts", "-e", json.dumps(given), "-vvv", **connected(simulator)
    )
    assert code == 0, output
    assert "AnsiballZ_vicidial" not in output
    asked = [call["function"] for call in simulator.journal.entries()]
    assert asked.count("logged_in_agents") == 2  # the preflight's check, and the audit's, which is the last


def test_an_empty_survey_answer_counts_as_unset_for_a_window_too(simulator: Simulator, tmp_path: Path) -> None:
    """And a task of its file that has another host of its own keeps the Python of that host."""
    python = python_for(AS_MODULE, tmp_path)
    (tmp_path / "hosts").write_text(
        f"localhost ansible_connection=local\nelsewhere ansible_connection=local ansible_python_interpreter={python}\n"
    )
    asked: Tasks = [{"ansible.builtin.command": "true", "delegate_to": "elsewhere"}]
    (tmp_path / "tasks.yml").write_text(json.dumps(asked))
    given = {f"vicidial_{name}": value for name, value in EMPTY.items()}
    given |= {"vicidial_agents": "1000", "recording_window_state": "idle", "recording_window_tasks": "tasks.yml"}
    code, output = ansible_playbook(
        tmp_path, "telephony.vicidial.window", "-i", "hosts", "-e", json.dumps(given), "-vvv", **connected(simulator)
    )
    assert code == 0, output
    assert "AnsiballZ_vicidial" not in output
    assert f"{python} " in output


def test_false_is_an_answer(https_simulator: Simulator, tmp_path: Path) -> None:
    given = {"vicidial_agents": "1000", "vicidial_ca_path": "", "vicidial_validate_certs": False}
    code, output = run(tmp_path, https_simulator, "status", **given)
    assert code == 0, output


def test_ensure_can_skip_who_is_in_no_call(simulator: Simulator, tmp_path: Path) -> None:
    given = {"stereo_recording_state": "recording", "stereo_recording_when_no_call": "ignore"}
    code, output = run(tmp_path, simulator, "ensure", vicidial_agents="1000,1004", **given)
    assert code == 0, output
    assert live(simulator) == ["1000"]
    assert summary(output)["counts"]["skipped"] == 1


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "No agents are given": ("stereo_recording", {"agents": [], "state": "idle"}),
    "'10 00' is not a VICIdial user": ("stereo_recording", {"agents": "1001, 10 00", "state": "idle"}),
    "must be one of: recording, idle, got: paused": ("stereo_recording", {"agents": 1000, "state": "paused"}),
    "Missing: stereo_recording_state, one of recording, idle.": ("stereo_recording", {"agents": 1000}),
    "recording_window_state is not given": ("recording_window", {"agents": "1000", "tasks": "nothing.yml"}),
    "Give either recording_window_tasks": ("recording_window", {"agents": "1000", "state": "idle"}),
    "No agents are given. ": ("recording_window", {"agents": [], "state": "idle", "tasks": "play.yml"}),
    "There is no file nowhere.yml": ("recording_window", {"agents": "1000", "state": "idle", "tasks": "nowhere.yml"}),
    "The tasks end the play": ("recording_window", {"agents": "1000", "state": "idle", "tasks": "ends.yml"}),
    "There is no file /": ("recording_window", {"agents": "1000", "state": "idle", "tasks": "/"}),
    "less than a second": (
        "recording_window",
        {"agents": "1000", "state": "idle", "tasks": "nothing.yml", "max_duration": 0},
    ),
}


def test_what_makes_no_sense_is_refused_before_anything_is_sent(simulator: Simulator, tmp_path: Path) -> None:
    (tmp_path / "nothing.yml").write_text("[]")
    (tmp_path / "ends.yml").write_text("- action: meta end_role")
    tasks: Tasks = []
    for message, (role, options) in REFUSED.items():
        given = {f"{role}_{name}": value for name, value in options.items()}
        include = {"ansible.builtin.include_role": {"name": f"telephony.vicidial.{role}"}, "vars": given}
        is_expected = {"that": "message in ansible_failed_result.msg"}
        rescue = [{"ansible.builtin.assert": is_expected, "vars": {"message": message}}]
        tasks.append({"block": [include, {"ansible.builtin.meta": "end_play"}], "rescue": rescue})
    output = play(tmp_path, [*tasks, {"ansible.builtin.debug": {"msg": "all were refused"}}], **connected(simulator))
    assert "all were refused" in output
    assert "argument_spec_data" not in output, "Ansible's own validation prints the whole specification"
    assert simulator.journal.entries() == []


def test_status_is_a_table(simulator: Simulator, tmp_path: Path) -> None:
    simulator.dialer.start_recording("1001", filename="{{ 7 * 7 }} {% raw %}")
    code, output = run(tmp_path, simulator, "status", vicidial_agents="1000,1001,4711")
    assert code == 0, output
    assert "1000       idle          INCALL" in output
    assert "1001       recording     INCALL  20" in output
    assert "{{ 7 * 7 }} {% raw %}" in output
    assert "4711       not logged in" in output
    assert "1 recording, 1 idle, 1 not logged in" in output
    assert signals(simulator) == []


def test_status_fails_when_somebody_could_not_be_asked(simulator: Simulator, tmp_path: Path) -> None:
    code, output = run(tmp_path, simulator, "status", vicidial_agents="1000,1001", vicidial_api_password="wrong-one")
    assert code == 2
    assert "1000       authentication_failed" in output
    assert "2 unknown" in output
    assert simulator.dialer.accounts[simulator.user].failures == 1


def test_a_window_in_check_mode_sends_nothing(simulator: Simulator, tmp_path: Path) -> None:
    simulator.dialer.start_recording("1005")
    file = tmp_path / "made"
    tasks: Tasks = [{"ansible.builtin.copy": {"content": "", "dest": str(file), "mode": "0600"}}]
    (tmp_path / "tasks.yml").write_text(json.dumps(tasks))
    code, output = run(
        tmp_path,
        simulator,
        "window",
        "--check",
        *inventory(tmp_path),
        vicidial_hosts="floor",
        recording_window_state="idle",
        recording_window_tasks="tasks.yml",
    )
    assert code == 0, output
    assert "idle: 3 agents, would be changed for it: 1005" in output
    assert "changed: [1003 -> localhost]" in output
    assert not file.exists()
    assert signals(simulator) == []


def test_a_play_over_several_hosts_opens_one_window(simulator: Simulator, tmp_path: Path) -> None:
    """A task that fails on one of them ends it for all, says so, and each agent gets one END."""
    fails = {"ansible.builtin.fail": {"msg": "The card was refused."}, "when": "inventory_hostname == 'two'"}
    (tmp_path / "tasks.yml").write_text(json.dumps([fails, {"ansible.builtin.fail": {"msg": "Went on."}}]))
    include = {"ansible.builtin.include_role": {"name": "telephony.vicidial.recording_window"}}
    given = {"agents": "1000,1001", "state": "recording", "tasks": "tasks.yml"}
    variables = {f"recording_window_{name}": value for name, value in given.items()}
    plays = [{"hosts": "all", "gather_facts": False, "tasks": [{**include, "vars": variables}]}]
    (tmp_path / "play.yml").write_text(json.dumps(plays))
    code, output = ansible_playbook(
        tmp_path, "-i", "one,two,three,", "-c", "local", str(tmp_path / "play.yml"), **connected(simulator)
    )
    assert code == 2
    assert "The card was refused." in output
    assert "Went on." not in output
    assert sorted(signals(simulator)) == ["1000 BEGIN", "1000 END", "1001 BEGIN", "1001 END"]
    assert output.index("The card was refused.") < output.index("given back: 1000, 1001")


def test_a_window_that_ended_late_says_so(simulator: Simulator, tmp_path: Path) -> None:
    tasks: Tasks = [{"ansible.builtin.set_fact": {"__recording_window_end": 0}}]  # as if that had taken long
    (tmp_path / "tasks.yml").write_text(json.dumps(tasks))
    code, output = run(
        tmp_path,
        simulator,
        "window",
        vicidial_agents=1000,
        recording_window_state="recording",
        recording_window_tasks="tasks.yml",
    )
    assert code == 2, output
    assert "The tasks were not done within 600 s." in output
    assert "given back: 1000" in output
    assert signals(simulator) == ["1000 BEGIN", "1000 END"]
