# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of Ansible on a page is typed into a shell as it stands there, and prints what the page says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.documents import EXAMPLES, ROOT, Block, blocks, commands
from ansible_collections.telephony.vicidial.tests.support import Simulator

# The commands of docs/recordings.md need a log to show; what it says is in tests/unit/plugins/modules.
PAGES = ("README.md", "docs/operations.md", "docs/audit.md", "docs/inventory.md", "roles/recording_window/README.md")
# Of Ansible, but run elsewhere: what an installation brings, and the demo, in tests/tools/package.py.
ELSEWHERE = ("ansible-galaxy", "ansible-playbook telephony.vicidial.demo")
FILES = [
    *(EXAMPLES / "inventory").glob("*.yml"),
    *(EXAMPLES / "playbooks").glob("*.yml"),
]


def typed(page: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of the page, each with the lines that it prints: in its block, or in one that follows at once."""
    shown = blocks(ROOT / page)
    for block, following in zip(shown, [*shown[1:], Block("", "", "", "")]):
        for command, output in commands(block) if block.language == "console" else []:
            follows = following.before.endswith(f"{block.text}```\n\n") and following.language == "yaml"
            if command.startswith("ansible") and not command.startswith(ELSEWHERE):
                yield command, (following.text if follows else output).splitlines()


def comparable(text: str) -> str:
    """``text`` without its numbers of recordings and times, which differ from run to run, and without its layout."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{6}(?=_)", "N", text)
    return " ".join(text.replace('"', " ").replace("- '", " ").split())


@pytest.mark.parametrize("page", PAGES)
def test_the_commands(page: str, simulator: Simulator, tmp_path: Path) -> None:
    for path in FILES:
        shutil.copy(path, tmp_path)
    (tmp_path / "take_payment.yml").write_text("- ansible.builtin.debug:\n    msg: The card number is read out.\n")
    calm = dict(re.findall(r"^\$ export (ANSIBLE_\w+)=(\w+)", (ROOT / "docs/operations.md").read_text(), re.MULTILINE))
    assert len(calm) == 4
    environment = {
        **os.environ,
        **calm,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "ANSIBLE_HOME": str(tmp_path / "home"),
        "VICIDIAL_API_URL": simulator.url,
        "VICIDIAL_API_USER": simulator.user,
        "VICIDIAL_API_PASSWORD": simulator.password,
    }
    if page != "docs/operations.md":  # where 1002 is idle, and 1000 is not yet recorded
        for user in ("1000", "1003", "1005", "1007", "1009", "1001"):
            simulator.dialer.start_recording(user)
    if page == "docs/inventory.md":
        for user in ("1000", "1005", "1007", "1009", "1001"):
            simulator.dialer.end_recording(user)
    ran = 0
    for command, lines in typed(page):
        line = command.replace("/srv/audit/", f"{tmp_path}/")
        done = subprocess.run(
            ["bash", "-e", "-c", line], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        for expected in lines:
            assert comparable(expected) in comparable(done.stdout), f"{command}\n{expected}\n{done.stdout}"
        ran += 1
    assert ran
