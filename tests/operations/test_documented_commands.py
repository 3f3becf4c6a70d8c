# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that the pages show to users run as they stand there, page by page, and print what the pages say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.documents import PAGES, ROOT, blocks, commands
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from vicidial_simulator.accounts import Account

PASSWORD = "of-the-vault"
IN_A_CALL = ("1000", "1001", "1003", "1005", "1007", "1009")
# Who is being recorded before the page's commands run: by default all in a call, so that an audit finds no drift.
RECORDED = {"docs/operations.md": (), "docs/inventory.md": ("1003",)}

# What begins so is proven elsewhere, or needs what no test has.
ELSEWHERE = {
    "ansible-galaxy collection install telephony.vicidial": "tests/tools/package.py",
    "pip install ": "tests/tools/package.py",
    "ansible-playbook telephony.vicidial.demo": "tests/unit/playbooks/test_demo.py",
    "make ": "tests/unit/tools/test_commands.py",
    "git ": "tests/operations/test_awx_jobs.py",
    "cp -r ~/.ansible/collections/": "tests/operations/test_awx_jobs.py",
    "ansible-builder build": "tests/operations/test_execution_environment.py",
    "ansible-galaxy collection install awx.awx": "tests/operations/test_awx.py",
    "export CONTROLLER_HOST": "tests/operations/test_awx.py",
    "ansible-playbook awx.yml": "tests/operations/test_awx.py",
    "curl ": "tests/operations/test_awx_jobs.py",
    "ansible-rulebook ": "tests/unit/extensions/test_event_source.py",
}


def commands_of(page: Path) -> list[str]:
    """Those in the console blocks of a page, and the playbooks of ours that a sentence calls by name."""
    shown = [command for block in blocks(page, "console") for command, _output in commands(block)]
    called = re.findall(r"`(ansible-playbook telephony\.vicidial\.\w+ -e[^`]*)`", page.read_text())
    return [*shown, *(command.replace("\n", " ") for command in called)]


def is_elsewhere(command: str) -> bool:
    return command.startswith(tuple(ELSEWHERE))


def files_of(page: Path) -> dict[str, str]:
    """The YAML files that a page shows under their names."""
    named = [(re.search(r"`([\w.]+\.yml)`(\]\([^)]*\))?:\n\n$", block.before), block) for block in blocks(page, "yaml")]
    return {match[1]: block.text for match, block in named if match}


def shown_by(page: Path) -> list[str]:
    """The lines that the page says its commands print: below them, or in a YAML block that follows at once."""
    lines: list[str] = []
    for block in blocks(page):
        follows = block.language == "yaml" and re.search(
            r"\n```console\n(?:(?!```).)*```\n\n$", block.before, re.DOTALL
        )
        printed = [block.text] if follows else [output for _command, output in commands(block)]
        lines += "".join(printed).splitlines()
    return lines


def comparable(text: str) -> str:
    """``text`` without times and the numbers of recordings, which differ from run to run, and without its layout."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d{6}(?=_)", "N", text)
    return " ".join(re.sub(r"\"|'|^ *- ", " ", text, flags=re.MULTILINE).split())


def is_run_here(page: Path) -> bool:
    return any(command.startswith("ansible") and not is_elsewhere(command) for command in commands_of(page))


def run_page(page: Path, simulator: Simulator, directory: Path) -> str:
    """The output of the page's commands, in one shell that stops at the first failure."""
    here = {
        "https://dialer.example.com": simulator.url,
        "/srv/audit": str(directory),
        "~/.ansible/collections/ansible_collections/telephony/vicidial": str(ROOT),
        "--port 8099": "--port 0",
        "the-password": PASSWORD,
        "--ask-vault-pass": "",  # it would ask the terminal
    }

    def of_here(text: str) -> str:
        for shown, ours in here.items():
            text = text.replace(shown, ours)
        return text

    (directory / "take_payment.yml").write_text("- ansible.builtin.debug:\n    msg: The card number is read out.\n")
    (directory / "vault_password").write_text("of-the-file\n")
    for name, text in files_of(page).items():
        (directory / name).write_text(of_here(text))
    script = of_here("\n".join(["set -e", *(command for command in commands_of(page) if not is_elsewhere(command))]))
    account = {"VICIDIAL_API_URL": simulator.url, "VICIDIAL_API_USER": "ansible", "VICIDIAL_API_PASSWORD": PASSWORD}
    settings = {"ANSIBLE_HOME": str(directory / "home"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=directory,
        env={**os.environ, **account, **settings, "ANSIBLE_VAULT_PASSWORD_FILE": str(directory / "vault_password")},
        input=f"{PASSWORD}\n",  # for `read`
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}"
    return done.stdout


@pytest.mark.parametrize("page", [*filter(is_run_here, PAGES)], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_of_a_page(page: Path, tmp_path: Path) -> None:
    dialer = call_center()
    for user in ("ansible", "auditor"):
        dialer.accounts[user] = Account(user, PASSWORD)
    name = page.relative_to(ROOT).as_posix()
    for user in RECORDED.get(name, IN_A_CALL):
        dialer.start_recording(user)
    with serving(dialer) as simulator:
        output = run_page(page, simulator, tmp_path)
    assert "[ERROR]" not in output
    if name in RECORDED:  # what other pages show is of another floor
        assert shown_by(page)
        for line in shown_by(page):
            assert comparable(line) in comparable(output)


def test_what_is_proven_elsewhere_is_still_documented_and_the_proof_is_there() -> None:
    documented = [command for page in PAGES for command in commands_of(page)]
    for beginning, proof in ELSEWHERE.items():
        assert any(command.startswith(beginning) for command in documented), beginning
        assert (ROOT / proof).exists()
