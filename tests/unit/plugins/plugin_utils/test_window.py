# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording window: whom it changed, who is given back, and what is said, for every way in which that can go."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.filter.recording_window import recording_window
from ansible_collections.telephony.vicidial.plugins.module_utils._recording import failures
from ansible_collections.telephony.vicidial.plugins.plugin_utils._window import Window


def record(user: str, state: str | None, **more: Any) -> dict[str, Any]:
    """A record as the modules return it, of an agent in a call."""
    known = {"logged_in": True, "agent_status": "INCALL", "recording_id": None, "failed": False, "reason": None}
    known["withdrawn"] = None
    return {"user": user, "state": state, "changed": False, "confirmed": True, **known, **more}


def result(*records: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"recordings": list(records), **more}


NOT_CONFIRMED = {"changed": True, "confirmed": False, "failed": True, "reason": "not_confirmed"}
ALL_GIVEN_BACK = Window(
    agents=["1000", "1001"],
    state="idle",
    before=result(record("1000", "recording"), record("1001", "idle")),
    opened=result(record("1000", "idle", changed=True), record("1001", "idle")),
    after=result(record("1000", "idle"), record("1001", "idle")),
    closed=result(record("1000", "recording", changed=True)),
)


def test_who_was_changed_is_given_back_and_nobody_else() -> None:
    assert (ALL_GIVEN_BACK.opposite, ALL_GIVEN_BACK.to_give_back) == ("recording", ["1000"])
    assert ALL_GIVEN_BACK.complaints == []
    assert ALL_GIVEN_BACK.summary == [
        "idle: 2 agents, changed for it: 1000",
        "given back: 1000",
        "everybody held it to the end",
    ]
    assert ALL_GIVEN_BACK.opening[1].endswith("-e stereo_recording_state=recording -e vicidial_agents=1000")


def test_where_another_recording_runs_it_is_left_alone() -> None:
    window = Window(
        agents=["1000"],
        state="recording",
        before=result(record("1000", "idle")),
        opened=result(record("1000", "recording", changed=True, recording_id=1)),
        after=result(record("1000", "recording", recording_id=2)),
    )
    assert (window.taken_over, window.to_give_back) == (["1000"], [])
    assert "left alone, another recording runs: 1000" in window.summary[1]


def test_a_signal_without_effect_is_watched() -> None:
    opened = result(record("1000", "idle", **NOT_CONFIRMED), reason="not_confirmed", msg="Agent 1000: no effect.")
    window = Window(["1000"], "recording", 3, before=result(record("1000", "idle")), opened=opened)
    assert (window.to_give_back, window.watch, window.stable_for_at_end) == (["1000"], 10, 10)
    assert window.opening_failure == "Agent 1000: no effect."
    closed = Window(**{**vars(window), "closed": result(record("1000", "idle"))})
    assert closed.summary[1] == (
        "given back: nobody; seen so for 10 s, though a signal from before may still take effect: 1000"
    )


def test_a_begin_that_was_taken_back_needs_no_watching() -> None:
    opened = result(record("1000", "idle", **NOT_CONFIRMED, withdrawn=True), reason="not_confirmed")
    window = Window(["1000"], "recording", 3, before=result(record("1000", "idle")), opened=opened)
    assert (window.to_give_back, window.watch) == (["1000"], 0)


@pytest.mark.parametrize(
    ("opened", "signalled"),
    [
        ({}, []),
        ({"failed": True, "reason": "invalid_argument", "msg": "concurrency is not 1 to 8"}, []),
        ({"failed": True, "msg": "MODULE FAILURE"}, ["1000"]),
    ],
)
def test_where_the_module_broke_off_everybody_may_have_been_signalled(
    opened: dict[str, Any], signalled: list[str]
) -> None:
    window = Window(["1000"], "idle", before=result(record("1000", "recording")), opened=opened)
    assert window.to_give_back == signalled


@pytest.mark.parametrize(
    ("state", "after", "not_held"),
    [
        ("idle", record("1000", "recording"), ["1000"]),
        ("recording", record("1000", "idle"), ["1000"]),
        ("recording", record("1000", "idle", agent_status="PAUSED"), []),
        ("idle", record("1000", "recording", agent_status="PAUSED"), ["1000"]),
    ],
)
def test_a_recording_that_ended_with_its_call_was_held(state: str, after: dict[str, Any], not_held: list[str]) -> None:
    opened, again = result(record("1000", state)), result(after)
    window = Window(["1000"], state, before=opened, opened=opened, after=again, closed=result())
    assert window.not_held == not_held
    assert [text[:4] for text in window.complaints] == ["Not "] * len(not_held)


def test_who_could_not_be_asked_is_named_with_the_message() -> None:
    after = result(record("1000", None, failed=True, reason="timeout"), reason="timeout", msg="No answer.")
    opened = result(record("1000", "idle"))
    window = Window(["1000"], "idle", before=opened, opened=opened, after=after, closed=result())
    assert window.complaints == ["Not known whether they were idle to the end: 1000. No answer."]


def watched(*states: str, **more: Any) -> dict[str, Any]:
    """What a watch over agent 1000 returns; its looks are a second apart, and the last one is late."""
    agents = [{"1000": record("1000", state)} for state in states]
    times = [f"2026-11-24T14:00:0{number}.000+00:00" for number in range(len(states))]
    return {"looks": [{"began_at": at, "ended_at": at, "agents": seen} for at, seen in zip(times, agents)], **more}


