# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The call center behind the API: agents, calls, screens that poll, and live recordings. No HTTP, no text of the API.

Nothing here runs by itself. Whatever the screens would have done by now is carried out, in the order of time, before
every public method and every look at the rows, so the same code serves real time and a test's virtual time.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from .accounts import Account, same
from .clock import LATEST, Clock
from .validation import at_least, between, build, check, one_of, replaced, update

AGENT_CONTROLLED = "AGENT-CONTROLLED"
PARALLEL = "PARALLEL"
MONO = "MONO"
RECORDING_TYPES = (AGENT_CONTROLLED, PARALLEL, MONO)

INCALL = "INCALL"
AGENT_STATUSES = ("READY", "QUEUE", INCALL, "PAUSED", "CLOSER", "MQUEUE")

STEREO_SETTINGS = ("DISABLED", "BOTH_CHANNELS", "CUSTOMER_ONLY", "CUSTOMER_MUTE")
RECORDING_SETTINGS = ("NEVER", "ONDEMAND", "ALLCALLS", "ALLFORCE")
# What the log knows a recording's kind by, for each setting that allows it (protocol 8.4).
AGENT_CODES = {"BOTH_CHANNELS": "SACBC", "CUSTOMER_ONLY": "SACCO", "CUSTOMER_MUTE": "SACCM"}
PARALLEL_CODES = {"FULL": "SPFR", "CUSTOMER_ONLY": "SPCO", "CUSTOMER_MUTE": "SPCM"}
PARALLEL_SETTINGS = ("DISABLED", *PARALLEL_CODES)

FASTEST_POLL_SECONDS = 0.001
SLOWEST_ACT_SECONDS = 86400
LARGEST_UTC_OFFSET = 86399
HIDDEN_POLL_SECONDS = 2.0
THROTTLED_AFTER_SECONDS = 300.0
THROTTLED_POLL_SECONDS = 60.0
FIRST_RECORDING_ID = 100001


Found = TypeVar("Found")


class DialerError(ValueError):
    """What was asked of the dialer makes no sense, such as a call for an agent who is not logged in."""


@dataclass
class Campaign:
    """A campaign, or an in-group: its stereo setting and whether it records by itself (protocol 4.2, 4.5, 6).

    ``parallel`` is what it records of each call beside that, unseen by STATUS (protocol 4.2, 8.5).
    """

    name: str
    stereo: str = field(default="BOTH_CHANNELS", metadata=one_of(STEREO_SETTINGS))
    recording: str = field(default="ONDEMAND", metadata=one_of(RECORDING_SETTINGS))
    parallel: str = field(default="DISABLED", metadata=one_of(PARALLEL_SETTINGS))


@dataclass
class Call:
    """A live call; an inbound one came through an in-group, whose settings then rule (protocol 6).

    A call without a row in the call log is recorded by nobody, and a recording that the routing has pending
    (``eats_begin``) takes the place of the first one that a BEGIN asks for (protocol 4.13).
    """

    lead_id: int
    caller_id: str
    in_group: str | None = None
    uniqueid: str = ""
    in_log: bool = True
    eats_begin: bool = False


@dataclass
class Screen:
    """An agent's browser: reads the slot every ``poll`` seconds and needs ``act`` seconds more to carry it out.

    ``lose`` is how many of the next signals it reads and then does nothing about, and ``clear`` how long it needs to
    clear the slot, in which it finds the same signal again at its next poll. A ``hidden`` browser tab, since
    ``hidden_at``, polls every 2 s and after 5 minutes once a minute (protocol 4.13).
    """

    open: bool = True
    poll: float = field(default=1.0, metadata=at_least(FASTEST_POLL_SECONDS))
    act: float = field(default=0.3, metadata=between(0, SLOWEST_ACT_SECONDS))
    phase: float = field(default=0.0, metadata=between(-LATEST, LATEST))
    lose: int = field(default=0, metadata=at_least(0))
    clear: float = field(default=0.0, metadata=between(0, SLOWEST_ACT_SECONDS))
    hidden: bool = False
    hidden_at: float = field(default=0.0, metadata=between(0, LATEST))

    def next_poll(self, now: float) -> float:
        """The moment of the first poll after ``now``."""
        if not self.hidden:
            return _next_beat(self.phase, self.poll, now)
        beat = max(self.poll, HIDDEN_POLL_SECONDS)
        throttled_from = self.hidden_at + THROTTLED_AFTER_SECONDS
        due = _next_beat(self.hidden_at, beat, now)
        return due if due <= throttled_from else _next_beat(throttled_from, max(beat, THROTTLED_POLL_SECONDS), now)


