# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""How far a convergence has come: what was seen and sent, and what follows from it. No I/O, no clock, no Ansible."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .._errors import FIRST_RETRY_PAUSE, ApiError, Delivery, NoLiveCallError, NotConfirmedError, NotLoggedInError
from .._protocol.replies import NothingToEnd, Sent, Status
from .._protocol.words import BEGIN, END, IDLE, INCALL, RECORDING, WITHDRAW
from . import failures
from .steps import DesiredState, Outcome, Response

# A healthy screen shows the effect of a signal within two seconds (protocol 4.3).
SCREEN_SECONDS = 2.0
# After so long without effect a signal counts as overwritten by somebody else's (protocol 4.4). One END too many does
# no harm. One BEGIN too many starts a second recording if the screen was only slow, so a BEGIN gets more time.
LOST_SECONDS = {BEGIN: 10.0, END: 4.0}
MOST_TIMES_SENT = 2
# Once a signal is out its effect is awaited: repeated STATUS lie no further apart than this.
LONGEST_RETRY_PAUSE = 2.0


class Phase(Enum):
    """How far a convergence has come; the table in :mod:`.decision` says what each one means."""

    LOOKING = "looking"
    WAITING = "waiting"
    HOLDING = "holding"
    REACHED = "reached"
    TIMED_OUT = "timed out"


@dataclass
class _Seen:
    """What STATUS has shown of the agent, and what was seen to wait in the slot."""

    before: str | None = None
    status: Status | None = None
    is_current: bool = False
    is_logged_in: bool | None = None
    in_call_since: float | None = None
    holds_since: float | None = None
    was_reached: bool = False
    was_interrupted: bool = False
    waiting: str | None = None

    def observe(self, status: Status, wanted: str | None, now: float) -> None:
        self._observe_hold(status, wanted, now)
        self.status, self.is_current, self.is_logged_in = status, True, True
        if self.before is None:
            self.before = status.state
        if status.agent_status != INCALL:
            self.in_call_since = None
        elif self.in_call_since is None:
            self.in_call_since = now

    def _observe_hold(self, status: Status, wanted: str | None, now: float) -> None:
        """Note since when the wanted state holds. A change to another recording interrupts it."""
        is_another = self.status is not None and self.status.recording_id != status.recording_id
        if status.state != wanted or is_another:
            self.was_interrupted = self.was_interrupted or self.holds_since is not None
            self.holds_since = None
        if status.state == wanted and self.holds_since is None:
            self.holds_since, self.was_reached = now, True

    def mark_state_unknown(self) -> None:
        """STATUS was not answered: what it would have said is not known."""
        self.is_current, self.holds_since = False, None

    def note_logged_out(self) -> None:
        self.is_logged_in, self.is_current = False, False

    def is_live(self) -> bool:
        """Whether the last STATUS shows a recording."""
        return self.status is not None and self.status.state == RECORDING


@dataclass
class _Signals:
    """What was sent to the agent, or may have been, and what came back of it.

    ``unconfirmed_begins`` counts a BEGIN of somebody else that was seen to wait, too.
    """

    sent: list[str] = field(default_factory=list)
    first_sent_at: float | None = None
    last_response: Response | None = None
    last_tried_at: float = 0.0
    unconfirmed_begins: int = 0
    ended_recording_ids: list[int | None] = field(default_factory=list)
    ended: dict[int | None, Status] = field(default_factory=dict)

    def note(self, value: str, shown: Status | None, response: Response) -> bool:
        """Whether this first signal of all was sent; END is aimed at the recording that STATUS has ``shown``."""
        self.last_response, self.last_tried_at = response, response.at
        if value == END:
            self.ended_recording_ids.append(shown.recording_id if shown else None)
        is_unsent = response.error is not None and response.error.delivery is Delivery.NOT_SENT
        if is_unsent or isinstance(response.reply, NothingToEnd):
            return False
        self.sent.append(value)
        self.unconfirmed_begins += value == BEGIN
        if value == END and shown is not None:
            self.ended[shown.recording_id] = shown
        if self.first_sent_at is not None:
            return False
        self.first_sent_at = response.at
        return True


