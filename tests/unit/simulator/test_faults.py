# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault does what its name says, over real HTTP and on a connection that is kept alive."""

from __future__ import annotations

import http.client
import re
import select
import socket
import threading
import time
from collections.abc import Container
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.simulator.client import TIMEOUT, Client
from vicidial_simulator import faults

SENT = r"SUCCESS: stereo_recording function sent - 1000\|BEGIN\|\|\|\|10\.0\.0\.5\|8600051\|INCALL\n"
NOT_RECORDED = "NOTICE: not stereo_recording - 1000|"

# What a BEGIN gets: the name of the fault, whether the signal was sent, the status, and all of the body.
ANSWERS = [
    ("latency", True, 200, SENT),
    ("truncated-unnoticed", True, 200, SENT[: len(r"SUCCESS: stereo_recording function sent ")]),
    ("bad-gateway", False, 502, r"<html>.*<h1>502 Bad Gateway</h1>.*</html>\s*"),
    ("crash-before-work", False, 500, r""),
    ("crash-after-work", True, 500, r""),
    ("crash-with-answer", True, 500, SENT),
    ("noise", True, 200, rf"(<br />\n<b>Warning</b>: [^\n]*\n){{157}}{SENT}(<br />\n<b>Warning</b>: [^\n]*\n)+"),
    ("login-page", False, 200, r"<!DOCTYPE html>.*<form.*password.*</html>\s*"),
    ("redirect", False, 302, r"<html>.*302 Found.*</html>\s*"),
    ("empty-body", True, 200, r""),
    ("database-down", False, 200, r"MySQL connect ERROR: Connection refused"),
    ("database-down-fatal", False, 200, r"Fatal error.*"),
    ("slow-headers", True, 200, SENT),
    ("slow-body", True, 200, SENT),
    ("close-after", True, 200, SENT),
    ("service-unavailable", False, 503, r"<html>.*<h1>503 Service Temporarily Unavailable</h1>.*</html>\s*"),
    ("too-many-requests", False, 429, r"<html>.*<h1>429 Too Many Requests</h1>.*</html>\s*"),
]
BROKEN = [
    ("reset-before-work", False, requests.exceptions.ConnectionError, "reset"),
    ("reset-after-work", True, requests.exceptions.ConnectionError, "reset"),
    ("truncated", True, requests.exceptions.ChunkedEncodingError, "IncompleteRead"),
    ("reset-in-body", True, requests.exceptions.ChunkedEncodingError, "reset"),
]


@pytest.mark.parametrize(("name", "sent", "status", "body"), ANSWERS)
def test_faults_that_answer(client: Client, name: str, sent: bool, status: int, body: str) -> None:
    client.call()
    client.do("fault", name=name, **({"seconds": 0.001} if faults.CALL_FAULTS[name].is_slow else {}))
    response = client.call("BEGIN")
    assert response.status_code == status
    assert re.fullmatch(body, response.text, re.DOTALL)
    assert client.slot() == ("BEGIN" if sent else "")
    assert client.call().text.startswith(NOT_RECORDED), "the next call on this connection is whole again"


@pytest.mark.parametrize(("name", "sent", "error", "words"), BROKEN)
def test_faults_that_break_the_connection(
    client: Client, name: str, sent: bool, error: type[Exception], words: str
) -> None:
    client.call()
    client.do("fault", name=name)
    with pytest.raises(error, match=words):
        client.call("BEGIN")
    assert client.slot() == ("BEGIN" if sent else "")
    assert client.call().text.startswith(NOT_RECORDED)


@pytest.mark.parametrize("name", ["reset-before-work", "truncated"])
def test_faults_break_the_first_call_of_a_connection_as_well(client: Client, name: str) -> None:
    client.do("fault", name=name)
    with pytest.raises(requests.exceptions.RequestException):
        client.call("BEGIN")


def test_every_fault_of_a_call_is_tested_above() -> None:
    assert {row[0] for row in [*ANSWERS, *BROKEN]} == set(faults.CALL_FAULTS)


def test_redirect_leads_elsewhere_with_a_password_on_board(client: Client) -> None:
    client.do("fault", name="redirect")
    assert re.fullmatch(r"https://\S+\.invalid/\S*\?\S*pass=\S+", client.call().headers["Location"])


@pytest.mark.parametrize("name", ["latency", "crash-after-work"])
def test_every_fault_can_be_slow(client: Client, slept: list[float], name: str) -> None:
    client.do("fault", name=name, seconds=0.15)
    client.call()
    assert slept == [0.15]


