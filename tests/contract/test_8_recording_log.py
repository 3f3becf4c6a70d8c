# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 8: the recording log, from the Non-Agent API."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import NON_AGENT_API, Control, Reply, Server

LOOKUP = "recording_lookup"
HEADER = "start_time|user|recording_id|lead_id|location"
STATUS_HEADER = (
    "status|callerid|lead_id|campaign_id|calls_today|full_name|user_group|user_level|pause_code|"
    "real_time_sub_status|phone_number|vendor_lead_code|session_id"
)
TODAY = "2026-11-22"  # of the simulator's clock
LONG_AGO = "1999-12-31"
CALL_SECONDS = 63


def ask(server: Server, **params: str | None) -> Reply:
    return server.call("POST", NON_AGENT_API, **{"function": LOOKUP, **params})


def rows(reply: Reply) -> list[list[str]]:
    return [line.split("|") for line in reply.text.splitlines()]


def ids(reply: Reply) -> list[str]:
    return [row[2] for row in rows(reply)] if not reply.text.startswith("ERROR") else []


def today(server: Server) -> str:
    """The date at the server, which `version` tells (1.4)."""
    return server.call(function="version").text.split("|")[2].partition(": ")[2][:10]


@pytest.fixture
def recorded(control: Control) -> dict[str, str]:
    """A call of agent 1000, recorded in every way and over; the ids by kind."""
    control.do("end_call", user="1000")
    control.do("campaign", name="TESTCAMP", recording="ALLCALLS", parallel="FULL")
    control.do("start_call", user="1000")
    mono = control.do("start_recording", user="1000", kind="MONO")
    control.do("advance", seconds=CALL_SECONDS)
    with control.simulator.lock:
        live = control.simulator.dialer.state()["live"]
    control.do("end_call", user="1000")
    kinds = {row["kind"]: str(row["recording_id"]) for row in live}
    assert kinds["MONO"] == str(mono["recording_id"])
    return kinds


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"date": LONG_AGO},
        {"agent_user": "1000"},
        {"extension": "SACBC"},
        {"agent_user": "10", "date": LONG_AGO},
        {"extension": "SA", "date": LONG_AGO},
        {"agent_user": "1000", "date": "yesterday"},
        {"uniqueid": "12345678"},
    ],
)
def test_8_1_a_search_needs_a_call_or_two_of_agent_extension_and_date(server: Server, params: dict[str, str]) -> None:
    assert ask(server, **params).text.startswith("ERROR: recording_lookup INVALID SEARCH PARAMETERS: ")


@pytest.mark.parametrize(
    "params",
    [
        {"agent_user": "1000", "date": LONG_AGO},
        {"extension": "SACBC", "date": LONG_AGO},
        {"lead_id": "999999999"},
        {"uniqueid": "123456789"},
    ],
)
def test_8_1_a_call_or_two_of_agent_extension_and_date_are_enough(server: Server, params: dict[str, str]) -> None:
    assert ask(server, **params).text.startswith("ERROR: recording_lookup NO RECORDINGS FOUND - ")


@pytest.mark.parametrize("by", ["agent", "kind", "lead_id", "uniqueid"])
def test_8_1_what_fits_is_found(server: Server, control: Control, recorded: dict[str, str], by: str) -> None:
    with control.simulator.lock:
        row = control.simulator.dialer.recordings[0]
    search = {
        "agent": {"agent_user": "1000", "date": TODAY},
        "kind": {"agent_user": "1000", "extension": "SPFR"},
        "lead_id": {"lead_id": str(row.lead_id)},
        "uniqueid": {"uniqueid": row.uniqueid},
    }[by]
    assert sorted(ids(ask(server, **search))) == sorted([recorded["PARALLEL"]] if by == "kind" else recorded.values())


def test_8_1_one_agent_only(server: Server, recorded: dict[str, str]) -> None:
    reply = ask(server, agent_user="1000,1001", date=TODAY)
    assert reply.text == "ERROR: recording_lookup NO RECORDINGS FOUND - 6666|10001001||2026-11-22|\n"


def test_8_1_by_start_time(server: Server, control: Control) -> None:
    control.do("fill_log", recordings=200, agents=1)
    times = [row[0] for row in rows(ask(server, agent_user="1000", extension="SACBC"))]
    assert times == sorted(times)


