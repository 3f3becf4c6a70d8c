# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to the server: nobody else gets the password, and a connection that cannot be trusted is not used.

What the client does with the CA that it is given, and with an unknown certificate, is in the unit tests of the client.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import parse_headers
from pathlib import Path
from typing import Any, Callable

import pytest
import requests

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.tests.certificates import make_certificate
from ansible_collections.telephony.vicidial.tests.reliability.listening import (
    ANSWER,
    Answer,
    Handler,
    Seen,
    forward,
    listening,
)
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator, call_center, serving

ROOT = Path(__file__).parents[2]
PROXY_PASSWORD = "between-us"
# The Pythons that clients run with here: the newest requests, and the oldest that is supported.
PYTHONS = {"main": sys.executable, "oldest requests": os.environ.get("VICIDIAL_TEST_PYTHON39")}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def ask(url: str, **options: Any) -> str:
    """The state of agent 1000, asked for at ``url``; twice, so that a connection is used again."""
    with closing(AgentApi(Connection(f"{url}/agc/api.php", USER, PASSWORD, **{"timeout": 5.0, **options}))) as api:
        api.status(Agent("1000"))
        return api.status(Agent("1000")).state


def refused(url: str, **options: Any) -> _errors.ApiError:
    """The error that the same ends with."""
    with pytest.raises(_errors.ApiError) as caught:
        ask(url, **options)
    return caught.value


@contextmanager
def https(certificate: Path, client_ca: Path | None = None) -> Iterator[Simulator]:
    """A simulator that shows ``certificate``, and demands one that ``client_ca`` vouches for."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    if client_ca is not None:
        tls.load_verify_locations(client_ca)
        tls.verify_mode = ssl.CERT_REQUIRED
    with serving(call_center(), tls, certificate) as simulator:
        yield simulator


# Certificates


CLIENT = """
import json, os, sys
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import ApiError, Delivery
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
given = os.environ.copy()
for url, user, password, verify, environment in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(given, **environment)
    try:
        print("done:", AgentApi(Connection(url, user, password, verify=verify)).status(Agent("1000")).state)
    except ApiError as error:
        print(error.reason, error.transient, error.delivery is Delivery.NOT_SENT, error)
