# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What the Agent API answered: the bytes of a body become a reply or a typed error. No I/O, nothing of Ansible.

Total: whatever bytes come, the outcome is one of the classes here or an :class:`~._errors.ApiError`. Nothing that is
not literally an answer counts as one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Union

from .._errors import (
    AccountLockedError,
    AddressBlockedError,
    ApiAccessDeniedError,
    ApiError,
    ApiInactiveError,
    AuthenticationFailedError,
    CutOffError,
    NoActiveServerError,
    NoAnswerError,
    NoSuchUserError,
    NotLoggedInError,
    NotUnderstoodError,
    NotValidError,
    ParametersLostError,
    PermissionDeniedError,
    TranslatedError,
    UnknownRefusalError,
)
from .names import is_user
from .surroundings import LINE_START, is_cut_off, quotable, read
from .words import AGENT_STATUSES, IDLE, INVALID_SOURCE, MONO_RECORDING, RECORDING, STEREO_RECORDING


@dataclass(frozen=True)
class Status:
    """What STATUS shows of an agent (protocol 4.2): the fields' names are those of the API's documentation.

    ``recording_id`` is None when nothing is being recorded; the three fields after it then are too.
    ``start_time`` is ``YYYY-MM-DD HH:MM:SS`` in the time zone of the web server.
    """

    user: str
    recording_id: int | None
    filename: str | None
    server: str | None
    start_time: str | None
    agent_server: str
    session: str
    agent_status: str

    @property
    def state(self) -> str:
        """``recording`` or ``idle``."""
        return IDLE if self.recording_id is None else RECORDING


@dataclass(frozen=True)
class Sent:
    """A signal was put into the agent's slot: queued, not done (protocol 4.3)."""

    user: str


@dataclass(frozen=True)
class NothingToEnd:
    """END found no live recording, and nothing was written (protocol 4.6)."""

    user: str


@dataclass(frozen=True)
class Waiting:
    """What waits in the agent's slot (protocol 4.14): the ``signal``, "" for none, None where the account may not look.

    PHP 7 shows no signal and says that none waits.
    """

    user: str
    signal: str | None


Reply = Union[Status, Sent, NothingToEnd]


@dataclass(frozen=True)
class Version:
    """What ``function=version`` tells (protocol 1.4): ``build`` reads YYMMDD-HHMM and sorts by time.

    ``date`` is the server's wall time, as it prints times; ``epoch`` the same moment in seconds, cut to a whole one.
    """

    version: str
    build: str
    date: str | None = None
    epoch: int | None = None


# The word, then the rest of a line that the server finished: half a line is no answer.
_RESULT_LINE = re.compile(LINE_START + r"(ERROR|NOTICE|SUCCESS): ([^\n]*)\n", re.MULTILINE)
_VERSION_LINE = re.compile(
    LINE_START + r"[^\s:|]+: ([^|\n]+)\|BUILD: ([0-9]{6}-[0-9]{4})\|"
    r"(?:[^\s:|]+: ([^|\n]*)\|EPOCH: ([0-9]{1,12})\b)?[^\n]*\n",
    re.MULTILINE,
)
# What could be an authentication error, in any language: asking again could cost a failed login.
_LINE_WITH_WORD = re.compile(LINE_START + r"\w+: ", re.MULTILINE)
# A whole line in one of the two forms that have fields, in any language (protocol 2.1, 2.2). The lookahead
# checks first that it is whole: a check at the end would run once for every dash in the line.
_LINE_WITH_FIELDS = re.compile(LINE_START + r"(?=[^\n]*\n)\w+: [^|\n]+(?: - |: \|)", re.MULTILINE)
_AUTHENTICATION = "Invalid Username/Password: |"
_BLANKS = "\0\r\t "
_STATUS_FIELDS = 8
_LONGEST_ID = 18

_REFUSALS: dict[str, Callable[[], ApiError]] = {
    f"{STEREO_RECORDING} not valid": NotValidError,
    "auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION": PermissionDeniedError,
    "no user found": NoSuchUserError,
}
_ACCOUNT_MESSAGES: tuple[tuple[str, Callable[[], ApiError]], ...] = (
    ("LOCK", AccountLockedError),
    ("IPBLOCK", AddressBlockedError),
)


def parse_reply(body: bytes) -> Reply:
    """The one answer in ``body``, whatever stands around it (protocol 2.3).

    Raises the ApiError that the server's ERROR stands for (the first ERROR decides, protocol 2.4), NotUnderstoodError
    for text that is no answer in English, NoAnswerError for a body without any.
    """
    word, rest = _result_line(body)
    return _error(rest) if word == "ERROR" else _answer(word, rest)


def parse_waiting(body: bytes) -> Waiting:
    """What the mono function's STATUS tells of the slot (protocol 4.14). Raises as :func:`parse_reply` does."""
    word, rest = _result_line(body)
    reason, _separator, tail = rest.partition(" - ")
    fields = tail.split("|")
    if word == "NOTICE" and reason in (f"{MONO_RECORDING} active", f"not {MONO_RECORDING}") and is_user(fields[0]):
        shown = (*fields, "")[1]
        return Waiting(fields[0], "" if shown.isdigit() else shown)  # a number is the id of a mono recording
    if word == "ERROR":
        _error(rest)
    raise _not_english(reason)


