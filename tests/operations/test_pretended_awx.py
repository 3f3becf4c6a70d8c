# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pretended AWX says what AWX 24.6.1 said when it was asked the same."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.operations.awx_launch import cancel, hosts_of_slice, launch
from ansible_collections.telephony.vicidial.tests.operations.awx_objects import Awx, RefusedError, Row
from ansible_collections.telephony.vicidial.tests.operations.awx_rules import (
    injector_problems,
    input_problems,
    message_problems,
    notification_problems,
    rrule_problems,
    survey_problems,
)

PROJECT = Path(__file__).resolve().parents[2] / "roles" / "awx" / "templates" / "project"


def has(problem: str, problems: list[str]) -> bool:
    """Whether it was refused for this, or, without a problem, not at all."""
    return problem in str(problems) if problem else problems == []


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"type": "password"}, ""),
        ({"type": "choice"}, "choice is no type"),
        ({"required": "yes"}, "of the wrong type: ['required']"),
        ({"type": "multiplechoice"}, "choices are missing"),
        ({"type": "multiplechoice", "choices": []}, ""),
        ({"type": "multiplechoice", "choices": ["a", "b"], "default": "c"}, "default is none of the choices"),
        ({"type": "multiplechoice", "choices": "a\nb", "default": "b"}, ""),
        ({"type": "multiplechoice", "choices": "a\nb", "default": "a\nb"}, "several defaults"),
        ({"type": "multiselect", "choices": "a\nb", "default": "a\nb"}, ""),
        ({"type": "integer", "default": "5"}, "default is of the wrong type"),
        ({"type": "integer", "default": True}, ""),
        ({"type": "integer", "default": 5, "max": 4}, ""),
        ({"default": "$encrypted$"}, "reserved"),
        ({"min": "1"}, "of the wrong type: ['min']"),
        ({"min": None}, ""),
        ({"label": "x"}, ""),
    ],
)
def test_surveys(question: Row, problem: str) -> None:
    whole = {"question_name": "Q", "variable": "q", "type": "text", "required": False, **question}
    assert has(problem, list(survey_problems({"name": "", "description": "", "spec": [whole]})))


@pytest.mark.parametrize(
    ("injectors", "problem"),
    [
        ({"env": {"A": "{{ url }}"}}, ""),
        ({"env": {"A": "{{ nothing }}"}}, "'nothing' is undefined"),
        ({"env": {"A": "{{ tower.filename.ca }}"}}, "no attribute 'ca'"),
        ({"env": {"A": "{{ tower.filename.ca }}"}, "file": {"template.ca": "{{ url }}"}}, ""),
        ({"env": {"A": "{{ tower.filename }}"}, "file": {"template": "{{ url }}"}}, ""),
        ({"file": {"template": "", "template.ca": ""}}, "either one template or several"),
        ({"env": {"ANSIBLE_X": ""}}, "ANSIBLE_X cannot be"),
        ({"env": {"PATH": ""}}, "PATH cannot be"),
        ({"env": {"A": 1}}, "no ASCII text"),
        ({"extra_vars": {"a-b": ""}}, "a-b cannot be"),
        ({"extra_vars": {"a": "{{ nothing }}"}}, "'nothing' is undefined"),
        ({"environment": {}}, "more than file, env"),
    ],
)
def test_injectors(injectors: Row, problem: str) -> None:
    assert has(problem, list(injector_problems({"fields": [{"id": "url", "label": "URL"}]}, injectors)))


