# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Awaiting the log's rows of recordings that were ended, in virtual time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ansible_collections.telephony.vicidial.plugins.module_utils._ended_recordings import with_log
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.recording_log import LogRow, LogSearch
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.words import AGENT, CODES

NOTHING_OF_LOG = dict.fromkeys(("duration", "end_time", "lead_id", "location"))


class Log:
    """A log that shows recordings as ended from certain seconds on, and a clock that sleeping moves."""

    def __init__(self, ended_at: dict[int, float], location: str = "") -> None:
        self.now = 0.0
        self.searches: list[tuple[float, LogSearch]] = []
        self._ended_at = ended_at
        self._location = location

    def find(self, search: LogSearch) -> list[LogRow]:
        self.searches.append((self.now, search))
        return [
            LogRow(
                datetime.fromisoformat("2026-11-24 09:00"),
                "1000",
                number,
                5,
                *((63, self._location) if self.now >= at else (0, "")),
            )
            for number, at in self._ended_at.items()
        ]

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def await_rows(self, *records: dict[str, Any], timeout: float = 2.0) -> list[dict[str, Any]]:
        return with_log(records, self.find, self.sleep, timeout, 0.5, lambda: self.now)


def record(user: str, *recording_ids: int, start_time: str | None = "2026-11-24 09:00:00") -> dict[str, Any]:
    """What a task says of an agent of whom it has ended recordings."""
    ended = [{"recording_id": number, "filename": "x", "start_time": start_time} for number in recording_ids]
    return {"user": user, "msg": "", "ended": [{**each, **NOTHING_OF_LOG} for each in ended]}


def test_the_row_is_awaited_and_no_longer() -> None:
    log = Log({7: 1.0}, "http://10.0.0.5/x.wav")
    (found,) = log.await_rows(record("1000", 7))
    assert found["ended"][0] == {
        "recording_id": 7,
        "filename": "x",
        "start_time": "2026-11-24 09:00:00",
        "duration": 63,
        "end_time": "2026-11-24 09:01:03",
        "lead_id": 5,
        "location": "http://10.0.0.5/x.wav",
    }
    assert (found["msg"], log.now) == ("", 1.0)
    assert {search for _at, search in log.searches} == {LogSearch(agent_user="1000", date="2026-11-24")}


def test_a_file_that_is_not_there_yet_is_not_waited_for_and_said() -> None:
    log = Log({7: 0.0})
    (found,) = log.await_rows(record("1000", 7))
    assert (found["ended"][0]["duration"], found["ended"][0]["location"], log.now) == (63, None, 0.0)
    assert "does not tell yet where the file of recording 7 is" in found["msg"]


def test_what_does_not_show_in_time_stays_null_and_is_said() -> None:
    log = Log({7: 9.0})
    known, unknown = log.await_rows(record("1001"), record("1000", 7))
    assert (known, log.now) == (record("1001"), 2.0)
    assert unknown["ended"] == record("1000", 7)["ended"]
    assert unknown["msg"] == "Agent 1000: the recording log does not show yet that recording 7 has ended."
    assert Log({}).await_rows(record("1000", 7), timeout=0.0)[0]["ended"][0]["duration"] is None


def test_nothing_ended_is_no_search() -> None:
    log = Log({})
    assert log.await_rows(record("1000"), record("1001", 7, start_time=None))[0] == record("1000")
    assert log.searches == []


def test_only_those_that_are_missing_are_asked_for_again() -> None:
    log = Log({7: 0.0, 8: 0.5})
    log.await_rows(record("1000", 7), record("1001", 8))
    assert [(at, search.agent_user) for at, search in log.searches] == [(0.0, "1000"), (0.0, "1001"), (0.5, "1001")]


def test_many_agents_cost_a_search_for_each_code() -> None:
    log = Log(dict.fromkeys(range(20), 0.0))
    log.await_rows(*(record(str(1000 + number), number) for number in range(20)))
    assert [search.extension for _at, search in log.searches] == list(CODES[AGENT])
    short = Log({7: 0.0})
    short.await_rows(record("ab", 7))
    assert [search.extension for _at, search in short.searches] == list(CODES[AGENT])
