# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold of every run of a fleet, judged by what the dialer and the network saw and never by our own decision.

The numbers are those of the documentation: a BEGIN counts as lost after 10 s of a call, an END after 4 s, each is sent
twice at most, and a run takes ``wait_timeout`` and ``stable_for`` twice at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from ansible_collections.telephony.vicidial.plugins.module_utils._errors import ApiError, NotAttemptedError
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import AgentResult
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import Outcome
from ansible_collections.telephony.vicidial.tests.reliability.interleaved import Begun, Exchange, Run, World

Trail = list[Exchange]

SIGNAL_FOR = {"recording": "BEGIN", "idle": "END"}
LOST_SECONDS = {"BEGIN": 10.0, "END": 4.0}
MOST_TIMES_SENT = 2
ABOUT_THE_AGENT = ("NOTICE: ", "SUCCESS: ", "ERROR: agent_user is not logged in", "ERROR: stop stereo_recording")
SHORTEST_RETRY_PAUSE = 0.5
LIMITS = SLOW_SCREEN, TAKEN_FOR_OURS, TWO_CONTROLLERS = (
    "the first BEGIN took a screen more than 10 s",
    "somebody else's recording came and went while the first BEGIN was under way, and passed for its effect",
    "two controllers, and the first one's recording did not show yet when the other looked",
)
MOMENT = 1e-6  # virtual times are sums of fractions


def judge(run: Run) -> None:
    """Raise AssertionError for the first promise that ``run``, which is over, did not keep."""
    if run.crash is not None:
        raise AssertionError(f"the fleet raised {run.crash!r}") from run.crash
    assert [told.agent for told in run.results] == run.agents, "not one outcome an agent, in order"
    _judge_pace(run)
    _judge_logins(run)
    for told in run.results:
        trail = run.trails.get(told.agent, [])
        _judge_signals(run, trail)
        _judge_numbers(run, trail)
        _judge_end(run, trail)
        _judge_outcome(run, told, trail)


def judge_doubles(world: World) -> Counter[str]:
    """Two live recordings of ours at once raise AssertionError, unless one of the documented LIMITS explains them.

    Returns how often each limit did.
    """
    limits: Counter[str] = Counter()
    for older, newer in world.dialer.doubles:
        if older.signal.run is newer.signal.run:
            is_slow = older.at - older.signal.at > LOST_SECONDS["BEGIN"]
            assert is_slow or _has_shown_another(older, newer), f"one run began {older} and {newer}, both live"
            limits[SLOW_SCREEN if is_slow else TAKEN_FOR_OURS] += 1
        else:
            looked = _look_before(newer)
            assert older.at > looked.worked_at, f"{newer.recording_id} begun though {older.recording_id} had shown"
            limits[TWO_CONTROLLERS] += 1
    return limits


def _has_shown_another(older: Begun, newer: Begun) -> bool:
    """Whether, between the two BEGIN of one run, it was shown a recording that was not the effect of the first."""
    trail = older.signal.run.trails[older.signal.exchange.agent]
    between = trail[trail.index(older.signal.exchange) : trail.index(newer.signal.exchange)]
    return any(it.truth.live not in (None, older.recording_id) for it in between)


def _look_before(begun: Begun) -> Exchange:
    trail = begun.signal.run.trails[begun.signal.exchange.agent]
    return trail[trail.index(begun.signal.exchange) - 1]


# What all agents of a run have in common


def _judge_pace(run: Run) -> None:
    assert run.most_under_way <= run.size, "more calls at once than workers"
    rate = run.of_fleet.get("rate_limit")
    times = [it.sent_at for it in run.exchanges]
    if rate:
        assert all(late - early >= 1 / rate - MOMENT for early, late in pairwise(times)), "faster than the rate limit"
    if run.interrupted_after is not None:
        assert len(run.exchanges) == run.interrupted_after, "a call after the interruption"


