# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interrupted demo leaves on the machine: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

SECONDS = 300.0  # of a busy machine; nothing is decided by them


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc")
def test_the_dialer_of_an_interrupted_demo_ends_and_removes_its_directory(tmp_path: Path) -> None:
    with subprocess.Popen(
        ["ansible-playbook", "telephony.vicidial.demo"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as playbook:
        wait_until(lambda: list(tmp_path.glob("vicidial_demo_*/ready.json")) or playbook.poll() is not None)
        pid = json.loads(next(tmp_path.glob("vicidial_demo_*/ready.json")).read_text())["pid"]
        os.killpg(playbook.pid, signal.SIGINT)  # as Ctrl-C does
        playbook.wait(SECONDS)
    wait_until(lambda: not list(tmp_path.glob("vicidial_demo_*")))
    wait_until(lambda: b"vicidial_simulator" not in command_of(pid))


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
