# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What became of the logins of an account in one run of Ansible, and whether a further one may be tried.

Ten failed logins lock an account (protocol 3.4), and an answer that got lost may have been that the login failed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace

from ._errors import ApiError, Delivery, TimedOutError

# The documented values of `login` in a module's result.
ACCEPTED = "accepted"
REJECTED = "rejected"
UNANSWERED = "unanswered"
NOT_SENT = "not_sent"

# Half of the failures that lock the account.
MOST_UNANSWERED = 5
_REMEDY = "Do what the first failure says, and run it again: ten failed logins lock the account for 15 minutes"
_SERVER_IS_GONE = ("unreachable", "timeout", "http_error")


def login_of(error: ApiError | None) -> str:
    """What a call that carried the credentials, and failed with ``error`` or with none, tells of the login."""
    if error is None:
        return ACCEPTED
    if error.counts_as_failed_login:
        return REJECTED
    if error.delivery is Delivery.REJECTED:
        return ACCEPTED
    return NOT_SENT if error.delivery is Delivery.NOT_SENT else UNANSWERED


@dataclass(frozen=True)
class LoginHistory:
    """The logins of one account in this run.

    ``login`` and ``reason`` are those of the last task; ``unanswered`` counts the logins without an answer since the
    account was last accepted, which proves that earlier logins did not fail; ``tasks`` counts all tasks.
    ``server_is_gone``: another task has just found that the server does not answer.
    """

    login: str | None = None
    reason: str | None = None
    unanswered: int = 0
    accepted: bool = False
    tasks: int = 0
    server_is_gone: bool = False

    @property
    def is_in_doubt(self) -> bool:
        """Whether the next login may fail, as far as this run knows."""
        return not self.accepted or self.unanswered > 0 or self.login == REJECTED

    def refusal(self) -> ApiError | None:
        """Why no login may be tried, if so."""
        if self.login == REJECTED:
            return self._error(f"the server has rejected a login of this account in this run ({self.reason})")
        if self.unanswered >= MOST_UNANSWERED:
            lost = f"the answers to {self.unanswered} logins of this run are not known"
            return self._error(f"{lost}, and each may have been a failed one")
        return None

    def after(self, login: str, reason: str | None) -> LoginHistory:
        """The history with a further task in it."""
        if self.login == REJECTED:
            return self
        if login == REJECTED and self.accepted and reason == "not_understood":
            login = UNANSWERED  # it is no translated refusal, for the account has been answered in English
        if login == NOT_SENT and reason not in _SERVER_IS_GONE:
            reason = self.reason
        unanswered = 0 if login == ACCEPTED else self.unanswered + (login == UNANSWERED)
        return LoginHistory(login, reason, unanswered, self.accepted or login == ACCEPTED, self.tasks + 1)

    def seen_from(self, before: LoginHistory) -> LoginHistory:
        """The history for a task that read ``before`` and then waited for other tasks."""
        is_gone = self.tasks > before.tasks and self.login == NOT_SENT and self.reason in _SERVER_IS_GONE
        return replace(self, server_is_gone=is_gone)

    def to_text(self) -> str:
        """The history for a file, or for a module's environment."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> LoginHistory:
        """The history that ``to_text`` wrote; an empty one for an empty text."""
        return cls(**json.loads(text)) if text else cls()

    def server_silence(self) -> ApiError | None:
        """That the server does not answer, where a task that went first has just found so."""
        return self._error("another task of this run just got no answer") if self.server_is_gone else None

    def _error(self, what: str) -> ApiError:
        error = ApiError(what, _REMEDY)
        error.reason = self.reason or TimedOutError.reason
        return error
