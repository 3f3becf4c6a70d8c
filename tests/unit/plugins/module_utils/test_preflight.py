# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is concluded from the answers; the answers themselves are in the test of the module."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors, _preflight
from ansible_collections.telephony.vicidial.plugins.module_utils._login import REJECTED, LoginHistory
from ansible_collections.telephony.vicidial.plugins.module_utils._preflight import (
    CHECKS,
    Answers,
    Transport,
    findings,
)
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.replies import Version
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.words import LISTING, RECORDING_LOG

EPOCH = 1795338820
VERSION = Version("2.14-84", "260302-1142", "2026-11-22 09:13:40", EPOCH)
HTTPS = Transport("dialer.example.com", encrypted=True, verified=True, is_loopback=False)
FIT = Answers(VERSION, sent=EPOCH + 0.4, came=EPOCH + 0.6, lookups={LISTING: None, RECORDING_LOG: None})

UNREACHABLE = _errors.UnreachableError(
    "the server cannot be reached", "Start it", _errors.Delivery.NOT_SENT, transient=True
)
UNTRUSTED = _errors.TlsError(
    "the certificate is not trusted", "Set ca_path", _errors.Delivery.NOT_SENT, transient=False
)
TIMED_OUT = _errors.TimedOutError("no answer in time", "Wait", _errors.Delivery.UNANSWERED)
BAD_GATEWAY = _errors.HttpError("HTTP 502 came back", "Look at the logs")
WEB_PAGE = _errors.NotUnderstoodError("a web page came back", "Check api_url")
TRANSLATED = _errors.TranslatedError("the answer is not in English", "Set the language")


def statuses(transport: Transport, answers: Answers) -> dict[str, str]:
    return {finding.check: finding.status for finding in findings(transport, answers)}


def test_all_checks_pass_when_the_only_thing_wrong_is_that_the_agent_is_not_logged_in() -> None:
    assert _preflight.trouble_of(_errors.NotLoggedInError("preflight")) is None
    assert statuses(HTTPS, FIT) == dict.fromkeys(CHECKS, "passed")
    report = _preflight.report(HTTPS, FIT)
    assert (report["fit"], report["blocking"], report["reason"]) == (True, [], None)


# After each: what failed, and up to which check of the account the server must have got.
ANSWERS = [
    (_errors.NoActiveServerError(), "api_active", "credentials"),
    (_errors.AddressBlockedError(), "address", "credentials"),
    (_errors.AccountLockedError(), "lock", None),
    (_errors.AuthenticationFailedError(), "credentials", None),
    (_errors.ApiAccessDeniedError(), "api_access", "credentials"),
    (_errors.ApiInactiveError("it is off", "Switch it on"), "api_active", "api_access"),
    (_errors.NotValidError(), "stereo_recording", "api_active"),
    (_errors.PermissionDeniedError(), "permission", "stereo_recording"),
    (TRANSLATED, "language", None),
    (UNTRUSTED, "tls", None),
    (_errors.UnsupportedServerError("250429-0937", "250830-2102"), "build", None),
    (UNREACHABLE, None, None),
    (TIMED_OUT, None, None),
    (BAD_GATEWAY, None, None),
    (WEB_PAGE, None, None),
    (_errors.NoAnswerError("an empty page", "Look"), None, None),
    (_errors.NoSuchUserError(), None, None),
    (_errors.InterruptedRunError(), None, None),
]


@pytest.mark.parametrize(("trouble", "failed", "up_to"), ANSWERS, ids=lambda trouble: type(trouble).__name__)
def test_an_answer_proves_what_comes_before_it_and_nothing_after_it(
    trouble: _errors.ApiError, failed: str | None, up_to: str | None
) -> None:
    account = CHECKS[4:-2]
    proven = account[: account.index(up_to) + 1] if up_to else ()
    expected = {check: "passed" if check in (*CHECKS[:4], *proven) else "unknown" for check in CHECKS}
    if failed:
        expected[failed] = "failed"
    answers = replace(FIT, trouble=trouble, lookups={})
    assert statuses(HTTPS, answers) == expected
    assert _preflight.may_look_up(answers) == (up_to is not None and failed != "address")
    report = _preflight.report(HTTPS, answers)
    assert report["blocking"] == [check for check in CHECKS[:-2] if expected[check] != "passed"]
    assert (report["fit"], report["reason"]) == (False, trouble.reason)
    by_name = {check["check"]: check for check in report["checks"]}
    unknown = by_name["language" if failed != "language" else "permission"]
    assert trouble.what in unknown["meaning"]
    assert unknown["remedy"] == (
        f"Clear up the check {failed} first, then run this again." if failed else f"{trouble.remedy}."
    )
    if failed:
        assert by_name[failed]["remedy"] == f"{trouble.remedy}."


@pytest.mark.parametrize(
    "trouble", [UNREACHABLE, TIMED_OUT, BAD_GATEWAY, WEB_PAGE], ids=lambda trouble: type(trouble).__name__
)
def test_without_a_version_nothing_is_known_but_how_far_the_connection_came(trouble: _errors.ApiError) -> None:
    found = statuses(HTTPS, Answers(trouble=trouble))
    tls = found.pop("tls")
    assert found.pop("server") == "failed"
    assert set(found.values()) == {"unknown"}
    assert tls == ("passed" if trouble in (BAD_GATEWAY, WEB_PAGE) else "unknown")


