# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's real ``main()`` in this process, as Ansible would start it."""

from __future__ import annotations

import json
import os
import signal
from contextlib import ExitStack
from typing import Any, Callable
from unittest import mock

import pytest
from ansible.module_utils import basic
from ansible.module_utils.common import warnings

Run = Callable[..., dict[str, Any]]

# The keys of an agent's record, on every path of both modules.
RECORD = {
    "user",
    "logged_in",
    "state",
    "recording_id",
    "filename",
    "server",
    "start_time",
    "agent_server",
    "session",
    "agent_status",
}

# What Ansible keeps for the whole of a process, as it is where a module begins.
IN_A_PROCESS_OF_ITS_OWN: dict[str, Callable[[], Any]] = {
    "ansible.module_utils.common.warnings._global_warnings": type(warnings._global_warnings),
}
if hasattr(basic, "_ANSIBLE_PROFILE"):  # since ansible-core 2.19
    IN_A_PROCESS_OF_ITS_OWN["ansible.module_utils.basic._ANSIBLE_PROFILE"] = lambda: "legacy"
    IN_A_PROCESS_OF_ITS_OWN["ansible.module_utils._internal.is_controller"] = bool


@pytest.fixture(autouse=True)
def environment_without_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """No option falls back on what a developer has set."""
    for name in [variable for variable in os.environ if variable.startswith("VICIDIAL_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def run_module(capsys: pytest.CaptureFixture[str]) -> Run:
    """A function: a module's main, its options (and ``check_mode``) in, the result that Ansible would see out."""

    def run(main: Callable[[], None], check_mode: bool = False, **options: Any) -> dict[str, Any]:
        given = {"_ansible_check_mode": check_mode, "_ansible_remote_tmp": "/tmp", **options}  # noqa: S108
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
        with ExitStack() as patches:
            patches.enter_context(mock.patch.object(basic, "_ANSIBLE_ARGS", arguments))
            for name, value in IN_A_PROCESS_OF_ITS_OWN.items():
                patches.enter_context(mock.patch(name, value()))
            handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
            with pytest.raises(SystemExit):
                main()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        result: dict[str, Any] = json.loads(printed.out)
        result.setdefault("failed", False)
        return result

    return run
