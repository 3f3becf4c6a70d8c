# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of the role's documents when a job runs: environment, inventory, audit and notification."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import ChainableUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.telephony.vicidial.tests.events.rulebook import listening
from ansible_collections.telephony.vicidial.tests.operations.awx_rules import notification_problems
from ansible_collections.telephony.vicidial.tests.support import Simulator

ROLE = Path(__file__).resolve().parents[2] / "roles" / "awx"
PROJECT = ROLE / "templates" / "project"


def variables(name: str) -> dict[str, Any]:
    """Variables of the role, as AWX gets them: the tag keeps Ansible from filling in what AWX shall fill in."""
    loaded: dict[str, Any] = yaml.safe_load((ROLE / "vars/main" / f"{name}.yml").read_text().replace(" !unsafe", ""))
    return loaded


def injected(directory: Path, of: str = "credential", **inputs: Any) -> dict[str, str]:
    """The environment of a job whose credential has these inputs (CredentialType.inject_credential of AWX).

    An empty text is no variable there, a boolean without an answer is false, and files are written whatever is in them.
    """
    document = variables("credential_type")
    fields, injectors = document[f"__awx_{of}_inputs"]["fields"], document[f"__awx_{of}_injectors"]
    names = {field["id"]: False for field in fields if field["type"] == "boolean"}
    names.update({name: value for name, value in inputs.items() if value != ""})
    sandbox = ImmutableSandboxedEnvironment()
    files = {}
    for key, template in injectors.get("file", {}).items():
        name = key.partition(".")[2]
        files[name] = str(directory / name)
        Path(files[name]).write_text(sandbox.from_string(template).render(names))
    tower = {"filename": files}
    return {key: sandbox.from_string(template).render(names, tower=tower) for key, template in injectors["env"].items()}


def job(environment: dict[str, str], *command: str, project: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """A command in the project, with the environment of a job."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VICIDIAL_")}
    return subprocess.run(
        command, cwd=project, env={**kept, **environment}, capture_output=True, text=True, check=False
    )


def run(
    simulator: Simulator,
    directory: Path,
    playbook: str,
    inventory: str = "localhost,",
    project: Path = PROJECT,
    **given: Any,
) -> subprocess.CompletedProcess[str]:
    """A playbook of the project with the variables ``given``, as a job runs it; prints what it hands on."""
    environment = injected(directory, **account(simulator))
    environment |= {"ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"}
    given["ansible_python_interpreter"] = sys.executable
    command = ["ansible-playbook", "-i", inventory, "-c", "local", playbook, "-e", json.dumps(given)]
    return job(environment, *command, project=project)


def artifacts(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a job handed on."""
    stats = re.search(r"^\tRUN: (\{.*\})", done.stdout, re.MULTILINE)
    assert stats is not None, done.stdout
    handed_on: dict[str, Any] = json.loads(stats[1])
    return handed_on


def live(simulator: Simulator) -> set[str]:
    """Who is being recorded."""
    return {recording["user"] for recording in simulator.dialer.state()["live"]}


def account(simulator: Simulator) -> dict[str, Any]:
    return {"url": simulator.url, "user": simulator.user, "password": simulator.password}


def test_the_ca_certificate_of_the_credential_is_what_the_server_is_verified_with(
    https_simulator: Simulator, tmp_path: Path
) -> None:
    assert https_simulator.ca_path is not None
    environment = injected(tmp_path, **account(https_simulator), ca_certificate=https_simulator.ca_path.read_text())
    listed = job(environment, "ansible-inventory", "-i", "floor.vicidial_agents.yml", "--list")
    groups = json.loads(listed.stdout)
    assert len(groups["campaign_SALES"]["hosts"]) == 5
    assert set(groups["in_a_call"]["hosts"]) == {"1000", "1001", "1003", "1005", "1007", "1009"}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({}, {"VICIDIAL_CA_PATH": "", "VICIDIAL_VALIDATE_CERTS": "true"}),
        ({"ca_certificate": ""}, {"VICIDIAL_CA_PATH": "", "VICIDIAL_VALIDATE_CERTS": "true"}),
        ({"trust_any_certificate": True}, {"VICIDIAL_CA_PATH": "", "VICIDIAL_VALIDATE_CERTS": "false"}),
    ],
)
def test_what_is_left_empty_in_the_credential_is_safe(
    inputs: dict[str, Any], expected: dict[str, str], tmp_path: Path
) -> None:
    environment = injected(tmp_path, url="https://dialer.example.com", user="6666", password="simulated", **inputs)
    assert environment == {
        "VICIDIAL_API_URL": "https://dialer.example.com",
        "VICIDIAL_API_USER": "6666",
        "VICIDIAL_API_PASSWORD": "simulated",
        **expected,
    }


