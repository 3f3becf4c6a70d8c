# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who records an agent: every pair of what STATUS said and what the log shows, without a server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.recording_log import LogRow, LogSearch
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.words import CODES, KINDS
from ansible_collections.telephony.vicidial.plugins.module_utils._recorded_by import (
    find_running,
    recorded_by,
    with_recorded_by,
)

AT = "2026-11-24 12:00:00"
NO_MONO = ("agent", "campaign")


def agent(state: str | None = "idle", status: str | None = "INCALL", **details: Any) -> dict[str, Any]:
    """What STATUS said of agent Anna; ``recording`` is of recording 7."""
    live = state == "recording"
    shown = {"recording_id": 7 if live else None, "start_time": AT if live else None}
    known = {"user": "Anna", "logged_in": True, "state": state, "agent_status": status, "msg": ""}
    return {**known, **shown, **details}


def row(kind: str | None, recording_id: int, user: str = "anna", start_time: str = AT) -> dict[str, Any]:
    """A recording that the log shows as running."""
    code = {"agent": "SACBC", "campaign": "SPFR"}.get(kind or "")
    shown = {"user": user, "recording_id": recording_id, "kind": kind, "code": code, "start_time": start_time}
    return {**shown, "lead_id": 5, "running": True, "duration": None, "location": None}


LOGGED_OUT = agent(None, None, logged_in=False)
NOT_ANSWERED = agent(None, None, logged_in=None)


@pytest.mark.parametrize(
    ("asked", "running", "kinds", "recorded", "shown"),
    [
        # Nobody: only where all kinds were asked for, and STATUS answered.
        (agent(), [], KINDS, False, []),
        (agent(status="READY"), [], KINDS, False, []),
        (LOGGED_OUT, [], KINDS, False, []),
        (agent(), [], NO_MONO, None, []),
        (agent(), [], (), None, []),
        (NOT_ANSWERED, [], KINDS, None, []),
        (agent(user="ab"), [], KINDS, None, []),
        (agent(user="a" * 21), [], KINDS, None, []),
        # Somebody, and by what
        (agent(), [row("campaign", 6)], KINDS, True, [("campaign", 6, ["log"])]),
        (agent(), [row("campaign", 6)], NO_MONO, True, [("campaign", 6, ["log"])]),
        (agent(), [row("mono", 6), row("campaign", 5)], KINDS, True, [("campaign", 5, ["log"]), ("mono", 6, ["log"])]),
        (agent(), [row(None, 6)], KINDS, True, [(None, 6, ["log"])]),
        (agent(), [row("agent", 6)], KINDS, True, [("agent", 6, ["log"])]),
        (agent("recording"), [], KINDS, True, [("agent", 7, ["status"])]),
        (agent("recording"), [row("agent", 7)], KINDS, True, [("agent", 7, ["status", "log"])]),
        (
            agent("recording"),
            [row("campaign", 6), row("agent", 7)],
            KINDS,
            True,
            [("campaign", 6, ["log"]), ("agent", 7, ["status", "log"])],
        ),
        # What STATUS shows is agent-controlled, though no code of ours claims it.
        (agent("recording"), [row("mono", 7)], KINDS, True, [("agent", 7, ["status", "log"])]),
        (agent("recording", user="ab"), [], KINDS, True, [("agent", 7, ["status"])]),
        # Somebody else's
        (agent(), [row("campaign", 6, user="anna2")], KINDS, False, []),
        # An agent in no call: what shows is probably left over.
        (agent("recording", "READY"), [], KINDS, None, [("agent", 7, ["status"])]),
        (agent(status="PAUSED"), [row("campaign", 6)], KINDS, None, [("campaign", 6, ["log"])]),
        (LOGGED_OUT, [row("mono", 6)], KINDS, None, [("mono", 6, ["log"])]),
        (NOT_ANSWERED, [row("mono", 6)], KINDS, None, [("mono", 6, ["log"])]),
    ],
)
def test_recorded_and_recorded_by_follow_from_status_and_the_log(
    asked: dict[str, Any],
    running: list[dict[str, Any]],
    kinds: tuple[str, ...],
    recorded: bool | None,
    shown: list[Any],
) -> None:
    found = recorded_by(asked, running, kinds)
    assert found["recorded"] is recorded
    assert [(entry["kind"], entry["recording_id"], entry["known_by"]) for entry in found["recorded_by"]] == shown
    assert bool(found["doubt"]) == (recorded is None), "what cannot be told is said"
    assert all(
        set(entry) == {"kind", "code", "recording_id", "start_time", "lead_id", "known_by"}
        for entry in found["recorded_by"]
    )


def test_of_an_agent_whose_user_is_not_known_nothing_is_told() -> None:
    unknown = agent(None, None, user=None, logged_in=None)
    assert recorded_by(unknown, [row("mono", 6)], KINDS) == {"recorded": None, "recorded_by": None, "doubt": ""}


def test_a_record_says_what_is_in_doubt_after_what_it_said_before() -> None:
    known, doubtful = with_recorded_by([agent(), agent(status="READY", msg="So.")], [row("campaign", 6)], KINDS)
    assert (known["recorded"], known["msg"]) == (True, "")
    assert doubtful["msg"].startswith("So. Agent Anna may be recorded or not: the agent is in no call, so ")
    assert "doubt" not in doubtful


def searches(users: list[str], kinds: tuple[str, ...], hour: int, rows: list[LogRow] | None = None) -> list[LogSearch]:
    """The searches that find what runs at ``hour``; each finds ``rows``."""
    made: list[LogSearch] = []

    def find(search: LogSearch) -> list[LogRow]:
        made.append(search)
        return rows or []

    find_running(users, kinds, datetime.fromisoformat(f"2026-11-24 {hour:02}:57"), find)
    return made


def test_a_code_costs_one_search_for_the_whole_floor_and_mono_one_for_each_agent() -> None:
    floor = [str(user) for user in range(1000, 1300)]
    codes = sum(map(len, CODES.values()))
    a_row = [LogRow(datetime.fromisoformat("2026-11-24 13:00"), "1000", 1, 5, 0, "")]
    assert len(searches(floor, NO_MONO, 13)) == codes
    assert len(searches(floor, ("campaign",), 13)) == len(CODES["campaign"])
    assert len(searches(floor, KINDS, 13, a_row)) == 300 + codes
    assert len(searches(floor, KINDS, 13)) == 300, "where nothing began, no code can claim it"
    assert [search.date for search in searches(["1000"], KINDS, 11)] == ["2026-11-23", "2026-11-24"]
    # A minute before midnight a recording can begin on the next day while the log is asked.
    assert [search.date for search in searches(["1000"], KINDS, 23)] == ["2026-11-24", "2026-11-25"]


def test_a_user_whom_the_log_cannot_be_searched_for_is_found_by_code() -> None:
    made = searches(["1000", "ab"], KINDS, 13)
    assert [search.agent_user for search in made if not search.extension] == ["1000"]
    assert len([search for search in made if search.extension]) == sum(map(len, CODES.values()))
