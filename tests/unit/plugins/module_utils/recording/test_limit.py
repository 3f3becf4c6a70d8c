# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many calls are out at once, in virtual time: a server of so many workers, shared by turns, and nobody sleeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._recording.limit import ConcurrencyLimit

SERVICE_SECONDS = 0.006


def limits(limit: ConcurrencyLimit, workers: int, calls: int = 600, slower: float = 1.0) -> Iterator[int]:
    """The limit after each call, to a server that works on ``workers`` calls at once as quickly as on one."""
    for _call in range(calls):
        at_once = limit.value
        limit.note(SERVICE_SECONDS * slower * max(1.0, at_once / workers), at_once)
        yield limit.value


def test_the_limit_starts_with_one_call_to_learn_how_quick_the_server_is() -> None:
    assert list(limits(ConcurrencyLimit(8), workers=8, calls=6)) == [1, 2, 2, 2, 2, 4]
    assert max(limits(ConcurrencyLimit(1), workers=8)) == 1


def test_the_limit_doubles_until_calls_come_back_less_quickly_and_grows_by_one_from_then_on() -> None:
    limit = ConcurrencyLimit(16)
    found = list(limits(limit, workers=8, calls=24))
    assert list(dict.fromkeys(found)) == [1, 2, 4, 8, 16, 15, 14]
    assert list(dict.fromkeys(limits(limit, workers=16, calls=20))) == [14, 15, 16]


def test_the_first_calls_of_new_connections_are_not_taken_for_a_server_that_is_full() -> None:
    limit, connections = ConcurrencyLimit(8), 0
    for _call in range(10):
        is_new = connections < limit.value
        connections += is_new
        limit.note(SERVICE_SECONDS * (5 if is_new else 1), limit.value)
    assert limit.value == 8


def test_a_server_with_room_gets_as_many_as_are_allowed_and_no_more() -> None:
    found = list(limits(ConcurrencyLimit(8), workers=8))
    assert found[60] == 8, "within sixty calls"
    assert max(found) == 8
    assert max(limits(ConcurrencyLimit(3), workers=8)) == 3


@pytest.mark.parametrize(("workers", "lowest", "highest"), [(1, 1, 2), (2, 2, 3), (4, 4, 6), (6, 6, 8)])
def test_a_server_that_is_full_gets_about_as_many_as_it_works_on(workers: int, lowest: int, highest: int) -> None:
    settled = list(limits(ConcurrencyLimit(8), workers))[100:]
    assert lowest <= min(settled)
    assert max(settled) <= highest


def test_the_limit_shrinks_when_others_load_the_server_until_it_knows_how_quick_that_is() -> None:
    limit = ConcurrencyLimit(8)
    assert list(limits(limit, workers=8))[-1] == 8
    loaded = list(limits(limit, workers=8, slower=3.0))
    assert loaded.index(1) < 60
    assert loaded[-1] == 8, "more of our calls make it no slower"


def test_one_call_at_a_time_does_not_last_where_the_server_has_become_slower() -> None:
    limit = ConcurrencyLimit(8)
    list(limits(limit, workers=2))
    settled = list(limits(limit, workers=2, slower=2.0))[100:]
    assert sum(value > 1 for value in settled) > len(settled) * 0.8


def test_a_slow_call_now_and_then_means_nothing() -> None:
    limit = ConcurrencyLimit(8)
    for number in range(600):
        limit.note(SERVICE_SECONDS * (50 if number % 5 == 0 else 1), limit.value)
    assert limit.value == 8


def test_the_limit_does_not_grow_while_fewer_are_out_than_it_allows() -> None:
    limit = ConcurrencyLimit(8)
    for _call in range(600):
        limit.note(SERVICE_SECONDS, 1)
    assert limit.value == 2
