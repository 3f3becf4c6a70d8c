# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""What is known of the agents who are watched: whom to ask next, and what a look at them has changed. Pure, no clock.

A look is the list of who is logged in, and STATUS of some of them. The list tells who is there and in which call;
STATUS tells what is being recorded, and whether somebody whom the list leaves out has logged out (protocol 5.1). What
one look shows and the one before did not is an event. The first look of all tells of no change: nothing was known
before it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from ...module_utils._protocol.names import is_user
from ...module_utils._protocol.tables import LoggedInAgent
from ...module_utils._protocol.words import IDLE, INCALL, RECORDING
from .._audit import MISSING, Rule, audit
from . import event as events
from .breach import KEPT, Breach
from .event import Event

# An agent is unknown after so many looks in a row in which STATUS could not tell. Then STATUS is asked every
# AGAIN_SECONDS, as it is for an agent who is logged in and whom the list leaves out.
MISSES_TO_BE_UNKNOWN = 2
AGAIN_SECONDS = 30.0
STALE = "stale_recording"
NOT_LISTED = "not_listed"
_NEVER = float("-inf")
_RECORD = (
    *("user", "logged_in", "state", "recording_id", "filename", "server", "start_time"),
    *("agent_server", "session", "agent_status"),
)

# A record of the module vicidial_stereo_recording_info.
Answer = Mapping[str, Any]
View = dict[str, Any]


@dataclass(frozen=True)
class Watched:
    """Whom to watch (everybody who is listed, where no ``agent_users`` are named), and the rule.

    A breach of the rule is told when it has lasted for ``for_seconds``.
    """

    agent_users: Sequence[str] = ()
    rule: Rule | None = None
    for_seconds: float = 10.0


@dataclass
class Known:
    """What is known of one agent.

    ``state`` and ``record`` are what STATUS said when it could last tell; ``misses`` counts the looks since then.
    ``shown`` is what the list showed when STATUS was asked last, at ``asked_at`` seconds on the watcher's clock.
    """

    user: str
    campaign: str | None = None
    user_group: str | None = None
    status: str = ""
    call: str = ""
    is_listed: bool = False
    shown: tuple[str, ...] = ()
    asked_at: float = _NEVER
    state: str | None = None
    record: Answer | None = None
    misses: int = 0
    breach: Breach = field(default_factory=Breach)

    def view(self) -> View:
        """What an event shows as before and after."""
        is_recorded = self.state == RECORDING and self.record is not None
        return {
            "agent_status": self.status or None,
            "call": self.call or None,
            "state": None if self.misses >= MISSES_TO_BE_UNKNOWN else self.state,
            "recording_id": self.record["recording_id"] if is_recorded and self.record else None,
        }

    def note_row(self, row: LoggedInAgent) -> None:
        """The list shows the agent so."""
        self.campaign, self.user_group, self.status = row.campaign_id, row.user_group, row.status
        self.call, self.is_listed = call_of(row), True

    def as_agent(self) -> dict[str, Any]:
        """The same as a row of the list, for the audit."""
        return {
            "user": self.user,
            "campaign_id": self.campaign,
            "user_group": self.user_group,
            "status": self.status,
            "full_name": "",
        }


@dataclass
class _Change:
    """What an event says besides the agent, ``before`` and ``after``."""

    kind: str
    identity: tuple[Any, ...]
    msg: str
    reason: str | None = None


def call_of(row: LoggedInAgent) -> str:
    """What tells the agent's live call from others; "" where there is none."""
    if row.status != INCALL:
        return ""
    return row.callerid or f"lead {row.lead_id}"


