# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who should be recorded against who is: the rule, the sample, and each finding."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.telephony.vicidial.plugins.filter.audit_rule import audit_rule
from ansible_collections.telephony.vicidial.plugins.plugin_utils._audit import (
    FINDINGS,
    Rule,
    audit,
    is_sampled,
    rule_from,
    users_to_ask,
)

USERS = [str(user) for user in range(100_000, 110_000)]


def agent(user: str, **more: Any) -> dict[str, Any]:
    """An agent of SALES in a call."""
    return {
        "user": user,
        "campaign_id": "SALES",
        "status": "INCALL",
        "full_name": f"Agent {user}",
        "user_group": "AGENTS",
        **more,
    }


def record(user: str, state: str | None, status: str | None = "INCALL", **more: Any) -> dict[str, Any]:
    """What STATUS said of one."""
    return {"user": user, "logged_in": True, "state": state, "agent_status": status, "start_time": None, **more}


def finding_of(rule: Rule, state: str | None, listed: str = "INCALL", said: str | None = "INCALL") -> str | None:
    """What a single agent is found to be; None when the agent is not judged."""
    absent = record("1001", None, None, logged_in=False)
    report = audit([agent("1000", status=listed)], [record("1000", state, said), absent], rule)
    found: str | None = report["findings"][0]["finding"] if report["findings"] else None
    return found


@pytest.mark.parametrize(
    ("rule", "state", "finding"),
    [
        (Rule(), "recording", "conforming"),
        (Rule(), "idle", "missing"),
        (Rule(), None, "unknown"),
        (Rule(state="idle"), "idle", "conforming"),
        (Rule(state="idle"), "recording", "unexpected"),
        (Rule(state="idle"), None, "unknown"),
        (Rule(agents=["1001"]), "recording", None),
        (Rule(agents=["1001"]), None, None),
        (Rule(agents=["1001"], others="idle"), "recording", "unexpected"),
        (Rule(agents=["1001"], others="idle"), "idle", "conforming"),
        (Rule(agents=["1001"], others="idle"), None, "unknown"),
        (Rule(campaigns=["sales"], user_groups=["Agents"], agents=["1000"]), "idle", "missing"),
        (Rule(campaigns=["SUPPORT"]), "idle", None),
        (Rule(user_groups=["TRAINEES"]), "idle", None),
    ],
)
def test_each_finding(rule: Rule, state: str | None, finding: str | None) -> None:
    assert finding_of(rule, state) == finding


@pytest.mark.parametrize(
    ("rule", "state", "listed", "said", "finding"),
    [
        (Rule(), "idle", "INCALL", "PAUSED", None),
        (Rule(), "idle", "READY", "INCALL", "missing"),
        (Rule(others="idle"), "recording", "INCALL", "PAUSED", "unknown"),
        (Rule(), "idle", "INCALL", None, "missing"),
        (Rule(), None, "READY", None, "unknown"),
        (Rule(agent_statuses=["PAUSED", "READY"]), "idle", "READY", "READY", "missing"),
        (Rule(state="idle"), "recording", "READY", "READY", "unknown"),
        (Rule(state="idle"), "recording", "READY", "INCALL", "unexpected"),
    ],
)
def test_the_status_that_counts_is_the_one_that_STATUS_said(  # noqa: N802 - the name of the call
    rule: Rule, state: str | None, listed: str, said: str | None, finding: str | None
) -> None:
    assert finding_of(rule, state, listed, said) == finding


def test_a_recording_without_a_call_is_left_over_from_an_earlier_one() -> None:
    (finding,) = audit([agent("1000")], [record("1000", "recording", "READY")], Rule(others="idle"))["findings"]
    assert (finding["finding"], finding["state"]) == ("unknown", None)
    assert "left over from an earlier" in finding["msg"]


def entry(kind: str | None, number: int, *known_by: str) -> dict[str, Any]:
    """A recording as vicidial_stereo_recording_info tells it with the log."""
    known = {"code": None, "start_time": f"2026-11-24 09:00:0{number}", "lead_id": 1, "known_by": list(known_by)}
    return {"kind": kind, "recording_id": number, **known}


