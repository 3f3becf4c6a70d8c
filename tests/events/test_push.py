# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VICIdial pushes, through ansible-rulebook: it makes a look early, and is believed by nobody."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.telephony.vicidial.tests.events.rulebook import Listener, running, wait_for
from ansible_collections.telephony.vicidial.tests.events.test_rulebooks import lists, signals
from ansible_collections.telephony.vicidial.tests.support import Simulator

TOKEN = "a-token-for-pushes"
FORM = {"user": "1000", "event": "call_answered", "lead_id": "500001", "counter": "17"}


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


def push(port: int, token: str = TOKEN, **body: Any) -> int:
    """POST as get2post.php does, or JSON; the status, 0 while nobody listens."""
    headers = {"Authorization": f"Bearer {token}"}
    try:
        return requests.post(f"http://127.0.0.1:{port}/vicidial", headers=headers, timeout=10, **body).status_code
    except requests.ConnectionError:
        return 0


def test_a_push_is_looked_at_at_once_and_a_forged_one_changes_nothing(
    tmp_path: Path, simulator: Simulator, listener: Listener, port: int
) -> None:
    variables = {
        "vicidial_interval": 3600,
        "vicidial_push_port": port,
        "VICIDIAL_PUSH_TOKEN": TOKEN,
        "VICIDIAL_TELL_URL": listener.url,
        "VICIDIAL_TELL_TOKEN": "x",
    }
    with running(tmp_path, "telephony.vicidial.idle_guard", simulator, **variables) as rulebook:
        wait_for(lambda: len({entry["agent_user"] for entry in simulator.journal.entries()}) == 11)  # "" is the list's
        wait_for(lambda: push(port, data={"user": "1000", "event": "unheard_of"}) == 200)
        assert push(port, "another-token-here", data=FORM) == 401
        assert push(port, data=b"\xff" * 100) == 200
        assert push(port, data=b"a" * 100_000) == 413
        assert len(lists(simulator)) == 1, "none of these was worth a look"
        assert push(port, data={**FORM, "user": "9999"}) == 200  # nobody
        wait_for(lambda: len(lists(simulator)) == 2)
        assert push(port, data={**FORM, "user": "1002"}) == 200  # late: the call is over
        wait_for(lambda: len(lists(simulator)) == 3)
        with simulator.lock:
            simulator.dialer.start_recording("1000")
            simulator.dialer.start_recording("1001")
        for _again in range(3):
            assert push(port, data=FORM) == 200
        wait_for(lambda: listener.posts)
    assert listener.kinds() == [("1000", "unexpected")], "1001 was not pushed"
    assert signals(simulator) == [("1000", "END")]
    assert TOKEN not in rulebook.output


def test_the_filter_makes_events_of_pushes_for_the_webhook_of_ansible_rulebook(
    tmp_path: Path, simulator: Simulator, port: int
) -> None:
    (tmp_path / "floor").mkdir()
    arguments = ("--env-vars", "VICIDIAL_PUSH_TOKEN")
    variables = {"vicidial_push_port": port, "VICIDIAL_PUSH_TOKEN": TOKEN}
    with running(tmp_path, "telephony.vicidial.record_pushed_calls", simulator, *arguments, **variables):
        wait_for(lambda: push(port, json={"user": "1000", "event": "dispo_set"}) == 200)
        assert push(port, data=FORM) == 400, "this webhook takes JSON alone"
        assert push(port, "another-token", json=FORM) == 401
        assert push(port, json={**FORM, "user": "1002"}) == 200  # forged: in no call
        wait_for(lambda: "1002" in {entry["agent_user"] for entry in simulator.journal.entries()})
        assert push(port, json=FORM) == 200
        wait_for(lambda: simulator.dialer.state()["live"])
    assert signals(simulator) == [("1000", "BEGIN")]
