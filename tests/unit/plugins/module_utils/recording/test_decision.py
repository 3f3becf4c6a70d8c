# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The decision, fed with replies: no server, no sleep. Each script lists what is asked for and what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.replies import (
    NothingToEnd,
    Sent,
    Status,
    Waiting,
)
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.decision import converge
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import (
    AskStatus,
    DesiredState,
    Outcome,
    Response,
    SendSignal,
    Sleep,
    Step,
)

RECORDING = DesiredState("recording")
IDLE = DesiredState("idle")
SENT = Sent("1000")
ENDED_BEFORE = NothingToEnd("1000")
LOGGED_OUT = _errors.NotLoggedInError("1000")
DENIED = _errors.PermissionDeniedError()
BROKEN = _errors.UnreachableError("it broke", "Mend it", _errors.Delivery.UNANSWERED, transient=True)
REFUSED = _errors.UnreachableError("refused", "Start it", _errors.Delivery.NOT_SENT, transient=True)
CRASHED = _errors.HttpError("HTTP 500", "Look", transient=True)
LATE = _errors.TimedOutError("late", "Wait", _errors.Delivery.UNANSWERED)
GARBLED = _errors.NotUnderstoodError("what?", "Look")

Turn = tuple[str, Any]


def idle(agent_status: str = "INCALL") -> Status:
    return Status("1000", None, None, None, None, "10.0.0.5", "8600051", agent_status)


def live(recording_id: int = 7) -> Status:
    return Status("1000", recording_id, "file", "10.0.0.6", "2026-11-22 09:13:40", "10.0.0.5", "8600051", "INCALL")


def play(wanted: DesiredState, *script: Turn, account_is_proven: bool = True) -> Outcome:
    """Run a convergence against ``script``: pairs of what it must ask for next, and what it hears; ends with it."""
    turns = list(script)
    now = 100.0
    convergence = converge(wanted)
    try:
        step = next(convergence)
        while True:
            if isinstance(step, Sleep):
                assert step.seconds >= 0
                now += step.seconds
                step = convergence.send(Response(at=now, account_is_proven=account_is_proven))
                continue
            asked = (
                step.value if isinstance(step, SendSignal) else "STATUS" if isinstance(step, AskStatus) else "WAITING"
            )
            assert turns, f"one call too many: {asked} after {now - 100:g} s"
            expected, answer = turns.pop(0)
            assert asked == expected, f"after {now - 100:g} s"
            error = answer if isinstance(answer, _errors.ApiError) else None
            step = convergence.send(Response(now, None if error else answer, error))
    except StopIteration as end:
        assert not turns, f"never asked for: {turns}"
        outcome: Outcome = end.value
        return outcome


def step_after(wanted: DesiredState, status: Status) -> Step:
    """What a convergence wants once it has received ``status``."""
    convergence = converge(wanted)
    next(convergence)
    assert convergence.send(Response(0.0)) == AskStatus()
    return convergence.send(Response(0.0, status))


def statuses(times: int, status: Status) -> list[Turn]:
    return [("STATUS", status)] * times


@pytest.mark.parametrize(("wanted", "status"), [(RECORDING, live()), (IDLE, idle()), (IDLE, idle("PAUSED"))])
def test_already_so_is_one_call_and_no_change(wanted: DesiredState, status: Status) -> None:
    outcome = play(wanted, ("STATUS", status))
    assert (outcome.changed, outcome.confirmed, outcome.confirmed_after) == (False, True, None)
    assert outcome.state == outcome.before == wanted.state