def test_a_required_input_may_name_no_field() -> None:
    assert list(input_problems({"fields": [{"id": "url", "label": "URL"}], "required": ["nothing"]})) == []


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ("DTSTART;TZID=Europe/Berlin:20260101T220000 RRULE:FREQ=DAILY;INTERVAL=1", ""),
        ("DTSTART;TZID=Etc/GMT+5:20260101T220000 RRULE:FREQ=DAILY;INTERVAL=1", ""),
        ("DTSTART;TZID=Europe/Nowhere:20260101T220000 RRULE:FREQ=DAILY;INTERVAL=1", "unknown time zone"),
        ("DTSTART;TZID=UTC:20260101T250000 RRULE:FREQ=DAILY;INTERVAL=1", "hour must be in 0..23"),
        ("DTSTART;TZID=UTC:20260101T220000 RRULE:FREQ=DAILY;INTERVAL=x", "no INTERVAL that is a number"),
        ("DTSTART;TZID=UTC:20260101T220000 RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000", "COUNT is more than 999"),
        # Hence awx_idle_time is checked before: AWX has nothing against 22:00 as YAML reads it.
        ("DTSTART;TZID=UTC:20260101T132000 RRULE:FREQ=DAILY;INTERVAL=1", ""),
    ],
)
def test_schedules(rule: str, problem: str) -> None:
    assert has(problem, list(rrule_problems(rule)))


@pytest.mark.parametrize(
    ("configuration", "messages", "problem"),
    [
        ({"http_method": "GET"}, None, "neither POST nor PUT"),
        ({"surprise": 1}, None, ""),
        ({}, {"error": {"body": "no JSON"}}, ""),
        ({}, {"error": {"body": "{{ job.id }}"}}, ""),
        ({}, {"error": {"body": "", "message": None}}, ""),
        ({}, {"workflow_approval": {"running": {"message": "{{ approval_node_name }}"}}}, ""),
        ({}, {"error": {"message": "{{ nothing }}"}}, "'nothing' is undefined"),
        ({}, {"error": {"message": "two\nlines"}}, "more than one line"),
        ({}, {"failure": {}}, "failure is no event"),
    ],
)
def test_notifications(configuration: Row, messages: Any, problem: str) -> None:
    whole = {"url": "https://chat.example.com", "headers": {}, **configuration}
    assert has(problem, [*notification_problems("webhook", whole), *message_problems(messages)])


@pytest.fixture
def awx() -> Awx:
    """One with a job template on an inventory of three hosts."""
    made = Awx(PROJECT)
    organization = made.create("organizations", {"name": "Default"})["id"]
    project = made.create("projects", {"name": "P", "organization": organization, "scm_url": "https://git"})["id"]
    inventory = made.create("inventories", {"name": "I", "organization": organization, "kind": None})["id"]
    made.hosts[inventory] = ["1000", "1001", "1002"]
    made.create(
        "job_templates",
        {"name": "T", "project": project, "playbook": "ensure.yml", "inventory": inventory, "job_slice_count": 4},
    )
    return made


def test_a_default_is_no_answer_over_the_api(awx: Awx) -> None:
    template = awx.named("T", "job_templates")
    question = {"question_name": "Q", "variable": "q", "type": "text", "required": True, "default": "x"}
    awx.write_survey(template, {"name": "", "description": "", "spec": [question]})
    with pytest.raises(RefusedError) as refused:
        launch(awx, template, {"extra_vars": {}})
    assert refused.value.body == {"variables_needed_to_start": ["q has no answer"]}
    assert launch(awx, template, {"extra_vars": {"q": "y", "more": 1}})["ignored_fields"] == {"extra_vars": {"more": 1}}


def test_a_template_that_asks_for_variables_takes_any(awx: Awx) -> None:
    template = awx.named("T", "job_templates")
    awx.hosts.clear()
    given: Row = {"extra_vars": {"ansible_eda": {"event": {}}}}
    assert launch(awx, template, given)["ignored_fields"] == given
    template["ask_variables_on_launch"] = True
    job = launch(awx, template, given)
    assert (job["ignored_fields"], job["extra_vars"]) == ({}, '{"ansible_eda": {"event": {}}}')


