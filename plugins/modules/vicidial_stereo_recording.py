#!/usr/bin/python
# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare whether the stereo recording of a VICIdial agent runs."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vicidial_stereo_recording
short_description: Declare that VICIdial agents are being recorded in stereo, or are not
description:
  - Brings the agent-controlled stereo recording of logged-in VICIdial agents (customer on the right channel, agent and
    third parties on the left) into the wanted state.
  - Asks the Agent API for the STATUS first, sends BEGIN or END only when needed, and asks again until the new state
    shows. An agent who is in the wanted state already costs one call and no change.
  - It ends what STATUS shows, one recording after the other until none is left, whoever began them.
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
extends_documentation_fragment:
  - telephony.vicidial.agents
  - telephony.vicidial.connection
  - telephony.vicidial.connection.listing
  - telephony.vicidial.waiting
  - telephony.vicidial.attributes
  - telephony.vicidial.attributes.login
attributes:
  check_mode:
    support: full
    details: Asks STATUS and sends nothing else. The records then hold the predicted state.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Full for agents in a live call.
      - STATUS does not show a BEGIN that waits for an agent's next call. A further run sends it again, without effect.
options:
  state:
    description:
      - V(recording) means that an agent-controlled stereo recording is live.
      - V(idle) means that none is.
    type: str
    choices:
      - recording
      - idle
    required: true
  require_call:
    description:
      - Whether to send BEGIN only to an agent with a live call (status INCALL), and to fail with reason C(no_live_call)
        otherwise.
      - With V(false) BEGIN is sent whatever the agent does, as the API allows. Without a live call it waits on the
        agent's screen, the module fails with reason C(not_confirmed), and B(the recording starts by itself at the next
        call).
      - A call that ends between BEGIN and the recording fails with reason C(no_live_call) as well. So does a recording
        that STATUS shows of an agent in no call, for that is left over from an earlier one.
      - Not used with O(state=idle).
    type: bool
    default: false
  when_no_call:
    description:
      - What it means that O(require_call=true) and the agent is in no live call.
      - V(fail) fails with reason C(no_live_call).
      - V(ignore) skips the agent. The result says so.
    type: str
    choices:
      - fail
      - ignore
    default: fail
  withdraw:
    description:
      - Whether a BEGIN that has shown no effect is taken back when the module gives up on it, because the time is over,
        the call is, or the job is cancelled. Without that it waits on the agent's screen and starts a recording at the
        next call. The result says so in RV(recordings[].withdrawn).
      - STATUS is then watched for 4 seconds more. A recording that a screen starts meanwhile is what was wanted, or is
        ended where its call is over.
      - It is done by a value that VICIdial's documents do not know, and that builds 250830-2102 and 260302-1142 were
        seen to accept. It takes back whatever waits, a signal of somebody else too.
      - If not set, it is V(true) with O(require_call=true) and V(false) otherwise. With O(wait=false) nobody would be
        there to do it, so that needs V(false).
      - Not used with O(state=idle).
    type: bool
  check_waiting:
    description:
      - Whether to look what waits in the agent's slot too. It costs a call for each agent, and the API account needs
        C(recording) in its C(API Allowed Functions), and the server PHP 8. With PHP 7 nothing shows.
      - O(state=idle) then takes back a BEGIN that waits. O(state=recording) sends none on top of one, whoever
        sent it. Two controllers at the same time can still begin two recordings, for a BEGIN that a screen has read
        and not acted on yet shows nowhere.
      - Where it may not be seen, RV(recordings[].waiting) is V(null) and RV(recordings[].msg) says so.
    type: bool
    default: false
  when_logged_out:
    description:
      - What it means that the agent is not logged in.
      - V(fail) fails with reason C(not_logged_in).
      - V(ignore) takes O(state=idle) as satisfied and skips O(state=recording). The result says so.
    type: str
    choices:
      - fail
      - ignore
    default: fail
  log:
    description:
      - Whether to await, after the agents have become idle, what the recording log says of the recordings that the task
        has ended. RV(recordings[].ended) then has their length, which proves that something was recorded, and the place
        of the file where the log knows it already.
      - The log is asked every O(wait_sleep) seconds, for another O(wait_timeout) at most. It takes a call for each
        agent, or 14 where there are more agents. What it does not show by then is V(null), RV(recordings[].msg) says
        so, and the task does not fail for it.
      - The API user then needs what M(telephony.vicidial.vicidial_recordings_info) needs. That is looked at first, and
        nothing else is sent when the log may not be read.
      - Not used with O(state=recording) otherwise.
    type: bool
    default: false
