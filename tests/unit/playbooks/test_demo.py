# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: its story in forty lines, and what it leaves on the machine: nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook

STORY = (
    "1. Declared: agent 1000 is being recorded\n     The dialer received: STATUS, BEGIN, STATUS",
    "2. Declared: the same again, which changes nothing\n     The dialer received: STATUS\n"
    "     It really records:   100001_SALES_1000)",
    "3. Declared: agent 1000 is idle\n     The dialer received: STATUS, END, STATUS",
    "refused\n     The dialer received: STATUS\n     It really records:   nobody)",
    "ansible-playbook telephony.vicidial.preflight",
)
SECONDS = 300.0  # of a busy machine; nothing is decided by them


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_demo_tells_its_story_in_forty_lines_and_leaves_nothing(tmp_path: Path) -> None:
    """As a new user runs it, without settings: warnings about an empty inventory are among the lines."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(
        ["ansible-playbook", "telephony.vicidial.demo"],
        cwd=tmp_path,
        env={**ours, "TMPDIR": str(tmp_path), "ANSIBLE_HOME": str(tmp_path / "home"), "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert [line for line in STORY if line not in done.stdout] == []
    assert len(done.stdout.splitlines()) <= 40, done.stdout
    assert '\\"' not in done.stdout
    assert not list(tmp_path.glob("vicidial_demo_*"))


def test_the_demo_refuses_words_that_extra_vars_lost(tmp_path: Path) -> None:
    code, output = ansible_playbook(
        tmp_path, "telephony.vicidial.demo", "-e", "a=1 2", ANSIBLE_CALLBACK_RESULT_FORMAT="json"
    )
    assert code == 2
    assert "'2' got lost" in output


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
