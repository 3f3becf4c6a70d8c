# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call center in virtual time whose calls meet faults, and which remembers what was true when each was answered.

A call that meets a fault goes through the real HTTP client. Only its socket is not there: what the simulator's web
server would send, or the exception of a network that fails, is put in its place.
"""

from __future__ import annotations

import io
import re
import socket
import ssl
from collections import Counter
from typing import Any, Callable

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

from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection, Http
from ansible_collections.telephony.vicidial.tests.reliability.truth import HARMLESS, OLD_BUILD, Called
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER
from ansible_collections.telephony.vicidial.tests.unit.virtual import VirtualCallCenter
from vicidial_simulator import agent_api
from vicidial_simulator.dialer import Recording
from vicidial_simulator.faults import Fault, Response
from vicidial_simulator.journal import result_of

LATENCY = 0.01
TIMEOUT = 10.0
RESTART_SECONDS = 3.0
SLOW = {"latency", "slow-headers", "slow-body"}
URL = "http://virtual/agc/api.php"

_POOL: Any = urllib3.HTTPConnectionPool("virtual")


def _unconnected(reason: Exception, kind: type[requests.RequestException] = requests.ConnectionError) -> Exception:
    return kind(MaxRetryError(_POOL, URL, reason))


class CertificateError(ValueError):
    """As urllib3 before 2 has one, which compares the names in a certificate by itself."""


# What requests raises where no connection comes about: the call never reaches the application.
NETWORK_FAULTS: dict[str, Callable[[], Exception]] = {
    "refused": lambda: _unconnected(NewConnectionError(_POOL, "[Errno 111] Connection refused")),
    "no-such-host": lambda: _unconnected(NewConnectionError(_POOL, str(socket.gaierror(-2, "unknown")))),
    "no-route-in-time": lambda: _unconnected(ConnectTimeoutError(), requests.ConnectTimeout),
    "handshake-failure": lambda: _untrusted(ssl.SSLError(1, "handshake failure")),
    "expired-certificate": lambda: _untrusted(ssl.SSLCertVerificationError(1, "certificate has expired")),
    "wrong-name-certificate": lambda: _untrusted(CertificateError("hostname doesn't match")),
}


def _untrusted(error: Exception) -> Exception:
    return _unconnected(urllib3.exceptions.SSLError(error), requests.exceptions.SSLError)


class NetworkFault(Fault):
    """A fault of a call that is none of the simulator's: no connection comes about."""

    works = False

    def __post_init__(self) -> None:
        """There is no preset by its name."""

    def shape(self, _response: Response) -> Response:
        """Raise what requests would."""
        raise NETWORK_FAULTS[self.name]()


# What happens to an agent of a call center.
Event = Callable[["FaultyCallCenter", str], None]


class Sent(str):
    """A signal in the slot that came by a call of the task: it stays with the recording that it begins."""


class FaultyCallCenter(VirtualCallCenter):
    """With ``hits``, the faults of calls, and ``events`` by agent, number of the call, and "before" or "after" it."""

    def __init__(self, agents: int = 1, statuses: str = "INCALL", poll: float = 2.0) -> None:
        super().__init__(agents, statuses, latency=LATENCY)
        self.hits: list[Fault] = []
        self.events: dict[tuple[str, int, str], Event] = {}
        self.log: list[Called] = []
        self.away_until = 0.0
        self.happened = False
        self._numbers_of: Counter[str] = Counter()
        self._wire = Http(Connection(URL, USER, PASSWORD))
        self._wire._session.trust_env = False
        self._wire._session.mount("http://", _Wire(self))
        self._coming_response: Callable[[], Response] = lambda: Response(b"")
        for user in self.dialer.agents:
            self.dialer.change_screen(user, poll=poll)

    def truth(self, user: str) -> str | None:
        """``recording`` or ``idle``, in truth; None for one who is not logged in."""
        if self.dialer.agent(user) is None:
            return None
        return "recording" if self.dialer.live_recording(user) else "idle"

    def begun(self) -> list[Recording]:
        """The recordings that calls of the task have begun, as of now."""
        return [recording for recording in self.dialer.recordings if isinstance(recording.begun_by, Sent)]

    def hit(self, name: str, user: str, skip: int, times: int | None = 1, seconds: float = 0.0) -> None:
        """Let the next ``times`` calls about ``user`` meet a fault, after ``skip`` of them."""
        kind = NetworkFault if name in NETWORK_FAULTS else Fault
        self.hits.append(kind(name, times, skip, seconds, agent_user=user))

    def post(self, url: str, form: dict[str, str]) -> bytes:
        user = form.get("agent_user", "")
        number = self._numbers_of[user]
        self._numbers_of[user] += 1
        self.calls.append((self.at, form["value"] or form["function"], user))
        self._happen(user, number, "before")
        fault: Fault | None = next((it for it in self.hits if it.takes(form)), None)
        if self.at < self.away_until:
            fault = NetworkFault("refused")
        self.happened |= fault is not None
        works = fault is None or fault.works
        text = agent_api.AgentApi(self.dialer).answer(form, "127.0.0.1") if works else ""
        result = _result(text) if works else ""
        if result.startswith(("SUCCESS", "Exitoso")):
            self.dialer.agents[user].slot = Sent(form["value"])
        self.log.append(Called(user, form["value"], self.truth(user), result, _harm(fault)))
        self._happen(user, number, "after")
        if fault is None:
            return text.encode()
        self._coming_response = lambda: fault.shape(Response(text.encode()))
        return self._wire.post(url, form)

    def respond(self, request: requests.PreparedRequest) -> requests.Response:
        """What the call that is under way gets, as requests would hand it on."""
        response = self._coming_response()
        self._took += min(response.delay, TIMEOUT)
        if response.delay > TIMEOUT:
            raise requests.ReadTimeout(ReadTimeoutError(_POOL, URL, "timed out"))
        if response.ending == "reset":
            raise requests.ConnectionError(ProtocolError("aborted", ConnectionResetError(104, "reset by peer")))
        is_half = response.ending in ("short", "reset-in-body")
        body = response.body[: len(response.body) // 2] if is_half else response.body
        raw = urllib3.HTTPResponse(
            _Reset(body) if response.ending == "reset-in-body" else io.BytesIO(body),
            {**response.headers, "Content-Length": str(len(response.body))},
            response.status,
            preload_content=False,
        )
        return HTTPAdapter().build_response(request, raw)

    def _happen(self, user: str, number: int, when: str) -> None:
        event = self.events.get((user, number, when))
        if event is not None:
            self.happened = True
            event(self, user)


def _result(text: str) -> str:
    """The result of an answer of the application; for a refused account with the first word of the message."""
    refused = re.match(r"(ERROR: Invalid Username/Password): .*\|(\w+)[^|]*\|$", text)
    return " ".join(refused.groups()) if refused else result_of(text) or OLD_BUILD


def _harm(fault: Fault | None) -> str | None:
    """The name of a fault that keeps an answer from its reader."""
    is_in_time = fault is not None and fault.name in SLOW and fault.seconds <= TIMEOUT
    return None if fault is None or fault.name in HARMLESS or is_in_time else fault.name


class _Wire(HTTPAdapter):
    """Where requests would open a connection."""

    def __init__(self, center: FaultyCallCenter) -> None:
        super().__init__()
        self._center = center

    def send(self, request: requests.PreparedRequest, *_args: Any, **_kwargs: Any) -> requests.Response:
        return self._center.respond(request)


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
