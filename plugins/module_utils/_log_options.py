# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The options of a question to the recording log: their spec, and the question that they become."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, Callable

from . import _options
from ._errors import InvalidArgumentError, NoAnswerError
from ._protocol.recording_log import LogSearch, is_searchable
from ._protocol.replies import Version
from ._protocol.words import DAYS_AGO, KINDS, MONO
from ._recording_log import Day, Question, Span

# Each day costs calls, for all agents or for each.
_LONGEST_SPAN = timedelta(days=31)

SPEC: dict[str, Any] = {
    "argument_spec": {
        "agent_users": {"type": "list", "elements": "raw", "default": []},
        "date": {"type": "str"},
        "since": {"type": "str"},
        "until": {"type": "str"},
        "lead_id": {"type": "int"},
        "uniqueid": {"type": "str"},
        "kinds": {"type": "list", "elements": "str", "choices": list(KINDS)},
        **_options.CONNECTION_SPEC,
        **_options.LISTING_SPEC,
    },
    "mutually_exclusive": [["date", "since", "lead_id", "uniqueid"]],
    "required_one_of": [["date", "since", "lead_id", "uniqueid"]],
    "required_by": {"until": ["since"], **_options.CONNECTION_REQUIRED_BY},
}


def kinds(params: _options.Params) -> tuple[str, ...]:
    """The kinds that are asked for: those that were named, or all that VICIdial can be asked for."""
    if params["kinds"] is not None:
        return tuple(kind for kind in KINDS if kind in params["kinds"])
    return KINDS if _can_ask_for_mono(params) else tuple(kind for kind in KINDS if kind != MONO)


def needs_server_time(params: _options.Params) -> bool:
    """Whether the question is about today, or ends now, as the server's clock tells it."""
    return params["date"] in DAYS_AGO or (params["since"] is not None and params["until"] is None)


def question(params: _options.Params, ask_version: Callable[[], Version | None]) -> Question:
    """What ``params``, otherwise in order, ask. Where they say today or now, the server is asked for its time.

    Raises InvalidArgumentError for what VICIdial's log cannot be asked for, NoAnswerError without a time.
    """
    users = tuple(dict.fromkeys(map(str, params["agent_users"])))
    if MONO in kinds(params):
        if not _can_ask_for_mono(params):
            raise _unusable("VICIdial cannot be asked for the mono recordings of all agents", "Name agent_users")
        for user in users:
            if not is_searchable(user):
                raise _unusable(f"the log finds mono recordings of users with 3 to 20 characters only, not of {user}")
    return Question(_where(params, ask_version), kinds(params), users)


def _can_ask_for_mono(params: _options.Params) -> bool:
    """A date alone is no search (protocol 8.1)."""
    return bool(params["agent_users"]) or params["lead_id"] is not None or params["uniqueid"] is not None


def _where(params: _options.Params, ask_version: Callable[[], Version | None]) -> LogSearch | Day | Span:
    if params["lead_id"] is not None:
        if params["lead_id"] < 1:
            raise _unusable("lead_id is less than 1")
        return LogSearch(lead_id=str(params["lead_id"]))
    if params["uniqueid"] is not None:
        if not re.fullmatch("[-_.0-9a-zA-Z]{9,}", params["uniqueid"]):
            raise _unusable("uniqueid is not 9 or more letters, digits, dots, - and _")
        return LogSearch(uniqueid=params["uniqueid"])
    if params["date"] is not None:
        days_ago = DAYS_AGO.get(params["date"])
        if days_ago is None:
            return Day(_day(params["date"]))
        return Day(_server_time(ask_version, "Set date to a day").date() - timedelta(days=days_ago))
    since = _moment("since", params["since"])
    until = _server_time(ask_version, "Set until") if params["until"] is None else _moment("until", params["until"])
    if not timedelta() <= until - since <= _LONGEST_SPAN:
        raise _unusable(f"until is not 0 to {_LONGEST_SPAN.days} days after since")
    return Span(since, until)


def _server_time(ask_version: Callable[[], Version | None], remedy: str) -> datetime:
    version = ask_version()
    if version is None or version.date is None:
        raise NoAnswerError("the server does not tell its time, which is needed to know today and now", remedy)
    return _moment("the server's time", version.date)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _unusable(f"date {text!r} is no day such as 2026-11-24") from None


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _unusable(f"{option} {text!r} is no time such as 2026-11-24 22:30:15") from None
    if moment.tzinfo is not None:
        raise _unusable(f"{option} has a time zone: the log has the server's time only")
    return moment


def _unusable(what: str, remedy: str = "Correct the option") -> InvalidArgumentError:
    return InvalidArgumentError(what, f"{remedy}; nothing was sent")
