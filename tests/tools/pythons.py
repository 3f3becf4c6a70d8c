# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the Pythons of this machine: on the PATH, then pyenv's."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

# Asks the candidate itself: a pyenv shim exists for versions that are not switched on, a Debian Python may lack the
# parts that make virtual environments, and a virtual environment's Python stands for another one. That is told by its
# base_prefix: _base_executable of Python 3.10 is the environment's own, which then was made anew while it was in use.
_PROBE = """
import ensurepip, os, sys, venv
of_base = os.path.join(sys.base_prefix, "bin", "python%d.%d" % sys.version_info[:2])
print(of_base if os.path.exists(of_base) else sys.executable)
"""


@cache
def find_python(version: str) -> str | None:
    """The path of a Python of ``version`` ("3.13") that can make virtual environments, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    name = f"python{version}"
    for candidate in [name, *sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/{name}")))]:
        try:
            probe = subprocess.run([candidate, "-c", _PROBE], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return probe.stdout.strip()
    return None
