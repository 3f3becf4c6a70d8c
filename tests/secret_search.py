# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for passwords in whatever a run has left: every spelling of each, in any case, in every output."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Callable
from urllib.parse import quote, quote_plus

from vicidial_simulator.accounts import hash_password, strip_password

# What something on the way may do to a text when it writes it.
_ENCODERS: tuple[Callable[[str], str], ...] = (
    str,
    strip_password,
    hash_password,
    quote,
    partial(quote, safe=""),
    quote_plus,
    html.escape,
    partial(html.escape, quote=False),
    lambda text: html.escape(text, quote=False).replace('"', "&quot;"),
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: repr(text)[1:-1],
    lambda text: text.replace("'", "''"),
    lambda text: text.replace("'", "'\"'\"'"),
)


def spellings(password: str) -> set[str]:
    """``password`` as something on the way may write it, or one thing after another; cases are left to the search.

    As given, as the server strips it, its hash, URL-encoded, escaped for HTML, XML, JSON, YAML, Python and a shell.
    """
    return {second(first(password)) for first in _ENCODERS for second in _ENCODERS}


@dataclass
class Outputs:
    """What a run has left, by name. ``searched`` counts the bytes."""

    texts: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, text: str) -> None:
        """One more output; case is of no meaning in any."""
        self.texts[name] = text.casefold()

    def add_files(self, directory: Path, leaving_out: Iterable[str] = ()) -> None:
        """Every file below ``directory``, by its path there."""
        for path in sorted(path for path in directory.rglob("*") if path.is_file() and path.name not in leaving_out):
            self.add(str(path.relative_to(directory)), path.read_text(errors="replace"))

    @property
    def size(self) -> str:
        """How many outputs there are, and how long they are together."""
        length = sum(len(text.encode()) for text in self.texts.values())
        return f"{len(self.texts)} outputs ({length / 1e6:.1f} MB)"

    def holding(self, wanted: Iterable[str]) -> dict[str, str]:
        """The outputs that hold one of the texts ``wanted``, each with the surroundings of the first that it holds."""
        found: dict[str, str] = {}
        for text in wanted:
            for name, output in self.texts.items():
                place = output.find(text.casefold())
                if place >= 0:
                    found.setdefault(name, output[max(0, place - 200) : place + 200])
        return found

    def search(self, passwords: Iterable[str]) -> str:
        """Fail where any spelling of any of the ``passwords`` stands; otherwise the figure, as a sentence."""
        different = set(passwords)
        forms = {form for password in different for form in spellings(password)}
        assert self.texts
        found = self.holding(forms)
        assert not found, found
        return f"{self.size} searched for {len(forms)} spellings of {len(different)} passwords: 0 occurrences"
