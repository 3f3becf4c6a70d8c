# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""Outcomes as what a task returns: one function builds every record, so every path has the same keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._errors import NoLiveCallError, NotAttemptedError, NotValidError
from .._protocol.replies import Status
from .._protocol.words import BEGIN, END, IDLE, INCALL, RECORDING
from .scheduler import AgentResult
from .steps import Outcome

Record = dict[str, Any]
_MOST_NAMED = 10


def declared(results: Sequence[AgentResult], one_was_named: bool) -> dict[str, Any]:
    """What the declaring module returns for its agents, the failed ones first, otherwise in the order given."""
    records = [{**record(result), **_done(result)} for result in _failed_first(results)]
    return {
        "changed": any(result.outcome.changed for result in results),
        "recordings": records,
        "counts": {
            kind: sum(_kind(done) == kind for done in records) for kind in ("changed", "already", "failed", "skipped")
        },
        **_facts(results, one_was_named),
        "diff": {
            "before": _states((result, result.outcome.before) for result in results),
            "after": _states((result, _after(result.outcome, result.wanted)) for result in results),
        },
        "warnings": _warnings(results),
        **_ending(results),
    }


def asked(results: Sequence[AgentResult], one_was_named: bool) -> dict[str, Any]:
    """What the asking module returns for its agents: what was seen, with room for what the recording log knows."""
    found = seen(results)
    return {
        **found,
        "recordings": [{**row, "recorded": None, "recorded_by": None} for row in found["recordings"]],
        "server_time": None,
        **_facts(results, one_was_named),
    }


def seen(results: Sequence[AgentResult]) -> dict[str, Any]:
    """What STATUS said of the agents, the failed ones first, otherwise in the order given."""
    return {
        "changed": False,
        "recordings": [{**record(result), **_judged(result)} for result in _failed_first(results)],
        **_ending(results),
    }


