# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The scheduler of many convergences: one heap by the time each is next due, one pool of workers for the calls.

While one agent's screen takes its second to act, the others are served. Only this file knows check mode: it then sends
no signal.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Callable, Protocol

from .._client.agent_api import AgentApi
from .._errors import ApiError, DefectError, Delivery, InterruptedRunError, NotAttemptedError
from .._protocol.names import Agent
from .._protocol.replies import Status
from .decision import converge
from .limit import ConcurrencyLimit
from .steps import (
    AskWaiting,
    Convergence,
    DesiredState,
    Outcome,
    Response,
    SendSignal,
    Sleep,
    Step,
    not_started,
)
from .workers import Call

# After so many agents in a row without an answer the server counts as down.
GIVE_UP_AFTER = 3
_AT_ONCE = float("-inf")
_INTERRUPTION_CHECK_SECONDS = 0.25
# A poll that is so late goes before agents who have not begun: its agent's time runs.
_LATE_SECONDS = 2.0


class Executor(Protocol):
    """What a scheduler runs on: :class:`~.workers.WorkerPool`, or virtual time in a test."""

    free: int

    def now(self) -> float:
        """Seconds on a clock that never goes back."""

    def submit(self, tag: _AgentRun, call: Call[Response]) -> None:
        """Have a free worker carry out ``call``."""

    def collect(self, seconds: float) -> tuple[_AgentRun, Response] | None:
        """A call that has come back, or None when none does within ``seconds``."""


@dataclass(frozen=True)
class AgentResult:
    """An agent as the task named it, the state that was wanted (None: any), and what became of it.

    ``check_waiting``: what waits in its slot was wanted, too.
    """

    agent: Agent
    wanted: str | None
    outcome: Outcome
    check_waiting: bool = False

    @property
    def user(self) -> str | None:
        """The agent's user; None when only an alt_user is known."""
        return self.outcome.status.user if self.outcome.status else self.agent.user


@dataclass
class _AgentRun:
    """One agent's way: its convergence, the step that is next, and in the end its outcome.

    ``agent`` is as the task names it; ``asked`` is by user as soon as that is known, for an alt_user can be given to
    another user in between.
    """

    agent: Agent
    asked: Agent
    convergence: Convergence
    step: Step
    outcome: Outcome | None = None
    is_giving_up: bool = False
    sent_at: float = 0.0


@dataclass(frozen=True)
class Progress:
    """How far a run is, ``seconds`` after it began. ``accepted``: the server has let the account in."""

    seconds: float
    accepted: bool
    runs: Sequence[_AgentRun]

    @property
    def pending(self) -> list[str]:
        """The users, or alt_users, of those agents who are not done."""
        return [run.agent.user or run.agent.alt_user or "" for run in self.runs if run.outcome is None]


