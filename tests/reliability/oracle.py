# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be true of a task's result and of its calls, whatever went wrong.

The judge is what the dialer and the network saw, never our own decision: the list of the calls, each with what was true
when it was answered, what the application said, and the fault that it met. The numbers are those of the documentation:
a BEGIN counts as lost after 10 s of a call, an END after 4 s, each is sent twice at most, and a run takes
``wait_timeout`` and ``stable_for`` twice at most.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import Any, Protocol

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.results import declared
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import AgentResult
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from vicidial_simulator.dialer import AGENT_CONTROLLED, Dialer, Recording
from vicidial_simulator.journal import result_of

SIGNAL_FOR = {"recording": "BEGIN", "idle": "END"}
LOST_SECONDS = {"BEGIN": 10.0, "END": 4.0}
MOST_TIMES_SENT = 2
SHORTEST_RETRY_PAUSE = 0.5
# A BEGIN that was taken back is watched for so long.
WATCH_SECONDS = 4.0
WITHDRAW = "-STATUS"
# An Exchange in which what waits in the slot was asked for, by STATUS of the mono function.
WAITING = "waiting"
# How the simulator notes that a recording has gone on until its call ended.
END_OF_THE_NEXT_CALL = "call ended"
MOMENT = 1e-6  # virtual times are sums of fractions

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
# With HTTP 500 an answer to a question is one all the same (protocol 1.8).
HARMLESS_TO_QUESTIONS = {"crash-with-answer"}
SLOW = {"latency", "slow-headers", "slow-body"}
# The client knows that these calls never reached the application.
NEVER_SENT = {"refused", "no-such-host", "no-route-in-time", "expired-certificate", "wrong-name-certificate"}

# After these a question may be repeated.
TRANSIENT = {
    *SLOW,
    *("reset-before-work", "reset-after-work", "reset-in-body", "truncated", "refused", "no-such-host"),
    *("no-route-in-time", "bad-gateway", "crash-before-work", "crash-after-work", "crash-with-answer"),
    *("service-unavailable", "too-many-requests", "empty-body", "database-down", "database-down-fatal"),
}

NOTHING_TO_END = "ERROR: stop stereo_recording error"
LOGGED_OUT = "ERROR: agent_user is not logged in"
OLD_BUILD = "no such function"
# What the server refuses, in its own words: nothing was written then.
REFUSALS = {
    NOTHING_TO_END: "",
    LOGGED_OUT: "not_logged_in",
    OLD_BUILD: "unsupported_server",
    "ERROR: no user found": "no_such_user",
    "ERROR: stereo_recording not valid": "not_valid",
    "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION": "permission_denied",
    "ERROR: Invalid Username/Password BAD": "authentication_failed",
    "ERROR: Invalid Username/Password GOOD": "api_access_denied",
    "ERROR: Invalid Username/Password LOCK": "account_locked",
    "ERROR: Invalid Username/Password IPBLOCK": "address_blocked",
    "ERROR: Invalid Username/Password ERRSERVERS": "api_inactive",
    "ERROR: System API NOT ACTIVE": "api_inactive",
}
WRITTEN = ("SUCCESS: ", "Exitoso: ")

# How two recordings of ours can be live at once, as docs/reliability.md says.
LIMITS = SLOW_SCREEN, TAKEN_FOR_OURS, TWO_CONTROLLERS = (
    "the first BEGIN took a screen more than 10 s",
    "somebody else's recording came and went while the first BEGIN was under way, and passed for its effect",
    "two controllers, and the first one's recording did not show yet when the other looked",
)
# How a recording of ours can begin after its task has ended, though a BEGIN that is given up on is taken back.
LATE_LIMITS = NOT_TAKEN_BACK, READ_BEFORE, NOT_GIVEN_UP = (
    "the server could not be asked to take the BEGIN back any more, and the record says so",
    "the screen had read the BEGIN before it was taken back, and took more than 4 s to act",
    "another recording had shown, and passed for the effect of the BEGIN",
)


@dataclass(frozen=True)
class Truth:
    """What the dialer itself knows of an agent: ``live`` is the newest live agent-controlled recording."""

    logged_in: bool
    status: str | None
    live: int | None

    @classmethod
    def of(cls, dialer: Dialer, user: str) -> Truth:
        """What is true of ``user`` now."""
        agent, live = dialer.agent(user), dialer.live_recording(user)
        return cls(agent is not None, agent.status if agent else None, live.recording_id if live else None)

    @property
    def state(self) -> str:
        """What STATUS would say."""
        return "idle" if self.live is None else "recording"