def test_begin_and_confirm() -> None:
    outcome = play(RECORDING, ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", live()))
    assert outcome.signals == ("BEGIN",)
    assert (outcome.before, outcome.state, outcome.confirmed, outcome.confirmed_after) == (
        "idle",
        "recording",
        True,
        0.5,
    )
    assert outcome.failure is None


def test_confirmation_on_the_third_poll() -> None:
    outcome = play(RECORDING, ("STATUS", idle()), ("BEGIN", SENT), *statuses(2, idle()), ("STATUS", live()))
    assert (outcome.confirmed, outcome.confirmed_after) == (True, 1.5)


def test_end_and_confirm() -> None:
    outcome = play(IDLE, ("STATUS", live()), ("END", SENT), ("STATUS", live()), ("STATUS", idle()))
    assert (outcome.signals, outcome.state, outcome.confirmed_after) == (("END",), "idle", 1.0)


def test_never_confirmed_fails_at_the_deadline_with_the_last_status() -> None:
    wanted = DesiredState("recording", wait_timeout=3)
    outcome = play(wanted, ("STATUS", idle()), ("BEGIN", SENT), *statuses(6, idle()))
    assert outcome.failure is not None
    assert outcome.failure.reason == "not_confirmed"
    assert "3.0 s after BEGIN" in str(outcome.failure)
    assert (outcome.state, outcome.changed, outcome.confirmed) == ("idle", True, False)


def test_without_a_call_the_failure_says_that_the_recording_starts_by_itself() -> None:
    outcome = play(RECORDING, ("STATUS", idle("PAUSED")), ("BEGIN", SENT), *statuses(20, idle("PAUSED")))
    assert "start by itself at the agent's next call" in str(outcome.failure)
    assert outcome.signals == ("BEGIN",)  # in the slot already: sending it again would gain nothing


def test_never_ended_names_the_recording_that_still_shows() -> None:
    wanted = DesiredState("idle", wait_timeout=3)
    outcome = play(wanted, ("STATUS", live(7)), ("END", SENT), *statuses(6, live(7)))
    assert "still shows recording 7" in str(outcome.failure)
    assert outcome.state == "recording"


def test_ended_by_someone_else_in_between_is_no_change_of_ours() -> None:
    outcome = play(IDLE, ("STATUS", live()), ("END", ENDED_BEFORE), ("STATUS", idle()))
    assert (outcome.changed, outcome.confirmed, outcome.failure) == (False, True, None)


def test_ended_by_someone_else_and_begun_again_is_ended() -> None:
    outcome = play(
        IDLE, ("STATUS", live(7)), ("END", ENDED_BEFORE), ("STATUS", live(8)), ("END", SENT), ("STATUS", idle())
    )
    assert (outcome.signals, outcome.confirmed) == (("END",), True)


def test_another_recording_after_an_end_that_found_nothing_is_no_contradiction() -> None:
    outcome = play(DesiredState("idle", wait=False), ("STATUS", live(7)), ("END", ENDED_BEFORE), ("STATUS", live(8)))
    assert (outcome.signals, outcome.state) == ((), "recording")
    assert "END found nothing to end any more, and recording 8 has begun since" in str(outcome.failure)


def test_a_server_that_contradicts_itself_is_given_up_at_the_deadline() -> None:
    outcome = play(
        DesiredState("idle", wait_timeout=1), ("STATUS", live()), ("END", ENDED_BEFORE), *statuses(2, live())
    )
    assert "finds nothing to end" in str(outcome.failure)
    assert not outcome.changed


def test_one_recording_after_the_other_is_ended() -> None:
    outcome = play(
        IDLE,
        ("STATUS", live(8)),
        ("END", SENT),
        ("STATUS", live(8)),
        ("STATUS", live(7)),
        ("END", SENT),
        ("STATUS", live(7)),
        ("STATUS", idle()),
    )
    assert (outcome.signals, outcome.state, outcome.confirmed) == (("END", "END"), "idle", True)


def test_a_newer_recording_that_takes_our_end_does_not_hide_the_older_one() -> None:
    outcome = play(
        IDLE,
        ("STATUS", live(7)),
        ("END", SENT),
        ("STATUS", live(8)),
        ("END", SENT),
        ("STATUS", live(7)),
        ("END", SENT),
        ("STATUS", idle()),
    )
    assert outcome.signals == ("END", "END", "END")
    assert outcome.confirmed


# A BEGIN too many starts a second recording, so it is given up for lost later than an END.
LOSSES = [("recording", idle(), "BEGIN", live(), 20), ("idle", live(), "END", idle(), 8)]


@pytest.mark.parametrize(("state", "before", "signal", "after", "polls"), LOSSES)
def test_a_lost_signal_is_sent_once_more(state: str, before: Status, signal: str, after: Status, polls: int) -> None:
    outcome = play(
        DesiredState(state, wait_timeout=15),
        ("STATUS", before),
        (signal, SENT),
        *statuses(polls, before),
        (signal, SENT),
        ("STATUS", after),
    )
    assert outcome.signals == (signal, signal)
    assert outcome.confirmed
    assert outcome.confirmed_after == (polls + 1) / 2


@pytest.mark.parametrize(("state", "before", "signal", "after", "polls"), LOSSES)
def test_a_signal_is_sent_twice_at_most(state: str, before: Status, signal: str, after: Status, polls: int) -> None:
    outcome = play(
        DesiredState(state, wait_timeout=30),
        ("STATUS", before),
        (signal, SENT),
        *statuses(polls, before),
        (signal, SENT),
        *statuses(60 - polls, before),
    )
    assert outcome.failure is not None
    assert outcome.failure.reason == "not_confirmed"


def test_no_second_signal_where_its_effect_could_not_be_seen_any_more() -> None:
    outcome = play(DesiredState("idle", wait_timeout=5), ("STATUS", live()), ("END", SENT), *statuses(10, live()))
    assert outcome.signals == ("END",)


def test_a_begin_that_waits_for_a_call_is_not_lost_when_the_call_comes() -> None:
    outcome = play(
        DesiredState("recording", wait_timeout=30),
        ("STATUS", idle("READY")),
        ("BEGIN", SENT),
        *statuses(30, idle("READY")),
        *statuses(3, idle("INCALL")),
        ("STATUS", live()),
    )
    assert outcome.signals == ("BEGIN",)
    assert outcome.confirmed


def test_logged_out_before_anything_fails_by_default() -> None:
    outcome = play(RECORDING, ("STATUS", LOGGED_OUT))
    assert (outcome.failure, outcome.logged_in, outcome.state) == (LOGGED_OUT, False, None)


@pytest.mark.parametrize("state", ["recording", "idle"])
def test_logged_out_can_be_ignored(state: str) -> None:
    outcome = play(DesiredState(state, fail_when_logged_out=False), ("STATUS", LOGGED_OUT))
    assert (outcome.failure, outcome.logged_in, outcome.confirmed, outcome.changed) == (None, False, False, False)


@pytest.mark.parametrize(
    "script",
    [
        [("STATUS", live()), ("END", LOGGED_OUT)],
        [("STATUS", live()), ("END", SENT), ("STATUS", LOGGED_OUT)],
        [("STATUS", live()), ("END", SENT), ("STATUS", live()), ("STATUS", LOGGED_OUT)],
    ],
)
def test_logging_out_in_the_middle_is_reported(script: list[Turn]) -> None:
    outcome = play(IDLE, *script)
    assert (outcome.failure, outcome.logged_in, outcome.state) == (LOGGED_OUT, False, None)
    assert outcome.changed == (("END", SENT) in script)


def test_a_status_that_fails_once_is_repeated() -> None:
    outcome = play(RECORDING, ("STATUS", BROKEN), ("STATUS", live()))
    assert outcome.confirmed


def test_before_the_account_has_proved_fit_only_what_never_arrived_is_repeated() -> None:
    """What failed may have been a login with a wrong password, and the server has counted it."""
    outcome = play(RECORDING, ("STATUS", REFUSED), ("STATUS", BROKEN), account_is_proven=False)
    assert outcome.failure is BROKEN
    later = [("STATUS", idle()), ("BEGIN", SENT), ("STATUS", BROKEN), ("STATUS", live())]
    assert play(RECORDING, *later, account_is_proven=False).confirmed


def test_a_status_that_keeps_failing_is_given_up_after_the_retries() -> None:
    outcome = play(DesiredState("recording", retries=2), *[("STATUS", CRASHED)] * 3)
    assert outcome.failure is CRASHED
    assert (outcome.state, outcome.logged_in, outcome.changed) == (None, None, False)


def test_retries_stop_at_the_deadline() -> None:
    outcome = play(DesiredState("recording", retries=10, wait_timeout=1), *[("STATUS", CRASHED)] * 2)
    assert outcome.failure is CRASHED


@pytest.mark.parametrize("error", [_errors.AuthenticationFailedError(), DENIED, GARBLED, _errors.NotValidError()])
def test_what_is_no_passing_fault_is_never_repeated(error: _errors.ApiError) -> None:
    assert play(RECORDING, ("STATUS", error)).failure is error


@pytest.mark.parametrize(("seconds", "pause"), [(0.0, 0.5), (0.1, 0.5), (3.0, 3.0)])
def test_status_is_repeated_when_the_server_says(seconds: float, pause: float) -> None:
    convergence = converge(RECORDING)
    next(convergence)
    assert convergence.send(Response(100.0, account_is_proven=True)) == AskStatus()
    busy = _errors.HttpError("HTTP 503", "Look", transient=True, retry_after=seconds)
    assert convergence.send(Response(100.0, error=busy)) == Sleep(pause)


def test_a_server_that_wants_to_be_left_alone_beyond_the_deadline_is_not_asked_again() -> None:
    busy = _errors.HttpError("HTTP 503", "Look", transient=True, retry_after=60.0)
    assert play(RECORDING, ("STATUS", busy)).failure is busy


@pytest.mark.parametrize(
    "unclear", [BROKEN, CRASHED, GARBLED, _errors.TimedOutError("late", "Wait", _errors.Delivery.UNANSWERED)]
)
@pytest.mark.parametrize(
    ("wanted", "before", "signal", "after"), [(RECORDING, idle(), "BEGIN", live()), (IDLE, live(), "END", idle())]
)
def test_after_an_unclear_answer_status_decides(
    unclear: _errors.ApiError, wanted: DesiredState, before: Status, signal: str, after: Status
) -> None:
    it_worked = play(wanted, ("STATUS", before), (signal, unclear), ("STATUS", after))
    assert (it_worked.confirmed, it_worked.signals) == (True, (signal,))
    impatient = DesiredState(wanted.state, wait_timeout=2)
    it_did_not = play(impatient, ("STATUS", before), (signal, unclear), *statuses(4, before))
    assert it_did_not.failure is not None
    assert it_did_not.failure.reason == "not_confirmed"
    assert (it_did_not.state, it_did_not.changed) == (before.state, True)


def test_once_a_signal_is_out_status_is_repeated_until_the_deadline_and_unknown_then() -> None:
    outcome = play(IDLE, ("STATUS", live()), ("END", BROKEN), *[("STATUS", CRASHED)] * 7)
    assert (outcome.failure, outcome.state, outcome.changed) == (CRASHED, None, True)


def test_a_server_that_comes_back_in_the_middle_of_the_wait_is_asked_on() -> None:
    outcome = play(RECORDING, ("STATUS", idle()), ("BEGIN", SENT), *[("STATUS", CRASHED)] * 5, ("STATUS", live()))
    assert (outcome.confirmed, outcome.confirmed_after) == (True, 8.0)


def test_a_signal_that_never_left_is_not_counted_and_sent_again() -> None:
    outcome = play(
        RECORDING, ("STATUS", idle()), ("BEGIN", REFUSED), ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", live())
    )
    assert outcome.signals == ("BEGIN",)


def test_a_signal_that_never_leaves_is_no_change() -> None:
    wanted = DesiredState("recording", wait_timeout=1)
    outcome = play(
        wanted, ("STATUS", idle()), ("BEGIN", REFUSED), ("STATUS", idle()), ("BEGIN", REFUSED), ("STATUS", idle())
    )
    assert (outcome.failure, outcome.changed) == (REFUSED, False)


def test_a_signal_that_the_server_refuses_is_no_change() -> None:
    outcome = play(RECORDING, ("STATUS", idle()), ("BEGIN", DENIED))
    assert (outcome.failure, outcome.changed, outcome.state) == (DENIED, False, "idle")


@pytest.mark.parametrize("status", ["READY", "QUEUE", "PAUSED", "CLOSER", "MQUEUE"])
def test_require_call_refuses_without_a_signal(status: str) -> None:
    outcome = play(DesiredState("recording", require_call=True), ("STATUS", idle(status)))
    assert outcome.failure is not None
    assert outcome.failure.reason == "no_live_call"
    assert status in str(outcome.failure)
    assert not outcome.changed


def test_require_call_is_content_with_a_call_and_with_a_recording() -> None:
    wanted = DesiredState("recording", require_call=True)
    assert play(wanted, ("STATUS", idle("INCALL")), ("BEGIN", SENT), ("STATUS", live())).confirmed
    assert play(wanted, ("STATUS", live())).confirmed


def test_without_waiting_a_clear_answer_ends_it_unconfirmed() -> None:
    outcome = play(DesiredState("recording", wait=False), ("STATUS", idle()), ("BEGIN", SENT))
    assert (outcome.changed, outcome.confirmed, outcome.state, outcome.failure) == (True, False, "idle", None)


def test_without_waiting_an_unclear_answer_is_still_looked_into() -> None:
    unwaiting = DesiredState("recording", wait=False)
    assert play(unwaiting, ("STATUS", idle()), ("BEGIN", BROKEN), ("STATUS", live())).confirmed
    outcome = play(unwaiting, ("STATUS", idle()), ("BEGIN", BROKEN), ("STATUS", idle()))
    assert outcome.failure is not None
    assert outcome.changed


def test_no_time_to_wait_still_sends_the_signal() -> None:
    outcome = play(DesiredState("recording", wait_timeout=0), ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", idle()))
    assert outcome.failure is not None
    assert outcome.signals == ("BEGIN",)


@pytest.mark.parametrize("status", [live(), idle()])
def test_asking_only_never_wants_anything_else(status: Status) -> None:
    outcome = play(DesiredState(None), ("STATUS", status))
    assert (outcome.state, outcome.changed) == (status.state, False)


@pytest.mark.parametrize(("wanted", "status", "signal"), [(RECORDING, idle(), "BEGIN"), (IDLE, live(), "END")])
def test_a_signal_foresees_the_outcome_for_check_mode(wanted: DesiredState, status: Status, signal: str) -> None:
    step = step_after(wanted, status)
    assert isinstance(step, SendSignal)
    predicted = step.predicted
    assert (predicted.state, predicted.before, predicted.signals) == (wanted.state, status.state, (signal,))
    assert (predicted.confirmed, predicted.confirmed_after, predicted.failure) == (False, None, None)
    assert predicted.status is not None
    assert (predicted.status.recording_id, predicted.status.session) == (None, "8600051")


STILL_IDLE = DesiredState("idle", wait_sleep=1.0, stable_for=3.0)
STILL_RECORDING = DesiredState("recording", wait_sleep=1.0, stable_for=3.0)


def test_stable_for_asks_until_the_state_has_held() -> None:
    outcome = play(STILL_IDLE, *statuses(4, idle()))
    assert (outcome.confirmed, outcome.changed, outcome.confirmed_after) == (True, False, None)


def test_the_last_question_comes_when_the_state_has_held_and_not_later() -> None:
    outcome = play(DesiredState("idle", wait_sleep=2.0, stable_for=3.0), *statuses(3, idle()))
    assert outcome.confirmed


def test_a_recording_that_starts_while_idle_must_hold_is_ended_and_the_seconds_count_anew() -> None:
    outcome = play(
        STILL_IDLE, ("STATUS", idle()), ("STATUS", idle()), ("STATUS", live()), ("END", SENT), *statuses(4, idle())
    )
    assert (outcome.signals, outcome.confirmed, outcome.before) == (("END",), True, "idle")
    assert outcome.confirmed_after == 1.0


def test_a_recording_that_ends_while_it_must_hold_is_begun_again() -> None:
    begun_twice = ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", live(1)), ("STATUS", idle()), ("BEGIN", SENT)
    outcome = play(STILL_RECORDING, *begun_twice, *statuses(4, live(2)))
    assert (outcome.signals, outcome.confirmed) == (("BEGIN", "BEGIN"), True)


def test_one_recording_after_another_is_not_one_that_held() -> None:
    outcome = play(STILL_RECORDING, *statuses(3, live(1)), *statuses(4, live(2)))
    assert (outcome.signals, outcome.confirmed) == ((), True)


def test_what_was_not_answered_is_not_known_to_have_held() -> None:
    outcome = play(STILL_IDLE, ("STATUS", idle()), ("STATUS", idle()), ("STATUS", CRASHED), *statuses(4, idle()))
    assert outcome.confirmed


def test_a_state_that_does_not_hold_fails_at_the_deadline_with_what_is_so() -> None:
    wanted = DesiredState("idle", wait_sleep=1.0, wait_timeout=2.0, stable_for=3.0)
    flips = [turn for number in range(3) for turn in (("STATUS", live(number)), ("END", SENT), ("STATUS", idle()))]
    outcome = play(wanted, *flips)
    assert outcome.signals == ("END", "END", "END")
    assert (outcome.confirmed, outcome.state) == (False, "idle")
    assert str(outcome.failure).startswith("idle has shown for 0.0 s only, of the 3 s that it must hold. Look for who")


def test_a_recording_is_not_begun_again_too_late_to_be_seen() -> None:
    wanted = DesiredState("recording", wait_sleep=1.0, wait_timeout=2.0, stable_for=3.0)
    outcome = play(wanted, ("STATUS", idle()), ("BEGIN", SENT), *statuses(2, live()), *statuses(3, idle()))
    assert (outcome.signals, outcome.state, outcome.confirmed) == (("BEGIN",), "idle", False)
    assert "recording did not hold for 3 s without a break: STATUS shows idle" in str(outcome.failure)


def test_a_state_that_came_too_late_to_hold_is_blamed_on_wait_timeout() -> None:
    wanted = DesiredState("idle", wait_sleep=1.0, wait_timeout=0.0, stable_for=3.0)
    outcome = play(wanted, ("STATUS", live()), ("END", SENT), ("STATUS", live()), *statuses(2, idle()))
    assert outcome.state == "idle"
    assert "idle has shown for 1.0 s only, of the 3 s that it must hold. Set wait_timeout higher" in str(
        outcome.failure
    )


def test_a_recording_that_must_hold_is_not_begun_again_without_the_call_that_is_required() -> None:
    wanted = DesiredState("recording", wait_sleep=1.0, stable_for=3.0, require_call=True)
    outcome = play(wanted, ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", live()), ("STATUS", idle("PAUSED")))
    assert outcome.failure is not None
    assert (outcome.signals, outcome.state, outcome.failure.reason) == (("BEGIN",), "idle", "no_live_call")


def test_a_state_that_cannot_be_asked_about_any_more_is_unknown() -> None:
    wanted = DesiredState("idle", wait_sleep=1.0, stable_for=3.0, retries=1)
    outcome = play(wanted, ("STATUS", idle()), ("STATUS", CRASHED), ("STATUS", CRASHED))
    assert (outcome.failure, outcome.state) == (CRASHED, None)


# With require_call and withdraw: a BEGIN without effect is taken back.
CALL = DesiredState("recording", require_call=True, withdraw=True, wait_timeout=2.0)
TAKEN_BACK = Sent("1000")


def test_a_begin_that_shows_no_effect_in_time_is_taken_back() -> None:
    script = ("STATUS", idle()), ("BEGIN", SENT), *statuses(4, idle()), ("-STATUS", TAKEN_BACK)
    outcome = play(CALL, *script, *statuses(8, idle()))
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.withdrawn, outcome.signals) == ("not_confirmed", True, ("BEGIN",))
    assert "may still be waiting" not in str(outcome.failure)


def test_a_screen_that_acted_just_before_its_begin_was_taken_back_is_a_success() -> None:
    script = ("STATUS", idle()), ("BEGIN", SENT), *statuses(4, idle()), ("-STATUS", TAKEN_BACK)
    outcome = play(CALL, *script, ("STATUS", idle()), ("STATUS", live()))
    assert (outcome.failure, outcome.confirmed, outcome.state) == (None, True, "recording")


def test_a_call_that_ends_after_begin_leaves_nothing_behind() -> None:
    script = ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", idle("PAUSED")), ("-STATUS", TAKEN_BACK)
    outcome = play(CALL, *script, *statuses(8, idle("PAUSED")))
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.withdrawn, outcome.state) == ("no_live_call", True, "idle")


@pytest.mark.parametrize("agent_status", ["PAUSED", "INCALL"])
def test_what_a_begin_began_after_its_call_is_ended(agent_status: str) -> None:
    """In the next call (INCALL) as well: nobody asked for that one to be recorded."""
    late = replace(live(), agent_status=agent_status)
    script = ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", idle("PAUSED")), ("-STATUS", TAKEN_BACK)
    outcome = play(CALL, *script, ("STATUS", late), ("END", SENT), ("STATUS", late), ("STATUS", idle("READY")))
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.signals, outcome.state) == ("no_live_call", ("BEGIN", "END"), "idle")


