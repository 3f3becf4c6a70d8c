# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The declaring module's real main() against the simulator: results, exact call counts, check mode, failures."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from signal import SIGTERM
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording import decision, progress
from ansible_collections.telephony.vicidial.plugins.modules import vicidial_stereo_recording as module
from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.plugins.modules.conftest import RECORD, Run
from vicidial_simulator.faults import CALL_FAULTS, NAMES, STATE_FAULTS

DONE = {
    "changed",
    "signals",
    "confirmed",
    "confirmed_after",
    "withdrawn",
    "waiting",
    "ended",
    "skipped",
    "failed",
    "reason",
    "msg",
}


class Task:
    """Tasks against a simulator; waits are short since its screens are quick."""

    def __init__(self, simulator: Simulator, run: Run) -> None:
        self.simulator = simulator
        self._run = run

    def __call__(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {
            "api_url": self.simulator.url,
            "api_user": self.simulator.user,
            "api_password": self.simulator.password,
            "wait_sleep": 0.1,
            **options,
        }
        if not {"agent_user", "agent_users", "alt_user"} & set(given):
            given["agent_user"] = "1000"
        result = self._run(module.main, check_mode=check_mode, **given)
        self.check_shape(result)
        return result

    @staticmethod
    def check_shape(result: dict[str, Any]) -> None:
        """Every path that got past the options returns the same keys."""
        if result.get("reason") == "invalid_argument" or "recordings" not in result:
            assert result["failed"]
            return
        for record in result["recordings"]:
            assert set(record) == RECORD | DONE
            assert "" not in [record[key] for key in RECORD], "an absent value is null"
        assert ("ansible_facts" in result) != result["failed"], "Ansible sets facts when a task succeeds only"
        for record in result.get("ansible_facts", {}).get("vicidial_stereo_recordings", {}).values():
            assert set(record) == RECORD
        failed = [record["failed"] for record in result["recordings"]]
        assert failed == sorted(failed, reverse=True), "who failed comes first"
        assert sum(result["counts"].values()) == len(result["recordings"])
        assert result["changed"] == any(row["changed"] for row in result["recordings"])
        assert set(result["diff"]) == {"before", "after"}

    @property
    def calls(self) -> list[str]:
        """The values of the calls so far: STATUS, BEGIN, END, or the function where it is another one."""
        return [entry["value"] or entry["function"] for entry in self.simulator.journal.entries()]

    def live(self, user: str = "1000") -> int:
        """How many stereo recordings of ``user`` are live in truth."""
        with self.simulator.lock:
            return len([row for row in self.simulator.dialer.state()["live"] if row["user"] == user])


@pytest.fixture
def task(simulator: Simulator, run_module: Run, monkeypatch: pytest.MonkeyPatch) -> Task:
    """Patience in proportion to the simulator's screens, which are twenty times as quick as real ones."""
    monkeypatch.setattr(progress, "SCREEN_SECONDS", progress.SCREEN_SECONDS / 10)
    monkeypatch.setattr(f"{progress.__name__}.FIRST_RETRY_PAUSE", 0.05)
    monkeypatch.setattr(decision, "WATCH_SECONDS", decision.WATCH_SECONDS / 10)
    monkeypatch.setattr(progress, "LOST_SECONDS", {"BEGIN": 1.0, "END": 0.4})
    return Task(simulator, run_module)


def test_four_steps_to_recording_and_four_back(task: Task) -> None:
    """Check, real, check again, real again; the proof is the dialer's own state."""
    for state, signal, live in (("recording", "BEGIN", 1), ("idle", "END", 0)):
        predicted = task(state=state, check_mode=True)
        assert (predicted["changed"], predicted["recordings"][0]["state"], task.live()) == (True, state, 1 - live)
        assert (predicted["recordings"][0]["confirmed"], task.calls) == (False, ["STATUS"])
        done = task(state=state)
        assert (done["changed"], done["recordings"][0]["state"], task.live()) == (True, state, live)
        assert (done["recordings"][0]["confirmed"], done["recordings"][0]["signals"]) == (True, [signal])
        assert done["diff"] == predicted["diff"]
        polls = len(task.calls) - 3
        assert polls >= 1
        assert task.calls == ["STATUS", "STATUS", signal, *["STATUS"] * polls]
        for check_mode in (True, False):
            again = task(state=state, check_mode=check_mode)
            assert (again["changed"], again["recordings"][0]["confirmed"]) == (False, True)
            assert again["diff"]["before"] == again["diff"]["after"] == f"1000: {state}\n"
        assert len(task.calls) == 3 + polls + 2, "already so is one call"
        task.simulator.journal.clear()


def test_the_record_holds_the_fields_of_the_api(task: Task) -> None:
    result = task(state="recording")
    record = result["ansible_facts"]["vicidial_stereo_recording"]
    recording = task.simulator.dialer.recordings[0]
    assert record == {
        "user": "1000",
        "logged_in": True,
        "state": "recording",
        "recording_id": recording.recording_id,
        "filename": recording.filename,
        "server": "10.0.0.5",
        "start_time": record["start_time"],
        "agent_server": "10.0.0.5",
        "session": "8600051",
        "agent_status": "INCALL",
    }
    assert result["ansible_facts"]["vicidial_stereo_recordings"] == {"1000": record}
    assert 0 < result["recordings"][0]["confirmed_after"] < 10


def test_an_agent_is_found_by_alt_user(task: Task) -> None:
    result = task(state="recording", alt_user="crm1001")
    assert result["recordings"][0]["user"] == "1001"
    assert task.live("1001") == 1


def test_two_live_recordings_are_both_ended(task: Task) -> None:
    for _time in range(2):
        task.simulator.dialer.start_recording("1000")
    result = task(state="idle")
    assert (result["recordings"][0]["signals"], task.live()) == (["END", "END"], 0)


def test_environment_variables_stand_in_for_options(
    task: Task, monkeypatch: pytest.MonkeyPatch, run_module: Run
) -> None:
    for name, value in (
        ("URL", task.simulator.url),
        ("USER", "6666"),
        ("PASSWORD", "simulated"),
        ("SOURCE", "fromenv"),
    ):
        monkeypatch.setenv(f"VICIDIAL_API_{name}", value)
    assert not run_module(module.main, agent_user="1000", state="idle")["failed"]
    assert task.simulator.journal.entries()[0]["source"] == "fromenv"


def test_verification_by_environment_variables(
    https_simulator: Simulator, run_module: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task(https_simulator, run_module)
    assert task(state="idle")["reason"] == "unreachable"
    monkeypatch.setenv("VICIDIAL_CA_PATH", str(https_simulator.ca_path))
    assert not task(state="idle")["failed"]
    monkeypatch.delenv("VICIDIAL_CA_PATH")
    monkeypatch.setenv("VICIDIAL_VALIDATE_CERTS", "false")
    assert not task(state="idle")["failed"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"agent_user": "10 00"}, "is not a VICIdial user"),
        ({"api_source": "x"}, "api_source"),
        ({"api_url": "dialer"}, "api_url"),
        ({"api_user": ""}, "api_user"),
        ({"api_password": ""}, "api_password"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": "soon"}, "timeout"),
        ({"retries": 99}, "retries"),
        ({"agent_users": ["1000", "10 00"]}, "is not a VICIdial user"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 9}, "concurrency"),
        ({"rate_limit": 0}, "rate_limit"),
        ({"wait": "perhaps"}, "wait"),
        ({"wait_timeout": -1}, "wait_timeout"),
        ({"wait_sleep": 0}, "wait_sleep"),
        ({"state": "stopped"}, "state"),
        ({"state": None}, "state"),
        ({"require_call": "often"}, "require_call"),
        ({"when_logged_out": "panic"}, "when_logged_out"),
        ({"ca_path": "/nowhere"}, "ca_path"),
        ({"client_cert": "/nowhere"}, "client_cert"),
        ({"client_key": "/nowhere"}, "client_cert"),
        ({"client_key": "/nowhere", "client_cert": "/nowhere"}, "client_cert"),
        ({"validate_certs": "later"}, "validate_certs"),
        ({"alt_user": "crm1000", "agent_user": "1000"}, "mutually exclusive"),
    ],
)
def test_bad_options_are_named_and_nothing_is_sent(task: Task, options: dict[str, Any], said: str) -> None:
    result = task(**{"state": "recording", **options})
    assert result["failed"]
    assert said in result["msg"]
    assert task.calls == []


