# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role recording_audit from end to end, on a floor of people with hostile names; the files are read back."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.support import call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import play
from vicidial_simulator.dialer import PARALLEL

ROLE = Path(__file__).resolve().parents[3] / "roles" / "recording_audit"
NAMES = {
    "1000": "{{ 1/0 }} \x1b",
    "1001": "</script><script>alert(1)</script>",
    "1002": "\"><img src=x onerror='alert(1)'>",
    "1003": "=HYPERLINK(\"http://evil.example\",\"x\")",
    "1004": "\tbell\x07 and escape\x1b[2J",
    "1005": "محمد علي",
    "1006": "李小龍 🎧 प्रिया",
    "1007": "@SUM(A1)\nsecond line",
    "1008": "{% raw %}#jinja2: x",
    "1009": "-1+1 & <b>\u202etxt.exe",
}  # fmt: skip
# What no XML can hold is replaced.
SHOWN = {user: re.sub(r"[\x07\x1b]", "\ufffd", name) for user, name in NAMES.items()}
FORMATS = ("json", "csv", "junit", "html")
VOID = {"meta", "link", "input", "br", "img"}


@dataclass
class Audit:
    """What one run of the role left behind."""

    directory: Path
    url: str
    output: str
    calls: list[tuple[str, str]]
    fact: dict[str, Any]
    summary: dict[str, Any]

    def text(self, name: str) -> str:
        return (self.directory / name).read_text()


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    directory = tmp_path_factory.mktemp("audit")
    dialer = call_center()
    for user, name in NAMES.items():
        dialer.change_agent(user, full_name=name)
    dialer.change_agent("1009", user_group="<i>\"'&")
    for user in ("1000", "1001", "1002", "1005"):
        dialer.start_recording(user)
    dialer.start_recording("1007", PARALLEL)
    variables = {f"recording_audit_{kind}": str(directory / f"audit.{kind}") for kind in FORMATS}
    variables |= {
        "recording_audit_others": "idle",
        "recording_audit_agents": "1000\n1001,1002,1003,1004,1007,1009,4711",
    }
    with serving(dialer) as simulator:
        simulator.faults.add(dialer, "bad-gateway", agent_user="1003", times=99)
        environment = {
            "VICIDIAL_API_URL": simulator.url,
            "VICIDIAL_API_USER": "6666",
            "VICIDIAL_API_PASSWORD": "simulated",
        }
        connection = {"group/telephony.vicidial.agent_api": {"retries": 0}}
        role = {"import_role": {"name": "telephony.vicidial.recording_audit"}, "vars": variables}
        fact = {"template": {"src": str(directory / "fact.j2"), "dest": str(directory / "fact.json"), "mode": "0600"}}
        any_counts: dict[str, Any] = {f"recording_audit_{kind}": str(directory / f"any.{kind}") for kind in FORMATS}
        any_counts |= {
            "recording_audit_counts": "any",
            "recording_audit_agents": "1001,1007,1009",
            "recording_audit_remediate": True,
        }
        again = {"import_role": {"name": "telephony.vicidial.recording_audit"}, "vars": any_counts}
        (directory / "fact.j2").write_text(
            "{{ [recording_audit_report, __recording_audit_summary.statistics] | to_json }}"
        )
        plays = [
            {"hosts": "localhost", "gather_facts": False, "module_defaults": connection, "tasks": [role, fact, again]}
        ]
        output = play(directory, plays, "-v", ANSIBLE_SHOW_CUSTOM_STATS="1", **environment)
        calls = [(entry["function"], entry["value"]) for entry in simulator.journal.entries()]
    return Audit(directory, simulator.url, output, calls, *json.loads((directory / "fact.json").read_text()))


def test_what_is_internal_has_a_name_that_nobody_sets() -> None:
    """``-e`` overrides what a role registers and computes."""
    documented = {*yaml.safe_load((ROLE / "defaults" / "main.yml").read_text()), "recording_audit_report"}
    files = [*ROLE.rglob("*.yml"), *ROLE.rglob("*.j2")]
    names = {name for file in files for name in re.findall(r"\b(?:__)?recording_audit_\w+", file.read_text())}
    assert {name for name in names if not name.startswith("__")} == documented
    assert {"__recording_audit_rule", "__recording_audit_floor", "__recording_audit_summary"} <= names


