# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parser: every line of protocol.md means what it says there, and nothing else counts as an answer."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.replies import (
    NothingToEnd,
    Sent,
    Status,
    Version,
    parse_reply,
    parse_version,
)

ACTIVE = b"NOTICE: stereo_recording active - 1000|121242|f_1000|10.0.0.6|2026-11-22 09:13:40|10.0.0.5|8600051|INCALL\n"
IDLE = b"NOTICE: not stereo_recording - 1000|||||10.0.0.5|8600051|READY\n"
SENT = b"SUCCESS: stereo_recording function sent - 1000|BEGIN_MID||||10.0.0.5|8600051|INCALL\n"
NOTHING = b"ERROR: stop stereo_recording error - 1000|||||10.0.0.5|8600051|INCALL\n"
WARNING = b"<br />\n<b>Warning</b>:  Undefined array key 7 in <b>/srv/functions.php</b> on line <b>12</b><br />\n"

ACTIVE_STATUS = Status("1000", 121242, "f_1000", "10.0.0.6", "2026-11-22 09:13:40", "10.0.0.5", "8600051", "INCALL")
IDLE_STATUS = Status("1000", None, None, None, None, "10.0.0.5", "8600051", "READY")


@pytest.mark.parametrize(
    ("body", "reply"),
    [
        (ACTIVE, ACTIVE_STATUS),
        (IDLE, IDLE_STATUS),
        (SENT, Sent("1000")),
        (NOTHING, NothingToEnd("1000")),
        (WARNING * 157 + ACTIVE + WARNING * 3, ACTIVE_STATUS),
        (ACTIVE.replace(b"\n", b"\r\n"), ACTIVE_STATUS),
        (b"\xef\xbb\xbf" + ACTIVE, ACTIVE_STATUS),
        (b"<html>\n<body>\n" + IDLE + b"</body>\n</html>\n", IDLE_STATUS),
        (IDLE + b'<a href="javascript:window.close();">Close</a>\n', IDLE_STATUS),
    ],
)
def test_an_answer_is_read_whatever_stands_around_it(body: bytes, reply: object) -> None:
    assert parse_reply(body) == reply


def test_fields_may_be_empty_while_a_recording_is_live() -> None:
    status = parse_reply(b"NOTICE: stereo_recording active - 1000|7||||10.0.0.5|8600051|INCALL\n")
    assert status == Status("1000", 7, None, None, None, "10.0.0.5", "8600051", "INCALL")


