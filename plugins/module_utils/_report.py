# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Outcomes as what a task returns: one function builds every record, so every path has the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ansible_collections.telephony.vicidial.plugins.module_utils._convergence import Outcome
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import NotAttemptedError
from ansible_collections.telephony.vicidial.plugins.module_utils._fleet import Told
from ansible_collections.telephony.vicidial.plugins.module_utils._reply import IDLE, INCALL, RECORDING

Record = dict[str, Any]
_MOST_NAMED = 10


def result(tolds: Sequence[Told], one_was_named: bool) -> dict[str, Any]:
    """What the declaring module returns for its agents, in the order given."""
    records = [{**record(told), **_done(told)} for told in tolds]
    return {
        "changed": any(told.outcome.changed for told in tolds),
        "recordings": records,
        "counts": {
            kind: sum(_kind(it) == kind for it in records) for kind in ("changed", "already", "failed", "skipped")
        },
        "drifted": [it["user"] for it in records if it["changed"]],
        "ansible_facts": _facts(tolds, one_was_named),
        "diff": {
            "before": _states((told, told.outcome.before) for told in tolds),
            "after": _states((told, _after(told.outcome, told.wanted)) for told in tolds),
        },
        **_ending(tolds),
    }


def info_result(tolds: Sequence[Told], one_was_named: bool) -> dict[str, Any]:
    """What the asking module returns for its agents, in the order given."""
    return {
        "changed": False,
        "recordings": [{**record(told), **_judged(told)} for told in tolds],
        "ansible_facts": _facts(tolds, one_was_named),
        **_ending(tolds),
    }


def record(told: Told) -> Record:
    """The state of one agent. Absent values are None; ``state`` is None where it is not known."""
    outcome = told.outcome
    status = outcome.status if outcome.logged_in else None
    live = status if outcome.state == RECORDING else None
    return {
        "user": told.user,
        "logged_in": outcome.logged_in,
        "state": outcome.state,
        "recording_id": live.recording_id if live else None,
        "filename": live.filename if live else None,
        "server": live.server if live else None,
        "start_time": live.start_time if live else None,
        "agent_server": status.agent_server if status else None,
        "session": status.session if status else None,
        "agent_status": status.agent_status if status else None,
    }


def _done(told: Told) -> Record:
    outcome = told.outcome
    return {
        "changed": outcome.changed,
        "signals": list(outcome.signals),
        "confirmed": outcome.confirmed,
        "confirmed_after": None if outcome.confirmed_after is None else round(outcome.confirmed_after, 3),
        "skipped": _is_skipped(told),
        **_judged(told),
    }


def _judged(told: Told) -> Record:
    failure = told.outcome.failure
    return {"failed": failure is not None, "reason": failure.reason if failure else None, "msg": _message(told)}


def _is_skipped(told: Told) -> bool:
    outcome = told.outcome
    return outcome.failure is None and outcome.logged_in is False and told.wanted == RECORDING and not outcome.signals


def _message(told: Told) -> str:
    """For a human: what happened, to which agent, and in a failure what to do next; "" where nothing is to be said."""
    outcome = told.outcome
    who = f"Agent {told.user}" if told.user else "Agent"
    if told.agent.alt_user:
        who += f" (alt_user {told.agent.alt_user})"
    if outcome.failure is not None:
        return f"{who}: {outcome.failure}{_doubt(outcome)}"
    if outcome.logged_in is not False or told.wanted is None:
        return f"{who} {_latent(outcome)}" if _latent(outcome) else ""
    if told.wanted == IDLE:
        return f"{who} is not logged in, so nothing is being recorded on its session: idle is satisfied."
    return (
        f"{who} is not logged in and cannot be recorded: {'logged out after BEGIN' if outcome.signals else 'skipped'}."
    )


def _latent(outcome: Outcome) -> str:
    """What there is to know of a BEGIN that was not waited for, or in check mode would be sent (protocol 4.5)."""
    status = outcome.status.agent_status if outcome.status else INCALL
    if outcome.signals[-1:] != ("BEGIN",) or outcome.confirmed or status == INCALL:
        return ""
    return (
        f"is in no live call (status {status}): a BEGIN waits there and starts a recording by itself at the next one."
    )


def _doubt(outcome: Outcome) -> str:
    """What is not known after a failure, where a signal is on its way."""
    if not outcome.signals or outcome.state is not None or outcome.logged_in is False:
        return ""
    sent = " and ".join(outcome.signals)
    return f" {sent} may have reached the agent: its state is unknown until STATUS is asked again."


def _facts(tolds: Sequence[Told], one_was_named: bool) -> dict[str, Any]:
    """The records by agent, and the record itself when the task named a single agent."""
    found: dict[str, Any] = {"vicidial_stereo_recordings": {told.user: record(told) for told in tolds if told.user}}
    if one_was_named:
        found["vicidial_stereo_recording"] = record(tolds[0])
    return found


def _after(outcome: Outcome, wanted: str | None) -> str | None:
    """The state after the task, with the signals whose effect it does not show."""
    if not outcome.signals or outcome.state == wanted:
        return outcome.state
    return f"{outcome.state or 'unknown'}, {' and '.join(outcome.signals)} sent"


def _states(states: Iterable[tuple[Told, str | None]]) -> str:
    """A line an agent."""
    return "".join(f"{told.user or told.agent.alt_user}: {state or 'unknown'}\n" for told, state in states)


def _kind(done: Record) -> str:
    """Under which of the counts an agent falls; a failure counts as one even where a signal was sent."""
    return next((kind for kind in ("failed", "changed", "skipped") if done[kind]), "already")


def _ending(tolds: Sequence[Told]) -> dict[str, Any]:
    """What the task says as a whole: the failures, or what there is to know."""
    failed = [told for told in tolds if told.outcome.failure is not None]
    if failed:
        judged = _judged(min(failed, key=_rank))
        return {"failed": True, "reason": judged["reason"], "msg": _roll(failed, len(tolds)) + judged["msg"]}
    said = [message for message in map(_message, tolds) if message]
    more = f" And {len(said) - _MOST_NAMED} more." if len(said) > _MOST_NAMED else ""
    return {"msg": " ".join(said[:_MOST_NAMED]) + more} if said else {}


def _rank(told: Told) -> int:
    """Which failure speaks for the task: what stopped it for all, then what tells of that, then the first."""
    failure = told.outcome.failure
    return 0 if failure and failure.stops_run else 1 if isinstance(failure, NotAttemptedError) else 2


def _roll(failed: Sequence[Told], of_all: int) -> str:
    """Who failed, by name up to a number that a person reads; nothing where the one message names the one agent."""
    if of_all == 1:
        return ""
    names = [f"{told.user or told.agent.alt_user} ({_judged(told)['reason']})" for told in failed[:_MOST_NAMED]]
    more = f" and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
    return f"{len(failed)} of {of_all} agents failed: {', '.join(names)}{more}. "
