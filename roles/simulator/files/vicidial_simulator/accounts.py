# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""API accounts: passwords as the server compares them, the lock after ten failures, permissions."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

from .validation import USER, at_least

FAILURES_UNTIL_LOCKED = 10
LOCKED_SECONDS = 900


@dataclass
class Account:
    """A VICIdial user whom a program calls the APIs as (protocol 3.3 to 3.6, 5.1)."""

    user: str = field(metadata=USER)
    password: str
    agent_api_access: bool = True
    allowed_functions: list[str] = field(default_factory=lambda: ["ALL_FUNCTIONS"])
    level: int = 9
    view_reports: bool = True
    user_group: str = "ADMIN"
    language: str = "default English"
    allowed_addresses: list[str] | None = None
    failures: int = field(default=0, metadata=at_least(0))
    last_failure: float = 0.0

    def may_call(self, function: str) -> bool:
        """Whether ``api_allowed_functions`` holds ``function``; one function never stands for another (3.6)."""
        return function in self.allowed_functions or "ALL_FUNCTIONS" in self.allowed_functions


def strip_password(password: str) -> str:
    """``password`` as the server keeps it after dropping every character that it does not expect (protocol 3.2)."""
    return re.sub(r"[^-.+/=_0-9a-zA-Z]", "", password)


def hash_password(password: str) -> str:
    """A stand-in for what a server has instead of ``password`` where it keeps passwords encrypted (protocol 3.2)."""
    return hashlib.sha256(password.encode()).hexdigest()[:31]


def strip_name(name: str) -> str:
    """``name`` as the server keeps it: other characters than ``[-_0-9a-zA-Z]`` are dropped silently (protocol 4.9)."""
    return re.sub(r"[^-_0-9a-zA-Z]", "", name)


def log_in(account: Account | None, password: str, address: str, now: float) -> str:
    """Try ``password`` (already stripped) from ``address``: GOOD, BAD, LOCK or IPBLOCK (protocol 3.3).

    A failure is counted on the account; a success does not reset the count (protocol 3.4).
    """
    if account is None:
        return "BAD"
    if account.allowed_addresses is not None and address not in account.allowed_addresses:
        return "IPBLOCK"
    if account.failures >= FAILURES_UNTIL_LOCKED:
        if now - account.last_failure < LOCKED_SECONDS:
            return "LOCK"
        account.failures = 0
    if password != account.password:
        account.failures += 1
        account.last_failure = now
        return "BAD"
    return "GOOD"
