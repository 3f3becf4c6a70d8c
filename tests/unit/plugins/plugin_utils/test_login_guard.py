# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The login guard keeps what a run knows of an account in files that all of its workers share."""

from __future__ import annotations

import multiprocessing
import stat
import time
from pathlib import Path
from typing import Any

import pytest
from ansible import constants

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._login import (
    ACCEPTED,
    NOT_SENT,
    REJECTED,
    UNANSWERED,
    LoginHistory,
    login_of,
)
from ansible_collections.telephony.vicidial.plugins.plugin_utils._login_guard import LoginGuard

ACCOUNT = ("agent", "https://dialer.example.com", "ansible", "hunter2hunter2")


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path))
    return tmp_path


def run(*results: dict[str, Any], account: tuple[str, ...] = ACCOUNT, is_async: bool = False) -> LoginHistory:
    """The history after tasks of an account that give ``results``."""
    for result in results:
        with LoginGuard(account).turn(is_async) as turn:
            turn.end(result)
    return LoginGuard(account).read()


def test_files_are_for_their_owner_only_and_hold_nothing_of_the_account(directory: Path) -> None:
    run({"login": REJECTED, "reason": "authentication_failed"})
    files = list(directory.iterdir())
    assert files
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert not any(word.encode() in path.name.encode() + path.read_bytes() for word in ACCOUNT[1:])


def test_two_runs_name_the_same_account_differently(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = set()
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path / str(number)))
        run({"login": ACCEPTED})
        names |= {path.name for path in (tmp_path / str(number)).glob("vicidial-login-*") if "key" not in path.name}
    assert len({name.partition(".")[0] for name in names}) == 2


@pytest.mark.parametrize("other", ["api", "address", "user", "password"])
def test_another_account_is_not_barred(other: str) -> None:
    run({"login": REJECTED, "reason": "authentication_failed"})
    index = ["api", "address", "user", "password"].index(other)
    assert run(account=(*ACCOUNT[:index], other, *ACCOUNT[index + 1 :])).refusal() is None


@pytest.mark.parametrize(
    ("logins", "barred"),
    [
        ([REJECTED], True),
        ([ACCEPTED, REJECTED, ACCEPTED], True),
        ([UNANSWERED] * 4, False),
        ([UNANSWERED] * 5, True),
        ([UNANSWERED] * 4 + [NOT_SENT] * 9, False),
        ([UNANSWERED] * 4 + [ACCEPTED] + [UNANSWERED] * 4, False),
    ],
)
def test_what_bars_an_account(logins: list[str], barred: bool) -> None:
    history = run(*({"login": login, "reason": "timeout"} for login in logins))
    assert (history.refusal() is not None) == barred


def test_a_garbled_answer_to_an_accepted_account_is_no_refusal() -> None:
    garbled = {"login": REJECTED, "reason": "not_understood"}
    assert run({"login": ACCEPTED}, garbled).refusal() is None
    assert run(garbled, account=("another",)).refusal() is not None


def test_an_asynchronous_task_of_an_account_in_doubt_counts_as_unanswered() -> None:
    started = {"ansible_job_id": "j1.2"}
    assert run(started, started, is_async=True).unanswered == 2
    assert run({"login": ACCEPTED}).unanswered == 0
    assert run(started, is_async=True).unanswered == 0


def test_a_task_that_is_broken_off_counts_as_unanswered() -> None:
    class TaskTimeoutError(BaseException):
        """As Ansible's own is."""

    with pytest.raises(TaskTimeoutError), LoginGuard(ACCOUNT).turn(is_async=False):
        raise TaskTimeoutError
    assert LoginGuard(ACCOUNT).read().unanswered == 1


def another(directory: str, result: dict[str, Any], said: Any) -> None:
    """A second worker: what it goes by, and when it got its turn."""
    constants.DEFAULT_LOCAL_TMP = directory
    with LoginGuard(ACCOUNT).turn(is_async=False) as turn:
        said.send((turn.history.login, turn.history.server_is_gone, time.monotonic()))
        turn.end(result)


@pytest.mark.parametrize(
    ("result", "is_gone"),
    [
        ({"login": NOT_SENT, "reason": "unreachable"}, True),
        ({"login": NOT_SENT, "reason": "invalid_argument"}, False),
        ({"login": ACCEPTED, "reason": None}, False),
    ],
)
def test_a_worker_waits_for_the_one_before_it(directory: Path, result: dict[str, Any], is_gone: bool) -> None:
    here, there = multiprocessing.Pipe()
    worker = multiprocessing.get_context("fork").Process(target=another, args=(str(directory), result, there))
    with LoginGuard(ACCOUNT).turn(is_async=False) as turn:
        worker.start()
        assert not here.poll(0.3)
        noted = time.monotonic()
        turn.end(result)
    login, was_gone, began = here.recv()
    worker.join()
    assert began >= noted
    assert (login, was_gone) == (result["login"], is_gone)


def test_every_error_tells_what_became_of_the_login() -> None:
    """By the server's own words: who lacks a permission has logged in (protocol 3.1)."""
    assert login_of(None) == ACCEPTED
    for error, login in (
        (_errors.AuthenticationFailedError(), REJECTED),
        (_errors.AccountLockedError(), REJECTED),
        (_errors.LoginRefusedError(), REJECTED),
        (_errors.AddressBlockedError(), ACCEPTED),
        (_errors.PermissionDeniedError(), ACCEPTED),
        (_errors.NoActiveServerError(), ACCEPTED),
        (_errors.NotLoggedInError("1000"), ACCEPTED),
        (_errors.NotUnderstoodError("x", "y"), REJECTED),
        (_errors.HttpError("x", "y"), UNANSWERED),
        (_errors.UnreachableError("x", "y", _errors.Delivery.NOT_SENT), NOT_SENT),
    ):
        assert login_of(error) == login, error
