# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon the event source tells of a change, at how many calls, and what it keeps in memory.

``python -m ansible_collections.telephony.vicidial.tests.benchmark.events`` with .venv/main/bin/python: two minutes on
an idle machine. The simulator is a process of its own; the watcher runs here, without ansible-rulebook.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from ansible_collections.telephony.vicidial.plugins.module_utils._protocol.tables import LoggedInAgent
from ansible_collections.telephony.vicidial.plugins.plugin_utils._audit import Rule
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events import options
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.floor import Floor, Watched
from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.watcher import Watcher
from ansible_collections.telephony.vicidial.tests import simulator_source
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER

INTERVAL = 2.0
CHANGES = 40
PERCENT_95 = 0.95


@contextmanager
def simulator(agents: int, statuses: str) -> Iterator[str]:
    """The URL of a simulator in a process of its own."""
    with tempfile.TemporaryDirectory() as directory:
        ready = Path(directory) / "ready"
        command = [sys.executable, "-m", "vicidial_simulator", "--agents", str(agents), "--statuses", statuses]
        environment = {**os.environ, "PYTHONPATH": str(simulator_source.DIRECTORY)}
        process = subprocess.Popen(
            [*command, "--ready-file", str(ready), "--parent", str(os.getpid())], env=environment
        )
        try:
            while not ready.exists() or not ready.read_text():
                time.sleep(0.05)
            yield json.loads(ready.read_text())["url"]
        finally:
            process.terminate()
            process.wait()


def watcher(url: str, **args: Any) -> Watcher:
    """A watcher of all agents, all of whom the rule is about."""
    given = {"api_url": url, "api_user": USER, "api_password": PASSWORD, "interval": INTERVAL}
    return Watcher(options.read({**given, "rule": {"state": "recording"}, **args})[0], print)


def calls(url: str) -> int:
    return len(requests.get(f"{url}/_simulator/journal", timeout=60).json())


def latencies(url: str, pushes: bool, interval: float) -> list[float]:
    """Seconds from a change in the dialer to its event, sorted; ``pushes``: the change is pushed at once."""
    watch = watcher(url, interval=interval, for_seconds=3600)
    seen: dict[tuple[str, str], float] = {}
    has_looked = threading.Event()
    original = watch.look

    def look(*args: Any) -> Any:
        found = original(*args)
        has_looked.set()
        return found

    watch.look = look  # type: ignore[assignment, method-assign]

    def take(event: Any) -> None:
        seen.setdefault((event["vicidial"]["agent"], event["vicidial"]["event"]), time.monotonic())

    thread = threading.Thread(target=watch.run, args=[take])
    thread.start()
    has_looked.wait()
    began, rng = {}, random.Random(1)  # noqa: S311 - nothing secret about it
    for user in rng.sample(range(1000, 1300), CHANGES):
        requests.post(f"{url}/_simulator/start_recording", json={"user": str(user)}, timeout=10).raise_for_status()
        began[str(user), "recording_began"] = time.monotonic()
        if pushes:
            watch.hasten(str(user))
        time.sleep(rng.uniform(0.2, 0.8))
    while any(key not in seen for key in began):
        time.sleep(0.1)
    watch.interrupt()
    thread.join()
    return sorted(seen[key] - at for key, at in began.items())


def steady_calls(agents: int, statuses: str) -> tuple[int, float]:
    """The calls of one look where nothing has changed, and the seconds that it takes."""
    with simulator(agents, statuses) as url:
        watch = watcher(url)
        watch.look()
        before, began = calls(url), time.monotonic()
        for _number in range(5):
            watch.look()
        seconds = (time.monotonic() - began) / 5
        watch.close()
        return (calls(url) - before) // 5, seconds


def memory_of_an_hour(agents: int = 300) -> tuple[float, float]:
    """Megabytes of the process after the first and the last of 1,800 looks at a busy floor, in virtual time."""
    floor, rng = Floor(Watched(rule=Rule(), for_seconds=10.0)), random.Random(1)  # noqa: S311 - nothing secret about it
    rows = {str(user): _row(str(user), "") for user in range(1000, 1000 + agents)}
    recordings: dict[str, int] = {}
    first = 0.0
    for number in range(1800):
        for user in rng.sample(sorted(rows), 5):
            in_call = rows[user].status == "INCALL"
            rows[user] = _row(user, "" if in_call else f"M{number}{user}")
            recordings.pop(user, None)
            if not in_call and rng.random() < 0.8:
                recordings[user] = number * 10_000 + int(user)
        now = 1e9 + number * INTERVAL
        asked = floor.plan(rows.values(), now)
        floor.take(rows.values(), {user: _answer(user, rows[user].status, recordings.get(user)) for user in asked}, now)
        first = first or _megabytes()
    return first, _megabytes()


def _row(user: str, call: str) -> LoggedInAgent:
    return LoggedInAgent(user, "SALES", "8600051", "INCALL" if call else "READY", 1, call, 1, "Name", "AGENTS", 1)


def _answer(user: str, status: str, recording: int | None) -> dict[str, Any]:
    keys = ("filename", "server", "start_time", "agent_server", "session", "reason")
    state = "recording" if recording else "idle"
    told = {"user": user, "logged_in": True, "state": state, "recording_id": recording, "agent_status": status}
    return {**dict.fromkeys(keys), **told, "msg": ""}


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print the figures."""
    print(f"load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print("memory, MB at the first and the last look of an hour: {:.1f} {:.1f}".format(*memory_of_an_hour()))
    for statuses in ("INCALL", "INCALL,READY,READY"):
        for agents in (50, 300, 1000):
            number, seconds = steady_calls(agents, statuses)
            per_minute = number * 60 / max(INTERVAL, seconds)
            print(
                f"{statuses}, {agents} agents: {number} calls a look, {seconds:.2f} s, {per_minute:.0f} calls a minute"
            )
    with simulator(300, "INCALL") as url:
        for pushes, interval in ((False, 1.0), (False, 2.0), (False, 5.0), (True, 10.0)):
            found = latencies(url, pushes, interval)
            p95 = found[int(len(found) * PERCENT_95) - 1]
            way = "pushed" if pushes else "polled"
            print(f"{way}, interval {interval:g} s: median {statistics.median(found):.2f} s, p95 {p95:.2f} s")
            for user in range(1000, 1300):
                requests.post(f"{url}/_simulator/end_recording", json={"user": str(user)}, timeout=10)
    print(f"load: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
