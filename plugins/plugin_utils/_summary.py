# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""The lines that roles and playbooks print for a person, and the numbers that they hand to a workflow.

Pure: what the modules returned goes in, texts and numbers come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..module_utils._protocol.words import IDLE, LISTING, NO_LISTING
from ._missing import MISSING_CONNECTION

Result = Mapping[str, Any]
Record = Mapping[str, Any]

MOST_PRINTED = 10  # names in a line for a person
MOST_HANDED_ON = 50  # names in a statistic for a workflow
_KINDS = {"changed": "changed", "already": "already so", "skipped": "skipped", "failed": "failed"}
# What the messages of the collection's own playbooks call an option: its variable, and its environment variable.
OF_PLAYBOOKS = {
    option: f"vicidial_{option} (VICIDIAL_{option.upper()})"
    for option in ("api_url", "api_user", "api_password", "ca_path", "validate_certs")
}
# Printed below what could be taken for "nobody records them": STATUS does not see all recordings.
STEREO_ONLY = "Agent-controlled recordings only: what a campaign records by itself is in telephony.vicidial.recordings."


def variables_of(role: str) -> dict[str, str]:
    """By option of the module vicidial_stereo_recording, what it is called in a ``role`` that passes it through."""
    own = {option: f"{role}_{option}" for option in ("agent_users", "require_call", "when_no_call", "when_logged_out")}
    own["agent_users"] = f"{role}_agents"
    passed = ("wait_timeout", "stable_for", "concurrency", "rate_limit", "retries", "timeout")
    return {**own, **{option: f"{role}_module_options.{option}" for option in passed}}


_OF_STEREO_RECORDING = variables_of("stereo_recording")


def counted(number: int, thing: str) -> str:
    """``number`` of a thing: "1 agent", "2 agents"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def some(names: Sequence[str], most: int = MOST_PRINTED, separator: str = ", ") -> str:
    """The first names, and how many others there are: "1000, 1001 and 12 others"; "nobody" where there are none."""
    others = len(names) - most
    more = f" and {counted(others, 'other')}" if others > 0 else ""
    return separator.join(names[:most]) + more if names else "nobody"


def users(records: Sequence[Record], key: str) -> list[str]:
    """The users of the records in which ``key`` is true."""
    return [record["user"] for record in records if record[key]]


def failed_because(records: Sequence[Record]) -> dict[str, str]:
    """The reason of each agent who failed, by user."""
    return {record["user"]: record["reason"] for record in records if record["failed"]}


def declared(result: Result, state: str, check_mode: bool, by_name: bool = False) -> dict[str, Any]:
    """What the role stereo_recording says about the ``result`` of vicidial_stereo_recording.

    ``by_name``: a playbook of the collection runs the role, whose variables hold the connection.
    Returns ``lines`` (empty when nobody was asked), ``statistics`` and ``failure`` (empty when there was none).
    """
    records = result.get("recordings", [])
    changed, failed = users(records, "changed"), failed_because(records)
    reason = reason_of(result)
    message = for_reader(result.get("msg", ""), {**_OF_STEREO_RECORDING, **(OF_PLAYBOOKS if by_name else {})})
    return {
        "lines": _declared_lines(result, message, state, check_mode) if records else [],
        "statistics": {
            "state": state,
            "check_mode": check_mode,
            "counts": result.get("counts", {}),
            "changed": changed[:MOST_HANDED_ON],
            "failed": dict(list(failed.items())[:MOST_HANDED_ON]),
            "reason": reason,
        },
        "failure": f"{message} ({reason})" if reason else "",
    }


def _declared_lines(result: Result, message: str, state: str, check_mode: bool) -> list[str]:
    records, counts = result["recordings"], result["counts"]
    kinds = {**_KINDS, "changed": "would change"} if check_mode else _KINDS
    lines = [
        f"{state}: " + ", ".join(f"{counts[kind]} {text}" for kind, text in kinds.items() if counts[kind]),
        f"{'would be signalled' if check_mode else 'signalled'}: {some(users(records, 'changed'))}",
    ]
    failed = [f"{user} {reason}" for user, reason in failed_because(records).items()]
    last = f"failed: {some(failed)}" if failed else message
    beyond = [STEREO_ONLY] if state == IDLE else []
    return [*lines, *filter(None, [last]), *beyond]


def reason_of(result: Result) -> str:
    """The ``reason`` of a module's result, "" when it succeeded. Ansible's own refusal of an option has none."""
    succeeded = "recordings" in result or "agents" in result
    return str(result.get("reason") or ("" if succeeded else "invalid_argument"))


def for_reader(message: str, variables: Mapping[str, str]) -> str:
    """A module's message with the options called as the reader of a role or a playbook knows them."""
    missing = MISSING_CONNECTION.search(message)
    if missing:
        return no_connection(missing[1].split(", "))
    if not variables:
        return message
    return re.sub(rf"\b({'|'.join(map(re.escape, variables))})\b", lambda found: variables[found[0]], message)


def no_connection(options: Sequence[str]) -> str:
    """What to do when the ``options`` of the connection are missing."""
    environment = ", ".join(f"VICIDIAL_{option.upper()}" for option in options)
    variables = ", ".join(f"vicidial_{option}" for option in options)
    return (
        f"The connection is not complete: set {environment} in the environment, or {variables} by -e (in a play of your"
        f" own {', '.join(options)} in module_defaults of group/telephony.vicidial.agent_api). Nothing was sent."
    )


