# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever agents, screens, other controllers and the network do in whatever order: no run says or does what is wrong.

Hypothesis makes up episodes. In each, runs of ours go on over one dialer, interleaved call by call with everything else
that can happen there; oracle.py says what must hold. They are the same every time, unless
``VICIDIAL_EPISODES=20000`` asks for so many others.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from math import prod
from typing import Any, Callable, Union

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from ansible_collections.telephony.vicidial.tests.reliability.oracle import (
    LATE_LIMITS,
    LIMITS,
    Exchange,
    judge_late_begins,
    judge_overlaps,
    judge_run,
    ours,
)
from ansible_collections.telephony.vicidial.tests.reliability.simulation import TIMEOUT, Run, World
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER
from ansible_collections.telephony.vicidial.tests.unit.virtual import STARTED_AT
from vicidial_simulator.faults import CALL_FAULTS

EPISODES = 2000
CAMPAIGN = "SALES"
USERS = ["1000", "1001", "1002"]
MOST_RUNS_AT_ONCE = 2
LONGEST_RUN = 3600.0

users = st.sampled_from(USERS)
usually = st.sampled_from([True, True, True, False])
statuses = st.sampled_from(["INCALL", "INCALL", "INCALL", "READY", "PAUSED", "QUEUE", "CLOSER"])
# Of a screen, in seconds: from one poll to the next, from a poll to its effect, and where in that interval it polls.
polls = st.sampled_from([1.0, 1.0, 0.25, 2.0, 4.0, 9.0])
acts = st.sampled_from([0.3, 0.3, 0.05, 2.0, 6.0, 12.0])
phases = st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8])
# How long after the last event the next one comes, or which call it comes just before.
PAUSES = [0.0, 0.015, 0.1, 0.4, 0.9, 2.0, 5.0, 11.0]
When = Union[float, str]
pauses = st.sampled_from(PAUSES)
whens: st.SearchStrategy[When] = st.sampled_from([*PAUSES, "STATUS", "STATUS", "BEGIN", "END", "END"])
tally: Counter[str] = Counter()


@dataclass(frozen=True)
class Declaration:
    """A task of a playbook, but for the state that it declares."""

    who: list[str]
    by_alias: bool
    require_call: bool
    fail_when_logged_out: bool
    wait: bool
    wait_timeout: float
    wait_sleep: float
    stable_for: float
    withdraw: bool
    check_waiting: bool
    fail_without_call: bool
    retries: int
    check_mode: bool
    size: int
    rate_limit: float | None


CHOICES: dict[str, list[Any]] = {
    "who": [USERS, USERS[::-1], USERS[:1], USERS[:2], [*USERS, "4711"]],
    "by_alias": [False] * 9 + [True],
    "require_call": [True, False],
    "fail_when_logged_out": [False, True],
    "wait": [True] * 7 + [False],
    "wait_timeout": [10.0, 10.0, 30.0, 2.0, 0.3, 0.0],
    "wait_sleep": [0.5, 0.5, 0.1, 3.0],
    "stable_for": [0.0, 0.0, 1.0, 4.0],
    "withdraw": [True, True, False],
    "check_waiting": [False, False, True],
    "fail_without_call": [True, True, False],
    "retries": [3, 3, 0, 1],
    "check_mode": [False] * 9 + [True],
    "size": [8, 8, 2, 1],
    "rate_limit": [None, None, None, 20.0, 1.0],
}


COMBINATIONS = prod(map(len, CHOICES.values()))
# Two numbers are drawn in a fraction of the time that a dozen choices take. Of numbers above 2**24 Hypothesis prefers
# the small ones.
FIRST_OF_TWO = 2**16


def declaration(numbers: tuple[int, int]) -> Declaration:
    """One of all combinations."""
    number = (numbers[0] * FIRST_OF_TWO + numbers[1]) % COMBINATIONS
    chosen = {}
    for name, choices in CHOICES.items():
        number, index = divmod(number, len(choices))
        chosen[name] = choices[index]
    return Declaration(**chosen)