class Floor:
    """The agents who are watched. ``known`` is what an earlier run knew, None for nothing."""

    def __init__(self, watched: Watched, known: Mapping[str, Known] | None = None) -> None:
        self._watched = watched
        self._known: dict[str, Known] = dict(known or {})
        self._is_first_look = known is None

    def plan(
        self, rows: Iterable[LoggedInAgent], now: float, pushed: Collection[str] = (), in_full: bool = True
    ) -> list[str]:
        """Whose STATUS this look needs, the most urgent first.

        Those whose status or call has changed, who have left the list, or whom VICIdial has ``pushed`` an event about;
        ``in_full`` also those in a call, as far as the rule is about them (without one: all), for a recording can begin
        and end at any moment of it, and those who are unknown, every now and then.
        """
        listed = self._listed(rows)
        urgent = [user for user, row in listed.items() if user in pushed or self._has_changed(row)]
        urgent += [user for user, known in self._known.items() if user not in listed and known.is_listed]
        if self._is_first_look:
            urgent += [user for user in self._watched.agent_users if user not in listed]
        if not in_full:
            return urgent
        asked = set(urgent)
        others = [
            known for known in self._known.values() if known.user not in asked and self._is_due(known, listed, now)
        ]
        return urgent + [known.user for known in sorted(others, key=lambda known: known.asked_at)]

    def take(self, rows: Iterable[LoggedInAgent], answers: Mapping[str, Answer], now: float) -> list[Event]:
        """The events of a look: the list and what STATUS answered, by user, of those who were asked."""
        listed = self._listed(rows)
        found: list[Event] = []
        for user in dict.fromkeys([*listed, *self._known, *answers]):
            found += self._look_at(user, listed.get(user), answers.get(user), now)
        if self._watched.rule is not None:
            found += self._judge(self._watched.rule, answers, now)
        self._is_first_look = False
        return found

    def save(self) -> dict[str, Any]:
        """What is known, as JSON has it."""
        return {user: {**asdict(known), "asked_at": 0.0} for user, known in self._known.items()}

    # Whom to ask

    def _listed(self, rows: Iterable[LoggedInAgent]) -> dict[str, LoggedInAgent]:
        """The watched ones of the list. A user whom the API would misread (protocol 4.9) cannot be watched."""
        named = {user.casefold() for user in self._watched.agent_users}
        return {row.user: row for row in rows if is_user(row.user) and (not named or row.user.casefold() in named)}

    def _has_changed(self, row: LoggedInAgent) -> bool:
        known = self._known.get(row.user)
        return known is None or known.shown != _shown(row)

    def _is_due(self, known: Known, listed: Mapping[str, LoggedInAgent], now: float) -> bool:
        if known.misses == 1:
            return True
        if known.misses or known.user not in listed:
            return now - known.asked_at >= AGAIN_SECONDS
        rule = self._watched.rule
        return known.status == INCALL and (rule is None or rule.concerns(known.as_agent()))

    # What has changed

    def _look_at(self, user: str, row: LoggedInAgent | None, answer: Answer | None, now: float) -> Iterator[Event]:
        known = self._known.get(user)
        before = known.view() if known else None
        if known is None:
            known, changes = self._welcome(user, row, answer, now)
            if known is None:
                return
        elif row is not None:
            changes = self._compare(known, row, now)
        else:
            changes = self._miss(known, answer, now)
        if answer is not None and user in self._known and answer["logged_in"] is not False:
            changes += _learn(known, answer, now)
            known.shown = _shown(row) if row is not None else ()
        after = known.view() if user in self._known else None
        for change in changes:
            yield _event(known, change, now, before=before, after=after)

    def _welcome(
        self, user: str, row: LoggedInAgent | None, answer: Answer | None, now: float
    ) -> tuple[Known | None, list[_Change]]:
        """An agent of whom nothing was known. One whom the list leaves out is known from STATUS alone."""
        known = Known(user)
        if row is None:
            if answer is None or answer["logged_in"] is not True:
                return None, []
            known.status = answer["agent_status"] or ""
        else:
            known.note_row(row)
        self._known[user] = known
        if self._is_first_look or row is None:
            return known, []
        known.state = IDLE  # nobody is being recorded before logging in (protocol 4.11)
        return known, _arrival(known, row, now)

    def _compare(self, known: Known, row: LoggedInAgent, now: float) -> list[_Change]:
        """What the list shows of an agent who was known."""
        if known.is_listed and row.campaign_id != known.campaign:  # only a new login gets an agent into another one
            changes = _departure(known, now)
            known.state, known.record = IDLE, None
            known.note_row(row)
            return [*changes, *_arrival(known, row, now)]
        was_listed, call_before = known.is_listed, known.call
        known.note_row(row)
        if not was_listed:  # which call it was in nobody knows
            return [_Change(events.KNOWN, (now,), f"Agent {known.user} is in the list again.")]
        if known.call == call_before:
            return []
        changes = [_call_ended(known.user, call_before)] if call_before else []
        return [*changes, *([_call_began(known)] if known.call else [])]

    def _miss(self, known: Known, answer: Answer | None, now: float) -> list[_Change]:
        """The list does not show an agent who was known: only STATUS tells whether that is a logout."""
        if answer is None or answer["logged_in"] is None:
            return []
        if answer["logged_in"] is False:
            del self._known[known.user]
            return _departure(known, now)
        known.status = answer["agent_status"] or ""
        if not known.is_listed:
            return []
        known.is_listed, known.call, known.campaign, known.user_group = False, "", None, None
        msg = f"Agent {known.user} is logged in, and not in the list any more: the campaign is not a watched one."
        return [_Change(events.UNKNOWN, (now,), msg, NOT_LISTED)]

    # Whether the rule is kept

    def _judge(self, rule: Rule, answers: Mapping[str, Answer], now: float) -> Iterator[Event]:
        """The events about the rule. Whoever is in a call and was not asked in this look stays as judged before."""
        judged = [known for known in self._known.values() if known.user in answers or known.status != INCALL]
        records = [_for_audit(known, answers.get(known.user)) for known in judged]
        report = audit([known.as_agent() for known in judged], records, rule)
        findings = {finding["agent"]: finding["finding"] for finding in report["findings"]}
        for known in judged:
            before = known.breach
            known.breach, ended = before.next(findings.get(known.user), known.call, now)
            if ended is not None:
                yield _event(known, _settled(known.user, before, ended), now, since=before.since)
            if known.breach.is_due(now, self._watched.for_seconds):
                known.breach = known.breach.as_told()
                yield _event(known, _broken(known.user, known.breach, now), now, since=known.breach.since)


