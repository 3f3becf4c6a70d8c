# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``/vicidial/non_agent_api.php`` answers to ``logged_in_agents`` (protocol 5)."""

from __future__ import annotations

from collections.abc import Mapping

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


class NonAgentApi:
    """The one function of the Non-Agent API that this project uses."""

    path = "/vicidial/non_agent_api.php"

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer

    def answer(self, params: Mapping[str, str], address: str) -> str:
        """The body for one call with ``params`` from the client ``address``."""
        user = strip_name(params.get("user", ""))
        function = params.get("function", "")
        if not function:
            return "ERROR: NO FUNCTION SPECIFIED\n"
        refused = self._authenticate(user, params.get("pass", ""), address)
        if refused or function != "logged_in_agents":
            return refused
        account = self._dialer.accounts[user]
        if not account.view_reports:
            return f"ERROR: {function} USER DOES NOT HAVE PERMISSION TO GET AGENT INFO: |{user}|\n"
        agents = self._chosen(params)
        if not agents:
            return f"ERROR: {function} NO LOGGED IN AGENTS: {user}|\n"
        return _table(agents, params)

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


def _table(agents: list[Agent], params: Mapping[str, str]) -> str:
    """One row an agent; no quoting in any of the formats (protocol 5.2)."""
    separator = SEPARATORS.get(params.get("stage", "pipe"), "|")
    sub_status = params.get("show_sub_status") == "YES"
    rows = [COLUMNS + (SUB_STATUS_COLUMNS if sub_status else ())] if params.get("header") == "YES" else []
    rows.extend(_row(agent) + ((agent.pause_code, agent.sub_status) if sub_status else ()) for agent in agents)
    return "".join(separator.join(row) + "\n" for row in rows)


def _row(agent: Agent) -> tuple[str, ...]:
    lead_id, caller_id = (str(agent.call.lead_id), agent.call.caller_id) if agent.call else ("0", "")
    counts = (str(agent.calls_today), agent.full_name, agent.user_group, str(agent.level))
    return (agent.user, agent.campaign, agent.session, agent.status, lead_id, caller_id, *counts)
