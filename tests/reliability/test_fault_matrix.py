# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault at every call of a convergence, for both states, for one agent and for a fleet: the result is true.

In virtual time: the real scheduler, decision, client and parser over the simulator's dialer. test_fault_matrix_http.py
does the same over real connections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Callable

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from ansible_collections.telephony.vicidial.tests.reliability.oracle import (
    SLOW,
    Exchange,
    judge_late_begins,
    judge_overlaps,
    judge_run,
)
from ansible_collections.telephony.vicidial.tests.reliability.simulation import NETWORK_FAULTS, World
from ansible_collections.telephony.vicidial.tests.support import USER
from ansible_collections.telephony.vicidial.tests.unit.virtual import STARTED_AT
from vicidial_simulator.dialer import Dialer, DialerError
from vicidial_simulator.faults import CALL_FAULTS, OLD_BUILD, STATE_FAULTS
from vicidial_simulator.presets import populate

MOST_CALLS = 8  # of an agent's convergence in which a fault hits
PATIENCE_SECONDS = 7.0  # enough for an END to be sent once more
FLEET = 3
A_MINUTE = 60.0
FIRST = "1000"
FLOOR = [str(1000 + number) for number in range(FLEET)]
# The wanted state, and how many recordings of somebody else's are live to begin with.
SCENES = [("recording", 0), ("idle", 1), ("idle", 2)]


# What happens to an agent of a call center, and at which of the calls about it: its number, and "before" or "after".
Event = Callable[[World, str], None]
Moment = tuple[str, int, str]


@dataclass(frozen=True)
class Cell:
    """A task, and what goes wrong at which call: ``hits`` are arguments of World.fault."""

    wanted: str
    live: int = 0
    agents: int = 1
    hits: tuple[dict[str, Any], ...] = ()
    events: dict[Moment, Event] = field(default_factory=dict, compare=False)
    about: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    statuses: str = "INCALL"
    password: str | None = None
    screen: dict[str, float] = field(default_factory=dict)

    def play(self, limits: Counter[str]) -> tuple[str, bool]:
        """What is not true in the end, and whether anything went wrong at all.

        ``limits`` counts how often a documented limit explains a recording that began late.
        """
        world = World()
        populate(world.dialer, self.agents, ["SALES"], [self.statuses], seed=1)
        world.password = self.password or world.password
        for user in FLOOR[: self.agents]:
            world.dialer.change_screen(user, **{"poll": 2.0, **self.screen})
            for _time in range(self.live):
                world.dialer.start_recording(user)
        for hit in self.hits:
            world.fault(**hit)
        world.at_call = self._events_of(world)
        wanted = DesiredState(self.wanted, **{"wait_timeout": PATIENCE_SECONDS, **self.options})
        run = world.run([Agent(user) for user in FLOOR[: self.agents]], wanted)
        world.pass_time(A_MINUTE)
        for user in FLOOR[: self.agents]:
            reach_for_what_is_left(world, user)
        world.pass_time(A_MINUTE)
        try:
            judge_run(run)
            both = judge_overlaps(world.dialer.recordings)
            assert not both, f"live at the same time: {both}"
            limits.update(judge_late_begins(run, run.ended_at, world.dialer.recordings))
        except AssertionError as untruth:
            return str(untruth) or "?", True
        return "", world.has_gone_wrong or bool(self.screen)

    def _events_of(self, world: World) -> Callable[[Exchange, str], None]:
        def at_call(exchange: Exchange, when: str) -> None:
            moment = (exchange.user, len(exchange.trail) - 1, when)
            if moment in self.events:
                world.has_gone_wrong = True
                self.events[moment](world, exchange.user)

        return at_call


def reach_for_what_is_left(world: World, user: str) -> None:
    """The next call, in front of an open screen: what waits in the slot starts now."""
    with suppress(DialerError):
        world.dialer.change_screen(user, open=True, poll=1.0, lose=0)
        if world.dialer.agents[user].call is not None:
            world.dialer.end_call(user)
        world.dialer.start_call(user)


def judge(cells: Iterable[Cell], what: str, figure: Figure) -> None:
    """Play all ``cells``; those in which nothing went wrong do not count."""
    broken, counted, limits = [], 0, Counter[str]()
    for cell in cells:
        untruth, has_gone_wrong = cell.play(limits)
        counted += has_gone_wrong
        if untruth:
            broken.append((cell, untruth))
    figure(f"{counted - len(broken)} of {counted} cells hold: {what}")
    for limit, times in sorted(limits.items()):
        figure(f"{times} recordings of {counted} cells began after their task, as documented: {limit}")
    assert counted
    assert not broken, "\n".join(f"{cell}: {untruth}" for cell, untruth in broken[:5])


def hit(name: str, user: str, skip: int, times: int | None = 1, seconds: float = 0.0) -> dict[str, Any]:
    return {"name": name, "user": user, "skip": skip, "times": times, "seconds": seconds}


