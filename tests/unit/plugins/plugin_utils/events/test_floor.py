# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom to ask and what has changed: lists and answers in, events out, in virtual time."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.tables import LoggedInAgent
from ansible_collections.telephony.vicidial.plugins.plugin_utils._audit import Rule
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.event import KINDS
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.floor import (
    AGAIN_SECONDS,
    Floor,
    Watched,
    restore,
)

BEGAN = 1795338820.0
Event = dict[str, Any]


class World:
    """A call center that the tests change, looked at as the watcher looks at one."""

    def __init__(self, **watched: Any) -> None:
        self.watched = Watched(**watched)
        self.floor = Floor(self.watched)
        self.now = BEGAN
        self.rows: dict[str, LoggedInAgent] = {}
        self.hidden: set[str] = set()
        self.recordings: dict[str, list[int]] = {}
        self.silent: set[str] = set()
        self.asked: list[str] = []

    def log_in(self, user: str, status: str = "PAUSED", campaign: str = "SALES") -> None:
        self.rows[user] = LoggedInAgent(user, campaign, "8600051", status, 0, "", 0, "Name", "AGENTS", 1)

    def log_out(self, user: str) -> None:
        del self.rows[user]
        self.recordings.pop(user, None)

    def call(self, user: str, name: str) -> None:
        self.rows[user] = replace(self.rows[user], status="INCALL", callerid=name)

    def hang_up(self, user: str, status: str = "PAUSED") -> None:
        self.rows[user] = replace(self.rows[user], status=status)
        self.recordings.pop(user, None)

    def record(self, user: str, *recording_ids: int) -> None:
        self.recordings[user] = list(recording_ids)

    def answer(self, user: str) -> dict[str, Any]:
        record: dict[str, Any] = dict.fromkeys(
            ("state", "recording_id", "filename", "server", "start_time", "agent_server", "session", "agent_status")
        )
        record |= {"user": user, "logged_in": user in self.rows, "failed": False, "reason": None, "msg": ""}
        if user in self.silent:
            return {**record, "logged_in": None, "failed": True, "reason": "timeout", "msg": f"Agent {user}: no answer"}
        if user in self.rows:
            live = self.recordings.get(user, [])
            record |= {"state": "recording" if live else "idle", "agent_status": self.rows[user].status}
            record |= {"recording_id": live[-1], "filename": f"{live[-1]}_S"} if live else {}
        return record

    def look(self, seconds: float = 2.0, pushed: tuple[str, ...] = (), in_full: bool = True) -> list[Event]:
        """Let ``seconds`` pass and look; the events without their root."""
        self.now += seconds
        rows = [row for user, row in self.rows.items() if user not in self.hidden]
        self.asked = self.floor.plan(rows, self.now, pushed, in_full)
        answers = {user: self.answer(user) for user in self.asked}
        return [event["vicidial"] for event in self.floor.take(rows, answers, self.now)]

    def restart(self) -> None:
        """A new process, which knows what the old one saved."""
        self.floor = Floor(self.watched, restore(json.loads(json.dumps(self.floor.save()))))


def kinds(found: list[Event]) -> list[tuple[str, str]]:
    return [(event["agent"], event["event"]) for event in found]


@pytest.fixture
def world() -> World:
    """1000 in a call with a recording, 1001 in a call without, 1002 paused; looked at once."""
    world = World()
    for user in ("1000", "1001", "1002"):
        world.log_in(user)
    world.call("1000", "M1")
    world.record("1000", 7)
    world.call("1001", "M2")
    assert world.look() == []
    return world


def test_the_first_look_asks_everybody_and_tells_nothing(world: World) -> None:
    assert world.asked == ["1000", "1001", "1002"]


def test_then_only_those_in_a_call_are_asked(world: World) -> None:
    assert world.look() == []
    assert sorted(world.asked) == ["1000", "1001"]


