# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection awx.awx as the tests need it: under the Automation Platform's name too, and without processes."""

from __future__ import annotations

import configparser
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ACTION = Path(__file__).with_name("awx_action.py")


def quick_collections(directory: Path) -> Path:
    """Where awx.awx and ansible.controller are, with an action plugin that runs each module in Ansible's own worker.

    A module that is packed and started costs most of a second, and the role has dozens. The Automation Platform's
    collection is built from the same source, under another name.
    """
    for name in ("awx.awx", "ansible.controller"):
        target = directory.joinpath("ansible_collections", *name.split("."))
        for part in ("plugins", "meta"):
            shutil.copytree(_source() / part, target / part)
        for file in target.rglob("*.py"):
            file.write_text(file.read_text().replace("awx.awx", name))
        (target / "plugins" / "action").mkdir()
        for module in (target / "plugins" / "modules").glob("[a-z]*.py"):
            shutil.copy(ACTION, target / "plugins" / "action" / module.name)
    return directory


def _source() -> Path:
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(ROOT / "ansible.cfg")
    return ROOT / settings["defaults"]["collections_path"] / "ansible_collections" / "awx" / "awx"
