# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The supported pairs of ansible-core and Python: ``tests/matrix.json``, and what follows from it on a machine.

``ansible-core`` holds the latest release of each supported version with the Pythons that it supports on the control
node and under ansible-test. ``tools`` is the lowest Python that the tools in requirements-dev.txt run on; the pairs
with a lower one are tested too, where there is another Python for the tools. ``managed host`` is the oldest Python
there.

``python3 -m tests.tools.matrix`` writes what the workflows in .github take from it, in the form of ``$GITHUB_OUTPUT``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parents[1] / "matrix.json"
_MATRIX = json.loads(FILE.read_text(encoding="utf-8"))
SUPPORTED: dict[str, list[str]] = _MATRIX["ansible-core"]
TOOLS_PYTHON: str = _MATRIX["tools"]
MANAGED_PYTHON: str = _MATRIX["managed host"]["python"]


def version(text: str) -> tuple[int, ...]:
    """``"3.10"`` as (3, 10), which sorts as versions do."""
    return tuple(int(number) for number in text.split("."))


@dataclass(frozen=True)
class Pair:
    """An ansible-core and the Python that it runs on."""

    core: str
    python: str

    def __str__(self) -> str:
        return f"{self.core}-py{self.python}"

    @property
    def title(self) -> str:
        return f"ansible-core {self.core}, Python {self.python}"


PAIRS = [Pair(core, python) for core, pythons in SUPPORTED.items() for python in pythons]
PYTHONS = sorted({pair.python for pair in PAIRS}, key=version, reverse=True)


def pairs_of(pythons: Collection[str]) -> list[Pair]:
    """The supported pairs with one of ``pythons``, the oldest ansible-core first, then the oldest Python."""
    found = [pair for pair in PAIRS if pair.python in pythons]
    return sorted(found, key=lambda pair: (version(pair.core), version(pair.python)))


def ends_of(pythons: Collection[str]) -> list[Pair]:
    """The oldest ansible-core on its oldest Python and the newest on its newest, of ``pythons``; one pair if equal."""
    found = pairs_of(pythons)
    return list(dict.fromkeys([*found[:1], *found[-1:]]))


def newest_of(pythons: Collection[str]) -> Pair | None:
    """The newest of ``pythons`` with the newest ansible-core for it, or None if no ansible-core supports any."""
    return max(pairs_of(pythons), key=lambda pair: (version(pair.python), version(pair.core)), default=None)


def outputs_for_workflows() -> str:
    """``pairs``, a job for each; ``pythons``, one a line, as the action setup-python wants several; ``newest``."""
    pairs = json.dumps([{"leg": str(pair), "python": pair.python} for pair in PAIRS])
    pythons = "\n".join([MANAGED_PYTHON, *reversed(PYTHONS)])
    return f"pairs={pairs}\npythons<<END\n{pythons}\nEND\nnewest={PYTHONS[0]}\n"


if __name__ == "__main__":
    sys.stdout.write(outputs_for_workflows())
