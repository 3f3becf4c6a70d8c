# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests share: a simulator in this very process, for clients to talk to and for tests to look inside."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.telephony.vicidial.tests import simulator_source
from vicidial_simulator.accounts import Account
from vicidial_simulator.agent_api import AgentApi
from vicidial_simulator.control import Control
from vicidial_simulator.dialer import Dialer
from vicidial_simulator.faults import Faults
from vicidial_simulator.journal import Journal
from vicidial_simulator.presets import populate, statuses_named
from vicidial_simulator.web import WebServer

SOURCE = simulator_source.DIRECTORY  # importing it made the imports of the simulator possible
USER = "6666"
PASSWORD = "simulated"


@dataclass(frozen=True)
class Simulator:
    """A simulator that serves on loopback. Hold ``lock`` while touching the dialer, as its own threads do."""

    server: WebServer
    ca_path: Path | None = None
    user: str = USER
    password: str = PASSWORD

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def api_url(self) -> str:
        return self.server.url + AgentApi.path

    @property
    def dialer(self) -> Dialer:
        return self.server.dialer

    @property
    def journal(self) -> Journal:
        return self.server.journal

    @property
    def faults(self) -> Faults:
        return self.server.faults

    @property
    def control(self) -> Control:
        return self.server.control

    @property
    def lock(self) -> threading.Lock:
        return self.server.lock


def call_center(agents: int = 10, statuses: str = "mixed", poll: float = 0.05, act: float = 0.02) -> Dialer:
    """The floor that tests run on: account 6666, agents from 1000 on, screens that poll and act at once.

    "mixed" puts 1000, 1001, 1003, 1005, 1007 and 1009 in a call; 1002 is READY, 1004 PAUSED, 1006 QUEUE, 1008 CLOSER.
    """
    dialer = Dialer()
    dialer.accounts[USER] = Account(USER, PASSWORD)
    populate(dialer, agents, ["SALES", "SUPPORT"], statuses_named(statuses), seed=1)
    for user in list(dialer.agents):
        dialer.change_screen(user, poll=poll, act=act)
    return dialer


@contextmanager
def serving(dialer: Dialer, tls: ssl.SSLContext | None = None, ca_path: Path | None = None) -> Iterator[Simulator]:
    """A :class:`Simulator` of ``dialer``, served by a thread as long as the context lasts."""
    server = WebServer(dialer, tls=tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Simulator(server, ca_path)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
