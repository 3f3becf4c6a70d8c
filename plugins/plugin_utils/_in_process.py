# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""An action plugin that runs its module's operation in Ansible's own worker, without a process for each task.

A module costs a third of a second before it does anything. The operation is the same object that the module runs, so
both have one argument spec, one outcome and one set of messages. Ansible masks the no_log values in a module's result,
but not in an action plugin's, so they are masked here.

This rests on names that Ansible may change at any time. Where one of them is missing, the module runs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action.normal import ActionModule as NormalAction

try:
    from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
    from ansible.module_utils.common.parameters import remove_values
    from ansible.module_utils.errors import UnsupportedError
except ImportError:  # the module runs then
    pass

from ..module_utils._client.http import HAS_REQUESTS
from ..module_utils._login import ACCEPTED, NOT_SENT, LoginHistory
from ..module_utils._recording.scheduler import Progress
from ..module_utils._task import LOGIN_HISTORY, Task
from ._login_guard import LoginGuard, Turn
from ._missing import MISSING_CONNECTION
from ._orphan_watch import orphaned, tied_to_parent

TaskVars = Mapping[str, Any]

# What is raised where Ansible has changed a name or a signature.
_RENAMED = (AttributeError, NameError, TypeError)
_ACCOUNT = ("api_url", "api_user", "api_password")
_REPORT_SECONDS = 10.0
_MOST_NAMED = 3


@dataclass(frozen=True)
class _Prepared:
    """What running here takes of Ansible's own names: the task's environment and options, what is wrong with them, and
    how a result is masked."""

    environment: dict[str, str]
    params: dict[str, Any]
    error: str | None
    mask: Callable[[Any], Any]


class InProcessAction(NormalAction):
    """Runs ``operation`` here where that makes no difference, and hands over to the module everywhere else."""

    operation: Task

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The task's result, as the module would give it."""
        prepared = self._prepared(task_vars or {})
        with LoginGuard(self._account()).turn(is_async=bool(self._task.async_val)) as turn:
            if prepared is None:
                result = self._run_as_module(tmp, task_vars, turn.history)
            else:
                result = self._run_in_process(prepared, task_vars or {}, turn)
            turn.end(result)
        return _with_remedy(result)

    def _account(self) -> tuple[str, ...]:
        """What a login is about: the API, the address, the user, the password, and where what is not known is found."""
        try:
            environment = self._environment_of_task()
        except _RENAMED:
            environment = {}
        runs_as_we_do = self._connection.transport == "local" and not self._connection.become
        if runs_as_we_do:
            environment = {**os.environ, **environment}
        given = [self._task.args.get(name) or environment.get(f"VICIDIAL_{name.upper()}") for name in _ACCOUNT]
        host = None if self._connection.transport == "local" else self._play_context.remote_addr
        where = () if all(given) else (self._connection.transport, host, self._task.become_user)
        return tuple(map(str, (self.operation.api_for(self._task.args), *given, *where)))

    def _environment_of_task(self) -> dict[str, str]:
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        return {name: str(value) for name, value in environment.items()}

    def _run_as_module(
        self, tmp: str | None, task_vars: dict[str, Any] | None, history: LoginHistory
    ) -> dict[str, Any]:
        before = self._task.environment
        if history.login is not None:
            known = {LOGIN_HISTORY: history.to_text()}
            self._task.environment = [*(before if isinstance(before, list) else [before]), known]
        try:
            with tied_to_parent():
                result: dict[str, Any] = super().run(tmp, task_vars)
                return result
        finally:
            self._task.environment = before

    def _prepared(self, task_vars: TaskVars) -> _Prepared | None:
        """What it takes to run here; None where the module is to run."""
        try:
            return self._prepare() if self._can_run_in_process(task_vars) else None
        except _RENAMED:
            return None

    def _can_run_in_process(self, task_vars: TaskVars) -> bool:
        """Whether the module would run as this user, on this machine, with this Python."""
        is_local = self._connection.transport == "local" and not self._connection.become and not self._task.async_val
        return bool(is_local) and HAS_REQUESTS and self._interpreter_is_ours(task_vars)

    def _interpreter_is_ours(self, task_vars: TaskVars) -> bool:
        of_host = task_vars
        if self._task.delegate_to:
            of_host = task_vars.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        configured = constants.config.get_config_value("INTERPRETER_PYTHON", variables=of_host)
        python = str(self._templar.template(configured)).strip()
        # Discovery looks for any Python that works. This one does.
        return python.startswith("auto") or _same_python(python)

    def _prepare(self) -> _Prepared:
        environment = self._environment_of_task()
        with _environment(environment):
            validation = ArgumentSpecValidator(**self.operation.spec).validate(_to_json_types(self._task.args))
        secrets = validation._no_log_values
        error: str | None = validation.errors.msg if validation.error_messages else None
        if error is not None and isinstance(validation.errors[0], UnsupportedError):
            error = f"Unsupported parameters for ({self._task.resolved_action}) module: {error}"
        return _Prepared(
            environment, validation.validated_parameters, error, partial(remove_values, no_log_strings=secrets)
        )

    def _run_in_process(self, prepared: _Prepared, task_vars: TaskVars, turn: Turn) -> dict[str, Any]:
        warnings: list[str] = []
        if prepared.error is not None:
            result = {"failed": True, "msg": prepared.error}
        else:
            is_orphaned = orphaned()
            watch = self._watch(prepared, str(task_vars.get("inventory_hostname")), turn)
            with _environment(prepared.environment):
                result, warnings = self.operation.perform(
                    prepared.params, self._task.check_mode, is_orphaned, turn.history, watch
                )
            if is_orphaned():
                raise AnsibleError("ansible-playbook is gone")  # a long result would wait for its reader forever
        if _injects_invocation(task_vars):
            result["invocation"] = {"module_args": prepared.params}
        if warnings:
            result["warnings"] = warnings
        masked: dict[str, Any] = prepared.mask(result)
        return masked

    def _watch(self, prepared: _Prepared, host: str, turn: Turn) -> Callable[[Progress], None]:
        """Lets others go on once the account is accepted, and says on the screen now and then that it takes long."""
        reports = 1

        def watch(progress: Progress) -> None:
            nonlocal reports
            if progress.accepted:
                turn.note(ACCEPTED)
            if progress.seconds >= reports * _REPORT_SECONDS:
                reports += 1
                # On stderr: stdout may be JSON.
                self._display.display(prepared.mask(f"[{host}]: {_still_waiting(progress)}"), stderr=True)

        return watch


