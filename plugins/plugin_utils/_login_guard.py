# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""Bounds the failed logins of a whole run of Ansible: all hosts, items and attempts, in whatever worker they run.

All workers of one ansible-playbook share a local temporary directory, which Ansible removes in the end. What is known
of an account stands there, in a file whose name is a hash of the account that is keyed anew for each run. As long as
the account has not been accepted, its tasks log in one after the other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError

from ..module_utils._login import ACCEPTED, UNANSWERED, LoginHistory

# A task that takes longer has been accepted by all likelihood, and waits for its agents.
_PATIENCE_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Turn:
    """One task's turn to log in, by the ``history`` that it starts from."""

    def __init__(self, guard: LoginGuard, lock: int, is_async: bool) -> None:
        self.history = LoginHistory()
        self._guard = guard
        self._lock: int | None = lock
        self._is_async = is_async
        self._noted: str | None = None

    def note(self, login: str, reason: str | None = None) -> None:
        """Add what became of the login, and let others go on."""
        if login != self._noted and (self.history.is_in_doubt or login != ACCEPTED):
            self._guard.note(login, reason)
        self._noted = login
        self.release()

    def end(self, result: Mapping[str, Any]) -> None:
        """Add what the task's ``result`` tells of the login."""
        if self._is_async and "ansible_job_id" in result and not self.history.accepted:
            self.note(UNANSWERED)
        elif isinstance(result.get("login"), str):
            self.note(result["login"], result.get("reason"))

    @contextmanager
    def or_broken_off(self) -> Iterator[None]:
        """Adds a login without an answer when the task ends in the middle, such as by its time-out."""
        try:
            yield
        except AnsibleError:
            raise  # the module was not run
        except BaseException:
            if self._noted is None:
                self.note(UNANSWERED)
            raise

    def release(self) -> None:
        """Let others go on, also where a process that was forked meanwhile has the descriptor too."""
        if self._lock is not None:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            os.close(self._lock)
            self._lock = None


class LoginGuard:
    """What this run knows of one ``account``, which is told by anything that identifies it."""

    def __init__(self, account: tuple[str, ...]) -> None:
        self._directory = Path(constants.DEFAULT_LOCAL_TMP)
        name = hashlib.blake2b(repr(account).encode(), key=self._key(), digest_size=16).hexdigest()
        self._marker = self._directory / f"vicidial-login-{name}"

    @contextmanager
    def turn(self, is_async: bool) -> Iterator[Turn]:
        """A task's turn; while the account is in doubt it is the only one until its login is noted.

        A task that ``is_async`` waits for nobody, and nobody hears how its login ends.
        """
        before = self.read()
        lock = os.open(self._marker.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
        turn = Turn(self, lock, is_async)
        try:
            if before.is_in_doubt and not is_async:
                _wait_for(lock)
            turn.history = self.read().seen_from(before)
            with turn.or_broken_off():
                yield turn
        finally:
            turn.release()

    def note(self, login: str, reason: str | None) -> None:
        """Add what became of a login."""
        with self._locked():
            self._write(self._marker, self.read().after(login, reason).to_text().encode())

    def read(self) -> LoginHistory:
        """What is known by now."""
        try:
            return LoginHistory.from_text(self._marker.read_text())
        except FileNotFoundError:
            return LoginHistory()

    def _key(self) -> bytes:
        """The secret of this run, made by whichever worker needs it first."""
        path = self._directory / "vicidial-login-key"
        with self._locked():
            if not path.exists():
                self._write(path, secrets.token_bytes(32))
            return path.read_bytes()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        directory = os.open(self._directory, os.O_RDONLY)
        try:
            fcntl.flock(directory, fcntl.LOCK_EX)
            yield
        finally:
            os.close(directory)

    def _write(self, path: Path, content: bytes) -> None:
        """Replace a file at once, so that nobody reads a half of it."""
        new = path.with_suffix(f".{os.getpid()}")
        with os.fdopen(os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        new.replace(path)


def _wait_for(lock: int) -> None:
    give_up_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < give_up_at:
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        time.sleep(_POLL_SECONDS)
