# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web server: connections, methods, HTTPS."""

from __future__ import annotations

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
import requests

import vicidial_simulator
from ansible_collections.telephony.vicidial.tests.certificates import make_certificate
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.simulator.client import TIMEOUT, Client
from vicidial_simulator import web
from vicidial_simulator.web import WebServer

BROKEN_OFF = requests.exceptions.ChunkedEncodingError  # what requests calls a body shorter than announced
VERSION = "/agc/api.php?function=version"


def address(simulator: Simulator) -> tuple[str, int]:
    return "127.0.0.1", simulator.server.server_address[1]


@pytest.fixture
def connection(simulator: Simulator) -> Iterator[http.client.HTTPConnection]:
    """One connection that is kept alive."""
    connection = http.client.HTTPConnection(*address(simulator), timeout=TIMEOUT)
    yield connection
    connection.close()


def ask(connection: http.client.HTTPConnection, method: str, target: str, body: str | None = None) -> tuple[int, bytes]:
    connection.request(method, target, body)
    response = connection.getresponse()
    return response.status, response.read()


def test_one_connection_carries_many_calls(connection: http.client.HTTPConnection) -> None:
    connection.connect()
    first = connection.sock
    for method in ("GET", "POST", "HEAD", "OPTIONS", "GET"):
        assert ask(connection, method, VERSION)[0] == 200
        assert connection.sock is first


def test_head_has_no_body(simulator: Simulator) -> None:
    with socket.create_connection(address(simulator)) as connection:
        connection.sendall(f"HEAD {VERSION} HTTP/1.1\r\n\r\nGET /no HTTP/1.1\r\nConnection: close\r\n\r\n".encode())
        answer = connection.makefile("rb").read()
    first, second = answer.split(b"\r\n\r\nHTTP/1.1 ")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith(b"404 ")


def test_a_body_without_a_form_does_not_disturb_the_next_call(connection: http.client.HTTPConnection) -> None:
    ask(connection, "GET", VERSION, body="x" * 5000)
    assert ask(connection, "GET", VERSION)[1].startswith(b"VERSION: ")


@pytest.mark.parametrize("path", ["/agc/", "/agc/api.php/", "/agc/vicidial.php", "/_simulator"])
def test_other_paths_are_not_found(connection: http.client.HTTPConnection, path: str) -> None:
    assert ask(connection, "GET", path)[0] == 404


def test_the_page_is_one_file_that_loads_nothing_from_elsewhere(simulator: Simulator) -> None:
    answer = requests.get(simulator.url, timeout=TIMEOUT)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; connect-src 'self';")
    assert re.findall(r"""(?:src|href)=["']([^"']+)|url\(|@import|//[a-z]+\.""", answer.text.partition("-->")[2]) == [
        *(
            "data:,",
            "#floor",
            "#calls",
            "#journal",
            "/health",
            "/_simulator/",
            "/_simulator/state",
            "/_simulator/journal",
        ),
    ]
    # Names of people and texts of clients never become HTML.
    assert not re.search(r"innerHTML\s*=[^=]|insertAdjacentHTML|document\.write|outerHTML", answer.text)


def test_the_page_asks_for_what_the_control_path_shows(client: Client) -> None:
    client.call()
    page = requests.get(client.simulator.url, timeout=TIMEOUT).text
    state, [entry] = client.show("state"), client.show("journal?last=50")
    agent, used = state["agents"]["1000"], {"state": state, "entry": entry, "agent": state["agents"]["1000"]}
    used["call"], used["system"] = agent["call"], state["system"]
    for owner, name in re.findall(r"\b(state|entry|agent|call|system)\.([a-z_]+)\b", page):
        assert name in used[owner], f"{owner}.{name}"


def test_health(client: Client) -> None:
    assert requests.get(f"{client.simulator.url}/health", timeout=TIMEOUT).json() == {
        "status": "ok",
        "release": vicidial_simulator.release(),
        "build": "260302-1142",
        "agents": 10,
    }
    client.do("fault", name="crash-before-work", times=9)
    client.do("log_out", user="1000")
    assert requests.get(f"{client.simulator.url}/health", timeout=TIMEOUT).json()["agents"] == 9
    assert client.show("journal") == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods_carry_a_command_out_as_well(client: Client, method: str) -> None:
    params = {"source": "unit", "user": "6666", "pass": "simulated", "function": "stereo_recording"}
    query = urlencode({**params, "value": "BEGIN", "agent_user": "1000"})
    answer = client.session.request(method, f"{client.simulator.api_url}?{query}", data="x=y", timeout=TIMEOUT)
    assert answer.text.startswith("SUCCESS: ")
    assert client.slot() == "BEGIN"


def test_a_method_that_nobody_knows(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "BREW", VERSION)[0] == 501


@pytest.mark.parametrize(("length", "status"), [(8192, 200), (8193, 414)])
def test_the_longest_url(connection: http.client.HTTPConnection, length: int, status: int) -> None:
    assert ask(connection, "GET", f"{VERSION}&x=".ljust(length, "y"))[0] == status


