# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real main() of the module that asks the recording log, against the simulator."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.telephony.vicidial.plugins.module_utils._login import LoginHistory
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol import recording_log
from ansible_collections.telephony.vicidial.plugins.modules import vicidial_recordings_info as module
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator, serving
from ansible_collections.telephony.vicidial.tests.unit.plugins.modules.conftest import Run
from vicidial_simulator.accounts import Account
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import AGENT_CONTROLLED, MONO, PARALLEL, Dialer, Recording

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=timezone.utc).timestamp()
TODAY, YESTERDAY = "2026-11-24", "2026-11-23"
AGENT_CODES, CAMPAIGN_CODES = 14, 6
CODES = AGENT_CODES + CAMPAIGN_CODES
KEYS = {
    "user",
    "recording_id",
    "kind",
    "code",
    "start_time",
    "duration",
    "end_time",
    "running",
    "lead_id",
    "location",
    "filename",
}


def row(user: str, code: str, begin: str, seconds: int | None, lead_id: int = 500001) -> Recording:
    """A recording in the log that began at ``begin`` and ended ``seconds`` later, or runs."""
    kind = MONO if code.isdigit() else PARALLEL if code.startswith("SPF") else AGENT_CONTROLLED
    start = datetime.fromisoformat(begin).replace(tzinfo=timezone.utc).timestamp()
    end = None if seconds is None else start + seconds
    return Recording(0, user, kind, f"{user}_{code}", "10.0.0.5", start, "", end, "", code, lead_id, f"{int(start)}.77")


ROWS = [
    row("1000", "SACBC", f"{YESTERDAY} 09:00:00", 10),
    row("1000", "8600051", f"{YESTERDAY} 23:50:00", 1200),
    row("1001", "SPFR", f"{YESTERDAY} 23:59:30", 60),
    row("1000", "SACBC", f"{TODAY} 09:00:00", 63),
    row("1000", "8600051", f"{TODAY} 09:00:01", 62),
    row("1001", "SPFR", f"{TODAY} 10:00:00", 600, lead_id=500002),
    row("1001", "SACIBC", f"{TODAY} 10:00:10", 30, lead_id=500002),
    row("1000", "SACCO", f"{TODAY} 11:59:50", None),
]


class Task:
    """Questions to the log of a simulator."""

    def __init__(self, simulator: Simulator, run: Run) -> None:
        self.simulator = simulator
        self._run = run

    def __call__(self, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"api_url": self.simulator.url, "api_user": USER, "api_password": PASSWORD, **options}
        result = self._run(module.main, check_mode=check_mode, **given)
        assert not result.get("changed")
        assert all(set(record) == KEYS for record in result.get("recordings", []))
        return result

    def ids(self, **options: Any) -> list[int]:
        """Which of ROWS, counted from 1, the answer holds."""
        result = self(**options)
        assert not result["failed"], result
        return [record["recording_id"] - 100000 for record in result["recordings"]]

    def lookups(self) -> int:
        """How often the log was asked; the one question for the version is beside that."""
        functions = [entry["function"] for entry in self.simulator.journal.entries()]
        assert functions == ["version"] + ["recording_lookup"] * (len(functions) - 1)
        return len(functions) - 1


@pytest.fixture
def task(run_module: Run) -> Iterator[Task]:
    dialer = Dialer(Clock(lambda: NOW))
    dialer.accounts[USER] = Account(USER, PASSWORD)
    dialer.log_recordings(ROWS)
    with serving(dialer) as simulator:
        yield Task(simulator, run_module)


