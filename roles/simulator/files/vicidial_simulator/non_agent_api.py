# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``/vicidial/non_agent_api.php`` answers: who is logged in (protocol 5), and the recording log (protocol 8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from . import recording_log
from .accounts import Account, log_in, note_success, strip_name
from .agent_api import SHORTEST_SOURCE
from .dialer import Agent, Dialer

FUNCTIONS = ("logged_in_agents", "agent_status", "recording_lookup")
NEEDED_LEVEL = 7
OUTPUT_BUFFER_BYTES = 4096
FATAL_ERROR = (
    "<br />\n<b>Fatal error</b>:  Uncaught mysqli_sql_exception: You have an error in your SQL syntax"
    " in <b>/srv/www/htdocs/vicidial/functions.php</b> on line <b>1</b><br />\n"
)
SEPARATORS = {"pipe": "|", "csv": ",", "tab": "\t"}
COLUMNS = (
    "user",
    "campaign_id",
    "session_id",
    "status",
    "lead_id",
    "callerid",
    "calls_today",
    "full_name",
    "user_group",
    "user_level",
)
SUB_STATUS_COLUMNS = ("pause_code", "sub_status")
STATUS_COLUMNS = (
    "status",
    "callerid",
    "lead_id",
    "campaign_id",
    "calls_today",
    "full_name",
    "user_group",
    "user_level",
    "pause_code",
    "real_time_sub_status",
    "phone_number",
    "vendor_lead_code",
    "session_id",
)


