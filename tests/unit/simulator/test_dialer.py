# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dialer in virtual time: nothing here sleeps."""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import Any, Callable

import pytest

from vicidial_simulator.accounts import Account
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import AGENT_CONTROLLED, MONO, PARALLEL, Campaign, Dialer, Screen

START = 1_000_000.0


@pytest.fixture
def dialer() -> Dialer:
    """Agent 1000 in a call of TESTCAMP, with a screen that polls every second and needs 0.3 s more to act."""
    dialer = Dialer(Clock(lambda: START))
    dialer.log_in("1000")
    dialer.start_call("1000")
    return dialer


def live(dialer: Dialer, user: str = "1000") -> list[str]:
    """The kinds of the live recordings of ``user``, the oldest first."""
    return [row["kind"] for row in dialer.state()["live"] if row["user"] == user]


def shown(dialer: Dialer, user: str = "1000") -> int | None:
    """The id that STATUS would show."""
    recording = dialer.live_recording(user)
    return recording.recording_id if recording else None


def slot(dialer: Dialer) -> str:
    agent = dialer.agent("1000")
    assert agent is not None
    return agent.slot


def send(dialer: Dialer, *signals: str, then: float = 5.0) -> None:
    """Write ``signals`` at once, one over the other, then let ``then`` seconds pass."""
    for signal in signals:
        dialer.write_slot("1000", signal)
    dialer.clock.advance(then)


# Signals and screens


def test_begin_and_end(dialer: Dialer) -> None:
    send(dialer, "BEGIN")
    assert live(dialer) == [AGENT_CONTROLLED]
    send(dialer, "END")
    assert live(dialer) == []
    assert [row.ended_by for row in dialer.recordings] == ["END"]


def test_who_began_a_recording_is_reported(dialer: Dialer) -> None:
    send(dialer, "BEGIN")
    send(dialer, "BEGIN_MID")
    send(dialer, "START")
    dialer.start_recording("1000")
    assert [row.begun_by for row in dialer.recordings] == [
        "BEGIN",
        "BEGIN_MID",
        "START",
        "another controller",
    ]


@pytest.mark.parametrize(("written", "acted"), [(0.0, 1.3), (0.1, 1.3), (0.99, 1.3), (1.0, 2.3), (7.5, 8.3)])
def test_the_screen_polls_at_its_own_moments(dialer: Dialer, written: float, acted: float) -> None:
    dialer.clock.advance(written)
    dialer.write_slot("1000", "BEGIN")
    dialer.clock.advance(60)
    recording = dialer.live_recording("1000")
    assert recording is not None
    assert recording.started_at == pytest.approx(START + acted)


def test_a_signal_leaves_the_slot_when_it_is_read_and_works_when_it_is_acted_on(dialer: Dialer) -> None:
    send(dialer, "BEGIN", then=0.9)
    assert (slot(dialer), live(dialer)) == ("BEGIN", [])
    dialer.clock.advance(0.2)
    assert (slot(dialer), live(dialer)) == ("", [])
    dialer.clock.advance(0.3)
    assert (slot(dialer), live(dialer)) == ("", [AGENT_CONTROLLED])


def test_of_two_signals_within_one_poll_the_first_is_lost(dialer: Dialer) -> None:
    send(dialer, "BEGIN", "BEGIN_AGAIN")
    assert live(dialer) == [AGENT_CONTROLLED]
    send(dialer, "BEGIN", "END")
    assert live(dialer) == []


def test_signals_in_two_polls_both_work(dialer: Dialer) -> None:
    send(dialer, "BEGIN", then=1.1)
    send(dialer, "BEGIN")
    assert live(dialer) == [AGENT_CONTROLLED, AGENT_CONTROLLED]


def test_after_a_double_begin_an_end_shows_the_older_one(dialer: Dialer) -> None:
    send(dialer, "BEGIN")
    older = shown(dialer)
    send(dialer, "BEGIN")
    assert shown(dialer) not in (older, None)
    send(dialer, "END")
    assert shown(dialer) == older
    send(dialer, "END")
    assert shown(dialer) is None


def test_end_during_nothing_does_nothing(dialer: Dialer) -> None:
    send(dialer, "END")
    assert (slot(dialer), dialer.recordings) == ("", [])


