# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""Repeats a single question that got no answer. Many at the same time are the business of the scheduler."""

from __future__ import annotations

import math
import time
from typing import Callable, TypeVar

from .._errors import FIRST_RETRY_PAUSE, ApiError, Delivery

AnswerT = TypeVar("AnswerT")

_REPEAT_SECONDS = 10.0


def retry(
    ask: Callable[[], AnswerT], retries: int, with_login: bool, sleep: Callable[[float], None] = time.sleep
) -> AnswerT:
    """What ``ask`` returns, or the ApiError that it raises in the end, after up to ``retries`` repetitions.

    A question ``with_login`` is repeated only when it certainly never reached the server: an answer that got lost may
    have been a failed login (protocol 3.4).
    """
    give_up_at = time.monotonic() + _REPEAT_SECONDS
    pauses = (FIRST_RETRY_PAUSE * 2**attempt for attempt in range(retries))
    while True:
        try:
            return ask()
        except ApiError as error:
            may_repeat = error.transient and (error.delivery is Delivery.NOT_SENT or not with_login)
            pause = max(next(pauses, math.inf), error.retry_after)
            if not may_repeat or time.monotonic() + pause > give_up_at:
                raise
        sleep(pause)
