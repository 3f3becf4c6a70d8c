# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook telephony.vicidial.audit as an operator and AWX run it; the simulator's journal is the witness."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator


class Playbook:
    """Runs the playbook against a simulator, from a directory of its own."""

    def __init__(self, simulator: Simulator, directory: Path) -> None:
        self.simulator = simulator
        self.directory = directory

    def __call__(self, *arguments: str, **variables: Any) -> tuple[int, str]:
        """Its exit code, and all that it printed."""
        connection = {"URL": self.simulator.url, "USER": USER, "PASSWORD": PASSWORD}
        given = {"recording_audit_json": str(self.directory / "audit.json"), **variables}
        done = subprocess.run(
            ["ansible-playbook", "telephony.vicidial.audit", "-e", json.dumps(given), *arguments],
            cwd=self.directory,
            env={
                **os.environ,
                "ANSIBLE_SHOW_CUSTOM_STATS": "1",
                **{f"VICIDIAL_API_{name}": value for name, value in connection.items()},
            },
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert PASSWORD not in output
        return done.returncode, " ".join(output.split())

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.directory / "audit.json").read_text())
        return found

    def signals(self) -> list[tuple[str, str]]:
        """Who was sent BEGIN or END."""
        calls = self.simulator.journal.entries()
        return sorted((call["value"], call["agent_user"]) for call in calls if call["value"] in ("BEGIN", "END"))


@pytest.fixture
def playbook(simulator: Simulator, tmp_path: Path) -> Playbook:
    return Playbook(simulator, tmp_path)


def test_drift_can_be_an_exit_code_and_the_report_is_written_all_the_same(playbook: Playbook) -> None:
    playbook.simulator.dialer.start_recording("1000")
    code, output = playbook(vicidial_agents="1000, 1001", recording_audit_fail_on_drift=True)
    assert code == 2
    assert "50.0 % as the rule says: 1 of 2 agents. Missing 1, unexpected 0, unknown 0." in output
    assert playbook.report()["exceptions"]["missing"] == ["1001"]
    assert [call["function"] for call in playbook.simulator.journal.entries()] == [
        "logged_in_agents",
        *["stereo_recording"] * 2,
    ]


def disorder(simulator: Simulator) -> dict[str, Any]:
    """1000 is missing, 1004 (PAUSED) cannot be helped, 1005 is unknown, 1003 and 1007 are unexpected; 1001 conforms."""
    for user in ("1001", "1003", "1007"):
        simulator.dialer.start_recording(user)
    simulator.faults.add(simulator.dialer, "redirect", agent_user="1005", times=99)
    return {
        "vicidial_agents": ["1000", "1001", "1004", "1005"],
        "recording_audit_agent_statuses": "INCALL,PAUSED",
        "recording_audit_others": "idle",
        "recording_audit_remediate": True,
    }


def test_remediation_sends_what_is_needed_and_never_touches_who_is_unknown(playbook: Playbook) -> None:
    code, output = playbook(**disorder(playbook.simulator), recording_audit_fail_on_drift=True)
    assert code == 2
    assert playbook.signals() == [("BEGIN", "1000"), ("END", "1003"), ("END", "1007")]
    assert sorted(recording["user"] for recording in playbook.simulator.dialer.state()["live"]) == ["1000", "1001"]
    assert "Brought to the rule: 1000, 1003, 1007." in output
    assert "Not brought to it: 1004 (no_live_call)." in output
    report = playbook.report()
    assert report["counts"]["unknown"] == 1
    assert {record["user"]: record["reason"] for record in report["remediation"]} == {
        "1000": None,
        "1003": None,
        "1004": "no_live_call",
        "1007": None,
    }


def test_check_mode_signals_nobody_and_writes_nothing(playbook: Playbook) -> None:
    code, output = playbook("--check", "--diff", **disorder(playbook.simulator))
    assert code == 0
    assert playbook.signals() == []
    assert not (playbook.directory / "audit.json").exists()
    assert "Would be brought to it: 1000, 1003, 1007." in output
    assert "-1000: idle" in output
    assert "+1000: recording" in output


def test_a_remediated_agent_is_no_drift_any_more(playbook: Playbook) -> None:
    variables = {"recording_audit_remediate": True, "recording_audit_fail_on_drift": True}
    code, output = playbook(vicidial_agents=["1000", "1001"], **variables)
    assert code == 0
    assert "Brought to the rule: 1000, 1001." in output
    assert "changed=1 " in output


def test_an_agent_who_is_named_is_asked_about_though_the_account_may_not_see_them(playbook: Playbook) -> None:
    playbook.simulator.dialer.accounts[USER].visible_campaigns = ["SUPPORT"]
    code, output = playbook(vicidial_agents="1000,4711", recording_audit_fail_on_drift=True)
    assert code == 2
    assert "0 of 1 agent. Missing 1, unexpected 0, unknown 0." in output
    assert "Missing: 1000. Not logged in: 4711." in output
    assert playbook.report()["findings"][0]["campaign"] == ""


def test_inventory_hosts_are_agents_and_the_connection_can_be_variables(playbook: Playbook) -> None:
    inventory = playbook.directory / "floor.ini"
    inventory.write_text("[sales]\nanna vicidial_user=1000\n1002\n[other]\n1001\n")
    variables = {"vicidial_api_url": playbook.simulator.api_url, "vicidial_api_user": "6666"}
    code, _output = playbook(
        "-i", str(inventory), vicidial_hosts="sales,localhost", recording_audit_state="idle", **variables
    )
    assert code == 0
    assert [finding["agent"] for finding in playbook.report()["findings"]] == ["1000", "1002"]
    assert playbook.report()["not_logged_in"] == []


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"vicidial_agents": "1000 1001"}, "recording_audit_agents holds '1000 1001'"),
        ({"vicidial_agents": ","}, "No agents are given, so nothing was sent."),
        ({"vicidial_hosts": "localhost"}, "No agents are given, so nothing was sent."),
        ({"vicidial_agents": "1000", "recording_audit_agents": "1001"}, "both by a variable vicidial_... and by one"),
        ({"vicidial_campaigns": "SALES", "recording_audit_campaigns": "SALES"}, "both by a variable vicidial_... and"),
        ({"recording_audit_sample_percent": 0}, "recording_audit_sample_percent is not more than 0"),
        ({"recording_audit_html": "nowhere/audit.html"}, "audit.html is no file of a directory that exists and can be"),
        ({"recording_audit_campaign": "SALES"}, "Did you mean recording_audit_campaigns?"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(
    playbook: Playbook, variables: dict[str, Any], said: str
) -> None:
    code, output = playbook(**variables)
    assert code == 2
    assert said in output
    assert "reason: invalid_argument" in output.partition("CUSTOM STATS")[2]
    assert playbook.simulator.journal.entries() == []


def test_an_audit_that_learned_nothing_fails_and_writes_nothing(playbook: Playbook) -> None:
    playbook.simulator.dialer.accounts["6666"].agent_api_access = False
    code, output = playbook()
    assert code == 2
    assert "Agent API Access" in output
    assert "reason: permission_denied" in output.partition("CUSTOM STATS")[2]
    assert not (playbook.directory / "audit.json").exists()