def test_a_server_that_lets_nothing_be_taken_back_is_reported_apart() -> None:
    refusal = _errors.NotValidError()
    outcome = play(CALL, ("STATUS", idle()), ("BEGIN", SENT), *statuses(4, idle()), ("-STATUS", refusal))
    assert (outcome.withdrawn, outcome.withdrawal_error) == (False, refusal)
    assert "may still be waiting" in str(outcome.failure)


def test_a_withdrawal_without_an_answer_is_repeated() -> None:
    script = ("STATUS", idle()), ("BEGIN", SENT), *statuses(4, idle()), ("-STATUS", BROKEN), ("-STATUS", TAKEN_BACK)
    outcome = play(CALL, *script, *statuses(8, idle()))
    assert (outcome.withdrawn, outcome.withdrawal_error) == (True, None)


def test_an_agent_who_logs_out_takes_the_waiting_begin_along() -> None:
    script = ("STATUS", idle()), ("BEGIN", SENT), *statuses(4, idle()), ("-STATUS", LOGGED_OUT)
    outcome = play(CALL, *script)
    assert (outcome.withdrawn, outcome.withdrawal_error, outcome.logged_in) == (True, None, False)


def test_an_account_that_is_refused_sends_nothing_more() -> None:
    outcome = play(CALL, ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", DENIED))
    assert (outcome.failure, outcome.withdrawn) == (DENIED, None)


def test_a_begin_whose_state_cannot_be_asked_any_more_is_taken_back() -> None:
    script = ("STATUS", idle()), ("BEGIN", SENT), ("STATUS", GARBLED), ("-STATUS", TAKEN_BACK)
    outcome = play(CALL, *script, *statuses(8, idle()))
    assert (outcome.failure, outcome.withdrawn) == (GARBLED, True)


def test_an_interrupted_begin_is_taken_back_and_a_second_interruption_ends_that() -> None:
    convergence = converge(CALL)
    next(convergence)
    convergence.send(Response(0.0))
    convergence.send(Response(0.0, idle()))
    convergence.send(Response(0.0, SENT))
    step = convergence.throw(_errors.NotAttemptedError(_errors.InterruptedRunError()))
    assert isinstance(step, SendSignal)
    assert step.value == "-STATUS"
    with pytest.raises(StopIteration) as end:
        convergence.throw(_errors.NotAttemptedError(_errors.InterruptedRunError()))
    outcome: Outcome = end.value.value
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.withdrawn) == ("interrupted", False)


