# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""Who was recorded: what vicidial_recordings_info returned as a table, a report, CSV, and texts for a page. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ..module_utils._protocol.names import is_user
from ..module_utils._protocol.words import DAYS_AGO, KINDS, MONO
from ._spreadsheet import to_csv
from ._summary import MOST_HANDED_ON, OF_PLAYBOOKS, counted, for_reader, reason_of, some

Record = Mapping[str, Any]
Result = Mapping[str, Any]

MOST_LINES = 200  # of a table that a person reads on a terminal
COLUMNS = (
    *("user", "kind", "code", "recording_id", "start_time", "end_time", "duration"),
    *("running", "lead_id", "filename", "location"),
)
_VARIABLES = {
    **OF_PLAYBOOKS,
    "agent_users": "vicidial_agents",
    **{option: f"recordings_{option}" for option in ("lead_id", "uniqueid", "kinds")},
}
_LINE = "{:<19} {:<12} {:<8} {:>8} {:>9}  {}"


def recorded(result: Result, asked: Mapping[str, Any], taken_at: str, time_zone: str) -> dict[str, Any]:
    """What the playbook recordings says about the ``result`` of vicidial_recordings_info.

    ``asked`` are the options of the question: agent_users, date, since, until, lead_id, uniqueid; those that were left
    out are None or empty. ``taken_at`` is the controller's time, in ISO format, and ``time_zone`` the name of its zone.

    Returns ``lines``, ``statistics`` and ``failure`` as other summaries do, ``report`` (JSON-like), ``csv`` and
    ``page``, the texts of the page.
    """
    reason = reason_of(result)
    records = result.get("recordings", [])
    report = _report(result, asked, taken_at, time_zone)
    return {
        "lines": [] if reason else [_first_line(report), *_table(records), *_closing(report)],
        "statistics": {
            **report["counts"],
            # The next job would evaluate a template in a name: users of known characters only.
            "by_agent": {
                row["user"]: row["recordings"] for row in report["agents"][:MOST_HANDED_ON] if is_user(row["user"])
            },
            "reason": reason,
        },
        "failure": for_reader(result.get("msg", ""), _VARIABLES) if reason else "",
        "report": report,
        "csv": to_csv(COLUMNS, records),
        "page": _page(report),
    }


def _report(result: Result, asked: Mapping[str, Any], taken_at: str, time_zone: str) -> dict[str, Any]:
    """All that is known, the question included."""
    records = result.get("recordings", [])
    kinds = result.get("kinds", [])
    return {
        "taken_at": taken_at,
        "time_zone": time_zone,
        **{key: result.get(key) for key in ("server_url", "server_time", "utc_offset")},
        "question": {
            **{key: value or None for key, value in asked.items()},
            "date": _date(asked["date"], result.get("server_time")) or None,
            "date_as_given": asked["date"] or None,
        },
        "kinds": kinds,
        "kinds_not_asked": [kind for kind in KINDS if kind not in kinds],
        "counts": {**_counts(records, kinds), "agents": len({record["user"] for record in records})},
        "agents": _by_agent(records, kinds),
        "recordings": [dict(record) for record in records],
    }


def _date(given: str, server_time: str | None) -> str:
    """The day that was ``given``, as a date by the server's calendar where the server has told its time."""
    days_ago = DAYS_AGO.get(given)
    if days_ago is None or not server_time:
        return given
    return str(datetime.fromisoformat(server_time).date() - timedelta(days=days_ago))


def _counts(records: Sequence[Record], kinds: Sequence[str]) -> dict[str, int | None]:
    """How many there are of each kind that was asked for, and how long they are; one that runs has no length yet."""
    return {
        "recordings": len(records),
        **{kind: sum(record["kind"] == kind for record in records) if kind in kinds else None for kind in KINDS},
        "unknown": sum(record["kind"] is None for record in records),
        "running": sum(record["running"] for record in records),
        "seconds": sum(record["duration"] or 0 for record in records),
    }


def _by_agent(records: Sequence[Record], kinds: Sequence[str]) -> list[dict[str, Any]]:
    """The numbers of each agent, the one with the most recordings first."""
    of_agent: dict[str, list[Record]] = {}
    for record in records:
        of_agent.setdefault(record["user"], []).append(record)
    rows = [{"user": user, **_counts(own, kinds)} for user, own in of_agent.items()]
    return sorted(rows, key=lambda row: (-len(of_agent[row["user"]]), row["user"]))


