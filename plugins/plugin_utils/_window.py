# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""A recording window: whom it changed, who is given back, who held the state, and what is said about that.

Pure: the results of the modules go in, lists of users and texts come out. The role recording_window runs the modules:
``before`` asks all agents, ``opened`` declares the state of the window, ``watched`` looks again and again while it
lasts, ``after`` asks again when it ends, and ``closed`` declares the state from before for those who are given back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from ..module_utils._protocol.words import IDLE, INCALL, RECORDING
from ..module_utils._recording.failures import OR_PASSED_OVER, REQUIRED
from ._summary import (
    OF_PLAYBOOKS,
    counted,
    for_reader,
    reason_of,
    some,
    variables_of,
)

Result = Mapping[str, Any]
Record = Mapping[str, Any]

# A signal that has shown no effect may wait on the agent's screen. For so many seconds such an agent is watched.
WATCH_SECONDS = 10
_VARIABLES = variables_of("recording_window")
_ENDS_THE_PLAY = re.compile(r"\bend_(play|batch|host|role)\b")


@dataclass(frozen=True)
class Window:
    """One window. The results are those of the modules, empty for a step that has not run.

    ``tasks_path`` is the file of the tasks as it was given, ``tasks_file`` where it was found ("" if nowhere), and
    ``tasks_text`` what stands in it. They are empty, and ``max_duration`` is 0 seconds, where the window has no file.
    ``seconds`` is how long it lasts without one; with ``needs_length`` one of both has to be given.
    ``watch_interval`` is 0 for no watch. ``receipt`` is the path of the receipt, ``receipt_problem`` why it
    cannot be written there. ``in_batches``: the play has other hosts, each batch of which has a window of its own.
    ``times`` are those of its steps, on this machine's clock with its offset from UTC.
    ``job_template`` is the name of AWX's template that runs the window, "" elsewhere. ``by_name``: a playbook of the
    collection runs it, whose variables hold the connection.
    """

    agents: Sequence[str]
    state: str
    stable_for: float = 0
    max_duration: int = 0
    seconds: int = 0
    needs_length: bool = False
    watch_interval: float = 0
    require_silence: bool = False
    receipt: str = ""
    receipt_problem: str = ""
    in_batches: bool = False
    tasks_path: str = ""
    tasks_file: str = ""
    tasks_text: str = ""
    check_mode: bool = False
    watch_seconds: float = WATCH_SECONDS
    before: Result = field(default_factory=dict)
    opened: Result = field(default_factory=dict)
    watched: Result = field(default_factory=dict)
    after: Result = field(default_factory=dict)
    closed: Result = field(default_factory=dict)
    times: Mapping[str, str] = field(default_factory=dict)
    job_template: str = ""
    by_name: bool = False

    @property
    def problem(self) -> str:
        """Why the window is not opened; "" when it can be."""
        if not self.agents:
            return "No agents are given. Name them, or run this for hosts that are agents."
        if not self.state:
            return "recording_window_state is not given: it is recording or idle."
        return self._problem_of_length or self._problem_of_evidence

    @property
    def _problem_of_length(self) -> str:
        if self.needs_length and bool(self.tasks_path) == bool(self.seconds):
            return (
                "Give either recording_window_tasks or recording_window_seconds: it lasts as long as one of them says."
            )
        if self.seconds < 0:
            return "recording_window_seconds is less than 1."
        if not self.tasks_path:
            return ""
        if not self.tasks_file:
            return f"There is no file {self.tasks_path} here or beside the playbook."
        if _ENDS_THE_PLAY.search(self.tasks_text):
            return "The tasks end the play by a meta task, which would give nothing back."
        return "" if self.max_duration >= 1 else "recording_window_max_duration is less than a second."

    @property
    def _problem_of_evidence(self) -> str:
        if self.watch_interval != 0 and not self.watch_interval >= 1:
            return "recording_window_watch is less than a second."
        if self.require_silence and self.state == RECORDING:
            return "recording_window_require_silence is for windows in which the agents are idle."
        if self.receipt and self.in_batches:
            return (
                "The play runs in batches (serial), and recording_window_receipt is one file for the first of them."
                " Leave out serial, or write no receipt."
            )
        return self.receipt_problem

    @property
    def opposite(self) -> str:
        """The state that is given back."""
        return IDLE if self.state == RECORDING else RECORDING

    @property
    def changed(self) -> list[str]:
        """Who was in the other state before and was signalled for the window."""
        were_opposite = _users(record for record in _records(self.before) if record["state"] == self.opposite)
        return sorted(were_opposite & self._signalled)

    @property
    def _signalled(self) -> set[str]:
        if "recordings" in self.opened:
            return _users(record for record in _records(self.opened) if record["changed"])
        # The module did not come to its end: everybody may have been signalled, unless it refused its options.
        refused = not self.opened or self.opened.get("reason") == "invalid_argument"
        return set() if refused else set(self.agents)

    @property
    def taken_over(self) -> list[str]:
        """Where another recording runs now than the one that the window began: it is somebody else's."""
        began, runs = _recording_ids(self.opened), _recording_ids(self.after)
        return sorted(user for user in began if user in runs and runs[user] != began[user])

    @property
    def to_give_back(self) -> list[str]:
        """Who has to be brought into the state from before."""
        return sorted({*self.changed} - {*self.taken_over})

    @property
    def unconfirmed(self) -> list[str]:
        """Whose signal has shown no effect and was not taken back: it may still take effect after the next one."""
        settled = _users(record for record in _records(self.opened) if record["confirmed"] or record["withdrawn"])
        return sorted({*self.changed} - settled)

    @property
    def watch(self) -> float:
        """How many seconds the given-back state is watched because of them."""
        return self.watch_seconds if self.unconfirmed else 0

    @property
    def stable_for_at_end(self) -> float:
        """How many seconds the given-back state has to hold."""
        return max(self.stable_for, self.watch)

    @property
    def call_over(self) -> list[str]:
        """Where nothing can be given back, as the call has ended or the agent has logged out."""
        return sorted(
            _users(
                record
                for record in _records(self.closed)
                if record["reason"] == "no_live_call" or record["logged_in"] is False
            )
        )

    @property
    def given_back(self) -> list[str]:
        """Who is in the state from before again, as STATUS has shown."""
        succeeded = _users(record for record in _records(self.closed) if not record["failed"])
        return sorted(succeeded - {*self.call_over})

    @property
    def not_given_back(self) -> list[str]:
        """Who was changed and is not in the state from before, for a cause other than the end of the call."""
        if self.check_mode:
            return []
        return sorted({*self.to_give_back} - {*self.given_back} - {*self.call_over})

    @property
    def was_open(self) -> bool:
        """Whether everybody was in the state of the window, so that the tasks ran in it."""
        return bool(self.opened) and not reason_of(self.opened) and not self.check_mode

    @property
    def not_held(self) -> list[str]:
        """Who was not in the state any more when the window ended. A recording that ended with its call did hold it."""
        if not self.was_open:
            return []
        return sorted(record["user"] for record in _records(self.after) if self._is_lost(record))

    def _is_lost(self, seen: Record) -> bool:
        return bool(seen["state"] == self.opposite and (self.state == IDLE or seen["agent_status"] == INCALL))

    @property
    def looks(self) -> list[Mapping[str, Any]]:
        """The looks of the watch that were made before anything was given back."""
        closed = self.times.get("closed")
        found: Sequence[Mapping[str, Any]] = self.watched.get("looks") or ()
        return [each for each in found if closed and moment(each["ended_at"]) <= moment(closed)]

    @property
    def lost_meanwhile(self) -> dict[str, str]:
        """Who was seen in the other state while it lasted, and not at its end: when at first, by user."""
        found: dict[str, str] = {}
        for each in self.looks if self.was_open else ():
            for user, seen in each["agents"].items():
                if user not in self.not_held and self._is_lost(seen):
                    found.setdefault(user, each["began_at"])
        return found

    @property
    def watch_failure(self) -> str:
        """Why the watch has not looked; "" when it did, or has not begun."""
        return (
            "" if not self.watched or self.watched.get("looks") else self._message(self.watched) or "It did not look."
        )

    @property
    def not_known(self) -> list[str]:
        """Of whom nobody knows whether they held the state."""
        answered = _users(record for record in _records(self.after) if not record["failed"])
        return sorted({*self.agents} - answered) if self.was_open else []

    @property
    def opening_failure(self) -> str:
        """Why the window could not be opened; "" when it could."""
        for result in (self.before, self.opened):
            if result and reason_of(result):
                return self._message(result)
        return ""

    @property
    def complaints(self) -> list[str]:
        """Why the role fails; nothing when everybody held the state and was given back the one from before."""
        found = []
        if self.not_given_back:
            found.append(
                f"Not given back: {', '.join(self.not_given_back)}. {self._message(self.closed)}"
                f" Later, give back with: {self._command(self.not_given_back)}"
            )
        if self.not_held:
            found.append(f"Not {self.state} any more when the window ended: {', '.join(self.not_held)}.")
        if self.lost_meanwhile:
            seen = [f"{user} at {time}" for user, time in self.lost_meanwhile.items()]
            found.append(f"Not {self.state} all the time: {some(seen)}.")
        if self.watch_failure:
            found.append(f"Nobody watched while the window lasted. {self.watch_failure}")
        if self.not_known:
            found.append(
                f"Not known whether they were {self.state} to the end: {', '.join(self.not_known)}."
                f" {self._message(self.after)}".rstrip()
            )
        return found

    @property
    def statistics(self) -> dict[str, Any]:
        """What is handed on when the window opens, and again when it has closed: who is still to be given back."""
        reason = reason_of(self.closed) if self.closed else ""
        return {
            "state": self.state,
            "changed": self.changed,
            "give_back_state": self.opposite,
            "give_back_agents": self.not_given_back if self.closed else self.changed,
            "reason": reason or (reason_of(self.opened) if self.opened else ""),
        }

    @property
    def opening(self) -> list[str]:
        """What is said when the window opens: who was changed, and how to give back should the run be killed."""
        if not self.changed or self.check_mode:
            killed = "If this run is killed, there is nothing to give back."
        else:
            killed = f"If this run is killed, give back with: {self._command(self.changed)}"
        limit = f" for {self.max_duration} s at most" if self.max_duration else ""
        limit = f" for {self.seconds} s" if self.seconds else limit
        return [f"{self.state}{limit}: {self._changed_text}", killed]

    @property
    def summary(self) -> list[str]:
        """What is said when it has closed."""
        return [f"{self.state}: {self._changed_text}", self._given_back_text, self._ending_text]

    @property
    def _changed_text(self) -> str:
        changed = "would be changed" if self.check_mode else "changed"
        return f"{counted(len(self.agents), 'agent')}, {changed} for it: {some(self.changed)}"

    @property
    def _given_back_text(self) -> str:
        unsure = {*self.unconfirmed}
        watched = [user for user in self.given_back if user in unsure]
        parts = [f"given back: {some([user for user in self.given_back if user not in unsure])}"]
        if watched:
            parts.append(
                f"seen so for {self.stable_for_at_end:g} s, though a signal from before may still take effect: "
                + some(watched)
            )
        if self.call_over:
            parts.append(f"their call is over: {some(self.call_over)}")
        if self.taken_over:
            parts.append(f"left alone, another recording runs: {some(self.taken_over)}")
        return "; ".join(parts)

    @property
    def _ending_text(self) -> str:
        if self.complaints:
            return " ".join(self.complaints)
        if self.was_open:
            watched = f", as {counted(len(self.looks), 'look')} meanwhile showed too" if self.looks else ""
            return f"everybody held it to the end{watched}"
        return "nothing was sent" if self.check_mode else "the tasks did not run"

    def _command(self, users: Sequence[str]) -> str:
        if self.job_template.endswith(" window"):
            template = f"{self.job_template.removesuffix(' window').removesuffix(' open')} give back"
            return f'the job template "{template}", agents {", ".join(users)}, state {self.opposite}'
        return (
            f"ansible-playbook telephony.vicidial.ensure -e stereo_recording_state={self.opposite}"
            f" -e vicidial_agents={','.join(users)}"
        )

    def _message(self, result: Result) -> str:
        """A module's message in the reader's words. A window always requires a call: nothing is said of that option."""
        message = result.get("msg", "").replace(REQUIRED, "").replace(OR_PASSED_OVER, "")
        return for_reader(message, {**_VARIABLES, **(OF_PLAYBOOKS if self.by_name else {})})


def moment(text: str) -> datetime:
    """A time of this machine's clock."""
    return datetime.fromisoformat(text)


def window_from(given: Mapping[str, Any]) -> Window:
    """The window that a dictionary with its fields, and others, describes."""
    return Window(**{each.name: given[each.name] for each in fields(Window) if each.name in given})


def _records(result: Result) -> Sequence[Record]:
    # A module that fails before it has asked anybody returns no records.
    return result.get("recordings") or ()


def _users(records: Iterable[Record]) -> set[str]:
    return {record["user"] for record in records}


def _recording_ids(result: Result) -> dict[str, int]:
    return {record["user"]: record["recording_id"] for record in _records(result) if record["recording_id"]}
