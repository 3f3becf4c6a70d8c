# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers in docs/protocol.md: its sections, its facts, and which facts a request can show."""

from __future__ import annotations

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
_DOCUMENT = (REPOSITORY / "docs/protocol.md").read_text()

SECTIONS = frozenset(re.findall(r"^## (\d+)\. ", _DOCUMENT, re.M))

# By number, whether the fact can be observed on the wire.
FACTS = {
    number: "*[not on the wire]*" not in text
    for number, text in re.findall(r"^\*\*(\d+\.\d+)\*\* (.*?)(?=^\*\*\d|^## |\Z)", _DOCUMENT, re.M | re.S)
}
