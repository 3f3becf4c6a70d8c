# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""The options of the event source: those of the modules, and its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils import _options
from ...module_utils._client.http import Connection
from ...module_utils._errors import InvalidArgumentError
from ...module_utils._protocol.names import AgentFilter
from .._audit import Rule, rule_given
from .floor import Watched

_LONGEST_SECONDS = 3600
_SHORTEST_INTERVAL = 0.5
_LAST_PORT = 65535
_SHORTEST_TOKEN = 16

SPEC: dict[str, dict[str, Any]] = {
    **_options.CONNECTION_SPEC,
    **_options.LISTING_SPEC,
    **_options.FILTER_SPEC,
    **_options.THROTTLE_SPEC,
    "agent_users": {"type": "list", "elements": "raw", "default": []},
    # A watch goes on all day beside the agents' screens: two calls at once leave them room (protocol 7).
    "concurrency": {"type": "int", "default": 2},
    "interval": {"type": "float", "default": 2.0},
    "rule": {"type": "dict"},
    "for_seconds": {"type": "float", "default": 10.0},
    "state_file": {"type": "path"},
    "push_host": {"type": "str", "default": "127.0.0.1"},
    "push_port": {"type": "int"},
    "push_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["VICIDIAL_PUSH_TOKEN"])},
    "push_certfile": {"type": "path"},
    "push_keyfile": {"type": "path", "no_log": False},
}
_REQUIRED_BY = {
    **_options.CONNECTION_REQUIRED_BY,
    "push_port": ["push_token"],
    "push_certfile": ["push_port"],
    "push_keyfile": ["push_certfile"],
}


@dataclass(frozen=True)
class PushSettings:
    """Where VICIdial's pushes are listened for, and the token that they must bring."""

    host: str
    port: int
    token: str
    certfile: str | None
    keyfile: str | None


@dataclass(frozen=True)
class Settings:
    """What an event source is told; times in seconds, ``rate_limit`` in calls a second."""

    agent_api: Connection
    non_agent_api: Connection
    listed: AgentFilter
    watched: Watched
    interval: float
    concurrency: int
    rate_limit: float | None
    retries: int
    state_file: str | None
    push: PushSettings | None

    @property
    def scope(self) -> list[Any]:
        """What the memory of a watch is about: another server or other agents are another watch."""
        who = [*self.listed.campaigns], [*self.listed.user_groups], [*self.watched.agent_users]
        return [self.agent_api.url, *who]


def read(args: Mapping[str, Any]) -> tuple[Settings, list[str]]:
    """The settings that a rulebook's arguments describe, and warnings. Raises InvalidArgumentError."""
    validated = ArgumentSpecValidator(SPEC, required_by=_REQUIRED_BY).validate(dict(args))
    for problem in validated.error_messages:
        raise _invalid(problem)
    params: dict[str, Any] = validated.validated_parameters
    _options.check(params)
    for problem in _problems(params):
        raise _invalid(problem)
    watched = Watched(tuple(map(str, params["agent_users"])), _rule(params["rule"]), params["for_seconds"])
    settings = Settings(
        agent_api=_options.connection(params),
        non_agent_api=_options.non_agent_connection(params),
        listed=_options.agent_filter(params),
        watched=watched,
        interval=params["interval"],
        concurrency=params["concurrency"],
        rate_limit=params["rate_limit"],
        retries=params["retries"],
        state_file=params["state_file"],
        push=_push(params),
    )
    return settings, _options.warnings(params)


def _push(params: _options.Params) -> PushSettings | None:
    if params["push_port"] is None:
        return None
    names = ("host", "port", "token", "certfile", "keyfile")
    return PushSettings(**{name: params[f"push_{name}"] for name in names})


def _rule(given: Mapping[str, Any] | None) -> Rule | None:
    if given is None:
        return None
    try:
        rule = rule_given(given)
    except (TypeError, ValueError) as error:
        raise _invalid(f"rule: {error}") from None
    for problem in rule.problems():
        raise _invalid(f"rule: {problem}")
    return rule


def _problems(params: _options.Params) -> list[str]:
    found = []
    if not _SHORTEST_INTERVAL <= params["interval"] <= _LONGEST_SECONDS:
        found.append(f"interval is not {_SHORTEST_INTERVAL} to {_LONGEST_SECONDS} seconds")
    if not 0 <= params["for_seconds"] <= _LONGEST_SECONDS:
        found.append(f"for_seconds is not 0 to {_LONGEST_SECONDS} seconds")
    if params["push_port"] is not None and not 0 <= params["push_port"] <= _LAST_PORT:
        found.append(f"push_port is not 0 to {_LAST_PORT}")
    if params["push_token"] is not None and len(params["push_token"]) < _SHORTEST_TOKEN:
        found.append(f"push_token has fewer than {_SHORTEST_TOKEN} characters: anybody could guess it")
    return found


def _invalid(problem: str) -> InvalidArgumentError:
    return InvalidArgumentError(problem, "Correct the option of the event source; nothing was sent")
