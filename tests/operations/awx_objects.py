# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pretended AWX keeps: objects, their relations, surveys and jobs; and what it refuses to keep.

It refuses what AWX refuses: references to nothing, a second object of the same name, a playbook that the project does
not have, a second relation between two nodes, the removal of what is running, documents against the rules of
awx_rules.py. Unlike AWX it also refuses fields that the kind of object does not have. Secrets come back as AWX shows
them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.telephony.vicidial.tests.operations import awx_rules

Row = dict[str, Any]
SHOWN = "$encrypted$"
PREFIX = "/api/v2/"
GALAXY = "ERROR! Error when getting available collections from galaxy.ansible.com: Name or service not known"


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


_EVENTS = ("started", "success", "error")
_NOTIFICATIONS = {f"notification_templates_{event}": "notification_templates" for event in _EVENTS}
_ORGANIZATION = {"organization": "organizations"}
_NAMED: Row = {"name": None, "description": "", "organization": None}
_ENVIRONMENT = {"execution_environment": "execution_environments"}
NODE_RELATIONS = ("success_nodes", "failure_nodes", "always_nodes")

KINDS = {
    "organizations": Kind("organization", {"name": None, "description": ""}, unique=("name",)),
    "teams": Kind("team", _NAMED, _ORGANIZATION),
    "labels": Kind("label", {"name": None, "organization": None}, _ORGANIZATION),
    "instance_groups": Kind("instance_group", {"name": None}, unique=("name",)),
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
            "timeout": 0,
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
            "job_type": "run",
            "project": None,
            "playbook": "",
            "inventory": None,
            "execution_environment": None,
            "forks": 0,
            "limit": "",
            "verbosity": 0,
            "timeout": 0,
            "extra_vars": "",
            "job_tags": "",
            "skip_tags": "",
            "survey_enabled": False,
            "diff_mode": False,
            "use_fact_cache": False,
            "allow_simultaneous": False,
            "ask_job_type_on_launch": False,
            "ask_limit_on_launch": False,
            "ask_variables_on_launch": False,
            "job_slice_count": 1,
        },
        {**_ORGANIZATION, "project": "projects", "inventory": "inventories", **_ENVIRONMENT},
        ("name", "project", "playbook", "inventory"),
        related={
            "credentials": "credentials",
            "labels": "labels",
            "instance_groups": "instance_groups",
            **_NOTIFICATIONS,
        },
    ),
    "workflow_job_templates": Kind(
        "workflow_job_template",
        {
            **_NAMED,
            "extra_vars": "",
            "survey_enabled": False,
            "allow_simultaneous": False,
            "ask_variables_on_launch": False,
        },
        _ORGANIZATION,
        related={
            "labels": "labels",
            **_NOTIFICATIONS,
            "notification_templates_approvals": "notification_templates",
        },
    ),
    "workflow_approval_templates": Kind(
        "workflow_approval_template", {"name": None, "description": "", "timeout": 0}, unique=("id",)
    ),
    "workflow_job_template_nodes": Kind(
        "workflow_job_template_node",
        {
            "identifier": None,
            "workflow_job_template": None,
            "unified_job_template": None,
            "extra_data": {},
            "all_parents_must_converge": False,
        },
        {"workflow_job_template": "workflow_job_templates", "unified_job_template": "unified_job_templates"},
        ("identifier", "workflow_job_template"),
        ("identifier", "workflow_job_template"),
        dict.fromkeys(NODE_RELATIONS, "workflow_job_template_nodes"),
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
    "project_updates": Kind(
        "project_update",
        {"name": "", "project": None, "status": "new", "finished": None, "failed": False, "scm_revision": ""},
        {"project": "projects"},
        unique=("id",),
        owner=("project",),
    ),
    "jobs": Kind(
        "job",
        {
            "name": "",
            "job_template": None,
            "inventory": None,
            "status": "new",
            "finished": None,
            "failed": False,
            "limit": "",
            "extra_vars": "",
            "job_explanation": "",
            "job_slice_number": 0,
            "job_slice_count": 1,
        },
        {"job_template": "job_templates", "inventory": "inventories"},
        unique=("id",),
    ),
    "workflow_jobs": Kind(
        "workflow_job",
        {"name": "", "workflow_job_template": None, "job_template": None, "status": "new", "finished": None}
        | {"failed": False, "is_sliced_job": False},
        {"workflow_job_template": "workflow_job_templates", "job_template": "job_templates"},
        unique=("id",),
    ),
}
_UNIFIED = ("job_templates", "projects", "inventory_sources", "workflow_job_templates", "workflow_approval_templates")
_ACTIVE = ("new", "pending", "waiting", "running")


