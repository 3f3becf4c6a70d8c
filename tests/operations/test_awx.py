# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role awx with the real modules of awx.awx, against a pretended AWX: making everything and removing it, twice."""

from __future__ import annotations

import copy
import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.operations.awx_api import (
    KINDS,
    TOKEN,
    Awx,
    Row,
    serving_awx,
    serving_copy,
)
from ansible_collections.telephony.vicidial.tests.operations.awx_rules import (
    choices_of,
    injector_problems,
    survey_problems,
)

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "roles" / "awx" / "templates" / "project"
PASSWORD = "p@ss/w0rd-of-the-dialer"
HOOK_PASSWORD = "w0rd-of-the-hook"
GIVEN: dict[str, Any] = {
    "awx_project_url": "https://git.example.com/vicidial.git",
    "awx_project_branch": "main",
    "awx_execution_environment_image": "registry.example.com/vicidial:1",
    "awx_vicidial_url": "https://dialer.example.com",
    "awx_vicidial_user": "6666",
    "awx_vicidial_password": PASSWORD,
    "awx_vicidial_ca_certificate": "-----BEGIN CERTIFICATE-----\n",
    "awx_preflight_accepted": ["tls"],
    "awx_audit_variables": {"recording_audit_campaigns": "SALES", "recording_audit_others": "idle"},
    "awx_timezone": "Europe/Berlin",
    "awx_notification_type": "webhook",
    "awx_notification_configuration": {"url": "https://chat.example.com", "headers": {}, "password": HOOK_PASSWORD},
}

# The role whose variables a playbook takes, besides its own.
ROLES = {"audit.yml": "recording_audit", "ensure.yml": "stereo_recording", "window.yml": "recording_window"}
OF_PLAYBOOKS = {"vicidial_agents", "vicidial_hosts", "vicidial_preflight_accepted"}
# The types of questions that can answer for a type of variable.
FITTING = {
    "str": {"text", "multiplechoice"},
    "path": {"text"},
    "bool": {"multiplechoice"},
    "int": {"integer"},
    "float": {"integer", "float"},
    "list": {"text", "textarea", "multiselect"},
}


@dataclass
class Lives:
    """What AWX held after each run of the role, and what that run printed."""

    held: list[Awx]
    printed: list[str]

    @property
    def full(self) -> Awx:
        return self.held[0]

    @property
    def written(self) -> list[tuple[str, str, Any]]:
        """What the four runs sent to AWX to be kept: the second and the third began with the journal of the first."""
        first = len(self.full.journal)
        later = [call for awx in self.held[1:3] for call in awx.journal[first:]]
        return [*self.full.journal, *later, *self.held[3].journal]


def playbooks_of(project: Path) -> set[str]:
    """What AWX lists as playbooks: YAML at the top with a line of hosts or of an import (awx/main/utils/ansible.py)."""
    looks_so = re.compile(r"^\s*-?\s*(hosts|(ansible\.builtin\.)?import_playbook):", re.MULTILINE)
    return {path.name for path in project.glob("*.yml") if looks_so.search(path.read_text())}


