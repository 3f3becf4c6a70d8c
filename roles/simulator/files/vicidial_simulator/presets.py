# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ready-made call centers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Callable

from .accounts import Account
from .dialer import AGENT_CONTROLLED, AGENT_STATUSES, INCALL, MONO, PARALLEL, Dialer, Recording
from .validation import build, words_for

FIRST_AGENT = 1000
FIRST_LEAD = 700000
SECONDS_A_DAY = 86400

# People's names are free text: quotes, commas, braces and scripts of all kinds must go through unharmed.
_NAMES = (
    "Maria Garcia",
    'John "JJ" Smith, Jr.',
    "Søren Ørsted",
    "Анна Иванова",
    "李小龍",
    "محمد علي",
    "Zoë O'Neill",
    "{{ 7 * 7 }}",
    "தமிழ் செல்வி",
    "Jean-Luc | Picard",
)


def populate(dialer: Dialer, agents: int, campaigns: Sequence[str], statuses: Sequence[str], seed: int) -> None:
    """Log in ``agents`` agents from 1000 on, over the ``campaigns`` in turn, with ``statuses`` in turn.

    Their screens poll at moments of their own, drawn from ``seed``: the same seed gives the same floor. Raises
    ValueError for a campaign without a name.
    """
    if not all(campaigns):
        raise ValueError("a campaign has no name")
    draw = random.Random(seed)  # noqa: S311 - a reproducible floor, not a secret
    for number in range(agents):
        user = str(FIRST_AGENT + number)
        agent = dialer.log_in(
            user,
            campaigns[number % len(campaigns)],
            full_name=_NAMES[number % len(_NAMES)],
            server=f"10.0.0.{5 + number // 150}",
        )
        agent.screen.phase -= draw.random()
        dialer.alt_users[f"crm{user}"] = user
        status = statuses[number % len(statuses)]
        if status == INCALL:
            dialer.start_call(user)
        else:
            dialer.change_agent(user, status=status, pause_code="BREAK" if status == "PAUSED" else "")


def fill_log(dialer: Dialer, recordings: int, agents: int, seed: int) -> None:
    """Put ``recordings`` of ``agents`` agents from 1000 on into the log, over the day before now, of all kinds in turn.

    Half of them are mono, as where every call is recorded so and some are in stereo as well.
    """
    draw = random.Random(seed)  # noqa: S311 - a reproducible log, not a secret
    now = dialer.clock.now()
    kinds = [(MONO, ""), (AGENT_CONTROLLED, "SACBC"), (MONO, ""), (PARALLEL, "SPFR")]
    rows = []
    for number in range(recordings):
        user = str(FIRST_AGENT + number % agents)
        kind, code = kinds[number % len(kinds)]
        started_at = now - SECONDS_A_DAY + draw.random() * (SECONDS_A_DAY - 600)
        row = Recording(0, user, kind, f"{int(started_at)}_{user}_{number}", "10.0.0.5", started_at)
        row.ended_at = started_at + draw.randrange(1, 300)
        row.extension = code or f"86{number % agents:05d}"
        row.lead_id, row.uniqueid = FIRST_LEAD + number, f"{int(started_at)}.{number}"
        rows.append(row)
    dialer.log_recordings(sorted(rows, key=lambda row: row.started_at))


def statuses_named(text: str) -> list[str]:
    """``mixed``, or statuses separated by commas. Raises ValueError for one that VICIdial does not know."""
    if text == "mixed":
        return [INCALL, INCALL, "READY", INCALL, "PAUSED", INCALL, "QUEUE", INCALL, "CLOSER", INCALL]
    statuses = text.split(",")
    for status in statuses:
        if status not in AGENT_STATUSES:
            raise ValueError(f"not a status of an agent: {status}; there are {', '.join(AGENT_STATUSES)}")
    return statuses


# As Ansible takes them, since the role hands an account's fields on as they are.
_BOOLEANS = {**dict.fromkeys(("true", "yes", "on", "1"), True), **dict.fromkeys(("false", "no", "off", "0"), False)}
# How a value of each type is written on the command line.
_WRITTEN: dict[str, Callable[[str], Any]] = {
    "bool": lambda text: _BOOLEANS[text.lower()],
    "int": int,
    "float": float,
    "str": str,
    "list[str]": lambda text: text.split("+"),
}
_ACCOUNT_FIELDS = {row.name: str(row.type).partition(" | ")[0] for row in fields(Account)[2:]}  # after the login


def account_named(text: str) -> Account:
    """``USER:PASSWORD[,FIELD=VALUE...]`` as an account that may do everything but for what the fields say.

    The fields are those of :class:`~.accounts.Account`; a list has plus signs between its values. Raises ValueError
    for anything else.
    """
    login, *pairs = text.split(",")
    user, separator, password = login.partition(":")
    if not separator or not user:
        raise ValueError("an account is USER:PASSWORD")
    given: dict[str, Any] = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator or name not in _ACCOUNT_FIELDS:
            raise ValueError(f"not understood in --account: {pair}; there are {', '.join(_ACCOUNT_FIELDS)}")
        try:
            given[name] = _WRITTEN[_ACCOUNT_FIELDS[name]](value)
        except (KeyError, ValueError) as error:
            allowed = words_for(_ACCOUNT_FIELDS[name])
            raise ValueError(f"{name} of an account cannot be {value or 'nothing'}: it has to be {allowed}") from error
    return build(Account, {"user": user, "password": password, **given})
