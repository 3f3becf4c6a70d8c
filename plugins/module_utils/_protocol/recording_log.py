# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The table of the recording log: the form that asks for it, and the bytes of an answer as its rows (protocol 8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from .._errors import TooManyRowsError
from .tables import TableAnswer, read_table, unreadable
from .words import RECORDING_LOOKUP


class LogRow(NamedTuple):
    """A row of recording_lookup (protocol 8.2). ``start_time`` is the server's wall time.

    ``seconds`` are 0 and ``location`` is empty while the recording runs.
    """

    start_time: datetime
    user: str
    recording_id: int
    lead_id: int
    seconds: int
    location: str


@dataclass(frozen=True)
class LogSearch:
    """What the recording log is searched for: a call, or two of agent, extension and date (protocol 8.1)."""

    agent_user: str = ""
    extension: str = ""
    date: str = ""
    lead_id: str = ""
    uniqueid: str = ""


_LOG = TableAnswer(RECORDING_LOOKUP, "start_time", "NO RECORDINGS FOUND", "the recording log")
MOST_ROWS = 100_000
_COLUMNS = ["start_time", "user", "recording_id", "lead_id", "location"]
_ROW = re.compile(
    r"^([12][0-9]{3}-[01][0-9]-[0-3][0-9] [0-2][0-9]:[0-5][0-9]:[0-5][0-9])"
    r"\t([^\t\n]*)\t([0-9]{1,18})\t([0-9]{0,18})\t([0-9]{0,9})\t([^\t\n]*)\n",
    re.MULTILINE,
)


def is_searchable(user: str) -> bool:
    """Whether the log can be searched for a ``user``, which is of 3 to 20 characters (protocol 8.1)."""
    return re.fullmatch(".{3,20}", user) is not None


def parse_log(body: bytes) -> list[LogRow]:
    """The rows of the recording log in a table with tabs, a header and durations.

    Total: raises an ApiError for anything else, without text of the server in it. It is a TooManyRowsError where the
    server may have cut the table off (protocol 8.1).
    """
    columns, text = read_table(body, _LOG)
    if not columns:
        return []
    # The header does not know the column of the durations (protocol 8.2); one that does is taken too.
    if [*columns[:4], columns[-1]] != _COLUMNS or len(columns) > len(_COLUMNS) + 1:
        raise unreadable(_LOG, "its header lacks columns")
    if _ROW.sub("", text).strip():
        raise unreadable(_LOG, "what follows its header is no row, or cut off")
    try:
        found = [_row(*cells) for cells in _ROW.findall(text)]
    except ValueError:
        raise unreadable(_LOG, "a date in it is none") from None
    if len(found) >= MOST_ROWS:
        raise TooManyRowsError(len(found))
    return found


def log_form(search: LogSearch) -> dict[str, str]:
    """The parameters that ask for the rows that fit ``search``, in the form that parse_log reads."""
    return {**vars(search), "stage": "tab", "header": "YES", "duration": "Y"}


def _row(start_time: str, user: str, recording_id: str, lead_id: str, seconds: str, location: str) -> LogRow:
    start = datetime.fromisoformat(start_time)
    return LogRow(start, user, int(recording_id), int(lead_id or 0), int(seconds or 0), location)