def test_a_look_meanwhile_shows_what_the_one_at_the_end_does_not() -> None:
    opened = result(record("1000", "idle"))
    known: dict[str, Any] = {"before": opened, "opened": opened, "after": opened, "closed": result()}
    times = {"closed": "2026-11-24T14:00:02.500+00:00"}
    window = Window(["1000"], "idle", **known, times=times, watched=watched("idle", "recording", "idle", "recording"))
    assert window.complaints == ["Not idle all the time: 1000 at 2026-11-24T14:00:01.000+00:00."]
    quiet = Window(**{**vars(window), "watched": watched("idle", "idle", "idle", "recording")})
    assert quiet.complaints == []
    assert quiet.summary[-1] == "everybody held it to the end, as 3 looks meanwhile showed too"
    blind = Window(**{**vars(window), "watched": {"failed": True, "msg": "No module named requests"}})
    assert blind.complaints == ["Nobody watched while the window lasted. No module named requests"]


CLOSINGS = {
    "their call is over: 1000": record("1000", "idle", failed=True, reason="no_live_call", agent_status="PAUSED"),
    "given back: nobody; their call is over: 1000": record("1000", None, logged_in=False),
}


@pytest.mark.parametrize("text", CLOSINGS)
def test_after_the_call_nothing_is_given_back(text: str) -> None:
    window = Window(**{**vars(ALL_GIVEN_BACK), "closed": result(CLOSINGS[text])})
    assert window.complaints == []
    assert text in window.summary[1]


def test_who_was_not_given_back_is_named_with_the_command() -> None:
    refused = record("1000", "idle", failed=True, reason="not_confirmed")
    closed = result(refused, reason="not_confirmed", msg="Agent 1000: set wait_timeout higher.")
    window = Window(**{**vars(ALL_GIVEN_BACK), "closed": closed})
    assert window.complaints == [
        "Not given back: 1000. Agent 1000: set recording_window_module_options.wait_timeout higher. Later, give back "
        "with: ansible-playbook telephony.vicidial.ensure -e stereo_recording_state=recording -e vicidial_agents=1000"
    ]
    assert Window(**{**vars(window), "check_mode": True}).complaints == []


@pytest.mark.parametrize("template", ["VICIdial window", "VICIdial open window"])
def test_in_awx_the_remedy_is_a_job_template(template: str) -> None:
    known = {**vars(ALL_GIVEN_BACK), "after": {}, "closed": {}, "job_template": template}
    assert Window(**known).opening[-1] == (
        'If this run is killed, give back with: the job template "VICIdial give back", agents 1000, state recording'
    )


def test_who_is_to_be_given_back_is_handed_on_at_the_beginning_and_at_the_end() -> None:
    handed_on = {"state": "idle", "changed": ["1000"], "give_back_state": "recording", "reason": ""}
    opened = Window(**{**vars(ALL_GIVEN_BACK), "after": {}, "closed": {}})
    assert opened.statistics == {**handed_on, "give_back_agents": ["1000"]}
    assert ALL_GIVEN_BACK.statistics == {**handed_on, "give_back_agents": []}


@pytest.mark.parametrize(("shown", "begin_was_sent"), [(None, False), (7, False), (None, True)])
def test_nothing_is_said_of_an_option_that_a_window_has_not(shown: int | None, begin_was_sent: bool) -> None:
    what, remedy = failures.no_live_call("PAUSED", shown, begin_was_sent)
    assert "require_call" in what
    message = f"Agent 1000: {what}. {remedy}."
    opened = result(record("1000", "idle", failed=True, reason="no_live_call"), reason="no_live_call", msg=message)
    text = Window(["1000"], "recording", before=result(), opened=opened).opening_failure
    assert "require_call" not in text
    assert "(status PAUSED)" in text
    assert text.endswith("Run it again while the agent talks.")


FILE = {"tasks_path": "x.yml", "tasks_file": "/x.yml", "tasks_text": "- debug:", "max_duration": 1}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"agents": []}, "No agents are given."),
        ({"state": ""}, "recording_window_state is not given"),
        ({"tasks_path": "x.yml"}, "There is no file x.yml"),
        ({**FILE, "tasks_text": "- meta: end_host"}, "The tasks end the play"),
        ({**FILE, "max_duration": 0}, "recording_window_max_duration"),
        (FILE, ""),
        ({}, ""),
        ({"needs_length": True}, "Give either recording_window_tasks or recording_window_seconds"),
        (
            {**FILE, "needs_length": True, "seconds": 5},
            "Give either recording_window_tasks or recording_window_seconds",
        ),
        ({"needs_length": True, "seconds": -5}, "recording_window_seconds"),
        ({"needs_length": True, "seconds": 5}, ""),
        ({"watch_interval": 0.5}, "recording_window_watch"),
        ({"watch_interval": 1, "require_silence": True}, ""),
        ({"state": "recording", "require_silence": True}, "recording_window_require_silence"),
        ({"receipt": "r.json", "in_batches": True}, "The play runs in batches (serial), and recording_window_receipt"),
        ({"in_batches": True}, ""),
        ({"receipt_files": [__file__]}, f"There is a file {__file__} already"),
        ({"receipt_files": ["/no/such/place/r.json"]}, "/no/such/place is no directory"),
    ],
)
def test_what_cannot_be_opened(given: dict[str, Any], problem: str) -> None:
    found = recording_window({"agents": ["1000"], "state": "idle", "unrelated": 1, **given})["problem"]
    assert found.startswith(problem)
    assert bool(found) == bool(problem)
