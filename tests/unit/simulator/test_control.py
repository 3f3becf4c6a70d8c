# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control path: every action, and errors that say what is wrong."""

from __future__ import annotations

import json
import math
import os
from typing import Any

import pytest
import requests

from ansible_collections.telephony.vicidial.tests.unit.simulator.client import TIMEOUT, Client
from vicidial_simulator.capacity import Limits


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
    return [(row["user"], row["kind"]) for row in client.show("state")["live"]]


def test_the_root_lists_what_can_be_shown_and_done(client: Client) -> None:
    there_is = client.show("")
    assert there_is["pid"] == os.getpid()
    assert there_is["GET"] == ["journal", "state"]
    assert there_is["POST"] == sorted(there_is["POST"])


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("journal?last=x", "journal: last has to be a number of entries, and is x"),
        ("journal?first=1", "journal: got an unexpected keyword argument 'first'"),
        ("end_call", "end_call is an action: POST it, with its arguments as a JSON object"),
        ("state?last=1", "state: got an unexpected keyword argument 'last'"),
    ],
)
def test_a_query_that_makes_no_sense(client: Client, query: str, words: str) -> None:
    assert client.show(query) == {"error": words}


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
    expected = {"name": "NEW", "stereo": "DISABLED", "recording": "ALLFORCE", "parallel": "DISABLED"}
    assert client.show("state")[part]["NEW"] == expected


def test_account(client: Client) -> None:
    done(client, "account", user="7777", password="new", level=3)
    done(client, "account", user="7777", agent_api_access=False)
    row = client.show("state")["accounts"]["7777"]
    assert (row["level"], row["agent_api_access"], row["password"]) == (3, False, None)


def test_an_account_keeps_its_password_when_something_else_changes(client: Client) -> None:
    done(client, "account", user="6666", level=1)
    assert client.call().text.startswith("NOTICE: ")


def test_fill_log(client: Client) -> None:
    done(client, "fill_log", recordings=8, agents=2)
    with client.simulator.lock:
        rows = client.simulator.dialer.recordings
    assert [row.recording_id for row in rows] == list(range(rows[0].recording_id, rows[0].recording_id + 8))
    assert sorted(row.extension for row in rows) == ["8600000"] * 4 + ["SACBC"] * 2 + ["SPFR"] * 2
    assert {row.user for row in rows} == {"1000", "1001"}
    assert all(row.ended_at is not None for row in rows)


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


def test_capacity(client: Client) -> None:
    done(client, "capacity", workers=3)
    done(client, "capacity", queue=5)
    assert client.simulator.server.capacity.limits == Limits(workers=3, queue=5)


def test_an_action_without_arguments_needs_no_body(client: Client) -> None:
    response = requests.post(f"{client.simulator.url}/_simulator/clear_journal", timeout=TIMEOUT)
    assert response.status_code == 200


