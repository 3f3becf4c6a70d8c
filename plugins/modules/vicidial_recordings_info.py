#!/usr/bin/python
# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask VICIdial's recording log which recordings there were."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vicidial_recordings_info
short_description: Ask VICIdial's recording log which recordings there were
description:
  - Asks the recording log, over the Non-Agent API of VICIdial, for recordings of every kind. Besides those that agents,
    the Agent API, ALLCALLS and ALLFORCE begin, these are the campaign's own ones and mono recordings, neither of which
    M(telephony.vicidial.vicidial_stereo_recording_info) can see.
  - The log does not print of which kind a recording is. It is asked for each code of each kind by itself, and a mono
    recording is one that no code claims. So nothing about a kind is guessed.
  - This takes one call for each code and day, whatever the number of agents. There are 14 codes of the kind V(agent)
    and 6 of the kind V(campaign). Where V(mono) is among O(kinds), all 20 are asked for, and before them one call is
    made for each agent and day; where those calls find nothing, no code of that day is asked for.
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
  agent_users:
    description:
      - Only the recordings of these agents. Without it, of all.
      - The log finds mono recordings of agents with 3 to 20 characters.
    type: list
    elements: raw
    default: []
  date:
    description:
      - The recordings that began on this day, such as V(2026-11-24).
      - V(today) and V(yesterday) are days of the server's own calendar.
    type: str
  since:
    description:
      - The recordings that overlap a time of 31 days or less, from here to O(until), such as V(2026-11-24 22:30) or
        V(2026-11-24 22:30:15).
      - The log finds recordings by the day on which they began. Those that began up to 12 hours earlier are looked for.
    type: str
  until:
    description: The end of that time. Without it, the server's time now.
    type: str
  lead_id:
    description: The recordings of the calls with this lead.
    type: int
  uniqueid:
    description: The recordings of the call with this id of Asterisk's, of 9 characters or more.
    type: str
  kinds:
    description:
      - The kinds of recordings that are asked for. Without it, all that VICIdial can be asked for.
      - V(agent) are the stereo recordings that the Agent API, the agent, the routing, ALLCALLS or ALLFORCE begin,
        V(campaign) the parallel ones of the campaign, V(mono) all others.
      - VICIdial cannot be asked for the mono recordings of all agents. That takes O(agent_users), O(lead_id) or
        O(uniqueid).
    type: list
    elements: str
    choices:
      - agent
      - campaign
      - mono
notes:
  - All times are those of the server, without a time zone, as VICIdial prints them.
  - The API user needs a User Level of 7 or more, View Reports and C(Agent API Access). Its C(API Allowed Functions)
    hold C(recording_lookup).
  - The log is not cut to what the API user's group may see. Whoever runs this sees the recordings of everybody.
  - A failure in the middle fails the task. A list that was not read to its end is never returned.
  - With a local connection, without C(become) and C(async), and with the Python that runs Ansible, the task runs in
    Ansible's own worker, without a process for each item or host.
seealso:
  - module: telephony.vicidial.vicidial_stereo_recording_info
"""

EXAMPLES = r"""
- name: Which stereo recordings were there on Tuesday?
  telephony.vicidial.vicidial_recordings_info:
    api_url: https://dialer.example.com
    api_user: ansible
    api_password: "{{ vault_vicidial_password }}"
    date: "2026-11-24"
    kinds:
      - agent
      - campaign
  register: log

- name: Did anything record agent 1000 while the card number was read out?
  telephony.vicidial.vicidial_recordings_info:
    agent_users: "1000"
    since: "2026-11-24 23:58:10"
    until: "2026-11-25 00:01:30"
  register: log
  failed_when: log.recordings | length > 0

- name: Where are the files of a call?
  telephony.vicidial.vicidial_recordings_info:
    lead_id: 500001