class Scheduler:
    """Drives every agent to the ``wanted`` state. In ``check_mode`` no signal is sent, whatever the decision says.

    The first agent is asked alone, so that an error of the account costs one call in all, however many agents there
    are. ``rate_limit`` is in calls a second, None for no limit. ``interrupted`` is asked, and ``watch`` is
    told how far it is, every now and then.
    """

    def __init__(
        self,
        workers: Executor,
        wanted: DesiredState,
        check_mode: bool = False,
        rate_limit: float | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        watch: Callable[[Progress], None] = lambda _progress: None,
    ) -> None:
        self._workers = workers
        self._wanted = wanted
        self._check_mode = check_mode
        self._gap = 1 / rate_limit if rate_limit else 0.0
        self._interrupted = interrupted
        self._watch = watch
        self._next_call_at = workers.now()
        self._limit = ConcurrencyLimit(workers.free)
        self._not_begun: deque[_AgentRun] = deque()
        self._due: list[tuple[float, int, _AgentRun]] = []
        self._numbers = itertools.count()
        self._under_way = 0
        # Whether the server answered the last call: only then more agents are begun.
        self._answers = False
        self._has_answered = False
        self._silent_in_a_row = 0
        self._silences = 0
        self._stopped_by: ApiError | None = None
        self._stopper: _AgentRun | None = None

    @property
    def trouble(self) -> ApiError | None:
        """Why the server did not accept the account, or what came instead of its answer; None once it has accepted."""
        error = self._stopped_by
        if error is None or not self._has_answered:
            return error
        # An answer that makes no sense says nothing of an account that was accepted.
        is_refused = error.counts_as_failed_login and error.delivery is Delivery.REJECTED
        return error if is_refused else None

    def run(self, agents: Iterable[Agent], refusal: ApiError | None = None) -> list[AgentResult]:
        """What became of each of ``agents``, in their order. Errors, an interruption too, are in the outcomes.

        With a ``refusal``, the reason not to log in, no agent is asked about.
        """
        runs = [self._track(agent) for agent in agents]
        self._not_begun.extend(runs)
        if refusal is not None:
            self._stop(refusal, None)
        began = self._workers.now()
        while self._not_begun or self._due or self._under_way:
            accepted = self._has_answered and self.trouble is None
            self._watch(Progress(self._workers.now() - began, accepted, runs))
            if self._interrupted():
                self._stop(InterruptedRunError(), None)
            while self._hand_out_one():
                pass
            done = self._workers.collect(self._seconds_to_wait())
            if done is not None:
                run, response = done
                if isinstance(response.reply, Status):
                    self._limit.note(response.at - run.sent_at, self._under_way)
                self._under_way -= 1
                self._note(run, response)
        return [
            AgentResult(run.agent, self._wanted.state, run.outcome, self._wanted.check_waiting)
            for run in runs
            if run.outcome is not None
        ]

    def _track(self, agent: Agent) -> _AgentRun:
        convergence = converge(self._wanted)
        return _AgentRun(agent, agent, convergence, next(convergence))

    def _hand_out_one(self) -> bool:
        """Give a free worker the most urgent call that may go out now; whether there was one."""
        now = self._workers.now()
        if not self._has_room() or self._next_call_at > now:
            return False
        run = self._most_urgent(now)
        if run is None:
            return False
        self._next_call_at = now + self._gap
        self._under_way += 1
        run.sent_at = now
        self._workers.submit(run, self._call(run))
        return True

    def _most_urgent(self, now: float) -> _AgentRun | None:
        """A signal, for the STATUS that it rests on grows old, or a late poll; then an agent who has not begun."""
        is_urgent = bool(self._due) and self._due[0][0] <= now - _LATE_SECONDS
        if self._may_begin() and not is_urgent:
            run = self._not_begun.popleft()
            run.step = run.convergence.send(Response(now, account_is_proven=self._has_answered))
            return run
        while self._due and self._due[0][0] <= now:
            if self._is_held_back():
                return None
            run = heapq.heappop(self._due)[2]
            if not isinstance(run.step, Sleep):
                return run
            self._advance(run, Response(now))
        return None

    def _is_held_back(self) -> bool:
        """Whether the next call has to wait: those who give up call a silent server one at a time."""
        run = self._due[0][2]
        is_last_call = run.is_giving_up and not isinstance(run.step, Sleep)
        return is_last_call and not self._answers and self._under_way > 0

    def _has_room(self) -> bool:
        """Whether one more call may be out at once."""
        return self._workers.free > 0 and self._under_way < self._limit.value

    def _may_begin(self) -> bool:
        is_alone = not self._under_way and not self._due
        return bool(self._not_begun) and (self._answers or is_alone)

    def _seconds_to_wait(self) -> float:
        """Until the next call may go out, or the next look at an interruption is due."""
        now = self._workers.now()
        times = [now + _INTERRUPTION_CHECK_SECONDS]
        if self._has_room() and (self._may_begin() or (self._due and not self._is_held_back())):
            due = now if self._may_begin() else self._due[0][0]
            times.append(max(due, self._next_call_at))
        return max(0.0, min(times) - now)

    def _call(self, run: _AgentRun) -> Call[Response]:
        agent, step, now = run.asked, run.step, self._workers.now

        def call(api: AgentApi) -> Response:
            try:
                if isinstance(step, SendSignal):
                    return Response(reply=api.signal(agent, step.value), at=now())
                if isinstance(step, AskWaiting):
                    return Response(reply=api.waiting(agent), at=now())
                return Response(reply=api.status(agent), at=now())
            except ApiError as error:
                return Response(error=error, at=now())
            except Exception as error:  # noqa: BLE001 - a defect of ours must not hide what was done for others
                return Response(error=DefectError(error), at=now())

        return call

    def _note(self, run: _AgentRun, response: Response) -> None:
        """A call has come back: what it means for its agent, and what for all."""
        error = response.error
        self._answers = error is None or error.delivery is Delivery.REJECTED
        if self._answers:
            self._has_answered = True
            self._silent_in_a_row = 0
        if error is not None and error.aborts_run:
            self._stop(error, run)
        self._advance(run, response)
        if error is not None and run.is_giving_up and not self._answers:
            self._note_silence(error)
        if run.outcome is not None and run.outcome.failure is not None:
            self._count_silent_failure(run.outcome.failure)

    def _count_silent_failure(self, failure: ApiError) -> None:
        """Stop when the server gave no answer about a few agents in a row, retries and all, or none to begin with.

        In that second case the account is not known to be fit, and each further call could be a failed login.
        """
        self._silent_in_a_row += failure.has_no_answer
        if not self._has_answered or self._silent_in_a_row >= GIVE_UP_AFTER:
            self._stop(failure, None)

    def _note_silence(self, error: ApiError) -> None:
        """An agent that gives up got no answer. After a few of these, or a failed login, no more calls are made."""
        self._silences += 1
        was_silent = self._stopped_by is not None and self._stopped_by.has_no_answer
        if error.counts_as_failed_login or self._silences >= (1 if was_silent else GIVE_UP_AFTER):
            self._throw_into_all(NotAttemptedError(error))

    def _advance(self, run: _AgentRun, response: Response) -> None:
        """Let the decision go on from ``response`` to its next step, or to its end."""
        if isinstance(response.reply, Status):
            run.asked = Agent(response.reply.user)
        try:
            step = run.convergence.send(response)
        except StopIteration as end:
            run.outcome = end.value
            return
        if self._check_mode and isinstance(step, SendSignal):
            run.outcome = step.predicted
        elif self._stopped_by is not None and run is not self._stopper and not run.is_giving_up:
            self._throw(run, NotAttemptedError(self._stopped_by))
        else:
            self._push(run, step, response.at)

    def _push(self, run: _AgentRun, step: Step, at: float) -> None:
        run.step = step
        due = _AT_ONCE if isinstance(step, SendSignal) else at
        if isinstance(step, Sleep):
            due += step.seconds
        heapq.heappush(self._due, (due, next(self._numbers), run))

    def _stop(self, error: ApiError, stopper: _AgentRun | None) -> None:
        """Begin no more agents; those under way give up, except ``stopper``, whose answer the error was.

        An interruption ends that one too.
        """
        is_stopped_already = self._stopped_by is not None and not isinstance(error, InterruptedRunError)
        if is_stopped_already or isinstance(self._stopped_by, InterruptedRunError):
            return
        self._stopped_by, self._stopper = error, stopper
        self._answers = self._answers and not error.counts_as_failed_login
        for run in self._not_begun:
            run.outcome = not_started(NotAttemptedError(error))
        self._not_begun.clear()
        self._throw_into_all(NotAttemptedError(error))

    def _throw_into_all(self, error: ApiError) -> None:
        """Let all who wait for their next step receive ``error``."""
        waiting = [run for _due, _number, run in sorted(self._due, key=lambda entry: entry[1])]
        self._due.clear()
        for run in waiting:
            self._throw(run, error)

    def _throw(self, run: _AgentRun, error: ApiError) -> None:
        """Let an agent's convergence, which has begun, give up: it may take something back before it ends."""
        run.is_giving_up = True
        try:
            step = run.convergence.throw(error)
        except StopIteration as end:
            run.outcome = end.value
        else:
            self._push(run, step, self._workers.now())
