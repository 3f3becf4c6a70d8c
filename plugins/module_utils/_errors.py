# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What can go wrong with a call of either API: one class or more for each stable ``reason``.

An error says what happened and the one thing to do next, in words that are safe to show: none of them ever holds
text that the server sent back with an authentication error (protocol 3.2).
"""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import ClassVar

# A locked account is open again so long after the last failed login (protocol 3.4).
LOCK_SECONDS = 900
# After a transient error; each further pause is twice as long.
FIRST_RETRY_PAUSE = 0.5


class Delivery(Enum):
    """What is known of the call that ended in an error."""

    NOT_SENT = "it never reached the server"
    UNANSWERED = "it may have been carried out: the server said nothing of its own"
    REJECTED = "the server refused it, so nothing was written"
    UNCLEAR = "the server said something that does not tell"


class ApiError(Exception):
    """The root of the tree. ``what`` happened and the ``remedy`` are sentences without a full stop at the end.

    ``aborts_run``: it is about the account, not about one agent, so asking for the next agent is useless and could
    lock the account (protocol 3.4). ``counts_as_failed_login``: the server may have counted one, or refuses all until
    it forgets those that it has counted, so no later task of the run tries the account again. ``forbids_calls``:
    nothing more may be sent, not even to take a BEGIN back. ``transient``: a STATUS may be repeated, ``retry_after`` so
    many seconds at the earliest.
    """

    reason: str
    aborts_run: ClassVar[bool] = False
    counts_as_failed_login: ClassVar[bool] = False
    delivery = Delivery.UNCLEAR
    forbids_calls = False
    transient = False
    retry_after = 0.0

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what = what
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.what}. {self.remedy}."

    @property
    def has_no_answer(self) -> bool:
        """Whether the server said nothing of its own."""
        return self.delivery in (Delivery.NOT_SENT, Delivery.UNANSWERED)


class InvalidArgumentError(ApiError):
    """An option that the server would misread: found before anything was sent."""

    reason = "invalid_argument"
    delivery = Delivery.NOT_SENT


class AccountError(ApiError):
    """The API account, or the API as a whole, is not fit."""

    aborts_run = True
    forbids_calls = True
    delivery = Delivery.REJECTED


class AuthenticationFailedError(AccountError):
    """Wrong user name or password (protocol 3.3, BAD)."""

    reason = "authentication_failed"
    counts_as_failed_login = True

    def __init__(self) -> None:
        super().__init__(
            "the server refused the user name or the password of the API account",
            "Check api_user and api_password before the next run: ten failed logins lock the account for 15 minutes",
        )


class AccountLockedError(AccountError):
    """Ten failures within the last 15 minutes (protocol 3.3, LOCK; 3.4). ``noticed_at``: seconds since 1970."""

    reason = "account_locked"
    counts_as_failed_login = True

    def __init__(self, noticed_at: float | None = None) -> None:
        until = "15 minutes after the last failed login"
        if noticed_at is not None:
            latest = datetime.fromtimestamp(noticed_at + LOCK_SECONDS, timezone.utc)
            until = f"{latest:%Y-%m-%d %H:%M:%S} UTC at the latest, unless further logins fail"
        super().__init__(
            f"the API account is locked after ten failed logins, until {until}; the right password is refused too",
            "Stop whatever uses a wrong password, and run it again then",
        )


class AddressBlockedError(AccountError):
    """The user group of the account does not allow the caller's address (protocol 3.3, IPBLOCK)."""

    reason = "address_blocked"

    def __init__(self) -> None:
        super().__init__(
            "the server does not accept the API account from this address",
            "Add the address of the host that runs the module to the API's IP list of the account's user group in "
            "VICIdial (User Groups, api_ip_list), or take it off the system's blacklist",
        )


class ApiAccessDeniedError(AccountError):
    """The account is right but lacks "Agent API Access" (protocol 3.3)."""

    reason = "api_access_denied"

    def __init__(self) -> None:
        super().__init__(
            "the user name and password are right, but the account may not use the Agent API",
            'Set "Agent API Access" to 1 for this user in VICIdial (Users, Modify User)',
        )


class PermissionDeniedError(AccountError):
    """``api_allowed_functions`` lacks ``stereo_recording`` (protocol 3.6)."""

    reason = "permission_denied"

    def __init__(self) -> None:
        super().__init__(
            "the API account has no permission for the function stereo_recording",
            'Add stereo_recording to "API Allowed Functions" of this user in VICIdial; recording alone is not enough',
        )


