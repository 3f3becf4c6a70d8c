#!/usr/bin/python
# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look again and again at which VICIdial agents are being recorded in stereo."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vicidial_stereo_recording_watch_info
short_description: Look again and again at which VICIdial agents are being recorded in stereo
description:
  - Asks the Agent API of VICIdial for the STATUS of one or more agents, again and again for a time, and returns each
    look with the time at which it was made. It also tells what the server's clock shows beside that of this host.
  - Never changes anything, and works in check mode.
  - The role P(telephony.vicidial.recording_window#role) watches with it while other tasks run, as a task with C(async).
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
extends_documentation_fragment:
  - telephony.vicidial.agents
  - telephony.vicidial.connection
  - telephony.vicidial.attributes
  - telephony.vicidial.attributes.login
  - telephony.vicidial.attributes.info_module
attributes:
  facts:
    support: none
options:
  interval:
    description: Every how many seconds a look begins, 1 or more. A look that takes longer delays the next one.
    type: float
    default: 5
  duration:
    description:
      - For how many seconds it looks, 0 to 86400. The last look is made when they are over.
      - V(0) is a single look.
    type: float
    default: 0
  until_exists:
    description:
      - A file on the host that runs the module. As soon as it is there, the last look is made, and the task ends.
      - So another task can end one with C(async).
    type: path
notes:
  - What begins and ends between two looks is not seen.
  - STATUS shows agent-controlled recordings only. See M(telephony.vicidial.vicidial_stereo_recording_info), and
    M(telephony.vicidial.vicidial_recordings_info) for recordings of every kind.
  - A look that fails for some agents, or for all, does not end it. A login that was rejected does.
seealso:
  - module: telephony.vicidial.vicidial_stereo_recording_info
  - module: telephony.vicidial.vicidial_recordings_info
"""

EXAMPLES = r"""
- name: Is agent 1000 being recorded, seen every second for 3 seconds?
  telephony.vicidial.vicidial_stereo_recording_watch_info:
    api_url: https://dialer.example.com
    api_user: ansible
    api_password: "{{ vault_vicidial_password }}"
    agent_user: "1000"
    interval: 1
    duration: 3
  register: watched

- name: The agent was idle in each of these looks
  ansible.builtin.assert:
    that: states | unique == ['idle']
  vars:
    states: "{{ watched.looks | map(attribute='agents') | map('dict2items') | flatten | map(attribute='value.state') }}"

# While other tasks run: this one ends when there is a file.
- name: Make a directory for it
  ansible.builtin.tempfile:
    state: directory
  register: directory

- name: Begin to watch
  telephony.vicidial.vicidial_stereo_recording_watch_info:
    agent_user: "1000"
    duration: 600
    until_exists: "{{ directory.path }}/stop"
  async: 700
  poll: 0
  register: watch

- name: Do something else
  ansible.builtin.debug:
    msg: The card number is read out.

- name: End the watch
  ansible.builtin.file:
    path: "{{ directory.path }}/stop"
    state: touch
    mode: "0600"

- name: Hear what was seen
  ansible.builtin.async_status:
    jid: "{{ watch.ansible_job_id }}"
  register: watched
  until: watched is finished
  retries: 30
  delay: 1
"""

RETURN = r"""
looks:
  description: Every look, in order.
  returned: when no option is refused
  type: list
  elements: dict
  contains:
    began_at:
      description: When it began, by the clock of the host that runs the module.
      type: str
      sample: "2026-11-26T05:18:20.125+00:00"
    ended_at:
      description: When it ended. Every STATUS of this look was asked and answered in between.
      type: str
      sample: "2026-11-26T05:18:20.131+00:00"
    agents:
      description:
        - What STATUS said of each agent, by user, with C(state), C(recording_id), C(agent_status) and C(reason).
        - See RV(recordings) for what they mean.
      type: dict
      sample:
        "1000":
          agent_status: INCALL
          reason: null
          recording_id: null
          state: idle
clock:
  description: What the server's clock showed when the task began.
  returned: when no option is refused
  type: dict
  contains:
    machine:
      description: The time of the host that runs the module.
      type: str
      sample: "2026-11-26T05:18:20.119+00:00"
    server:
      description: The server's time beside it, in whole seconds. V(null) where the server does not tell.
      type: str
      sample: "2026-11-26 06:18:20"
    utc_offset:
      description: How far the server's time is from UTC. V(null) where that cannot be told.
      type: str
      sample: "+01:00"
    difference:
      description: How many seconds the server's clock is ahead. V(null) where the server does not tell.
      type: float
      sample: 0.3
    doubt:
      description: By how many seconds RV(clock.difference) may be wrong, one way or the other.
      type: float
      sample: 0.5
server_url:
  description: The server that was asked.
  returned: when no option is refused
  type: str
  sample: https://dialer.example.com
recordings:
  description: What the last look saw, a record for each agent. Where some failed, these come first.
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
login:
  description:
    - What the server said of the last look's login. One of V(accepted), V(rejected), V(unanswered) and V(not_sent).
    - See M(telephony.vicidial.vicidial_stereo_recording) for what they mean.
  returned: when Ansible accepts the options
  type: str
  sample: accepted
reason:
  description:
    - Why the last look failed, for playbooks to decide on.
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

import time
from pathlib import Path
from typing import Any, Callable

from ..module_utils import _options
from ..module_utils._client.agent_api import AgentApi
from ..module_utils._errors import ApiError
from ..module_utils._login import NOT_SENT, REJECTED, LoginHistory, login_of
from ..module_utils._recording.results import seen
from ..module_utils._recording.scheduler import AgentResult, Scheduler
from ..module_utils._recording.steps import DesiredState
from ..module_utils._recording.workers import WorkerPool
from ..module_utils._task import WAYS_TO_NAME, Task, reason_not_to_log_in, run_module
from ..module_utils._watch import Pace, clock_reading, look


class Watch(Task):
    """Repeats the question for the STATUS of agents, and keeps each answer with its time."""

    def __init__(self) -> None:
        self.spec = {
            "argument_spec": {
                "interval": {"type": "float", "default": 5.0},
                "duration": {"type": "float", "default": 0.0},
                "until_exists": {"type": "path"},
                **_options.AGENT_SPEC,
                **_options.THROTTLE_SPEC,
                **_options.CONNECTION_SPEC,
            },
            "mutually_exclusive": WAYS_TO_NAME,
            "required_one_of": WAYS_TO_NAME,
            "required_by": _options.CONNECTION_REQUIRED_BY,
        }

    def _drive(
        self,
        params: _options.Params,
        _check_mode: bool,
        interrupted: Callable[[], bool],
        history: LoginHistory,
        _watch: Any,
        /,
    ) -> dict[str, Any]:
        clock, looks = _read_clock(params), []
        pace = Pace(params["duration"], params["interval"], lambda: _goes_on(params) and not interrupted())
        result: dict[str, Any] = {}
        while pace.next_look():
            began = time.time()
            results, login = _ask(params, interrupted, history)
            result = {**seen(results), "login": login}
            looks.append(look(began, time.time(), result["recordings"]))
            if login == REJECTED or interrupted():
                break
            history = history.after(login, result.get("reason"))
        return {**result, "server_url": _options.server_url(params), "clock": clock, "looks": looks}


def _ask(
    params: _options.Params, interrupted: Callable[[], bool], history: LoginHistory
) -> tuple[list[AgentResult], str]:
    """What STATUS says of all agents, and what the server said of the login."""
    agents, _one_was_named = _options.agents(params)
    refusal = reason_not_to_log_in(params, history) if agents else None
    question = DesiredState(state=None, fail_when_logged_out=False, retries=params["retries"])
    with WorkerPool(_options.connection(params), params["concurrency"]) as pool:
        scheduler = Scheduler(pool, question, False, params["rate_limit"], interrupted)
        results = scheduler.run(agents, refusal)
    return results, NOT_SENT if refusal or not agents else login_of(scheduler.trouble)


def _goes_on(params: _options.Params) -> bool:
    return params["until_exists"] is None or not Path(params["until_exists"]).exists()


def _read_clock(params: _options.Params) -> dict[str, Any]:
    """What the server's clock shows; that it does not tell is no failure, and the question needs no login."""
    api = AgentApi(_options.connection(params))
    sent, version = time.time(), None
    try:
        version = api.version()
    except ApiError:
        pass
    finally:
        api.close()
    return clock_reading(version, sent, time.time())


WATCH = Watch()


def main() -> None:
    """The module's entry."""
    run_module(WATCH)


if __name__ == "__main__":
    main()
