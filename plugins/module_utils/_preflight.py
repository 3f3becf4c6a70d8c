# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What a server's answers prove of its fitness: its version, STATUS of an agent, a list, the log. No I/O, no clock.

The server makes its checks in a fixed order (protocol 3.1, 4.1). So an answer proves what comes before it, disproves
what it is about, and says nothing of what comes after: that is unknown, never passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any, NamedTuple

from ._errors import (
    AccountError,
    AccountLockedError,
    AddressBlockedError,
    ApiAccessDeniedError,
    ApiError,
    ApiInactiveError,
    AuthenticationFailedError,
    InvalidArgumentError,
    LoginRefusedError,
    NoActiveServerError,
    NotLoggedInError,
    NotValidError,
    PermissionDeniedError,
    TimedOutError,
    TlsError,
    TranslatedError,
    UnreachableError,
    UnsupportedServerError,
)
from ._protocol.replies import Version
from ._protocol.words import FIRST_STEREO_BUILD, LISTING, RECORDING_LOG, STEREO_RECORDING

PASSED = "passed"
FAILED = "failed"
UNKNOWN = "unknown"

# The reasons that belong to no ApiError: the module finds them itself, whatever the server says.
INSECURE_CONNECTION = "insecure_connection"
CLOCK_DIFFERENCE = "clock_difference"

# Start times and schedules that are further apart than this mislead whoever compares them.
MOST_SECONDS_APART = 5.0
_QUARTER_OF_AN_HOUR = 900
_FARTHEST_OFFSET = 14 * 3600

# What an answer of the account proves, in the order of the server's own checks.
_LOGIN = ("address", "lock", "credentials")
_ACCOUNT_MEANINGS = {
    "address": "The server lets the API account in from this address",
    "lock": "The API account is not locked",
    "credentials": "The user and the password of the API account are right",
    "api_access": 'The API account has "Agent API Access"',
    "api_active": "The API is switched on, and so is a server behind it",
    STEREO_RECORDING: '"Allow Stereo Recordings" is on in the System Settings; what campaigns and in-groups are set '
    "to, the API does not show",
    "permission": "The API account may call the function stereo_recording",
    "language": "The server answers the API account in English",
}
CHECKS = ("server", "tls", "build", "clock", *_ACCOUNT_MEANINGS, LISTING, RECORDING_LOG)
# The checks of the Non-Agent API. Recordings do not need it, so a server that fails them may be fit.
_NON_AGENT_CHECKS = frozenset((LISTING, RECORDING_LOG))
# A server may be fit where these are unknown: nothing that this collection does depends on the server's clock.
_MAY_BE_UNKNOWN = frozenset(("clock", *_NON_AGENT_CHECKS))


class _Lookup(NamedTuple):
    """What a question to the Non-Agent API shows: what the account may do, what it may not, and who needs it."""

    may: str
    may_not: str
    unknown: str
    needed_by: str


_LOOKUPS = {
    LISTING: _Lookup(
        "The API account may list the agents whom its user group may see",
        "No agents can be listed",
        "whether agents can be listed",
        "the audit, the inventory and everything that takes campaigns need",
    ),
    RECORDING_LOG: _Lookup(
        "The API account may search the recording log",
        "The recording log cannot be searched",
        "whether the recording log can be searched",
        "the playbook recordings, receipts of windows and audits of every kind of recording need",
    ),
}


class _Proof(NamedTuple):
    """What an error of the server disproves, and the checks that it must have passed to get so far."""

    disproved: str
    proven: tuple[str, ...] = ()


_PROOFS: dict[type[ApiError], _Proof] = {
    TlsError: _Proof("tls"),
    UnsupportedServerError: _Proof("build"),
    NoActiveServerError: _Proof("api_active", _LOGIN),
    AddressBlockedError: _Proof("address", ("lock", "credentials")),
    AccountLockedError: _Proof("lock"),
    AuthenticationFailedError: _Proof("credentials"),
    ApiAccessDeniedError: _Proof("api_access", _LOGIN),
    ApiInactiveError: _Proof("api_active", (*_LOGIN, "api_access")),
    NotValidError: _Proof(STEREO_RECORDING, (*_LOGIN, "api_access", "api_active")),
    PermissionDeniedError: _Proof("permission", (*_LOGIN, "api_access", "api_active", STEREO_RECORDING)),
    TranslatedError: _Proof("language"),
}


@dataclass(frozen=True)
class Transport:
    """How the password travels, and ``to`` whom at first. ``is_loopback``: it does not leave this machine."""

    to: str
    encrypted: bool
    verified: bool
    is_loopback: bool