def test_it_costs_one_list_and_one_status_for_each_agent_listed_or_named(audited: Audit) -> None:
    assert audited.calls[0][0] == "logged_in_agents"
    assert audited.calls[1:12] == [("stereo_recording", "STATUS")] * 11
    assert audited.calls[12][0] == "logged_in_agents"  # of the next audit


def test_it_tells_three_lines_and_hands_on_numbers_without_names(audited: Audit) -> None:
    # 1000 and 1001 conform; 1003 is unknown, and so is 1002 (recording in no call); 1007 and 1009 are missing;
    # 1005 (not named) should be idle.
    assert "50.0 % as the rule says: 5 of 10 agents. Missing 2, unexpected 1, unknown 2." in audited.output
    assert "Missing: 1007, 1009. Unexpected: 1005. Unknown: 1002, 1003." in audited.output
    assert "vicidial_recording_audit_summary" in audited.output.partition("CUSTOM STATS")[2]
    assert audited.summary.pop("taken_at") == audited.fact["taken_at"]
    assert audited.summary == {
        "logged_in": 10,
        "judged": 10,
        "not_judged": 0,
        "conforming": 5,
        "percent_conforming": 50.0,
        "missing": 2,
        "unexpected": 1,
        "unknown": 2,
        "remediated": 0,
        "drift": 5,
        "missing_agents": ["1007", "1009"],
        "unexpected_agents": ["1005"],
        "unknown_agents": ["1002", "1003"],
    }
    assert "simulated" not in audited.output


def test_the_json_is_the_fact_with_names_as_they_were_typed(audited: Audit) -> None:
    report = json.loads(audited.text("audit.json"))
    assert report == audited.fact
    assert {finding["agent"]: finding["full_name"] for finding in report["findings"]} == SHOWN
    assert report["not_logged_in"] == ["4711"]
    assert report["server_url"] == audited.url
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]\d{4}", report["taken_at"])
    since = {finding["agent"]: finding["since"] for finding in report["findings"] if finding["since"]}
    assert set(since) == {"1000", "1001", "1002", "1005"}


