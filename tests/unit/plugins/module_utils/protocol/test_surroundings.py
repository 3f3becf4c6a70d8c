# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands around an answer harms none of the three parsers, and half a line is an answer for none of them."""

from __future__ import annotations

from itertools import product
from typing import Callable

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.replies import parse_reply, parse_version
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.tables import parse_agents

STATUS = b"NOTICE: not stereo_recording - 1000|||||10.0.0.5|8600051|READY\n"
LOGGED_OUT = b"ERROR: agent_user is not logged in - 1000\n"
VERSION = b"VERSION: 2.14-84|BUILD: 260302-1142|DATE: 2026-11-22 09:13:40|EPOCH: 1795338820\n"
NAMES = [
    "user",
    "campaign_id",
    "session_id",
    "status",
    "lead_id",
    "callerid",
    "calls_today",
    "full_name",
    "user_group",
    "user_level",
]
HEADER = "\t".join(NAMES).encode() + b"\n"
TABLE = HEADER + b"1000\tSALES\t8600051\tINCALL\t5\t\t3\tMaria <!-- Garcia\tAGENTS\t1\n"
NOBODY = b"ERROR: logged_in_agents NO LOGGED IN AGENTS: 6666|\n"

BOM = b"\xef\xbb\xbf"
HTML_WARNING = b"<br />\n<b>Warning</b>:  Undefined array key 7 in <b>/srv/functions.php</b> on line <b>12</b><br />\n"
WARNING = b"\nWarning: Undefined array key 7 in /srv/functions.php on line 12\n"
COMMENT = b"<!-- served by cache 3: 12|4\t -->"

Parse = Callable[[bytes], object]


def said(parse: Parse, body: bytes) -> object:
    """What ``body`` means, be it an error of the server."""
    try:
        return parse(body)
    except _errors.ApiError as error:
        return type(error), str(error)


def parse_table(body: bytes) -> object:
    return parse_agents(body, False)


ANSWERS: list[tuple[Parse, bytes]] = [
    (parse_reply, STATUS),
    (parse_reply, LOGGED_OUT),
    (parse_version, VERSION),
    (parse_table, TABLE),
    (parse_table, NOBODY),
]
BEFORE = [b"", BOM, BOM + BOM, b" ", b"\t", b"\0", b"\n", BOM + b" \0", COMMENT, COMMENT + COMMENT, COMMENT + b"\n"]
BEFORE += [HTML_WARNING * 157, WARNING, b"PHP " + WARNING[1:], WARNING + BOM, HTML_WARNING + COMMENT + b" "]
AFTER = [b"", b"\n\n", b"\0", b" ", BOM, COMMENT, COMMENT + b"\n", HTML_WARNING, WARNING]

by_answer = pytest.mark.parametrize(
    ("parse", "answer"), ANSWERS, ids=["status", "logged out", "version", "table", "nobody"]
)


@by_answer
def test_what_stands_around_an_answer_does_no_harm(parse: Parse, answer: bytes) -> None:
    meant = said(parse, answer)
    assert not isinstance(meant, tuple) or meant[0] is _errors.NotLoggedInError
    for before, after in product(BEFORE, AFTER):
        surrounded = before + answer + after
        assert said(parse, surrounded) == meant, (before, after)
        assert said(parse, surrounded.replace(b"\n", b"\r\n")) == meant, (before, after)


@by_answer
def test_half_a_line_is_reported_cut_off(parse: Parse, answer: bytes) -> None:
    for before, lost, after in product([b"", BOM, HTML_WARNING], [1, 3, 20], [b"", b" ", b"\0", COMMENT]):
        with pytest.raises(_errors.ApiError, match="cut off") as caught:
            parse(before + answer[:-lost] + after)
        assert caught.value.reason == "not_understood"


def test_a_name_keeps_what_would_be_noise_around_it() -> None:
    rows = TABLE + TABLE[len(HEADER) :].replace(b"Maria <!-- Garcia", b"of -->\n  two lines\0\r\n")
    first, second = parse_agents(rows, False)
    assert (first.full_name, second.full_name) == ("Maria <!-- Garcia", "of -->\n  two lines\0\r\n")


@pytest.mark.parametrize("line", [b"PHP is unwell\n", b"1001\tSALES\n", b"NOTICE: x\n"])
def test_what_is_no_noise_after_a_row_is_not_read_into_it(line: bytes) -> None:
    header = HEADER[:-1] + b"\tpause_code\tsub_status\n"
    row = TABLE[len(HEADER) : -1] + b"\tLUNCH\tDEAD\n"
    assert parse_agents(header + row, True)[0].sub_status == "DEAD"
    with pytest.raises(_errors.NotUnderstoodError):
        parse_agents(header + row + line, True)


@pytest.mark.parametrize("parse", [parse_reply, parse_table])
@pytest.mark.parametrize(
    ("line", "what", "quote"),
    [
        (b"ERROR: Invalid Source - a\n", 'which says "Invalid Source"', ""),
        (b"ERROR: Invalid Source - \n", 'which says "Invalid Source"', ""),
        (b"ERROR: something new - 1000|secret\n", "an error that this collection does not know", "something new"),
        (b"ERROR: something new\n", "an error that this collection does not know", "something new"),
        (b"ERROR: new p%40ss - 1\n", "an error that this collection does not know", ""),
        ("ERROR: el agente no ha iniciado la sesión - 1000\n".encode(), "a translated account", None),
    ],
)
def test_an_unknown_error_in_english_is_no_translated_one(
    parse: Parse, line: bytes, what: str, quote: str | None
) -> None:
    with pytest.raises(_errors.NotUnderstoodError, match=what) as caught:
        parse(line)
    assert isinstance(caught.value, _errors.TranslatedError) <= (quote is None)
    assert quote is None or caught.value.quote == quote
    assert caught.value.counts_as_failed_login
