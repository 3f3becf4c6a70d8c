# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Receipts of recording windows from end to end: the files are read back, and compared with what the dialer knows."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.support import call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import play
from vicidial_simulator.dialer import PARALLEL, Recording

ROLE = Path(__file__).resolve().parents[3] / "roles" / "recording_window"
HOSTILE = "{{ 7 * 7 }}<script>alert(1)</script>"


@dataclass(frozen=True)
class Receipts:
    """What two windows left behind: their files, facts and failures by name, and what the dialer has recorded."""

    directory: Path
    facts: dict[str, dict[str, Any]]
    failures: dict[str, str]
    recordings: list[Recording]
    output: str

    def text(self, name: str) -> str:
        return (self.directory / name).read_text()

    def ids(self, user: str, kind: str) -> list[int]:
        """The recordings of an agent, as the dialer knows them."""
        return [row.recording_id for row in self.recordings if (row.user, row.kind) == (user, kind)]


@pytest.fixture(scope="module")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> Receipts:
    """``idle``: 1000 is recorded before, and the campaign records 1001 meanwhile. ``loud``: the campaign records 1002
    all the time, which is refused."""
    directory = tmp_path_factory.mktemp("receipts")
    dialer = call_center(3, statuses="INCALL")
    dialer.system.seconds_to_move = 0
    dialer.start_recording("1000")
    dialer.start_recording("1002", PARALLEL)
    with serving(dialer) as simulator:
        campaign = {"user": "1001", "kind": PARALLEL}
        steps = [("start_recording", {**campaign, "filename": HOSTILE}), ("end_recording", campaign)]
        inside: list[dict[str, Any]] = [
            {"ansible.builtin.uri": {"url": f"{simulator.url}/_simulator/{action}", "method": "POST", "body": body}}
            for action, body in steps
        ]
        for task in inside:
            task["ansible.builtin.uri"]["body_format"] = "json"
        looked = f"json | selectattr('agent_user', 'equalto', '{campaign['user']}') | length"
        journal: dict[str, Any] = {"ansible.builtin.uri": {"url": f"{simulator.url}/_simulator/journal"}}
        inside += [
            {**journal, "register": "asked"},
            # One look may be under way. The next one begins and ends in the window.
            {
                **journal,
                "register": "more",
                "until": f"more.{looked} >= asked.{looked} + 2",
                "retries": 300,
                "delay": 0.2,
            },
        ]
        escaped = HOSTILE.replace("{{", "{{ '{{' }}")
        (directory / "inside.yml").write_text(json.dumps(inside).replace(HOSTILE, escaped))
        windows: dict[str, dict[str, Any]] = {
            "idle": {
                "agents": "1000,1001",
                "state": "idle",
                "watch": 1,
                "tasks": "inside.yml",
                "receipt": "idle.json",
            },
            "loud": {"agents": "1002", "state": "idle", "require_silence": True, "seconds": 600},
        }
        tasks: list[dict[str, Any]] = []
        for name, options in windows.items():
            given = {f"recording_window_{option}": value for option, value in options.items()}
            role = {"ansible.builtin.include_role": {"name": "telephony.vicidial.recording_window"}, "vars": given}
            failure = {"ansible.builtin.set_fact": {f"failure_of_{name}": "{{ ansible_failed_result.msg }}"}}
            tasks += [
                {"block": [role], "rescue": [failure]},
                {"ansible.builtin.set_fact": {f"fact_of_{name}": "{{ recording_window_report }}"}},
            ]
        kept = ", ".join(f"'{name}': [fact_of_{name}, failure_of_{name} | default('')]" for name in windows)
        content = {"src": str(directory / "kept.j2"), "dest": str(directory / "kept.json"), "mode": "0600"}
        (directory / "kept.j2").write_text("{{ {" + kept + "} | to_json }}")
        environment = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
        output = play(
            directory,
            [*tasks, {"ansible.builtin.template": content}],
            VICIDIAL_API_URL=simulator.url,
            ANSIBLE_SHOW_CUSTOM_STATS="1",
            **environment,
        )
        known = json.loads((directory / "kept.json").read_text())
        return Receipts(
            directory,
            {name: fact for name, (fact, _failure) in known.items()},
            {name: failure for name, (_fact, failure) in known.items()},
            dialer.recordings,
            output,
        )


