# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""Who records an agent at this moment: what STATUS said and what the recording log shows, laid together.

STATUS sees what agents and the API begin (protocol 4.2), the log all kinds (protocol 8.4, 8.5). Neither proves a
recording of an agent who is in no call: STATUS can show a row that an earlier call has left over, and the log shows
what has neither a length nor a file, whether it runs or was never closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from ._protocol.recording_log import is_searchable
from ._protocol.words import AGENT, INCALL, KINDS, MONO, RECORDING
from ._recording_log import Find, Question, Running, look_up

# How it is known that a recording runs.
BY_STATUS = "status"
BY_LOG = "log"

Record = Mapping[str, Any]


def find_running(users: Sequence[str], kinds: Collection[str], at: datetime, find: Find) -> list[dict[str, Any]]:
    """What the log shows of ``users`` as running, as look_up returns it; ``find`` carries out one search.

    ``at`` is the server's time. Of ``kinds``, mono recordings cost a search for each user and day, all others one for
    each code and day. A user whom the log cannot be searched for is left out of those for mono recordings.
    """
    without_mono = tuple(kind for kind in KINDS if kind in kinds and kind != MONO)
    if MONO not in kinds:
        return look_up(Question(Running(at), without_mono, tuple(users)), find)
    found = []
    for group, asked in (
        ([user for user in users if is_searchable(user)], (*without_mono, MONO)),
        ([user for user in users if not is_searchable(user)], without_mono),
    ):
        found += look_up(Question(Running(at), asked, tuple(group)), find) if group else []
    return found


def with_recorded_by(
    agents: Iterable[Record], running: Sequence[Record], kinds: Collection[str]
) -> list[dict[str, Any]]:
    """The records ``agents``, each with what records it; see recorded_by. What is in doubt goes into its ``msg``."""
    found = []
    for agent in agents:
        shown = recorded_by(agent, running, kinds)
        doubt = shown.pop("doubt")
        sentence = f"Agent {agent['user']} may be recorded or not: {doubt}." if doubt else ""
        found.append({**agent, **shown, "msg": f"{agent['msg']} {sentence}".strip()})
    return found


def recorded_by(agent: Record, running: Iterable[Record], kinds: Collection[str]) -> dict[str, Any]:
    """What records an agent, as a task returns it: ``recorded``, ``recorded_by``, and ``doubt``, a clause or "".

    ``agent`` is a record of vicidial_stereo_recording_info, of which user, logged_in, state, recording_id, start_time
    and agent_status are looked at. ``running`` is what find_running found for ``kinds``, of whomever.

    ``recorded_by`` holds each recording that STATUS or the log shows of the agent. ``recorded`` is True when one shows
    and the agent is in a call, False when none shows and nothing was left unasked, and None where it cannot be told:
    ``doubt`` says why.
    """
    if agent["user"] is None:
        return {"recorded": None, "recorded_by": None, "doubt": ""}
    shown = _shown(agent, running)
    doubt = _doubt(agent, bool(shown), kinds)
    return {"recorded": None if doubt else bool(shown), "recorded_by": shown, "doubt": doubt}


def _shown(agent: Record, running: Iterable[Record]) -> list[dict[str, Any]]:
    """Each recording once, by the time at which it began. What STATUS shows is agent-controlled, whatever its code."""
    user = agent["user"].casefold()
    found = {
        row["recording_id"]: {
            **{key: row[key] for key in ("kind", "code", "recording_id", "start_time", "lead_id")},
            "known_by": [BY_LOG],
        }
        for row in running
        if row["user"].casefold() == user
    }
    if agent["state"] == RECORDING:
        by_log = found.get(agent["recording_id"], {"code": None, "lead_id": None, "known_by": []})
        by_status = {key: agent[key] for key in ("recording_id", "start_time")}
        known_by = [BY_STATUS, *by_log["known_by"]]
        found[agent["recording_id"]] = {**by_log, **by_status, "kind": AGENT, "known_by": known_by}
    return sorted(found.values(), key=lambda entry: (entry["start_time"] or "", entry["recording_id"]))


def _doubt(agent: Record, is_shown: bool, kinds: Collection[str]) -> str:
    """Why it cannot be told whether anything records the agent; "" where it can."""
    if agent["state"] is None and agent["logged_in"] is not False:
        return "it is not known whether the agent is in a call"
    if is_shown and agent["agent_status"] != INCALL:
        return "the agent is in no call, so what is shown is probably left over from an earlier one"
    unasked = [kind for kind in KINDS if kind not in kinds]
    if not is_shown and unasked:
        return f"recordings of the kind {' and '.join(unasked)} were not asked for"
    if not is_shown and not is_searchable(agent["user"]):
        return "the log finds mono recordings of users with 3 to 20 characters only"
    return ""
