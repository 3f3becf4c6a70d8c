# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scheduler, in virtual time: who is asked when, how many calls it takes, and when it stops."""

from __future__ import annotations

import threading
from itertools import count, pairwise

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import Scheduler
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.workers import WorkerPool
from ansible_collections.telephony.vicidial.tests.unit.virtual import STARTED_AT, VirtualCallCenter, failing

FLOOR = [str(user) for user in range(1000, 1300)]
REFUSED = _errors.UnreachableError("refused", "Start it", _errors.Delivery.NOT_SENT, transient=True)
CRASHED = _errors.HttpError("HTTP 500", "Look", transient=True)


@pytest.fixture
def center() -> VirtualCallCenter:
    return VirtualCallCenter(agents=300)


def test_a_floor_that_is_so_already_costs_one_call_each(center: VirtualCallCenter) -> None:
    results = center.declare(FLOOR, "idle")
    assert center.values() == ["STATUS"] * 300
    assert [result.user for result in results] == FLOOR
    assert all(result.outcome.confirmed and not result.outcome.changed for result in results)


def test_all_screens_are_waited_for_at_the_same_time(center: VirtualCallCenter) -> None:
    results = center.declare(FLOOR, "recording")
    assert all(result.outcome.confirmed and result.outcome.signals == ("BEGIN",) for result in results)
    assert [len(center.live(user)) for user in FLOOR] == [1] * 300
    # 8 workers at 10 ms a call: what it takes is the calls, and one screen with the poll that sees it.
    assert center.calls[-1][0] < len(center.calls) * 0.01 / 8 + 2.0


def test_no_more_calls_at_once_than_workers(center: VirtualCallCenter) -> None:
    center.declare(FLOOR, "recording")
    assert center.most_under_way == 8


def test_a_signal_follows_its_status_before_anybody_else_is_asked(center: VirtualCallCenter) -> None:
    center.declare(FLOOR, "recording")
    at = {(value, user): when for when, value, user in reversed(center.calls)}
    assert max(at["BEGIN", user] - at["STATUS", user] for user in FLOOR) <= 0.02


def test_the_first_agent_is_asked_alone(center: VirtualCallCenter) -> None:
    center.declare(FLOOR, "idle")
    assert center.calls[1][0] == pytest.approx(0.01)


def test_a_wrong_password_is_one_failed_login_for_500_agents() -> None:
    center = VirtualCallCenter(agents=500)
    center.password = "wrong"
    results = center.declare([str(user) for user in range(1000, 1500)], "recording")
    assert center.dialer.accounts["6666"].failures == 1
    assert {result.outcome.failure.reason for result in results if result.outcome.failure} == {"authentication_failed"}
    assert "not attempted" in str(results[499].outcome.failure)


def test_a_password_that_is_changed_in_the_middle_cannot_lock_the_account(center: VirtualCallCenter) -> None:
    numbers = count()

    def change(_form: dict[str, str]) -> None:
        if next(numbers) == 700:
            center.dialer.accounts["6666"].password = "changed"

    center.meddle = change
    results = center.declare(FLOOR, "recording")
    assert 1 <= center.dialer.accounts["6666"].failures <= 8
    # Those whose signal was on its way are not said to be anything.
    unknown = [result for result in results if result.outcome.signals and not result.outcome.confirmed]
    assert unknown
    assert {result.outcome.state for result in unknown} == {None}


@pytest.mark.parametrize("agents", [["4711", *FLOOR], [*FLOOR[:5], "4711", *FLOOR[5:]]])
def test_an_agent_who_is_logged_out_stops_nobody_else(center: VirtualCallCenter, agents: list[str]) -> None:
    results = center.declare(agents, "recording")
    assert [result.user for result in results if not result.outcome.confirmed] == ["4711"]


def test_an_agent_about_whom_the_server_crashes_stops_nobody_else(center: VirtualCallCenter) -> None:
    center.meddle = failing(CRASHED, lambda form: form["agent_user"] == "1007")
    results = center.declare(FLOOR, "recording")
    assert [result.user for result in results if not result.outcome.confirmed] == ["1007"]


def test_where_the_first_answer_is_lost_nobody_else_is_asked(center: VirtualCallCenter) -> None:
    """It may have been that the password is wrong."""
    center.meddle = failing(CRASHED)
    center.declare(FLOOR, "recording")
    assert center.values() == ["STATUS"]


def test_a_server_that_was_never_there_is_asked_about_one_agent_only(center: VirtualCallCenter) -> None:
    center.meddle = failing(REFUSED)
    results = center.declare(FLOOR, "recording", retries=2)
    assert center.values() == ["STATUS"] * 3
    assert "not attempted" in str(results[1].outcome.failure)
    assert {result.outcome.failure.reason for result in results if result.outcome.failure} == {"unreachable"}