def _next_beat(phase: float, beat: float, now: float) -> float:
    """The first moment after ``now`` that is a whole number of ``beat`` seconds from ``phase``."""
    return phase + (math.floor((now - phase) / beat) + 1) * beat


@dataclass
class Agent:
    """A logged-in agent. ``slot`` holds a signal of either recording function, or the id of a mono one (4.4)."""

    user: str
    campaign: str
    session: str
    server: str
    status: str = field(default="PAUSED", metadata=one_of(AGENT_STATUSES))
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


_NOT_TO_BE_SET = frozenset({"user", "login", "call"})


@dataclass
class Recording:
    """A row of the table of recordings; live while ``ended_at`` is None. Times are the clock's seconds.

    ``begun_by`` is the signal that began it, label and all, or who did it without one. ``extension`` is what the log
    knows its kind by (protocol 8.4): a code, or the conference of a mono recording. A ``stale`` row is one of an
    earlier call that no hang-up has ended: STATUS shows it, END does not close it (protocol 4.2).
    """

    recording_id: int
    user: str
    kind: str = field(metadata=one_of(RECORDING_TYPES))
    filename: str
    server: str
    started_at: float = field(metadata=between(0, LATEST))
    begun_by: str = ""
    ended_at: float | None = None
    ended_by: str | None = None
    extension: str = ""
    lead_id: int = 0
    uniqueid: str = ""
    stale: bool = False


@dataclass
class System:
    """System settings, and what build of VICIdial on what PHP the web server runs.

    ``seconds_to_move``: so long after its end a recording's file is where the log says (protocol 8.2).
    ``hashed_passwords``: passwords are kept encrypted. ``log_insert_fails``: the disk of the server's own log is full
    (protocol 1.8). ``web_root_writable`` is about protocol 1.9. ``echoes_raw``: a server that strips nothing.
    """

    stereo_recordings: bool = True
    api_active: bool = True
    enable_languages: bool = True
    active_servers: bool = True
    version: str = "2.14-84"
    build: str = "260302-1142"
    php: int = 8
    display_errors: bool = False
    hashed_passwords: bool = False
    log_insert_fails: bool = False
    web_root_writable: bool = True
    echoes_raw: bool = False
    utc_offset: int = field(default=0, metadata=between(-LARGEST_UTC_OFFSET, LARGEST_UTC_OFFSET))
    seconds_to_move: float = field(default=60.0, metadata=at_least(0))

    @property
    def is_php8(self) -> bool:
        """Whether it is PHP 8, which compares texts and reports failures in other ways (protocol 1.8, 1.9, 2.8)."""
        return self.php >= 8  # noqa: PLR2004 - the version


@dataclass(order=True)
class _Event:
    due: float = field(metadata=between(0, LATEST))
    number: int
    login: int = field(compare=False)
    user: str = field(compare=False)
    signal: str | None = field(compare=False)  # None: a poll; "": the slot is cleared; else a signal is acted on


@dataclass
class _Saved:
    """What :meth:`Dialer.save` writes. ``pending`` is what screens have begun to do and not done yet."""

    now: float
    logins: int
    calls: int
    system: dict[str, Any]
    alt_users: dict[str, str]
    campaigns: dict[str, Any]
    in_groups: dict[str, Any]
    agents: dict[str, Any]
    accounts: dict[str, Any]
    recordings: list[Any]
    pending: list[Any]


