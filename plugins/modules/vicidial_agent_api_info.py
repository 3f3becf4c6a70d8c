#!/usr/bin/python
# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask whether a VICIdial server, its API account and the way to them are fit for stereo recordings."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vicidial_agent_api_info
short_description: Ask whether a VICIdial server and an API account are fit for stereo recordings
description:
  - Asks the Agent API of VICIdial for its version, which needs no credentials, and then once for the STATUS of an agent
    C(preflight) who need not exist. The answers prove what a stereo recording needs of the server, of the account and
    of the connection.
  - Sends the credentials only after a VICIdial has answered that knows C(stereo_recording). A wrong password is B(one)
    failed login.
  - Once the login is known to be right, asks the Non-Agent API for a list of agents as well. The audit, the inventory
    and everything that takes campaigns need that, and recordings do not. VICIdial counts it as a failed login where the
    account has a User Level below 7. Where it does not, the recording log is searched once too, which the playbook
    C(recordings), receipts of windows and audits of every kind of recording need.
  - A check that could not be made is V(unknown) and says why. It never counts as passed.
  - Does not fail on what it finds. Look at RV(fit), or run the playbook C(telephony.vicidial.preflight), which fails,
    for the check C(listing) too.
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
notes:
  - The API does not show what the campaigns and in-groups are set to, nor whether an agent's screen acts on signals. So
    B(fit is what the server lets one ask about), not a promise that every agent can be recorded.
  - The question for the version is repeated up to O(retries) times. Those with the credentials are repeated only when
    they certainly did not reach the server.
  - With a local connection, without C(become) and C(async), and with the Python that runs Ansible, the task runs in
    Ansible's own worker.
seealso:
  - module: telephony.vicidial.vicidial_stereo_recording
  - module: telephony.vicidial.vicidial_stereo_recording_info
"""

EXAMPLES = r"""
- name: Is everything there that a stereo recording needs?
  telephony.vicidial.vicidial_agent_api_info:
    api_url: https://dialer.example.com
    api_user: ansible
    api_password: "{{ vault_vicidial_password }}"
  register: preflight

- name: Show what is not, and what to do
  ansible.builtin.debug:
    msg: "{{ item.check }} {{ item.status }}: {{ item.meaning }} {{ item.remedy }}"
  loop: "{{ preflight.checks | rejectattr('status', 'equalto', 'passed') }}"
  loop_control:
    label: "{{ item.check }}"

- name: Nothing goes on before it is fit
  ansible.builtin.assert:
    that: preflight.fit
    fail_msg: "{{ preflight.msg }}"
"""

RETURN = r"""
fit:
  description:
    - Whether no check failed but C(listing) and C(recording_log), and none is unknown but these and C(clock).
    - So it is about stereo recordings. Look at the check C(listing) too where agents are listed, and at
      C(recording_log) where the log is read.
  returned: when no option is refused
  type: bool
  sample: false
blocking:
  description: The names of the checks because of which RV(fit=false).
  returned: when no option is refused
  type: list
  elements: str
  sample:
    - permission
    - language
checks:
  description: All checks, always the same ones, in this order.
  returned: when no option is refused
  type: list
  elements: dict
  contains:
    check:
      description:
        - The name of the check, which never changes.
        - C(server), a VICIdial answers at O(api_url).
        - C(tls), the password travels encrypted, to a server whose certificate is verified, or does not leave the
          machine. It fails with plain C(http) and with O(validate_certs=false), whether the server is reached or not.
        - C(build), the server knows C(stereo_recording).
        - C(clock), its clock and that of the host that runs the module are at most 5 seconds apart.
        - C(address), the account is let in from here.
        - C(lock), the account is not locked after failed logins.
        - C(credentials), O(api_user) and O(api_password) are right.
        - C(api_access), the account has C(Agent API Access).
        - C(api_active), the API is switched on, and so is a server.
        - C(stereo_recording), C(Allow Stereo Recordings) is on in the System Settings.
        - C(permission), the account may call C(stereo_recording).
        - C(language), the server answers the account in English.
        - C(listing), the account may list who is logged in. It is not asked before C(address), C(lock) and
          C(credentials) have passed, and never makes RV(fit=false).
        - C(recording_log), the account may search the recording log. It is asked after C(listing), and never makes
          RV(fit=false).
      type: str
      sample: permission
    status:
      description: V(passed), V(failed) or V(unknown).
      type: str
      sample: failed
    meaning:
      description: What that means, in a sentence.
      type: str
      sample: The API account has no permission for the function stereo_recording.
    remedy:
      description: The one thing to do, with the name of VICIdial's setting. V(null) where the check passed.
      type: str
      sample: Add stereo_recording to "API Allowed Functions" of this user in VICIdial; recording alone is not enough.
version:
  description: The version of VICIdial. V(null) where it is not known.
  returned: when no option is refused
  type: str
  sample: 2.14-84
build:
  description: Its build. V(null) where it is not known.
  returned: when no option is refused
  type: str
  sample: 260302-1142
