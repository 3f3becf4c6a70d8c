# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision: what to do next so that one agent's recording is in the wanted state. No I/O, no clock, no Ansible.

:func:`converge` yields steps and is sent what each brought, with the time on the driver's clock; it returns an
:class:`Outcome`. All that "declarative" means is here: ask first, signal only when needed, confirm by asking, never
trust an unclear answer, never begin while one is live, end one after the other until none is left.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from dataclasses import dataclass
from typing import Union

from ansible_collections.telephony.vicidial.plugins.module_utils._errors import (
    FIRST_RETRY_PAUSE,
    ApiError,
    NoLiveCallError,
    NotConfirmedError,
    NotLoggedInError,
)
from ansible_collections.telephony.vicidial.plugins.module_utils._reply import (
    IDLE,
    INCALL,
    RECORDING,
    NothingToEnd,
    Reply,
    Sent,
    Status,
)

BEGIN = "BEGIN"
END = "END"

# A healthy screen shows the effect of a signal within two seconds (protocol 4.3).
SCREEN_SECONDS = 2.0
# So long without effect, and a signal counts as overwritten by somebody else's (protocol 4.4). An END too many does no
# harm. A BEGIN too many starts a second recording if the first one was only read late: that waits for slow screens too.
LOST_SECONDS = {BEGIN: 10.0, END: 4.0}
MOST_TIMES_SENT = 2


@dataclass(frozen=True)
class Wanted:
    """The declared state of one agent, and how patient to be about it; times in seconds.

    ``state`` is ``recording``, ``idle``, or None to ask only. ``stable_for``: it must show so long without a break.
    ``wait_timeout`` and ``stable_for`` together bound everything: counted from the start, and anew from the first
    signal.
    """

    state: str | None
    stage: str = ""
    require_call: bool = False
    fail_when_logged_out: bool = True
    wait: bool = True
    wait_timeout: float = 10.0
    wait_sleep: float = 0.5
    stable_for: float = 0.0
    retries: int = 3


@dataclass(frozen=True)
class Outcome:
    """What became of one agent.

    ``status`` is the last STATUS; ``state`` is what it said, or None where it is not known any more. ``before`` is
    the state that the first STATUS said. ``signals`` are those that were sent, or may have been; ``confirmed``: STATUS
    has shown the wanted state for as long as it must hold, from ``confirmed_after`` seconds after the first signal on.
    ``logged_in`` is None where it is not known.
    """

    state: str | None
    before: str | None
    status: Status | None
    logged_in: bool | None
    signals: tuple[str, ...]
    confirmed: bool
    confirmed_after: float | None
    failure: ApiError | None

    @property
    def changed(self) -> bool:
        """Whether a signal was sent."""
        return bool(self.signals)


@dataclass(frozen=True)
class Ask:
    """Ask STATUS."""


@dataclass(frozen=True)
class Signal:
    """Send ``value`` (BEGIN or END) with the label ``stage``. ``foreseen`` is the outcome if it does what it should."""

    value: str
    stage: str
    foreseen: Outcome


@dataclass(frozen=True)
class Pause:
    """Do nothing for ``seconds``."""

    seconds: float


Step = Union[Ask, Signal, Pause]


@dataclass(frozen=True)
class Heard:
    """What a step brought: a reply, an error, or neither after a pause; ``at`` seconds on the driver's clock.

    ``account_is_proven`` is looked at when the convergence begins: the server has accepted the account in this task.
    """

    at: float
    reply: Reply | None = None
    error: ApiError | None = None
    account_is_proven: bool = False


Convergence = Generator[Step, Heard, Outcome]


def converge(wanted: Wanted) -> Convergence:
    """The steps that bring one agent to the ``wanted`` state.

    The first one is an empty pause: what is heard of it says when it begins. Errors of the API never leave it: they
    end it, as the ``failure`` of its Outcome.
    """
    begun = yield Pause(0.0)
    course = _Course(wanted, begun)
    try:
        yield from _ask(course)
        while not course.is_done():
            if course.is_over():
                raise course.gave_up()
            signal = course.signal_due()
            if signal:
                yield from _send(course, signal)
                if course.may_leave_it_there():
                    break
            yield Pause(course.seconds_to_next_look())
            yield from _ask(course)
    except NotLoggedInError as error:
        course.logged_out(error)
    except ApiError as error:
        course.failed(error)
    return course.outcome()


def never_begun(error: ApiError) -> Outcome:
    """The outcome for an agent whom nothing was asked about, because of ``error``."""
    return Outcome(None, None, None, None, (), False, None, error)


def _ask(course: _Course) -> Generator[Step, Heard, None]:
    """Ask STATUS; a transient failure is repeated with growing pauses, or as the server says, within the deadline.

    Until the account has proved fit, only a call that never reached the server is repeated: what failed may have been
    a login with a wrong password, which the server has counted (protocol 3.4).
    """
    for attempt in itertools.count():
        heard = yield Ask()
        course.at = heard.at
        if isinstance(heard.reply, Status):
            course.see(heard.reply)
            return
        course.lose_sight()
        pause = max(FIRST_RETRY_PAUSE * 2**attempt, heard.error.retry_after if heard.error else 0.0)
        is_last = attempt == course.wanted.retries or heard.at + pause > course.deadline
        if heard.error is not None and (is_last or not course.may_repeat(heard.error)):
            raise heard.error
        yield Pause(pause)


