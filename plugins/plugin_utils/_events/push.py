# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""What VICIdial's agent screens push: a form with the agent and the name of an event. Pure.

It says when to look, never what is so: the address it comes by stands in every agent's browser, so anybody there can
send anything, and a screen may send it late, twice or never. docs/events.md says how it is set up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from ...module_utils._protocol.names import is_user
from . import event as events
from .event import CALL_BEGAN, CALL_ENDED, LOGGED_IN, LOGGED_OUT

# What VICIdial's AGENT_EVENTS_PUSH.txt calls what this collection is interested in.
MEANING = {
    "logged_in": LOGGED_IN,
    "logged_out": LOGGED_OUT,
    "logged_out_complete": LOGGED_OUT,
    "call_answered": CALL_BEGAN,
    "call_dead": CALL_ENDED,
    "agent_hangup": CALL_ENDED,
}
# The events after which something about the agent may have changed.
HINTS = frozenset(
    (
        *MEANING,
        *("call_dialed", "dispo_screen_open", "dispo_set", "state_ready", "state_paused", "session_disabled"),
        *("transfer_local_closer", "transfer_blind", "park_started", "park_retrieved"),
        *("park_ivr_started", "park_ivr_retrieved", "3way_start", "3way_answered", "3way_agent_hangup"),
        *("3way_agent_leave", "customer_gone", "none_in_session", "session_empty", "session_channels"),
    )
)
_LONGEST_LEAD_ID = 18


@dataclass(frozen=True)
class Push:
    """An event of an agent's screen, by VICIdial's own ``name`` for it. ``lead_id`` and ``counter`` can be "".

    ``counter`` counts the events of one screen, as far as the Agent Push URL hands it on.
    """

    user: str
    name: str
    lead_id: str = ""
    counter: str = ""


def read_push(payload: Any) -> Push | None:
    """What a payload says: text or a list of texts for each field. None for what is no event of a screen."""
    if not isinstance(payload, Mapping):
        return None
    user, name = _text(payload.get("user")), _text(payload.get("event"))
    if not is_user(user) or name not in HINTS:
        return None
    return Push(user, name, _number(payload.get("lead_id")), _number(payload.get("counter")))


def read_body(body: bytes) -> Push | None:
    """The same for the body of a request: the form that get2post.php sends, or JSON."""
    try:
        text = body.decode()
        return read_push(json.loads(text) if text.lstrip().startswith("{") else parse_qs(text, max_num_fields=50))
    except (ValueError, RecursionError):
        return None


def event_of(payload: Any, at: float) -> events.Event | None:
    """The event that a payload stands for, received ``at`` so many seconds since 1970; None for what is none.

    A push that comes twice has the same id, as far as the Agent Push URL hands lead_id and counter on.
    """
    push = read_push(payload)
    kind = MEANING.get(push.name) if push else None
    if push is None or kind is None:
        return None
    identity = (push.name, push.lead_id, push.counter) if push.counter or push.lead_id else (push.name, at)
    msg = f"VICIdial's screen of agent {push.user} says {push.name}."
    return events.build(kind, at, identity, agent=push.user, reason="pushed", msg=msg)


def _text(value: Any) -> str:
    """A form's field can come as a list of what stood there."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _number(value: Any) -> str:
    text = _text(value)
    return text if text.isascii() and text.isdigit() and len(text) <= _LONGEST_LEAD_ID else ""