class Progress:
    """How far one convergence has come, and what follows from it."""

    def __init__(self, wanted: DesiredState, begun: Response) -> None:
        self.wanted = wanted
        self.now = begun.at
        self.account_is_proven = begun.account_is_proven
        self.deadline = begun.at + wanted.wait_timeout + wanted.stable_for
        self.seen = _Seen()
        self.signals = _Signals()
        self.failure: ApiError | None = None
        self.excused: ApiError | None = None
        self.withdrawn: bool | None = None
        self.withdrawal_error: ApiError | None = None

    @property
    def phase(self) -> Phase:
        """The phase at this moment; see the table in :mod:`.decision`."""
        seen, wanted = self.seen, self.wanted
        has_held = seen.holds_since is not None and self.now >= seen.holds_since + wanted.stable_for
        if has_held or (wanted.state is None and seen.status is not None):
            return Phase.REACHED
        has_tried = self.signals.last_response is not None or self.signals.unconfirmed_begins > 0
        if (has_tried or seen.was_reached) and (self.now >= self.deadline or not wanted.wait):
            return Phase.TIMED_OUT
        if seen.holds_since is not None:
            return Phase.HOLDING
        return Phase.WAITING if has_tried else Phase.LOOKING

    # What the server has answered

    def observe_status(self, status: Status) -> None:
        self.seen.observe(status, self.wanted.state, self.now)
        self.account_is_proven = True
        if status.state == RECORDING and not self.is_call_over():
            self.signals.unconfirmed_begins = 0

    def note_signal(self, value: str, response: Response) -> None:
        if self.signals.note(value, self.seen.status, response):
            self.deadline = self.now + self.wanted.wait_timeout + self.wanted.stable_for

    def note_waiting_begin(self) -> None:
        """A BEGIN is seen to wait, ours or not: it counts as sent now, so none is sent on top of it."""
        self.signals.unconfirmed_begins = max(self.signals.unconfirmed_begins, 1)
        self.signals.last_tried_at = self.now

    def note_withdrawal(self, response: Response) -> None:
        self.withdrawal_error = response.error
        self.withdrawn = response.error is None

    def note_failure(self, error: ApiError) -> None:
        if isinstance(error, NotLoggedInError):
            self.seen.note_logged_out()
        is_fine = (isinstance(error, NotLoggedInError) and not self.wanted.fail_when_logged_out) or (
            isinstance(error, NoLiveCallError) and not self.wanted.fail_without_call
        )
        if is_fine:
            self.excused = error
        else:
            self.failure = error
        if self.signals.sent and not isinstance(error, (NotConfirmedError, NoLiveCallError)):
            self.seen.is_current = False  # a signal is on its way, and its effect was not awaited

    # What follows from it

    def retry_pause(self, attempt: int, error: ApiError | None) -> float | None:
        """Seconds until a call that failed ``attempt`` times before is repeated; None where it must not be."""
        if error is None or not error.transient:
            return None
        if not self.account_is_proven and error.delivery is not Delivery.NOT_SENT:
            return None
        left, pause = self.deadline - self.now, FIRST_RETRY_PAUSE * 2**attempt
        if self.signals.sent:
            is_last = left < FIRST_RETRY_PAUSE
            pause = min(pause, LONGEST_RETRY_PAUSE, left)
        else:
            is_last = attempt == self.wanted.retries
        pause = max(pause, error.retry_after)
        return None if is_last or pause > left else pause

    def is_call_over(self) -> bool:
        """Whether the call that was required is over, so that a recording is none of that call."""
        ended = isinstance(self.failure or self.excused, NoLiveCallError)
        return ended or (self.wanted.require_call and self.seen.in_call_since is None)

    def check_call(self) -> None:
        """Raise NoLiveCallError where the required call is missing: what STATUS shows then is stale (protocol 4.2)."""
        status = self.seen.status
        if self.wanted.state == RECORDING and status is not None and self.is_call_over():
            shown = status.recording_id
            raise NoLiveCallError(*failures.no_live_call(status.agent_status, shown, bool(self.signals.sent)))

    def must_withdraw(self) -> bool:
        """Whether a BEGIN of ours may still wait in the slot, is to be taken back, and calls may still go out."""
        may_call = self.failure is None or not self.failure.forbids_calls
        is_left = BEGIN in self.signals.sent and self.signals.unconfirmed_begins > 0
        return self.wanted.withdraw and may_call and is_left and self.seen.is_logged_in is not False

    def may_return_unconfirmed(self) -> bool:
        """Whether ``wait`` is off, and the server said plainly that the signal is in the slot."""
        response = self.signals.last_response
        return not self.wanted.wait and response is not None and isinstance(response.reply, Sent)

    def seconds_to_next_status(self) -> float:
        """Until STATUS is asked again: no later than at the deadline, or when the state has held for long enough."""
        held_until = self.deadline
        if self.phase is Phase.HOLDING:
            held_until = (self.seen.holds_since or 0.0) + self.wanted.stable_for
        return min(self.wanted.wait_sleep, max(min(self.deadline, held_until) - self.now, 0.0))

    def next_signal(self) -> str | None:
        """The signal to send now, if any."""
        status = self.seen.status
        if status is None or self.wanted.state in (None, status.state):
            return None
        return self._next_end(status.recording_id) if self.wanted.state == IDLE else self._next_begin()

    def next_withdrawal(self) -> str:
        """WITHDRAW for a BEGIN that is seen to wait; NotConfirmedError where one waits again and again."""
        if self.now >= self.deadline:
            raise NotConfirmedError(*failures.begin_waits(self.seen.status.agent_status if self.seen.status else ""))
        return WITHDRAW

    def _next_end(self, shown: int | None) -> str | None:
        ended = self.signals.ended_recording_ids
        is_new = shown not in ended[-1:]
        return END if is_new or self._is_lost(END, ended.count(shown), self.signals.last_tried_at) else None

    def _next_begin(self) -> str | None:
        begun, in_call_since = self.signals.unconfirmed_begins, self.seen.in_call_since
        if not begun:
            return BEGIN if not self.signals.sent or self._leaves_time() else None
        # Without a call a BEGIN has no effect, and is not lost for that (protocol 4.5).
        if in_call_since is None:
            return None
        return BEGIN if self._is_lost(BEGIN, begun, max(self.signals.last_tried_at, in_call_since)) else None

    def _is_lost(self, value: str, times: int, since: float) -> bool:
        """Whether a signal, sent ``times`` times, has had no effect for so long that it may be sent once more."""
        is_time = since + LOST_SECONDS[value] <= self.now
        return is_time and self._leaves_time() and times < MOST_TIMES_SENT

    def _leaves_time(self) -> bool:
        """Whether a signal that is sent now can still show its effect, and hold it for ``stable_for``."""
        return self.now <= self.deadline - SCREEN_SECONDS - self.wanted.stable_for

    # What came of it

    def outcome(self) -> Outcome:
        """What has become of the agent so far."""
        seen, signals = self.seen, self.signals
        failure = self.failure
        if failure is None and self.excused is None and self.phase is not Phase.REACHED:
            failure = None if self.may_return_unconfirmed() else self.timeout_error()
        state = seen.status.state if seen.status and seen.is_current else None
        is_over = self.failure is not None or self.excused is not None
        confirmed = failure is None and not is_over and state is not None and state == self.wanted.state
        after = None
        if confirmed and seen.holds_since is not None and signals.first_sent_at is not None:
            after = seen.holds_since - signals.first_sent_at
        return Outcome(
            state=state,
            before=seen.before,
            status=seen.status,
            logged_in=seen.is_logged_in,
            signals=tuple(signals.sent),
            confirmed=confirmed,
            confirmed_after=after,
            failure=failure,
            withdrawn=self.withdrawn if self.withdrawal_error is None else bool(self.withdrawn),
            withdrawal_error=self.withdrawal_error,
            waiting=seen.waiting,
            excused=self.excused,
            ended=tuple(signals.ended.values()),
        )

    def timeout_error(self) -> ApiError:
        """Why no more is tried."""
        seen, signals = self.seen, self.signals
        state, shown = self.wanted.state or "", seen.status.recording_id if seen.status else None
        if seen.was_reached:
            held = None if seen.holds_since is None else self.now - seen.holds_since
            shown_state = seen.status.state if seen.status else None
            return NotConfirmedError(
                *failures.not_held(state, self.wanted.stable_for, held, shown_state, seen.was_interrupted)
            )
        agent_status = seen.status.agent_status if seen.status else ""
        if signals.first_sent_at is not None:
            waited = self.now - signals.first_sent_at
            return NotConfirmedError(
                *failures.not_confirmed(state, waited, shown, agent_status, is_withdrawn=bool(self.withdrawn))
            )
        if signals.last_response is not None and signals.last_response.error is not None:
            return signals.last_response.error
        if signals.last_response is None:
            return NotConfirmedError(*failures.begin_waits(agent_status))
        is_new = shown not in signals.ended_recording_ids
        return NotConfirmedError(*failures.nothing_to_end(shown, is_new, agent_status))

    def predicted(self, value: str) -> Outcome:
        """The outcome once ``value`` has had its effect: what check mode reports instead of sending it."""
        now = self.seen.status
        after = now and Status(now.user, None, None, None, None, now.agent_server, now.session, now.agent_status)
        is_withdrawal = value == WITHDRAW
        return Outcome(
            state=self.wanted.state,
            before=self.seen.before,
            status=after,
            logged_in=True,
            signals=() if is_withdrawal else (value,),
            confirmed=False,
            confirmed_after=None,
            failure=None,
            withdrawn=True if is_withdrawal else None,
            waiting=self.seen.waiting,
        )
