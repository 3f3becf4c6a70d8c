# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server that the contract is checked against: the simulator, or a real one that the environment names.

============================ ===========================================================================
VICIDIAL_CONTRACT_URL        root of a real server, such as https://dialer.example.com
VICIDIAL_CONTRACT_USER       API account: Agent API Access, stereo_recording allowed, level 7, view reports
VICIDIAL_CONTRACT_PASSWORD   its password
VICIDIAL_CONTRACT_AGENT      an agent who is in a live call that nobody records and that may be recorded
VICIDIAL_CONTRACT_SOURCE     what the calls say they come from (``contract``)
VICIDIAL_CONTRACT_...        ``USER:PASSWORD`` of an account that lacks one right, for each name in ``LACKING``
============================ ===========================================================================

On a real server no test adds a failed login to the account, and every recording that a test starts is ended.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import Control, Server
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, serving
from vicidial_simulator.accounts import Account
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import Dialer

# Accounts that have every right but one; as variables of the environment their names are in capitals.
LACKING: dict[str, dict[str, Any]] = {
    "no_api_access": {"agent_api_access": False},
    "no_stereo_recording": {"allowed_functions": ["recording", "logged_in_agents"]},
    "no_list": {"allowed_functions": ["recording", "stereo_recording"]},
    "no_reports": {"view_reports": False},
    "level_6": {"level": 6},
    "other_address": {"allowed_addresses": ["192.0.2.1"]},
}

STARTED_AT = 1795338820.0  # the moment of the example in protocol 1.4


@pytest.fixture
def server() -> Iterator[Server]:
    """The server under contract. The simulator's time stands still until a test moves it."""
    if url := os.environ.get("VICIDIAL_CONTRACT_URL"):
        user, password, agent = (os.environ[f"VICIDIAL_CONTRACT_{name}"] for name in ("USER", "PASSWORD", "AGENT"))
        source = os.environ.get("VICIDIAL_CONTRACT_SOURCE", "contract")
        yield Server(url.rstrip("/"), user, password, agent, source)
        return
    dialer = Dialer(Clock(lambda: STARTED_AT))
    dialer.accounts[USER] = Account(USER, PASSWORD)
    dialer.log_in("1000")
    dialer.start_call("1000")
    with serving(dialer) as simulator:
        yield Server(simulator.url, USER, PASSWORD, "1000", simulator=simulator)


@pytest.fixture
def lacking(server: Server) -> Callable[[str], dict[str, str]]:
    """Gives the credentials of an account that lacks one right, as parameters of a call: ``lacking("no_reports")``."""

    def credentials(name: str) -> dict[str, str]:
        if server.simulator is not None:
            with server.simulator.lock:
                server.simulator.dialer.accounts[name] = Account(name, "simulated", **LACKING[name])
            return {"user": name, "pass": "simulated"}
        user, separator, password = os.environ.get(f"VICIDIAL_CONTRACT_{name.upper()}", "").partition(":")
        if not separator:
            pytest.skip(f"VICIDIAL_CONTRACT_{name.upper()} names no account")
        return {"user": user, "pass": password}

    return credentials


@pytest.fixture
def control(server: Server) -> Control:
    """The control path, for what cannot be brought about on a real server from outside."""
    if server.simulator is None:
        pytest.skip("needs the simulator's control path, and VICIDIAL_CONTRACT_URL names a server without one")
    return Control(server.simulator)


@pytest.fixture
def idle(server: Server) -> Iterator[None]:
    """The agent is in a call and not recorded, and is not recorded afterwards either."""
    fields = server.call().fields
    if fields[1] or fields[-1] != "INCALL":
        pytest.skip(f"agent {server.agent} is {fields[-1]}, recording {fields[1] or 'none'}: not ours to change")
    yield
    server.end_everything()