def test_a_closed_screen_reads_nothing_until_it_opens_again(dialer: Dialer) -> None:
    dialer.change_screen("1000", open=False)
    send(dialer, "BEGIN", then=3600)
    assert (slot(dialer), live(dialer)) == ("BEGIN", [])
    dialer.change_screen("1000", open=True)
    dialer.clock.advance(2)
    assert (slot(dialer), live(dialer)) == ("", [AGENT_CONTROLLED])


def test_a_screen_that_closes_before_it_polls_reads_nothing(dialer: Dialer) -> None:
    send(dialer, "BEGIN", then=0.5)
    dialer.change_screen("1000", open=False)
    dialer.clock.advance(60)
    assert (slot(dialer), live(dialer)) == ("BEGIN", [])


@pytest.mark.parametrize(("seconds", "kinds"), [(10.4, []), (10.6, [AGENT_CONTROLLED])])
def test_a_slow_screen(dialer: Dialer, seconds: float, kinds: list[str]) -> None:
    dialer.change_screen("1000", poll=10, act=0.5)
    send(dialer, "BEGIN", then=seconds)
    assert live(dialer) == kinds


def test_a_lost_signal_is_read_and_does_nothing(dialer: Dialer) -> None:
    dialer.change_screen("1000", lose=1)
    send(dialer, "BEGIN")
    assert (slot(dialer), live(dialer)) == ("", [])
    send(dialer, "BEGIN")
    assert live(dialer) == [AGENT_CONTROLLED]


def test_a_call_that_ends_between_reading_and_acting(dialer: Dialer) -> None:
    send(dialer, "BEGIN", then=1.1)
    dialer.end_call("1000")
    dialer.clock.advance(60)
    assert dialer.recordings == []


def test_each_agent_has_a_slot_of_their_own(dialer: Dialer) -> None:
    dialer.log_in("1001")
    dialer.start_call("1001")
    send(dialer, "BEGIN")
    assert (live(dialer, "1000"), live(dialer, "1001")) == ([AGENT_CONTROLLED], [])


@pytest.mark.parametrize("step", [0.01, 0.25, 1.0, 30.0])
def test_how_the_time_is_cut_up_makes_no_difference(dialer: Dialer, step: float) -> None:
    dialer.write_slot("1000", "BEGIN")
    for _time in range(round(30 / step)):
        dialer.clock.advance(step)
        dialer.state()
    assert [row.started_at for row in dialer.recordings] == [START + 1.3]


def test_signals_of_several_agents_work_in_the_order_of_time(dialer: Dialer) -> None:
    for user, phase in (("1001", 0.6), ("1002", 0.2), ("1003", 0.4)):
        dialer.log_in(user)
        dialer.start_call(user)
        dialer.change_screen(user, phase=START + phase)
        dialer.write_slot(user, "BEGIN")
    dialer.clock.advance(60)
    assert [row.user for row in dialer.recordings] == ["1002", "1003", "1001"]


@pytest.mark.parametrize(("poll", "seconds"), [(10.0, 10.3), (0.1, 0.9)])
def test_a_screen_that_changes_its_pace_does_not_poll_at_the_old_moment(
    dialer: Dialer, poll: float, seconds: float
) -> None:
    send(dialer, "BEGIN", then=0.55)
    dialer.change_screen("1000", poll=poll)
    dialer.clock.advance(60)
    assert [row.started_at for row in dialer.recordings] == [pytest.approx(START + seconds)]


def test_a_look_at_agents_and_recordings_shows_them_as_of_now(dialer: Dialer) -> None:
    send(dialer, "BEGIN")
    assert [row.kind for row in dialer.recordings] == [AGENT_CONTROLLED]
    send(dialer, "END")
    assert dialer.agents["1000"].slot == ""