def test_no_name_has_a_value(task: Task) -> None:
    result = task(state="idle", agent_user=None)
    assert "none of agent_user, agent_users, alt_user has a value" in result["msg"]
    assert task.calls == []


def test_an_agent_must_be_named(run_module: Run) -> None:
    result = run_module(module.main, state="idle", api_url="http://127.0.0.1:9", api_user="6666", api_password="x")
    assert "one of the following is required: agent_user, agent_users, alt_user" in result["msg"]


def test_without_requests_ansibles_own_message_says_so(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.telephony.vicidial.plugins.module_utils._task.HAS_REQUESTS", False)
    result = task(state="idle")
    assert "Failed to import the required Python library (requests)" in result["msg"]
    assert f"{sys.executable} -m pip install requests" in result["msg"]
    assert not {"reason", "recordings"} & set(result)
    assert task.calls == []


@pytest.mark.parametrize("state", ["recording", "idle"])
def test_logged_out_fails_unless_ignored(task: Task, state: str) -> None:
    result = task(state=state, agent_user="4711")
    assert (result["failed"], result["reason"]) == (True, "not_logged_in")
    assert result["msg"].startswith("Agent 4711: the agent is not logged in. ")
    ignored = task(state=state, agent_user="4711", when_logged_out="ignore")
    record = ignored["recordings"][0]
    assert (ignored["failed"], ignored["changed"], record["logged_in"], record["state"]) == (False, False, False, None)
    assert record["skipped"] == (state == "recording")
    assert ("skipped" if state == "recording" else "satisfied") in ignored["msg"]


def test_no_live_call_is_refused_before_a_signal(task: Task) -> None:
    result = task(state="recording", agent_user="1004", require_call=True)
    assert (result["failed"], result["reason"], result["changed"]) == (True, "no_live_call", False)
    assert task.calls == ["STATUS"]


def test_never_confirmed_fails_and_says_what_was_done(task: Task) -> None:
    result = task(state="recording", agent_user="1004", wait_timeout=0.3)
    assert (result["failed"], result["reason"], result["changed"]) == (True, "not_confirmed", True)
    assert result["recordings"][0]["signals"] == ["BEGIN"]
    assert "Agent 1004: " in result["msg"]
    assert result["recordings"][0]["state"] == "idle"


def test_a_campaign_that_forbids_it_is_among_the_causes(task: Task) -> None:
    task.simulator.control.act("campaign", {"name": "SALES", "stereo": "DISABLED"})
    result = task(state="recording", wait_timeout=0.3)
    assert "DISABLED for the campaign" in result["msg"]
    assert task.live() == 0


def test_without_waiting_it_says_unconfirmed(task: Task) -> None:
    result = task(state="recording", wait=False)
    assert result["diff"] == {"before": "1000: idle\n", "after": "1000: idle, BEGIN sent\n"}
    record = result["recordings"][0]
    assert (result["changed"], record["confirmed"], record["state"], task.calls) == (
        True,
        False,
        "idle",
        ["STATUS", "BEGIN"],
    )


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (("account", {"user": "6666", "password": "another"}), "authentication_failed"),
        (("account", {"user": "6666", "failures": 10, "last_login_date": 1e12}), "account_locked"),
        (("account", {"user": "6666", "allowed_addresses": ["10.0.0.9"]}), "address_blocked"),
        (("account", {"user": "6666", "agent_api_access": False}), "api_access_denied"),
        (("account", {"user": "6666", "allowed_functions": ["recording"]}), "permission_denied"),
        (("system", {"api_active": False}), "api_inactive"),
        (("system", {"active_servers": False}), "api_inactive"),
        (("system", {"stereo_recordings": False}), "not_valid"),
        (("fault", {"name": "old-build"}), "unsupported_server"),
        (("fault", {"name": "translated"}), "not_understood"),
        (("fault", {"name": "bad-gateway", "times": None}), "http_error"),
        (("fault", {"name": "reset-before-work", "times": None}), "unreachable"),
        (("fault", {"name": "latency", "seconds": 0.5, "times": None}), "timeout"),
    ],
)
def test_each_failure_has_its_reason_and_a_remedy(task: Task, prepare: tuple[str, dict[str, Any]], reason: str) -> None:
    task.simulator.control.act(*prepare)
    result = task(state="recording", retries=0, timeout=0.3)
    assert (result["failed"], result["reason"], result["changed"]) == (True, reason, False)
    assert result["msg"].startswith("Agent 1000: ")
    assert result["msg"].count(". ") >= 1, "what happened, then what to do"
    assert result["recordings"][0]["reason"] == reason
    assert result["recordings"][0]["state"] is None
    assert "BEGIN" not in task.calls


