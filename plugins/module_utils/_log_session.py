# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The recording log as one task asks it: what became of the login, and an end when the job is cancelled."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Callable

from . import _options
from ._client.agent_api import AgentApi
from ._client.non_agent_api import RecordingLog
from ._errors import AccountError, ApiError, InterruptedRunError, NoAnswerError
from ._login import ACCEPTED, NOT_SENT, login_of
from ._protocol.recording_log import LogRow, LogSearch
from ._protocol.replies import Version
from ._protocol.words import AGENT, CODES

_INTERRUPTION_CHECK_SECONDS = 0.25
# It finds nothing, and says whether the account may search.
_EMPTY_SEARCH = LogSearch(extension=CODES[AGENT][0], date="2000-01-01")


class LogSession:
    """The log that ``params`` lead to. A method that fails raises an ApiError, and nothing else.

    ``login`` tells what the server said of the login. ``interrupted`` is asked whether the job is cancelled. A
    ``rate_limit`` among the options holds for the log too.
    """

    def __init__(self, params: _options.Params, interrupted: Callable[[], bool]) -> None:
        self.login = NOT_SENT
        self._params = params
        self._interrupted = interrupted
        self._log: RecordingLog | None = None
        self._gap = 1 / params["rate_limit"] if params.get("rate_limit") else 0.0

    def close(self) -> None:
        """Close the connection to the log."""
        if self._log is not None:
            self._log.close()

    def refusal(self) -> ApiError | None:
        """Why the log cannot be searched, if so. It takes one call."""
        try:
            self.find(_EMPTY_SEARCH)
        except ApiError as error:
            return error
        return None

    def find(self, search: LogSearch) -> list[LogRow]:
        """The rows that fit ``search``."""
        self.sleep(self._gap)
        if self._log is None:
            self._log = RecordingLog(_options.non_agent_connection(self._params), self._params["retries"])
        try:
            rows = self._log.find(search)
        except ApiError as error:
            if self.login != ACCEPTED or isinstance(error, AccountError):
                self.login = login_of(error)
            raise
        self.login = ACCEPTED
        return rows

    def version(self) -> Version:
        """What the Agent API tells of the server and its time; needs no login."""
        api = AgentApi(_options.connection(self._params))
        try:
            return api.version()
        finally:
            api.close()

    def server_time(self) -> datetime:
        """The server's time, as it prints times."""
        try:
            return datetime.fromisoformat(self.version().date or "")
        except ValueError:
            raise NoAnswerError(
                "the server does not tell its time, by which the recording log is asked",
                "Check that api_url leads to VICIdial's /agc/api.php itself",
            ) from None

    def sleep(self, seconds: float) -> None:
        """Do nothing for ``seconds``; InterruptedRunError when the job is cancelled meanwhile."""
        wake_at = time.monotonic() + seconds
        while not self._interrupted():
            left = wake_at - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, _INTERRUPTION_CHECK_SECONDS))
        raise InterruptedRunError