def _table(records: Sequence[Record]) -> list[str]:
    if not records:
        return []
    left = len(records) - MOST_LINES
    more = (
        [f"and {left} more: recordings_csv, recordings_json or recordings_html writes all of them"] if left > 0 else []
    )
    return [
        _LINE.format("began", "agent", "kind", "length", "lead", "file"),
        *(_line(record) for record in records[:MOST_LINES]),
        *more,
    ]


def _line(record: Record) -> str:
    length = "runs" if record["running"] else clock(record["duration"])
    name = record["filename"] or ("" if record["running"] else "not moved yet")
    columns = (record["start_time"], record["user"], record["kind"] or "unknown", length, record["lead_id"] or "", name)
    return _LINE.format(*columns).rstrip()


def _first_line(report: Mapping[str, Any]) -> str:
    counts = report["counts"]
    numbers = f": {_parts(counts)}, {clock(counts['seconds'])} in all" if counts["recordings"] else ""
    return f"{_heading(report)}{numbers}"


def _closing(report: Mapping[str, Any]) -> list[str]:
    return [_question(report), *_unasked(report)]


def _heading(report: Mapping[str, Any]) -> str:
    """How many there are, which were meant, and which kinds nobody asked for."""
    counts = report["counts"]
    many = f"{counted(counts['recordings'], 'recording')} of {counted(counts['agents'], 'agent')}"
    unasked = " or ".join(report["kinds_not_asked"]) if report["kinds"] else ""
    without = f", {unasked} ones not asked for" if unasked else ""
    return f"{many if counts['recordings'] else 'No recordings'} {_what(report)}{without}"


def _parts(counts: Mapping[str, int | None]) -> str:
    named = {**{kind: kind for kind in KINDS}, "unknown": "of unknown kind", "running": "still running"}
    return ", ".join(f"{counts[part]} {text}" for part, text in named.items() if counts[part])


def _unasked(report: Mapping[str, Any]) -> list[str]:
    """What the list leaves out, for a person."""
    unasked = report["kinds_not_asked"]
    if not unasked or not report["kinds"]:
        return []
    why = "; VICIdial finds mono ones of named agents, of a lead or of a call only" if MONO in unasked else ""
    return [f"Not asked for: recordings of the kind {' or '.join(unasked)}{why}"]


def clock(seconds: int) -> str:
    """``seconds`` as a person reads them, such as 1:02:03."""
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _page(report: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": f"Recordings {_what(report)}",
        "heading": _heading(report),
        "question": f"{_question(report)}.",
        "unasked": " ".join(f"{line}." for line in _unasked(report)),
        "lengths": {row["user"]: clock(row["seconds"]) for row in report["agents"]},
        "rows": [
            {
                **record,
                "kind": record["kind"] or "unknown",
                "length": "" if record["running"] else clock(record["duration"]),
                "link": _link(record["location"]),
            }
            for record in report["recordings"]
        ],
    }


def _question(report: Mapping[str, Any]) -> str:
    """What was asked, and when, by the server's clock: a sentence without its full stop."""
    at = f", as the log showed them at {report['server_time']}" if report["server_time"] else ""
    users = report["question"]["agent_users"]
    agents = f" of {'agent' if len(users) == 1 else 'agents'} {some(users)}" if users else " of all agents"
    return f"Recordings of the kind {' or '.join(report['kinds'])}{agents}, {_what(report)}{at}"


def _what(report: Mapping[str, Any]) -> str:
    """Which recordings are meant, after "recordings"."""
    asked = report["question"]
    if asked["lead_id"] or asked["uniqueid"]:
        return f"of lead {asked['lead_id']}" if asked["lead_id"] else f"of the call {asked['uniqueid']}"
    if asked["since"]:
        return f"that overlap the time from {asked['since']} to {asked['until'] or report['server_time'] or 'now'}"
    day, given = asked["date"], asked["date_as_given"]
    if day == given:
        return f"that began {day} by the server's calendar" if day.isalpha() else f"that began on {day}"
    return f"that began on {day} ({given})"


def _link(location: str | None) -> str | None:
    """``location`` where a browser may be sent there."""
    return location if re.match("https?://", location or "") else None