def test_no_such_user(task: Task) -> None:
    result = task(state="recording", alt_user="crm4711")
    assert (result["reason"], result["recordings"][0]["user"]) == ("no_such_user", None)
    assert result["msg"].startswith("Agent (alt_user crm4711): ")


def test_a_wrong_password_is_one_failed_login_and_no_more(task: Task) -> None:
    result = task(state="recording", api_password="p@ss!w#rd", retries=10)
    assert result["reason"] == "authentication_failed"
    assert task.simulator.dialer.accounts["6666"].failures == 1
    assert "ten failed logins lock the account" in result["msg"]
    assert "can never match" in json.dumps(result["warnings"])
    for secret in ("p@ss!w#rd", "psswrd"):
        assert secret not in json.dumps({key: value for key, value in result.items() if key != "invocation"})


@pytest.mark.parametrize(
    "faults",
    [
        ["crash-after-work"],
        ["truncated"],
        ["reset-after-work"],
        ["empty-body"],
        ["truncated-unnoticed"],
        ["truncated-unnoticed", "display-errors"],
        ["noise"],
    ],
)
def test_a_wrong_password_is_one_failed_login_also_when_the_answer_is_lost(task: Task, faults: list[str]) -> None:
    for fault in faults:
        task.simulator.control.act("fault", {"name": fault, **({} if fault in STATE_FAULTS else {"times": None})})
    result = task(state="recording", agent_users=["1000", "1001", "1003"], api_password="wrong", retries=3)
    assert result["failed"]
    assert task.simulator.dialer.accounts["6666"].failures == 1


