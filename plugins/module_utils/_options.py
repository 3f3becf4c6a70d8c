# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The options that modules share: their specs, what is wrong with them, and what they become."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from ansible.module_utils.basic import env_fallback

from ._client.http import Connection
from ._errors import InvalidArgumentError
from ._protocol.names import Agent, AgentFilter, is_alt_user, is_user, strip_password
from ._protocol.words import RECORDING

Params = Mapping[str, Any]

_API_PATH = "/agc/api.php"
_NON_AGENT_API_PATH = "/vicidial/non_agent_api.php"
_MOST_RETRIES = 10
_SHORTEST_SLEEP = 0.1
_LONGEST_SECONDS = 3600
_SHORTEST_INTERVAL = 1
_LONGEST_DURATION = 86_400

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
# For what asks the Non-Agent API too.
LISTING_SPEC: dict[str, dict[str, Any]] = {
    "non_agent_api_url": {"type": "str", "fallback": (env_fallback, ["VICIDIAL_NON_AGENT_API_URL"])},
}
CONNECTION_REQUIRED_BY = {"client_key": ["client_cert"]}

WAITING_SPEC: dict[str, dict[str, Any]] = {
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "float", "default": 10.0},
    "wait_sleep": {"type": "float", "default": 0.5},
    "stable_for": {"type": "float", "default": 0.0},
}

# The agents of a task: exactly one of these. Their type is raw because a str would hide that YAML has read a number.
AGENT_SPEC: dict[str, dict[str, Any]] = {
    "agent_user": {"type": "raw"},
    "agent_users": {"type": "list", "elements": "raw"},
    "alt_user": {"type": "raw"},
}
# Which agents are listed.
FILTER_SPEC: dict[str, dict[str, Any]] = {
    "campaigns": {"type": "list", "elements": "raw", "default": []},
    "user_groups": {"type": "list", "elements": "raw", "default": []},
}
THROTTLE_SPEC: dict[str, dict[str, Any]] = {
    "concurrency": {"type": "int", "default": 8},
    "rate_limit": {"type": "float"},
}
# YAML takes digits after a zero for an octal number. Up to 0777 the result has fewer digits than users have.
_FIRST_PLAIN_NUMBER = 1000
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
    found = list(_number_warnings(params))
    password = params["api_password"]
    if strip_password(password) != password:
        found.append(
            "api_password holds characters that VICIdial drops before it compares passwords: on most systems such a "
            "password can never match. Letters, digits, - and _ are right everywhere, . + / = where nobody is listed."
        )
    for name in ("api_url", "non_agent_api_url"):
        url = urlsplit(params.get(name) or "")
        if url.scheme == "http" and not is_loopback(url.hostname or ""):
            found.append(f"{name} is plain http: the password travels to {url.hostname} in clear. Use https.")
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
    """The same to the Non-Agent API: at non_agent_api_url, or beside the Agent API.

    Raises InvalidArgumentError where api_url names another script, from which no address of the other API follows.
    """
    known = connection(params)
    url = _script_url(urlsplit(params.get("non_agent_api_url") or params["api_url"]), _NON_AGENT_API_PATH)
    if url == known.url:
        raise InvalidArgumentError(
            "the address of the Non-Agent API does not follow from api_url, which names a script",
            "Set non_agent_api_url, or VICIDIAL_NON_AGENT_API_URL in the environment, to the address of "
            "non_agent_api.php; nothing was sent",
        )
    return replace(known, url=url, version_url=known.url)


def agent_filter(params: Params, sub_status: bool = False) -> AgentFilter:
    """Which agents are listed, as checked options say."""
    campaigns, user_groups = ([str(name) for name in params[option]] for option in FILTER_SPEC)
    return AgentFilter(campaigns, user_groups, sub_status)


def agents(params: Params) -> tuple[list[Agent], bool]:
    """The agents that the task names, each once, and whether it names a single one."""
    if params["agent_users"] is not None:
        return [Agent(user) for user in dict.fromkeys(map(str, params["agent_users"]))], False
    return [Agent(*(None if name is None else str(name) for name in (params["agent_user"], params["alt_user"])))], True


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
    for name, option in {**CONNECTION_SPEC, **WAITING_SPEC, **THROTTLE_SPEC}.items():
        if "default" in option and name in params and params[name] is None:
            yield f"{name} has no value"
    if "alt_user" in params and all(params[name] is None for name in AGENT_SPEC):
        yield f"none of {', '.join(AGENT_SPEC)} has a value"
    for name, value in _names(params):
        yield from _name_problems(name, value)
    yield from _spelling_problems(str(user) for user in params.get("agent_users") or [])
    yield from _connection_problems(params)
    yield from _file_problems(params)
    yield from _number_problems(params)
    yield from _watch_problems(params)


