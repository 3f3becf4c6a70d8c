# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web server: HTTP/1.1 with keep-alive, or HTTPS, in front of the APIs and of the control path (protocol 1)."""

from __future__ import annotations

import contextlib
import io
import json
import math
import pkgutil
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from . import release
from .agent_api import AgentApi, hangs
from .capacity import Capacity
from .control import PREFIX, Control
from .dialer import Dialer
from .faults import BAD_GATEWAY, Fault, Faults, Response
from .journal import Journal, result_of
from .non_agent_api import NonAgentApi

FIRST_BUILD_WITHOUT_GUESS = "260302-1142"
LONGEST_URL = 8192
LARGEST_BODY = 2**20
IDLE_SECONDS = 75
HANG_SECONDS = 30.0
LINGER_SECONDS = 1.0
# Where a client of this machine finds a server that listens on all of its addresses.
ON_THIS_MACHINE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
DRIPS = 50  # pieces that a slow part comes in


PAGE = pkgutil.get_data(str(__package__), "page.html") or b""  # also from within a zip file
PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "default-src 'none'; connect-src 'self'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    ),
}


class _RefusedError(Exception):
    """A request whose body cannot be read. It has to be the last one of its connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class WebServer(ThreadingHTTPServer):
    """Serves ``dialer`` on ``host`` and ``port`` (0: any free one), over TLS when ``tls`` is given.

    Call :meth:`serve_forever` to run it and :meth:`shutdown` from another thread to stop it.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, dialer: Dialer, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None):
        self.dialer = dialer
        self.faults = Faults()
        self.journal = Journal()
        self.capacity = Capacity()
        self.control = Control(dialer, self.faults, self.journal, self.capacity)
        self.apis = {api.path: api for api in (AgentApi(dialer), NonAgentApi(dialer))}
        self.lock = threading.Lock()
        self._tls = tls
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The root of the server, without a slash at the end."""
        host, port = str(self.server_address[0]), self.server_address[1]
        host = ON_THIS_MACHINE.get(host, host)
        shown = f"[{host}]" if self.address_family == socket.AF_INET6 else host
        return f"{'https' if self._tls else 'http'}://{shown}:{port}"

    def server_bind(self) -> None:
        """Bind without asking the name service for the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)

    def shutdown_request(self, request: Any) -> None:
        """Close without a FIN of our own: after a reset there must be none."""
        self.close_request(request)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection; the TLS handshake happens here, in the connection's own thread."""
        if self._tls is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(IDLE_SECONDS)
        with self._tls.wrap_socket(request, server_side=True) as connection:
            super().finish_request(connection, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that went away or refused the certificate; show everything else."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: WebServer
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = -1  # buffered: headers and body leave together

    def do_GET(self) -> None:
        try:
            path, body = self._path(), self._body()
        except _RefusedError as refused:
            self._send(Response(b"", status=refused.status, headers={"Connection": "close"}))
            self._linger()
            return
        if path.startswith(PREFIX):
            self._send(self._control(path[len(PREFIX) :], body))
        elif path in self.server.apis:
            with self.server.capacity.worker() as is_served:
                response = self._call(path, body) if is_served else BAD_GATEWAY
            self._send(response)
        elif path == "/":
            self._send(Response(PAGE, headers=PAGE_HEADERS))
        elif path == "/health":
            self._send(self._health())
        else:
            self._send(Response(b"<h1>404 Not Found</h1>\n", status=404))

    # The application does not look at the method: HEAD and OPTIONS carry a command out as well (protocol 1.5).
    do_POST = do_HEAD = do_OPTIONS = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """The journal is the log."""

    def _path(self) -> str:
        if len(self.path) > LONGEST_URL:
            raise _RefusedError(414)
        try:
            return urlsplit(self.path).path
        except ValueError as error:
            raise _RefusedError(400) from error

    def _body(self) -> bytes:
        if "Transfer-Encoding" in self.headers:
            raise _RefusedError(411)
        length = self.headers.get("Content-Length", "0").strip()
        if not re.fullmatch("[0-9]{1,18}", length):
            raise _RefusedError(400)
        if int(length) > LARGEST_BODY:
            raise _RefusedError(413)
        return self.rfile.read(int(length))

    def _health(self) -> Response:
        """That calls are answered, and that the dialer behind them still moves."""
        with self.server.lock:
            agents, build = len(self.server.dialer.agents), self.server.dialer.system.build
        return _json(200, {"status": "ok", "release": release(), "build": build, "agents": agents})

    def _control(self, name: str, body: bytes) -> Response:
        try:
            with self.server.lock:
                if self.command == "GET":
                    shown = self.server.control.show(name, dict(_form(urlsplit(self.path).query)))
                else:
                    shown = self.server.control.act(name, _object(body))
                return _json(200, shown)
        except ValueError as error:
            return _json(400, {"error": str(error)})
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            traceback.print_exc()
            return _json(500, {"error": f"{type(error).__name__}: {error}"})

    def _call(self, path: str, body: bytes) -> Response:
        params, sources = self._parameters(body)
        address, port = self.client_address[:2]
        with self.server.lock:
            fault = self.server.faults.take(params)
            response, result = self._answer(path, params, fault)
            self.server.journal.add(
                time=self.server.dialer.clock.now(),
                address=address,
                port=port,
                method=self.command,
                path=path,
                sources=sources,
                source=params.get("source", ""),
                function=params.get("function", ""),
                value=params.get("value", "") if "value" in sources else "",
                agent_user=params.get("agent_user", ""),
                alt_user=params.get("alt_user", ""),
                account=params.get("user", ""),
                worked=fault is None or fault.works,
                fault=fault.name if fault else None,
                status=None if response.ending == "reset" else response.status,
                result=result,
            )
        if hangs(params, result):
            time.sleep(HANG_SECONDS)
        return response

    def _answer(self, path: str, params: dict[str, str], fault: Fault | None) -> tuple[Response, str]:
        """The response as ``fault`` lets it out, and the result of the answer that it was made of."""
        try:
            works = fault is None or fault.works
            status, text = self.server.apis[path].respond(params, self.client_address[0]) if works else (200, "")
            response = Response(text.encode(), status)
            return fault.shape(response) if fault else response, result_of(text)
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer
            traceback.print_exc()
            return Response(b"", status=500), ""

    def _parameters(self, body: bytes) -> tuple[dict[str, str], dict[str, str]]:
        """The parameters as PHP sees them (the last one wins), and whether each came in the "url" or the "body"."""
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        posted = _form(body.decode("utf-8", "replace")) if is_form and self.command == "POST" else []
        params, sources = {}, {}
        for source, pairs in (("url", _form(urlsplit(self.path).query)), ("body", posted)):
            for key, value in pairs:
                params[key], sources[key] = value, source
        if posted and "value" not in params and self.server.dialer.system.build < FIRST_BUILD_WITHOUT_GUESS:
            params["value"] = posted[-1][1]  # protocol 1.5: with `pass` last, the password
        return params, sources

    def _send(self, response: Response) -> None:
        if not response.drips:
            time.sleep(response.delay)
        if response.ending == "reset":
            self._reset()
            return
        body = b"" if self.command == "HEAD" else response.body
        if response.ending in ("short", "reset-in-body"):
            body = body[: len(body) // 2]
        self._write(self._head(response), response.delay if response.drips == "headers" else 0.0)
        self._write(body, response.delay if response.drips == "body" else 0.0)
        if response.ending == "reset-in-body":
            self._reset()
        elif response.ending != "whole":
            self.close_connection = True

    def _head(self, response: Response) -> bytes:
        """The status line and the headers of ``response``."""
        connection, self.wfile = self.wfile, io.BytesIO()
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        head, self.wfile = self.wfile.getvalue(), connection
        return head

    def _write(self, data: bytes, seconds: float) -> None:
        """Write ``data``, at once or in pieces over ``seconds``."""
        size = math.ceil(len(data) / (DRIPS if seconds else 1)) or 1
        starts = range(0, len(data), size)
        for start in starts:
            if seconds:
                self.wfile.flush()
                time.sleep(seconds / len(starts))
            self.wfile.write(data[start : start + size])

    def _linger(self) -> None:
        """Read on for a moment: to close while the client still sends would reset the connection, answer and all."""
        end = time.monotonic() + LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            while self.rfile.read1(LARGEST_BODY) and time.monotonic() < end:
                pass

    def _reset(self) -> None:
        """Close with a TCP reset instead of a FIN."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


def _json(status: int, shown: Any) -> Response:
    return Response(json.dumps(shown).encode(), status=status, headers={"Content-Type": "application/json"})


def _object(body: bytes) -> Any:
    """The JSON in ``body``; that it is an object is for :mod:`.validation` to say. Raises ValueError for none."""
    try:
        return json.loads(body or b"{}")
    except (RecursionError, ValueError) as error:
        raise ValueError("the body has to be a JSON object") from error


def _form(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="replace")
