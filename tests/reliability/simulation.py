# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call center in virtual time on which real runs go on, one or several at once, whose calls meet faults.

It notes what is true when each call is answered. A run alone has the test's own thread. Several have a thread each, but
only ever one is awake: the one whose turn the virtual time says it is. So whatever is done between two looks at the
clock comes in the same order every time.

A call that meets a fault goes through the real HTTP client. Only its socket is not there: what the simulator's web
server would send, or the exception of a network that fails, is put in its place.
"""

from __future__ import annotations

import heapq
import io
import itertools
import math
import socket
import ssl
import threading
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Callable, Union

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NewConnectionError,
    ProtocolError,
    ReadTimeoutError,
)

from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection, Http
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import ApiError, HttpError
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import AgentResult, Scheduler
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import (
    AskWaiting,
    DesiredState,
    Response,
)
from ansible_collections.telephony.vicidial.tests.reliability.oracle import (
    HARMLESS,
    HARMLESS_TO_QUESTIONS,
    OLD_BUILD,
    SLOW,
    WAITING,
    Exchange,
    Signal,
    Trail,
    Truth,
    answer_line,
)
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER
from ansible_collections.telephony.vicidial.tests.unit.virtual import STARTED_AT, URL, VirtualWorkers, answer, client
from vicidial_simulator.accounts import Account
from vicidial_simulator.agent_api import FIRST_STEREO_BUILD
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import Agent as AgentRow
from vicidial_simulator.dialer import Dialer
from vicidial_simulator.faults import STATE_FAULTS, Fault, Faults
from vicidial_simulator.faults import Response as HttpResponse

CONNECT_SECONDS = 5.0
TIMEOUT = 10.0
_MOST_TURNS = 50_000


class KilledError(BaseException):
    """Ends the thread of a run that is not wanted any more."""


class WatchedDialer(Dialer):
    """The simulator's dialer, which also notes which exchange of ours wrote which signal, and when it was acted on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ahead = 0.0
        self._jumped_at = 0.0
        super().__init__(Clock(lambda: world.at))

    def write_slot(self, user: str, signal: str) -> None:
        if self._world.working is not None:
            signal = Signal(signal)
            signal.exchange = self._world.working
        super().write_slot(user, signal)

    def jump(self, seconds: float) -> None:
        """Set the web server's clock ahead: for the client no time passes."""
        self._run_due_events()
        self.clock.advance(seconds)
        self._ahead += seconds
        self._jumped_at = self._world.at
        self._run_due_events()

    def _schedule(self, agent: AgentRow, due: float, signal: str | None) -> Any:
        if isinstance(signal, Signal):
            signal.read_at = max(due - agent.screen.act - self._ahead, self._jumped_at)
        return super()._schedule(agent, due, signal)

    def _act(self, agent: AgentRow, signal: str, now: float) -> None:
        if isinstance(signal, Signal):
            signal.acted_at = max(now - self._ahead, self._jumped_at)
        super()._act(agent, signal, now)


_Due = Union["Run", Callable[[], None]]


