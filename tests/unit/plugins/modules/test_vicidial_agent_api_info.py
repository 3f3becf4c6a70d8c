# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The preflight's real main() against the simulator, whose journal tells how often the credentials were sent."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.telephony.vicidial.plugins.module_utils import _options
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._preflight import CHECKS
from ansible_collections.telephony.vicidial.plugins.modules import vicidial_agent_api_info as module
from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.plugins.modules.conftest import Run
from vicidial_simulator.faults import NAMES, STATE_FAULTS

KEYS = {
    "login",
    "changed",
    "fit",
    "blocking",
    "checks",
    "version",
    "build",
    "clock_difference",
    "utc_offset",
    "reason",
    "msg",
}
NON_AGENT = ("logged_in_agents", "recording_lookup")
ACCOUNT = set(CHECKS[4:-2])
LOGIN = {"address", "lock", "credentials"}
MAY_CALL = {*LOGIN, "api_access"}


class Task:
    """Preflights of a simulator. Whatever they find must keep what every one of them promises."""

    def __init__(self, simulator: Simulator, run: Run) -> None:
        self.simulator = simulator
        self._run = run

    def __call__(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"api_url": self.simulator.url, "api_user": "6666", "api_password": "simulated", **options}
        result = self._run(module.main, check_mode=check_mode, **given)
        assert not result["failed"]
        assert set(result) - {"invocation", "failed", "warnings"} == KEYS
        assert not result["changed"]
        assert [row["check"] for row in result["checks"]] == list(CHECKS)
        for finding in result["checks"]:
            assert finding["meaning"].endswith(".")
            assert (finding["remedy"] is None) == (finding["status"] == "passed")
        assert result["fit"] == (not result["blocking"]) == (result["reason"] is None)
        assert self.logins <= 1
        functions = {entry["function"] for entry in self.simulator.journal.entries()}
        assert functions <= {"version", "stereo_recording", *NON_AGENT}
        assert {entry["value"] for entry in self.simulator.journal.entries()} <= {"", "STATUS"}
        return result

    @property
    def logins(self) -> int:
        """How many calls to the Agent API carried the password."""
        entries = self.simulator.journal.entries()
        return sum("pass" in entry["sources"] for entry in entries if entry["function"] not in NON_AGENT)

    @property
    def lists(self) -> int:
        """How often agents were listed."""
        return sum(entry["function"] == "logged_in_agents" for entry in self.simulator.journal.entries())


def checks(result: dict[str, Any], status: str) -> set[str]:
    return {row["check"] for row in result["checks"] if row["status"] == status}


def finding(result: dict[str, Any], check: str) -> dict[str, Any]:
    (found,) = [row for row in result["checks"] if row["check"] == check]
    return dict(found)


@pytest.fixture
def task(simulator: Simulator, run_module: Run) -> Task:
    return Task(simulator, run_module)


