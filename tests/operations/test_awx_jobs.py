# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of the role's documents when a job runs: environment, inventory, audit and notification."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import ChainableUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.telephony.vicidial.tests.support import Simulator

ROLE = Path(__file__).resolve().parents[2] / "roles" / "awx"
PROJECT = ROLE / "templates" / "project"


def variables(name: str) -> dict[str, Any]:
    """Variables of the role, as AWX gets them: the tag keeps Ansible from filling in what AWX shall fill in."""
    loaded: dict[str, Any] = yaml.safe_load((ROLE / "vars/main" / f"{name}.yml").read_text().replace(" !unsafe", ""))
    return loaded


def injected(directory: Path, **inputs: Any) -> dict[str, str]:
    """The environment of a job whose credential has these inputs (CredentialType.inject_credential of AWX).

    An empty text is no variable there, a boolean without an answer is false, and files are written whatever is in them.
    """
    document = variables("credential_type")
    fields, injectors = document["__awx_credential_inputs"]["fields"], document["__awx_credential_injectors"]
    names = {field["id"]: False for field in fields if field["type"] == "boolean"}
    names.update({name: value for name, value in inputs.items() if value != ""})
    sandbox = ImmutableSandboxedEnvironment()
    files = {}
    for key, template in injectors["file"].items():
        name = key.partition(".")[2]
        files[name] = str(directory / name)
        Path(files[name]).write_text(sandbox.from_string(template).render(names))
    tower = {"filename": files}
    return {key: sandbox.from_string(template).render(names, tower=tower) for key, template in injectors["env"].items()}


def job(environment: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    """A command in the project, with the environment of a job."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("VICIDIAL_")}
    return subprocess.run(
        command, cwd=PROJECT, env={**kept, **environment}, capture_output=True, text=True, check=False
    )


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


def test_by_hand_the_credential_type_is_the_same() -> None:
    made = variables("credential_type")
    text = (ROLE.parents[1] / "docs" / "awx.md").read_text()
    blocks = [yaml.safe_load(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)]
    [inputs] = [block for block in blocks if "fields" in block]
    assert made["__awx_credential_injectors"] in blocks
    for field in made["__awx_credential_inputs"]["fields"]:
        helpful = {key: value for key, value in field.items() if key not in ("help_text", "format")}
        assert helpful in inputs["fields"]
    assert inputs["required"] == made["__awx_credential_inputs"]["required"]


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """What AWX is given to fill in, by the style of a webhook."""
    directory = tmp_path_factory.mktemp("messages")
    copy = {"content": "{{ __awx_messages.error | to_json }}", "dest": f"{directory}/{{{{ awx_notification_style }}}}"}
    task = {"ansible.builtin.copy": copy, "loop": ["fields", "text", "card"]}
    task["loop_control"] = {"loop_var": "awx_notification_style"}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task], "vars": {"awx_notification_type": "webhook"}}
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
    environment = injected(tmp_path, **account(simulator))
    done = job(
        {**environment, "ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        *("ansible-playbook", "-i", "localhost,", "-c", "local", "audit.yml"),
        *("-e", f"ansible_python_interpreter={sys.executable}"),
        *("-e", json.dumps({"recording_audit_fail_on_drift": True, "recording_audit_campaigns": "SALES"})),
    )
    assert done.returncode == 2, done.stdout + done.stderr
    # No floor's agent is recorded, and of SALES only 1000 is in a call.
    stats = re.search(r"^\tRUN: (\{.*\})", done.stdout, re.MULTILINE)
    assert stats is not None, done.stdout
    sentence = (
        "VICIdial audit: 0 of 1 agents as declared, 1 not recorded, 0 recorded unexpectedly, 0 unknown, 0 remediated. "
        "Not recorded: 1000. https://awx.example.com/1"
    )
    artifacts = json.loads(stats[1])
    assert filled_in(messages["fields"]["message"], "failed", artifacts) == sentence
    body = {style: json.loads(filled_in(texts["body"], "failed", artifacts)) for style, texts in messages.items()}
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
        ("fleet.yml", {"vicidial_hosts": "campaign_SALES:&in_a_call"}),
        ("fleet_in_slices.yml", {"vicidial_hosts": "1000", "slices": 3, "awx_workflow_job_id": 7}),
        ("give_back.yml", {"vicidial_agents": "1000"}),
    ],
)
def test_the_playbooks_of_the_project_do_what_a_survey_asks_for(
    playbook: str, answers: dict[str, Any], simulator: Simulator, tmp_path: Path
) -> None:
    environment = injected(tmp_path, **account(simulator))
    given = {"stereo_recording_state": "recording", "ansible_python_interpreter": sys.executable, **answers}
    inventory = "floor.vicidial_agents.yml" if "vicidial_hosts" in answers else "localhost,"
    done = job(environment, "ansible-playbook", "-i", inventory, playbook, "-e", json.dumps(given))
    assert done.returncode == 0, done.stdout + done.stderr
    assert {recording["user"] for recording in simulator.dialer.state()["live"]} == {"1000"}


def test_a_wrong_password_is_the_reason_that_is_reported(
    simulator: Simulator, tmp_path: Path, messages: dict[str, dict[str, str]]
) -> None:
    environment = injected(tmp_path, **{**account(simulator), "password": "another"})
    done = job(
        {**environment, "ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        *("ansible-playbook", "-i", "localhost,", "-c", "local", "preflight.yml"),
        *("-e", f"ansible_python_interpreter={sys.executable}"),
    )
    assert done.returncode == 2, done.stdout + done.stderr
    stats = re.search(r"^\tRUN: (\{.*\})", done.stdout, re.MULTILINE)
    assert stats is not None, done.stdout
    sent = filled_in(messages["text"]["body"], "failed", json.loads(stats[1]))
    assert "This says nothing about the recordings. Reason: authentication_failed." in json.loads(sent)["text"], stats[
        1
    ]