@dataclass(eq=False)
class Exchange:
    """One call about one agent, as the network and the dialer saw it, and the ``trail`` of calls that it is part of.

    ``said`` are the word and the reason of what the application answered, "" where it was not reached or said nothing;
    ``fault`` is what kept the answer from its reader, None for nothing. Times are seconds; ``takes`` is what a fault
    adds, and for ``leave_alone`` seconds the server wants not to be asked again. ``slot`` is what is seen to wait.
    """

    value: str
    trail: Trail = field(default_factory=list, repr=False)
    user: str = ""
    truth: Truth = Truth(False, None, None)
    said: str = ""
    fault: str | None = None
    sent_at: float = 0.0
    worked_at: float = 0.0
    answered_at: float = 0.0
    takes: float = 0.0
    leave_alone: float = 0.0
    slot: str = ""

    @property
    def is_clear(self) -> bool:
        """Whether the genuine answer came back whole, and in English."""
        return self.fault is None and (self.said in REFUSALS or self.said.startswith(("NOTICE: ", "SUCCESS: ")))

    @property
    def shows(self) -> bool:
        """Whether STATUS has shown the client the state."""
        return self.is_clear and self.value == "STATUS" and self.said.startswith("NOTICE: ")

    @property
    def wrote(self) -> bool:
        """Whether the signal is in the slot."""
        return self.said.startswith(WRITTEN)

    @property
    def is_unsent(self) -> bool:
        """Whether the client could tell that nothing had left it."""
        return self.fault in NEVER_SENT

    @property
    def may_have_written(self) -> bool:
        """Whether it was a signal that has been sent for all that the client can know."""
        return self.value in LOST_SECONDS and (self.wrote or not (self.is_clear or self.is_unsent))

    @property
    def login_failed(self) -> bool:
        """Whether the server counted a failed login, in any language."""
        return self.said.endswith(" BAD")

    @property
    def reason(self) -> str:
        """The ``reason`` that this call ends a task with, if it does; "" where it went well."""
        if self.fault is not None:
            return REASONS[self.fault]
        if self.value == WAITING and self.said.startswith("ERROR: auth USER DOES NOT HAVE PERMISSION"):
            return ""
        well = "" if self.is_clear else "not_understood"
        return REFUSALS.get(self.said, well)


Trail = list[Exchange]


def answer_line(answer: str) -> str:
    """The word and the reason of an answer; of a refused account also the first word of the server's message."""
    refused = re.search(r"^(\w+: [^|\n]+): \|(?:[^|]*\|){4}(\w+)", answer, re.M)
    return " ".join(refused.groups()) if refused else result_of(answer)


# What is said of the agents


def judge_result(
    wanted: DesiredState,
    result: dict[str, Any],
    trails: Mapping[str, Trail],
    unseen: Sequence[Exchange] = (),
    check_mode: bool = False,
) -> None:
    """Raise AssertionError for the first untruth in what a task returns; ``trails`` are the calls by agent, as named.

    ``unseen`` are calls that the dialer may not have seen, or whose answers may have come too late: it cannot tell then
    what was sent and answered.
    """
    records, everyones = result["recordings"], [*(call for trail in trails.values() for call in trail), *unseen]
    assert len(records) == len(trails), "not one record an agent"
    assert result["changed"] == any(record["changed"] for record in records), "changed is not what the records say"
    assert bool(result.get("failed")) == any(record["failed"] for record in records), "failed is not, either"
    before = dict(line.rsplit(": ", 1) for line in result["diff"]["before"].splitlines())
    for record in records:
        trail = trail_of(record, trails)
        if check_mode and record["changed"]:
            _judge_prediction(wanted, record, trail)
            continue
        shown = [call for call in trail if call.shows]
        first = shown[0].truth.state if shown else "unknown"
        state_before = before.get(record["user"]) or ", ".join(before.values())
        assert unseen or state_before == first, "before is not what STATUS showed first"
        _judge_reported_signals(record, trail, all_seen=not unseen)
        _judge_slot(record, trail)
        _judge_state(wanted, record, trail)
        _judge_logged_in(record, trail)
        if record["failed"]:
            _judge_failure(wanted, record, until_given_up(wanted, trail), everyones, unseen)
        elif record["confirmed"]:
            _judge_confirmation(wanted, record, trail)
        else:
            _judge_unconfirmed(wanted, record, until_given_up(wanted, trail))


