# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of an audit as a rule."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_rule
short_description: The variables of an audit as a rule
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Takes who should be recorded as people write it, and returns it in one form, with a text to read and what is wrong
    with it. The role P(telephony.vicidial.recording_audit#role) begins with it.
options:
  _input:
    description:
      - A dictionary with any of C(agents), C(campaigns), C(user_groups), C(agent_statuses), C(sample_percent),
        C(sample_seed), C(state), C(others) and C(counts). They mean what the variables of the role mean.
      - A list can be a text with commas or line breaks too. A space separates nothing.
    type: dict
    required: true
seealso:
  - plugin: telephony.vicidial.audit_users
    plugin_type: filter
  - plugin: telephony.vicidial.audit_findings
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write a rule down
  ansible.builtin.set_fact:
    rule: "{{ {'campaigns': 'SALES,SUPPORT', 'sample_percent': 10} | telephony.vicidial.audit_rule }}"

- name: Read it
  ansible.builtin.debug:
    msg: "{{ rule.text }}"
"""

RETURN = r"""
_value:
  description:
    - The rule with all its keys. It has C(text) too, the rule for a person, and C(problems), what is wrong with it.
  type: dict
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Callable

from ..plugin_utils._audit import rule_given


def audit_rule(given: Mapping[str, Any]) -> dict[str, Any]:
    """The filter."""
    rule = rule_given(given)
    return {**asdict(rule), "agent_statuses": list(rule.statuses), "text": rule.text, "problems": rule.problems()}


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"audit_rule": audit_rule}
