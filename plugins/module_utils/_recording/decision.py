# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The decision: what to do next so that one agent's recording is in the wanted state. No I/O, no clock, no Ansible.

:func:`converge` yields steps and is sent what each brought, with the time on the driver's clock. It returns an
:class:`~.steps.Outcome`. All that "declarative" means is here: ask first, signal only when needed, confirm by asking,
never trust an unclear answer, never begin while one is live, end one after the other until none is left, take back a
BEGIN that is given up on.

BEGIN and END are signals, not actions: they wait in one slot until the agent's screen acts on them, or never (protocol
4.3, 4.4). So after each step a convergence is in one of these phases:

========== ==================================================== ===================================================
Phase      What is known                                        What leads out of it
========== ==================================================== ===================================================
LOOKING    No signal was tried, and the state is not shown      STATUS shows the state; a signal is tried
WAITING    A signal was tried and has not shown its effect      STATUS shows the state; the time is over
HOLDING    STATUS shows the state, not yet for ``stable_for``   it has held; it is interrupted; the time is over
REACHED    STATUS has shown the state for long enough           the end: confirmed
TIMED_OUT  The time is over, or ``wait`` is off                 the end: an error says why, see :mod:`.failures`
========== ==================================================== ===================================================

In LOOKING and WAITING a signal may go out: the first one, one for another recording that shows, or a second one where
the first counts as lost. An error of the API, an agent who is not logged in, and one without the call that is required
end every phase.

When it ends and a BEGIN of ours has shown no effect, that would still wait and record a later call, which nobody asked
for (protocol 4.5). So it is taken back (protocol 4.14). A screen that read it just before may still act, so
STATUS is watched for WATCH_SECONDS: what shows then is what was wanted, or, when the call is over, is ended.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator

from .._errors import ApiError, Delivery, NotLoggedInError
from .._protocol.replies import Status, Waiting
from .._protocol.words import BEGIN, END, IDLE, WITHDRAW
from .progress import Phase, Progress
from .steps import AskStatus, AskWaiting, Convergence, DesiredState, Response, SendSignal, Sleep, Step

# How long a BEGIN that was taken back is watched for: a healthy screen acts within two seconds (protocol 4.3).
WATCH_SECONDS = 4.0

Steps = Generator[Step, Response, None]


def converge(wanted: DesiredState) -> Convergence:
    """The steps that bring one agent to the ``wanted`` state.

    The first one is an empty sleep: its response says when it begins. Errors of the API never leave it: they end it,
    as the ``failure`` of its Outcome. So does an ApiError that is thrown into it, though a BEGIN may then be taken back
    first; a second one ends that too.
    """
    begun = yield Sleep(0.0)
    progress = Progress(wanted, begun)
    try:
        yield from _reach_state(progress)
    except ApiError as error:
        progress.note_failure(error)
    if progress.must_withdraw():
        try:
            yield from _take_back(progress)
        except NotLoggedInError:
            progress.withdrawn = True  # the slot is gone with the session (protocol 4.11)
            progress.seen.note_logged_out()
        except ApiError as error:
            progress.withdrawal_error = error
    return progress.outcome()


def _reach_state(progress: Progress) -> Steps:
    """Until the state is reached, or the time is over."""
    yield from _ask_status(progress)
    while True:
        progress.check_call()
        signal = progress.next_signal()
        if progress.phase is Phase.TIMED_OUT:
            return
        if progress.phase is Phase.REACHED:
            if progress.wanted.state != IDLE or not (yield from _check_waiting(progress)):
                return
            signal = progress.next_withdrawal()
        elif signal == BEGIN and (yield from _check_waiting(progress)):
            progress.note_waiting_begin()
            signal = None
        if signal:
            yield from _send_signal(progress, signal)
            if progress.may_return_unconfirmed():
                return
        yield Sleep(progress.seconds_to_next_status())
        yield from _ask_status(progress)


def _ask_status(progress: Progress) -> Steps:
    """Ask STATUS; a transient failure is repeated with growing pauses, or as the server says, within the deadline.

    Until the account has proved fit, only a call that never reached the server is repeated: what failed may have been
    a login with a wrong password, which the server has counted (protocol 3.4). Once a signal is out, the deadline alone
    ends the repetitions.
    """
    for attempt in itertools.count():
        response = yield AskStatus()
        progress.now = response.at
        if isinstance(response.reply, Status):
            progress.observe_status(response.reply)
            return
        progress.seen.mark_state_unknown()
        pause = progress.retry_pause(attempt, response.error)
        if response.error is not None and pause is None:
            raise response.error
        yield Sleep(pause or 0.0)


def _check_waiting(progress: Progress) -> Generator[Step, Response, bool]:
    """Whether a BEGIN is seen to wait in the slot; False where nobody wants to look, or it cannot be seen."""
    if not progress.wanted.check_waiting:
        return False
    response = yield AskWaiting()
    progress.now = response.at
    if response.error is not None and not response.error.transient:
        raise response.error
    progress.seen.waiting = response.reply.signal if isinstance(response.reply, Waiting) else None
    return BEGIN in (progress.seen.waiting or "")


def _send_signal(progress: Progress, value: str) -> Steps:
    """Send a signal. An unclear answer counts as sent: only STATUS tells what became of it."""
    response = yield SendSignal(value, progress.predicted(value))
    progress.now = response.at
    if response.error is not None and response.error.delivery is Delivery.REJECTED:
        raise response.error
    if value == WITHDRAW:
        progress.note_withdrawal(response)
    else:
        progress.note_signal(value, response)


def _take_back(progress: Progress) -> Steps:
    """Take back a BEGIN that has shown no effect, and watch STATUS: a screen that had read it may still act."""
    progress.deadline = progress.now + progress.wanted.wait_timeout
    for attempt in itertools.count():
        yield from _send_signal(progress, WITHDRAW)
        if progress.withdrawal_error is None:
            break
        pause = progress.retry_pause(attempt, progress.withdrawal_error)
        if pause is None:
            raise progress.withdrawal_error
        yield Sleep(pause)
    if (yield from _check_waiting(progress)):
        progress.withdrawn = False
    progress.deadline = progress.now + WATCH_SECONDS
    has_sent_end = False
    while progress.now < progress.deadline:
        yield Sleep(min(progress.wanted.wait_sleep, progress.deadline - progress.now))
        yield from _ask_status(progress)
        if not progress.seen.is_live():
            if has_sent_end:
                return
        elif not progress.is_call_over():
            return  # the state that was wanted, after all
        elif not has_sent_end:
            yield from _send_signal(progress, END)
            has_sent_end = True