clock_difference:
  description: >-
    How many seconds the server's clock is ahead of that of the host that runs the module, to half a second and half the
    time that the answer took. Negative where it is behind, V(null) where it is not known.
  returned: when no option is refused
  type: float
  sample: 0.3
utc_offset:
  description: The time zone that the server prints start times in. V(null) where it is not known.
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
    - Why RV(fit=false), or why the module failed, for playbooks to decide on. V(null) where it is fit.
    - One of the reasons of M(telephony.vicidial.vicidial_stereo_recording), or, where nothing else is wrong,
      C(insecure_connection) for the check C(tls) and C(clock_difference) for the check C(clock).
  returned: when Ansible accepts the options
  type: str
  sample: permission_denied
msg:
  description: The same for a person, with the remedy of each check that failed.
  returned: always
  type: str
  sample: >-
    Not fit for stereo recordings. permission: The API account has no permission for the function stereo_recording. Add
    stereo_recording to "API Allowed Functions" of this user in VICIdial; recording alone is not enough. Unknown:
    language.
"""

import time
from dataclasses import replace
from typing import Any, Callable
from urllib.parse import urlsplit

from ..module_utils import _options
from ..module_utils._client.agent_api import AgentApi
from ..module_utils._client.http import Connection, goes_through_proxy
from ..module_utils._client.non_agent_api import check_password, logged_in_agents
from ..module_utils._client.retry import retry
from ..module_utils._errors import ApiError, InterruptedRunError
from ..module_utils._log_session import LogSession
from ..module_utils._login import NOT_SENT, LoginHistory, login_of
from ..module_utils._preflight import (
    Answers,
    Transport,
    bars_lookups,
    may_look_up,
    reason_not_to_log_in,
    report,
    trouble_of,
)
from ..module_utils._protocol.names import Agent, AgentFilter
from ..module_utils._protocol.replies import Version
from ..module_utils._protocol.words import LISTING, RECORDING_LOG
from ..module_utils._task import Task, run_module

# Shows in VICIdial's log of API calls. Nobody has to have this name: "not logged in" is an answer that proves all.
AGENT = Agent("preflight")
NOBODY = AgentFilter(campaigns=["preflight"])


class Preflight(Task):
    """The four questions, and what their answers prove."""

    def __init__(self) -> None:
        self.spec = {
            "argument_spec": {**_options.CONNECTION_SPEC, **_options.LISTING_SPEC},
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
        connection = _options.connection(params)
        api = AgentApi(connection)
        try:
            answers = _ask_version(api, params["retries"])
            trouble = answers.trouble
            if answers.version is not None:
                interruption = InterruptedRunError() if interrupted() else None
                trouble = reason_not_to_log_in(answers.version) or interruption or history.refusal()
            login = NOT_SENT
            if trouble is None:
                error = _log_in(api, params["retries"])
                trouble, login = error and trouble_of(error), login_of(error)
        finally:
            api.close()
        answers = replace(answers, trouble=trouble)
        if may_look_up(answers) and not interrupted():
            answers = replace(answers, lookups=_look_up(params, answers.version, interrupted))
        return {**report(_transport(connection), answers), "login": login}


def _ask_version(api: AgentApi, retries: int) -> Answers:
    """The version, with the times around the answer; needs no login, so it may be repeated."""

    def ask() -> Answers:
        sent = time.time()
        return Answers(api.version(), sent, time.time())

    try:
        return retry(ask, retries, with_login=False)
    except ApiError as error:
        return Answers(trouble=error)


def _log_in(api: AgentApi, retries: int) -> ApiError | None:
    """What the one call that carries the credentials fails with."""
    api.close()  # a kept-alive connection may be gone by now, and this question is not repeated for that
    try:
        retry(lambda: api.status(AGENT), retries, with_login=True)
    except ApiError as error:
        return error
    return None


def _look_up(
    params: _options.Params, version: Version | None, interrupted: Callable[[], bool]
) -> dict[str, ApiError | None]:
    """What the list and the log fail with."""
    listing = _try_to_list(params, version)
    if bars_lookups(listing):
        return {LISTING: listing, RECORDING_LOG: listing}
    log = LogSession(params, interrupted)
    try:
        return {LISTING: listing, RECORDING_LOG: log.refusal()}
    finally:
        log.close()


def _try_to_list(params: _options.Params, version: Version | None) -> ApiError | None:
    """The error of listing agents, if any. The campaign does not exist, so that the answer is short."""
    try:
        connection = _options.non_agent_connection(params)
        check_password(connection.password, version.build if version else "")
        logged_in_agents(replace(connection, version_url=""), NOBODY, params["retries"])
    except ApiError as error:
        return error
    return None


def _transport(connection: Connection) -> Transport:
    url = urlsplit(connection.url)
    host = url.hostname or ""
    by_proxy = goes_through_proxy(connection.url)
    return Transport(
        to="a proxy" if by_proxy else host,
        encrypted=url.scheme == "https",
        verified=connection.verify is not False,
        is_loopback=_options.is_loopback(host) and not by_proxy,
    )


PREFLIGHT = Preflight()


def main() -> None:
    """The module's entry."""
    run_module(PREFLIGHT)


if __name__ == "__main__":
    main()