CAMPAIGN, OURS = entry("campaign", 1, "log"), entry("agent", 2, "status", "log")


@pytest.mark.parametrize(
    ("state", "recorded", "recorded_by", "wanted", "finding", "remediable"),
    [
        ("idle", True, [CAMPAIGN], "recording", "conforming", []),
        ("idle", False, [], "recording", "missing", ["1000"]),
        ("idle", False, [], "idle", "conforming", []),
        ("idle", True, [CAMPAIGN], "idle", "unexpected", []),
        ("recording", True, [CAMPAIGN, OURS], "idle", "unexpected", []),
        ("recording", True, [OURS], "idle", "unexpected", ["1000"]),
        ("recording", None, None, "recording", "unknown", []),
        ("idle", None, None, "idle", "unknown", []),
    ],
)
def test_any_recording_can_count_and_what_a_signal_does_not_end_is_left_alone(
    state: str, recorded: bool | None, recorded_by: Any, wanted: str, finding: str, remediable: list[str]
) -> None:
    seen = record("1000", state, recorded=recorded, recorded_by=recorded_by)
    report = audit([agent("1000")], [seen], Rule(state=wanted, counts="any"))
    (found,) = report["findings"]
    assert found["finding"] == finding
    assert [*report["remediable"]["missing"], *report["remediable"]["unexpected"]] == remediable
    if recorded is None:
        assert "log was not read" in found["msg"]
    # Without that rule STATUS decides alone, and nothing is known of others.
    (by_status,) = audit([agent("1000")], [record("1000", state)], Rule(state=wanted))["findings"]
    assert by_status["finding"] == finding_of(Rule(state=wanted), state)
    assert [each["kind"] for each in by_status["recorded_by"]] == (["agent"] if state == "recording" else [])


def test_a_finding_tells_of_the_recording_and_of_the_call() -> None:
    seen = record("1000", "recording", recorded=True, recorded_by=[CAMPAIGN, OURS], recording_id=2, filename="F")
    seen["server"] = "10.0.0.5"
    listed = agent("1000", lead_id=500001, callerid="M1124090000")
    (found,) = audit([listed], [seen], Rule(counts="any"))["findings"]
    assert {key: found[key] for key in ("since", "recording_id", "filename", "server", "lead_id", "caller_id")} == {
        "since": "2026-11-24 09:00:01",
        "recording_id": 2,
        "filename": "F",
        "server": "10.0.0.5",
        "lead_id": 500001,
        "caller_id": "M1124090000",
    }
    assert found["recorded_by"][0] == {
        "kind": "campaign",
        "recording_id": 1,
        "start_time": "2026-11-24 09:00:01",
        "known_by": ["log"],
    }


def test_who_is_not_there_is_no_exception_and_is_named() -> None:
    agents = [agent("1000"), agent("1001")]
    absent = [record(user, None, None, logged_in=False) for user in ("4711", "1001")]
    report = audit(agents, [record("1000", "recording"), *absent], Rule(agents=["1000", "1001", "4711"]))
    assert sorted(report["not_logged_in"]) == ["1001", "4711"]
    assert report["counts"] == {
        **dict.fromkeys(FINDINGS, 0),
        "conforming": 1,
        "judged": 1,
        "not_judged": 0,
        "logged_in": 1,
    }


def test_nobody_to_judge_is_not_a_hundred_percent() -> None:
    assert audit([], [], Rule())["percent_conforming"] is None
    assert audit([agent("1000")], [record("1000", "idle", "READY")], Rule())["percent_conforming"] is None


def test_only_all_is_a_hundred_percent() -> None:
    agents = [agent(user) for user in USERS[:3000]]
    records = [record(user, "recording") for user in USERS[:3000]]
    assert audit(agents, records, Rule())["percent_conforming"] == 100
    records[7] = record(USERS[7], "idle")
    assert audit(agents, records, Rule())["percent_conforming"] == 99.9


