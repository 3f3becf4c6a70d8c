# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module vicidial_stereo_recording_watch_info in Ansible's own worker where that makes no difference."""

from __future__ import annotations

from ..modules.vicidial_stereo_recording_watch_info import WATCH
from ..plugin_utils._in_process import InProcessAction


class ActionModule(InProcessAction):
    """The action plugin of ``vicidial_stereo_recording_watch_info``."""

    operation = WATCH