def test_a_whole_day_of_one_agent(world: World) -> None:
    world.log_in("1003")
    assert kinds(world.look()) == [("1003", "logged_in")]
    world.call("1003", "M3")
    assert kinds(world.look()) == [("1003", "call_began")]
    world.record("1003", 8)
    [began] = world.look()
    assert (began["event"], began["before"]["state"], began["after"]["state"]) == (
        "recording_began",
        "idle",
        "recording",
    )
    assert began["after"] == {"agent_status": "INCALL", "call": "M3", "state": "recording", "recording_id": 8}
    assert began["record"]["filename"] == "8_S"
    world.record("1003", 8, 9)
    [replaced] = world.look()
    assert (replaced["event"], replaced["before"]["recording_id"], replaced["after"]["recording_id"]) == (
        "recording_replaced",
        8,
        9,
    )
    world.record("1003")
    assert kinds(world.look()) == [("1003", "recording_ended")]
    world.record("1003", 10)
    world.look()
    world.hang_up("1003")
    assert kinds(world.look()) == [("1003", "call_ended"), ("1003", "recording_ended")]
    world.log_out("1003")
    [left] = world.look()
    assert (left["event"], left["after"]) == ("logged_out", None)
    assert world.look() == []
    assert "1003" not in world.asked


def test_a_call_that_follows_at_once_is_another_one(world: World) -> None:
    world.call("1000", "M9")
    world.record("1000", 11)
    found = world.look()
    assert kinds(found) == [("1000", "call_ended"), ("1000", "call_began"), ("1000", "recording_replaced")]
    assert len({event["id"] for event in found}) == 3


def test_who_logs_out_in_a_call_is_told_of_whole(world: World) -> None:
    world.log_out("1000")
    found = world.look()
    assert kinds(found) == [("1000", "recording_ended"), ("1000", "call_ended"), ("1000", "logged_out")]
    assert found[0]["before"]["recording_id"] == 7


def test_another_campaign_is_another_login(world: World) -> None:
    world.log_in("1002", campaign="SUPPORT")
    assert kinds(world.look()) == [("1002", "logged_out"), ("1002", "logged_in")]


def test_an_absent_agent_is_not_a_logged_out_one(world: World) -> None:
    world.hidden.add("1000")
    [gone] = world.look()
    assert (gone["event"], gone["reason"], gone["after"]["state"]) == ("unknown", "not_listed", "recording")
    assert world.look() == []
    assert "1000" not in world.asked
    assert world.look(AGAIN_SECONDS) == []
    assert "1000" in world.asked
    world.hidden.clear()
    assert kinds(world.look()) == [("1000", "known")]


def test_an_agent_who_is_named_and_hidden_is_watched_by_status_alone() -> None:
    world = World(agent_users=("1000", "1001"))
    world.log_in("1000", status="INCALL")
    world.log_in("1005")
    world.hidden.add("1000")
    assert world.look() == []
    assert world.asked == ["1000", "1001"]
    world.record("1000", 7)
    assert kinds(world.look(AGAIN_SECONDS)) == [("1000", "recording_began")]
    world.log_out("1000")
    assert kinds(world.look(AGAIN_SECONDS)) == [("1000", "recording_ended"), ("1000", "logged_out")]


def test_one_lost_answer_is_nothing_and_two_are_unknown_until_it_is_known_again(world: World) -> None:
    world.silent.add("1000")
    assert world.look() == []
    [unknown] = world.look()
    assert (unknown["event"], unknown["reason"], unknown["after"]["state"]) == ("unknown", "timeout", None)
    world.look()
    assert "1000" not in world.asked
    world.silent.clear()
    world.record("1000")
    found = world.look(AGAIN_SECONDS)
    assert kinds(found) == [("1000", "known"), ("1000", "recording_ended")]


def test_a_recording_of_an_agent_in_no_call_makes_the_state_unknown(world: World) -> None:
    world.record("1002", 99)
    world.rows["1002"] = replace(world.rows["1002"], status="READY")
    assert world.look() == []
    [unknown] = world.look()
    assert (unknown["event"], unknown["reason"]) == ("unknown", "stale_recording")
    world.record("1002")
    assert kinds(world.look(AGAIN_SECONDS)) == [("1002", "known")]


