# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an execution environment needs for this collection: requests, and nothing else; and that it is enough."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.operations.jobs import INVENTORY
from ansible_collections.telephony.vicidial.tests.support import Simulator

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = Path("ansible_collections", "telephony", "vicidial")
REQUIREMENT = (ROOT / "requirements.txt").read_text().splitlines()[-1]


@pytest.fixture(scope="module")
def introspected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What ansible-builder finds out while it builds an image that holds the collection."""
    tree = tmp_path_factory.mktemp("tree")
    (tree / COLLECTION).parent.mkdir(parents=True)
    (tree / COLLECTION).symlink_to(ROOT)
    introspection = subprocess.run(
        ["ansible-builder", "introspect", "--sanitize", str(tree)], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = yaml.safe_load(introspection.stdout)
    return found


def test_the_collection_asks_for_requests_alone(introspected: dict[str, Any]) -> None:
    assert [line.partition("#")[0].strip() for line in introspected["python"]] == [REQUIREMENT]
    assert introspected["system"] == []


def test_ansible_builder_makes_a_context_of_the_definition(tmp_path: Path) -> None:
    """Its paths are those of the collection's root, where ansible-builder looks for them in an image."""
    shutil.copy(ROOT / "meta" / "execution-environment.yml", tmp_path)
    shutil.copy(ROOT / "requirements.txt", tmp_path)
    create = ["ansible-builder", "create", "--output-filename", "Containerfile"]
    subprocess.run(create, cwd=tmp_path, capture_output=True, check=True)
    build = tmp_path / "context" / "_build"
    given = [line for line in (build / "requirements.txt").read_text().splitlines() if not line.startswith("#")]
    assert given == [REQUIREMENT]
    # Neither a bindep.txt with packages of a distribution nor a requirements.yml with further collections.
    assert {path.name for path in build.iterdir()} == {"requirements.txt", "scripts"}
    assert "COPY _build/requirements.txt requirements.txt" in (tmp_path / "context" / "Containerfile").read_text()


@pytest.mark.parametrize("folder", ["roles/awx/templates/project", "examples"])
def test_the_definition_of_an_image_for_users(folder: str, tmp_path: Path) -> None:
    """ansible-core new enough, ansible-runner, and the collection, whose own needs are found in it."""
    for name in ("execution-environment.yml", "requirements.yml"):
        if (ROOT / folder / name).exists():
            shutil.copy(ROOT / folder / name, tmp_path)
    create = ["ansible-builder", "create", "--output-filename", "Containerfile"]
    subprocess.run(create, cwd=tmp_path, capture_output=True, check=True)
    containerfile = (tmp_path / "context" / "Containerfile").read_text()
    core = re.search(r"ansible-core>=([\d.]+)", containerfile)
    assert core is not None
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())
    assert runtime["requires_ansible"].startswith(f">={core[1]}")
    requirements = yaml.safe_load((tmp_path / "context" / "_build" / "requirements.yml").read_text())
    [collection] = requirements["collections"]
    assert collection["name"] == "telephony.vicidial"
    if "version" in collection:
        version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
        major = int(version.partition(".")[0])
        assert collection["version"] == f">={major}.0.0,<{major + 1}.0.0"
    assert "ansible-galaxy collection install $ANSIBLE_GALAXY_CLI_COLLECTION_OPTS -r requirements.yml" in containerfile


def test_a_job_runs_in_what_results(introspected: dict[str, Any], simulator: Simulator, tmp_path: Path) -> None:
    """A virtual environment of ansible-core, ansible-runner and what was found, as an image has them."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    wanted = ["ansible-core", "ansible-runner", *[line.partition("#")[0].strip() for line in introspected["python"]]]
    pip = [f"{venv}/bin/python", "-m", "pip", "install", "--quiet", "--no-compile"]
    subprocess.run([*pip, "--constraint", str(ROOT / "requirements-dev.txt"), *wanted], check=True)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(venv)}))
    (site / COLLECTION).parent.mkdir(parents=True)
    (site / COLLECTION).symlink_to(ROOT)
    private = tmp_path / "private"
    (private / "inventory").mkdir(parents=True)
    (private / "inventory" / "hosts.json").write_text(json.dumps(INVENTORY))
    variables = "-e vicidial_agents=1000,1001 -e stereo_recording_state=recording"
    options = ["--playbook", "telephony.vicidial.ensure", "--cmdline", variables]
    done = subprocess.run(
        [f"{venv}/bin/ansible-runner", "run", "--ident", "job", *options, str(private)],
        env={
            "PATH": f"{venv}/bin:{os.defpath}",
            "HOME": str(tmp_path),
            "LANG": "C.UTF-8",
            "VICIDIAL_API_URL": simulator.url,
            "VICIDIAL_API_USER": simulator.user,
            "VICIDIAL_API_PASSWORD": simulator.password,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (private / "artifacts" / "job" / "status").read_text() == "successful", done.stdout + done.stderr
    assert {recording["user"] for recording in simulator.dialer.state()["live"]} == {"1000", "1001"}