@pytest.mark.parametrize(
    "fault", ["crash-with-answer", "crash-after-work", "reset-after-work", "truncated", "empty-body"]
)
@pytest.mark.parametrize(("state", "signal"), [("recording", "BEGIN"), ("idle", "END")])
def test_a_signal_with_an_unclear_answer_that_did_arrive(task: Task, fault: str, state: str, signal: str) -> None:
    if state == "idle":
        task.simulator.dialer.start_recording("1000")
    task.simulator.control.act("fault", {"name": fault, "value": signal})
    result = task(state=state)
    assert (result["failed"], result["changed"], result["recordings"][0]["signals"]) == (False, True, [signal])
    assert task.live() == (state == "recording")


@pytest.mark.parametrize("fault", ["bad-gateway", "crash-before-work", "reset-before-work", "database-down"])
def test_a_signal_that_did_not_arrive_is_sent_again_once(task: Task, fault: str) -> None:
    task.simulator.control.act("fault", {"name": fault, "value": "BEGIN"})
    result = task(state="recording")
    assert (result["failed"], result["recordings"][0]["signals"], task.live()) == (False, ["BEGIN", "BEGIN"], 1)


def test_a_state_that_cannot_be_asked_is_reported_unknown(task: Task) -> None:
    task.simulator.dialer.start_recording("1000")
    task.simulator.control.act(
        "fault", {"name": "bad-gateway", "times": None, "skip": 1, "function": "stereo_recording"}
    )
    result = task(state="idle", retries=1, wait_timeout=1.5)
    record = result["recordings"][0]
    assert (result["reason"], record["state"], record["signals"]) == ("http_error", None, ["END"])
    assert "its state is unknown until STATUS is asked again" in result["msg"]


