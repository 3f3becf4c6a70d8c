# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures each way of declaring many agents' states: ``make benchmark``. Writes JSON, a table and a plot into docs/.

Every figure is the median of several runs, and the ways take turns within a round, so that a slow minute of the machine
is not one way's alone. With VICIDIAL_CONTRACT_URL (and _USER, _PASSWORD, _AGENTS: users separated by commas, each in a
call) the one-task way is measured on a real server as well.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.telephony.vicidial.tests.benchmark import report
from ansible_collections.telephony.vicidial.tests.benchmark.floors import (
    ACT_SECONDS,
    PASSWORD,
    POLL_SECONDS,
    ROOT,
    USER,
    Bystander,
    Floor,
    bare_calls,
    simulated_floor,
)
from ansible_collections.telephony.vicidial.tests.benchmark.guest import guests
from ansible_collections.telephony.vicidial.tests.benchmark.ways import PEER, Way, all_ways, write

ONE_TASK = "one task with agent_users"
EMPTY = "empty play"
CASES = {"change": "recording", "already so": "idle"}


@dataclass(frozen=True)
class Run:
    """One run of ansible-playbook: wall seconds, the largest resident size of its processes in MB, and its calls."""

    seconds: float
    megabytes: float
    calls: int


def run(way: Way, floor: Floor, state: str, directory: Path) -> Run:
    """Run ``way`` over ``floor``; raises RuntimeError if it did not do what it is measured for."""
    arguments = write(way, floor.agents, state, directory)
    variables = json.dumps({"api_url": floor.api_url, "api_user": USER, "api_password": PASSWORD})
    before = len(floor.journal())
    began = time.perf_counter()
    done = subprocess.run(
        ["ansible-playbook", "-e", variables, *arguments],
        env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    expected = len(floor.agents) if state == "recording" and way.name != EMPTY else 0
    if floor.live() != expected:
        raise RuntimeError(f"{way.name}: {floor.live()} recordings are live, not {expected}")
    megabytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Run(seconds, megabytes, len(floor.journal()) - before)


def measure(sizes: list[int], rounds: int, directory: Path) -> list[dict[str, Any]]:
    """A row for each way, case and size: the median of ``rounds`` interleaved runs."""
    taken: dict[tuple[str, str, int], list[Run]] = defaultdict(list)
    limits: dict[tuple[str, int], list[float]] = defaultdict(list)
    for number in range(rounds):
        for size in sizes:
            for case, state in CASES.items():
                for way in [candidate for candidate in all_ways(directory) if candidate.is_measured(case, size)]:
                    print(f"round {number + 1}/{rounds}: {size} agents, {case}: {way.name}", flush=True)
                    with simulated_floor(size) as floor:
                        taken[way.name, case, size].append(run(way, floor, state, directory))
                calls = taken[ONE_TASK, case, size][-1].calls
                with simulated_floor(size) as floor:
                    limits[case, size].append(bare_calls(floor, calls))
    rows = [_row(name, case, size, runs) for (name, case, size), runs in taken.items() if name != EMPTY]
    for (case, size), seconds in limits.items():
        empty = statistics.median(each_run.seconds for each_run in taken[EMPTY, case, size])
        screen = POLL_SECONDS + ACT_SECONDS if case == "change" else 0.0
        calls = taken[ONE_TASK, case, size][-1].calls
        total = statistics.median(seconds) + screen + empty
        rows.append(
            {"way": report.LIMIT, "case": case, "agents": size, "seconds": total, "calls": calls, "runs": rounds}
        )
    return rows


def peer_once(size: int, directory: Path) -> list[dict[str, Any]]:
    """The peer on a floor of ``size``, once: it takes minutes."""
    way = next(candidate for candidate in all_ways(directory) if candidate.name == PEER)
    rows = []
    for case, state in CASES.items() if size else ():
        print(f"once: {size} agents, {case}: {PEER}", flush=True)
        with simulated_floor(size) as floor:
            rows.append(_row(PEER, case, size, [run(way, floor, state, directory)]))
    return rows


def _row(name: str, case: str, size: int, runs: list[Run]) -> dict[str, Any]:
    return {
        "way": name,
        "case": case,
        "agents": size,
        "seconds": statistics.median(each_run.seconds for each_run in runs),
        "calls": int(statistics.median(each_run.calls for each_run in runs)),
        "runs": len(runs),
    }


def memory(directory: Path) -> float:
    """The largest resident size, in MB, of any process of a run over 1,000 agents; in an interpreter of its own."""
    way = next(candidate for candidate in all_ways(directory) if candidate.name == ONE_TASK)
    with simulated_floor(1000) as floor:
        return run(way, floor, "recording", directory).megabytes


def bystander(directory: Path, rounds: int) -> dict[str, float]:
    """The p95 in ms of another client on a floor of 300, alone and while one task changes all of them."""
    found: dict[str, list[float]] = {"alone": [], "during": []}
    way = next(candidate for candidate in all_ways(directory) if candidate.name == ONE_TASK)
    for _round in range(rounds):
        with simulated_floor(300) as floor:
            alone = Bystander(floor)
            with alone.watching():
                time.sleep(5)
            during = Bystander(floor)
            with during.watching():
                run(way, floor, "recording", directory)
            found["alone"].append(alone.p95() * 1000)
            found["during"].append(during.p95() * 1000)
    return {name: statistics.median(values) for name, values in found.items()}


def real_server(directory: Path, rounds: int) -> list[dict[str, Any]]:
    """The one-task way on a real server, there and back; an empty list where none is named."""
    url = os.environ.get("VICIDIAL_CONTRACT_URL")
    agents = os.environ.get("VICIDIAL_CONTRACT_AGENTS", "")
    if not url or not agents:
        return []
    way = next(candidate for candidate in all_ways(directory) if candidate.name == ONE_TASK)
    account = {name: os.environ[f"VICIDIAL_CONTRACT_{name.upper()}"] for name in ("user", "password")}
    given = directory / "real.json"
    given.touch(mode=0o600)
    given.write_text(json.dumps({"api_url": url, **{f"api_{name}": value for name, value in account.items()}}))
    taken: dict[str, list[float]] = defaultdict(list)
    for _round in range(rounds):
        for state, case in (("recording", "change"), ("idle", "change"), ("idle", "already so")):
            arguments = write(way, agents.split(","), state, directory)
            began = time.perf_counter()
            subprocess.run(["ansible-playbook", "-e", f"@{given}", *arguments], check=True, stdout=subprocess.DEVNULL)
            taken[case].append(time.perf_counter() - began)
    row = {"way": f"{ONE_TASK}, real server", "agents": len(agents.split(","))}
    return [{**row, "case": case, "seconds": statistics.median(seconds)} for case, seconds in taken.items()]


def machine() -> dict[str, Any]:
    """What it was measured on, and how busy that was."""
    from ansible.release import __version__ as core

    return {
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "ansible_core": core,
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10,30,100,300,1000", help="floors (%(default)s)")
    parser.add_argument("--peer", type=int, default=300, help="a floor for one run of the peer; 0: none (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (%(default)s)")
    parser.add_argument("--output", type=Path, default=ROOT / "docs", help="where the results go (%(default)s)")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    before = machine()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        results: dict[str, Any] = {
            "machine": before,
            "megabytes_for_1000": memory(directory),
            "bystander_p95_ms": bystander(directory, options.rounds),
            "guests": guests(options.rounds),
            "rows": [
                *measure(sizes, options.rounds, directory),
                *peer_once(options.peer, directory),
                *real_server(directory, options.rounds),
            ],
        }
    options.output.mkdir(exist_ok=True)
    (options.output / "performance.json").write_text(json.dumps(results, indent=1) + "\n")
    (options.output / "performance.svg").write_text(report.plot(results["rows"]))
    print(report.table(results))


if __name__ == "__main__":
    main()
