# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path beside the API by which a test steers the call center and sees the truth: ``/_simulator/...``, JSON."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any, Callable

from .accounts import Account
from .capacity import Capacity
from .dialer import Agent, Campaign, Dialer
from .faults import Faults, check_happens
from .journal import Journal
from .presets import fill_log
from .validation import USER, at_least, between, build, check, check_arguments, replaced

PREFIX = "/_simulator/"
MOST_FILLED = 1_000_000


class Control:
    """What ``GET`` and ``POST /_simulator/NAME`` do. A POST takes one JSON object: the arguments of the action."""

    def __init__(self, dialer: Dialer, faults: Faults, journal: Journal, capacity: Capacity) -> None:
        self._dialer = dialer
        self._faults = faults
        self._capacity = capacity
        self._journal = journal
        self._shown: dict[str, Callable[..., Any]] = {"state": dialer.state, "journal": self._entries}
        self._actions: dict[str, Callable[..., Any]] = {
            "log_in": self._log_in,
            "log_out": dialer.log_out,
            "start_call": dialer.start_call,
            "end_call": dialer.end_call,
            "change_agent": dialer.change_agent,
            "change_screen": dialer.change_screen,
            "start_recording": dialer.start_recording,
            "end_recording": dialer.end_recording,
            "fill_log": self._fill_log,
            "write_slot": dialer.write_slot,
            "alt_user": self._alt_user,
            "system": self._system,
            "campaign": self._campaign,
            "in_group": self._in_group,
            "account": self._account,
            "capacity": self._set_capacity,
            "advance": dialer.clock.advance,
            "fault": self._fault,
            "clear_faults": faults.clear,
            "clear_journal": journal.clear,
        }

    def show(self, name: str, query: Mapping[str, str] | None = None) -> Any:
        """What ``GET /_simulator/NAME?QUERY`` shows: "state", "journal", or "" for the process and the names there are.

        Raises ValueError for another name, and for a query that it does not know.
        """
        if not name:
            return {"pid": os.getpid(), "GET": sorted(self._shown), "POST": sorted(self._actions)}
        if name in self._actions:
            raise ValueError(f"{name} is an action: POST it, with its arguments as a JSON object")
        if name not in self._shown:
            raise ValueError(f"nothing to show by the name {name}; there are {', '.join(sorted(self._shown))}")
        return _called(name, self._shown[name], query or {})

    def act(self, name: str, arguments: Any) -> Any:
        """Carry out ``POST /_simulator/NAME``; raises ValueError, and changes nothing, where it makes no sense."""
        if name in self._shown:
            raise ValueError(f"{name} is shown: GET it")
        if name not in self._actions:
            raise ValueError(f"no action {name}; there are {', '.join(sorted(self._actions))}")
        result = _called(name, self._actions[name], arguments)
        return asdict(result) if is_dataclass(result) and not isinstance(result, type) else result

    def _entries(self, last: str = "") -> list[dict[str, Any]]:
        if not re.fullmatch("[0-9]{0,9}", last):
            raise ValueError(f"journal: last has to be a number of entries, and is {last}")
        return self._journal.entries(int(last) if last else None)

    def _log_in(self, user: str, **details: Any) -> Agent:
        check("user", "str", user, USER)
        return self._dialer.log_in(user, **details)

    def _fill_log(self, recordings: int, agents: int = 300, seed: int = 1) -> None:
        check("recordings", "int", recordings, between(0, MOST_FILLED))
        check("agents", "int", agents, at_least(1))
        fill_log(self._dialer, recordings, agents, seed)

    def _alt_user(self, alt_user: str, user: str) -> None:
        self._dialer.alt_users[alt_user] = user

    def _system(self, **fields: Any) -> None:
        self._dialer.system = replaced(self._dialer.system, fields)

    def _account(self, user: str, **fields: Any) -> None:
        known = self._dialer.accounts.get(user)
        self._dialer.accounts[user] = replaced(known, fields) if known else build(Account, {"user": user, **fields})

    def _set_capacity(self, **limits: Any) -> None:
        self._capacity.limits = replaced(self._capacity.limits, limits)

    def _campaign(self, name: str, **fields: Any) -> None:
        _set_rules(self._dialer.campaigns, name, fields)

    def _in_group(self, name: str, **fields: Any) -> None:
        _set_rules(self._dialer.in_groups, name, fields)

    def _fault(self, name: str, **details: Any) -> None:
        check_happens(name, **details)
        self._faults.add(self._dialer, name, **details)


def _called(name: str, function: Callable[..., Any], arguments: Any) -> Any:
    """What ``function`` returns for ``arguments`` that are not trusted; raises ValueError, beginning with ``name``."""
    try:
        check_arguments(function, arguments)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return function(**arguments)


def _set_rules(rules: dict[str, Campaign], name: str, fields: dict[str, Any]) -> None:
    rules[name] = replaced(rules.get(name, Campaign(name)), fields)