def test_exceptions_come_first_and_campaigns_that_need_a_look() -> None:
    agents = [agent("1000", campaign_id="B"), agent("999"), agent("1001", campaign_id="B"), agent("1002")]
    records = [
        record("1000", "recording"),
        record("999", None, reason="timeout", msg="Agent 999: no answer."),
        record("1001", "recording"),
        record("1002", "idle"),
    ]
    report = audit(agents, records, Rule(agents=["999", "1000", "1002"], others="idle"))
    assert [finding["finding"] for finding in report["findings"]] == list(FINDINGS)
    assert [finding["reason"] for finding in report["findings"]] == [None, None, "timeout", None]
    assert report["exceptions"] == {"missing": ["1002"], "unexpected": ["1001"], "unknown": ["999"]}
    assert [(row["campaign"], row["percent_conforming"]) for row in report["campaigns"]] == [("SALES", 0), ("B", 50)]


def test_a_user_whom_the_api_would_misread_is_unknown_and_never_handed_on() -> None:
    agents = [agent("{{ 1/0 }}"), agent("1000"), agent("1000")]
    assert users_to_ask(agents, Rule()) == ["1000"]
    report = audit(agents, [record("1000", "recording")], Rule())
    assert [(finding["agent"], finding["finding"]) for finding in report["findings"]] == [
        ("{{ 1/0 }}", "unknown"),
        ("1000", "conforming"),
    ]
    assert report["findings"][0]["reason"] == "invalid_argument"
    assert report["exceptions"]["unknown"] == []


def test_those_are_asked_who_may_matter() -> None:
    agents = [agent("1000", status="READY"), agent("1001", campaign_id="SUPPORT")]
    assert users_to_ask(agents, Rule(campaigns=["SALES"])) == ["1000"]
    assert users_to_ask(agents, Rule(campaigns=["SALES"], others="idle")) == ["1000", "1001"]


UNLISTED = [
    (Rule(agents=["1000"]), record("1000", "idle"), "missing"),
    (Rule(agents=["1000"]), record("1000", "recording"), "conforming"),
    (Rule(agents=["1000"]), record("1000", None, None, logged_in=None, reason="timeout"), "unknown"),
    (Rule(agents=["1000"]), record("1000", "idle", "READY"), None),
    (Rule(agents=["1000"], campaigns=["SALES"]), record("1000", "recording"), "unknown"),
    (Rule(agents=["1000"], campaigns=["SALES"]), record("1000", "idle", "READY"), None),
    (Rule(agents=["1000"], user_groups=["AGENTS"], others="idle"), record("1000", "idle", "READY"), "conforming"),
]


@pytest.mark.parametrize(("rule", "answers", "finding"), UNLISTED)
def test_who_is_named_and_left_out_of_the_list_is_judged_by_status(
    rule: Rule, answers: dict[str, Any], finding: str | None
) -> None:
    assert users_to_ask([], rule) == ["1000"]
    report = audit([], [answers], rule)
    assert [row["finding"] for row in report["findings"]] == [finding] * bool(finding)
    assert report["not_logged_in"] == []
    assert report["counts"]["logged_in"] == (answers["logged_in"] is True)


def test_who_is_named_and_outside_the_sample_is_not_asked() -> None:
    rule = Rule(agents=USERS[:100], sample_percent=10, sample_seed="2026-11-22")
    assert users_to_ask([], rule) == [user for user in USERS[:100] if is_sampled(user, 10, "2026-11-22")]
    assert audit([], [], Rule(agents=USERS[:1], sample_percent=0.0001))["findings"] == []


@pytest.mark.parametrize("percent", [1, 10, 50])
def test_a_sample_holds_its_share(percent: float) -> None:
    sampled = sum(is_sampled(user, percent, "2026-11-22") for user in USERS)
    assert abs(sampled / len(USERS) * 100 - percent) < 1.5


