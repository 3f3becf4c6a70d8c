# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role in a play over several hosts acts once, on the hosts that would run it, or refuses before anything is sent."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook

ROLES_OF_HOSTS = ("stereo_recording", "recording_window")
ROLES = (*ROLES_OF_HOSTS, "recording_audit")
HOSTS = "1000,1001,1003,1005,"
END_1001 = {"ansible.builtin.meta": "end_host", "when": "inventory_hostname == '1001'"}
FAIL_1003 = {"ansible.builtin.fail": {}, "when": "inventory_hostname == '1003'"}


def variables_of(role: str, **options: Any) -> dict[str, Any]:
    tasks = {"tasks": "nothing.yml"} if role == "recording_window" else {}
    return {f"{role}_{name}": value for name, value in {"state": "recording", **tasks, **options}.items()}


def run(
    directory: Path, simulator: Simulator, role: str, options: dict[str, Any], **play: Any
) -> tuple[int, str, Counter[str]]:
    """The exit code, the output, and how many signals each agent got, of a play that includes ``role``.

    ``play`` holds more keywords of the play; its ``tasks`` run before the role.
    """
    (directory / "nothing.yml").write_text("[]")
    included = {"name": f"telephony.vicidial.{role}"}
    include = {"ansible.builtin.include_role": included, "vars": variables_of(role, **options)}
    play = {"hosts": "all", "gather_facts": False, **play, "tasks": [*play.get("tasks", []), include]}
    return run_plays(directory, simulator, [play])


def run_plays(directory: Path, simulator: Simulator, plays: list[dict[str, Any]]) -> tuple[int, str, Counter[str]]:
    (directory / "play.yml").write_text(json.dumps(plays))
    account = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
    code, output = ansible_playbook(
        directory, "-i", HOSTS, "-c", "local", "play.yml", VICIDIAL_API_URL=simulator.url, **account
    )
    sent = [call for call in simulator.journal.entries() if call["value"] in ("BEGIN", "END")]
    return code, output, Counter(call["agent_user"] for call in sent)


@pytest.mark.parametrize("role", ROLES_OF_HOSTS)
def test_hosts_that_have_failed_or_were_ended_are_left_out(simulator: Simulator, tmp_path: Path, role: str) -> None:
    code, output, signals = run(tmp_path, simulator, role, {}, tasks=[END_1001, FAIL_1003])
    assert code == 2, output
    each = 1 if role == "stereo_recording" else 2
    assert signals == {"1000": each, "1005": each}
    assert {call["agent_user"] for call in simulator.journal.entries()} == {"1000", "1005"}


def test_each_batch_acts_for_its_own_hosts(simulator: Simulator, tmp_path: Path) -> None:
    code, output, signals = run(tmp_path, simulator, "recording_window", {}, serial=2)
    assert code == 0, output
    assert signals == dict.fromkeys(("1000", "1001", "1003", "1005"), 2)


REFUSALS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "free": ({}, {"strategy": "free"}, "pause"),
    "host_pinned": ({"agents": "1000"}, {"strategy": "host_pinned"}, "pause"),
    "named agents in batches": ({"agents": "1000"}, {"serial": 3}, "runs in batches (serial)"),
    "agents of each host": ({"agents": ["{{ inventory_hostname }}"]}, {}, "_agents differs from host to host"),
}


@pytest.mark.parametrize("case", REFUSALS)
@pytest.mark.parametrize("role", ROLES)
def test_what_would_act_more_than_once_is_refused(simulator: Simulator, tmp_path: Path, role: str, case: str) -> None:
    options, play, message = REFUSALS[case]
    code, output, _signals = run(tmp_path, simulator, role, options, **play)
    assert code != 0
    assert message in " ".join(output.split())
    assert simulator.journal.entries() == []


@pytest.mark.parametrize(
    ("name", "options"), [("stereo_recording", {}), ("recording_audit", {"remediate": True, "json": "audit.json"})]
)
def test_a_role_of_a_play_acts_once_and_needs_no_escalation(
    simulator: Simulator, tmp_path: Path, name: str, options: dict[str, Any]
) -> None:
    role = {"role": f"telephony.vicidial.{name}", **variables_of(name, agents="1000,1001", **options)}
    escalation = {"become": True, "become_user": "nobody", "become_exe": "/nonexistent/sudo"}
    play = {"hosts": "all", "gather_facts": False, **escalation, "roles": [role]}
    code, output, signals = run_plays(tmp_path, simulator, [play])
    assert code == 0, output
    assert signals == {"1000": 1, "1001": 1}


def test_a_window_of_a_block_gives_back_after_a_failure_and_a_second_close_does_nothing(
    simulator: Simulator, tmp_path: Path
) -> None:
    role = {"name": "telephony.vicidial.recording_window"}
    close = {"ansible.builtin.include_role": {**role, "tasks_from": "close"}}
    options = {"recording_window_agents": "1000", "recording_window_state": "recording"}
    opening = {"ansible.builtin.include_role": {**role, "tasks_from": "open"}, "vars": options}
    window = {"block": [opening, {"ansible.builtin.fail": {"msg": "The card was refused."}}], "always": [close, close]}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [close, window]}
    code, output, signals = run_plays(tmp_path, simulator, [play])
    assert code == 2, output
    assert signals == {"1000": 2}
    assert output.count("given back: 1000") == 2  # on the terminal, and in the log
    assert simulator.dialer.state()["live"] == []