def test_a_server_that_goes_away_in_the_middle_is_given_up_after_a_few(center: VirtualCallCenter) -> None:
    numbers = count()
    center.meddle = failing(REFUSED, lambda _form: next(numbers) >= 100)
    results = center.declare(FLOOR, "idle", retries=2)
    assert len([result for result in results if result.outcome.confirmed]) == 100
    assert len(center.calls) - 100 <= 3 * 8
    assert "not attempted" in str(results[-1].outcome.failure)


def test_a_server_that_is_away_for_three_seconds_costs_nobody_his_state(center: VirtualCallCenter) -> None:
    center.meddle = failing(REFUSED, lambda _form: 1.0 < center.now() - STARTED_AT < 4.0)
    results = center.declare(FLOOR, "recording", wait_timeout=20)
    assert all(result.outcome.confirmed for result in results)
    assert [len(center.live(user)) for user in FLOOR] == [1] * 300


def test_check_mode_sends_no_signal_and_names_those_it_would(center: VirtualCallCenter) -> None:
    center.dialer.start_recording("1007")
    results = center.declare(FLOOR, "recording", check_mode=True)
    assert center.values() == ["STATUS"] * 300
    assert [result.user for result in results if not result.outcome.changed] == ["1007"]


def test_the_rate_limit_holds_for_all_calls_together(center: VirtualCallCenter) -> None:
    center.declare(FLOOR[:30], "recording", rate_limit=20)
    times = [when for when, _value, _user in center.calls]
    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.05 - 1e-6


def test_an_interruption_begins_nothing_more_and_hides_nothing(center: VirtualCallCenter) -> None:
    results = center.declare(FLOOR, "recording", interrupted=lambda: len(center.calls) >= 50)
    assert len(center.calls) <= 50 + 8
    signalled = {user for _at, value, user in center.calls if value == "BEGIN"}
    assert {result.user for result in results if result.outcome.changed} == signalled
    assert {result.outcome.failure.reason for result in results if result.outcome.failure} == {"interrupted"}
    assert {result.outcome.state for result in results if result.outcome.signals} <= {None, "recording"}
    center.at += 5
    again = center.declare(FLOOR, "recording")
    assert all(result.outcome.confirmed for result in again)
    assert [len(center.live(user)) for user in FLOOR] == [1] * 300


def test_an_empty_list_of_agents_costs_no_call(center: VirtualCallCenter) -> None:
    assert center.declare([], "recording") == []
    assert center.calls == []


def test_polls_that_are_all_late_at_once_are_caught_up_with() -> None:
    """A slow server and a large floor: by the time that everyone has been signalled, every first poll is overdue."""
    center = VirtualCallCenter(agents=1500, latency=0.05)
    results = center.declare(list(center.dialer.agents), "recording")
    assert all(result.outcome.confirmed for result in results)


def test_a_thousand_agents_cost_no_more_each_than_a_hundred() -> None:
    cost = {}
    for size in (100, 1000):
        center = VirtualCallCenter(agents=size)
        center.declare(list(center.dialer.agents), "recording")
        cost[size] = len(center.calls) / size
    assert cost[1000] <= cost[100] * 1.1


POLLS = [0.25, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0]
ACTS = [0.05, 0.3, 1.0, 2.0]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("poll", POLLS)
@pytest.mark.parametrize("wait_timeout", [10, 30])
def test_no_screen_up_to_ten_seconds_slow_ever_begins_two(poll: float, act: float, wait_timeout: float) -> None:
    """Twenty screens whose polls are spread over the interval; a minute later still no second recording."""
    center = VirtualCallCenter(agents=20)
    for number, user in enumerate(center.dialer.agents):
        center.dialer.change_screen(user, poll=poll, act=act, phase=center.at - poll * number / 20)
    results = center.declare(list(center.dialer.agents), "recording", wait_timeout=wait_timeout)
    center.at += 60
    assert [len(center.live(user)) for user in center.dialer.agents] == [1] * 20
    if wait_timeout >= poll + act + 1:
        assert all(result.outcome.confirmed for result in results)


@pytest.mark.parametrize("after", [0.0, 0.7, 1.9, 3.1, 4.4])
@pytest.mark.parametrize("rules", ["ONDEMAND", "ALLCALLS"])
def test_calls_that_come_and_go_never_cause_a_second_begin_or_an_end(rules: str, after: float) -> None:
    center = VirtualCallCenter(agents=8, statuses="READY,INCALL")
    center.dialer.campaigns["SALES"].recording = rules
    users = list(center.dialer.agents)
    changed: set[str] = set()

    def change(form: dict[str, str]) -> None:
        user = form["agent_user"]
        if center.now() - STARTED_AT > after + 0.1 * users.index(user) and user not in changed:
            changed.add(user)
            if center.dialer.agents[user].call:
                center.dialer.end_call(user, status="READY")
            center.dialer.start_call(user)

    center.meddle = change
    center.declare(users, "recording")
    assert "END" not in center.values()
    assert max(center.values(user).count("BEGIN") for user in users) == 1


