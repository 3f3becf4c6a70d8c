# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that roles and playbooks print, and the numbers that they hand on."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.filter.summary import summary
from ansible_collections.telephony.vicidial.plugins.plugin_utils._summary import STEREO_ONLY, counted, for_reader, some
from ansible_collections.telephony.vicidial.plugins.plugin_utils._window import Window


def record(user: str, **more: Any) -> dict[str, Any]:
    known = {"logged_in": True, "agent_status": "INCALL", "start_time": None, "filename": None}
    return {"user": user, "state": "idle", "changed": False, "failed": False, "reason": None, **known, **more}


def test_the_first_ten_are_named_and_the_others_counted() -> None:
    users = [str(user) for user in range(1000, 1022)]
    assert some(users) == ", ".join(users[:10]) + " and 12 others"
    assert some(users[:11]).endswith("1009 and 1 other")
    assert some(users[:1]) == "1000"
    assert some([]) == "nobody"
    assert [counted(number, "agent") for number in (0, 1, 2)] == ["0 agents", "1 agent", "2 agents"]


def test_a_declaration_is_numbers_names_and_reasons() -> None:
    result = {
        "recordings": [
            record("1000", changed=True),
            record("1001"),
            record("1004", failed=True, reason="no_live_call"),
        ],
        "counts": {"changed": 1, "already": 1, "skipped": 0, "failed": 1},
        "reason": "no_live_call",
        "msg": "Agent 1004: in no call and require_call is set.",
    }
    found = summary(result, "declared", state="recording", check_mode=False)
    assert found["lines"] == [
        "recording: 1 changed, 1 already so, 1 failed",
        "signalled: 1000",
        "failed: 1004 no_live_call",
    ]
    assert found["failure"] == "Agent 1004: in no call and stereo_recording_require_call is set. (no_live_call)"
    assert (found["statistics"]["changed"], found["statistics"]["failed"]) == (["1000"], {"1004": "no_live_call"})
    would = summary(result, "declared", state="recording", check_mode=True)["lines"]
    assert would[:2] == ["recording: 1 would change, 1 already so, 1 failed", "would be signalled: 1000"]


def test_a_statistic_holds_fifty_names() -> None:
    records = [record(str(user), changed=True, failed=True, reason="timeout") for user in range(60)]
    result = {"recordings": records, "counts": {"changed": 0, "already": 0, "skipped": 0, "failed": 60}}
    found = summary(result, "declared", state="idle", check_mode=False)["statistics"]
    assert (len(found["changed"]), len(found["failed"])) == (50, 50)


@pytest.mark.parametrize("about", ["declared", "status", "preflight"])
def test_a_missing_connection_is_said_alone_and_by_every_name_that_it_has(about: str) -> None:
    needs: dict[str, dict[str, Any]] = {
        "declared": {"state": "idle", "check_mode": False},
        "preflight": {"accepted": []},
    }
    more = needs.get(about, {})
    result = {"failed": True, "msg": "missing required arguments: api_password, api_url"}
    found = summary(result, about, **more)
    assert found["lines"] == []
    for name in ("VICIDIAL_API_URL", "VICIDIAL_API_PASSWORD", "vicidial_api_url", "module_defaults"):
        assert name in found["failure"]
    if about == "declared":
        assert found["statistics"]["reason"] == "invalid_argument"


def test_options_are_called_as_the_reader_knows_them_and_only_whole_words_are_options() -> None:
    assert for_reader("Set timeout, wait_timeout", {"timeout": "x_timeout"}) == "Set x_timeout, wait_timeout"


def test_status_is_a_table_and_the_numbers_that_are_not_zero() -> None:
    result = {
        "recordings": [
            record("1000", state="recording", start_time="2026-11-22 09:13:40", filename="F"),
            record("1002", agent_status="READY"),
            record("4711", state=None, logged_in=False, agent_status=None),
            record("1003", state=None, logged_in=None, agent_status=None, failed=True, reason="timeout"),
        ]
    }
    assert summary(result, "status")["lines"] == [
        "1000       recording     INCALL  2026-11-22 09:13:40 F",
        "1002       idle          READY",
        "4711       not logged in",
        "1003       timeout",
        "1 recording, 1 idle, 1 not logged in, 1 unknown",
        STEREO_ONLY,
    ]


@pytest.mark.parametrize(("state", "is_said"), [("idle", True), ("recording", False)])
def test_idle_is_not_said_without_what_it_does_not_mean(state: str, is_said: bool) -> None:
    result = {"recordings": [record("1000")], "counts": {"changed": 0, "already": 1, "skipped": 0, "failed": 0}}
    lines = summary(result, "declared", state=state, check_mode=False)["lines"]
    assert (lines[-1] == STEREO_ONLY) == is_said
    assert summary({"recordings": [], "counts": {}}, "declared", state=state, check_mode=False)["lines"] == []