def restore(saved: Any) -> dict[str, Known]:
    """What :meth:`Floor.save` saved. Raises TypeError, KeyError or ValueError for anything else."""
    found = {}
    for user, fields in saved.items():
        breach = Breach(**fields["breach"])
        # Nobody has watched since then, so a breach that was not told begins anew.
        breach = breach if breach.told else Breach()
        known = Known(**{**fields, "breach": breach, "shown": tuple(fields["shown"])})
        if known.user != user or (known.state == RECORDING and "recording_id" not in (known.record or {})):
            raise ValueError("this is no agent")
        found[user] = known
    return found


def _shown(row: LoggedInAgent) -> tuple[str, ...]:
    return row.status, row.callerid, row.session_id, row.campaign_id


def _learn(known: Known, answer: Answer, now: float) -> list[_Change]:
    """What STATUS has changed."""
    known.asked_at = now
    state, reason, msg = answer["state"], answer["reason"], answer["msg"]
    if state == RECORDING and answer["agent_status"] != INCALL:
        # Such a row is left over from an earlier call, or the list is older than its end (protocol 4.2).
        state, reason = None, STALE
        msg = f"Agent {known.user}: STATUS shows a recording though the agent is in no call: probably a stale row."
    if state is None:
        known.misses += 1
        if known.misses != MISSES_TO_BE_UNKNOWN:
            return []
        return [_Change(events.UNKNOWN, (now,), msg, reason)]
    changes = []
    if known.misses >= MISSES_TO_BE_UNKNOWN:
        again = f"It is known again whether agent {known.user} is being recorded."
        changes.append(_Change(events.KNOWN, (now,), again))
    changes += _recording_changes(known, state, answer)
    known.misses, known.state, known.record = 0, state, {key: answer[key] for key in _RECORD}
    return changes


