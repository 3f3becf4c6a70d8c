# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The calls of the Non-Agent API (protocol 5)."""

from __future__ import annotations

import time
from typing import Callable

from .._errors import AccountLockedError
from .._protocol.tables import AgentFilter, LoggedInAgent, filter_form, is_listed, parse_agents
from .._protocol.words import LOGGED_IN_AGENTS
from .http import Connection, Http
from .retry import retry


def logged_in_agents(
    connection: Connection, agents: AgentFilter, retries: int, sleep: Callable[[float], None] = time.sleep
) -> list[LoggedInAgent]:
    """The agents who are logged in; ``connection.url`` is the full path of non_agent_api.php.

    A question that never reached the server is repeated up to ``retries`` times, with growing pauses. No other one is:
    an answer that got lost may have been a failed login (protocol 3.4). Raises an ApiError, and nothing else, when it
    fails; nobody logged in is no failure.
    """
    # Every parameter, once, and `pass` never last (protocol 1.5).
    form = {
        "source": connection.source,
        "user": connection.user,
        "pass": connection.password,
        "function": LOGGED_IN_AGENTS,
        **filter_form(agents),
    }
    http = Http(connection)

    def ask() -> list[LoggedInAgent]:
        try:
            return parse_agents(http.post(connection.url, form), agents.sub_status)
        except AccountLockedError:
            raise AccountLockedError(noticed_at=time.time()) from None

    try:
        found = retry(ask, retries, with_login=True, sleep=sleep)
        return [agent for agent in found if is_listed(agent, agents)]
    finally:
        http.close()
