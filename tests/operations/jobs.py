# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs as AWX runs them: by ansible-runner, the account injected by the environment, events and artifacts kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import ansible_runner

from ansible_collections.telephony.vicidial.tests.support import Simulator

INVENTORY = {"all": {"hosts": {"localhost": {"ansible_connection": "local"}}}}


@dataclass(frozen=True)
class Job:
    """What became of a job; ``directory`` holds everything that was written of it."""

    status: str
    rc: int
    events: list[dict[str, Any]]
    directory: Path

    def results(self, action: str) -> list[dict[str, Any]]:
        """What the tasks of this ``action`` returned, failures too."""
        results = [event.get("event_data", {}) for event in self.events]
        return [data["res"] for data in results if data.get("resolved_action") == action and "res" in data]

    @property
    def artifacts(self) -> dict[str, Any]:
        """What ``set_stats`` handed on, which is what the next job of a workflow gets."""
        (last,) = [event for event in self.events if event["event"] == "playbook_on_stats"]
        data: dict[str, Any] = last["event_data"]["artifact_data"]
        return data


def run_job(
    directory: Path,
    simulator: Simulator,
    playbook: str | list[dict[str, Any]],
    *,
    is_canceled: Callable[[], bool] = lambda: False,
    verbosity: int = 0,
    environment: dict[str, str] | None = None,
    **extra_variables: Any,
) -> Job:
    """Run ``playbook`` (by name, or its plays) to its end, or until ``is_canceled``."""
    account = {
        "VICIDIAL_API_URL": simulator.url,
        "VICIDIAL_API_USER": simulator.user,
        "VICIDIAL_API_PASSWORD": simulator.password,
    }
    done = ansible_runner.run(
        private_data_dir=str(directory),
        ident="job",
        playbook=playbook,
        inventory=INVENTORY,
        envvars={**account, **(environment or {})},
        extravars=extra_variables,
        cancel_callback=is_canceled,
        verbosity=verbosity,
        settings={"pexpect_timeout": 0.05},
        suppress_env_files=True,
        quiet=True,
    )
    return Job(done.status, done.rc, list(done.events), directory / "artifacts" / "job")