def test_a_state_that_cannot_be_asked_after_somebodys_begin_was_taken_back_is_reported_unknown(task: Task) -> None:
    task.simulator.dialer.end_call("1000")
    task(state="recording", wait=False)
    task.simulator.control.act(
        "fault", {"name": "bad-gateway", "times": None, "skip": 2, "function": "stereo_recording"}
    )
    result = task(state="idle", check_waiting=True, retries=1, wait_timeout=1.5)
    record = result["recordings"][0]
    assert (result["reason"], record["state"], record["signals"]) == ("http_error", None, [])
    assert (record["withdrawn"], record["changed"]) == (True, True)
    assert result["msg"].endswith(
        "The BEGIN was taken back. The agent's screen may have read it before: "
        "its state is unknown until STATUS is asked again."
    )


@pytest.mark.parametrize("fault", [None, *NAMES])
@pytest.mark.parametrize("state", ["recording", "idle"])
@pytest.mark.parametrize("live", [False, True])
def test_check_mode_never_sends_a_signal(task: Task, fault: str | None, state: str, live: bool) -> None:
    """The API writes by the verb that it reads by, so it is the value in the server's journal that proves it."""
    if live:
        task.simulator.dialer.start_recording("1000")
    if fault:
        details = {} if fault in STATE_FAULTS else {"times": None}
        slow = {"seconds": 0.001} if fault in CALL_FAULTS and CALL_FAULTS[fault].is_slow else {}
        task.simulator.control.act("fault", {"name": fault, **details, **slow})
    task(state=state, check_mode=True, retries=1)
    assert set(task.calls) <= {"STATUS", "version"}
    assert task.live() == live