notes:
  - STATUS shows agent-controlled recordings only, those that a campaign starts on the agent's behalf (ALLCALLS,
    ALLFORCE) included. B(Parallel recordings of the campaign never show), so V(idle) does not mean that nobody records
    the call.
  - A BEGIN that the agent's screen has not acted on yet does not show in STATUS, and END does not take it back.
    O(withdraw) does with a BEGIN of the module's own, O(check_waiting) with any that waits. With O(stable_for), a
    recording that starts late within these seconds is ended too.
  - A signal takes the slot that holds the id of a running mono recording. That recording goes on, but VICIdial's mono
    C(recording) function does not see it any more, and cannot stop it.
  - When an END has had no effect for 4 seconds, or a BEGIN none during 10 seconds of a call, it counts as lost, and is
    sent once more. For a BEGIN that takes an O(wait_timeout) of more than 12 seconds. On a screen that takes longer
    than 10 seconds to act, a second BEGIN can start a second recording.
  - In check mode an agent without a live call is predicted to be recorded, as it would be at the next call. The message
    says so.
  - Where many agents must change, name them in O(agent_users) of one task, and their screens act at the same time. In a
    loop, or for hosts beyond the number of forks, each agent waits for the one before, a second or two.
  - With a local connection, without C(become) and C(async), and with the Python that runs Ansible, the task runs in
    Ansible's own worker, without a process for each item or host.
seealso:
  - module: telephony.vicidial.vicidial_stereo_recording_info
  - plugin: telephony.vicidial.vicidial_agents
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Agent 1000 is being recorded
  telephony.vicidial.vicidial_stereo_recording:
    api_url: https://dialer.example.com
    api_user: ansible
    api_password: "{{ vault_vicidial_password }}"
    agent_user: "1000"
    state: recording
    require_call: true

- name: Show the file
  ansible.builtin.debug:
    msg: "{{ ansible_facts.vicidial_stereo_recording.filename }}"

- name: Everyone of this floor who talks is being recorded
  telephony.vicidial.vicidial_stereo_recording:
    agent_users: "{{ range(1000, 1300) | map('string') }}"
    state: recording
    require_call: true
    when_no_call: ignore
    when_logged_out: ignore

- name: Nobody on this floor is being recorded
  telephony.vicidial.vicidial_stereo_recording:
    agent_users: "{{ range(1000, 1300) | map('string') }}"
    state: idle
    when_logged_out: ignore

# The connection once, for every module of the collection
- name: Nobody records while the card number is read out
  module_defaults:
    group/telephony.vicidial.agent_api:
      api_url: https://dialer.example.com
      api_user: ansible
      api_password: "{{ vault_vicidial_password }}"
  block:
    - name: Agent 1000 is idle and stays it, and being logged out is fine as well
      telephony.vicidial.vicidial_stereo_recording:
        agent_user: "1000"
        state: idle
        stable_for: 3
        when_logged_out: ignore

- name: Agent 1000 is idle, and here is what was recorded
  telephony.vicidial.vicidial_stereo_recording:
    agent_user: "1000"
    state: idle
    log: true
  register: ended

- name: Show how long it was
  ansible.builtin.debug:
    msg: "{{ ended.recordings[0].ended }}"

