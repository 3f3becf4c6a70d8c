# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much another client of a busy server suffers from us: with the adaptive number of calls at once, and a fixed 8.

All clients share the server's workers (``--workers``, ``--service-seconds`` of the simulator). Both ways are the real
scheduler and client without Ansible; the fixed one has a limit that never changes.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from dataclasses import replace
from typing import Any

from ansible_collections.telephony.vicidial.plugins.module_utils._client.http import Connection
from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.names import Agent
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.limit import ConcurrencyLimit
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.scheduler import Scheduler
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.steps import DesiredState
from ansible_collections.telephony.vicidial.plugins.module_utils._recording.workers import WorkerPool
from ansible_collections.telephony.vicidial.tests.benchmark.floors import (
    PASSWORD,
    USER,
    Bystander,
    Floor,
    bare_calls,
    simulated_floor,
)

MOST = 8
# Workers, and seconds that each call keeps one busy.
SERVERS = [(2, 0.01), (4, 0.01), (8, 0.01)]
BYSTANDER_AGENTS = 60  # asked once a second each


class _Fixed(ConcurrencyLimit):
    """A limit that does not follow anything."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.value = most

    def note(self, seconds: float, at_once: int) -> None:
        """Nothing."""


def declare(floor: Floor, state: str, is_adaptive: bool) -> float:
    """The seconds that it takes to bring everybody into ``state``."""
    began = time.perf_counter()
    with WorkerPool(Connection(floor.api_url, USER, PASSWORD), MOST) as pool:
        scheduler = Scheduler(pool, DesiredState(state))
        if not is_adaptive:
            scheduler._limit = _Fixed(MOST)
        results = scheduler.run([Agent(user) for user in floor.agents])
    if not all(result.outcome.confirmed for result in results):
        raise RuntimeError("not everybody is in the wanted state")
    return time.perf_counter() - began


def guests(rounds: int, agents: int = 300) -> list[dict[str, Any]]:
    """A row for each server: seconds, and the bystander's p95 in ms, alone and during each way. Medians."""
    rows = []
    for workers, service_seconds in SERVERS:
        found: dict[str, list[float]] = defaultdict(list)
        for _round in range(rounds):
            for way, is_adaptive in (("adaptive", True), ("fixed", False)):
                with simulated_floor(agents, workers, service_seconds) as floor:
                    few = replace(floor, agents=floor.agents[:BYSTANDER_AGENTS])
                    alone, during = Bystander(few), Bystander(few)
                    with alone.watching():
                        time.sleep(3)
                    with during.watching():
                        found[f"{way}_already_seconds"].append(declare(floor, "idle", is_adaptive))
                        found[f"{way}_change_seconds"].append(declare(floor, "recording", is_adaptive))
                    found["alone_p95_ms"].append(alone.p95() * 1000)
                    found[f"{way}_p95_ms"].append(during.p95() * 1000)
                    found["bare_seconds"].append(bare_calls(floor, agents))
        medians = {name: round(statistics.median(values), 4) for name, values in found.items()}
        rows.append({"workers": workers, "service_ms": service_seconds * 1000, **medians})
    return rows
