# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 4: ``function=stereo_recording``."""

from __future__ import annotations

import re
import time

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import Control, Server
from vicidial_simulator import web

STATUSES = ("READY", "QUEUE", "INCALL", "PAUSED", "CLOSER", "MQUEUE")


def not_recorded(server: Server, session: str) -> bytes:
    return f"NOTICE: not stereo_recording - {server.agent}|||||{session}\n".encode()


def sent(server: Server, signal: str, session: str) -> bytes:
    return f"SUCCESS: stereo_recording function sent - {server.agent}|{signal}||||{session}\n".encode()


def nothing_to_stop(server: Server, session: str) -> bytes:
    return f"ERROR: stop stereo_recording error - {server.agent}|||||{session}\n".encode()


@pytest.mark.parametrize("value", ["begin", "End", "status", "START", "STOP", ""])
def test_4_1_other_values_are_not_valid(server: Server, value: str) -> None:
    assert server.call(value=value).text == f"ERROR: stereo_recording not valid - {value}|{server.agent}\n"


@pytest.mark.parametrize(("value", "slot"), [("XBEGINX", "XBEGINX"), ("STATUSX", "STATUSX"), ("-STATUS", "-STATUS")])
def test_4_1_what_contains_a_value_is_written(server: Server, control: Control, value: str, slot: str) -> None:
    assert server.call(value=value).body == sent(server, slot, server.session())
    assert control.agent("1000").slot == slot


def test_4_1_what_contains_end_is_treated_as_end(server: Server, control: Control) -> None:
    assert server.call(value="SPENDING").body == nothing_to_stop(server, server.session())
    control.do("start_recording", user="1000")
    assert server.call(value="SPENDING").body == sent(server, "SPENDING", server.session())


@pytest.mark.parametrize("agent", ["", None])
@pytest.mark.parametrize("value", ["BEGIN", "END", "STATUS"])
def test_4_1_an_empty_agent_is_not_valid(server: Server, value: str, agent: str | None) -> None:
    assert server.call(value=value, agent_user=agent).text == f"ERROR: stereo_recording not valid - {value}|\n"


@pytest.mark.parametrize("value", ["BEGIN", "END", "STATUS"])
def test_4_1_switched_off_in_system_settings(server: Server, control: Control, value: str) -> None:
    control.do("system", stereo_recordings=False)
    assert server.call(value=value).text == f"ERROR: stereo_recording not valid - {value}|1000\n"


@pytest.mark.parametrize(
    ("value", "agent", "allowed"), [("bogus", "1000", True), ("STATUS", "", True), ("STATUS", "1000", False)]
)
def test_4_1_arguments_and_the_setting_are_checked_before_the_permission(
    server: Server, control: Control, value: str, agent: str, allowed: bool
) -> None:
    control.do("account", user=server.user, allowed_functions=[])
    control.do("system", stereo_recordings=allowed)
    assert server.call(value=value, agent_user=agent).text.startswith("ERROR: stereo_recording not valid - ")


def test_4_2_status_without_a_recording(server: Server, idle: None) -> None:
    assert server.call().body == not_recorded(server, server.session())


def test_4_2_status_with_a_recording(server: Server, idle: None) -> None:
    server.begin()
    line = (
        rf"NOTICE: stereo_recording active - {server.agent}\|\d+\|[^|]*\|[^|]*\|(\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d)?\|"
        rf"{re.escape(server.session())}\n"
    )
    assert re.fullmatch(line, server.call().text)


def test_4_2_status_exactly(server: Server, control: Control) -> None:
    control.do("start_recording", user="1000")
    assert server.call().text == (
        "NOTICE: stereo_recording active - 1000|100001|100001_TESTCAMP_1000|10.0.0.5|2026-11-22 09:13:40|"
        "10.0.0.5|8600051|INCALL\n"
    )


def test_4_2_file_name_and_what_follows_can_be_empty(server: Server, control: Control) -> None:
    control.do("start_recording", user="1000", filename="")
    assert server.call().text == "NOTICE: stereo_recording active - 1000|100001||||10.0.0.5|8600051|INCALL\n"


def test_4_2_start_time_is_in_the_time_zone_of_the_web_server(server: Server, control: Control) -> None:
    control.do("system", utc_offset=-5 * 3600)
    control.do("start_recording", user="1000")
    assert server.call().fields[4] == "2026-11-22 04:13:40"


def start_another(server: Server, control: Control, **details: object) -> str:
    """Start one more recording a second later; returns its id."""
    server.pass_time(1)
    return str(control.do("start_recording", user="1000", **details)["recording_id"])


