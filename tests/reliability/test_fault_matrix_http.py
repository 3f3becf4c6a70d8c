# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault matrix over real connections: a task's result is true whatever the network and the web server do.

Every cell has a simulator of its own, and many run at once, so that waiting costs little. What is asserted holds
however slow the machine is: a slow one can only change what becomes of a cell, not whether the result is true.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils import _options
from ansible_collections.telephony.vicidial.plugins.modules.vicidial_stereo_recording import OPERATION
from ansible_collections.telephony.vicidial.plugins.modules.vicidial_stereo_recording import wanted as desired_state
from ansible_collections.telephony.vicidial.tests.certificates import make_certificate
from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from ansible_collections.telephony.vicidial.tests.reliability.oracle import (
    HARMLESS,
    HARMLESS_TO_QUESTIONS,
    SLOW,
    Exchange,
    Trail,
    Truth,
    judge_result,
    overlaps,
)
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, call_center
from vicidial_simulator.dialer import Dialer
from vicidial_simulator.faults import CALL_FAULTS
from vicidial_simulator.journal import Journal
from vicidial_simulator.web import WebServer

AT_ONCE = 100
MOST_CALLS = 5
RESTART_SECONDS = 3.0
SCREEN_OPENS_AFTER = 3  # calls about an agent, so that there are polls that do not show the wanted state yet
FLEET = ("1000", "1001")


@dataclass(frozen=True)
class Cell:
    """A task, and what goes wrong at its call number ``at``: a ``fault`` of the simulator, or ``broken`` transport."""

    wanted: str
    at: int
    users: tuple[str, ...]
    fault: str = ""
    times: int | None = 1
    seconds: float = 0.0
    broken: str = ""


@dataclass(frozen=True)
class Certificates:
    """PEM files of certificates with their keys; ``trusted`` holds the certificates of all but ``unknown``."""

    good: Path
    expired: Path
    wrong_name: Path
    unknown: Path
    trusted: Path


class Witness(Journal):
    """Notes with every call what is true then; opens an agent's screen after a few calls; acts after a call."""

    def __init__(self, dialer: Dialer, harmless: set[str]) -> None:
        super().__init__()
        self.trails: dict[str, Trail] = {}
        self.after: dict[int, Callable[[], None]] = {}
        self._dialer = dialer
        self._harmless = harmless

    def add(self, **details: Any) -> None:
        super().add(**details)
        if details["function"] != "stereo_recording":
            return
        user, fault = details["agent_user"], details["fault"]
        trail = self.trails.setdefault(user, [])
        is_question = details["value"] == "STATUS"
        harm = None if fault in self._harmless | (HARMLESS_TO_QUESTIONS if is_question else set()) else fault
        trail.append(Exchange(details["value"], trail, user, Truth.of(self._dialer, user), details["result"], harm))
        if len(trail) == SCREEN_OPENS_AFTER:
            self._dialer.change_screen(user, open=True)
        self.after.get(sum(map(len, self.trails.values())), lambda: None)()


class Site:
    """A simulator that can go away and come back at the same address, and whose TLS can go wrong."""

    def __init__(self, cell: Cell, certificates: Certificates) -> None:
        self.dialer = call_center(agents=4, statuses="INCALL")
        self.witness = Witness(self.dialer, HARMLESS if cell.seconds else HARMLESS | SLOW)
        self.tls: ssl.SSLContext | None = None
        if cell.broken in TLS_TROUBLES:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(certificates.good)
        self.certificates = certificates
        self.name = f"dialer-{id(self)}.test" if cell.broken == "no-such-host" else "127.0.0.1"
        self._is_over = threading.Event()
        self.server = self._serve(0)
        self.url = self.server.url.replace("127.0.0.1", self.name)
        NAMES.add(self.name)

    def close(self) -> None:
        self._is_over.set()
        self._stop()

    def restart(self) -> None:
        """Go away at once, and come back."""
        self._stop()
        threading.Thread(target=self._come_back, args=[self.server.server_address[1]], daemon=True).start()

    def _stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _come_back(self, port: int) -> None:
        while not self._is_over.wait(RESTART_SECONDS):
            with contextlib.suppress(OSError):  # somebody else's connection may have the port for a moment
                self.server = self._serve(port, self.server)
                return

    def _serve(self, port: int, before: WebServer | None = None) -> WebServer:
        server = WebServer(self.dialer, port=port, tls=self.tls)
        server.journal = self.witness
        if before is not None:
            server.faults, server.lock = before.faults, before.lock
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server


# Names that lead to this machine. Whatever has been taken out leads nowhere.
NAMES: set[str] = set()


def refuse_handshakes(site: Site) -> None:
    assert site.tls is not None
    site.tls.sni_callback = lambda *_args: ssl.ALERT_DESCRIPTION_HANDSHAKE_FAILURE


