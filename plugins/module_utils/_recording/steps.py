# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The words between a decision and whoever drives it: what is wanted, the steps, their responses, the outcome."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Union

from .._errors import ApiError
from .._protocol.replies import Reply, Status, Waiting


@dataclass(frozen=True)
class DesiredState:
    """The declared state of one agent, and how patient to be about it; times in seconds.

    ``state`` is ``recording``, ``idle``, or None to ask only. ``stable_for``: it must show so long without a break.
    ``wait_timeout`` and ``stable_for`` together bound everything: counted from the start, and anew from the first
    signal. ``withdraw``: take back a BEGIN that has shown no effect when giving up, which takes WATCH_SECONDS more.
    ``check_waiting``: look what waits in the agent's slot, where the account may (protocol 4.14).
    """

    state: str | None
    require_call: bool = False
    withdraw: bool = False
    check_waiting: bool = False
    fail_without_call: bool = True
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

    ``withdrawn``: whether a waiting BEGIN was taken back; None where there was none to take back, and with False
    ``withdrawal_error`` says why not. ``waiting`` is the signal that waits in the slot, "" for none, None where that
    was not or could not be seen. ``excused`` is what would have been the failure, had it not been declared to be fine.
    ``ended`` is what STATUS said of each recording that an END was sent for.
    """

    state: str | None
    before: str | None
    status: Status | None
    logged_in: bool | None
    signals: tuple[str, ...]
    confirmed: bool
    confirmed_after: float | None
    failure: ApiError | None
    withdrawn: bool | None = None
    withdrawal_error: ApiError | None = None
    waiting: str | None = None
    excused: ApiError | None = None
    ended: tuple[Status, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything was written to the agent's slot."""
        return bool(self.signals) or bool(self.withdrawn)


@dataclass(frozen=True)
class AskStatus:
    """Ask STATUS."""


@dataclass(frozen=True)
class AskWaiting:
    """Ask what waits in the agent's slot."""


@dataclass(frozen=True)
class SendSignal:
    """Send ``value``: BEGIN, END or WITHDRAW. ``predicted`` is the outcome if it does what it should."""

    value: str
    predicted: Outcome


@dataclass(frozen=True)
class Sleep:
    """Do nothing for ``seconds``."""

    seconds: float


Step = Union[AskStatus, AskWaiting, SendSignal, Sleep]


@dataclass(frozen=True)
class Response:
    """What a step brought: a reply, an error, or neither after a sleep; ``at`` seconds on the driver's clock.

    ``account_is_proven`` is looked at when the convergence begins: the server has accepted the account in this task.
    """

    at: float
    reply: Reply | Waiting | None = None
    error: ApiError | None = None
    account_is_proven: bool = False


Convergence = Generator[Step, Response, Outcome]


def not_started(error: ApiError) -> Outcome:
    """The outcome for an agent whom nothing was asked about, because of ``error``."""
    return Outcome(None, None, None, None, (), False, None, error)
