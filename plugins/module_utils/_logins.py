# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What became of the logins of all items and attempts of one task, and which accounts it must not try again.

Ten failed logins lock an account (protocol 3.4), and an answer that got lost may have been that the login failed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

from ._errors import (
    ApiError,
    Delivery,
    LostLoginsError,
    RetoldError,
)

# One more than necessary, so that a task with `until` gets over a short trouble of the server.
MOST_LOST = 2
_ACCEPTED = "accepted"
_LOST = "lost"
_REFUSED = "refused"


@dataclass
class _Account:
    is_proven: bool = False
    lost: int = 0
    barred_by: ApiError | None = None


@dataclass
class Logins:
    """The accounts that were tried; ``told`` is the last login, in plain values for another process."""

    result_of_agent: dict[str, str] | None = None
    _accounts: dict[Hashable, _Account] = field(default_factory=dict)

    def why_barred(self, account: Hashable) -> ApiError | None:
        """Why ``account`` must not be tried again, if so."""
        known = self._accounts.get(account)
        return known.barred_by if known else None

    def note(self, account: Hashable, error: ApiError | None) -> None:
        """A call of ``account`` has failed with ``error``, or with none was answered."""
        kind = _kind(error)
        if kind is not None:
            self._note(account, kind, error)
            self.result_of_agent = {"kind": kind}
            if error is not None:
                self.result_of_agent.update(reason=error.reason, what=error.what, remedy=error.remedy)

    def note_elsewhere(self, account: Hashable, result_of_agent: Mapping[str, str]) -> None:
        """What ``told`` says of another process's login of ``account``."""
        error = (
            RetoldError(result_of_agent["reason"], result_of_agent["what"], result_of_agent["remedy"])
            if "reason" in result_of_agent
            else None
        )
        self._note(account, result_of_agent["kind"], error)

    def _note(self, account: Hashable, kind: str, error: ApiError | None) -> None:
        known = self._accounts.setdefault(account, _Account())
        if kind == _ACCEPTED:
            known.is_proven = True
        elif kind == _REFUSED:
            known.barred_by = error
        elif error is not None and not known.is_proven:
            known.lost += 1
            known.barred_by = LostLoginsError(error, known.lost) if known.lost >= MOST_LOST else None


def _kind(error: ApiError | None) -> str | None:
    """What ``error`` says of the login; None where the call certainly never reached the server."""
    if error is None:
        return _ACCEPTED
    if error.counts_as_failed_login:
        return _REFUSED
    if error.delivery is Delivery.REJECTED:
        return _ACCEPTED
    return None if error.delivery is Delivery.NOT_SENT else _LOST