def _judge_logins(run: Run) -> None:
    """At most one failed login; where the password went bad in the middle, none that is sent once that was heard."""
    first = next((it for it in run.exchanges if it.login_failed and it.is_clear), None)
    heard_at = first.heard_at if first else None
    if heard_at is not None:
        assert all(it.sent_at <= heard_at for it in run.exchanges), "a call after a refused login"
    answered = next((it.heard_at for it in run.exchanges if it.is_clear and not it.login_failed), None)
    unproven = [it for it in run.exchanges if answered is None or it.sent_at < answered]
    assert sum(it.login_failed for it in unproven) <= 1, "two failed logins of an account that never was proven"


# What one agent was sent


def _judge_signals(run: Run, trail: Trail) -> None:
    wanted = run.wanted
    for index, it in enumerate(trail):
        if it.value == "STATUS":
            continue
        assert not run.of_fleet.get("check_mode"), "a signal in check mode"
        assert wanted.state is not None, "a signal where nothing is wanted"
        assert it.value == SIGNAL_FOR[wanted.state], f"{it.value} for {wanted.state}"
        look = trail[index - 1] if index else None
        assert look is not None, "a signal without a look"
        assert look.value == "STATUS", f"{it.value} rests on no STATUS"
        assert look.is_clear, f"{it.value} rests on a STATUS that was not answered"
        assert look.truth.logged_in, f"{it.value} to an agent who is logged out"
        assert look.truth.state != wanted.state, f"{it.value} though it was so already"
        if it.value == "BEGIN" and wanted.require_call:
            assert look.truth.status == "INCALL", "BEGIN without a call, and one is required"
    _judge_repetitions(trail)


def _judge_repetitions(trail: Trail) -> None:
    """The same signal for the same purpose: twice at most, and not before a screen would have acted on the first."""
    earlier: Trail = []
    look: Exchange | None = None
    for it in trail:
        if it.value == "STATUS":
            is_another = look is not None and it.is_clear and it.truth.live != look.truth.live
            earlier = [] if is_another else earlier
            look = it if it.is_clear else look
        elif not it.unsent:
            if earlier:
                heard_at = earlier[-1].heard_at or 0.0
                assert it.sent_at >= heard_at + LOST_SECONDS[it.value] - MOMENT, f"{it.value} again too soon"
            earlier.append(it)
            assert len(earlier) <= MOST_TIMES_SENT, f"{it.value} more than {MOST_TIMES_SENT} times"


def _judge_numbers(run: Run, trail: Trail) -> None:
    """One STATUS, then one for each pause: none is shorter than wait_sleep or a retry's, but where the end is near."""
    wanted = run.wanted
    looks = [it for it in trail if it.value == "STATUS"]
    first = looks[0] if looks else None
    is_so = first is not None and first.is_clear and first.truth.logged_in and first.truth.state == wanted.state
    if is_so and not wanted.stable_for:
        assert len(trail) == 1, "more than one call for an agent who is in the wanted state already"
    for one, other in pairwise(trail):
        is_patient = other.sent_at >= (one.heard_at or 0.0) + one.leave_alone - MOMENT
        assert is_patient or one.value != "STATUS", "asked again before the server's Retry-After"
    turns = sum(one.truth.live != other.truth.live or not other.is_clear for one, other in pairwise(looks))
    pause = min(wanted.wait_sleep, SHORTEST_RETRY_PAUSE)
    most = 4 + turns + 2 * (wanted.wait_timeout + wanted.stable_for) / pause
    assert len(looks) <= most, f"{len(looks)} STATUS, more than {most:g}"