def test_without_withdraw_a_begin_stays() -> None:
    wanted = DesiredState("recording", wait_timeout=2.0)
    outcome = play(wanted, ("STATUS", idle("READY")), ("BEGIN", SENT), *statuses(4, idle("READY")))
    assert outcome.withdrawn is None
    assert "will start by itself at the agent's next call" in str(outcome.failure)


def test_a_stale_row_is_no_recording_of_the_call_that_is_required() -> None:
    outcome = play(CALL, ("STATUS", replace(live(), agent_status="READY")))
    assert outcome.failure is not None
    assert (outcome.failure.reason, outcome.confirmed) == ("no_live_call", False)
    assert "STATUS still shows recording 7" in str(outcome.failure)


def test_a_stale_row_that_end_does_not_close_is_named_as_such() -> None:
    stale = replace(live(), agent_status="READY")
    wanted = DesiredState("idle", wait_timeout=1.0)
    outcome = play(wanted, ("STATUS", stale), ("END", SENT), *statuses(2, stale))
    assert "left over from an earlier call" in str(outcome.failure)


def test_without_fail_without_call_an_agent_in_no_call_is_no_failure() -> None:
    wanted = replace(CALL, fail_without_call=False)
    outcome = play(wanted, ("STATUS", idle("READY")))
    assert (outcome.failure, outcome.confirmed, outcome.changed) == (None, False, False)
    assert isinstance(outcome.excused, _errors.NoLiveCallError)


