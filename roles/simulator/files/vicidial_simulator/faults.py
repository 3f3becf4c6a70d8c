# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between an answer and its reader, each under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

from .agent_api import MONO_FUNCTION, STEREO, surround_with_warnings
from .dialer import Dialer
from .non_agent_api import FUNCTIONS
from .validation import at_least, between, build, check, one_of

SLOW_POLL_SECONDS = 4.0
OLD_BUILD = "250429-0937"
LONGEST_SECONDS = 86400
# The functions that a call can have, and the values of each.
VALUES = {"version": (), **{row.name: row.values for row in (STEREO, MONO_FUNCTION)}, **dict.fromkeys(FUNCTIONS, ())}


@dataclass(frozen=True)
class Response:
    """An HTTP response on its way out.

    ``ending`` is "whole", "short" (half of the announced body, then the connection closes), "reset" (nothing at all,
    the connection is reset), "reset-in-body" (half of the body before that) or "close" (whole, then the connection
    closes unannounced). ``delay`` is in seconds: before the first byte, or spread over the "headers" or the "body"
    where ``drips`` names them.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "text/html; charset=utf-8"})
    ending: str = "whole"
    delay: float = 0.0
    drips: str = ""


@dataclass(frozen=True)
class Preset:
    """A fault: whether the call still reaches the application, and what becomes of the response.

    One that ``is_slow`` does nothing but take time.
    """

    shape: Callable[[Response], Response]
    works: bool = True
    is_slow: bool = False


def _page(title: str) -> bytes:
    return f"<html>\r\n<head><title>{title}</title></head>\r\n<body><h1>{title}</h1></body>\r\n</html>\r\n".encode()


_LOGIN_PAGE = (
    b'<!DOCTYPE html>\n<html>\n<head><title>Sign in</title></head>\n<body>\n<form method="post" action="/login">\n'
    b'<input name="username"> <input name="password" type="password">\n</form>\n</body>\n</html>\n'
)


BAD_GATEWAY = Response(_page("502 Bad Gateway"), 502)


def _body(body: bytes, status: int = 200) -> Callable[[Response], Response]:
    return lambda response: replace(response, body=body, status=status)


def _noise(response: Response) -> Response:
    return replace(response, body=surround_with_warnings(response.body.decode()).encode())


def _half(response: Response) -> Response:
    return replace(response, body=response.body[: len(response.body) // 2])


def _redirect(response: Response) -> Response:
    headers = {**response.headers, "Location": "https://elsewhere.invalid/agc/api.php?user=6666&pass=leaked"}
    return replace(response, body=_page("302 Found"), status=302, headers=headers)


def _unavailable(response: Response) -> Response:
    headers = {**response.headers, "Retry-After": "1"}
    return replace(response, body=_page("503 Service Temporarily Unavailable"), status=503, headers=headers)


# Faults of a call: they hit as many matching calls as they are told to.
CALL_FAULTS: dict[str, Preset] = {
    "latency": Preset(lambda response: response, is_slow=True),
    "reset-before-work": Preset(lambda response: replace(response, ending="reset"), works=False),
    "reset-after-work": Preset(lambda response: replace(response, ending="reset")),
    "truncated": Preset(lambda response: replace(response, ending="short")),
    "truncated-unnoticed": Preset(_half),
    "bad-gateway": Preset(lambda _response: BAD_GATEWAY, works=False),
    "crash-before-work": Preset(_body(b"", 500), works=False),
    "crash-after-work": Preset(_body(b"", 500)),
    "crash-with-answer": Preset(lambda response: replace(response, status=500)),
    "noise": Preset(_noise),
    "login-page": Preset(_body(_LOGIN_PAGE), works=False),
    "redirect": Preset(_redirect, works=False),
    "empty-body": Preset(_body(b"")),
    "database-down": Preset(_body(b"MySQL connect ERROR: Connection refused"), works=False),
    "database-down-fatal": Preset(
        _body(b"Fatal error: Uncaught mysqli_sql_exception: Connection refused"), works=False
    ),
    "slow-headers": Preset(lambda response: replace(response, drips="headers"), is_slow=True),
    "slow-body": Preset(lambda response: replace(response, drips="body"), is_slow=True),
    "reset-in-body": Preset(lambda response: replace(response, ending="reset-in-body")),
    "close-after": Preset(lambda response: replace(response, ending="close")),
    "service-unavailable": Preset(_unavailable, works=False),
    "too-many-requests": Preset(_body(_page("429 Too Many Requests"), 429), works=False),
}


# Changes the call center and returns what takes the change back.
Change = Callable[[Dialer], Callable[[], None]]


def _each_screen(**fields: Any) -> Change:
    def change(dialer: Dialer) -> Callable[[], None]:
        before = {user: {name: getattr(agent.screen, name) for name in fields} for user, agent in dialer.agents.items()}
        for user in before:
            dialer.change_screen(user, **fields)

        def undo() -> None:
            for user in before.keys() & dialer.agents.keys():
                dialer.change_screen(user, **before[user])

        return undo

    return change


def _system(**fields: Any) -> Change:
    def change(dialer: Dialer) -> Callable[[], None]:
        before = {name: getattr(dialer.system, name) for name in fields}
        dialer.system = replace(dialer.system, **fields)

        def undo() -> None:
            dialer.system = replace(dialer.system, **before)

        return undo

    return change


def _language(language: str) -> Change:
    def change(dialer: Dialer) -> Callable[[], None]:
        before = {user: account.language for user, account in dialer.accounts.items()}
        for account in dialer.accounts.values():
            account.language = language

        def undo() -> None:
            for user in before.keys() & dialer.accounts.keys():
                dialer.accounts[user].language = before[user]

        return undo

    return change


# Faults of the call center itself: they hold until they are cleared.
STATE_FAULTS: dict[str, Change] = {
    "translated": _language("Spanish"),
    "old-build": _system(build=OLD_BUILD, version="2.14-81"),
    "display-errors": _system(display_errors=True),
    "php7": _system(php=7),
    "clock-jump": _system(utc_offset=-3600),
    "screen-closed": _each_screen(open=False),
    "screen-hidden": _each_screen(hidden=True),
    "screen-slow": _each_screen(poll=SLOW_POLL_SECONDS),
    "signal-lost": _each_screen(lose=1),
}

NAMES = sorted([*CALL_FAULTS, *STATE_FAULTS])


@dataclass
class Fault:
    """A fault of a call in force: the next ``times`` calls that match, after ``skip`` of them (None: all of them).

    ``function``, ``value`` and ``agent_user`` narrow down which calls match; ``seconds`` delay the response; a slow
    part of one takes them in all.
    """

    name: str
    times: int | None = field(default=1, metadata=at_least(1))
    skip: int = field(default=0, metadata=at_least(0))
    seconds: float = field(default=0.0, metadata=between(0, LONGEST_SECONDS))
    function: str | None = None
    value: str | None = None
    agent_user: str | None = None

    def __post_init__(self) -> None:
        if self.name not in CALL_FAULTS:
            raise ValueError(f"no such fault of a call: {self.name}; there are {', '.join(sorted(CALL_FAULTS))}")

    def takes(self, params: Mapping[str, str]) -> bool:
        """Whether this call is hit; counts it when it matches."""
        wanted = {"function": self.function, "value": self.value, "agent_user": self.agent_user}
        if self.times == 0 or any(params.get(key) != value for key, value in wanted.items() if value is not None):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def shape(self, response: Response) -> Response:
        """``response`` as this fault lets it out."""
        return replace(CALL_FAULTS[self.name].shape(response), delay=self.seconds)

    @property
    def works(self) -> bool:
        """Whether a call that is hit still reaches the application."""
        return CALL_FAULTS[self.name].works


def check_happens(
    name: str, seconds: float = 0.0, function: str | None = None, value: str | None = None, **_others: Any
) -> None:
    """Raise ValueError for a fault that changes nothing, or that no call can match: its test would prove nothing."""
    if name in CALL_FAULTS and CALL_FAULTS[name].is_slow and seconds == 0:
        raise ValueError(f"{name} needs seconds, more than 0")
    check("function", "str | None", function, one_of(list(VALUES)))
    values = [word for known, words in VALUES.items() if function in (None, known) for word in words]
    if value is not None and not values:
        raise ValueError(f"calls of {function} have no value")
    check("value", "str | None", value, one_of(list(dict.fromkeys(values))))


class Faults:
    """The faults in force, the one set last first."""

    def __init__(self) -> None:
        self._set: list[Fault] = []
        self._undo: list[Callable[[], None]] = []

    def add(self, dialer: Dialer, /, name: str, **details: Any) -> None:
        """Set fault ``name``; ``details`` are fields of :class:`Fault`. Raises ValueError for what is none."""
        if name in STATE_FAULTS:
            if details:
                raise ValueError(f"{name} is a state of the call center and takes no further arguments")
            self._undo.append(STATE_FAULTS[name](dialer))
        elif name in CALL_FAULTS:
            self._set.insert(0, build(Fault, {"name": name, **details}))
        else:
            raise ValueError(f"no such fault: {name}; there are {', '.join(NAMES)}")

    def clear(self) -> None:
        """Take every fault back, the one set last first."""
        self._set.clear()
        while self._undo:
            self._undo.pop()()

    def take(self, params: Mapping[str, str]) -> Fault | None:
        """The fault that hits the call with ``params``, if one does."""
        return next((fault for fault in self._set if fault.takes(params)), None)


_ARGUMENTS: dict[str, Callable[[str], Any]] = {
    "times": int,
    "skip": int,
    "seconds": float,
    "function": str,
    "value": str,
    "agent_user": str,
}


def parse(text: str) -> tuple[str, dict[str, Any]]:
    """``NAME[,key=value...]`` of the command line as the arguments of :meth:`Faults.add`. A fault set there stays."""
    name, *pairs = text.split(",")
    details: dict[str, Any] = {} if name in STATE_FAULTS else {"times": None}
    for pair in pairs:
        key, separator, value = pair.partition("=")
        try:
            details[key] = _ARGUMENTS[key](value)
        except (KeyError, ValueError):
            separator = ""
        if not separator:
            raise ValueError(f"not understood in --fault: {pair or 'nothing'}; there are {', '.join(_ARGUMENTS)}")
    return name, details
