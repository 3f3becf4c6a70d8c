# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The tables of the Non-Agent API: the form that asks for one, and the bytes of an answer as its rows. No I/O.

No exception that leaves this file holds text of the server, for it echoes the password here as well (protocol 5.3), but
for what stands before the fields of an unknown ERROR.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from .._errors import (
    AccountLockedError,
    AddressBlockedError,
    ApiError,
    CutOffError,
    FunctionDeniedError,
    InvalidArgumentError,
    ListDeniedError,
    LoginRefusedError,
    NoAnswerError,
    NotUnderstoodError,
    ParametersLostError,
    TwoFactorDueError,
    UnknownRefusalError,
)
from .names import AgentFilter
from .surroundings import LINE_START, is_cut_off, quotable, read
from .words import INVALID_SOURCE, LOGGED_IN_AGENTS, NO_FUNCTION


@dataclass(frozen=True)
class LoggedInAgent:
    """A row of logged_in_agents; the names are those of the API's documentation (protocol 5.2).

    Every text is as people typed it. ``pause_code`` and ``sub_status`` are None where they were not asked for.
    """

    user: str
    campaign_id: str
    session_id: str
    status: str
    lead_id: int
    callerid: str
    calls_today: int
    full_name: str
    user_group: str
    user_level: int
    pause_code: str | None = None
    sub_status: str | None = None


@dataclass(frozen=True)
class TableAnswer:
    """How a ``function`` answers: the first column of its header, how it says that there is nothing, what it lists."""

    function: str
    first_column: str
    nothing: str
    what: str


_AGENTS = TableAnswer(LOGGED_IN_AGENTS, "user", "NO LOGGED IN AGENTS", "the logged-in agents")

_NAME = "full_name"
_NUMBERS = ("lead_id", "calls_today", "user_level")
_COLUMNS = frozenset(LoggedInAgent.__annotations__)
_SUB_STATUS_COLUMNS = frozenset(("pause_code", "sub_status"))
_ERROR_LINE = re.compile(LINE_START + r"ERROR: ([^\n]*)\n", re.MULTILINE)
# What could be an authentication error: asking again could cost a failed login.
_LINE_WITH_WORD = re.compile(LINE_START + r"\w+: ", re.MULTILINE)

_REFUSALS: dict[str, Callable[[TableAnswer], ApiError]] = {
    "Too many login attempts": lambda _answer: AccountLockedError(),
    "Your IP Address is not allowed": lambda _answer: AddressBlockedError(),
    "auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION": lambda answer: FunctionDeniedError(answer.function),
}
# By the last field of "Login incorrect" (protocol 5.3)
_LOGIN_REFUSALS: dict[str, Callable[[], ApiError]] = {"IPBLOCK": AddressBlockedError, "2FA": TwoFactorDueError}


def read_table(body: bytes, answer: TableAnswer) -> tuple[list[str], str]:
    """The columns of the header and the text of the rows; both empty where there is nothing. Raises an ApiError."""
    text = read(body)
    header = re.search(rf"{LINE_START}({answer.first_column}\t[^\n]*)\n", text, re.MULTILINE)
    error = _ERROR_LINE.search(text, 0, header.start() if header else len(text))
    if error is not None:
        _expect_nothing(error[1].rstrip(), answer)
        return [], ""
    if header is None:
        raise _no_table(text, answer)
    rows = text[header.end() :]
    if header[1].endswith("\r"):
        rows = rows.replace("\r\n", "\n")
    return header[1].rstrip("\r").split("\t"), rows


def unreadable(answer: TableAnswer, why: str) -> NotUnderstoodError:
    """The table came, and is not whole or not one, because of ``why``."""
    return NotUnderstoodError(
        f"the answer about {answer.what} cannot be read: {why}",
        "Look at the web server's error log for what else writes into its answers or cuts them off",
    )


def parse_agents(body: bytes, sub_status: bool) -> list[LoggedInAgent]:
    """The rows of a table with tabs and a header, which proves that it is one.

    Total: raises the ApiError that the server's ERROR stands for, NotUnderstoodError for anything that is not the
    whole table, NoAnswerError for a body without any answer.
    """
    columns, rows = read_table(body, _AGENTS)
    if not columns:
        return []
    wanted = _COLUMNS if sub_status else _COLUMNS - _SUB_STATUS_COLUMNS
    if not wanted.issubset(columns) or len(set(columns)) != len(columns):
        raise unreadable(_AGENTS, "its header lacks columns")
    return [_agent(row, columns, wanted) for row in _rows(rows, columns.index(_NAME))]


