# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host runs to put the simulator into a directory and start it: ``start.py DIRECTORY ARGUMENT...``.

The program comes by standard input: a JSON object of its files by name, in Base64.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path

directory = Path(sys.argv[1])
program = directory / "vicidial_simulator"
try:
    program.mkdir(parents=True, exist_ok=True)
    directory.chmod(0o700)
    for name, text in json.loads(base64.b64decode(sys.stdin.read())).items():
        (program / name).write_text(text, encoding="utf-8")
    os.chdir(directory)
except OSError as error:
    sys.exit(f"The simulator cannot be put into {directory}: {error}")
os.execv(sys.executable, [sys.executable, "-B", "-m", program.name, *sys.argv[2:]])  # noqa: S606 - no shell is meant