def test_a_defect_is_reported_without_a_traceback_and_without_its_text(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("simulated is in here")

    monkeypatch.setattr(AgentApi, "status", broken)
    result = task(state="idle")
    assert result["reason"] == "internal_error"
    assert "RuntimeError at test_vicidial_stereo_recording.py:" in result["msg"]
    assert "is in here" not in json.dumps(result)


def test_many_agents_each_once_in_the_order_given(task: Task) -> None:
    task.simulator.dialer.start_recording("1003")
    result = task(state="recording", agent_users=["1003", "1001", "4711", "1001"], when_logged_out="ignore")
    assert [(row["user"], row["changed"], row["skipped"]) for row in result["recordings"]] == [
        ("1003", False, False),
        ("1001", True, False),
        ("4711", False, True),
    ]
    assert result["counts"] == {"changed": 1, "already": 1, "failed": 0, "skipped": 1}
    assert result["diff"]["before"] == "1003: recording\n1001: idle\n4711: unknown\n"
    assert result["diff"]["after"] == "1003: recording\n1001: recording\n4711: unknown\n"
    assert result["ansible_facts"]["vicidial_stereo_recording"] == {}
    assert list(result["ansible_facts"]["vicidial_stereo_recordings"]) == ["1003", "1001", "4711"]
    assert task.live("1001") == 1


def test_an_empty_list_is_no_change_and_no_call(task: Task) -> None:
    result = task(state="recording", agent_users=[])
    assert (result["failed"], result["changed"], result["recordings"], task.calls) == (False, False, [], [])


def test_a_partial_failure_attempts_everyone_and_names_up_to_ten(task: Task) -> None:
    gone = [str(user) for user in range(4700, 4712)]
    result = task(state="recording", agent_users=["1000", *gone, "1001"])
    assert (result["failed"], result["reason"], result["changed"]) == (True, "not_logged_in", True)
    assert result["counts"] == {"changed": 2, "already": 0, "failed": 12, "skipped": 0}
    assert result["msg"].startswith("12 of 14 agents failed: 4700 (not_logged_in), ")
    assert "4709 (not_logged_in) and 2 more. Agent 4700: " in result["msg"]
    assert "4710" not in result["msg"]
    assert (task.live("1000"), task.live("1001")) == (1, 1)


def test_what_ansible_prints_of_a_failure_is_bounded_and_begins_with_those_who_failed(task: Task) -> None:
    """Ansible prints a failed result on one line, the message before the records."""
    task.simulator.dialer.change_screen("1000", open=False)
    gone = [str(user) for user in range(4700, 4750)]
    result = task(state="recording", agent_users=["1001", "1000", *gone], require_call=True, wait_timeout=0.5)
    assert [row["failed"] for row in result["recordings"]] == [True] * 51 + [False]
    assert "ansible_facts" not in result
    assert sum(len(json.dumps(row)) for row in result["recordings"]) < 52 * 600
    assert max(len(json.dumps(row)) for row in result["recordings"]) < 1000
    assert len(result["msg"]) < 1200


def test_one_kept_alive_connection_a_worker(task: Task) -> None:
    result = task(state="recording", agent_users=["1000", "1001", "1003", "1005"], concurrency=2)
    assert not result["failed"]
    assert len({entry["port"] for entry in task.simulator.journal.entries()}) <= 2


def test_an_alt_user_that_is_given_to_another_in_between_changes_nothing(task: Task) -> None:
    task.simulator.dialer.change_screen("1000", poll=1.0)
    timer = threading.Timer(0.1, lambda: task.simulator.dialer.alt_users.update(crm1000="1001"))
    timer.start()
    result = task(state="recording", alt_user="crm1000")
    timer.join()
    assert (result["recordings"][0]["user"], task.live("1000"), task.live("1001")) == ("1000", 1, 0)


def test_logging_out_after_begin_is_not_called_skipped(task: Task) -> None:
    task.simulator.dialer.change_screen("1000", open=False)
    timer = threading.Timer(0.3, lambda: task.simulator.control.act("log_out", {"user": "1000"}))
    timer.start()
    result = task(state="recording", when_logged_out="ignore")
    timer.join()
    record = result["recordings"][0]
    assert (record["user"], record["skipped"], record["changed"], record["state"]) == ("1000", False, True, None)
    assert "logged out after BEGIN" in record["msg"]


@pytest.mark.parametrize("options", [{"check_mode": True}, {"wait": False}])
def test_a_begin_that_would_wait_for_a_call_is_reported(task: Task, options: dict[str, Any]) -> None:
    result = task(state="recording", agent_user="1004", **options)
    assert (result["failed"], result["changed"]) == (False, True)
    assert "Agent 1004 is in no live call (status PAUSED): a BEGIN waits there" in result["msg"]


def cancel_when_seen_recording(task: Task, user: str) -> None:
    """Cancel the job once it has seen ``user`` recording, and has asked twice about the other one since."""
    seen: list[str] = []
    while len(seen) < 3:
        time.sleep(0.01)
        with task.simulator.lock:
            results = [(call["agent_user"], call["result"]) for call in task.simulator.journal.entries()]
        active = (user, "NOTICE: stereo_recording active")
        seen = [name for name, _result in results[results.index(active) :]] if active in results else []
    os.kill(os.getpid(), SIGTERM)


def test_a_cancelled_job_returns_what_was_done(task: Task) -> None:
    task.simulator.dialer.change_screen("1000", open=False)
    canceling = threading.Thread(target=cancel_when_seen_recording, args=[task, "1001"])
    canceling.start()
    result = task(state="recording", agent_users=["1000", "1001"], wait_timeout=60)
    canceling.join()
    assert (result["failed"], result["reason"], result["changed"]) == (True, "interrupted", True)
    records = [(row["signals"], row["state"]) for row in result["recordings"]]
    assert records == [(["BEGIN"], None), (["BEGIN"], "recording")]


def test_a_defect_in_the_middle_hides_nothing(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = AgentApi.status

    def broken(api: AgentApi, agent: Agent) -> object:
        if "BEGIN" in task.calls:
            raise RuntimeError("simulated is in here")
        return ask(api, agent)

    monkeypatch.setattr(AgentApi, "status", broken)
    result = task(state="recording")
    assert (result["reason"], result["changed"]) == ("internal_error", True)
    assert result["recordings"][0]["signals"] == ["BEGIN"]
    assert "BEGIN may have reached the agent" in result["msg"]


def test_idle_that_must_hold_ends_what_somebody_else_begins_meanwhile(task: Task) -> None:
    with task.simulator.lock:
        task.simulator.dialer.change_screen("1000", poll=0.5)
        task.simulator.dialer.write_slot("1000", "BEGIN")
    result = task(state="idle", stable_for=1.5)
    (record,) = result["recordings"]
    assert (record["state"], record["confirmed"], set(record["signals"])) == ("idle", True, {"END"})
    with task.simulator.lock:
        assert task.simulator.dialer.live_recording("1000") is None


# With the log: what was recorded


def test_the_recording_that_was_ended_is_told_with_its_length(task: Task) -> None:
    dialer = task.simulator.dialer
    recording = dialer.start_recording("1000")
    with task.simulator.lock:
        recording.started_at -= 63
    result = task(state="idle", log=True)
    (ended,) = result["recordings"][0]["ended"]
    assert (ended["recording_id"], ended["filename"]) == (recording.recording_id, recording.filename)
    assert ended["duration"] in (63, 64)
    assert (ended["location"], ended["lead_id"]) == (None, recording.lead_id)
    assert "does not tell yet where the file" in result["recordings"][0]["msg"]
    assert task.calls[0] == "recording_lookup"
    assert task.calls[-1] == "recording_lookup"
    assert task.calls.count("recording_lookup") == 2

    task.simulator.journal.clear()
    again = task(state="idle", log=True)
    assert (again["changed"], again["recordings"][0]["ended"]) == (False, [])
    assert task.calls == ["recording_lookup", "STATUS"]


def test_the_place_of_the_file_is_told_where_it_is_known(task: Task) -> None:
    task.simulator.dialer.system.seconds_to_move = 0
    recording = task.simulator.dialer.start_recording("1000")
    with task.simulator.lock:
        recording.started_at -= 63
    record = task(state="idle", log=True)["recordings"][0]
    assert record["ended"][0]["location"] == f"http://10.0.0.5/RECORDINGS/{recording.filename}.wav"
    assert record["msg"] == ""


def test_without_the_log_what_was_ended_is_known_by_status_alone(task: Task) -> None:
    recording = task.simulator.dialer.start_recording("1000")
    assert task(state="idle", check_mode=True)["recordings"][0]["ended"] == []
    (ended,) = task(state="idle")["recordings"][0]["ended"]
    assert ended["recording_id"] == recording.recording_id
    assert {ended[key] for key in ("duration", "end_time", "lead_id", "location")} == {None}


@pytest.mark.parametrize(
    ("account", "reason", "failures"),
    [({"allowed_functions": ["stereo_recording"]}, "permission_denied", 0), ({"level": 6}, "authentication_failed", 1)],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_where_the_log_may_not_be_read_nothing_is_ended(
    task: Task, account: dict[str, Any], reason: str, failures: int, check_mode: bool
) -> None:
    task.simulator.dialer.start_recording("1000")
    task.simulator.control.act("account", {"user": "6666", **account})
    result = task(state="idle", log=True, check_mode=check_mode)
    assert (result["reason"], result["changed"], task.live(), task.calls) == (reason, False, 1, ["recording_lookup"])
    assert task.simulator.dialer.accounts["6666"].failures == failures


def test_a_log_that_fails_after_the_end_is_a_failure_that_says_what_is_known(task: Task) -> None:
    task.simulator.dialer.start_recording("1000")
    task.simulator.faults.add(task.simulator.dialer, "redirect", function="recording_lookup", skip=1, times=1)
    result = task(state="idle", log=True)
    assert (result["failed"], result["reason"], result["changed"]) == (True, "http_error", True)
    assert result["msg"].startswith("The recording log was not read: ")
    assert (result["recordings"][0]["state"], len(result["recordings"][0]["ended"]), task.live()) == ("idle", 1, 0)
