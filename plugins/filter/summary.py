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
    description: The registered result of the module, a list of such results, or the report of an audit.
    type: raw
    required: true
  about:
    description:
      - V(declared) for a result of M(telephony.vicidial.vicidial_stereo_recording).
      - V(found) for one of M(telephony.vicidial.vicidial_agents_info), or an empty dictionary where agents are named.
      - V(status) for one of M(telephony.vicidial.vicidial_stereo_recording_info).
      - V(preflight) for one of M(telephony.vicidial.vicidial_agent_api_info).
      - V(recorded) for one of M(telephony.vicidial.vicidial_recordings_info).
      - V(unanswered) for a list of results of M(telephony.vicidial.vicidial_agents_info) and
        M(telephony.vicidial.vicidial_stereo_recording_info), which says why no audit can be made.
      - V(audited) for the report of the role P(telephony.vicidial.recording_audit#role), the fact that it leaves.
    type: str
    choices:
      - declared
      - found
      - status
      - preflight
      - recorded
      - unanswered
      - audited
    required: true
  state:
    description: The state that was declared. Needed for V(declared), and said by V(found).
    type: str
  check_mode:
    description: Whether that was in check mode. Needed for V(declared).
    type: bool
  by_name:
    description: >-
      Whether a playbook of the collection is run by name, so that an option of the connection is called by its variable
      and its variable of the environment. For V(declared), V(unanswered) and V(audited).
    type: bool
    default: false
  accepted:
    description: The checks that may fail. Needed for V(preflight).
    type: list
    elements: str
  asked:
    description: >-
      The options of the question, C(agent_users), C(date), C(since), C(until), C(lead_id) and C(uniqueid), of which
      those that were not given are empty. Needed for V(recorded). For V(found), C(campaigns), C(user_groups) and
      C(listed), whether VICIdial was asked.
    type: dict
  agents:
    description: The users of the agents whom a playbook is about. Needed for V(found).
    type: list
    elements: str
  nobody_is_fine:
    description: Whether it is no failure that there are none. For V(found).
    type: bool
    default: false
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
    - "C(statistics): the numbers for C(set_stats), with the C(reason) of a failure. V(found) and V(unanswered)
      have the C(reason) alone."
    - "C(page), for V(audited) and V(recorded): the texts of the page."
    - "C(report) and C(csv), for V(recorded) alone: what the JSON and the CSV file hold."
  type: dict
"""

from typing import Any, Callable

from ..plugin_utils import _audit_summary, _recordings, _summary

_ABOUT: dict[str, Callable[..., dict[str, Any]]] = {
    "declared": _summary.declared,
    "found": _summary.found,
    "status": _summary.status,
    "preflight": _summary.preflight,
    "recorded": _recordings.recorded,
    "unanswered": _audit_summary.unanswered,
    "audited": _audit_summary.audited,
}


def summary(result: Any, about: str, **more: Any) -> dict[str, Any]:
    """The filter."""
    return _ABOUT[about](result, **more)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"summary": summary}