def trail_of(record: dict[str, Any], trails: Mapping[str, Trail]) -> Trail:
    """The calls about the agent of ``record``; one who is named by an alt_user is the only one of its task."""
    return trails[record["user"]] if record["user"] in trails else next(iter(trails.values()))


def until_given_up(wanted: DesiredState, trail: Trail) -> Trail:
    """The calls before a BEGIN of the task's own was given up on, and taken back."""
    values = [call.value for call in trail]
    return trail[: values.index(WITHDRAW)] if wanted.state == "recording" and WITHDRAW in values else trail


def _judge_prediction(wanted: DesiredState, record: dict[str, Any], trail: Trail) -> None:
    last = [call for call in trail if call.value != WAITING][-1]
    assert last.shows, "predicted without knowing"
    assert last.truth.logged_in, "predicted for an agent who is logged out"
    assert record["state"] == wanted.state, "what is predicted is not what is wanted"
    assert not record["confirmed"], "predicted and confirmed"
    if record["withdrawn"]:
        assert "BEGIN" in trail[-1].slot, "taking back is predicted though no BEGIN waits"
        assert (record["signals"], last.truth.state) == ([], "idle"), "taking back is predicted, and more"
        return
    assert last.truth.state != wanted.state, "a change predicted where none is needed"
    assert record["signals"] == [SIGNAL_FOR[wanted.state or ""]], "not the signal that would be sent"


def _judge_reported_signals(record: dict[str, Any], trail: Trail, all_seen: bool) -> None:
    """Every signal that was written is reported; every one that is reported was written, or nobody can know."""
    reported, sent = record["signals"], [call.value for call in trail if call.may_have_written]
    is_true = reported == sent if all_seen else not Counter(sent) - Counter(reported)
    assert is_true, f"it says that it sent {reported}, and sent {sent}"
    assert record["changed"] == bool(reported or record["withdrawn"]), (
        "changed without a signal, or the other way round"
    )


def _judge_slot(record: dict[str, Any], trail: Trail) -> None:
    """What is said of the slot: that a BEGIN was taken back, and what was seen to wait there."""
    tries = [call for call in trail if call.value == WITHDRAW]
    is_gone = bool(tries) and ((tries[-1].wrote and tries[-1].is_clear) or trail[-1].said == LOGGED_OUT)
    if record["withdrawn"]:
        assert is_gone, "taken back, which the server did not say"
    elif record["withdrawn"] is None:
        assert not tries, "it does not say that it tried to take a BEGIN back"
    seen = [call.slot for call in trail if call.value == WAITING and call.said.startswith("NOTICE: ") and call.is_clear]
    if record["waiting"] is not None:
        assert record["waiting"] == (seen[-1] if seen else None), "another signal waits than is said"


def _judge_state(wanted: DesiredState, record: dict[str, Any], trail: Trail) -> None:
    """What is said to be so was so when STATUS was asked last; where that is not known, nothing is said."""
    looks = [call for call in trail if call.value == "STATUS"]
    if record["state"] is None:
        assert record["recording_id"] is None, "a recording without a state"
        return
    assert looks, "a state that was never asked for"
    last = looks[-1]
    assert last.shows, "a state though the last STATUS was not answered"
    assert record["state"] == last.truth.state, "a state that was not so"
    assert record["recording_id"] == last.truth.live, "another recording than the one that STATUS showed"
    is_on_its_way = any(call.may_have_written for call in trail[trail.index(last) :])
    is_promised = wanted.wait or record["failed"]
    assert not (is_on_its_way and is_promised), "a state though a signal is on its way"


def _judge_logged_in(record: dict[str, Any], trail: Trail) -> None:
    if record["logged_in"] is None:
        return
    about_the_agent = ("NOTICE: ", "SUCCESS: ", LOGGED_OUT, NOTHING_TO_END)
    known = [call.truth.logged_in for call in trail if call.is_clear and call.said.startswith(about_the_agent)]
    assert record["logged_in"] in known, "logged in or out, and was not"
    assert record["logged_in"] or not known[-1], "logged out, and was not"


