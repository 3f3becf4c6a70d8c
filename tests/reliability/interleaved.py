# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call center in virtual time on which several real fleets run at once, call by call, and which notes the truth.

Each run has a thread of its own, but only ever one thread is awake: the one whose turn the virtual time says it is. So
whatever is done between two looks at the clock comes in the same order every time.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Callable, Union

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import AgentResult, Scheduler
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState, Response
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER
from vicidial_simulator import agent_api
from vicidial_simulator.accounts import Account
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import AGENT_CONTROLLED, Dialer
from vicidial_simulator.dialer import Agent as Row
from vicidial_simulator.faults import Faults
from vicidial_simulator.faults import Response as HttpResponse

STARTED_AT = 1795338820.0
CONNECT_SECONDS = 5.0
TIMEOUT = 10.0
_MOST_TURNS = 50_000
_ADDRESS = "127.0.0.1"
_WORDS = ("ERROR: ", "NOTICE: ", "SUCCESS: ")


@dataclass(frozen=True)
class Truth:
    """What the dialer itself knows of an agent: ``live`` is the newest live agent-controlled recording."""

    logged_in: bool
    status: str | None
    live: int | None

    @property
    def state(self) -> str:
        return "idle" if self.live is None else "recording"


@dataclass
class Exchange:
    """One call of a run about one agent, as the network and the dialer saw it.

    ``is_clear``: the genuine English answer came back whole, and ``said`` is what it was. ``wrote``: a signal reached
    the slot. ``login_failed``: the server counted a failed login. ``unsent``: the client was told that nothing had
    left it. ``takes``: seconds that a fault adds. ``leave_alone``: for so many the server wants
    not to be asked again.
    """

    value: str
    sent_at: float
    agent: Agent
    worked_at: float = 0.0
    heard_at: float | None = None
    truth: Truth = Truth(False, None, None)
    is_clear: bool = False
    said: str = ""
    wrote: bool = False
    login_failed: bool = False
    unsent: bool = False
    takes: float = 0.0
    leave_alone: float = 0.0
    heard: Response | None = None


class Written(str):
    """A signal in the slot that remembers which exchange wrote it."""

    exchange: Exchange
    run: Run
    at: float


@dataclass(frozen=True)
class Begun:
    """A recording that a BEGIN of ours started, at ``at`` in the world's time."""

    recording_id: int
    signal: Written
    at: float


class WatchedDialer(Dialer):
    """The simulator's dialer, which also notes which of our signals began which recording."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.ahead = 0.0
        self.jumped_at = 0.0
        self.begun: dict[int, Begun] = {}
        self.doubles: list[tuple[Begun, Begun]] = []
        super().__init__(Clock(lambda: world.at))

    def write_slot(self, user: str, signal: str) -> None:
        run = self._world.working
        if run is not None:
            written = Written(signal)
            written.exchange, written.run, written.at = run.exchange, run, self._world.at
            run.exchange.wrote = True
            signal = written
        super().write_slot(user, signal)

    def jump(self, seconds: float) -> None:
        """Set the web server's clock ahead: for the client no time passes."""
        self._run_due_events()
        self.clock.advance(seconds)
        self.ahead += seconds
        self.jumped_at = self._world.at
        self._run_due_events()

    def truth(self, user: str) -> Truth:
        agent = self.agent(user)
        live = self.live_recording(user)
        return Truth(agent is not None, agent.status if agent else None, live.recording_id if live else None)

    def _act(self, agent: Row, signal: str, now: float) -> None:
        known = len(self._recordings)
        super()._act(agent, signal, now)
        for recording in self._recordings[known:]:
            if isinstance(signal, Written) and recording.kind == AGENT_CONTROLLED:
                new = Begun(recording.recording_id, signal, max(now - self.ahead, self.jumped_at))
                older = [self.begun[it.recording_id] for it in self._live[agent.user] if it.recording_id in self.begun]
                self.doubles += [(it, new) for it in older]
                self.begun[new.recording_id] = new


class KilledError(BaseException):
    """Ends the thread of a run that is not wanted any more."""


_Due = Union["Run", Callable[[], None]]


