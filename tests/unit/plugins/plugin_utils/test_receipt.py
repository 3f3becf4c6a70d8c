# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The receipt of a recording window: what it says in every case of what was seen, and that it never says more."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.filter.recording_window import recording_window
from ansible_collections.telephony.vicidial.plugins.plugin_utils._collection import name_and_version
from ansible_collections.telephony.vicidial.plugins.plugin_utils._receipt import BEGAN_AFTER, ENDED_BEFORE, Evidence
from ansible_collections.telephony.vicidial.plugins.plugin_utils._receipt_page import page
from ansible_collections.telephony.vicidial.plugins.plugin_utils._window import Window

# The server's time is an hour ahead, and its clock another 2 seconds. The window is confirmed at 15:00:02 there, and
# closed at 15:01:02.
DAY = "2026-11-24"


def machine(time: str) -> str:
    return f"{DAY}T{time}.500+00:00"


TIMES = {
    "asked": machine("13:59:50"),
    "opening": machine("13:59:52"),
    "confirmed": machine("14:00:00"),
    "closing": machine("14:00:59"),
    "closed": machine("14:01:00"),
    "given_back": machine("14:01:04"),
}


def record(user: str, state: str | None, number: int | None = None, **more: Any) -> dict[str, Any]:
    known = {"logged_in": True, "agent_status": "INCALL", "failed": False, "reason": None, "withdrawn": None}
    return {"user": user, "state": state, "recording_id": number, "changed": False, "confirmed": True, **known, **more}


def looks(time: str, **states: str | None) -> dict[str, Any]:
    """A result of the watching module: one look that takes a second, after a reading of both clocks."""
    kept = ("state", "recording_id", "agent_status", "reason")
    agents = {user[1:]: {key: record(user, state)[key] for key in kept} for user, state in states.items()}
    begin, second = machine(time), int(time[-2:])
    look = {"began_at": begin, "ended_at": machine(f"{time[:-2]}{second + 1:02}"), "agents": agents}
    server = f"{DAY} 15:{time[3:5]}:{second + 2:02}"
    clock = {"machine": begin, "server": server, "utc_offset": "+01:00", "difference": 2.0, "doubt": 0.5}
    return {"looks": [look], "clock": clock, "server_url": "https://dialer.example.com"}


def row(user: str, number: int, kind: str | None, start: str, end: str | None) -> dict[str, Any]:
    """A recording of the log, in the server's time."""
    return {
        "user": user,
        "recording_id": number,
        "kind": kind,
        "start_time": f"{DAY} {start}",
        "end_time": end and f"{DAY} {end}",
        "running": end is None,
        "location": None,
        "filename": None,
    }


def log(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"recordings": list(rows), "kinds": ["agent", "campaign", "mono"], "server_time": f"{DAY} 15:01:10"}


REFUSED = {"recordings": [], "failed": True, "reason": "permission_denied", "msg": "No.", "server_time": None}
# 1000 was recorded before by recording 1, and is again by recording 2; 1001 was idle all the time.
WINDOW = Window(
    agents=["1000", "1001"],
    state="idle",
    seconds=60,
    receipt="/r.json",
    before={"recordings": [record("1000", "recording", 1), record("1001", "idle")]},
    opened={"recordings": [record("1000", "idle", changed=True), record("1001", "idle")]},
    after={"recordings": [record("1000", "idle"), record("1001", "idle")]},
    closed={"recordings": [record("1000", "recording", 2, changed=True)]},
    times=TIMES,
)
OURS = (row("1000", 1, "agent", "14:30:00", "15:00:02"), row("1000", 2, "agent", "15:01:05", None))
SILENT = Evidence(
    WINDOW,
    first_look=looks("14:00:01", _1000="idle", _1001="idle"),
    last_look=looks("14:01:05", _1000="recording", _1001="idle"),
    log_before=log(),
    log=log(*OURS),
    collection="telephony.vicidial 1.0.0",
)


