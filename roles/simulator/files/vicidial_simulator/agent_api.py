# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``/agc/api.php`` answers: parameters in, text out (protocol 1.3, 1.4, 2 to 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .accounts import Account, hash_password, log_in, strip_name, strip_password
from .clock import wall_time
from .dialer import AGENT_CONTROLLED, MONO, Agent, Dialer, Recording
from .translations import DEFAULT_LANGUAGE, translate

FIRST_STEREO_BUILD = "250830-2102"
LABEL_BYTES = 14
SHORTEST_SOURCE = 2
COMPARES_AS_TEXT = 8  # the PHP version from which a text and 0 are compared as texts
WARNING_LINES = 157


@dataclass(frozen=True)
class Function:
    """One of the two recording functions: its name, its three values, and the kind of recording that it is about."""

    name: str
    begin: str
    end: str
    kind: str


STEREO = Function("stereo_recording", "BEGIN", "END", AGENT_CONTROLLED)
# Named "recording" in the API: START and STOP, over the same slot as the stereo function (protocol 4.4).
MONO_FUNCTION = Function("recording", "START", "STOP", MONO)


class AgentApi:
    """The Agent API of a :class:`~.dialer.Dialer`."""

    path = "/agc/api.php"

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    def answer(self, params: Mapping[str, str], address: str) -> str:
        """The body for one call with ``params`` from the client ``address``; "" is an answer as well (2.6)."""
        return _dressed("".join(self._lines(params, address)), params, self._dialer.system.display_errors)

    def _lines(self, params: Mapping[str, str], address: str) -> list[str]:
        system = self._dialer.system
        account = self._dialer.accounts.get(strip_name(params.get("user", "")))
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
        """The authentication error, which echoes the stripped password (protocol 3.2, 3.3); "" when all is well."""
        sent = params.get("pass", "")
        password = strip_password(sent)
        if not self._dialer.system.active_servers:
            message = "ERRSERVERS"
        else:
            message = log_in(account, password, address, self._dialer.clock.now())
        api = int(message == "GOOD" and account is not None and account.agent_api_access)
        if api:
            return ""
        user = strip_name(params.get("user", ""))
        if self._dialer.system.shows_sql:
            known_by = f"(pass='{password}' or pass_hash='{hash_password(password)}')"
            message += f" SELECT count(*) from vicidial_users where user='{user}' and {known_by}"  # noqa: S608 - shown only
        shown = sent if self._dialer.system.echoes_raw else password
        reason = say.word("Invalid Username/Password")
        return f"{say.word('ERROR')}: {reason}: |{user}|{shown}|{int(message[:4] == 'GOOD')}|{api}|{message}|\n"

    def _record(
        self, function: Function, allowed: bool, account: Account, params: Mapping[str, str], say: _Voice
    ) -> list[str]:
        value = params.get("value", "")
        user, alt_user = strip_name(params.get("agent_user", "")), params.get("alt_user", "")
        if value not in (function.begin, function.end, "STATUS") or not (user or alt_user) or not allowed:
            return [say.line("ERROR", f"{function.name} not valid", value, user)]
        if not account.may_call(function.name):
            permission = "auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION"
            return [say.line("ERROR", permission, value, account.user, function.name, account.user_group)]
        lines = []
        if alt_user:
            if alt_user in self._dialer.alt_users:
                user = self._dialer.alt_users[alt_user]
            else:
                lines.append(say.line("ERROR", "no user found", alt_user))  # and on it goes: protocol 2.4
        agent = self._dialer.agent(user)
        if agent is None:
            return [*lines, say.line("ERROR", "agent_user is not logged in", user)]
        if value == "STATUS":
            return [*lines, self._status(function, agent, say)]
        return [*lines, self._signal(function, agent, value, params.get("stage", ""), say)]

    def _status(self, function: Function, agent: Agent, say: _Voice) -> str:
        session = (agent.server, agent.session, agent.status)
        recording = self._dialer.live_recording(agent.user, function.kind)
        # There a signal in the slot passes for a recording's id (protocol 2.8).
        if function is MONO_FUNCTION and self._dialer.system.php >= COMPARES_AS_TEXT and agent.slot:
            return say.line("NOTICE", "recording active", agent.user, agent.slot, "", "", "", *session)
        if recording is None:
            return say.line("NOTICE", f"not {function.name}", agent.user, "", "", "", "", *session)
        return say.line("NOTICE", f"{function.name} active", agent.user, *self._row(recording), *session)

    def _row(self, recording: Recording) -> tuple[str, str, str, str]:
        if not recording.filename:
            return str(recording.recording_id), "", "", ""
        started = wall_time(recording.started_at, self._dialer.system.utc_offset)
        return str(recording.recording_id), recording.filename, recording.server, started

    def _signal(self, function: Function, agent: Agent, value: str, stage: str, say: _Voice) -> str:
        session = (agent.server, agent.session, agent.status)
        if value == function.end and self._dialer.live_recording(agent.user, function.kind) is None:
            return say.line("ERROR", f"stop {function.name} error", agent.user, "", "", "", "", *session)
        if value == function.begin:
            value += stage.encode()[:LABEL_BYTES].decode(errors="ignore")
        self._dialer.write_slot(agent.user, value)
        return say.line("SUCCESS", f"{function.name} function sent", agent.user, value, "", "", "", *session)


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