def faults() -> Iterator[tuple[str, float]]:
    """Every fault of a call, the slow ones also so slow that the client gives up."""
    for name in [*CALL_FAULTS, *NETWORK_FAULTS]:
        yield name, 0.0
        if name in SLOW:
            yield name, 2.0
            yield name, 11.0


def calls_that_meet_a_fault() -> Iterator[Cell]:
    for (wanted, live), (name, seconds), skip, times in product(SCENES, faults(), range(MOST_CALLS), (1, 2, None)):
        scene = Cell(wanted, live)
        yield replace(scene, hits=(hit(name, FIRST, skip, times, seconds),))
        fleet = replace(scene, agents=FLEET)
        if times == 1:
            yield replace(fleet, hits=(hit(name, "1001", skip, times, seconds),))
        else:
            yield replace(fleet, hits=tuple(hit(name, user, skip, times, seconds) for user in FLOOR))


def test_every_fault_at_every_call(figure: Figure) -> None:
    judge(calls_that_meet_a_fault(), "a fault of a call", figure)


# What happens at the dialer


def with_dialer(act: Callable[[Dialer, str], object]) -> Event:
    """An event in which nothing is done where it makes no sense, such as ending a call that there is not."""

    def event(world: World, user: str) -> None:
        with suppress(DialerError):
            act(world.dialer, user)

    return event


def next_call(dialer: Dialer, user: str) -> None:
    dialer.end_call(user)
    dialer.start_call(user)


def next_login(dialer: Dialer, user: str) -> None:
    dialer.log_out(user)
    dialer.log_in(user, "SALES")
    dialer.start_call(user)


def call_that_is_recorded(dialer: Dialer, user: str) -> None:
    dialer.campaigns["SALES"].recording = "ALLCALLS"
    next_call(dialer, user)


def recording_in_between(dialer: Dialer, user: str) -> None:
    dialer.start_recording(user)
    dialer.end_recording(user)


def restart(seconds: float) -> Event:
    return lambda world, _user: world.fault("refused", times=None, seconds_away=seconds)


def clock_ahead(world: World, _user: str) -> None:
    world.dialer.jump(3600)


def system(**fields: Any) -> Event:
    return with_dialer(lambda dialer, _user: setattr(dialer, "system", replace(dialer.system, **fields)))


def account(**fields: Any) -> Event:
    return with_dialer(lambda dialer, _user: dialer.accounts.update({USER: replace(dialer.accounts[USER], **fields)}))


def slot(signal: str) -> Event:
    return with_dialer(lambda dialer, user: dialer.write_slot(user, signal))


def screen_with(**fields: Any) -> Event:
    return with_dialer(lambda dialer, user: dialer.change_screen(user, **fields))


SECOND_CONTROLLER: dict[str, Event] = {
    "its BEGIN": slot("BEGIN"),
    "its END": slot("END"),
    "its START": slot("START"),
    "its STOP": slot("STOP"),
    "it begins one": with_dialer(lambda dialer, user: dialer.start_recording(user)),
    "it ends one": with_dialer(lambda dialer, user: dialer.end_recording(user)),
    "it begins one and ends it": with_dialer(recording_in_between),
}
EVENTS: dict[str, Event] = {
    **SECOND_CONTROLLER,
    "a stale row": with_dialer(lambda dialer, user: dialer.start_recording(user, stale=True)),
    "log-out": with_dialer(Dialer.log_out),
    "log-out and log-in": with_dialer(next_login),
    "end of the call": with_dialer(Dialer.end_call),
    "the next call": with_dialer(next_call),
    "the next call, recorded by the campaign": with_dialer(call_that_is_recorded),
    "a call": with_dialer(Dialer.start_call),
    "campaign DISABLED": with_dialer(lambda dialer, _user: setattr(dialer.campaigns["SALES"], "stereo", "DISABLED")),
    "screen closed": screen_with(open=False),
    "screen slow": screen_with(poll=4.0),
    "screen hidden": screen_with(hidden=True),
    "signal lost": screen_with(lose=1),
    "restart of 3 s": restart(3.0),
    "away for 6 s": restart(6.0),
    "clock an hour ahead": clock_ahead,
    "clock an hour back": system(utc_offset=-3600),
    "password changed": account(password="changed"),
    "API access taken away": account(agent_api_access=False),
    "permission taken away": account(allowed_functions=["recording"]),
    "account translated": account(language="Spanish"),
    "account locked": account(failures=10, last_login_date=STARTED_AT),
    "stereo switched off": system(stereo_recordings=False),
    "API switched off": system(api_active=False),
    "no active server": system(active_servers=False),
    "an older build": system(build=OLD_BUILD, version="2.14-81"),
    "PHP shows its warnings": system(display_errors=True),
    "PHP 7": system(php=7),
}
"""By what happens: the state faults of the simulator are among them."""


def every_moment(user: str) -> Iterator[Moment]:
    return product([user], range(MOST_CALLS), ["before", "after"])


