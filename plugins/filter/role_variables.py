# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a role in the types that its argument_specs declare."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_variables
short_description: The variables of a role in the types that its argument_specs declare
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Variables that come by C(-e), from a survey or from an inventory file are often text. Ansible validates the
    variables of a role and does not convert them. This does, and says what is wrong with them.
  - A list can be text with commas or line breaks. Empty text is a number, a boolean or a dictionary that was left out.
positional: spec, role, unused, needs_all
options:
  _input:
    description: The variables by name.
    type: dict
    required: true
  spec:
    description: C(options) of an entry point in the role's C(meta/argument_specs.yml).
    type: dict
    required: true
  role:
    description: The name of the role, with which its variables begin.
    type: str
    required: true
  unused:
    description: Names of variables that the role has and this entry point does not use.
    type: list
    elements: str
    default: []
  needs_all:
    description: Whether an option that is required and missing is a problem.
    type: bool
    default: true
  rest:
    description: The variable C(_raw_params), where Ansible puts words that C(-e) lost at a space.
    type: str
    default: ""
  others:
    description:
      - Further names that begin with the name of the role, where that is also how people name variables of their own.
      - One that is only a typing error away from a variable of the role is worth a warning.
    type: list
    elements: str
    default: []
seealso:
  - plugin: telephony.vicidial.agent_users
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Refuse what makes no sense
  ansible.builtin.assert:
    that: read.problems == []
    fail_msg: "{{ read.problems | join(' ') }}"
  vars:
    spec: "{{ lookup('ansible.builtin.file', role_path ~ '/meta/argument_specs.yml') | from_yaml }}"
    given: {my_role_seconds: "10", my_role_secods: "5"}
    read: "{{ given | telephony.vicidial.role_variables(spec.argument_specs.main.options, 'my_role') }}"
"""

RETURN = r"""
_value:
  description:
    - "C(options): the values by name, without the name of the role in front of it."
    - "C(problems): sentences about words that C(-e) lost, about names that the role does not know, with the name that
      was probably meant, and about values that are missing or of another type."
  type: dict
"""

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible.utils.display import Display

from ..plugin_utils import _variables

_display = Display()


def role_variables(
    given: Mapping[str, Any],
    spec: _variables.Spec,
    role: str,
    unused: Iterable[str] = (),
    needs_all: bool = True,
    *,
    rest: Any = "",
    others: Iterable[str] = (),
) -> dict[str, Any]:
    """The filter."""
    for warning in _variables.nearly_known(others, (*spec, *unused)):
        _display.warning(warning)
    return _variables.role_variables(given, spec, role, unused, needs_all, rest)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"role_variables": role_variables}