class RefusedError(Exception):
    """The answer 400, or another one, with what is wrong."""

    def __init__(self, problem: str, status: int = 400, **more: Any) -> None:
        super().__init__(problem)
        self.status = status
        self.body = more or {"error": problem, "detail": problem}


def playbooks_of(project: Path) -> set[str]:
    """What AWX lists as playbooks: YAML at the top with a line of hosts or of an import (awx/main/utils/ansible.py)."""
    looks_so = re.compile(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", re.MULTILINE)
    return {path.name for path in project.glob("*.yml") if looks_so.search(path.read_text())}


@dataclass
class Awx:
    """What it holds, and every call that was not a mere question.

    ``repository`` is what its projects are synced from, and ``is_galaxy_reachable`` whether a sync can install their
    requirements. ``hosts`` are those stored in an inventory, by the inventory's number.
    """

    repository: Path
    is_galaxy_reachable: bool = True
    objects: dict[str, dict[int, Row]] = field(default_factory=lambda: {name: {} for name in KINDS})
    related: dict[tuple[int, str], list[int]] = field(default_factory=dict)
    surveys: dict[int, Row] = field(default_factory=dict)
    hosts: dict[int, list[str]] = field(default_factory=dict)
    playbooks: dict[int, set[str]] = field(default_factory=dict)
    granted: dict[int, list[int]] = field(default_factory=dict)
    journal: list[tuple[str, str, Any]] = field(default_factory=list)
    url: str = ""
    last_id: int = 0

    def named(self, name: str, of: str) -> Row:
        """The object ``of`` a kind, as it is kept, secrets and all."""
        [row] = [row for row in self.objects[of].values() if name_of(row) == name]
        return row

    def names(self, of: str) -> set[str]:
        return {name_of(row) for row in self.objects[of].values()}

    def names_related(self, kind: str, row: Row, relation: str) -> list[str]:
        """The names of what is related to an object of a kind."""
        target = self.objects[KINDS[kind].related[relation]]
        return [name_of(target[number]) for number in self.related.get((row["id"], relation), [])]

    def create(self, kind: str, given: Row) -> Row:
        """A new object of fields that are as AWX wants them; a project is synced at once."""
        row = {**json.loads(json.dumps(KINDS[kind].fields)), **self._checked_fields(kind, given)}
        if kind == "job_templates" and row["project"] in self.objects["projects"]:
            row["organization"] = self.objects["projects"][row["project"]]["organization"]
        self._check(kind, row, None)
        self.last_id += 1
        row["id"] = self.last_id
        self.objects[kind][row["id"]] = row
        if kind == "projects":
            return {**self.shown(kind, row), "summary_fields": {"current_update": self.sync(row)}}
        return self.shown(kind, row)

    def sync(self, project: Row) -> Row:
        """Update a project. One that fails leaves it without playbooks, or with those of before."""
        needs_galaxy = (self.repository / "collections" / "requirements.yml").exists()
        failed = needs_galaxy and not self.is_galaxy_reachable
        self.last_id += 1
        update = {**KINDS["project_updates"].fields, "id": self.last_id, "project": project["id"], "failed": failed}
        update.update(status="failed" if failed else "successful", finished="2026-11-25T12:00:00Z")
        self.objects["project_updates"][update["id"]] = update
        if not failed:
            self.playbooks[project["id"]] = playbooks_of(self.repository)
        return self.shown("project_updates", update)

    def last_update(self, project: Row) -> Row | None:
        """The newest update of a project."""
        updates = [row for row in self.objects["project_updates"].values() if row["project"] == project["id"]]
        return updates[-1] if updates else None

    def change(self, kind: str, row: Row, given: Row) -> Row:
        changed = {**row, **self._checked_fields(kind, given)}
        self._check(kind, changed, row)
        row.update(changed)
        return self.shown(kind, row)

    def delete(self, kind: str, row: Row) -> int:
        """Remove an object, and what belongs to it. What only refers to it, jobs above all, is left without."""
        if kind == "credential_types" and self._is_in_use(row):
            raise RefusedError("Credential types that are in use cannot be deleted", 403)
        active = [{"type": of, "id": str(job["id"])} for of, job in self._jobs_of(row) if job["status"] in _ACTIVE]
        if active:
            problem = "Resource is being used by running jobs."
            raise RefusedError(problem, 409, error=problem, active_jobs=active)
        del self.objects[kind][row["id"]]
        self.surveys.pop(row["id"], None)
        for ids in self.related.values():
            if row["id"] in ids:
                ids.remove(row["id"])
        for other, about in KINDS.items():
            for name, target in about.refers.items():
                if target == kind or (target == "unified_job_templates" and kind in _UNIFIED):
                    self._clear_references(other, name, row["id"], name in about.owner)
        return 202 if kind == "inventories" else 204

    def _jobs_of(self, row: Row) -> Iterator[tuple[str, Row]]:
        """The jobs that refer to an object. Numbers are never used twice, whatever the kind."""
        for kind in ("jobs", "workflow_jobs"):
            for job in self.objects[kind].values():
                templates = [job.get(name) for name in ("job_template", "workflow_job_template", "inventory")]
                projects = [self.objects["job_templates"].get(number or 0, {}).get("project") for number in templates]
                if row["id"] in [*templates, *projects]:
                    yield KINDS[kind].type, job

    def _clear_references(self, kind: str, name: str, gone: int, owned: bool) -> None:
        for row in [row for row in self.objects[kind].values() if row[name] == gone]:
            if owned:
                self.delete(kind, row)
            else:
                row[name] = None

    def shown(self, kind: str, row: Row) -> Row:
        """An object as AWX tells it: with links and the names of what it refers to, without secrets."""
        url = f"{PREFIX}{kind}/{row['id']}/"
        related = {name: f"{url}{name}/" for name in (*KINDS[kind].related, "survey_spec", "launch", "update")}
        shown = {**row, "type": KINDS[kind].type, "url": url, "related": related}
        shown["summary_fields"] = self._summary(kind, row)
        if kind == "credentials":
            inputs = self.objects["credential_types"][row["credential_type"]]["inputs"]
            secrets = {input_field["id"] for input_field in inputs["fields"] if input_field.get("secret")}
            shown["inputs"] = _masked(row["inputs"], secrets)
        if kind == "notification_templates":
            shown["notification_configuration"] = _masked(
                row["notification_configuration"], awx_rules.NOTIFICATION_SECRETS
            )
        if kind == "workflow_job_template_nodes":
            shown.update({name: list(self.related.get((row["id"], name), [])) for name in NODE_RELATIONS})
            if row["unified_job_template"]:
                of = self._kind_of(row["unified_job_template"])
                related["unified_job_template"] = f"{PREFIX}{of}/{row['unified_job_template']}/"
        if kind == "projects":
            update = self.last_update(row)
            shown["status"] = update["status"] if update else "never updated"
            shown["last_update_failed"] = bool(update and update["failed"])
            related["last_update"] = f"{PREFIX}project_updates/{update['id']}/" if update else ""
        return shown

    def _summary(self, kind: str, row: Row) -> Row:
        summary: Row = {"object_roles": {f"{role}_role": {"id": row["id"] * 10 + at} for at, role in enumerate(ROLES)}}
        for name, target in KINDS[kind].refers.items():
            if row.get(name):
                of = self._kind_of(row[name]) if target == "unified_job_templates" else target
                referred = self.objects[of][row[name]]
                summary[name] = {"id": row[name], "name": name_of(referred)}
                if of == "workflow_approval_templates":
                    summary[name]["timeout"] = referred["timeout"]
        if "credentials" in KINDS[kind].related:
            summary["credentials"] = [{"name": name} for name in self.names_related(kind, row, "credentials")]
        if "labels" in KINDS[kind].related:
            summary["labels"] = {"results": [{"name": name} for name in self.names_related(kind, row, "labels")]}
        return summary

    def _kind_of(self, number: int) -> str:
        [kind] = [kind for kind in _UNIFIED if number in self.objects[kind]]
        return kind

    def search(self, kind: str, wanted: Iterable[tuple[str, str]]) -> list[Row]:
        """The objects of a kind with these fields. ``or__`` fields need one match among them."""
        kinds = {"unified_job_templates": _UNIFIED, "unified_jobs": ("jobs", "workflow_jobs", "project_updates")}
        filters = [(key, value) for key, value in wanted if key not in ("page_size", "order_by")]
        found = []
        for one_kind in kinds.get(kind, (kind,)):
            for row in self.objects[one_kind].values():
                shown = self.shown(one_kind, row)
                if kind == "unified_jobs":
                    shown = _as_unified(shown)
                either = [_matches(shown, key[4:], value) for key, value in filters if key.startswith("or__")]
                each = [_matches(shown, key, value) for key, value in filters if not key.startswith("or__")]
                if all(each) and (any(either) or not either):
                    found.append(shown)
        return found

    def relate(self, row: Row, kind: str, relation: str, given: Row) -> None:
        target = KINDS[kind].related[relation]
        if given["id"] not in self.objects[target]:
            raise RefusedError(f"{relation} has no {given['id']}")
        ids = self.related.setdefault((row["id"], relation), [])
        if given.get("disassociate"):
            ids.remove(given["id"])
            return
        if relation in NODE_RELATIONS:
            others = [self.related.get((row["id"], other), []) for other in NODE_RELATIONS if other != relation]
            if any(given["id"] in other for other in others):
                raise RefusedError("Relationship not allowed.", Error="Relationship not allowed.")
            if row["id"] in self._reached_from(given["id"]):
                raise RefusedError("Cycle detected.", Error="Cycle detected.")
        if given["id"] not in ids:
            ids.append(given["id"])

    def _reached_from(self, node: int) -> set[int]:
        following = {number for name in NODE_RELATIONS for number in self.related.get((node, name), [])}
        return {node}.union(*(self._reached_from(number) for number in following))

    def write_survey(self, row: Row, survey: Row) -> None:
        _refuse(awx_rules.survey_problems(survey))
        self.surveys[row["id"]] = survey

    def survey_of(self, template: int | None) -> list[Row]:
        """The questions of a template; none where there is no survey."""
        questions: list[Row] = self.surveys.get(template or 0, {}).get("spec", [])
        return questions

    def create_approval(self, node: Row, given: Row) -> Row:
        """Make a node of a workflow one that waits for a person."""
        shown = self.create("workflow_approval_templates", given)
        node["unified_job_template"] = shown["id"]
        return shown

    def _checked_fields(self, kind: str, given: Row) -> Row:
        # The module of nodes sends their type as well, which AWX passes over.
        fields = {key: value for key, value in given.items() if key != "type"}
        unknown = set(fields) - set(KINDS[kind].fields)
        if unknown:
            raise RefusedError(f"{kind} have no {', '.join(sorted(unknown))}")
        # What is text in AWX is never null there.
        return {key: "" if value is None and KINDS[kind].fields[key] == "" else value for key, value in fields.items()}

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
        kinds = _UNIFIED if target == "unified_job_templates" else (target,)
        return any(number in self.objects[kind] for kind in kinds)

    def _document_problems(self, kind: str, row: Row, was: Row | None) -> Iterator[str]:
        if kind == "credential_types":
            yield from self._credential_type_problems(row, was)
        elif kind == "credentials":
            fields = self.objects["credential_types"][row["credential_type"]]["inputs"]["fields"]
            types = {input_field["id"]: {"string": str, "boolean": bool}[input_field["type"]] for input_field in fields}
            if any(not isinstance(value, types.get(key, ())) for key, value in row["inputs"].items()):
                yield "an input is not of its type, or there is no such input"
        elif kind == "job_templates" and row["playbook"] not in self.playbooks.get(row["project"], set()):
            yield "Playbook not found for project."
        elif kind == "notification_templates":
            configuration = row["notification_configuration"]
            yield from awx_rules.notification_problems(row["notification_type"], configuration)
            yield from awx_rules.message_problems(row["messages"])
            for key, about in awx_rules.NOTIFICATIONS[row["notification_type"]].items():
                configuration.setdefault(key, about[-1])
        elif kind in ("schedules", "workflow_job_template_nodes"):
            survey = self.survey_of(row["unified_job_template"])
            yield from awx_rules.extra_data_problems(survey, row["extra_data"], may_lack=kind != "schedules")
            yield from awx_rules.rrule_problems(row["rrule"]) if kind == "schedules" else ()

    def _credential_type_problems(self, row: Row, was: Row | None) -> Iterator[str]:
        yield from awx_rules.input_problems(row["inputs"])
        yield from awx_rules.injector_problems(row["inputs"], row["injectors"])
        if row["kind"] not in ("cloud", "net"):
            yield "kind is neither cloud nor net"
        if was is not None and row["inputs"] != was["inputs"] and self._is_in_use(was):
            yield "Modifications to inputs are not allowed for credential types that are in use"

    def _is_in_use(self, credential_type: Row) -> bool:
        return any(row["credential_type"] == credential_type["id"] for row in self.objects["credentials"].values())


ROLES = ("admin", "execute", "read", "approval")


def name_of(row: Row) -> str:
    """What people call an object."""
    return str(row.get("name") or row.get("identifier") or row["id"])


def _as_unified(shown: Row) -> Row:
    """A job with the template that it is of, whatever that is called for its kind."""
    names = ("job_template", "workflow_job_template", "project")
    return {**shown, "unified_job_template": next((shown[name] for name in names if shown.get(name)), None)}


def _matches(shown: Row, key: str, value: str) -> bool:
    """Whether a field has a value, or what it refers to a name, in the spelling of a query."""
    if key.endswith("__in"):
        return str(shown.get(key[:-4])) in value.split(",")
    if key.endswith("__organization__name"):
        return True  # There is one organization.
    if key.endswith("__name"):
        return str(shown["summary_fields"].get(key[:-6], {}).get("name")) == value
    return str(shown.get(key)) == value


def _masked(values: Row, secrets: set[str]) -> Row:
    return {key: SHOWN if key in secrets and value else value for key, value in values.items()}


def _refuse(problems: Iterable[str]) -> None:
    found = list(problems)
    if found:
        raise RefusedError("; ".join(found))
