# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the get-pip script that ansible-test would download (ansible_test.py)."""

from __future__ import annotations

import subprocess
import sys

OPTIONS_OF_GET_PIP = {"--no-setuptools", "--no-wheel"}

# Not by import: ensurepip switches pip's configuration off in the process that it runs in.
subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
arguments = [argument for argument in sys.argv[1:] if argument not in OPTIONS_OF_GET_PIP]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
