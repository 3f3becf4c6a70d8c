# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""How many calls are out at once: as many as the server answers without becoming slower for others. Pure, no clock.

Where more calls are out than a server can work on, they come back later, and so do the calls of every agent's screen
(protocol 7). So the limit starts with one, grows while calls come back about as quickly as the quickest ones, and
shrinks by one when they clearly do not, as in TCP Vegas and Netflix's concurrency-limits. It doubles until calls have
come back less quickly for the first time, and grows by one from then on. With one call at a time nobody waits because
of us, so the time of the quickest calls is then measured anew.
"""

from __future__ import annotations

# How much longer than the quickest typical time calls may take for the limit to grow, or must for it to shrink.
STILL_QUICK, TOO_SLOW = 1.2, 1.5
# How many calls give a typical time, while the limit is 1 and later. Their lower median ignores the slower first calls
# of new connections: one while the limit is 1, one at 2, two at 4.
_FIRST_SAMPLES, _SAMPLES = 2, 4


class ConcurrencyLimit:
    """A limit between 1 and ``most`` that follows how quickly calls of one kind come back."""

    def __init__(self, most: int) -> None:
        self.value = 1
        self._most = most
        self._doubles = True
        self._quickest: float | None = None
        self._recent: list[float] = []

    def note(self, seconds: float, at_once: int) -> None:
        """A call took ``seconds`` while ``at_once`` were out, itself included."""
        self._recent.append(seconds)
        is_alone = self.value == 1
        if len(self._recent) < (_FIRST_SAMPLES if is_alone else _SAMPLES):
            return
        typical = sorted(self._recent)[(len(self._recent) - 1) // 2]
        self._recent.clear()
        self._quickest = typical if is_alone else min(typical, self._quickest or typical)
        is_quick = typical <= self._quickest * STILL_QUICK
        self._doubles = self._doubles and is_quick
        if typical > self._quickest * TOO_SLOW:
            self.value = max(self.value - 1, 1)
        elif is_quick and at_once >= self.value:
            self.value = min(self.value * 2 if self._doubles else self.value + 1, self._most)
