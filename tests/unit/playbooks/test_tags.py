# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With --tags a role runs only where the tags select its include, its import or its entry in the list of roles."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible_collections.telephony.vicidial.tests.support import call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook

PAY: Any = {"tags": ["pay"]}
OTHER: Any = {"tags": ["other"]}
COLLECTION = "telephony.vicidial."


def call(how: str, role: str, tags: dict[str, Any], entry_point: str = "main", **options: Any) -> dict[str, Any]:
    """A task that includes or imports ``role``, with ``options`` as its variables without their prefix."""
    options = {f"{role}_{name}": value for name, value in options.items()}
    return {
        f"ansible.builtin.{how}_role": {"name": COLLECTION + role, "tasks_from": entry_point},
        "vars": options,
        **tags,
    }


def record(how: str, user: str, tags: dict[str, Any]) -> dict[str, Any]:
    return call(how, "stereo_recording", tags, agents=user, state="recording")


def window(how: str, user: str, tags: dict[str, Any]) -> dict[str, Any]:
    """A block of one's own between ``open`` and ``close``, all of which has ``tags``."""
    opening = call(how, "recording_window", tags, "open", agents=user, state="recording")
    inside = {"ansible.builtin.debug": {"msg": f"The card is read to {user}."}, **tags}
    return {"block": [opening, inside], "always": [call(how, "recording_window", tags, "close")]}


def listed(user: str, tags: dict[str, Any]) -> dict[str, Any]:
    return {"role": COLLECTION + "stereo_recording", "stereo_recording_agents": user, **tags}


def test_a_role_runs_only_where_tags_select_it(tmp_path: Path) -> None:
    (tmp_path / "inside.yml").write_text('- ansible.builtin.debug: {msg: "Inside of the file."}\n')
    (tmp_path / "included.yml").write_text(json.dumps([record("import", "1007", OTHER), record("import", "1001", PAY)]))
    of_a_file = call("include", "recording_window", PAY, agents="1003", state="recording", tasks="inside.yml")
    simulator = call("include", "simulator", PAY, state="stopped", directory=str(tmp_path))
    awx = {"block": [call("include", "awx", PAY)], "rescue": [{"ansible.builtin.debug": {"msg": "no AWX"}, **PAY}]}
    plays: list[dict[str, Any]] = [
        {"tasks": [window("include", "1000", PAY), window("include", "1001", OTHER)]},
        {"tasks": [window("import", "1000", PAY), window("import", "1001", OTHER)]},
        {"tasks": [of_a_file, record("include", "1000", OTHER), record("include", "1000", PAY)]},
        {"tasks": [{"ansible.builtin.include_tasks": "included.yml", "tags": ["always"]}]},
        {"roles": [listed("1005", OTHER), listed("1009", PAY)], "vars": {"stereo_recording_state": "recording"}},
        {"tasks": [call("include", "recording_audit", PAY, json="audit.json"), simulator, awx]},
    ]
    of_hosts = {"ansible.builtin.include_role": {"name": COLLECTION + "stereo_recording"}, **PAY}
    plays.append({"hosts": "1003,1007", "tasks": [of_hosts], "vars": {"stereo_recording_state": "recording"}})
    common = {"hosts": "localhost", "connection": "local", "gather_facts": False}
    (tmp_path / "plays.yml").write_text(json.dumps([{**common, **play} for play in plays]))
    with serving(call_center()) as dialer:
        account = {"VICIDIAL_API_USER": dialer.user, "VICIDIAL_API_PASSWORD": dialer.password}
        given = ("-e", "environment=production", "-i", "1003,1007,", "--tags", "left,pay", "--skip-tags", "left")
        code, output = ansible_playbook(tmp_path, *given, "plays.yml", VICIDIAL_API_URL=dialer.url, **account)
        signals = [(entry["agent_user"], entry["value"]) for entry in dialer.journal.entries()]
    assert code == 0, output
    assert [signal for signal in signals if signal[1] in ("BEGIN", "END")] == [
        *[("1000", "BEGIN"), ("1000", "END")] * 2,
        *[("1003", "BEGIN"), ("1003", "END")],
        *[(user, "BEGIN") for user in ("1000", "1001", "1009", "1003", "1007")],
    ]
    assert "Inside of the file." in output
    assert (tmp_path / "audit.json").exists()
    assert "End the process" in output
    assert "Set awx_project_url" in output
