# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator as a process of the system: its pid file, its start in the background, and what ends it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable

START_SECONDS = 15
STOP_SECONDS = 10
POLL_SECONDS = 0.25


_PLACE = Path(__file__).parents[1]  # a directory, or the zip file that all of this is in


def program() -> list[str]:
    """The command, without arguments, that starts this simulator once more."""
    is_runnable = _PLACE.is_file() or (_PLACE / "__main__.py").is_file()
    return [sys.executable, *([str(_PLACE)] if is_runnable else ["-m", str(__package__)])]


def running(pid_file: Path | None) -> int | None:
    """The process id of the simulator that ``pid_file`` names, None where there is no such process."""
    text = pid_file.read_text().strip() if pid_file and pid_file.exists() else ""
    if re.fullmatch("[1-9][0-9]*", text) and int(text) != os.getpid() and _is_simulator(int(text)):
        return int(text)
    return None


def stop(pid_file: Path, ready_file: Path | None) -> int | None:
    """End the simulator that ``pid_file`` names, by force after STOP_SECONDS, and remove both files.

    Returns the process id of what was ended, None where nothing ran.
    """
    pid = running(pid_file)
    if pid is not None:
        os.kill(pid, signal.SIGTERM)
        if not _wait_until(lambda: not _is_simulator(pid), STOP_SECONDS):
            os.kill(pid, signal.SIGKILL)
            _wait_until(lambda: not _is_simulator(pid), STOP_SECONDS)
    remove(pid_file, ready_file)
    return pid


def start_in_background(ready_file: Path, arguments: list[str]) -> str:
    """Start a simulator with ``arguments`` in a session of its own; returns its URL once it answers calls.

    Raises ValueError with the reason where it does not start.
    """
    remove(ready_file)
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [*program(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        _wait_until(lambda: child.poll() is not None or ready_file.exists(), START_SECONDS)
        if ready_file.exists():
            return str(json.loads(ready_file.read_text())["url"])
        child.terminate()
        errors.seek(0)
        words = errors.read().decode().strip().partition("vicidial_simulator: ")
        raise ValueError(words[2] or words[0] or "did not start in time")


def call_when_ended(pid: int, callback: Callable[[], Any]) -> None:
    """Call ``callback`` from a thread of its own as soon as there is no process ``pid``."""

    def watch() -> None:
        while _is_alive(pid):
            time.sleep(POLL_SECONDS)
        callback()

    threading.Thread(target=watch, daemon=True).start()


def write(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` whole: a reader never sees half of it. Only the owner may read it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)


def remove(*paths: Path | None) -> None:
    """Remove those of the files that are there."""
    for path in filter(None, paths):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except (OverflowError, ProcessLookupError):
        return False
    except PermissionError:
        pass
    return True


def _is_simulator(pid: int) -> bool:
    """Whether the process is alive and, where the system tells, a simulator and not another one of the same number."""
    if not _is_alive(pid):
        return False
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True
    return any(name.encode() in command for name in (str(__package__), _PLACE.name))


def _wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Wait until ``is_so``, for at most ``seconds``; returns whether it is."""
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)
    return is_so()
