# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples: the files in examples/, and the blocks of code on the pages that people read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
_PATTERNS = ("README.md", "docs/*.md", "roles/*/README.md", "examples/**/README.md")
PAGES = sorted(path for pattern in _PATTERNS for path in ROOT.glob(pattern))
# Whatever names the repository's main branch on the web is a file here.
MAIN = "https://github.com/ansible-collections/telephony.vicidial/blob/main/"


@dataclass(frozen=True)
class Block:
    """A block of code on a page: its language, its text without the page's indentation, and what stands before it."""

    page: str
    language: str
    text: str
    before: str

    def __str__(self) -> str:
        return f"{self.page}:{self.before.count(chr(10)) + 1}"

    @property
    def quoted(self) -> Path | None:
        """The file in examples/ that the block shows: the line before it ends with a link to it, and a colon."""
        found = re.search(r"\]\(([^)\s]*examples/[^)\s]+)\):\n\n$", self.before)
        if found is None:
            return None
        target = found[1]
        return ROOT / target.removeprefix(MAIN) if target.startswith(MAIN) else (ROOT / self.page).parent / target


def blocks(path: Path, language: str = "") -> list[Block]:
    """The blocks of ``path``, all or those of one language."""
    text = path.read_text()
    # A link by name is one with its target.
    for name, target in re.findall(r"^\[(\w+)\]: (\S+)$", text, re.MULTILINE):
        text = text.replace(f"][{name}]", f"]({target})")
    found = re.finditer(r"^( *)```(\w*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    made = [
        Block(
            str(path.relative_to(ROOT)),
            match[2],
            re.sub(rf"^{match[1]}", "", match[3], flags=re.MULTILINE),
            text[: match.start()],
        )
        for match in found
    ]
    return [block for block in made if language in ("", block.language)]


def table(page: str, head: str) -> dict[str, list[str]]:
    """The table of ``page`` whose head begins with ``head``: the cells after the first one, by the names in that."""
    text = (ROOT / page).read_text().partition(f"\n| {head} |")[2].partition("\n\n")[0]
    rows = [row.strip("| ").split(" | ") for row in text.splitlines()[2:]]
    return {name: rest for first, *rest in rows for name in re.findall("`([^`]+)`", first)}


def commands(block: Block) -> list[tuple[str, str]]:
    """The commands of a console block, each with the output that stands below it."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]
    found = [re.match(r"((?:.*\\\n)*.*)\n?", part) for part in parts]
    return [(match[1], part[match.end() :]) for part, match in zip(parts, found) if match]
