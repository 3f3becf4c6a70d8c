#!/usr/bin/python
# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask which VICIdial agents are being recorded in stereo."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vicidial_stereo_recording_info
short_description: Ask which VICIdial agents are being recorded in stereo
description:
  - Asks the Agent API of VICIdial for the STATUS of the agent-controlled stereo recording of one or more agents.
  - Never changes anything, and works in check mode.
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
extends_documentation_fragment:
  - telephony.vicidial.agents
  - telephony.vicidial.connection
  - telephony.vicidial.attributes
  - telephony.vicidial.attributes.login
  - telephony.vicidial.attributes.info_module
options:
  when_logged_out:
    description:
      - What it means that an agent is not logged in.
      - V(ignore) makes it a record with RV(recordings[].logged_in=false).
      - V(fail) makes it a failure with reason C(not_logged_in), after all agents were asked.
    type: str
    choices:
      - fail
      - ignore
    default: ignore
notes:
  - STATUS shows agent-controlled recordings only, those that a campaign starts on the agent's behalf (ALLCALLS,
    ALLFORCE) included. B(Parallel recordings of the campaign never show), so V(idle) does not mean that nobody records
    the call.
  - A BEGIN that still waits for the agent's next call does not show either.
  - With a local connection, without C(become) and C(async), and with the Python that runs Ansible, the task runs in
    Ansible's own worker, without a process for each item or host.
seealso:
  - module: telephony.vicidial.vicidial_stereo_recording
  - plugin: telephony.vicidial.vicidial_agents
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Who is being recorded?
  telephony.vicidial.vicidial_stereo_recording_info:
    api_url: https://dialer.example.com
    api_user: ansible
    api_password: "{{ vault_vicidial_password }}"
    agent_users:
      - "1000"
      - "1001"
      - "1002"
  register: floor

- name: Show those who are
  ansible.builtin.debug:
    msg: "{{ floor.recordings | selectattr('state', 'equalto', 'recording') | map(attribute='user') | list }}"

# "is failed" ends it where asking again is of no use.
- name: Nothing goes on before agent 1000 is idle
  telephony.vicidial.vicidial_stereo_recording_info:
    agent_user: "1000"
  register: asked
  until: asked is failed or asked.recordings[0].state == 'idle'
  retries: 10
  delay: 3

# A try that finds no server sends no credentials, so this can go on for as long as a restart takes.
- name: The dialer is back
  telephony.vicidial.vicidial_stereo_recording_info:
    agent_user: "1000"
  register: back
  until: back is success or back.login == 'rejected'
  retries: 60
  delay: 10
"""

RETURN = r"""
recordings:
  description: One record for each agent, in the order given. Where some failed, these come first.
  returned: always
  type: list
  elements: dict
  contains:
    user:
      description: The agent's user. V(null) where only an O(alt_user) is known.
      type: str
      sample: "1000"
    logged_in:
      description: Whether the agent is logged in. V(null) where it is not known.
      type: bool
      sample: true
    state:
      description:
        - V(recording) or V(idle), as STATUS says.
        - V(null) where it is not known, because the agent is not logged in or the call failed.
      type: str
      sample: recording
    recording_id:
      description: The id of the live recording, the newest one if there are several.
      type: int
      sample: 121242
    filename:
      description: The name of its file, without an ending.
      type: str
      sample: 20261122-091340_1000_SALES
    server:
      description: The address of the server that records.
      type: str
      sample: 10.0.0.5
    start_time:
      description: When it began, in the time zone of the web server.
      type: str
      sample: "2026-11-22 09:13:40"
    agent_server:
      description: The address of the server that the agent is logged in to.
      type: str
      sample: 10.0.0.5
    session:
      description: The agent's session (conference).
      type: str
      sample: "8600051"
    agent_status:
      description: One of READY, QUEUE, INCALL, PAUSED, CLOSER and MQUEUE.
      type: str
      sample: INCALL
    failed:
      description: Whether the question failed for this agent.
      type: bool
      sample: false
    reason:
      description: The RV(reason) for this agent, V(null) if it did not fail.
      type: str
      sample: null
    msg:
      description: The RV(msg) for this agent, empty where there is nothing to say.
      type: str
      sample: ""
ansible_facts:
  description: The state of the agents as facts. A task that failed has none.
  returned: success
  type: dict
  contains:
    vicidial_stereo_recording:
      description: >-
        The record of the agent, from RV(recordings[].user) to RV(recordings[].agent_status), when the task names one
        agent by O(agent_user) or O(alt_user).
      returned: success
      type: dict
      sample: &record
        agent_server: 10.0.0.5
        agent_status: INCALL
        filename: 20261122-091340_1000_SALES
        logged_in: true
        recording_id: 121242
        server: 10.0.0.5
        session: "8600051"
        start_time: "2026-11-22 09:13:40"
        state: recording
        user: "1000"
    vicidial_stereo_recordings:
      description: The same for every agent of the task, by user.
      returned: success
      type: dict
      sample:
        "1000": *record
login:
  description:
    - What the server said of the login. One of V(accepted), V(rejected), V(unanswered) and V(not_sent).
    - See M(telephony.vicidial.vicidial_stereo_recording) for what they mean.
  returned: always
  type: str
  sample: accepted
reason:
  description:
    - Why it failed, for playbooks to decide on.
    - One of the reasons of M(telephony.vicidial.vicidial_stereo_recording).
  returned: failure
  type: str
  sample: authentication_failed
msg:
  description: What happened, to which agent, and what to do next.
  returned: failure
  type: str
  sample: >-
    Agent 1000: the server did not answer in time. Check the load of the web server, or set timeout higher.
"""

from ..module_utils import _options
from ..module_utils._recording.results import asked
from ..module_utils._recording.steps import DesiredState
from ..module_utils._task import Operation, run_module


def wanted(params: _options.Params) -> DesiredState:
    """Nothing but an answer."""
    fail_when_logged_out = params["when_logged_out"] == "fail"
    return DesiredState(state=None, fail_when_logged_out=fail_when_logged_out, retries=params["retries"])


OPERATION = Operation(
    options={"when_logged_out": {"type": "str", "choices": ["fail", "ignore"], "default": "ignore"}},
    wanted=wanted,
    report=asked,
)


def main() -> None:
    """The module's entry."""
    run_module(OPERATION)


if __name__ == "__main__":
    main()
