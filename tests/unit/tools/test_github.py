# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What GitHub reads in .github agrees with the repository; `make lint` has compared it with GitHub's schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.tools import ansible_test, matrix
from ansible_collections.telephony.vicidial.tests.tools.environments import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
JOBS = {
    f"{path.stem}: {name}": job for path in WORKFLOWS for name, job in yaml.safe_load(path.read_text())["jobs"].items()
}
SESSIONS = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.MULTILINE))


def steps(job: dict[str, Any], word: str) -> list[str]:
    return [step[word] for step in job["steps"] if word in step]


def test_the_workflows_read_the_supported_versions_from_the_matrix() -> None:
    told = matrix.outputs_for_workflows()
    [pairs] = re.findall(r"^pairs=(.*)$", told, re.MULTILINE)
    assert [pair["leg"] for pair in json.loads(pairs)] == [str(pair) for pair in matrix.PAIRS]
    pythons = told.partition("pythons<<END\n")[2].partition("\nEND\n")[0].splitlines()
    assert set(pythons) == {*matrix.PYTHONS, matrix.MANAGED_PYTHON}
    outputs = set(re.findall(r"^(\w+)(?:=|<<)", told, re.MULTILINE))
    for path in WORKFLOWS:
        assert set(re.findall(r"(?:matrix|read)\.outputs\.(\w+)", path.read_text())) <= outputs
        for version in re.findall(r'python-version: "(.*)"', path.read_text()):
            assert version == matrix.PYTHONS[0], path.name


@pytest.mark.parametrize("name", JOBS)
def test_a_job_calls_what_there_is_with_no_more_rights_than_it_needs(name: str) -> None:
    job = JOBS[name]
    called = {word for line in steps(job, "run") for word in re.findall(r"\bmake (\w+)", line)}
    called |= set(job.get("strategy", {}).get("matrix", {}).get("session", []))
    assert called <= SESSIONS
    for step in job["steps"]:
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] is False
    # An expression in a shell line is code of whoever names a branch or a tag.
    assert not [line for line in steps(job, "run") if "${{" in line]


def test_no_workflow_gets_more_than_to_read_as_a_whole() -> None:
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text())["permissions"] == {"contents": "read"}, path.name


def test_the_last_check_waits_for_all_others() -> None:
    tests = {name.removeprefix("test: ") for name in JOBS if name.startswith("test: ")}
    assert set(JOBS["test: passed"]["needs"]) == tests - {"passed", "matrix"}


def test_a_report_asks_for_what_helps() -> None:
    form = yaml.safe_load((GITHUB / "ISSUE_TEMPLATE" / "bug.yml").read_text())["body"]
    required = {field["id"] for field in form if field.get("validations", {}).get("required")}
    assert {"reason", "msg", "build"} <= required


@pytest.mark.parametrize("path", [*GITHUB.rglob("*.yml"), *GITHUB.rglob("*.md"), *ROOT.glob("[CS]*.md")], ids=str)
def test_links_into_the_repository_lead_somewhere(path: Path) -> None:
    main = "https://github.com/ansible-collections/telephony.vicidial/blob/main/"
    for target in re.findall(rf"{main}([^)\s#]+)", path.read_text()):
        assert (ROOT / target).exists(), target


def test_a_badge_shows_a_workflow_that_there_is() -> None:
    shown = re.findall(r"actions/workflows/(\w[\w-]*\.yml)/badge\.svg\?branch=main", (ROOT / "README.md").read_text())
    assert shown
    for name in shown:
        workflow = yaml.safe_load((GITHUB / "workflows" / name).read_text())
        assert "main" in workflow["on"]["push"]["branches"]


def test_every_owned_path_exists() -> None:
    rules = [line.split() for line in (GITHUB / "CODEOWNERS").read_text().splitlines() if line[:1] not in "#"]
    assert rules[0][0] == "*"
    for path, *owners in rules[1:]:
        assert (ROOT / path.strip("/")).exists(), path
        assert all(owner.startswith("@ansible-collections/") for owner in owners)


def test_support_is_promised_for_the_versions_of_the_matrix() -> None:
    text = (ROOT / "docs" / "support.md").read_text()
    rows = re.findall(r"^\| (2\.\d+) \| (\d{4})-(\d\d) \| (\d{4})-(\d\d)-\d\d \|$", text, re.MULTILINE)
    assert [row[0] for row in rows] == [core.rpartition(".")[0] for core in matrix.SUPPORTED]
    for _core, year, month, here_year, here_month in rows:
        assert (int(here_year) - int(year)) * 12 + int(here_month) - int(month) == 18
    assert f"Python of managed hosts stays at {matrix.MANAGED_PYTHON}" in text
    major = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"].partition(".")[0]
    assert f"| {major}.x | `main`" in text


@pytest.mark.parametrize(("container", "options"), [("", ["--local"]), ("default", ["--docker", "default"])])
def test_ansible_test_runs_here_or_in_a_container(
    container: str, options: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTAINER", container)
    assert ansible_test.where() == options


def test_a_container_gets_what_modules_require() -> None:
    required = (ROOT / "requirements.txt").read_text().splitlines()[-1]
    assert required in (ROOT / "tests" / "integration" / "requirements.txt").read_text().splitlines()
