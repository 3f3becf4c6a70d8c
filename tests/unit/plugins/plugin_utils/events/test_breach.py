# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""For how long a rule has been broken: findings and moments in, at most one event for a breach and for its end out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.breach import KEPT, OVER, Breach

FOR_SECONDS = 10.0
Look = tuple[float, "str | None", str]


def told(looks: Sequence[Look]) -> list[tuple[float, str]]:
    """What is told of an agent over ``looks``: a moment, the audit's finding, and the call."""
    breach, found = Breach(), []
    for now, finding, call in looks:
        breach, ended = breach.next(finding, call, now)
        if ended:
            found.append((now, ended))
        if breach.is_due(now, FOR_SECONDS):
            breach = breach.as_told()
            found.append((now, breach.kind))
    return found


def every_two_seconds(*findings: str | None) -> list[Look]:
    return [(2.0 * number, finding, "a call") for number, finding in enumerate(findings)]


def test_a_breach_is_told_once_and_only_when_it_has_lasted() -> None:
    assert told(every_two_seconds(*["missing"] * 5)) == []
    assert told(every_two_seconds(*["missing"] * 50)) == [(10.0, "missing")]


def test_the_end_of_a_breach_is_told_once() -> None:
    looks = every_two_seconds(*["missing"] * 6, *["conforming"] * 3, *["missing"] * 6)
    assert told(looks) == [(10.0, "missing"), (12.0, KEPT), (28.0, "missing")]


def test_a_breach_that_was_not_told_ends_without_a_word() -> None:
    assert told(every_two_seconds(*["unexpected"] * 5, "conforming", *["unexpected"] * 5)) == []


def test_each_call_has_its_own_time() -> None:
    looks = [(now, "missing", "first" if now < 8 else "second") for now in (0.0, 4.0, 8.0, 12.0, 16.0)]
    assert told(looks) == []
    assert told([*looks, (18.0, "missing", "second"), (20.0, "missing", "third")]) == [(18.0, "missing"), (20.0, OVER)]


def test_the_end_of_the_call_ends_the_breach() -> None:
    assert told([*every_two_seconds(*["missing"] * 6), (12.0, None, "")]) == [(10.0, "missing"), (12.0, OVER)]
    # What is conforming in another call is not that one that was missing.
    assert told([*every_two_seconds(*["missing"] * 6), (12.0, "conforming", "b")])[-1] == (12.0, OVER)


def test_an_unknown_finding_restarts_the_time_and_does_not_end_a_breach_that_was_told() -> None:
    assert told(every_two_seconds(*["missing"] * 4, "unknown", *["missing"] * 5)) == []
    assert told(every_two_seconds(*["missing"] * 6, *["unknown"] * 9, "missing", "conforming")) == [
        (10.0, "missing"),
        (32.0, KEPT),
    ]


def test_a_breach_of_the_other_kind_ends_the_first_one_and_has_its_own_time() -> None:
    looks = every_two_seconds(*["missing"] * 6, *["unexpected"] * 6)
    assert told(looks) == [(10.0, "missing"), (12.0, OVER), (22.0, "unexpected")]


@given(st.lists(st.sampled_from(["missing", "unexpected", "conforming", "unknown", None]), max_size=60))
def test_ends_and_breaches_take_turns_and_none_is_told_too_early(findings: list[str | None]) -> None:
    found = told(every_two_seconds(*findings))
    kinds = [kind in (KEPT, OVER) for _at, kind in found]
    assert kinds == [number % 2 == 1 for number in range(len(kinds))]
    for at, kind in found:
        if kind in ("missing", "unexpected"):
            assert findings[int(at / 2) - 5 : int(at / 2) + 1] == [kind] * 6


@pytest.mark.parametrize("finding", ["missing", "unexpected"])
def test_no_time_at_all_is_told_at_once(finding: str) -> None:
    breach, _ended = Breach().next(finding, "", 5.0)
    assert breach.is_due(5.0, 0.0)
