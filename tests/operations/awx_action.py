# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin that runs a module of awx.awx, as it is, in Ansible's worker: no new process and no archive for it.

awx_collection.py puts a copy of this file under the name of each module.
"""

from __future__ import annotations

import importlib
import json
from contextlib import redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any

from ansible.module_utils import basic
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """What Ansible looks for."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the module returns."""
        del tmp  # of old
        # ansible_collections/awx/awx/plugins/action/project.py
        *_path, namespace, collection, _plugins, _action, _file = Path(__file__).parts
        name = Path(__file__).stem
        arguments = dict(self._task.args)
        self._update_module_args(name, arguments, task_vars)
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}, default=str).encode()
        basic._ANSIBLE_PROFILE = "legacy"
        printed = StringIO()
        with redirect_stdout(printed), suppress(SystemExit):
            importlib.import_module(f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}").main()
        result: dict[str, Any] = json.loads(printed.getvalue())
        return result