def test_8_1_at_most_100_000_rows(server: Server, control: Control) -> None:
    control.do("fill_log", recordings=200_010, agents=1)
    assert ask(server, agent_user="1000", extension="8600000").text.count("\n") == 100_000


def test_8_1_needs_the_function_among_the_allowed_ones(server: Server, control: Control) -> None:
    control.do("account", user="6666", allowed_functions=["logged_in_agents"])
    expected = "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |6666|recording_lookup|\n"
    assert ask(server, agent_user="1000", date=TODAY).text == expected


def test_8_1_is_not_cut_to_a_user_group(server: Server, control: Control, recorded: dict[str, str]) -> None:
    control.do("account", user="6666", user_group="OTHERS")
    assert ids(ask(server, agent_user="1000", date=TODAY)) == sorted(recorded.values())


@pytest.mark.parametrize(("stage", "separator"), [("pipe", "|"), ("csv", ","), ("tab", "\t")])
def test_8_2_the_header_does_not_know_the_duration(server: Server, idle: None, stage: str, separator: str) -> None:
    server.begin()
    search = {"agent_user": server.agent, "date": today(server), "stage": stage, "header": "YES"}
    for duration, columns in (("N", 5), ("Y", 6)):
        header, *found = ask(server, duration=duration, **search).text.splitlines()
        assert header == HEADER.replace("|", separator)
        assert {line.count(separator) + 1 for line in found} == {columns}


def test_8_2_a_recording_that_runs_has_no_length_and_no_location(server: Server, idle: None) -> None:
    recording_id = server.begin()
    found = rows(ask(server, agent_user=server.agent, date=today(server), duration="Y"))
    row = next(row for row in found if row[2] == recording_id)
    assert row[1] == server.agent
    assert row[4:] == ["0", ""]


def test_8_2_a_row_exactly(server: Server, control: Control, recorded: dict[str, str]) -> None:
    search = {"agent_user": "1000", "extension": "SPFR", "duration": "Y"}
    started = "2026-11-22 09:13:40|1000|100001|500002"
    assert ask(server, **search).text == f"{started}|{CALL_SECONDS}|\n"
    control.do("advance", seconds=59)
    assert ask(server, **search).text == f"{started}|{CALL_SECONDS}|\n"
    control.do("advance", seconds=1)
    location = "http://10.0.0.5/RECORDINGS/100001_TESTCAMP_1000.wav"
    assert ask(server, **search).text == f"{started}|{CALL_SECONDS}|{location}\n"
    assert ask(server, **{**search, "duration": "N"}).text == f"{started}|{location}\n"


def test_8_3_no_recordings_are_reported_with_a_dash(server: Server) -> None:
    reply = ask(server, agent_user=server.agent, date=LONG_AGO, header="YES")
    assert reply.text == f"ERROR: recording_lookup NO RECORDINGS FOUND - {server.user}|{server.agent}||{LONG_AGO}|\n"


def test_8_3_too_little_to_search_by_is_reported_with_a_colon(server: Server) -> None:
    expected = f"ERROR: recording_lookup INVALID SEARCH PARAMETERS: {server.user}|||{LONG_AGO}|\n"
    assert ask(server, date=LONG_AGO).text == expected


@pytest.mark.parametrize("lacking", ["view_reports", "agent_api_access"])
def test_8_3_needs_view_reports_and_api_access(server: Server, control: Control, lacking: str) -> None:
    control.do("account", user="6666", **{lacking: False})
    expected = "ERROR: recording_lookup USER DOES NOT HAVE PERMISSION TO GET RECORDING INFO: |6666|0|\n"
    assert ask(server, agent_user="1000", date=TODAY).text == expected


def test_8_3_the_account_is_looked_at_first(server: Server, control: Control) -> None:
    assert ask(server, **{"pass": "wrong"}).text == "ERROR: Login incorrect, please try again: |6666|wrong|BAD|\n"


