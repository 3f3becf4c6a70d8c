# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is recorded against who should be."""

from __future__ import annotations

DOCUMENTATION = r"""
name: audit_findings
short_description: Compare who is being recorded with who should be
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
description:
  - Judges every agent whom the rule of an audit is about by what STATUS said.
  - Whose STATUS is not known is V(unknown), never V(conforming). Who is not logged in is not judged.
  - Whom the rule names and the list leaves out is judged by STATUS alone, with an empty campaign, user group and name.
    Where the rule depends on one of these, the agent is V(unknown).
  - Names are free text that people typed. The control characters in them are replaced.
positional: records, rule
options:
  _input:
    description: RV(telephony.vicidial.vicidial_agents_info#module:agents).
    type: list
    elements: dict
    required: true
  records:
    description:
      - RV(telephony.vicidial.vicidial_stereo_recording_info#module:recordings).
      - Where the rule counts V(any) recording, the module has to be asked with C(log=true).
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
  - plugin: telephony.vicidial.audit_users
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Compare
  ansible.builtin.set_fact:
    report: "{{ floor.agents | telephony.vicidial.audit_findings(asked.recordings, rule) }}"

- name: Show who should be recorded and is not
  ansible.builtin.debug:
    msg: "{{ report.exceptions.missing }}"
"""

RETURN = r"""
_value:
  description:
    - "C(counts): how many are C(conforming), C(missing), C(unexpected), C(unknown), C(judged), C(not_judged) (the rule
      does not say what they should be) and C(logged_in)."
    - "C(percent_conforming): of those judged, rounded down, so that 100 means all. V(null) when nobody was judged."
    - "C(campaigns): the same numbers for each C(campaign), the least conforming one first."
    - "C(findings): each agent who was judged with C(agent), C(full_name), C(campaign), C(user_group), C(status),
      C(finding), C(expected), C(state), C(since) (the start of the recording), C(recording_id), C(filename),
      C(server), C(lead_id), C(caller_id), C(recorded_by), and for an V(unknown) one C(reason) and C(msg). What needs a
      person comes first. C(recorded_by) holds each recording that shows, with C(kind), C(recording_id),
      C(start_time) and C(known_by)."
    - "C(exceptions): the users who are C(missing), C(unexpected) and C(unknown)."
    - "C(remediable): those of the C(missing) and C(unexpected) whom a signal can bring to what the rule says. No signal
      ends the campaign's recordings and mono ones."
    - "C(not_logged_in): the users of whom STATUS says so. The rule names them, or they logged out meanwhile."
  type: dict
"""

from typing import Any, Callable

from ..plugin_utils._audit import Agent, Record, audit, rule_from


def audit_findings(agents: list[Agent], records: list[Record], rule: dict[str, Any]) -> dict[str, Any]:
    """The filter."""
    return audit(agents, records, rule_from(rule))


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filter by its name."""
        return {"audit_findings": audit_findings}