# What VICIdial pushes


def test_a_push_asks_about_one_agent_and_tells_only_what_is_so(world: World) -> None:
    assert world.look(0.5, pushed=("1000", "nobody"), in_full=False) == []
    assert world.asked == ["1000"]
    world.record("1001", 12)
    assert kinds(world.look(0.5, pushed=("1001",), in_full=False)) == [("1001", "recording_began")]
    assert world.look(0.5, pushed=("1001",), in_full=False) == []


# The rule


def test_who_should_be_recorded_and_is_not_is_told_of_once_and_again_when_it_is() -> None:
    world = World(rule=Rule(campaigns=("SALES",)), for_seconds=5.0)
    world.log_in("1000")
    world.log_in("1001", campaign="SUPPORT")
    world.call("1000", "M1")
    world.call("1001", "M2")
    assert [kinds(world.look()) for _time in range(3)] == [[], [], []]
    assert world.asked == ["1000"], "the rule is not about 1001"
    [missing] = world.look()
    assert (missing["event"], missing["agent"], missing["seconds"]) == ("missing", "1000", 6.0)
    assert missing["before"] == missing["after"]
    assert missing["campaign"] == "SALES"
    assert world.look() == []
    world.record("1000", 7)
    found = world.look()
    assert kinds(found) == [("1000", "recording_began"), ("1000", "settled")]
    assert found[-1]["reason"] == "kept"


def test_the_end_of_the_call_settles_a_missing_recording() -> None:
    world = World(rule=Rule(), for_seconds=0.0)
    world.log_in("1000")
    world.call("1000", "M1")
    [missing] = world.look()
    world.hang_up("1000")
    found = world.look()
    assert kinds(found) == [("1000", "call_ended"), ("1000", "settled")]
    assert (missing["event"], found[-1]["reason"]) == ("missing", "over")


def test_a_logout_ends_a_breach_without_an_event_settled() -> None:
    world = World(rule=Rule(), for_seconds=0.0)
    world.log_in("1000")
    world.call("1000", "M1")
    world.look()
    world.log_out("1000")
    assert kinds(world.look())[-1] == ("1000", "logged_out")


def test_a_recording_where_there_must_be_none() -> None:
    world = World(rule=Rule(state="idle", campaigns=("PAYMENTS",)), for_seconds=0.0)
    world.log_in("1000", campaign="PAYMENTS")
    world.call("1000", "M1")
    world.look()
    world.record("1000", 7)
    found = world.look()
    assert kinds(found) == [("1000", "recording_began"), ("1000", "unexpected")]
    assert found[-1]["record"]["recording_id"] == 7


def test_what_could_not_be_asked_is_not_judged() -> None:
    world = World(rule=Rule(), for_seconds=5.0)
    world.log_in("1000")
    world.call("1000", "M1")
    world.look()
    world.silent.add("1000")
    world.look(20.0)
    world.silent.clear()
    assert world.look() == [], "nobody saw that it was missing for 22 seconds"


def test_who_is_in_a_call_and_was_not_asked_stays_as_judged() -> None:
    world = World(rule=Rule(), for_seconds=0.0)
    for user in ("1000", "1001"):
        world.log_in(user)
        world.call(user, f"M{user}")
        world.record(user, int(user))
    assert world.look() == []
    assert world.look(pushed=("1001",), in_full=False) == []
    world.record("1000")
    assert world.look(pushed=("1001",), in_full=False) == []
    assert kinds(world.look()) == [("1000", "recording_ended"), ("1000", "missing")]
    world.record("1000", 5)
    assert world.look(pushed=("1001",), in_full=False) == []


# Restarts


