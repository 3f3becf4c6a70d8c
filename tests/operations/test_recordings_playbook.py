# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook recordings as an operator runs it: what it prints, writes, hands on and asks the server."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from ansible_collections.telephony.vicidial.tests.support import Simulator
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import ansible_playbook
from vicidial_simulator.dialer import AGENT_CONTROLLED, MONO, PARALLEL, Recording

HOSTILE = ["{{ 7 * 7 }}{% raw %}", "a<script>alert(1)<b>", '=HYPERLINK("x")']
CODES = 20


def run(directory: Path, simulator: Simulator, *variables: str) -> tuple[int, str]:
    settings = {"ANSIBLE_SHOW_CUSTOM_STATS": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml"}
    account = {"VICIDIAL_API_USER": simulator.user, "VICIDIAL_API_PASSWORD": simulator.password}
    given = [argument for variable in variables for argument in ("-e", variable)]
    environment = {"VICIDIAL_API_URL": simulator.url, **account, **settings}
    return ansible_playbook(directory, "telephony.vicidial.recordings", *given, **environment)


def log_recordings(simulator: Simulator) -> None:
    """A call of 1000 that its campaign, the agent and a mono recording record, and files of 1001 with hostile names."""
    began = simulator.dialer.clock.now() - 5000
    of_a_call = {
        "20261124_1000": (PARALLEL, "SPFR"),
        "m_1000": (MONO, "8600051"),
        "a_1000": (AGENT_CONTROLLED, "SACBC"),
    }
    named = dict.fromkeys(HOSTILE, (AGENT_CONTROLLED, "SACBC"))
    simulator.dialer.log_recordings(
        Recording(0, user, kind, name, "10.0.0.5", began, "", began + 60, "", code, lead, f"{began}")
        for user, lead, files in (("1000", 500001, of_a_call), ("1001", 500002, named))
        for name, (kind, code) in files.items()
    )


def test_the_table_the_files_and_the_numbers(simulator: Simulator, tmp_path: Path) -> None:
    log_recordings(simulator)
    files = [f"recordings_{kind}=r.{kind}" for kind in ("csv", "json", "html")]
    code, output = run(tmp_path, simulator, "recordings_since=2020-01-01", "vicidial_agents=1000", *files)
    assert code == 2
    assert "not 0 to 31 days after since" in " ".join(output.split())
    assert not list(tmp_path.glob("r.*")), "no file of a list that was not read"

    simulator.journal.clear()
    # The recordings can have begun before midnight.
    midnight = simulator.dialer.clock.now() // 86400 * 86400
    day = "yesterday" if simulator.dialer.clock.now() - 5000 < midnight else "today"
    code, output = run(tmp_path, simulator, f"recordings_date={day}", "vicidial_campaigns=SALES,SUPPORT", *files)
    assert code == 0, output
    said = " ".join(output.split())  # long lines are broken
    assert "6 recordings of 2 agents that began on " in said
    assert f" ({day}): 4 agent, 1 campaign, 1 mono, 0:06:00 in all" in said
    assert "{{ 7 * 7 }}{% raw %}.wav" in said
    assert "simulated" not in output
    functions = [entry["function"] for entry in simulator.journal.entries()]
    assert functions == ["logged_in_agents", "version", *["recording_lookup"] * (10 + CODES)]
    assert "by_agent" in output.partition("CUSTOM STATS")[2]

    report = json.loads((tmp_path / "r.json").read_text())
    assert [row["user"] for row in report["agents"]] == ["1000", "1001"]
    assert {row["filename"].removesuffix(".wav") for row in report["recordings"]} >= {HOSTILE[0], HOSTILE[2]}
    with (tmp_path / "r.csv").open(newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert {row["kind"] for row in rows} == {"agent", "campaign", "mono"}
    assert not any(cell.startswith("=") for row in rows for cell in row.values())
    page = (tmp_path / "r.html").read_text()
    assert "6 recordings of 2 agents" in page
    assert "<script>alert" not in page
    assert page.count("<script") == page.count("</script>") == 1
    assert {path.stat().st_mode & 0o777 for path in tmp_path.glob("r.*")} == {0o600}


def test_what_makes_no_sense_is_refused_before_anything_is_sent(simulator: Simulator, tmp_path: Path) -> None:
    wrong = ["recordings_date=today", "recordings_lead_id=5", "recordings_dat=x", "recordings_uniqueid="]
    code, output = run(tmp_path, simulator, *wrong)
    said = " ".join(output.split())
    assert code == 2
    assert "There is no variable recordings_dat. Did you mean recordings_date?" in said
    assert "Give only one of recordings_date, recordings_lead_id. Nothing was sent." in said
    code, output = run(tmp_path, simulator, "recordings_csv=missing/r.csv")
    assert code == 2
    assert "is no file of a directory that exists" in " ".join(output.split())
    code, output = run(tmp_path, simulator, "vicidial_agents=,", "vicidial_nobody_is_fine=true", "recordings_kinds=")
    assert (code, "No recordings" in output) == (0, True), "nobody is not everybody"
    assert simulator.journal.entries() == []