def found(
    listing: Result, asked: Mapping[str, Any], agents: Sequence[str], state: str = "", nobody_is_fine: bool = False
) -> dict[str, Any]:
    """What a playbook says about whom it is about, by the ``listing`` of vicidial_agents_info, empty without one.

    ``asked`` holds ``campaigns``, ``user_groups`` and ``listed``, whether VICIdial was asked at all; ``agents`` are the
    users, ``state`` is what they shall be. Returns ``lines``, empty unless there is nobody and that is fine,
    ``failure``, and the ``reason`` of a failure.
    """
    is_asked = asked["listed"] and not listing.get("skipped")
    reason = reason_of(listing) if is_asked else ""
    if reason:
        return {"lines": [], "failure": for_reader(listing.get("msg", ""), OF_PLAYBOOKS), "reason": reason}
    if agents:
        return {"lines": [], "failure": "", "reason": ""}
    nobody = f"{_nobody(asked)} No signal was sent."
    if nobody_is_fine:
        return {"lines": [f"{state}: {nobody}" if state else nobody], "failure": "", "reason": ""}
    remedy = "Set vicidial_nobody_is_fine to true where that is no failure."
    return {"lines": [], "failure": f"{nobody} {remedy}", "reason": "invalid_argument"}


def _nobody(asked: Mapping[str, Any]) -> str:
    """Who is not there. VICIdial's list is as empty for a campaign that does not exist (protocol 5.3)."""
    if not asked["listed"]:
        return "No agents are given: vicidial_agents or vicidial_hosts names nobody."
    seen = "nobody whom the API account may see is logged in"
    groups = [*asked["campaigns"], *asked["user_groups"]]
    if not groups:
        return f"VICIdial lists nobody: {seen}."
    kinds = " or ".join(kind for kind in ("campaign", "user group") if asked[f"{kind.replace(' ', '_')}s"])
    return f"VICIdial lists nobody in {some(groups)}: {seen}, or there is no such {kinds}. It cannot say which."


def status(result: Result) -> dict[str, Any]:
    """What the playbook status says about the ``result`` of vicidial_stereo_recording_info.

    Returns ``lines``, ``statistics`` and ``failure``, as ``declared`` does.
    """
    records = result.get("recordings", [])
    numbers = {
        "recording": sum(record["state"] == "recording" for record in records),
        "idle": sum(record["state"] == "idle" for record in records),
        "not logged in": sum(record["logged_in"] is False for record in records),
        "unknown": len(failed_because(records)),
    }
    reason = reason_of(result)
    return {
        "statistics": {**{text.replace(" ", "_"): n for text, n in numbers.items()}, "reason": reason},
        "lines": [
            *map(_status_line, records),
            ", ".join(f"{n} {text}" for text, n in numbers.items() if n),
            STEREO_ONLY,
        ]
        if records
        else [],
        "failure": for_reader(result.get("msg", ""), OF_PLAYBOOKS) if reason else "",
    }


def _status_line(record: Record) -> str:
    state = record["state"] or record["reason"] or "not logged in"
    columns = (record["user"], state, record["agent_status"], record["start_time"], record["filename"])
    return "{:<10} {:<13} {:<7} {:<19} {}".format(*(column or "" for column in columns)).rstrip()


def preflight(result: Result, accepted: Sequence[str]) -> dict[str, Any]:
    """What the playbook preflight says about the ``result`` of vicidial_agent_api_info.

    Returns ``lines``, ``statistics`` and ``failure``, as ``declared`` does.
    What failed comes first, and all that could not be looked at for one cause is one line. A server is fit without the
    check listing, for recordings do not need it; but whoever sees this succeed goes on to an audit, which does.
    """
    checks = result.get("checks", [])
    known = [check for check in checks if check["status"] != "unknown"]
    lines = [_check_line(check, accepted) for check in sorted(known, key=lambda check: check["status"] != "failed")]
    not_known: dict[str, list[str]] = {}
    for check in checks:
        if check["status"] == "unknown":
            not_known.setdefault(_meaning(check), []).append(check["check"])
    lines += [f"unknown {', '.join(names)}: {meaning}" for meaning, names in not_known.items()]
    not_listed = [check["check"] for check in checks if check["check"] == LISTING and check["status"] != "passed"]
    blocking = [name for name in (*result.get("blocking", ()), *not_listed) if name not in accepted]
    failure = for_reader(result.get("msg", ""), OF_PLAYBOOKS) if blocking or not checks else ""
    if blocking == [LISTING]:
        failure += f" Where recordings are all that is wanted, run it with -e vicidial_preflight_accepted={LISTING}."
    reason = (result.get("reason") or (NO_LISTING if checks else "invalid_argument")) if failure else ""
    return {"lines": lines, "statistics": {"failed_checks": blocking, "reason": reason}, "failure": failure}


def _check_line(check: Mapping[str, Any], accepted: Sequence[str]) -> str:
    is_accepted = " (accepted)" if check["check"] in accepted and check["remedy"] else ""
    return f"{check['status']}{is_accepted} {check['check']}: {_meaning(check)}"


def _meaning(check: Mapping[str, Any]) -> str:
    return for_reader(f"{check['meaning']} {check['remedy'] or ''}".strip(), OF_PLAYBOOKS)
