# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of every call that reached the web server: the proof of what a client did, and of what it did not."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One call. ``sources`` tells for each parameter whether it came in the "url" or in the "body".

    ``address`` and ``port`` are the client's: one port is one connection. ``result`` is the word and the reason of the
    answer's first line without its fields, and never a password, also where a fault kept the answer from the client;
    ``worked`` is False where one kept the call from the application; ``status`` is None where no answer was sent;
    ``time`` is the dialer's clock.
    """

    number: int
    time: float
    address: str
    port: int
    method: str
    path: str
    sources: dict[str, str]
    source: str
    function: str
    value: str
    agent_user: str
    alt_user: str
    account: str
    worked: bool
    fault: str | None
    status: int | None
    result: str


class Journal:
    """The entries since the start or the last :meth:`clear`, oldest first."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, **details: Any) -> None:
        """Append an entry; ``details`` are the fields of :class:`Entry` but its number."""
        self._entries.append(Entry(number=len(self._entries) + 1, **details))

    def entries(self, last: int | None = None) -> list[dict[str, Any]]:
        """All entries as plain data, or the ``last`` so many."""
        wanted = self._entries if last is None else self._entries[max(0, len(self._entries) - last) :]
        return [asdict(entry) for entry in wanted]

    def clear(self) -> None:
        """Forget all entries."""
        self._entries.clear()


def result_of(body: str) -> str:
    """The word and the reason of the first answer in ``body``; "" where it holds none."""
    found = re.search(
        r"^((?:ERROR|NOTICE|SUCCESS|AVISO|Exitoso|VERSION|Versión): ?[^|\n]*?)(?: - |: |\||$)", body, re.M
    )
    return found.group(1) if found else ""
