# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What VICIdial's agent screens push is read, and what is none of that is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.push import Push, read_body, read_push

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
def test_what_is_none_is_nothing(payload: Any) -> None:
    assert read_push(payload) is None


@given(st.binary(max_size=200))
def test_any_body_is_read_or_nothing(body: bytes) -> None:
    read_body(body)


def test_a_body_that_is_deep_or_wide_is_nothing() -> None:
    assert read_body(b'{"a":' + b"[" * 10_000) is None
    assert read_body(b"&".join(b"a=1" for _time in range(100))) is None
