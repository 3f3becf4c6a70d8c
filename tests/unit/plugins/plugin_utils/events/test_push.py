# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VICIdial's agent screens push is read, and what is none of that is nothing."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.event import KINDS
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.push import (
    MEANING,
    Push,
    event_of,
    read_body,
    read_push,
)

# As get2post.php sends it on, with the Agent Push URL of docs/events.md.
FORM = b"user=1000&event=call_answered&lead_id=500001&counter=17"


def test_a_form_is_read() -> None:
    assert read_body(FORM) == Push("1000", "call_answered", "500001", "17")


def test_so_is_json_and_the_form_as_an_event_stream_hands_it_on() -> None:
    assert read_body(b'{"user": 1000, "event": "agent_hangup"}') == Push("1000", "agent_hangup")
    assert read_push({"user": ["1000"], "event": ["logged_in"], "lead_id": ["x"]}) == Push("1000", "logged_in")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "user=1000&event=call_answered",
        {},
        {"user": "1000"},
        {"user": "1000", "event": "update_fields"},
        {"user": "10 00", "event": "call_answered"},
        {"user": "", "event": "call_answered"},
        {"user": ["1000", "1001"], "event": "call_answered"},
        {"user": True, "event": "call_answered"},
        {"user": {"a": 1}, "event": "call_answered"},
        {"user": "{{ 1 }}", "event": "call_answered"},
    ],
)
def test_a_payload_that_is_no_push_is_ignored(payload: Any) -> None:
    assert read_push(payload) is None


@given(st.binary(max_size=200))
def test_any_body_is_read_or_nothing(body: bytes) -> None:
    read_body(body)


def test_a_body_that_is_deep_or_wide_is_nothing() -> None:
    assert read_body(b'{"a":' + b"[" * 10_000) is None
    assert read_body(b"&".join(b"a=1" for _time in range(100))) is None


FILTER = Path(__file__).resolve().parents[5] / "extensions/eda/plugins/event_filter/agent_push.py"


def test_the_filter_makes_an_event_of_a_push_and_drops_the_rest() -> None:
    main = runpy.run_path(str(FILTER))["main"]
    meta = {"source": {"name": "pushes"}}
    pushed = {"payload": parse_qs(FORM.decode()), "meta": meta}
    first, second = main(pushed), main(pushed)
    assert (first["vicidial"]["agent"], first["vicidial"]["event"]) == ("1000", "call_began")
    assert (first["vicidial"]["reason"], first["vicidial"]["after"], first["meta"]) == ("pushed", None, meta)
    assert first["vicidial"]["id"] == second["vicidial"]["id"], "a doubled push is the same event"
    assert main({"payload": {"user": "1000", "event": "dispo_set"}}) == []
    assert main({}) == main({"payload": "x"}) == []


@pytest.mark.parametrize("name", sorted(MEANING))
def test_each_push_that_means_something_is_an_event_of_the_source(name: str) -> None:
    event = event_of({"user": "1000", "event": name}, 0.0)
    assert event is not None
    assert event["vicidial"]["event"] in KINDS
