# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles' READMEs show runs as it stands there: all of it in one run, over one floor.

That of the role awx is run against a pretended AWX, in tests/operations.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.telephony.vicidial.tests.documents import EXAMPLES, ROOT, blocks
from ansible_collections.telephony.vicidial.tests.support import call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook


def shown_by(role: str) -> list[Any]:
    """The plays and lists of tasks on the page of ``role``, in their order, with those that it quotes of examples/."""
    parsed = (yaml.safe_load(block.text) for block in blocks(ROOT / "roles" / role / "README.md", "yaml"))
    return [block for block in parsed if isinstance(block, list)]


def play_of(*tasks: dict[str, Any]) -> dict[str, Any]:
    return {"name": "The page's tasks", "hosts": "localhost", "gather_facts": False, "tasks": list(tasks)}


def with_its_reason(role: str) -> dict[str, Any]:
    """A task that ``role`` refuses for its variables, and what a rescue finds as its reason."""
    refused = {"ansible.builtin.include_role": {"name": f"telephony.vicidial.{role}"}, "vars": {f"{role}_state": "no"}}
    found = {"ansible.builtin.debug": {"msg": f"{role}: {{{{ {role}_result.reason }}}}"}}
    return {"block": [refused], "rescue": [found]}


def test_all_that_the_pages_show(tmp_path: Path) -> None:
    idle, [record], rescued = shown_by("stereo_recording")
    payment, disputed, with_a_block, rescued_window = shown_by("recording_window")
    [audit] = shown_by("recording_audit")
    (started, recorded, stopped), hung_up = shown_by("simulator")
    simulated = play_of(started, recorded, *hung_up, stopped)
    refused = play_of(*map(with_its_reason, ("stereo_recording", "recording_window")))
    plays = [*idle, record, play_of(*audit), *payment, *disputed, *with_a_block, simulated]
    plays += [play_of(*rescued), *rescued_window, refused]
    (tmp_path / "pages.yml").write_text(json.dumps(plays))
    (tmp_path / "tasks").mkdir()
    shutil.copy(EXAMPLES / "playbooks" / "tasks" / "take_payment.yml", tmp_path / "tasks")
    (tmp_path / "tasks" / "look_into_it.yml").write_text("- ansible.builtin.debug:\n    msg: It is looked into.\n")
    (tmp_path / "done").touch()
    # Where things are on this machine, and a shorter wait: what is given by -e comes before what the pages say.
    given = {
        "recording_audit_html": f"{tmp_path}/audit.html",
        "payment_done": f"{tmp_path}/done",
        "recording_window_module_options": {"stable_for": 0.1},
        "stereo_recording_module_options": {"stable_for": 0.1},
        "simulator_directory": f"{tmp_path}/dialer",
        "simulator_python": sys.executable,
    }
    inventory = str(EXAMPLES / "inventory" / "floor.vicidial_agents.yml")
    with serving(call_center(5)) as simulator:
        account = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
        simulator.dialer.start_call("1002")
        simulator.dialer.start_recording("1001")
        code, output = ansible_playbook(
            tmp_path, "-i", inventory, "-e", json.dumps(given), "pages.yml", VICIDIAL_API_URL=simulator.url, **account
        )
        calls = [(call["agent_user"], call["value"]) for call in simulator.journal.entries()]
    assert code == 0, output
    assert [call for call in calls if call[1] in ("BEGIN", "END")] == [
        ("1001", "END"),  # nobody in the payment team
        *[(user, "BEGIN") for user in ("1000", "1002")],  # everybody in SALES who talks
        *[("1000", "END"), ("1000", "BEGIN")],  # a customer pays by card
        *[("1001", "BEGIN"), ("1001", "END")],  # a disputed call
        *[("1000", "END"), ("1000", "BEGIN")],  # a block of its own
    ]
    assert "Nobody records now." in output
    assert output.count("It is looked into.") == 2  # on the terminal, and in the log
    assert "stereo_recording: invalid_argument" in output
    assert "recording_window: invalid_argument" in output
    assert (tmp_path / "audit.html").exists()
    assert not (tmp_path / "dialer" / "simulator.pid").exists()
