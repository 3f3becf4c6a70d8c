# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The options that modules share: their specs, what is wrong with them, and what they become."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from ansible.module_utils.basic import env_fallback

from ._client.http import Connection
from ._errors import InvalidArgumentError
from ._protocol.names import Agent, is_alt_user, is_user, strip_password
from ._protocol.words import RECORDING

Params = Mapping[str, Any]

_API_PATH = "/agc/api.php"
_NON_AGENT_API_PATH = "/vicidial/non_agent_api.php"
_MOST_RETRIES = 10
_SHORTEST_SLEEP = 0.1
_LONGEST_SECONDS = 3600

CONNECTION_SPEC: dict[str, dict[str, Any]] = {
    "api_url": {"type": "str", "required": True, "fallback": (env_fallback, ["VICIDIAL_API_URL"])},
    "api_user": {"type": "str", "required": True, "fallback": (env_fallback, ["VICIDIAL_API_USER"])},
    "api_password": {
        "type": "str",
        "required": True,
        "no_log": True,
        "fallback": (env_fallback, ["VICIDIAL_API_PASSWORD"]),
    },
    "api_source": {"type": "str", "default": "ansible", "fallback": (env_fallback, ["VICIDIAL_API_SOURCE"])},
    "validate_certs": {"type": "bool", "default": True, "fallback": (env_fallback, ["VICIDIAL_VALIDATE_CERTS"])},
    "ca_path": {"type": "path", "fallback": (env_fallback, ["VICIDIAL_CA_PATH"])},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "timeout": {"type": "float", "default": 10.0},
    "retries": {"type": "int", "default": 3},
}
CONNECTION_REQUIRED_BY = {"client_key": ["client_cert"]}

WAITING_SPEC: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 10.0},
    "wait_sleep": {"type": "float", "default": 0.5},
    "stable_for": {"type": "float", "default": 0.0},
}

# Whom a task is about: exactly one of these.
AGENT_SPEC: dict[str, dict[str, Any]] = {
    "agent_user": {"type": "str"},
    "agent_users": {"type": "list", "elements": "str"},
    "alt_user": {"type": "str"},
}
THROTTLE_SPEC: dict[str, dict[str, Any]] = {
    "concurrency": {"type": "int", "default": 8},
    "rate_limit": {"type": "float"},
}
# More gains nothing on a real server (protocol 7). And a password that is changed in the middle of a run fails once a
# worker: ten at once would lock the account (protocol 3.4).
_MOST_WORKERS = 8


def check(params: Params) -> None:
    """Raise InvalidArgumentError for the first option that the server would misread (protocol 4.8, 4.9), or we would.

    Looks at whichever of the shared options ``params`` holds.
    """
    for problem in _problems(params):
        raise InvalidArgumentError(problem, "Correct the option; nothing was sent")


def warnings(params: Params) -> list[str]:
    """What is allowed but should be known, without the password in it."""
    found = []
    password = params["api_password"]
    if strip_password(password) != password:
        found.append(
            "api_password holds characters that VICIdial drops before it compares passwords (it keeps letters, digits "
            "and -.+/=_): on most systems such a password can never match."
        )
    url = urlsplit(params["api_url"])
    if url.scheme == "http" and not is_loopback(url.hostname or ""):
        found.append(f"api_url is plain http: the password travels to {url.hostname} in clear. Use https.")
    return found


def connection(params: Params) -> Connection:
    """The connection that checked options describe."""
    return Connection(
        url=_script_url(urlsplit(params["api_url"]), _API_PATH),
        user=params["api_user"],
        password=params["api_password"],
        source=params["api_source"],
        verify=params["validate_certs"] and (params["ca_path"] or True),
        client_cert=params["client_cert"],
        client_key=params["client_key"],
        timeout=params["timeout"],
    )


def non_agent_connection(params: Params) -> Connection:
    """The same to the Non-Agent API, which lies beside the Agent API on the server."""
    return replace(connection(params), url=_script_url(urlsplit(params["api_url"]), _NON_AGENT_API_PATH))


def agents(params: Params) -> tuple[list[Agent], bool]:
    """The agents that the task names, each once, and whether it names a single one."""
    if params["agent_users"] is not None:
        return [Agent(user) for user in dict.fromkeys(params["agent_users"])], False
    return [Agent(params["agent_user"], params["alt_user"])], True


