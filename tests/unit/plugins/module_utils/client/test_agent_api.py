# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against the simulator, over real HTTP and HTTPS."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import requests
import urllib3

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection, Http
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.replies import NothingToEnd, Sent, Version
from ansible_collections.telephony.vicidial.tests.certificates import make_certificate
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from vicidial_simulator.faults import CALL_FAULTS, parse

AGENT = Agent("1000")
PASSWORD = "p@ss!w#rd"


def connection(simulator: Simulator, **other: Any) -> Connection:
    return replace(Connection(simulator.api_url, simulator.user, simulator.password, timeout=2.0), **other)


@pytest.fixture
def api(simulator: Simulator) -> Iterator[AgentApi]:
    client = AgentApi(connection(simulator))
    yield client
    client.close()


def test_every_call_is_a_post_with_every_parameter_in_the_body_once(simulator: Simulator, api: AgentApi) -> None:
    api.status(AGENT)
    api.signal(AGENT, "BEGIN")
    for entry in simulator.journal.entries():
        assert entry["method"] == "POST"
        assert set(entry["sources"].values()) == {"body"}
        # With `pass` last and no value, the server would take the password for the value (protocol 1.5).
        assert list(entry["sources"])[2] == "pass"
        assert {"source", "user", "pass", "function", "value", "agent_user"} <= set(entry["sources"])


def test_status_begin_end_and_version(simulator: Simulator, api: AgentApi) -> None:
    assert api.status(AGENT).state == "idle"
    assert api.signal(AGENT, "END") == NothingToEnd("1000")
    assert api.signal(Agent(alt_user="crm1000"), "BEGIN") == Sent("1000")
    with simulator.lock:
        simulator.dialer.clock.advance(1)
    assert api.status(AGENT).recording_id == 100001
    assert api.version() == Version("2.14-84", "260302-1142", ANY, ANY)


def test_the_version_is_asked_without_credentials(simulator: Simulator, api: AgentApi) -> None:
    api.version()
    assert not {"user", "pass"} & set(simulator.journal.entries()[0]["sources"])


def test_one_connection_serves_all_calls(simulator: Simulator, api: AgentApi, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []

    def connect(address: tuple[str, int], *_args: Any, **_kwargs: Any) -> socket.socket:
        opened.append(address)
        return socket.create_connection(address)

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect)
    for _time in range(3):
        api.status(AGENT)
    assert len(opened) == 1


FAULTS = [
    ("reset-before-work", "unreachable", True),
    ("reset-after-work", "unreachable", True),
    ("truncated", "unreachable", True),
    ("truncated-unnoticed", "not_understood", False),
    ("bad-gateway", "http_error", True),
    ("crash-before-work", "http_error", True),
    ("crash-after-work", "http_error", True),
    ("login-page", "not_understood", False),
    ("redirect", "http_error", False),
    ("empty-body", "not_understood", True),
    ("database-down", "not_understood", True),
    ("database-down-fatal", "not_understood", True),
    ("reset-in-body", "unreachable", True),
    ("service-unavailable", "http_error", True),
    ("too-many-requests", "http_error", True),
]
# An answer to a question is one with HTTP 500 too (protocol 1.8).
HARMLESS_FAULTS = {"noise", "latency", "slow-headers", "slow-body", "close-after", "crash-with-answer"}


def test_every_fault_of_a_call_has_a_test() -> None:
    assert {fault for fault, _reason, _transient in FAULTS} == set(CALL_FAULTS) - HARMLESS_FAULTS


@pytest.mark.parametrize(("fault", "reason", "transient"), FAULTS)
def test_each_fault_of_a_call_is_a_typed_error(
    simulator: Simulator, api: AgentApi, fault: str, reason: str, transient: bool
) -> None:
    simulator.faults.add(simulator.dialer, fault)
    with pytest.raises(_errors.ApiError) as caught:
        api.status(AGENT)
    assert (caught.value.reason, caught.value.transient, (caught.value.delivery is _errors.Delivery.NOT_SENT)) == (
        reason,
        transient,
        False,
    )
    assert simulator.password not in str(caught.value)
    assert api.status(AGENT).state == "idle", "the client recovers"


