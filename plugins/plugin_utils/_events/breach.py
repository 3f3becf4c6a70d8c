# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""For how long an agent has not been as the rule says, and when that is told. Pure, no clock.

What an agent should be is the audit's business (``.._audit``). Here its finding, look for look, becomes at most one
event for a breach and one for its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from .._audit import CONFORMING, MISSING, UNEXPECTED, UNKNOWN

# Why a breach is over.
KEPT = "kept"
OVER = "over"


@dataclass(frozen=True)
class Breach:
    """That an agent is ``kind`` ("missing" or "unexpected"; "" for neither) in one ``call``, seen so since ``since``.

    ``told``: there was an event about it.
    """

    kind: str = ""
    call: str = ""
    since: float = 0.0
    told: bool = False

    def next(self, finding: str | None, call: str, now: float) -> tuple[Breach, str | None]:
        """The breach after a look that came to ``finding`` (None: the rule is not about this agent now), and its end.

        The end is None, or why the one that was told is over: ``kept`` or ``over``. A breach that was not told ends
        without an event; so does one that a look could not see, since it is not known whether it lasted.
        """
        if finding == UNKNOWN:
            return (self if self.told else Breach()), None
        is_broken = finding in (MISSING, UNEXPECTED)
        if is_broken and (self.kind, self.call) == (finding, call):
            return self, None
        following = Breach(finding or "", call, now) if is_broken else Breach()
        if not self.told:
            return following, None
        return following, KEPT if finding == CONFORMING and call == self.call else OVER

    def is_due(self, now: float, for_seconds: float) -> bool:
        """Whether it has lasted for ``for_seconds`` and was not told yet."""
        return bool(self.kind) and not self.told and now - self.since >= for_seconds

    def as_told(self) -> Breach:
        """The same, told."""
        return replace(self, told=True)