def test_recordings_near_the_window_are_listed_with_why_they_do_not_overlap() -> None:
    assert SILENT.verdict == (
        "No recording of any kind overlaps the window, as VICIdial's log shows it at 2026-11-24 15:01:10."
    )
    assert SILENT.silent is True
    # 1.5 s around 15:00:03 and 15:01:03, which is as near as the clocks and the log can tell.
    assert (SILENT.log_since, SILENT.log_until) == (f"{DAY} 15:00:01", f"{DAY} 15:01:05")
    assert [(each["recording_id"], each["remark"]) for each in SILENT.recordings["1000"]] == [
        (1, ENDED_BEFORE),
        (2, BEGAN_AFTER),
    ]
    assert SILENT.recordings["1001"] == []
    assert SILENT.report["times"]["confirmed"] == {"machine": machine("14:00:00"), "server": f"{DAY} 15:00:02"}
    assert SILENT.rule == "2 agents should be idle for 60 seconds: 1000, 1001."


OVERLAPPING = {
    "in the middle of it": row("1001", 7, "agent", "15:00:20", "15:00:30"),
    "all the time": row("1001", 7, "campaign", "14:00:00", None),
    "of no known kind": row("1001", 7, None, "15:00:20", "15:00:30"),
    # STATUS does not see these kinds, so nobody knows that they do not overlap.
    "near its begin": row("1001", 7, "mono", "14:00:00", "15:00:02"),
    "near its end": row("1001", 7, "campaign", "15:01:04", None),
    # STATUS would have seen the other recording of 1000 end, but not one that began meanwhile.
    "about its begin": row("1001", 7, "agent", "15:00:02", "15:00:03"),
    "about its end": row("1001", 7, "agent", "15:01:02", "15:01:03"),
}


@pytest.mark.parametrize("case", OVERLAPPING)
def test_what_overlaps_or_may_is_named(case: str) -> None:
    seen = replace(SILENT, log=log(*OURS, OVERLAPPING[case]))
    kind = OVERLAPPING[case]["kind"]
    name = f"{kind} recording 7" if kind else "recording of a kind that cannot be told 7"
    assert seen.verdict == (
        f"Recorded in the window, as VICIdial's log shows it at 2026-11-24 15:01:10: 1001 by {name}."
    )
    assert seen.silent is False
    assert page(seen)["tone"] == "unexpected"


def test_a_recording_is_an_agents_whatever_its_letters() -> None:
    window = replace(WINDOW, agents=["Bob"])
    seen = replace(SILENT, window=window, log=log(row("BOB", 7, "mono", "15:00:20", "15:00:30"), *OURS))
    assert seen.verdict.endswith(": Bob by mono recording 7.")
    assert [*seen.recordings] == ["Bob"]


def test_a_recording_counts_where_status_did_not_show_the_agent_as_idle() -> None:
    blind = replace(SILENT, first_look={**SILENT.first_look, "looks": []}, window=replace(WINDOW, after={}))
    assert blind.verdict.endswith(": 1000 by agent recording 1 and agent recording 2.")


CLOCK = SILENT.first_look["clock"]
NOT_KNOWN: dict[str, tuple[Evidence, str]] = {
    "no right to the log": (replace(SILENT, log=REFUSED), "the log could not be asked (permission_denied)"),
    "no time of the server": (
        replace(SILENT, first_look={**SILENT.first_look, "clock": {**CLOCK, "server": None}}, log={}),
        "the server did not tell its time, or its clock was set back",
    ),
    "clocks set back": (
        replace(
            SILENT,
            last_look={"clock": {**SILENT.last_look["clock"], "server": f"{DAY} 14:01:07"}, "looks": []},
            log={},
        ),
        "the server did not tell its time, or its clock was set back",
    ),
}


@pytest.mark.parametrize("case", NOT_KNOWN)
def test_what_could_not_be_seen_is_said_with_the_cause(case: str) -> None:
    seen, why = NOT_KNOWN[case]
    assert seen.verdict == f"Whether anything recorded in the window is not known: {why}."
    assert seen.silent is None
    assert page(seen)["tone"] == "unknown"
    if case != "no right to the log":
        assert (seen.log_since, seen.log_until) == ("", "")