def run(awx: Awx, directory: Path, *arguments: str, **given: Any) -> subprocess.CompletedProcess[str]:
    """ansible-playbook with the role and the variables ``given``."""
    tasks = [{"ansible.builtin.include_role": {"name": "telephony.vicidial.awx"}}]
    (directory / "play.yml").write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
    (directory / "given.json").write_text(json.dumps(given))
    controller = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}
    # Dozens of modules run: each would read the machine's CA certificates three times, and be copied first.
    quick = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull, "ANSIBLE_PIPELINING": "1"}
    return subprocess.run(
        ["ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", "-e", "@given.json", *arguments],
        cwd=directory,
        env={**os.environ, **controller, **quick, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    """Made, made again, removed, and removed where nothing is; two at a time, for each starts dozens of processes."""

    # Made here, for two threads that ask the factory at once can take its folder from each other.
    directories = [tmp_path_factory.mktemp("awx") for _life in range(4)]

    def once(awx: Awx, state: str, *arguments: str) -> tuple[Awx, str]:
        done = run(awx, directories.pop(), *arguments, **GIVEN, awx_state=state)
        assert done.returncode == 0, done.stdout + done.stderr
        return copy.deepcopy(awx), done.stdout + done.stderr

    playbooks = playbooks_of(PROJECT)
    with ThreadPoolExecutor(2) as both, serving_awx(playbooks) as awx, serving_awx(playbooks) as empty:
        removal_of_nothing = both.submit(once, empty, "absent")
        made = both.submit(once, awx, "present", "-vvv").result()
        with serving_copy(made[0]) as another:
            made_again = both.submit(once, awx, "present")
            removed = both.submit(once, another, "absent")
            runs = [made, made_again.result(), removed.result(), removal_of_nothing.result()]
    return Lives([held for held, _printed in runs], [printed for _held, printed in runs])


def survey_of(awx: Awx, template: Row) -> list[Row]:
    questions: list[Row] = awx.surveys.get(template["id"], {}).get("spec", [])
    return questions


def options_of(playbook: str) -> Row:
    """The options of the role behind a playbook, as its argument_specs have them."""
    if playbook not in ROLES:
        return {}
    path = ROOT / "roles" / ROLES[playbook] / "meta" / "argument_specs.yml"
    options: Row = yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]
    return options


def test_the_first_run_makes_everything(lives: Lives) -> None:
    made = {kind: len(rows) for kind, rows in lives.full.objects.items()}
    assert made.pop("organizations") == 1
    assert made == {
        "credential_types": 1,
        "credentials": 1,
        "execution_environments": 1,
        "projects": 1,
        "inventories": 2,
        "inventory_sources": 1,
        "notification_templates": 1,
        "job_templates": 7,
        "workflow_job_templates": 1,
        "workflow_job_template_nodes": 3,
        "schedules": 3,
    }
    assert all(
        "VICIdial" in name for kind in set(made) - {"workflow_job_template_nodes"} for name in lives.full.names(kind)
    )


def test_the_second_run_changes_nothing(lives: Lives) -> None:
    assert re.search(r"changed=0 .*failed=0", lives.printed[1])
    assert lives.held[1].objects == lives.full.objects
    assert lives.held[1].surveys == lives.full.surveys
    assert lives.held[1].related == lives.full.related


def test_removal_leaves_nothing_and_goes_backwards(lives: Lives) -> None:
    left = {kind for kind, rows in lives.held[2].objects.items() if rows}
    assert left == {"organizations"}
    deleted = [path.strip("/").split("/") for method, path, _body in lives.held[2].journal if method == "DELETE"]
    removed = [path[2] for path in deleted if "survey_spec" not in path]
    kinds = list(dict.fromkeys(removed))
    assert kinds == [
        "workflow_job_templates",
        "job_templates",
        "notification_templates",
        "projects",
        "credentials",
        "credential_types",
        "execution_environments",
        "inventories",
    ]


def test_a_removal_where_nothing_is_left_changes_nothing(lives: Lives) -> None:
    assert re.search(r"changed=0 .*failed=0", lives.printed[3])
    assert lives.held[3].journal == []
    assert lives.held[3].objects == lives.held[2].objects


def test_secrets_go_to_where_they_belong_and_nowhere_else(lives: Lives) -> None:
    for secret in (PASSWORD, HOOK_PASSWORD):
        for form in (secret, quote_plus(secret), secret.replace("@", "")):
            assert not any(form in printed for printed in lives.printed)
    told = [(path, body) for _method, path, body in lives.written if PASSWORD in json.dumps(body)]
    assert [path for path, _body in told] == ["/api/v2/credentials/"]
    [(_path, body)] = told
    assert body["inputs"]["password"] == PASSWORD
    assert json.dumps(body).count(PASSWORD) == 1
    [(_path, body)] = [(path, body) for _method, path, body in lives.written if HOOK_PASSWORD in json.dumps(body)]
    assert body["notification_configuration"]["password"] == HOOK_PASSWORD
    assert json.dumps(body).count(HOOK_PASSWORD) == 1


def test_the_credential_type_keeps_the_password_secret_and_verifies_by_itself(lives: Lives) -> None:
    [made] = lives.full.objects["credential_types"].values()
    fields = {field["id"]: field for field in made["inputs"]["fields"]}
    assert [name for name, field in fields.items() if field.get("secret")] == ["password"]
    # AWX fills a boolean without an answer with false.
    assert [name for name, field in fields.items() if field["type"] == "boolean"] == ["trust_any_certificate"]
    [credential] = lives.full.objects["credentials"].values()
    assert credential["inputs"]["trust_any_certificate"] is False
    assert lives.full.shown("credentials", credential)["inputs"]["password"] == "$encrypted$"


def test_the_floor_is_read_before_each_job_and_its_old_agents_go(lives: Lives) -> None:
    [source] = lives.full.objects["inventory_sources"].values()
    assert source["inventory"] == lives.full.named("VICIdial floor", "inventories")["id"]
    assert (PROJECT / source["source_path"]).name.endswith("vicidial_agents.yml")
    assert source["update_on_launch"] is source["overwrite"] is source["overwrite_vars"] is True
    assert source["update_cache_timeout"] == 30
    assert source["credential"] == lives.full.named("VICIdial API", "credentials")["id"]


def test_every_job_template_has_the_credential_and_a_playbook_that_imports_ours(lives: Lives) -> None:
    for template in lives.full.objects["job_templates"].values():
        assert lives.full.names_related("job_templates", template, "credentials") == ["VICIdial API"]
        assert template["execution_environment"] is not None
        [play] = yaml.safe_load((PROJECT / template["playbook"]).read_text())
        imported = play["ansible.builtin.import_playbook"]
        assert imported == f"telephony.vicidial.{Path(template['playbook']).stem}"
        assert (ROOT / "playbooks" / template["playbook"]).exists()


def test_only_the_fleet_is_sliced_and_the_slices_share_the_calls(lives: Lives) -> None:
    sliced = [row for row in lives.full.objects["job_templates"].values() if row["job_slice_count"] != 1]
    [fleet] = sliced
    assert fleet["name"] == "VICIdial fleet"
    assert fleet["inventory"] == lives.full.named("VICIdial floor", "inventories")["id"]
    given = json.loads(fleet["extra_vars"])
    assert given["vicidial_hosts"] == "all"
    assert fleet["job_slice_count"] * int(given["stereo_recording_concurrency"]) == 8
    # Each slice would signal the same agents.
    assert "vicidial_agents" not in {question["variable"] for question in survey_of(lives.full, fleet)}
    # An inventory that cannot be read fails the job before it begins: not the one that tells why.
    others = {row["inventory"] for row in lives.full.objects["job_templates"].values() if row is not fleet}
    assert others == {lives.full.named("VICIdial localhost", "inventories")["id"]}


def test_surveys_ask_for_variables_that_the_playbooks_take(lives: Lives) -> None:
    for template in lives.full.objects["job_templates"].values():
        options = options_of(template["playbook"])
        for question in survey_of(lives.full, template):
            name, what = question["variable"], (template["name"], question["variable"])
            assert question["type"] != "password", what
            if name in OF_PLAYBOOKS:
                continue
            option = options[name]
            assert question["type"] in FITTING[option["type"]], what
            assert question["required"] or not option.get("required"), what
            if option["type"] == "bool":
                assert set(choices_of(question)) == {"true", "false"}, what
            elif "choices" in option:
                assert set(choices_of(question)) == set(option["choices"]), what
            elif question["type"] == "multiselect":
                assert set(choices_of(question)) <= set(re.findall("[A-Z]+", str(option["description"]))), what


def test_what_a_role_requires_is_asked_or_given(lives: Lives) -> None:
    for template in lives.full.objects["job_templates"].values():
        given = set(json.loads(template["extra_vars"]))
        asked = {question["variable"] for question in survey_of(lives.full, template)}
        assert given | asked <= set(options_of(template["playbook"])) | OF_PLAYBOOKS
        playbook = (ROOT / "playbooks" / template["playbook"]).read_text()
        assert all(name in playbook for name in (given | asked) & OF_PLAYBOOKS), template["name"]
        required = {name for name, option in options_of(template["playbook"]).items() if option.get("required")}
        assert required <= asked | given, template["name"]
        assert template["survey_enabled"] is bool(asked)


def test_the_workflow_remediates_after_an_audit_and_does_nothing_after_a_failed_preflight(lives: Lives) -> None:
    awx = lives.full
    links = {
        (node["identifier"], relation): awx.names_related("workflow_job_template_nodes", node, relation)
        for node in awx.objects["workflow_job_template_nodes"].values()
        for relation in KINDS["workflow_job_template_nodes"].related
    }
    assert {key: names for key, names in links.items() if names} == {
        ("preflight", "success_nodes"): ["audit"],
        ("audit", "failure_nodes"): ["remediate"],
    }
    runs = {row["id"]: row for row in awx.objects["job_templates"].values()}
    nodes = {row["identifier"]: row for row in awx.objects["workflow_job_template_nodes"].values()}
    assert {name: runs[node["unified_job_template"]]["name"] for name, node in nodes.items()} == {
        name: f"VICIdial {name}" for name in ("preflight", "audit", "remediate")
    }
    assert nodes["audit"]["extra_data"] == nodes["remediate"]["extra_data"]
    assert nodes["audit"]["extra_data"]["recording_audit_campaigns"] == "SALES"
    given = {
        name: json.loads(awx.named(f"VICIdial {name}", "job_templates")["extra_vars"])
        for name in ("audit", "remediate")
    }
    assert given == {
        "audit": {"recording_audit_fail_on_drift": True},
        "remediate": {"recording_audit_fail_on_drift": True, "recording_audit_remediate": True},
    }


def test_notifications_go_out_on_drift_and_on_what_hides_it(lives: Lives) -> None:
    told = {
        (row["name"], relation)
        for row in lives.full.objects["job_templates"].values()
        for relation in KINDS["job_templates"].related
        if "VICIdial drift" in lives.full.names_related("job_templates", row, relation)
    }
    assert told == {
        ("VICIdial preflight", "notification_templates_error"),
        ("VICIdial audit", "notification_templates_error"),
        ("VICIdial remediate", "notification_templates_error"),
        ("VICIdial remediate", "notification_templates_success"),
    }


def test_schedules_send_no_signal_until_they_are_switched_on(lives: Lives) -> None:
    schedules = {row["name"]: row for row in lives.full.objects["schedules"].values()}
    assert {name: (row["enabled"], row["rrule"]) for name, row in schedules.items()} == {
        "VICIdial audit": (True, "DTSTART;TZID=Europe/Berlin:20260101T000000 RRULE:FREQ=MINUTELY;INTERVAL=15"),
        "VICIdial audit and remediate": (
            False,
            "DTSTART;TZID=Europe/Berlin:20260101T000000 RRULE:FREQ=MINUTELY;INTERVAL=15",
        ),
        "VICIdial nightly idle": (False, "DTSTART;TZID=Europe/Berlin:20260101T020000 RRULE:FREQ=DAILY;INTERVAL=1"),
    }
    answers = {"stereo_recording_state": "idle", "stereo_recording_require_call": "true"}
    assert schedules["VICIdial nightly idle"]["extra_data"] == answers
    assert (
        schedules["VICIdial audit"]["unified_job_template"] == lives.full.named("VICIdial audit", "job_templates")["id"]
    )


def test_without_an_account_and_without_its_credential_it_says_what_to_do(tmp_path: Path) -> None:
    with serving_awx(playbooks_of(PROJECT)) as awx:
        done = run(awx, tmp_path, awx_project_url="https://git.example.com/vicidial.git")
        assert done.returncode != 0
        assert 'AWX has no credential "VICIdial API"' in " ".join(done.stdout.split())
        # What it is made of is there now.
        assert awx.names("credential_types") == {"VICIdial API account"}


def test_the_slices_are_as_many_as_can_share_the_calls(tmp_path: Path) -> None:
    with serving_awx(playbooks_of(PROJECT)) as awx:
        done = run(awx, tmp_path, awx_slices=9)
        assert done.returncode != 0
        assert "value of awx_slices must be one of: 1, 2, 3, 4, 5, 6, 7, 8, got: 9" in " ".join(done.stdout.split())
        assert awx.names("credential_types") == set()


@pytest.mark.parametrize(
    ("question", "problem"),
    [
        ({"type": "password"}, ""),
        ({"type": "choice"}, "choice is no type"),
        ({"required": "yes"}, "of the wrong type: ['required']"),
        ({"type": "multiplechoice"}, "choices are missing"),
        ({"type": "multiplechoice", "choices": ["a", "b"], "default": "c"}, "default is none of the choices"),
        ({"type": "multiplechoice", "choices": "a\nb", "default": "b"}, ""),
        ({"type": "integer", "default": "5"}, "default is of the wrong type"),
        ({"type": "integer", "default": 5, "max": 4}, "too large"),
        ({"min": "1"}, "of the wrong type: ['min']"),
        ({"label": "x"}, "no key of a question: ['label']"),
    ],
)
def test_the_pretended_awx_judges_surveys(question: Row, problem: str) -> None:
    whole = {"question_name": "Q", "variable": "q", "type": "text", "required": False, **question}
    problems = list(survey_problems({"name": "", "description": "", "spec": [whole]}))
    assert problem in str(problems) if problem else problems == []


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
        ({"environment": {}}, "more than file, env"),
    ],
)
def test_the_pretended_awx_judges_injectors(injectors: Row, problem: str) -> None:
    problems = list(injector_problems({"fields": [{"id": "url", "label": "URL"}]}, injectors))
    assert problem in str(problems) if problem else problems == []
