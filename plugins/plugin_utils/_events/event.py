# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""What an event looks like: one function builds every one of them, so all have the same keys. Pure, no clock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .._audit import MISSING, UNEXPECTED

# What can happen. docs/events.md describes each of them, with an example.
LOGGED_IN = "logged_in"
LOGGED_OUT = "logged_out"
CALL_BEGAN = "call_began"
CALL_ENDED = "call_ended"
RECORDING_BEGAN = "recording_began"
RECORDING_ENDED = "recording_ended"
RECORDING_REPLACED = "recording_replaced"
UNKNOWN = "unknown"
KNOWN = "known"
SETTLED = "settled"
SERVER_AWAY = "server_away"
SERVER_BACK = "server_back"
STOPPED = "stopped"
KINDS = (
    *(LOGGED_IN, LOGGED_OUT, CALL_BEGAN, CALL_ENDED),
    *(RECORDING_BEGAN, RECORDING_ENDED, RECORDING_REPLACED, UNKNOWN, KNOWN),
    *(MISSING, UNEXPECTED, SETTLED),
    *(SERVER_AWAY, SERVER_BACK, STOPPED),
)

# Under this key an event reaches a rulebook, beside `meta`.
ROOT = "vicidial"

Event = dict[str, Any]


# What an event can say besides what it is, when, and to whom it happened.
_DETAILS: dict[str, Any] = {
    **dict.fromkeys(("agent", "campaign", "user_group", "before", "after", "record")),
    **dict.fromkeys(("since", "seconds", "reason")),
    "msg": "",
}


def build(kind: str, at: float, identity: tuple[Any, ...], **details: Any) -> Event:
    """An event of this ``kind``, noticed ``at`` so many seconds since 1970. ``details`` are those of _DETAILS.

    ``since``, in such seconds too, is when what it tells began, if that is another moment. ``identity`` is what makes
    it the event that it is: told again, such as after a crash, it has the same id.
    """
    unknown = details.keys() - _DETAILS.keys()
    if unknown:
        raise TypeError(f"no details of an event: {', '.join(sorted(unknown))}")
    since = details.get("since")
    if since is not None:
        details |= {"since": timestamp(since), "seconds": round(at - since, 3)}
    head = {"event": kind, "id": _digest(kind, details.get("agent"), *identity), "at": timestamp(at)}
    return {ROOT: _without_templates({**head, **_DETAILS, **details})}


def timestamp(seconds: float) -> str:
    """``seconds`` since 1970 as a time of UTC with milliseconds."""
    text = datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _digest(*identity: Any) -> str:
    return hashlib.blake2b(repr(identity).encode("utf-8", "replace"), digest_size=16).hexdigest()


def _without_templates(value: Any) -> Any:
    """``value`` with no text that could be a template: what a rulebook hands to a playbook, Ansible evaluates.

    Names of campaigns and files come from the server, where people type them.
    """
    if isinstance(value, Mapping):
        return {key: _without_templates(element) for key, element in value.items()}
    if isinstance(value, str) and ("{" in value or "#jinja2" in value):
        return value.replace("{", "(").replace("}", ")").replace("#jinja2", "jinja2")
    return value
