# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a module as lines for a person and numbers for a workflow."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
short_description: The result of a module as lines for a person
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Sums up what a module of this collection returned, after a failure too, as the roles and playbooks of the collection
    print it.
positional: about
options:
  _input:
    description: The registered result of the module, or the report of an audit.
    type: dict
    required: true
  about:
    description:
      - V(declared) for a result of M(telephony.vicidial.vicidial_stereo_recording).
      - V(status) for one of M(telephony.vicidial.vicidial_stereo_recording_info).
      - V(preflight) for one of M(telephony.vicidial.vicidial_agent_api_info).
      - V(recorded) for one of M(telephony.vicidial.vicidial_recordings_info).
      - V(audited) for the report of the role P(telephony.vicidial.recording_audit#role), the fact that it leaves.
    type: str
    choices:
      - declared
      - status
      - preflight
      - recorded
      - audited
    required: true
  state:
    description: The state that was declared. Needed for V(declared).
    type: str
  check_mode:
    description: Whether that was in check mode. Needed for V(declared).
    type: bool
  accepted:
    description: The checks that may fail. Needed for V(preflight).
    type: list
    elements: str
  asked:
    description: >-
      The options of the question, C(agent_users), C(date), C(since), C(until), C(lead_id) and C(uniqueid), of which
      those that were not given are empty. Needed for V(recorded).
    type: dict
  taken_at:
    description: The time of the control node, in ISO format. Needed for V(recorded).
    type: str
  time_zone:
    description: The name of its time zone. Needed for V(recorded).
    type: str
seealso:
  - plugin: telephony.vicidial.stereo_recording
    plugin_type: role
"""

EXAMPLES = r"""
- name: Ask
  telephony.vicidial.vicidial_stereo_recording_info:
    agent_users: ["1000", "1001"]
  register: asked

- name: Print a table
  ansible.builtin.debug:
    msg: "{{ (asked | telephony.vicidial.summary('status')).lines }}"
"""

RETURN = r"""
_value:
  description:
    - "C(lines): what is printed, empty when nobody was asked. C(failure): why the result is a failure, empty when it is
      none."
    - "C(statistics): the numbers for C(set_stats), with the C(reason) of a failure."
    - "C(page), for V(audited) and V(recorded): the texts of the page."
    - "C(report) and C(csv), for V(recorded) alone: what the JSON and the CSV file hold."
  type: dict
"""

from collections.abc import Mapping
from typing import Any, Callable

from ..plugin_utils import _audit_summary, _recordings, _summary

_ABOUT: dict[str, Callable[..., dict[str, Any]]] = {
    "declared": _summary.declared,
    "status": _summary.status,
    "preflight": _summary.preflight,
    "recorded": _recordings.recorded,
    "audited": _audit_summary.audited,
}


def summary(result: Mapping[str, Any], about: str, **more: Any) -> dict[str, Any]:
    """The filter."""
    return _ABOUT[about](result, **more)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"summary": summary}
