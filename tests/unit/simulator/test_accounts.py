# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts, without any HTTP."""

from __future__ import annotations

import pytest

from vicidial_simulator.accounts import Account, log_in, strip_name, strip_password

HERE = "127.0.0.1"


@pytest.fixture
def account() -> Account:
    return Account("6666", "simulated")


def fail(account: Account, times: int, now: float = 0.0) -> None:
    for _time in range(times):
        assert log_in(account, "wrong", HERE, now) == "BAD"


@pytest.mark.parametrize(("password", "message"), [("simulated", "GOOD"), ("Simulated", "BAD"), ("", "BAD")])
def test_password(account: Account, password: str, message: str) -> None:
    assert log_in(account, password, HERE, 0.0) == message


def test_unknown_account() -> None:
    assert log_in(None, "simulated", HERE, 0.0) == "BAD"


@pytest.mark.parametrize(("failures", "message"), [(9, "GOOD"), (10, "LOCK")])
def test_ten_failures_lock(account: Account, failures: int, message: str) -> None:
    fail(account, failures)
    assert log_in(account, "simulated", HERE, 0.0) == message


def test_success_does_not_reset_the_count(account: Account) -> None:
    fail(account, 9)
    log_in(account, "simulated", HERE, 0.0)
    fail(account, 1)
    assert log_in(account, "simulated", HERE, 0.0) == "LOCK"


@pytest.mark.parametrize(("now", "message"), [(1899.0, "LOCK"), (1900.0, "GOOD")])
def test_the_lock_ends_900_seconds_after_the_last_failure(account: Account, now: float, message: str) -> None:
    fail(account, 9, now=0.0)
    fail(account, 1, now=1000.0)
    assert log_in(account, "simulated", HERE, now) == message


def test_after_a_lock_the_count_starts_anew(account: Account) -> None:
    fail(account, 10)
    fail(account, 9, now=900.0)
    assert log_in(account, "simulated", HERE, 900.0) == "GOOD"


@pytest.mark.parametrize(("addresses", "message"), [(None, "GOOD"), ([HERE], "GOOD"), (["192.0.2.1"], "IPBLOCK")])
def test_address(account: Account, addresses: list[str] | None, message: str) -> None:
    account.allowed_addresses = addresses
    assert log_in(account, "simulated", HERE, 0.0) == message


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
