# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as no server should give them: nothing that is not literally an answer about this agent counts as one.

All answers of the simulator are mutated, 100,000 times, from a fixed seed. What a body truly says is decided beside the
parser, from its bytes alone, in :func:`literally`.
"""

from __future__ import annotations

import gc
import html
import itertools
import random
import re
import signal
import socket
import sys
import threading
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils import _errors
from ansible_collections.telephony.vicidial.plugins.module_utils._client.agent_api import AgentApi
from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import LONGEST_BODY, Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.recording_log import LogRow, parse_log
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.replies import (
    NothingToEnd,
    Sent,
    Status,
    Version,
    parse_reply,
    parse_version,
)
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.tables import LoggedInAgent, parse_agents
from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from vicidial_simulator.accounts import Account
from vicidial_simulator.agent_api import AgentApi as Server
from vicidial_simulator.clock import Clock
from vicidial_simulator.dialer import Dialer
from vicidial_simulator.faults import CALL_FAULTS, Response
from vicidial_simulator.non_agent_api import NonAgentApi
from vicidial_simulator.presets import fill_log, populate

BODIES = 100_000
TABLES = 10_000
SEED = 20261122
AGENT = "1000"
STATUSES = (b"READY", b"QUEUE", b"INCALL", b"PAUSED", b"CLOSER", b"MQUEUE")
# The password, and what stands in the SQL beside it: neither may ever be repeated.
PASSWORD = "c4n4ry-pass"
CANARIES = (PASSWORD, "c4n4ry-hash")
SIZE = 10 * 1024 * 1024
# Enough to compile the regular expressions and to load a codec, and far too few to look at every line.
STEPS = 2000

Mutation = Callable[[random.Random, bytes], bytes]


# What a body says, by its bytes


def literally(body: bytes) -> tuple[object, ...] | None:
    """What ``body`` says about agent 1000, if one complete line of it says that and no other line anything else.

    Byte order marks, blanks and NUL may stand before a line, blanks and NUL after it.
    """
    lines = [re.sub(rb"^(?:\xef\xbb\xbf|[\0 \t])+", b"", line) for line in body.split(b"\n")[:-1]]
    words = (b"ERROR: ", b"NOTICE: ", b"SUCCESS: ")
    results = [line.rstrip(b"\0\r\t ") for line in lines if line.startswith(words)]
    errors = [line for line in results if line.startswith(b"ERROR: ")]
    return _literal_line((errors or results)[0]) if errors or len(results) == 1 else None


def _literal_line(line: bytes) -> tuple[object, ...] | None:
    if line == b"ERROR: agent_user is not logged in - 1000":
        return ("logged out",)
    head, _dash, tail = line.partition(b" - ")
    fields = tail.split(b"|")
    if len(fields) != 8 or fields[0] != b"1000" or fields[7] not in STATUSES:
        return None
    if head == b"SUCCESS: stereo_recording function sent":
        return ("sent",)
    if head == b"NOTICE: stereo_recording active" and fields[1]:
        is_number = all(48 <= byte <= 57 for byte in fields[1])
        return None if is_number and len(fields[1]) > 18 else ("status", int(fields[1]) if is_number else None)
    if fields[1:5] == [b"", b"", b"", b""]:
        if head == b"NOTICE: not stereo_recording":
            return ("status", None)
        if head == b"ERROR: stop stereo_recording error":
            return ("none",)
    return None


def as_fields(reply: object) -> tuple[object, ...] | None:
    """What our parser made of it, in the same words."""
    if isinstance(reply, Status):
        return ("status", reply.recording_id)
    return {Sent: ("sent",), NothingToEnd: ("none",), _errors.NotLoggedInError: ("logged out",)}.get(type(reply))


# Real answers


def real_answers() -> list[bytes]:
    """Every answer that the simulator can give about agent 1000, each with and without what can stand around it."""
    dialer = Dialer(Clock(lambda: 1795338820.0))
    populate(dialer, 3, ["SALES"], ["INCALL"], seed=1)
    server = Server(dialer)
    found: list[str] = []

    def ask(user: str = "6666", password: str = PASSWORD, **other: str) -> None:
        for value, more in itertools.product(("STATUS", "BEGIN", "END", "bogus"), ({}, {"format": "debug"})):
            form = {"source": "test", "user": user, "pass": password, "function": "stereo_recording", "value": value}
            found.append(server.answer({**form, "agent_user": AGENT, **more, **other}, "127.0.0.1"))

    for language in ("default English", "Spanish"):
        dialer.accounts["6666"] = Account("6666", PASSWORD, language=language)
        dialer.accounts["denied"] = Account("denied", PASSWORD, agent_api_access=False, language=language)
        dialer.accounts["limited"] = Account("limited", PASSWORD, allowed_functions=["recording"], language=language)
        dialer.accounts["elsewhere"] = Account("elsewhere", PASSWORD, allowed_addresses=[], language=language)
        dialer.accounts["locked"] = Account("locked", "x", failures=10, last_login_date=1795338820.0, language=language)
        for switch in (
            {"hashed_passwords": True},
            {"display_errors": True, "hashed_passwords": False},
            {"display_errors": False},
        ):
            for name, is_on in switch.items():
                setattr(dialer.system, name, is_on)
            for user in ("6666", "denied", "limited", "elsewhere", "locked", "nobody"):
                ask(user)
            ask(close_window_link="1")
            ask(agent_user="4711")
            ask(agent_user="", alt_user="nobody")
            ask(agent_user="1001")
            ask(function="recording")
            ask(function="version")
            ask(source="")
            ask(stage="_MIDCALL")
        dialer.start_recording(AGENT)
        ask()
        dialer.start_recording(AGENT, filename="")
        ask()
        for switch_off in ("api_active", "active_servers", "stereo_recordings"):
            setattr(dialer.system, switch_off, False)
            ask()
            setattr(dialer.system, switch_off, True)
        dialer.end_recording(AGENT)
        dialer.end_recording(AGENT)
    bodies = [text.replace("user='", "hash='c4n4ry-hash' user='").encode() for text in found]
    bodies += [preset.shape(Response(bodies[0])).body for preset in CALL_FAULTS.values()]
    return list(dict.fromkeys(bodies))


# What can become of them

ODD_FIELDS = [
    b"",
    b"BEGIN",
    b"1e5",
    b"-1",
    b" 1",
    b"0x1F",
    b"0",
    b"7",
    b"9" * 18,
    b"9" * 19,
    b"9" * 4000,
    "٣".encode(),
    "\uff11\uff12".encode(),
    b"1000",
    b"1001",
    b"1000 ",
    b"10 00",
    b"INCALL",
    b"incall",
    b"DANCING",
    b"\x00",
    b"a|b",
    b" - ",
    b"1000\n",
]
NOISE = [
    b"<br />\n<b>Warning</b>:  Undefined array key 7 in <b>/srv/a.php</b> on line <b>12</b><br />\n",
    b"MySQL connect ERROR: Connection refused",
    b"MySQL connect ERROR: Connection refused\n",
    b"ERROR: something new - 1000|x\n",
    b"NOTICE: ",
    b"\n",
    b"\r\n",
    b" ",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x00",
    b"<pre>",
    b"FEHLER: ",
]
LINE_ENDS = [b"\r", b"\r\n", b"\n\r", b"", b" \n", b"\t\n", b"\x00\n", b"\x0b", b"\x0c", b"\x1c", "\x85".encode()]
LINE_ENDS += ["\u2028".encode(), "\u2028\n".encode(), "\xa0\n".encode(), b"\x85\n", b"\\n", b"<br>\n"]
ENCODINGS = ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "latin-1", "cp500", "punycode"]
WORDS = [b"ERROR", b"NOTICE", b"SUCCESS", b"AVISO", b"error", b"ERROR ", b" ERROR", b"XERROR", b"ERROR\x00"]
REASONS = [
    b"not stereo_recording",
    b"stereo_recording active",
    b"stereo_recording function sent",
    b"stop stereo_recording error",
    b"agent_user is not logged in",
    b"recording active",
    b"not  stereo_recording",
]


def _cut(draw: random.Random, body: bytes) -> bytes:
    return body[: draw.randrange(len(body) + 1)]


def _lose(draw: random.Random, body: bytes) -> bytes:
    start = draw.randrange(len(body) + 1)
    return body[:start] + body[start + draw.choice([1, 2, 8, 40]) :]


def _flip(draw: random.Random, body: bytes) -> bytes:
    changed = bytearray(body)
    for _time in range(draw.choice([1, 1, 3])):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def _insert(draw: random.Random, body: bytes) -> bytes:
    at = draw.randrange(len(body) + 1)
    return body[:at] + draw.choice([draw.choice(NOISE), draw.randbytes(draw.choice([1, 5]))]) + body[at:]


def _surround(draw: random.Random, body: bytes) -> bytes:
    return draw.choice([b"", *NOISE]) + body + draw.choice([b"", *NOISE])


def _double(draw: random.Random, body: bytes) -> bytes:
    lines = body.splitlines(keepends=True) or [b""]
    at = draw.randrange(len(lines))
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def _join(draw: random.Random, body: bytes) -> bytes:
    parts = [body, draw.choice(SHORT)]
    draw.shuffle(parts)
    return b"".join(parts)


def _shuffle(draw: random.Random, body: bytes) -> bytes:
    lines = body.splitlines(keepends=True)
    draw.shuffle(lines)
    return b"".join(lines)


def _change_field(draw: random.Random, body: bytes) -> bytes:
    fields = body.split(b"|")
    at = draw.randrange(len(fields))
    odd = draw.choice(ODD_FIELDS)
    end = b"\n" * fields[at].endswith(b"\n")
    fields[at : at + 1] = draw.choice([[odd + end], [odd + end], [], [fields[at], odd + end]])
    return b"|".join(fields)


def _change_agent(draw: random.Random, body: bytes) -> bytes:
    return body.replace(b"1000", draw.choice([b"1001", b"10000", b"01000", b"1000 ", b" 1000", b"1000\x00", b""]))


def _change_head(draw: random.Random, body: bytes) -> bytes:
    old, new = draw.choice([(WORDS[:3], WORDS), (REASONS[:5], REASONS)])
    return body.replace(draw.choice(old), draw.choice(new))


def _end_lines(draw: random.Random, body: bytes) -> bytes:
    return body.replace(b"\n", draw.choice(LINE_ENDS))


def _encode(draw: random.Random, body: bytes) -> bytes:
    return body.decode("utf-8", "replace").encode(draw.choice(ENCODINGS), "replace")


def _dress(draw: random.Random, body: bytes) -> bytes:
    text = body.decode("latin-1")
    dressed = [html.escape(text), text.upper(), text.lower(), text.replace(" ", "\xa0"), text.replace(": ", ":")]
    return draw.choice([*dressed, text.replace(" - ", "-"), text.replace("|", "||"), f"\t{text}"]).encode(
        "latin-1", "replace"
    )


def _hide_bars(draw: random.Random, body: bytes) -> bytes:
    """As a proxy may that rewrites text: what tells an authentication error by its form is gone."""
    word, colon, rest = body.replace(b"|", draw.choice([b" ", b"-", b"", b"&#124;"])).partition(b": ")
    return word + colon + rest.replace(b": ", draw.choice([b": ", b" ", b" - "]))


def _random(draw: random.Random, _body: bytes) -> bytes:
    return draw.randbytes(draw.choice([0, 1, 10, 200]))


MUTATIONS: list[Mutation] = [
    *(_cut, _lose, _flip, _insert, _surround, _double, _join, _shuffle, _change_field, _change_field, _change_agent),
    *(_change_head, _end_lines, _encode, _dress, _hide_bars, _random),
]


def hostile(bodies: list[bytes], how_many: int) -> Iterator[bytes]:
    """Every one of ``bodies`` as it is, then mutated ones: most of them short, for there most is to be broken."""
    draw = random.Random(SEED)  # noqa: S311 - reproducible bodies, not a secret
    yield from bodies
    short = [body for body in bodies if len(body) < 2000]
    for number in range(how_many - len(bodies)):
        body = draw.choice(short if number % 50 else bodies)
        for _time in range(draw.choice([1, 1, 1, 2, 3])):
            body = draw.choice(MUTATIONS)(draw, body)
        yield body


REAL = real_answers()
SHORT = [body for body in REAL if len(body) < 2000]


class Canned:
    """An HTTP client that brings back ``body`` whatever it is asked."""

    body = b""

    def post(self, _url: str, _form: dict[str, str], _longest: int = 0) -> bytes:
        return self.body


def outcome(call: Callable[..., Any], *arguments: Any) -> Any:
    """What ``call`` returns, or the ApiError that it raises; anything else that it raises is a failed test."""
    try:
        return call(*arguments)
    except _errors.ApiError as error:
        return error


def holds_a_secret(error: object) -> bool:
    return isinstance(error, _errors.ApiError) and any(
        secret in f"{error} {error!r} {error.args} {vars(error)}" for secret in CANARIES
    )


def test_nothing_that_is_not_literally_an_answer_counts_as_one(figure: Figure) -> None:
    api = AgentApi(Connection("http://canned/agc/api.php", "6666", PASSWORD))
    canned = Canned()
    api._http = canned  # type: ignore[assignment]
    counts: Counter[str] = Counter()
    for number, body in enumerate(hostile(REAL, BODIES)):
        canned.body = body
        said = literally(body)
        parsed = outcome(parse_reply, body)
        assert isinstance(parsed, (Status, Sent, NothingToEnd, _errors.ApiError)), (number, body)
        # Another agent's answer is read as what it is, and refused where it is known who was asked about.
        about_another = getattr(parsed, "user", AGENT) != AGENT
        assert (None if about_another else as_fields(parsed)) == said, (number, body, parsed)
        for value, kinds in (("STATUS", ("status",)), ("END", ("sent", "none"))):
            reply = outcome(api.status, Agent(AGENT)) if value == "STATUS" else outcome(api.signal, Agent(AGENT), value)
            expected = said if said and said[0] in (*kinds, "logged out") else None
            assert as_fields(reply) == expected, (number, body, reply)
            counts[f"{value} answered"] += not isinstance(reply, _errors.ApiError)
            assert not holds_a_secret(reply), (number, body, str(reply))
        version = outcome(parse_version, body)
        assert isinstance(version, (Version, _errors.NoAnswerError)), (number, body)
        if isinstance(version, Version):
            assert f"|BUILD: {version.build}|".encode() in body, (number, body)
        counts["bodies"] += 1
        counts["answers"] += said is not None
    assert counts["answers"] > BODIES / 50, "the mutations leave too few answers whole to tell anything"
    figure(f"{counts['bodies']} bodies, {counts['answers']} of them answers by their bytes: none missed, none made up")


def test_a_hostile_table_is_read_as_it_stands_or_refused(figure: Figure) -> None:
    dialer = Dialer(Clock(lambda: 1795338820.0))
    dialer.accounts["6666"] = Account("6666", PASSWORD)
    server = NonAgentApi(dialer)
    form = {"source": "test", "user": "6666", "pass": PASSWORD, "function": "logged_in_agents"}
    form |= {"stage": "tab", "header": "YES"}
    bodies = [server.answer(form, "127.0.0.1"), server.answer({**form, "pass": "x"}, "127.0.0.1")]
    populate(dialer, 10, ["SALES"], ["INCALL", "PAUSED"], seed=1)
    bodies += [server.answer({**form, "show_sub_status": flag}, "127.0.0.1") for flag in ("YES", "NO")]
    dialer.accounts["6666"].view_reports = False
    bodies.append(server.answer(form, "127.0.0.1"))
    rows = 0
    for number, body in enumerate(hostile([body.encode() for body in bodies], TABLES)):
        found = outcome(parse_agents, body, bool(number % 2))
        assert isinstance(found, (list, _errors.ApiError)), (number, body)
        assert not holds_a_secret(found), (number, body)
        text = body.decode("utf-8", "replace")
        for agent in found if isinstance(found, list) else ():
            assert isinstance(agent, LoggedInAgent)
            cells = f"{agent.user}\t{agent.campaign_id}\t{agent.session_id}\t{agent.status}\t"
            assert cells in text, (number, body, agent)
            assert not text.rpartition("\n")[2].startswith(cells), (number, body, "half a row was read", agent)
            rows += 1
    figure(f"{TABLES} tables of logged-in agents, {rows} rows read, each as it stands there")


def as_numbers(cells: list[str]) -> tuple[str | int, ...]:
    """A row of the log with its numbers as such; an empty one is 0."""
    numbers = [int(cell or 0) if cell.isdecimal() or not cell else cell for cell in cells[2:5]]
    return (*cells[:2], *numbers, *cells[5:])


def test_a_hostile_recording_log_is_read_as_it_stands_or_refused(figure: Figure) -> None:
    dialer = Dialer(Clock(lambda: 1795338820.0))
    dialer.accounts["6666"] = Account("6666", PASSWORD)
    server = NonAgentApi(dialer)
    asked = {"function": "recording_lookup", "extension": "SACBC", "date": "2026-11-22", "duration": "Y"}
    form = {"source": "test", "user": "6666", "pass": PASSWORD, "stage": "tab", "header": "YES", **asked}
    bodies = [server.answer(form, "127.0.0.1"), server.answer({**form, "pass": "x"}, "127.0.0.1")]
    fill_log(dialer, 40, agents=3, seed=1)
    dialer.log_in("1000")
    dialer.start_recording("1000")
    bodies += [server.answer(form, "127.0.0.1"), server.answer({**form, "date": ""}, "127.0.0.1")]
    dialer.accounts["6666"].allowed_functions = []
    bodies.append(server.answer(form, "127.0.0.1"))
    rows = 0
    for number, body in enumerate(hostile([body.encode() for body in bodies], TABLES)):
        found = outcome(parse_log, body)
        assert isinstance(found, (list, _errors.ApiError)), (number, body)
        assert not holds_a_secret(found), (number, body)
        lines = {as_numbers(line.rstrip("\r").split("\t")) for line in body.decode("utf-8", "replace").split("\n")[:-1]}
        for row in found if isinstance(found, list) else ():
            assert isinstance(row, LogRow)
            cells = (str(row.start_time), row.user, row.recording_id, row.lead_id, row.seconds, row.location)
            assert cells in lines, (number, body, row)
            rows += 1
    assert rows > TABLES / 10
    figure(f"{TABLES} tables of the recording log, {rows} rows read, each as it stands there")


BIG: dict[str, bytes] = {
    "nothing but letters": b"a" * SIZE,
    "no line end": b"NOTICE: " + b"x" * SIZE,
    "empty lines": b"\n" * SIZE,
    "empty results": b"ERROR: \n" * (SIZE // 8),
    "two results": b"NOTICE: a\n" * (SIZE // 10),
    "words begun": b"ab\n" * (SIZE // 3),
    "bars": b"NOTICE: not stereo_recording - " + b"|" * SIZE + b"\n",
    "digits": b"NOTICE: stereo_recording active - 1000|" + b"9" * SIZE + b"||||10.0.0.5|8600051|INCALL\n",
    "dashes": b"NOTICE: " + b" - " * (SIZE // 3) + b"\n",
    "dashes and no line end": b"AVISO: " + b" - " * (SIZE // 3),
    "bars and no line end": b"AVISO: " + b"x: |" * (SIZE // 4),
    "no text": b"\xff\x00" * (SIZE // 2),
    "marks of order": b"\xef\xbb\xbf" * (SIZE // 3),
    "marks of order before a word": b"\xef\xbb\xbf" * (SIZE // 3) + b"x\n",
    "marks of order before half a word": b"\xef\xbb\xbf" * (SIZE // 3) + b"x",
    "marks of order before an answer": b"\xef\xbb\xbf" * (SIZE // 3) + b"NOTICE: x - |||||||READY\n",
    "blanks": b"NOTICE: x" + b" " * SIZE + b"x\n",
    "versions begun": b"VERSION: " + b"1" * SIZE,
    "builds begun": b"VERSION: 1|BUILD: 2\n" * (SIZE // 20),
    "tabs": b"user\t" + b"\t" * SIZE,
    "names that never end": b"user\tcampaign_id\n" + b"x\n" * (SIZE // 2),
}


@pytest.mark.parametrize("kind", BIG)
def test_a_body_of_10_mb_takes_no_step_for_each_part_of_it(kind: str) -> None:
    """Python's own steps are counted. Inside a regular expression they must be linear as well: see _steps."""
    for parse in (parse_reply, parse_version):
        assert _steps(parse, BIG[kind]) < STEPS


