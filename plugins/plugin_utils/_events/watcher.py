# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""Looks at the agents, again and again: one call for the list, and STATUS where it can matter. It blocks.

A server that is away ends nothing: it is asked again after growing pauses, and for its version, which needs no login,
as long as an answer to a login is missing. What the server says about the account ends the watch (protocol 3.4).
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Callable

from ...module_utils._client.agent_api import AgentApi
from ...module_utils._client.non_agent_api import logged_in_agents
from ...module_utils._errors import (
    LOCK_SECONDS,
    AccountError,
    ApiError,
    ApiInactiveError,
    DefectError,
    InvalidArgumentError,
    NotAttemptedError,
    NotValidError,
    UnsupportedServerError,
)
from ...module_utils._login import REJECTED, LoginHistory, login_of
from ...module_utils._protocol.names import Agent
from ...module_utils._protocol.tables import LoggedInAgent
from ...module_utils._recording.results import asked
from ...module_utils._recording.scheduler import Scheduler
from ...module_utils._recording.steps import DesiredState
from ...module_utils._recording.workers import WorkerPool
from . import event as events
from .event import Event
from .floor import Answer, Floor
from .memory import Memory
from .options import Settings

# A single failed look is tried again before anybody hears of it.
FAILURES_TO_BE_AWAY = 2
LONGEST_PAUSE = 60.0
# So much of a pause is left to chance, so that several watches do not ask at the same moments.
_JITTER = 0.1
# Pushes bring looks no closer together than this, however many there are.
PUSH_GAP = 0.5
_ENDS_A_WATCH = (AccountError, DefectError, InvalidArgumentError, UnsupportedServerError)


@dataclass(frozen=True)
class Look:
    """What a look came to: its events, the seconds until the next one, and the error that ends the watch."""

    events: list[Event]
    pause: float
    stopped_by: ApiError | None = None


class Clock:
    """Seconds since 1970 that never go back while the process lasts."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Now."""
        return time.monotonic() + self._offset


@dataclass
class _Server:
    """What is known of the server: failed looks in a row, since when, and whether that was told."""

    failures: int = 0
    since: float = 0.0
    told: bool = False
    history: LoginHistory = field(default_factory=LoginHistory)


