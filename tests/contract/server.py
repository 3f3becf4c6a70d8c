# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server under contract, over raw HTTP, and the control path that only the simulator has.

Nothing of the collection's own client is used here: these tests are about the bytes on the wire.
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import urlencode, urlsplit

from ansible_collections.telephony.vicidial.tests.support import Simulator
from vicidial_simulator.accounts import Account
from vicidial_simulator.dialer import Agent

AGENT_API = "/agc/api.php"
NON_AGENT_API = "/vicidial/non_agent_api.php"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SCREEN_SECONDS = 10.0


@dataclass(frozen=True)
class Reply:
    """An HTTP answer as it came."""

    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def fields(self) -> list[str]:
        """The fields of the answer, which has to be one line of the normal form (protocol 2.1)."""
        assert self.text.count("\n") == 1
        assert self.text.count(" - ") == 1
        return self.text.rstrip("\n").partition(" - ")[2].split("|")


@dataclass(frozen=True)
class Server:
    """A VICIdial server with an API account on it and an agent who is logged in and in a live call."""

    url: str
    user: str
    password: str
    agent: str
    source: str = "contract"
    simulator: Simulator | None = None

    def request(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Reply:
        """One HTTP request on a connection of its own; an underscore in a header's name stands for a hyphen."""
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.netloc, timeout=30)
        try:
            connection.request(method, target, body, {key.replace("_", "-"): value for key, value in headers.items()})
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def call(self, method: str = "POST", path: str = AGENT_API, **params: str | None) -> Reply:
        """One call with the parameters in the form of a POST or else in the URL; None leaves a parameter out.

        What is not given is a STATUS of the agent with the right credentials.
        """
        sent = {key: value for key, value in {**self.defaults(path), **params}.items() if value is not None}
        if method == "POST":
            return self.request(method, path, urlencode(sent).encode(), **FORM)
        return self.request(method, f"{path}?{urlencode(sent)}")

    def defaults(self, path: str = AGENT_API) -> dict[str, str]:
        """The parameters of a call that succeeds and changes nothing."""
        caller = {"source": self.source, "user": self.user, "pass": self.password}
        if path == NON_AGENT_API:
            return {**caller, "function": "logged_in_agents"}
        return {**caller, "function": "stereo_recording", "value": "STATUS", "agent_user": self.agent}

    def session(self) -> str:
        """The three fields that end an answer about the agent: AGENT_SERVER_IP|SESSION|AGENT_STATUS."""
        return "|".join(self.call().fields[-3:])

    def recording_id(self) -> str:
        """The id that STATUS shows for the agent; "" when it shows no recording."""
        return self.call().fields[1]

    def pass_time(self, seconds: float) -> None:
        """Let the screens work: the simulator's clock is moved, a real server is waited for."""
        if self.simulator is None:
            time.sleep(seconds)
            return
        with self.simulator.lock:
            self.simulator.dialer.clock.advance(seconds)

    def wait_for_screen(self, shown_before: str = "") -> str:
        """Wait until STATUS shows another recording id than ``shown_before`` ("" is none); returns what it shows."""
        waited = 0.0
        while (shown := self.recording_id()) == shown_before and waited < SCREEN_SECONDS:
            self.pass_time(0.5)
            waited += 0.5
        assert shown != shown_before, f"the agent's screen did nothing within {SCREEN_SECONDS:g} s"
        return shown

    def begin(self) -> str:
        """Start one more recording and wait for it; returns its id."""
        before = self.recording_id()
        self.call(value="BEGIN")
        return self.wait_for_screen(before)

    def end(self) -> str:
        """End the newest recording and wait for it; returns the id of the one that is then shown, "" for none."""
        before = self.recording_id()
        self.call(value="END")
        return self.wait_for_screen(before)

    def end_everything(self) -> None:
        """Let a signal that may still be in the slot do its work, then end all recordings of the agent."""
        self.pass_time(3.0)
        while self.recording_id():
            self.end()


@dataclass(frozen=True)
class Control:
    """The simulator behind the server: what no client can do or see."""

    simulator: Simulator

    def do(self, action: str, **arguments: Any) -> Any:
        """Carry out ``action`` as a POST to ``/_simulator/action`` would."""
        with self.simulator.lock:
            return self.simulator.control.act(action, arguments)

    def agent(self, user: str) -> Agent:
        """The agent ``user`` after all that screens were due to do."""
        with self.simulator.lock:
            agent = self.simulator.dialer.agent(user)
        assert agent is not None
        return agent

    def account(self, user: str) -> Account:
        """The API account ``user``."""
        return self.simulator.dialer.accounts[user]

    def live(self, user: str) -> list[str]:
        """The kinds of the live recordings of ``user``, the oldest first."""
        with self.simulator.lock:
            return [row["kind"] for row in self.simulator.dialer.state()["live"] if row["user"] == user]
