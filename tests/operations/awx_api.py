# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pretended AWX: as much of its API, over HTTP on loopback, as the modules of awx.awx call for the role awx.

It keeps objects, their relations and surveys, and refuses what AWX refuses: references to nothing, a second object of
the same name, a playbook that the project does not have, documents against the rules of awx_rules.py. Unlike AWX it
also refuses fields that the kind of object does not have. Secrets come back as AWX shows them.
"""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ansible_collections.telephony.vicidial.tests.operations import awx_rules

Row = dict[str, Any]
TOKEN = "a-token-for-tests"
SHOWN = "$encrypted$"
_PREFIX = "/api/v2/"


@dataclass(frozen=True)
class Kind:
    """One kind of object: its fields with their defaults, what they refer to, and what goes when it goes."""

    type: str
    fields: Row
    refers: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ("name",)
    unique: tuple[str, ...] = ("name", "organization")
    related: dict[str, str] = field(default_factory=dict)
    owner: tuple[str, ...] = ()


_NOTIFICATIONS = {
    f"notification_templates_{event}": "notification_templates" for event in ("started", "success", "error")
}
_ORGANIZATION = {"organization": "organizations"}
_NAMED: Row = {"name": None, "description": "", "organization": None}
_ENVIRONMENT = {"execution_environment": "execution_environments"}

KINDS = {
    "organizations": Kind("organization", {"name": None, "description": ""}, unique=("name",)),
    "credential_types": Kind(
        "credential_type",
        {"name": None, "description": "", "kind": None, "inputs": {}, "injectors": {}, "managed": False},
        required=("name", "kind"),
        unique=("name", "kind"),
    ),
    "credentials": Kind(
        "credential",
        {**_NAMED, "credential_type": None, "inputs": {}},
        {**_ORGANIZATION, "credential_type": "credential_types"},
        ("name", "credential_type", "organization"),
        ("name", "organization", "credential_type"),
    ),
    "execution_environments": Kind(
        "execution_environment", {**_NAMED, "image": None, "pull": ""}, _ORGANIZATION, ("name", "image")
    ),
    "projects": Kind(
        "project",
        {
            **_NAMED,
            "scm_type": "",
            "scm_url": "",
            "scm_branch": "",
            "credential": None,
            "scm_update_on_launch": False,
            "scm_update_cache_timeout": 0,
            "default_environment": None,
            "scm_revision": "",
        },
        {**_ORGANIZATION, "credential": "credentials", "default_environment": "execution_environments"},
        ("name", "organization", "scm_url"),
    ),
    "inventories": Kind(
        "inventory", {**_NAMED, "kind": "", "host_filter": None}, _ORGANIZATION, ("name", "organization")
    ),
    "inventory_sources": Kind(
        "inventory_source",
        {
            "name": None,
            "description": "",
            "inventory": None,
            "source": "",
            "source_project": None,
            "source_path": "",
            "credential": None,
            "execution_environment": None,
            "overwrite": False,
            "overwrite_vars": False,
            "update_on_launch": False,
            "update_cache_timeout": 0,
        },
        {"inventory": "inventories", "source_project": "projects", "credential": "credentials", **_ENVIRONMENT},
        ("name", "inventory", "source", "source_project"),
        ("name", "inventory"),
        owner=("inventory",),
    ),
    "notification_templates": Kind(
        "notification_template",
        {**_NAMED, "notification_type": None, "notification_configuration": {}, "messages": {}},
        _ORGANIZATION,
        ("name", "organization", "notification_type"),
    ),
    "job_templates": Kind(
        "job_template",
        {
            **_NAMED,
            "project": None,
            "playbook": "",
            "inventory": None,
            "execution_environment": None,
            "extra_vars": "",
            "survey_enabled": False,
            "diff_mode": False,
            "ask_job_type_on_launch": False,
            "ask_limit_on_launch": False,
            "job_slice_count": 1,
        },
        {**_ORGANIZATION, "project": "projects", "inventory": "inventories", **_ENVIRONMENT},
        ("name", "project", "playbook", "inventory"),
        related={"credentials": "credentials", **_NOTIFICATIONS},
    ),
    "workflow_job_templates": Kind("workflow_job_template", {**_NAMED, "extra_vars": ""}, _ORGANIZATION),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {"identifier": None, "workflow_job_template": None, "unified_job_template": None, "extra_data": {}},
        {"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
        ("identifier", "workflow_job_template", "unified_job_template"),
        ("identifier", "workflow_job_template"),
        {f"{outcome}_nodes": "workflow_job_template_nodes" for outcome in ("success", "failure", "always")},
        ("workflow_job_template",),
    ),
    "schedules": Kind(
        "schedule",
        {"name": None, "description": "", "unified_job_template": None, "rrule": "", "extra_data": {}, "enabled": True},
        {"unified_job_template": "unified_job_templates"},
        ("name", "unified_job_template", "rrule"),
        ("name", "unified_job_template"),
        owner=("unified_job_template",),
    ),
}
_UNIFIED = ("job_templates", "projects", "inventory_sources", "workflow_job_templates")


class RefusedError(Exception):
    """The answer 400, or another one, with what is wrong."""

    def __init__(self, problem: str, status: int = 400) -> None:
        super().__init__(problem)
        self.status = status


@dataclass
class Awx:
    """What it holds, and every call that was not a mere question."""

    playbooks: set[str]
    objects: dict[str, dict[int, Row]] = field(default_factory=lambda: {name: {} for name in KINDS})
    related: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    surveys: dict[int, Row] = field(default_factory=dict)
    journal: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""
    last_id: int = 0

    def named(self, name: str, of: str) -> Row:
        """The object ``of`` a kind, as it is kept, secrets and all."""
        [row] = [row for row in self.objects[of].values() if _name(row) == name]
        return row

    def names(self, of: str) -> set[str]:
        return {_name(row) for row in self.objects[of].values()}

    def names_related(self, kind: str, row: Row, relation: str) -> list[str]:
        """The names of what is related to an object of a kind."""
        target = self.objects[KINDS[kind].related[relation]]
        return [_name(target[number]) for number in self.related.get((row["id"], relation), [])]

    def create(self, kind: str, given: Row) -> Row:
        """A new object of fields that are as AWX wants them."""
        row = {**json.loads(json.dumps(KINDS[kind].fields)), **self._checked_fields(kind, given)}
        if kind == "job_templates" and row["project"] in self.objects["projects"]:
            row["organization"] = self.objects["projects"][row["project"]]["organization"]
        self._check(kind, row, None)
        self.last_id += 1
        row["id"] = self.last_id
        self.objects[kind][row["id"]] = row
        return self.shown(kind, row)

    def change(self, kind: str, row: Row, given: Row) -> Row:
        changed = {**row, **self._checked_fields(kind, given)}
        self._check(kind, changed, row)
        row.update(changed)
        return self.shown(kind, row)

    def delete(self, kind: str, row: Row) -> int:
        """Remove an object, and what belongs to it. What only refers to it is left without."""
        if kind == "credential_types" and self._is_in_use(row):
            raise RefusedError("Credential types that are in use cannot be deleted", 403)
        del self.objects[kind][row["id"]]
        self.surveys.pop(row["id"], None)
        for ids in self.related.values():
            if row["id"] in ids:
                ids.remove(row["id"])
        for other, about in KINDS.items():
            for name, target in about.refers.items():
                if target == kind or (target == "unified_job_templates" and kind in _UNIFIED):
                    self._let_go(other, name, row["id"], name in about.owner)
        return 202 if kind == "inventories" else 204

    def _let_go(self, kind: str, name: str, gone: int, owned: bool) -> None:
        for row in [row for row in self.objects[kind].values() if row[name] == gone]:
            if owned:
                self.delete(kind, row)
            else:
                row[name] = None

    def shown(self, kind: str, row: Row) -> Row:
        """An object as AWX tells it: with links, without secrets."""
        url = f"{_PREFIX}{kind}/{row['id']}/"
        related = {name: f"{url}{name}/" for name in (*KINDS[kind].related, "survey_spec")}
        told = {**row, "type": KINDS[kind].type, "url": url, "related": related, "summary_fields": {}}
        if kind == "credentials":
            inputs = self.objects["credential_types"][row["credential_type"]]["inputs"]
            secrets = {input_field["id"] for input_field in inputs["fields"] if input_field.get("secret")}
            told["inputs"] = _masked(row["inputs"], secrets)
        if kind == "notification_templates":
            told["notification_configuration"] = _masked(
                row["notification_configuration"], awx_rules.NOTIFICATION_SECRETS
            )
        return told

    def search(self, kind: str, wanted: Iterable[tuple[str, str]]) -> list[Row]:
        """The objects of a kind with these fields. ``or__`` fields need one match among them."""
        kinds = _UNIFIED if kind == "unified_job_templates" else (kind,)
        filters = list(wanted)
        found = []
        for one_kind in kinds:
            for row in self.objects[one_kind].values():
                told = {**self.shown(one_kind, row), "type": KINDS[one_kind].type}
                either = [str(told.get(key[4:])) == value for key, value in filters if key.startswith("or__")]
                each = [str(told.get(key)) == value for key, value in filters if not key.startswith("or__")]
                if all(each) and (any(either) or not either):
                    found.append(told)
        return found

    def relate(self, row: Row, kind: str, relation: str, given: Row) -> None:
        target = KINDS[kind].related[relation]
        if given["id"] not in self.objects[target]:
            raise RefusedError(f"{relation} has no {given['id']}")
        ids = self.related.setdefault((row["id"], relation), [])
        if given.get("disassociate"):
            ids.remove(given["id"])
        else:
            ids.append(given["id"])

    def write_survey(self, row: Row, survey: Row) -> None:
        _refuse(awx_rules.survey_problems(survey))
        self.surveys[row["id"]] = survey

    def _checked_fields(self, kind: str, given: Row) -> Row:
        # The module of nodes sends their type as well, which AWX passes over.
        fields = {key: value for key, value in given.items() if key != "type"}
        unknown = set(fields) - set(KINDS[kind].fields)
        if unknown:
            raise RefusedError(f"{kind} have no {', '.join(sorted(unknown))}")
        return fields

    def _check(self, kind: str, row: Row, was: Row | None) -> None:
        about = KINDS[kind]
        for name in about.required:
            if row[name] in (None, ""):
                raise RefusedError(f"{name} is required")
        for name, target in about.refers.items():
            if row[name] is not None and not self._exists(target, row[name]):
                raise RefusedError(f"{name}: there is no {row[name]} among the {target}")
        for other in self.objects[kind].values():
            if other is not was and all(other.get(name) == row.get(name) for name in about.unique):
                raise RefusedError(f"one with these {', '.join(about.unique)} exists")
        _refuse(self._document_problems(kind, row, was))

    def _exists(self, target: str, number: int) -> bool:
        return any(
            number in self.objects[kind] for kind in (_UNIFIED if target == "unified_job_templates" else (target,))
        )

    def _document_problems(self, kind: str, row: Row, was: Row | None) -> Iterator[str]:
        if kind == "credential_types":
            yield from self._credential_type_problems(row, was)
        elif kind == "credentials":
            fields = self.objects["credential_types"][row["credential_type"]]["inputs"]["fields"]
            types = {input_field["id"]: {"string": str, "boolean": bool}[input_field["type"]] for input_field in fields}
            if any(not isinstance(value, types.get(key, ())) for key, value in row["inputs"].items()):
                yield "an input is not of its type, or there is no such input"
        elif kind == "job_templates" and row["playbook"] not in self.playbooks:
            yield f"playbook: {row['playbook']} is not found in the project"
        elif kind == "notification_templates":
            configuration = row["notification_configuration"]
            yield from awx_rules.notification_problems(row["notification_type"], configuration, row["messages"])
            for key, about in awx_rules.NOTIFICATIONS[row["notification_type"]].items():
                configuration.setdefault(key, about[-1])
        elif kind in ("schedules", "workflow_job_template_nodes"):
            survey = self.surveys.get(row["unified_job_template"], {}).get("spec", [])
            yield from awx_rules.extra_data_problems(survey, row["extra_data"], may_lack=kind != "schedules")
            yield from awx_rules.rrule_problems(row["rrule"]) if kind == "schedules" else ()

    def _credential_type_problems(self, row: Row, was: Row | None) -> Iterator[str]:
        yield from awx_rules.input_problems(row["inputs"])
        yield from awx_rules.injector_problems(row["inputs"], row["injectors"])
        if row["kind"] not in ("cloud", "net"):
            yield "kind is neither cloud nor net"
        if was and was["inputs"] != row["inputs"] and self._is_in_use(was):
            yield "Modifications to inputs are not allowed for credential types that are in use"

    def _is_in_use(self, credential_type: Row) -> bool:
        return any(
            credential["credential_type"] == credential_type["id"]
            for credential in self.objects["credentials"].values()
        )


def _name(row: Row) -> str:
    return str(row.get("name") or row["identifier"])


def _masked(values: Row, secrets: set[str]) -> Row:
    return {key: SHOWN if key in secrets and value else value for key, value in values.items()}


def _refuse(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise RefusedError("; ".join(found))


class _Handler(BaseHTTPRequestHandler):
    server: _Server

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
                status, told = self._carry_out(url.path.removeprefix(_PREFIX).strip("/").split("/"), url.query, body)
        except RefusedError as error:
            status, told = error.status, {"error": str(error), "detail": str(error)}
        self._answer(status, told)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - names of http.server

    def _carry_out(self, path: list[str], query: str, body: Row) -> tuple[int, Any]:
        awx, kind = self.server.awx, path[0]
        if len(path) == 1:
            if self.command == "POST":
                return 201, awx.create(kind, body)
            return 200, _page(awx.search(kind, parse_qsl(query)))
        row = awx.objects[kind].get(int(path[1]))
        if row is None:
            raise RefusedError("Not found.", 404)
        if len(path) == 3:
            return self._carry_out_related(row, kind, path[2], body)
        if self.command == "DELETE":
            return awx.delete(kind, row), {}
        return 200, awx.change(kind, row, body) if self.command == "PATCH" else awx.shown(kind, row)

    def _carry_out_related(self, row: Row, kind: str, relation: str, body: Row) -> tuple[int, Any]:
        awx = self.server.awx
        if relation == "survey_spec":
            if self.command == "POST":
                awx.write_survey(row, body)
            if self.command == "DELETE":
                awx.surveys.pop(row["id"], None)
            return 200, awx.surveys.get(row["id"], {})
        if self.command == "POST":
            awx.relate(row, kind, relation, body)
            return 204, {}
        target = KINDS[kind].related[relation]
        found = awx.related.get((row["id"], relation), [])
        return 200, _page([awx.shown(target, awx.objects[target][number]) for number in found])

    def _answer(self, status: int, told: Any) -> None:
        body = b"" if status == 204 else json.dumps(told).encode()
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
def serving_awx(playbooks: Iterable[str]) -> Iterator[Awx]:
    """An AWX with the organization Default, in whose projects there are these ``playbooks``."""
    awx = Awx(set(playbooks))
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
