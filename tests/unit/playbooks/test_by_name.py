# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks by their names, with the ansible-core at hand: a run that succeeds, and one that says what is missing.

Those of demo and preflight are in files of their own; tests/operations has all else.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook
from vicidial_simulator.dialer import MONO, Recording

NEEDED = {
    "audit": [],
    "ensure": ["-e", "stereo_recording_state=recording"],
    "recordings": ["-e", "recordings_date=2026-11-24"],
    "status": [],
    "window": ["-e", "recording_window_state=recording", "-e", "recording_window_tasks=tasks.yml"],
}
NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc).timestamp()


@pytest.mark.parametrize("name", NEEDED)
def test_a_playbook_by_its_name(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for variable in ("URL", "USER", "PASSWORD"):
        monkeypatch.delenv(f"VICIDIAL_API_{variable}", raising=False)
    (tmp_path / "tasks.yml").write_text("- ansible.builtin.debug:\n    msg: within the window\n")
    arguments = (f"telephony.vicidial.{name}", "-e", "vicidial_agents=1000,1001", *NEEDED[name])
    code, output = ansible_playbook(tmp_path, *arguments, PYTHONPROFILEIMPORTTIME="1")
    assert code == 2
    assert "VICIDIAL_API_URL" in output
    assert output.count("plugin_utils._summary\n") == 1, "the worker of each task would load the filters again"
    assert simulator.journal.entries() == []

    simulator.dialer.log_recordings([Recording(0, "1000", MONO, "file", "10.0.0.5", NOON, ended_at=NOON + 60)])
    account = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
    code, output = ansible_playbook(tmp_path, *arguments, VICIDIAL_API_URL=simulator.url, **account)
    assert code == 0, output
    assert "1000" in output
    assert ("within the window" in output) == (name == "window")
    assert {"1000", "1001"} <= {call["agent_user"] for call in simulator.journal.entries()}
    live = [recording["user"] for recording in simulator.dialer.state()["live"]]
    assert sorted(live) == (["1000", "1001"] if name == "ensure" else [])
