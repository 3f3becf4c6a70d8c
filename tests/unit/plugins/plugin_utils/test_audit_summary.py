# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an audit says: lines for a person, numbers for a workflow, texts for the page."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.filter.summary import summary
from ansible_collections.telephony.vicidial.plugins.plugin_utils._audit import Rule, audit
from ansible_collections.telephony.vicidial.plugins.plugin_utils._summary import STEREO_ONLY
from ansible_collections.telephony.vicidial.tests.unit.plugins.plugin_utils.test_audit import agent, record


def said_of(states: list[str | None], *, listed: str = "INCALL", **more: Any) -> dict[str, Any]:
    """The summary of an audit of agents from 1000 on, in these states."""
    agents = [agent(str(1000 + number), status=listed) for number in range(len(states))]
    records = [
        record(str(1000 + number), state, listed, msg=f"Agent {1000 + number}: no answer.")
        for number, state in enumerate(states)
    ]
    report = {**audit(agents, records, Rule()), "rule": {"text": "The rule."}, "taken_at": "now", "remediation": []}
    return summary({**report, **more}, "audited")


@pytest.mark.parametrize(
    ("states", "line", "heading"),
    [
        ([], "Nobody to judge: nobody is logged in whom the audit can see.", None),
        (
            ["recording"],
            "100.0 % as the rule says: 1 of 1 agent. Missing 0, unexpected 0, unknown 0.",
            "The one agent is as the rule says",
        ),
        (
            ["recording", "idle", None],
            "33.3 % as the rule says: 1 of 3 agents. Missing 1, unexpected 0, unknown 1.",
            "2 of 3 agents are not as the rule says",
        ),
        (
            ["idle"],
            "0.0 % as the rule says: 0 of 1 agent. Missing 1, unexpected 0, unknown 0.",
            "1 of 1 agent is not as the rule says",
        ),
    ],
)
def test_the_first_line_and_the_heading(states: list[str | None], line: str, heading: str | None) -> None:
    said = said_of(states)
    assert said["lines"][0] == line
    assert said["page"]["heading"] == (heading or line)


def test_nobody_to_judge_is_no_drift_and_tells_nothing() -> None:
    said = said_of(["idle"], listed="READY")
    assert said["lines"][0] == "Nobody to judge: 1 agent logged in, and the rule is about none of them."
    assert said["lines"][-1] == "That tells nothing of recordings."
    assert said["failure"] == ""


def test_ten_are_named_and_fifty_handed_on() -> None:
    said = said_of(["idle"] * 60)
    assert said["lines"][-1].endswith("1009 and 50 others.")
    assert said["statistics"]["missing_agents"] == [str(user) for user in range(1000, 1050)]
    assert said["failure"] == " ".join(said["lines"])


@pytest.mark.parametrize(("counts", "is_said"), [("agent", True), ("any", False)])
def test_under_the_percentage_stands_which_recordings_it_is_about(counts: str, is_said: bool) -> None:
    """100 % idle does not mean that nobody records them: a campaign with ALLFORCE does."""
    said = said_of(["idle"], rule={"text": "The rule.", "counts": counts})
    assert (said["lines"][1] == STEREO_ONLY) == is_said
    assert said["page"]["beyond"] == (STEREO_ONLY if is_said else "")
    assert "telephony.vicidial.recordings" in STEREO_ONLY
    nobody = said_of([], rule={"text": "The rule.", "counts": counts})
    assert (nobody["lines"][1], nobody["page"]["beyond"]) == ("The rule.", "")


def remedied(user: str, **more: Any) -> dict[str, Any]:
    known = {"changed": True, "confirmed": False, "failed": False, "state": "recording", "reason": None, "msg": ""}
    return {"user": user, **known, **more}


def test_what_became_of_a_remediation_is_said_and_counted() -> None:
    failed = remedied("1002", changed=False, failed=True, reason="no_live_call", msg="Agent 1002: in no call.")
    said = said_of(["idle"] * 3, remediation=[remedied("1000", confirmed=True), remedied("1001"), failed])
    assert said["lines"][-1] == (
        "Missing: 1000, 1001, 1002. Brought to the rule: 1000. Would be brought to it: 1001. "
        "Not brought to it: 1002 (no_live_call)."
    )
    assert (said["statistics"]["remediated"], said["statistics"]["drift"]) == (1, 2)
    assert said["page"]["notes"] == {"1000": "Now recording.", "1001": "Would be changed.", "1002": "in no call."}
    assert said["page"]["heading"] == "3 of 3 agents were not as the rule says when found; 2 are not now"
    assert said["page"]["conforming"] == "found conforming"


