# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The way from a task's arguments to its result, the same for every module and for its action plugin."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from . import _options
from ._client.http import HAS_REQUESTS
from ._errors import (
    DefectError,
    InvalidArgumentError,
    NotAttemptedError,
)
from ._logins import Logins
from ._recording.scheduler import AgentResult, Scheduler
from ._recording.steps import DesiredState, not_started
from ._recording.workers import WorkerPool

# Set in the environment of a module whose action plugin is to hear what became of the login, and takes it out again.
TELL_LOGIN = "VICIDIAL_TELL_LOGIN"
WAYS_TO_NAME = [list(_options.AGENT_SPEC)]


class Task:
    """What a module and its action plugin do alike, from validated arguments to a result."""

    # What AnsibleModule and ArgumentSpecValidator take, to the same effect.
    spec: dict[str, Any]

    def perform(
        self, params: _options.Params, check_mode: bool, interrupted: Callable[[], bool], logins: Logins
    ) -> tuple[dict[str, Any], list[str]]:
        """The result for validated ``params``, with ``failed`` in it or not, and the warnings to go with it.

        An account that ``logins`` bar is not tried; what becomes of it now is put there.
        """
        if not HAS_REQUESTS:
            return {"failed": True, "msg": missing_required_lib("requests")}, []
        try:
            _options.check(params)
        except InvalidArgumentError as error:
            return {"failed": True, "msg": str(error), "reason": error.reason}, []
        warnings = _options.warnings(params)
        try:
            result = self._drive(params, check_mode, interrupted, logins)
            return result, warnings + result.pop("warnings", [])
        except Exception as error:  # noqa: BLE001 - its text and traceback could hold the password
            defect = DefectError(error)
            return {"failed": True, "msg": str(defect), "reason": defect.reason}, warnings

    def _drive(
        self, params: _options.Params, check_mode: bool, interrupted: Callable[[], bool], logins: Logins, /
    ) -> dict[str, Any]:
        """The result for ``params`` that are in order."""
        raise NotImplementedError

    def not_attempted(self, params: _options.Params, cause: NotAttemptedError) -> dict[str, Any]:
        """The result where nothing was sent because of what the server had said before."""
        raise NotImplementedError


class Operation(Task):
    """What a module does to agents: its own options, the state that they declare, and how outcomes become its result.

    ``report`` takes the outcomes in order, and whether the task names a single agent.
    """

    def __init__(
        self,
        options: dict[str, dict[str, Any]],
        wanted: Callable[[_options.Params], DesiredState],
        report: Callable[[list[AgentResult], bool], dict[str, Any]],
    ) -> None:
        shared = {**_options.AGENT_SPEC, **_options.THROTTLE_SPEC, **_options.CONNECTION_SPEC}
        self.spec = {
            "argument_spec": {**options, **shared},
            "mutually_exclusive": WAYS_TO_NAME,
            "required_one_of": WAYS_TO_NAME,
            "required_by": _options.CONNECTION_REQUIRED_BY,
        }
        self._wanted = wanted
        self._report = report

    def _drive(
        self, params: _options.Params, check_mode: bool, interrupted: Callable[[], bool], logins: Logins, /
    ) -> dict[str, Any]:
        agents, one_was_named = _options.agents(params)
        connection = _options.connection(params)
        barred_by = logins.why_barred(connection.account)
        with WorkerPool(connection, params["concurrency"]) as pool:
            scheduler = Scheduler(pool, self._wanted(params), check_mode, params["rate_limit"], interrupted)
            results = scheduler.run(agents, barred_by)
        if results and barred_by is None:
            logins.note(connection.account, scheduler.trouble)
        return self._report(results, one_was_named)

    def not_attempted(self, params: _options.Params, cause: NotAttemptedError) -> dict[str, Any]:
        """Every agent with ``cause`` as its failure."""
        agents, one_was_named = _options.agents(params)
        return self._report([AgentResult(agent, None, not_started(cause)) for agent in agents], one_was_named)


def run_module(task: Task) -> None:
    """Be the module: arguments from Ansible in, its exit out. A cancelled job still hears what was done."""
    module = AnsibleModule(**task.spec, supports_check_mode=True)
    interruption = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: interruption.set())
    logins = Logins()
    result, warnings = task.perform(module.params, module.check_mode, interruption.is_set, logins)
    if logins.result_of_agent is not None and TELL_LOGIN in os.environ:
        result["login"] = logins.result_of_agent
    for warning in warnings:
        module.warn(warning)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