class World:
    """The dialer, the network with its faults, and the runs. Calls take ``up`` seconds to the server, ``down`` back.

    ``at_call`` is told of every call just "before" and just "after" the server carries it out. ``has_gone_wrong``: some
    call has met a fault.
    """

    def __init__(self, up: float = 0.005, down: float = 0.005) -> None:
        self.at = STARTED_AT
        self.up, self.down = up, down
        self.dialer = WatchedDialer(self)
        self.dialer.accounts[USER] = Account(USER, PASSWORD)
        self.password = PASSWORD
        self.working: Exchange | None = None
        self.at_call: Callable[[Exchange, str], None] = lambda _exchange, _when: None
        self.has_gone_wrong = False
        self.runs: list[Run] = []
        self._faults: list[Fault] = []
        self._state_faults = Faults()
        self._until = self.at
        self._gate = threading.Semaphore(0)
        self._due: list[tuple[float, int, _Due, int]] = []
        self._numbers = itertools.count()

    # Runs and time

    def run(self, agents: Iterable[Agent], wanted: DesiredState, **options: Any) -> Run:
        """A run from its beginning to its end, and nothing beside it; ``options`` are arguments of the scheduler."""
        run = Run(self, list(agents), wanted, options)
        self._until = math.inf
        run.go()
        return run

    def start(self, agents: Iterable[Agent], wanted: DesiredState, size: int = 8, **options: Any) -> Run:
        """Begin a run; it goes on whenever time passes."""
        run = ThreadedRun(self, list(agents), wanted, options, size)
        self.runs.append(run)
        run.thread.start()
        self.schedule(self.at, run, run.ticket)
        return run

    def pass_time(self, seconds: float) -> None:
        """Let ``seconds`` go by, with all that runs do meanwhile."""
        self._until = self.at + seconds
        self.give_way(None)
        self.at = self._until

    def under_way(self) -> list[Run]:
        return [run for run in self.runs if not run.is_over]

    def next_due(self) -> float:
        return self._due[0][0] if self._due else self.at

    def kill(self) -> None:
        """End every thread."""
        for run in self.under_way():
            assert isinstance(run, ThreadedRun)
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

    def slot(self, user: str) -> str:
        """The signal that can be seen to wait: with PHP 7 none can, and a number is a mono recording (4.14)."""
        agent = self.dialer.agent(user)
        waits = agent is not None and self.dialer.system.php >= 8 and agent.slot > "0" and not agent.slot.isdigit()
        return agent.slot if agent is not None and waits else ""

    # The network

    def fault(self, name: str, user: str | None = None, seconds_away: float = math.inf, **details: Any) -> None:
        """Set a fault of the simulator or of the network; ``details`` are fields of the simulator's Fault."""
        if name in STATE_FAULTS:
            self._state_faults.add(self.dialer, name)
            return
        kind = NetworkFault if name in NETWORK_FAULTS else Fault
        fault = kind(name, agent_user=user, **details)
        self._faults.insert(0, fault)
        if seconds_away < math.inf:
            self.schedule(self.at + seconds_away, lambda: self._faults.remove(fault))

    def clear_faults(self) -> None:
        """Take every fault back."""
        self._faults.clear()
        self._state_faults.clear()

    def answer(self, form: dict[str, str], exchange: Exchange) -> bytes:
        """What comes back for ``form``, or the error that the client makes of it."""
        fault = next((fault for fault in self._faults if fault.takes(form)), None)
        is_reached = fault is None or fault.works
        text = answer(self.dialer, form) if is_reached else ""
        response = HttpResponse(text.encode())
        if fault is not None:
            self.has_gone_wrong, response = True, fault.shape(response)
        harm = _harm(fault, response, form["value"])
        if form["function"] == "version":
            # Only this second question shows that the first one, which had no answer, met an older build.
            if harm is None and self.dialer.system.build < FIRST_STEREO_BUILD:
                exchange.said, exchange.fault = OLD_BUILD, None
        else:
            exchange.said, exchange.fault = answer_line(text), harm
        exchange.takes += min(response.delay, TIMEOUT)
        exchange.leave_alone = float(response.headers.get("Retry-After", 0)) if harm != "latency" else 0.0
        return text.encode() if fault is None else _through_the_client(response)


def _harm(fault: Fault | None, response: HttpResponse, value: str) -> str | None:
    """The name of a fault that keeps an answer to ``value`` from its reader."""
    if fault is None or response.delay >= TIMEOUT:
        return "latency" if fault else None
    if fault.name in HARMLESS_TO_QUESTIONS and value in ("STATUS", "") and response.body.strip():
        return None
    return None if fault.name in HARMLESS | SLOW else fault.name