- name: Record, and know why when it does not work (credentials from VICIDIAL_API_URL, _USER and _PASSWORD)
  block:
    - name: The agent of CRM user crm1000 is being recorded
      telephony.vicidial.vicidial_stereo_recording:
        alt_user: crm1000
        state: recording
        require_call: true
  rescue:
    - name: Between two calls is no reason to give up
      ansible.builtin.debug:
        msg: The agent is between two calls.
      when: ansible_failed_result.reason | default('') == 'no_live_call'
    - name: Everything else is
      ansible.builtin.fail:
        msg: "{{ ansible_failed_result.msg }}"
      when: ansible_failed_result.reason | default('') != 'no_live_call'
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
        - V(recording) or V(idle), as STATUS said last. In check mode the predicted state.
        - V(null) where it is not known, because the agent is not logged in or the last call failed.
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
    changed:
      description: Whether a signal was sent to this agent. In check mode, whether one would be.
      type: bool
      sample: true
    signals:
      description: The signals that were sent, or may have been.
      type: list
      elements: str
      sample:
        - BEGIN
    confirmed:
      description: Whether STATUS has shown the wanted state, for as long as O(stable_for) says.
      type: bool
      sample: true
    withdrawn:
      description:
        - Whether a BEGIN that waited was taken back. V(false) where that was tried and is not certain.
        - V(null) where there was nothing to take back.
      type: bool
      sample: null
    waiting:
      description:
        - With O(check_waiting=true), the signal that was seen to wait in the agent's slot last, empty for none.
        - V(null) where it was not, or could not be seen.
      type: str
      sample: null
    ended:
      description: >-
        The recordings that the task has ended with END, as STATUS showed them before, once O(state=idle) is confirmed.
        Without O(log=true) the last four are V(null).
      type: list
      elements: dict
      sample:
        - recording_id: 121242
          filename: 20261122-091340_1000_SALES
          start_time: "2026-11-22 09:13:40"
          duration: 63
          end_time: "2026-11-22 09:14:43"
          lead_id: 500001
          location: null
      contains:
        recording_id:
          description: The id of the recording.
          type: int
          sample: 121242
        filename:
          description: The name of its file, without an ending.
          type: str
          sample: 20261122-091340_1000_SALES
        start_time:
          description: When it began, as the server prints it.
          type: str
          sample: "2026-11-22 09:13:40"
        duration:
          description: Its length in seconds. V(null) where the log has not shown it as ended.
          type: int
          sample: 63
        end_time:
          description: When it ended. V(null) where the log has not shown it as ended.
          type: str
          sample: "2026-11-22 09:14:43"
        lead_id:
          description: The lead of the call. V(null) where the log has not shown it as ended.
          type: int
          sample: 500001
        location:
          description: Where the file is. V(null) until VICIdial has moved it there, some time after the end.
          type: str
          sample: null
    confirmed_after:
      description: Seconds from the first signal until then. V(null) without a signal or a confirmation.
      type: float
      sample: 1.512
    skipped:
      description:
        - Whether nothing was done because of O(when_logged_out=ignore) or O(when_no_call=ignore).
      type: bool
      sample: false
    failed:
      description: Whether the agent is not in the wanted state, or that is not known.
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
counts:
  description:
    - How many agents were V(changed), were V(already) in the wanted state, V(failed) or were V(skipped).
    - Each agent counts once. One that failed counts under V(failed), even where a signal was sent and
      RV(recordings[].changed) is V(true).
  returned: when no option is refused
  type: dict
  sample:
    already: 297
    changed: 2
    failed: 1
    skipped: 0
ansible_facts:
  description:
    - The state of the agents as facts. A further task replaces them.
    - A task that failed has none, and those of an earlier task stay. Look at RV(recordings) then.
  returned: success
  type: dict
  contains:
    vicidial_stereo_recording:
      description: >-
        The record of the agent, from RV(recordings[].user) to RV(recordings[].agent_status), when the task names one.
        Empty after O(agent_users).
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
diff:
  description: The states before and after, one line for each agent.
  returned: when no option is refused
  type: dict
  sample:
    before: "1000: idle\n"
    after: "1000: recording\n"
