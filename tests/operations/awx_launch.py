# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a pretended AWX makes of a launch: whether it accepts it, into how many slices it cuts it, and what waits.

No playbook runs. A job ends at once unless it is told to go on running.
"""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.telephony.vicidial.tests.operations import awx_rules
from ansible_collections.telephony.vicidial.tests.operations.awx_objects import (
    KINDS,
    NODE_RELATIONS,
    Awx,
    RefusedError,
    Row,
)

_ASKED = {"limit": "ask_limit_on_launch", "job_type": "ask_job_type_on_launch"}


def launch(awx: Awx, template: Row, given: Row, status: str = "successful") -> Row:
    """A new job of a job template, or the workflow of its slices; answers that are missing or do not fit are refused.

    A default of the survey is no answer: the web form fills it in, the API does not.
    """
    variables = given.get("extra_vars") or {}
    variables = json.loads(variables) if isinstance(variables, str) else variables
    survey = awx.survey_of(template["id"])
    needed = [problem for question in survey for problem in awx_rules.answer_problems(question, variables)]
    if needed:
        raise RefusedError("needed", variables_needed_to_start=needed)
    asked_for = {question["variable"] for question in survey}
    if template["ask_variables_on_launch"]:
        asked_for |= set(variables)
    accepted = {key: value for key, value in variables.items() if key in asked_for}
    ignored: Row = {key: given[key] for key, ask in _ASKED.items() if key in given and not template[ask]}
    if set(variables) - asked_for:
        ignored["extra_vars"] = {key: value for key, value in variables.items() if key not in asked_for}
    limit = given.get("limit", "") if template["ask_limit_on_launch"] else template["limit"]
    fields = {"name": template["name"], "job_template": template["id"], "inventory": template["inventory"]}
    fields |= {"limit": limit, "extra_vars": json.dumps(accepted), **_status(awx, template, status)}
    # By what is stored before the inventory is updated, and before the limit.
    slices = min(template["job_slice_count"], len(awx.hosts.get(template["inventory"], [])))
    if slices > 1:
        workflow = {key: fields[key] for key in ("name", "job_template", "status", "finished")}
        job = {**_add(awx, "workflow_jobs", {**workflow, "is_sliced_job": True}), "ignored_fields": ignored}
        for number in range(1, slices + 1):
            _add(awx, "jobs", {**fields, "job_slice_number": number, "job_slice_count": slices})
        return {"workflow_job": job["id"], **job}
    job = _add(awx, "jobs", fields)
    return {"job": job["id"], "ignored_fields": ignored, **job}


def _status(awx: Awx, template: Row, status: str) -> Row:
    """One job of a template at a time, unless it allows more: the next one waits."""
    running = [row for row in awx.objects["jobs"].values() if row["job_template"] == template["id"]]
    running = [row for row in running if row["status"] in ("pending", "running")]
    if running and not template["allow_simultaneous"]:
        return {"status": "pending", "job_explanation": f"waiting for job-{running[0]['id']} to finish"}
    return {"status": status, "finished": None if status == "running" else "2026-11-25T12:00:00Z"}


def hosts_of_slice(hosts: list[str], number: int, count: int) -> list[str]:
    """The hosts of a slice, counted from 1, of all that are stored."""
    return sorted(hosts)[number - 1 :: count]


def cancel(job: Row) -> None:
    """AWX interrupts and then kills: what Ansible would have done at its end is not done, and no artifacts come."""
    job.update(status="canceled", finished="2026-11-25T12:00:00Z", failed=True)


def next_nodes(awx: Awx, workflow: str, ended: dict[str, str]) -> set[str]:
    """What a workflow starts next when jobs of these nodes have ``ended`` in these states (awx/main/scheduler).

    A canceled job counts as failed. A whole workflow that is canceled starts nothing any more.
    """
    kind = "workflow_job_template_nodes"
    number = awx.named(workflow, "workflow_job_templates")["id"]
    nodes = {row["identifier"]: row for row in awx.objects[kind].values() if row["workflow_job_template"] == number}
    followers = {(name, of): awx.names_related(kind, row, of) for name, row in nodes.items() for of in NODE_RELATIONS}
    started = set(nodes) - {name for names in followers.values() for name in names}
    for name, status in ended.items():
        chosen = "success_nodes" if status == "successful" else "failure_nodes"
        started |= {*followers[name, chosen], *followers[name, "always_nodes"]}
    return started - set(ended)


def _add(awx: Awx, kind: str, fields: Row) -> Row:
    awx.last_id += 1
    row: dict[str, Any] = {**json.loads(json.dumps(KINDS[kind].fields)), **fields, "id": awx.last_id}
    awx.objects[kind][row["id"]] = row
    return awx.shown(kind, row)