def test_every_action_is_tested_above(client: Client) -> None:
    names = " ".join(name for name in globals() if name.startswith("test_"))
    assert [action for action in client.show("")["POST"] if action not in names] == []


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("journal", {}, "journal is shown: GET it"),
        ("nosuch", {}, "no action nosuch; there are account, advance, "),
        ("log_in", {}, "log_in: "),
        ("log_in", {"user": "1000"}, "agent 1000 is logged in already"),
        ("log_in", {"user": "2000", "status": "BUSY"}, "status has to be a text, one of READY, "),
        ("log_out", {"user": "2000"}, "agent 2000 is not logged in"),
        ("log_out", {"user": "1000", "now": True}, "log_out: "),
        ("start_call", {"user": "1000"}, "agent 1000 is in a call already"),
        ("end_call", {"user": "1002"}, "agent 1002 is in no call"),
        ("change_agent", {"user": "1000", "colour": "red"}, "Agent has no field colour"),
        ("change_screen", {"user": "1000", "zoom": 2}, "Screen has no field zoom"),
        ("change_screen", {"user": "1000", "poll": 0}, "poll has to be a finite number, at least 0.001"),
        ("change_screen", {"user": "1000", "poll": "often"}, "poll has to be a finite number, at least 0.001"),
        ("start_recording", {"user": "1000", "kind": "STEREO"}, "kind has to be a text, one of AGENT-CONTROLLED, "),
        ("system", {"colour": "red"}, "colour"),
        ("campaign", {"name": "SALES", "stereo": "ON"}, "stereo has to be a text, one of DISABLED, "),
        ("in_group", {"name": "IN", "recording": "ON"}, "recording has to be a text, one of NEVER, "),
        ("account", {"user": "6666", "colour": "red"}, "colour"),
        ("account", {"user": "7777"}, "Account: missing 1 required positional argument: 'password'"),
        ("advance", {"seconds": -1}, "the clock only moves forward"),
        ("advance", {"seconds": "1"}, "advance: "),
        ("fault", {"name": "nosuch"}, "no such fault: nosuch; there are bad-gateway, "),
        ("fault", {"name": "noise", "colour": "red"}, "colour"),
        ("clear_faults", {"name": "noise"}, "clear_faults: got an unexpected keyword argument 'name'"),
        ("log_in", {"user": 5}, "user has to be a text"),
        ("log_in", {"user": "a b|c"}, "user has to be a text, of A-Z"),
        ("log_in", {"user": ""}, "user has to be a text, of A-Z"),
        ("log_in", {"user": "2000", "campaign": None}, "campaign has to be a text"),
        ("log_in", {"user": "2000", "call": None}, "call of an agent cannot be set"),
        ("log_in", {"user": "2000", "full_name": "\ud800"}, "full_name has to be a text"),
        ("log_out", {"user": ["1000"]}, "log_out: user has to be a text"),
        ("start_call", {"user": "1002", "in_group": 5}, "start_call: in_group has to be a text"),
        ("end_call", {"user": "1000", "status": "BUSY"}, "status has to be a text, one of READY, "),
        ("change_agent", {"user": "1000", "slot": 5}, "slot has to be a text"),
        ("change_agent", {"user": "1000", "level": True}, "level has to be a whole number"),
        ("change_agent", {"user": "1000", "login": 7}, "login of an agent cannot be set"),
        ("change_agent", {"user": "1000", "call": None}, "call of an agent cannot be set"),
        ("change_agent", {"user": "1000", "screen": 5}, "Screen has to be a JSON object"),
        ("change_agent", {"user": "1000", "screen": {"act": -1}}, "act has to be a finite number, from 0 to 86400"),
        ("change_screen", {"user": "1000", "poll": math.nan}, "poll has to be a finite number, at least 0.001"),
        ("change_screen", {"user": "1000", "poll": 1e-300}, "poll has to be a finite number, at least 0.001"),
        ("change_screen", {"user": "1000", "phase": 1e300}, "phase has to be a finite number, from"),
        ("change_screen", {"user": "1000", "open": 1}, "open has to be true or false"),
        ("change_screen", {"user": "1000", "lose": 0.5}, "lose has to be a whole number, at least 0"),
        ("start_recording", {"user": "1000", "filename": 5}, "filename has to be a text"),
        ("end_recording", {"user": "1000", "kind": "STEREO"}, "kind has to be a text, one of AGENT-CONTROLLED, "),
        ("write_slot", {"user": "1000", "signal": None}, "signal has to be a text"),
        ("alt_user", {"alt_user": "crm", "user": 1000}, "user has to be a text"),
        ("system", {"utc_offset": "x"}, "utc_offset has to be a whole number, from -86399 to 86399"),
        ("system", {"utc_offset": 86400}, "utc_offset has to be a whole number, from -86399 to 86399"),
        ("system", {"php": "8"}, "php has to be a whole number"),
        ("campaign", {"name": ["SALES"]}, "name has to be a text"),
        ("campaign", {"label": "SALES"}, "campaign: missing a required argument: 'name'"),
        ("account", {"user": "6666", "allowed_functions": None}, "allowed_functions has to be a list of texts"),
        ("account", {"user": "6666", "allowed_addresses": [5]}, "allowed_addresses has to be a list of texts"),
        ("account", {"user": "6666", "last_login_date": math.inf}, "last_login_date has to be a finite number"),
        ("account", {"user": "a b", "password": "c"}, "user has to be a text, of A-Z"),
        ("advance", {"seconds": 1e300}, "the clock ends with the year 9998"),
        ("advance", {"seconds": math.nan}, "advance: seconds has to be a finite number"),
        ("advance", {"seconds": 10**400}, "advance: seconds has to be a finite number"),
        ("advance", {"minutes": 1}, "advance: missing a required argument: 'seconds'"),
        ("fault", {"name": "noise", "times": "x"}, "times has to be a whole number, at least 1"),
        ("fault", {"name": "noise", "skip": -1}, "skip has to be a whole number, at least 0"),
        ("fault", {"name": "latency", "seconds": 1e300}, "seconds has to be a finite number, from 0 to 86400"),
        ("fault", {"name": "noise", "dialer": 1}, "Fault has no field dialer"),
        ("fault", {"name": ["noise"]}, "fault: name has to be a text"),
    ],
    ids=str,
)
def test_errors(client: Client, action: str, arguments: dict[str, Any], words: str) -> None:
    before = client.show("state")
    response = client.session.post(
        f"{client.simulator.url}/_simulator/{action}", data=json.dumps(arguments), timeout=TIMEOUT
    )
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/json"
    assert words in response.json()["error"]
    assert "lambda" not in response.json()["error"]
    assert {**client.show("state"), "now": 0} == {**before, "now": 0}


@pytest.mark.parametrize("body", ["{", "[1]", "null", '"text"', "\xff", "user=1000", "[" * 100_000])
def test_a_body_that_is_no_json_object(client: Client, body: str) -> None:
    url = f"{client.simulator.url}/_simulator/advance"
    response = requests.post(url, data=body.encode("latin-1"), timeout=TIMEOUT)
    assert (response.status_code, response.json()["error"][-32:]) == (400, "the body has to be a JSON object")


@pytest.mark.parametrize("reason", [RuntimeError("told so"), KeyError("told so")])
def test_what_nobody_expected_is_a_500_that_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], reason: Exception
) -> None:
    def fail(*_arguments: object) -> None:
        raise reason

    monkeypatch.setattr(client.simulator.control, "act", fail)
    response = client.do("clear_journal")
    assert response.status_code == 500
    assert response.headers["Content-Type"] == "application/json"
    assert "told so" in response.json()["error"]
    assert "Traceback" in capfd.readouterr().err
    assert client.call().status_code == 200


def test_nothing_to_show(client: Client) -> None:
    response = requests.get(f"{client.simulator.url}/_simulator/weather", timeout=TIMEOUT)
    assert (response.status_code, response.json()) == (
        400,
        {"error": "nothing to show by the name weather; there are journal, state"},
    )
