# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""Agents and filters of agents; which names and passwords VICIdial accepts, and what it strips from others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Agent:
    """Whom a call is about: by ``user``, or by ``alt_user``, which the server looks up (protocol 1.3)."""

    user: str | None = None
    alt_user: str | None = None


@dataclass(frozen=True)
class AgentFilter:
    """Which agents are listed: those of these campaigns and of these user groups, where empty means all.

    ``sub_status``: with their pause code and sub status, which costs the server a look into its logs.
    """

    campaigns: Sequence[str] = ()
    user_groups: Sequence[str] = ()
    sub_status: bool = False


def is_user(text: str) -> bool:
    """Whether ``text`` can be a VICIdial user: the server drops other characters silently (protocol 4.9)."""
    return re.fullmatch("[-_0-9a-zA-Z]+", text) is not None


def is_alt_user(text: str) -> bool:
    """Whether ``text`` can be looked up as an alt_user: two letters or digits at least, and nothing else (4.16)."""
    return re.fullmatch("[0-9a-zA-Z]{2,}", text) is not None


def strip_password(password: str) -> str:
    """``password`` as the server strips it before it compares, stores and echoes it (protocol 3.2)."""
    return re.sub(r"[^-.+/=_0-9a-zA-Z]", "", password)


# The Agent API keeps them in a password, the Non-Agent API drops them (protocol 3.5).
STRIPPED_FOR_LISTS = ". + / ="


def is_fit_for_lists(password: str) -> bool:
    """Whether a password that is right for the Agent API is right for the Non-Agent API too (protocol 3.5)."""
    return not set(password) & set(STRIPPED_FOR_LISTS.split())
