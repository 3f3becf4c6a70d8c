# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, without any HTTP."""

from __future__ import annotations

import pytest

from vicidial_simulator.accounts import Account, log_in, note_success, strip_alt_user, strip_name, strip_password

HERE = "127.0.0.1"
NOW = 1_000_000.0


@pytest.fixture
def account() -> Account:
    """An account that logged in to the web pages a minute ago."""
    return Account("6666", "simulated", last_login_date=NOW - 60)


def try_wrong(account: Account, times: int, now: float = NOW) -> list[str]:
    return [log_in(account, "wrong", now) for _time in range(times)]


@pytest.mark.parametrize(("password", "message"), [("simulated", "GOOD"), ("Simulated", "GOOD"), ("", "BAD")])
def test_password(account: Account, password: str, message: str) -> None:
    assert log_in(account, password, NOW) == message


def test_case_matters_where_passwords_are_hashed(account: Account) -> None:
    assert [log_in(account, password, NOW, hashed=True) for password in ("simulated", "Simulated")] == ["GOOD", "BAD"]


def test_unknown_account() -> None:
    assert log_in(None, "simulated", NOW) == "BAD"


@pytest.mark.parametrize("details", [{"active": False}, {"level": 0}])
def test_who_may_not_log_in_at_all_fails_as_with_a_wrong_password(account: Account, details: dict[str, int]) -> None:
    vars(account).update(details)
    assert (log_in(account, "simulated", NOW), account.failures) == ("BAD", 1)


@pytest.mark.parametrize(("failures", "message"), [(9, "GOOD"), (10, "LOCK")])
def test_ten_failures_lock(account: Account, failures: int, message: str) -> None:
    assert try_wrong(account, failures) == ["BAD"] * failures
    assert log_in(account, "simulated", NOW) == message


def test_an_account_that_never_logged_in_is_locked_at_the_21st_failure(account: Account) -> None:
    account.last_login_date = 0.0
    assert try_wrong(account, 10) == ["BAD"] * 10
    assert log_in(account, "simulated", NOW) == "GOOD"
    assert try_wrong(account, 1) == ["BAD"]
    assert (account.failures, account.last_login_date) == (1, NOW)
    assert try_wrong(account, 10) == ["BAD"] * 9 + ["LOCK"]


def test_success_does_not_reset_the_count(account: Account) -> None:
    try_wrong(account, 9)
    log_in(account, "simulated", NOW)
    try_wrong(account, 1)
    assert log_in(account, "simulated", NOW) == "LOCK"


def test_a_listing_resets_the_count_and_is_a_login(account: Account) -> None:
    try_wrong(account, 9)
    note_success(account, NOW)
    assert (account.failures, account.last_login_date) == (0, NOW)


@pytest.mark.parametrize(("age", "right", "count"), [(895, "LOCK", 10), (900, "GOOD", 1), (902, "GOOD", 1)])
def test_the_lock_ends_900_seconds_after_the_last_login(account: Account, age: float, right: str, count: int) -> None:
    account.failures, account.last_login_date = 10, NOW - age
    assert log_in(account, "simulated", NOW) == right
    try_wrong(account, 1)
    assert account.failures == count


def test_asking_while_locked_prolongs_nothing(account: Account) -> None:
    account.failures = 10
    assert try_wrong(account, 3) == ["LOCK"] * 3
    assert (account.failures, account.last_login_date) == (10, NOW - 60)


@pytest.mark.parametrize(("addresses", "admitted"), [(None, True), ([HERE], True), (["192.0.2.1"], False)])
def test_address(account: Account, addresses: list[str] | None, admitted: bool) -> None:
    account.allowed_addresses = addresses
    assert account.admits(HERE) is admitted


@pytest.mark.parametrize(
    ("allowed", "may"),
    [(["ALL_FUNCTIONS"], True), (["stereo_recording"], True), (["recording"], False), (["version", "stereo"], False)],
)
def test_permission(account: Account, allowed: list[str], may: bool) -> None:
    account.allowed_functions = allowed
    assert account.may_call("stereo_recording") is may


def test_stripping() -> None:
    assert strip_password("p@ss!w#rd -.+/=_Zü9") == "psswrd-.+/=_Z9"
    assert strip_name("a-b_c 1+2.3/4=ü|") == "a-b_c1234"
    assert strip_alt_user("crm-7_b 1+2.3/4=ü|") == "crm7b1234"