def test_what_changed_over_a_restart_is_told_once_by_the_same_id(world: World) -> None:
    world.record("1001", 13)
    world.hang_up("1000")
    saved = world.floor.save()
    first = world.look()
    world.floor = Floor(world.watched, restore(json.loads(json.dumps(saved))))
    second = world.look()
    assert kinds(first) == [("1000", "call_ended"), ("1000", "recording_ended"), ("1001", "recording_began")]
    assert [event["id"] for event in first] == [event["id"] for event in second]
    world.restart()
    assert world.look() == []


def test_a_breach_that_was_told_is_not_told_again_after_a_restart() -> None:
    world = World(rule=Rule(), for_seconds=4.0)
    world.log_in("1000")
    world.call("1000", "M1")
    assert kinds(world.look() + world.look() + world.look()) == [("1000", "missing")]
    world.restart()
    assert [kinds(world.look()) for _time in range(4)] == [[], [], [], []]


def test_a_breach_that_nobody_saw_last_is_not_told() -> None:
    world = World(rule=Rule(), for_seconds=60.0)
    world.log_in("1000")
    world.call("1000", "M1")
    world.look()
    world.restart()
    assert world.look(3600.0) == []
    assert kinds(world.look(60.0)) == [("1000", "missing")]


@pytest.mark.parametrize(
    "saved", [[], {"1000": {}}, {"1000": 1}, {"1000": {"user": "1001", "breach": {}, "shown": []}}]
)
def test_a_saved_state_of_another_form_is_refused(saved: Any) -> None:
    with pytest.raises((TypeError, KeyError, ValueError, AttributeError)):
        restore(saved)


# Anything at all


def test_no_text_of_an_event_is_a_template(world: World) -> None:
    world.log_in("1009", campaign="{{ lookup('pipe', 'id') }}")
    world.call("1009", "{% raw %}#jinja2")
    assert "{" not in str([value for event in world.look() for value in event.values() if isinstance(value, str)])


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["log_in", "log_out", "call", "hang_up", "record", "stop", "silence", "speak", "hide", "show"]),
        st.sampled_from(["1000", "1001"]),
    ),
    max_size=25,
)


@settings(max_examples=150)
@given(ACTIONS)
def test_the_events_of_any_day_lead_from_what_was_to_what_is(actions: list[tuple[str, str]]) -> None:
    """Whoever follows the events, and nothing else, knows at the end who is logged in and who is being recorded."""
    world = World()
    world.look()
    state: dict[str, str] = {}
    ids = set()
    for number, (action, user) in enumerate(actions):
        act(world, action, user, number)
        for event in world.look():
            assert event["event"] in KINDS
            assert event["id"] not in ids
            ids.add(event["id"])
            follow(state, event)
    world.silent.clear()
    world.hidden.clear()
    for event in world.look(AGAIN_SECONDS):
        follow(state, event)
    truth = {user: "recording" if world.recordings.get(user) else "idle" for user in world.rows}
    assert state == truth


def act(world: World, action: str, user: str, number: int) -> None:
    is_there, in_call = user in world.rows, user in world.rows and world.rows[user].status == "INCALL"
    if action == "log_in" and not is_there:
        world.log_in(user)
    elif action == "log_out" and is_there:
        world.log_out(user)
    elif action == "call" and is_there and not in_call:
        world.call(user, f"M{number}")
    elif action == "hang_up" and in_call:
        world.hang_up(user)
    elif action == "record" and in_call:
        world.record(user, number)
    elif action == "stop" and in_call:
        world.record(user)
    elif action in ("silence", "speak"):
        (world.silent.add if action == "silence" else world.silent.discard)(user)
    elif action in ("hide", "show"):
        (world.hidden.add if action == "hide" else world.hidden.discard)(user)


def follow(state: dict[str, str], event: Event) -> None:
    user, kind = event["agent"], event["event"]
    if kind == "logged_in":
        state[user] = "idle"
    elif kind == "logged_out":
        del state[user]
    elif kind in ("recording_began", "recording_replaced"):
        state[user] = "recording"
    elif kind == "recording_ended":
        assert state[user] == "recording"
        state[user] = "idle"
