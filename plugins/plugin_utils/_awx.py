# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""What differs between the objects that the role awx declares and those that AWX holds. ``ask`` does the only I/O.

A declared object is a dictionary: ``kind`` (as in AWX's URLs), ``name``, ``fields`` (what it refers to is given by
name), ``related`` (a relation, and the names in it), ``survey`` (a list of questions), and ``parent``, the name of
what it belongs to where that is no organization.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Callable

import yaml

Row = dict[str, Any]
# Asks AWX: a path below /api/v2/ and the parameters of the query; what comes back is a page or one object.
Ask = Callable[[str, Row], Row]

# By kind of object, the word for one of them in a message.
KINDS = {
    "inventories": "inventory",
    "execution_environments": "execution environment",
    "credential_types": "credential type",
    "credentials": "credential",
    "projects": "project",
    "inventory_sources": "inventory source",
    "notification_templates": "notification",
    "job_templates": "job template",
    "workflow_job_templates": "workflow",
    "workflow_job_template_nodes": "workflow node",
    "schedules": "schedule",
}
# The field by which something belongs to another object, by its kind.
PARENTS = {
    "inventory_sources": "inventory",
    "workflow_job_template_nodes": "workflow_job_template",
    "schedules": "unified_job_template",
}
# What a job that is not at its end can be.
_ACTIVE = ("new", "pending", "waiting", "running")
_ENCRYPTED = "$encrypted$"
# Kinds whose values are secrets, or stand beside them.
_SECRET = ("credentials", "notification_templates")


@dataclass
class Comparison:
    """``held``: the names of what AWX has, by kind. ``to_write``: of what it lacks or has otherwise. ``lines``: for a
    person. ``ids``: AWX's numbers, by kind and name."""

    held: dict[str, list[str]] = field(default_factory=dict)
    to_write: dict[str, list[str]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    ids: dict[str, dict[str, int]] = field(default_factory=dict)


def compare(ask: Ask, wanted: list[Row], organization: str) -> Comparison:
    """Compare what is ``wanted`` with what AWX holds for this organization."""
    found = Comparison()
    for item in wanted:
        kind, name = item["kind"], item["name"]
        for names in (found.held, found.to_write):
            names.setdefault(kind, [])
        row = _find(ask, item, organization)
        label = f'{KINDS[kind]} "{name}"'
        if row is None:
            found.to_write[kind].append(name)
            found.lines.append(f"{label} is not there")
            continue
        found.held[kind].append(name)
        found.ids.setdefault(kind, {})[name] = row["id"]
        differences = [*_fields_that_differ(item, row), *_relations_that_differ(ask, item, row)]
        differences += _questions_that_differ(ask, item, row)
        if differences:
            found.to_write[kind].append(name)
            found.lines += [f"{label}: {difference}" for difference in differences]
    found.lines += _undeclared(ask, wanted, organization)
    return found


def running(ask: Ask, ids: dict[str, dict[str, int]]) -> list[str]:
    """The jobs that run, or wait, of the templates with these numbers, as text."""
    templates = [
        number for kind in ("job_templates", "workflow_job_templates") for number in ids.get(kind, {}).values()
    ]
    numbers = [str(number) for number in templates]
    if not numbers:
        return []
    query = {"unified_job_template__in": ",".join(numbers), "status__in": ",".join(_ACTIVE)}
    return [f"{row['id']} ({row['name']}, {row['status']})" for row in _rows(ask("unified_jobs", query))]


def _rows(page: Row) -> list[Row]:
    rows: list[Row] = page["results"]
    return rows


def _find(ask: Ask, item: Row, organization: str) -> Row | None:
    kind = item["kind"]
    query = {"identifier" if kind == "workflow_job_template_nodes" else "name": item["name"]}
    if kind in PARENTS:
        query |= _parent_query(kind, item["parent"], organization)
    elif kind != "credential_types":
        query["organization__name"] = organization
    rows = _rows(ask(kind, query))
    return rows[0] if rows else None


def _parent_query(kind: str, parent: str, organization: str) -> Row:
    return {f"{PARENTS[kind]}__name": parent, f"{PARENTS[kind]}__organization__name": organization}


def _fields_that_differ(item: Row, row: Row) -> list[str]:
    differences = []
    for key, wanted in item.get("fields", {}).items():
        held = _held(row, key)
        if not _is_same(wanted, held, item["kind"] == "notification_templates"):
            is_secret = item["kind"] in _SECRET and key in ("inputs", "notification_configuration")
            differences.append(
                f"{key} differs" if is_secret else f"{key} is {_as_json(held)}, declared is {_as_json(wanted)}"
            )
    return differences


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _held(row: Row, key: str) -> Any:
    """The value of a field: a name where it refers to something, what the text says where it is a document."""
    summary = row["summary_fields"].get(key)
    if key == "approval_timeout":
        return row["summary_fields"].get("unified_job_template", {}).get("timeout")
    if isinstance(summary, dict) and "name" in summary:
        return summary["name"]
    if key == "status" and row[key] in _ACTIVE:
        return "successful"
    if key == "extra_vars":
        return yaml.safe_load(row[key] or "{}") or {}
    return row.get(key)


def _is_same(wanted: Any, held: Any, may_hold_more: bool = False) -> bool:
    """AWX shows no secrets, and null where something refers to nothing. It adds defaults to what a notification is."""
    if held == _ENCRYPTED:
        return True
    if held is None:
        return wanted in (None, "")
    if isinstance(wanted, dict) and isinstance(held, dict):
        if set(held) - set(wanted) and not may_hold_more:
            return False
        return all(_is_same(value, held.get(key), may_hold_more) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(held, list):
        return len(wanted) == len(held) and all(_is_same(one, other) for one, other in zip(wanted, held))
    if isinstance(wanted, str) != isinstance(held, str):
        # ansible-core 2.17 and 2.18 make text of numbers and booleans.
        return str(wanted).lower() == str(held).lower()
    return bool(wanted == held)


def _relations_that_differ(ask: Ask, item: Row, row: Row) -> list[str]:
    differences = []
    for relation, wanted in item.get("related", {}).items():
        rows = _rows(ask(f"{item['kind']}/{row['id']}/{relation}", {}))
        held = {str(one.get("name") or one.get("identifier")) for one in rows}
        if held != set(wanted):
            differences.append(f"{relation} is {_listed(held)}, declared is {_listed(set(wanted))}")
    return differences


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _questions_that_differ(ask: Ask, item: Row, row: Row) -> list[str]:
    if "survey" not in item:
        return []
    spec = ask(f"{item['kind']}/{row['id']}/survey_spec", {}).get("spec", [])
    held, wanted = ({question["variable"]: question for question in questions} for questions in (spec, item["survey"]))
    differing = [name for name in sorted({*held, *wanted}) if held.get(name) != wanted.get(name)]
    if not differing and spec != item["survey"]:
        return ["survey: the questions are in another order"]
    return [f"survey: the question {name} differs" for name in differing]


def _undeclared(ask: Ask, wanted: list[Row], organization: str) -> list[str]:
    """What somebody has added to what is declared. It is left alone."""
    lines = []
    for kind in PARENTS:
        declared: dict[str, set[str]] = {}
        for item in wanted:
            if item["kind"] == kind:
                declared.setdefault(item["parent"], set()).add(item["name"])
        for parent, names in declared.items():
            rows = _rows(ask(kind, _parent_query(kind, parent, organization)))
            others = sorted({str(row.get("name") or row.get("identifier")) for row in rows} - names)
            lines += [f'{KINDS[kind]} "{other}" of "{parent}" is not ours, and is left alone' for other in others]
    return lines
