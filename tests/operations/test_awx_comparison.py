# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role awx takes for a difference between what it declares and what AWX holds."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.plugin_utils._awx import compare, running
from ansible_collections.telephony.vicidial.tests.operations.awx_launch import cancel, launch
from ansible_collections.telephony.vicidial.tests.operations.awx_objects import KINDS, Awx, Row

PROJECT = Path(__file__).resolve().parents[2] / "roles" / "awx" / "templates" / "project"
QUESTION = {"question_name": "Q", "variable": "q", "type": "text", "required": True}
TEMPLATE: Row = {
    "kind": "job_templates",
    "name": "T",
    "fields": {
        "project": "P",
        "inventory": "I",
        "execution_environment": "",
        "extra_vars": {"n": 2, "b": True},
        "timeout": 60,
        "limit": "",
        "allow_simultaneous": True,
    },
    "related": {"labels": ["L"], "notification_templates_error": []},
    "survey": [QUESTION],
}


class Asked:
    """A pretended AWX as the comparison asks it; it is never told to change anything."""

    def __init__(self) -> None:
        self.awx = awx = Awx(PROJECT)
        organization = awx.create("organizations", {"name": "Default"})["id"]
        for kind, name, fields in (
            ("projects", "P", {"scm_url": "https://git", "scm_type": "git"}),
            ("inventories", "I", {}),
            ("labels", "L", {}),
        ):
            awx.create(kind, {"name": name, "organization": organization, **fields})
        project, inventory = awx.named("P", "projects")["id"], awx.named("I", "inventories")["id"]
        template: Row = {"project": project, "inventory": inventory, "playbook": "ensure.yml", "timeout": 60}
        template |= {"extra_vars": "b: true\nn: '2'", "allow_simultaneous": True}
        self.template = awx.objects["job_templates"][awx.create("job_templates", {"name": "T", **template})["id"]]
        awx.relate(self.template, "job_templates", "labels", {"id": awx.named("L", "labels")["id"]})
        awx.write_survey(self.template, {"name": "", "description": "", "spec": [copy.deepcopy(QUESTION)]})

    def __call__(self, path: str, query: Row) -> Row:
        kind, *more = path.split("/")
        if not more:
            return {"results": self.awx.search(kind, [(key, str(value)) for key, value in query.items()])}
        number, relation = int(more[0]), more[1]
        if relation == "survey_spec":
            return self.awx.surveys.get(number, {})
        target = self.awx.objects[KINDS[kind].related[relation]]
        return {"results": [target[one] for one in self.awx.related.get((number, relation), [])]}


@pytest.fixture
def ask() -> Asked:
    return Asked()


def lines(ask: Asked, *wanted: Row) -> list[str]:
    return compare(ask, list(wanted), "Default").lines


def test_what_is_as_declared_is_not_written(ask: Asked) -> None:
    """Also where AWX holds a text for a number, null for nothing, and a YAML document for a dictionary."""
    found = compare(ask, [TEMPLATE], "Default")
    assert (found.lines, found.to_write, found.held) == ([], {"job_templates": []}, {"job_templates": ["T"]})
    assert found.ids == {"job_templates": {"T": ask.template["id"]}}


@pytest.mark.parametrize(
    ("declared", "line"),
    [
        ({"timeout": 61}, "timeout is 60, declared is 61"),
        # As ansible-core 2.17 renders it.
        ({"timeout": "61"}, 'timeout is 60, declared is "61"'),
        ({"allow_simultaneous": "False"}, 'allow_simultaneous is true, declared is "False"'),
        ({"limit": "a"}, 'limit is "", declared is "a"'),
        ({"inventory": "J"}, 'inventory is "I", declared is "J"'),
        ({"execution_environment": "E"}, 'execution_environment is null, declared is "E"'),
        ({"extra_vars": {}}, 'extra_vars is {"b": true, "n": "2"}, declared is {}'),
        ({"extra_vars": {"n": 2, "b": False}}, 'extra_vars is {"b": true, "n": "2"}, declared is {"n": 2, "b": false}'),
    ],
)
def test_a_field_that_differs(ask: Asked, declared: Row, line: str) -> None:
    wanted = {**TEMPLATE, "fields": {**TEMPLATE["fields"], **declared}}
    assert lines(ask, wanted) == [f'job template "T": {line}']


def test_a_relation_and_a_survey_that_differ(ask: Asked) -> None:
    ask.awx.related[ask.template["id"], "labels"].clear()
    second = {**QUESTION, "variable": "r"}
    ask.awx.surveys[ask.template["id"]]["spec"].insert(0, second)
    assert lines(ask, TEMPLATE) == [
        'job template "T": labels is nothing, declared is L',
        'job template "T": survey: the question r differs',
    ]
    assert lines(ask, {**TEMPLATE, "related": {}, "survey": [QUESTION, second]}) == [
        'job template "T": survey: the questions are in another order'
    ]


def test_what_is_not_there_and_what_is_not_ours(ask: Asked) -> None:
    rule = "DTSTART;TZID=UTC:20260101T220000 RRULE:FREQ=DAILY;INTERVAL=1"
    theirs = {"unified_job_template": ask.template["id"], "rrule": rule, "extra_data": {"q": "x"}}
    ask.awx.create("schedules", {"name": "theirs", **theirs})
    found = compare(ask, [TEMPLATE, {"kind": "schedules", "name": "ours", "parent": "T"}], "Default")
    assert found.to_write == {"job_templates": [], "schedules": ["ours"]}
    assert found.lines == [
        'schedule "ours" is not there',
        'schedule "theirs" of "T" is not ours, and is left alone',
    ]


def test_secrets_are_compared_as_far_as_awx_shows_them_and_never_said(ask: Asked) -> None:
    configuration = {"url": "https://chat.example.com", "headers": {}, "password": "hidden"}
    organization = ask.awx.named("Default", "organizations")["id"]
    made = {"notification_type": "webhook", "notification_configuration": dict(configuration)}
    ask.awx.create("notification_templates", {"name": "N", "organization": organization, **made})
    wanted: dict[str, Any] = {"kind": "notification_templates", "name": "N", "fields": made}
    assert lines(ask, wanted) == []
    changed = {"notification_configuration": {**configuration, "url": "https://other.example.com/token"}}
    assert lines(ask, {**wanted, "fields": changed}) == ['notification "N": notification_configuration differs']


def test_a_project_that_could_not_be_read_differs_and_one_that_is_being_read_does_not(ask: Asked) -> None:
    wanted = {"kind": "projects", "name": "P", "fields": {"status": "successful"}}
    [update] = ask.awx.objects["project_updates"].values()
    update["status"] = "running"
    assert lines(ask, wanted) == []
    update["status"] = "failed"
    assert lines(ask, wanted) == ['project "P": status is "failed", declared is "successful"']


def test_jobs_that_run_are_found_by_their_templates(ask: Asked) -> None:
    ids = compare(ask, [TEMPLATE], "Default").ids
    assert running(ask, ids) == running(ask, {}) == []
    job = launch(ask.awx, ask.template, {"extra_vars": {"q": "x"}}, status="running")
    assert running(ask, ids) == [f"{job['id']} (T, running)"]
    cancel(ask.awx.objects["jobs"][job["id"]])
    assert running(ask, ids) == []