def _with_remedy(result: dict[str, Any]) -> dict[str, Any]:
    """``result``, and where a connection can come from when Ansible has refused a task without one."""
    missing = MISSING_CONNECTION.search(str(result.get("msg"))) if result.get("failed") else None
    if missing is None or "reason" in result:
        return result
    environment = ", ".join(f"VICIDIAL_{option.upper()}" for option in missing[1].split(", "))
    remedy = (
        f"Set {environment} in the environment, or give {missing[1]} in the task, or in module_defaults of"
        " group/telephony.vicidial.agent_api. Nothing was sent."
    )
    return {**result, "msg": f"{result['msg']}. {remedy}", "reason": "invalid_argument", "login": NOT_SENT}


def _still_waiting(progress: Progress) -> str:
    pending = progress.pending
    named = ", ".join(pending[:_MOST_NAMED])
    more = f" and {len(pending) - _MOST_NAMED} more" if len(pending) > _MOST_NAMED else ""
    agents = "agent" if len(pending) == 1 else "agents"
    return f"still waiting after {progress.seconds:.0f} s for {agents} {named}{more} (of {len(progress.runs)})"


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    """``more`` in the environment of this process, which is the worker of this one task, as in a module's."""
    before = dict(os.environ)
    os.environ.update(more)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _injects_invocation(task_vars: TaskVars) -> bool:
    """Whether a module's result holds its arguments: always, until ansible-core 2.21 made it a setting."""
    try:
        return bool(constants.config.get_config_value("INJECT_INVOCATION", variables=task_vars))
    except AnsibleError:
        return True


def _same_python(path: str) -> bool:
    """Whether ``path`` is this very Python: the same program, of the same virtual environment."""
    named, ours = Path(path), Path(sys.executable)
    return named.parent == ours.parent and named.resolve() == ours.resolve()


def _to_json_types(value: Any) -> Any:
    """``value`` as it would reach a module through JSON: without Ansible's own kinds of text in it."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _to_json_types(element) for key, element in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_to_json_types(element) for element in value]
    return str(value)
