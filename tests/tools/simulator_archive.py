# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the simulator into one file that any Python runs: ``python -m tests.tools.simulator_archive DIRECTORY``.

The same sources make the same bytes, on any machine and with any Python: nothing is compressed, and every entry has the
same time and the same mode.
"""

from __future__ import annotations

import io
import re
import sys
import zipapp
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "roles" / "simulator" / "files"
NAME = "vicidial_simulator.pyz"
EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip file can name
MODE = 0o100644


def contents() -> dict[str, bytes]:
    """Every file of the archive by its name."""
    files = [
        SOURCE / "__main__.py",
        *(SOURCE / "vicidial_simulator").glob("*.py"),
        SOURCE / "vicidial_simulator/page.html",
    ]
    release = re.search(r"^version: (\S+)$", (ROOT / "galaxy.yml").read_text(), re.MULTILINE)
    if release is None:
        raise ValueError("galaxy.yml names no version")
    return {
        **{path.relative_to(SOURCE).as_posix(): path.read_bytes() for path in files},
        "vicidial_simulator/release.txt": f"{release[1]}\n".encode(),
        "LICENSE": (ROOT / "LICENSE").read_bytes(),
    }


def make_archive(directory: Path) -> Path:
    """Write the archive into ``directory``; returns its path."""
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        for name, content in sorted(contents().items()):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.create_system, entry.external_attr = 3, MODE << 16  # 3: Unix, also where this runs on another system
            archive.writestr(entry, content)
    plain.seek(0)
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / NAME
    zipapp.create_archive(plain, path, interpreter="/usr/bin/env python3")
    path.chmod(0o755)
    return path


if __name__ == "__main__":
    print(make_archive(Path(sys.argv[1])))
