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
  - telephony.vicidial.connection.listing
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
  log:
    description:
      - Whether to ask the recording log too, after all STATUS, for what records each agent at this moment. The records
        then have RV(recordings[].recorded) and RV(recordings[].recorded_by), which tell a call that its campaign alone
        records from one that nobody records.
      - The API user then needs what M(telephony.vicidial.vicidial_recordings_info) needs. That is looked at first, and
        nothing else is sent when the log may not be read.
      - It takes 2 calls, and one for each code of the kinds in O(log_kinds), whatever the number of agents. Mono
        recordings take one more for each agent. Before noon of the server all but the 2 are made twice, for a recording
        may have begun on the day before.
    type: bool
    default: false
  log_kinds:
    description:
      - The kinds of recordings that the log is asked for with O(log=true), as in
        M(telephony.vicidial.vicidial_recordings_info).
      - Without V(mono) there is no call for each agent. But that B(nobody) records an agent can be told only when all
        kinds were asked for.
    type: list
    elements: str
    choices:
      - agent
      - campaign
      - mono
    default:
      - agent
      - campaign
      - mono
notes:
  - STATUS shows agent-controlled recordings only, those that a campaign starts on the agent's behalf (ALLCALLS,
    ALLFORCE) included. B(Parallel recordings of the campaign never show), so V(idle) does not mean that nobody records
    the call. RV(recordings[].recorded=false) does, as the log shows it.
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

- name: Does anything record agent 1000?
  telephony.vicidial.vicidial_stereo_recording_info:
    agent_user: "1000"
    log: true
  register: asked

- name: Nothing does, and that is certain
  ansible.builtin.assert:
    that: asked.recordings[0].recorded is false

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
  returned: when no option is refused
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
    recorded:
      description:
        - With O(log=true), whether anything records the agent at this moment, as STATUS and the log show it.
        - V(true) when a recording of any kind shows, and the agent is in a call. V(false) when none shows, and all
          kinds were asked for.
        - V(null) without O(log=true), and where it cannot be told. RV(recordings[].msg) then says why. So it is when a
          recording shows of an agent in no call, which is probably left over from an earlier one.
      type: bool
      sample: true
    recorded_by:
      description:
        - With O(log=true), each recording of the agent that STATUS or the log shows as running, by the time at which it
          began. V(null) without it, and where the log was not read.
        - The log shows a recording that VICIdial never closed as one that runs, and one that ended within a second.
      type: list
      elements: dict
      sample:
        - kind: campaign
          code: SPFR
          recording_id: 121241
          start_time: "2026-11-22 09:13:31"
          lead_id: 500001
          known_by:
            - log
        - kind: agent
          code: SACBC
          recording_id: 121242
          start_time: "2026-11-22 09:13:40"
          lead_id: 500001
          known_by:
            - status
            - log
      contains:
        kind:
          description: One of V(agent), V(campaign) and V(mono). V(null) where more than one code claims the recording.
          type: str
          sample: campaign
        code:
          description: The code that the log knows it by. V(null) of a mono one, and of one that STATUS alone shows.
          type: str
          sample: SPFR
        recording_id:
          description: The id of the recording.
          type: int
          sample: 121241
        start_time:
          description: When it began, as the server prints it.
          type: str
          sample: "2026-11-22 09:13:31"
        lead_id:
          description: The lead of the call. V(null) of one that STATUS alone shows.
          type: int
          sample: 500001
        known_by:
          description: What shows it, V(status), V(log) or both.
          type: list
          elements: str
          sample:
            - log
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
  description:
    - The state of the agents as facts. A further task replaces them.
    - A task that failed has none, and those of an earlier task stay.
  returned: success
  type: dict
  contains:
    vicidial_stereo_recording:
      description: >-
        The record of the agent, from RV(recordings[].user) to RV(recordings[].agent_status), when the task names one
        agent by O(agent_user) or O(alt_user). Empty after O(agent_users).
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
server_time:
  description: The server's time when the recording log was asked. V(null) where it was not.
  returned: when no option is refused
  type: str
  sample: "2026-11-22 09:13:44"
login:
  description:
    - What the server said of the login. One of V(accepted), V(rejected), V(unanswered) and V(not_sent).
    - See M(telephony.vicidial.vicidial_stereo_recording) for what they mean.
  returned: when Ansible accepts the options
  type: str
  sample: accepted
reason:
  description:
    - Why it failed, for playbooks to decide on.
    - One of the reasons of M(telephony.vicidial.vicidial_stereo_recording).
  returned: failure, but for Ansible's own refusal of an option
  type: str
  sample: authentication_failed
msg:
  description: What happened, to which agent, and what to do next.
  returned: failure, and where there is more to know
  type: str
  sample: >-
    Agent 1000: the server did not answer in time. Check the load of the web server, or set timeout higher.
"""

from typing import TYPE_CHECKING, Any

from ..module_utils import _options
from ..module_utils._protocol.words import KINDS
from ..module_utils._recording.results import asked
from ..module_utils._recording.steps import DesiredState
from ..module_utils._task import Operation, run_module

if TYPE_CHECKING:
    from ..module_utils._log_session import LogSession


def wanted(params: _options.Params) -> DesiredState:
    """Nothing but an answer."""
    fail_when_logged_out = params["when_logged_out"] == "fail"
    return DesiredState(state=None, fail_when_logged_out=fail_when_logged_out, retries=params["retries"])


def who_records(result: dict[str, Any], params: _options.Params, log: LogSession) -> dict[str, Any]:
    """``result`` with what records each agent at this moment."""
    from ..module_utils._recorded_by import find_running, with_recorded_by  # noqa: PLC0415 - see _task._open_log

    records, kinds, at = result["recordings"], params["log_kinds"], log.server_time()
    users = [record["user"] for record in records if record["user"]]
    running = find_running(users, kinds, at, log.find)
    return {**result, "recordings": with_recorded_by(records, running, kinds), "server_time": str(at)}


OPERATION = Operation(
    options={
        "when_logged_out": {"type": "str", "choices": ["fail", "ignore"], "default": "ignore"},
        "log_kinds": {"type": "list", "elements": "str", "choices": list(KINDS), "default": list(KINDS)},
    },
    wanted=wanted,
    report=asked,
    look_into_log=who_records,
)


def main() -> None:
    """The module's entry."""
    run_module(OPERATION)


if __name__ == "__main__":
    main()