def test_a_slow_call_does_not_hold_up_the_others(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, over = threading.Event(), threading.Event()

    def sleep(seconds: float) -> None:
        if seconds:
            begun.set()
            assert over.wait(TIMEOUT)

    client.do("fault", name="latency", seconds=3, agent_user="1001")
    monkeypatch.setattr(time, "sleep", sleep)
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(requests.get, client.simulator.api_url, params={"agent_user": "1001"}, timeout=TIMEOUT)
        assert begun.wait(TIMEOUT)
        client.call()
        assert not slow.done()
        over.set()
        assert slow.result().status_code == 200


def test_a_503_says_when_to_come_back(client: Client) -> None:
    client.do("fault", name="service-unavailable")
    assert client.call().headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("name", "slow", "pauses"),
    [("slow-headers", "headers", range(20, 51)), ("slow-body", "body", range(20, 51)), ("latency", "headers", [1])],
)
def test_what_is_slow(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, name: str, slow: str, pauses: Container[int]
) -> None:
    """What the client has by then is looked at in each pause of the server, none of which passes."""
    simulator.faults.add(simulator.dialer, name, seconds=1.0)
    slept: list[float] = []
    came: list[bytes] = []

    def sleep(seconds: float) -> None:
        if seconds == 0:
            return
        slept.append(seconds)
        try:
            came.append(connection.recv(65536, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            came.append(b"")

    with socket.create_connection(("127.0.0.1", simulator.server.server_address[1])) as connection:
        monkeypatch.setattr(time, "sleep", sleep)
        connection.sendall(b"GET /agc/api.php?function=version HTTP/1.1\r\nConnection: close\r\n\r\n")
        closed = select.poll()
        closed.register(connection, select.POLLRDHUP)
        assert closed.poll(TIMEOUT * 1000)
        assert b"\r\n\r\nVERSION: " in connection.recv(65536)
    assert sum(slept) == pytest.approx(1.0)
    assert len(slept) in pauses
    assert {b"\r\n\r\n" in data for data in came} == {slow == "body"}
    # One piece after the other. Without an acknowledgement, the kernel sends ten of them and waits.
    assert len(set(came)) >= min(10, len(came))


def test_close_after_closes_without_a_word(simulator: Simulator) -> None:
    simulator.faults.add(simulator.dialer, "close-after")
    port = simulator.server.server_address[1]
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /agc/api.php?function=version HTTP/1.1\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert b"\r\n\r\nVERSION: " in answer
    assert b"close" not in answer.lower()


def test_reset_in_body_lets_half_of_it_through(simulator: Simulator) -> None:
    simulator.faults.add(simulator.dialer, "reset-in-body")
    connection = http.client.HTTPConnection("127.0.0.1", simulator.server.server_address[1], timeout=5)
    connection.request("GET", "/agc/api.php?function=version")
    response = connection.getresponse()
    length = int(response.headers["Content-Length"])
    assert response.read(length // 2).startswith(b"VERSION: ")
    with pytest.raises(ConnectionResetError):
        response.read(1)
    connection.close()


# Which calls are hit


def hits(client: Client, calls: int = 5, **params: str) -> str:
    """Which of the next calls are hit, as "-" and "x"."""
    return "".join("x" if client.call(**params).status_code == 502 else "-" for _time in range(calls))


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({}, "x----"),
        ({"times": 2}, "xx---"),
        ({"times": None}, "xxxxx"),
        ({"skip": 2}, "--x--"),
        ({"skip": 1, "times": 2}, "-xx--"),
        ({"function": "stereo_recording"}, "x----"),
        ({"function": "version"}, "-----"),
        ({"function": "recording", "value": "STOP"}, "-----"),
        ({"value": "BEGIN"}, "-----"),
        ({"agent_user": "1000", "times": 3}, "xxx--"),
        ({"agent_user": "1001"}, "-----"),
        ({"function": "stereo_recording", "value": "STATUS", "agent_user": "1000"}, "x----"),
    ],
    ids=str,
)
def test_which_calls_are_hit(client: Client, details: dict[str, Any], expected: str) -> None:
    client.do("fault", name="bad-gateway", **details)
    assert hits(client) == expected


def test_calls_that_do_not_match_are_not_counted(client: Client) -> None:
    client.do("fault", name="bad-gateway", value="STATUS", skip=1)
    client.call("BEGIN")
    assert hits(client) == "-x---"


def test_the_fault_set_last_comes_first(client: Client) -> None:
    client.do("fault", name="crash-after-work", times=None)
    client.do("fault", name="bad-gateway")
    assert [client.call().status_code for _time in range(3)] == [502, 500, 500]


def test_clear_takes_every_fault_back(client: Client) -> None:
    client.do("fault", name="bad-gateway", times=None)
    client.do("fault", name="translated")
    client.do("clear_faults")
    assert client.call().text.startswith(NOT_RECORDED)


# Faults of the call center itself

STATES = [
    ("translated", "accounts", "6666", {"language": "Spanish"}),
    ("old-build", "system", None, {"build": "250429-0937"}),
    ("display-errors", "system", None, {"display_errors": True}),
    ("php7", "system", None, {"php": 7}),
    ("clock-jump", "system", None, {"utc_offset": -3600}),
    ("screen-closed", "agents", "1000", {"open": False}),
    ("screen-hidden", "agents", "1000", {"hidden": True}),
    ("screen-slow", "agents", "1000", {"poll": 4.0}),
    ("signal-lost", "agents", "1000", {"lose": 1}),
]


def found(client: Client, part: str, key: str | None, names: dict[str, Any]) -> dict[str, Any]:
    """The values that ``names`` have now in a part of the call center."""
    row = client.show("state")[part]
    row = row[key] if key else row
    row = row["screen"] if part == "agents" else row
    return {name: row[name] for name in names}


@pytest.mark.parametrize(("name", "part", "key", "expected"), STATES)
def test_a_fault_of_the_call_center_is_set_and_cleared(
    client: Client, name: str, part: str, key: str | None, expected: dict[str, Any]
) -> None:
    client.do("change_screen", user="1000", open=True)
    before = found(client, part, key, expected)
    assert before != expected
    client.do("fault", name=name)
    assert found(client, part, key, expected) == expected
    client.do("clear_faults")
    assert found(client, part, key, expected) == before


def test_every_state_is_tested_above() -> None:
    assert {row[0] for row in STATES} == set(faults.STATE_FAULTS)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("translated", r"AVISO: No grabar - 1000\|.*\n"),
        ("old-build", r""),
        ("display-errors", r"<br />\n<b>Warning.*NOTICE: not stereo_recording - 1000.*Warning.*"),
        ("php7", r"NOTICE: not stereo_recording - 1000\|.*\n"),
    ],
)
def test_status_answers_as_each_fault_of_the_call_center_says(client: Client, name: str, answer: str) -> None:
    client.do("fault", name=name)
    assert re.fullmatch(answer, client.call().text, re.DOTALL)