def test_4_2_the_newest_one_shows(server: Server, control: Control) -> None:
    ids = [start_another(server, control) for _time in range(3)]
    assert server.recording_id() == ids[-1]


def test_4_2_of_two_with_the_same_start_not_the_highest_id_shows(server: Server, control: Control) -> None:
    ids = [control.do("start_recording", user="1000")["recording_id"] for _time in range(2)]
    assert server.recording_id() == str(ids[0])


def test_4_2_a_stale_row_outlives_the_call_and_end_does_not_close_it(server: Server, control: Control) -> None:
    stale = start_another(server, control, stale=True)
    control.do("end_call", user="1000", status="READY")
    assert (server.recording_id(), server.call().fields[-1]) == (stale, "READY")
    assert server.call(value="END").text.startswith("SUCCESS: ")
    server.pass_time(60)
    assert server.recording_id() == stale


def test_4_2_end_closes_the_row_of_the_current_call(server: Server, control: Control) -> None:
    start_another(server, control)
    stale = start_another(server, control, stale=True)
    server.call(value="END")
    server.pass_time(3)
    assert server.recording_id() == stale
    assert control.live("1000") == ["AGENT-CONTROLLED"]


def test_4_2_one_that_has_ended_does_not_show(server: Server, control: Control) -> None:
    control.do("start_recording", user="1000")
    control.do("end_recording", user="1000")
    assert server.recording_id() == ""


@pytest.mark.parametrize("kind", ["PARALLEL", "MONO"])
def test_4_2_other_types_never_show(server: Server, control: Control, kind: str) -> None:
    control.do("start_recording", user="1000", kind=kind)
    assert server.recording_id() == ""


@pytest.mark.parametrize("setting", ["ALLCALLS", "ALLFORCE"])
def test_4_2_what_the_campaign_starts_for_the_agent_shows_without_any_begin(
    server: Server, control: Control, setting: str
) -> None:
    control.do("campaign", name="AUTO", recording=setting)
    control.do("log_in", user="1001", campaign="AUTO")
    control.do("start_call", user="1001")
    server.pass_time(2)
    assert server.call(agent_user="1001").text.startswith("NOTICE: stereo_recording active - 1001|100001|")


@pytest.mark.parametrize("status", STATUSES)
def test_4_2_status_of_the_agent(server: Server, control: Control, status: str) -> None:
    control.do("change_agent", user="1000", status=status)
    assert server.call().fields[-1] == status


@pytest.mark.parametrize("label", ["", "_MIDCALL"])
def test_4_3_begin_is_queued_and_shows_once_the_screen_has_acted(server: Server, idle: None, label: str) -> None:
    session = server.session()
    assert server.call(value="BEGIN", stage=label).body == sent(server, f"BEGIN{label}", session)
    assert server.call().body == not_recorded(server, session)
    assert server.wait_for_screen()


def test_4_3_end_is_queued_and_shows_once_the_screen_has_acted(server: Server, idle: None) -> None:
    started, session = server.begin(), server.session()
    assert server.call(value="END").body == sent(server, "END", session)
    assert server.recording_id() == started
    assert server.wait_for_screen(started) == ""


@pytest.mark.parametrize(("seconds", "shown"), [(1.2, False), (1.4, True)])
def test_4_3_the_screen_reads_the_slot_about_once_a_second(
    server: Server, control: Control, seconds: float, shown: bool
) -> None:
    server.call(value="BEGIN")
    server.pass_time(seconds)
    assert bool(server.recording_id()) is shown


def test_4_3_a_closed_screen_never_reads_the_slot(server: Server, control: Control) -> None:
    control.do("change_screen", user="1000", open=False)
    server.call(value="BEGIN")
    server.pass_time(3600)
    assert server.recording_id() == ""


def test_4_4_of_two_signals_within_one_poll_the_first_is_lost(server: Server, idle: None) -> None:
    server.call(value="BEGIN", stage="_ONE")
    server.call(value="BEGIN", stage="_TWO")
    server.wait_for_screen()
    assert server.end() == ""


def test_4_4_the_last_write_wins(server: Server, control: Control) -> None:
    server.begin()
    server.call(value="BEGIN")
    server.call(value="END")
    server.pass_time(5)
    assert control.live("1000") == []


@pytest.mark.parametrize(
    ("first", "second", "live"),
    [
        (("stereo_recording", "BEGIN"), ("recording", "START"), ["MONO"]),
        (("recording", "START"), ("stereo_recording", "BEGIN"), ["AGENT-CONTROLLED"]),
    ],
)
def test_4_4_the_mono_function_writes_the_same_slot(
    server: Server, control: Control, first: tuple[str, str], second: tuple[str, str], live: list[str]
) -> None:
    for function, value in (first, second):
        assert server.call(function=function, value=value).text.startswith("SUCCESS: ")
    server.pass_time(5)
    assert control.live("1000") == live


