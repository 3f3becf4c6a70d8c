# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways in which people declare the state of many agents, each as a playbook."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import AS_MODULE, python_for

Play = dict[str, Any]
PEER = "uri, three tasks in loops"
MODULE = "telephony.vicidial.vicidial_stereo_recording"
FORM = {"source": "benchmark", "user": "{{ api_user }}", "pass": "{{ api_password }}", "function": "stereo_recording"}
SIGNALS = {"recording": "BEGIN", "idle": "END"}
SHOWN = {"recording": "NOTICE: stereo_recording active", "idle": "NOTICE: not stereo_recording"}


@dataclass(frozen=True)
class Way:
    """One way of writing it: the plays for a list of agents and a state, and the arguments of ansible-playbook."""

    name: str
    plays: Callable[[list[str], str], list[Play]]
    arguments: tuple[str, ...] = ()
    # The largest floors on which it is measured in several rounds: some ways take a second or two an agent.
    most_changing: int = 1000
    most_settled: int = 1000

    def is_measured(self, case: str, agents: int) -> bool:
        """Whether it is measured for a floor of so many ``agents``."""
        return agents <= (self.most_changing if case == "change" else self.most_settled)


def _play(tasks: list[dict[str, Any]], **keywords: Any) -> Play:
    return {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks, **keywords}


def _uri(value: str, **keywords: Any) -> dict[str, Any]:
    body = {**FORM, "value": value, "agent_user": "{{ item }}"}
    uri = {"url": "{{ api_url }}", "method": "POST", "body_format": "form-urlencoded", "body": body}
    return {"ansible.builtin.uri": {**uri, "return_content": True}, "loop": "{{ agents }}", **keywords}


def _uri_loops(agents: list[str], state: str) -> list[Play]:
    """Three tasks, as one writes them without a collection: ask, signal those who need it, ask until it shows."""
    asked = "asked.results[agents.index(item)].content"
    tasks = [
        {"name": "Ask", **_uri("STATUS", register="asked")},
        {"name": "Signal", **_uri(SIGNALS[state], when=f"not {asked}.startswith('{SHOWN[state]}')")},
        {
            "name": "Confirm",
            **_uri(
                "STATUS",
                register="shown",
                when=f"not {asked}.startswith('{SHOWN[state]}')",
                until=f"shown.content.startswith('{SHOWN[state]}')",
                retries=10,
                delay=1,
            ),
        },
    ]
    return [_play(tasks, vars={"agents": agents})]


def _declared(agent_user: str, state: str) -> dict[str, Any]:
    connection = {"api_url": "{{ api_url }}", "api_user": "{{ api_user }}", "api_password": "{{ api_password }}"}
    return {MODULE: {**connection, "agent_user": agent_user, "state": state}}


def _loop(agents: list[str], state: str) -> list[Play]:
    return [_play([{**_declared("{{ item }}", state), "loop": agents}])]


def _hosts(_agents: list[str], state: str) -> list[Play]:
    return [_play([_declared("{{ inventory_hostname }}", state)], hosts="all")]


def _one_task(agents: list[str], state: str) -> list[Play]:
    task = _declared("", state)
    task[MODULE] = {**{k: v for k, v in task[MODULE].items() if k != "agent_user"}, "agent_users": agents}
    return [_play([task])]


def _nothing(_agents: list[str], _state: str) -> list[Play]:
    return [_play([])]


def _interpreter(python: str) -> tuple[str, ...]:
    return ("-e", f"ansible_python_interpreter={python}")


def all_ways(directory: Path) -> list[Way]:
    """The ways, the slowest first; the last one is an empty play, which every one of them contains."""
    ours = _interpreter(sys.executable)
    return [
        Way(PEER, _uri_loops, ours, 30, 30),
        Way("module in a loop, a process each", _loop, _interpreter(python_for(AS_MODULE, directory)), 30, 30),
        Way("module in a loop, action plugin", _loop, ours, 30, 300),
        Way("a host per agent, forks 5", _hosts, (*ours, "-f", "5"), 30, 300),
        Way("a host per agent, forks 20", _hosts, (*ours, "-f", "20"), 30, 300),
        Way("one task with agent_users", _one_task, ours),
        Way("empty play", _nothing, ours),
    ]


def write(way: Way, agents: list[str], state: str, directory: Path) -> list[str]:
    """Write the playbook, and the agents as an inventory; returns the arguments that run it."""
    playbook, inventory = directory / "benchmark.yml", directory / "inventory"
    playbook.write_text(json.dumps(way.plays(agents, state)))  # JSON is YAML
    inventory.write_text("\n".join([*agents, ""]))
    hosts = ["-i", str(inventory)] if way.plays is _hosts else []
    return [str(playbook), *hosts, *way.arguments]
