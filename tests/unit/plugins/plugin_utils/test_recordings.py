# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook recordings makes of a result, without a server."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.plugin_utils._recordings import COLUMNS, MOST_LINES, recorded

TEMPLATE = Path(__file__).resolve().parents[4] / "playbooks" / "templates" / "recordings.html.j2"
ASKED = dict.fromkeys(("agent_users", "date", "since", "until", "lead_id", "uniqueid"), "")
ALL_KINDS = "the kind agent or campaign or mono"
AT = ", as the log showed them at 2026-11-24 12:00:00"


def recording(number: int, user: str = "1000", kind: str | None = "agent", **details: Any) -> dict[str, Any]:
    """A recording of a minute, as the module returns it."""
    name = f"{number}.wav"
    ended = {"duration": 60, "end_time": "2026-11-24 09:01:00", "running": False}
    where = {"location": f"http://10.0.0.5/{name}", "filename": name}
    known = {"user": user, "recording_id": number, "kind": kind, "code": "SACBC", "lead_id": 5, **ended, **where}
    return {**known, "start_time": "2026-11-24 09:00:00", **details}


RUNS: dict[str, Any] = {"duration": None, "end_time": None, "running": True, "location": None, "filename": None}


def summary_of(*recordings: dict[str, Any], kinds: list[str] | None = None, **asked: Any) -> dict[str, Any]:
    """What is said of ``recordings``."""
    server = {"server_url": "http://dialer", "server_time": "2026-11-24 12:00:00", "utc_offset": "+01:00"}
    result = {"recordings": list(recordings), "kinds": kinds or ["agent", "campaign", "mono"], **server}
    return recorded(result, {**ASKED, "date": "today", **asked}, "2026-11-24T12:00:01+0100", "CET")


def test_a_line_for_each_recording_and_one_that_sums_them_up() -> None:
    lines = summary_of(
        recording(7),
        recording(8, "1001", None, location=None, filename=None),
        recording(9, "1000", "mono", **RUNS),
    )["lines"]
    assert lines[0] == (
        "3 recordings of 2 agents that began on 2026-11-24 (today): 1 agent, 1 mono, 1 of unknown kind, 1 still"
        " running, 0:02:00 in all"
    )
    assert lines[2:] == [
        "2026-11-24 09:00:00 1000         agent     0:01:00         5  7.wav",
        "2026-11-24 09:00:00 1001         unknown   0:01:00         5  not moved yet",
        "2026-11-24 09:00:00 1000         mono         runs         5",
        f"Recordings of {ALL_KINDS} of all agents, that began on 2026-11-24 (today){AT}",
    ]


def test_a_long_table_says_how_many_there_are_more() -> None:
    lines = summary_of(*(recording(number) for number in range(MOST_LINES + 3)))["lines"]
    assert (len(lines), lines[-2][:12]) == (MOST_LINES + 4, "and 3 more: ")
    assert lines[0].startswith(f"{MOST_LINES + 3} recordings of 1 agent that began ")


def test_kinds_that_were_not_asked_for_are_said_and_never_counted_as_none() -> None:
    found = summary_of(kinds=["agent", "campaign"])
    heading = "No recordings that began on 2026-11-24 (today), mono ones not asked for"
    assert found["lines"][0] == found["page"]["heading"] == heading
    assert found["lines"][2].startswith("Not asked for: recordings of the kind mono; ")
    some = summary_of(recording(7), kinds=["agent", "campaign"])
    assert some["lines"][0].startswith(
        "1 recording of 1 agent that began on 2026-11-24 (today), mono ones not asked for: "
    )
    for numbers in (some["report"]["counts"], some["statistics"], some["report"]["agents"][0]):
        assert (numbers["agent"], numbers["campaign"], numbers["mono"]) == (1, 0, None)
    assert found["report"]["kinds_not_asked"] == ["mono"]
    assert "mono" in found["page"]["unasked"]
    assert len(summary_of()["lines"]) == 2


