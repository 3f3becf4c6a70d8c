# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whom Automation Platform counts as managed by a job: each agent once, by extensions/audit/event_query.yml."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import jq
import yaml

from ansible_collections.telephony.vicidial.tests.operations.jobs import Job, run_job
from ansible_collections.telephony.vicidial.tests.support import Simulator
from vicidial_simulator.accounts import Account

ROOT = Path(__file__).resolve().parents[2]
QUERIES: dict[str, dict[str, str]] = yaml.safe_load((ROOT / "extensions" / "audit" / "event_query.yml").read_text())
DECLARE = "telephony.vicidial.vicidial_stereo_recording"
ASK = "telephony.vicidial.vicidial_stereo_recording_info"


def counted(job: Job) -> list[dict[str, Any]]:
    """What the controller makes of the job's events: the query of an event's action, over what its task returned."""
    found = []
    for action, query in QUERIES.items():
        for result in job.results(action):
            found += jq.compile(query["query"]).input_value(result).all()
    return found


def test_every_agent_that_was_reached_counts_once(simulator: Simulator, tmp_path: Path) -> None:
    simulator.dialer.accounts["wrong"] = Account("wrong", "another")
    simulator.dialer.change_screen("1003", open=False)
    tasks: list[dict[str, Any]] = [
        {DECLARE: {"agent_users": ["1000", "1001"], "state": "recording"}},
        {DECLARE: {"agent_user": "{{ item }}", "state": "recording"}, "loop": ["1000", "1005"]},
        # By another name, of the agent 1007.
        {ASK: {"alt_user": "crm1007"}},
        {ASK: {"agent_users": ["1000", "1007", "4711"]}},
        # One who was reached, and yet failed.
        {DECLARE: {"agent_user": "1003", "state": "recording", "wait_timeout": 0.2}, "ignore_errors": True},
        # None of these was reached: the account is refused, the option makes no sense, nobody has that name.
        {DECLARE: {"agent_users": ["1008", "1009"], "state": "idle", "api_user": "wrong"}, "ignore_errors": True},
        {DECLARE: {"agent_user": "10 06", "state": "idle"}, "ignore_errors": True},
        {ASK: {"alt_user": "nobody"}, "ignore_errors": True},
        {ASK: {"agent_user": "1002"}, "no_log": True},
    ]
    job = run_job(tmp_path, simulator, [{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
    assert job.status == "successful"
    agents = counted(job)
    # The controller drops what lacks these, or has a null in them, and what shares a name but not the facts.
    assert all(set(agent) == {"name", "canonical_facts", "facts"} for agent in agents)
    assert all(agent["canonical_facts"] == {"vicidial_user": agent["name"]} for agent in agents)
    assert Counter(agent["name"] for agent in agents) == {"1000": 3, "1001": 1, "1003": 1, "1005": 1, "1007": 2}


def test_the_queries_are_of_modules_that_there_are() -> None:
    """And of all that are about agents: what lists or checks manages nobody."""
    modules = {f"telephony.vicidial.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert set(QUERIES) == {module for module in modules if "stereo_recording" in module}
    assert all(set(query) == {"query"} for query in QUERIES.values())
