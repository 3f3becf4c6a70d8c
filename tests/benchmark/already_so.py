# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one task over 300 agents who are so already takes, against bare calls and an empty play.

``python -m ansible_collections.telephony.vicidial.tests.benchmark.already_so`` with .venv/main/bin on PATH: a minute on
an idle machine. With any number of workers of the server, and with four that each call keeps busy for 10 ms.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from pathlib import Path

from ansible_collections.telephony.vicidial.tests.benchmark.__main__ import EMPTY, ONE_TASK, run
from ansible_collections.telephony.vicidial.tests.benchmark.floors import bare_calls, simulated_floor
from ansible_collections.telephony.vicidial.tests.benchmark.ways import all_ways

AGENTS = 300
ROUNDS = 5
SERVERS = {"any number of workers": (0, 0.0), "four workers of 10 ms a call": (4, 0.01)}


def main() -> None:
    """Print the medians in seconds, and how many times the bare calls and an empty play the task takes."""
    print(f"load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {AGENTS} agents, {ROUNDS} rounds")
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        ways = {way.name: way for way in all_ways(directory)}
        for name, server in SERVERS.items():
            empty, task, bare = [], [], []
            for _round in range(ROUNDS):
                with simulated_floor(AGENTS, *server) as floor:
                    empty.append(run(ways[EMPTY], floor, "idle", directory).seconds)
                    task.append(run(ways[ONE_TASK], floor, "idle", directory).seconds)
                    bare.append(bare_calls(floor, AGENTS))
            play, seconds, calls = map(statistics.median, (empty, task, bare))
            print(f"{name}: empty play {play:.2f}, bare calls {calls:.2f}, one task {seconds:.2f} s")
            print(f"{name}: {seconds / (play + calls):.2f} times")


if __name__ == "__main__":
    main()