def _recording_changes(known: Known, state: str, answer: Answer) -> list[_Change]:
    if known.state is None:
        return []
    old = known.record["recording_id"] if known.state == RECORDING and known.record else None
    new = answer["recording_id"] if state == RECORDING else None
    if old == new:
        return []
    named = answer["filename"] or new
    if old is None:
        return [_Change(events.RECORDING_BEGAN, (new,), f"Agent {known.user} is being recorded: {named}.")]
    if new is None:
        return [_recording_ended(known.user, old)]
    msg = f"Agent {known.user} is being recorded: {named}, in place of recording {old}."
    return [_Change(events.RECORDING_REPLACED, (old, new), msg)]


def _arrival(known: Known, row: LoggedInAgent, now: float) -> list[_Change]:
    msg = f"Agent {known.user} has logged in to {row.campaign_id}."
    came = _Change(events.LOGGED_IN, (row.campaign_id, row.session_id, now), msg)
    return [came, *([_call_began(known)] if known.call else [])]


def _departure(known: Known, now: float) -> list[_Change]:
    changes = []
    if known.state == RECORDING and known.record:  # it ends with the session (protocol 4.11)
        changes.append(_recording_ended(known.user, known.record["recording_id"]))
    if known.call:
        changes.append(_call_ended(known.user, known.call))
    return [*changes, _Change(events.LOGGED_OUT, (now,), f"Agent {known.user} has logged out.")]


def _recording_ended(user: str, recording_id: int) -> _Change:
    return _Change(events.RECORDING_ENDED, (recording_id,), f"Agent {user} is not being recorded any more.")


def _call_began(known: Known) -> _Change:
    return _Change(events.CALL_BEGAN, (known.call,), f"Agent {known.user} is in a call.")


def _call_ended(user: str, call: str) -> _Change:
    return _Change(events.CALL_ENDED, (call,), f"The call of agent {user} has ended.")


def _broken(user: str, breach: Breach, now: float) -> _Change:
    lasts = f"for {now - breach.since:.0f} s"
    if breach.kind == MISSING:
        msg = f"Agent {user} should be recording, and has been idle {lasts}."
    else:
        msg = f"Agent {user} should be idle, and has been seen recording {lasts}."
    return _Change(breach.kind, (breach.call, breach.since), msg)


def _settled(user: str, breach: Breach, why: str) -> _Change:
    msg = f"Agent {user} is as the rule says again." if why == KEPT else f"What was {breach.kind} of {user} is over."
    return _Change(events.SETTLED, (breach.kind, breach.call, breach.since), msg, why)


def _for_audit(known: Known, answer: Answer | None) -> dict[str, Any]:
    """What the audit takes for the record of an agent who was asked, or who is in no call and was not."""
    if answer is not None:
        return dict(answer)
    record = dict.fromkeys((*_RECORD, "reason", "msg"))
    state = None if known.misses else IDLE
    return {**record, "user": known.user, "logged_in": True, "state": state, "agent_status": known.status}


def _event(
    known: Known,
    change: _Change,
    now: float,
    *,
    before: View | None = None,
    after: View | None = None,
    since: float | None = None,
) -> Event:
    """The event of a change. One about the rule shows the agent as it is, before and after."""
    about_rule = since is not None
    return events.build(
        change.kind,
        now,
        change.identity,
        agent=known.user,
        campaign=known.campaign,
        user_group=known.user_group,
        before=known.view() if about_rule else before,
        after=known.view() if about_rule else after,
        record=known.record,
        since=since,
        reason=change.reason,
        msg=change.msg,
    )
