# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The web server: HTTP/1.1 with keep-alive, or HTTPS, in front of the APIs and of the control path (protocol 1)."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .agent_api import AgentApi
from .control import PREFIX, Control
from .dialer import Dialer
from .faults import Faults, Response
from .journal import Journal, result_of
from .non_agent_api import NonAgentApi

LONGEST_URL = 8192
IDLE_SECONDS = 75
HANG_SECONDS = 30.0
_JSON = {"Content-Type": "application/json"}


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
        self.control = Control(dialer, self.faults, self.journal)
        self.apis = {api.path: api for api in (AgentApi(dialer), NonAgentApi(dialer))}
        self.lock = threading.Lock()
        self._tls = tls
        super().__init__((host, port), _Handler)

    @property
    def url(self) -> str:
        """The root of the server, without a slash at the end."""
        host = self.server_address[0]
        return f"{'https' if self._tls else 'http'}://{host!s}:{self.server_address[1]}"

    def server_bind(self) -> None:
        """Bind without asking the name service for the host's name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)

    def shutdown_request(self, request: Any) -> None:
        """Close without a farewell of our own: after a reset there must be none."""
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
        if len(self.path) > LONGEST_URL:
            self._send(Response(b"", status=414))
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if path.startswith(PREFIX):
            self._send(self._control(path[len(PREFIX) :], body))
        elif path in self.server.apis:
            self._send(self._call(path, body))
        else:
            self._send(Response(b"<h1>404 Not Found</h1>\n", status=404))

    # The application does not look at the method: HEAD and OPTIONS carry a command out as well (protocol 1.5).
    do_POST = do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - names of http.server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """The journal is the log."""

    def _control(self, name: str, body: bytes) -> Response:
        try:
            with self.server.lock:
                if self.command == "GET":
                    shown = self.server.control.show(name)
                else:
                    shown = self.server.control.act(name, json.loads(body or b"{}"))
        except ValueError as error:
            return Response(json.dumps({"error": str(error)}).encode(), status=400, headers=_JSON)
        return Response(json.dumps(shown).encode(), headers=_JSON)

    def _call(self, path: str, body: bytes) -> Response:
        params, sources = self._parameters(body)
        address = self.client_address[0]
        with self.server.lock:
            fault = self.server.faults.take(params)
            works = fault is None or fault.works
            text = self.server.apis[path].answer(params, address) if works else ""
            response = Response(text.encode())
            if fault is not None:
                response = fault.shape(response)
            self.server.journal.add(
                time=self.server.dialer.clock.now(),
                address=address,
                method=self.command,
                path=path,
                sources=sources,
                source=params.get("source", ""),
                function=params.get("function", ""),
                value=params.get("value", "") if "value" in sources else "",
                agent_user=params.get("agent_user", ""),
                alt_user=params.get("alt_user", ""),
                account=params.get("user", ""),
                worked=works,
                fault=fault.name if fault else None,
                status=response.status,
                result=result_of(text),
            )
        if params.get("stage", "").endswith("\n"):
            time.sleep(HANG_SECONDS)  # protocol 4.8: such a label can hang a server process
        return response

    def _parameters(self, body: bytes) -> tuple[dict[str, str], dict[str, str]]:
        """The parameters as PHP sees them (the last one wins), and whether each came in the "url" or the "body"."""
        is_form = self.headers.get_content_type() == "application/x-www-form-urlencoded"
        posted = _form(body.decode("utf-8", "replace")) if is_form and self.command == "POST" else []
        params, sources = {}, {}
        for source, pairs in (("url", _form(urlsplit(self.path).query)), ("body", posted)):
            for key, value in pairs:
                params[key], sources[key] = value, source
        if posted and "value" not in params:
            params["value"] = posted[-1][1]  # protocol 1.5: with `pass` last, the password
        return params, sources

    def _send(self, response: Response) -> None:
        time.sleep(response.delay)
        if response.ending == "reset":
            self._reset()
            return
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        body = b"" if self.command == "HEAD" else response.body
        if response.ending == "short":
            body = body[: len(body) // 2]
            self.close_connection = True
        self.wfile.write(body)

    def _reset(self) -> None:
        """Close with a TCP reset instead of a farewell."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True


def _form(text: str) -> list[tuple[str, str]]:
    return parse_qsl(text, keep_blank_values=True, errors="replace")
