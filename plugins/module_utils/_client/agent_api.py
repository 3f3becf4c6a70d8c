# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The verbs of the Agent API, and the edge where its secrets stop.

No exception that leaves this file holds text of the server but for the reason of an unknown ERROR, and that only where
it holds no form of the password.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Callable, TypeVar
from urllib.parse import quote, quote_plus

from .._errors import (
    AccountLockedError,
    ApiError,
    NoAnswerError,
    NotLoggedInError,
    NotUnderstoodError,
    PermissionDeniedError,
    UnsupportedServerError,
)
from .._protocol.names import Agent, strip_password
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
from .http import Connection, Http

ReplyT = TypeVar("ReplyT", Reply, Waiting)


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
        reply = self._ask(agent, STATUS)
        if not isinstance(reply, Status):
            raise _another_question()
        return reply

    def signal(self, agent: Agent, value: str) -> Sent | NothingToEnd:
        """Put BEGIN, END or WITHDRAW into the agent's slot."""
        reply = self._ask(agent, value)
        if isinstance(reply, Status):
            raise _another_question()
        return reply

    def waiting(self, agent: Agent) -> Waiting:
        """What waits in the agent's slot, as far as the account may look."""
        try:
            return self._call(agent, STATUS, MONO_RECORDING, parse_waiting)
        except PermissionDeniedError:
            return Waiting(agent.user or "", None)

    def version(self) -> Version:
        """The server's version; needs no credentials and sends none (protocol 1.4)."""
        form = {"source": self._connection.source, "function": VERSION, "value": ""}
        return parse_version(self._http.post(self._connection.url, form))

    def _ask(self, agent: Agent, value: str) -> Reply:
        return self._call(agent, value, STEREO_RECORDING, parse_reply)

    def _call(self, agent: Agent, value: str, function: str, parse: Callable[[bytes], ReplyT]) -> ReplyT:
        connection = self._connection
        # Every parameter, once, and `pass` never last: protocol 1.5.
        form = {
            "source": connection.source,
            "user": connection.user,
            "pass": connection.password,
            "function": function,
            "value": value,
        }
        form.update({"agent_user": agent.user} if agent.user else {"alt_user": agent.alt_user or ""})
        body = self._http.post(self._connection.url, form)
        if not body.strip():
            raise self._no_body()
        try:
            reply = parse(body)
        except NotUnderstoodError as error:
            raise self._quoted(error) from None
        except AccountLockedError:
            raise AccountLockedError(noticed_at=time.time()) from None
        except NotLoggedInError as error:
            _check_agent(agent, error.user)
            raise
        _check_agent(agent, reply.user)
        return reply

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

    def _quoted(self, error: NotUnderstoodError) -> NotUnderstoodError:
        """``error`` with the server's own words where they are known to hold no form of the password."""
        words = error.quote.lower()
        if not words or any(form in words for form in self._password_forms()):
            return error
        return type(error)(f'{error.what} (it says "{error.quote}")', error.remedy)

    def _password_forms(self) -> Iterator[str]:
        password = self._connection.password
        forms = (password, strip_password(password), quote(password), quote_plus(password))
        return (form.lower() for form in forms if form)


def _check_agent(asked: Agent, result_of_agent: str) -> None:
    """Whom an alt_user stands for only the server knows; any other answer must be about the agent that was named."""
    if asked.user and result_of_agent != asked.user:
        raise NotUnderstoodError(
            "the server answered about another agent",
            "Look at the web server: it or a cache in front of it mixes up answers",
        )


def _another_question() -> NotUnderstoodError:
    return NotUnderstoodError(
        "the server answered another question than the one that was asked",
        "Look at the web server: it or a cache in front of it mixes up answers",
    )