def test_a_rate_limit_takes_no_agents_time_away() -> None:
    """The first poll of an agent is not put off until all others have begun: its time runs."""
    center = VirtualCallCenter(agents=60)
    for _time in range(2):
        center.dialer.start_recording("1000")
    results = center.declare(list(center.dialer.agents), "idle", rate_limit=5)
    assert all(result.outcome.confirmed for result in results)
    assert center.live("1000") == []


def test_an_interruption_ends_also_the_one_whose_answer_stopped_the_run(center: VirtualCallCenter) -> None:
    garbled = _errors.NotUnderstoodError("what?", "Look")
    center.meddle = failing(garbled, lambda form: form["value"] == "BEGIN")
    results = center.declare(
        FLOOR[:3], "recording", wait_timeout=600, interrupted=lambda: center.now() - STARTED_AT > 5
    )
    assert center.now() - STARTED_AT < 6
    assert {result.outcome.failure.reason for result in results if result.outcome.failure} == {
        "interrupted",
        "not_understood",
    }


def test_a_proxy_that_refuses_everybody_in_the_middle_is_given_up_after_a_few(center: VirtualCallCenter) -> None:
    numbers = count()
    forbidden = _errors.HttpError("HTTP 403", "Look")
    center.meddle = failing(forbidden, lambda _form: next(numbers) >= 20)
    center.declare(FLOOR, "idle")
    assert len(center.calls) <= 20 + 3 + 8


def test_with_a_refusal_of_an_earlier_run_nobody_is_asked(center: VirtualCallCenter) -> None:
    scheduler = Scheduler(center, DesiredState("idle"))
    results = scheduler.run([Agent("1000"), Agent("1001")], _errors.AuthenticationFailedError())
    assert center.calls == []
    assert {result.outcome.failure.reason for result in results if result.outcome.failure} == {"authentication_failed"}


def test_a_worker_that_cannot_be_made_is_an_error_and_no_endless_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise OSError("no sockets left")

    monkeypatch.setattr(
        "ansible_collections.telephony.vicidial.plugins.module_utils._recording.workers.AgentApi", broken
    )
    pool = WorkerPool(Connection("http://127.0.0.1:9/", "6666", "unused"), 2)
    pool.submit("tag", lambda _api: None)
    with pytest.raises(OSError, match="no sockets left"):
        pool.collect(5)
    pool.close()


def test_where_no_more_threads_are_to_be_had_fewer_workers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = WorkerPool(Connection("http://127.0.0.1:9/", "6666", "unused"), 2)
    gate = threading.Event()
    pool.submit(1, lambda _api: int(gate.wait(5)))

    def refused(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    pool.submit(2, lambda _api: 2)
    gate.set()
    assert [pool.collect(5), pool.collect(5)] == [(1, 1), (2, 2)]
    pool.close()


def test_a_begin_of_somebody_else_that_waits_is_ended_when_it_starts_while_idle_must_hold() -> None:
    center = VirtualCallCenter(agents=10)
    for user in ("1003", "1007"):
        center.dialer.change_screen(user, poll=3.0)
        center.dialer.write_slot(user, "BEGIN")
    assert center.declare(FLOOR[:10], "idle")[3].outcome.confirmed  # true at that moment, and soon no more
    results = center.declare(FLOOR[:10], "idle", stable_for=6.0)
    assert [result.user for result in results if result.outcome.changed] == ["1003", "1007"]
    assert all(result.outcome.confirmed for result in results)
    center.at += 60
    assert not any(center.live(user) for user in FLOOR[:10])


def test_a_campaign_that_records_every_call_does_not_outlast_idle_that_must_hold() -> None:
    center = VirtualCallCenter(agents=1, statuses="PAUSED")
    center.dialer.campaigns["SALES"].recording = "ALLCALLS"

    def call_comes(_form: dict[str, str]) -> None:
        if center.at > STARTED_AT + 2 and center.dialer.agents["1000"].call is None:
            center.dialer.start_call("1000")

    center.meddle = call_comes
    (result,) = center.declare(["1000"], "idle", stable_for=5.0)
    assert (result.outcome.signals, result.outcome.confirmed) == (("END",), True)
    assert not center.live("1000")