def record(result: AgentResult) -> Record:
    """The state of one agent. Absent values are None; ``state`` is None where it is not known."""
    outcome = result.outcome
    status = outcome.status if outcome.logged_in else None
    live = status if outcome.state == RECORDING else None
    return {
        "user": result.user,
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


def _done(result: AgentResult) -> Record:
    outcome = result.outcome
    return {
        "changed": outcome.changed,
        "signals": list(outcome.signals),
        "confirmed": outcome.confirmed,
        "confirmed_after": None if outcome.confirmed_after is None else round(outcome.confirmed_after, 3),
        "withdrawn": outcome.withdrawn,
        "waiting": outcome.waiting,
        "ended": [_ended(status) for status in outcome.ended] if outcome.confirmed else [],
        "skipped": _is_skipped(result),
        **_judged(result),
    }


def _ended(status: Status) -> Record:
    """A recording as STATUS showed it before it was ended; what only the recording log tells is None."""
    of_status = {"recording_id": status.recording_id, "filename": status.filename, "start_time": status.start_time}
    return {**of_status, **dict.fromkeys(("duration", "end_time", "lead_id", "location"))}


def _judged(result: AgentResult) -> Record:
    failure = result.outcome.failure
    return {"failed": failure is not None, "reason": failure.reason if failure else None, "msg": _message(result)}


def _is_skipped(result: AgentResult) -> bool:
    outcome = result.outcome
    is_missing = outcome.logged_in is False or isinstance(outcome.excused, NoLiveCallError)
    return outcome.failure is None and is_missing and result.wanted == RECORDING and not outcome.signals


def _message(result: AgentResult) -> str:
    """For a human: what happened, to which agent, and in a failure what to do next; "" where nothing is to be said."""
    outcome = result.outcome
    who = f"Agent {result.user}" if result.user else "Agent"
    if result.agent.alt_user:
        who += f" (alt_user {result.agent.alt_user})"
    if outcome.failure is not None:
        return f"{who}: {outcome.failure}{_withdrawal(outcome)}{_doubt(outcome)}"
    if isinstance(outcome.excused, NoLiveCallError):
        return f"{who}: {outcome.excused.what}, so it is skipped.{_withdrawal(outcome)}"
    if outcome.logged_in is not False or result.wanted is None:
        notes = [note for note in (_waiting_begin(outcome), _stale(outcome), _waiting_unknown(result)) if note]
        return f"{who} {'; '.join(notes)}." if notes else ""
    if result.wanted == IDLE:
        return f"{who} is not logged in, so nothing is being recorded on its session: idle is satisfied."
    return (
        f"{who} is not logged in and cannot be recorded: {'logged out after BEGIN' if outcome.signals else 'skipped'}."
    )


def _waiting_begin(outcome: Outcome) -> str:
    """What there is to know of a BEGIN that was not waited for, or in check mode would be sent (protocol 4.5)."""
    status = outcome.status.agent_status if outcome.status else INCALL
    if outcome.signals[-1:] != (BEGIN,) or outcome.confirmed or status == INCALL:
        return ""
    return f"is in no live call (status {status}): a BEGIN waits there and starts a recording by itself at the next one"


def _stale(outcome: Outcome) -> str:
    """A recording that shows without a call is probably left over from an earlier one (protocol 4.2)."""
    if outcome.state != RECORDING or outcome.status is None or outcome.status.agent_status == INCALL:
        return ""
    status = outcome.status
    return (
        f"is in no call (status {status.agent_status}), so recording {status.recording_id} that STATUS shows is "
        "probably left over from an earlier one"
    )


def _waiting_unknown(result: AgentResult) -> str:
    """That the task asked what waits in the slot, and it could not be seen."""
    if not result.check_waiting or result.outcome.waiting is not None:
        return ""
    return "may have a signal waiting: it could not be seen, for which the API account needs the function recording"


def _withdrawal(outcome: Outcome) -> str:
    """What became of a BEGIN that was given up on."""
    error = outcome.withdrawal_error
    if outcome.withdrawn is None and error is None:
        return ""
    if outcome.withdrawn and error is None:
        ended = ", and the recording that it had begun was ended" if END in outcome.signals else ""
        return f" The BEGIN was taken back{ended}."
    if isinstance(error, NotValidError):
        return " This server does not let a BEGIN be taken back: it waits, and can start a recording at the next call."
    why = "" if error is None or isinstance(error, NotAttemptedError) else f", because {error.what}"
    return f" Whether the BEGIN was taken back is not known{why}: it may start a recording at the next call."


def _doubt(outcome: Outcome) -> str:
    """What is not known after a failure, where a signal is on its way, or somebody's waiting BEGIN was taken back."""
    if outcome.state is not None or outcome.logged_in is False or not (outcome.signals or outcome.withdrawn):
        return ""
    why = "The agent's screen may have read it before"
    if outcome.signals:
        why = f"{' and '.join(outcome.signals)} may have reached the agent"
    return f" {why}: its state is unknown until STATUS is asked again."


def _warnings(results: Sequence[AgentResult]) -> list[str]:
    """What passes for success and should be looked at, once for all agents."""
    stale = [result for result in results if result.outcome.confirmed and _stale(result.outcome)]
    if not stale:
        return []
    names = _some([str(result.user) for result in stale])
    return [f"STATUS shows a recording of agents in no call, probably left over from an earlier one: {names}."]


def _some(names: Sequence[str]) -> str:
    """``names`` up to a number that a person reads, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _failed_first(results: Sequence[AgentResult]) -> list[AgentResult]:
    """A person reads the beginning of a long line."""
    return sorted(results, key=lambda result: result.outcome.failure is None)


def _facts(results: Sequence[AgentResult], one_was_named: bool) -> dict[str, Any]:
    """The record when the task named a single agent, and the records by agent; no facts of a task that failed.

    Ansible would not set them. The record is empty after a list of agents: it would else be that of an earlier task.
    """
    if any(result.outcome.failure is not None for result in results):
        return {}
    found = {
        "vicidial_stereo_recording": record(results[0]) if one_was_named else {},
        "vicidial_stereo_recordings": {result.user: record(result) for result in results if result.user},
    }
    return {"ansible_facts": found}


def _after(outcome: Outcome, wanted: str | None) -> str | None:
    """The state after the task, with the signals whose effect it does not show."""
    if not outcome.signals or outcome.state == wanted:
        return outcome.state
    return f"{outcome.state or 'unknown'}, {' and '.join(outcome.signals)} sent"


def _states(states: Iterable[tuple[AgentResult, str | None]]) -> str:
    """One line for each agent."""
    return "".join(f"{result.user or result.agent.alt_user}: {state or 'unknown'}\n" for result, state in states)


def _kind(done: Record) -> str:
    """Under which of the counts an agent falls; a failure counts as one even where a signal was sent."""
    return next((kind for kind in ("failed", "changed", "skipped") if done[kind]), "already")


def _ending(results: Sequence[AgentResult]) -> dict[str, Any]:
    """What the task says as a whole: the failures, or what there is to know."""
    failed = [result for result in results if result.outcome.failure is not None]
    if failed:
        judged = _judged(min(failed, key=_rank))
        return {"failed": True, "reason": judged["reason"], "msg": _failed_agents(failed, len(results)) + judged["msg"]}
    said = [message for message in map(_message, results) if message]
    more = f" And {len(said) - _MOST_NAMED} more." if len(said) > _MOST_NAMED else ""
    return {"msg": " ".join(said[:_MOST_NAMED]) + more} if said else {}


def _rank(result: AgentResult) -> int:
    """Which failure speaks for the task: what stopped it for all, then what tells of that, then the first."""
    failure = result.outcome.failure
    return 0 if failure and failure.aborts_run else 1 if isinstance(failure, NotAttemptedError) else 2


def _failed_agents(failed: Sequence[AgentResult], of_all: int) -> str:
    """Who failed, by name up to a number that a person reads; nothing where the one message names the one agent."""
    if of_all == 1:
        return ""
    names = [f"{result.user or result.agent.alt_user} ({_judged(result)['reason']})" for result in failed]
    return f"{len(failed)} of {of_all} agents failed: {_some(names)}. "
