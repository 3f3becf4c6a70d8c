# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pretended AWX over HTTP on loopback: as much of its API as the role awx and the documented launches call."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ansible_collections.telephony.vicidial.tests.operations import awx_launch, awx_rules
from ansible_collections.telephony.vicidial.tests.operations.awx_objects import (
    GALAXY,
    KINDS,
    PREFIX,
    Awx,
    RefusedError,
    Row,
)

TOKEN = "a-token-for-tests"


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or "{}")
        url = urlsplit(self.path)
        try:
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                raise RefusedError("no valid token", 401)
            with self.server.lock:
                if self.command != "GET":
                    self.server.awx.journal.append((self.command, url.path, body))
                status, answer = self._carry_out(
                    unquote(url.path).removeprefix(PREFIX).strip("/").split("/"), url.query, body
                )
        except RefusedError as error:
            status, answer = error.status, error.body
        self._answer(status, answer)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of http.server

    def _carry_out(self, path: list[str], query: str, body: Row) -> tuple[int, Any]:
        awx, kind = self.server.awx, path[0]
        if path == ["schedules", "zoneinfo"]:
            return 200, {"zones": awx_rules.TIME_ZONES, "links": {}}
        if kind == "roles":
            return self._carry_out_role(int(path[1]), body)
        if len(path) == 1:
            if self.command == "POST":
                return 201, awx.create(kind, body)
            return 200, _page(awx.search(kind, parse_qsl(query)))
        by_name = [row for row in awx.objects[kind].values() if path[1] == f"{row.get('name')}++Default"]
        row = by_name[0] if by_name else awx.objects[kind].get(int(path[1]))
        if row is None:
            raise RefusedError("Not found.", 404)
        if len(path) > 2:
            return self._carry_out_related(row, kind, path[2], body)
        if self.command == "DELETE":
            return awx.delete(kind, row), {}
        return 200, awx.change(kind, row, body) if self.command == "PATCH" else awx.shown(kind, row)

    def _carry_out_role(self, role: int, body: Row) -> tuple[int, Any]:
        teams = self.server.awx.granted.setdefault(role, [])
        if self.command == "POST":
            (teams.remove if body.get("disassociate") else teams.append)(body["id"])
            return 204, {}
        return 200, _page([{"id": team} for team in teams])

    def _carry_out_related(self, row: Row, kind: str, relation: str, body: Row) -> tuple[int, Any]:
        awx = self.server.awx
        if relation == "survey_spec":
            if self.command == "POST":
                awx.write_survey(row, body)
            if self.command == "DELETE":
                awx.surveys.pop(row["id"], None)
            return 200, awx.surveys.get(row["id"], {})
        if relation == "events":
            return 200, _page([{"event": "runner_on_failed", "event_data": {"res": {"stderr": GALAXY, "rc": 1}}}])
        if relation == "update":
            return 202, awx.sync(row)
        if relation == "launch":
            return 201, awx_launch.launch(awx, row, body)
        if relation == "create_approval_template":
            return 201, awx.create_approval(row, body)
        if self.command == "POST" and relation in KINDS[kind].related:
            awx.relate(row, kind, relation, body)
            return 204, {}
        target = KINDS[kind].related.get(relation)
        if target is None:
            raise RefusedError("Not found.", 404)
        found = awx.related.get((row["id"], relation), [])
        return 200, _page([awx.shown(target, awx.objects[target][number]) for number in found])

    def _answer(self, status: int, answer: Any) -> None:
        body = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing on standard error."""


def _page(rows: list[Row]) -> Row:
    return {"count": len(rows), "next": None, "previous": None, "results": rows}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, awx: Awx) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.awx = awx
        self.lock = threading.Lock()


@contextmanager
def serving_awx(repository: Path) -> Iterator[Awx]:
    """An AWX with the organization Default, whose projects are synced from ``repository``."""
    awx = Awx(repository)
    awx.create("organizations", {"name": "Default"})
    with serving(awx):
        yield awx


@contextmanager
def serving_copy(of: Awx) -> Iterator[Awx]:
    """Another AWX that holds the same, history included."""
    with serving(copy.deepcopy(of)) as awx:
        yield awx


@contextmanager
def serving(awx: Awx) -> Iterator[Awx]:
    """Serve it on loopback, where its ``url`` says, as long as the context lasts."""
    server = _Server(awx)
    awx.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield awx
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