def test_the_documentation_shows_the_credential_types_that_the_role_makes() -> None:
    made = variables("credential_type")
    text = (ROLE.parents[1] / "docs" / "awx.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)]
    both = [block for block in blocks if "fields" in block]
    for of, inputs in zip(("credential", "tell"), both, strict=True):
        assert made[f"__awx_{of}_injectors"] in blocks
        for field in made[f"__awx_{of}_inputs"]["fields"]:
            helpful = {key: value for key, value in field.items() if key not in ("help_text", "format")}
            assert helpful in inputs["fields"]
        assert inputs["required"] == made[f"__awx_{of}_inputs"]["required"]


def test_the_documented_variables_are_those_of_the_role_and_its_notifications_those_of_awx() -> None:
    text = (ROLE.parents[1] / "docs" / "awx.md").read_text() + (ROLE / "README.md").read_text()
    options = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(re.findall(r"\bawx_[a-z_]+", text)) - {"awx_comparison"} <= set(options)
    blocks = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)]
    plays = [block[0]["roles"][0]["vars"] for block in blocks if isinstance(block, list) and "roles" in block[0]]
    given = [one for one in (*blocks, *plays) if "awx_notification_type" in one]
    assert [one["awx_notification_type"] for one in given] == ["email", "slack"]
    for one in given:
        assert [*notification_problems(*(one[f"awx_notification_{key}"] for key in ("type", "configuration")))] == []


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What AWX is given to fill in, by the style of a webhook."""
    directory = tmp_path_factory.mktemp("messages")
    copy = {"content": "{{ __awx_messages.error | to_json }}", "dest": f"{directory}/{{{{ style }}}}"}
    task = {"ansible.builtin.copy": copy, "loop": ["fields", "text", "card"], "loop_control": {"loop_var": "style"}}
    given = {"__awx_options": {"notification_type": "webhook", "notification_style": "{{ style }}"}}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task], "vars": given}
    play["vars_files"] = [str(ROLE / "vars" / "main" / "messages.yml")]
    (directory / "play.yml").write_text(json.dumps([play]))
    subprocess.run(["ansible-playbook", "play.yml"], cwd=directory, capture_output=True, check=True)
    return {style: json.loads((directory / style).read_text()) for style in task["loop"]}


def filled_in(text: str, status: str, artifacts: dict[str, Any], explanation: str = "") -> str:
    """What AWX sends after a job."""
    names = {"name": "VICIdial audit", "status": status, "artifacts": artifacts, "job_explanation": explanation}
    sandbox = ImmutableSandboxedEnvironment(undefined=ChainableUndefined)
    return " ".join(sandbox.from_string(text).render(job=names, url="https://awx.example.com/1").split())


def test_an_audit_with_drift_fails_and_its_notification_has_the_numbers(
    simulator: Simulator, tmp_path: Path, messages: dict[str, dict[str, str]]
) -> None:
    given: dict[str, Any] = {"recording_audit_fail_on_drift": True, "recording_audit_campaigns": "SALES"}
    done = run(simulator, tmp_path, "audit.yml", **given)
    assert done.returncode == 2, done.stdout + done.stderr
    # No floor's agent is recorded, and of SALES only 1000 is in a call.
    sentence = (
        "VICIdial audit: 0 of 1 agents as declared, 1 not recorded, 0 recorded unexpectedly, 0 unknown, 0 remediated. "
        "Not recorded: 1000. https://awx.example.com/1"
    )
    handed_on = artifacts(done)
    assert filled_in(messages["fields"]["message"], "failed", handed_on) == sentence
    body = {style: json.loads(filled_in(texts["body"], "failed", handed_on)) for style, texts in messages.items()}
    assert body["fields"]["summary"]["missing_agents"] == ["1000"]
    assert body["text"] == {"text": sentence}
    [card] = body["card"]["attachments"]
    assert card["content"]["body"][0]["text"] == sentence


@pytest.mark.parametrize(
    ("artifacts", "explanation", "said"),
    [
        ({}, "", "failed. This says nothing about the recordings."),
        (
            {},
            'Previous Task Failed: {"job_type": "inventory_update"}',
            'failed. This says nothing about the recordings. Previous Task Failed: {"job_type": "inventory_update"}',
        ),
        (
            {"vicidial_preflight_summary": {"reason": "authentication_failed"}},
            "",
            "failed. This says nothing about the recordings. Reason: authentication_failed.",
        ),
        (
            {
                "vicidial_stereo_recording_summary": {
                    "counts": {"changed": 1, "already": 2, "skipped": 0, "failed": 2},
                    "failed": {"1003": "not_confirmed", "1004": "no_live_call"},
                    "reason": "no_live_call",
                }
            },
            "",
            "1 changed, 2 were so already, 0 skipped, 2 failed. 1003 not_confirmed, 1004 no_live_call. "
            "Reason: no_live_call.",
        ),
    ],
)
def test_a_message_says_why_and_who(
    artifacts: dict[str, Any], explanation: str, said: str, messages: dict[str, dict[str, str]]
) -> None:
    found = filled_in(messages["fields"]["message"], "failed", artifacts, explanation)
    assert found == f"VICIdial audit: {said} https://awx.example.com/1"
    body = json.loads(filled_in(messages["fields"]["body"], "failed", artifacts, explanation))
    assert body["explanation"] == explanation


@pytest.mark.parametrize(
    ("playbook", "answers"),
    [
        (
            "fleet.yml",
            {
                "vicidial_campaigns": "SALES",
                "vicidial_user_groups": "",
                "vicidial_agents": "",
                "vicidial_everybody": "false",
                "stereo_recording_when_no_call": "ignore",
            },
        ),
        ("fleet_in_slices.yml", {"vicidial_hosts": "1000", "slices": 3, "awx_workflow_job_id": 7}),
        ("give_back.yml", {"vicidial_agents": "1000"}),
    ],
)
def test_the_playbooks_of_the_project_do_what_a_survey_asks_for(
    playbook: str, answers: dict[str, Any], simulator: Simulator, tmp_path: Path
) -> None:
    inventory = "floor.vicidial_agents.yml" if "vicidial_hosts" in answers else "localhost,"
    done = run(simulator, tmp_path, playbook, inventory, stereo_recording_state="recording", **answers)
    assert done.returncode == 0, done.stdout + done.stderr
    assert live(simulator) == {"1000"}


def test_empty_answers_fail_and_a_schedule_may_find_nobody(simulator: Simulator, tmp_path: Path) -> None:
    empty: dict[str, Any] = dict.fromkeys(("vicidial_campaigns", "vicidial_user_groups", "vicidial_agents"), "")
    empty |= {"vicidial_everybody": "false", "stereo_recording_state": "recording"}
    done = run(simulator, tmp_path, "fleet.yml", **empty)
    assert done.returncode == 2
    assert "No agents are given." in " ".join(done.stdout.split())
    assert artifacts(done)["vicidial_stereo_recording_summary"] == {"reason": "invalid_argument"}
    assert run(simulator, tmp_path, "fleet.yml", awx_schedule_id=3, **empty).returncode == 2
    assert simulator.journal.entries() == []
    empty["vicidial_campaigns"] = "NOBODY"
    assert run(simulator, tmp_path, "fleet.yml", awx_schedule_id=3, **empty).returncode == 0


def test_the_jobs_of_a_guarded_window(simulator: Simulator, tmp_path: Path) -> None:
    """AWX gives the answers to all three, and to each what the ones before it have handed on."""
    project = Path(shutil.copytree(PROJECT, tmp_path / "project"))
    (project / "tasks" / "during_the_window.yml").write_text("[{ansible.builtin.meta: noop}]")
    simulator.dialer.start_recording("1000")
    answers: dict[str, Any] = {
        "recording_window_agents": "1000,1001",
        "recording_window_state": "idle",
        "awx_workflow_job_id": 7,
    }
    answers |= {"awx_job_template_name": "VICIdial open window"}
    opened = run(simulator, tmp_path, "open_window.yml", project=project, **answers)
    assert opened.returncode == 0, opened.stdout + opened.stderr
    assert 'the job template \\"VICIdial give back\\", agents 1000, state recording' in " ".join(opened.stdout.split())
    assert live(simulator) == set()
    answers |= artifacts(opened)
    held = run(simulator, tmp_path, "hold_window.yml", project=project, **answers)
    assert held.returncode == 0, held.stdout + held.stderr
    given_back = run(simulator, tmp_path, "give_back.yml", project=project, **answers, **artifacts(held))
    assert given_back.returncode == 0, given_back.stdout + given_back.stderr
    assert live(simulator) == {"1000"}
    # The same again: now somebody has begun that recording while the window was open.
    assert run(simulator, tmp_path, "hold_window.yml", project=project, **answers).returncode == 2


def test_a_guarded_window_that_was_not_held_is_given_back_and_fails(simulator: Simulator, tmp_path: Path) -> None:
    """Its second job was canceled, or its first one failed before it had signalled anybody."""
    handed_on = {"give_back_agents": ["1000"], "give_back_state": "recording"}
    both: list[dict[str, Any]] = [{"vicidial_recording_window_summary": handed_on}, {}]
    for more in both:
        done = run(simulator, tmp_path, "give_back.yml", awx_workflow_job_id=7, **more)
        assert done.returncode == 2
        assert "The window was not held to its end" in " ".join(done.stdout.split())
        assert live(simulator) == {"1000"}


@pytest.mark.parametrize("inputs", [{}, {"token": "t0ken"}])
def test_the_event_of_a_rulebook_is_posted_to_the_webhook_of_the_credential(
    inputs: dict[str, str], tmp_path: Path
) -> None:
    """And with the form that the template gives."""
    given = {"vicidial_tell_form": "text", "ansible_eda": {"event": {"vicidial": {"msg": "It happened."}}}}
    with listening() as listener:
        environment = injected(tmp_path, "tell", url=f"{listener.url}/hook", **inputs)
        done = job(environment, "ansible-playbook", "-i", "localhost,", "tell.yml", "-e", json.dumps(given))
    assert done.returncode == 0, done.stdout + done.stderr
    [(path, headers, body)] = listener.posts
    assert (path, body) == ("/hook", {"text": "It happened."})
    assert headers.get("Authorization") == ("Bearer t0ken" if inputs else None)
    assert "/hook" not in done.stdout


def test_a_wrong_password_is_the_reason_that_is_reported(
    simulator: Simulator, tmp_path: Path, messages: dict[str, dict[str, str]]
) -> None:
    done = run(replace(simulator, password="another"), tmp_path, "preflight.yml")
    assert done.returncode == 2, done.stdout + done.stderr
    body = filled_in(messages["text"]["body"], "failed", artifacts(done))
    assert "This says nothing about the recordings. Reason: authentication_failed." in json.loads(body)["text"]