class Watcher:
    """Looks at the agents of ``settings``. ``warn`` takes sentences for the log.

    Raises RefusedBeforeError where the server has refused this account a short while ago.
    """

    def __init__(self, settings: Settings, warn: Callable[[str], None], now: Callable[[], float] | None = None) -> None:
        self._settings = settings
        self._warn = warn
        self._now = now or Clock().now
        self._memory = Memory(settings.state_file, settings.scope)
        self._server = _Server()
        self._interrupted = threading.Event()
        self._pool = WorkerPool(settings.agent_api, settings.concurrency)
        self._memory.check_account(settings.non_agent_api.account, self._now())
        known, why_not = self._memory.recall()
        if why_not:
            warn(why_not)
        self._floor = Floor(settings.watched, known)
        self._lock = threading.Lock()
        self._pushed: set[str] = set()
        self._awake = threading.Event()

    def run(self, emit: Callable[[Event], None]) -> None:
        """Look until it is interrupted; ``emit`` takes one event after the other.

        Raises the ApiError that ends the watch, and what ``emit`` raises.
        """
        full_at, pushed, is_first = self._now(), frozenset[str](), True
        try:
            while not self._interrupted.is_set():
                in_full = self._now() >= full_at
                look = self.look(pushed, in_full)
                for event in look.events:
                    emit(event)
                if look.stopped_by is not None:
                    raise look.stopped_by
                if look.events or is_first:
                    self._remember()
                is_first = is_first and self._server.failures > 0
                if in_full or self._server.failures:
                    full_at = self._now() + look.pause
                pushed = self._wait_until(full_at)
        finally:
            self.close()

    def close(self) -> None:
        """Close the connections, where no look is under way."""
        self._pool.close()

    def hasten(self, user: str) -> None:
        """Have ``user`` looked at soon. Any thread may call it."""
        with self._lock:
            self._pushed.add(user)
        self._awake.set()

    def interrupt(self) -> None:
        """Let :meth:`run` end soon. Any thread may call it."""
        self._interrupted.set()
        self._awake.set()

    def look(self, pushed: Collection[str] = (), in_full: bool = True) -> Look:
        """Look once. ``pushed`` are agents about whom VICIdial has pushed an event; see :meth:`.floor.Floor.plan`."""
        began = self._now()
        try:
            self._ask_whether_back()
            rows = self._list()
            users = self._floor.plan(rows, began, pushed, in_full)
            answers = self._ask(self._within_rate(users))
        except ApiError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - its text and traceback could hold the password
            return self._failed(DefectError(error))
        now = self._now()
        found = [*self._back(now), *self._floor.take(rows, answers, now)]
        return Look(found, max(0.0, self._varied(self._settings.interval) - (now - began)))

    def _remember(self) -> None:
        """Write what is known, after its events have been handed over: what is told twice has the same id."""
        try:
            self._memory.remember(self._floor.save())
        except OSError as error:
            self._warn(f"The state file cannot be written ({error.strerror}): a restart begins from an older state.")

    def _wait_until(self, moment: float) -> frozenset[str]:
        """Wait until ``moment``, or for a push; returns whom pushes were about. A server that is away is left alone."""
        looked_at = self._now()
        if self._server.failures:
            self._interrupted.wait(max(0.0, moment - looked_at))
        elif self._awake.wait(max(0.0, moment - looked_at)):
            self._interrupted.wait(max(0.0, min(moment, looked_at + PUSH_GAP) - self._now()))
        with self._lock:
            pushed = frozenset(self._pushed)
            self._pushed.clear()
            if not self._interrupted.is_set():
                self._awake.clear()
        return pushed

    # Asking

    def _ask_whether_back(self) -> None:
        """Where an answer to a login is missing, ask for the version first: that is no login (protocol 1.4)."""
        if self._server.history.unanswered:
            api = AgentApi(self._settings.agent_api)
            try:
                api.version()
            finally:
                api.close()

    def _list(self) -> list[LoggedInAgent]:
        settings = self._settings
        try:
            rows = logged_in_agents(settings.non_agent_api, settings.listed, settings.retries, self._wait)
        except ApiError as error:
            self._note_login(error)
            raise
        self._note_login(None)
        return rows

    def _ask(self, users: Collection[str]) -> dict[str, Answer]:
        """What STATUS said of each of ``users`` of whom it was asked. Raises what is about all of them."""
        if not users:
            return {}
        wanted = DesiredState(state=None, fail_when_logged_out=False, retries=0)
        scheduler = Scheduler(self._pool, wanted, False, self._settings.rate_limit, self._interrupted.is_set)
        results = scheduler.run([Agent(user) for user in users])
        self._note_login(scheduler.trouble)
        failures = [result.outcome.failure for result in results]
        for failure in failures:
            if failure is not None and (failure is scheduler.trouble or failure.aborts_run):
                raise failure
        if all(isinstance(failure, NotValidError) for failure in failures):  # stereo recording is switched off
            raise next(failure for failure in failures if failure is not None)
        attempted = [result for result in results if not isinstance(result.outcome.failure, NotAttemptedError)]
        if not attempted and failures[0] is not None:
            raise failures[0]
        return {record["user"]: record for record in asked(attempted, False)["recordings"]}

    def _within_rate(self, users: list[str]) -> list[str]:
        """Those of ``users`` who can be asked within one interval; the others are asked first in the next ones."""
        rate = self._settings.rate_limit
        return users if rate is None else users[: max(1, int(rate * self._settings.interval))]

    def _note_login(self, error: ApiError | None) -> None:
        self._server.history = self._server.history.after(login_of(error), error.reason if error else None)

    def _wait(self, seconds: float) -> None:
        self._interrupted.wait(seconds)

    # What failures mean

    def _failed(self, error: ApiError) -> Look:
        server, now = self._server, self._now()
        is_refused = server.history.login == REJECTED
        if is_refused or (isinstance(error, _ENDS_A_WATCH) and not isinstance(error, ApiInactiveError)):
            return self._stopped(error, is_refused, now)
        server.failures += 1
        if server.failures == 1:
            server.since = now
        pause = min(LONGEST_PAUSE, self._settings.interval * 2 ** min(server.failures - 1, 16))
        if server.history.refusal() is not None:
            pause = LOCK_SECONDS  # the logins without an answer may have been failed ones: they are forgotten then
            server.history = LoginHistory(accepted=server.history.accepted, unanswered=1)
        pause = max(self._varied(pause), error.retry_after)
        if server.told or server.failures < FAILURES_TO_BE_AWAY:
            return Look([], pause)
        server.told = True
        msg = f"VICIdial does not tell who is being recorded: {error}"
        away = events.build(events.SERVER_AWAY, now, (server.since,), since=server.since, reason=error.reason, msg=msg)
        return Look([away], pause)

    def _back(self, now: float) -> Iterable[Event]:
        """That the server has answered again, where it was told that it was away."""
        server = self._server
        was_told, since = server.told, server.since
        server.failures, server.told = 0, False
        if not was_told:
            return []
        msg = f"VICIdial answers again, after {now - since:.0f} s."
        return [events.build(events.SERVER_BACK, now, (since,), since=since, msg=msg)]

    def _stopped(self, error: ApiError, is_refused: bool, now: float) -> Look:
        if is_refused:
            with suppress(OSError):
                self._memory.remember_refusal(self._settings.non_agent_api.account, error.reason, now)
        stopped = events.build(events.STOPPED, now, (now,), reason=error.reason, msg=f"The watch has ended: {error}")
        return Look([stopped], 0.0, error)

    @staticmethod
    def _varied(seconds: float) -> float:
        return seconds * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 - nothing secret about it
