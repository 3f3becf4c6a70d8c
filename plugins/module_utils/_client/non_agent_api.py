# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The calls of the Non-Agent API (protocol 5)."""

from __future__ import annotations

import time
from typing import Callable

from .._errors import AccountLockedError, InvalidArgumentError
from .._protocol.names import STRIPPED_FOR_LISTS, AgentFilter, is_fit_for_lists
from .._protocol.recording_log import LogRow, LogSearch, log_form, parse_log
from .._protocol.tables import LoggedInAgent, filter_form, is_listed, parse_agents
from .._protocol.words import LOGGED_IN_AGENTS, NEWEST_KNOWN_BUILD, RECORDING_LOOKUP
from .agent_api import ask_version
from .answers import ask
from .http import LONGEST_BODY, Connection, Http
from .retry import retry

# 100,000 rows (protocol 8.1) of more than 300 bytes each; 20,000 took 1.2 MB.
_LONGEST_LOG = 32 * LONGEST_BODY


def logged_in_agents(
    connection: Connection, agents: AgentFilter, retries: int, sleep: Callable[[float], None] = time.sleep
) -> list[LoggedInAgent]:
    """The agents who are logged in; ``connection.url`` is the full path of non_agent_api.php.

    A question that never reached the server is repeated up to ``retries`` times, with growing pauses. No other one is:
    an answer that got lost may have been a failed login (protocol 3.4). A password that the server's build is known to
    strip is not sent. Raises an ApiError, and nothing else, when it fails; nobody logged in is no failure.
    """
    form = _form(connection, LOGGED_IN_AGENTS, filter_form(agents))
    http = Http(connection)

    def ask_once() -> list[LoggedInAgent]:
        try:
            return ask(http, connection.url, form, lambda body: parse_agents(body, agents.sub_status))
        except AccountLockedError:
            raise AccountLockedError(noticed_at=time.time()) from None

    try:
        _check_password(http, connection, retries, sleep)
        found = retry(ask_once, retries, with_login=True, sleep=sleep)
        return [agent for agent in found if is_listed(agent, agents)]
    finally:
        http.close()


class RecordingLog:
    """The recording log of a server, asked over one connection that is kept alive."""

    def __init__(self, connection: Connection, retries: int, sleep: Callable[[float], None] = time.sleep) -> None:
        self._connection = connection
        self._http = Http(connection)
        self._retries = retries
        self._sleep = sleep
        self._is_login_proven = False

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def find(self, search: LogSearch) -> list[LogRow]:
        """The rows that fit ``search``, none if there are none. Raises an ApiError, and nothing else, when it fails.

        It is repeated as logged_in_agents is; once the server has accepted the login, a lost answer is no failed one
        and is asked for again.
        """
        if not self._is_login_proven:
            _check_password(self._http, self._connection, self._retries, self._sleep)
        rows = retry(lambda: self._ask(search), self._retries, not self._is_login_proven, sleep=self._sleep)
        self._is_login_proven = True
        return rows

    def _ask(self, search: LogSearch) -> list[LogRow]:
        form = _form(self._connection, RECORDING_LOOKUP, log_form(search))
        try:
            return ask(self._http, self._connection.url, form, parse_log, _LONGEST_LOG)
        except AccountLockedError:
            raise AccountLockedError(noticed_at=time.time()) from None


def _form(connection: Connection, function: str, parameters: dict[str, str]) -> dict[str, str]:
    """A call's parameters: every one, once, and `pass` never last (protocol 1.5)."""
    caller = {"source": connection.source, "user": connection.user, "pass": connection.password}
    return {**caller, "function": function, **parameters}


def _check_password(http: Http, connection: Connection, retries: int, sleep: Callable[[float], None]) -> None:
    """Ask a server for its build where the password could be one that it strips; see check_password."""
    if connection.version_url and not is_fit_for_lists(connection.password):
        url, source = connection.version_url, connection.source
        check_password(connection.password, retry(lambda: ask_version(http, url, source).build, retries, False, sleep))


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
