# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The verbs of the Agent API."""

from __future__ import annotations

import time
from typing import Callable, TypeVar

from .._errors import (
    AccountLockedError,
    ApiError,
    NoAnswerError,
    NotLoggedInError,
    NotUnderstoodError,
    PermissionDeniedError,
    UnsupportedServerError,
)
from .._protocol.names import Agent
from .._protocol.replies import (
    NothingToEnd,
    Reply,
    Sent,
    Status,
    Version,
    Waiting,
    parse_reply,
    parse_version,
    parse_waiting,
)
from .._protocol.words import FIRST_STEREO_BUILD, MONO_RECORDING, STATUS, STEREO_RECORDING, VERSION
from .answers import ask, command
from .http import Connection, Http

AnswerT = TypeVar("AnswerT", Reply, Waiting)


class AgentApi:
    """The calls that this collection makes. Every one raises an ApiError, and nothing else, when it fails."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._http = Http(connection)

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._http.close()

    def status(self, agent: Agent) -> Status:
        """What STATUS says of ``agent``."""

        def parse(body: bytes) -> Status:
            reply = self._about(agent, body, parse_reply)
            if not isinstance(reply, Status):
                raise _another_question()
            return reply

        return ask(self._http, self._connection.url, self._form(agent, STATUS), parse)

    def signal(self, agent: Agent, value: str) -> Sent | NothingToEnd:
        """Put BEGIN, END or WITHDRAW into the agent's slot."""

        def parse(body: bytes) -> Sent | NothingToEnd:
            reply = self._about(agent, body, parse_reply)
            if isinstance(reply, Status):
                raise _another_question()
            return reply

        return command(self._http, self._connection.url, self._form(agent, value), parse)

    def waiting(self, agent: Agent) -> Waiting:
        """What waits in the agent's slot, as far as the account may look."""

        def parse(body: bytes) -> Waiting:
            return self._about(agent, body, parse_waiting)

        try:
            return ask(self._http, self._connection.url, self._form(agent, STATUS, MONO_RECORDING), parse)
        except PermissionDeniedError:
            return Waiting(agent.user or "", None)

    def version(self) -> Version:
        """The server's version; needs no credentials and sends none (protocol 1.4)."""
        return ask_version(self._http, self._connection.url, self._connection.source)

    def _form(self, agent: Agent, value: str, function: str = STEREO_RECORDING) -> dict[str, str]:
        connection = self._connection
        # Every parameter, once, and `pass` never last: protocol 1.5.
        return {
            "source": connection.source,
            "user": connection.user,
            "pass": connection.password,
            "function": function,
            "value": value,
            **({"agent_user": agent.user} if agent.user else {"alt_user": agent.alt_user or ""}),
        }

    def _about(self, agent: Agent, body: bytes, parse: Callable[[bytes], AnswerT]) -> AnswerT:
        """What ``parse`` makes of ``body``, which must be about ``agent``."""
        if not body.strip():
            raise self._no_body()
        try:
            answer = parse(body)
        except AccountLockedError:
            raise AccountLockedError(noticed_at=time.time()) from None
        except NotLoggedInError as error:
            _check_agent(agent, error.user)
            raise
        _check_agent(agent, answer.user)
        return answer

    def _no_body(self) -> ApiError:
        """Why an empty body came: an unknown function, or a server in trouble (protocol 2.6, 2.7)."""
        try:
            build = self.version().build
        except ApiError:
            build = "unknown"  # why that second question failed says nothing about the first one
        if build < FIRST_STEREO_BUILD:
            return UnsupportedServerError(build, FIRST_STEREO_BUILD)
        return NoAnswerError(
            f"the server (build {build}) answered with an empty page",
            "Look at the web server's error log: its application crashed",
        )


def ask_version(http: Http, url: str, source: str) -> Version:
    """The version that the Agent API at ``url`` tells; needs no credentials and sends none (protocol 1.4)."""
    return ask(http, url, {"source": source, "function": VERSION, "value": ""}, parse_version)


def _check_agent(asked: Agent, answered_user: str) -> None:
    """Raise NotUnderstoodError for an answer about another agent. Only the server knows the user of an alt_user."""
    if asked.user and answered_user != asked.user:
        raise NotUnderstoodError(
            "the server answered about another agent",
            "Look at the web server: it or a cache in front of it mixes up answers",
        )


def _another_question() -> NotUnderstoodError:
    return NotUnderstoodError(
        "the server answered another question than the one that was asked",
        "Look at the web server: it or a cache in front of it mixes up answers",
    )