class NonAgentApi:
    """The functions of the Non-Agent API that this project uses."""

    path = "/vicidial/non_agent_api.php"

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        # What each function gives, as its refusal calls it, and the function.
        calls: list[tuple[str, Callable[[Account, str, Mapping[str, str]], str]]] = [
            ("AGENT", self._logged_in_agents),
            ("AGENT", self._agent_status),
            ("RECORDING", self._recording_lookup),
        ]
        self._functions = dict(zip(FUNCTIONS, calls))

    def answer(self, params: Mapping[str, str], address: str) -> str:
        """The body of :meth:`respond`."""
        return self.respond(params, address)[1]

    def respond(self, params: Mapping[str, str], address: str) -> tuple[int, str]:
        """The HTTP status and the body for one call with ``params`` from the client ``address``."""
        system = self._dialer.system
        text = self._text(params, address)
        # The server writes a table into its own log as it is: an apostrophe in it breaks the statement (protocol 5.5).
        is_table = not text.startswith("ERROR: ")
        if not system.is_php8 or not (system.log_insert_fails or (is_table and "'" in text)):
            return 200, text
        if system.display_errors:
            return 200, text + FATAL_ERROR
        return 500 if len(text.encode()) < OUTPUT_BUFFER_BYTES else 200, text

    def _text(self, params: Mapping[str, str], address: str) -> str:
        user = strip_name(params.get("user", ""))
        account = self._dialer.account(user)
        refused = self._authenticate(account, user, params.get("pass", ""), address)
        if refused or account is None:
            return refused
        source = re.sub(r"[^0-9a-zA-Z]", "", params.get("source", ""))
        if len(source) < SHORTEST_SOURCE:
            return f"ERROR: Invalid Source - {source}\nERROR: Invalid Source: |{source}|\n"
        function = params.get("function", "")
        if function not in self._functions:
            return "ERROR: NO FUNCTION SPECIFIED\n"
        what, call = self._functions[function]
        if not account.may_call(function):
            return f"ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |{user}|{function}|\n"
        if not (account.view_reports and account.agent_api_access):
            return f"ERROR: {function} USER DOES NOT HAVE PERMISSION TO GET {what} INFO: |{user}|0|\n"
        return call(account, user, params)

    def _logged_in_agents(self, account: Account, user: str, params: Mapping[str, str]) -> str:
        agents = self._chosen(account, params)
        if not agents:
            return f"ERROR: logged_in_agents NO LOGGED IN AGENTS: {user}|\n"
        sub_status = params.get("show_sub_status") == "YES"
        columns = COLUMNS + (SUB_STATUS_COLUMNS if sub_status else ())
        rows = (_row(agent) + ((agent.pause_code, agent.sub_status) if sub_status else ()) for agent in agents)
        return _table(params, columns, rows)

    def _agent_status(self, _account: Account, user: str, params: Mapping[str, str]) -> str:
        """One agent who is logged in (protocol 8.6)."""
        name = strip_name(params.get("agent_user", ""))
        agent = self._dialer.agent(name)
        if agent is not None:
            _user, campaign, session, status, lead_id, caller_id, *counts = _row(agent)
            texts = (agent.pause_code, agent.sub_status, "", "", session)
            return _table(params, STATUS_COLUMNS, [(status, caller_id, lead_id, campaign, *counts, *texts)])
        is_known = name in self._dialer.accounts or name in self._dialer.alt_users.values()
        return f"ERROR: agent_status AGENT NOT {'LOGGED IN' if is_known else 'FOUND'}: {user}|{name}\n"

    def _recording_lookup(self, _account: Account, user: str, params: Mapping[str, str]) -> str:
        """The rows of the log that fit; the two errors differ in more than words (protocol 8.2, 8.3)."""
        search = recording_log.search_named(params)
        others = (params.get(name, "") for name in ("lead_id", "date", "uniqueid"))
        shown = "|".join([user, strip_name(params.get("agent_user", "")), *others])
        if not search.is_enough:
            return f"ERROR: recording_lookup INVALID SEARCH PARAMETERS: {shown}\n"
        found = recording_log.find(self._dialer, search)
        if not found:
            return f"ERROR: recording_lookup NO RECORDINGS FOUND - {shown}\n"
        duration = params.get("duration") == "Y"
        return _table(
            params, recording_log.COLUMNS, (recording_log.cells(self._dialer, row, duration) for row in found)
        )

    def _authenticate(self, account: Account | None, user: str, password: str, address: str) -> str:
        """The text that refuses the account, "" when it may pass; the password is echoed here too (protocol 5.3)."""
        system, now = self._dialer.system, self._dialer.clock.now()
        sent, password = password, strip_name(password)
        message = log_in(account, password, now, hashed=system.hashed_passwords, least_level=NEEDED_LEVEL)
        if message == "LOCK":
            return f"ERROR: Too many login attempts, try again in 15 minutes: |{user}|LOCK|\n"
        if message == "BAD" or account is None or account.two_factor_due:
            shown = sent if system.echoes_raw else password
            message = "BAD" if message == "BAD" else "2FA"
            return f"ERROR: Login incorrect, please try again: |{user}|{shown}|{message}|\n"
        if not account.admits(address):
            return f"ERROR: Your IP Address is not allowed: {address}: ||IPBLOCK|\n"
        note_success(account, now)
        return ""

    def _chosen(self, account: Account, params: Mapping[str, str]) -> list[Agent]:
        campaigns = set(filter(None, params.get("campaigns", "").split("|")))
        groups = set(filter(None, params.get("user_groups", "").split("|")))
        return [
            agent
            for agent in self._dialer.agents.values()
            if (not campaigns or agent.campaign in campaigns)
            and (not groups or agent.user_group in groups)
            and account.may_list(agent.campaign, agent.user_group)
        ]


def _table(params: Mapping[str, str], columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The rows, after the ``columns`` where they are asked for; no quoting in any of the formats (protocol 5.2)."""
    separator = SEPARATORS.get(params.get("stage", "pipe"), "|")
    header = [columns] if params.get("header") == "YES" else []
    return "".join(separator.join(row) + "\n" for row in (*header, *rows))


def _row(agent: Agent) -> tuple[str, ...]:
    lead_id, caller_id = (str(agent.call.lead_id), agent.call.caller_id) if agent.call else ("0", "")
    counts = (str(agent.calls_today), agent.full_name, agent.user_group, str(agent.level))
    return (agent.user, agent.campaign, agent.session, agent.status, lead_id, caller_id, *counts)