def show(name: str) -> Callable[[Site], None]:
    """Show another certificate from now on."""

    def change(site: Site) -> None:
        assert site.tls is not None
        site.tls.load_cert_chain(getattr(site.certificates, name))

    return change


TLS_TROUBLES: dict[str, Callable[[Site], None]] = {
    "handshake-failure": refuse_handshakes,
    "expired": show("expired"),
    "wrong-name": show("wrong_name"),
    "unknown-authority": show("unknown"),
}
TROUBLES: dict[str, Callable[[Site], None]] = {
    "restart": Site.restart,
    "no-such-host": lambda site: NAMES.discard(site.name),
    **TLS_TROUBLES,
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    directory = tmp_path_factory.mktemp("tls")
    made = Certificates(*[directory / f"{name}.pem" for name in ("good", "expired", "wrong", "unknown", "trusted")])
    make_certificate(made.good, ["127.0.0.1"])
    make_certificate(made.expired, ["127.0.0.1"], days=-1)
    make_certificate(made.wrong_name, ["elsewhere.example"])
    make_certificate(made.unknown, ["127.0.0.1"])
    made.trusted.write_text("".join(pem.read_text() for pem in (made.good, made.expired, made.wrong_name)))
    return made


@pytest.fixture
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the names of the cells lead to this machine, as long as they are there."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if str(host).endswith(".test"):
            if host not in NAMES:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            host = "127.0.0.1"
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def timeout(cell: Cell) -> float:
    return 1.0 if cell.seconds else 10.0


def play(cell: Cell, certificates: Certificates) -> str:
    """What is not true of the result of a cell's task, if anything."""
    site = Site(cell, certificates)
    for user in cell.users:
        site.dialer.change_screen(user, open=False)
        if cell.wanted == "idle":
            site.dialer.start_recording(user)
    if cell.fault:
        site.server.faults.add(site.dialer, cell.fault, times=cell.times, skip=cell.at, seconds=cell.seconds)
    elif cell.at == 0:
        TROUBLES[cell.broken](site)
    else:
        site.server.faults.add(site.dialer, "close-after", skip=cell.at - 1)
        site.witness.after[cell.at] = lambda: TROUBLES[cell.broken](site)
    options = params(cell, site)
    result, _warnings = OPERATION.perform(options, False, lambda: False)
    # A connection that closes just as the next call goes out, or a call that takes too long: nobody knows what arrived.
    all_seen = not (cell.broken or cell.seconds or cell.fault == "close-after")
    unseen = [] if all_seen else [Exchange("STATUS", fault=fault) for fault in ("refused", "latency")]
    try:
        with site.server.lock:
            trails = {user: site.witness.trails.get(user, []) for user in cell.users}
            judge_result(desired_state(options), result, trails, unseen)
            both = overlaps(row for row in site.dialer.recordings if row.begun_by == "BEGIN")
            assert not both, f"live at the same time: {both}"
    except AssertionError as untruth:
        return f"{untruth}: {result}"
    finally:
        site.close()
    return ""


def params(cell: Cell, site: Site) -> _options.Params:
    defaults = {name: spec.get("default") for name, spec in OPERATION.spec["argument_spec"].items()}
    connection = {"api_url": site.url, "api_user": USER, "api_password": PASSWORD, "timeout": timeout(cell)}
    named = {"agent_users": list(cell.users), "state": cell.wanted}
    # One worker where a connection breaks: another's would be spared.
    pace = {"wait_timeout": 4.0, "wait_sleep": 0.1, "concurrency": 1 if cell.broken else 3}
    return {**defaults, **connection, **named, **pace, "ca_path": str(site.certificates.trusted)}


def cells() -> Iterator[Cell]:
    for wanted, at in product(("recording", "idle"), range(MOST_CALLS)):
        for broken in TROUBLES:
            yield Cell(wanted, at, FLEET[:1], broken=broken)
            yield Cell(wanted, at * len(FLEET), FLEET, broken=broken)
        for name in CALL_FAULTS:
            yield Cell(wanted, at, FLEET[:1], name)
            yield Cell(wanted, at, FLEET[:1], name, times=None)
            yield Cell(wanted, at, FLEET, name, times=None)
            if name in SLOW:
                yield Cell(wanted, at, FLEET[:1], name, seconds=2.0)


@pytest.mark.usefixtures("_names")
def test_every_fault_of_the_transport_at_every_call(certificates: Certificates, figure: Figure) -> None:
    every = list(cells())
    with ThreadPoolExecutor(AT_ONCE) as threads:
        results = list(threads.map(lambda cell: play(cell, certificates), every))
    broken = [(cell, untruth) for cell, untruth in zip(every, results) if untruth]
    figure(f"{len(every) - len(broken)} of {len(every)} cells hold: a fault of the transport, over real connections")
    assert not broken, "\n".join(f"{cell}: {untruth}" for cell, untruth in broken[:5])