def test_where_a_login_was_rejected_before_the_account_is_not_known() -> None:
    refusal = LoginHistory(REJECTED, "authentication_failed").refusal()
    answers = replace(FIT, trouble=refusal, lookups={})
    found = statuses(HTTPS, answers)
    assert {check for check, status in found.items() if status == "passed"} == {"server", "tls", "build", "clock"}
    assert set(found.values()) == {"passed", "unknown"}
    assert _preflight.report(HTTPS, answers)["reason"] == "authentication_failed"


def test_a_server_that_is_not_trusted_is_not_called_down() -> None:
    found = statuses(HTTPS, Answers(trouble=UNTRUSTED))
    assert found.pop("tls") == "failed"
    assert set(found.values()) == {"unknown"}


@pytest.mark.parametrize(
    ("changes", "status", "said"),
    [
        ({}, "passed", "certificate is verified"),
        ({"verified": False}, "failed", "certificate is not verified"),
        ({"encrypted": False}, "failed", "travels to dialer.example.com in clear"),
        ({"encrypted": False, "is_loopback": True}, "passed", "does not leave this machine"),
        ({"verified": False, "is_loopback": True}, "passed", "does not leave this machine"),
    ],
)
@pytest.mark.parametrize("trouble", [None, _errors.PermissionDeniedError()])
def test_tls(changes: dict[str, Any], status: str, said: str, trouble: _errors.ApiError | None) -> None:
    answers, transport = replace(FIT, trouble=trouble), replace(HTTPS, **changes)
    (tls,) = [finding for finding in findings(transport, answers) if finding.check == "tls"]
    assert tls.status == status
    assert said in tls.meaning
    if status == "failed":
        reason = trouble.reason if trouble else "insecure_connection"
        assert _preflight.report(transport, answers)["reason"] == reason


def test_what_the_configuration_gives_away_is_known_without_the_server() -> None:
    for transport in (replace(HTTPS, encrypted=False), replace(HTTPS, verified=False)):
        assert statuses(transport, Answers(trouble=UNREACHABLE))["tls"] == "failed"


@pytest.mark.parametrize(
    ("sent", "came", "status", "difference"),
    [
        (0.4, 0.6, "passed", 0.0),
        (-3.9, -3.7, "passed", 4.3),
        (-5.0, -4.8, "unknown", 5.4),
        (-6.0, -5.8, "failed", 6.4),
        (4.4, 4.6, "passed", -4.0),
        (7.0, 7.2, "failed", -6.6),
        (-3600.0, -3599.8, "failed", 3600.4),
        # So slow an answer that it tells nothing
        (-5.0, 5.0, "unknown", 0.5),
    ],
)
def test_clock(sent: float, came: float, status: str, difference: float) -> None:
    answers = replace(FIT, sent=EPOCH + sent, came=EPOCH + came)
    report = _preflight.report(HTTPS, answers)
    (clock,) = [check for check in report["checks"] if check["check"] == "clock"]
    assert (clock["status"], report["clock_difference"]) == (status, difference)
    assert f"{abs(difference):.1f} seconds {'ahead of' if difference > 0 else 'behind'}" in clock["meaning"]
    # Nothing rests on a clock that is not known; one that is known to be wrong misleads.
    assert report["fit"] == (status != "failed")
    assert report["reason"] == ("clock_difference" if status == "failed" else None)


def test_a_server_that_does_not_tell_its_time_can_be_fit() -> None:
    report = _preflight.report(HTTPS, replace(FIT, version=Version("2.14-84", "260302-1142")))
    assert (report["fit"], report["clock_difference"], report["utc_offset"]) == (True, None, None)
    assert [check["check"] for check in report["checks"] if check["status"] == "unknown"] == ["clock"]


@pytest.mark.parametrize(
    ("date", "offset"),
    [
        ("2026-11-22 09:13:40", "+00:00"),
        ("2026-11-22 09:13:39", "+00:00"),
        ("2026-11-22 04:13:40", "-05:00"),
        ("2026-11-22 14:58:41", "+05:45"),
        ("2026-12-22 09:13:40", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_the_time_zone_that_the_server_prints_times_in(date: str | None, offset: str | None) -> None:
    assert _preflight.report(HTTPS, replace(FIT, version=replace(VERSION, date=date)))["utc_offset"] == offset


@pytest.mark.parametrize("build", ["250429-0937", "250830-2101"])
def test_nobody_logs_in_to_a_build_that_has_no_answer(build: str) -> None:
    trouble = _preflight.reason_not_to_log_in(replace(VERSION, build=build))
    assert isinstance(trouble, _errors.UnsupportedServerError)
    assert _preflight.reason_not_to_log_in(replace(VERSION, build="250830-2102")) is None


def test_what_recordings_do_not_need_never_makes_a_server_unfit() -> None:
    refused = _errors.PermissionDeniedError()
    for check in (LISTING, RECORDING_LOG):
        report = _preflight.report(HTTPS, replace(FIT, lookups={**FIT.lookups, check: refused}))
        assert [row["check"] for row in report["checks"] if row["status"] == "failed"] == [check]
        assert (report["fit"], report["blocking"]) == (True, [])


def test_a_login_that_lists_refuse_is_not_tried_on_the_log_too() -> None:
    assert _preflight.bars_lookups(_errors.LoginRefusedError())
    assert not _preflight.bars_lookups(_errors.PermissionDeniedError())
    assert not _preflight.bars_lookups(None)
