# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""Who should be recorded against who is: a rule, the agents who are logged in and their STATUS become findings.

Pure: no clock, no I/O, nothing of Ansible.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..module_utils._protocol.names import is_user
from ..module_utils._protocol.words import AGENT, AGENT_STATUSES, IDLE, INCALL, RECORDING
from ._names import names

CONFORMING = "conforming"
MISSING = "missing"
UNEXPECTED = "unexpected"
UNKNOWN = "unknown"
# What needs a person first.
FINDINGS = (MISSING, UNEXPECTED, UNKNOWN, CONFORMING)
ANY = "any"
_ALL = 100

_OF_STATUS = ("recording_id", "start_time")

Agent = Mapping[str, Any]
Record = Mapping[str, Any]
Finding = dict[str, Any]

# What XML cannot hold, and what no name needs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Such a row is left over from an earlier call until VICIdial's cleaning finds it (protocol 4.2).
_STALE = "STATUS shows a recording of an agent in no call: it is probably left over from an earlier one."
# Of an agent whom the list leaves out (protocol 5.1) only STATUS tells, and that names no campaign.
_NOT_LISTED = (
    "VICIdial's list, which shows whom the API account's user group may see, leaves this agent out. The campaign and"
    " the user group are not known, so neither is whether the rule is about this agent."
)
_LOG_NOT_READ = "The recording log was not read, so whether anything records this agent is not known."
# The one agent of whom there is no record: users_to_ask leaves it out.
_NOT_ASKED = {
    "reason": "invalid_argument",
    "msg": "This user is none that the API can be asked for: letters, digits, - and _ only.",
}


@dataclass(frozen=True)
class Rule:
    """Whom the audit is about, and what they should be. An empty choice leaves nobody out.

    ``state`` is what the chosen should be, ``others`` what everybody else should be: "idle" or "any". ``counts`` says
    which recordings count: "agent", the stereo ones that STATUS sees, or "any", those of every kind, by the log too.
    """

    agents: Sequence[str] = ()
    campaigns: Sequence[str] = ()
    user_groups: Sequence[str] = ()
    agent_statuses: Sequence[str] = ()
    sample_percent: float = 100.0
    sample_seed: str = ""
    state: str = RECORDING
    others: str = ANY
    counts: str = AGENT

    @property
    def statuses(self) -> Sequence[str]:
        """The statuses of the chosen: nobody can be recorded without a live call, and anybody can be idle."""
        return self.agent_statuses or ((INCALL,) if self.state == RECORDING else ())

    @property
    def text(self) -> str:
        """The rule as a person reads it, and which agents the API account sees (protocol 5.1)."""
        chosen = [f"in status {_either(self.statuses)}"] if self.statuses else []
        chosen += [f"in campaign {_either(self.campaigns)}"] if self.campaigns else []
        chosen += [f"of user group {_either(self.user_groups)}"] if self.user_groups else []
        chosen += [f"out of {len(self.agents)} named"] if self.agents else []
        if self.sample_percent < _ALL:
            chosen += [f"in the sample of {self.sample_percent:g} % with the seed {self.sample_seed}"]
        who = " ".join(["Every logged-in agent", ", ".join(chosen)]).strip()
        others = "Everybody else may be either." if self.others == ANY else "Everybody else should be idle."
        seen = "agents who are named and those" if self.agents else "agents"
        about = f"This is about {seen} whom the API account's user group may see."
        counts = " A recording of any kind counts, the campaign's and mono ones too." if self.counts == ANY else ""
        return f"{who} should be {self.state}. {others} {about}{counts}"

    def problems(self) -> list[str]:
        """What is wrong with it, for a person."""
        found = []
        for option in ("agents", "campaigns", "user_groups"):
            wrong = [name for name in getattr(self, option) if not is_user(name)]
            found += [f"{option} holds {name!r}: letters, digits, - and _ only" for name in wrong]
        found += [
            f"agent_statuses holds {status!r}: one of {', '.join(sorted(AGENT_STATUSES))}"
            for status in self.agent_statuses
            if status.upper() not in AGENT_STATUSES
        ]
        if self.state not in (RECORDING, IDLE):
            found.append(f"state is {self.state!r}: {RECORDING} or {IDLE}")
        if self.others not in (IDLE, ANY):
            found.append(f"others is {self.others!r}: {IDLE} or {ANY}")
        if self.counts not in (AGENT, ANY):
            found.append(f"counts is {self.counts!r}: {AGENT} or {ANY}")
        if not 0 < self.sample_percent <= _ALL:
            found.append("sample_percent is not more than 0 and at most 100")
        return found

    def expected(self, agent: Agent, status: str | None) -> str:
        """What ``agent`` should be in this ``status``: "recording", "idle" or "any"."""
        return self.state if self._may_choose(agent) and _among(status, self.statuses) else self.others

    def concerns(self, agent: Agent) -> bool:
        """Whether STATUS of ``agent`` matters, whatever its status: that may have changed since the list was made."""
        return self.others != ANY or self._may_choose(agent)

    def is_in_doubt(self, agent: Agent, status: str) -> bool:
        """Whether the campaign or the user group decides what an agent should be whose campaign is not known."""
        return bool(self.campaigns or self.user_groups) and self.expected(agent, status) != self.others

    def _may_choose(self, agent: Agent) -> bool:
        return (
            _among(agent["user"], self.agents)
            and (_among(agent["campaign_id"], self.campaigns) or not _is_listed(agent))
            and (_among(agent["user_group"], self.user_groups) or not _is_listed(agent))
            and is_sampled(agent["user"], self.sample_percent, self.sample_seed)
        )