def test_states_take_no_arguments(client: Client) -> None:
    response = client.do("fault", name="translated", times=1)
    assert (response.status_code, "takes no further arguments" in response.json()["error"]) == (400, True)


@pytest.mark.parametrize("name", ["", "nosuch"])
def test_an_unknown_fault_is_refused_with_the_names_that_there_are(client: Client, name: str) -> None:
    response = client.do("fault", name=name)
    assert response.status_code == 400
    assert all(known in response.json()["error"] for known in faults.NAMES)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"name": "latency"}, "latency needs seconds, more than 0"),
        ({"name": "slow-headers", "seconds": 0}, "slow-headers needs seconds, more than 0"),
        ({"name": "slow-body", "times": 2}, "slow-body needs seconds, more than 0"),
        ({"times": 0}, "times has to be a whole number, at least 1"),
        ({"function": "stereo_recordng"}, "function has to be a text, one of version, stereo_recording, recording, "),
        ({"value": "BEGN"}, "value has to be a text, one of BEGIN, END, STATUS, START, STOP"),
        ({"value": "BEGIN", "function": "recording"}, "value has to be a text, one of START, STOP, STATUS"),
        ({"value": "BEGIN", "function": "logged_in_agents"}, "calls of logged_in_agents have no value"),
    ],
    ids=str,
)
def test_a_fault_that_would_never_happen_is_refused(client: Client, details: dict[str, Any], words: str) -> None:
    response = client.do("fault", **{"name": "bad-gateway", **details})
    assert (response.status_code, response.json()["error"][: len(words)]) == (400, words)
    assert hits(client, 1) == "-"


# On the command line


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("noise", ("noise", {"times": None})),
        ("translated", ("translated", {})),
        ("latency,seconds=0.5,times=3,skip=1", ("latency", {"seconds": 0.5, "times": 3, "skip": 1})),
        (
            "truncated,function=stereo_recording,value=BEGIN,agent_user=1000",
            ("truncated", {"times": None, "function": "stereo_recording", "value": "BEGIN", "agent_user": "1000"}),
        ),
    ],
)
def test_parse(text: str, expected: tuple[str, dict[str, Any]]) -> None:
    assert faults.parse(text) == expected


@pytest.mark.parametrize("wrong", ["seconds", "value", "name=noise", "seconds=soon", "times=1.5", ""])
def test_parse_refuses(wrong: str) -> None:
    words = (
        f"^not understood in --fault: {wrong or 'nothing'}; there are times, skip, seconds, function, value, agent_user"
    )
    with pytest.raises(ValueError, match=f"{words}$"):
        faults.parse(f"latency,times=1,{wrong}")