# With check_waiting: the slot is asked about too, which PHP 8 shows and PHP 7 does not (UNSEEN).
SEEING_IDLE = DesiredState("idle", check_waiting=True)
SEEING = DesiredState("recording", check_waiting=True, wait_timeout=2.0)
BEGIN_WAITS, NOTHING_WAITS, UNSEEN = Waiting("1000", "BEGIN"), Waiting("1000", ""), Waiting("1000", None)


@pytest.mark.parametrize(("waiting", "signal"), [(NOTHING_WAITS, ""), (UNSEEN, None)])
def test_idle_with_nothing_waiting_is_no_change(waiting: Waiting, signal: str | None) -> None:
    outcome = play(SEEING_IDLE, ("STATUS", idle()), ("WAITING", waiting))
    assert (outcome.confirmed, outcome.changed, outcome.waiting) == (True, False, signal)


def test_idle_takes_back_a_begin_that_waits() -> None:
    found = ("STATUS", idle()), ("WAITING", BEGIN_WAITS), ("-STATUS", TAKEN_BACK)
    outcome = play(SEEING_IDLE, *found, ("STATUS", idle()), ("WAITING", NOTHING_WAITS))
    assert (outcome.confirmed, outcome.changed, outcome.withdrawn, outcome.waiting) == (True, True, True, "")


