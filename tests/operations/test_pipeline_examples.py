# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/pipelines.md shows files that there are, and they do what it says: a gate that fails, a pipeline that passes."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.documents import EXAMPLES, ROOT, blocks

EXAMPLE = EXAMPLES / "pipeline"
FILES = sorted(str(path.relative_to(EXAMPLE)) for path in EXAMPLE.rglob("*.yml"))
GITHUB: dict[str, Any] = yaml.safe_load((EXAMPLE / "github.yml").read_text())["jobs"]["test"]
GITLAB: dict[str, Any] = yaml.safe_load((EXAMPLE / "gitlab.yml").read_text())["test"]
LINES = GITLAB["script"]
PIPEFAIL, START, LOCATE = LINES[:3]
GATE = [PIPEFAIL, *(line for line in LINES if "drift.txt" in line)]
IN_ORDER = "ok=1    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0   "
(STOP,) = GITLAB["after_script"]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A copy of the example, as somebody has it who has copied it."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "pipeline"))


def run(directory: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """The ``lines`` in one shell that stops at the first failure, as both services run them."""
    return subprocess.run(
        ["bash", "-e", "-c", "\n".join(lines)],
        cwd=directory,
        env={**os.environ, **GITLAB["variables"], "ANSIBLE_HOME": str(directory / "home")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_document_shows_every_file() -> None:
    """That it shows each as it is, tests/unit/test_documents.py proves."""
    shown = {block.quoted.resolve() for block in blocks(ROOT / "docs" / "pipelines.md") if block.quoted}
    assert shown == {EXAMPLE / name for name in FILES}


def test_both_services_run_the_same_lines() -> None:
    *ways, last = [step["run"] for step in GITHUB["steps"] if "run" in step]
    assert [way.splitlines() for way in ways] == [GITLAB["before_script"], LINES]
    assert last == STOP
    assert GITHUB["env"] == GITLAB["variables"]


def test_the_pipeline(example: Path) -> None:
    """All but its installation, which tests/tools/package.py proves."""
    # Two dialers at a time, the one that the pipeline calls over HTTPS; one ansible-playbook starts and stops both.
    both = [{"import_playbook": "dialer.yml", "vars": {"simulator_tls": True}}]
    both.append({"import_playbook": "dialer.yml", "vars": {"dialer": "other"}})
    (example / "both.yml").write_text(yaml.safe_dump(both))
    files = [example / f"{name}.env" for name in ("dialer", "other")]
    try:
        started = run(example, START.replace("dialer.yml", "both.yml"))
        assert started.returncode == 0, started.stdout
        assert [re.findall("_URL=(https?):|(export|unset) .*_CA_", file.read_text()) for file in files] == [
            [("https", ""), ("", "export")],
            [("http", ""), ("", "unset")],
        ]
        (example / "reports").mkdir(exist_ok=True)
        # Before the playbook under test has run, a run of it would change something, here on one of two hosts.
        (example / "two.yml").write_text(two_hosts((example / "record_sales.yml").read_text()))
        (example / "hosts").write_text("drifting\nin_order\n")
        gate = run(
            example, LOCATE, "export ANSIBLE_INVENTORY=hosts", *(line.replace("record_sales", "two") for line in GATE)
        )
        assert gate.returncode == 1, gate.stdout + gate.stderr
        assert re.findall("^(\\w+) +: .*(changed=.)", gate.stdout, re.MULTILINE) == [
            ("drifting", "changed=1"),
            ("in_order", "changed=0"),
        ]
        passed = run(example, LINES[0], *LINES[2:])
        assert passed.returncode == 0, passed.stdout + passed.stderr
    finally:
        stopped = run(example, STOP.replace("dialer.yml", "both.yml"))
    assert stopped.returncode == 0, stopped.stdout
    assert not list(example.glob("*/simulator.pid"))
    assert not list(example.glob("*.env"))
    assert (example / "reports" / "audit.xml").read_text().count("<testcase ") == 10
    for name in ("record_sales", "verify", "audit"):
        assert list((example / "reports").glob(f"{name}-*.xml")), name


def two_hosts(playbook: str) -> str:
    """``playbook`` for the hosts of the inventory, with nothing to do on ``in_order``."""
    task = playbook.replace("hosts: localhost", "hosts: all\n  connection: local")
    return f"{task}      when: inventory_hostname != 'in_order'\n"


@pytest.mark.parametrize(
    ("other", "code", "expected"),
    [
        (IN_ORDER, 0, 0),
        (IN_ORDER.replace("changed=0", "changed=12"), 0, 1),
        (IN_ORDER.replace("unreachable=0", "unreachable=1"), 0, 1),
        (IN_ORDER.replace("failed=0", "failed=1"), 0, 1),
        (IN_ORDER, 4, 4),
        (None, 0, 1),
    ],
    ids=["nothing", "changed", "unreachable", "failed", "exit code", "no hosts"],
)
def test_the_gate_passes_only_a_run_that_would_change_nothing(
    tmp_path: Path, other: str | None, code: int, expected: int
) -> None:
    """With two hosts, the first of which is in order, and none; a function stands for ansible-playbook."""
    (tmp_path / "reports").mkdir()
    recap = f"one   : {IN_ORDER}\ntwo   : {other}" if other else "skipping: no hosts matched"
    done = run(tmp_path, f"ansible-playbook() {{ echo '{recap}'; return {code}; }}", *GATE)
    assert done.returncode == expected, done.stdout + done.stderr


def test_the_molecule_scenario(example: Path) -> None:
    """Its port and its directory are for one at a time; the tests take others."""
    scenario = example / "molecule" / "default" / "molecule.yml"
    text = re.sub("(?<=simulator_directory: ).*", str(example / "dialer"), scenario.read_text())
    home = {"HOME": str(example / "home"), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # Bound and not listened on: nobody who asks for any port gets it, and the dialer may take it by its number.
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", 0))
        scenario.write_text(text.replace("8099", str(reserved.getsockname()[1])))
        done = subprocess.run(
            ["molecule", "test"], cwd=example, env={**os.environ, **home}, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (example / "dialer" / "simulator.pid").exists()