class World:
    """The dialer, the network with its faults, and the runs; ``pass_time`` lets everything happen in its order."""

    def __init__(self, up: float = 0.01, down: float = 0.01) -> None:
        self.at = STARTED_AT
        self.up, self.down = up, down
        self.dialer = WatchedDialer(self)
        self.dialer.accounts[USER] = Account(USER, PASSWORD)
        self.faults = Faults()
        self.away: _errors.ApiError | None = None  # what every call ends in, for the server cannot be reached
        self.password = PASSWORD
        self.working: Run | None = None
        self.ambushes: list[tuple[str, Callable[[], None]]] = []
        self.runs: list[Run] = []
        self._until = self.at
        self._gate = threading.Semaphore(0)
        self._due: list[tuple[float, int, _Due, int]] = []
        self._numbers = itertools.count()

    def start(self, agents: Iterable[Agent], wanted: DesiredState, size: int = 8, **of_fleet: Any) -> Run:
        """Begin a run of a fleet; it goes on whenever time passes."""
        run = Run(self, list(agents), wanted, size, of_fleet)
        self.runs.append(run)
        run.thread.start()
        self.schedule(self.at, run, run.ticket)
        return run

    def pass_time(self, seconds: float) -> None:
        """Let ``seconds`` go by, with all that runs do meanwhile."""
        self._until = self.at + seconds
        self.give_way(None)
        self.at = self._until

    def lie_in_wait(self, value: str, event: Callable[[], None]) -> None:
        """Let ``event`` happen just before the next call with ``value`` is carried out."""
        self.ambushes.append((value, event))

    def spring(self, value: str) -> None:
        sprung = [event for waits_for, event in self.ambushes if waits_for == value]
        self.ambushes = [it for it in self.ambushes if it[0] != value]
        for event in sprung:
            event()

    def under_way(self) -> list[Run]:
        return [run for run in self.runs if not run.is_over]

    def next_due(self) -> float:
        return self._due[0][0] if self._due else self.at

    def kill(self) -> None:
        """End every thread."""
        for run in self.under_way():
            run.is_killed = True
            run.gate.release()
            run.thread.join()

    def schedule(self, at: float, what: _Due, ticket: int = 0) -> None:
        heapq.heappush(self._due, (at, next(self._numbers), what, ticket))

    def give_way(self, me: Run | None) -> None:
        """Carry out what is due, until it is the turn of ``me`` (None: of the test, at the end of the time given)."""
        turn = self._next_turn()
        if turn is not me:
            (turn.gate if turn else self._gate).release()
            if me is None or not me.is_over:
                (me.gate if me else self._gate).acquire()

    def _next_turn(self) -> Run | None:
        while self._due and self._due[0][0] <= self._until:
            at, _number, what, ticket = heapq.heappop(self._due)
            if isinstance(what, Run):
                if ticket != what.ticket or what.is_over:
                    continue
                if what.stalled_until > at:
                    self.schedule(what.stalled_until, what, ticket)
                    continue
                self.at = max(self.at, at)
                return what
            self.at = max(self.at, at)
            what()
        return None

    # The network

    def answer(self, form: dict[str, str], exchange: Exchange) -> bytes:
        """What comes back for ``form``, or the error that the client makes of it."""
        if self.away is not None:
            exchange.takes = CONNECT_SECONDS if isinstance(self.away, _errors.TimedOutError) else 0.0
            raise self.away
        fault = self.faults.take(form)
        works = fault is None or fault.works
        text = agent_api.AgentApi(self.dialer).answer(form, _ADDRESS) if works else ""
        response = HttpResponse(text.encode())
        if fault is not None:
            response = fault.shape(response)
        if response.delay >= TIMEOUT:
            exchange.takes = TIMEOUT
            raise _errors.TimedOutError("no answer", "Look", _errors.Delivery.UNANSWERED)
        exchange.takes = response.delay
        if response.ending in ("reset", "reset-in-body", "short"):
            raise _errors.UnreachableError("the connection broke", "Look", _errors.Delivery.UNANSWERED, transient=True)
        if response.status != 200:
            is_transient = response.status >= 500 or response.status == 429
            exchange.leave_alone = float(response.headers.get("Retry-After", 0))
            raise _errors.HttpError(f"HTTP {response.status}", "Look", is_transient, exchange.leave_alone)
        is_english = self.dialer.accounts[USER].language == "default English" or not self.dialer.system.enable_languages
        whole = text.splitlines() if text and text.encode() in response.body else []
        if form["function"] == "version":
            exchange.is_clear = bool(whole) and self.dialer.system.build < agent_api.FIRST_STEREO_BUILD
        elif is_english:
            exchange.said = next((line for line in whole if line.startswith(_WORDS)), "")
            exchange.is_clear = bool(exchange.said)
        return response.body


