# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The path beside the API by which a test steers the call center and sees the truth: ``/_simulator/...``, JSON."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import Any, Callable

from .accounts import Account
from .dialer import RECORDING_SETTINGS, STEREO_SETTINGS, Campaign, Dialer, DialerError
from .faults import Faults
from .journal import Journal

PREFIX = "/_simulator/"


class Control:
    """What ``GET`` and ``POST /_simulator/NAME`` do. A POST takes one JSON object: the arguments of the action."""

    def __init__(self, dialer: Dialer, faults: Faults, journal: Journal) -> None:
        self._dialer = dialer
        self._faults = faults
        self._journal = journal
        self._shown: dict[str, Callable[[], Any]] = {"state": dialer.state, "journal": journal.entries}
        self._actions: dict[str, Callable[..., Any]] = {
            "log_in": self._log_in,
            "log_out": dialer.log_out,
            "start_call": dialer.start_call,
            "end_call": dialer.end_call,
            "change_agent": dialer.change_agent,
            "change_screen": dialer.change_screen,
            "start_recording": lambda **given: asdict(dialer.start_recording(**given)),
            "end_recording": dialer.end_recording,
            "write_slot": dialer.write_slot,
            "alt_user": self._alt_user,
            "system": self._system,
            "campaign": lambda **given: _set_rules(dialer.campaigns, **given),
            "in_group": lambda **given: _set_rules(dialer.in_groups, **given),
            "account": self._account,
            "advance": dialer.clock.advance,
            "fault": lambda **given: faults.add(dialer, **given),
            "clear_faults": faults.clear,
            "clear_journal": journal.clear,
        }

    def show(self, name: str) -> Any:
        """What ``GET /_simulator/NAME`` shows: "state", "journal", or "" for the process and the names there are.

        Raises ValueError for another name.
        """
        if not name:
            return {"pid": os.getpid(), "GET": sorted(self._shown), "POST": sorted(self._actions)}
        if name not in self._shown:
            raise ValueError(f"nothing to show by the name {name}; there are {', '.join(sorted(self._shown))}")
        return self._shown[name]()

    def act(self, name: str, arguments: dict[str, Any]) -> Any:
        """Carry out ``POST /_simulator/NAME``; raises ValueError for what makes no sense."""
        if name not in self._actions:
            raise ValueError(f"no action {name}; there are {', '.join(sorted(self._actions))}")
        try:
            return self._actions[name](**arguments)
        except TypeError as error:
            raise ValueError(f"{name}: {error}") from error

    def _log_in(self, **given: Any) -> dict[str, Any]:
        return asdict(self._dialer.log_in(**given))

    def _alt_user(self, alt_user: str, user: str) -> None:
        self._dialer.alt_users[alt_user] = user

    def _system(self, **fields: Any) -> None:
        self._dialer.system = replace(self._dialer.system, **fields)

    def _account(self, user: str, **fields: Any) -> None:
        known = self._dialer.accounts.get(user)
        self._dialer.accounts[user] = replace(known, **fields) if known else Account(user, **fields)


def _set_rules(rules: dict[str, Campaign], name: str, **fields: Any) -> None:
    changed = replace(rules.get(name, Campaign(name)), **fields)
    if changed.stereo not in STEREO_SETTINGS or changed.recording not in RECORDING_SETTINGS:
        raise DialerError(f"stereo is one of {STEREO_SETTINGS}, recording is one of {RECORDING_SETTINGS}")
    rules[name] = changed
