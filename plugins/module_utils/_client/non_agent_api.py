# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The calls of the Non-Agent API (protocol 5)."""

from __future__ import annotations

import time
from typing import Callable

from .._errors import AccountLockedError, InvalidArgumentError
from .._protocol.names import STRIPPED_FOR_LISTS, is_fit_for_lists
from .._protocol.tables import AgentFilter, LoggedInAgent, filter_form, is_listed, parse_agents
from .._protocol.words import LOGGED_IN_AGENTS, NEWEST_KNOWN_BUILD
from .agent_api import ask_version
from .answers import ask
from .http import Connection, Http
from .retry import retry


def logged_in_agents(
    connection: Connection, agents: AgentFilter, retries: int, sleep: Callable[[float], None] = time.sleep
) -> list[LoggedInAgent]:
    """The agents who are logged in; ``connection.url`` is the full path of non_agent_api.php.

    A question that never reached the server is repeated up to ``retries`` times, with growing pauses. No other one is:
    an answer that got lost may have been a failed login (protocol 3.4). A password that the server's build is known to
    strip is not sent. Raises an ApiError, and nothing else, when it fails; nobody logged in is no failure.
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

    def ask_build() -> str:
        return ask_version(http, connection.version_url, connection.source).build

    def ask_once() -> list[LoggedInAgent]:
        try:
            return ask(http, connection.url, form, lambda body: parse_agents(body, agents.sub_status))
        except AccountLockedError:
            raise AccountLockedError(noticed_at=time.time()) from None

    try:
        if connection.version_url and not is_fit_for_lists(connection.password):
            build = retry(
                lambda: ask_version(http, connection.version_url, connection.source).build, retries, False, sleep
            )
            check_password(connection.password, build)
        found = retry(ask_once, retries, with_login=True, sleep=sleep)
        return [agent for agent in found if is_listed(agent, agents)]
    finally:
        http.close()


def check_password(password: str, build: str) -> None:
    """Raise InvalidArgumentError where the Non-Agent API of this ``build`` is known to strip ``password``.

    The login would fail then, and be counted, although the password is right (protocol 3.5).
    """
    if build <= NEWEST_KNOWN_BUILD and not is_fit_for_lists(password):
        raise InvalidArgumentError(
            f"api_password holds one of the characters {STRIPPED_FOR_LISTS}, which the Non-Agent API of build {build} "
            "drops: it is right for recordings, and would be a failed login here",
            "Give the API account a password of letters, digits, - and _; nothing was sent",
        )