def check(name: str, status: str, meaning: str = "It is so.", remedy: str | None = None) -> dict[str, Any]:
    return {"check": name, "status": status, "meaning": meaning, "remedy": remedy}


def test_preflight_shows_what_failed_first_and_what_could_not_be_checked_in_one_line() -> None:
    result = {
        "checks": [
            check("server", "passed", "It answers."),
            check("tls", "failed", "It is plain http.", "Set api_url to https."),
            check("credentials", "failed", "It refused.", "Check api_user."),
            check("lock", "unknown", "Not known, because it refused."),
            check("permission", "unknown", "Not known, because it refused."),
        ],
        "blocking": ["tls", "credentials"],
        "msg": "Not fit.",
    }
    found = summary(result, "preflight", accepted=["tls"])
    assert found["lines"] == [
        "failed (accepted) tls: It is plain http. Set vicidial_api_url (VICIDIAL_API_URL) to https.",
        "failed credentials: It refused. Check vicidial_api_user (VICIDIAL_API_USER).",
        "passed server: It answers.",
        "unknown lock, permission: Not known, because it refused.",
    ]
    assert found["failure"] == "Not fit."
    assert summary({**result, "blocking": ["tls"]}, "preflight", accepted=["tls"])["failure"] == ""


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_preflight_fails_without_a_list_of_agents_unless_that_is_accepted(status: str) -> None:
    result = {
        "checks": [check("credentials", "passed"), check("listing", status)],
        "blocking": [],
        "msg": "Fit for stereo recordings. listing: No agents can be listed.",
    }
    found = summary(result, "preflight", accepted=[])
    assert found["failure"].startswith(result["msg"])
    assert "-e vicidial_preflight_accepted=listing" in found["failure"]
    assert found["statistics"] == {"failed_checks": ["listing"], "reason": "no_listing"}
    assert summary(result, "preflight", accepted=["listing"])["failure"] == ""


def found(listing: dict[str, Any], agents: tuple[str, ...] = (), fine: bool = True, **asked: Any) -> dict[str, Any]:
    given = {"campaigns": [], "user_groups": [], "listed": True, **asked}
    return summary(listing, "found", agents=[*agents], asked=given, state="idle", nobody_is_fine=fine)


def test_where_nobody_is_fine_a_line_says_that_nobody_was_found() -> None:
    [line] = found({"agents": []}, campaigns=["SALES"])["lines"]
    assert line == (
        "idle: VICIdial lists nobody in SALES: nobody whom the API account may see is logged in, or there is no such"
        " campaign. It cannot say which. No signal was sent."
    )
    [line] = found({"agents": []}, campaigns=["SALES"], user_groups=["ADMIN"])["lines"]
    assert "lists nobody in SALES, ADMIN: " in line
    assert "no such campaign or user group." in line
    [line] = found({"agents": []})["lines"]
    assert line.startswith("idle: VICIdial lists nobody: nobody whom")
    [line] = found({}, listed=False)["lines"]
    assert line == "idle: No agents are given: vicidial_agents or vicidial_hosts names nobody. No signal was sent."


def test_where_nobody_is_not_fine_that_is_a_failure_and_so_is_a_refused_list() -> None:
    failed = found({"agents": []}, fine=False)
    assert (failed["lines"], failed["reason"]) == ([], "invalid_argument")
    assert failed["failure"].endswith("Set vicidial_nobody_is_fine to true where that is no failure.")
    refused = {"failed": True, "reason": "authentication_failed", "msg": "Check api_user."}
    assert found(refused)["reason"] == "authentication_failed"
    assert found(refused)["failure"].startswith("Check vicidial_api_user (VICIDIAL_API_USER)")
    nothing = {"lines": [], "failure": "", "reason": ""}
    assert found({"agents": [{}]}, ("1000",), fine=False) == nothing
    assert found({"skipped": True}, ("1000",), fine=False, listed=False) == nothing


REFUSED = {"msg": "Agent 1000: Check api_url and timeout.", "reason": "timeout", "recordings": [], "counts": {}}
CALLED = "vicidial_api_url (VICIDIAL_API_URL)"


def test_by_name_the_connection_has_the_names_of_the_playbooks_and_in_a_role_those_of_the_module() -> None:
    declared = {"state": "idle", "check_mode": False}
    of_role = "Check api_url and stereo_recording_module_options.timeout."
    assert of_role in summary(REFUSED, "declared", **declared)["failure"]
    assert of_role.replace("api_url", CALLED) in summary(REFUSED, "declared", **declared, by_name=True)["failure"]
    assert CALLED in summary(REFUSED, "status")["failure"]
    assert CALLED in summary([REFUSED], "unanswered", by_name=True)["failure"]
    assert CALLED not in summary([REFUSED], "unanswered")["failure"]
    for by_name in (False, True):
        window = Window(["1000"], "idle", before=REFUSED, by_name=by_name)
        assert (CALLED in window.opening_failure) == by_name
