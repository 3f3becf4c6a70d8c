# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a pattern that a run's limit leaves."""

from __future__ import annotations

DOCUMENTATION = r"""
name: matching_hosts
short_description: The hosts of a pattern that a run's limit leaves
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Returns those of the given hosts that C(--limit) leaves, to find out before a play begins whether it has any.
  - A limit that is a file (C(--limit @retry_hosts.txt)) leaves all of them here. Ansible reads it later.
  - The playbooks of this collection use it, as Ansible runs nothing and succeeds where no host is left.
positional: within, limit
options:
  _input:
    description: The hosts that the pattern matches.
    type: list
    elements: str
    required: true
  within:
    description: The hosts that the limit matches.
    type: list
    elements: str
    required: true
  limit:
    description: C(ansible_limit), or empty text where there is none.
    type: str
    default: ''
seealso:
  - plugin: telephony.vicidial.playbook_problems
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say whom a play over the pattern would reach
  ansible.builtin.debug:
    msg: >-
      {{ query('ansible.builtin.inventory_hostnames', 'sales')
         | telephony.vicidial.matching_hosts(within, ansible_limit | default('')) }}
  vars:
    within: "{{ query('ansible.builtin.inventory_hostnames', ansible_limit | default('all')) }}"
"""

RETURN = r"""
_value:
  description: The hosts, in the order in which they were given.
  type: list
  elements: str
"""

from collections.abc import Collection, Iterable
from typing import Any, Callable


def matching_hosts(hosts: Iterable[str], within: Collection[str], limit: str = "") -> list[str]:
    """The filter."""
    is_known = limit != "" and not limit.startswith("@")
    return [host for host in hosts if not is_known or host in within]


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"matching_hosts": matching_hosts}
