# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role in a play over several hosts acts once, on the hosts that would run it, or refuses before anything is sent."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook

WINDOW = {"name": "telephony.vicidial.recording_window"}
# All cases are in one run, and every host is an agent. Each case has hosts of its own, by which its outcome is known.
# Of these four, the play leaves out the second and the third.
TWO_LEFT_OUT = {
    "stereo_recording": ("1000", "1001", "1002", "1003"),
    "recording_window": ("1004", "1005", "1006", "1007"),
}
IN_A_BATCH = ("1008",)
AGENTS_NAMED = {"stereo_recording": ("1009", "1010"), "recording_audit": ("1011", "1012")}
OF_A_BLOCK = ("1013",)
RECAP = r"^(\d+) +:.* failed=(\d+)"


def variables_of(role: str, **options: Any) -> dict[str, Any]:
    tasks = {"tasks": "nothing.yml"} if role == "recording_window" else {}
    return {f"{role}_{name}": value for name, value in {"state": "recording", **tasks, **options}.items()}


def include(role: str, **options: Any) -> dict[str, Any]:
    """A task that includes ``role``."""
    return {
        "ansible.builtin.include_role": {"name": f"telephony.vicidial.{role}"},
        "vars": variables_of(role, **options),
    }


def play_on(hosts: tuple[str, ...], *tasks: dict[str, Any], **keywords: Any) -> dict[str, Any]:
    return {"hosts": ",".join(hosts), "gather_facts": False, **keywords, "tasks": list(tasks)}


def run_plays(directory: Path, simulator: Simulator, plays: list[dict[str, Any]]) -> tuple[int, str]:
    """The exit code and the output of one ansible-playbook, to which every agent is a host."""
    (directory / "nothing.yml").write_text("[]")
    (directory / "play.yml").write_text(json.dumps(plays))
    account = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
    hosts = ",".join(simulator.dialer.agents) + ","
    return ansible_playbook(
        directory, "-i", hosts, "-c", "local", "play.yml", VICIDIAL_API_URL=simulator.url, **account
    )


@dataclass(frozen=True)
class Ran:
    """What became of the plays: who was asked before the audit, which asks everybody, and the signals by agent; the
    failures by host."""

    asked: set[str]
    signals: Counter[str]
    failures: Counter[str]
    live: list[str]
    output: str

    def signals_to(self, *users: str) -> dict[str, int]:
        return {user: self.signals[user] for user in users if user in self.signals}


def play_without_two(role: str, *others: str, **keywords: Any) -> dict[str, Any]:
    """A play of ``role``, before which the second of its hosts is ended and the third fails."""
    hosts = TWO_LEFT_OUT[role]
    ends = {"ansible.builtin.meta": "end_host", "when": f"inventory_hostname == '{hosts[1]}'"}
    fails = {"ansible.builtin.fail": {}, "when": f"inventory_hostname == '{hosts[2]}'"}
    return play_on((*hosts, *others), ends, fails, include(role), **keywords)


def play_with_role(role: str, **options: Any) -> dict[str, Any]:
    """A play with ``role`` among its roles, which would escalate by a program that is not there."""
    escalation = {"become": True, "become_user": "nobody", "become_exe": "/nonexistent/sudo"}
    variables = variables_of(role, agents=",".join(AGENTS_NAMED[role]), **options)
    return play_on(AGENTS_NAMED[role], **escalation, roles=[{"role": f"telephony.vicidial.{role}", **variables}])


def block_with_a_window() -> dict[str, Any]:
    """A play whose block opens a window and fails in it; it is closed before that, and twice after."""
    close = {"ansible.builtin.include_role": {**WINDOW, "tasks_from": "close"}}
    options = {"recording_window_agents": ",".join(OF_A_BLOCK), "recording_window_state": "recording"}
    opening = {"ansible.builtin.include_role": {**WINDOW, "tasks_from": "open"}, "vars": options}
    window = {"block": [opening, {"ansible.builtin.fail": {"msg": "The card was refused."}}], "always": [close, close]}
    return play_on(OF_A_BLOCK, close, window)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """All plays that act, in one run. The last one fails on all its hosts, which ends a run."""
    plays = [
        play_without_two("stereo_recording"),
        play_without_two("recording_window", *IN_A_BATCH, serial=len(TWO_LEFT_OUT["recording_window"])),
        play_with_role("stereo_recording"),
        play_with_role("recording_audit", remediate=True, json="audit.json"),
        block_with_a_window(),
    ]
    with serving(call_center(14, statuses="INCALL")) as simulator:
        code, output = run_plays(tmp_path_factory.mktemp("plays"), simulator, plays)
        journal = simulator.journal.entries()
        live = sorted(row["user"] for row in simulator.dialer.state()["live"])
    assert code == 2, output
    before_the_audit = takewhile(lambda call: call["function"] != "logged_in_agents", journal)
    return Ran(
        asked={call["agent_user"] for call in before_the_audit},
        signals=Counter(call["agent_user"] for call in journal if call["value"] in ("BEGIN", "END")),
        failures=Counter({host: int(failed) for host, failed in re.findall(RECAP, output, re.MULTILINE)}),
        live=live,
        output=output,
    )


