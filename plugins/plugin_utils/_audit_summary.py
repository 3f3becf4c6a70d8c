# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""The report of an audit as lines for a person, numbers for a workflow, and texts for the page.

Pure: the role's report goes in, texts and numbers come out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..module_utils._protocol.words import AGENT, CAMPAIGN, MONO
from ._audit import ANY, UNEXPECTED
from ._spreadsheet import to_csv
from ._summary import MOST_HANDED_ON, OF_PLAYBOOKS, STEREO_ONLY, Result, counted, for_reader, reason_of, some, users

Report = Mapping[str, Any]

_COLUMNS = (
    *("agent", "full_name", "campaign", "user_group", "status", "finding", "expected", "state", "since"),
    *("recording_id", "filename", "server", "lead_id", "caller_id", "recorded_by", "reason", "msg"),
)

# The agents who failed, before the message of one of them: left out where all failed for one cause.
_FAILED_AGENTS = re.compile(r"^(\d+ of \d+ agents failed: .*?\. )?(Agent [^:]*: )?")


def audited(report: Report, by_name: bool = False) -> dict[str, Any]:
    """What the role recording_audit says about its ``report``, ``by_name`` in the words of the playbook.

    Returns ``lines``, ``statistics``, ``failure`` (empty without drift), ``csv``, and the page's
    texts, ``page`` and ``details``.
    """
    brought = users(report["remediation"], "confirmed")  # in check mode nobody
    drift = _drift(report)
    lines = [*filter(None, [_first_line(report), _beyond_rule(report)]), report["rule"]["text"], _exceptions(report)]
    rows = [{**finding, "recorded_by": _recorded_by(finding)} for finding in report["findings"]]
    return {
        "lines": lines,
        # The next job would evaluate a template in it: numbers, and users of known characters.
        "statistics": {
            "taken_at": report["taken_at"],
            "percent_conforming": report["percent_conforming"],
            **{f"{kind}_agents": names[:MOST_HANDED_ON] for kind, names in report["exceptions"].items()},
            "remediated": len(brought),
            "drift": drift,
            **report["counts"],
        },
        "failure": " ".join(lines) if drift else "",
        "page": _page(report, OF_PLAYBOOKS if by_name else {}),
        "csv": to_csv(_COLUMNS, rows),
        "details": {finding["agent"]: _details(finding) for finding in report["findings"]},
    }


def unanswered(results: Sequence[Result], by_name: bool = False) -> dict[str, str]:
    """Why no audit can be made, by the ``results`` of vicidial_agents_info and vicidial_stereo_recording_info.

    ``by_name``: a playbook of the collection makes it, whose variables hold the connection.
    Returns ``failure`` and ``reason``, both empty when somebody could be asked: who could not is unknown in the report.
    """
    asked = [result for result in results if not result.get("skipped")]
    for result in asked:
        records = result.get("recordings") or []
        reason = reason_of(result)
        if not reason or any(not record["failed"] for record in records):
            continue
        causes = {record["reason"] for record in records}
        message = for_reader(result.get("msg", ""), OF_PLAYBOOKS if by_name else {})
        why = _FAILED_AGENTS.sub("", message) if len(causes) == 1 else message
        return {
            "failure": f"The audit could not be made: {why} Nothing is known of the recordings, and no report is"
            " written.",
            "reason": reason,
        }
    return {"failure": "", "reason": ""}


def _drift(report: Report) -> int:
    """How many are not as the rule says, after the remediation."""
    return int(report["counts"]["judged"] - report["counts"]["conforming"]) - len(
        users(report["remediation"], "confirmed")
    )


def _recorded_by(finding: Mapping[str, Any]) -> str:
    """By what an agent is recorded, and how that is known: "campaign recording 100001 (log)".

    The number is the recording's: "agent 100002" would be taken for an agent.
    """
    return ", ".join(
        f"{_KINDS[entry['kind']]} {entry['recording_id']} ({', '.join(map(_named, entry['known_by']))})"
        for entry in finding["recorded_by"]
    )


# What the kinds of a recording are called before its number.
_KINDS = {
    AGENT: "agent-controlled recording",
    CAMPAIGN: "campaign recording",
    MONO: "mono recording",
    None: "recording of unknown kind",
}


def _named(way: str) -> str:
    return "STATUS" if way == "status" else way


def _details(finding: Mapping[str, Any]) -> str:
    """What is known of the recording and of the call, in a line."""
    server = f" on {finding['server']}" if finding["server"] else ""
    parts = {
        "Recorded by": _recorded_by(finding),
        "file": finding["filename"] and finding["filename"] + server,
        "lead": finding["lead_id"],
        "caller id": finding["caller_id"],
    }
    text = "; ".join(f"{name} {value}" for name, value in parts.items() if value)
    return text[:1].upper() + text[1:]