def test_4_5_begin_is_not_refused_while_a_recording_is_live(server: Server, idle: None) -> None:
    first = server.begin()
    assert server.call(value="BEGIN").body == sent(server, "BEGIN", server.session())
    assert server.wait_for_screen(first) not in ("", first)


def test_4_5_begin_without_a_call_waits_for_the_next_one(server: Server, control: Control) -> None:
    control.do("end_call", user="1000", status="READY")
    assert server.call(value="BEGIN").body == sent(server, "BEGIN", "10.0.0.5|8600051|READY")
    server.pass_time(3600)
    assert (control.agent("1000").slot, server.recording_id()) == ("BEGIN", "")
    control.do("start_call", user="1000")
    server.pass_time(2)
    assert server.recording_id()


def test_4_5_a_disposition_erases_a_waiting_begin(server: Server, control: Control) -> None:
    server.call(value="BEGIN")
    control.do("end_call", user="1000", erases_signal=True)
    control.do("start_call", user="1000")
    server.pass_time(60)
    assert server.recording_id() == ""


def test_4_5_a_call_that_ends_before_the_screen_polls_leaves_the_begin_to_the_next_call(
    server: Server, control: Control
) -> None:
    server.call(value="BEGIN")
    control.do("end_call", user="1000")
    server.pass_time(60)
    assert (control.agent("1000").slot, server.recording_id()) == ("BEGIN", "")
    control.do("start_call", user="1000")
    assert server.wait_for_screen()


def test_4_5_another_signal_erases_a_waiting_begin(server: Server, control: Control) -> None:
    control.do("end_call", user="1000")
    server.call(value="BEGIN")
    server.call(function="recording", value="START")
    control.do("start_call", user="1000")
    server.pass_time(60)
    assert server.recording_id() == ""


def test_4_5_where_stereo_is_disabled_the_slot_is_cleared_and_nothing_starts(server: Server, control: Control) -> None:
    control.do("campaign", name="TESTCAMP", stereo="DISABLED")
    assert server.call(value="BEGIN").body == sent(server, "BEGIN", "10.0.0.5|8600051|INCALL")
    server.pass_time(60)
    assert (control.agent("1000").slot, control.live("1000")) == ("", [])


def test_4_5_an_in_group_has_a_setting_of_its_own(server: Server, control: Control) -> None:
    control.do("in_group", name="INBOUND", stereo="DISABLED")
    control.do("end_call", user="1000")
    control.do("start_call", user="1000", in_group="INBOUND")
    server.call(value="BEGIN")
    server.pass_time(60)
    assert (control.agent("1000").slot, control.live("1000")) == ("", [])


def test_4_6_end_with_nothing_live_is_an_error(server: Server, idle: None) -> None:
    assert server.call(value="END").body == nothing_to_stop(server, server.session())


def test_4_6_end_does_not_cancel_a_pending_begin(server: Server, idle: None) -> None:
    session = server.session()
    server.call(value="BEGIN")
    assert server.call(value="END").body == nothing_to_stop(server, session)
    assert server.wait_for_screen()


def test_4_6_an_end_with_nothing_live_is_not_written_to_the_slot(server: Server, control: Control) -> None:
    server.call(value="END")
    assert control.agent("1000").slot == ""


def test_4_7_one_end_closes_the_newest_and_the_older_one_shows(server: Server, idle: None) -> None:
    older = server.begin()
    newer = server.begin()
    assert newer != older
    assert server.end() == older
    assert server.end() == ""


def test_4_8_a_label_is_echoed_and_does_not_reach_the_file_name(server: Server, idle: None) -> None:
    assert server.call(value="BEGIN", stage="_MIDCALL").fields[1] == "BEGIN_MIDCALL"
    server.wait_for_screen()
    assert "MIDCALL" not in server.call().fields[2]


def test_4_8_a_label_is_cut_after_14_bytes(server: Server, idle: None) -> None:
    assert server.call(value="BEGIN", stage="_23456789012345").fields[1] == "BEGIN_2345678901234"


@pytest.mark.parametrize("value", ["END", "STATUS"])
def test_4_8_only_begin_has_a_label(server: Server, control: Control, value: str) -> None:
    control.do("start_recording", user="1000")
    assert server.call(value=value, stage="_MIDCALL").body == server.call(value=value).body