@dataclass(eq=False)
class Run:
    """One run of the real fleet, and the workers that it runs on. ``trails`` are its exchanges, agent by agent."""

    world: World
    agents: list[Agent]
    wanted: DesiredState
    size: int
    of_fleet: dict[str, Any]
    trails: dict[Agent, list[Exchange]] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    results: list[AgentResult] = field(default_factory=list)
    crash: BaseException | None = None
    is_over: bool = False
    is_killed: bool = False
    is_interrupted: bool = False
    interrupted_after: int | None = None
    heard_unfit_after: int | None = None
    stalled_until: float = 0.0
    stalled: float = 0.0
    ticket: int = 0
    most_under_way: int = 0

    def __post_init__(self) -> None:
        self.free = self.size
        self.began_at = self.world.at
        self.ended_at = self.world.at
        self.password = self.world.password
        self.gate = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._live, daemon=True)
        self._arrivals: list[tuple[float, int, Any, Exchange]] = []
        self._numbers = itertools.count()
        self._turns = 0
        # One client for the whole run: to make one takes longer than a hundred calls here.
        self._api = AgentApi(Connection("http://virtual/agc/api.php", USER, self.password, timeout=TIMEOUT))
        self._api._http = self  # type: ignore[assignment]

    def interrupt(self) -> None:
        self.is_interrupted, self.interrupted_after = True, len(self.exchanges)

    def stall(self, seconds: float) -> None:
        """Stop the process for so long; the call center goes on."""
        self.stalled_until = self.world.at + seconds
        self.stalled += seconds

    def _live(self) -> None:
        self.gate.acquire()
        try:
            if not self.is_killed:
                fleet = Scheduler(self, self.wanted, interrupted=lambda: self.is_interrupted, **self.of_fleet)
                self.results = fleet.run(self.agents)
        except KilledError:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever it is, the judge tells of it
            self.crash = error
        self.is_over, self.ended_at = True, self.world.at
        if not self.is_killed:
            self.world.give_way(self)

    # What a fleet runs on

    def now(self) -> float:
        return self.world.at

    def submit(self, tag: Any, call: Callable[[AgentApi], Response]) -> None:
        self.free -= 1
        self.most_under_way = max(self.most_under_way, self.size - self.free)
        step = tag.step
        exchange = Exchange(getattr(step, "value", "STATUS"), self.world.at, tag.agent)
        self.exchanges.append(exchange)
        self.trails.setdefault(tag.agent, []).append(exchange)
        self.world.schedule(self.world.at + self.world.up, lambda: self._work(tag, call, exchange))

    def _work(self, tag: Any, call: Callable[[AgentApi], Response], exchange: Exchange) -> None:
        """The call is at the server."""
        world = self.world
        self.exchange, exchange.worked_at = exchange, world.at
        world.spring(exchange.value)
        asked = tag.asked
        user = asked.user or world.dialer.alt_users.get(asked.alt_user or "", "")
        exchange.truth = world.dialer.truth(user)
        account = world.dialer.accounts[USER]
        before = (account.failures, account.last_failure)
        world.working = self
        try:
            heard = call(self._api)
        finally:
            world.working = None
        # After a lock has run out the count begins anew: that it changed tells nothing by itself.
        is_counted = (account.failures, account.last_failure) != before
        exchange.login_failed = is_counted and account.last_failure == world.dialer.clock.now()
        exchange.unsent = heard.error is not None and (heard.error.delivery is _errors.Delivery.NOT_SENT)
        arrival = world.at + world.down + exchange.takes
        exchange.heard = heard
        heapq.heappush(self._arrivals, (arrival, next(self._numbers), tag, exchange))
        world.schedule(arrival, self, self.ticket)

    def collect(self, seconds: float) -> tuple[Any, Response] | None:
        assert seconds >= 0
        self._turns += 1
        assert self._turns < _MOST_TURNS, "the fleet turns around itself"
        world = self.world
        if not self._arrivals or self._arrivals[0][0] > world.at:
            self.ticket += 1
            for arrival in self._arrivals[:1]:
                world.schedule(arrival[0], self, self.ticket)
            world.schedule(world.at + seconds, self, self.ticket)
            world.give_way(self)
            if self.is_killed:
                raise KilledError
        if not self._arrivals or self._arrivals[0][0] > world.at:
            return None
        _at, _number, tag, exchange = heapq.heappop(self._arrivals)
        self.free += 1
        assert exchange.heard is not None
        exchange.heard_at = world.at
        exchange.heard = replace(exchange.heard, at=world.at)
        if exchange.heard.error is not None and exchange.heard.error.aborts_run and self.heard_unfit_after is None:
            self.heard_unfit_after = len(self.exchanges)
        return tag, exchange.heard

    # What a client runs on

    def post(self, _url: str, form: dict[str, str]) -> bytes:
        return self.world.answer(form, self.exchange)
