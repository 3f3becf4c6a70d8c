# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call center behind the API: agents, calls, screens that poll, and live recordings. No HTTP, no text of the API.

Nothing here runs by itself. Whatever the screens would have done by now is carried out, in the order of time, at the
beginning of every public method, so the same code serves real time and a test's virtual time.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import asdict, dataclass, field
from typing import Any

from .accounts import Account
from .clock import Clock

AGENT_CONTROLLED = "AGENT-CONTROLLED"
PARALLEL = "PARALLEL"
MONO = "MONO"
RECORDING_TYPES = (AGENT_CONTROLLED, PARALLEL, MONO)

INCALL = "INCALL"
AGENT_STATUSES = ("READY", "QUEUE", INCALL, "PAUSED", "CLOSER", "MQUEUE")

STEREO_SETTINGS = ("DISABLED", "BOTH_CHANNELS", "CUSTOMER_ONLY", "CUSTOMER_MUTE")
RECORDING_SETTINGS = ("NEVER", "ONDEMAND", "ALLCALLS", "ALLFORCE")


class DialerError(ValueError):
    """What was asked of the dialer makes no sense, such as a call for an agent who is not logged in."""


@dataclass
class Campaign:
    """A campaign, or an in-group: its stereo setting and whether it records by itself (protocol 4.2, 4.5, 6)."""

    name: str
    stereo: str = "BOTH_CHANNELS"
    recording: str = "ONDEMAND"


@dataclass
class Call:
    """A live call; an inbound one came through an in-group, whose settings then rule (protocol 6)."""

    lead_id: int
    caller_id: str
    in_group: str | None = None


@dataclass
class Screen:
    """An agent's browser: reads the slot every ``poll`` seconds and needs ``act`` seconds more to carry it out.

    ``lose`` is how many of the next signals it reads and then does nothing about.
    """

    open: bool = True
    poll: float = 1.0
    act: float = 0.3
    phase: float = 0.0
    lose: int = 0


@dataclass
class Agent:
    """A logged-in agent. ``slot`` is the mailbox of one signal that both recording functions write (protocol 4.4)."""

    user: str
    campaign: str
    session: str
    server: str
    status: str = "PAUSED"
    full_name: str = ""
    user_group: str = "AGENTS"
    level: int = 1
    calls_today: int = 0
    pause_code: str = ""
    sub_status: str = ""
    login: int = 0
    slot: str = ""
    call: Call | None = None
    screen: Screen = field(default_factory=Screen)


@dataclass
class Recording:
    """A row of the table of recordings; live while ``ended_at`` is None. Times are the clock's seconds."""

    recording_id: int
    user: str
    kind: str
    filename: str
    server: str
    started_at: float
    ended_at: float | None = None
    ended_by: str | None = None


@dataclass
class System:
    """System settings, and what build of VICIdial on what PHP the web server runs."""

    stereo_recordings: bool = True
    api_active: bool = True
    enable_languages: bool = True
    active_servers: bool = True
    version: str = "2.14-84"
    build: str = "260302-1142"
    php: int = 8
    display_errors: bool = False
    shows_sql: bool = False
    utc_offset: int = 0


@dataclass(order=True)
class _Event:
    due: float
    number: int
    login: int = field(compare=False)
    user: str = field(compare=False)
    signal: str | None = field(compare=False)