class LoginRefusedError(AccountError):
    """``Login incorrect``: also said of the right password when the user level is too low (protocol 5.3)."""

    reason = AuthenticationFailedError.reason
    counts_as_failed_login = True

    def __init__(self) -> None:
        super().__init__(
            "the Non-Agent API refused the user name or the password, or the user level of the API account is below 7",
            "Check api_user, api_password and the User Level first: ten failed logins lock the account for 15 minutes",
        )


class TwoFactorDueError(AccountError):
    """The account's two-factor authentication has run out, which the Non-Agent API looks at (protocol 5.3)."""

    reason = AuthenticationFailedError.reason

    def __init__(self) -> None:
        super().__init__(
            "the Non-Agent API wants the API account to pass its two-factor authentication first",
            "Exempt the API account from two-factor authentication in VICIdial",
        )


class ListDeniedError(AccountError):
    """The account may log in, but not see ``what`` others do (protocol 5.3, 8.3)."""

    reason = PermissionDeniedError.reason

    def __init__(self, what: str) -> None:
        super().__init__(
            f"the API account has no permission to list {what}",
            'Set "View Reports" and "Agent API Access" of this user to 1 in VICIdial (Users, Modify User)',
        )


class FunctionDeniedError(AccountError):
    """``api_allowed_functions`` lacks a ``function`` of the Non-Agent API."""

    reason = PermissionDeniedError.reason

    def __init__(self, function: str) -> None:
        super().__init__(
            f"the API account has no permission for the function {function}",
            f'Add {function} to "API Allowed Functions" of this user in VICIdial',
        )


class ApiInactiveError(AccountError):
    """The API, or every server behind it, is switched off (protocol 2.2; 3.3, ERRSERVERS)."""

    reason = "api_inactive"


class NoActiveServerError(ApiInactiveError):
    """Every server is switched off (protocol 3.3, ERRSERVERS): said without a word about the account."""

    def __init__(self) -> None:
        super().__init__(
            "this VICIdial system has no active server",
            "Set a server to active in VICIdial (Admin, Servers)",
        )


class NotValidError(ApiError):
    """``stereo_recording not valid``: the value, or stereo recording is switched off (protocol 4.1)."""

    reason = "not_valid"
    delivery = Delivery.REJECTED

    def __init__(self) -> None:
        super().__init__(
            "the server calls the request not valid, which is how it says that stereo recording is switched off",
            'Set "Allow Stereo Recordings" in VICIdial (Admin, System Settings)',
        )


class NotLoggedInError(ApiError):
    """The agent ``user`` has no live session (protocol 4.10)."""

    reason = "not_logged_in"
    delivery = Delivery.REJECTED

    def __init__(self, user: str) -> None:
        self.user = user
        super().__init__(
            "the agent is not logged in",
            "Have the agent log in to the agent screen, or set when_logged_out to ignore",
        )


class NoSuchUserError(ApiError):
    """No user has this ``custom_three`` (protocol 4.10)."""

    reason = "no_such_user"
    delivery = Delivery.REJECTED

    def __init__(self) -> None:
        super().__init__(
            "no VICIdial user has this alt_user in the field custom_three",
            "Correct alt_user, or fill in Custom 3 of the user in VICIdial",
        )


class NoLiveCallError(ApiError):
    """``require_call`` was asked for and STATUS does not say INCALL."""

    reason = "no_live_call"


class NotConfirmedError(ApiError):
    """A signal was sent and STATUS never showed its effect (protocol 4.3, 4.5)."""

    reason = "not_confirmed"


class TooManyRowsError(ApiError):
    """The recording log ends an answer after so many rows (protocol 8.1): whether there are more cannot be told."""

    reason = "too_many_rows"
    delivery = Delivery.REJECTED

    def __init__(self, most: int) -> None:
        super().__init__(
            f"the recording log gave {most} rows to one question, which is the most that VICIdial gives",
            "Ask for fewer agents, or leave kinds out",
        )


