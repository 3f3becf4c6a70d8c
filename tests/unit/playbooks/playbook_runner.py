# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the real ansible-playbook, the task's module in Ansible's own worker or as a process of its own."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ansible_collections.telephony.vicidial.tests.support import Simulator

IN_PROCESS = "in process"
AS_MODULE = "as a module"
WAYS = (IN_PROCESS, AS_MODULE)

Tasks = list[dict[str, Any]]

# Posts each body to the address before it.
POST = """
import sys, urllib.request
for url, body in zip(sys.argv[1::2], sys.argv[2::2]):
    urllib.request.urlopen(url, body.encode())
"""


def dialer_task(simulator: Simulator, steps: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """A task in which the dialer acts: any number of steps in one process, and no module."""
    posts = [text for action, body in steps for text in (f"{simulator.url}/_simulator/{action}", json.dumps(body))]
    return {"ansible.builtin.raw": shlex.join([sys.executable, "-c", POST, *posts])}


def python_for(way: str, directory: Path) -> str:
    """The interpreter that makes the tasks of a play run in that ``way``: ours, or another that amounts to ours."""
    if way == IN_PROCESS:
        return sys.executable
    wrapper = directory / "other-python"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    return str(wrapper)


def play(
    directory: Path, tasks: Tasks, *arguments: str, python: str | None = sys.executable, **environment: str
) -> str:
    """Everything that ansible-playbook prints and logs for a play of ``tasks`` on localhost, which must succeed.

    ``tasks`` may also be whole plays.

    With ``python`` None its interpreter is left to the tasks.
    """
    playbook = directory / "play.yml"
    plays = tasks if "hosts" in tasks[0] else [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]
    playbook.write_text(json.dumps(plays))
    interpreter = ["-e", f"ansible_python_interpreter={python}"] if python else []
    local = ["-c", "local", *interpreter]
    if "-i" not in arguments:
        local += ["-i", "localhost,"]
    code, output = ansible_playbook(directory, str(playbook), *local, *arguments, **environment)
    assert code == 0, output
    return output


def ansible_playbook(directory: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """The exit code of ansible-playbook, run in ``directory``, and everything that it prints and logs."""
    log = directory / "ansible.log"
    settings = {"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(directory)}
    settings["ANSIBLE_ASYNC_DIR"] = str(directory / "async")  # it would follow HOME on one end and passwd on the other
    done = subprocess.run(
        ["ansible-playbook", *arguments],
        cwd=directory,
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr + log.read_text()
