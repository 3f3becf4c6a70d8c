# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agents who are logged in to a VICIdial system, as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vicidial_agents
short_description: The agents who are logged in to VICIdial, as hosts
description:
  - Asks the Non-Agent API of VICIdial who is logged in. Each of these agents becomes a host with a local connection, so
    that a play can be run over a campaign, with one host for each agent.
  - Its file is named C(vicidial_agents.yml) or C(vicidial_agents.yaml), or ends in C(.vicidial_agents.yml) or
    C(.vicidial_agents.yaml).
  - Nobody logged in is an empty inventory, not an error.
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
extends_documentation_fragment:
  - telephony.vicidial.connection
  - telephony.vicidial.connection.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    agent_filters:
      - telephony.vicidial.vicidial_agents
  campaigns:
    description: Only the agents who are logged in to one of these campaigns. Without it, all.
    type: list
    elements: str
    default: []
  user_groups:
    description: Only the agents of these user groups. Without it, all.
    type: list
    elements: str
    default: []
  sub_status:
    description:
      - Whether to ask for C(vicidial_pause_code) and C(vicidial_sub_status) too.
      - The server searches its logs for them, which takes it more time.
    type: bool
    default: false
  host_prefix:
    description: Stands before the agent's user in the name of the host.
    type: str
    default: ""
  recording:
    description:
      - Whether to ask for the STATUS of each agent's stereo recording too, one call an agent.
      - The record is the variable C(vicidial_stereo_recording), as the modules of this collection give it as a fact.
      - An agent whose STATUS fails has C(vicidial_stereo_recording.state=null), and a warning says why. What is not
        about one agent, such as a missing permission, is an error of the inventory.
    type: bool
    default: false
  concurrency:
    description: With O(recording=true), how many STATUS are asked at the same time. 1 to 8.
    type: int
    default: 8
  rate_limit:
    description: With O(recording=true), how many STATUS are asked a second at most. Without it there is no limit.
    type: float
notes:
  - The API user needs a User Level of 7 or more, and View Reports. Its C(API Allowed Functions) hold
    C(logged_in_agents). Only O(recording=true) needs C(Agent API Access) and C(stereo_recording) as well, and the
    server's build that is named here.
  - The connection options can be templates, such as a lookup of the password. They see extra variables and no others.
  - "Variables of a host: C(vicidial_user), C(vicidial_campaign_id), C(vicidial_session_id), C(vicidial_status),
    C(vicidial_lead_id) (a number), C(vicidial_callerid), C(vicidial_calls_today) (a number), C(vicidial_full_name),
    C(vicidial_user_group), C(vicidial_user_level) (a number)."
  - C(ansible_connection) is C(local) and C(ansible_python_interpreter) is the Python that runs Ansible; O(compose)
    can change both.
  - Names are free text that people typed. No text from the server is ever evaluated as a template.
  - An agent whose user is not made of letters, digits, C(-) and C(_), or whose host would have the name of a group, is
    left out with a warning.
seealso:
  - module: telephony.vicidial.vicidial_stereo_recording
  - module: telephony.vicidial.vicidial_stereo_recording_info
"""

EXAMPLES = r"""
# floor.vicidial_agents.yml
# The address and the account come from VICIDIAL_API_URL, VICIDIAL_API_USER and VICIDIAL_API_PASSWORD.
---
plugin: telephony.vicidial.vicidial_agents
keyed_groups:
  - prefix: campaign
    key: vicidial_campaign_id

# A play over it: ansible-playbook -i floor.vicidial_agents.yml record_sales.yml
# - name: Everybody in SALES is being recorded
#   hosts: campaign_SALES
#   gather_facts: false
#   tasks:
#     - name: The agent is being recorded
#       telephony.vicidial.vicidial_stereo_recording:
#         agent_user: "{{ vicidial_user }}"
#         state: recording

---
# Everything said in the file. ansible-inventory --graph shows who is being recorded.
plugin: telephony.vicidial.vicidial_agents
api_url: https://dialer.example.com
api_user: ansible
api_password: "{{ lookup('ansible.builtin.file', '/run/secrets/vicidial') }}"
campaigns:
  - SALES
  - SUPPORT
