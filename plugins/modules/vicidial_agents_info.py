#!/usr/bin/python
# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask who is logged in to VICIdial."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vicidial_agents_info
short_description: Ask who is logged in to VICIdial
description:
  - Asks the Non-Agent API of VICIdial for the agents who are logged in, with one call.
  - VICIdial lists only the agents whom the user group of the API user may see, without a word about the others. Who is
    not in the list may be logged in all the same.
  - Never changes anything, and works in check mode.
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
extends_documentation_fragment:
  - telephony.vicidial.connection
  - telephony.vicidial.connection.listing
  - telephony.vicidial.attributes
  - telephony.vicidial.attributes.login
  - telephony.vicidial.attributes.info_module
attributes:
  facts:
    support: none
options:
  campaigns:
    description: Only the agents who are logged in to one of these campaigns. Without it, all.
    type: list
    elements: raw
    default: []
  user_groups:
    description: Only the agents of these user groups. Without it, all.
    type: list
    elements: raw
    default: []
notes:
  - The API user needs a User Level of 7 or more, View Reports and C(Agent API Access). Its C(API Allowed Functions)
    hold C(logged_in_agents). It does not need C(stereo_recording) for this module.
  - Names are free text that people typed. Ansible never evaluates them as templates.
  - With a local connection, without C(become) and C(async), and with the Python that runs Ansible, the task runs in
    Ansible's own worker, without a process for each item or host.
seealso:
  - module: telephony.vicidial.vicidial_stereo_recording_info
  - plugin: telephony.vicidial.vicidial_agents
    plugin_type: inventory
"""

EXAMPLES = r"""
- name: Who is logged in?
  telephony.vicidial.vicidial_agents_info:
    api_url: https://dialer.example.com
    api_user: ansible
    api_password: "{{ vault_vicidial_password }}"
    campaigns:
      - SALES
      - SUPPORT
  register: floor

- name: None of them is being recorded
  telephony.vicidial.vicidial_stereo_recording:
    agent_users: "{{ floor.agents | map(attribute='user') | list }}"
    state: idle
    when_logged_out: ignore
"""

RETURN = r"""
agents:
  description:
    - One record for each agent who is logged in, with the column names of VICIdial's documentation.
    - Empty when nobody is, and when the task failed.
  returned: when no option is refused
  type: list
  elements: dict
  contains:
    user:
      description: The agent's user.
      type: str
      sample: "1000"
    campaign_id:
      description: The campaign that the agent is logged in to.
      type: str
      sample: SALES
    session_id:
      description: The agent's session (conference).
      type: str
      sample: "8600051"
    status:
      description: One of READY, QUEUE, INCALL, PAUSED, CLOSER and MQUEUE.
      type: str
      sample: INCALL
    lead_id:
      description: The id of the lead in the call, 0 without one.
      type: int
      sample: 500000
    callerid:
      description: The id of the call, empty without one.
      type: str
      sample: M1122091340000500000
    calls_today:
      description: How many calls the agent has taken today.
      type: int
      sample: 12
    full_name:
      description: The agent's name, as somebody typed it.
      type: str
      sample: Zoë O'Neill
    user_group:
      description: The agent's user group.
      type: str
      sample: AGENTS
    user_level:
      description: The agent's user level.
      type: int
      sample: 1
server_url:
  description:
    - The address of the server that was asked. Credentials are never part of it.
  returned: when no option is refused
  type: str
  sample: https://dialer.example.com
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
  sample: permission_denied
msg:
  description: What happened, and what to do next.
  returned: failure
  type: str
  sample: >-
    The API account has no permission to list the logged-in agents. Give this user a User Level of 7 or more and set
    "View Reports" to 1 in VICIdial (Users, Modify User).
"""

from dataclasses import fields
from typing import Any

from ..module_utils import _options
from ..module_utils._client.non_agent_api import logged_in_agents
from ..module_utils._errors import ApiError, NotAttemptedError
from ..module_utils._login import NOT_SENT, LoginHistory, login_of
from ..module_utils._protocol.tables import LoggedInAgent
from ..module_utils._task import Task, reason_not_to_log_in, run_module, with_failure

_COLUMNS = [column.name for column in fields(LoggedInAgent) if column.name not in ("pause_code", "sub_status")]


class Listing(Task):
    """Asks once who is logged in."""

    api = "non-agent"

    def __init__(self) -> None:
        self.spec = {
            "argument_spec": {**_options.FILTER_SPEC, **_options.LISTING_SPEC, **_options.CONNECTION_SPEC},
            "required_by": _options.CONNECTION_REQUIRED_BY,
        }

    def _drive(
        self, params: _options.Params, _check_mode: bool, _interrupted: Any, history: LoginHistory, _watch: Any, /
    ) -> dict[str, Any]:
        refusal = reason_not_to_log_in(params, history)
        if refusal is not None:
            return {**_result(params, [], NotAttemptedError(refusal)), "login": NOT_SENT}
        try:
            connection = _options.non_agent_connection(params)
            agents = logged_in_agents(connection, _options.agent_filter(params), params["retries"])
        except ApiError as error:
            return {**_result(params, [], error), "login": login_of(error)}
        return {**_result(params, agents), "login": login_of(None)}


def _result(params: _options.Params, agents: list[LoggedInAgent], failure: ApiError | None = None) -> dict[str, Any]:
    """The same keys, whether the server said who is logged in or why not."""
    found = {
        "changed": False,
        "agents": [{name: getattr(agent, name) for name in _COLUMNS} for agent in agents],
        "server_url": _options.server_url(params),
    }
    return with_failure(found, failure)


LISTING = Listing()


def main() -> None:
    """The module's entry."""
    run_module(LISTING)


if __name__ == "__main__":
    main()