def lines_run(look: Callable[[], object]) -> int:
    """How many lines of Python a look takes, those of a loop each time."""
    lines = 0

    def trace(_frame: object, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        look()
    finally:
        sys.settrace(before)
    return lines


def test_a_look_costs_the_same_on_a_large_floor() -> None:
    costs = set()
    for size in (2, 1000):
        dialer = Dialer(Clock(lambda: START))
        for number in range(size):
            dialer.log_in(str(number))
            dialer.start_call(str(number))
            dialer.write_slot(str(number), "BEGIN")
        looks = (partial(getattr, dialer, "agents"), partial(getattr, dialer, "recordings"), partial(dialer.agent, "1"))
        costs.add(tuple(lines_run(look) for look in looks))
    assert len(costs) == 1


def test_an_agent_who_changes_to_a_new_campaign_finds_it(dialer: Dialer) -> None:
    dialer.change_agent("1000", campaign="NEW")
    send(dialer, "BEGIN")
    assert (live(dialer), dialer.campaigns["NEW"]) == ([AGENT_CONTROLLED], Campaign("NEW"))


# Labels, and the mono function in the same slot


@pytest.mark.parametrize(
    ("signal", "kinds"),
    [
        ("BEGIN_MIDCALL", [AGENT_CONTROLLED]),
        ("BEGIN_RESTART", [AGENT_CONTROLLED, MONO]),
        ("START", [MONO]),
        ("BEGIN_a|b", []),
        ("BEGIN_a\n", []),
    ],
)
def test_what_a_signal_starts(dialer: Dialer, signal: str, kinds: list[str]) -> None:
    send(dialer, signal)
    assert live(dialer) == kinds


def test_stop_ends_mono_and_end_ends_stereo(dialer: Dialer) -> None:
    send(dialer, "BEGIN")
    send(dialer, "START")
    send(dialer, "STOP")
    assert live(dialer) == [AGENT_CONTROLLED]
    send(dialer, "START")
    send(dialer, "END")
    assert live(dialer) == [MONO]


def test_a_start_over_a_begin_leaves_the_mono_recording_only(dialer: Dialer) -> None:
    send(dialer, "BEGIN", "START")
    assert live(dialer) == [MONO]


@pytest.mark.parametrize("kind", [PARALLEL, MONO])
def test_other_kinds_never_show(dialer: Dialer, kind: str) -> None:
    dialer.start_recording("1000", kind)
    assert shown(dialer) is None
    send(dialer, "BEGIN")
    dialer.start_recording("1000", kind)
    assert shown(dialer) == 100002
    send(dialer, "END")
    assert live(dialer) == [kind, kind]


# A BEGIN without a call


@pytest.fixture
def waiting(dialer: Dialer) -> Dialer:
    """The agent has no call, and a BEGIN has been in the slot for an hour."""
    dialer.end_call("1000", status="READY")
    send(dialer, "BEGIN", then=3600)
    assert (slot(dialer), live(dialer)) == ("BEGIN", [])
    return dialer


def test_a_begin_starts_by_itself_at_the_next_call(waiting: Dialer) -> None:
    waiting.start_call("1000")
    waiting.clock.advance(2)
    assert (slot(waiting), live(waiting)) == ("", [AGENT_CONTROLLED])


def test_a_disposition_erases_a_begin(waiting: Dialer) -> None:
    waiting.start_call("1000")
    waiting.end_call("1000", erases_signal=True)
    waiting.start_call("1000")
    waiting.clock.advance(60)
    assert waiting.recordings == []


def test_a_begin_outlives_a_call_that_ends_before_the_screen_polls(waiting: Dialer) -> None:
    waiting.start_call("1000")
    waiting.end_call("1000")
    waiting.clock.advance(60)
    assert slot(waiting) == "BEGIN"
    waiting.start_call("1000")
    waiting.clock.advance(60)
    assert live(waiting) == [AGENT_CONTROLLED]


def test_a_hidden_tab_polls_every_2_s_and_after_5_minutes_once_a_minute() -> None:
    screen = Screen(hidden=True, hidden_at=100.0)
    polls = [100.0]
    while polls[-1] < 500:
        polls.append(screen.next_poll(polls[-1]))
    assert polls[1:4] == [102.0, 104.0, 106.0]
    assert polls[-4:] == [398.0, 400.0, 460.0, 520.0]


def test_a_tab_is_hidden_from_the_moment_that_is_said(dialer: Dialer) -> None:
    dialer.clock.advance(10)
    dialer.change_screen("1000", hidden=True)
    dialer.clock.advance(10)
    dialer.change_screen("1000", hidden=True)
    agent = dialer.agent("1000")
    assert agent is not None
    assert agent.screen.hidden_at == START + 10


@pytest.mark.parametrize("signal", ["END", "START", "STOP"])
def test_another_signal_erases_a_begin(waiting: Dialer, signal: str) -> None:
    waiting.write_slot("1000", signal)
    waiting.start_call("1000")
    waiting.clock.advance(60)
    assert shown(waiting) is None


def test_a_log_out_erases_a_begin(waiting: Dialer) -> None:
    waiting.log_out("1000")
    waiting.log_in("1000")
    waiting.start_call("1000")
    waiting.clock.advance(60)
    assert waiting.recordings == []


# Settings of campaigns and in-groups


@pytest.mark.parametrize(
    ("campaign", "in_group", "kinds"),
    [
        ("DISABLED", None, []),
        ("DISABLED", "BOTH_CHANNELS", [AGENT_CONTROLLED]),
        ("BOTH_CHANNELS", "DISABLED", []),
        ("CUSTOMER_ONLY", None, [AGENT_CONTROLLED]),
        ("CUSTOMER_MUTE", "CUSTOMER_MUTE", [AGENT_CONTROLLED]),
    ],
)
def test_an_in_group_does_not_inherit(dialer: Dialer, campaign: str, in_group: str | None, kinds: list[str]) -> None:
    dialer.campaigns["TESTCAMP"].stereo = campaign
    if in_group:
        dialer.in_groups["INBOUND"] = Campaign("INBOUND", stereo=in_group)
    dialer.end_call("1000")
    dialer.start_call("1000", in_group="INBOUND" if in_group else None)
    send(dialer, "BEGIN")
    assert (slot(dialer), live(dialer)) == ("", kinds)


@pytest.mark.parametrize(
    ("recording", "stereo", "kinds"),
    [
        ("NEVER", "BOTH_CHANNELS", []),
        ("ONDEMAND", "BOTH_CHANNELS", []),
        ("ALLCALLS", "BOTH_CHANNELS", [AGENT_CONTROLLED]),
        ("ALLFORCE", "CUSTOMER_ONLY", [AGENT_CONTROLLED]),
        ("ALLCALLS", "DISABLED", []),
    ],
)
def test_what_a_campaign_starts_by_itself(dialer: Dialer, recording: str, stereo: str, kinds: list[str]) -> None:
    dialer.campaigns["TESTCAMP"] = Campaign("TESTCAMP", stereo, recording)
    dialer.end_call("1000")
    dialer.start_call("1000")
    dialer.clock.advance(5)
    assert live(dialer) == kinds


def test_an_end_ends_what_the_campaign_started(dialer: Dialer) -> None:
    dialer.campaigns["TESTCAMP"].recording = "ALLFORCE"
    dialer.end_call("1000")
    dialer.start_call("1000")
    dialer.clock.advance(5)
    send(dialer, "END", then=60)
    assert live(dialer) == []


# Calls and log-ins


def test_hanging_up_ends_recordings_of_all_kinds(dialer: Dialer) -> None:
    for kind in (AGENT_CONTROLLED, PARALLEL, MONO):
        dialer.start_recording("1000", kind)
    dialer.end_call("1000")
    assert live(dialer) == []
    assert {recording.ended_by for recording in dialer.recordings} == {"call ended"}


def test_logging_out_ends_recordings(dialer: Dialer) -> None:
    send(dialer, "BEGIN")
    dialer.log_out("1000")
    assert [row.ended_by for row in dialer.recordings] == ["logged out"]
    assert dialer.agent("1000") is None


def test_what_was_under_way_at_a_log_out_does_not_reach_the_next_log_in(dialer: Dialer) -> None:
    send(dialer, "BEGIN", then=1.1)
    dialer.log_out("1000")
    dialer.log_in("1000")
    dialer.start_call("1000")
    dialer.clock.advance(60)
    assert dialer.recordings == []


def test_another_controller_ends_the_newest(dialer: Dialer) -> None:
    first = dialer.start_recording("1000")
    dialer.clock.advance(1)
    dialer.start_recording("1000")
    dialer.end_recording("1000")
    assert shown(dialer) == first.recording_id
    dialer.end_recording("1000")
    dialer.end_recording("1000")
    assert live(dialer) == []


def test_a_call_counts_and_has_a_lead(dialer: Dialer) -> None:
    first = dialer.agents["1000"].call
    dialer.end_call("1000", status="CLOSER")
    assert (dialer.agents["1000"].status, dialer.agents["1000"].call) == ("CLOSER", None)
    dialer.start_call("1000")
    second = dialer.agents["1000"].call
    assert first is not None
    assert second is not None
    assert second.lead_id == first.lead_id + 1
    assert (dialer.agents["1000"].status, dialer.agents["1000"].calls_today) == ("INCALL", 2)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda dialer: dialer.log_in("1000"), "agent 1000 is logged in already"),
        (
            lambda dialer: dialer.log_in("1001", status="BUSY"),
            "status has to be a text, one of READY, QUEUE, INCALL, PAUSED",
        ),
        (lambda dialer: dialer.log_in(1001), "user has to be a text"),
        (lambda dialer: dialer.log_in("1001", login=1), "login of an agent cannot be set"),
        (lambda dialer: dialer.log_in("1001", colour="red"), "Agent has no field colour"),
        (lambda dialer: dialer.log_out("1001"), "agent 1001 is not logged in"),
        (lambda dialer: dialer.start_call("1000"), "agent 1000 is in a call already"),
        (lambda dialer: dialer.start_call("1001"), "agent 1001 is not logged in"),
        (lambda dialer: dialer.end_call("1001"), "agent 1001 is not logged in"),
        (lambda dialer: (dialer.end_call("1000"), dialer.end_call("1000")), "agent 1000 is in no call"),
        (lambda dialer: dialer.change_agent("1000", status="BUSY"), "status has to be a text, one of READY"),
        (lambda dialer: dialer.change_agent("1001", status="READY"), "agent 1001 is not logged in"),
        (lambda dialer: dialer.change_screen("1000", zoom=2), "Screen has no field zoom"),
        (lambda dialer: dialer.change_screen("1000", poll=0), "poll has to be a finite number, at least 0.001"),
        (lambda dialer: dialer.log_in("1001", screen={"poll": -1}), "poll has to be a finite number, at least 0.001"),
        (lambda dialer: dialer.write_slot("1001", "BEGIN"), "agent 1001 is not logged in"),
        (lambda dialer: dialer.start_recording("1001"), "agent 1001 is not logged in"),
        (
            lambda dialer: dialer.start_recording("1000", "STEREO"),
            "kind has to be a text, one of AGENT-CONTROLLED",
        ),
        (
            lambda dialer: dialer.end_recording("1000", "STEREO"),
            "kind has to be a text, one of AGENT-CONTROLLED",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(dialer: Dialer, act: Callable[[Dialer], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        act(dialer)


def test_who_was_refused_is_not_logged_in(dialer: Dialer) -> None:
    with pytest.raises(ValueError, match="status"):
        dialer.log_in("1001", status="BUSY")
    assert dialer.agent("1001") is None


def test_what_is_refused_in_part_is_refused_as_a_whole(dialer: Dialer) -> None:
    before = dialer.state()
    for act in (
        lambda: dialer.change_agent("1000", pause_code="LUNCH", status="BUSY"),
        lambda: dialer.change_agent("1000", pause_code="LUNCH", screen={"lose": 1, "poll": 0}),
        lambda: dialer.end_call("1000", status="BUSY"),
    ):
        with pytest.raises(ValueError, match="has to be"):
            act()
    assert dialer.state() == before


# State, and keeping it


def restarted(dialer: Dialer, at: float) -> Dialer:
    """What a new process has that starts at the time ``at``, from the JSON that this one left."""
    successor = Dialer(Clock(lambda: at))
    successor.load(json.loads(json.dumps(dialer.save())))
    return successor


def furnished(dialer: Dialer) -> Dialer:
    dialer.accounts["6666"] = Account("6666", "simulated", failures=3, last_login_date=START)
    dialer.alt_users["crm"] = "1000"
    dialer.in_groups["INBOUND"] = Campaign("INBOUND", stereo="DISABLED")
    dialer.system.php = 7
    dialer.log_in("1001", "SALES", full_name='Ann "A" | x', pause_code="LUNCH")
    send(dialer, "BEGIN")
    dialer.start_recording("1001", PARALLEL)
    dialer.end_recording("1001", PARALLEL)
    return dialer


def test_state_shows_everything_but_passwords(dialer: Dialer) -> None:
    state = furnished(dialer).state()
    assert json.loads(json.dumps(state)) == state
    assert "simulated" not in json.dumps(state)
    assert state["accounts"]["6666"]["failures"] == 3
    assert state["agents"]["1001"]["full_name"] == 'Ann "A" | x'
    assert [row["recording_id"] for row in state["live"]] == [100001]


def test_state_can_be_changed_without_changing_the_dialer(dialer: Dialer) -> None:
    dialer.state()["agents"]["1000"]["status"] = "PAUSED"
    assert dialer.agents["1000"].status == "INCALL"


def test_a_restart_changes_nothing(dialer: Dialer) -> None:
    saved = furnished(dialer).save()
    assert restarted(dialer, at=START + 5).save() == saved


def test_recordings_go_on_after_a_restart(dialer: Dialer) -> None:
    successor = restarted(furnished(dialer), at=START + 3600)
    assert shown(successor) == 100001
    send(successor, "BEGIN")
    assert shown(successor) == 100003
    assert [recording.recording_id for recording in successor.recordings] == [100001, 100002, 100003]


def test_a_signal_in_the_slot_survives_a_restart(dialer: Dialer) -> None:
    dialer.write_slot("1000", "BEGIN")
    successor = restarted(dialer, at=START + 3600)
    successor.clock.advance(2)
    assert live(successor) == [AGENT_CONTROLLED]


def test_a_signal_that_was_read_and_not_acted_on_survives_a_restart(dialer: Dialer) -> None:
    send(dialer, "BEGIN", then=1.1)
    assert (slot(dialer), live(dialer)) == ("", [])
    successor = restarted(dialer, at=START + 1.2)
    assert restarted(successor, at=START + 1.2).save() == successor.save()
    assert (slot(successor), live(successor)) == ("", [])
    successor.clock.advance(0.2)
    assert [recording.started_at for recording in successor.recordings] == [START + 1.3]


def test_loading_does_not_change_what_is_loaded(dialer: Dialer) -> None:
    saved = furnished(dialer).save()
    text = json.dumps(saved)
    Dialer().load(saved)
    assert json.dumps(saved) == text


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("now", None, "now has to be a finite number"),
        ("now", 1e300, "the clock ends"),
        ("system", [], "system has to be a JSON object"),
        ("system.utc_offset", "x", "utc_offset has to be a whole number, from -86399 to 86399"),
        ("agents", [], "agents has to be a JSON object"),
        ("agents.1000", None, "Agent has to be a JSON object"),
        ("agents.1000.screen", None, "Screen has to be a JSON object"),
        ("agents.1000.screen.poll", "often", "poll has to be a finite number, at least"),
        ("agents.1000.call", 1, "Call has to be a JSON object"),
        ("agents.1000.call.lead_id", "x", "lead_id has to be a whole number"),
        ("agents.1000.colour", "red", "Agent has no field colour"),
        ("accounts", {"6666": {"user": "6666"}}, "Account: missing .*'password'"),
        ("recordings", {}, "recordings has to be a list"),
        ("alt_users", {"crm": 5}, "alt_users has to be texts by name"),
        ("pending", [{"signal": 5}], "signal has to be a text"),
        ("weather", "fine", "_Saved has no field weather"),
    ],
)
def test_what_cannot_be_loaded(dialer: Dialer, path: str, value: object, message: str) -> None:
    saved = dialer.save()
    *parts, last = path.split(".")
    part = saved
    for name in parts:
        part = part[name]
    part[last] = value
    with pytest.raises(ValueError, match=message):
        Dialer().load(saved)


def test_the_time_does_not_go_back_over_a_restart(dialer: Dialer) -> None:
    dialer.clock.advance(3600)
    assert restarted(dialer, at=START).clock.now() == START + 3600


def test_log_ins_after_a_restart_have_sessions_of_their_own(dialer: Dialer) -> None:
    successor = restarted(furnished(dialer), at=START)
    sessions: list[Any] = [agent.session for agent in successor.agents.values()]
    assert successor.log_in("1002").session not in sessions