class Dialer:
    """A whole call center. Not thread-safe: whoever shares one between threads holds a lock around each call."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.system = System()
        self.accounts: dict[str, Account] = {}
        self.alt_users: dict[str, str] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.in_groups: dict[str, Campaign] = {}
        self.agents: dict[str, Agent] = {}
        self.recordings: list[Recording] = []
        self._live: dict[str, list[Recording]] = {}
        self._events: list[_Event] = []
        self._events_made = itertools.count()
        self._logins = 0
        self._calls = 0
        self._next_recording_id = 100001

    # What people do

    def log_in(self, user: str, campaign: str = "TESTCAMP", **details: Any) -> Agent:
        """Log ``user`` in to ``campaign`` (made when new); ``details`` are further fields of :class:`Agent`."""
        now = self._settle()
        if user in self.agents:
            raise DialerError(f"agent {user} is logged in already")
        self._logins += 1
        agent = Agent(user, campaign, session=str(8600050 + self._logins), server="10.0.0.5", login=self._logins)
        agent.screen.phase = now
        self._change(agent, details)
        self.campaigns.setdefault(campaign, Campaign(campaign))
        self.agents[user] = agent
        return agent

    def log_out(self, user: str) -> None:
        """Log ``user`` out: the live row and its slot go, every live recording ends (protocol 4.11)."""
        self._settle()
        self._agent(user)
        self._end_all(user, "logged out")
        del self.agents[user]

    def start_call(self, user: str, in_group: str | None = None) -> None:
        """Connect a customer; what the campaign records by itself starts, a waiting BEGIN gets its call (4.2, 4.5)."""
        now = self._settle()
        agent = self._agent(user)
        if agent.call is not None:
            raise DialerError(f"agent {user} is in a call already")
        if in_group is not None:
            self.in_groups.setdefault(in_group, Campaign(in_group))
        self._calls += 1
        agent.call = Call(500000 + self._calls, f"M{int(now):010d}{self._calls:09d}", in_group)
        agent.status = INCALL
        agent.calls_today += 1
        if self._rules(agent).recording in ("ALLCALLS", "ALLFORCE"):
            self._schedule(agent, now + agent.screen.act, "BEGIN")
        self._wake_screen(agent)

    def end_call(self, user: str, status: str = "PAUSED") -> None:
        """Hang up and disposition: recordings end (4.11), a signal still in the slot is erased (4.5)."""
        self._settle()
        agent = self._agent(user)
        if agent.call is None:
            raise DialerError(f"agent {user} is in no call")
        self._end_all(user, "call ended")
        agent.call = None
        agent.slot = ""
        self._change(agent, {"status": status})

    def change_agent(self, user: str, **details: Any) -> None:
        """Set fields of a logged-in agent, such as ``status`` or ``pause_code``."""
        self._settle()
        self._change(self._agent(user), details)

    def change_screen(self, user: str, **details: Any) -> None:
        """Set fields of an agent's :class:`Screen`; a screen that opens again finds what the slot holds."""
        self._settle()
        agent = self._agent(user)
        self._change(agent, {"screen": details})
        self._wake_screen(agent)

    # What the API does

    def write_slot(self, user: str, signal: str) -> None:
        """Put ``signal`` into the agent's slot; what it held is lost (protocol 4.3, 4.4)."""
        self._settle()
        agent = self._agent(user)
        agent.slot = signal
        self._wake_screen(agent)

    def live_recording(self, user: str, kind: str = AGENT_CONTROLLED) -> Recording | None:
        """The newest live recording of ``kind`` of ``user``: what STATUS shows (protocol 4.2)."""
        self._settle()
        return self._newest(user, kind)

    def agent(self, user: str) -> Agent | None:
        """The logged-in agent ``user`` as of now, or None."""
        self._settle()
        return self.agents.get(user)

    # What happens without being asked, and what a test observes

    def start_recording(self, user: str, kind: str = AGENT_CONTROLLED, filename: str | None = None) -> Recording:
        """Start a recording of ``kind`` for ``user`` at once, whatever screen and settings would say.

        With an empty ``filename`` its row is not complete yet: STATUS shows neither server nor time (protocol 4.2).
        """
        now = self._settle()
        if kind not in RECORDING_TYPES:
            raise DialerError(f"a recording is one of {', '.join(RECORDING_TYPES)}")
        recording = self._start(self._agent(user), kind, now)
        if filename is not None:
            recording.filename = filename
        return recording

    def end_recording(self, user: str, kind: str = AGENT_CONTROLLED) -> None:
        """End the newest live recording of ``kind`` of ``user``, as a second controller would."""
        now = self._settle()
        self._end(self._newest(user, kind), now, "another controller")

    def state(self) -> dict[str, Any]:
        """The whole truth as plain data, accounts without their passwords; ``live`` lists the live recordings."""
        now = self._settle()
        accounts = {name: {**asdict(it), "password": None} for name, it in self.accounts.items()}
        live = [asdict(it) for rows in self._live.values() for it in rows]
        return {"now": now, **self._plain(), "accounts": accounts, "live": live}

    # Keeping the dialer over a restart

    def save(self) -> dict[str, Any]:
        """Everything :meth:`load` needs, as plain data; passwords included."""
        now = self._settle()
        accounts = {name: asdict(it) for name, it in self.accounts.items()}
        recordings = [asdict(it) for it in self.recordings]
        counts = {"logins": self._logins, "calls": self._calls}
        return {"now": now, **counts, **self._plain(), "accounts": accounts, "recordings": recordings}

    def load(self, saved: dict[str, Any]) -> None:
        """Become what :meth:`save` wrote; the clock does not go back behind it."""
        self.clock.advance(max(0.0, saved["now"] - self.clock.now()))
        self.system = System(**saved["system"])
        self.alt_users = dict(saved["alt_users"])
        self.accounts = {name: Account(**it) for name, it in saved["accounts"].items()}
        self.campaigns = {name: Campaign(**it) for name, it in saved["campaigns"].items()}
        self.in_groups = {name: Campaign(**it) for name, it in saved["in_groups"].items()}
        self.recordings = [Recording(**it) for it in saved["recordings"]]
        self._live = {}
        for recording in self.recordings:
            if recording.ended_at is None:
                self._live.setdefault(recording.user, []).append(recording)
        self._next_recording_id = max((it.recording_id for it in self.recordings), default=100000) + 1
        self.agents = {}
        self._events = []
        for user, row in saved["agents"].items():
            call, screen = row.pop("call"), row.pop("screen")
            agent = Agent(**row, call=Call(**call) if call else None, screen=Screen(**screen))
            self.agents[user] = agent
            self._wake_screen(agent)
        self._logins, self._calls = saved["logins"], saved["calls"]

    def _plain(self) -> dict[str, Any]:
        return {
            "system": asdict(self.system),
            "alt_users": self.alt_users,
            "campaigns": {name: asdict(it) for name, it in self.campaigns.items()},
            "in_groups": {name: asdict(it) for name, it in self.in_groups.items()},
            "agents": {name: asdict(it) for name, it in self.agents.items()},
        }

    # Screens

    def _settle(self) -> float:
        """Carry out all that screens were due to do by now; returns now."""
        now = self.clock.now()
        while self._events and self._events[0].due <= now:
            event = heapq.heappop(self._events)
            agent = self.agents.get(event.user)
            if agent is None or agent.login != event.login:
                continue
            if event.signal is None:
                self._poll(agent, event.due)
            else:
                self._act(agent, event.signal, event.due)
        return now

    def _wake_screen(self, agent: Agent) -> None:
        """Plan the poll that will find what is in the slot now; a BEGIN without a call is left there (4.5)."""
        waits_for_call = agent.slot.startswith("BEGIN") and agent.call is None
        if agent.slot and agent.screen.open and not waits_for_call:
            polls_done = math.floor((self.clock.now() - agent.screen.phase) / agent.screen.poll)
            self._schedule(agent, agent.screen.phase + (polls_done + 1) * agent.screen.poll, None)

    def _schedule(self, agent: Agent, due: float, signal: str | None) -> None:
        heapq.heappush(self._events, _Event(due, next(self._events_made), agent.login, agent.user, signal))

    def _poll(self, agent: Agent, now: float) -> None:
        if not agent.slot or not agent.screen.open or (agent.slot.startswith("BEGIN") and agent.call is None):
            return
        signal, agent.slot = agent.slot, ""
        if agent.screen.lose:
            agent.screen.lose -= 1
        else:
            self._schedule(agent, now + agent.screen.act, signal)

    def _act(self, agent: Agent, signal: str, now: float) -> None:
        if "|" in signal or "\n" in signal:
            return  # protocol 4.8: such a signal confuses the screen
        if signal.startswith("BEGIN"):
            if agent.call is not None and self._rules(agent).stereo != "DISABLED":
                self._start(agent, AGENT_CONTROLLED, now)
        elif signal == "END":
            self._end(self._newest(agent.user, AGENT_CONTROLLED), now, "END")
        elif signal == "STOP":
            for recording in [it for it in self._live.get(agent.user, []) if it.kind == MONO]:
                self._end(recording, now, "STOP")
        if "START" in signal:
            self._start(agent, MONO, now)  # protocol 4.8: also when it is only part of a stereo label

    # Rows

    def _agent(self, user: str) -> Agent:
        if user not in self.agents:
            raise DialerError(f"agent {user} is not logged in")
        return self.agents[user]

    def _change(self, agent: Agent, details: dict[str, Any]) -> None:
        if details.get("status", agent.status) not in AGENT_STATUSES:
            raise DialerError(f"a status is one of {', '.join(AGENT_STATUSES)}")
        screen = details.pop("screen", {})
        if screen.get("poll", agent.screen.poll) <= 0:
            raise DialerError("a screen polls every so many seconds, not every 0 or fewer")
        _set_fields(agent, details)
        _set_fields(agent.screen, screen)

    def _rules(self, agent: Agent) -> Campaign:
        """The settings that hold for the agent's call: the in-group's for an inbound one (protocol 6)."""
        if agent.call is not None and agent.call.in_group is not None:
            return self.in_groups[agent.call.in_group]
        return self.campaigns[agent.campaign]

    def _newest(self, user: str, kind: str) -> Recording | None:
        return next((it for it in reversed(self._live.get(user, [])) if it.kind == kind), None)

    def _start(self, agent: Agent, kind: str, now: float) -> Recording:
        number = self._next_recording_id
        self._next_recording_id += 1
        recording = Recording(number, agent.user, kind, f"{number}_{agent.campaign}_{agent.user}", agent.server, now)
        self.recordings.append(recording)
        self._live.setdefault(agent.user, []).append(recording)
        return recording

    def _end(self, recording: Recording | None, now: float, by: str) -> None:
        if recording is not None:
            recording.ended_at, recording.ended_by = now, by
            self._live[recording.user].remove(recording)

    def _end_all(self, user: str, by: str) -> None:
        for recording in list(self._live.get(user, [])):
            self._end(recording, self.clock.now(), by)


def _set_fields(row: Any, details: dict[str, Any]) -> None:
    for name, value in details.items():
        if not hasattr(row, name):
            raise DialerError(f"{type(row).__name__} has no field {name}")
        setattr(row, name, value)
