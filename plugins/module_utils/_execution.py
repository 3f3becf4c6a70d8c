# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way from a module's arguments to its end, the same for every module of the collection."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.telephony.vicidial.plugins.module_utils import _arguments
from ansible_collections.telephony.vicidial.plugins.module_utils._agent_api import HAS_REQUESTS
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import InvalidArgumentError

Task = Callable[[_arguments.Params, bool], dict[str, Any]]


def execute(module: AnsibleModule, task: Task) -> None:
    """Check the options, run ``task`` (parameters and check mode in, result out) and end the module with its result.

    A result that holds ``failed`` fails the module.
    """
    if not HAS_REQUESTS:
        module.fail_json(msg=missing_required_lib("requests"))
    try:
        _arguments.check(module.params)
    except InvalidArgumentError as error:
        module.fail_json(msg=str(error), reason=error.reason)
    for warning in _arguments.warnings(module.params):
        module.warn(warning)
    try:
        result = task(module.params, module.check_mode)
    except Exception as error:  # noqa: BLE001 - its text and traceback could hold the password: only its place is told
        module.fail_json(msg=_defect(error), reason="internal_error")
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)


def _defect(error: Exception) -> str:
    trace = sys.exc_info()[2]
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return (
        f"telephony.vicidial has a defect: {type(error).__name__}{place}. Recordings may be in any state: ask with "
        "vicidial_stereo_recording_info, and report this."
    )