def _send(course: _Course, value: str) -> Generator[Step, Heard, None]:
    """Send a signal. An unclear answer counts as sent: only STATUS tells what became of it."""
    heard = yield Signal(value, course.wanted.stage if value == BEGIN else "", course.foreseen(value))
    course.at = heard.at
    if heard.error is not None and heard.error.refused:
        raise heard.error
    course.tried(value, heard)
    if not isinstance(heard.reply, NothingToEnd) and not (heard.error is not None and heard.error.unsent):
        course.sent(value)


class _Course:
    """How far one convergence has come: what was seen and sent, and what follows from it."""

    def __init__(self, wanted: Wanted, begun: Heard) -> None:
        self.wanted = wanted
        self.at = begun.at
        self.account_is_proven = begun.account_is_proven
        self.deadline = begun.at + wanted.wait_timeout + wanted.stable_for
        self.before: str | None = None
        self.status: Status | None = None
        self.status_is_current = False
        self.holds_since: float | None = None
        self.was_shown = False
        self.has_flipped = False
        self.is_logged_in: bool | None = None
        self.signals: list[str] = []
        self.begun_without_effect = 0
        self.tried_last: Heard | None = None
        self.first_signal_at: float | None = None
        self.last_try_at = 0.0
        self.in_call_since: float | None = None
        self.end_aimed_at: list[int | None] = []
        self.failure: ApiError | None = None

    def see(self, status: Status) -> None:
        self._see_whether_it_holds(status)
        self.status, self.status_is_current, self.is_logged_in = status, True, True
        self.account_is_proven = True
        if self.before is None:
            self.before = status.state
        if status.state == RECORDING:
            self.begun_without_effect = 0
        if status.agent_status != INCALL:
            self.in_call_since = None
        elif self.in_call_since is None:
            self.in_call_since = self.at

    def _see_whether_it_holds(self, status: Status) -> None:
        """One recording after another is not the one that was to hold."""
        is_another = self.status is not None and self.status.recording_id != status.recording_id
        if status.state != self.wanted.state or is_another:
            self.has_flipped = self.has_flipped or self.holds_since is not None
            self.holds_since = None
        if status.state == self.wanted.state and self.holds_since is None:
            self.holds_since, self.was_shown = self.at, True

    def lose_sight(self) -> None:
        """STATUS was not answered: what it would have said is not known."""
        self.status_is_current, self.holds_since = False, None

    def may_repeat(self, error: ApiError) -> bool:
        return error.transient and (self.account_is_proven or error.unsent)

    def tried(self, value: str, heard: Heard) -> None:
        self.tried_last, self.last_try_at = heard, self.at
        if value == END and self.status is not None:
            self.end_aimed_at.append(self.status.recording_id)

    def sent(self, value: str) -> None:
        self.signals.append(value)
        self.begun_without_effect += value == BEGIN
        if self.first_signal_at is None:
            self.first_signal_at = self.at
            self.deadline = self.at + self.wanted.wait_timeout + self.wanted.stable_for

    def may_leave_it_there(self) -> bool:
        """Whether nobody wants to wait, and the server said plainly that the signal is in the slot."""
        return not self.wanted.wait and self.tried_last is not None and isinstance(self.tried_last.reply, Sent)

    def is_over(self) -> bool:
        """Whether there is no time left, or nobody wants to wait, for what was tried to show its effect, or to hold."""
        has_tried = self.tried_last is not None or self.was_shown
        return has_tried and (self.at >= self.deadline or not self.wanted.wait)

    def is_done(self) -> bool:
        """Whether STATUS shows what is wanted, and has for long enough."""
        if self.wanted.state is None:
            return self.status is not None
        return self.holds_since is not None and self.at >= self.holds_since + self.wanted.stable_for

    def seconds_to_next_look(self) -> float:
        """Until STATUS is asked again: no later than at the deadline, or when the state has held for long enough."""
        held_until = self.deadline if self.holds_since is None else self.holds_since + self.wanted.stable_for
        return min(self.wanted.wait_sleep, max(min(self.deadline, held_until) - self.at, 0.0))

    def signal_due(self) -> str | None:
        """The signal to send now, if any. Raises NoLiveCallError where the first BEGIN is forbidden."""
        if self.status is None or self.wanted.state in (None, self.status.state):
            return None
        shown = self.status.recording_id
        if self.wanted.state == IDLE:
            is_new = shown not in self.end_aimed_at[-1:]
            may_be_lost = self._is_lost(END, self.end_aimed_at.count(shown), self.last_try_at)
            return END if is_new or may_be_lost else None
        begun = self.begun_without_effect
        if not begun and self.wanted.require_call and self.in_call_since is None:
            raise NoLiveCallError(
                f"the agent is in no live call (status {self.status.agent_status}) and require_call is set",
                "Run it again while the agent talks, or set require_call to false",
            )
        if not begun:
            return BEGIN if not self.signals or self._leaves_time() else None
        # Without a call a BEGIN has no effect, and is not lost for that (protocol 4.5).
        has_a_call = self.in_call_since is not None
        since = max(self.last_try_at, self.in_call_since or 0.0)
        return BEGIN if has_a_call and self._is_lost(BEGIN, begun, since) else None

    def _is_lost(self, value: str, times: int, since: float) -> bool:
        """Whether a signal, sent ``times`` times, has had no effect for so long that it may be sent once more."""
        is_time = since + LOST_SECONDS[value] <= self.at
        return is_time and self._leaves_time() and times < MOST_TIMES_SENT

    def _leaves_time(self) -> bool:
        """Whether a signal that is sent now can still show its effect, and that hold."""
        return self.at <= self.deadline - SCREEN_SECONDS - self.wanted.stable_for

    def gave_up(self) -> ApiError:
        """Why no more is tried."""
        if self.was_shown:
            return self._not_held()
        if self.signals:
            return self._not_confirmed()
        if self.tried_last is not None and self.tried_last.error is not None:
            return self.tried_last.error
        if self.status is not None and self.status.recording_id not in self.end_aimed_at:
            return NotConfirmedError(
                f"END found nothing to end any more, and recording {self.status.recording_id} has begun since",
                "Run it again, and look for who else begins recordings of this agent",
            )
        return NotConfirmedError(
            "STATUS shows a live recording, yet END finds nothing to end",
            "Look at the live recordings of this agent in VICIdial: its database contradicts itself",
        )

    def _not_held(self) -> NotConfirmedError:
        wanted, seconds = self.wanted.state, f"{self.wanted.stable_for:g} s"
        remedy = (
            "Look for who else begins and ends recordings of this agent: another controller, a campaign with "
            "ALLCALLS or ALLFORCE, or calls that end"
        )
        if self.holds_since is None:
            shown = self.status.state if self.status else None
            return NotConfirmedError(
                f"{wanted} did not hold for {seconds} without a break: STATUS shows {shown}", remedy
            )
        if not self.has_flipped:
            remedy = "Set wait_timeout higher: the agent's screen, or STATUS that got no answer, took too much of it"
        held = f"{self.at - self.holds_since:.1f} s"
        return NotConfirmedError(f"{wanted} has shown for {held} only, of the {seconds} that it must hold", remedy)

    def _not_confirmed(self) -> NotConfirmedError:
        waited = f"{self.at - (self.first_signal_at or self.at):.1f} s"
        agent_status = self.status.agent_status if self.status else ""
        if self.wanted.state == IDLE:
            shown = self.status.recording_id if self.status else None
            return NotConfirmedError(
                f"{waited} after END STATUS still shows recording {shown} as live",
                "Check that the agent's screen is open and connected, for it ends the recording; a log-out does too",
            )
        if agent_status == INCALL:
            remedy = (
                "Check that Stereo Call Recordings is not DISABLED for the campaign or the in-group of the call, and "
                "that the agent's screen is open and connected; the signal may still be waiting there"
            )
        else:
            remedy = (
                "The recording will start by itself at the agent's next call, unless the campaign or in-group has "
                "Stereo Call Recordings DISABLED or the agent's screen is closed; set require_call to rule this out"
            )
        return NotConfirmedError(
            f"no recording has shown {waited} after BEGIN was sent (status {agent_status})", remedy
        )

    def logged_out(self, error: NotLoggedInError) -> None:
        self.is_logged_in, self.status_is_current = False, False
        if self.wanted.fail_when_logged_out:
            self.failure = error

    def failed(self, error: ApiError) -> None:
        self.failure = error
        if self.signals and not isinstance(error, (NotConfirmedError, NoLiveCallError)):
            self.status_is_current = False  # a signal is on its way, and its effect was not awaited

    def outcome(self) -> Outcome:
        """What has become of the agent so far."""
        state = self.status.state if self.status and self.status_is_current else None
        confirmed = self.failure is None and state is not None and state == self.wanted.state
        after = None
        if confirmed and self.holds_since is not None and self.first_signal_at is not None:
            after = self.holds_since - self.first_signal_at
        return Outcome(
            state=state,
            before=self.before,
            status=self.status,
            logged_in=self.is_logged_in,
            signals=tuple(self.signals),
            confirmed=confirmed,
            confirmed_after=after,
            failure=self.failure,
        )

    def foreseen(self, value: str) -> Outcome:
        """The outcome once ``value`` has had its effect: what check mode reports instead of sending it."""
        now = self.status
        after = now and Status(now.user, None, None, None, None, now.agent_server, now.session, now.agent_status)
        return Outcome(self.wanted.state, self.before, after, True, (value,), False, None, None)
