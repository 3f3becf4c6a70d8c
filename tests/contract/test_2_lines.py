# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protocol 2: lines of text."""

from __future__ import annotations

import re

import pytest

from ansible_collections.telephony.vicidial.tests.contract.server import Control, Server

WARNING = b"<br />\n<b>Warning</b>: "


@pytest.mark.parametrize(("value", "word"), [("bogus", b"ERROR"), ("STATUS", b"NOTICE"), ("BEGIN", b"SUCCESS")])
def test_2_1_normal_form(server: Server, idle: None, value: str, word: bytes) -> None:
    assert re.fullmatch(word + rb": [^|\n]+? - [^|\n]*(\|[^|\n]*)+\n", server.call(value=value).body)


def test_2_2_the_authentication_error_has_no_dash(server: Server) -> None:
    body = server.call(**{"user": "nosuchuser", "pass": "wrong"}).text
    assert re.fullmatch(r"ERROR: Invalid Username/Password: \|nosuchuser\|wrong\|0\|0\|BAD[^\n]*\|\n", body)
    assert " - " not in body.partition("SELECT")[0]


def test_2_2_the_authentication_error_in_full(server: Server, control: Control) -> None:
    assert server.call(**{"user": "nosuchuser", "pass": "wrong"}).text == (
        "ERROR: Invalid Username/Password: |nosuchuser|wrong|0|0|BAD|0|api|SELECT count(*) from vicidial_users where"
        " user='nosuchuser' and pass='wrong' and user_level > 0 and active='Y' and ( (failed_login_count < 10) or"
        " (UNIX_TIMESTAMP(last_login_date) < 1795337920) );|\n"
    )


def test_2_2_api_not_active_has_no_fields(server: Server, control: Control) -> None:
    control.do("system", api_active=False)
    assert server.call().body == b"ERROR: System API NOT ACTIVE\n"


def test_2_3_display_errors_puts_noise_before_and_after(server: Server, control: Control) -> None:
    answer = server.call().body
    control.do("system", display_errors=True)
    before, found, after = server.call().body.partition(answer)
    assert found
    assert before.count(WARNING) == 157
    assert round(len(before), -3) == 22_000
    assert WARNING in after


def test_2_3_debug_format_wraps_the_line_in_html(server: Server) -> None:
    plain, debug = server.call().text, server.call(format="debug").text
    before, found, after = debug.partition(plain.strip())
    assert found
    assert "<html>" in before.lower()
    assert "</html>" in after.lower()


def test_2_3_close_window_link_appends_a_link(server: Server) -> None:
    plain, linked = server.call().text, server.call(close_window_link="1").text
    assert linked.startswith(plain)
    assert "<a href=" in linked[len(plain) :].lower()


def test_2_4_an_unknown_alt_user_prints_two_lines(server: Server) -> None:
    first, second = server.call(alt_user="nosuchalias").text.splitlines()
    assert first == "ERROR: no user found - nosuchalias"
    assert re.match("(ERROR|NOTICE): ", second)


def test_2_4_the_second_line_can_be_a_success_for_another_agent(server: Server, control: Control) -> None:
    first, second = server.call(alt_user="nosuchalias", value="BEGIN").text.splitlines()
    assert first == "ERROR: no user found - nosuchalias"
    assert second.startswith("SUCCESS: stereo_recording function sent - 1000|BEGIN|")
    assert control.agent("1000").slot == "BEGIN"


def test_2_5_word_and_reason_are_translated_and_fields_are_not(server: Server, control: Control) -> None:
    english = server.call()
    control.do("account", user=server.user, language="Spanish")
    assert server.call().text == f"AVISO: No grabar - {'|'.join(english.fields)}\n"


@pytest.mark.parametrize(
    ("params", "start"),
    [
        ({"value": "BEGIN"}, "Exitoso: "),
        ({"function": "version"}, "Versión: 2.14-82|BUILD: 260302-1142|Fecha: 2026-11-22 09:13:40|EPOCH: "),
    ],
)
def test_2_5_other_words_are_translated(server: Server, control: Control, params: dict[str, str], start: str) -> None:
    control.do("system", version="2.14-82")
    control.do("account", user=server.user, language="Spanish")
    assert server.call(**params).text.startswith(start)


def test_2_5_languages_can_be_switched_off(server: Server, control: Control) -> None:
    english = server.call().body
    control.do("account", user=server.user, language="Spanish")
    control.do("system", enable_languages=False)
    assert server.call().body == english


def test_2_6_an_unknown_function_gives_an_empty_body(server: Server) -> None:
    reply = server.call(function="nosuchfunction")
    assert (reply.status, reply.body) == (200, b"")


def test_2_6_an_old_server_does_not_know_stereo_recording_and_says_its_build(server: Server, control: Control) -> None:
    control.do("fault", name="old-build")
    assert [server.call(value=value).body for value in ("STATUS", "BEGIN", "END", "bogus")] == [b""] * 4
    build = re.search(r"BUILD: (\S+)\|DATE", server.call(function="version").text)
    assert build
    assert build[1] < "250830-2102"


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        ("crash-before-work", 500, rb""),
        ("database-down-fatal", 200, rb"Fatal error.+"),
        ("database-down", 200, rb"MySQL connect ERROR: Connection refused"),
    ],
)
def test_2_7_database_down(server: Server, control: Control, fault: str, status: int, body: bytes) -> None:
    control.do("fault", name=fault)
    reply = server.call(value="BEGIN")
    assert reply.status == status
    assert re.fullmatch(body, reply.body)
    assert control.agent("1000").slot == ""


def test_2_8_php_8_shows_a_pending_signal_as_a_mono_recording(server: Server, control: Control) -> None:
    server.call(value="BEGIN")
    reply = server.call(function="recording")
    assert reply.text.startswith("NOTICE: recording active - 1000|BEGIN|")


def test_2_8_php_7_shows_no_recording_for_a_pending_signal(server: Server, control: Control) -> None:
    control.do("fault", name="php7")
    server.call(value="BEGIN")
    assert server.call(function="recording").text.startswith("NOTICE: not recording - 1000||")