def _first_line(report: Report) -> str:
    counts = report["counts"]
    if not counts["judged"]:
        return f"Nobody to judge: {_why_nobody(counts)}"
    return (
        f"{report['percent_conforming']} % as the rule says: {counts['conforming']} of"
        f" {counted(counts['judged'], 'agent')}. Missing {counts['missing']}, unexpected {counts['unexpected']},"
        f" unknown {counts['unknown']}."
    )


def _beyond_rule(report: Report) -> str:
    """What a percentage of conforming agents does not tell; "" where every kind of recording counts."""
    return STEREO_ONLY if report["counts"]["judged"] and report["rule"].get("counts") != ANY else ""


def _why_nobody(counts: Mapping[str, int]) -> str:
    if not counts["logged_in"]:
        return "nobody is logged in whom the audit can see."
    return f"{counted(counts['logged_in'], 'agent')} logged in, and the rule is about none of them."


def _exceptions(report: Report) -> str:
    remediation = report["remediation"]
    ahead = [
        record["user"] for record in remediation if record["changed"] and not (record["confirmed"] or record["failed"])
    ]
    texts = {
        **{kind.capitalize(): names for kind, names in report["exceptions"].items()},
        "Brought to the rule": users(remediation, "confirmed"),
        "Would be brought to it": ahead,
        "Not brought to it": [f"{record['user']} ({record['reason']})" for record in remediation if record["failed"]],
        "Not logged in": report["not_logged_in"],
    }
    sentences = [f"{text}: {some(names)}." for text, names in texts.items() if names]
    return " ".join(sentences) or (
        "No exceptions." if report["counts"]["judged"] else "That tells nothing of recordings."
    )


def _page(report: Report, variables: Mapping[str, str]) -> dict[str, Any]:
    counts = report["counts"]
    remedied = {record["user"]: _became(record) for record in report["remediation"]}
    notes = {
        finding["agent"]: " ".join(
            filter(
                None,
                (
                    for_reader(_without_agent(finding["msg"]), variables),
                    remedied.get(finding["agent"], ""),
                    _beyond(finding, report),
                ),
            )
        )
        for finding in report["findings"]
    }
    alone = f", of whom the rule leaves {counts['not_judged']} alone" if counts["not_judged"] else ""
    return {
        "heading": _heading(report),
        "beyond": _beyond_rule(report),
        "conforming": "found conforming" if users(report["remediation"], "confirmed") else "conforming",
        "cannot_see": _cannot_see(report["rule"]),
        "judged": counted(counts["judged"], "agent"),
        "logged_in": f"{counted(counts['logged_in'], 'agent')}{alone}",
        "not_logged_in": some(report["not_logged_in"], 50) if report["not_logged_in"] else "",
        "notes": notes if any(notes.values()) else {},
    }


def _cannot_see(rule: Mapping[str, Any]) -> list[str]:
    """What nobody should take the audit for."""
    kinds = (
        'The campaign\'s own (parallel) recordings and mono recordings. "Idle" does not mean that nobody records the'
        " call. With recording_audit_counts: any the log is asked for these too."
    )
    log = (
        "What records without VICIdial's log, such as a telephone. The log shows a recording that VICIdial never closed"
        " as one that runs."
    )
    return [
        log if rule.get("counts") == ANY else kinds,
        "Agents whom the API account's user group may not see: VICIdial leaves them out of its list without a word."
        " Only those who are named are asked for all the same.",
        "A recording that will begin by itself: a signal can wait on an agent's screen for the next call.",
        "Whether the file is complete, and what is heard in it.",
        "Anything before or after the moment it was taken. The agents were asked one after the other, within seconds.",
    ]


def _heading(report: Report) -> str:
    counts = report["counts"]
    judged, exceptions = counts["judged"], counts["judged"] - counts["conforming"]
    if not judged:
        return f"Nobody to judge: {_why_nobody(counts)}"
    if not exceptions:
        return f"{'The one agent is' if judged == 1 else f'All {judged} agents are'} as the rule says"
    if users(report["remediation"], "confirmed"):
        were = "was" if exceptions == 1 else "were"
        left = _drift(report)
        now = f"{left} {'is' if left == 1 else 'are'} not now" if left else "all are now"
        return f"{exceptions} of {counted(judged, 'agent')} {were} not as the rule says when found; {now}"
    return f"{exceptions} of {counted(judged, 'agent')} {'is' if exceptions == 1 else 'are'} not as the rule says"


def _beyond(finding: Mapping[str, Any], report: Report) -> str:
    """That no signal can bring an agent to what the rule says."""
    if finding["finding"] != UNEXPECTED or finding["agent"] in report["remediable"][UNEXPECTED]:
        return ""
    return "No signal ends what the campaign records, or a mono recording."


def _became(record: Mapping[str, Any]) -> str:
    """What became of one agent's remediation."""
    if record["confirmed"] and not record["failed"]:
        return f"Now {record['state']}."
    if record["changed"] and not record["failed"]:
        return "Would be changed."
    return _without_agent(record["msg"])


def _without_agent(message: str) -> str:
    """``message`` without the name of the agent, which stands beside it on the page."""
    return re.sub(r"^Agent [^:]*: ", "", message)
