# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``/vicidial/non_agent_api.php`` answers: who is logged in (protocol 5), and the recording log (protocol 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from . import recording_log
from .accounts import log_in, strip_name, strip_password
from .dialer import Agent, Dialer

NEEDED_LEVEL = 7
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
        self._functions: dict[str, tuple[str, Callable[[str, Mapping[str, str]], str]]] = {
            "logged_in_agents": ("AGENT", self._logged_in_agents),
            "agent_status": ("AGENT", self._agent_status),
            "recording_lookup": ("RECORDING", self._recording_lookup),
        }

    def answer(self, params: Mapping[str, str], address: str) -> str:
        """The body for one call with ``params`` from the client ``address``."""
        user = strip_name(params.get("user", ""))
        function = params.get("function", "")
        if not function:
            return "ERROR: NO FUNCTION SPECIFIED\n"
        refused = self._authenticate(user, params.get("pass", ""), address)
        if refused or function not in self._functions:
            return refused
        account = self._dialer.accounts[user]
        what, call = self._functions[function]
        if not account.may_call(function):
            return f"ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |{user}|{function}|\n"
        if not (account.view_reports and account.agent_api_access):
            return f"ERROR: {function} USER DOES NOT HAVE PERMISSION TO GET {what} INFO: |{user}|0|\n"
        return call(user, params)

    def _logged_in_agents(self, user: str, params: Mapping[str, str]) -> str:
        agents = self._chosen(params)
        if not agents:
            return f"ERROR: logged_in_agents NO LOGGED IN AGENTS: {user}|\n"
        sub_status = params.get("show_sub_status") == "YES"
        columns = COLUMNS + (SUB_STATUS_COLUMNS if sub_status else ())
        rows = (_row(agent) + ((agent.pause_code, agent.sub_status) if sub_status else ()) for agent in agents)
        return _table(params, columns, rows)

    def _agent_status(self, user: str, params: Mapping[str, str]) -> str:
        """One agent who is logged in (protocol 8.6)."""
        name = strip_name(params.get("agent_user", ""))
        agent = self._dialer.agent(name)
        if agent is not None:
            _user, campaign, session, status, lead_id, caller_id, *counts = _row(agent)
            texts = (agent.pause_code, agent.sub_status, "", "", session)
            return _table(params, STATUS_COLUMNS, [(status, caller_id, lead_id, campaign, *counts, *texts)])
        is_known = name in self._dialer.accounts or name in self._dialer.alt_users.values()
        return f"ERROR: agent_status AGENT NOT {'LOGGED IN' if is_known else 'FOUND'}: {user}|{name}\n"

    def _recording_lookup(self, user: str, params: Mapping[str, str]) -> str:
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

    def _authenticate(self, user: str, password: str, address: str) -> str:
        """The text that refuses the account, "" when it may pass; the password is echoed here too (protocol 5.3)."""
        account = self._dialer.accounts.get(user)
        message = log_in(account, strip_password(password), address, self._dialer.clock.now())
        if message == "LOCK":
            return f"ERROR: Too many login attempts, try again in 15 minutes: |{user}|LOCK|\n"
        if message == "GOOD" and account is not None and account.level < NEEDED_LEVEL:
            message = "BAD"
        shown = password if self._dialer.system.echoes_raw else strip_password(password)
        return "" if message == "GOOD" else f"ERROR: Login incorrect, please try again: |{user}|{shown}|{message}|\n"

    def _chosen(self, params: Mapping[str, str]) -> list[Agent]:
        campaigns = set(filter(None, params.get("campaigns", "").split("|")))
        groups = set(filter(None, params.get("user_groups", "").split("|")))
        return [
            agent
            for agent in self._dialer.agents.values()
            if (not campaigns or agent.campaign in campaigns) and (not groups or agent.user_group in groups)
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
