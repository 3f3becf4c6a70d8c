# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The decision: what to do next so that one agent's recording is in the wanted state. No I/O, no clock, no Ansible.

:func:`converge` yields steps and is sent what each brought, with the time on the driver's clock. It returns an
:class:`Outcome`. All that "declarative" means is here: ask first, signal only when needed, confirm by asking, never
trust an unclear answer, never begin while one is live, end one after the other until none is left.

BEGIN and END are signals, not actions: they wait in one slot until the agent's screen acts on them, or never (protocol
4.3, 4.4). So after each step a convergence is in one of these phases:

========== ==================================================== ===================================================
Phase      What is known                                        What leads out of it
========== ==================================================== ===================================================
LOOKING    No signal was tried, and the state is not shown      STATUS shows the state; a signal is tried
WAITING    A signal was tried and has not shown its effect      STATUS shows the state; the time is over
HOLDING    STATUS shows the state, not yet for ``stable_for``   it has held; it is interrupted; the time is over
REACHED    STATUS has shown the state for long enough           the end: confirmed
TIMED_OUT  The time is over, or nobody wants to wait            the end: an error says why, see :mod:`.failures`
========== ==================================================== ===================================================

In LOOKING and WAITING a signal may go out: the first one, one for another recording that shows, or a second one where
the first counts as lost. An error of the API, and an agent who is not logged in, end every phase.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator

from .._errors import FIRST_RETRY_PAUSE, ApiError, Delivery, NotLoggedInError
from .._protocol.replies import Status
from .progress import Phase, Progress
from .steps import AskStatus, Convergence, DesiredState, Response, SendSignal, Sleep, Step


def converge(wanted: DesiredState) -> Convergence:
    """The steps that bring one agent to the ``wanted`` state.

    The first one is an empty sleep: its response says when it begins. Errors of the API never leave it: they end it,
    as the ``failure`` of its Outcome.
    """
    begun = yield Sleep(0.0)
    progress = Progress(wanted, begun)
    try:
        yield from _ask_status(progress)
        while progress.phase is not Phase.REACHED:
            if progress.phase is Phase.TIMED_OUT:
                raise progress.timeout_error()
            signal = progress.next_signal()
            if signal:
                yield from _send_signal(progress, signal)
                if progress.may_return_unconfirmed():
                    break
            yield Sleep(progress.seconds_to_next_look())
            yield from _ask_status(progress)
    except NotLoggedInError as error:
        progress.note_logged_out(error)
    except ApiError as error:
        progress.note_failure(error)
    return progress.outcome()


def _ask_status(progress: Progress) -> Generator[Step, Response, None]:
    """Ask STATUS; a transient failure is repeated with growing pauses, or as the server says, within the deadline.

    Until the account has proved fit, only a call that never reached the server is repeated: what failed may have been
    a login with a wrong password, which the server has counted (protocol 3.4).
    """
    for attempt in itertools.count():
        response = yield AskStatus()
        progress.now = response.at
        if isinstance(response.reply, Status):
            progress.observe_status(response.reply)
            return
        progress.sight.mark_state_unknown()
        pause = max(FIRST_RETRY_PAUSE * 2**attempt, response.error.retry_after if response.error else 0.0)
        is_last = attempt == progress.wanted.retries or response.at + pause > progress.deadline
        if response.error is not None and (is_last or not progress.may_repeat(response.error)):
            raise response.error
        yield Sleep(pause)


def _send_signal(progress: Progress, value: str) -> Generator[Step, Response, None]:
    """Send a signal. An unclear answer counts as sent: only STATUS tells what became of it."""
    response = yield SendSignal(value, progress.predicted(value))
    progress.now = response.at
    if response.error is not None and response.error.delivery is Delivery.REJECTED:
        raise response.error
    progress.note_signal(value, response)