@pytest.mark.parametrize(
    ("states", "heading"),
    [
        (["idle"], "1 of 1 agent was not as the rule says when found; all are now"),
        (["idle", "idle"], "2 of 2 agents were not as the rule says when found; 1 is not now"),
    ],
)
def test_after_a_remediation_the_heading_says_found_and_now(states: list[str | None], heading: str) -> None:
    assert said_of(states, remediation=[remedied("1000", confirmed=True)])["page"]["heading"] == heading
    assert "when found" not in said_of(states, remediation=[remedied("1000")])["page"]["heading"]


def test_what_records_an_agent_is_told_in_a_line() -> None:
    entries = [
        {"kind": "campaign", "recording_id": 1, "start_time": "2026-11-24 09:00:01", "known_by": ["log"]},
        {"kind": "agent", "recording_id": 2, "start_time": "2026-11-24 09:00:02", "known_by": ["status", "log"]},
    ]
    seen = record("1000", "recording", recorded=True, recorded_by=entries, filename="F", server="10.0.0.5")
    listed = agent("1000", lead_id=500001, callerid="M1")
    rule = Rule(state="idle", counts="any")
    report = {**audit([listed], [seen], rule), "rule": {"text": "", "counts": "any"}, "taken_at": "", "remediation": []}
    said = summary(report, "audited")
    assert '"campaign recording 1 (log), agent-controlled recording 2 (STATUS, log)"' in said["csv"]
    assert said["details"] == {
        "1000": "Recorded by campaign recording 1 (log), agent-controlled recording 2 (STATUS, log);"
        " file F on 10.0.0.5; lead 500001; caller id M1"
    }
    assert said["page"]["notes"] == {"1000": "No signal ends what the campaign records, or a mono recording."}
    assert "mono recordings" not in said["page"]["cannot_see"][0]
    assert "mono recordings" in said_of(["idle"])["page"]["cannot_see"][0]
    assert said_of(["idle"])["details"] == {"1000": ""}


def test_a_note_says_why_an_agent_is_unknown() -> None:
    assert said_of([None])["page"]["notes"] == {"1000": "no answer."}
    assert said_of(["idle"])["page"]["notes"] == {}


def unanswered(*results: dict[str, Any]) -> dict[str, Any]:
    return summary([*results], "unanswered")


def asked(*reasons: str | None) -> dict[str, Any]:
    records = [{"user": f"{1000 + i}", "failed": bool(reason), "reason": reason} for i, reason in enumerate(reasons)]
    return {"recordings": records, "reason": next(filter(None, reasons), None)}


def test_one_right_that_the_account_lacks_is_said_once_with_its_remedy() -> None:
    why = "the API account has no permission for the function recording_lookup. Add recording_lookup."
    roll = "2 of 2 agents failed: 1000 (permission_denied), 1001 (permission_denied). Agent 1000: "
    result = {**asked("permission_denied", "permission_denied"), "msg": roll + why}
    assert unanswered({"agents": [{}]}, result) == {
        "failure": f"The audit could not be made: {why} Nothing is known of the recordings, and no report is written.",
        "reason": "permission_denied",
    }
    mixed = unanswered({"agents": [{}]}, {**asked("timeout", "http_error"), "msg": f"{roll}It took long."})
    assert roll in mixed["failure"]


def test_an_audit_is_no_failure_when_one_agent_did_not_answer_or_nobody_is_logged_in() -> None:
    nothing = {"failure": "", "reason": ""}
    assert unanswered({"agents": [{}]}, {**asked("timeout", None), "msg": "One failed."}) == nothing
    assert unanswered({"agents": []}, asked()) == nothing
    refused = {"msg": "Check api_user.", "reason": "authentication_failed"}
    assert unanswered(refused, {"skipped": True})["reason"] == "authentication_failed"
