# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets and managed hosts: the real ansible-playbook against the simulator, everything that it prints looked at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import (
    AS_MODULE,
    WAYS,
    play,
    python_for,
)
from vicidial_simulator.accounts import Account, strip_password

RAW = "p@ss!w#rd"
STRIPPED = strip_password(RAW)
MODULES = ("vicidial_stereo_recording", "vicidial_stereo_recording_info")

REASONS = {
    "wrong": "authentication_failed",
    "locked": "account_locked",
    "blocked": "address_blocked",
    "noapi": "api_access_denied",
    "nofunction": "permission_denied",
    "spanish": "not_understood",
}


def unfit_accounts() -> list[Account]:
    """Each is answered with another account error (protocol 3.3), and each of those echoes the stripped password."""
    return [
        Account("wrong", "another"),
        Account("locked", STRIPPED, failures=10, last_login_date=1e12),
        Account("blocked", STRIPPED, allowed_addresses=["10.0.0.9"]),
        Account("noapi", STRIPPED, agent_api_access=False),
        Account("nofunction", STRIPPED, allowed_functions=["recording"]),
        Account("spanish", "another", language="Spanish"),
    ]


@pytest.mark.parametrize(("module", "hashed_passwords"), [*zip(MODULES, (False, True), strict=True)])
@pytest.mark.parametrize("way", WAYS)
def test_no_account_error_ever_prints_the_password(
    simulator: Simulator, tmp_path: Path, way: str, module: str, hashed_passwords: bool
) -> None:
    simulator.dialer.accounts.update({account.user: account for account in unfit_accounts()})
    simulator.dialer.system.hashed_passwords = hashed_passwords
    options = {"api_url": simulator.url, "agent_user": "1000", "api_password": RAW}
    if module == "vicidial_stereo_recording":
        options["state"] = "recording"
    tasks: list[dict[str, Any]] = []
    for user in REASONS:
        declared = {f"telephony.vicidial.{module}": {**options, "api_user": user}, "register": user}
        tasks += [{**declared, "ignore_errors": True, "diff": True}, {"debug": {"var": user}}]
    tasks.append({"assert": {"that": [f"{user}.reason == '{reason}'" for user, reason in REASONS.items()]}})
    output = play(tmp_path, tasks, "-vvvv", python=python_for(way, tmp_path))
    assert "authentication_failed" in output
    assert ("AnsiballZ" in output) == (way == AS_MODULE)
    for secret in (RAW, STRIPPED, "p%40ss%21w%23rd", STRIPPED.upper()):
        assert secret not in output, output[max(0, output.index(secret) - 300) :][:600]
    assert simulator.dialer.accounts["wrong"].failures == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_password_from_the_environment_is_never_printed(simulator: Simulator, tmp_path: Path, way: str) -> None:
    simulator.dialer.accounts["6666"].password = "rather-secret"
    tasks: list[dict[str, Any]] = [
        {"telephony.vicidial.vicidial_stereo_recording_info": {"agent_user": "1000"}, "register": "outcome"},
        {"debug": {"var": "outcome"}},
    ]
    output = play(
        tmp_path,
        tasks,
        "-vvvv",
        python=python_for(way, tmp_path),
        VICIDIAL_API_URL=simulator.url,
        VICIDIAL_API_USER="6666",
        VICIDIAL_API_PASSWORD="rather-secret",
    )
    assert "8600051" in output
    assert "rather-secret" not in output


@pytest.mark.skipif("VICIDIAL_TEST_PYTHON39" not in os.environ, reason="no Python 3.9 on this machine")
def test_a_managed_host_with_python_39_and_the_oldest_requests(simulator: Simulator, tmp_path: Path) -> None:
    if not hasattr(basic, "_PY_MIN") or tuple(basic._PY_MIN) > (3, 9):
        pytest.skip("this ansible-core runs no modules on Python 3.9")
    options = {"api_url": simulator.url, "api_user": "6666", "api_password": "simulated"}
    declared = {"telephony.vicidial.vicidial_stereo_recording": {**options, "agent_user": "1000", "state": "recording"}}
    tasks: list[dict[str, Any]] = [
        {**declared, "register": "outcome"},
        {"assert": {"that": ["outcome is changed", "outcome.recordings[0].confirmed"]}},
        {"telephony.vicidial.vicidial_stereo_recording_info": {**options, "agent_users": ["1000", "1001"]}},
    ]
    output = play(tmp_path, tasks, "-v", python=os.environ["VICIDIAL_TEST_PYTHON39"])
    assert "Traceback" not in output


def test_a_managed_host_without_requests_is_reported(simulator: Simulator, tmp_path: Path) -> None:
    """A Python that has nothing installed, as users meet it with a discovered interpreter."""
    bare = tmp_path / "bare"
    subprocess.run(["python3", "-m", "venv", "--without-pip", str(bare)], check=True)
    task = {
        "telephony.vicidial.vicidial_stereo_recording_info": {
            "api_url": simulator.url,
            "api_user": "6666",
            "api_password": "simulated",
            "agent_user": "1000",
        },
        "register": "outcome",
        "failed_when": "'required Python library (requests)' not in outcome.msg",
    }
    play(tmp_path, [task], python=f"{bare}/bin/python")
    assert simulator.journal.entries() == []
