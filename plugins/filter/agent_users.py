# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Agents as people write them as a list of users."""

from __future__ import annotations

DOCUMENTATION = r"""
name: agent_users
short_description: Agents as people write them as a list of users
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Returns the users of agents as a list of texts, whether they were given as a list, as text, as a number or nested.
  - Text is split at commas and line breaks, as they come from AWX surveys and from C(-e). A space separates nothing, so
    that a mistyped user is refused by the module and not taken for two.
  - The roles and playbooks of this collection read their agents with it.
positional: hosts, hostvars
options:
  _input:
    description: The agents. V(null) and items that are empty are nobody.
    type: raw
    required: true
  hosts:
    description:
      - The names of the hosts that are the agents where the input is empty text. An empty list stays one.
      - V(localhost) is no agent.
    type: list
    elements: str
    default: []
  hostvars:
    description: C(hostvars). A host is the agent that its variable C(vicidial_user) names, or else its own name.
    type: dict
    default: {}
seealso:
  - plugin: telephony.vicidial.stereo_recording
    plugin_type: role
"""

EXAMPLES = r"""
- name: Ask those whom a survey has named
  telephony.vicidial.vicidial_stereo_recording_info:
    agent_users: "{{ survey_agents | telephony.vicidial.agent_users }}"

- name: Ask them, or the hosts of the play if nobody is named
  telephony.vicidial.vicidial_stereo_recording_info:
    agent_users: >-
      {{ survey_agents | default('') | telephony.vicidial.agent_users(ansible_play_hosts_all, hostvars) }}
  run_once: true
"""

RETURN = r"""
_value:
  description: The users, in the order in which they were given. Whether each can be one is the module's to judge.
  type: list
  elements: str
"""

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ..plugin_utils._names import names


def agent_users(
    given: Any, hosts: Iterable[str] = (), hostvars: Mapping[str, Mapping[str, Any]] | None = None
) -> list[str]:
    """The filter."""
    if given != "":
        return names(given)
    known = hostvars or {}
    return names(known[host].get("vicidial_user") or host for host in hosts if host != "localhost")


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"agent_users": agent_users}
