# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No fact of the protocol goes without a test."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.telephony.vicidial.tests.protocol import FACTS


def facts_with_a_test() -> set[str]:
    """The numbers that the names of the contract tests begin with."""
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    return {f"{section}.{fact}" for section, fact in re.findall(r"^def test_(\d)_(\d+)_", sources, re.M)}


def test_every_fact_on_the_wire_is_tested_and_no_other() -> None:
    assert facts_with_a_test() == {number for number, is_on_the_wire in FACTS.items() if is_on_the_wire}