def test_the_steps_for_a_table_grow_with_its_lines_alone() -> None:
    header, row = b"user\t" + b"\t".join(NAMES) + b"\n", b"1\t" * 6 + b"1\tname\tgroup\t9\n"
    few, many = (_steps(lambda body: parse_agents(body, False), header + row * size) for size in (100, 1000))
    assert many <= 10.5 * few + STEPS
    for kind in ("tabs", "names that never end", "words begun", "nothing but letters"):
        outcome(parse_agents, header + BIG[kind], False)


def test_the_steps_for_a_recording_log_grow_with_its_lines_alone() -> None:
    header, row = LOG_HEADER, b"2026-11-22 09:00:00\t1000\t1\t500000\t63\thttp://x/S_1.wav\n"
    few, many = (_steps(parse_log, header + row * size) for size in (100, 1000))
    assert many <= 10.5 * few + STEPS
    for kind in ("tabs", "names that never end", "words begun", "nothing but letters"):
        assert _steps(parse_log, header + BIG[kind]) < STEPS
        assert _steps(parse_log, header + (row[:40] + b"\t" * 10) * 10000 + BIG[kind]) < STEPS


LOG_HEADER = b"start_time\tuser\trecording_id\tlead_id\tlocation\n"


NAMES = [b"campaign_id", b"session_id", b"status", b"lead_id", b"callerid", b"calls_today", b"full_name"]
NAMES += [b"user_group", b"user_level"]