def _judge_end(run: Run, trail: Trail) -> None:
    """Twice the time given, and three calls: the one in which it runs out, the first signal, and the last look."""
    if not trail:
        return
    wanted = run.wanted
    longest = max((it.heard_at or it.sent_at) - it.sent_at for it in run.exchanges)
    rate = run.of_fleet.get("rate_limit")
    # Where not everyone has a worker, or all share a rate, a call can wait for two calls of each other agent.
    queue = 1 if run.size >= len(run.agents) and not rate else 2 * len(run.agents)
    call = queue * (longest + (1 / rate if rate else 0.0))
    took = (trail[-1].heard_at or trail[-1].sent_at) - trail[0].sent_at
    most = 2 * (wanted.wait_timeout + wanted.stable_for) + 3 * call + run.stalled
    assert took <= most + MOMENT, f"{took:g} s, more than {most:g} s"


# What is said of one agent


def _judge_outcome(run: Run, told: AgentResult, trail: Trail) -> None:
    outcome = told.outcome
    if run.of_fleet.get("check_mode") and outcome.changed:
        _judge_foreseen(run, outcome, trail)
        return
    _judge_changed(outcome, trail)
    _judge_state(run, outcome, trail)
    if outcome.failure is not None:
        assert not outcome.confirmed, "a failure that is confirmed"
        assert str(outcome.failure).strip(), "a failure without words"
        _judge_failure(run, outcome, trail)
    elif outcome.confirmed:
        _judge_confirmation(run, outcome, trail)
    else:
        _judge_unconfirmed(run, outcome, trail)


def _judge_foreseen(run: Run, outcome: Outcome, trail: Trail) -> None:
    last = trail[-1]
    assert last.is_clear, "foreseen without knowing"
    assert last.truth.logged_in, "foreseen for an agent who is logged out"
    assert last.truth.state != run.wanted.state, "a change foreseen where none is needed"
    assert outcome.signals == (SIGNAL_FOR[run.wanted.state or ""],), "not the signal that would be sent"
    assert outcome.state == run.wanted.state, "foreseen is not what is wanted"
    assert not outcome.confirmed, "foreseen and confirmed"


def _judge_changed(outcome: Outcome, trail: Trail) -> None:
    """Every signal that was written is told of; every one that is told of was written, or nobody can know."""
    told = list(outcome.signals)
    may_be = [it for it in trail if it.value != "STATUS" and (it.wrote or not (it.is_clear or it.unsent))]
    assert told == [it.value for it in may_be], f"says it sent {told}, sent {[it.value for it in may_be]}"


def _looks(trail: Trail) -> Trail:
    return [it for it in trail if it.value == "STATUS" and it.heard_at is not None]


def _judge_state(run: Run, outcome: Outcome, trail: Trail) -> None:
    """What is said to be so was so when STATUS was asked last; where that is not known, nothing is said."""
    looks = _looks(trail)
    seen = [it for it in looks if it.is_clear and it.said.startswith("NOTICE: ")]
    assert outcome.before == (seen[0].truth.state if seen else None), "before is not what STATUS showed first"
    assert (outcome.status.recording_id if outcome.status else None) == (seen[-1].truth.live if seen else None)
    if outcome.state is not None:
        assert seen, "a state that was never asked for"
        assert looks[-1] is seen[-1], "a state though the last STATUS was not answered"
        assert outcome.state == seen[-1].truth.state, "a state that was not so"
        after = trail[trail.index(seen[-1]) + 1 :]
        if any(it in after for it in trail if it.wrote or not (it.is_clear or it.unsent)):
            assert not run.wanted.wait, "a state though a signal is on its way"
            assert outcome.failure is None, "a state though a signal is on its way and its effect was not awaited"
    known = [it for it in trail if it.is_clear and it.said.startswith(ABOUT_THE_AGENT)]
    if outcome.logged_in is not None:
        assert known, "logged in or out without a word of the server"
        assert any(it.truth.logged_in is outcome.logged_in for it in known), "logged in or out, and was not"
        if outcome.logged_in is False:
            assert not known[-1].truth.logged_in, "logged out, and was not"


