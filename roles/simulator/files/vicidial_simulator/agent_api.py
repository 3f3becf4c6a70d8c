# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``/agc/api.php`` answers: parameters in, text out (protocol 1.3, 1.4, 2 to 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .accounts import (
    LOCKED_SECONDS,
    Account,
    hash_password,
    log_in,
    strip_alt_user,
    strip_name,
    strip_password,
)
from .clock import wall_time
from .dialer import Agent, Dialer, Recording
from .translations import DEFAULT_LANGUAGE, translate

FIRST_STEREO_BUILD = "250830-2102"
LABEL_BYTES = 14
SHORTEST_SOURCE = 2
SHORTEST_ALT_USER = 2
WARNING_LINES = 157


@dataclass(frozen=True)
class Function:
    """One of the two recording functions: its name, and its values besides STATUS."""

    name: str
    begin: str
    end: str

    @property
    def values(self) -> tuple[str, str, str]:
        """What the function is called with."""
        return self.begin, self.end, "STATUS"

    def knows(self, value: str) -> bool:
        """Whether ``value`` is one for this function: whatever contains one of its three is (protocol 4.1)."""
        return any(word in value for word in self.values)


STEREO = Function("stereo_recording", "BEGIN", "END")
# Named "recording" in the API: START and STOP, over the same slot as the stereo function (protocol 4.4).
MONO_FUNCTION = Function("recording", "START", "STOP")


class AgentApi:
    """The Agent API of a :class:`~.dialer.Dialer`."""

    path = "/agc/api.php"

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    def answer(self, params: Mapping[str, str], address: str) -> str:
        """The body of :meth:`respond`; "" is an answer as well (2.6)."""
        return self.respond(params, address)[1]

    def respond(self, params: Mapping[str, str], address: str) -> tuple[int, str]:
        """The HTTP status and the body for one call with ``params`` from the client ``address`` (1.2, 1.8, 1.9)."""
        system = self._dialer.system
        text = "".join(self._lines(params, address))
        if system.is_php8 and not system.web_root_writable and "|BAD|0|api|" in text:
            return 500, ""
        is_logged = params.get("function") != "version"
        status = 500 if is_logged and text and system.is_php8 and system.log_insert_fails else 200
        return status, _dressed(text, params, system.display_errors)

    def _lines(self, params: Mapping[str, str], address: str) -> list[str]:
        system = self._dialer.system
        account = self._dialer.account(strip_name(params.get("user", "")))
        say = _Voice(account.language if account and system.enable_languages else DEFAULT_LANGUAGE)
        if params.get("function") == "version":
            return [self._version(say)]
        source = re.sub(r"[^0-9a-zA-Z]", "", params.get("source", ""))
        if len(source) < SHORTEST_SOURCE:
            return [say.line("ERROR", "Invalid Source", source)]
        refused = self._authenticate(account, params, address, say)
        if refused:
            return [refused]
        if not system.api_active:
            return ["ERROR: System API NOT ACTIVE\n"]
        assert account is not None  # noqa: S101 - _authenticate refuses an unknown one
        if params.get("function") == STEREO.name and system.build >= FIRST_STEREO_BUILD:
            return self._record(STEREO, system.stereo_recordings, account, params, say)
        if params.get("function") == MONO_FUNCTION.name:
            return self._record(MONO_FUNCTION, True, account, params, say)
        return []

    def _version(self, say: _Voice) -> str:
        system, now = self._dialer.system, self._dialer.clock.now()
        date = wall_time(now, system.utc_offset)
        version, date_word = say.word("VERSION"), say.word("DATE")
        return f"{version}: {system.version}|BUILD: {system.build}|{date_word}: {date}|EPOCH: {int(now)}\n"

    def _authenticate(self, account: Account | None, params: Mapping[str, str], address: str, say: _Voice) -> str:
        """The authentication error, which echoes the stripped password (protocol 3.1 to 3.3); "" when all is well."""
        system, now = self._dialer.system, self._dialer.clock.now()
        sent, user = params.get("pass", ""), strip_name(params.get("user", ""))
        password = strip_password(sent)
        message = log_in(account, password, now, hashed=system.hashed_passwords)
        if message == "GOOD" and account is not None:
            message = "GOOD" if system.active_servers else "ERRSERVERS"
            message = message if account.admits(address) else "IPBLOCK"
        api = int(account is not None and account.agent_api_access)
        if message == "GOOD" and api:
            return ""
        if message == "BAD":
            message += f"|0|api|{_login_query(user, password, system.hashed_passwords, now)}"
        shown = sent if system.echoes_raw else password
        reason = say.word("Invalid Username/Password")
        return f"{say.word('ERROR')}: {reason}: |{user}|{shown}|{int(message == 'GOOD')}|{api}|{message}|\n"

    def _record(
        self, function: Function, allowed: bool, account: Account, params: Mapping[str, str], say: _Voice
    ) -> list[str]:
        value = params.get("value", "")
        user, alt_user = strip_name(params.get("agent_user", "")), strip_alt_user(params.get("alt_user", ""))
        if len(alt_user) < SHORTEST_ALT_USER:
            alt_user = ""
        if not function.knows(value) or not (user or alt_user) or not allowed:
            return [say.line("ERROR", f"{function.name} not valid", value, user)]
        if not account.may_call(function.name):
            permission = "auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION"
            return [say.line("ERROR", permission, value, account.user, function.name, account.user_group)]
        lines = []
        if alt_user:
            found = self._dialer.user_of(alt_user)
            if found is None:
                lines.append(say.line("ERROR", "no user found", alt_user))  # and the script goes on: protocol 2.4
            user = found or user
        agent = self._dialer.agent(user)
        if agent is None:
            return [*lines, say.line("ERROR", "agent_user is not logged in", user)]
        if value == "STATUS":
            return [*lines, self._status(function, agent, user, say)]
        return [*lines, self._signal(function, agent, user, value, params.get("stage", ""), say)]

    def _status(self, function: Function, agent: Agent, user: str, say: _Voice) -> str:
        session = (agent.server, agent.session, agent.status)
        row = self._mono_row(agent) if function is MONO_FUNCTION else self._stereo_row(agent)
        if row is None:
            return say.line("NOTICE", f"not {function.name}", user, "", "", "", "", *session)
        return say.line("NOTICE", f"{function.name} active", user, *row, *session)

    def _stereo_row(self, agent: Agent) -> tuple[str, str, str, str] | None:
        recording = self._dialer.live_recording(agent.user)
        return self._row(recording) if recording else None

    def _mono_row(self, agent: Agent) -> tuple[str, str, str, str] | None:
        """What the mono function takes for a recording: what the slot holds, a signal too (protocol 2.8, 4.15)."""
        if not holds_recording(agent.slot, self._dialer.system.is_php8):
            return None
        recording = self._dialer.recording(agent.slot)
        return self._row(recording) if recording else (agent.slot, "", "", "")

    def _row(self, recording: Recording) -> tuple[str, str, str, str]:
        if not recording.filename:
            return str(recording.recording_id), "", "", ""
        started = wall_time(recording.started_at, self._dialer.system.utc_offset)
        return str(recording.recording_id), recording.filename, recording.server, started

    def _signal(self, function: Function, agent: Agent, user: str, value: str, stage: str, say: _Voice) -> str:
        session = (agent.server, agent.session, agent.status)
        row = self._mono_row(agent) if function is MONO_FUNCTION else self._stereo_row(agent)
        if function.end in value and row is None:
            return say.line("ERROR", f"stop {function.name} error", user, "", "", "", "", *session)
        if function.begin in value:
            value += stage.encode()[:LABEL_BYTES].decode(errors="ignore")
        self._dialer.write_slot(agent.user, value)
        return say.line("SUCCESS", f"{function.name} function sent", user, value, "", "", "", *session)