def _judge_failure(
    wanted: DesiredState, record: dict[str, Any], trail: Trail, everyones: Trail, unseen: Sequence[Exchange]
) -> None:
    reason, message = record["reason"], record["msg"]
    assert not record["confirmed"], "a failure that is confirmed"
    assert message.strip(), "a failure without words"
    assert reason != "internal_error", f"a defect: {message}"
    if record["changed"] and record["state"] is None and record["logged_in"] is not False:
        assert "its state is unknown" in message, "it does not say that the state is unknown"
    if reason == "interrupted":
        return
    if ": not attempted" in message:
        assert reason in {call.reason for call in everyones}, "stopped by nothing"
    elif reason in ("not_logged_in", "no_live_call", "not_confirmed"):
        _judge_refusal(wanted, record, trail)
    else:
        met = [call.reason for call in trail if call.reason]
        met = [call.reason for call in everyones] if unseen else met[-1:] if trail[-1].reason else met
        assert reason in met, f"no call ended with {reason}"


def _judge_refusal(wanted: DesiredState, record: dict[str, Any], trail: Trail) -> None:
    reason, last = record["reason"], trail[-1]
    assert last.is_clear, f"{reason} without a word of the server"
    if reason == "not_logged_in":
        assert not last.truth.logged_in, "not_logged_in, and was"
        return
    last = next((call for call in reversed(trail) if call.value != WAITING), last)
    assert last.shows, f"{reason} without a last look"
    if reason == "no_live_call":
        assert wanted.require_call, "no_live_call, and none was required"
        assert last.truth.status != "INCALL", "no_live_call in a call"
        return
    assert "contradicts itself" not in record["msg"], "it blames VICIdial's database, which was right"
    waits = wanted.state == "idle" and "BEGIN" in trail[-1].slot and trail[-1].value == WAITING
    assert last.truth.state != wanted.state or wanted.stable_for or waits, "not_confirmed, and was so"


def _judge_confirmation(wanted: DesiredState, record: dict[str, Any], trail: Trail) -> None:
    trail = [call for call in trail if call.value not in (WITHDRAW, WAITING)]
    last = trail[-1]
    assert last.shows, "confirmed by no STATUS that was answered"
    assert last.truth.logged_in, "confirmed for an agent who is logged out"
    assert last.truth.state == wanted.state == record["state"], "confirmed, and was not so"
    if wanted.require_call and wanted.state == "recording":
        assert last.truth.status == "INCALL", "a recording without a call is none of this call"
    since = last
    for call in reversed(trail):
        if not call.shows or not call.truth.logged_in or call.truth.live != last.truth.live:
            break
        since = call
    held = last.answered_at - since.answered_at
    assert held >= wanted.stable_for - MOMENT, f"confirmed after it held for {held:g} s of {wanted.stable_for:g} s"


def _judge_unconfirmed(wanted: DesiredState, record: dict[str, Any], trail: Trail) -> None:
    """No failure and not confirmed: asked only, not waited for, or logged out and that may be."""
    last = trail[-1]
    assert last.is_clear, "done without a word of the server"
    if record["logged_in"] is False:
        assert not wanted.fail_when_logged_out, "logged out and no failure"
        assert last.said == LOGGED_OUT, "skipped as logged out, which the server did not say last"
        assert record["state"] is None, "a state of an agent who is logged out"
    elif wanted.state == "recording" and not wanted.fail_without_call and last.shows:
        assert wanted.require_call, "passed over as without a call, and none was required"
        assert last.truth.status != "INCALL", "passed over as without a call, and was in one"
    elif wanted.state is not None:
        assert not wanted.wait, "done without waiting for it"
        assert last.value == SIGNAL_FOR[wanted.state], "done with nothing sent"
        assert last.wrote, "done, and the slot was not written"


# What was sent, and when


class Run(Protocol):
    """What is judged of a run of the scheduler: what it was to do, its calls, and what came of it."""

    agents: list[Agent]
    wanted: DesiredState
    size: int
    options: dict[str, Any]
    exchanges: Trail
    results: list[AgentResult]
    crash: BaseException | None
    interrupted_after: int | None
    stalled: float
    most_under_way: int

    def trail(self, agent: Agent) -> Trail:
        """The calls about ``agent``."""