@pytest.mark.parametrize("fault", [*sorted(HARMLESS_FAULTS), "display-errors", "php7"])
def test_what_stands_around_an_answer_does_no_harm(simulator: Simulator, api: AgentApi, fault: str) -> None:
    simulator.faults.add(simulator.dialer, fault)
    assert api.status(AGENT).state == "idle"
    if fault == "close-after":  # as the server does while the next call is on its way, if it is quick
        with suppress(_errors.UnreachableError):
            api.status(AGENT)
    assert api.status(AGENT).state == "idle", "the next call is not harmed either"


def test_with_http_500_an_answer_to_a_question_is_believed_and_one_to_a_signal_is_not(
    simulator: Simulator, api: AgentApi
) -> None:
    simulator.faults.add(simulator.dialer, "crash-with-answer", times=None)
    assert (api.status(AGENT).state, api.version().build) == ("idle", "260302-1142")
    with pytest.raises(_errors.NotLoggedInError):
        api.status(Agent("4711"))
    for value in ("BEGIN", "END"):
        with pytest.raises(_errors.HttpError, match="HTTP 500 came back") as caught:
            api.signal(AGENT, value)
        assert "1000" not in f"{vars(caught.value)}"
    simulator.dialer.accounts["6666"].password = "another"
    with pytest.raises(_errors.AuthenticationFailedError):
        api.status(AGENT)


@pytest.mark.parametrize(
    "body",
    ["<html>Internal Server Error simulated</html>", "NOTICE: not stereo_recording - 1000|||||10.0.0.5|860", " "],
)
@pytest.mark.parametrize("status", [500, 502])
def test_what_is_no_answer_with_http_500_is_an_http_error(
    raw_server: Callable[[Serve], str], body: str, status: int
) -> None:
    answer = f"HTTP/1.1 {status} Oh\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    url = raw_server(lambda client: client.sendall(answer))
    with pytest.raises(_errors.HttpError) as caught:
        AgentApi(Connection(url, "6666", "simulated")).status(AGENT)
    assert ("database is down" in str(caught.value)) == (status == 500 and not body.strip())
    assert f"(URL: {url})" in str(caught.value)
    assert "simulated" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("said", "seconds"), [("120", 120.0), ("Sun, 22 Nov 2026 09:13:40 GMT", 0.0), ("-1", 0.0), ("1e9", 0.0), ("", 0.0)]
)
def test_how_long_the_server_wants_to_be_left_alone(
    raw_server: Callable[[Serve], str], said: str, seconds: float
) -> None:
    answer = f"HTTP/1.1 503 Busy\r\nRetry-After: {said}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(_errors.HttpError) as caught:
        AgentApi(Connection(raw_server(lambda client: client.sendall(answer)), "6666", PASSWORD)).status(AGENT)
    assert caught.value.retry_after == seconds


def test_a_redirect_is_named_without_its_query_and_not_followed(simulator: Simulator, api: AgentApi) -> None:
    simulator.faults.add(simulator.dialer, "redirect")
    with pytest.raises(_errors.HttpError) as caught:
        api.status(AGENT)
    assert "redirects to https://elsewhere.invalid/agc/api.php (HTTP 302)" in str(caught.value)
    assert "leaked" not in str(caught.value)


def test_an_old_build_is_named_with_the_one_that_is_needed(simulator: Simulator, api: AgentApi) -> None:
    simulator.faults.add(simulator.dialer, "old-build")
    with pytest.raises(_errors.UnsupportedServerError, match=r"250429-0937.*250830-2102"):
        api.status(AGENT)
    assert [call["function"] for call in simulator.journal.entries()] == ["stereo_recording", "version"]


