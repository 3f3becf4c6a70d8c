# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role awx with the real modules of awx.awx, against a pretended AWX: made, changed by somebody, repaired, removed.

With the oldest and the newest ansible-core where the environment variable VICIDIAL_TEST_CORES names the directories of
their programs.
"""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import requests
import yaml

from ansible_collections.telephony.vicidial.tests.operations.awx_api import TOKEN, serving_awx, serving_copy
from ansible_collections.telephony.vicidial.tests.operations.awx_collection import quick_collections
from ansible_collections.telephony.vicidial.tests.operations.awx_launch import launch, next_nodes
from ansible_collections.telephony.vicidial.tests.operations.awx_objects import GALAXY, KINDS, Awx, Row
from ansible_collections.telephony.vicidial.tests.operations.awx_rules import QUESTION_KEYS, choices_of

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "roles" / "awx" / "templates" / "project"
RULEBOOKS = ROOT / "extensions" / "eda" / "rulebooks"
PASSWORD = "p@ss/w0rd-of-the-dialer"
HOOK_PASSWORD = "w0rd-of-the-hook"
TELL_URL = "https://chat.example.com/hooks/s3cret-of-the-chat"
TELL_TOKEN = "t0ken-of-the-chat"
GIVEN: dict[str, Any] = {
    "awx_project_url": "https://git.example.com/vicidial.git",
    "awx_project_branch": "main",
    "awx_execution_environment_image": "registry.example.com/vicidial:1",
    "awx_vicidial_url": "https://dialer.example.com",
    "awx_vicidial_user": "6666",
    "awx_vicidial_password": PASSWORD,
    "awx_vicidial_ca_certificate": "-----BEGIN CERTIFICATE-----\n",
    "awx_tell_url": TELL_URL,
    "awx_tell_token": TELL_TOKEN,
    "awx_tell_form": "text",
    "awx_preflight_accepted": ["tls"],
    "awx_audit_variables": {"recording_audit_campaigns": "SALES", "recording_audit_others": "idle"},
    "awx_timezone": "Europe/Berlin",
    "awx_idle_time": "22:00",
    "awx_slices": 3,
    "awx_approval_minutes": 30,
    "awx_labels": ["voice"],
    "awx_instance_groups": ["default"],
    "awx_team_access": [
        {"team": "Supervisors", "templates": ["status", "audit", "guarded window"], "workflow": ["execute"]},
        {"team": "Leads", "workflow": ["approval"]},
    ],
    "awx_notification_type": "webhook",
    "awx_notification_configuration": {"url": "https://chat.example.com", "headers": {}, "password": HOOK_PASSWORD},
}
# The same as -e NAME=VALUE and surveys give it, beside a name that is mistyped and one that is somebody's own.
AS_TEXT: dict[str, Any] = {name: json.dumps(value) for name, value in GIVEN.items() if isinstance(value, (dict, int))}
AS_TEXT |= {
    "awx_preflight_accepted": "tls",
    "awx_labels": "voice",
    "awx_instance_groups": "default,",
    "awx_one_at_a_time": "remediate,fleet",
    "awx_label": "x",
    "awx_our_own": "x",
}
# The programs of the oldest and of the newest ansible-core that are tested; those of this environment otherwise.
CORES = os.environ.get("VICIDIAL_TEST_CORES", str(Path(sys.executable).parent)).split(":")

# The role whose variables a playbook takes, besides its own.
ROLES = {
    "audit.yml": "recording_audit",
    "ensure.yml": "stereo_recording",
    "fleet.yml": "stereo_recording",
    "fleet_in_slices.yml": "stereo_recording",
    "give_back.yml": "stereo_recording",
    "open_window.yml": "recording_window",
    "hold_window.yml": "recording_window",
    "window.yml": "recording_window",
}
# Variables that the playbooks of the collection take besides those of the role.
PLAYBOOK_VARIABLES = {
    "vicidial_agents",
    "vicidial_campaigns",
    "vicidial_user_groups",
    "vicidial_everybody",
    "vicidial_hosts",
    "vicidial_preflight_accepted",
    "vicidial_tell_form",
}
# What the playbooks of the project take themselves.
PROJECT_VARIABLES = {"slices"}
# The types of questions that can answer for a type of variable.
QUESTION_TYPES = {
    "str": {"text", "multiplechoice"},
    "path": {"text"},
    "bool": {"multiplechoice"},
    "int": {"integer"},
    "float": {"integer", "float"},
    "list": {"text", "textarea", "multiselect"},
}


@dataclass
class Run:
    """What a run of the role printed and how it ended, and what AWX held after it."""

    code: int
    printed: str
    awx: Awx

    @property
    def changed(self) -> int:
        """How many tasks changed something, or would have."""
        [changed] = re.findall(r"changed=(\d+) ", self.printed)
        return int(changed)

    @property
    def said(self) -> str:
        """What it printed, without line breaks."""
        return " ".join(self.printed.split())


ROLE: Row = {"ansible.builtin.include_role": {"name": "telephony.vicidial.awx"}}


def run(
    awx: Awx,
    directory: Path,
    *arguments: str,
    core: str = CORES[0],
    collections: Path | None = None,
    play: Row | None = None,
    **given: Any,
) -> Run:
    """The role, or another ``play``, with the variables ``given`` by -e, by the ansible-playbook of a ``core``."""
    plays = [{"hosts": "localhost", "gather_facts": False, "tasks": [ROLE], **(play or {})}]
    (directory / "play.yml").write_text(json.dumps(plays))
    (directory / "given.json").write_text(json.dumps(given))
    environment = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "ANSIBLE_NOCOLOR": "1"}
    # Dozens of modules run: each would read the machine's CA certificates three times, and be copied first.
    environment |= {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull, "ANSIBLE_PIPELINING": "1"}
    if collections:
        environment["ANSIBLE_COLLECTIONS_PATH"] = str(collections)
    done = subprocess.run(
        [f"{core}/ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml", "-e", "@given.json", *arguments],
        cwd=directory,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr, copy.deepcopy(awx))


def somebody_changes(awx: Awx) -> None:
    """What people do in the web pages: other values, other connections, additions."""
    audit = awx.named("VICIdial audit", "job_templates")
    audit.update(limit="1000", timeout=60, verbosity=3, forks=50, extra_vars="recording_audit_fail_on_drift: false")
    awx.related[audit["id"], "notification_templates_error"].clear()
    awx.surveys[awx.named("VICIdial ensure", "job_templates")["id"]]["spec"][1]["choices"] = ["recording"]
    awx.named("VICIdial floor", "inventories")["description"] = "Mine"
    preflight = awx.named("preflight", "workflow_job_template_nodes")
    awx.related[preflight["id"], "failure_nodes"] = awx.related.pop((preflight["id"], "success_nodes"))
    theirs = {key: preflight[key] for key in ("workflow_job_template", "unified_job_template")}
    awx.create("workflow_job_template_nodes", {**theirs, "identifier": "theirs"})
    schedule = {key: value for key, value in awx.named("VICIdial audit", "schedules").items() if key != "id"}
    awx.create("schedules", {**schedule, "name": "theirs"})


@dataclass
class Runs:
    """The runs of the role, in this order over one AWX; ``by_the_platform`` is over a copy of it."""

    made: Run
    again: Run
    unchanged: Run
    changed: Run
    repaired: Run
    repaired_once_more: Run
    busy: Run
    to_be_removed: Run
    removed: Run
    removed_again: Run
    by_the_platform: Run

    @property
    def full(self) -> Awx:
        return self.made.awx

    @property
    def all(self) -> list[Run]:
        return list(vars(self).values())

    def written_by(self, one: Run, after: Run) -> list[tuple[str, str, Any]]:
        """What a run sent to AWX to be kept; the journal goes on from that of the run before."""
        return one.awx.journal[len(after.awx.journal) :]


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collections whose modules run without a process of their own."""
    return quick_collections(tmp_path_factory.mktemp("quick"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, quick: Path) -> Runs:
    """Two at a time, as far as they do not need each other."""
    # Made here, for two threads that ask the factory at once can take its folder from each other.
    directories = [tmp_path_factory.mktemp("awx") for _run in range(len(Runs.__annotations__))]

    def once(awx: Awx, *arguments: str, core: str = CORES[0], collections: Path | None = quick, **given: Any) -> Run:
        return run(awx, directories.pop(), *arguments, core=core, collections=collections, **{**GIVEN, **given})

    with serving_awx(PROJECT) as awx, ThreadPoolExecutor(1) as beside:
        awx.create("instance_groups", {"name": "default"})
        for team in ("Supervisors", "Leads"):
            awx.create("teams", {"name": team, "organization": 1})
        # Its modules run as everywhere else.
        made = once(awx, "-vvv", collections=None)
        with serving_copy(made.awx) as another:
            # Every object is written once more, whatever the comparison says: the modules find nothing to change.
            written = {kind: sorted(made.awx.names(kind)) for kind in KINDS if kind != "notification_templates"}
            forced: dict[str, Any] = {"awx_collection": "ansible.controller", "__awx_affected": written}
            by_the_platform = beside.submit(once, another, core=CORES[-1], **forced)
            found = [once(awx, **AS_TEXT), once(awx, "--check", "--diff", core=CORES[-1], **AS_TEXT)]
            somebody_changes(awx)
            found += [once(awx, "--check", core=CORES[-1]), once(awx), once(awx, "--check")]
            awx.objects["jobs"] |= running_job(awx)
            found += [once(awx, awx_state="absent")]
            awx.objects["jobs"].clear()
            found += [once(awx, "--check", awx_state="absent")]
            found += [once(awx, core=CORES[-1], awx_state="absent"), once(awx, awx_state="absent")]
            return Runs(**dict(zip(Runs.__annotations__, [made, *found, by_the_platform.result()])))


def running_job(awx: Awx) -> dict[int, Row]:
    template = awx.named("VICIdial audit", "job_templates")["id"]
    job = {**KINDS["jobs"].fields, "id": 99999, "name": "VICIdial audit", "job_template": template, "status": "running"}
    return {job["id"]: job}


def survey_of(awx: Awx, template: Row) -> list[Row]:
    questions: list[Row] = awx.surveys.get(template["id"], {}).get("spec", [])
    return questions


def options_of(playbook: str) -> Row:
    """The options of the role behind a playbook, as its argument_specs have them, or the playbook's own."""
    if playbook == "recordings.yml":
        own: Row = yaml.safe_load((ROOT / "playbooks" / "vars" / playbook).read_text())["__recordings_spec"]
        return own
    if playbook not in ROLES:
        return {}
    path = ROOT / "roles" / ROLES[playbook] / "meta" / "argument_specs.yml"
    options: Row = yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"]
    return options


def test_every_run_ends_well_but_the_one_that_may_not_remove(runs: Runs) -> None:
    assert {one.code for one in runs.all if one is not runs.busy} == {0}, [one.printed for one in runs.all if one.code]


def test_the_first_run_makes_everything(runs: Runs) -> None:
    made = {kind: len(rows) for kind, rows in runs.full.objects.items() if rows}
    assert made == {
        "organizations": 1,
        "teams": 2,
        "labels": 1,
        "instance_groups": 1,
        "credential_types": 2,
        "credentials": 2,
        "execution_environments": 1,
        "projects": 1,
        "project_updates": 1,
        "inventories": 2,
        "inventory_sources": 1,
        "notification_templates": 1,
        "job_templates": 13,
        "workflow_job_templates": 2,
        "workflow_approval_templates": 1,
        "workflow_job_template_nodes": 7,
        "schedules": 3,
    }


def test_a_second_run_changes_nothing_in_check_mode_and_without(runs: Runs) -> None:
    for one in (runs.again, runs.unchanged):
        assert one.changed == 0
        assert one.awx.journal == runs.full.journal
    assert "differs" not in runs.unchanged.printed


def test_variables_as_text_have_the_declared_types_and_a_mistyped_name_is_told(runs: Runs) -> None:
    """That nothing was changed is another test's."""
    for one in (runs.again, runs.unchanged):
        assert "Nothing uses the variable awx_label. Did you mean awx_labels?" in one.said
        assert "awx_our_own" not in one.said


def test_the_modules_agree_with_the_comparison(runs: Runs) -> None:
    """Those of ansible.controller here, on the newest core: made to write everything, they find nothing to change."""
    assert runs.by_the_platform.changed == 0
    assert runs.by_the_platform.awx.objects["job_templates"] == runs.full.objects["job_templates"]
    written = runs.written_by(runs.by_the_platform, runs.made)
    assert [path.split("/")[-2] for _method, path, _body in written] == ["update"]


def test_check_mode_says_what_somebody_has_changed(runs: Runs) -> None:
    assert runs.changed.changed == 1
    assert runs.written_by(runs.changed, runs.unchanged) == []
    for line in (
        'inventory "VICIdial floor": description is "Mine", declared is "Everybody who is logged in to the dialer"',
        'job template "VICIdial audit": limit is "1000", declared is ""',
        'job template "VICIdial audit": timeout is 60, declared is 3600',
        'job template "VICIdial audit": verbosity is 3, declared is 0',
        'job template "VICIdial audit": forks is 50, declared is 0',
        'job template "VICIdial audit": extra_vars is {"recording_audit_fail_on_drift": false}, declared is',
        'job template "VICIdial audit": notification_templates_error is nothing, declared is VICIdial drift',
        'job template "VICIdial ensure": survey: the question stereo_recording_state differs',
        'workflow node "preflight": success_nodes is nothing, declared is audit',
        'workflow node "preflight": failure_nodes is audit, declared is nothing',
        'workflow node "theirs" of "VICIdial audit and remediate" is not ours, and is left alone',
        'schedule "theirs" of "VICIdial audit" is not ours, and is left alone',
    ):
        assert line in runs.changed.said, line


def test_the_next_run_undoes_the_changes_and_leaves_objects_of_others(runs: Runs) -> None:
    touched = {path.split("/")[3] for _method, path, _body in runs.written_by(runs.repaired, runs.changed)}
    assert touched == {"inventories", "job_templates", "workflow_job_template_nodes"}
    assert runs.repaired.awx.objects["job_templates"] == runs.full.objects["job_templates"]
    assert runs.repaired.awx.surveys == runs.full.surveys
    assert links(runs.repaired.awx) == links(runs.full)
    assert "theirs" in runs.repaired.awx.names("schedules")
    assert runs.repaired_once_more.changed == 0


def test_nothing_is_removed_while_a_job_runs(runs: Runs) -> None:
    assert runs.busy.code == 2
    assert "99999 (VICIdial audit, running). Cancel them or wait, and run this again. Nothing was removed." in (
        runs.busy.said
    )
    assert runs.written_by(runs.busy, runs.repaired_once_more) == []


def test_removal_deletes_all_that_the_role_made_in_reverse_order(runs: Runs) -> None:
    assert runs.to_be_removed.changed == 1
    assert runs.written_by(runs.to_be_removed, runs.busy) == []
    left = {kind for kind, rows in runs.removed.awx.objects.items() if rows}
    assert left == {"organizations", "teams", "labels", "instance_groups", "workflow_approval_templates"}
    written = runs.written_by(runs.removed, runs.to_be_removed)
    assert {method for method, _path, _body in written} == {"DELETE"}
    assert list(dict.fromkeys(path.split("/")[3] for _method, path, _body in written)) == [
        "workflow_job_templates",
        "job_templates",
        "notification_templates",
        "projects",
        "credentials",
        "credential_types",
        "execution_environments",
        "inventories",
    ]


def test_a_removal_where_nothing_is_left_changes_nothing(runs: Runs) -> None:
    assert runs.removed_again.changed == 0
    assert runs.removed_again.awx.journal == runs.removed.awx.journal


def test_secrets_go_to_where_they_belong_and_nowhere_else(runs: Runs) -> None:
    for secret in (PASSWORD, HOOK_PASSWORD, TELL_URL, TELL_TOKEN):
        for form in (secret, quote_plus(secret), secret.replace("@", "")):
            assert not any(form in one.printed for one in runs.all)
    journal = [*runs.removed_again.awx.journal, *runs.written_by(runs.by_the_platform, runs.made)]
    for name, secret in (("password", PASSWORD), ("url", TELL_URL), ("token", TELL_TOKEN)):
        [(path, body)] = [(path, body) for _method, path, body in journal if secret in json.dumps(body)]
        assert path == "/api/v2/credentials/"
        assert body["inputs"][name] == secret
        assert json.dumps(body).count(secret) == 1
    [(_path, body)] = [(path, body) for _method, path, body in journal if HOOK_PASSWORD in json.dumps(body)]
    assert body["notification_configuration"]["password"] == HOOK_PASSWORD
    assert json.dumps(body).count(HOOK_PASSWORD) == 1


def test_the_credential_type_keeps_the_password_secret_and_verifies_by_itself(runs: Runs) -> None:
    made = runs.full.named("VICIdial API account", "credential_types")
    fields = {field["id"]: field for field in made["inputs"]["fields"]}
    assert [name for name, field in fields.items() if field.get("secret")] == ["password"]
    # AWX fills a boolean without an answer with false.
    assert [name for name, field in fields.items() if field["type"] == "boolean"] == ["trust_any_certificate"]
    credential = runs.full.named("VICIdial API", "credentials")
    assert credential["inputs"]["trust_any_certificate"] is False
    assert runs.full.shown("credentials", credential)["inputs"]["password"] == "$encrypted$"


def test_the_webhook_is_shown_to_nobody_and_known_to_the_job_tell_alone(runs: Runs) -> None:
    credential = runs.full.named("VICIdial webhook", "credentials")
    assert credential["credential_type"] == runs.full.named("VICIdial webhook address", "credential_types")["id"]
    assert runs.full.shown("credentials", credential)["inputs"] == {"url": "$encrypted$", "token": "$encrypted$"}
    templates = runs.full.objects["job_templates"].values()
    having = {
        row["name"]: runs.full.names_related("job_templates", row, "credentials")
        for row in templates
        if "VICIdial webhook" in runs.full.names_related("job_templates", row, "credentials")
    }
    assert having == {"VICIdial tell": ["VICIdial webhook"]}


def test_the_inventory_source_is_synced_before_each_job_and_overwrites_old_agents(runs: Runs) -> None:
    [source] = runs.full.objects["inventory_sources"].values()
    assert source["inventory"] == runs.full.named("VICIdial floor", "inventories")["id"]
    assert (PROJECT / source["source_path"]).name.endswith("vicidial_agents.yml")
    assert source["update_on_launch"] is source["overwrite"] is source["overwrite_vars"] is True
    assert source["update_cache_timeout"] == 30
    assert source["credential"] == runs.full.named("VICIdial API", "credentials")["id"]


def imported_by(playbook: str) -> str:
    """The playbook of the collection that one of the project imports first, or this one itself."""
    first, *_more = yaml.safe_load((PROJECT / playbook).read_text())
    if "hosts" in first:
        return playbook
    name: str = first["ansible.builtin.import_playbook"].removeprefix("telephony.vicidial.")
    return f"{name}.yml"


def test_every_job_template_has_the_credential_and_a_playbook(runs: Runs) -> None:
    for template in runs.full.objects["job_templates"].values():
        credential = "VICIdial webhook" if template["name"] == "VICIdial tell" else "VICIdial API"
        assert runs.full.names_related("job_templates", template, "credentials") == [credential]
        assert template["execution_environment"] is not None
        imported = imported_by(template["playbook"])
        assert imported in ("open_window.yml", "hold_window.yml") or (ROOT / "playbooks" / imported).exists()


def test_the_fleet_is_one_job_and_slices_are_a_template_of_their_own(runs: Runs) -> None:
    counts = {row["name"]: row["job_slice_count"] for row in runs.full.objects["job_templates"].values()}
    assert {name: count for name, count in counts.items() if count != 1} == {"VICIdial fleet in slices": 3}
    sliced = runs.full.named("VICIdial fleet in slices", "job_templates")
    # A limit leaves slices without hosts, which AWX fails; a pattern leaves them with nothing to do.
    assert sliced["ask_limit_on_launch"] is False
    assert "vicidial_hosts" in {question["variable"] for question in survey_of(runs.full, sliced)}
    # Each slice would signal the same agents.
    assert "vicidial_agents" not in {question["variable"] for question in survey_of(runs.full, sliced)}


def test_one_job_at_a_time_where_it_matters(runs: Runs) -> None:
    templates = runs.full.objects["job_templates"].values()
    assert {row["name"] for row in templates if not row["allow_simultaneous"]} == {
        "VICIdial remediate",
        "VICIdial fleet",
        "VICIdial fleet in slices",
    }
    assert runs.full.named("VICIdial audit and remediate", "workflow_job_templates")["allow_simultaneous"] is False


def test_jobs_end_and_run_where_they_should(runs: Runs) -> None:
    for row in runs.full.objects["job_templates"].values():
        assert row["timeout"] == 3600
        assert runs.full.names_related("job_templates", row, "labels") == ["voice"]
        assert runs.full.names_related("job_templates", row, "instance_groups") == ["default"]


def test_teams_may_do_what_they_were_given(runs: Runs) -> None:
    shown = [
        runs.full.shown(kind, row)
        for kind in ("job_templates", "workflow_job_templates")
        for row in runs.full.objects[kind].values()
    ]
    roles = {
        role["id"]: (one["name"], name) for one in shown for name, role in one["summary_fields"]["object_roles"].items()
    }
    teams = runs.full.objects["teams"]
    granted = {(teams[team]["name"], *roles[role]) for role, ids in runs.full.granted.items() for team in ids}
    assert granted == {
        ("Supervisors", "VICIdial status", "execute_role"),
        ("Supervisors", "VICIdial audit", "execute_role"),
        ("Supervisors", "VICIdial guarded window", "execute_role"),
        ("Supervisors", "VICIdial audit and remediate", "execute_role"),
        ("Leads", "VICIdial audit and remediate", "approval_role"),
    }


def test_surveys_ask_for_variables_that_the_playbooks_take(runs: Runs) -> None:
    for template in runs.full.objects["job_templates"].values():
        options = options_of(template["playbook"])
        for question in survey_of(runs.full, template):
            name, what = question["variable"], (template["name"], question["variable"])
            assert question["type"] != "password", what
            assert set(question) <= QUESTION_KEYS, what
            if name in PLAYBOOK_VARIABLES:
                continue
            option = options[name]
            assert question["type"] in QUESTION_TYPES[option["type"]], what
            assert question["required"] or not option.get("required"), what
            if option["type"] == "bool":
                assert set(choices_of(question)) == {"true", "false"}, what
            elif "choices" in option:
                assert set(choices_of(question)) == set(option["choices"]), what
            elif question["type"] == "multiselect":
                assert set(choices_of(question)) <= set(re.findall("[A-Z]+", str(option["description"]))), what


def taken_by(playbook: str) -> set[str]:
    """The variables that a playbook of the collection says at its top that it takes."""
    path = ROOT / "playbooks" / playbook
    return set(re.findall(r"\bvicidial_\w+", path.read_text())) if path.exists() else set()


def test_what_a_role_requires_is_asked_or_given(runs: Runs) -> None:
    workflow = runs.full.named("VICIdial guarded window", "workflow_job_templates")
    of_window = {question["variable"] for question in survey_of(runs.full, workflow)}
    assert of_window <= set(options_of("window.yml"))
    assert workflow["survey_enabled"]
    for template in runs.full.objects["job_templates"].values():
        given = set(json.loads(template["extra_vars"]))
        asked = {question["variable"] for question in survey_of(runs.full, template)}
        assert given | asked <= set(options_of(template["playbook"])) | PLAYBOOK_VARIABLES | PROJECT_VARIABLES
        assert (given | asked) & PLAYBOOK_VARIABLES <= taken_by(imported_by(template["playbook"])), template["name"]
        required = {name for name, option in options_of(template["playbook"]).items() if option.get("required")}
        # The workflow asks for what its jobs require.
        asked_before = of_window if template["name"] in ("VICIdial open window", "VICIdial hold window") else set()
        assert required <= asked | given | asked_before | {"recording_window_tasks"}, template["name"]
        assert template["survey_enabled"] is bool(asked)


def links(awx: Awx) -> dict[tuple[str, str], list[str]]:
    """What follows each node of the workflows, and when."""
    found = {
        (node["identifier"], relation): awx.names_related("workflow_job_template_nodes", node, relation)
        for node in awx.objects["workflow_job_template_nodes"].values()
        for relation in KINDS["workflow_job_template_nodes"].related
    }
    return {key: names for key, names in found.items() if names}


def test_the_workflow_remediates_after_an_audit_and_does_nothing_after_a_failed_preflight(runs: Runs) -> None:
    awx = runs.full
    assert {key: names for key, names in links(awx).items() if key[0] not in ("open", "hold")} == {
        ("preflight", "success_nodes"): ["audit"],
        ("audit", "failure_nodes"): ["approve"],
        ("approve", "success_nodes"): ["remediate"],
    }
    [approval] = awx.objects["workflow_approval_templates"].values()
    assert (approval["name"], approval["timeout"]) == ("VICIdial approve remediation", 1800)
    templates = {row["id"]: row for row in awx.objects["job_templates"].values()}
    nodes = {row["identifier"]: row for row in awx.objects["workflow_job_template_nodes"].values()}
    assert {name: templates[nodes[name]["unified_job_template"]]["name"] for name in nodes if name != "approve"} == {
        **{name: f"VICIdial {name}" for name in ("preflight", "audit", "remediate", "give back")},
        **{name: f"VICIdial {name} window" for name in ("open", "hold")},
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


@pytest.mark.parametrize(
    ("ended", "next_one"),
    [
        ({}, {"open"}),
        ({"open": "successful"}, {"hold"}),
        ({"open": "failed"}, {"give back"}),
        ({"open": "successful", "hold": "successful"}, {"give back"}),
        ({"open": "successful", "hold": "failed"}, {"give back"}),
        ({"open": "successful", "hold": "canceled"}, {"give back"}),
        ({"open": "successful", "hold": "canceled", "give back": "failed"}, set()),
    ],
)
def test_the_job_give_back_follows_whatever_becomes_of_a_guarded_window(
    runs: Runs, ended: dict[str, str], next_one: set[str]
) -> None:
    assert next_nodes(runs.full, "VICIdial guarded window", ended) == next_one


def test_every_failure_is_reported_and_so_is_what_succeeds_after_one(runs: Runs) -> None:
    notified = {
        (row["name"], relation)
        for kind in ("job_templates", "workflow_job_templates")
        for row in runs.full.objects[kind].values()
        for relation in KINDS[kind].related
        if "VICIdial drift" in runs.full.names_related(kind, row, relation)
    }
    everything = runs.full.names("job_templates") | runs.full.names("workflow_job_templates")
    assert notified == {
        *((name, "notification_templates_error") for name in everything),
        ("VICIdial remediate", "notification_templates_success"),
        ("VICIdial give back", "notification_templates_success"),
        ("VICIdial audit and remediate", "notification_templates_approvals"),
    }


def test_schedules_send_no_signal_until_they_are_switched_on(runs: Runs) -> None:
    schedules = {row["name"]: row for row in runs.full.objects["schedules"].values()}
    assert {name: (row["enabled"], row["rrule"]) for name, row in schedules.items()} == {
        "VICIdial audit": (True, "DTSTART;TZID=Europe/Berlin:20260101T000000 RRULE:FREQ=MINUTELY;INTERVAL=15"),
        "VICIdial audit and remediate": (
            False,
            "DTSTART;TZID=Europe/Berlin:20260101T000000 RRULE:FREQ=MINUTELY;INTERVAL=15",
        ),
        "VICIdial nightly idle": (False, "DTSTART;TZID=Europe/Berlin:20260101T220000 RRULE:FREQ=DAILY;INTERVAL=1"),
    }
    asked = {
        question["variable"] for question in survey_of(runs.full, runs.full.named("VICIdial fleet", "job_templates"))
    }
    assert schedules["VICIdial nightly idle"]["extra_data"]["stereo_recording_state"] == "idle"
    assert set(schedules["VICIdial nightly idle"]["extra_data"]) <= asked
    assert (
        schedules["VICIdial audit"]["unified_job_template"] == runs.full.named("VICIdial audit", "job_templates")["id"]
    )


def test_the_documented_launches(runs: Runs, tmp_path: Path) -> None:
    """docs/awx.md shows all answers that are required, with a module and with curl."""
    text = (ROOT / "docs" / "awx.md").read_text()
    [(playbook, curl)] = re.findall(
        r"`launch.yml`:\n\n```yaml\n(.*?)```.*?```console\n\$ curl (.*?)```", text, re.DOTALL
    )
    (tmp_path / "launch.yml").write_text(playbook)
    with serving_copy(runs.full) as awx:
        environment = {"CONTROLLER_HOST": awx.url, "CONTROLLER_OAUTH_TOKEN": TOKEN}
        launched = [f"{CORES[-1]}/ansible-playbook", "-i", "localhost,", "-c", "local", "launch.yml"]
        subprocess.run(launched, cwd=tmp_path, env={**os.environ, **environment}, capture_output=True, check=True)
        *options, address = shlex.split(curl.replace("\\\n", ""))
        headers = dict(option.split(": ") for option in options if ": " in option and not option.startswith("{"))
        assert headers.pop("Authorization") == "Bearer $CONTROLLER_OAUTH_TOKEN"
        headers["Authorization"] = f"Bearer {TOKEN}"
        answer = requests.post(address.replace("$CONTROLLER_HOST", awx.url), options[-1], headers=headers, timeout=60)
        assert (answer.status_code, answer.json()["ignored_fields"]) == (201, {})
        jobs = {job["name"]: json.loads(job["extra_vars"]) for job in awx.objects["jobs"].values()}
    assert set(jobs) == {"VICIdial ensure", "VICIdial window"}
    assert jobs["VICIdial ensure"]["vicidial_agents"] == "1000,1001"


def launched_by_rulebooks() -> list[tuple[str, Row]]:
    """The job templates that the rulebooks for AWX run by default, and the answers that each gets."""
    rulesets = [one for path in RULEBOOKS.glob("*_in_awx.yml") for one in yaml.safe_load(path.read_text())]
    rules = [rule for ruleset in rulesets for rule in ruleset["rules"]]
    actions = [action for rule in rules for action in rule.get("actions", [rule.get("action")])]
    launches = [action["run_job_template"] for action in actions]
    assert launches, "no rulebook runs a job template"
    return [
        (re.findall(r"default\('(.*?)'\)", one["name"])[0], one.get("job_args", {}).get("extra_vars", {}))
        for one in launches
    ]


def test_the_rulebooks_launch_templates_that_are_there_and_take_what_is_given(runs: Runs) -> None:
    """ansible-rulebook gives the event as ansible_eda unless it is told not to."""
    event = {"ansible_eda": {"event": {"vicidial": {"msg": "It happened."}}}}
    with serving_copy(runs.full) as awx:
        for name, answers in launched_by_rulebooks():
            template = awx.named(name, "job_templates")
            assert launch(awx, template, {"extra_vars": answers or event})["ignored_fields"] == {}, name


def test_what_may_be_left_out_is_not_made(tmp_path: Path, quick: Path) -> None:
    """With the newest core, which takes nothing but a boolean for a condition. Without a URL nobody is told, nor does
    the project need the playbook for it."""
    repository = Path(shutil.copytree(PROJECT, tmp_path / "repository"))
    (repository / "tell.yml").unlink()
    account = {name: GIVEN[name] for name in GIVEN if name.startswith("awx_vicidial_")}
    with serving_awx(repository) as awx:
        account |= {"awx_project_url": "https://git.example.com/vicidial.git"}
        done = run(awx, tmp_path, core=CORES[-1], collections=quick, **account)
        assert done.code == 0, done.printed
        assert awx.names("credential_types") == {"VICIdial API account"}
        assert awx.names("credentials") == {"VICIdial API"}
        assert "VICIdial tell" not in awx.names("job_templates")
        assert awx.names("notification_templates") == awx.names("execution_environments") == set()


def test_other_secrets_are_written_where_that_is_wanted(runs: Runs, tmp_path: Path, quick: Path) -> None:
    """AWX shows none, so the run has to be told."""
    others = {"awx_vicidial_password": "an0ther-password", "awx_tell_url": "https://chat.example.com/an0ther"}
    with serving_copy(runs.full) as awx:
        done = run(awx, tmp_path, collections=quick, **{**GIVEN, **others, "awx_update_secrets": True})
        assert done.code == 0, done.printed
        assert awx.named("VICIdial API", "credentials")["inputs"]["password"] == others["awx_vicidial_password"]
        assert awx.named("VICIdial webhook", "credentials")["inputs"]["url"] == others["awx_tell_url"]
        assert "an0ther" not in done.printed


def test_job_history_is_removed_with_awx_remove_history(tmp_path: Path, quick: Path) -> None:
    with serving_awx(PROJECT) as awx:
        project = awx.create("projects", {"name": "P", "organization": 1, "scm_url": "https://git"})["id"]
        inventory = awx.create("inventories", {"name": "I", "organization": 1})["id"]
        template = {"project": project, "inventory": inventory, "playbook": "audit.yml"}
        awx.create("job_templates", {"name": "VICIdial audit", **template})
        awx.objects["jobs"] |= {number: {**job, "status": "failed"} for number, job in running_job(awx).items()}
        awx.objects["jobs"][99998] = {**KINDS["jobs"].fields, "id": 99998, "name": "somebody's", "status": "failed"}
        done = run(awx, tmp_path, collections=quick, awx_state="absent", awx_remove_history=True)
        assert done.code == 0, done.printed
        assert set(awx.objects["jobs"]) == {99998}
        assert awx.names("job_templates") == set()


def test_without_an_account_and_its_credential_the_role_says_what_to_do(tmp_path: Path, quick: Path) -> None:
    with serving_awx(PROJECT) as awx:
        done = run(awx, tmp_path, collections=quick, awx_project_url="https://git.example.com/vicidial.git")
        assert done.code == 2
        assert 'AWX has no credential "VICIdial API"' in done.said
        # What it is made of is there now.
        assert awx.names("credential_types") == {"VICIdial API account"}


REFUSED: dict[str, Row] = {
    "awx_idle_time is 1320, which is no time from 00:00 to 23:59. Quote it": {"awx_idle_time": 1320},
    "awx_idle_time is 25:00, which is no time": {"awx_idle_time": "25:00"},
    "awx_timezone is Europe/Nowhere, which AWX does not know.": {"awx_timezone": "Europe/Nowhere"},
    "awx_audit_minutes is 0, which is no number from 1 to 1440.": {"awx_audit_minutes": "0"},
    "Value of awx_slices must be one of: 1, 2, 3, 4, 5, 6, 7, 8, got: 9": {"awx_slices": 9},
    "Value of awx_one_at_a_time must be one or more of": {"awx_one_at_a_time": "remediate,fleets"},
}


def test_what_makes_no_sense_is_refused_before_anything_is_made(tmp_path: Path, quick: Path) -> None:
    went_on = {"ansible.builtin.debug": {"msg": "Refused."}}
    tasks = [{"block": [{**ROLE, "vars": given}], "rescue": [went_on]} for given in REFUSED.values()]
    with serving_awx(PROJECT) as awx:
        done = run(awx, tmp_path, collections=quick, play={"vars": GIVEN, "tasks": tasks})
        assert done.printed.count("msg: Refused.") == len(REFUSED), done.printed
        assert [said for said in REFUSED if said not in done.said] == []
        assert awx.journal == []


def test_a_project_that_cannot_be_read_is_explained_and_read_again(tmp_path: Path, quick: Path) -> None:
    """Without Galaxy, and then with a repository that needs none."""
    repository = Path(shutil.copytree(PROJECT, tmp_path / "repository"))
    (repository / "collections").mkdir(exist_ok=True)
    requirements = repository / "collections" / "requirements.yml"
    requirements.write_text("collections: [telephony.vicidial]")
    given = {key: value for key, value in GIVEN.items() if key not in ("awx_team_access", "awx_instance_groups")}
    given["collections"] = quick
    with serving_awx(repository) as awx:
        awx.is_galaxy_reachable = False
        done = run(awx, tmp_path, **given)
        assert done.code == 2
        assert "Project update failed" in done.said
        assert GALAXY in done.said, done.printed
        assert awx.names("job_templates") == set()
        requirements.unlink()
        done = run(awx, tmp_path, "--check", **given)
        assert 'project "VICIdial playbooks": status is "failed", declared is "successful"' in done.said
        # As far as the playbooks are needed: the rest is another test's.
        done = run(awx, tmp_path, **{**given, "__awx_job_templates": [], "__awx_workflows": [], "__awx_schedules": []})
        assert awx.playbooks != {}, done.printed