def rule_from(described: Mapping[str, Any]) -> Rule:
    """The rule that a dictionary with its fields, and others, describes."""
    return Rule(**{field.name: described[field.name] for field in fields(Rule) if field.name in described})


def rule_given(given: Mapping[str, Any]) -> Rule:
    """The rule as people write it: lists as text or lists, numbers as text. Raises ValueError for a word of no rule."""
    known = [field.name for field in fields(Rule)]
    for name in given:
        if name not in known:
            raise ValueError(f"{name} is no part of a rule, which are {', '.join(known)}")
    return Rule(
        **{
            **given,
            **{name: names(given.get(name)) for name in ("agents", "campaigns", "user_groups", "agent_statuses")},
            "sample_percent": float(given.get("sample_percent", 100)),
            "sample_seed": str(given.get("sample_seed", "")),
        }
    )


def is_sampled(user: str, percent: float, seed: str) -> bool:
    """Whether ``user`` is in the sample. Each user is decided alone, so who else is logged in changes nothing.

    The sample of a larger percentage with the same seed holds that of a smaller one.
    """
    digest = hashlib.sha256(f"{seed}\n{user.casefold()}".encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big") < percent / 100 * 2**64


def users_to_ask(agents: Iterable[Agent], rule: Rule) -> list[str]:
    """The users whose STATUS the audit needs, each once. A user whom the API would misread (protocol 4.9) is none."""
    return [user for user, agent in _with_named(agents, rule).items() if rule.concerns(agent) and is_user(user)]


def audit(agents: Iterable[Agent], records: Iterable[Record], rule: Rule) -> dict[str, Any]:
    """The whole comparison, JSON-like. An agent of whom STATUS says so is listed as not logged in."""
    by_user = {record["user"]: record for record in records}
    named = _with_named(agents, rule)
    logged_in = {user: True if _is_listed(agent) else None for user, agent in named.items()}
    logged_in |= {user: by_user[user]["logged_in"] for user in by_user if by_user[user]["logged_in"] is not None}
    logged_out = [user for user in named if logged_in[user] is False]
    others = {user: agent for user, agent in named.items() if user not in logged_out}
    found = [_finding(agent, by_user.get(user), rule) for user, agent in others.items()]
    findings = sorted((finding for finding in found if finding["expected"] != ANY), key=_urgency)
    return {
        "counts": {
            **_counts(findings),
            "logged_in": sum(logged_in[user] is True for user in others),
            "judged": len(findings),
            "not_judged": len(found) - len(findings),
        },
        "percent_conforming": _percent(findings),
        "campaigns": _by_campaign(findings),
        "findings": findings,
        "not_logged_in": logged_out,
        "exceptions": {
            # Nothing else may stand here: AWX hands it to the next job, which would evaluate a template in it.
            kind: [finding["agent"] for finding in findings if finding["finding"] == kind and is_user(finding["agent"])]
            for kind in (MISSING, UNEXPECTED, UNKNOWN)
        },
        # An END ends none of the campaign's recordings, and no mono one.
        "remediable": {
            kind: [finding["agent"] for finding in findings if finding["finding"] == kind and _is_remediable(finding)]
            for kind in (MISSING, UNEXPECTED)
        },
    }


def _with_named(agents: Iterable[Agent], rule: Rule) -> dict[str, Agent]:
    """The agents of the list by user, and those whom the rule names and the list leaves out: STATUS tells of these."""
    known: dict[str, Agent] = {}
    for agent in agents:
        known.setdefault(agent["user"], agent)
    listed = {user.casefold() for user in known}
    unknown = dict.fromkeys(("campaign_id", "user_group", "status", "full_name", "lead_id", "callerid"))
    left_out = {user: {**unknown, "user": user} for user in rule.agents if user.casefold() not in listed}
    return known | {user: agent for user, agent in left_out.items() if rule.concerns(agent)}


def _is_listed(agent: Agent) -> bool:
    return agent["campaign_id"] is not None


def _finding(agent: Agent, record: Record | None, rule: Rule) -> Finding:
    """One agent, judged by what STATUS said where the list said something else."""
    asked = record or _NOT_ASKED
    status = asked.get("agent_status") or agent["status"] or ""
    state = _state(asked, rule)
    if asked.get("state") == RECORDING and status != INCALL:
        asked, state = {**asked, "reason": None, "msg": _STALE}, None
    elif state and not _is_listed(agent) and rule.is_in_doubt(agent, status):
        asked, state = {**asked, "reason": None, "msg": _NOT_LISTED}, None
    expected = rule.expected(agent, status)
    if state is None and rule.concerns(agent) and expected == ANY:
        # The status may have changed as well: whether the rule is about this agent is not known either.
        expected = rule.state
    if state is None and rule.counts == ANY and not asked.get("reason") and not asked.get("msg"):
        asked = {**asked, "msg": _LOG_NOT_READ}
    recorded_by = _recorded_by(asked)
    finding: Finding = {
        "agent": agent["user"],
        "full_name": agent["full_name"] or "",
        "campaign": agent["campaign_id"] or "",
        "user_group": agent["user_group"] or "",
        "status": status,
        "finding": _judgement(expected, state),
        "expected": expected,
        "state": state,
        "since": asked.get("start_time") or (recorded_by[0]["start_time"] if recorded_by else None),
        "recording_id": asked.get("recording_id") or (recorded_by[0]["recording_id"] if recorded_by else None),
        "filename": asked.get("filename"),
        "server": asked.get("server"),
        "lead_id": agent.get("lead_id") or None,
        "caller_id": agent.get("callerid") or "",
        "recorded_by": recorded_by,
        "reason": None if state else asked.get("reason"),
        "msg": "" if state else asked.get("msg") or "",
    }
    return {key: _CONTROL.sub("\ufffd", value) if isinstance(value, str) else value for key, value in finding.items()}


def _state(asked: Record, rule: Rule) -> str | None:
    """What an agent is by the recordings that count; None where that is not known."""
    if rule.counts != ANY:
        state: str | None = asked.get("state")
        return state
    recorded = asked.get("recorded")
    return None if recorded is None else RECORDING if recorded else IDLE


def _recorded_by(asked: Record) -> list[dict[str, Any]]:
    """Each recording that shows, the earliest one first, with how it is known; the log is asked on wish only."""
    shown = asked.get("recorded_by")
    if shown is None and asked.get("state") == RECORDING:
        shown = [{"kind": AGENT, "known_by": ["status"], **{key: asked.get(key) for key in _OF_STATUS}}]
    return [{key: entry[key] for key in ("kind", *_OF_STATUS, "known_by")} for entry in shown or ()]


def _is_remediable(finding: Finding) -> bool:
    kinds = {entry["kind"] for entry in finding["recorded_by"]}
    return is_user(finding["agent"]) and kinds <= {AGENT}


def _judgement(expected: str, state: str | None) -> str:
    if state not in (RECORDING, IDLE):
        return UNKNOWN
    if expected == state:
        return CONFORMING
    return MISSING if expected == RECORDING else UNEXPECTED


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {kind: sum(finding["finding"] == kind for finding in findings) for kind in FINDINGS}


def _percent(findings: Sequence[Finding]) -> float | None:
    """How many are as they should be, rounded down: 100 means all. None where there is nobody to judge."""
    return _counts(findings)[CONFORMING] * 1000 // len(findings) / 10 if findings else None


def _by_campaign(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The numbers of each campaign, the one with the smallest conforming part first."""
    names = dict.fromkeys(finding["campaign"] for finding in findings)
    parts = {name: [finding for finding in findings if finding["campaign"] == name] for name in names}
    rows = [
        {"campaign": name, "judged": len(part), **_counts(part), "percent_conforming": _percent(part)}
        for name, part in parts.items()
    ]
    return sorted(rows, key=lambda row: (row["percent_conforming"], row["campaign"]))


def _urgency(finding: Finding) -> tuple[int, str, int, str]:
    agent = finding["agent"]
    return FINDINGS.index(finding["finding"]), finding["campaign"], len(agent), agent


def _either(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if names[1:] else names)


def _among(value: str | None, names: Sequence[str]) -> bool:
    """The server's database compares without regard to case."""
    return not names or (value or "").casefold() in map(str.casefold, names)
