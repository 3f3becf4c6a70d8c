# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables of a playbook of this collection."""

from __future__ import annotations

DOCUMENTATION = r"""
name: playbook_problems
short_description: What is wrong with the variables of a playbook of this collection
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Finds what Ansible passes over in silence. A missing connection, words that C(-e) lost at a space, a pattern of
    hosts that matches none, and more than one variable that says whom a playbook is about are problems.
  - Warns of variables that are a typing error away from one that the playbooks of this collection read.
options:
  _input:
    description:
      - A dictionary with C(names) (of all variables that begin with C(vicidial_)), C(missing) (options of the
        connection), C(rest) (the variable C(_raw_params)), C(agents), C(hosts) (a pattern), C(matches) (its hosts),
        C(lists) (campaigns and user groups), C(everybody) and C(nobody_is_fine).
      - With C(named), the values of the variables that can say whom the playbook is about, one of them has to. A list
        without an element does, and a text without a name does not.
      - C(taken) is a dictionary of the role's variables that the playbook fills by itself, each true where it is given.
      - C(rule) is the rule of an audit, with C(agents), C(campaigns) and C(user_groups), each a list of what the
        playbook and what the role was given. C(agents) is empty where nobody is named.
    type: dict
    required: true
seealso:
  - plugin: telephony.vicidial.role_variables
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Refuse variables that make no sense
  ansible.builtin.assert:
    that: given | telephony.vicidial.playbook_problems == []
  vars:
    given:
      names: "{{ query('ansible.builtin.varnames', '^vicidial_') }}"
      missing: []
      rest: "{{ _raw_params | default('') }}"
      agents: "{{ vicidial_agents | default('') }}"
      hosts: ""
      matches: []
      lists: []
      everybody: false
      nobody_is_fine: false
"""

RETURN = r"""
_value:
  description: Sentences, the first one about the connection. Empty when nothing is wrong.
  type: list
  elements: str
"""

from collections.abc import Mapping
from typing import Any, Callable

from ansible.utils.display import Display

from ..plugin_utils import _variables

_display = Display()


def playbook_problems(given: Mapping[str, Any]) -> list[str]:
    """The filter."""
    for warning in _variables.playbook_warnings(given["names"]):
        _display.warning(warning)
    return _variables.playbook_problems(given)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"playbook_problems": playbook_problems}
