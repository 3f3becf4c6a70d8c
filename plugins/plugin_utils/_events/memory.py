# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""What a watch remembers over a restart, in a file: the agents, and that the server has refused the account.

The password is not in it. A refused account is told by a slow hash with a salt of its own, so that the file helps
nobody who wants to guess the password.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...module_utils._errors import LOCK_SECONDS, ApiError
from .floor import Known, restore

Account = tuple[str, ...]
_FORMAT = 1


class RefusedBeforeError(ApiError):
    """The server refused this very account when it was tried before: it is not tried again so soon."""

    def __init__(self, reason: str, seconds: float) -> None:
        super().__init__(
            f"the server refused this API account before the restart ({reason}); it is tried again in {seconds:.0f} s",
            "Correct api_user or api_password, which are then tried at once, or the account, and remove the state_file",
        )
        self.reason = reason


class Memory:
    """The file at ``path``; None remembers nothing. ``scope`` identifies the watch: another one's file is ignored."""

    def __init__(self, path: str | None, scope: Any) -> None:
        self._path = Path(path) if path else None
        self._scope = json.loads(json.dumps(scope))

    def recall(self) -> tuple[dict[str, Known] | None, str]:
        """The agents as they were known, None for nothing; and why a file that is there was not taken, or ""."""
        if self._path is None or not self._path.exists():
            return None, ""
        try:
            saved = self._read()
            if "agents" not in saved:
                return None, ""
            if saved["scope"] != self._scope:
                return None, f"{self._path} is of another server, account or choice of agents: it begins anew."
            return restore(saved["agents"]), ""
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            return None, f"{self._path} cannot be read ({type(error).__name__}): it begins anew."

    def remember(self, agents: Mapping[str, Any]) -> None:
        """Write the agents, in place of all that stood there. Raises OSError."""
        if self._path is not None:
            self._write({"format": _FORMAT, "scope": self._scope, "agents": agents})

    def remember_refusal(self, account: Account, reason: str, now: float) -> None:
        """Write that the server refused ``account``. Raises OSError."""
        if self._path is None:
            return
        salt = secrets.token_hex(16)
        refusal = {"salt": salt, "digest": _digest(account, salt), "reason": reason, "at": now}
        self._write({**self._kept(), "format": _FORMAT, "refusal": refusal})

    def check_account(self, account: Account, now: float) -> None:
        """Raise RefusedBeforeError where the server has refused ``account`` within the last 15 minutes."""
        refusal = self._kept().get("refusal")
        if not isinstance(refusal, dict):
            return
        left = float(refusal.get("at", 0)) + LOCK_SECONDS - now
        if 0 < left <= LOCK_SECONDS and refusal.get("digest") == _digest(account, str(refusal.get("salt"))):
            raise RefusedBeforeError(str(refusal.get("reason")), left)

    def _kept(self) -> dict[str, Any]:
        """What the file holds; nothing where it is none of ours."""
        try:
            return self._read()
        except (OSError, ValueError):
            return {}

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        saved = json.loads(self._path.read_text(encoding="utf-8"))
        if not isinstance(saved, dict) or saved.get("format") != _FORMAT:
            raise ValueError("another format")
        return saved

    def _write(self, content: Mapping[str, Any]) -> None:
        """Replace the file at once, readable by its owner alone."""
        if self._path is None:
            return
        new = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(content, file)
        new.replace(self._path)


def _digest(account: Account, salt: str) -> str:
    return hashlib.scrypt(repr(account).encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()