def test_each_kind_with_what_the_log_tells(task: Task) -> None:
    agent, mono, running = task(agent_users="1000", date=TODAY)["recordings"]
    assert agent == {
        "user": "1000",
        "recording_id": 100004,
        "kind": "agent",
        "code": "SACBC",
        "start_time": f"{TODAY} 09:00:00",
        "duration": 63,
        "end_time": f"{TODAY} 09:01:03",
        "running": False,
        "lead_id": 500001,
        "location": "http://10.0.0.5/RECORDINGS/1000_SACBC.wav",
        "filename": "1000_SACBC.wav",
    }
    assert (mono["kind"], mono["code"], mono["duration"]) == ("mono", None, 62)
    nothing = dict.fromkeys(("duration", "end_time", "location", "filename"))
    assert running == {**running, **nothing, "kind": "agent", "code": "SACCO", "running": True}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        # A day: what began on it.
        ({"date": YESTERDAY, "agent_users": ["1000", "1001"]}, [1, 2, 3]),
        ({"date": YESTERDAY}, [1, 3]),
        ({"date": TODAY, "kinds": ["campaign"]}, [6]),
        ({"date": TODAY, "kinds": ["agent"]}, [4, 7, 8]),
        ({"date": TODAY, "kinds": ["mono"], "agent_users": ["1000", "1001"]}, [5]),
        ({"date": TODAY, "agent_users": ["1001"], "kinds": ["campaign", "agent"]}, [6, 7]),
        ({"date": "2026-11-22"}, []),
        ({"date": "today"}, [4, 6, 7, 8]),
        ({"date": "yesterday"}, [1, 3]),
        ({"date": TODAY, "agent_users": "4711"}, []),
        # A time: what overlaps it, over midnight, over days, to the second.
        ({"since": f"{TODAY} 00:05", "until": f"{TODAY} 00:06", "agent_users": ["1000", "1001"]}, [2]),
        ({"since": f"{TODAY} 00:00", "until": f"{TODAY} 00:01"}, [3]),
        ({"since": f"{YESTERDAY} 00:00", "until": f"{TODAY} 09:00:00"}, [1, 3, 4]),
        ({"since": f"{YESTERDAY} 00:00", "until": f"{TODAY} 08:59:59"}, [1, 3]),
        ({"since": f"{TODAY} 09:01:03", "until": f"{TODAY} 09:30"}, [4]),
        ({"since": f"{TODAY} 09:01:04", "until": f"{TODAY} 09:30"}, []),
        ({"since": f"{TODAY} 10:05", "until": f"{TODAY} 11:59:49"}, [6]),
        # A recording that runs has no end; without `until`, the time ends now.
        ({"since": f"{TODAY} 11:59:59", "until": f"{TODAY} 23:59"}, [8]),
        ({"since": f"{TODAY} 10:09"}, [6, 8]),
        # A call
        ({"lead_id": 500002}, [6, 7]),
        ({"lead_id": 500002, "kinds": ["campaign"]}, [6]),
        ({"lead_id": 4711}, []),
        ({"uniqueid": ROWS[4].uniqueid}, [5]),
        ({"uniqueid": "1234567890.1"}, []),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_is_asked_for_is_answered(
    task: Task, options: dict[str, Any], expected: list[int], check_mode: bool
) -> None:
    assert task.ids(check_mode=check_mode, **options) == expected


@pytest.mark.parametrize(
    ("options", "lookups"),
    [
        ({"date": TODAY}, CODES),
        ({"date": TODAY, "kinds": ["agent"]}, AGENT_CODES),
        ({"date": TODAY, "kinds": ["campaign"]}, CAMPAIGN_CODES),
        # One call a code, whatever the number of agents
        ({"date": TODAY, "kinds": ["agent"], "agent_users": [str(user) for user in range(1000, 1300)]}, AGENT_CODES),
        # Mono recordings cost one call an agent and day.
        ({"date": TODAY, "agent_users": [str(user) for user in range(1000, 1300)]}, 300 + CODES),
        ({"date": TODAY, "kinds": ["mono"], "agent_users": "1000"}, 1 + CODES),
        # Where there is nothing, no code is asked for.
        ({"date": "2026-11-01", "agent_users": ["1000", "1001"]}, 2),
        ({"lead_id": 4711}, 1),
        ({"lead_id": 500002}, 1 + CODES),
        ({"lead_id": 500002, "kinds": ["campaign"]}, CAMPAIGN_CODES),
        # A time costs the day before only where it begins before noon.
        ({"since": f"{TODAY} 11:00", "until": f"{TODAY} 12:00"}, 2 * CODES),
        ({"since": f"{TODAY} 12:00", "until": f"{TODAY} 13:00"}, CODES),
        ({"since": f"{YESTERDAY} 22:00", "until": f"{TODAY} 02:00"}, 2 * CODES),
    ],
)
def test_it_takes_no_more_calls_than_the_documentation_says(task: Task, options: dict[str, Any], lookups: int) -> None:
    assert not task(**options)["failed"]
    assert task.lookups() == lookups
    with task.simulator.lock:
        ports = {entry["port"] for entry in task.simulator.journal.entries()[1:]}
    assert len(ports) == 1, "all on one connection"