def judge_run(run: Run) -> None:
    """Raise AssertionError for the first promise that ``run``, which is over, did not keep."""
    if run.crash is not None:
        raise AssertionError(f"the scheduler raised {run.crash!r}") from run.crash
    assert [result.agent for result in run.results] == run.agents, "not one outcome an agent, in order"
    check_mode = bool(run.options.get("check_mode"))
    trails = _trails(run)
    result = declared(run.results, len(run.agents) == 1)
    judge_result(run.wanted, result, trails, check_mode=check_mode)
    _judge_pace(run)
    _judge_logins(run)
    for record in result["recordings"]:
        trail = trail_of(record, trails)
        assert record["reason"] != "interrupted" or run.interrupted_after is not None, "interrupted by nobody"
        _judge_signals(run.wanted, trail, check_mode)
        _judge_repetitions(trail)
        _judge_numbers(run.wanted, trail)
        _judge_end(run, trail)
        if run.wanted.wait and ": not attempted" not in record["msg"]:
            _judge_deadline(run.wanted, record["reason"], until_given_up(run.wanted, trail))


def _trails(run: Run) -> dict[str, Trail]:
    return {agent.user or agent.alt_user or "": run.trail(agent) for agent in run.agents}


def _judge_pace(run: Run) -> None:
    assert run.most_under_way <= run.size, "more calls at once than workers"
    rate = run.options.get("rate_limit")
    if rate:
        gaps = [later.sent_at - earlier.sent_at for earlier, later in pairwise(run.exchanges)]
        assert all(gap >= 1 / rate - MOMENT for gap in gaps), "faster than the rate limit"
    if run.interrupted_after is not None:
        for call in run.exchanges[run.interrupted_after :]:
            assert run.wanted.withdraw, "a call after the interruption"
            assert call not in until_given_up(run.wanted, call.trail), "a call after the interruption, to go on"


def _judge_logins(run: Run) -> None:
    """At most one failed login; where the password went bad in the middle, none that is sent after that answer."""
    answered_at = next((call.answered_at for call in run.exchanges if call.login_failed and call.is_clear), None)
    if answered_at is not None:
        assert all(call.sent_at <= answered_at for call in run.exchanges), "a call after a refused login"
    answered = next((call.answered_at for call in run.exchanges if call.is_clear and not call.login_failed), None)
    unproven = [call for call in run.exchanges if answered is None or call.sent_at < answered]
    assert sum(call.login_failed for call in unproven) <= 1, "two failed logins of an account that never was proven"


def _judge_signals(wanted: DesiredState, trail: Trail, check_mode: bool) -> None:
    look = waiting = Exchange("")
    is_given_up = False
    for call in trail:
        if call.value == "STATUS":
            look, waiting = call, Exchange("")
        elif call.value == WAITING:
            assert wanted.check_waiting, "it looks into the slot, which nobody asked for"
            waiting = call
        elif call.value == WITHDRAW:
            assert not check_mode, "a BEGIN is taken back in check mode"
            _judge_withdrawal(wanted, trail[: trail.index(call)], waiting)
            is_given_up = wanted.state == "recording"
        else:
            assert not check_mode, "a signal in check mode"
            _judge_signal(wanted, call, look, waiting, is_given_up)


def _judge_withdrawal(wanted: DesiredState, before: Trail, waiting: Exchange) -> None:
    if wanted.state == "recording":
        assert wanted.withdraw, "a BEGIN is taken back, which nobody asked for"
        assert any(call.value == "BEGIN" and call.may_have_written for call in before), "nothing to take back"
    else:
        assert wanted.check_waiting, "taken back for idle, which nobody asked for"
        assert waiting.is_clear, "taken back though nothing was seen to wait"
        assert "BEGIN" in waiting.slot, "taken back though no BEGIN waits"


def _judge_signal(wanted: DesiredState, call: Exchange, look: Exchange, waiting: Exchange, is_given_up: bool) -> None:
    assert wanted.state is not None, "a signal where nothing is wanted"
    assert look.shows, f"{call.value} rests on no STATUS that was answered"
    assert look.truth.logged_in, f"{call.value} to an agent who is logged out"
    if is_given_up:
        assert call.value == "END", "BEGIN again after it was taken back"
        assert look.truth.live is not None, "END though nothing is live"
        return
    assert call.value == SIGNAL_FOR[wanted.state], f"{call.value} for {wanted.state}"
    assert look.truth.state != wanted.state, f"{call.value} though it was so already"
    if call.value == "BEGIN":
        assert look.truth.status == "INCALL" or not wanted.require_call, "BEGIN without a call, and one is required"
        assert waiting.value == WAITING or not wanted.check_waiting, "BEGIN without a look into the slot"
        assert not (waiting.is_clear and "BEGIN" in waiting.slot), "BEGIN on top of one that was seen to wait"


