# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebooks by name, through ansible-rulebook, against the simulator: what they send and whom they tell."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.event import KINDS
from ansible_collections.telephony.vicidial.tests.events.rulebook import (
    PROGRAMS,
    ROOT,
    RULEBOOKS,
    TOKEN,
    Listener,
    load,
    running,
    wait_for,
)
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator, call_center, serving


def signals(simulator: Simulator) -> list[tuple[str, str]]:
    """What was written into slots, with the agent."""
    return [
        (entry["agent_user"], entry["value"])
        for entry in simulator.journal.entries()
        if entry["function"] == "stereo_recording" and entry["value"] != "STATUS"
    ]


def lists(simulator: Simulator) -> list[Any]:
    """The looks that there were: each begins with the list."""
    return [entry for entry in simulator.journal.entries() if entry["function"] == "logged_in_agents"]


def told_to(listener: Listener) -> dict[str, Any]:
    return {"VICIDIAL_TELL_URL": f"{listener.url}/hook", "VICIDIAL_TELL_TOKEN": TOKEN}


def test_an_agent_in_a_call_gets_a_recording_and_a_dead_screen_one_signal(tmp_path: Path, simulator: Simulator) -> None:
    with simulator.lock:
        simulator.dialer.change_screen("1001", open=False)
    # 1002 is in no call, 1003 is recorded already, and ansible-rulebook would take the last one for a number.
    agents = ["1000", "1001", "1002", "1003", "1e5"]
    with simulator.lock:
        simulator.dialer.start_recording("1003")
        simulator.dialer.log_in("1e5")
        simulator.dialer.start_call("1e5")
    name = "telephony.vicidial.record_calls_of"
    with running(tmp_path, name, simulator, vicidial_agents=agents, vicidial_for_seconds=0.5, vicidial_interval=0.5):
        first = [("1000", "BEGIN"), ("1001", "-STATUS"), ("1001", "BEGIN"), ("1e5", "BEGIN")]
        wait_for(lambda: len(signals(simulator)) == len(first))
        assert sorted(signals(simulator)) == first
        with simulator.lock:
            simulator.dialer.end_call("1001")
            simulator.dialer.start_call("1001")
            simulator.dialer.start_call("1002")
        wait_for(lambda: ("1002", "BEGIN") in signals(simulator))
        assert signals(simulator).count(("1001", "BEGIN")) == 1, "another call within five minutes: throttled"
    live = [row["user"] for row in simulator.dialer.state()["live"]]
    assert sorted(live) == ["1000", "1002", "1003", "1e5"]


def test_the_guard_ends_a_recording_tells_of_it_and_of_its_own_end(
    tmp_path: Path, simulator: Simulator, listener: Listener
) -> None:
    name, chosen = "telephony.vicidial.idle_guard", {"vicidial_campaigns": ["SALES"], "vicidial_interval": 0.5}
    with running(tmp_path, name, simulator, **chosen, **told_to(listener)) as rulebook:
        rulebook.has_looked(simulator, 5)
        with simulator.lock:
            simulator.dialer.start_recording("1000")
            simulator.dialer.start_recording("1001")  # of SUPPORT, whom nobody guards
        wait_for(lambda: listener.posts)
        assert signals(simulator) == [("1000", "END")]
        assert listener.kinds() == [("1000", "unexpected")]
        assert listener.posts[0][1]["Authorization"] == f"Bearer {TOKEN}"
        with simulator.lock:
            simulator.dialer.accounts[USER].password = "changed"
        assert rulebook.ends() == 1
    assert listener.kinds()[1:] == [(None, "stopped")]
    assert simulator.dialer.accounts[USER].failures == 1
    assert PASSWORD not in rulebook.output
    assert "authentication_failed" in rulebook.output
    assert f"{listener.url}/hook" not in rulebook.output
    assert TOKEN not in rulebook.output


def test_every_kind_of_event_is_told_once(tmp_path: Path, listener: Listener) -> None:
    with serving(call_center(4, "INCALL")) as simulator:
        rule = {"state": "recording", "campaigns": "SALES", "others": "idle"}
        variables = {"vicidial_rule": rule, "vicidial_for_seconds": 0, "vicidial_interval": 0.5, **told_to(listener)}
        with running(tmp_path, "telephony.vicidial.tell", simulator, **variables) as rulebook:
            rulebook.has_looked(simulator, 4)
            _a_day(simulator, listener)
            with simulator.lock:
                simulator.dialer.accounts[USER].password = "changed"
            assert rulebook.ends() == 1
    found = listener.kinds()
    assert {kind for _agent, kind in found} == set(KINDS)
    assert len({event["id"] for event in listener.events()}) == len(found)