def test_what_status_has_seen_counts_though_the_log_does_not_show_it() -> None:
    saw = {**looks("14:00:10", _1000="recording", _1001="idle")}
    saw["looks"][0]["agents"]["1000"]["recording_id"] = 9
    window = replace(WINDOW, watch_interval=5, watched=saw)
    assert replace(SILENT, window=window).verdict.endswith("15:01:10: 1000 by agent recording 9.")
    blind = replace(SILENT, window=window, log=REFUSED)
    assert blind.silent is False
    assert blind.verdict == (
        "Recorded in the window, as STATUS showed: 1000 by agent recording 9; what else did is "
        "not known: the log could not be asked (permission_denied)."
    )
    assert window.complaints == [f"Not idle all the time: 1000 at {machine('14:00:10')}."]


def test_a_window_that_did_not_open_claims_nothing() -> None:
    opened = {"recordings": [record("1000", "recording", 1, failed=True)], "failed": True, "reason": "not_confirmed"}
    seen = replace(SILENT, window=replace(WINDOW, opened=opened), log={})
    assert seen.verdict == "There was no window: not everybody was idle (not_confirmed)."
    assert (seen.silent, seen.log_since, seen.complaints) == (None, "", [])


def test_the_gap_is_the_longest_time_that_nobody_looked_at_an_agent() -> None:
    """A look that did not see an agent is none for that agent, and one after the window's end is none at all."""
    middle, late = looks("14:00:20", _1000="idle", _1001=None), looks("14:01:03", _1000="recording", _1001="idle")
    watched = {"looks": [*middle["looks"], *late["looks"]]}
    seen = replace(SILENT, window=replace(WINDOW, watch_interval=5, watched=watched))
    assert [look["when"] for look in seen.looks if look["in_window"]] == [
        "when it was confirmed",
        "while it lasted",
        "when it closed",
    ]
    assert seen.largest_gap == 59.0  # 1001: from 14:00:01 to 14:01:00
    assert "STATUS was asked 3 times in the window, 59 s apart at most." in " ".join(seen.cannot_prove)
    assert replace(SILENT, first_look={}).largest_gap is None


def test_the_checksum_is_that_of_the_file_without_its_second_line() -> None:
    text = SILENT.text + "\n"
    lines = text.splitlines(keepends=True)
    assert hashlib.sha256("".join(lines[:1] + lines[2:]).encode()).hexdigest() == SILENT.checksum
    assert json.loads(text) == {"sha256": SILENT.checksum, **SILENT.report}
    assert json.loads(text)["collection"] == "telephony.vicidial 1.0.0"


CAMPAIGN = row("1001", 5, "campaign", "14:59:00", None)


@pytest.mark.parametrize(
    ("log_before", "opening", "fails"),
    [
        (log(), "Nothing else records, as VICIdial's log shows it at 2026-11-24 15:01:10.", False),
        (log(CAMPAIGN), "Others record at this moment: 1001 by campaign recording 5.", True),
        # STATUS shows that no agent-controlled recording runs. The log is late, or was never told.
        (log(row("1001", 5, "agent", "14:59:00", None)), "Nothing else records", False),
        (REFUSED, "Whether anything else records is not known: the log could not be asked (permission_denied).", True),
        ({}, "", True),
    ],
)
def test_other_recordings_are_reported_and_refused_with_require_silence(
    log_before: dict[str, Any], opening: str, fails: bool
) -> None:
    seen = replace(SILENT, log_before=log_before)
    assert " ".join(seen.opening).startswith(opening)
    assert seen.silence_failure == ""
    strict = replace(seen, window=replace(WINDOW, require_silence=True))
    assert bool(strict.silence_failure) == fails
    assert strict.silence_failure.startswith(opening if fails else "")
    assert strict.silence_failure.endswith("It was closed at once." if fails else "")
    with_tasks = replace(strict, window=replace(strict.window, seconds=0))
    assert with_tasks.not_run == ("The tasks did not run." if fails else "")


