# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""The texts of the page that shows the receipt of a recording window. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..module_utils._protocol.words import AGENT, IDLE, RECORDING
from ._audit import CONFORMING, MISSING, UNEXPECTED, UNKNOWN
from ._receipt import Evidence
from ._summary import counted, some

_STEPS = {
    "opening": "Opened",
    "confirmed": "Confirmed by STATUS",
    "closed": "Closed",
    "given_back": "Given back",
}
# So many agents of a look are named one by one.
_MOST_NAMED = 5


def page(evidence: Evidence) -> dict[str, Any]:
    """What the page says besides the report: its ``tone``, ``numbers``, ``times``, ``recordings``, ``looks``."""
    return {
        "tone": _tone(evidence),
        "numbers": _numbers(evidence),
        "times": [{"step": title, **evidence.report["times"][name]} for name, title in _STEPS.items()],
        "clocks": _clocks(evidence),
        "recordings": [row for rows in evidence.recordings.values() for row in rows],
        "looks": [{**look, "seen": _seen(look["agents"])} for look in evidence.looks],
    }


def _tone(evidence: Evidence) -> str:
    """The finding of an audit whose style the page gives to the verdict."""
    if evidence.silent is None:
        return UNKNOWN
    if evidence.window.state == IDLE:
        return CONFORMING if evidence.silent else UNEXPECTED
    recorded = [any(row["overlaps"] and row["kind"] == AGENT for row in rows) for rows in evidence.recordings.values()]
    return CONFORMING if all(recorded) else MISSING


def _numbers(evidence: Evidence) -> list[dict[str, str]]:
    window, gap = evidence.window, evidence.largest_gap
    overlapping = sum(row["overlaps"] for rows in evidence.recordings.values() for row in rows)
    looks = sum(look["in_window"] for look in evidence.looks)
    is_known = not evidence.not_seen and window.was_open
    return [
        _number(overlapping if is_known else "?", "Recordings", "of any kind overlap the window, by the log"),
        _number(looks, "Looks", "by STATUS in the window"),
        _number("-" if gap is None else f"{gap:.1f} s", "Largest gap", "between two looks at an agent"),
        _number(
            f"{len(window.given_back)} of {len(window.changed)}",
            "Given back",
            f"{window.opposite}, as before the window",
        ),
    ]


def _number(value: Any, title: str, meaning: str) -> dict[str, str]:
    return {"value": str(value), "title": title, "meaning": meaning}


def _clocks(evidence: Evidence) -> str:
    """How far the two clocks are apart, at the begin and at the end."""
    readings = [clock for clock in evidence.report["clocks"] if clock["difference"] is not None]
    if not readings:
        return "not known"
    texts = [f"{clock['difference']:+g} s, give or take {clock['doubt']:g}" for clock in readings]
    return " at the begin; ".join(texts[:2]) + (" at the end" if texts[1:] else " at the begin")


def _seen(agents: Mapping[str, Mapping[str, Any]]) -> str:
    """What a look saw, in a line."""
    if len(agents) <= _MOST_NAMED:
        return ", ".join(f"{user} {_state(seen)}" for user, seen in agents.items())
    by_state: dict[str, list[str]] = {}
    for user, seen in agents.items():
        by_state.setdefault(seen["state"] or seen["reason"] or "not logged in", []).append(user)
    return ", ".join(
        f"{len(users)} {state}"
        if state in (IDLE, RECORDING)
        else f"{counted(len(users), 'agent')} {state}: {some(users)}"
        for state, users in by_state.items()
    )


def _state(seen: Mapping[str, Any]) -> str:
    if seen["state"] == RECORDING and seen["recording_id"]:
        return f"recording {seen['recording_id']}"
    return str(seen["state"] or seen["reason"] or "not logged in")
