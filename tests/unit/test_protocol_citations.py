# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every number of the protocol that code, tests or documents cite stands in docs/protocol.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.protocol import FACTS, REPOSITORY, SECTIONS

FOLDERS = ("docs", "extensions", "meta", "playbooks", "plugins", "roles", "tests")
SUFFIXES = {".md", ".py", ".rst", ".sh", ".yml"}
SIMULATOR = REPOSITORY / "roles/simulator/files"

_NUMBER = r"\d+(?:\.\d+)?"
# "protocol 3.4", "Protocol 4:", "protocol 1.3, 1.4, 2 to 4", "protocol 4.2 and 4.5"
_CITATION = re.compile(rf"\bprotocol\s+({_NUMBER}(?:(?:,|,? and| to)\s+{_NUMBER}\b)*)", re.I)
# In the simulator and in the document itself the word is left out: "(4.2, 4.5)"
_BARE = re.compile(r"\(([1-9]\.\d+(?:, [1-9]\.\d+)*)\)")


def cited_in(path: Path) -> set[str]:
    """The numbers of sections and facts that the file cites."""
    text = path.read_text()
    found = _CITATION.findall(text)
    if path.name == "protocol.md" or SIMULATOR in path.parents:
        found += _BARE.findall(text)
    return {number for citation in found for number in re.findall(_NUMBER, citation)}


def files() -> list[Path]:
    """Every file of the repository that may cite the protocol."""
    found = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*") if path.suffix in SUFFIXES]
    return [*found, *REPOSITORY.glob("*.md")]


def test_every_number_that_is_cited_exists() -> None:
    unknown = {
        str(path.relative_to(REPOSITORY)): sorted(missing)
        for path in files()
        if path.is_file() and (missing := cited_in(path) - SECTIONS - FACTS.keys())
    }
    assert not unknown


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("# protocol 3.4", {"3.4"}),
        ("(protocol 4.2, 4.3)", {"4.2", "4.3"}),
        ("protocol 1.3, 1.4, 2 to 4).", {"1.3", "1.4", "2", "4"}),
        ("as protocol 2.1 and 2.5 say", {"2.1", "2.5"}),
        ("no citation: 4.2, HTTP/1.1", set()),
    ],
)
def test_what_counts_as_a_citation(tmp_path: Path, text: str, numbers: set[str]) -> None:
    path = tmp_path / "module.py"
    path.write_text(text)
    assert cited_in(path) == numbers