class Run(VirtualWorkers):
    """One run of the real scheduler, and the workers that it runs on; its calls are in ``exchanges``."""

    gate: threading.Semaphore

    def __init__(
        self, world: World, agents: list[Agent], wanted: DesiredState, options: dict[str, Any], size: int = 8
    ) -> None:
        super().__init__(size)
        self.world = world
        self.agents = agents
        self.wanted = wanted
        self.options = options
        self.password = world.password
        self.exchanges: Trail = []
        self.results: list[AgentResult] = []
        self.crash: BaseException | None = None
        self.is_over = False
        self.interrupted_after: int | None = None
        self.stalled_until = self.stalled = 0.0
        self.began_at = self.ended_at = world.at
        self.ticket = 0
        self._trails: dict[Agent, Trail] = {}
        self._turns = 0

    def trail(self, agent: Agent) -> Trail:
        return self._trails.setdefault(agent, [])

    def interrupt(self) -> None:
        self.interrupted_after = len(self.exchanges)

    def stall(self, seconds: float) -> None:
        """Stop the process for so long; the call center goes on."""
        self.stalled_until = self.world.at + seconds
        self.stalled += seconds

    def go(self) -> None:
        """Have the scheduler do its work."""
        try:
            scheduler = Scheduler(
                self, self.wanted, interrupted=lambda: self.interrupted_after is not None, **self.options
            )
            self.results = scheduler.run(self.agents)
        except KilledError:
            pass
        except BaseException as error:  # noqa: BLE001 - whatever it is, the oracle reports it
            self.crash = error
        self.is_over, self.ended_at = True, self.world.at

    def now(self) -> float:
        return self.world.at

    def submit(self, tag: Any, call: Callable[[AgentApi], Response]) -> None:
        self.take_worker()
        trail = self.trail(tag.agent)
        value = WAITING if isinstance(tag.step, AskWaiting) else getattr(tag.step, "value", "STATUS")
        exchange = Exchange(value, trail, sent_at=self.world.at)
        self.exchanges.append(exchange)
        trail.append(exchange)
        self.world.schedule(self.world.at + self.world.up, lambda: self._work(tag, call, exchange))

    def _work(self, tag: Any, call: Callable[[AgentApi], Response], exchange: Exchange) -> None:
        """The call is at the server."""
        world = self.world
        exchange.worked_at = world.at
        exchange.user = tag.asked.user or world.dialer.alt_users.get(tag.asked.alt_user or "", "")
        world.at_call(exchange, "before")
        exchange.truth = Truth.of(world.dialer, exchange.user)
        exchange.slot = world.slot(exchange.user)
        world.working = exchange

        def post(_url: str, form: dict[str, str], _longest: int = 0) -> bytes:
            return world.answer(form, exchange)

        response = call(client(self.password, post))
        world.working = None
        world.at_call(exchange, "after")
        exchange.answered_at = world.at + world.down + exchange.takes
        self.bring(exchange.answered_at, tag, response)
        world.schedule(exchange.answered_at, self, self.ticket)

    def sleep_until(self, at: float) -> None:
        self._turns += 1
        assert self._turns < _MOST_TURNS, "the scheduler turns around itself"
        self.ticket += 1
        self.world.schedule(at, self, self.ticket)
        self.world.give_way(self)

    def collect(self, seconds: float) -> tuple[Any, Response] | None:
        done = super().collect(seconds)
        if done is not None:
            exchange = self.trail(done[0].agent)[-1]
            exchange.answered_at = self.world.at
        return done