@pytest.mark.parametrize(
    ("setting", "code"), [("BOTH_CHANNELS", "SACBC"), ("CUSTOMER_ONLY", "SACCO"), ("CUSTOMER_MUTE", "SACCM")]
)
def test_8_4_the_extension_tells_the_kind(server: Server, control: Control, setting: str, code: str) -> None:
    control.do("campaign", name="TESTCAMP", stereo=setting)
    recording_id = server.begin()
    assert ids(ask(server, extension=code, date=TODAY)) == [recording_id]
    assert ids(ask(server, extension="SPFR", date=TODAY)) == []


@pytest.mark.parametrize(("setting", "code"), [("FULL", "SPFR"), ("CUSTOMER_ONLY", "SPCO"), ("CUSTOMER_MUTE", "SPCM")])
def test_8_4_the_extension_tells_what_a_campaign_records(
    server: Server, control: Control, setting: str, code: str
) -> None:
    control.do("end_call", user="1000")
    control.do("campaign", name="TESTCAMP", parallel=setting)
    control.do("start_call", user="1000")
    assert len(ids(ask(server, extension=code, date=TODAY))) == 1


@pytest.mark.parametrize("code", ["SACIBC", "SACRCM", "SPACBC", "SPFRR"])
def test_8_4_any_code_can_be_brought_about(server: Server, control: Control, code: str) -> None:
    row = control.do("start_recording", user="1000", extension=code)
    assert ids(ask(server, extension=code, date=TODAY)) == [str(row["recording_id"])]


def test_8_4_a_mono_one_is_under_its_conference(server: Server, recorded: dict[str, str]) -> None:
    assert ids(ask(server, extension="8600051", date=TODAY)) == [recorded["MONO"]]


@pytest.mark.parametrize(
    ("setting", "kind", "code"),
    [
        ({"parallel": "FULL"}, "PARALLEL", "SPFR"),
        ({"recording": "ALLCALLS"}, "AGENT-CONTROLLED", "SACBC"),
        ({"recording": "ALLFORCE"}, "AGENT-CONTROLLED", "SACBC"),
    ],
)
def test_8_5_what_begins_by_itself_is_seen_while_it_runs(
    server: Server, control: Control, setting: dict[str, Any], kind: str, code: str
) -> None:
    control.do("end_call", user="1000")
    control.do("campaign", name="TESTCAMP", **setting)
    control.do("start_call", user="1000")
    control.do("advance", seconds=1)
    assert control.live("1000") == [kind]
    assert [row[4:] for row in rows(ask(server, extension=code, date=TODAY, duration="Y"))] == [["0", ""]]


def test_8_6_the_status_of_an_agent(server: Server) -> None:
    reply = ask(server, function="agent_status", agent_user=server.agent, header="YES")
    header, row = reply.text.splitlines()
    assert header == STATUS_HEADER
    session = server.call().fields[-2]
    assert (row.split("|")[0], row.split("|")[-1]) == (server.call().fields[-1], session)


def test_8_6_agent_status_exactly(server: Server, control: Control) -> None:
    control.do("change_agent", user="1000", full_name="Zoë O'Neill", pause_code="BREAK", sub_status="LATE")
    call = control.agent("1000").call
    assert call is not None
    expected = f"INCALL|{call.caller_id}|{call.lead_id}|TESTCAMP|1|Zoë O'Neill|AGENTS|1|BREAK|LATE|||8600051\n"
    assert ask(server, function="agent_status", agent_user="1000").text == expected


def test_8_6_an_agent_who_is_not_logged_in(server: Server, control: Control) -> None:
    control.do("alt_user", alt_user="crm2000", user="2000")
    reply = ask(server, function="agent_status", agent_user="2000")
    assert reply.text == "ERROR: agent_status AGENT NOT LOGGED IN: 6666|2000\n"


def test_8_6_an_agent_whom_nobody_knows(server: Server) -> None:
    reply = ask(server, function="agent_status", agent_user="nosuchagent")
    assert reply.text == f"ERROR: agent_status AGENT NOT FOUND: {server.user}|nosuchagent\n"


def test_8_7_the_log_shows_a_mono_recording_whatever_is_in_the_slot(server: Server, control: Control) -> None:
    control.do("start_recording", user="1000", kind="MONO")
    control.do("write_slot", user="1000", signal="BEGIN")
    found = rows(ask(server, agent_user="1000", date=TODAY, duration="Y"))
    assert [row[4:] for row in found] == [["0", ""]]
