# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The way from a task's arguments to its result, the same for every module and for its action plugin."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.parsing.convert_bool import boolean

from . import _options
from ._client.agent_api import AgentApi
from ._client.http import HAS_REQUESTS
from ._errors import ApiError, DefectError, InvalidArgumentError
from ._login import NOT_SENT, UNANSWERED, LoginHistory, login_of
from ._recording.scheduler import AgentResult, Progress, Scheduler
from ._recording.steps import DesiredState
from ._recording.workers import WorkerPool

if TYPE_CHECKING:
    from ._log_session import LogSession

# Where a module finds the logins of the run that it is part of; its action plugin alone knows them.
LOGIN_HISTORY = "VICIDIAL_LOGIN_HISTORY"
WAYS_TO_NAME = [list(_options.AGENT_SPEC)]
_NOTHING_KNOWN = LoginHistory()


def _ignore(_progress: Progress) -> None:
    pass


class Task:
    """What a module and its action plugin do alike, from validated arguments to a result."""

    # What AnsibleModule and ArgumentSpecValidator take, to the same effect.
    spec: dict[str, Any]
    # Which of the two APIs it logs in to first: they do not take the same passwords (protocol 3.5).
    api = "agent"

    def api_for(self, _arguments: _options.Params) -> str:
        """Which API it logs in to first with ``_arguments`` as the playbook has them."""
        return self.api

    def perform(
        self,
        params: _options.Params,
        check_mode: bool,
        interrupted: Callable[[], bool],
        history: LoginHistory = _NOTHING_KNOWN,
        watch: Callable[[Progress], None] = _ignore,
    ) -> tuple[dict[str, Any], list[str]]:
        """The result for validated ``params``, with ``failed`` in it or not, and the warnings to go with it.

        ``history`` tells whether the account may be tried. ``watch`` is told every now and then how far it is.
        """
        if not HAS_REQUESTS:
            command = f"This Python gets it by: {sys.executable} -m pip install requests"
            return {"failed": True, "msg": f"{missing_required_lib('requests')}. {command}", "login": NOT_SENT}, []
        try:
            _options.check(params)
        except InvalidArgumentError as error:
            return {"failed": True, "msg": str(error), "reason": error.reason, "login": NOT_SENT}, []
        warnings = _options.warnings(params)
        try:
            result = self._drive(params, check_mode, interrupted, history, watch)
            return result, warnings + result.pop("warnings", [])
        except Exception as error:  # noqa: BLE001 - its text and traceback could hold the password
            defect = DefectError(error)
            return {"failed": True, "msg": str(defect), "reason": defect.reason, "login": UNANSWERED}, warnings

    def _drive(
        self,
        params: _options.Params,
        check_mode: bool,
        interrupted: Callable[[], bool],
        history: LoginHistory,
        watch: Callable[[Progress], None],
        /,
    ) -> dict[str, Any]:
        """The result for ``params`` that are in order."""
        raise NotImplementedError


def reason_not_to_log_in(params: _options.Params, history: LoginHistory) -> ApiError | None:
    """Why no login may be tried. After one without an answer the version is asked first: that needs no credentials."""
    refusal = history.refusal() or history.server_silence()
    if refusal is not None or not history.unanswered:
        return refusal
    api = AgentApi(_options.connection(params))
    try:
        api.version()
    except ApiError as error:
        return error
    finally:
        api.close()
    return None


class Operation(Task):
    """What a module does to agents: its own options, the state that they declare, and how outcomes become its result.

    ``report`` takes the outcomes in order, and whether the task names a single agent. ``look_into_log`` takes the
    result of a task with ``log``, its options and the log, and returns the result with what the log says.
    """

    def __init__(
        self,
        options: dict[str, dict[str, Any]],
        wanted: Callable[[_options.Params], DesiredState],
        report: Callable[[list[AgentResult], bool], dict[str, Any]],
        look_into_log: Callable[[dict[str, Any], _options.Params, LogSession], dict[str, Any]],
    ) -> None:
        shared = {**_options.AGENT_SPEC, **_options.THROTTLE_SPEC, **_options.CONNECTION_SPEC, **_options.LISTING_SPEC}
        self.spec = {
            "argument_spec": {**options, "log": {"type": "bool", "default": False}, **shared},
            "mutually_exclusive": WAYS_TO_NAME,
            "required_one_of": WAYS_TO_NAME,
            "required_by": _options.CONNECTION_REQUIRED_BY,
        }
        self._wanted = wanted
        self._report = report
        self._look_into_log = look_into_log

    def api_for(self, arguments: _options.Params) -> str:
        """The log is tried first: an account that may not read it is refused before anything is sent."""
        return "non-agent" if boolean(arguments.get("log"), strict=False) else self.api

    def _drive(
        self,
        params: _options.Params,
        check_mode: bool,
        interrupted: Callable[[], bool],
        history: LoginHistory,
        watch: Callable[[Progress], None],
        /,
    ) -> dict[str, Any]:
        agents, one_was_named = _options.agents(params)
        refusal = reason_not_to_log_in(params, history) if agents else None
        log = _open_log(params, interrupted) if params["log"] and agents and refusal is None else None
        try:
            if log is not None:
                refusal = log.refusal()
            with WorkerPool(_options.connection(params), params["concurrency"]) as pool:
                scheduler = Scheduler(pool, self._wanted(params), check_mode, params["rate_limit"], interrupted, watch)
                results = scheduler.run(agents, refusal)
            result = self._report(results, one_was_named)
            login = login_of(scheduler.trouble)
            if refusal or not agents:
                login = log.login if log is not None else NOT_SENT
            elif log is not None and scheduler.trouble is None:
                result = self._with_log(result, params, log)
                login = log.login
        finally:
            if log is not None:
                log.close()
        return {**result, "login": login}

    def _with_log(self, result: dict[str, Any], params: _options.Params, log: LogSession) -> dict[str, Any]:
        """``result`` with what the log says, or with why it was not read."""
        try:
            return self._look_into_log(result, params, log)
        except ApiError as error:
            # Ansible would not set the facts of a task that failed.
            left = {key: value for key, value in result.items() if key != "ansible_facts"}
            return left if left.get("failed") else with_failure(left, error, "the recording log was not read: ")


def _open_log(params: _options.Params, interrupted: Callable[[], bool]) -> LogSession:
    """The recording log. Most tasks ask no log, and Ansible keeps no bytecode: each run compiles what it imports."""
    from ._log_session import LogSession  # noqa: PLC0415

    return LogSession(params, interrupted)


def with_failure(found: dict[str, Any], failure: ApiError | None, what_failed: str = "") -> dict[str, Any]:
    """``found``, with what ``failure`` says where there is one; ``what_failed`` goes before it."""
    if failure is None:
        return found
    message = f"{what_failed}{failure}"
    return {**found, "failed": True, "msg": message[:1].upper() + message[1:], "reason": failure.reason}


def run_module(task: Task) -> None:
    """Run as the module, from Ansible's arguments to its exit. A cancelled job still returns what was done."""
    module = AnsibleModule(**task.spec, supports_check_mode=True)
    interruption = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: interruption.set())
    history = LoginHistory.from_text(os.environ.get(LOGIN_HISTORY, ""))
    result, warnings = task.perform(module.params, module.check_mode, interruption.is_set, history)
    for warning in warnings:
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