def test_today_is_the_servers(task: Task) -> None:
    task.simulator.dialer.system.utc_offset = 13 * 3600
    assert task.ids(date="yesterday") == [3, 4, 6, 7]
    assert task.ids(date="today") == [8]
    assert task(date="today")["server_url"] == task.simulator.url


def test_the_kinds_that_were_asked_for_are_reported(task: Task) -> None:
    assert task(date=TODAY)["kinds"] == ["agent", "campaign"]
    assert task(date=TODAY, agent_users="1000")["kinds"] == ["agent", "campaign", "mono"]
    assert task(lead_id=1, kinds=["mono", "agent"])["kinds"] == ["agent", "mono"]


def test_a_recording_that_several_codes_claim_is_of_no_kind(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [row for row in task.simulator.dialer.recordings if row.lead_id == 500002]
    monkeypatch.setattr("vicidial_simulator.recording_log.find", lambda *_ignored: found)
    for kinds in (["agent"], ["agent", "campaign", "mono"]):
        records = task(lead_id=500002, kinds=kinds)["recordings"]
        assert [(record["kind"], record["code"]) for record in records] == [(None, None), (None, None)]


@pytest.mark.parametrize(("seconds", "expected"), [(0, "+00:00"), (3600, "+01:00"), (-12600, "-03:30")])
def test_the_server_time_and_its_zone(task: Task, seconds: int, expected: str) -> None:
    task.simulator.dialer.system.utc_offset = seconds
    result = task(date=TODAY)
    assert result["utc_offset"] == expected
    shown = datetime.fromisoformat(result["server_time"]).replace(tzinfo=timezone.utc).timestamp()
    assert shown == NOW + seconds


def test_a_server_that_tells_no_time(task: Task) -> None:
    task.simulator.faults.add(task.simulator.dialer, "empty-body", times=1)
    result = task(date=TODAY)
    assert (result["server_time"], result["utc_offset"], len(result["recordings"])) == (None, None, 4)
    task.simulator.faults.add(task.simulator.dialer, "empty-body", times=1)
    assert task(since=TODAY)["reason"] == "not_understood"
    task.simulator.faults.add(task.simulator.dialer, "empty-body", times=1)
    assert task(date="today")["reason"] == "not_understood"
    task.simulator.faults.add(task.simulator.dialer, "empty-body", times=1)
    assert not task(since=TODAY, until=f"{TODAY} 12:00")["failed"]


@pytest.mark.parametrize(("rows", "reason"), [(99, None), (100, "too_many_rows"), (101, "too_many_rows")])
def test_as_many_rows_as_the_log_gives_at_most_are_no_answer(
    task: Task, monkeypatch: pytest.MonkeyPatch, rows: int, reason: str | None
) -> None:
    monkeypatch.setattr("vicidial_simulator.recording_log.MOST_ROWS", 100)
    monkeypatch.setattr(recording_log, "MOST_ROWS", 100)
    task.simulator.dialer.log_recordings(row("1000", "SACBC", "2026-11-20 09:00:00", 10) for _number in range(rows))
    result = task(date="2026-11-20", kinds=["agent"])
    assert result.get("reason") == reason
    assert len(result["recordings"]) == (0 if reason else rows)
    assert not reason or "100 rows" in result["msg"]


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ({"password": "another"}, "authentication_failed"),
        ({"level": 6}, "authentication_failed"),
        ({"allowed_functions": ["logged_in_agents"]}, "permission_denied"),
        ({"view_reports": False}, "permission_denied"),
        ({"agent_api_access": False}, "permission_denied"),
        ({"failures": 10, "last_login_date": NOW}, "account_locked"),
    ],
)
def test_an_account_that_is_not_fit_is_tried_once(task: Task, account: dict[str, Any], reason: str) -> None:
    task.simulator.control.act("account", {"user": USER, **account})
    result = task(date=TODAY, api_password=PASSWORD)
    assert (result["failed"], result["reason"], result["recordings"]) == (True, reason, [])
    assert result["msg"][0].isupper()
    assert PASSWORD not in str({**result, "invocation": None})
    assert task.lookups() == 1


