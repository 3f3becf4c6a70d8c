# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role simulator with its variables as -e gives them, as text."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.documents import ROOT
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook

PLAY = {"hosts": "localhost", "gather_facts": False, "roles": ["telephony.vicidial.simulator"]}
GIVEN = ("agents=3", "tls=false", "keep_state=no", "campaigns=A,B", "faults=noise,latency,seconds=0.1,times=2")


def run(directory: Path, *given: str) -> tuple[int, str]:
    (directory / "play.yml").write_text(json.dumps([PLAY]))
    variables = (f"directory={directory}/dialer", f"python={sys.executable}", *given)
    arguments = [argument for variable in variables for argument in ("-e", f"simulator_{variable}")]
    arguments += ["-e", f"ansible_python_interpreter={sys.executable}"]
    return ansible_playbook(directory, "play.yml", "-i", "localhost,", "-c", "local", *arguments)


def test_variables_as_text_start_a_simulator_and_a_different_one_is_refused(tmp_path: Path) -> None:
    try:
        for _time in ("the first", "the same again"):
            code, output = run(tmp_path, *GIVEN)
            assert code == 0, output
            about = json.loads((tmp_path / "dialer/ready.json").read_text())
            assert [text for text in about["arguments"] if text.startswith(("--a", "--c", "--f", "--s", "--t"))] == [
                *("--agents=3", "--campaigns=A,B", "--statuses=mixed", "--seed=1", "--account=6666:simulated"),
                *("--fault=noise", "--fault=latency,seconds=0.1,times=2"),
            ]
            release = (tmp_path / "dialer/vicidial_simulator/release.txt").read_text()
            assert f"\nversion: {release}\n" in (ROOT / "galaxy.yml").read_text()
        code, output = run(tmp_path, *GIVEN[1:], "agents=300", "seed=2")
        assert code == 2
        assert "was started otherwise: agents, seed." in " ".join(output.split())
    finally:
        code, output = run(tmp_path, "state=stopped")
    assert code == 0, output
    assert not (tmp_path / "dialer/ready.json").exists()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("agent=300", "There is no variable simulator_agent. Did you mean simulator_agents?"),
        ("port={taken}", "something listens on 127.0.0.1:{taken}. End it, or choose another simulator_port; 0 takes"),
        ("campaigns=", "a campaign has no name"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, given: str, problem: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = listener.getsockname()[1]
        code, output = run(tmp_path, given.format(taken=taken))
    assert code == 2
    assert problem.format(taken=taken) in " ".join(output.split())
    assert not (tmp_path / "dialer/ready.json").exists()