class Dialer:
    """A whole call center. Not thread-safe: whoever shares one between threads holds a lock around each call."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.system = System()
        self.accounts: dict[str, Account] = {}
        self.alt_users: dict[str, str] = {}
        self.campaigns: dict[str, Campaign] = {}
        self.in_groups: dict[str, Campaign] = {}
        self._agents: dict[str, Agent] = {}
        self._recordings: list[Recording] = []
        self._live: dict[str, list[Recording]] = {}
        self._events: list[_Event] = []
        self._polls: dict[str, _Event] = {}  # of each agent the one poll that is planned; others are void
        self._events_made = itertools.count()
        self._logins = 0
        self._calls = 0
        self._next_recording_id = FIRST_RECORDING_ID

    @property
    def agents(self) -> dict[str, Agent]:
        """The logged-in agents as of now, by user."""
        self._run_due_events()
        return self._agents

    @agents.setter
    def agents(self, agents: dict[str, Agent]) -> None:
        self._agents = agents

    @property
    def recordings(self) -> list[Recording]:
        """All recordings that there ever were, as of now, the oldest first."""
        self._run_due_events()
        return self._recordings

    # What people do

    def log_in(self, user: str, campaign: str = "TESTCAMP", **details: Any) -> Agent:
        """Log ``user`` in to ``campaign`` (made when new); ``details`` are further fields of :class:`Agent`."""
        now = self._run_due_events()
        if user in self._agents:
            raise DialerError(f"agent {user} is logged in already")
        number = self._logins + 1
        given = {"user": user, "campaign": campaign, "session": str(8600050 + number), "server": "10.0.0.5"}
        agent = build(Agent, {**given, "login": number, "screen": Screen(phase=now)})
        self._change(agent, details)
        self._logins = number
        self._agents[user] = agent
        self._wake_screen(agent)
        return agent

    def log_out(self, user: str) -> None:
        """Log ``user`` out: the live row and its slot go, every live recording ends (protocol 4.11)."""
        self._run_due_events()
        self._agent(user)
        self._end_all(user, "logged out")
        del self._agents[user]

    def start_call(self, user: str, in_group: str | None = None, in_log: bool = True, eats_begin: bool = False) -> None:
        """Connect a customer; what the campaign records by itself starts, a waiting BEGIN gets its call (4.2, 4.5).

        ``in_log`` and ``eats_begin`` are fields of :class:`Call`.
        """
        now = self._run_due_events()
        agent = self._agent(user)
        if agent.call is not None:
            raise DialerError(f"agent {user} is in a call already")
        if in_group is not None:
            self.in_groups.setdefault(in_group, Campaign(in_group))
        self._calls += 1
        caller_id, uniqueid = f"M{int(now):010d}{self._calls:09d}", f"{int(now)}.{self._calls}"
        agent.call = Call(500000 + self._calls, caller_id, in_group, uniqueid, in_log, eats_begin)
        agent.status = INCALL
        agent.calls_today += 1
        if self._rules(agent).parallel != "DISABLED":
            self._start(agent, PARALLEL, now, "the campaign")
        if self._rules(agent).recording in ("ALLCALLS", "ALLFORCE"):
            self._schedule(agent, now + agent.screen.act, "BEGIN")
        self._wake_screen(agent)

    def end_call(self, user: str, status: str = "PAUSED", erases_signal: bool = False) -> None:
        """Hang up: the recordings of the call end (4.11).

        A signal still in the slot stays there, for the next call, unless the disposition erases it (4.5).
        """
        self._run_due_events()
        agent = self._agent(user)
        if agent.call is None:
            raise DialerError(f"agent {user} is in no call")
        update(agent, {"status": status, "call": None})
        self._end_all(user, "call ended")
        if erases_signal:
            agent.slot = ""
        self._wake_screen(agent)

    def change_agent(self, user: str, **details: Any) -> None:
        """Set fields of a logged-in agent, such as ``status`` or ``pause_code``."""
        self._run_due_events()
        agent = self._agent(user)
        self._change(agent, details)
        self._wake_screen(agent)

    def change_screen(self, user: str, **details: Any) -> None:
        """Set fields of an agent's :class:`Screen`; a screen that opens again finds what the slot holds."""
        self.change_agent(user, screen=details)

    # What the API does

    def write_slot(self, user: str, signal: str) -> None:
        """Put ``signal`` into the agent's slot; what it held is lost (protocol 4.3, 4.4, 4.15)."""
        self._run_due_events()
        agent = self._agent(user)
        agent.slot = signal
        self._wake_screen(agent)

    def live_recording(self, user: str, kind: str = AGENT_CONTROLLED) -> Recording | None:
        """The newest live recording of ``kind`` of ``user``: what STATUS shows (protocol 4.2)."""
        self._run_due_events()
        return self._newest(user, kind)

    def recording(self, recording_id: str) -> Recording | None:
        """The live recording of that id, or None."""
        self._run_due_events()
        rows = itertools.chain.from_iterable(self._live.values())
        return next((row for row in rows if str(row.recording_id) == recording_id), None)

    def agent(self, user: str) -> Agent | None:
        """The logged-in agent ``user`` as of now, or None; upper and lower case are the same (protocol 3.8)."""
        self._run_due_events()
        return _find(self._agents, user)

    def account(self, user: str) -> Account | None:
        """The API account ``user``, or None; upper and lower case are the same (protocol 3.8)."""
        return _find(self.accounts, user)

    def user_of(self, alt_user: str) -> str | None:
        """The agent whom ``alt_user`` names, or None; upper and lower case are the same (protocol 1.3, 3.8)."""
        return _find(self.alt_users, alt_user)

    # What happens without being asked, and what a test observes

    def start_recording(
        self,
        user: str,
        kind: str = AGENT_CONTROLLED,
        filename: str | None = None,
        extension: str | None = None,
        stale: bool = False,
    ) -> Recording:
        """Start a recording of ``kind`` for ``user`` at once, whatever screen and settings would say.

        With an empty ``filename`` its row is not complete yet: STATUS shows neither server nor time (protocol 4.2).
        ``extension`` is the code in the log where it is not the one of the settings (protocol 8.4). A ``stale`` row
        outlives the call, END and a logout (protocol 4.2).
        """
        now = self._run_due_events()
        _check_kind(kind)
        recording = self._start(self._agent(user), kind, now, "another controller")
        recording.stale = stale
        if filename is not None:
            recording.filename = filename
        if extension is not None:
            recording.extension = extension
        return recording

    def log_recordings(self, recordings: Iterable[Recording]) -> None:
        """Put ``recordings`` that ended in the past into the log, with ids of its own."""
        for recording in recordings:
            self._recordings.append(replace(recording, recording_id=self._next_recording_id))
            self._next_recording_id += 1

    def end_recording(self, user: str, kind: str = AGENT_CONTROLLED) -> None:
        """End the newest live recording of ``kind`` of ``user``, as a second controller would."""
        now = self._run_due_events()
        _check_kind(kind)
        self._end(self._newest(user, kind), now, "another controller")

    def state(self) -> dict[str, Any]:
        """The whole truth as plain data, accounts without their passwords; ``live`` lists the live recordings."""
        now = self._run_due_events()
        accounts = {name: {**asdict(account), "password": None} for name, account in self.accounts.items()}
        live = [asdict(row) for rows in self._live.values() for row in rows]
        return {"now": now, **self._plain(), "accounts": accounts, "live": live}

    # Keeping the dialer over a restart

    def save(self) -> dict[str, Any]:
        """Everything :meth:`load` needs, as plain data; passwords included."""
        now = self._run_due_events()
        return {
            "now": now,
            "logins": self._logins,
            "calls": self._calls,
            **self._plain(),
            "accounts": {name: asdict(account) for name, account in self.accounts.items()},
            "recordings": [asdict(recording) for recording in self._recordings],
            "pending": [asdict(event) for event in sorted(self._events) if event.signal is not None],
        }

    def load(self, plain: Mapping[str, Any]) -> None:
        """Become what :meth:`save` wrote; the clock does not go back behind it. Raises ValueError for anything else."""
        saved = build(_Saved, plain)
        self.clock.advance(max(0.0, saved.now - self.clock.now()))
        self.system = build(System, saved.system)
        self.alt_users = dict(saved.alt_users)
        self.accounts = {account.user: account for account in (build(Account, row) for row in saved.accounts.values())}
        self.campaigns = _rules_saved(saved.campaigns)
        self.in_groups = _rules_saved(saved.in_groups)
        self._recordings = [build(Recording, row) for row in saved.recordings]
        self._live = {}
        for recording in self._recordings:
            if recording.ended_at is None:
                self._live.setdefault(recording.user, []).append(recording)
        self._next_recording_id = (
            max((row.recording_id for row in self._recordings), default=FIRST_RECORDING_ID - 1) + 1
        )
        self._logins, self._calls = saved.logins, saved.calls
        self._events = [build(_Event, row) for row in saved.pending]
        heapq.heapify(self._events)
        self._events_made = itertools.count(max((event.number for event in self._events), default=-1) + 1)
        self._polls = {}
        self.agents = {agent.user: agent for agent in map(_agent_saved, saved.agents.values())}
        for agent in self._agents.values():
            self._wake_screen(agent)

    def _plain(self) -> dict[str, Any]:
        return {
            "system": asdict(self.system),
            "alt_users": self.alt_users,
            "campaigns": {name: asdict(campaign) for name, campaign in self.campaigns.items()},
            "in_groups": {name: asdict(in_group) for name, in_group in self.in_groups.items()},
            "agents": {name: asdict(agent) for name, agent in self._agents.items()},
        }

    # Screens

    def _run_due_events(self) -> float:
        """Carry out all that screens were due to do by now; returns now."""
        now = self.clock.now()
        while self._events and self._events[0].due <= now:
            event = heapq.heappop(self._events)
            agent = self._agents.get(event.user)
            if agent is None or agent.login != event.login:
                continue
            if event.signal:
                self._act(agent, event.signal, event.due)
            elif event.signal is not None:
                agent.slot = ""
            elif self._polls.get(event.user) is event:
                self._poll(agent, event.due)
        return now

    def _wake_screen(self, agent: Agent) -> None:
        """Plan the poll that will find what is in the slot now, in place of the one that was planned.

        A BEGIN without a call is left there (4.5).
        """
        self._polls.pop(agent.user, None)
        if self._finds_signal(agent):
            self._polls[agent.user] = self._schedule(agent, agent.screen.next_poll(self.clock.now()), None)

    def _finds_signal(self, agent: Agent) -> bool:
        """Whether a poll of the agent's screen would find a signal to act on (protocol 4.13, 4.14)."""
        begins_without_call = "BEGIN" in agent.slot and agent.call is None
        is_signal = agent.slot in ("STOP", "END") or "START" in agent.slot or "BEGIN" in agent.slot
        return agent.screen.open and is_signal and not begins_without_call

    def _schedule(self, agent: Agent, due: float, signal: str | None) -> _Event:
        event = _Event(due, next(self._events_made), agent.login, agent.user, signal)
        heapq.heappush(self._events, event)
        return event

    def _poll(self, agent: Agent, now: float) -> None:
        if not self._finds_signal(agent):
            return
        screen, signal = agent.screen, agent.slot
        if screen.lose:
            screen.lose -= 1
        else:
            self._schedule(agent, now + screen.act, signal)
        if screen.clear:
            self._schedule(agent, now + screen.clear, "")
            self._polls[agent.user] = self._schedule(agent, screen.next_poll(now), None)
        else:
            agent.slot = ""

    def _act(self, agent: Agent, signal: str, now: float) -> None:
        if "|" in signal or "\n" in signal:
            return  # protocol 4.8: such a signal confuses the screen
        if "BEGIN" in signal:
            self._begin(agent, signal, now)
        elif signal == "END":
            self._end(self._newest(agent.user, AGENT_CONTROLLED, stale=False), now, "END")
        elif signal == "STOP":
            for recording in [row for row in self._live.get(agent.user, []) if row.kind == MONO]:
                self._end(recording, now, "STOP")
        if "START" in signal:
            self._start(agent, MONO, now, signal)  # protocol 4.8: also when it is only part of a stereo label

    def _begin(self, agent: Agent, signal: str, now: float) -> None:
        """Start what BEGIN asks for, where nothing silently prevents it (protocol 4.5, 4.13)."""
        call = agent.call
        if call is None or not call.in_log or self._rules(agent).stereo == "DISABLED":
            return
        if call.eats_begin:
            call.eats_begin = False
            return
        self._start(agent, AGENT_CONTROLLED, now, signal)

    # Rows

    def _agent(self, user: str) -> Agent:
        if user not in self._agents:
            raise DialerError(f"agent {user} is not logged in")
        return self._agents[user]

    def _change(self, agent: Agent, details: dict[str, Any]) -> None:
        """Set fields of ``agent``, and by the name "screen" those of its screen: all of them or none."""
        for name in _NOT_TO_BE_SET & details.keys():
            raise DialerError(f"{name} of an agent cannot be set")
        if "screen" in details:
            screen = replaced(agent.screen, details["screen"])
            if screen.hidden and not agent.screen.hidden:
                screen.hidden_at = self.clock.now()
            details = {**details, "screen": screen}
        update(agent, details)
        self.campaigns.setdefault(agent.campaign, Campaign(agent.campaign))

    def _rules(self, agent: Agent) -> Campaign:
        """The settings that hold for the agent's call: the in-group's for an inbound one (protocol 6)."""
        if agent.call is not None and agent.call.in_group is not None:
            return self.in_groups.get(agent.call.in_group) or Campaign(agent.call.in_group)
        return self.campaigns.get(agent.campaign) or Campaign(agent.campaign)

    def _newest(self, user: str, kind: str, *, stale: bool = True) -> Recording | None:
        """The live recording with the latest second of start, of several the first one in the table (protocol 4.2)."""
        rows = [row for row in self._live.get(user, []) if row.kind == kind and (stale or not row.stale)]
        return max(rows, key=lambda row: (int(row.started_at), -row.recording_id), default=None)

    def _start(self, agent: Agent, kind: str, now: float, by: str) -> Recording:
        number = self._next_recording_id
        self._next_recording_id += 1
        filename = f"{number}_{agent.campaign}_{agent.user}"
        recording = Recording(number, agent.user, kind, filename, agent.server, now, by)
        recording.extension = self._extension(agent, kind)
        if agent.call is not None:
            recording.lead_id, recording.uniqueid = agent.call.lead_id, agent.call.uniqueid
        self._recordings.append(recording)
        self._live.setdefault(agent.user, []).append(recording)
        if kind == MONO:
            agent.slot = str(number)  # protocol 4.15
        return recording

    def _extension(self, agent: Agent, kind: str) -> str:
        """What the log knows a recording of ``kind`` by (protocol 8.4)."""
        rules = self._rules(agent)
        if kind == MONO:
            return agent.session
        return (
            PARALLEL_CODES.get(rules.parallel, "SPFR") if kind == PARALLEL else AGENT_CODES.get(rules.stereo, "SACBC")
        )

    def _end(self, recording: Recording | None, now: float, by: str) -> None:
        if recording is None:
            return
        recording.ended_at, recording.ended_by = now, by
        self._live[recording.user].remove(recording)
        agent = self._agents.get(recording.user)
        if agent is not None and agent.slot == str(recording.recording_id):
            agent.slot = ""

    def _end_all(self, user: str, by: str) -> None:
        for recording in list(self._live.get(user, [])):
            if not recording.stale:
                self._end(recording, self.clock.now(), by)


def _find(rows: Mapping[str, Found], name: str) -> Found | None:
    """The row of that name, as the database compares names (protocol 3.8)."""
    return rows[name] if name in rows else next((row for other, row in rows.items() if same(other, name)), None)


def _check_kind(kind: str) -> None:
    check("kind", "str", kind, one_of(RECORDING_TYPES))


def _rules_saved(plain: Mapping[str, Any]) -> dict[str, Campaign]:
    return {campaign.name: campaign for campaign in (build(Campaign, row) for row in plain.values())}


def _agent_saved(plain: Any) -> Agent:
    check("Agent", "dict[str, Any]", plain)
    call, screen = plain.get("call"), plain.get("screen")
    return build(Agent, {**plain, "call": call and build(Call, call), "screen": build(Screen, screen)})
