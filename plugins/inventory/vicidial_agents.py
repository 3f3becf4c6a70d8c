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
  - VICIdial lists only the agents whom the user group of the API user may see, without a word about the others.
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
extends_documentation_fragment:
  - telephony.vicidial.connection
  - telephony.vicidial.connection.listing
  - telephony.vicidial.connection.plugin
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices:
      - telephony.vicidial.vicidial_agents
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
      - The record is the variable C(vicidial_recording). It holds what the fact C(vicidial_stereo_recording) of the
        modules holds. Its name is another one, for a fact hides a variable of the inventory that has the same name.
      - An agent whose STATUS fails has C(vicidial_recording.state=null), and a warning says why. What is not
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
  - The API user needs a User Level of 7 or more, View Reports and C(Agent API Access). Its C(API Allowed Functions)
    hold C(logged_in_agents). Only O(recording=true) needs C(stereo_recording) as well, and the server's build that is
    named here.
  - The options of the connection and those of this plugin can be templates in the file, such as a lookup of the
    password. They see extra variables and no others. Those of caching and of constructed groups are no templates.
    What is no boolean, number or path after that is refused.
  - "Variables of a host: C(vicidial_user), C(vicidial_campaign_id), C(vicidial_session_id), C(vicidial_status),
    C(vicidial_lead_id) (a number), C(vicidial_callerid), C(vicidial_calls_today) (a number), C(vicidial_full_name),
    C(vicidial_user_group), C(vicidial_user_level) (a number)."
  - C(ansible_connection) is C(local), C(ansible_become) is C(false) and C(ansible_python_interpreter) is the Python
    that runs Ansible; O(compose) can change them.
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
# - name: Everybody in SALES who talks is being recorded
#   hosts: campaign_SALES
#   gather_facts: false
#   tasks:
#     - name: The agent is being recorded
#       telephony.vicidial.vicidial_stereo_recording:
#         agent_user: "{{ vicidial_user }}"
#         state: recording
#         require_call: true
#         when_no_call: ignore

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
  recorded: vicidial_recording.state == 'recording'
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
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.module_utils.basic import missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
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
_OWN_SPEC: Variables = {
    **_options.FILTER_SPEC,
    "sub_status": {"type": "bool", "default": False},
    "recording": {"type": "bool", "default": False},
    "host_prefix": {"type": "str", "default": ""},
}
_SPEC: Variables = {**_options.CONNECTION_SPEC, **_options.LISTING_SPEC, **_options.THROTTLE_SPEC, **_OWN_SPEC}
# What the answer depends on.
_CHOOSING_OPTIONS = ("campaigns", "user_groups", "sub_status", "recording")
# What Ansible would convert by itself: text that is no boolean to False, a template to a path.
_CONVERTED = frozenset(name for name, option in _SPEC.items() if option["type"] not in ("str", "raw"))
# Booleans of Ansible's own fragments, which it takes as they stand.
_BOOLEANS_OF_ANSIBLE = ("cache", "strict", "leading_separator", "use_extra_vars")


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
        if not HAS_REQUESTS:
            raise AnsibleParserError(missing_required_lib("requests"))
        try:
            params = self._params(given)
            floor = self._floor(path, params, cache)
        except ApiError as error:
            # Nothing of the error but its text goes on: a cause would be shown with it.
            raise AnsibleParserError(str(error)) from None
        self._add(floor, params["host_prefix"])

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """As Ansible's, but without the options that are converted here, and strictly."""
        kept = {name: value for name, value in (direct or {}).items() if name not in _CONVERTED}
        super().set_options(task_keys=task_keys, var_options=var_options, direct=kept)

    def _floor(self, path: str, params: Variables, may_read_cache: bool) -> list[Variables]:
        """The variables of each agent, from the cache where that is wanted and possible."""
        about = {name: params[name] for name in ("api_url", "non_agent_api_url", "api_user", *_CHOOSING_OPTIONS)}
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

    def _params(self, given: Variables) -> Variables:
        """The options by the rules of the modules; ``given`` are those of the file, as they stand there."""
        self.templar.available_variables = self._vars
        values = {name: self._evaluated(name, given[name]) for name in _SPEC if given.get(name) is not None}
        for name in _BOOLEANS_OF_ANSIBLE:
            if given.get(name) is not None:
                _refuse(ArgumentSpecValidator({name: {"type": "bool"}}).validate({name: given[name]}).error_messages)
        validated = ArgumentSpecValidator(_SPEC, required_by=_options.CONNECTION_REQUIRED_BY).validate(values)
        _refuse(validated.error_messages)
        params: Variables = validated.validated_parameters
        _options.check(params)
        for warning in _options.warnings(params):
            self.display.warning(warning)
        return params

    def _evaluated(self, name: str, value: Any) -> Any:
        """``value``, which can be a template. What goes wrong in one is not shown: it could hold the password."""
        try:
            return self.templar.template(value)
        except Exception as error:  # noqa: BLE001 - whatever a lookup may raise
            raise InvalidArgumentError(
                f"{name} is a template that cannot be evaluated ({type(error).__name__})",
                "Try it in a debug task; nothing was sent",
            ) from None

    def _ask(self, params: Variables) -> list[Variables]:
        agent_filter = _options.agent_filter(params, params["sub_status"])
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
                variables["vicidial_recording"] = record(result)
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

    def _add(self, floor: Iterable[Variables], host_prefix: str) -> None:
        """Make each agent a host, in the groups that the options construct."""
        added = []
        for variables in floor:
            name = host_prefix + variables["vicidial_user"]
            if name in self.inventory.groups:
                self._warn_of_group(name)
                continue
            added.append(name)
            self.inventory.add_host(name)
            self.inventory.set_variable(name, "ansible_connection", "local")
            self.inventory.set_variable(name, "ansible_become", False)
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


def _refuse(problems: Sequence[str]) -> None:
    """Raise InvalidArgumentError for the first of what Ansible's own validation found."""
    for problem in problems:
        raise InvalidArgumentError(problem, "Correct the option; nothing was sent")


def _never_evaluated(value: Any) -> Any:
    """``value`` from the server, marked where ansible-core before 2.19 could evaluate it.

    Jinja's delimiters begin with a brace, unless a #jinja2 header sets others. Other texts get no mark, because on
    those cores ansible-inventory shows it.
    """
    if isinstance(value, dict):
        return {key: _never_evaluated(element) for key, element in value.items()}
    return _no_template(value) if isinstance(value, str) and ("{" in value or "#jinja2" in value) else value