def filter_form(agents: AgentFilter) -> dict[str, str]:
    """The parameters that say which agents are listed, and in which form.

    Raises InvalidArgumentError for a name that the server would strip, and so take for another one.
    """
    for name in (*agents.campaigns, *agents.user_groups):
        # The server drops other characters silently: `SA LES` would choose SALES, and `*` everybody. Letters of other
        # scripts may be dropped too, which is_listed makes up for.
        if not re.fullmatch(r"[-\w]+", name):
            raise InvalidArgumentError(
                f"{name!r} is no campaign and no user group: letters of any script, digits, - and _ only",
                "Correct campaigns or user_groups; nothing was sent",
            )
    return {
        "campaigns": "|".join(agents.campaigns),
        "user_groups": "|".join(agents.user_groups),
        "show_sub_status": "YES" if agents.sub_status else "NO",
        "stage": "tab",
        "header": "YES",
    }


def is_listed(agent: LoggedInAgent, agents: AgentFilter) -> bool:
    """Whether ``agent`` is one of those asked for: a filter that the server did not take would let everybody in."""
    pairs = ((agent.campaign_id, agents.campaigns), (agent.user_group, agents.user_groups))
    # The server's database compares without regard to case.
    return all(not names or value.casefold() in map(str.casefold, names) for value, names in pairs)


def _rows(text: str, before_name: int) -> Iterator[str]:
    """The rows in ``text``, each with its line end: a line with fewer columns than ``before_name`` continues a name."""
    begin = re.compile(rf"^(?=(?:[^\t\n]*\t){{{before_name}}})", re.MULTILINE)
    noise, *rows = begin.split(text)
    if noise.strip():
        raise unreadable(_AGENTS, "what follows its header is no row")
    yield from rows


def _agent(row: str, columns: Sequence[str], wanted: frozenset[str]) -> LoggedInAgent:
    """The agent of one row. Nothing is quoted: columns are counted from both ends, the name is what is between them."""
    cells = row.rstrip("\n").split("\t")
    surplus = len(cells) - len(columns)
    if surplus < 0 or not row.endswith("\n"):
        raise unreadable(_AGENTS, "a row of it is cut off")
    name = columns.index(_NAME)
    cells[name : name + surplus + 1] = ["\t".join(cells[name : name + surplus + 1])]
    if "\n" in cells[-1]:
        raise unreadable(_AGENTS, "what follows a row is no row")
    values: dict[str, Any] = {column: cell for column, cell in zip(columns, cells) if column in wanted}
    for column in _NUMBERS:
        values[column] = _number(values[column])
    return LoggedInAgent(**values)


def _number(cell: str) -> int:
    if not re.fullmatch(r"[0-9]{0,18}", cell):
        raise unreadable(_AGENTS, "a number in it is none")
    return int(cell or 0)


def _expect_nothing(rest: str, answer: TableAnswer) -> None:
    """Raise what an ERROR line stands for unless it says that there is nothing; only its fixed words are looked at."""
    if rest.startswith(f"{answer.function} {answer.nothing}"):
        return
    if rest.startswith(f"{answer.function} USER DOES NOT HAVE PERMISSION"):
        raise ListDeniedError(answer.what)
    for start, error in _REFUSALS.items():
        if rest.startswith(start):
            raise error(answer)
    for said in (INVALID_SOURCE, NO_FUNCTION):
        if rest.startswith(said):
            raise ParametersLostError(said)
    if rest.startswith("Login incorrect"):
        raise _LOGIN_REFUSALS.get(rest.rstrip("|").rpartition("|")[2], LoginRefusedError)()
    if rest.isascii():
        raise UnknownRefusalError(quotable(re.split(r": | - |:$", rest, maxsplit=1)[0]))
    raise _not_english()


def _not_english() -> NotUnderstoodError:
    return NotUnderstoodError(
        "the server's answer is none that the Non-Agent API gives in English, probably because of a translated account",
        'Set the language of the API user to "default English" in VICIdial',
    )


def _no_table(text: str, answer: TableAnswer) -> ApiError:
    if "<html" in text.lower():
        return NotUnderstoodError(
            "a web page came back instead of an answer of the Non-Agent API",
            "Check api_url, and that no login page or proxy stands in front of /vicidial/non_agent_api.php",
        )
    if is_cut_off(text):
        return CutOffError()
    if "|" in text or "\t" in text or _LINE_WITH_WORD.search(text):
        return _not_english()
    return NoAnswerError(
        f"the server's answer to {answer.function} holds no result, as when its database is down",
        "Check api_url, the database and the web server's error log of the VICIdial system",
    )