@pytest.mark.parametrize("label", ["_a|b", "_a\nb"])
def test_4_8_the_server_does_not_clean_a_label_and_it_confuses_the_screen(
    server: Server, control: Control, label: str
) -> None:
    assert f"|BEGIN{label}|" in server.call(value="BEGIN", stage=label).text
    server.pass_time(60)
    assert control.live("1000") == []


def test_4_8_start_in_a_label_begins_a_mono_recording_as_well(server: Server, control: Control) -> None:
    server.call(value="BEGIN", stage="_RESTART")
    server.pass_time(5)
    assert sorted(control.live("1000")) == ["AGENT-CONTROLLED", "MONO"]


def test_4_8_a_label_that_ends_in_newlines_hangs_one_server_process(
    server: Server, control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "HANG_SECONDS", 0.2)
    asked = time.monotonic()
    server.call(value="BEGIN", stage="_x\n\n")
    assert time.monotonic() - asked >= 0.2


def test_4_9_other_characters_of_an_agent_are_dropped_silently(server: Server) -> None:
    assert server.call(agent_user=f"{server.agent[:2]} !|%ü{server.agent[2:]}").body == server.call().body


@pytest.mark.parametrize("value", ["BEGIN", "END", "STATUS"])
def test_4_10_an_agent_who_is_not_logged_in(server: Server, value: str) -> None:
    reply = server.call(value=value, agent_user="nosuchagent")
    assert reply.body == b"ERROR: agent_user is not logged in - nosuchagent\n"


def test_4_10_an_alt_user_that_nobody_has(server: Server) -> None:
    reply = server.call(agent_user=None, alt_user="nosuchalias")
    assert reply.text.startswith("ERROR: no user found - nosuchalias\n")


def test_4_11_hanging_up_ends_the_recording(server: Server, control: Control) -> None:
    server.begin()
    control.do("end_call", user="1000")
    assert server.call().body == not_recorded(server, "10.0.0.5|8600051|PAUSED")


def test_4_11_logging_out_ends_the_recording(server: Server, control: Control) -> None:
    server.begin()
    control.do("log_out", user="1000")
    assert control.live("1000") == []
    assert server.call().body == b"ERROR: agent_user is not logged in - 1000\n"


@pytest.mark.parametrize("setting", ["NEVER", "ONDEMAND", "ALLCALLS", "ALLFORCE"])
def test_4_12_the_settings_do_not_rule_the_api(server: Server, control: Control, setting: str) -> None:
    control.do("campaign", name="TESTCAMP", recording=setting)
    assert server.begin()
    assert server.end() == ""


def test_4_12_an_end_ends_a_forced_recording(server: Server, control: Control) -> None:
    control.do("campaign", name="TESTCAMP", recording="ALLFORCE")
    control.do("end_call", user="1000")
    control.do("start_call", user="1000")
    server.wait_for_screen()
    assert server.end() == ""


def test_4_13_a_begin_without_a_customer_stays_in_the_slot_and_is_tried_at_each_poll(
    server: Server, control: Control
) -> None:
    control.do("end_call", user="1000")
    server.call(value="BEGIN")
    server.pass_time(600)
    assert control.agent("1000").slot == "BEGIN"
    control.do("start_call", user="1000")
    server.pass_time(1)
    assert control.agent("1000").slot == ""


@pytest.mark.parametrize("call", [{"in_log": False}, {"eats_begin": True}], ids=str)
def test_4_13_what_prevents_a_recording_silently(server: Server, control: Control, call: dict[str, bool]) -> None:
    control.do("end_call", user="1000")
    control.do("start_call", user="1000", **call)
    server.call(value="BEGIN")
    server.pass_time(60)
    assert (control.agent("1000").slot, control.live("1000")) == ("", [])


def test_4_13_the_routing_eats_one_begin_alone(server: Server, control: Control) -> None:
    control.do("end_call", user="1000")
    control.do("start_call", user="1000", eats_begin=True)
    for shown in (False, True):
        server.call(value="BEGIN")
        server.pass_time(2)
        assert bool(server.recording_id()) is shown


def test_4_13_a_screen_that_is_slow_to_clear_the_slot_starts_two(server: Server, control: Control) -> None:
    control.do("change_screen", user="1000", clear=1.5)
    server.call(value="BEGIN")
    server.pass_time(60)
    assert control.live("1000") == ["AGENT-CONTROLLED"] * 2


@pytest.mark.parametrize(("hidden_for", "longest"), [(0, 2), (290, 2), (301, 60), (900, 60)])
def test_4_13_a_hidden_tab_polls_every_2_s_and_after_5_minutes_once_a_minute(
    server: Server, control: Control, hidden_for: float, longest: float
) -> None:
    control.do("change_screen", user="1000", hidden=True, act=0.0)
    server.pass_time(hidden_for)
    server.call(value="BEGIN")
    polls = 0.0
    while not server.recording_id():
        server.pass_time(0.5)
        polls += 0.5
    assert longest / 2 < polls <= longest or longest == 2 >= polls


