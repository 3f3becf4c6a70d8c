# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clock of the dialer."""

from __future__ import annotations

import math
import time

import pytest

from vicidial_simulator.clock import Clock, wall_time


def test_a_clock_can_stand_still_and_be_moved() -> None:
    clock = Clock(lambda: 100.0)
    assert clock.now() == 100
    clock.advance(7.5)
    assert clock.now() == 107.5


@pytest.mark.parametrize(
    ("seconds", "message"),
    [(-1, "only moves forward"), (math.nan, "only moves forward"), (1e300, "ends"), (math.inf, "ends")],
)
def test_a_clock_does_not_go_back_nor_beyond_what_can_be_shown(seconds: float, message: str) -> None:
    clock = Clock(lambda: 100.0)
    with pytest.raises(ValueError, match=message):
        clock.advance(seconds)
    assert clock.now() == 100


def test_by_itself_it_shows_the_time_and_does_not_stand_still() -> None:
    clock = Clock()
    first, second = clock.now(), clock.now()
    assert first <= second
    assert abs(second - time.time()) < 60


@pytest.mark.parametrize(
    ("utc_offset", "shown"),
    [(0, "2026-11-22 09:13:40"), (-18000, "2026-11-22 04:13:40"), (20700, "2026-11-22 14:58:40")],
)
def test_wall_time(utc_offset: int, shown: str) -> None:
    assert wall_time(1795338820.9, utc_offset) == shown