declarations = st.tuples(st.integers(0, COMBINATIONS // FIRST_OF_TWO), st.integers(0, FIRST_OF_TWO - 1)).map(
    declaration
)


class Episode(RuleBasedStateMachine):
    """One call center, from its opening until every run is over and the last one has shown that it can be healed."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.at_call = self.spring
        self.dialer = self.world.dialer
        self.ambushes: list[tuple[str, Callable[[], None]]] = []
        self.is_broken = False

    @initialize(
        agents=st.lists(
            st.tuples(statuses, polls, acts, phases, st.sampled_from([0, 0, 1, 2])), min_size=3, max_size=3
        ),
        latency=st.sampled_from([0.01, 0.01, 0.2]),
        php=st.sampled_from([7, 8]),
    )
    def open(self, agents: list[tuple[str, float, float, float, int]], latency: float, php: int) -> None:
        self.world.up = self.world.down = latency
        self.dialer.system.php = php
        for user, (status, poll, act, phase, recordings) in zip(USERS, agents):
            self.dialer.log_in(user, CAMPAIGN)
            self.dialer.change_screen(user, poll=poll, act=act, phase=STARTED_AT - poll * phase)
            self.dialer.alt_users[f"crm{user}"] = user
            if status == "INCALL":
                self.dialer.start_call(user)
            else:
                self.dialer.change_agent(user, status=status)
            for _time in range(recordings):
                self.dialer.start_recording(user)

    # Our own runs

    @precondition(lambda self: len(self.world.under_way()) < MOST_RUNS_AT_ONCE)
    @rule(pause=pauses, declaration=declarations)
    def recording_is_declared(self, pause: float, declaration: Declaration) -> None:
        self.declare(pause, "recording", declaration)

    @precondition(lambda self: len(self.world.under_way()) < MOST_RUNS_AT_ONCE)
    @rule(pause=pauses, declaration=declarations)
    def idle_is_declared(self, pause: float, declaration: Declaration) -> None:
        self.declare(pause, "idle", declaration)

    @precondition(lambda self: len(self.world.under_way()) < MOST_RUNS_AT_ONCE)
    @rule(pause=pauses, declaration=declarations, state=st.sampled_from(["recording", "idle", None]))
    def some_state_is_declared(self, pause: float, declaration: Declaration, state: str | None) -> None:
        self.declare(pause, state, declaration)

    @precondition(lambda self: len(self.world.under_way()) < MOST_RUNS_AT_ONCE)
    @rule(
        pause=pauses,
        declaration=declarations,
        lost=st.sampled_from([None, "reset-after-work", "crash-after-work", "truncated", "empty-body"]),
    )
    def password_is_wrong(self, pause: float, declaration: Declaration, lost: str | None) -> None:
        """And the answer that says so can get lost: to ask again would be the second failed login."""
        self.pass_time(pause)
        if lost is not None:
            self.world.fault(lost)
        self.declare(0.0, "recording", declaration, "wrong")

    def declare(self, pause: float, state: str | None, given: Declaration, password: str = PASSWORD) -> None:
        self.pass_time(pause)
        wanted = DesiredState(
            state,
            require_call=given.require_call,
            withdraw=given.withdraw and given.wait and state == "recording",
            check_waiting=given.check_waiting and state is not None,
            fail_without_call=given.fail_without_call,
            fail_when_logged_out=given.fail_when_logged_out,
            wait=given.wait,
            wait_timeout=given.wait_timeout,
            wait_sleep=given.wait_sleep,
            stable_for=given.stable_for if given.wait else 0.0,
            retries=given.retries,
        )
        agents = [Agent(alt_user=f"crm{given.who[0]}")] if given.by_alias else [Agent(user) for user in given.who]
        self.world.password = password
        self.world.start(agents, wanted, given.size, check_mode=given.check_mode, rate_limit=given.rate_limit)
        self.pass_time(0.0)

    @precondition(lambda self: self.world.under_way())
    @rule(pause=pauses, seconds=st.sampled_from([None, 0.5, 3.0, 15.0]))
    def run_is_interrupted_or_stands_still(self, pause: float, seconds: float | None) -> None:
        self.pass_time(pause)
        for run in self.world.under_way()[:1]:
            if seconds is None:
                run.interrupt()
            else:
                run.stall(seconds)

    # Agents and their screens

    @rule(when=whens, user=users, in_group=st.sampled_from([None, None, "SUPPORT"]))
    def call_comes_or_goes(self, when: When, user: str, in_group: str | None) -> None:
        def event() -> None:
            agent = self.dialer.agent(user)
            if agent is not None and agent.call is None:
                self.dialer.start_call(user, in_group)
            elif agent is not None:
                self.dialer.end_call(user, "READY")

        self.happen(when, event)

    @rule(when=whens, user=users)
    def next_call(self, when: When, user: str) -> None:
        """One call right after the other: between two looks nothing seems to have happened."""

        def event() -> None:
            agent = self.dialer.agent(user)
            if agent is not None and agent.call is not None:
                self.dialer.end_call(user)
                self.dialer.start_call(user)

        self.happen(when, event)

    @rule(when=whens, user=users)
    def log_in_or_out(self, when: When, user: str) -> None:
        def event() -> None:
            if self.dialer.agent(user) is None:
                self.dialer.log_in(user, CAMPAIGN)
            else:
                self.dialer.log_out(user)

        self.happen(when, event)

    @rule(when=whens, user=users, poll=polls, act=acts, lose=st.sampled_from([0, 0, 1, 3]), is_open=usually)
    def screen_changes(self, when: When, user: str, poll: float, act: float, lose: int, is_open: bool) -> None:
        def event() -> None:
            if self.dialer.agent(user) is not None:
                self.dialer.change_screen(user, poll=poll, act=act, lose=lose, open=is_open)

        self.happen(when, event)

    # Others who record

    @rule(when=whens, user=users, signal=st.sampled_from(["BEGIN", "END", "START", "STOP", "BEGIN_HAND"]))
    def somebody_else_signals(self, when: When, user: str, signal: str) -> None:
        def event() -> None:
            if self.dialer.agent(user) is not None:
                self.dialer.write_slot(user, signal)

        self.happen(when, event)

    @rule(
        when=whens,
        user=users,
        kind=st.sampled_from(["AGENT-CONTROLLED", "AGENT-CONTROLLED", "PARALLEL", "MONO"]),
        ends=st.booleans(),
        begins=st.booleans(),
    )
    def recording_ends_or_begins(self, when: When, user: str, kind: str, ends: bool, begins: bool) -> None:
        def event() -> None:
            if ends:
                self.dialer.end_recording(user, kind)
            if begins and self.dialer.agent(user) is not None:
                self.dialer.start_recording(user, kind)

        self.happen(when, event)

    @rule(
        when=whens,
        stereo=st.sampled_from(["BOTH_CHANNELS", "BOTH_CHANNELS", "CUSTOMER_ONLY", "DISABLED"]),
        recording=st.sampled_from(["ONDEMAND", "ALLCALLS", "ALLFORCE"]),
    )
    def campaign_changes(self, when: When, stereo: str, recording: str) -> None:
        def event() -> None:
            self.dialer.campaigns[CAMPAIGN].stereo = stereo
            self.dialer.campaigns[CAMPAIGN].recording = recording

        self.happen(when, event)

    def happen(self, when: When, event: Callable[[], None]) -> None:
        """After a pause, or just before a call of the next run that sends what is waited for."""
        if isinstance(when, str):
            self.ambushes.append((when, event))
        else:
            self.pass_time(when)
            event()

    def spring(self, exchange: Exchange, when: str) -> None:
        """Let everything happen that has waited for a call with this value."""
        if when == "before":
            sprung = [event for value, event in self.ambushes if value == exchange.value]
            self.ambushes = [ambush for ambush in self.ambushes if ambush[0] != exchange.value]
            for event in sprung:
                event()

    # The network and the server

    @rule(
        pause=pauses,
        name=st.sampled_from(sorted(CALL_FAULTS)),
        times=st.sampled_from([1, 1, 1, 2, 5]),
        seconds=st.sampled_from([0.0, 0.0, 1.5, TIMEOUT]),
        value=st.sampled_from([None, "STATUS", "BEGIN", "END"]),
        user=st.none() | users,
    )
    def calls_fail(self, pause: float, name: str, times: int, seconds: float, **which: Any) -> None:
        self.pass_time(pause)
        self.world.fault(name, times=times, seconds=seconds, **which)

    @rule(
        pause=pauses,
        trouble=st.sampled_from(
            [
                *["display-errors"] * 8,
                "refused",
                "no-route-in-time",
                "translated",
                "old-build",
                {"password": "changed"},
                {"failures": 10, "last_login_date": STARTED_AT + 600},
                {"agent_api_access": False},
                {"allowed_functions": ["recording"]},
                {"allowed_addresses": []},
            ]
        ),
    )
    def trouble_for_all(self, pause: float, trouble: str | dict[str, Any]) -> None:
        self.pass_time(pause)
        if isinstance(trouble, str):
            self.world.fault(trouble, times=None)
        else:
            for name, value in trouble.items():
                setattr(self.dialer.accounts[USER], name, value)

    @rule(pause=pauses)
    def all_is_well_again(self, pause: float) -> None:
        self.pass_time(pause)
        self.heal()

    @rule(pause=pauses, seconds=st.sampled_from([1.0, 60.0, 3600.0]))
    def clock_jumps(self, pause: float, seconds: float) -> None:
        self.pass_time(pause)
        self.dialer.jump(seconds)

    # What must hold

    def pass_time(self, seconds: float) -> None:
        before = self.world.under_way()
        self.world.pass_time(seconds)
        for run in before:
            self.watch(run)

    def watch(self, run: Run) -> None:
        try:
            assert self.world.at - run.began_at < LONGEST_RUN, "a run that does not end"
            if run.is_over:
                judge_run(run)
        except AssertionError:
            self.is_broken = True
            raise

    def heal(self) -> None:
        self.world.clear_faults()
        self.ambushes.clear()
        account = self.dialer.accounts[USER]
        account.password, account.failures, account.agent_api_access = PASSWORD, 0, True
        account.allowed_functions, account.allowed_addresses = ["ALL_FUNCTIONS"], None

    def teardown(self) -> None:
        try:
            if not self.is_broken:
                self.end()
        finally:
            self.world.kill()

    def end(self) -> None:
        """Let every run end as it can, then mend everything: the next run then must do what it should."""
        while self.world.under_way():
            self.pass_time(self.world.next_due() - self.world.at + 1.0)
        limits = judge_overlaps(self.dialer.recordings)
        runs = list(self.world.runs)
        if not runs:
            self.count(limits)
            return
        self.heal()
        self.dialer.campaigns[CAMPAIGN].stereo = "BOTH_CHANNELS"
        for user in USERS:
            agent = self.dialer.agent(user) or self.dialer.log_in(user, CAMPAIGN)
            self.dialer.change_screen(user, open=True, poll=1.0, act=0.3, lose=0)
            if agent.call is None:
                self.dialer.start_call(user)
            self.dialer.end_call(user)
            self.dialer.start_call(user)
        self.pass_time(15.0)  # what screens have read is done by then, and what waited has begun at the next call
        for run in runs:
            limits.update(judge_late_begins(run, run.ended_at, self.dialer.recordings))
        self.count(limits)
        state = self.world.runs[-1].wanted.state or "idle"
        self.world.password = PASSWORD
        last = self.world.start([Agent(user) for user in USERS], DesiredState(state))
        while not last.is_over:
            self.pass_time(2.0)
        failures = [result.outcome.failure for result in last.results if not result.outcome.confirmed]
        assert not failures, f"all is well, and {state} cannot be reached: {failures}"

    def count(self, limits: Counter[str]) -> None:
        runs = self.world.runs
        outcomes = [result.outcome for run in runs for result in run.results]
        tally.update(limits)
        tally.update(
            episodes=1,
            runs=len(runs),
            agents=len(outcomes),
            calls=sum(len(run.exchanges) for run in runs),
            seconds=int(self.world.at - STARTED_AT),
            confirmed=sum(outcome.confirmed for outcome in outcomes),
            failed=sum(outcome.failure is not None for outcome in outcomes),
            recordings=len(ours(self.dialer.recordings)),
        )


def test_no_order_of_events_makes_a_run_say_or_do_what_is_wrong(figure: Figure) -> None:
    more = int(os.environ.get("VICIDIAL_EPISODES", "0"))
    tally.clear()
    run_state_machine_as_test(
        Episode,
        settings=settings(
            max_examples=more or EPISODES,
            stateful_step_count=20,
            report_multiple_bugs=False,
            derandomize=not more,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
        ),
    )
    figure(
        f"{tally['episodes']} episodes, {tally['runs']} runs, {tally['agents']} agents, {tally['calls']} calls, "
        f"{tally['seconds']} s of virtual time: {tally['confirmed']} confirmed and {tally['failed']} failed, each of "
        f"them truly; {tally['recordings']} recordings begun"
    )
    for limit in LATE_LIMITS:
        figure(f"{tally[limit]} recordings began after their task, as documented: {limit}")
    for limit in LIMITS:
        figure(f"{tally[limit]} times two of our recordings at once, as documented: {limit}")
