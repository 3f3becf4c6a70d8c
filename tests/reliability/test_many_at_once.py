# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two playbooks that want the opposite of 300 agents at the same time, and are killed in the middle of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from ansible_collections.telephony.vicidial.tests.reliability.oracle import overlaps
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving

AGENTS = [str(user) for user in range(1000, 1300)]
# Nothing waits so long: it ends a test that hangs.
PATIENCE_SECONDS = 120.0


def start(directory: Path, simulator: Simulator, state: str, **options: object) -> subprocess.Popen[str]:
    """An ansible-playbook that declares ``state`` for all agents."""
    connection = {"api_url": simulator.url, "api_user": simulator.user, "api_password": simulator.password}
    declared = {"agent_users": AGENTS, "state": state, "wait_sleep": 0.2, **connection, **options}
    task = {"telephony.vicidial.vicidial_stereo_recording": declared}
    playbook = directory / f"{state}.yml"
    playbook.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    return subprocess.Popen(
        ["ansible-playbook", "-e", f"ansible_python_interpreter={sys.executable}", str(playbook)],
        env={**os.environ, "ANSIBLE_HOME": str(directory), "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(simulator: Simulator, signals: int) -> None:
    """Return when the server has received so many signals."""
    until = time.monotonic() + PATIENCE_SECONDS
    while len([call for call in simulator.journal.entries() if call["value"] in ("BEGIN", "END")]) < signals:
        assert time.monotonic() < until
        time.sleep(0.02)


def live(simulator: Simulator) -> list[str]:
    with simulator.lock:
        return sorted(row.user for row in simulator.dialer.recordings if row.ended_at is None)


def workers_of(playbook: subprocess.Popen[str]) -> list[int]:
    """Its child processes: each leads a session of its own, which no signal to the parent's group reaches."""
    return [int(pid) for pid in Path(f"/proc/{playbook.pid}/task/{playbook.pid}/children").read_text().split()]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("state", ["recording", "idle"])
def test_two_that_want_the_opposite_are_killed_and_one_runs_again(tmp_path: Path, state: str, figure: Figure) -> None:
    with serving(call_center(len(AGENTS), "INCALL", poll=0.5, act=0.1)) as simulator:
        for user in AGENTS[::2]:
            simulator.dialer.start_recording(user)
        both = [start(tmp_path, simulator, declared) for declared in ("recording", "idle")]
        wait_for(simulator, signals=150)
        for playbook in both:
            for pid in (*workers_of(playbook), playbook.pid):
                os.kill(pid, signal.SIGKILL)
            playbook.communicate()
        killed_at = len(simulator.journal.entries())
        with simulator.lock:
            # Nobody runs it again before the screens have acted on what they had read.
            simulator.dialer.clock.advance(2.0)
        again = start(tmp_path, simulator, state)
        output, _nothing = again.communicate(timeout=PATIENCE_SECONDS)
        assert again.returncode == 0, output
        assert live(simulator) == (AGENTS if state == "recording" else [])
        with simulator.lock:
            simulator.dialer.clock.advance(60.0)
        assert live(simulator) == (AGENTS if state == "recording" else []), "a signal was left behind"
        with simulator.lock:
            assert overlaps(simulator.dialer.recordings) == []
        figure(f"{len(AGENTS)} agents, killed after {killed_at} calls, {state} again: 0 with two recordings at once")


def test_the_worker_of_a_killed_ansible_playbook_stops_signalling(tmp_path: Path) -> None:
    with serving(call_center(len(AGENTS), "INCALL", poll=0.5, act=0.1)) as simulator:
        for user in AGENTS:
            simulator.dialer.change_screen(user, open=False)
        playbook = start(tmp_path, simulator, "recording", wait_timeout=3000)
        wait_for(simulator, signals=50)
        workers = workers_of(playbook)
        assert workers
        playbook.kill()
        playbook.wait()
        until = time.monotonic() + PATIENCE_SECONDS
        while any(runs(pid) for pid in workers):
            assert time.monotonic() < until, "a worker goes on without anybody"
            time.sleep(0.05)
        assert playbook.stdout is not None
        playbook.stdout.close()
