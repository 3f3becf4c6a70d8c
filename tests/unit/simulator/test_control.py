# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control path: every action, and errors that say what is wrong."""

from __future__ import annotations

import os
from typing import Any

import pytest
import requests

from ansible_collections.telephony.vicidial.tests.unit.simulator.client import TIMEOUT, Client


def done(client: Client, action: str, **arguments: Any) -> Any:
    """What ``action`` returns; it must succeed."""
    response = client.do(action, **arguments)
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    return response.json()


def agent(client: Client, user: str = "1000") -> dict[str, Any]:
    row: dict[str, Any] = client.show("state")["agents"][user]
    return row


def live(client: Client) -> list[tuple[str, str]]:
    return [(it["user"], it["kind"]) for it in client.show("state")["live"]]


def test_what_there_is(client: Client) -> None:
    there_is = client.show("")
    assert there_is["pid"] == os.getpid()
    assert there_is["GET"] == ["journal", "state"]
    assert there_is["POST"] == sorted(there_is["POST"])


def test_log_in(client: Client) -> None:
    row = done(client, "log_in", user="2000", campaign="NEW", full_name="Ann", status="READY", screen={"poll": 9})
    assert (row["user"], row["campaign"], row["full_name"], row["screen"]["poll"]) == ("2000", "NEW", "Ann", 9)
    assert agent(client, "2000") == row


def test_log_out(client: Client) -> None:
    done(client, "log_out", user="1000")
    assert "1000" not in client.show("state")["agents"]


def test_end_call_and_start_call(client: Client) -> None:
    done(client, "end_call", user="1000", status="READY")
    assert (agent(client)["status"], agent(client)["call"]) == ("READY", None)
    done(client, "start_call", user="1000", in_group="INBOUND")
    assert (agent(client)["status"], agent(client)["call"]["in_group"]) == ("INCALL", "INBOUND")


def test_change_agent(client: Client) -> None:
    done(client, "change_agent", user="1000", status="CLOSER", pause_code="LUNCH")
    assert (agent(client)["status"], agent(client)["pause_code"]) == ("CLOSER", "LUNCH")


def test_change_screen(client: Client) -> None:
    done(client, "change_screen", user="1000", poll=7.5, lose=2)
    assert (agent(client)["screen"]["poll"], agent(client)["screen"]["lose"]) == (7.5, 2)


def test_start_recording_and_end_recording(client: Client) -> None:
    row = done(client, "start_recording", user="1000", kind="PARALLEL")
    assert (row["user"], row["kind"], row["ended_at"]) == ("1000", "PARALLEL", None)
    done(client, "start_recording", user="1001")
    assert live(client) == [("1000", "PARALLEL"), ("1001", "AGENT-CONTROLLED")]
    done(client, "end_recording", user="1000", kind="PARALLEL")
    done(client, "end_recording", user="1001")
    assert live(client) == []


def test_write_slot(client: Client) -> None:
    done(client, "write_slot", user="1000", signal="BEGIN")
    assert client.slot() == "BEGIN"


def test_alt_user(client: Client) -> None:
    done(client, "alt_user", alt_user="crm", user="1000")
    assert client.call(agent_user="", alt_user="crm").text.startswith("NOTICE: not stereo_recording - 1000|")


def test_system(client: Client) -> None:
    done(client, "system", stereo_recordings=False)
    done(client, "system", php=7)
    system = client.show("state")["system"]
    assert (system["stereo_recordings"], system["php"], system["api_active"]) == (False, 7, True)


@pytest.mark.parametrize(("action", "part"), [("campaign", "campaigns"), ("in_group", "in_groups")])
def test_campaign_and_in_group(client: Client, action: str, part: str) -> None:
    done(client, action, name="NEW", stereo="DISABLED")
    done(client, action, name="NEW", recording="ALLFORCE")
    assert client.show("state")[part]["NEW"] == {"name": "NEW", "stereo": "DISABLED", "recording": "ALLFORCE"}


