# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an EDA controller is given: the credential type, and the recipe of a decision environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
EDA = ROOT / "extensions" / "eda"


class _Loader(yaml.SafeLoader):
    """Reads !unsafe as text."""


_Loader.add_constructor("!unsafe", lambda _loader, node: str(node.value))


def load(path: Path) -> Any:
    return yaml.load(path.read_text(), _Loader)  # noqa: S506 - a safe loader


def test_the_credential_type_is_the_one_of_awx() -> None:
    of_awx = load(ROOT / "roles/awx/vars/main/credential_type.yml")
    ours = load(EDA / "credential_type.yml")
    assert ours["inputs"] == of_awx["__awx_credential_inputs"]
    injectors = yaml.safe_dump(of_awx["__awx_credential_injectors"]).replace("tower.filename", "eda.filename")
    assert ours["injectors"] == yaml.safe_load(injectors)


def test_the_decision_environment_is_one_for_ansible_builder(tmp_path: Path) -> None:
    builder = shutil.which("ansible-builder", path=str(Path(sys.executable).parent))
    if builder is None:
        pytest.skip("no ansible-builder here: it is among the tools")
    command = [
        builder,
        "create",
        "--file",
        str(EDA / "decision-environment.yml"),
        "--context",
        str(tmp_path / "context"),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=tmp_path)
    assert "java-17-openjdk-headless" in (tmp_path / "context/_build/bindep.txt").read_text()
    assert "telephony.vicidial" in (tmp_path / "context/_build/requirements.yml").read_text()