def _result_line(body: bytes) -> tuple[str, str]:
    """The word and the rest of the line that counts: the first ERROR, or else the only one."""
    text = read(body)
    lines: list[tuple[str, str]] = _RESULT_LINE.findall(text)
    errors = [line for line in lines if line[0] == "ERROR"]
    if not errors and len(lines) != 1:
        raise _no_single_answer(text, len(lines))
    word, rest = (errors or lines)[0]
    return word, rest.rstrip(_BLANKS)


def parse_version(body: bytes) -> Version:
    """The version line, in any language (protocol 2.5). Raises NoAnswerError when there is none."""
    text = read(body)
    found = _VERSION_LINE.search(text)
    if found is None:
        raise NoAnswerError(
            "the server's version is cut off"
            if is_cut_off(text)
            else "what answers at this address does not tell its version as VICIdial does",
            "Check that api_url leads to VICIdial's /agc/api.php and that its database is up",
        )
    version, build, date, epoch = found.groups()
    return Version(version, build, date, int(epoch) if epoch else None)


def _answer(word: str, rest: str) -> Reply:
    reason, _separator, tail = rest.partition(" - ")
    fields = tail.split("|")
    if _are_of_an_agent(fields):
        if word == "SUCCESS" and reason == f"{STEREO_RECORDING} function sent":
            return Sent(fields[0])
        if word == "NOTICE" and reason == f"not {STEREO_RECORDING}" and not any(fields[1:5]):
            return Status(fields[0], None, None, None, None, *fields[5:])
        if word == "NOTICE" and reason == f"{STEREO_RECORDING} active" and fields[1]:
            return _active(fields)
    raise _not_english(reason)


def _are_of_an_agent(fields: list[str]) -> bool:
    """Whether these are the eight fields that every answer about a logged-in agent has (protocol 4.2)."""
    return len(fields) == _STATUS_FIELDS and fields[7] in AGENT_STATUSES and is_user(fields[0])


def _active(fields: list[str]) -> Status:
    user, recording_id, filename, server, start_time = fields[:5]
    if not re.fullmatch("[0-9]+", recording_id):
        # A signal still in the slot can pass for an id: that is no recording (protocol 2.8).
        return Status(user, None, None, None, None, *fields[5:])
    if len(recording_id) > _LONGEST_ID:
        raise _not_english("")
    return Status(user, int(recording_id), filename or None, server or None, start_time or None, *fields[5:])


def _error(rest: str) -> Reply:
    """The reply or the exception that an ERROR line stands for."""
    if rest.startswith(_AUTHENTICATION):
        raise _account_error(rest[len(_AUTHENTICATION) :].split("|"))
    if rest == "System API NOT ACTIVE":
        raise ApiInactiveError(
            "the API of this VICIdial system is switched off",
            'Set "API Active" in VICIdial (Admin, System Settings)',
        )
    reason, _separator, tail = rest.partition(" - ")
    if rest.startswith(INVALID_SOURCE):
        raise ParametersLostError(INVALID_SOURCE)
    if reason in _REFUSALS:
        raise _REFUSALS[reason]()
    if reason == "agent_user is not logged in":
        raise NotLoggedInError(tail)
    fields = tail.split("|")
    if reason == f"stop {STEREO_RECORDING} error" and _are_of_an_agent(fields) and not any(fields[1:5]):
        return NothingToEnd(fields[0])
    if reason.isascii():
        raise UnknownRefusalError(quotable(reason))
    raise _not_english(reason)


def _account_error(fields: list[str]) -> ApiError:
    """USER|PASS|AUTH|AUTH_API|MESSAGE|: only the last two are looked at, none is kept (protocol 3.2, 3.3)."""
    auth_api, message = (*fields, "", "", "", "", "")[3:5]
    for start, error in _ACCOUNT_MESSAGES:
        if message.startswith(start):
            return error()
    if message.startswith("ERRSERVERS"):
        return NoActiveServerError()
    if message.startswith("GOOD") and auth_api == "0":
        return ApiAccessDeniedError()
    return AuthenticationFailedError()


def _not_english(reason: str, kind: type[NotUnderstoodError] = TranslatedError) -> NotUnderstoodError:
    return kind(
        "the server's answer is none that the Agent API gives in English, probably because of a translated account",
        'Set the language of the API user to "default English" in VICIdial',
        quotable(reason),
    )


def _no_single_answer(text: str, found: int) -> ApiError:
    if found:
        return NotUnderstoodError(
            f"the server gave {found} answers to one request",
            "Look at the web server's error log for what else writes into its answers",
        )
    if "<html" in text.lower():
        return NotUnderstoodError(
            "a web page came back instead of an answer of the Agent API",
            "Check api_url, and that no login page or proxy stands in front of /agc/api.php",
        )
    if _LINE_WITH_FIELDS.search(text):
        return _not_english("")
    if is_cut_off(text):
        return CutOffError()
    if "|" in text or _LINE_WITH_WORD.search(text):
        return _not_english("", NotUnderstoodError)
    return NoAnswerError(
        "the server's answer holds no result, as when its database is down",
        "Check the database and the web server's error log of the VICIdial system",
    )