def test_who_was_recorded_meanwhile_is_named_with_the_file(receipts: Receipts) -> None:
    receipt = json.loads(receipts.text("idle.json"))
    assert receipt == receipts.facts["idle"]
    (campaign,) = receipts.ids("1001", PARALLEL)
    shown = receipt["log"]["server_time"]
    assert receipt["verdict"] == (
        f"Recorded in the window, as VICIdial's log shows it at {shown}: 1001 by campaign recording {campaign}."
    )
    assert receipts.failures["idle"] == ""
    (overlapping,) = receipt["recordings"]["1001"]
    assert (overlapping["recording_id"], overlapping["overlaps"]) == (campaign, True)
    assert overlapping["filename"] == f"{HOSTILE}.wav".rpartition("/")[2]
    # The recording from before and the one that was given back do not overlap, as STATUS has shown.
    assert {row["overlaps"] for row in receipt["recordings"]["1000"]} == {False}
    assert receipt["given_back"]["given_back"] == ["1000"]


def test_every_look_has_its_time_and_the_gap_is_between_two_of_them(receipts: Receipts) -> None:
    receipt = receipts.facts["idle"]
    assert [look["began_at"] for look in receipt["looks"]] == sorted(look["began_at"] for look in receipt["looks"])
    assert all(look["began_at"] <= look["ended_at"] for look in receipt["looks"])
    inside = [look for look in receipt["looks"] if look["in_window"]]
    assert {seen["state"] for look in inside for seen in look["agents"].values()} == {"idle"}
    assert "while it lasted" in [look["when"] for look in inside]
    assert receipt["largest_gap_seconds"] > 0
    assert abs(receipt["clocks"][0]["difference"]) <= receipt["clocks"][0]["doubt"] + 0.1


def test_the_documented_command_verifies_the_file(receipts: Receipts) -> None:
    lines = (receipts.directory / "idle.json").read_bytes().splitlines(keepends=True)
    checksum = hashlib.sha256(b"".join(lines[:1] + lines[2:])).hexdigest()  # sed 2d
    assert receipts.facts["idle"]["sha256"] == checksum
    assert checksum in receipts.output
    assert checksum in receipts.text("idle.html")


def test_other_recordings_are_reported_before_the_tasks_and_refused_with_require_silence(receipts: Receipts) -> None:
    (campaign,) = receipts.ids("1002", PARALLEL)
    assert f"Others record at this moment: 1002 by campaign recording {campaign}." in receipts.output
    assert receipts.failures["loud"].endswith(f": 1002 by campaign recording {campaign}.")
    assert receipts.facts["loud"]["silent"] is False


def test_a_workflow_gets_the_verdict_and_no_names_of_files(receipts: Receipts) -> None:
    stats = receipts.output.partition("CUSTOM STATS")[2]
    assert "vicidial_recording_window_summary" in stats
    assert receipts.facts["idle"]["sha256"] in stats
    assert HOSTILE not in stats


class Page(HTMLParser):
    """The page as a browser would take it apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_page_says_the_same_as_text_and_loads_nothing(receipts: Receipts) -> None:
    page = Page(receipts.text("idle.html"))
    assert receipts.facts["idle"]["verdict"] in page.said
    assert f"{HOSTILE}.wav".rpartition("/")[2] in page.said
    assert "sed 2d idle.json | sha256sum" in page.said
    assert not [tag for tag, _attrs in page.tags if tag in ("script", "img", "iframe")]
    assert not {"src", "style", "onerror"} & {name for _tag, attrs in page.tags for name in attrs}
    assert "url(" not in receipts.text("idle.html")


def test_every_expression_of_the_page_is_escaped() -> None:
    for expression in re.findall(r"\{\{-?(.*?)-?\}\}", (ROLE / "templates" / "receipt.html.j2").read_text()):
        before, _pipe, last = expression.strip().rpartition("|")
        assert last.strip() == "e", expression
        assert before.strip().startswith("(") or not re.search(r"~| if | or |\+", before), expression


def test_the_files_are_their_owners_alone_and_nothing_else_is_left(receipts: Receipts) -> None:
    files = sorted(path for path in receipts.directory.iterdir() if path.stem in receipts.facts)
    assert [path.name for path in files] == ["idle.html", "idle.json"]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not [*receipts.directory.glob("async/*")]