def test_the_csv_holds_everybody_and_no_formula(audited: Audit) -> None:
    with (audited.directory / "audit.csv").open(newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert {row["agent"]: row["full_name"].removeprefix("'") for row in rows} == SHOWN
    assert {row["agent"] for row in rows if row["full_name"].startswith("'")} == {"1003", "1004", "1007", "1009"}
    assert not any(cell[:1] in tuple("=+-@\t\r\n") and cell for row in rows for cell in row.values())
    assert next(row["reason"] for row in rows if row["agent"] == "1003") == "http_error"


def test_the_junit_has_a_case_for_each_agent(audited: Audit) -> None:
    suite = ElementTree.fromstring(audited.text("audit.junit"))[0]  # noqa: S314 - our own file
    cases = {case.attrib["name"].split()[0]: case for case in suite.iter("testcase")}
    numbers = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert numbers == {"tests": "11", "failures": "3", "errors": "2", "skipped": "1"}
    assert set(cases) == {*NAMES, "4711"}
    told = {user: [child.tag for child in case if child.tag != "system-out"] for user, case in cases.items()}
    assert {user: tags for user, tags in told.items() if tags} == {
        **{user: ["error"] for user in ("1002", "1003")},
        **{user: ["failure"] for user in ("1005", "1007", "1009")},
        "4711": ["skipped"],
    }
    # XML makes spaces of line breaks and tabs in an attribute.
    flat = {user: re.sub(r"[\t\n]", " ", name) for user, name in SHOWN.items()}
    assert all(cases[user].attrib["name"] == f"{user} {name}" for user, name in flat.items())


def test_any_recording_counts_where_the_rule_says_so_and_all_formats_tell_by_what(audited: Audit) -> None:
    """The campaign records 1007, and 1009 is brought to the rule."""
    report = json.loads(audited.text("any.json"))
    recorded_by = {finding["agent"]: finding["recorded_by"] for finding in report["findings"]}
    assert {finding["agent"]: finding["finding"] for finding in report["findings"]} == {
        "1001": "conforming",
        "1007": "conforming",
        "1009": "missing",
    }
    (campaign,), (ours,) = recorded_by["1007"], recorded_by["1001"]
    assert (campaign["kind"], campaign["known_by"]) == ("campaign", ["log"])
    assert (ours["kind"], ours["known_by"]) == ("agent", ["status", "log"])
    page = audited.text("any.html")
    assert "1 of 3 agents was not as the rule says when found; all are now" in page
    assert "A recording of any kind counts" in page
    finding = next(finding for finding in report["findings"] if finding["agent"] == "1001")
    said = (
        f"Recorded by agent-controlled recording {ours['recording_id']} (STATUS, log);"
        f" file {finding['filename']} on {finding['server']};"
        f" lead {finding['lead_id']}; caller id {finding['caller_id']}"
    )
    assert said in page
    assert said in [text.text for text in ElementTree.fromstring(audited.text("any.junit")).iter("system-out")]  # noqa: S314
    with (audited.directory / "any.csv").open(newline="") as file:
        rows = {row["agent"]: row for row in csv.DictReader(file, strict=True)}
    assert rows["1007"]["recorded_by"] == f"campaign recording {campaign['recording_id']} (log)"
    assert (rows["1001"]["server"], rows["1001"]["lead_id"]) == (finding["server"], str(finding["lead_id"]))


class Page(HTMLParser):
    """The page as a browser would take it apart; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.names: dict[str, str] = {}
        self._cell: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-2:] == ["th", "b"]:
            self._cell = [data]
        elif self.open[-1:] == ["bdi"]:
            self.names[self._cell[0]] = data


def test_the_page_shows_names_as_text_and_nothing_else(audited: Audit) -> None:
    page = Page(audited.text("audit.html"))
    assert page.names == SHOWN
    assert [tag for tag, _attrs in page.tags if tag in ("script", "style", "link", "img", "iframe")] == [
        "link",
        "style",
        "script",
    ]
    assert not any(name.startswith("on") or name == "style" for _tag, attrs in page.tags for name in attrs)
    assert {attrs["dir"] for tag, attrs in page.tags if tag == "bdi"} == {"auto"}


def test_the_page_loads_nothing_and_runs_its_own_script_only(audited: Audit) -> None:
    text = audited.text("audit.html")
    page = Page(text)
    assert not {"src", "srcset", "action"} & {name for _tag, attrs in page.tags for name in attrs}
    assert [attrs["href"] for _tag, attrs in page.tags if "href" in attrs] == ["data:,"]
    policy = next(attrs["content"] for _tag, attrs in page.tags if "http-equiv" in attrs) or ""
    nonce = re.search(r"script-src 'nonce-(\w{24})'", policy)
    assert nonce is not None
    assert policy.startswith("default-src 'none'; ")
    assert {attrs["nonce"] for tag, attrs in page.tags if tag in ("script", "style")} == {nonce[1]}
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_says_the_number_the_time_the_place_the_rule_and_what_it_cannot_see(audited: Audit) -> None:
    text = audited.text("audit.html")
    for said in (
        "5 of 10 agents are not as the rule says",
        "<strong>50 %</strong>",
        audited.url,
        "out of 8 named, should be recording. Everybody else should be idle.",
        "4711",
        "parallel",
        "mono",
        "for the next call",
        "user group may see",
    ):
        assert said in text.replace("named should", "named, should"), said
    assert "simulated" not in text.replace("simulated dialer", "")


@pytest.mark.parametrize("name", ["report.html.j2", "report.junit.xml.j2"])
def test_every_expression_of_a_template_is_escaped(name: str) -> None:
    for expression in re.findall(r"\{\{-?(.*?)-?\}\}", (ROLE / "templates" / name).read_text()):
        before, _pipe, last = expression.strip().rpartition("|")
        assert last.strip() == "e", expression
        # The filter would take hold of the last operand alone.
        assert before.strip().startswith("(") or not re.search(r"~| if | or |\+", before), expression


def test_the_files_are_their_owners_alone(audited: Audit) -> None:
    assert {path.stat().st_mode & 0o777 for path in audited.directory.glob("audit.*")} == {0o600}