def test_a_sample_is_the_same_all_day_and_another_one_tomorrow() -> None:
    today = {user for user in USERS if is_sampled(user, 10, "2026-11-22")}
    # The very users: whoever changes the hash changes what "the same all day" means for those who upgrade at noon.
    assert sorted(today)[:3] == ["100010", "100028", "100057"]
    assert today != {user for user in USERS if is_sampled(user, 10, "2026-11-23")}
    assert today < {user for user in USERS if is_sampled(user, 20, "2026-11-22")}
    assert all(is_sampled(user, 100, "x") for user in USERS)


STATES = st.sampled_from(["recording", "idle", None])
STATUSES = st.sampled_from(["INCALL", "READY", "PAUSED", None])
RULES = st.builds(
    Rule,
    agents=st.lists(st.sampled_from(["1000", "1001", "4711"]), max_size=2),
    campaigns=st.sampled_from([[], ["SALES"], ["SUPPORT"]]),
    agent_statuses=st.sampled_from([[], ["READY"]]),
    sample_percent=st.sampled_from([100.0, 50.0]),
    sample_seed=st.text(max_size=2),
    state=st.sampled_from(["recording", "idle"]),
    others=st.sampled_from(["any", "idle"]),
)


@given(RULES, st.lists(st.tuples(STATES, STATUSES, STATUSES), max_size=5))
def test_unknown_never_counts_as_conforming_and_nobody_is_lost(
    rule: Rule, answers: list[tuple[str | None, str | None, str | None]]
) -> None:
    agents = [agent(str(1000 + number), status=answer[2] or "READY") for number, answer in enumerate(answers)]
    records = [record(str(1000 + number), answer[0], answer[1]) for number, answer in enumerate(answers)]
    records += [record(user, None, None, logged_in=False) for user in rule.agents if int(user) >= 1000 + len(answers)]
    report = audit(agents, records, rule)
    counts = report["counts"]
    assert sum(counts[kind] for kind in FINDINGS) == counts["judged"] == len(report["findings"])
    assert counts["judged"] + counts["not_judged"] == counts["logged_in"] == len(agents)
    for finding in report["findings"]:
        assert (finding["finding"] == "unknown") == (finding["state"] is None)
        assert (finding["finding"] == "conforming") == (finding["state"] == finding["expected"])


def test_a_rule_is_read_from_what_a_survey_gives() -> None:
    rule = audit_rule({"agents": "1000, 1001\n1002", "campaigns": "", "sample_percent": "10", "sample_seed": 7})
    assert (rule["agents"], rule["campaigns"], rule["sample_percent"]) == (["1000", "1001", "1002"], [], 10)
    assert rule["problems"] == []
    assert rule["text"] == (
        "Every logged-in agent in status INCALL, out of 3 named, in the sample of 10 % with the seed 7 should be "
        "recording. Everybody else may be either. This is about agents who are named and those whom the API account's "
        "user group may see."
    )
    assert rule_from(rule).sample_seed == "7"


@pytest.mark.parametrize(
    ("given_rule", "problem"),
    [
        ({"agents": ["10*0"]}, "agents holds '10*0'"),
        ({"agents": "1000 1001"}, "agents holds '1000 1001'"),
        ({"agents": [1000, "1001, 10 02"]}, "agents holds '10 02'"),
        ({"campaigns": "SALES|SUPPORT"}, "campaigns holds"),
        ({"campaigns": "SALES SUPPORT"}, "campaigns holds"),
        ({"user_groups": "A B"}, "user_groups holds"),
        ({"agent_statuses": "INCALL PAUSED"}, "agent_statuses holds"),
        ({"sample_percent": 0}, "sample_percent is not"),
        ({"sample_percent": "101"}, "sample_percent is not"),
        ({"sample_percent": "nan"}, "sample_percent is not"),
    ],
)
def test_what_makes_no_sense_is_said(given_rule: dict[str, Any], problem: str) -> None:
    assert [found[: len(problem)] for found in audit_rule(given_rule)["problems"]] == [problem]
