# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a recording window leaves behind when something goes wrong in it: versions of ansible-core differ there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import (
    Tasks,
    ansible_playbook,
    dialer_task,
    play,
)

# A task that moves the end of the window to the next second, so that no test waits for the real one.
NEARLY_OVER = {"ansible.builtin.set_fact": {"__recording_window_end": "{{ '%s' | strftime | int + 1 }}"}}
SLEEP = {"ansible.builtin.command": "sleep 30"}
# A task that must not run: if it does, the role fails with this message and not with the one of the case.
FAILS_WHEN_RUN = {"ansible.builtin.fail": {"msg": "the tasks ran"}}


@dataclass(frozen=True)
class Case:
    """A window for ``agents``, who have no other; those in ``before`` are being recorded before it.

    ``inside`` are the tasks in it, each an action of the dialer with its arguments, or a task as it stands. ``failure``
    is what the role fails with; ``after`` who is being recorded then, by which ``signals``.
    """

    agents: list[str]
    before: list[str]
    state: str
    inside: list[Any]
    failure: str
    after: list[str]
    signals: list[str]
    variables: dict[str, Any] = field(default_factory=dict)


ROLE = {"name": "telephony.vicidial.recording_window"}
# Variables of a window inside another one. Its file is the play itself, which is not run.
INNER_WINDOW = {
    "recording_window_agents": "1000",
    "recording_window_state": "idle",
    "recording_window_tasks": "play.yml",
}
# These reach into a role.
KEYWORDS = {"ignore_errors": True, "module_defaults": {"telephony.vicidial.vicidial_stereo_recording": {"wait": False}}}

CASES = {
    # 1000 is recorded by somebody, 1001 logs out, 1002 is as was declared.
    "idle, and not everybody held it": Case(
        agents=["1000", "1001", "1002"],
        before=["1001", "1002"],
        state="idle",
        inside=[("start_recording", {"user": "1000"}), ("log_out", {"user": "1001"})],
        failure=r"^Not idle any more when the window ended: 1000\.$",
        after=["1000", "1002"],
        signals=["1001 END", "1002 BEGIN", "1002 END"],
    ),
    # The recording of 1003 is ended by somebody. The next call of 1004 has begun, and its campaign records it.
    "recording, and not everybody held it": Case(
        agents=["1003", "1004"],
        before=[],
        state="recording",
        inside=[
            ("end_recording", {"user": "1003"}),
            *[(action, {"user": "1004"}) for action in ("end_call", "start_call", "start_recording")],
        ],
        failure=r"^Not recording any more when the window ended: 1003\.$",
        after=["1004"],
        signals=["1003 BEGIN", "1004 BEGIN"],
    ),
    "one of two cannot be recorded": Case(
        agents=["1005", "1009"],
        before=[],
        state="recording",
        inside=[FAILS_WHEN_RUN],
        failure="no live call",
        after=[],
        signals=["1005 BEGIN", "1005 END"],
    ),
    "one of two cannot be asked": Case(
        agents=["1006", "4711"],
        before=["1006"],
        state="idle",
        inside=[FAILS_WHEN_RUN],
        failure="not logged in",
        after=["1006"],
        signals=[],
    ),
    "a host is unreachable": Case(
        agents=["1007"],
        before=["1007"],
        state="idle",
        inside=[
            {"ansible.builtin.ping": {}, "delegate_to": "nowhere.invalid", "vars": {"ansible_connection": "ssh"}},
            FAILS_WHEN_RUN,
        ],
        failure="^(?!the tasks ran)",
        after=["1007"],
        signals=["1007 BEGIN", "1007 END"],
    ),
    "a rescue would hold it open": Case(
        agents=["1008"],
        before=["1008"],
        state="idle",
        inside=[{"block": [NEARLY_OVER, SLEEP], "rescue": [SLEEP]}, FAILS_WHEN_RUN],
        failure="not done within 600 s|[Tt]imed out|expected time frame",
        after=["1008"],
        signals=["1008 BEGIN", "1008 END"],
    ),
    "another window in it": Case(
        agents=["1010"],
        before=[],
        state="recording",
        inside=[{"ansible.builtin.include_role": ROLE, "vars": INNER_WINDOW}, FAILS_WHEN_RUN],
        failure="Another window is open",
        after=[],
        signals=["1010 BEGIN", "1010 END"],
    ),
    # Its screen does not act. The BEGIN is taken back: when the screen opens after the window, nothing begins.
    "a BEGIN shows no effect": Case(
        agents=["1011"],
        before=[],
        state="recording",
        inside=[FAILS_WHEN_RUN],
        failure="no recording has shown.*The BEGIN was taken back",
        after=[],
        signals=["1011 -STATUS", "1011 BEGIN"],
        variables={"recording_window_module_options": {"wait_timeout": 0.1}},
    ),
}


