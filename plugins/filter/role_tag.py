# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tag that the tasks of a role have, so that a tag chooses the role as a whole."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_tag
short_description: The tag that the tasks of a role have
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Returns what to set as C(tags) of a role's tasks, so that they run wherever the run has chosen the role.
  - The tags of an C(include_role) reach none of its tasks. A role is included because its tags were chosen, so its
    tasks have one that the run has chosen. The tasks of an imported role are chosen by the tags of the import.
  - The roles of this collection use it.
positional: is_imported
options:
  _input:
    description: C(ansible_run_tags) without C(ansible_skip_tags).
    type: list
    elements: str
    required: true
  is_imported:
    description: Whether the role is imported, or listed in a play, and not included.
    type: bool
    required: true
seealso:
  - plugin: telephony.vicidial.role_variables
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Run where the run has chosen the role
  tags: "{{ ansible_run_tags | difference(ansible_skip_tags) | telephony.vicidial.role_tag(environment is undefined) }}"
  ansible.builtin.debug:
    msg: This is a task of a role.
"""

RETURN = r"""
_value:
  description: The tag. V(untagged) is what Ansible calls a task that has none.
  type: str
"""

from collections.abc import Sequence
from typing import Any, Callable


def role_tag(run_tags: Sequence[str], is_imported: bool) -> str:
    """The filter. One tag does, and ansible-core 2.17 and 2.18 refuse a list that comes from an expression."""
    return "untagged" if is_imported or "all" in run_tags or not run_tags else run_tags[0]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"role_tag": role_tag}
