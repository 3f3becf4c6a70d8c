# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users whose STATUS an audit needs."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_users
short_description: The users whose STATUS an audit needs
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Those in the list whom the rule of an audit is about, and those whom it names and the list leaves out.
  - VICIdial lists only whom the user group of the API account may see. Who is not in the list can be logged in.
  - The status of an agent does not count here, for it may be another one when the STATUS is asked.
positional: rule
options:
  _input:
    description: RV(telephony.vicidial.vicidial_agents_info#module:agents).
    type: list
    elements: dict
    required: true
  rule:
    description: What P(telephony.vicidial.audit_rule#filter) returns.
    type: dict
    required: true
seealso:
  - plugin: telephony.vicidial.audit_rule
    plugin_type: filter
  - plugin: telephony.vicidial.audit_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Ask those whom the rule is about
  telephony.vicidial.vicidial_stereo_recording_info:
    agent_users: "{{ floor.agents | telephony.vicidial.audit_users(rule) }}"
  register: asked
"""

RETURN = r"""
_value:
  description:
    - The users, each once. One that the API would misread is left out, and is V(unknown) in the audit.
  type: list
  elements: str
"""

from typing import Any, Callable

from ..plugin_utils._audit import Agent, rule_from, users_to_ask


def audit_users(agents: list[Agent], rule: dict[str, Any]) -> list[str]:
    """The filter."""
    return users_to_ask(agents, rule_from(rule))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"audit_users": audit_users}