def test_slices_come_from_the_stored_hosts_and_before_the_limit(awx: Awx) -> None:
    template = awx.named("T", "job_templates")
    template["ask_limit_on_launch"] = True
    assert launch(awx, template, {"limit": "1000"})["type"] == "workflow_job"
    assert [row["job_slice_count"] for row in awx.objects["jobs"].values()] == [3, 3, 3]
    hosts = awx.hosts[template["inventory"]]
    # Two of them have no host that the limit names.
    assert [hosts_of_slice(hosts, number, 3) for number in (1, 2, 3)] == [["1000"], ["1001"], ["1002"]]
    awx.hosts[template["inventory"]] = []
    assert launch(awx, template, {})["job_slice_count"] == 1


def test_one_job_of_a_template_at_a_time_unless_it_allows_more(awx: Awx) -> None:
    template = awx.named("T", "job_templates")
    awx.hosts.clear()
    first = launch(awx, template, {}, status="running")
    second = launch(awx, template, {}, status="running")
    assert (second["status"], second["job_explanation"]) == ("pending", f"waiting for job-{first['id']} to finish")
    template["allow_simultaneous"] = True
    assert launch(awx, template, {}, status="running")["status"] == "running"


def test_what_runs_keeps_its_template_and_its_history_outlives_that(awx: Awx) -> None:
    template = awx.named("T", "job_templates")
    awx.hosts.clear()
    job = awx.objects["jobs"][launch(awx, template, {}, status="running")["id"]]
    for kind, name in (("job_templates", "T"), ("projects", "P"), ("inventories", "I")):
        with pytest.raises(RefusedError, match="Resource is being used by running jobs") as refused:
            awx.delete(kind, awx.named(name, kind))
        assert refused.value.body["active_jobs"] == [{"type": "job", "id": str(job["id"])}]
    cancel(job)
    awx.delete("job_templates", template)
    awx.delete("projects", awx.named("P", "projects"))
    assert (job["name"], job["job_template"]) == ("T", None)
    # The updates of a project go with it.
    assert awx.objects["project_updates"] == {}


def test_a_project_that_cannot_install_its_requirements_has_no_playbooks_until_it_is_synced(tmp_path: Path) -> None:
    awx = Awx(Path(shutil.copytree(PROJECT, tmp_path / "project")), is_galaxy_reachable=False)
    (awx.repository / "collections").mkdir(exist_ok=True)
    (awx.repository / "collections" / "requirements.yml").write_text("collections: [telephony.vicidial]")
    organization = awx.create("organizations", {"name": "Default"})["id"]
    shown = awx.create("projects", {"name": "P", "organization": organization, "scm_url": "https://git"})
    assert shown["summary_fields"]["current_update"]["status"] == "failed"
    wanted = {"name": "T", "project": shown["id"], "playbook": "audit.yml"}
    wanted["inventory"] = awx.create("inventories", {"name": "I", "organization": organization})["id"]
    (awx.repository / "collections" / "requirements.yml").unlink()
    with pytest.raises(RefusedError, match="Playbook not found for project"):
        awx.create("job_templates", wanted)
    awx.sync(awx.named("P", "projects"))
    assert awx.create("job_templates", wanted)["playbook"] == "audit.yml"


def test_a_pair_of_nodes_has_one_relation(awx: Awx) -> None:
    workflow = awx.create("workflow_job_templates", {"name": "W"})["id"]
    first, second = (
        awx.create("workflow_job_template_nodes", {"identifier": name, "workflow_job_template": workflow})["id"]
        for name in ("first", "second")
    )
    nodes = awx.objects["workflow_job_template_nodes"]
    awx.relate(nodes[first], "workflow_job_template_nodes", "success_nodes", {"id": second})
    with pytest.raises(RefusedError, match="Relationship not allowed"):
        awx.relate(nodes[first], "workflow_job_template_nodes", "failure_nodes", {"id": second})
    with pytest.raises(RefusedError, match="Cycle detected"):
        awx.relate(nodes[second], "workflow_job_template_nodes", "always_nodes", {"id": first})


def test_a_kind_that_is_null_is_kept_as_none_of_the_kinds(awx: Awx) -> None:
    assert awx.named("I", "inventories")["kind"] == ""