class UnsupportedServerError(ApiError):
    """The server's build does not know the function (protocol 2.6)."""

    reason = "unsupported_server"
    aborts_run = True
    delivery = Delivery.REJECTED

    def __init__(self, build: str, first_build: str) -> None:
        super().__init__(
            f"the server runs VICIdial build {build}, which has no stereo_recording function",
            f"Update VICIdial to build {first_build} or newer",
        )


class NotUnderstoodError(ApiError):
    """The answer is none of those that the Agent API gives in English. Never guessed at (protocol 2.5).

    ``quote`` is the reason part of an unknown ERROR line, or "". It aborts a run and counts as a failed login: a
    translated authentication error looks like this too.
    """

    reason = "not_understood"
    aborts_run = True
    counts_as_failed_login = True

    def __init__(self, what: str, remedy: str, quote: str = "") -> None:
        super().__init__(what, remedy)
        self.quote = quote


class TranslatedError(NotUnderstoodError):
    """A whole line in the form of an answer, but not in the API's English: probably a translated account."""


class UnknownRefusalError(NotUnderstoodError):
    """An ERROR line that is none of those that this collection knows, and not recognisably of another language."""

    def __init__(self, quote: str) -> None:
        super().__init__(
            "the server answered with an error that this collection does not know",
            "Look for it in VICIdial's documents of the API; if it is not English, set the language of the API user to "
            '"default English"',
            quote,
        )


class ParametersLostError(NotUnderstoodError):
    """The server misses what every call holds, its source or its function (protocol 1.3, 5.3), and ``said`` so."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f'the parameters of the request did not reach the server, which says "{said}"',
            "Look at what stands in front of the server: it drops the body of a POST request",
        )


class CutOffError(NotUnderstoodError):
    """The last line of an answer was begun and not finished."""

    def __init__(self) -> None:
        super().__init__(
            "the server's answer is cut off: it ends in the middle of a line",
            "Look at the error logs of the web server and of the proxies before it for what cuts answers off",
        )


class NoAnswerError(ApiError):
    """The body holds no answer at all, as when the database is down (protocol 2.7): it may be there next time."""

    reason = "not_understood"
    delivery = Delivery.UNANSWERED
    transient = True


class DefectError(ApiError):
    """An exception that nobody foresaw. Its text could hold the password, so only its kind and its place are told."""

    reason = "internal_error"
    aborts_run = True

    def __init__(self, error: BaseException) -> None:
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
        super().__init__(
            f"telephony.vicidial has a defect: {type(error).__name__}{place}",
            "Report this, and ask with vicidial_stereo_recording_info what is being recorded",
        )


class InterruptedRunError(ApiError):
    """Ctrl-C, or a cancelled job."""

    reason = "interrupted"

    def __init__(self) -> None:
        super().__init__("the task was interrupted", "Run it again: it goes on from what it finds")


class NotAttemptedError(ApiError):
    """Nothing was tried for this agent, or no more, because of ``cause``, whose reason it has."""

    def __init__(self, cause: ApiError) -> None:
        super().__init__(f"not attempted any further, because {cause.what}", cause.remedy)
        self.reason = cause.reason
        self.forbids_calls = cause.forbids_calls


class HttpError(ApiError):
    """An HTTP status other than 200: it comes from something in between, or from a crash (protocol 1.2)."""

    reason = "http_error"
    delivery = Delivery.UNANSWERED

    def __init__(
        self, what: str, remedy: str, transient: bool = False, retry_after: float = 0.0, body: bytes = b""
    ) -> None:
        super().__init__(what, remedy)
        self.transient = transient
        self.retry_after = retry_after
        self._body = body

    def take_body(self) -> bytes:
        """The body that came with it, once: it can hold the password, so it must not travel on with the error."""
        body, self._body = self._body, b""
        return body


class UnreachableError(ApiError):
    """No connection, or it broke."""

    reason = "unreachable"
    delivery = Delivery.UNANSWERED

    def __init__(self, what: str, remedy: str, delivery: Delivery, transient: bool = False) -> None:
        super().__init__(what, remedy)
        self.delivery = delivery
        self.transient = transient


class TlsError(UnreachableError):
    """The server's certificate is not trusted, or it speaks no TLS."""


class TimedOutError(ApiError):
    """No answer in time."""

    reason = "timeout"
    delivery = Delivery.UNANSWERED
    transient = True

    def __init__(self, what: str, remedy: str, delivery: Delivery) -> None:
        super().__init__(what, remedy)
        self.delivery = delivery