"""

UNTRUSTED = "unreachable False True the server's certificate is not trusted: "
NO_FILE = "unreachable False True a file of certificates is not there"


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_what_is_not_trusted_gets_no_request_whatever_the_environment_says(python: str | None, tmp_path: Path) -> None:
    if python is None:
        pytest.skip("no Python 3.9 on this machine")
    good, wrong, expired, other = (tmp_path / f"{name}.pem" for name in ("good", "wrong", "expired", "other"))
    make_certificate(good, ["127.0.0.1"])
    make_certificate(wrong, ["dialer.example.com"])
    make_certificate(expired, ["127.0.0.1"], days=-1)
    make_certificate(other, ["127.0.0.1"])
    (tmp_path / "empty").mkdir()
    # What the server shows, what the client is told to verify it with, what the environment says, what comes of it.
    cases: list[tuple[Path, Path | bool, dict[str, str], str]] = [
        (good, good, {}, "done: idle"),
        (wrong, wrong, {}, UNTRUSTED),
        (expired, expired, {}, UNTRUSTED + "certificate has expired"),
        (good, other, {}, UNTRUSTED),
        (good, True, {}, UNTRUSTED),
        (good, True, {"CURL_CA_BUNDLE": "", "REQUESTS_CA_BUNDLE": ""}, UNTRUSTED),
        (good, True, {"CURL_CA_BUNDLE": ""}, UNTRUSTED),
        (good, True, {"REQUESTS_CA_BUNDLE": "0"}, NO_FILE),
        (good, True, {"REQUESTS_CA_BUNDLE": str(other)}, UNTRUSTED),
        (good, True, {"REQUESTS_CA_BUNDLE": str(tmp_path / "empty")}, UNTRUSTED),
        (good, True, {"CURL_CA_BUNDLE": str(tmp_path / "nothing")}, NO_FILE),
        (good, True, {"PYTHONHTTPSVERIFY": "0"}, UNTRUSTED),
        (good, True, {"CURL_CA_BUNDLE": str(good)}, "done: idle"),
        (good, good, {"REQUESTS_CA_BUNDLE": str(other), "CURL_CA_BUNDLE": ""}, "done: idle"),
        (good, False, {"REQUESTS_CA_BUNDLE": str(other)}, "done: idle"),
    ]
    with ExitStack() as stack:
        servers = [stack.enter_context(https(shown)) for shown, *_rest in cases]
        given = [
            (server.api_url, USER, PASSWORD, trusted if isinstance(trusted, bool) else str(trusted), environment)
            for server, (_shown, trusted, environment, _expected) in zip(servers, cases)
        ]
        said = run(python, tmp_path, CLIENT, json.dumps(given)).splitlines()
        reached = [bool(server.journal.entries()) for server in servers]
    assert [pair for pair in zip(cases, said) if not pair[1].startswith(pair[0][3])] == []
    assert reached == [expected == "done: idle" for *_rest, expected in cases], "no request without trust"


def run(python: str, directory: Path, program: str, given: str) -> str:
    """What ``program`` prints that another Python runs, with this collection to be imported."""
    collections = directory / "ansible_collections" / "telephony"
    collections.mkdir(parents=True)
    (collections / "vicidial").symlink_to(ROOT)
    done = subprocess.run(
        [python, "-c", program],
        env={**os.environ, "PYTHONPATH": str(directory)},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_a_server_that_demands_a_certificate(certificate: Path, tmp_path: Path) -> None:
    pair, key, alone, stranger = (tmp_path / f"{name}.pem" for name in ("pair", "key", "alone", "stranger"))
    make_certificate(pair, ["ansible"])
    make_certificate(stranger, ["ansible"])
    key.write_text(pair.read_text().partition("-----BEGIN CERTIFICATE")[0])
    alone.write_text(pair.read_text()[len(key.read_text()) :])
    with https(certificate, client_ca=pair) as simulator:
        trusted = {"verify": str(certificate)}
        for shown in ({}, {"client_cert": str(stranger)}, {"client_cert": str(alone)}, {"client_cert": str(key)}):
            assert refused(simulator.url, **trusted, **shown).reason == "unreachable"
        assert simulator.journal.entries() == []
        assert ask(simulator.url, **trusted, client_cert=str(alone), client_key=str(key)) == "idle"
        assert ask(simulator.url, **trusted, client_cert=str(pair)) == "idle"


def test_https_where_http_is_spoken_and_the_other_way_round(simulator: Simulator, https_simulator: Simulator) -> None:
    error = refused(simulator.url.replace("http:", "https:"))
    assert (error.reason, "no TLS connection came about" in str(error)) == ("unreachable", True)
    assert refused(https_simulator.url.replace("https:", "http:")).reason in ("unreachable", "http_error")
    assert simulator.journal.entries() == https_simulator.journal.entries() == []


# Connections that are closed, as by a load balancer that finds no server behind it


HangUp = Callable[[socket.socket, ssl.SSLContext], object]


def in_the_handshake(client: socket.socket, _tls: ssl.SSLContext) -> None:
    client.recv(65536)


def by_a_reset(client: socket.socket, _tls: ssl.SSLContext) -> None:
    client.recv(1)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def with_a_farewell(client: socket.socket, _tls: ssl.SSLContext) -> None:
    client.recv(65536)
    client.sendall(bytes.fromhex("15 0303 0002 01 00"))  # TLS's close_notify


def after_the_request(client: socket.socket, tls: ssl.SSLContext) -> None:
    with tls.wrap_socket(client, server_side=True) as secured:
        while PASSWORD.encode() not in secured.recv(65536):
            pass


def in_mid_answer(client: socket.socket, tls: ssl.SSLContext) -> None:
    with tls.wrap_socket(client, server_side=True) as secured:
        while PASSWORD.encode() not in secured.recv(65536):
            pass
        secured.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nNOTICE")


@contextmanager
def hanging_up(hang_up: HangUp, certificate: Path) -> Iterator[str]:
    """The URL of a server whose every connection ends with ``hang_up``."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)

    def serve() -> None:
        while True:
            client, _address = listener.accept()
            with client:
                if done.is_set():
                    return
                hang_up(client, tls)

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/agc/api.php"
        done.set()
        socket.create_connection(listener.getsockname()).close()
        thread.join()