def _names(params: Params) -> Iterator[tuple[str, Any]]:
    """Every agent, campaign and user group that the options name, with the option's name."""
    for option in (*AGENT_SPEC, *FILTER_SPEC):
        value = params.get(option)
        for name in value if isinstance(value, list) else [value]:
            if name is not None or isinstance(value, list):
                yield option, name


def _name_problems(option: str, name: Any) -> Iterator[str]:
    if isinstance(name, bool) or name in ("True", "False"):
        yield f"{option} holds the boolean {name}, which YAML makes of words such as yes, on and true: quote the name"
    elif not isinstance(name, (str, int)):
        yield f"{option} holds {name!r}, which is no text: quote the name"
    elif option == "alt_user" and not is_alt_user(str(name)):  # `crm-1001` would act on the agent of crm1001
        yield f"alt_user {name!r} cannot be looked up: VICIdial takes letters and digits only, two at least"
    elif option in ("agent_user", "agent_users") and not is_user(str(name)):  # `10 00` would act on agent 1000
        yield f"{option} {name!r} is not a VICIdial user: letters, digits, - and _ only, and at least one"


def _number_warnings(params: Params) -> Iterator[str]:
    """Warnings of small numbers, which YAML may have made of digits after a zero. A larger number gives no warning."""
    for option, name in _names(params):
        if isinstance(name, int) and 0 <= name < _FIRST_PLAIN_NUMBER:
            yield f"{option} holds the number {name}. Quote it: YAML reads digits after a zero as another, 0042 as 34."


def _spelling_problems(names: Iterable[str]) -> Iterator[str]:
    # The server's database compares without regard to case: as two agents they would begin two recordings of one.
    spelled: dict[str, str] = {}
    for name in names:
        other = spelled.setdefault(name.casefold(), name)
        if other != name:
            yield f"agent_users holds {other!r} and {name!r}, which VICIdial takes for one user"


def _connection_problems(params: Params) -> Iterator[str]:
    yield from _url_problems("api_url", params["api_url"], "agc/api.php")
    if params.get("non_agent_api_url"):
        yield from _url_problems("non_agent_api_url", params["non_agent_api_url"], "vicidial/non_agent_api.php")
    for name in ("api_user", "api_password"):
        if not params[name]:
            yield f"{name} is empty"
    if not re.fullmatch(r"[0-9a-zA-Z]{2,20}", params["api_source"]):
        yield f"api_source {params['api_source']!r} is not 2 to 20 letters and digits"


def _url_problems(name: str, address: str, script: str) -> Iterator[str]:
    try:
        url = urlsplit(address)
        usable = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        usable, url = False, urlsplit("")
    if not usable:
        yield f"{name} is not a URL such as https://dialer.example.com or https://dialer.example.com/{script}"
    elif url.username is not None or url.query or url.fragment:
        yield f"{name} holds more than an address: credentials go into api_user and api_password, a query nowhere"


def _file_problems(params: Params) -> Iterator[str]:
    for name in ("ca_path", "client_cert", "client_key"):
        if params[name] is None:
            continue
        path = Path(params[name])
        if not path.exists():
            yield f"{name} {path} does not exist on the host that runs the module"
        elif path.is_dir() and name != "ca_path":
            yield f"{name} {path} is a directory, not a PEM file"
        elif not os.access(path, os.R_OK):
            yield f"{name} {path} cannot be read by the user who runs the module"
        elif name != "ca_path" and b"ENCRYPTED" in path.read_bytes():  # OpenSSL would ask the terminal
            yield f"{name} {path} holds a key with a pass phrase: give the key without one"


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


def _watch_problems(params: Params) -> Iterator[str]:
    if "duration" not in params:
        return
    if not params["interval"] >= _SHORTEST_INTERVAL:
        yield f"interval is less than {_SHORTEST_INTERVAL} second; shorter would only load the server"
    if not 0 <= params["duration"] <= _LONGEST_DURATION:
        yield f"duration is not 0 to {_LONGEST_DURATION} seconds"


def server_url(params: Params) -> str:
    """The server that ``api_url`` leads to, such as https://dialer.example.com, without a path."""
    url = urlsplit(params["api_url"])
    return f"{url.scheme}://{url.netloc}"


def _script_url(url: SplitResult, script: str) -> str:
    """The address of ``script``, whether ``url`` leads to it already, to the other API, or is the server's root."""
    path = re.sub(r"/(agc(/api\.php)?|vicidial(/non_agent_api\.php)?)$", "", url.path.rstrip("/"))
    if not path.endswith(".php"):
        path += script
    return urlunsplit((url.scheme, url.netloc, path, "", ""))