def holds_recording(slot: str, is_php8: bool) -> bool:
    """Whether PHP finds that the text in the slot is greater than 0, which the mono function takes for a recording.

    PHP 8 compares a text that is no number as text: ``BEGIN`` is greater, ``-STATUS`` is not (protocol 2.8, 4.14).
    """
    if re.fullmatch("[0-9]+", slot):
        return int(slot) > 0
    return is_php8 and slot > "0"


def _login_query(user: str, password: str, hashed: bool, now: float) -> str:
    """The SQL that the authentication error ends with (protocol 2.2, 3.2)."""
    known_by = f"pass_hash='{hash_password(password)}'" if hashed else f"pass='{password}'"
    unlocked = f"(failed_login_count < 10) or (UNIX_TIMESTAMP(last_login_date) < {int(now) - LOCKED_SECONDS})"
    condition = f"user='{user}' and {known_by} and user_level > 0 and active='Y' and ( {unlocked} )"
    return f"SELECT count(*) from vicidial_users where {condition};"  # noqa: S608 - shown only


def hangs(params: Mapping[str, str], result: str) -> bool:
    """Whether the call with this ``result`` (word and reason) hangs its server process: a BEGIN, carried out (4.8)."""
    is_begin = (params.get("function"), params.get("value")) == (STEREO.name, STEREO.begin)
    return is_begin and params.get("stage", "").endswith("\n") and result.startswith(("SUCCESS", "Exitoso"))


class _Voice:
    """Says lines in the account's language; fields stay as they are (protocol 2.1, 2.5)."""

    def __init__(self, language: str) -> None:
        self._language = language

    def word(self, text: str) -> str:
        return translate(text, self._language)

    def line(self, word: str, reason: str, *fields: str) -> str:
        return f"{self.word(word)}: {self.word(reason)} - {'|'.join(fields)}\n"


def _dressed(text: str, params: Mapping[str, str], display_errors: bool) -> str:
    """``text`` with what can stand around it (protocol 2.3)."""
    if params.get("format") == "debug":
        text = f"<html>\n<head>\n<title>VICIDIAL Agent API</title>\n</head>\n<body>\n{text}</body>\n</html>\n"
    if params.get("close_window_link") == "1":
        text += "<BR><BR><a href=\"javascript:window.opener='x';window.close();\">Close Window</a>\n"
    return surround_with_warnings(text) if display_errors else text


def surround_with_warnings(text: str) -> str:
    """``text`` as PHP's display_errors leaves it: many warnings before it and more after it (protocol 2.3)."""
    warning = (
        '<br />\n<b>Warning</b>:  Undefined array key "vicidial_user_setting_{0}"'
        " in <b>/srv/www/htdocs/agc/functions.php</b> on line <b>{0}</b><br />\n"
    )
    warnings = [warning.format(number) for number in range(1, WARNING_LINES + 11)]
    return "".join(warnings[:WARNING_LINES]) + text + "".join(warnings[WARNING_LINES:])