def mono(server: Server, value: str = "STATUS") -> str:
    """The answer of the mono function, without the fields about the session."""
    return server.call(function="recording", value=value).text.rsplit("|", 3)[0]


def test_4_14_a_waiting_begin_is_taken_back(server: Server, control: Control) -> None:
    control.do("end_call", user="1000", status="READY")
    server.call(value="BEGIN")
    session = "10.0.0.5|8600051|READY"
    assert server.call(value="-STATUS").body == sent(server, "-STATUS", session)
    assert server.call().body == not_recorded(server, session)
    assert server.call(value="END").body == nothing_to_stop(server, session)
    control.do("start_call", user="1000")
    server.pass_time(60)
    assert control.live("1000") == []


def test_4_14_taking_back_is_answered_as_a_signal_is(server: Server, idle: None) -> None:
    assert server.call(value="-STATUS").body == sent(server, "-STATUS", server.session())
    assert server.call().body == not_recorded(server, server.session())


def test_4_14_after_a_withdrawal_the_slot_reads_as_empty_to_the_mono_function(server: Server, control: Control) -> None:
    server.call(value="-STATUS")
    assert mono(server) == "NOTICE: not recording - 1000||||"
    assert mono(server, "STOP") == "ERROR: stop recording error - 1000||||"
    server.call(value="STATUSNONE")
    assert mono(server) == "NOTICE: recording active - 1000|STATUSNONE|||"


def test_4_14_a_withdrawal_undoes_nothing_that_a_screen_has_begun(server: Server, control: Control) -> None:
    server.call(value="BEGIN")
    server.pass_time(1.1)
    server.call(value="-STATUS")
    assert server.wait_for_screen()


def test_4_14_mono_status_shows_what_waits_on_php_8(server: Server, control: Control) -> None:
    control.do("change_screen", user="1000", open=False)
    assert mono(server) == "NOTICE: not recording - 1000||||"
    server.call(value="BEGIN")
    assert mono(server) == "NOTICE: recording active - 1000|BEGIN|||"
    control.do("system", php=7)
    assert mono(server) == "NOTICE: not recording - 1000||||"


def test_4_14_mono_status_needs_the_right_to_recording(server: Server, control: Control) -> None:
    control.do("account", user="6666", allowed_functions=["stereo_recording"])
    assert server.call(function="recording").text.startswith("ERROR: auth USER DOES NOT HAVE PERMISSION")


def test_4_14_a_number_is_the_id_of_a_mono_recording(server: Server, control: Control) -> None:
    server.call(function="recording", value="START")
    server.pass_time(2)
    assert mono(server).startswith("NOTICE: recording active - 1000|100001|")
    assert mono(server, "STOP").startswith("SUCCESS: recording function sent - 1000|STOP|")
    server.pass_time(2)
    assert (mono(server), control.live("1000")) == ("NOTICE: not recording - 1000||||", [])


@pytest.mark.parametrize("value", ["BEGIN", "END"])
def test_4_15_a_stereo_signal_takes_the_slot_of_a_mono_recording_that_goes_on(
    server: Server, control: Control, value: str
) -> None:
    control.do("start_recording", user="1000")
    control.do("start_recording", user="1000", kind="MONO")
    server.call(value=value)
    server.pass_time(2)
    assert mono(server) == "NOTICE: not recording - 1000||||"
    assert mono(server, "STOP") == "ERROR: stop recording error - 1000||||"
    assert "MONO" in control.live("1000")


@pytest.mark.parametrize("alt_user", ["c", "-c_"])
def test_4_16_an_alt_user_of_one_character_counts_as_absent(server: Server, alt_user: str) -> None:
    reply = server.call(agent_user=None, alt_user=alt_user)
    assert reply.text == "ERROR: stereo_recording not valid - STATUS|\n"


def test_4_16_an_unknown_alt_user_alone(server: Server) -> None:
    reply = server.call(agent_user=None, alt_user="nosuch")
    assert reply.text == "ERROR: no user found - nosuch\nERROR: agent_user is not logged in - \n"


def test_4_16_an_alt_user_keeps_letters_and_digits(server: Server, control: Control) -> None:
    control.do("alt_user", alt_user="crm1001", user="1000")
    assert server.call(agent_user=None, alt_user="c-r_m 10.01").text.startswith("NOTICE: ")