@pytest.mark.parametrize("recording_id", ["BEGIN", "BEGIN_MID", "٣", "1e5", "-1", " 1"])
def test_a_recording_id_that_is_no_number_is_no_recording(recording_id: str) -> None:
    line = f"NOTICE: stereo_recording active - 1000|{recording_id}||||10.0.0.5|8600051|INCALL\n"
    status = parse_reply(line.encode())
    assert isinstance(status, Status)
    assert status.state == "idle"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"ERROR: stereo_recording not valid - BEGIN|1000\n", _errors.NotValidError),
        (b"ERROR: no user found - crm1\n", _errors.NoSuchUserError),
        (b"ERROR: agent_user is not logged in - 1000\n", _errors.NotLoggedInError),
        (
            b"ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION - STATUS|6666|stereo_recording|ADMIN\n",
            _errors.PermissionDeniedError,
        ),
        (b"ERROR: System API NOT ACTIVE\n", _errors.ApiInactiveError),
        (b"ERROR: Invalid Username/Password: |6666|secret|0|0|BAD|\n", _errors.AuthenticationFailedError),
        (b"ERROR: Invalid Username/Password: |6666|secret|0|0|BAD SELECT a|b|\n", _errors.AuthenticationFailedError),
        (b"ERROR: Invalid Username/Password: |6666|secret|0|0|LOCK|\n", _errors.AccountLockedError),
        (b"ERROR: Invalid Username/Password: |6666|secret|0|0|IPBLOCK|\n", _errors.AddressBlockedError),
        (b"ERROR: Invalid Username/Password: |6666|secret|0|0|ERRSERVERS|\n", _errors.ApiInactiveError),
        (b"ERROR: Invalid Username/Password: |6666|secret|1|0|GOOD|\n", _errors.ApiAccessDeniedError),
        (b"ERROR: Invalid Username/Password: |\n", _errors.AuthenticationFailedError),
        # The first ERROR decides, even before a SUCCESS for another agent.
        (b"ERROR: no user found - crm1\n" + SENT, _errors.NoSuchUserError),
        (SENT + b"ERROR: no user found - crm1\n", _errors.NoSuchUserError),
    ],
)
def test_each_error_of_the_server_has_its_class(body: bytes, error: type[_errors.ApiError]) -> None:
    with pytest.raises(error) as caught:
        parse_reply(body)
    assert "secret" not in f"{caught.value} {caught.value!r} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        # Translated: by the word, or by the reason alone
        ("AVISO: No grabar - 1000|||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("Exitoso: función enviada - 1000|BEGIN||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("NOTICE: No grabar - 1000|||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("ERROR: el agente no ha iniciado la sesión - 1000\n", _errors.NotUnderstoodError),
        ("ERROR: Nombre de usuario/contraseña: |6666|secret|0|0|BAD|\n", _errors.NotUnderstoodError),
        # Half an answer
        (ACTIVE[:-1].decode(), _errors.NotUnderstoodError),
        (ACTIVE[:40].decode() + "\n", _errors.NotUnderstoodError),
        (ACTIVE[:-3].decode() + "\n", _errors.NotUnderstoodError),
        # It could have become an authentication error: asking again could cost a failed login.
        ("ERROR: Invalid Username", _errors.NotUnderstoodError),
        ("FEHLER: Falscher Benutzer", _errors.NotUnderstoodError),
        # Another function's answer, two answers, a wrong status, fields too many
        ("NOTICE: not recording - 1000|||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("NOTICE: recording active - 1000|BEGIN||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ((ACTIVE + IDLE).decode(), _errors.NotUnderstoodError),
        ("NOTICE: not stereo_recording - 1000|||||10.0.0.5|8600051|DANCING\n", _errors.NotUnderstoodError),
        ("NOTICE: not stereo_recording - 1000|||||10.0.0.5|8600051|READY|\n", _errors.NotUnderstoodError),
        ("NOTICE: not stereo_recording - 1000|7||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("NOTICE: stereo_recording active - 1000|||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("notice: not stereo_recording - 1000|||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("<html><body><form>Sign in</form></body></html>\n", _errors.NotUnderstoodError),
        # More after the end, no agent, an END error that is none of the server's, an id that no database holds
        (f"{IDLE[:-1].decode()} x\n", _errors.NotUnderstoodError),
        (f"{IDLE[:-1].decode()}\u2028\n", _errors.NotUnderstoodError),
        ("NOTICE: not stereo_recording - |||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("NOTICE: not stereo_recording - 10 00|||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        ("ERROR: stop stereo_recording error - 1000|||||10.0.0.5|8600051|DANCING\n", _errors.NotUnderstoodError),
        ("ERROR: stop stereo_recording error - 1000|7||||10.0.0.5|8600051|READY\n", _errors.NotUnderstoodError),
        (ACTIVE.decode().replace("121242", "9" * 19), _errors.NotUnderstoodError),
        # No answer at all: it may be there next time
        ("", _errors.NoAnswerError),
        ("MySQL connect ERROR: Connection refused", _errors.NoAnswerError),
        ("Fatal error: Uncaught mysqli_sql_exception", _errors.NoAnswerError),
    ],
)
def test_what_is_not_literally_an_answer_is_not_understood(body: str, error: type[_errors.ApiError]) -> None:
    with pytest.raises(error) as caught:
        parse_reply(body.encode())
    assert caught.value.reason == "not_understood"
    assert "secret" not in f"{caught.value} {vars(caught.value)}"


def test_only_the_reason_of_an_unknown_error_is_quoted_and_never_fields() -> None:
    with pytest.raises(_errors.NotUnderstoodError) as caught:
        parse_reply(b"ERROR: something new - 1000|secret\n")
    assert caught.value.quote == "something new"


@pytest.mark.parametrize("reason", ["new p&amp;ss", "new p%40ss", "new p+ss", "new p\\u0040ss"])
def test_a_reason_in_which_something_is_escaped_is_not_quoted(reason: str) -> None:
    with pytest.raises(_errors.NotUnderstoodError) as caught:
        parse_reply(f"ERROR: {reason} - 1000\n".encode())
    assert caught.value.quote == ""


@pytest.mark.parametrize(
    "line",
    [
        "VERSION: 2.14-84|BUILD: 260302-1142|DATE: 2026-11-22 09:13:40|EPOCH: 1795338820\n",
        "Versión: 2.14-84|BUILD: 260302-1142|Fecha: 2026-11-22 09:13:40|EPOCH: 1795338820\n",
        WARNING.decode() + "VERSION: 2.14-84|BUILD: 260302-1142|DATE: 2026-11-22 09:13:40|EPOCH: 1795338820\n",
    ],
)
def test_the_version_is_read_in_any_language(line: str) -> None:
    assert parse_version(line.encode()) == Version("2.14-84", "260302-1142", "2026-11-22 09:13:40", 1795338820)


@pytest.mark.parametrize("rest", ["", "DATE: 2026-11-22 09:13:40", "DATE: x|EPOCH: soon", f"DATE: x|EPOCH: {10**12}"])
def test_a_version_without_a_time_is_still_read(rest: str) -> None:
    assert parse_version(f"VERSION: 2.14-84|BUILD: 260302-1142|{rest}\n".encode()) == Version("2.14-84", "260302-1142")


@pytest.mark.parametrize(
    ("body", "is_translated"),
    [
        ("AVISO: No grabar - 1000|||||10.0.0.5|8600051|READY\n", True),
        ("NOTICE: No grabar - 1000|||||10.0.0.5|8600051|READY\n", True),
        ("ERROR: el agente no ha iniciado la sesión - 1000\n", True),
        ("FEHLER: Der Agent ist nicht angemeldet - 1000\n", True),
        ("ERROR: Nombre de usuario/contraseña incorrecto: |6666|secret|0|0|BAD|\n", True),
        ("FEHLER: Falscher Benutzer/Kennwort: |6666|secret|0|0|BAD|\n", True),
        ("AVISO: No grabar - 1000|||", False),
        ("ERROR: Invalid Username", False),
        ("<html><body><form>Sign in</form></body></html>\n", False),
        ((ACTIVE + IDLE).decode(), False),
    ],
)
def test_only_a_whole_line_is_taken_for_a_translated_one(body: str, is_translated: bool) -> None:
    with pytest.raises(_errors.NotUnderstoodError) as caught:
        parse_reply(body.encode())
    assert isinstance(caught.value, _errors.TranslatedError) == is_translated


@given(
    st.binary()
    | st.builds(
        lambda *parts: b"".join(parts),
        *[st.sampled_from([ACTIVE, IDLE, SENT, NOTHING, WARNING]) | st.binary(max_size=9)] * 3,
    )
)
def test_whatever_bytes_come_the_result_is_a_reply_or_a_typed_error(body: bytes) -> None:
    with contextlib.suppress(_errors.ApiError):
        assert isinstance(parse_reply(body), (Status, Sent, NothingToEnd))
    with contextlib.suppress(_errors.ApiError):
        assert isinstance(parse_version(body), Version)
