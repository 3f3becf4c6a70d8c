# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No fact of the protocol goes without a test."""

from __future__ import annotations

import re
from pathlib import Path

# How many numbered facts each section of the protocol has (what the server does on the wire: sections 1 to 5, and 8).
FACTS = {1: 7, 2: 8, 3: 7, 4: 12, 5: 3, 8: 7}

NOT_ON_THE_WIRE = {
    "1.7": "what a client must do with a redirect; the server's application sends none",
}


def _tested() -> set[str]:
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    return {f"{section}.{fact}" for section, fact in re.findall(r"^def test_(\d)_(\d+)_", sources, re.M)}


def test_every_fact_is_tested_or_listed_with_a_reason() -> None:
    facts = {f"{section}.{fact}" for section, count in FACTS.items() for fact in range(1, count + 1)}
    assert _tested() | set(NOT_ON_THE_WIRE) == facts


def test_what_is_listed_as_untestable_has_no_test() -> None:
    assert not _tested() & set(NOT_ON_THE_WIRE)