@pytest.fixture
def from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's address counts as another machine's."""
    monkeypatch.setattr(_options, "is_loopback", lambda _host: False)


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("is_logged_in", [True, False])
def test_a_fit_server_passes_every_check_with_one_login(task: Task, check_mode: bool, is_logged_in: bool) -> None:
    if is_logged_in:
        task.simulator.control.act("log_in", {"user": "preflight", "campaign": "SALES"})
    result = task(check_mode=check_mode)
    assert checks(result, "passed") == set(CHECKS)
    assert (result["fit"], result["version"], result["build"]) == (True, "2.14-84", "260302-1142")
    assert [entry["function"] for entry in task.simulator.journal.entries()] == [
        "version",
        "stereo_recording",
        *NON_AGENT,
    ]
    assert task.simulator.journal.entries()[1]["agent_user"] == "preflight"
    # The server may have closed the first connection by then, and the login is not repeated for that.
    assert len({entry["port"] for entry in task.simulator.journal.entries()}) == 4


# What is done to the call center, the check that then fails, what of the account is proven, and the reason.
REFUSALS: list[tuple[tuple[str, dict[str, Any]], str, set[str], str]] = [
    (("account", {"user": "6666", "password": "another"}), "credentials", set(), "authentication_failed"),
    (("account", {"user": "6666", "failures": 10, "last_login_date": 1e12}), "lock", set(), "account_locked"),
    (
        ("account", {"user": "6666", "allowed_addresses": ["10.0.0.9"]}),
        "address",
        {"lock", "credentials"},
        "address_blocked",
    ),
    (("account", {"user": "6666", "agent_api_access": False}), "api_access", LOGIN, "api_access_denied"),
    (("system", {"active_servers": False}), "api_active", LOGIN, "api_inactive"),
    (("system", {"api_active": False}), "api_active", MAY_CALL, "api_inactive"),
    (("system", {"stereo_recordings": False}), "stereo_recording", {*MAY_CALL, "api_active"}, "not_valid"),
    (
        ("account", {"user": "6666", "allowed_functions": ["recording"]}),
        "permission",
        {*MAY_CALL, "api_active", "stereo_recording"},
        "permission_denied",
    ),
    (("fault", {"name": "translated"}), "language", set(), "not_understood"),
]


@pytest.mark.parametrize("noise", [False, True])
@pytest.mark.parametrize(("prepare", "failed", "proven", "reason"), REFUSALS)
def test_each_refusal_fails_one_check_and_leaves_what_comes_after_it_unknown(
    task: Task, prepare: tuple[str, dict[str, Any]], failed: str, proven: set[str], reason: str, noise: bool
) -> None:
    task.simulator.control.act(*prepare)
    task.simulator.control.act("system", {"display_errors": noise})
    result = task()
    lacks = {"listing", "recording_log"} if failed in ("api_access", "permission") else set()
    assert (checks(result, "failed"), result["reason"]) == ({failed} | lacks, reason)
    assert checks(result, "passed") & ACCOUNT == proven
    assert task.lists == (proven >= LOGIN), "no second login where the first one may have been a failed one"
    assert result["blocking"] == [check for check in CHECKS if check in ACCOUNT - proven]
    assert task.logins == 1
    assert finding(result, failed)["remedy"] in result["msg"]


@pytest.mark.parametrize(
    ("account", "failed", "said"),
    [
        ({"level": 6}, {"listing", "recording_log"}, "User Level of 7 or more"),
        ({"view_reports": False}, {"listing", "recording_log"}, '"View Reports"'),
        ({"allowed_functions": ["stereo_recording"]}, {"listing", "recording_log"}, "logged_in_agents"),
        ({"allowed_functions": ["stereo_recording", "recording_lookup"]}, {"listing"}, "logged_in_agents"),
        ({"allowed_functions": ["stereo_recording", "logged_in_agents"]}, {"recording_log"}, "recording_lookup"),
    ],
)
def test_an_account_that_may_not_look_up_learns_what_that_is_needed_for(
    task: Task, account: dict[str, Any], failed: set[str], said: str
) -> None:
    task.simulator.control.act("account", {"user": "6666", **account})
    result = task()
    assert (result["fit"], checks(result, "failed")) == (True, failed)
    assert said in " ".join(finding(result, check)["remedy"] for check in failed)
    assert ("the audit, the inventory" in result["msg"]) == ("listing" in failed)
    assert ("receipts of windows" in result["msg"]) == ("recording_log" in failed)


def test_a_level_below_7_costs_one_failed_login(task: Task) -> None:
    task.simulator.control.act("account", {"user": "6666", "level": 6})
    task()
    assert (task.lists, task.simulator.dialer.accounts["6666"].failures) == (1, 1)
    assert "recording_lookup" not in {entry["function"] for entry in task.simulator.journal.entries()}


@pytest.mark.parametrize("password", ["simu.lated", "simu/lated"])
def test_a_password_that_lists_would_strip_is_reported_and_not_sent_to_them(task: Task, password: str) -> None:
    task.simulator.control.act("account", {"user": "6666", "password": password})
    result = task(api_password=password)
    assert (result["fit"], checks(result, "failed"), task.lists) == (True, {"listing", "recording_log"}, 0)
    assert "letters, digits, - and _" in finding(result, "listing")["remedy"]


def test_a_list_whose_address_nobody_knows_is_reported(task: Task) -> None:
    apis = task.simulator.server.apis
    apis["/agc2/api.php"] = apis["/agc/api.php"]
    result = task(api_url=f"{task.simulator.url}/agc2/api.php")
    assert (result["fit"], checks(result, "failed"), task.lists) == (True, {"listing", "recording_log"}, 0)
    assert "non_agent_api_url" in finding(result, "listing")["remedy"]


def test_two_faults_at_once_show_one_after_the_other(task: Task) -> None:
    """The setting is checked before the permission (protocol 4.1), so nothing is said about that."""
    task.simulator.control.act("system", {"stereo_recordings": False})
    task.simulator.control.act("account", {"user": "6666", "allowed_functions": ["recording"]})
    result = task()
    assert checks(result, "failed") == {"stereo_recording", "listing", "recording_log"}
    assert finding(result, "permission")["status"] == "unknown"
    assert "Allow Stereo Recordings" in finding(result, "stereo_recording")["remedy"]


@pytest.mark.parametrize("language", ["default English", "Spanish"])
def test_a_wrong_password_is_one_failed_login_and_in_no_result(task: Task, language: str) -> None:
    task.simulator.control.act("account", {"user": "6666", "language": language})
    task.simulator.control.act("system", {"hashed_passwords": True})
    result = task(api_password="p@ss!w#rd", retries=10)
    assert (task.simulator.dialer.accounts["6666"].failures, task.lists) == (1, 0)
    # A translated refusal is not guessed at.
    assert checks(result, "failed") == ({"language"} if language == "Spanish" else {"credentials"})
    text = json.dumps({key: value for key, value in result.items() if key != "invocation"})
    for secret in ("p@ss!w#rd", "psswrd"):
        assert secret not in text


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("slow-")])
@pytest.mark.parametrize("function", ["version", "stereo_recording"])
def test_whatever_goes_wrong_nothing_unproven_has_passed(task: Task, name: str, function: str) -> None:
    if name in STATE_FAULTS:
        task.simulator.control.act("fault", {"name": name})
    else:
        late = {"seconds": 5.0} if name == "latency" else {}
        task.simulator.control.act("fault", {"name": name, "times": None, "function": function, **late})
    result = task(retries=0, timeout=0.5 if name == "latency" else 10.0)
    harmless = set(STATE_FAULTS) - {"translated", "old-build"} | {"noise", "close-after", "crash-with-answer"}
    assert result["fit"] == (name in harmless)
    if result["fit"]:
        return
    if name in STATE_FAULTS:
        failed, is_asked = ("language", True) if name == "translated" else ("build", False)
    else:
        failed, is_asked = ("server", False) if function == "version" else ("", True)
    assert checks(result, "failed") == {failed} - {""}
    assert checks(result, "unknown") >= ACCOUNT - {failed}
    assert task.logins == is_asked, "nobody logs in where no fit VICIdial answered"


def test_half_an_answer_is_not_taken_for_another_language(task: Task) -> None:
    task.simulator.control.act("fault", {"name": "translated"})
    task.simulator.control.act("fault", {"name": "truncated-unnoticed", "function": "stereo_recording"})
    result = task()
    assert checks(result, "failed") == set()
    assert finding(result, "language")["status"] == "unknown"


def test_the_version_may_be_asked_again_and_the_login_may_not(task: Task) -> None:
    task.simulator.control.act("fault", {"name": "bad-gateway", "function": "version", "times": 1})
    assert task(retries=1)["fit"]
    task.simulator.journal.clear()
    task.simulator.control.act("fault", {"name": "bad-gateway", "function": "stereo_recording", "times": 1})
    assert task(retries=1)["reason"] == "http_error"
    assert task.logins == 1


def test_a_server_that_is_not_there(task: Task) -> None:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    result = task(api_url=url, retries=0)
    assert (checks(result, "failed"), result["reason"]) == ({"server"}, "unreachable")
    assert (result["version"], result["build"], result["clock_difference"]) == (None, None, None)


def test_a_clock_that_is_an_hour_ahead(task: Task) -> None:
    task.simulator.control.act("advance", {"seconds": 3600})
    result = task()
    assert (checks(result, "failed"), result["reason"]) == ({"clock"}, "clock_difference")
    assert abs(result["clock_difference"] - 3600) < 30
    assert "NTP" in result["msg"]


def test_a_time_zone_is_no_difference(task: Task) -> None:
    task.simulator.control.act("system", {"utc_offset": 7200})
    result = task()
    assert (result["fit"], result["utc_offset"]) == (True, "+02:00")


def test_a_verified_certificate(https_simulator: Simulator, run_module: Run, from_afar: None) -> None:
    result = Task(https_simulator, run_module)(ca_path=str(https_simulator.ca_path))
    assert result["fit"]
    assert "certificate is verified" in finding(result, "tls")["meaning"]


@pytest.mark.parametrize("is_far", [False, True])
def test_a_certificate_that_is_not_trusted_gets_no_login(
    https_simulator: Simulator, run_module: Run, monkeypatch: pytest.MonkeyPatch, is_far: bool
) -> None:
    monkeypatch.setattr(_options, "is_loopback", lambda _host: not is_far)
    task = Task(https_simulator, run_module)
    result = task()
    assert (checks(result, "failed"), checks(result, "unknown")) == ({"tls"}, set(CHECKS) - {"tls"})
    assert "ca_path" in finding(result, "tls")["remedy"]
    assert task.simulator.journal.entries() == []


def test_a_certificate_that_nobody_verifies(https_simulator: Simulator, run_module: Run, from_afar: None) -> None:
    result = Task(https_simulator, run_module)(validate_certs=False)
    assert (checks(result, "failed"), result["reason"]) == ({"tls"}, "insecure_connection")
    assert checks(result, "unknown") == set()


def test_plain_http_to_another_machine(task: Task, from_afar: None) -> None:
    result = task()
    assert (checks(result, "failed"), result["reason"]) == ({"tls"}, "insecure_connection")
    assert "travels to 127.0.0.1 in clear" in result["msg"]


def test_plain_http_by_a_proxy_leaves_this_machine(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator is its own proxy here: it looks at the path of an address only."""
    monkeypatch.setenv("http_proxy", task.simulator.url)
    monkeypatch.setenv("no_proxy", "")
    result = task()
    assert checks(result, "failed") == {"tls"}
    assert "travels to a proxy in clear" in result["msg"]


