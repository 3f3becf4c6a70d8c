# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""An action plugin that runs its module's operation in Ansible's own worker, without a process for each task.

A module costs a third of a second before it does anything. The operation is the same object that the module runs, so
both have one argument spec, one outcome and one set of messages. An action plugin gets no masking from Ansible: what a
module's result would be masked for is masked here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action.normal import ActionModule as NormalAction

from ..module_utils._client.http import HAS_REQUESTS
from ..module_utils._errors import (
    ApiError,
    NotAttemptedError,
)
from ..module_utils._logins import Logins
from ..module_utils._task import TELL_LOGIN, Task
from ._orphan_watch import orphaned, tied_to_parent

TaskVars = Mapping[str, Any]

_ACCOUNT = ("api_url", "api_user", "api_password")
# Ansible's worker runs all items and attempts of one task for one host: an account that is not fit is tried no more
# among them, here, and by the module elsewhere, where what the module is given stands for the account.
_logins = Logins()
_logins_elsewhere = Logins()


class InProcessAction(NormalAction):
    """Runs ``operation`` here where that makes no difference, and hands over to the module everywhere else."""

    operation: Task

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The task's result, as the module would give it."""
        if not self._can_run_in_process(task_vars or {}):
            return self._run_as_module(tmp, task_vars)
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        with _environment({name: str(value) for name, value in environment.items()}):
            return self._run_in_process(task_vars or {})

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

    def _run_as_module(self, tmp: str | None, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        args = _to_json_types(self._task.args)
        account = self._account_elsewhere(args)
        barred_by = _logins_elsewhere.why_barred(account)
        if barred_by is not None:
            return self._not_attempted(args, barred_by)
        with tied_to_parent():
            result: dict[str, Any] = super().run(tmp, task_vars)
        login = result.pop("login", None)
        if login is not None:
            _logins_elsewhere.note_elsewhere(account, login)
        return result

    def _compute_environment_string(self, raw_environment_out: dict[str, Any] | None = None) -> str:
        """The task's environment; a module whose result comes back here is asked to tell of its login in it."""
        environment: dict[str, Any] = {}
        super()._compute_environment_string(environment)
        if not self._task.async_val:
            environment[TELL_LOGIN] = "1"
        if raw_environment_out is not None:
            raw_environment_out.update(environment)
        prefix: str = self._connection._shell.env_prefix(**environment)
        return prefix

    def _account_elsewhere(self, args: dict[str, Any]) -> tuple[str, ...]:
        """What a refusal is about: the options, else the task's environment, else that of where the module runs."""
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        given = [args.get(name) or environment.get(f"VICIDIAL_{name.upper()}") for name in _ACCOUNT]
        where = () if all(given) else (self._connection.transport, self._task.delegate_to, self._task.become_user)
        return tuple(map(str, (*given, *where)))

    def _not_attempted(self, args: dict[str, Any], barred_by: ApiError) -> dict[str, Any]:
        """What the module would say if it knew what the account is ``barred_by``."""
        from_environment = dict.fromkeys(_ACCOUNT, "unknown")
        validation = ArgumentSpecValidator(**self.operation.spec).validate({**from_environment, **args})
        result = self.operation.not_attempted(validation.validated_parameters, NotAttemptedError(barred_by))
        masked: dict[str, Any] = remove_values(result, validation._no_log_values)
        return masked

    def _run_in_process(self, task_vars: TaskVars) -> dict[str, Any]:
        operation = self.operation
        validation = ArgumentSpecValidator(**operation.spec).validate(_to_json_types(self._task.args))
        params = validation.validated_parameters
        warnings: list[str] = []
        if validation.error_messages:
            result = {"failed": True, "msg": self._argument_error(validation)}
        else:
            is_orphaned = orphaned()
            result, more = operation.perform(params, self._task.check_mode, is_orphaned, _logins)
            if is_orphaned():
                raise AnsibleError("ansible-playbook is gone")  # a long result would wait for its reader forever
            warnings += more
        if _injects_invocation(task_vars):
            result["invocation"] = {"module_args": params}
        if warnings:
            result["warnings"] = warnings
        masked: dict[str, Any] = remove_values(result, validation._no_log_values)
        return masked

    def _argument_error(self, validation: Any) -> str:
        message: str = validation.errors.msg
        if isinstance(validation.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({self._task.resolved_action}) module: {message}"
        return message


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