def test_a_failure_is_in_the_words_of_the_playbook_and_lists_nothing() -> None:
    result = {
        "recordings": [],
        "kinds": ["agent"],
        "reason": "invalid_argument",
        "msg": "Lead: lead_id is less than 1.",
    }
    found = recorded(result, {**ASKED, "lead_id": "0"}, "", "")
    assert (found["lines"], found["failure"]) == ([], "Lead: recordings_lead_id is less than 1.")
    assert found["statistics"]["reason"] == "invalid_argument"
    refused = recorded({"msg": "value of kinds must be one or more of: agent"}, {**ASKED, "date": "today"}, "", "")
    assert refused["failure"].startswith("value of recordings_kinds must be")


def test_the_numbers_by_agent_and_for_a_workflow_hold_no_text_that_it_would_evaluate() -> None:
    found = summary_of(recording(1, "{{ x }}"), recording(2, "1000"), recording(3, "1000", "campaign"))
    assert [(row["user"], row["recordings"], row["seconds"]) for row in found["report"]["agents"]] == [
        ("1000", 2, 120),
        ("{{ x }}", 1, 60),
    ]
    assert found["statistics"]["by_agent"] == {"1000": 2}
    assert (found["statistics"]["recordings"], found["statistics"]["agents"]) == (3, 2)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "of all agents, that began on 2026-11-24 (today)."),
        ({"date": "yesterday"}, "of all agents, that began on 2026-11-23 (yesterday)."),
        ({"date": "2026-11-24", "agent_users": ["1000"]}, "of agent 1000, that began on 2026-11-24."),
        ({"since": "2026-11-24 09:00", "date": ""}, "the time from 2026-11-24 09:00 to 2026-11-24 12:00:00."),
        ({"since": "9", "until": "10", "date": ""}, "the time from 9 to 10."),
        ({"lead_id": 5, "date": ""}, "of lead 5."),
        ({"uniqueid": "1.2", "date": ""}, "of the call 1.2."),
    ],
)
def test_the_page_says_what_was_asked(asked: dict[str, Any], said: str) -> None:
    question = summary_of(**asked)["page"]["question"]
    assert question.startswith(f"Recordings of {ALL_KINDS} ")
    assert question.endswith(f"{said.removesuffix('.')}{AT}.")


def test_a_day_is_a_date_of_the_server_wherever_it_is_written() -> None:
    found = summary_of(date="yesterday")
    asked = found["report"]["question"]
    assert (asked["date"], asked["date_as_given"]) == ("2026-11-23", "yesterday")
    assert found["page"]["title"] == "Recordings that began on 2026-11-23 (yesterday)"
    nobody = recorded({"recordings": []}, {**ASKED, "date": "yesterday"}, "", "")
    assert nobody["lines"][0] == "No recordings that began yesterday by the server's calendar"
    assert nobody["report"]["question"]["date"] == "yesterday"


def test_the_csv_has_every_column_and_no_formula() -> None:
    text = summary_of(recording(1, "=1+1", filename='-"x",\n', location="@y"), recording(2, **RUNS))["csv"]
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    assert tuple(rows[0]) == COLUMNS == tuple(key for key in COLUMNS if key in recording(1))
    assert (rows[0]["user"], rows[0]["filename"], rows[0]["location"]) == ("'=1+1", '\'-"x",\n', "'@y")
    assert (rows[1]["duration"], rows[1]["running"]) == ("", "True")


@pytest.mark.parametrize("location", ["javascript:alert(1)", "ftp://10.0.0.5/x", "//evil", None])
def test_a_browser_is_sent_to_web_addresses_only(location: str | None) -> None:
    assert summary_of(recording(1, location=location))["page"]["rows"][0]["link"] is None
    assert summary_of(recording(1))["page"]["rows"][0]["link"] == "http://10.0.0.5/1.wav"


def test_every_expression_of_the_page_is_escaped() -> None:
    for expression in re.findall(r"\{\{-?(.*?)-?\}\}", TEMPLATE.read_text()):
        before, _pipe, last = expression.strip().rpartition("|")
        assert last.strip() == "e", expression
        assert before.strip().startswith("(") or not re.search(r"~| if | or |\+", before), expression
