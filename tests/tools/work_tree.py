# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a work tree that git does not ignore: what tools get that need the collection in another place."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from .environments import ROOT


def files_of(root: Path = ROOT) -> list[str]:
    """The path in ``root`` of each file that git knows or would add, and that is there."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
    # git still lists a tracked file that was just deleted
    return [name for name in listed.split("\0") if name and ((root / name).exists() or (root / name).is_symlink())]


def copy_to(destination: Path) -> None:
    """Copy them to ``destination``."""
    for name in files_of():
        target = destination / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
