# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A client as a program would be one: requests, over a connection that is kept alive."""

from __future__ import annotations

from typing import Any

import requests

from ansible_collections.telephony.vicidial.tests.support import Simulator

TIMEOUT = 10


class Client:
    """Calls a simulator, the API over one session and the control path over connections of its own."""

    def __init__(self, simulator: Simulator, session: requests.Session) -> None:
        self.simulator = simulator
        self.session = session

    def call(self, value: str = "STATUS", agent_user: str = "1000", **params: str) -> requests.Response:
        """One stereo_recording call as account 6666, unless ``params`` say otherwise."""
        caller = {"source": "unit", "user": self.simulator.user, "pass": self.simulator.password}
        data = {**caller, "function": "stereo_recording", "value": value, "agent_user": agent_user, **params}
        return self.session.post(self.simulator.api_url, data=data, timeout=TIMEOUT, allow_redirects=False)

    def do(self, action: str, **arguments: Any) -> requests.Response:
        """POST ``arguments`` to the control path's ``action``."""
        return requests.post(f"{self.simulator.url}/_simulator/{action}", json=arguments, timeout=TIMEOUT)

    def show(self, name: str) -> Any:
        """What the control path shows by ``name``."""
        return requests.get(f"{self.simulator.url}/_simulator/{name}", timeout=TIMEOUT).json()

    def slot(self, agent_user: str = "1000") -> str:
        """What the agent's slot holds."""
        return str(self.show("state")["agents"][agent_user]["slot"])