"""

RETURN = r"""
recordings:
  description:
    - One record for each recording, by the time at which it began.
    - Empty when there were none, and when the task failed.
  returned: when no option is refused
  type: list
  elements: dict
  contains:
    user:
      description: The agent.
      type: str
      sample: "1000"
    recording_id:
      description: The id of the recording.
      type: int
      sample: 100001
    kind:
      description: One of V(agent), V(campaign) and V(mono). V(null) where more than one code claims the recording.
      type: str
      sample: agent
    code:
      description: The code in the log that the recording was found by. V(null) of a mono recording.
      type: str
      sample: SACBC
    start_time:
      description: When it began.
      type: str
      sample: "2026-11-24 09:00:00"
    duration:
      description: Its length in seconds. V(null) while it runs.
      type: int
      sample: 63
    end_time:
      description: When it ended. V(null) while it runs.
      type: str
      sample: "2026-11-24 09:01:03"
    running:
      description:
        - Whether the log shows it as one that runs, with neither a length nor a file.
        - A recording that VICIdial never closed is shown like this too.
      type: bool
      sample: false
    lead_id:
      description: The lead of the call, 0 without one.
      type: int
      sample: 500001
    location:
      description: Where the file is. V(null) until VICIdial has moved it there, some time after the end.
      type: str
      sample: http://10.0.0.5/RECORDINGS/100001_SALES_1000.wav
    filename:
      description: The name of the file, from its location. V(null) without one.
      type: str
      sample: 100001_SALES_1000.wav
kinds:
  description: The kinds that were asked for.
  returned: when no option is refused
  type: list
  elements: str
  sample:
    - agent
    - campaign
server_url:
  description: The root of the server that was asked.
  returned: when no option is refused
  type: str
  sample: https://dialer.example.com
server_time:
  description: The server's time when the task began. V(null) where the server does not tell.
  returned: when no option is refused
  type: str
  sample: "2026-11-25 09:13:40"
utc_offset:
  description:
    - How far the server's time was from UTC when the task began. V(null) where the server does not tell.
    - At the time of a recording it can have been another one, before a change of the clocks.
  returned: when no option is refused
  type: str
  sample: "+01:00"
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
    - One of the reasons of M(telephony.vicidial.vicidial_stereo_recording). V(too_many_rows) means that the log gave
      100,000 rows to one call, and so may have left out others.
  returned: failure, but for Ansible's own refusal of an option
  type: str
  sample: permission_denied
msg:
  description: What happened, and what to do next.
  returned: failure
  type: str
  sample: >-
    The API account has no permission for the function recording_lookup. Add recording_lookup to "API Allowed Functions"
    of this user in VICIdial.
"""

from functools import cache
from typing import Any, Callable

from ..module_utils import _log_options, _options
from ..module_utils._errors import ApiError, NotAttemptedError
from ..module_utils._log_session import LogSession
from ..module_utils._login import NOT_SENT, LoginHistory
from ..module_utils._protocol.replies import Version
from ..module_utils._recording_log import look_up, utc_offset
from ..module_utils._task import Task, reason_not_to_log_in, run_module, with_failure


class LogListing(Task):
    """Asks the recording log."""

    api = "non-agent"

    def __init__(self) -> None:
        self.spec = _log_options.SPEC

    def _drive(
        self,
        params: _options.Params,
        _check_mode: bool,
        interrupted: Callable[[], bool],
        history: LoginHistory,
        _watch: Any,
        /,
    ) -> dict[str, Any]:
        refusal = reason_not_to_log_in(params, history)
        if refusal is not None:
            return {**_result(params, None, [], NotAttemptedError(refusal)), "login": NOT_SENT}
        log, version = LogSession(params, interrupted), None
        ask_version = cache(lambda: _version(log, params))
        try:
            question = _log_options.question(params, ask_version)
            version = ask_version()
            result = _result(params, version, look_up(question, log.find))
        except ApiError as error:
            result = _result(params, version, [], error)
        finally:
            log.close()
        return {**result, "login": log.login}


def _version(log: LogSession, params: _options.Params) -> Version | None:
    """What the server says of its time. That it says nothing is a failure only where its time is needed."""
    try:
        return log.version()
    except ApiError:
        if _log_options.needs_server_time(params):
            raise
        return None


def _result(
    params: _options.Params,
    version: Version | None,
    recordings: list[dict[str, Any]],
    failure: ApiError | None = None,
) -> dict[str, Any]:
    """The same keys, whether the log was read or why not."""
    found = {
        "changed": False,
        "recordings": recordings,
        "kinds": list(_log_options.kinds(params)),
        "server_url": _options.server_url(params),
        "server_time": version.date if version else None,
        "utc_offset": utc_offset(version) if version else None,
    }
    return with_failure(found, failure)


LOG_LISTING = LogListing()


def main() -> None:
    """The module's entry."""
    run_module(LOG_LISTING)


if __name__ == "__main__":
    main()