def _judge_repetitions(trail: Trail) -> None:
    """The same signal for the same purpose: twice at most, and not before a screen would have acted on the first."""
    earlier: Trail = []
    look: Exchange | None = None
    for call in trail:
        if call.value == "STATUS":
            is_another = look is not None and call.is_clear and call.truth.live != look.truth.live
            earlier = [] if is_another else earlier
            look = call if call.is_clear else look
        elif call.value in LOST_SECONDS and not call.is_unsent:
            earlier = [signal for signal in earlier if signal.value == call.value]
            if earlier:
                is_late = call.sent_at >= earlier[-1].answered_at + LOST_SECONDS[call.value] - MOMENT
                assert is_late, f"{call.value} again too soon"
            earlier.append(call)
            assert len(earlier) <= MOST_TIMES_SENT, f"{call.value} more than {MOST_TIMES_SENT} times"


def _judge_numbers(wanted: DesiredState, trail: Trail) -> None:
    """One STATUS, then one for each pause: none is shorter than wait_sleep or a retry's, but where the end is near."""
    looks = [call for call in trail if call.value == "STATUS"]
    first = looks[0] if looks else None
    is_so = first is not None and first.shows and first.truth.logged_in and first.truth.state == wanted.state
    if is_so and not wanted.stable_for and not wanted.check_waiting:
        assert len(trail) == 1, "more than one call for an agent who is in the wanted state already"
    for call, later in pairwise(trail):
        is_patient = later.sent_at >= call.answered_at + call.leave_alone - MOMENT
        is_repeated = call.value == later.value == "STATUS"
        assert is_patient or not is_repeated, "asked again before the server's Retry-After"
    turns = sum(look.truth.live != later.truth.live or not later.is_clear for look, later in pairwise(looks))
    pause = min(wanted.wait_sleep, SHORTEST_RETRY_PAUSE)
    watched = wanted.wait_timeout + WATCH_SECONDS if WITHDRAW in [call.value for call in trail] else 0.0
    most = 4 + turns + (2 * (wanted.wait_timeout + wanted.stable_for) + watched) / pause
    assert len(looks) <= most, f"{len(looks)} STATUS, more than {most:g}"


def _judge_end(run: Run, trail: Trail) -> None:
    """Twice the time given, and three calls: the one in which it runs out, the first signal, and the last look."""
    if not trail:
        return
    longest = max(call.answered_at - call.sent_at for call in run.exchanges)
    rate = run.options.get("rate_limit")
    # One call at a time to begin with, or all share a rate: a call can wait for two calls of each other agent.
    call_seconds = 2 * len(run.agents) * (longest + (1 / rate if rate else 0.0))
    took = trail[-1].answered_at - trail[0].sent_at
    most = 2 * (run.wanted.wait_timeout + run.wanted.stable_for) + 3 * call_seconds + run.stalled
    if WITHDRAW in [call.value for call in trail]:
        most += run.wanted.wait_timeout + WATCH_SECONDS + 3 * call_seconds
    if run.wanted.check_waiting:
        most += 2 * call_seconds
    assert took <= most + MOMENT, f"{took:g} s, more than {most:g} s"


def _judge_deadline(wanted: DesiredState, reason: str | None, trail: Trail) -> None:
    """Nobody gives up early: not on the state, and with a signal out not on STATUS that may be repeated."""
    signals = [call for call in trail if call.may_have_written]
    begun = signals[0].answered_at if signals else trail[0].sent_at if trail else 0.0
    deadline = begun + wanted.wait_timeout + wanted.stable_for
    if reason == "not_confirmed":
        assert trail[-1].answered_at >= deadline - MOMENT, "not_confirmed before its time"
    elif reason and signals and trail[-1].value == "STATUS" and trail[-1].fault in TRANSIENT:
        left = deadline - trail[-1].answered_at
        assert left <= max(SHORTEST_RETRY_PAUSE, trail[-1].leave_alone) + MOMENT, f"no STATUS for the last {left:g} s"