user_groups:
  - AGENTS
sub_status: true
host_prefix: agent_
recording: true
groups:
  recorded: vicidial_stereo_recording.state == 'recording'
  in_a_call: vicidial_status == 'INCALL'
keyed_groups:
  - prefix: campaign
    key: vicidial_campaign_id
  - prefix: paused
    key: vicidial_pause_code
compose:
  team: vicidial_user_group | lower
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/cache/ansible
cache_timeout: 30
"""

import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.basic import missing_required_lib
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils import _options
from ..module_utils._client.http import HAS_REQUESTS
from ..module_utils._client.non_agent_api import logged_in_agents
from ..module_utils._errors import (
    ApiError,
    DefectError,
    InvalidArgumentError,
)
from ..module_utils._protocol.names import Agent, is_user
from ..module_utils._protocol.tables import AgentFilter
from ..module_utils._recording.results import record
from ..module_utils._recording.scheduler import AgentResult, Scheduler
from ..module_utils._recording.steps import DesiredState
from ..module_utils._recording.workers import WorkerPool

try:
    # Since ansible-core 2.19 no text is a template unless it is trusted.
    from ansible.template import trust_as_template as _template
except ImportError:
    from ansible.utils.unsafe_proxy import wrap_var as _no_template

    def _template(text: str) -> str:
        return text
else:

    def _no_template(text: str) -> str:
        return text


Variables = dict[str, Any]
_OPTIONS = (*_options.CONNECTION_SPEC, *_options.THROTTLE_SPEC)
_CHOOSING_OPTIONS = ("campaigns", "user_groups", "sub_status", "recording")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Host variables are what is cached: neither the password nor anything derived from it is among them."""

    NAME = "telephony.vicidial.vicidial_agents"

    def verify_file(self, path: str) -> bool:
        """Whether the file's name says that it is one of this plugin."""
        return bool(super().verify_file(path) and re.fullmatch(r"(.+\.)?vicidial_agents\.ya?ml", Path(path).name))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        """Add the hosts. ``cache`` is False when the user has asked for a refresh."""
        super().parse(inventory, loader, path)
        given = self._read_config_data(path)
        if "ca_path" not in given and os.environ.get("VICIDIAL_CA_PATH") == "":
            # Ansible would take an empty path for the working directory. Empty it is where an AWX credential has no CA.
            self._options["ca_path"] = None
        if not HAS_REQUESTS:
            raise AnsibleParserError(missing_required_lib("requests"))
        try:
            floor = self._floor(path, cache)
        except ApiError as error:
            # Nothing of the error but its text goes on: a cause would be shown with it.
            raise AnsibleParserError(str(error)) from None
        self._add(floor)

    def _floor(self, path: str, may_read_cache: bool) -> list[Variables]:
        """The variables of each agent, from the cache where that is wanted and possible."""
        params = self._params()
        about = {name: params[name] for name in ("api_url", "api_user", *_CHOOSING_OPTIONS)}
        key = self.get_cache_key(f"{path} {json.dumps(about)}")
        keeps_cache = self.get_option("cache")
        if keeps_cache and may_read_cache:
            with suppress(KeyError):
                cached: list[Variables] = self._cache[key]
                return cached
        try:
            floor = self._ask(params)
        except ApiError:
            raise
        except Exception as error:  # noqa: BLE001 - its text and traceback could hold the password
            raise DefectError(error) from None
        if keeps_cache:
            self._cache[key] = floor
        return floor

    def _params(self) -> Variables:
        """The options as the modules have them, checked as theirs are."""
        self.templar.available_variables = self._vars
        params = {name: self._evaluated(name) for name in _OPTIONS}
        params.update({name: self.get_option(name) for name in _CHOOSING_OPTIONS})
        for name in ("campaigns", "user_groups"):
            params[name] = [str(entry) for entry in params[name]]
        _options.check(params)
        if params["client_key"] and not params["client_cert"]:
            raise InvalidArgumentError("client_key is set without client_cert", "Set both; nothing was sent")
        for warning in _options.warnings(params):
            self.display.warning(warning)
        return params

    def _evaluated(self, name: str) -> Any:
        """An option that can be a template. What goes wrong in one is not shown: it could hold the password."""
        value = self.get_option(name)
        if not isinstance(value, str):
            return value
        try:
            return str(self.templar.template(value))
        except Exception as error:  # noqa: BLE001 - whatever a lookup may raise
            raise InvalidArgumentError(
                f"{name} is a template that cannot be evaluated ({type(error).__name__})",
                "Try it in a debug task; nothing was sent",
            ) from None

    def _ask(self, params: Variables) -> list[Variables]:
        agent_filter = AgentFilter(params["campaigns"], params["user_groups"], params["sub_status"])
        agents = logged_in_agents(_options.non_agent_connection(params), agent_filter, params["retries"])
        floor = []
        for agent in agents:
            if is_user(agent.user):
                columns = asdict(agent).items()
                floor.append({f"vicidial_{name}": value for name, value in columns if value is not None})
            else:
                self.display.warning(f"Left out an agent whose user is none of VICIdial: {agent.user[:40]!r}.")
        if params["recording"]:
            results = self._ask_each([variables["vicidial_user"] for variables in floor], params)
            for variables, result in zip(floor, results):
                variables["vicidial_stereo_recording"] = record(result)
        return floor

    def _ask_each(self, users: list[str], params: Variables) -> list[AgentResult]:
        """STATUS of every agent, in their order. Raises what is not about one agent."""
        wanted = DesiredState(state=None, fail_when_logged_out=False, retries=params["retries"])
        with WorkerPool(_options.connection(params), params["concurrency"]) as pool:
            results = Scheduler(pool, wanted, rate_limit=params["rate_limit"]).run([Agent(user) for user in users])
        failures = [(result.user, result.outcome.failure) for result in results if result.outcome.failure is not None]
        for _user, failure in failures:
            if failure.aborts_run:
                raise failure
        if failures:
            user, failure = failures[0]
            self.display.warning(
                f"The recording of {len(failures)} of {len(results)} agents is not known. Agent {user}: {failure}"
            )
        return results

    def _add(self, floor: Iterable[Variables]) -> None:
        """Make each agent a host, in the groups that the options construct."""
        added = []
        for variables in floor:
            name = self.get_option("host_prefix") + variables["vicidial_user"]
            if name in self.inventory.groups:
                self._warn_of_group(name)
                continue
            added.append(name)
            self.inventory.add_host(name)
            self.inventory.set_variable(name, "ansible_connection", "local")
            self.inventory.set_variable(name, "ansible_python_interpreter", _template("{{ ansible_playbook_python }}"))
            for variable, value in variables.items():
                self.inventory.set_variable(name, variable, _never_evaluated(value))
            self._construct(name)
        for name in added:
            # A group that a later agent, or the agent itself, brought with it.
            if name in self.inventory.groups:
                self.inventory.remove_host(self.inventory.hosts[name])
                self._warn_of_group(name)

    def _construct(self, name: str) -> None:
        strict = self.get_option("strict")
        variables = self.inventory.hosts[name].get_vars()
        try:
            self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
        except Exception:
            # Ansible takes an agent in a group of the same name for the group.
            if name not in self.inventory.groups:
                raise

    def _warn_of_group(self, name: str) -> None:
        self.display.warning(f"Left out agent {name}: a group has this name. Set host_prefix to tell them apart.")


def _never_evaluated(value: Any) -> Any:
    """``value`` from the server, marked where ansible-core before 2.19 could evaluate it.

    All its delimiters begin with a brace, and a header can set others. Not every text, for on those cores the mark
    shows in what ansible-inventory lists.
    """
    if isinstance(value, dict):
        return {key: _never_evaluated(element) for key, element in value.items()}
    return _no_template(value) if isinstance(value, str) and ("{" in value or "#jinja2" in value) else value
