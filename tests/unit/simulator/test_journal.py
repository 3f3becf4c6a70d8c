# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal: what proves what a client did, and never holds a password."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from ansible_collections.telephony.vicidial.tests.documents import table
from ansible_collections.telephony.vicidial.tests.unit.simulator.client import TIMEOUT, Client
from vicidial_simulator.journal import Journal, result_of

SECRET = "a1SECRETz9"


def last(client: Client) -> dict[str, Any]:
    entry: dict[str, Any] = client.show("journal")[-1]
    return entry


def test_an_entry(client: Client) -> None:
    client.call("BEGIN", stage="_X")
    entry = last(client)
    assert abs(entry.pop("time") - client.show("state")["now"]) < 60
    assert entry.pop("port") > 0
    parameters = ["source", "user", "pass", "function", "value", "agent_user", "stage"]
    assert entry == {
        "number": 1,
        "address": "127.0.0.1",
        "method": "POST",
        "path": "/agc/api.php",
        "sources": dict.fromkeys(parameters, "body"),
        "source": "unit",
        "function": "stereo_recording",
        "value": "BEGIN",
        "agent_user": "1000",
        "alt_user": "",
        "account": "6666",
        "worked": True,
        "fault": None,
        "status": 200,
        "result": "SUCCESS: stereo_recording function sent",
    }


def test_the_journal_tells_the_url_from_the_body(client: Client) -> None:
    url = f"{client.simulator.api_url}?{urlencode({'user': '6666', 'pass': SECRET, 'function': 'x'})}"
    client.session.post(url, data={"function": "version", "alt_user": "crm1"}, timeout=TIMEOUT)
    entry = last(client)
    assert entry["sources"] == {"user": "url", "pass": "url", "function": "body", "alt_user": "body"}
    assert (entry["function"], entry["alt_user"]) == ("version", "crm1")


def test_one_port_is_one_connection(client: Client) -> None:
    for _call in range(3):
        client.call()
    client.session.close()
    client.call()
    first, second, third, fourth = (entry["port"] for entry in client.show("journal"))
    assert first == second == third != fourth


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_other_methods(client: Client, method: str) -> None:
    client.session.request(method, f"{client.simulator.api_url}?function=version", timeout=TIMEOUT)
    assert (last(client)["method"], last(client)["sources"]) == (method, {"function": "url"})


def test_the_non_agent_api_is_there_as_well(client: Client) -> None:
    client.session.post(
        f"{client.simulator.url}/vicidial/non_agent_api.php",
        data={"source": "unit", "user": "6666", "pass": "simulated", "function": "logged_in_agents"},
        timeout=TIMEOUT,
    )
    entry = last(client)
    assert (entry["path"], entry["result"]) == ("/vicidial/non_agent_api.php", "")


@pytest.mark.parametrize(
    ("fault", "worked", "status", "result"),
    [
        ("crash-before-work", False, 500, ""),
        ("reset-before-work", False, None, ""),
        ("reset-after-work", True, None, "NOTICE: not stereo_recording"),
        ("crash-after-work", True, 500, "NOTICE: not stereo_recording"),
        ("noise", True, 200, "NOTICE: not stereo_recording"),
    ],
)
def test_faults_are_noted(client: Client, fault: str, worked: bool, status: int | None, result: str) -> None:
    client.do("fault", name=fault)
    if fault.startswith("reset"):
        with pytest.raises(requests.exceptions.ConnectionError):
            client.call()
    else:
        client.call()
    entry = last(client)
    assert (entry["fault"], entry["worked"], entry["status"], entry["result"]) == (fault, worked, status, result)


def test_the_page_explains_every_key(client: Client) -> None:
    client.call()
    assert list(table("docs/simulator.md", "In an entry of the journal")) == list(last(client))
    client.do("start_recording", user="1000")
    state = client.show("state")
    assert list(table("docs/simulator.md", "In the state")) == list(state)
    for part, row in (("An agent", state["agents"]["1000"]), ("A recording", state["live"][0])):
        assert set(table("docs/simulator.md", part)) == set(row)


def test_numbers_count_up_and_clear_forgets(client: Client) -> None:
    for _time in range(3):
        client.call()
    assert [entry["number"] for entry in client.show("journal")] == [1, 2, 3]
    assert [entry["number"] for entry in client.show("journal?last=2")] == [2, 3]
    assert client.show("journal?last=0") == []
    assert len(client.show("journal?last=9")) == 3
    client.do("clear_journal")
    assert client.show("journal") == []


def test_the_control_path_is_not_in_it(client: Client) -> None:
    client.show("state")
    client.do("advance", seconds=1)
    assert client.show("journal") == []


@pytest.mark.parametrize(
    "given",
    [
        {"pass": SECRET},
        {"pass": SECRET, "user": "nosuchuser"},
        {"pass": SECRET, "value": "bogus"},
        {"pass": SECRET, "source": ""},
        {"pass": SECRET, "function": "nosuch"},
    ],
    ids=str,
)
@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/agc/api.php", "/vicidial/non_agent_api.php"])
def test_no_password_gets_into_it(client: Client, path: str, method: str, right: bool, given: dict[str, str]) -> None:
    client.do("system", hashed_passwords=True)
    if right:
        client.do("account", user="6666", password=SECRET)
    params = {"source": "unit", "user": "6666", "function": "stereo_recording", "agent_user": "1000", **given}
    if method == "GET":
        client.session.get(client.simulator.url + path, params=params, timeout=TIMEOUT)
    else:
        client.session.post(client.simulator.url + path, data=params, timeout=TIMEOUT)
    assert SECRET not in json.dumps(client.show("journal"))


def test_a_password_that_the_server_took_for_the_value_is_not_in_the_journal(client: Client) -> None:
    client.do("system", build="250830-2102")
    client.do("account", user="6666", password=SECRET)
    data = {"source": "unit", "user": "6666", "function": "stereo_recording", "agent_user": "1000", "pass": SECRET}
    answer = client.session.post(client.simulator.api_url, data=data, timeout=TIMEOUT)
    assert SECRET in answer.text
    assert SECRET not in json.dumps(client.show("journal"))


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("ERROR: stereo_recording not valid - secret|1000\n", "ERROR: stereo_recording not valid"),
        ("ERROR: Invalid Username/Password: |6666|secret|0|0|BAD|\n", "ERROR: Invalid Username/Password"),
        ("ERROR: Login incorrect, please try again: |6666|secret|BAD|\n", "ERROR: Login incorrect, please try again"),
        ("ERROR: logged_in_agents NO LOGGED IN AGENTS: 6666|\n", "ERROR: logged_in_agents NO LOGGED IN AGENTS"),
        ("ERROR: System API NOT ACTIVE\n", "ERROR: System API NOT ACTIVE"),
        ("ERROR: no user found - crm1\nSUCCESS: stereo_recording function sent - 1\n", "ERROR: no user found"),
        ("<br />\n<b>Warning</b>: x\nNOTICE: not stereo_recording - 1000|\n", "NOTICE: not stereo_recording"),
        ("VERSION: 2.14-84|BUILD: 260302-1142|\n", "VERSION: 2.14-84"),
        ("AVISO: No grabar - 1000|\n", "AVISO: No grabar"),
        ("1000|SALES|8600051|INCALL|\n", ""),
        ("", ""),
    ],
)
def test_result(body: str, result: str) -> None:
    assert result_of(body) == result


def test_entries_cannot_be_changed_from_outside(client: Client) -> None:
    client.call()
    journal: Journal = client.simulator.journal
    journal.entries()[0]["value"] = "END"
    assert journal.entries()[0]["value"] == "STATUS"