def inside(case: Case, simulator: Simulator) -> Tasks:
    """The tasks in the window; its actions come first, and are one task."""
    actions = [step for step in case.inside if not isinstance(step, dict)]
    tasks = [step for step in case.inside if isinstance(step, dict)]
    return [*([dialer_task(simulator, actions)] if actions else []), *tasks]


def window(directory: Path, name: str, case: Case, simulator: Simulator) -> dict[str, Any]:
    """A task that opens the window, and keeps what the role fails with under ``name``."""
    file = directory / f"{name}.yml"
    file.write_text(json.dumps(inside(case, simulator)))
    variables = {
        "recording_window_agents": case.agents,
        "recording_window_state": case.state,
        "recording_window_tasks": str(file),
        **case.variables,
    }
    return {
        "block": [{"ansible.builtin.include_role": ROLE, "vars": variables}, {"ansible.builtin.set_fact": {name: ""}}],
        "rescue": [{"ansible.builtin.set_fact": {name: "{{ ansible_failed_result.msg | default('none') }}"}}],
    }


def connected(simulator: Simulator) -> dict[str, str]:
    account = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
    return {"VICIDIAL_API_URL": simulator.url, **account}


@dataclass(frozen=True)
class Ran:
    """What became of all cases: the failures by case, who is being recorded, and the signals that agents got."""

    failures: dict[str, str]
    live: list[str]
    signals: list[str]
    output: str


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    directory = tmp_path_factory.mktemp("windows")
    dialer = call_center(12, statuses="INCALL")
    dialer.end_call("1009")
    dialer.change_screen("1011", open=False)
    for user in [user for case in CASES.values() for user in case.before]:
        dialer.start_recording(user)
    facts = {name: f"case_{number}" for number, name in enumerate(CASES)}
    with serving(dialer) as simulator:
        tasks = [window(directory, facts[name], case, simulator) for name, case in CASES.items()]
        content = "{{ [" + ", ".join(facts.values()) + "] | to_json }}"
        file = directory / "failures"
        tasks.append({"ansible.builtin.copy": {"content": content, "dest": str(file), "mode": "0600"}})
        plays = [{"hosts": "localhost", "gather_facts": False, **KEYWORDS, "tasks": tasks}]
        output = play(directory, plays, **connected(simulator))
        sent = [entry for entry in simulator.journal.entries() if entry["value"] in ("BEGIN", "END", "-STATUS")]
        dialer.change_screen("1011", open=True)
        dialer.clock.advance(5)
    return Ran(
        failures=dict(zip(CASES, json.loads(file.read_text()))),
        live=sorted(row["user"] for row in dialer.state()["live"]),
        signals=sorted(f"{entry['agent_user']} {entry['value']}" for entry in sent),
        output=output,
    )


@pytest.mark.parametrize("name", CASES)
def test_a_window_gives_back_what_it_can_and_tells_the_rest(ran: Ran, name: str) -> None:
    case, failure = CASES[name], ran.failures[name]
    assert re.search(case.failure, failure), failure
    assert [user for user in ran.live if user in case.agents] == case.after
    assert [signal for signal in ran.signals if signal.partition(" ")[0] in case.agents] == case.signals


def test_after_a_withdrawn_begin_an_agent_is_given_back_without_a_watch(ran: Ran) -> None:
    assert "given back: 1010" in ran.output
    assert "given back: 1011" in ran.output
    assert "may still take effect" not in ran.output


def test_a_file_that_cannot_be_run_is_found_before_anything_is_sent(simulator: Simulator, tmp_path: Path) -> None:
    """Ansible then ends the run at once, so that no task could end the recordings again."""
    (tmp_path / "tasks.yml").write_text(json.dumps([{"ansible.builtin.no_such_module": {}}]))
    variables = {
        "vicidial_agents": "1000",
        "recording_window_state": "recording",
        "recording_window_tasks": "tasks.yml",
    }
    code, output = ansible_playbook(
        tmp_path, "telephony.vicidial.window", "-e", json.dumps(variables), **connected(simulator)
    )
    assert code != 0
    assert "no_such_module" in output
    assert simulator.journal.entries() == []