# Which recordings ours are


class Signal(str):
    """A signal in the slot that came by an exchange of ours: it stays with the recording that it begins.

    ``read_at`` is when a screen found it, ``acted_at`` when it carried it out.
    """

    exchange: Exchange
    read_at: float
    acted_at: float


def overlaps(recordings: Iterable[Recording]) -> list[tuple[Recording, Recording]]:
    """The pairs of agent-controlled recordings, older and newer, that were live at the same time for one agent."""
    rows = [row for row in recordings if row.kind == AGENT_CONTROLLED]
    return [
        (older, newer)
        for older, newer in combinations(rows, 2)
        if older.user == newer.user and (older.ended_at is None or newer.started_at < older.ended_at)
    ]


def ours(recordings: Iterable[Recording]) -> list[Recording]:
    """Those that a BEGIN of ours began: a simulation leaves the Signal with them."""
    return [row for row in recordings if isinstance(row.begun_by, Signal)]


def judge_overlaps(recordings: Iterable[Recording]) -> Counter[str]:
    """Two live recordings of ours at once raise AssertionError, unless one of the documented LIMITS explains them.

    Returns how often each limit did.
    """
    return Counter(_limit(older, newer) for older, newer in overlaps(ours(recordings)))


def _limit(older: Recording, newer: Recording) -> str:
    signal, second = older.begun_by, newer.begun_by
    assert isinstance(signal, Signal)
    assert isinstance(second, Signal)
    first, again = signal.exchange, second.exchange
    if first.trail is not again.trail:
        look = [call for call in again.trail[: again.trail.index(again)] if call.value == "STATUS"][-1]
        assert signal.acted_at > look.worked_at, f"{newer} was begun though {older} had shown"
        return TWO_CONTROLLERS
    if signal.acted_at - first.worked_at > LOST_SECONDS["BEGIN"]:
        return SLOW_SCREEN
    between = first.trail[first.trail.index(first) : first.trail.index(again)]
    is_taken = any(call.truth.live not in (None, older.recording_id) for call in between)
    assert is_taken, f"one run began {older} and {newer}, both live"
    return TAKEN_FOR_OURS


def judge_late_begins(run: Run, ended_at: float, recordings: Iterable[Recording]) -> Counter[str]:
    """With ``withdraw`` no recording of ours begins after its task has ended, unless one of LATE_LIMITS explains it.

    Returns how often each limit did.
    """
    if not run.wanted.withdraw or not run.results:
        return Counter()
    records = declared(run.results, len(run.agents) == 1)["recordings"]
    limits: Counter[str] = Counter()
    for record in records:
        trail = trail_of(record, _trails(run))
        for row in ours(recordings):
            signal = row.begun_by
            if not isinstance(signal, Signal) or signal.exchange.trail is not trail:
                continue
            if signal.acted_at > ended_at:
                limits[_late_limit(record, row)] += 1
            elif record["withdrawn"] and record["reason"] == "no_live_call" and row.ended_by == END_OF_THE_NEXT_CALL:
                given_up = until_given_up(run.wanted, trail)
                is_ended = "END" in [call.value for call in trail[len(given_up) :]]
                is_of_before = signal.acted_at <= given_up[-1].worked_at
                assert is_ended or is_of_before or "not known" in record["msg"], (
                    f"{row} is none of this call, and goes on"
                )
    return limits


def _late_limit(record: dict[str, Any], row: Recording) -> str:
    signal = row.begun_by
    assert isinstance(signal, Signal)
    trail = signal.exchange.trail
    withdrawals = [call for call in trail if call.value == WITHDRAW]
    if record["withdrawn"]:
        assert signal.read_at <= withdrawals[-1].worked_at, f"{row} begun after it was taken back"
        if signal.acted_at >= withdrawals[-1].answered_at + WATCH_SECONDS - MOMENT:
            return READ_BEFORE
    since = trail[trail.index(signal.exchange) :]
    if any(call.shows and call.truth.live is not None for call in since):
        return NOT_GIVEN_UP
    says_so = "may start a recording at the next call" in record["msg"] or "can start a recording" in record["msg"]
    assert says_so or "state is unknown" in record["msg"], (
        f"{row} begun later, and the record does not say so: {record}"
    )
    return NOT_TAKEN_BACK
