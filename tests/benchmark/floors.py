# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the ways are measured on and against: a dialer in a process of its own, a bare client, and a bystander."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
USER, PASSWORD = "6666", "simulated"
POLL_SECONDS, ACT_SECONDS = 1.0, 0.3  # of the simulator's screens
_local = threading.local()


@dataclass(frozen=True)
class Floor:
    """A dialer with agents in calls, none of them recorded; ``url`` is its root."""

    url: str
    agents: list[str]

    @property
    def api_url(self) -> str:
        return f"{self.url}/agc/api.php"

    def journal(self) -> list[dict[str, Any]]:
        """Every call that it received."""
        entries: list[dict[str, Any]] = requests.get(f"{self.url}/_simulator/journal", timeout=60).json()
        return entries

    def live(self) -> int:
        """How many recordings are live in truth."""
        return len(requests.get(f"{self.url}/_simulator/state", timeout=60).json()["live"])


@contextmanager
def simulated_floor(agents: int, workers: int = 0, service_seconds: float = 0.0) -> Iterator[Floor]:
    """A floor of ``agents`` agents, each in a call, for as long as the context lasts.

    All clients share ``workers`` of the server (0: any number), each busy for ``service_seconds`` with a call.
    """
    with tempfile.TemporaryDirectory() as directory:
        ready = Path(directory) / "ready.json"
        command = [sys.executable, "-m", "vicidial_simulator", "--ready-file", str(ready)]
        process = subprocess.Popen(
            [
                *command,
                *("--agents", str(agents), "--statuses", "INCALL"),
                *("--workers", str(workers), "--service-seconds", str(service_seconds)),
            ],
            cwd=ROOT / "roles/simulator/files",
            stdout=subprocess.DEVNULL,
        )
        while not ready.exists():
            if process.poll() is not None:
                raise RuntimeError(f"the simulator ended with exit code {process.returncode}")
            time.sleep(0.02)
        try:
            yield Floor(json.loads(ready.read_text())["url"], [str(1000 + number) for number in range(agents)])
        finally:
            process.terminate()
            process.wait()


def ask(floor: Floor, agent: str, value: str = "STATUS") -> float:
    """One call by a bare client over this thread's kept-alive connection; returns its seconds."""
    if getattr(_local, "url", None) != floor.url:
        _local.session, _local.url = requests.Session(), floor.url
    form = {"source": "bare", "user": USER, "pass": PASSWORD, "function": "stereo_recording"}
    began = time.perf_counter()
    _local.session.post(
        floor.api_url, data={**form, "value": value, "agent_user": agent}, timeout=60
    ).raise_for_status()
    return time.perf_counter() - began


def bare_calls(floor: Floor, number: int, workers: int = 8) -> float:
    """The seconds that ``number`` calls take a bare pooled client without Ansible."""
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda index: ask(floor, floor.agents[index % len(floor.agents)]), range(number)))
    return time.perf_counter() - began


class Bystander:
    """Another client that asks for each agent once a second, evenly spread, as the agents' screens would."""

    def __init__(self, floor: Floor, workers: int = 4) -> None:
        self._floor = floor
        self._workers = workers
        self._stop = threading.Event()
        self.seconds: list[float] = []

    def _run(self, first: int) -> None:
        due = time.perf_counter()
        agents = self._floor.agents[first :: self._workers]
        while not self._stop.is_set():
            for agent in agents:
                due += 1 / len(agents)
                if self._stop.wait(max(0.0, due - time.perf_counter())):
                    return
                self.seconds.append(ask(self._floor, agent))

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Ask for as long as the context lasts."""
        threads = [threading.Thread(target=self._run, args=[first]) for first in range(self._workers)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def p95(self) -> float:
        """The 95th percentile of the seconds that its calls took."""
        return statistics.quantiles(self.seconds, n=20)[-1]
