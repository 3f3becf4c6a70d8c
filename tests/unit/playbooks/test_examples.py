# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples in the documentation run as they stand there, but for the address of the dialer."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.documents import EXAMPLES, ROOT, blocks
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import play
from vicidial_simulator.accounts import Account

PASSWORD = "of-the-vault"


def run(directory: Path, simulator: Simulator, plays_or_tasks: list[dict[str, Any]]) -> str:
    account = {"VICIDIAL_API_USER": "ansible", "VICIDIAL_API_PASSWORD": PASSWORD}
    secret = ["-e", f"vault_vicidial_password={PASSWORD}"]
    return play(directory, plays_or_tasks, *secret, VICIDIAL_API_URL=simulator.url, **account)


def of_this_dialer(text: str, simulator: Simulator) -> str:
    return text.replace("https://dialer.example.com", simulator.url)


@pytest.mark.parametrize("path", sorted((ROOT / "plugins" / "modules").glob("*.py")), ids=lambda path: path.stem)
def test_the_examples_of_a_module(path: Path, tmp_path: Path) -> None:
    examples = re.search(r'EXAMPLES = r"""(.*?)"""', path.read_text(), re.DOTALL)
    assert examples
    dialer = call_center(agents=300)
    dialer.accounts["ansible"] = Account("ansible", PASSWORD)
    with serving(dialer) as simulator:
        run(tmp_path, simulator, yaml.safe_load(of_this_dialer(examples[1], simulator)))


def test_the_first_playbook_of_the_readme(tmp_path: Path) -> None:
    text = (EXAMPLES / "playbooks" / "record.yml").read_text()
    dialer = call_center()
    dialer.accounts["ansible"] = Account("ansible", PASSWORD)
    with serving(dialer) as simulator:
        output = run(tmp_path, simulator, yaml.safe_load(of_this_dialer(text, simulator)))
        assert {row["user"] for row in dialer.state()["live"]} == {"1000", "1001"}
    assert "_SALES_1000" in output


@pytest.mark.parametrize("page", ["floors", "reasons"])
def test_the_tasks_on_a_page(page: str, tmp_path: Path) -> None:
    blocks = re.findall(
        r"^ *```yaml\n(.*?)^ *```", (ROOT / "docs" / f"{page}.md").read_text(), re.DOTALL | re.MULTILINE
    )
    dialer = call_center()
    dialer.accounts["ansible"] = Account("ansible", PASSWORD)
    with serving(dialer) as simulator:
        run(tmp_path, simulator, [task for block in blocks for task in yaml.safe_load(block)])
        assert {recording["user"] for recording in dialer.state()["live"]} >= {"1000"}


def test_what_the_page_about_the_log_shows(tmp_path: Path) -> None:
    """Its plays, and its tasks as a play. It also shows results, which are no lists."""
    shown = [yaml.safe_load(block.text) for block in blocks(ROOT / "docs" / "recordings.md", "yaml")]
    lists = [block for block in shown if isinstance(block, list)]
    plays = [play for block in lists if "hosts" in block[0] for play in block]
    tasks = [task for block in lists if "hosts" not in block[0] for task in block]
    dialer = call_center()
    dialer.accounts["ansible"] = Account("ansible", PASSWORD)
    account = {"VICIDIAL_API_USER": "ansible", "VICIDIAL_API_PASSWORD": PASSWORD}
    given = ["-e", "day=2026-11-26", "-e", "agents=1000"]
    everything = [*plays, {"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    with serving(dialer) as simulator:
        play(tmp_path, everything, *given, VICIDIAL_API_URL=simulator.url, **account)
        asked = {call["function"] for call in simulator.journal.entries()}
    assert "recording_lookup" in asked or not lists
