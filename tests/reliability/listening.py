# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are no VICIdial: what stands in the way to one, and notes all that comes by."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Callable

import requests

ANSWER = b"NOTICE: not stereo_recording - 1000|||||10.0.0.5|8600051|INCALL\n"


@dataclass(frozen=True)
class Seen:
    """A request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Handler(BaseHTTPRequestHandler):
    """Notes every request, and answers as :meth:`answer` says."""

    protocol_version = "HTTP/1.1"
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        seen = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        self.server.seen.append(seen)
        self.server.answer(self, seen)

    do_CONNECT = do_GET = do_POST  # noqa: N815 - names of http.server

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole answer; an underscore in a header's name stands for a hyphen."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """What was seen is the log."""


Answer = Callable[[Handler, Seen], None]


@dataclass
class Listener(ThreadingHTTPServer):
    """Listens on loopback; ``seen`` are the requests so far."""

    answer: Answer
    seen: list[Seen] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.daemon_threads = True
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Its root, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def listening(answer: Answer) -> Iterator[Listener]:
    """A server that gives ``answer`` to every request, as long as the context lasts."""
    server = Listener(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def forward(handler: Handler, seen: Seen) -> None:
    """Be a proxy: pass a request on, or lay a tunnel."""
    if seen.method == "CONNECT":
        _tunnel(handler, seen.target)
        return
    with requests.Session() as session:
        session.trust_env = False
        got = session.post(seen.target, data=seen.body, headers={"Content-Type": seen.headers["content-type"]})
    handler.reply(got.status_code, got.content)


def _tunnel(handler: Handler, target: str) -> None:
    host, _colon, port = target.rpartition(":")
    handler.close_connection = True
    with socket.create_connection((host, int(port))) as beyond:
        handler.send_response(200)
        handler.end_headers()
        ways = {handler.connection: beyond, beyond: handler.connection}
        with suppress(OSError):  # one of the two hung up
            while True:
                for end in select.select(list(ways), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ways[end].sendall(data)
