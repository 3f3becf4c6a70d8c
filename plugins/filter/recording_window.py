# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording window as the lists and texts that the role recording_window acts on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: recording_window
short_description: Whom a recording window changed, who is given back, and what is said about that
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Takes what is known of a recording window at any moment of it, and returns what follows from that.
  - The role P(telephony.vicidial.recording_window#role) acts on it.
options:
  _input:
    description:
      - A dictionary with C(agents) and C(state), and with C(stable_for), C(max_duration) and C(check_mode).
        C(tasks_path) is the file of the tasks as given, C(tasks_file) where it was found, C(tasks_text) what it says.
      - C(before) and C(after) are results of M(telephony.vicidial.vicidial_stereo_recording_info), C(opened) and
        C(closed) are results of M(telephony.vicidial.vicidial_stereo_recording). One that is not there yet is left out.
    type: dict
    required: true
seealso:
  - plugin: telephony.vicidial.recording_window
    plugin_type: role
"""

EXAMPLES = r"""
- name: Show who has to be given back
  ansible.builtin.debug:
    msg: "{{ (known | telephony.vicidial.recording_window).to_give_back }}"
  vars:
    known:
      agents: ["1000"]
      state: idle
      before: "{{ asked_before }}"
      opened: "{{ made_idle }}"
"""

RETURN = r"""
_value:
  description:
    - "C(opposite): the state that is given back. C(to_give_back): the users for whom that is declared.
      C(watch) and C(stable_for_at_end): how many seconds longer it is waited for, and how many it has to hold."
    - "C(problem): why the window cannot be opened, or empty text."
    - "C(opening_failure): why the window could not be opened, or empty text. C(opening): what is said when it opens."
    - "C(statistics): the numbers for C(set_stats), with those who are to be given back."
    - "C(summary): what is said when it has closed. C(complaints): why it failed, empty when it did not."
  type: dict
"""

from collections.abc import Mapping
from typing import Any, Callable

from ..plugin_utils._window import window_from

_SHOWN = (
    "problem",
    "opposite",
    "to_give_back",
    "watch",
    "stable_for_at_end",
    "opening_failure",
    "statistics",
    "opening",
    "summary",
    "complaints",
)


def recording_window(known: Mapping[str, Any]) -> dict[str, Any]:
    """The filter."""
    window = window_from(known)
    return {name: getattr(window, name) for name in _SHOWN}


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"recording_window": recording_window}
