# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook telephony.vicidial.preflight as a user runs it: its exit code, its lines, and what it never shows."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._preflight import CHECKS
from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import (
    AS_MODULE,
    WAYS,
    play,
    python_for,
)

RAW = "p@ss!w#rd"
SECRETS = (RAW, "psswrd", "p%40ss%21w%23rd")


def preflight(directory: Path, *arguments: str, variables: dict[str, Any], **environment: str) -> tuple[int, str]:
    """The exit code, and everything that is printed and logged."""
    given = directory / "variables.json"
    given.write_text(json.dumps(variables))
    log = directory / "ansible.log"
    settings = {"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(directory)}
    settings["ANSIBLE_CALLBACK_RESULT_FORMAT"] = "json"  # Ansible's own default: a line an item
    done = subprocess.run(
        ["ansible-playbook", "telephony.vicidial.preflight", "-e", f"@{given}", *arguments],
        cwd=directory,
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr + log.read_text()


def connection(simulator: Simulator, password: str = "simulated") -> dict[str, str]:
    return {"vicidial_api_url": simulator.url, "vicidial_api_user": "6666", "vicidial_api_password": password}


def logins(simulator: Simulator) -> int:
    return sum("pass" in entry["sources"] for entry in simulator.journal.entries())


def test_a_fit_server_in_check_mode_with_the_connection_from_the_environment(
    simulator: Simulator, tmp_path: Path
) -> None:
    environment = {"VICIDIAL_API_URL": simulator.url, "VICIDIAL_API_USER": "6666", "VICIDIAL_API_PASSWORD": "simulated"}
    # An empty text is how a survey gives what was left out.
    code, output = preflight(tmp_path, "--check", variables={"vicidial_api_url": ""}, **environment)
    assert code == 0, output
    for check in CHECKS:
        assert f"passed {check}: " in output
    assert [entry["function"] for entry in simulator.journal.entries()] == [
        "version",
        "stereo_recording",
        "logged_in_agents",
        "recording_lookup",
    ]


@pytest.mark.parametrize("way", WAYS)
def test_a_wrong_password_is_one_login_and_exit_code_2_and_never_printed(
    simulator: Simulator, tmp_path: Path, way: str
) -> None:
    simulator.dialer.system.hashed_passwords = True
    python = python_for(way, tmp_path)
    variables = {**connection(simulator, RAW), "ansible_python_interpreter": python}
    code, output = preflight(tmp_path, "-vvvv", variables=variables)
    assert code == 2, output
    assert ("AnsiballZ_vicidial" in output) == (way == AS_MODULE)
    assert "failed credentials: The server refused the user name or the password" in output
    assert "permission, language, listing, recording_log: Not known, because the server refused" in output
    assert "Not fit for stereo recordings. credentials: " in output
    both = "vicidial_api_user (VICIDIAL_API_USER) and vicidial_api_password (VICIDIAL_API_PASSWORD)"
    assert f"Check {both} before the next run" in output
    for secret in SECRETS:
        assert secret not in output, output[max(0, output.index(secret) - 300) :][:600]
    assert simulator.dialer.accounts["6666"].failures == logins(simulator) == 1


def test_a_loop_of_modules_is_one_login(simulator: Simulator, tmp_path: Path) -> None:
    options = {"api_url": simulator.url, "api_user": "6666", "api_password": "wrong"}
    asked = {"telephony.vicidial.vicidial_agent_api_info": options, "loop": [1, 2], "register": "found"}
    expected = [
        "found.results[0].blocking[0] == 'address'",
        "found.results[1].checks | selectattr('status', 'equalto', 'passed') | map(attribute='check')"
        " == ['server', 'tls', 'build', 'clock']",
        "found.results | map(attribute='reason') | unique == ['authentication_failed']",
        "found.results[1].msg is search('has rejected a login of this account in this run')",
    ]
    play(tmp_path, [asked, {"assert": {"that": expected}}], python=python_for(AS_MODULE, tmp_path))
    assert simulator.dialer.accounts["6666"].failures == 1


def test_an_accepted_check_may_fail(simulator: Simulator, tmp_path: Path) -> None:
    simulator.control.act("advance", {"seconds": 3600})
    simulator.control.act("account", {"user": "6666", "level": 6})
    code, output = preflight(tmp_path, variables={**connection(simulator), "vicidial_preflight_accepted": "tls, clock"})
    assert code == 2, output
    assert "failed listing: No agents can be listed" in output
    accepted = {"vicidial_preflight_accepted": "tls, clock, listing"}
    code, output = preflight(tmp_path, variables={**connection(simulator), **accepted})
    assert code == 0, output
    assert "failed (accepted) listing: No agents can be listed" in output
    assert "failed (accepted) clock: The server's clock is 3" in output


def test_what_cannot_be_done_without_is_not_accepted(simulator: Simulator, tmp_path: Path) -> None:
    variables = {**connection(simulator), "vicidial_preflight_accepted": ["tls", "permission"]}
    code, output = preflight(tmp_path, variables=variables)
    assert code == 2, output
    assert "vicidial_preflight_accepted holds another name than tls, clock and listing" in output
    assert simulator.journal.entries() == []