@pytest.mark.parametrize("python", PYTHONS.values(), ids=PYTHONS)
def test_a_connection_that_is_closed_is_no_matter_of_tls_and_in_the_handshake_nothing_was_sent(
    python: str | None, certificate: Path, tmp_path: Path
) -> None:
    if python is None:
        pytest.skip("no Python 3.9 on this machine")
    unsent: dict[HangUp, bool] = {
        in_the_handshake: True,
        by_a_reset: True,
        with_a_farewell: True,
        after_the_request: False,
        in_mid_answer: False,
    }
    with ExitStack() as stack:
        proxy = stack.enter_context(listening(forward))
        urls = [stack.enter_context(hanging_up(ending, certificate)) for ending in unsent]
        given = [
            (url, USER, PASSWORD, str(certificate), environment)
            for url in urls
            for environment in ({}, {"https_proxy": proxy.url})
        ]
        said = run(python, tmp_path, CLIENT, json.dumps(given)).splitlines()
        assert len(proxy.seen) == len(urls)
    expected = [f"unreachable True {ending} the " for ending in unsent.values() for _way in range(2)]
    assert [pair for pair in zip(expected, said) if not pair[1].startswith(pair[0])] == []
    assert len(said) == len(expected)


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to_itself", [True, False], ids=["to the same host", "to another host"])
def test_a_redirect_is_reported_and_never_followed(simulator: Simulator, status: int, to_itself: bool) -> None:
    where = "/elsewhere?user=6666&pass=leaked" if to_itself else f"{simulator.api_url}?user=6666&pass=leaked#leaked"
    with listening(lambda handler, _seen: handler.reply(status, Location=where)) as server:
        error = refused(server.url)
        assert (error.reason, error.transient) == ("http_error", False)
        target = f"{server.url}/elsewhere" if to_itself else simulator.api_url
        assert f"redirects to {target} (HTTP {status})" in str(error)
        assert str(error).count(f"(URL: {server.url}/agc/api.php)") == 1
        assert "leaked" not in str(error)
        assert len(server.seen) == 1
    assert simulator.journal.entries() == []


# Proxies


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_a_proxy_of_the_environment_passes_calls_on(
    simulator: Simulator, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with listening(forward) as proxy:
        monkeypatch.setenv(name, proxy.url)
        assert ask(simulator.url) == "idle"
        assert [request.target for request in proxy.seen] == [simulator.api_url] * 2
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert ask(simulator.url) == "idle"
        assert len(proxy.seen) == 2


def test_a_proxy_sees_nothing_of_what_goes_over_https(
    https_simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(forward) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("//", f"//somebody:{PROXY_PASSWORD}@"))
        assert ask(https_simulator.url, verify=str(https_simulator.ca_path)) == "idle"
        assert [(request.method, request.target, request.body) for request in proxy.seen] == [
            ("CONNECT", https_simulator.url.removeprefix("https://"), b"")
        ]
        assert "Basic" in proxy.seen[0].headers["proxy-authorization"]
        assert "not trusted" in str(refused(https_simulator.url)), "a proxy is no reason to trust anybody"
    assert len(https_simulator.journal.entries()) == 2


@pytest.mark.parametrize("status", [407, 502])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses_is_reported_without_its_credentials(
    monkeypatch: pytest.MonkeyPatch, status: int, scheme: str
) -> None:
    with listening(lambda handler, _seen: handler.reply(status, Proxy_Authenticate="Basic")) as proxy:
        monkeypatch.setenv(f"{scheme}_proxy", proxy.url.replace("//", f"//somebody:{PROXY_PASSWORD}@"))
        error = refused(f"{scheme}://dialer.invalid")
    assert (error.reason, error.transient) == ("http_error" if scheme == "http" else "unreachable", status == 502)
    assert f"HTTP {status}" in str(error)
    assert (error.delivery is _errors.Delivery.NOT_SENT) == (scheme == "https"), (
        "a tunnel that is not there has carried nothing"
    )
    assert PROXY_PASSWORD not in f"{error} {vars(error)}"


# What else a server does, and what must not be sent to it


def plain(handler: Handler, _seen: Seen) -> None:
    handler.reply(200, ANSWER)


def with_cookies(handler: Handler, _seen: Seen) -> None:
    handler.reply(200, ANSWER, Set_Cookie="PHPSESSID=\u00ff; Path=/; Max-Age=nonsense; HttpOnly, b=; =c")


def until_it_closes(handler: Handler, _seen: Seen) -> None:
    handler.protocol_version = "HTTP/1.0"
    handler.close_connection = True
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(ANSWER)


def in_chunks(handler: Handler, _seen: Seen) -> None:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    parts = [ANSWER[:7], ANSWER[7:], b""]
    handler.wfile.write(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts))