login:
  description:
    - What the server said of the login.
    - V(accepted), O(api_user) and O(api_password) are right, whatever else the account lacks.
    - V(rejected), they are wrong, the account is locked, or the answer was not understood and may have said so. No
      other task of this run of C(ansible-playbook) logs in with them.
    - V(unanswered), the answer got lost, so this may have been a failed login.
    - V(not_sent), no login has reached the server.
  returned: when Ansible accepts the options
  type: str
  sample: accepted
reason:
  description:
    - Why it failed, for playbooks to decide on. The text of it never changes.
    - Of several agents that failed it is the reason of the first one, unless an error of the account ended it for all.
    - C(authentication_failed), C(account_locked), C(address_blocked), C(api_access_denied), C(permission_denied) and
      C(api_inactive) are about the API account or the API.
    - C(not_valid) means that stereo recording is switched off in the System Settings.
    - C(not_logged_in), C(no_such_user) and C(no_live_call) are about the agent.
    - C(not_confirmed) means that a signal was sent, and that STATUS did not show its effect in time, or that the state
      did not hold for O(stable_for).
    - C(unsupported_server) means a VICIdial without the function, C(not_understood) an answer that is none.
    - C(too_many_rows) means that the recording log gave as many rows as it gives at most.
    - C(http_error), C(unreachable) and C(timeout) are about the way to the server.
    - C(interrupted) means that the job was cancelled. A second run goes on from what it finds. A task that runs in
      Ansible's own worker ends with that instead, and without a result.
    - C(invalid_argument) means that an option makes no sense. Nothing was sent then.
    - C(internal_error) is a defect of this collection.
  returned: failure, but for Ansible's own refusal of an option
  type: str
  sample: not_confirmed
msg:
  description: What happened, to which agent, and what to do next.
  returned: failure, and where there is more to know, as of agents that are skipped or in no live call
  type: str
  sample: >-
    Agent 1000: the agent is not logged in. Have the agent log in to the agent screen, or set when_logged_out to ignore.
"""

from typing import TYPE_CHECKING, Any

from ..module_utils import _options
from ..module_utils._recording.results import declared
from ..module_utils._recording.steps import DesiredState
from ..module_utils._task import Operation, run_module

if TYPE_CHECKING:
    from ..module_utils._log_session import LogSession


def wanted(params: _options.Params) -> DesiredState:
    """What the options declare."""
    return DesiredState(
        state=params["state"],
        require_call=params["require_call"],
        withdraw=_options.withdraws(params),
        check_waiting=params["check_waiting"],
        fail_without_call=params["when_no_call"] == "fail",
        fail_when_logged_out=params["when_logged_out"] == "fail",
        wait=params["wait"],
        wait_timeout=params["wait_timeout"],
        wait_sleep=params["wait_sleep"],
        stable_for=params["stable_for"],
        retries=params["retries"],
    )


def what_was_recorded(result: dict[str, Any], params: _options.Params, log: LogSession) -> dict[str, Any]:
    """``result`` with what the log says of the recordings that were ended."""
    from ..module_utils._ended_recordings import with_log  # noqa: PLC0415 - see _task._open_log

    times = params["wait_timeout"], params["wait_sleep"]
    return {**result, "recordings": with_log(result["recordings"], log.find, log.sleep, *times)}


OPERATION = Operation(
    options={
        "state": {"type": "str", "choices": ["recording", "idle"], "required": True},
        "require_call": {"type": "bool", "default": False},
        "when_no_call": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
        "withdraw": {"type": "bool"},
        "check_waiting": {"type": "bool", "default": False},
        "when_logged_out": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
        **_options.WAITING_SPEC,
    },
    wanted=wanted,
    report=declared,
    look_into_log=what_was_recorded,
)


def main() -> None:
    """The module's entry."""
    run_module(OPERATION)


if __name__ == "__main__":
    main()