SHORT = "Content-Length: 5"


@pytest.mark.parametrize(
    ("target", "header", "status"),
    [
        (f"{VERSION}&x=".ljust(8193, "y"), SHORT, 414),
        ("http://[", SHORT, 400),
        (VERSION, "Content-Length: many", 400),
        (VERSION, "Content-Length: -1", 400),
        (VERSION, "Content-Length: +5", 400),
        (VERSION, "Content-Length: ", 400),
        (VERSION, f"Content-Length: {'9' * 5000}", 400),
        (VERSION, f"Content-Length: {2**20 + 1}", 413),
        (VERSION, "Transfer-Encoding: chunked", 411),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_is_not_read_is_not_taken_for_the_next_call(
    simulator: Simulator, target: str, header: str, status: int
) -> None:
    """What follows the refused request could be its body: nothing of it is carried out, and the connection closes."""
    following = f"GET {VERSION} HTTP/1.1\r\n\r\n"
    with socket.create_connection(address(simulator), timeout=TIMEOUT) as connection:
        connection.sendall(f"POST {target} HTTP/1.1\r\n{header}\r\n\r\n{following}".encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert simulator.journal.entries() == []


@pytest.mark.parametrize(("length", "status"), [(2**20, 200), (2**20 + 1, 413), (2**22, 413)])
def test_the_largest_body(connection: http.client.HTTPConnection, length: int, status: int) -> None:
    assert ask(connection, "POST", VERSION, "x" * length)[0] == status


def test_an_answer_that_fails_is_a_500_and_noted(
    client: Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object) -> str:
        raise LookupError("told so")

    with monkeypatch.context() as patched:
        patched.setattr(client.simulator.server.apis["/agc/api.php"], "respond", fail)
        answer = client.call("BEGIN")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "LookupError: told so" in capfd.readouterr().err
    assert client.call().status_code == 200
    first, second = client.show("journal")
    assert (first["status"], first["value"], first["result"]) == (500, "BEGIN", "")
    assert first["port"] == second["port"]


@pytest.mark.parametrize(
    ("params", "hangs"),
    [
        ({}, True),
        ({"value": "STATUS"}, False),
        ({"value": "END"}, False),
        ({"value": "bogus"}, False),
        ({"pass": "wrong"}, False),
        ({"agent_user": "2000"}, False),
        ({"function": "version"}, False),
        ({"function": "recording", "value": "START"}, False),
        ({"stage": "_x"}, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("language", ["default English", "Spanish"])
def test_only_a_begin_that_is_carried_out_hangs(
    client: Client, slept: list[float], language: str, params: dict[str, str], hangs: bool
) -> None:
    client.do("account", user="6666", language=language)
    client.call(**{"value": "BEGIN", "stage": "_x\n", **params})
    assert slept == ([web.HANG_SECONDS] if hangs else [])


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]")])  # noqa: S104 - closed at once
def test_one_on_all_addresses_names_one_that_clients_can_call(host: str, shown: str) -> None:
    try:
        server = WebServer(call_center(), host)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    server.server_close()
    assert server.url == f"http://{shown}:{server.server_address[1]}"


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("MANIFEST.json", '{"collection_info": {"version": "1.2.3"}}', "1.2.3"),
        ("galaxy.yml", "name: vicidial\nversion: 1.2.3\n", "1.2.3"),
        ("galaxy.yml", "name: vicidial\n", "unreleased"),
        ("README.md", "", "unreleased"),
    ],
)
def test_the_release_is_that_of_the_collection_around_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, expected: str
) -> None:
    (tmp_path / name).write_text(text)
    monkeypatch.setattr(vicidial_simulator, "_HERE", tmp_path / "roles/simulator/files/vicidial_simulator/__init__.py")
    assert vicidial_simulator.release() == expected


def test_a_copy_elsewhere_has_no_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vicidial_simulator, "_HERE", tmp_path / "__init__.py")
    assert vicidial_simulator.release() == "unreleased"


def test_ipv6() -> None:
    try:
        server = WebServer(call_center(), "::1")
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    server.server_close()
    assert server.url == f"http://[::1]:{server.server_address[1]}"


def test_text_of_all_languages_comes_through(client: Client) -> None:
    client.do("change_agent", user="1000", full_name="李小龍 — Søren")
    answer = client.session.post(
        f"{client.simulator.url}/vicidial/non_agent_api.php",
        data={"source": "unit", "user": "6666", "pass": "simulated", "function": "logged_in_agents", "stage": "tab"},
        timeout=TIMEOUT,
    )
    assert "\t李小龍 — Søren\t" in answer.text


def test_a_url_and_a_form_that_are_no_utf_8_are_answered(connection: http.client.HTTPConnection) -> None:
    assert ask(connection, "GET", f"{VERSION}&value=%ff%fe")[0] == 200
    connection.request("POST", VERSION, b"value=\xff%ff", {"Content-Type": "application/x-www-form-urlencoded"})
    assert connection.getresponse().status == 200


def test_calls_at_the_same_time(simulator: Simulator) -> None:
    def twenty(user: str) -> list[str]:
        data = {"source": "unit", "user": "6666", "pass": "simulated", "function": "stereo_recording"}
        with requests.Session() as session:
            return [
                session.post(simulator.api_url, {**data, "value": "STATUS", "agent_user": user}, timeout=TIMEOUT).text
                for _time in range(20)
            ]

    users = [str(1000 + number) for number in range(10)]
    with ThreadPoolExecutor(10) as pool:
        for user, answers in zip(users, pool.map(twenty, users)):
            assert len(set(answers)) == 1
            assert answers[0].startswith(f"NOTICE: not stereo_recording - {user}|")
    assert [entry["number"] for entry in simulator.journal.entries()] == list(range(1, 201))


@pytest.mark.parametrize("sent", [b"", b"POST /agc/api.php HTTP/1.1\r\nContent-Length: 100\r\n\r\nvalue="])
def test_a_client_that_goes_away_is_no_matter(
    simulator: Simulator, capfd: pytest.CaptureFixture[str], sent: bytes
) -> None:
    with socket.create_connection(address(simulator)) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1000)
    assert requests.get(simulator.url + VERSION, timeout=TIMEOUT).status_code == 200
    assert capfd.readouterr().err == ""