def events_at_every_step() -> Iterator[Cell]:
    for (wanted, live), (name, event), moment in product(SCENES, EVENTS.items(), every_moment(FIRST)):
        cell = Cell(wanted, live, about=f"{name} {moment}", events={moment: event})
        yield cell
        yield replace(cell, statuses="READY")
        yield replace(cell, options={"stable_for": 2.0})
        if name in ("log-out", "log-out and log-in", "restart of 3 s"):
            yield replace(cell, options={"fail_when_logged_out": False})
        yield replace(cell, agents=FLEET, events={(user, *moment[1:]): event for user in FLOOR})


def test_whatever_happens_before_and_after_every_call(figure: Figure) -> None:
    judge(events_at_every_step(), "something happens at the dialer", figure)


def answers_lost_while_it_is_overwritten() -> Iterator[Cell]:
    moments = [(FIRST, 1, "before"), (FIRST, 1, "after"), (FIRST, 2, "after")]
    for (wanted, live), (name, seconds), (what, event), moment in product(
        SCENES[:2], faults(), SECOND_CONTROLLER.items(), moments
    ):
        cell = Cell(wanted, live, about=f"{what} {moment}", events={moment: event}, options={"wait_timeout": 20.0})
        yield replace(cell, hits=(hit(name, FIRST, 1, 1, seconds),))


def test_a_second_controller_while_an_answer_is_lost(figure: Figure) -> None:
    judge(answers_lost_while_it_is_overwritten(), "a fault of the signal's call, and a second controller", figure)


MOST_CALLS_GIVEN_UP = 12
GIVEN_UP = {"require_call": True, "withdraw": True, "wait_timeout": 2.0}
CALL_ENDS: dict[Moment, Event] = {(user, 2, "after"): EVENTS["end of the call"] for user in FLOOR}


def begins_that_are_given_up_on() -> Iterator[Cell]:
    """Screens that do not act in time and calls that end, with a fault or an event at each call."""
    for check_waiting, screen, agents in [
        (False, {"poll": 2.0}, 1),
        (False, {"poll": 0.5, "act": 2.0}, 1),
        (False, {"poll": 30.0}, FLEET),
        (True, {"poll": 30.0}, 1),
        (True, {"poll": 2.0}, FLEET),
    ]:
        options = {**GIVEN_UP, "check_waiting": check_waiting}
        cell = Cell("recording", 0, agents, options=options, screen=screen, about="given up")
        for (name, seconds), skip in product(faults(), range(1, MOST_CALLS_GIVEN_UP)):
            times = 1 if agents == 1 else None
            yield replace(cell, events=CALL_ENDS, hits=(hit(name, FIRST, skip, times, seconds),))
        for (name, event), number in product(EVENTS.items(), range(MOST_CALLS_GIVEN_UP)):
            events = {(user, number, "before"): event for user in FLOOR}
            about = f"given up, {name} before {number}"
            yield replace(cell, events={**CALL_ENDS, **events} if agents == 1 else events, about=about)
            if check_waiting:
                yield replace(cell, wanted="idle", live=1, events=events, about=about)


def test_no_recording_of_ours_begins_after_its_task(figure: Figure) -> None:
    judge(begins_that_are_given_up_on(), "a BEGIN that is given up on is taken back", figure)


def screens_at_every_moment() -> Iterator[Cell]:
    """The one poll of the screen falls into every 5 ms of 2.5 s: calls take 10 ms, and come every 510 ms."""
    for (wanted, live), act, step in product(SCENES[:2], (0.0, 0.3), range(500)):
        phase = STARTED_AT + step * 0.005
        yield Cell(wanted, live, screen={"poll": 100.0, "act": act, "phase": phase}, about="screen")


def test_the_screen_acts_before_during_and_after_every_poll(figure: Figure) -> None:
    judge(screens_at_every_moment(), "the moment at which the screen acts", figure)


def wrong_passwords() -> Iterator[Cell]:
    for wanted, (name, seconds), times, agents in product(("recording", "idle"), faults(), (1, 3, None), (1, FLEET)):
        hits = tuple(hit(name, user, 0, times, seconds) for user in FLOOR[:agents])
        yield Cell(wanted, 0, agents, hits, password="wrong")


def test_a_wrong_password_is_one_failed_login_whatever_becomes_of_the_answer(figure: Figure) -> None:
    judge(wrong_passwords(), "a wrong password, and a fault of the call", figure)


def test_every_fault_of_the_call_center_is_in_the_matrix() -> None:
    stand_for = {
        "translated": "account translated",
        "old-build": "an older build",
        "display-errors": "PHP shows its warnings",
        "php7": "PHP 7",
        "clock-jump": "clock an hour back",
        "screen-closed": "screen closed",
        "screen-hidden": "screen hidden",
        "screen-slow": "screen slow",
        "signal-lost": "signal lost",
    }
    assert set(stand_for) == set(STATE_FAULTS)
    assert set(stand_for.values()) <= set(EVENTS)