def test_an_empty_answer_says_nothing_of_why_the_version_was_not_told(
    simulator: Simulator, api: AgentApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a BEGIN that arrived would pass for one that never left, and be sent again."""
    refused = _errors.UnreachableError("refused", "Start it", _errors.Delivery.NOT_SENT, transient=True)
    monkeypatch.setattr(api, "version", _raising(refused))
    simulator.faults.add(simulator.dialer, "empty-body")
    with pytest.raises(_errors.NoAnswerError) as caught:
        api.signal(AGENT, "BEGIN")
    assert caught.value.delivery is not _errors.Delivery.NOT_SENT


def test_a_translated_account_is_recognised_and_not_guessed_at(simulator: Simulator, api: AgentApi) -> None:
    simulator.faults.add(simulator.dialer, "translated")
    for call in (api.status, lambda agent: api.signal(agent, "BEGIN"), lambda agent: api.signal(agent, "END")):
        with pytest.raises(_errors.NotUnderstoodError, match=r"translated account.*default English"):
            call(AGENT)


@pytest.mark.parametrize("user", ["10 00", "99 99"])
def test_an_answer_about_another_agent_is_refused(api: AgentApi, user: str) -> None:
    """The server drops the space (protocol 4.9), so that it answers about 1000, and that 9999 is not logged in."""
    with pytest.raises(_errors.NotUnderstoodError, match="another agent"):
        api.status(Agent(user))


@pytest.mark.parametrize("fault", ["latency", "slow-headers", "slow-body"])
def test_a_slow_server_is_a_time_out(simulator: Simulator, fault: str) -> None:
    simulator.faults.add(simulator.dialer, fault, seconds=1.0)
    with pytest.raises(_errors.TimedOutError) as caught:
        AgentApi(connection(simulator, timeout=0.2)).status(AGENT)
    assert caught.value.delivery is not _errors.Delivery.NOT_SENT


def test_a_closed_port_is_unreachable_and_certainly_unsent() -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/agc/api.php"
    with pytest.raises(_errors.UnreachableError, match="Connection refused") as caught:
        AgentApi(Connection(url, "6666", PASSWORD)).status(AGENT)
    assert caught.value.delivery is _errors.Delivery.NOT_SENT


@pytest.mark.parametrize("host", ["dialer.invalid", f"{'a' * 64}.invalid"])
def test_an_unknown_or_impossible_host_is_unreachable_and_certainly_unsent(host: str) -> None:
    with pytest.raises(_errors.UnreachableError) as caught:
        AgentApi(Connection(f"http://{host}/agc/api.php", "6666", PASSWORD)).status(AGENT)
    assert caught.value.delivery is _errors.Delivery.NOT_SENT


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("by_a_proxy", [False, True], ids=["directly", "by a proxy"])
def test_all_the_silent_addresses_of_a_name_share_the_time_for_connecting(
    monkeypatch: pytest.MonkeyPatch, scheme: str, by_a_proxy: bool
) -> None:
    waits: list[float] = []

    def silent(end: socket.socket, _address: object) -> None:
        waits.append(end.gettimeout() or 0.0)
        raise socket.timeout

    address = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("192.0.2.1", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: [address] * 6)
    monkeypatch.setattr(socket.socket, "connect", silent)
    if by_a_proxy:
        monkeypatch.setenv(f"{scheme}_proxy", "http://proxy.invalid:3128")
    with pytest.raises(_errors.TimedOutError) as caught:
        AgentApi(Connection(f"{scheme}://dialer.invalid/agc/api.php", "6666", PASSWORD, timeout=2.0)).status(AGENT)
    assert caught.value.delivery is _errors.Delivery.NOT_SENT
    assert len(waits) == 6
    assert 0 < sum(waits) <= 2.0


Serve = Callable[[socket.socket], None]


@pytest.fixture
def raw_server() -> Iterator[Callable[[Serve], str]]:
    """A function that serves one connection with raw bytes and returns the URL."""
    listener = socket.create_server(("127.0.0.1", 0))

    def start(serve: Serve) -> str:
        def run() -> None:
            client, _address = listener.accept()
            with client:
                client.recv(65536)
                try:
                    serve(client)
                except OSError:
                    return  # the client went away, as it should

        threading.Thread(target=run, daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/agc/api.php"

    yield start
    listener.close()


def test_a_body_without_end_is_read_up_to_a_bound(raw_server: Callable[[Serve], str]) -> None:
    def endless(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
        while True:
            client.sendall(b"x" * 65536)

    with pytest.raises(_errors.NotUnderstoodError, match="longer than 1 MiB"):
        AgentApi(Connection(raw_server(endless), "6666", PASSWORD)).status(AGENT)


@pytest.mark.parametrize("by_a_proxy", [False, True], ids=["directly", "by a proxy"])
@pytest.mark.parametrize("begun", ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"])
def test_an_answer_that_drips_is_a_time_out_in_all(
    raw_server: Callable[[Serve], str], monkeypatch: pytest.MonkeyPatch, begun: str, by_a_proxy: bool
) -> None:
    stop = threading.Event()

    def dripping(client: socket.socket) -> None:
        client.sendall(begun.encode())
        while not stop.wait(0.05):
            client.sendall(b"x")

    url = raw_server(dripping)
    if by_a_proxy:
        monkeypatch.setenv("http_proxy", url)
        url = "http://dialer.invalid/agc/api.php"
    try:
        with pytest.raises(_errors.TimedOutError):
            AgentApi(Connection(url, "6666", PASSWORD, timeout=0.4)).status(AGENT)
    finally:
        stop.set()


ASK = """
import sys
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import Delivery, ApiError
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
try:
    AgentApi(Connection(sys.argv[1], "6666", sys.argv[2], timeout=0.5)).status(Agent("1000"))
except ApiError as error:
    print(error.reason)
"""


@pytest.mark.skipif("VICIDIAL_TEST_PYTHON39" not in os.environ, reason="no Python 3.9 on this machine")
@pytest.mark.parametrize(("fault", "reason"), [("truncated", "unreachable"), ("slow-headers,seconds=2", "timeout")])
def test_the_oldest_requests_says_the_same(simulator: Simulator, tmp_path: Path, fault: str, reason: str) -> None:
    (tmp_path / "ansible_collections" / "telephony").mkdir(parents=True)
    (tmp_path / "ansible_collections" / "telephony" / "vicidial").symlink_to(Path(__file__).resolve().parents[4])
    name, details = parse(fault)
    simulator.faults.add(simulator.dialer, name, **details)
    done = subprocess.run(
        [os.environ["VICIDIAL_TEST_PYTHON39"], "-c", ASK, simulator.api_url, simulator.password],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{reason}\n", "")


def test_no_http_at_all_is_unreachable(raw_server: Callable[[Serve], str]) -> None:
    url = raw_server(lambda client: client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"))
    with pytest.raises(_errors.UnreachableError):
        AgentApi(Connection(url, "6666", PASSWORD)).status(AGENT)


def test_a_netrc_is_never_used(simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    sent: list[Any] = []

    def send(request: requests.PreparedRequest, **_kwargs: Any) -> None:
        sent.append(request)
        raise OSError

    api = AgentApi(connection(simulator))
    monkeypatch.setattr(api._http._session, "send", send)
    with pytest.raises(_errors.UnreachableError):
        api.status(AGENT)
    assert "Authorization" not in sent[0].headers


def test_the_proxy_of_the_environment_is_used(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(_errors.UnreachableError, match="the proxy cannot be reached"):
        AgentApi(connection(simulator, url="http://dialer.invalid/agc/api.php")).status(AGENT)


def test_https_is_verified_with_the_ca_that_is_given(https_simulator: Simulator) -> None:
    assert AgentApi(connection(https_simulator, verify=str(https_simulator.ca_path))).status(AGENT).state == "idle"


def test_https_is_verified_with_the_ca_of_the_environment(
    https_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(https_simulator.ca_path))
    assert AgentApi(connection(https_simulator)).status(AGENT).state == "idle"


def test_an_unknown_certificate_is_refused_before_anything_is_sent(https_simulator: Simulator) -> None:
    with pytest.raises(
        _errors.UnreachableError, match=r"certificate is not trusted: self.signed certificate"
    ) as caught:
        AgentApi(connection(https_simulator)).status(AGENT)
    assert (caught.value.transient, (caught.value.delivery is _errors.Delivery.NOT_SENT)) == (False, True)
    assert https_simulator.journal.entries() == []


def test_verification_can_be_switched_off_whatever_the_environment_says(
    https_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    make_certificate(other, ["other.example.com"])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    assert AgentApi(connection(https_simulator, verify=False)).status(AGENT).state == "idle"


def test_a_client_certificate_is_shown(certificate: Path, tmp_path: Path) -> None:
    pair = tmp_path / "client.pem"
    make_certificate(pair, ["ansible"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    tls.load_verify_locations(pair)
    tls.verify_mode = ssl.CERT_REQUIRED
    with serving(call_center(), tls, certificate) as simulator:
        trusted = connection(simulator, verify=str(certificate))
        for shown in (
            replace(trusted, client_cert=str(pair)),
            replace(trusted, client_cert=str(pair), client_key=str(pair)),
        ):
            assert AgentApi(shown).status(AGENT).state == "idle"
        with pytest.raises(_errors.UnreachableError):
            AgentApi(trusted).status(AGENT)


def test_the_servers_words_are_quoted_only_without_the_password(raw_server: Callable[[Serve], str]) -> None:
    body = b"ERROR: Something e n tirely new - 1000\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    for password, is_quoted in (("simulated", True), ("Something", False), ("some!thing", False), ("e n", False)):
        url = raw_server(lambda client: client.sendall(answer))
        with pytest.raises(_errors.NotUnderstoodError) as caught:
            AgentApi(Connection(url, "6666", password)).status(AGENT)
        assert ('(it says "Something e n tirely new")' in str(caught.value)) == is_quoted, password


def test_a_second_request_has_a_form_of_its_own_and_the_cookie_of_the_first_answer(
    raw_server: Callable[[Serve], str],
) -> None:
    """A load balancer may tell by a cookie which server it has chosen."""
    second = bytearray()

    def serve(client: socket.socket) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: node=2; path=/\r\nContent-Length: 2\r\n\r\nOK")
        while not second.endswith(b"END"):
            second.extend(client.recv(65536))
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")

    url = raw_server(serve)
    http = Http(Connection(url, "6666", PASSWORD))
    http.post(url, {"function": "version", "user": "6666"})
    assert http.post(url, {"value": "END"}) == b"OK"
    head, _separator, form = bytes(second).partition(b"\r\n\r\n")
    assert form == b"value=END"
    assert b"\r\nContent-Length: 9" in head
    assert b"\r\nCookie: node=2" in head


def test_a_connection_does_not_show_its_password() -> None:
    assert PASSWORD not in repr(Connection("http://127.0.0.1/", "6666", PASSWORD))


def test_nothing_of_requests_leaves_the_client(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever requests raises, with whatever text, it ends as one of our errors without that text."""
    for error in (
        requests.RequestException(f"https://host/?pass={PASSWORD}"),
        requests.exceptions.InvalidURL(PASSWORD),
        urllib3.exceptions.ProtocolError(PASSWORD, OSError(PASSWORD)),
        OSError(PASSWORD),
    ):
        api = AgentApi(connection(simulator))
        monkeypatch.setattr(api._http._session, "send", _raising(error))
        with pytest.raises(_errors.ApiError) as caught:
            api.status(AGENT)
        assert PASSWORD not in f"{caught.value} {vars(caught.value)}"
        assert caught.value.__suppress_context__


def _raising(error: Exception) -> Callable[..., None]:
    def send(*_args: Any, **_kwargs: Any) -> None:
        raise error

    return send
