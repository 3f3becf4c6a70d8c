# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of a task's result, whatever went wrong: judged by what the dialer knows, not by the client.

The dialer's own knowledge is a list of the calls that were made, each with the agent's true state when it was answered
and the fault that it met. It says what the client was told, what it was refused, and what it cannot know.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, takewhile
from typing import Any

from vicidial_simulator.dialer import Recording

# The reason that a call ends with which meets a fault, for good. An answer that is only late, or has noise around it,
# or whose connection is closed afterwards, is an answer.
REASONS = {
    "latency": "timeout",
    "slow-headers": "timeout",
    "slow-body": "timeout",
    "reset-before-work": "unreachable",
    "reset-after-work": "unreachable",
    "reset-in-body": "unreachable",
    "truncated": "unreachable",
    "truncated-unnoticed": "not_understood",
    "bad-gateway": "http_error",
    "crash-before-work": "http_error",
    "crash-after-work": "http_error",
    "crash-with-answer": "http_error",
    "service-unavailable": "http_error",
    "too-many-requests": "http_error",
    "redirect": "http_error",
    "login-page": "not_understood",
    "empty-body": "not_understood",
    "database-down": "not_understood",
    "database-down-fatal": "not_understood",
    "refused": "unreachable",
    "no-such-host": "unreachable",
    "no-route-in-time": "timeout",
    "handshake-failure": "unreachable",
    "expired-certificate": "unreachable",
    "wrong-name-certificate": "unreachable",
}
HARMLESS = {"noise", "close-after"}
# The client knows that these calls never reached the application.
NEVER_SENT = {"refused", "no-such-host", "no-route-in-time", "expired-certificate", "wrong-name-certificate"}

LOGGED_OUT = "ERROR: agent_user is not logged in"
# What the server refuses, in its own words: nothing was written then.
REFUSALS = {
    "ERROR: stop stereo_recording error": "",
    LOGGED_OUT: "not_logged_in",
    "ERROR: stereo_recording not valid": "not_valid",
    "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION": "permission_denied",
    "ERROR: Invalid Username/Password BAD": "authentication_failed",
    "ERROR: Invalid Username/Password GOOD": "api_access_denied",
    "ERROR: Invalid Username/Password LOCK": "account_locked",
    "ERROR: Invalid Username/Password ERRSERVERS": "api_inactive",
    "ERROR: System API NOT ACTIVE": "api_inactive",
}
OLD_BUILD = "no such function"


@dataclass(frozen=True)
class Called:
    """One call. ``truth`` is the agent's state when it was answered: recording, idle, or None for one logged out.

    ``result`` are the word and the reason of the answer that the application gave, "" where it was not reached or said
    nothing; ``fault`` is what came in between, None for nothing that keeps an answer from its reader.
    """

    user: str
    value: str
    truth: str | None
    result: str
    fault: str | None

    @property
    def is_told(self) -> bool:
        """Whether STATUS has told the client the state."""
        return self.fault is None and self.value == "STATUS" and self.result.startswith("NOTICE: ")

    @property
    def wrote(self) -> bool:
        """Whether the signal is in the slot."""
        return self.result.startswith(("SUCCESS", "Exitoso"))

    @property
    def may_have_written(self) -> bool:
        """Whether it was a signal that has been sent for all that the client can know."""
        is_refused = self.fault is None and (self.result in REFUSALS or self.result == OLD_BUILD)
        return self.value in ("BEGIN", "END") and not is_refused and self.fault not in NEVER_SENT

    @property
    def reason(self) -> str:
        """The ``reason`` that this call ends a task with, if it does."""
        if self.fault is not None:
            return REASONS[self.fault]
        if self.result == OLD_BUILD:
            return "unsupported_server"
        return REFUSALS.get(self.result, "not_understood")


def falsehoods(
    wanted: str,
    record: dict[str, Any],
    calls: Sequence[Called],
    everyones: Iterable[Called],
    all_seen: bool = True,
) -> Iterator[str]:
    """What is not true in ``record``, an agent's part of the result; ``calls`` were about the agent.

    ``everyones`` calls could have ended the task for this agent too. Without ``all_seen`` a signal can have been lost
    on its way: the dialer has not seen it, and the client cannot know that.
    """
    told = next((it for it in reversed(calls) if it.is_told), None)
    since = list(takewhile(lambda it: not it.is_told, reversed(calls)))
    if record["failed"]:
        yield from _of_a_failure(record, told, since, everyones)
    elif record["logged_in"] is False:
        if record["confirmed"] or not calls or calls[-1].result != LOGGED_OUT:
            yield "skipped as logged out, which the dialer did not say last"
    elif not (record["confirmed"] and record["state"] == wanted and told and not since and told.truth == wanted):
        yield "done, but the dialer's state is another one, or was not asked for last"
    if record["state"] is not None:
        yield from _of_the_state(record["state"], told, since)
    yield from _of_the_signals(record, calls, all_seen)


def _of_a_failure(
    record: dict[str, Any], told: Called | None, since: Sequence[Called], everyones: Iterable[Called]
) -> Iterator[str]:
    reason = record["reason"]
    if record["confirmed"]:
        yield "failed and confirmed"
    if reason == "not_confirmed":
        if since or told is None or record["state"] is None:
            yield "not confirmed, but the state was not asked for last"
    elif not any(it.reason == reason for it in everyones):
        yield "no call ended with that reason"
    is_in_flight = record["changed"] and record["state"] is None and record["logged_in"] is not False
    if is_in_flight and "its state is unknown" not in record["msg"]:
        yield "it does not say that the state is unknown"


def _of_the_state(state: str, told: Called | None, since: Sequence[Called]) -> Iterator[str]:
    if told is None or told.truth != state:
        yield f"the state is not what STATUS said last: {told}"
    if any(it.value == "STATUS" or it.may_have_written for it in since):
        yield "the state is older than a signal that is in flight, or than a question that got no answer"


def _of_the_signals(record: dict[str, Any], calls: Sequence[Called], all_seen: bool) -> Iterator[str]:
    seen, said = [it.value for it in calls if it.may_have_written], list(record["signals"])
    if said != seen if all_seen else Counter(seen) - Counter(said):
        yield f"the signals that were sent or may have been are {seen}"
    if record["changed"] != bool(said):
        yield "it is changed without a signal, or the other way round"
    if any(it.wrote for it in calls) and not record["changed"]:
        yield "a signal was sent and it says unchanged"


def doubles(recordings: Iterable[Recording]) -> list[tuple[int, int]]:
    """The pairs of ``recordings``, all begun by the task, that were live at the same time for one agent."""
    return [
        (one.recording_id, other.recording_id)
        for one, other in combinations(recordings, 2)
        if one.user == other.user and (one.ended_at is None or other.started_at < one.ended_at)
    ]


def refused_logins(calls: Iterable[Called]) -> int:
    """How many calls the server has refused the account for: ten of them can lock it."""
    return sum(it.result.startswith("ERROR: Invalid Username/Password") for it in calls)
