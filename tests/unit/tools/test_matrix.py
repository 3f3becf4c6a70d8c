# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supported versions are stated once, in tests/matrix.json: what follows from them, and what must agree."""

from __future__ import annotations

import re

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.tools import matrix
from ansible_collections.telephony.vicidial.tests.tools.environments import ROOT

PAIRS = re.compile(r"(2\.\d+\.\d+) on (3\.\d+(?:, 3\.\d+)*)")
OLDEST = next(iter(matrix.SUPPORTED)).rpartition(".")[0]


@pytest.mark.parametrize(
    ("pythons", "ends"),
    [
        (["3.9"], []),
        (["3.10"], ["2.17.14-py3.10"]),
        (["3.11"], ["2.17.14-py3.11", "2.19.14-py3.11"]),  # Debian 12
        (["3.12"], ["2.17.14-py3.12", "2.21.5-py3.12"]),  # Ubuntu 24.04
        (["3.13"], ["2.18.19-py3.13", "2.21.5-py3.13"]),  # Debian 13: ansible-test of 2.17 does not run on 3.13
        (["3.13", "3.12", "3.11", "3.10"], ["2.17.14-py3.10", "2.21.5-py3.13"]),
    ],
)
def test_the_ends_follow_from_the_pythons_that_are_there(pythons: list[str], ends: list[str]) -> None:
    assert [str(pair) for pair in matrix.ends_of(pythons)] == ends


@pytest.mark.parametrize(
    ("pythons", "newest"),
    [
        (["3.9"], "None"),
        (["3.10"], "2.17.14-py3.10"),
        (["3.10", "3.11"], "2.19.14-py3.11"),
        (["3.12", "3.13", "3.10"], "2.21.5-py3.13"),
    ],
)
def test_the_newest_python_gets_the_newest_core_for_it(pythons: list[str], newest: str) -> None:
    assert str(matrix.newest_of(pythons)) == newest


def test_every_pair_is_found_where_every_python_is_there() -> None:
    assert set(matrix.pairs_of(matrix.PYTHONS)) == set(matrix.PAIRS)


def test_the_versions_are_in_order_and_without_gap() -> None:
    minors = [matrix.version(core)[1] for core in matrix.SUPPORTED]
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_ansible_accepts_what_is_supported() -> None:
    assert yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text())["requires_ansible"] == f">={OLDEST}.0"


def test_the_readme_tells_of_every_pair_and_of_no_other() -> None:
    text = (ROOT / "README.md").read_text()
    [cells] = re.findall(r"^\| ansible-core on its Python \| (.*?) \| (.*?) \|", text, re.MULTILINE)
    # "2.17.14 on 3.10, 2.21.5 on 3.13" and "2.18.19 on 3.11, 3.12; 2.20.10 on 3.12"
    ends, between = (
        {f"{core}-py{python}" for core, pythons in PAIRS.findall(cell) for python in pythons.split(", ")}
        for cell in cells
    )
    assert ends == {str(pair) for pair in matrix.ends_of(matrix.PYTHONS)}
    assert between == {str(pair) for pair in matrix.PAIRS} - ends


def test_the_readme_names_the_versions_of_requests() -> None:
    oldest = re.search(r"requests>=([\d.]+)", (ROOT / "requirements.txt").read_text())
    newest = re.search(r"^requests==([\d.]+)$", (ROOT / "requirements-dev.txt").read_text(), re.MULTILINE)
    assert oldest is not None
    assert newest is not None
    tested = f"| {matrix.MANAGED_PYTHON} with {oldest[1]}, {matrix.PYTHONS[0]} with {newest[1]} |"
    assert tested in (ROOT / "README.md").read_text()


def test_make_looks_for_the_pythons_newest_first() -> None:
    [pythons] = re.findall(r"^PYTHONS \?= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert pythons.split() == matrix.PYTHONS


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("README.md", f"ansible-core {OLDEST} or newer"),
        ("README.md", f"Python {matrix.MANAGED_PYTHON} or newer"),
        ("README.md", f"git, make and Python {matrix.PYTHONS[-1]}"),
        ("CONTRIBUTING.md", f"Python {matrix.TOOLS_PYTHON} or newer"),
        ("roles/simulator/README.md", f"Python {matrix.MANAGED_PYTHON} or newer"),
    ],
)
def test_documents_name_the_same_versions(document: str, sentence: str) -> None:
    assert sentence in (ROOT / document).read_text()