@pytest.mark.parametrize("role", TWO_LEFT_OUT)
def test_hosts_that_have_failed_or_were_ended_are_left_out(ran: Ran, role: str) -> None:
    first, ended, failed, last = TWO_LEFT_OUT[role]
    each = 1 if role == "stereo_recording" else 2
    assert ran.signals_to(*TWO_LEFT_OUT[role]) == {first: each, last: each}
    assert ran.asked & set(TWO_LEFT_OUT[role]) == {first, last}
    assert [ran.failures[host] for host in (first, ended, failed, last)] == [0, 0, 1, 0]


def test_each_batch_acts_for_its_own_hosts(ran: Ran) -> None:
    first, *_left_out, last = TWO_LEFT_OUT["recording_window"]
    assert ran.signals_to(first, last, *IN_A_BATCH) == dict.fromkeys((first, last, *IN_A_BATCH), 2)
    assert [ran.failures[host] for host in IN_A_BATCH] == [0]


@pytest.mark.parametrize("role", AGENTS_NAMED)
def test_a_role_of_a_play_acts_once_and_needs_no_escalation(ran: Ran, role: str) -> None:
    assert ran.signals_to(*AGENTS_NAMED[role]) == dict.fromkeys(AGENTS_NAMED[role], 1)
    assert {ran.failures[host] for host in AGENTS_NAMED[role]} == {0}


def test_a_window_of_a_block_gives_back_after_a_failure_and_a_second_close_does_nothing(ran: Ran) -> None:
    assert ran.signals_to(*OF_A_BLOCK) == {OF_A_BLOCK[0]: 2}
    assert ran.failures[OF_A_BLOCK[0]] == 1
    assert ran.output.count(f"given back: {OF_A_BLOCK[0]}") == 2  # on the terminal, and in the log
    stereo_recording = [TWO_LEFT_OUT["stereo_recording"][0], TWO_LEFT_OUT["stereo_recording"][3]]
    assert ran.live == [*stereo_recording, *AGENTS_NAMED["stereo_recording"], *AGENTS_NAMED["recording_audit"]]


# Ansible ends the whole run then, and knows both by the same rule: one of them for each role.
STRATEGIES = {"stereo_recording": "free", "recording_window": "host_pinned", "recording_audit": "free"}


@pytest.mark.parametrize("role", STRATEGIES)
def test_a_strategy_that_would_act_more_than_once_is_refused(simulator: Simulator, tmp_path: Path, role: str) -> None:
    hosts = ("1000", "1001")
    strategy = STRATEGIES[role]
    options = {} if strategy == "free" else {"agents": "1000"}
    code, output = run_plays(tmp_path, simulator, [play_on(hosts, include(role, **options), strategy=strategy)])
    assert code != 0
    assert "Use the strategy linear" in output
    assert simulator.journal.entries() == []


@pytest.mark.parametrize("role", STRATEGIES)
def test_agents_that_would_be_taken_more_than_once_are_refused(simulator: Simulator, tmp_path: Path, role: str) -> None:
    """First those that are named in a play with batches, then those that differ from host to host, which ends a run.

    So is the file of a receipt.
    """
    receipt = (
        {"recording_window_receipt is one file": {"receipt": "receipt.json"}} if role == "recording_window" else {}
    )
    named = {"runs in batches (serial)": {"agents": "1000"}, **receipt}
    in_batches = [
        {"block": [include(role, **options)], "rescue": [{"ansible.builtin.meta": "noop"}]}
        for options in named.values()
    ]
    plays = [
        play_on(("1000", "1001"), *in_batches, serial=1),
        play_on(("1000", "1001"), include(role, agents=["{{ inventory_hostname }}"])),
    ]
    code, output = run_plays(tmp_path, simulator, plays)
    assert code != 0
    for message in (*named, "_agents differs from host to host"):
        assert message in " ".join(output.split())
    assert simulator.journal.entries() == []