def _steps(parse: Callable[[bytes], object], body: bytes) -> int:
    """How many functions ``parse`` calls on its way, C functions too.

    A regular expression that goes back again and again would be at it for years: after half a minute of computing it is
    stopped, where a tenth of a second is enough.
    """
    calls = itertools.count()
    signal.signal(signal.SIGVTALRM, _never_ends)
    signal.setitimer(signal.ITIMER_VIRTUAL, 30.0)
    gc.disable()  # whoever listens to it is called as well
    sys.setprofile(lambda _frame, event, _argument: next(calls) if event in ("call", "c_call") else None)
    try:
        outcome(parse, body)
    finally:
        sys.setprofile(None)
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        gc.enable()
    return next(calls)


def _never_ends(_number: int, _frame: object) -> None:
    raise AssertionError("the time for a body grows faster than its length")


def test_the_memory_for_a_body_is_bounded_by_its_size(figure: Figure) -> None:
    """A character takes up to four bytes, a match an object or three; no more than 1 MiB of a body is ever read."""
    worst = 0.0
    for whole in BIG.values():
        body = whole[: LONGEST_BODY // 4]
        for parse in (parse_reply, parse_version, lambda it: parse_agents(it, False), parse_log):
            tracemalloc.start()
            outcome(parse, body)
            worst = max(worst, tracemalloc.get_traced_memory()[1] / len(body))
            tracemalloc.stop()
    assert worst < 64
    figure(f"the parser takes at most {worst:.0f} times the memory of the body")


@pytest.mark.parametrize("length", [b"Content-Length: %d\r\n" % SIZE, b"Connection: close\r\n"])
def test_of_10_mb_over_http_no_more_is_read_than_the_bound(length: bytes, figure: Figure) -> None:
    taken = [0]
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=_pour, args=(listener, b"HTTP/1.1 200 OK\r\n" + length + b"\r\n", taken))
        thread.start()
        api = AgentApi(Connection(f"http://127.0.0.1:{listener.getsockname()[1]}/agc/api.php", "6666", PASSWORD))
        tracemalloc.start()
        error = outcome(api.status, Agent(AGENT))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        thread.join()
        api.close()
    assert isinstance(error, _errors.NotUnderstoodError)
    assert "longer than 1 MiB" in str(error)
    assert peak < 4 * LONGEST_BODY
    assert taken[0] < SIZE
    figure(f"of 10 MiB over HTTP at most {peak / LONGEST_BODY:.1f} MiB were in memory before the connection was closed")


def _pour(listener: socket.socket, head: bytes, taken: list[int]) -> None:
    """Answer one request with 10 MiB, and count what the other side took before it hung up."""
    with closing(listener.accept()[0]) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
        connection.recv(65536)
        try:
            connection.sendall(head)
            while taken[0] < SIZE:
                taken[0] += connection.send(b"x" * 65536)
        except OSError:
            pass
