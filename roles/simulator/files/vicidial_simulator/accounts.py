# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API accounts: passwords as the server compares them, the lock after ten failures, permissions."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from .translations import DEFAULT_LANGUAGE, LANGUAGES
from .validation import USER, at_least, between, one_of

FAILURES_UNTIL_LOCKED = 10
LOCKED_SECONDS = 900
HIGHEST_LEVEL = 9


@dataclass
class Account:
    """A VICIdial user whom a program calls the APIs as (protocol 3.3 to 3.8, 5.1).

    ``failures`` is ``failed_login_count``, and ``last_login_date`` is in the clock's seconds; 0 means that nobody ever
    logged in to the web pages. ``visible_campaigns`` and ``visible_groups`` are what the account's user group may see
    in a listing (None: everything).
    """

    user: str = field(metadata=USER)
    password: str
    active: bool = True
    agent_api_access: bool = True
    allowed_functions: list[str] = field(default_factory=lambda: ["ALL_FUNCTIONS"])
    level: int = field(default=HIGHEST_LEVEL, metadata=between(0, HIGHEST_LEVEL))
    view_reports: bool = True
    user_group: str = "ADMIN"
    visible_campaigns: list[str] | None = None
    visible_groups: list[str] | None = None
    language: str = field(default=DEFAULT_LANGUAGE, metadata=one_of(LANGUAGES))
    allowed_addresses: list[str] | None = None
    two_factor_due: bool = False
    failures: int = field(default=0, metadata=at_least(0))
    last_login_date: float = 0.0

    def may_call(self, function: str) -> bool:
        """Whether ``api_allowed_functions`` holds ``function``; one function never stands for another (3.6)."""
        return function in self.allowed_functions or "ALL_FUNCTIONS" in self.allowed_functions

    def may_list(self, campaign: str, user_group: str) -> bool:
        """Whether a listing shows this account the agents of ``campaign`` and ``user_group`` (5.1)."""
        in_campaigns = self.visible_campaigns is None or campaign in self.visible_campaigns
        return in_campaigns and (self.visible_groups is None or user_group in self.visible_groups)

    def admits(self, address: str) -> bool:
        """Whether the user group's list of addresses lets ``address`` in (3.3)."""
        return self.allowed_addresses is None or address in self.allowed_addresses


def strip_password(password: str) -> str:
    """``password`` as the Agent API keeps it after dropping every character that it does not expect (protocol 3.2)."""
    return re.sub(r"[^-.+/=_0-9a-zA-Z]", "", password)


def hash_password(password: str) -> str:
    """A stand-in for what a server has instead of ``password`` where it keeps passwords encrypted (protocol 3.2)."""
    return hashlib.sha256(password.encode()).hexdigest()[:31]


def strip_name(name: str) -> str:
    """``name`` as the server keeps it: other characters than ``[-_0-9a-zA-Z]`` are dropped silently (protocol 4.9).

    The Non-Agent API treats passwords in the same way (protocol 3.5).
    """
    return re.sub(r"[^-_0-9a-zA-Z]", "", name)


def strip_alt_user(alt_user: str) -> str:
    """``alt_user`` as the server keeps it: letters and digits alone (protocol 4.16)."""
    return re.sub(r"[^0-9a-zA-Z]", "", alt_user)


def same(one: str, other: str) -> bool:
    """Whether two names, or passwords that are not hashed, are the same to the database (protocol 3.8)."""
    return one.casefold() == other.casefold()


def log_in(account: Account | None, password: str, now: float, *, hashed: bool = False, least_level: int = 1) -> str:
    """Try ``password`` (already stripped): GOOD, BAD or LOCK (protocol 3.1, 3.3). Counts a failure on the account.

    ``hashed``: the server keeps passwords encrypted, so upper and lower case differ. An account below ``least_level``
    gets the answer of a wrong password.
    """
    if account is None:
        return "BAD"
    is_lock_over = now - account.last_login_date >= LOCKED_SECONDS
    is_below = account.failures < FAILURES_UNTIL_LOCKED
    is_right = password == account.password if hashed else same(password, account.password)
    if is_right and account.active and account.level >= least_level and (is_below or is_lock_over):
        return "GOOD"
    if is_below:
        account.failures += 1
    elif is_lock_over:
        account.failures, account.last_login_date = 1, now
    else:
        return "LOCK"
    return "BAD"


def note_success(account: Account, now: float) -> None:
    """What a successful call of the Non-Agent API does to the count; the Agent API resets nothing (protocol 3.4)."""
    account.failures, account.last_login_date = 0, now