def test_account(client: Client) -> None:
    done(client, "account", user="7777", password="new", level=3)
    done(client, "account", user="7777", agent_api_access=False)
    row = client.show("state")["accounts"]["7777"]
    assert (row["level"], row["agent_api_access"], row["password"]) == (3, False, None)


def test_an_account_keeps_its_password_when_something_else_changes(client: Client) -> None:
    done(client, "account", user="6666", level=1)
    assert client.call().text.startswith("NOTICE: ")


def test_advance(client: Client) -> None:
    before = client.show("state")["now"]
    done(client, "advance", seconds=1000)
    assert 1000 <= client.show("state")["now"] - before < 1060


def test_fault_and_clear_faults(client: Client) -> None:
    done(client, "fault", name="bad-gateway", times=None)
    assert client.call().status_code == 502
    done(client, "clear_faults")
    assert client.call().status_code == 200


def test_clear_journal(client: Client) -> None:
    client.call()
    done(client, "clear_journal")
    assert client.show("journal") == []


def test_an_action_without_arguments_needs_no_body(client: Client) -> None:
    response = requests.post(f"{client.simulator.url}/_simulator/clear_journal", timeout=TIMEOUT)
    assert response.status_code == 200


def test_every_action_is_tested_above(client: Client) -> None:
    names = " ".join(name for name in globals() if name.startswith("test_"))
    assert [action for action in client.show("")["POST"] if action not in names] == []


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("nosuch", {}, "no action nosuch; there are account, advance, "),
        ("log_in", {}, "log_in: "),
        ("log_in", {"user": "1000"}, "agent 1000 is logged in already"),
        ("log_in", {"user": "2000", "status": "BUSY"}, "a status is one of READY, "),
        ("log_out", {"user": "2000"}, "agent 2000 is not logged in"),
        ("log_out", {"user": "1000", "now": True}, "log_out: "),
        ("start_call", {"user": "1000"}, "agent 1000 is in a call already"),
        ("end_call", {"user": "1002"}, "agent 1002 is in no call"),
        ("change_agent", {"user": "1000", "colour": "red"}, "Agent has no field colour"),
        ("change_screen", {"user": "1000", "zoom": 2}, "Screen has no field zoom"),
        ("change_screen", {"user": "1000", "poll": 0}, "a screen polls every so many seconds"),
        ("change_screen", {"user": "1000", "poll": "often"}, "change_screen: "),
        ("start_recording", {"user": "1000", "kind": "STEREO"}, "a recording is one of AGENT-CONTROLLED, "),
        ("system", {"colour": "red"}, "colour"),
        ("campaign", {"name": "SALES", "stereo": "ON"}, "stereo is one of "),
        ("in_group", {"name": "IN", "recording": "ON"}, "recording is one of "),
        ("account", {"user": "6666", "colour": "red"}, "colour"),
        ("account", {"user": "7777"}, "account: "),
        ("advance", {"seconds": -1}, "the clock only moves forward"),
        ("advance", {"seconds": "1"}, "advance: "),
        ("fault", {"name": "nosuch"}, "no such fault: nosuch; there are bad-gateway, "),
        ("fault", {"name": "noise", "colour": "red"}, "colour"),
        ("clear_faults", {"name": "noise"}, "clear_faults: "),
    ],
    ids=str,
)
def test_errors(client: Client, action: str, arguments: dict[str, Any], words: str) -> None:
    before = client.show("state")
    response = client.do(action, **arguments)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json"
    assert words in response.json()["error"]
    assert {**client.show("state"), "now": 0} == {**before, "now": 0}


@pytest.mark.parametrize("body", ["{", "[1]", "null", '"text"', "\xff"])
def test_a_body_that_is_no_json_object(client: Client, body: str) -> None:
    url = f"{client.simulator.url}/_simulator/advance"
    response = requests.post(url, data=body.encode("latin-1"), timeout=TIMEOUT)
    assert response.status_code == 400
    assert response.json()["error"]


def test_nothing_to_show(client: Client) -> None:
    response = requests.get(f"{client.simulator.url}/_simulator/weather", timeout=TIMEOUT)
    assert (response.status_code, response.json()) == (
        400,
        {"error": "nothing to show by the name weather; there are journal, state"},
    )