class ThreadedRun(Run):
    """A run beside others, in a thread of its own that is awake when it is its turn."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.is_killed = False
        self.gate = threading.Semaphore(0)
        self.thread = threading.Thread(target=self._live, daemon=True)

    def _live(self) -> None:
        self.gate.acquire()
        if not self.is_killed:
            self.go()
        if not self.is_killed:
            self.world.give_way(self)

    def sleep_until(self, at: float) -> None:
        super().sleep_until(at)
        if self.is_killed:
            raise KilledError


# What the HTTP client makes of a fault

_POOL: Any = urllib3.HTTPConnectionPool("virtual")


class CertificateError(ValueError):
    """As urllib3 before 2 has one, which compares the names in a certificate by itself."""


def _unconnected(reason: Exception, kind: type[requests.RequestException] = requests.ConnectionError) -> Exception:
    return kind(MaxRetryError(_POOL, URL, reason))


def _untrusted(error: Exception) -> Exception:
    return _unconnected(urllib3.exceptions.SSLError(error), requests.exceptions.SSLError)


# What requests raises where no connection comes about: the call never reaches the application.
NETWORK_FAULTS: dict[str, Callable[[], Exception]] = {
    "refused": lambda: _unconnected(NewConnectionError(_POOL, "[Errno 111] Connection refused")),
    "no-such-host": lambda: _unconnected(NewConnectionError(_POOL, str(socket.gaierror(-2, "unknown")))),
    "no-route-in-time": lambda: _unconnected(ConnectTimeoutError(), requests.ConnectTimeout),
    "handshake-failure": lambda: _untrusted(ssl.SSLError(1, "handshake failure")),
    "expired-certificate": lambda: _untrusted(ssl.SSLCertVerificationError(1, "certificate has expired")),
    "wrong-name-certificate": lambda: _untrusted(CertificateError("hostname doesn't match")),
}


class NetworkFault(Fault):
    """A fault of a call that is none of the simulator's: no connection comes about."""

    works = False

    def __post_init__(self) -> None:
        """There is no preset by its name."""

    def shape(self, response: HttpResponse) -> HttpResponse:
        """No response: its ``ending`` is the fault's name."""
        delay = CONNECT_SECONDS if self.name == "no-route-in-time" else 0.0
        return replace(response, ending=self.name, delay=delay)


def _through_the_client(response: HttpResponse) -> bytes:
    """What the real HTTP client makes of a response, or raises."""
    headers = tuple(response.headers.items())
    outcome = _outcome_of(response.body, response.status, headers, response.ending, response.delay >= TIMEOUT)
    if isinstance(outcome, HttpError):  # gives its body once
        raise HttpError(outcome.what, outcome.remedy, outcome.transient, outcome.retry_after, response.body)
    if isinstance(outcome, ApiError):
        raise outcome.with_traceback(None)
    return outcome


@cache  # the client makes the same of the same
def _outcome_of(
    body: bytes, status: int, headers: tuple[tuple[str, str], ...], ending: str, is_late: bool
) -> bytes | ApiError:
    wire = _Wire(body, status, dict(headers), ending, is_late)
    http = Http(Connection(URL, USER, PASSWORD))
    http._session.trust_env = False
    http._session.mount("http://", wire)
    try:
        return http.post(URL, {})
    except ApiError as error:
        return error


class _Wire(HTTPAdapter):
    """Where requests would open a connection: there is the response, or what becomes of it."""

    def __init__(self, *fields: Any) -> None:
        super().__init__()
        self._fields = fields

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        body, status, headers, ending, is_late = self._fields
        if ending in NETWORK_FAULTS:
            raise NETWORK_FAULTS[ending]()
        if is_late:
            raise requests.ReadTimeout(ReadTimeoutError(_POOL, URL, "timed out"))
        if ending == "reset":
            raise requests.ConnectionError(ProtocolError("aborted", ConnectionResetError(104, "reset by peer")))
        part = body[: len(body) // 2] if ending in ("short", "reset-in-body") else body
        raw = urllib3.HTTPResponse(
            _Reset(part) if ending == "reset-in-body" else io.BytesIO(part),
            {**headers, "Content-Length": str(len(body))},
            status,
            preload_content=False,
        )
        return self.build_response(request, raw)


class _Reset(io.BytesIO):
    """Bytes, and then a connection that is reset."""

    def read(self, size: int | None = -1) -> bytes:
        return self._or_reset(super().read(size))

    def read1(self, size: int | None = -1) -> bytes:
        return self._or_reset(super().read1(-1 if size is None else size))

    def _or_reset(self, data: bytes) -> bytes:
        if not data:
            raise ConnectionResetError(104, "Connection reset by peer")
        return data