def test_idle_fails_where_somebody_sends_begin_again_and_again() -> None:
    wanted = replace(SEEING_IDLE, wait_timeout=1.0)
    again = ("STATUS", idle()), ("WAITING", BEGIN_WAITS), ("-STATUS", TAKEN_BACK)
    outcome = play(wanted, *again, *again, ("STATUS", idle()), ("WAITING", BEGIN_WAITS))
    assert "a BEGIN of somebody else waits" in str(outcome.failure)


def test_check_mode_foresees_that_a_waiting_begin_is_taken_back() -> None:
    convergence = converge(SEEING_IDLE)
    next(convergence)
    convergence.send(Response(0.0))
    convergence.send(Response(0.0, idle()))
    step = convergence.send(Response(0.0, BEGIN_WAITS))
    assert isinstance(step, SendSignal)
    assert (step.predicted.changed, step.predicted.withdrawn, step.predicted.state) == (True, True, "idle")


def test_no_second_begin_on_top_of_one_that_waits() -> None:
    outcome = play(SEEING, ("STATUS", idle()), ("WAITING", BEGIN_WAITS), ("STATUS", idle()), ("STATUS", live()))
    assert (outcome.confirmed, outcome.signals, outcome.changed) == (True, (), False)


def test_a_begin_of_somebody_else_that_shows_no_effect_is_named_and_left() -> None:
    wanted = replace(SEEING, withdraw=True)
    outcome = play(wanted, ("STATUS", idle()), ("WAITING", BEGIN_WAITS), *statuses(4, idle()))
    assert "a BEGIN of somebody else waits" in str(outcome.failure)
    assert outcome.withdrawn is None


def test_a_begin_that_still_waits_is_not_lost() -> None:
    wanted = DesiredState("recording", check_waiting=True, wait_timeout=14.0, wait_sleep=5.0)
    script = ("STATUS", idle()), ("WAITING", NOTHING_WAITS), ("BEGIN", SENT), *statuses(2, idle())
    outcome = play(wanted, *script, ("WAITING", BEGIN_WAITS), ("STATUS", live()))
    assert (outcome.confirmed, outcome.signals) == (True, ("BEGIN",))


def test_a_withdrawal_is_proven_where_the_slot_can_be_seen() -> None:
    wanted = replace(SEEING, withdraw=True)
    begun = ("STATUS", idle()), ("WAITING", NOTHING_WAITS), ("BEGIN", SENT), *statuses(4, idle())
    proven = play(wanted, *begun, ("-STATUS", TAKEN_BACK), ("WAITING", NOTHING_WAITS), *statuses(8, idle()))
    assert (proven.withdrawn, proven.waiting) == (True, "")
    another = play(wanted, *begun, ("-STATUS", TAKEN_BACK), ("WAITING", BEGIN_WAITS), *statuses(8, idle()))
    assert (another.withdrawn, another.waiting) == (False, "BEGIN")
