# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job is in AWX: its status, its events, what it hands to a workflow, what is left of it when it is canceled."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.operations.jobs import Job, run_job
from ansible_collections.telephony.vicidial.tests.secret_search import Outputs
from ansible_collections.telephony.vicidial.tests.support import USER, Simulator
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import WAYS, python_for
from vicidial_simulator.accounts import strip_password

PASSWORD = "p@ss!w#rd"
DECLARE = "telephony.vicidial.vicidial_stereo_recording"
GONE_SECONDS = 30.0


@pytest.fixture
def dialer(simulator: Simulator) -> Simulator:
    """The simulator with a password that no other text holds."""
    simulator.dialer.accounts[USER].password = strip_password(PASSWORD)
    return replace(simulator, password=PASSWORD)


def search(job: Job) -> None:
    """Fail where the password stands; ``command`` is ansible-runner's own record of the environment."""
    outputs = Outputs()
    outputs.add_files(job.directory, leaving_out=["command"])
    outputs.search([PASSWORD])


def signals(simulator: Simulator) -> list[tuple[str, str]]:
    """Every BEGIN and END that the dialer received, with its agent."""
    entries = simulator.journal.entries()
    return [(call["value"], call["agent_user"]) for call in entries if call["value"] in ("BEGIN", "END")]


def test_ensure(dialer: Simulator, tmp_path: Path) -> None:
    """The agents are text with commas, as a survey gives them."""
    job = run_job(
        tmp_path,
        dialer,
        "telephony.vicidial.ensure",
        verbosity=4,
        vicidial_agents="1000, 1001",
        stereo_recording_state="recording",
    )
    assert (job.status, job.rc) == ("successful", 0)
    assert {recording["user"] for recording in dialer.dialer.state()["live"]} == {"1000", "1001"}
    summary = job.artifacts["vicidial_stereo_recording_summary"]
    assert summary["counts"] == {"changed": 2, "already": 0, "failed": 0, "skipped": 0}
    assert summary["changed"] == ["1000", "1001"]
    (result,) = job.results(DECLARE)
    assert [record["confirmed"] for record in result["recordings"]] == [True, True]
    search(job)


def test_audit(dialer: Simulator, tmp_path: Path) -> None:
    dialer.dialer.start_recording("1000")
    job = run_job(tmp_path, dialer, "telephony.vicidial.audit", recording_audit_agent_statuses="INCALL")
    assert (job.status, job.rc) == ("successful", 0)
    summary = job.artifacts["vicidial_recording_audit_summary"]
    assert (summary["conforming"], summary["drift"]) == (1, 5)
    assert summary["missing_agents"] == ["1001", "1003", "1005", "1007", "1009"]
    assert signals(dialer) == []
    search(job)


def test_a_failing_job(dialer: Simulator, tmp_path: Path) -> None:
    """A wrong password: sent once, reported in an event and to the workflow, and not shown."""
    dialer.dialer.accounts[USER].password = "another"
    job = run_job(
        tmp_path,
        dialer,
        "telephony.vicidial.ensure",
        verbosity=4,
        vicidial_agents=["1000", "1001"],
        stereo_recording_state="idle",
    )
    assert (job.status, job.rc) == ("failed", 2)
    failed = [event["event_data"]["res"] for event in job.events if event["event"] == "runner_on_failed"]
    assert "authentication_failed" in failed[-1]["msg"]
    assert job.artifacts["vicidial_stereo_recording_summary"]["reason"] == "authentication_failed"
    assert dialer.dialer.accounts[USER].failures == 1
    search(job)


@pytest.mark.parametrize("way", WAYS)
def test_a_canceled_job(dialer: Simulator, tmp_path: Path, way: str) -> None:
    """ansible-runner kills; what runs on, in sessions of their own since ansible-core 2.19, ends by itself.

    The screens are closed and nothing but the cancellation ends the waiting. Ten agents take twenty seconds at this
    rate: those whose turn had not come are left alone.
    """
    for user in dialer.dialer.agents:
        dialer.dialer.change_screen(user, open=False)
    job = run_job(
        tmp_path,
        dialer,
        "telephony.vicidial.ensure",
        is_canceled=lambda: bool(signals(dialer)),
        environment={"ANSIBLE_PYTHON_INTERPRETER": python_for(way, tmp_path)},
        vicidial_agents=list(dialer.dialer.agents),
        stereo_recording_state="recording",
        stereo_recording_module_options={"rate_limit": 1, "wait_timeout": 300},
    )
    assert (job.status, job.rc) == ("canceled", 254)
    give_up_at = time.monotonic() + GONE_SECONDS
    while processes_of(dialer):
        assert time.monotonic() < give_up_at, processes_of(dialer)
        time.sleep(0.05)
    assert 1 <= len(signals(dialer)) < len(dialer.dialer.agents)
    assert len(set(signals(dialer))) == len(signals(dialer))
    search(job)


def processes_of(simulator: Simulator) -> list[str]:
    """The command lines of the processes whose environment names this simulator."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended, or is somebody else's
            if simulator.url.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text().replace("\0", " "))
    return found