@dataclass(frozen=True)
class Answers:
    """What the server said. ``sent`` and ``came`` are seconds since the epoch on this machine's clock.

    ``version`` is None where the server did not tell it. ``trouble`` is the error of the version, the reason not to ask
    STATUS after it, or the error of STATUS; None where STATUS was answered, which includes that the agent is not logged
    in. ``lookups`` holds, for the list of agents and the log, the error or None; a lookup that was not made is absent,
    unless it is known to fail.
    """

    version: Version | None = None
    sent: float = 0.0
    came: float = 0.0
    trouble: ApiError | None = None
    lookups: Mapping[str, ApiError | None] = field(default_factory=dict)

    @property
    def disproved(self) -> str | None:
        """The check that the trouble is about; None where it is about none of them, such as a time-out of STATUS."""
        if self.version is None and not isinstance(self.trouble, TlsError):
            return "server"
        proof = _PROOFS.get(type(self.trouble)) if self.trouble else None
        return proof.disproved if proof else None


@dataclass(frozen=True)
class Finding:
    """One check: what its ``status`` means, and what to do unless it passed. Both are sentences."""

    check: str
    status: str
    meaning: str
    remedy: str | None = None


def reason_not_to_log_in(version: Version) -> ApiError | None:
    """Why there is nothing to be learned from a login: the server's build would answer it with an empty page."""
    return UnsupportedServerError(version.build, FIRST_STEREO_BUILD) if version.build < FIRST_STEREO_BUILD else None


def trouble_of(error: ApiError) -> ApiError | None:
    """``error`` of STATUS, None for NotLoggedInError: the server checks that last, so all else has passed."""
    return None if isinstance(error, NotLoggedInError) else error


def may_look_up(answers: Answers) -> bool:
    """Whether the login is known to be right, so that asking for the list is no second failure of a wrong password."""
    return set(_LOGIN) <= _proven(answers.trouble, answers.version).keys()


def bars_lookups(error: ApiError | None) -> bool:
    """Whether the Non-Agent API would answer each further question with ``error`` too, and count a failed login."""
    return isinstance(error, (LoginRefusedError, InvalidArgumentError))


def findings(transport: Transport, answers: Answers) -> list[Finding]:
    """Every check, in the order of ``CHECKS``."""
    meanings = {**_server_meanings(answers.version), **_proven(answers.trouble, answers.version)}
    special = {
        "tls": _tls(transport, answers),
        "clock": _clock(answers),
        **{check: _lookup(check, answers) for check in _LOOKUPS},
    }
    return [special.get(check) or _judge(check, meanings, answers) for check in CHECKS]


def report(transport: Transport, answers: Answers) -> dict[str, Any]:
    """What the module returns: the same keys, whatever was answered."""
    found = findings(transport, answers)
    blocking = [finding.check for finding in found if _blocks(finding)]
    version = answers.version
    return {
        "changed": False,
        "fit": not blocking,
        "blocking": blocking,
        "checks": [asdict(finding) for finding in found],
        "version": version.version if version else None,
        "build": version.build if version else None,
        "clock_difference": _difference(answers),
        "utc_offset": _utc_offset(version),
        "reason": _reason(found, answers.trouble) if blocking else None,
        "msg": _message(found, answers),
    }


def _server_meanings(version: Version | None) -> dict[str, str]:
    if version is None:
        return {}
    known = f"Build {version.build} knows stereo_recording, as every build from {FIRST_STEREO_BUILD} on"
    return {"server": f"A VICIdial answers: version {version.version}, build {version.build}", "build": known}


def _proven(trouble: ApiError | None, version: Version | None) -> dict[str, str]:
    """What is proven of the account, with what that means."""
    if version is None:
        return {}
    if trouble is None:
        return _ACCOUNT_MEANINGS
    proof = _PROOFS.get(type(trouble))
    return {check: _ACCOUNT_MEANINGS[check] for check in proof.proven} if proof else {}


def _judge(check: str, meanings: dict[str, str], answers: Answers) -> Finding:
    if answers.trouble is not None and check == answers.disproved:
        return _finding(check, FAILED, answers.trouble.what, answers.trouble.remedy)
    if check in meanings:
        return _finding(check, PASSED, meanings[check])
    return _unknown(check, answers)


def _tls(transport: Transport, answers: Answers) -> Finding:
    """The configuration alone can fail; only a server that was reached can pass."""
    if isinstance(answers.trouble, TlsError):
        return _finding("tls", FAILED, answers.trouble.what, answers.trouble.remedy)
    if transport.is_loopback:
        return _finding("tls", PASSED, "The password does not leave this machine")
    if not transport.encrypted:
        return _finding(
            "tls",
            FAILED,
            f"The password travels to {transport.to} in clear, for api_url is plain http",
            "Give the web server a certificate, and set api_url to its https address",
        )
    if not transport.verified:
        return _finding(
            "tls",
            FAILED,
            "The certificate is not verified, so whoever stands between here and the server can take the password",
            "Set validate_certs to true, and ca_path to the CA that signed the server's certificate",
        )
    if answers.version is None and isinstance(answers.trouble, (UnreachableError, TimedOutError)):
        return _unknown("tls", answers)
    return _finding("tls", PASSED, "The connection is encrypted, and the server's certificate is verified")


