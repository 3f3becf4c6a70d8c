# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the simulator's own tests."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests

from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.simulator.client import Client


@pytest.fixture
def client(simulator: Simulator) -> Iterator[Client]:
    """A client of a simulator whose screens are closed, so that a signal stays where a test can see it."""
    for user in list(simulator.dialer.agents):
        simulator.dialer.change_screen(user, open=False)
    with requests.Session() as session:
        yield Client(simulator, session)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the web server would have slept, each time that it would; none of it passes."""
    seconds: list[float] = []
    monkeypatch.setattr(time, "sleep", lambda duration: seconds.append(duration) if duration else None)
    return seconds
