# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Importing this makes ``vicidial_simulator`` importable also where pyproject.toml is not read: under ansible-test."""

from __future__ import annotations

import sys
from pathlib import Path

DIRECTORY = Path(__file__).parents[1] / "roles/simulator/files"

if str(DIRECTORY) not in sys.path:
    sys.path.append(str(DIRECTORY))