def _lookup(check: str, answers: Answers) -> Finding:
    """What the account may do over the Non-Agent API, in words for one whose login is known to be right."""
    if check not in answers.lookups:
        return _unknown(check, answers)
    lookup, error = _LOOKUPS[check], answers.lookups[check]
    if error is None:
        return _finding(check, PASSED, lookup.may)
    what, remedy = error.what, error.remedy
    if isinstance(error, LoginRefusedError):
        what = "the User Level of the API account is below 7, and each such question counts as a failed login"
        remedy = "Give this user a User Level of 7 or more in VICIdial (Users, Modify User)"
    who = f"which {lookup.needed_by}, and stereo recordings do not"
    if isinstance(error, (AccountError, InvalidArgumentError)):
        return _finding(check, FAILED, f"{lookup.may_not}, {who}: {what}", remedy)
    return _finding(check, UNKNOWN, f"It is not known {lookup.unknown}, {who}: {what}", remedy)


def _clock(answers: Answers) -> Finding:
    """By the EPOCH, which knows no time zones (protocol 1.4). Where the delay of the answer decides, it is unknown."""
    difference = _difference(answers)
    if answers.version is None:
        return _unknown("clock", answers)
    if difference is None:
        return _finding("clock", UNKNOWN, "The server does not tell its time", "Compare the two clocks yourself")
    doubt = (1 + answers.came - answers.sent) / 2
    side = "ahead of" if difference > 0 else "behind"
    texts = f"The server's clock is {abs(difference):.1f} seconds {side} this machine's, give or take {doubt:.1f}"
    if abs(difference) + doubt <= MOST_SECONDS_APART:
        return _finding("clock", PASSED, texts)
    status = FAILED if abs(difference) - doubt > MOST_SECONDS_APART else UNKNOWN
    return _finding("clock", status, texts, "Have NTP set the clocks of the VICIdial servers and of this machine")


def _difference(answers: Answers) -> float | None:
    """Seconds that the server's clock is ahead: its whole second, somewhere between the question and the answer."""
    if answers.version is None or answers.version.epoch is None:
        return None
    return round(answers.version.epoch + 0.5 - (answers.sent + answers.came) / 2, 1)


def _utc_offset(version: Version | None) -> str | None:
    """The time zone that the server prints times in, such as ``+01:00``: its DATE against its EPOCH."""
    if version is None or version.date is None or version.epoch is None:
        return None
    try:
        shown = datetime.strptime(version.date, "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
    offset = round((shown - version.epoch) / _QUARTER_OF_AN_HOUR) * _QUARTER_OF_AN_HOUR
    if abs(offset) > _FARTHEST_OFFSET:
        return None
    hours, minutes = divmod(abs(offset) // 60, 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _unknown(check: str, answers: Answers) -> Finding:
    """A check that the trouble kept from being made."""
    what, remedy = "nothing was answered", "Run this again"
    if answers.trouble is not None:
        what, remedy = answers.trouble.what, answers.trouble.remedy
    if answers.disproved is not None:
        remedy = f"Clear up the check {answers.disproved} first, then run this again"
    return _finding(check, UNKNOWN, f"Not known, because {what}", remedy)


def _finding(check: str, status: str, meaning: str, remedy: str | None = None) -> Finding:
    return Finding(check, status, _sentence(meaning), _sentence(remedy) if remedy else None)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _blocks(finding: Finding) -> bool:
    if finding.status == FAILED:
        return finding.check not in _NON_AGENT_CHECKS
    return finding.status == UNKNOWN and finding.check not in _MAY_BE_UNKNOWN


def _reason(found: list[Finding], trouble: ApiError | None) -> str:
    """Why it is not fit: what the server or the network said comes before what can be seen from here."""
    if trouble is not None:
        return trouble.reason
    failed = {finding.check for finding in found if finding.status == FAILED}
    return INSECURE_CONNECTION if "tls" in failed else CLOCK_DIFFERENCE


def _message(found: list[Finding], answers: Answers) -> str:
    """All that failed, each with its remedy, and the names of what is not known."""
    verdict = "Not fit" if any(map(_blocks, found)) else "Fit"
    texts = [f"{finding.check}: {finding.meaning} {finding.remedy}" for finding in found if finding.status == FAILED]
    if answers.trouble is not None and answers.disproved is None:
        texts.append(_sentence(str(answers.trouble).rstrip(".")))
    unknown = [finding.check for finding in found if finding.status == UNKNOWN]
    if unknown:
        texts.append(f"Unknown: {', '.join(unknown)}.")
    return " ".join([f"{verdict} for stereo recordings.", *texts])