def withdraws(params: Params) -> bool:
    """Whether a BEGIN that is given up on is taken back: as said, or else where a call is required."""
    said = params["withdraw"]
    return params["state"] == RECORDING and (params["require_call"] if said is None else bool(said))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _problems(params: Params) -> Iterator[str]:
    if "alt_user" in params and all(params[name] is None for name in AGENT_SPEC):
        yield f"none of {', '.join(AGENT_SPEC)} has a value"
    if params.get("agent_user") is not None:
        yield from _user_problems("agent_user", params["agent_user"])
    if params.get("alt_user") is not None:
        yield from _alt_user_problems(params["alt_user"])
    for name in params.get("agent_users") or []:
        yield from _user_problems("agent_users", name)
    yield from _spelling_problems(params.get("agent_users") or [])
    yield from _connection_problems(params)
    yield from _file_problems(params)
    yield from _number_problems(params)


def _user_problems(option: str, name: str) -> Iterator[str]:
    if not is_user(name):  # `10 00` would act on agent 1000
        yield f"{option} {name!r} is not a VICIdial user: letters, digits, - and _ only, and at least one"


def _alt_user_problems(alt_user: str) -> Iterator[str]:
    if not is_alt_user(alt_user):  # `crm-1001` would act on the agent of crm1001
        yield f"alt_user {alt_user!r} cannot be looked up: VICIdial takes letters and digits only, two at least"


def _spelling_problems(names: Iterable[str]) -> Iterator[str]:
    # The server's database compares without regard to case: as two agents they would begin two recordings of one.
    spelled: dict[str, str] = {}
    for name in names:
        other = spelled.setdefault(name.casefold(), name)
        if other != name:
            yield f"agent_users holds {other!r} and {name!r}, which VICIdial takes for one user"


def _connection_problems(params: Params) -> Iterator[str]:
    try:
        url = urlsplit(params["api_url"])
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable, url = False, urlsplit("")
    if not usable:
        yield "api_url is not a URL such as https://dialer.example.com or https://dialer.example.com/agc/api.php"
    elif url.username is not None or url.query or url.fragment:
        yield "api_url holds more than an address: credentials go into api_user and api_password, a query nowhere"
    for name in ("api_user", "api_password"):
        if not params[name]:
            yield f"{name} is empty"
    if not re.fullmatch(r"[0-9a-zA-Z]{2,20}", params["api_source"]):
        yield f"api_source {params['api_source']!r} is not 2 to 20 letters and digits"


def _file_problems(params: Params) -> Iterator[str]:
    for name in ("ca_path", "client_cert", "client_key"):
        path = params[name]
        if path is not None and not Path(path).exists():
            yield f"{name} {path} does not exist on the host that runs the module"


def _number_problems(params: Params) -> Iterator[str]:
    if not 0 < params["timeout"] <= _LONGEST_SECONDS:
        yield f"timeout is not more than 0 and at most {_LONGEST_SECONDS} seconds"
    if not 0 <= params["retries"] <= _MOST_RETRIES:
        yield f"retries is not 0 to {_MOST_RETRIES}"
    if not 1 <= params.get("concurrency", 1) <= _MOST_WORKERS:
        yield f"concurrency is not 1 to {_MOST_WORKERS}"
    if params.get("rate_limit") is not None and not params["rate_limit"] >= 1:
        yield "rate_limit is less than 1 call a second: a signal would rest on a STATUS that is too old"
    if not 0 <= params.get("wait_timeout", 0) <= _LONGEST_SECONDS:
        yield f"wait_timeout is not 0 to {_LONGEST_SECONDS} seconds"
    if not _SHORTEST_SLEEP <= params.get("wait_sleep", _SHORTEST_SLEEP) <= _LONGEST_SECONDS:
        yield f"wait_sleep is not {_SHORTEST_SLEEP} to {_LONGEST_SECONDS} seconds; shorter would only load the server"
    if not 0 <= params.get("stable_for", 0) <= _LONGEST_SECONDS:
        yield f"stable_for is not 0 to {_LONGEST_SECONDS} seconds"
    if "withdraw" in params and withdraws(params) and not params["wait"]:
        yield "wait is false: nobody would take a BEGIN back whose call ends first; set withdraw to false to leave it"
    if params.get("stable_for") and not params["wait"]:
        yield "stable_for is set, and wait is false: what is not waited for cannot be seen to hold"


def _script_url(url: SplitResult, script: str) -> str:
    """The address of ``script``, whether ``url`` leads to it already, to the other API, or is the server's root."""
    path = re.sub(r"/(agc(/api\.php)?|vicidial(/non_agent_api\.php)?)$", "", url.path.rstrip("/"))
    if not path.endswith(".php"):
        path += script
    return urlunsplit((url.scheme, url.netloc, path, "", ""))