def test_required_silence_fails_where_it_was_not_or_is_not_known() -> None:
    strict = replace(SILENT, window=replace(WINDOW, require_silence=True))
    assert strict.complaints == []
    for seen in (replace(strict, log=log(CAMPAIGN)), replace(strict, log=REFUSED)):
        assert seen.complaints == [seen.verdict]


def test_the_page_sums_up() -> None:
    texts = page(SILENT)
    assert texts["tone"] == "conforming"
    assert [number["value"] for number in texts["numbers"]] == ["0", "2", "59.0 s", "1 of 1"]
    assert texts["clocks"] == "+2 s, give or take 0.5 at the begin; +2 s, give or take 0.5 at the end"
    assert texts["looks"][0]["seen"] == "1000 recording 1, 1001 idle"
    many = replace(WINDOW, agents=[str(user) for user in range(1000, 1008)])
    seen = {f"_{user}": "idle" for user in range(1000, 1006)}
    crowd = replace(SILENT, window=many, first_look=looks("14:00:01", **seen, _1006=None, _1007="recording"))
    assert page(crowd)["looks"][2]["seen"] == "6 idle, 1 agent not logged in: 1006, 1 recording"


def test_a_window_of_recording_is_as_it_should_be_when_each_agent_has_one() -> None:
    window = replace(WINDOW, state="recording")
    rows = [row(user, number, "agent", "15:00:00", None) for user, number in (("1000", 3), ("1001", 4))]
    assert page(replace(SILENT, window=window, log=log(*rows)))["tone"] == "conforming"
    assert page(replace(SILENT, window=window, log=log(*rows[:1])))["tone"] == "missing"
    assert replace(SILENT, window=window).opening == []


def test_the_filter_makes_no_receipt_unless_it_is_asked_for() -> None:
    known = {
        name: getattr(WINDOW, name) for name in ("agents", "state", "before", "opened", "after", "closed", "times")
    }
    assert recording_window(known)["receipt"] == {}
    skipped = {"changed": False, "skipped": True}
    told = recording_window({**known, "receipt": "/r.json", "log": skipped, "watched": skipped})
    assert told["statistics"]["receipt"] == {
        "verdict": told["receipt"]["report"]["verdict"],
        "silent": None,
        "sha256": told["receipt"]["report"]["sha256"],
    }
    assert told["summary"][-1] == f"SHA-256 of the receipt: {told['receipt']['report']['sha256']}"
    assert recording_window({**known, "receipt": "/r.json", "check_mode": True})["receipt"] == {}


def test_the_verdict_comes_first_and_a_checksum_only_with_a_receipt() -> None:
    names = ("agents", "state", "before", "opened", "after", "closed", "times", "tasks_path")
    known = {**{name: getattr(WINDOW, name) for name in names}, "require_silence": True, "log_before": log(CAMPAIGN)}
    told = recording_window(known)
    assert told["summary"][:2] == [told["receipt"]["report"]["verdict"], "The tasks did not run."]
    assert "SHA-256" not in " ".join(told["summary"])
    assert told["statistics"]["receipt"]["sha256"] == told["receipt"]["report"]["sha256"]


def test_the_version_is_that_of_the_manifest_or_of_the_clone(tmp_path: Path) -> None:
    assert name_and_version(tmp_path) == "telephony.vicidial of unknown version"
    clone, installed = tmp_path / "clone", tmp_path / "installed"
    for place in (clone, installed):
        place.mkdir()
        (place / "galaxy.yml").write_text("name: vicidial\nversion: 1.2.3\n")
    (installed / "MANIFEST.json").write_text('{"collection_info": {"version": "1.2.4"}}')
    assert name_and_version(clone) == "telephony.vicidial 1.2.3"
    assert name_and_version(installed) == "telephony.vicidial 1.2.4"