def _a_day(simulator: Simulator, listener: Listener) -> None:
    """Everything that can happen; 1000 and 1002 are of SALES, who should be recorded, 1001 and 1003 should not."""

    def is_seen(looks: int = 3) -> None:
        """Wait until what has changed was looked at: two looks may not be enough for what must be seen twice."""
        before = len(lists(simulator))
        wait_for(lambda: len(lists(simulator)) >= before + looks)

    dialer = simulator.dialer
    with simulator.lock:
        dialer.start_recording("1000")
        dialer.start_recording("1001")
        dialer.log_in("2000", campaign="SUPPORT")
    is_seen()
    with simulator.lock:
        dialer.start_recording("1000")
        dialer.end_recording("1001")
        dialer.change_agent("1002", status="PAUSED")
        dialer.start_recording("1003")
        dialer.change_agent("1003", status="PAUSED")  # a stale recording
        dialer.start_call("2000")
    is_seen(looks=4)
    with simulator.lock:
        dialer.change_agent("1003", status="INCALL")
        dialer.log_out("2000")
    simulator.faults.add(dialer, "bad-gateway", times=None)
    wait_for(lambda: (None, "server_away") in listener.kinds())
    simulator.faults.clear()
    wait_for(lambda: {(None, "server_back"), ("1003", "known"), ("2000", "logged_out")} <= set(listener.kinds()))


def test_what_changes_while_it_is_down_is_told_once(tmp_path: Path, simulator: Simulator, listener: Listener) -> None:
    state_file = tmp_path / "state.json"
    variables = {"vicidial_state_file": str(state_file), "vicidial_interval": 0.5, **told_to(listener)}
    with running(tmp_path, "telephony.vicidial.tell", simulator, **variables) as rulebook:
        wait_for(state_file.exists)
        rulebook.stop()
    with simulator.lock:
        simulator.dialer.end_call("1000")
    # The first look of all would tell of nothing.
    with running(tmp_path, "telephony.vicidial.tell", simulator, **variables):
        wait_for(lambda: listener.posts)
    assert listener.kinds() == [("1000", "call_ended")]


def test_awx_gets_jobs_with_the_answers_to_their_surveys(
    tmp_path: Path, simulator: Simulator, listener: Listener
) -> None:
    """The three rulebooks in one, each with a source of its own."""
    controller = ("--controller-url", listener.url, "--controller-token", TOKEN)
    together = [ruleset for path in sorted(RULEBOOKS.glob("*_in_awx.yml")) for ruleset in load(path)]
    (tmp_path / "together.yml").write_text(yaml.safe_dump(together))
    variables = {"vicidial_agents": ["1000", "1001"], "vicidial_for_seconds": 0, "vicidial_interval": 0.5}
    with simulator.lock:
        simulator.dialer.start_recording("1000")
    with running(tmp_path, "together.yml", simulator, *controller, **variables):
        wait_for(lambda: len(listener.posts) >= JOBS_AT_ONCE)
        with simulator.lock:
            simulator.dialer.end_call("1001")
        wait_for(lambda: _told_by(listener))
    assert {(path, headers["Authorization"]) for path, headers, _body in listener.posts} == {
        ("/api/v2/job_templates/5/launch/", f"Bearer {TOKEN}")
    }
    given = [body["extra_vars"] for _path, _headers, body in listener.posts]
    answers = [(one["vicidial_agents"], one["stereo_recording_state"]) for one in given if "vicidial_agents" in one]
    assert sorted(answers) == [(",1000", "idle"), (",1001", "recording")]
    assert signals(simulator) == []


# One records 1001, one ends the recording of 1000, and one tells of that.
JOBS_AT_ONCE = 3


def _told_by(listener: Listener) -> list[Any]:
    """The posts that bring the event to a job of the rulebook tell."""
    return [body for _path, _headers, body in listener.posts if "call_ended" in json.dumps(body)]


# What holds for all of them


@pytest.mark.parametrize("path", sorted(RULEBOOKS.glob("*.yml")), ids=lambda path: path.stem)
def test_a_rulebook_says_how_it_is_run_and_is_one(path: Path) -> None:
    text = path.read_text()
    assert f"ansible-rulebook --rulebook telephony.vicidial.{path.stem}" in text
    assert f"`{path.stem}`" in (ROOT / "docs/events.md").read_text()
    program = (
        "import sys, yaml; from ansible_rulebook.validators import Validate; from ansible_rulebook.rules_parser import"
        " parse_rule_sets; data = yaml.safe_load(open(sys.argv[1])); Validate.rulebook(data); parse_rule_sets(data)"
    )
    subprocess.run([PROGRAMS / "python", "-c", program, path], check=True, env={"PATH": str(PROGRAMS)})


def test_the_jobs_are_given_what_the_surveys_of_the_role_ask_for() -> None:
    surveys = load(ROOT / "roles/awx/vars/main/surveys.yml")
    asked = json.dumps(surveys)
    for path in RULEBOOKS.glob("*_in_awx.yml"):
        for [ruleset] in [load(path)]:
            actions = [action for rule in ruleset["rules"] for action in rule.get("actions", [rule.get("action")])]
            for action in actions:
                for name in action["run_job_template"].get("job_args", {}).get("extra_vars", {}):
                    assert f'"{name}"' in asked