def _judge_confirmation(run: Run, outcome: Outcome, trail: Trail) -> None:
    wanted, last = run.wanted, trail[-1]
    assert last.value == "STATUS", "confirmed by no STATUS"
    assert last.is_clear, "confirmed by a STATUS that was not answered"
    assert last.truth.logged_in, "confirmed for an agent who is logged out"
    assert last.truth.state == wanted.state == outcome.state, "confirmed, and was not so"
    since = last
    for it in reversed(trail):
        if it.value != "STATUS" or not it.is_clear or it.truth != _like(it, last):
            break
        since = it
    held = (last.heard_at or 0.0) - (since.heard_at or 0.0)
    assert held >= wanted.stable_for - MOMENT, f"confirmed after it held for {held:g} s of {wanted.stable_for:g} s"


def _like(one: Exchange, other: Exchange) -> object:
    """The truth of ``one`` if it shows the same as ``other``; a status of the agent may change meanwhile."""
    same = one.truth.logged_in and one.truth.live == other.truth.live
    return one.truth if same else other


def _judge_unconfirmed(run: Run, outcome: Outcome, trail: Trail) -> None:
    """No failure and not confirmed: asked only, not waited for, or logged out and that may be."""
    wanted, last = run.wanted, trail[-1]
    if outcome.logged_in is False:
        assert not wanted.fail_when_logged_out, "logged out and no failure"
        assert outcome.state is None, "a state of an agent who is logged out"
        assert last.is_clear, "logged out without a word of the server"
    elif wanted.state is None:
        assert last.is_clear, "done without an answer"
    else:
        assert not wanted.wait, "done without waiting for it"
        assert last.value == SIGNAL_FOR[wanted.state], "done with nothing sent"
        assert last.wrote, "done, and the slot was not written"
        assert last.is_clear, "done with an unclear answer"


def _judge_failure(run: Run, outcome: Outcome, trail: Trail) -> None:
    failure = outcome.failure
    assert failure is not None
    assert failure.reason != "internal_error", f"a defect: {failure}"
    if isinstance(failure, NotAttemptedError):
        if failure.reason == "interrupted":
            assert run.is_interrupted, "interrupted by nobody"
        else:
            assert failure.reason in {it.reason for it in _errors_heard(run.exchanges)}, "stopped by nothing"
        return
    if failure.reason in {"not_logged_in", "no_live_call", "not_confirmed"}:
        _judge_refusal(run, failure, outcome, trail)
        return
    last = trail[-1]
    errors = [it.heard.error for it in trail if it.heard and it.heard.error]
    assert errors, f"{failure.reason} without an error"
    assert errors[-1] is failure, "not the error that was met"
    if failure.reason == "authentication_failed":
        assert last.login_failed, "authentication_failed, and was not"


def _judge_refusal(run: Run, failure: ApiError, outcome: Outcome, trail: Trail) -> None:
    wanted, last = run.wanted, trail[-1]
    assert last.is_clear, f"{failure.reason} without a word of the server"
    if failure.reason == "not_logged_in":
        assert not last.truth.logged_in, "not_logged_in, and was"
        return
    assert last.value == "STATUS", f"{failure.reason} without a last look"
    if failure.reason == "no_live_call":
        assert wanted.require_call, "no_live_call, and none was required"
        assert last.truth.status != "INCALL", "no_live_call in a call"
        return
    unfounded = "contradicts itself" in str(failure)
    assert not unfounded, "blames VICIdial's database, which was right"
    signals = [it for it in trail if it.value != "STATUS" and it.value in outcome.signals and not it.unsent]
    begun = signals[0].heard_at if signals else trail[0].sent_at
    deadline = (begun or 0.0) + wanted.wait_timeout + wanted.stable_for
    assert not wanted.wait or (last.heard_at or 0.0) >= deadline - MOMENT, "not_confirmed before its time"
    if last.truth.state == wanted.state:
        assert wanted.stable_for, "not_confirmed, and was so"


def _errors_heard(trail: Trail) -> Iterator[ApiError]:
    return (it.heard.error for it in trail if it.heard is not None and it.heard.error is not None)