@pytest.mark.parametrize(
    "options",
    [
        {"date": "tomorrow"},
        {"date": "2026-02-30"},
        {"since": "12:00"},
        {"since": f"{TODAY} 12:00+01:00"},
        {"since": "12:00", "until": TODAY},
        {"since": TODAY, "until": YESTERDAY},
        {"since": "2026-10-01", "until": TODAY},
        {"lead_id": 0},
        {"uniqueid": "12345678"},
        {"uniqueid": "1234567 90"},
        {"date": TODAY, "kinds": ["mono"]},
        {"date": TODAY, "agent_users": ["10"]},
        {"date": TODAY, "agent_users": ["10 00"]},
        {"date": TODAY, "retries": 99},
    ],
)
def test_bad_options_ask_nothing(task: Task, options: dict[str, Any]) -> None:
    assert task(**options)["reason"] == "invalid_argument"
    assert task.simulator.journal.entries() == []


def test_a_lost_answer_is_asked_for_again_once_the_login_is_proven(task: Task) -> None:
    params = _params(task.simulator)
    answered = []

    def interrupted() -> bool:
        answered.append(True)
        if len(answered) == CODES:
            task.simulator.faults.add(task.simulator.dialer, "crash-before-work", times=1)
        return False

    assert len(module.LOG_LISTING.perform(params, False, interrupted)[0]["recordings"]) == 4
    assert task.lookups() == CODES + 1


def test_the_first_lost_answer_may_be_a_failed_login(task: Task) -> None:
    params, asked = _params(task.simulator), []

    def interrupted() -> bool:
        asked.append(True)
        task.simulator.faults.add(task.simulator.dialer, "crash-before-work", times=1)
        return False

    assert module.LOG_LISTING.perform(params, False, interrupted)[0]["reason"] == "http_error"
    assert (len(asked), task.lookups()) == (1, 1)


def test_an_interruption_ends_it_without_a_list(task: Task) -> None:
    answered = iter([False] * 3 + [True])
    result = module.LOG_LISTING.perform(_params(task.simulator), False, lambda: next(answered))[0]
    assert (result["reason"], result["recordings"]) == ("interrupted", [])
    assert task.lookups() == 3


def test_after_a_rejected_login_the_log_is_not_asked(task: Task) -> None:
    history = LoginHistory("rejected", "authentication_failed")
    result = module.LOG_LISTING.perform(_params(task.simulator), False, lambda: False, history)[0]
    assert (result["reason"], result["recordings"]) == ("authentication_failed", [])
    assert (result["login"], task.simulator.journal.entries()) == ("not_sent", [])


def _params(simulator: Simulator) -> dict[str, Any]:
    given = {"api_url": simulator.url, "api_user": USER, "api_password": PASSWORD, "date": TODAY}
    params: dict[str, Any] = ArgumentSpecValidator(**module.LOG_LISTING.spec).validate(given).validated_parameters
    return params