# HTTPS


def test_https(https_simulator: Simulator) -> None:
    assert https_simulator.api_url.startswith("https://127.0.0.1:")
    url, ca_path = https_simulator.url + VERSION, str(https_simulator.ca_path)
    with requests.Session() as session:
        for _time in range(3):
            assert session.get(url, verify=ca_path, timeout=TIMEOUT).text.startswith("VERSION: ")


def test_https_on_localhost(https_simulator: Simulator) -> None:
    url = https_simulator.url.replace("127.0.0.1", "localhost") + VERSION
    assert requests.get(url, verify=str(https_simulator.ca_path), timeout=TIMEOUT).status_code == 200


def test_https_is_not_trusted_by_itself(https_simulator: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(https_simulator.url + VERSION, timeout=TIMEOUT)
    assert capfd.readouterr().err == ""


def test_http_on_the_https_port(https_simulator: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(https_simulator.url.replace("https", "http") + VERSION, timeout=TIMEOUT)
    assert capfd.readouterr().err == ""


def test_one_who_says_nothing_does_not_hold_up_the_others(https_simulator: Simulator) -> None:
    with socket.create_connection(address(https_simulator)):
        test_https(https_simulator)


@pytest.mark.parametrize("name", ["reset-before-work", "truncated"])
def test_broken_connections_over_https(https_simulator: Simulator, name: str) -> None:
    https_simulator.faults.add(https_simulator.dialer, name)
    url, ca_path = https_simulator.url + VERSION, str(https_simulator.ca_path)
    with requests.Session() as session:
        with pytest.raises(requests.exceptions.ConnectionError if "reset" in name else BROKEN_OFF):
            session.get(url, verify=ca_path, timeout=TIMEOUT)
        assert session.get(url, verify=ca_path, timeout=TIMEOUT).status_code == 200


@pytest.fixture(scope="module")
def client_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("client") / "client.pem"
    make_certificate(path, ["client.example"])
    return path


@pytest.fixture
def mutual_tls_simulator(certificate: Path, client_certificate: Path) -> Iterator[Simulator]:
    """A simulator that demands a certificate of its clients."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.load_verify_locations(client_certificate)
    tls.verify_mode = ssl.CERT_REQUIRED
    with serving(call_center(), tls, certificate) as running:
        yield running


def test_a_client_with_its_certificate(mutual_tls_simulator: Simulator, client_certificate: Path) -> None:
    answer = requests.get(
        mutual_tls_simulator.url + VERSION,
        verify=str(mutual_tls_simulator.ca_path),
        cert=str(client_certificate),
        timeout=TIMEOUT,
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("which", ["none", "another"])
def test_a_client_without_the_right_certificate(
    mutual_tls_simulator: Simulator, certificate: Path, capfd: pytest.CaptureFixture[str], which: str
) -> None:
    shown = str(certificate) if which == "another" else None
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(
            mutual_tls_simulator.url + VERSION, verify=str(mutual_tls_simulator.ca_path), cert=shown, timeout=TIMEOUT
        )
    assert mutual_tls_simulator.journal.entries() == []
    assert capfd.readouterr().err == ""


def test_the_password_is_in_no_output(simulator: Simulator, capfd: pytest.CaptureFixture[str]) -> None:
    params = {"source": "unit", "user": "6666", "pass": "secret", "function": "stereo_recording"}
    requests.get(f"{simulator.api_url}?{urlencode(params)}", timeout=TIMEOUT)
    assert capfd.readouterr() == ("", "")