def params(simulator: Simulator, password: str) -> dict[str, Any]:
    """The options as Ansible validates them."""
    given = {"api_url": simulator.url, "api_user": "6666", "api_password": password}
    return dict(ArgumentSpecValidator(**module.PREFLIGHT.spec).validate(given).validated_parameters)


def test_a_job_that_is_cancelled_after_the_first_answer_does_not_log_in(simulator: Simulator) -> None:
    result, _warnings = module.PREFLIGHT.perform(params(simulator, "simulated"), False, lambda: True)
    assert result["reason"] == "interrupted"
    assert [entry["function"] for entry in simulator.journal.entries()] == ["version"]


@pytest.mark.parametrize("options", [{"api_url": "dialer"}, {"api_password": ""}, {"ca_path": "/nowhere"}])
def test_bad_options_fail_and_send_nothing(simulator: Simulator, run_module: Run, options: dict[str, Any]) -> None:
    given = {"api_url": simulator.url, "api_user": "6666", "api_password": "simulated", **options}
    result = run_module(module.main, **given)
    assert (result["failed"], result["reason"]) == (True, "invalid_argument")
    assert simulator.journal.entries() == []


def test_a_defect_is_reported_without_its_text(
    simulator: Simulator, run_module: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("simulated is in here")

    monkeypatch.setattr(AgentApi, "status", broken)
    result = run_module(module.main, api_url=simulator.url, api_user="6666", api_password="simulated")
    assert (result["failed"], result["reason"]) == (True, "internal_error")
    assert "is in here" not in json.dumps(result)
