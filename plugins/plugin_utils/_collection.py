# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""Which release of the collection this is."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

_NAME = "telephony.vicidial"
_ROOT = Path(__file__).resolve().parents[2]


@cache
def name_and_version(root: Path = _ROOT) -> str:
    """The name and the version: by the manifest of an installed collection, or by galaxy.yml in a clone."""
    manifest, galaxy = root / "MANIFEST.json", root / "galaxy.yml"
    if manifest.exists():
        return f"{_NAME} {json.loads(manifest.read_text())['collection_info']['version']}"
    found = re.search(r"^version: *(\S+)", galaxy.read_text(), re.MULTILINE) if galaxy.exists() else None
    return f"{_NAME} {found[1] if found else 'of unknown version'}"