@pytest.mark.parametrize("answer", [plain, with_cookies, until_it_closes, in_chunks])
def test_an_answer_is_an_answer_however_it_is_sent_and_a_netrc_is_not_used(
    answer: Answer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with listening(answer) as server:
        assert ask(server.url) == "idle"
    assert len(server.seen) == 2
    for seen in server.seen:
        assert "authorization" not in seen.headers
        assert PASSWORD not in f"{seen.target} {seen.headers}"


def test_a_compressed_answer_is_reported_as_such() -> None:
    packed = gzip.compress(ANSWER)
    with listening(lambda handler, _seen: handler.reply(200, packed, Content_Encoding="gzip")) as server:
        error = refused(server.url)
    assert (error.reason, error.transient) == ("not_understood", False)
    assert "is compressed, which was not asked for" in str(error)


# What is no HTTP, or strange HTTP


HEAD = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n\r\n" % len(ANSWER)
STRANGE = {
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server answers at this port"),
    "SMTP": (b"220 mail.example.com ESMTP\r\n", "speaks no HTTP"),
    "HTTP of the future": (b"HTTP/9.9 200 OK\r\n" + LENGTH + ANSWER, "speaks no HTTP"),
    "a header too long": (HEAD + b"X: " + b"a" * 70000 + b"\r\n" + LENGTH + ANSWER, "longer or more headers"),
    "headers too many": (HEAD + b"X: a\r\n" * 150 + LENGTH + ANSWER, "longer or more headers"),
    "a chunk of no length": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "chunk of it has no proper length"),
    "a chunk below zero": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n", "chunk of it has no proper length"),
    "half a chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4f\r\nNOT", "closed before the answer was complete"),
    "compressed": (HEAD + b"Content-Encoding: identity, GZIP\r\n" + LENGTH + ANSWER, "is compressed"),
    "announced by 103": (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + HEAD + LENGTH + ANSWER, None),
    "announced twice": (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + HEAD + LENGTH + ANSWER, None),
    "encoded by none": (HEAD + b"Content-Encoding: none\r\n" + LENGTH + ANSWER, None),
    "encoded by nothing": (HEAD + b"Content-Encoding:\r\n" + LENGTH + ANSWER, None),
    "encoded as UTF-8": (HEAD + b"Content-Encoding: UTF-8\r\n" + LENGTH + ANSWER, None),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_strange_says_what_it_is_or_does_no_harm(kind: str) -> None:
    sent, said = STRANGE[kind]

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as client, client.makefile("rb") as received, suppress(OSError):
            for _request in range(1 if said else 2):
                # To its end: the system resets a connection that is closed with something unread in it.
                received.readline()
                received.read(int(parse_headers(received)["Content-Length"]))
                client.sendall(sent)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if said is None:
            assert ask(url) == "idle"
        else:
            error = refused(url)
            assert said in str(error)
            assert f"(URL: {url}/agc/api.php)" in str(error)
        thread.join()


# Proxies that are no HTTP proxies, and none at all


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("proxy", ["foo://x:1", "://", "http://", "http://[::1", "http://x:99999"])
def test_a_malformed_proxy_variable_is_named(monkeypatch: pytest.MonkeyPatch, scheme: str, proxy: str) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    error = refused(f"{scheme}://dialer.invalid")
    assert "the proxy variable of the environment is no URL" in str(error)
    assert error.delivery is _errors.Delivery.NOT_SENT


def test_a_socks_proxy_without_pysocks_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """requests has a function in the place of PySocks's part where that is not installed."""

    def missing(*_args: object, **_kwargs: object) -> None:
        raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")

    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", missing)
    monkeypatch.setenv("all_proxy", "socks5h://127.0.0.1:9")
    error = refused("https://dialer.invalid")
    assert "PySocks" in str(error)
    assert error.delivery is _errors.Delivery.NOT_SENT


def socks(listener: socket.socket, target: tuple[str, int], asked: list[bytes]) -> None:
    """Serve one connection as a SOCKS5 proxy does, which leads to ``target`` whatever was asked for."""
    client = listener.accept()[0]
    client.recv(3)
    client.sendall(b"\5\0")
    asked.append(client.recv(300))
    client.sendall(b"\5\0\0\1\0\0\0\0\0\0")
    server = socket.create_connection(target)
    back = threading.Thread(target=pump, args=(server, client))
    back.start()
    pump(client, server)
    back.join()
    client.close()
    server.close()


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_socks_proxy_passes_calls_on_and_looks_up_the_host(
    simulator: Simulator, https_simulator: Simulator, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    pytest.importorskip("socks")
    server = simulator if scheme == "http" else https_simulator
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = server.server.server_address[:2]
        thread = threading.Thread(target=socks, args=(listener, address, asked), daemon=True)
        thread.start()
        monkeypatch.setenv("all_proxy", f"socks5h://127.0.0.1:{listener.getsockname()[1]}")
        host = "dialer.invalid" if scheme == "http" else "localhost"
        assert ask(f"{scheme}://{host}", verify=str(server.ca_path) if server.ca_path else True) == "idle"
        thread.join()
    assert host.encode() in asked[0]
    error = refused(f"{scheme}://dialer.invalid")
    assert "the proxy cannot be reached: Connection refused" in str(error)
    assert error.delivery is _errors.Delivery.NOT_SENT
