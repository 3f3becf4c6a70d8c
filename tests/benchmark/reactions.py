# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon an agent whose call has begun is recorded, through ansible-rulebook and the rulebook record_calls_of.

``VICIDIAL_TEST_RULEBOOK=.venv/rulebook/bin python -m ansible_collections.telephony.vicidial.tests.benchmark.reactions``
with .venv/main/bin/python: ten minutes on an idle machine. The simulator runs here, ansible-rulebook and its playbooks
as processes of their own, one call at a time.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from ansible_collections.telephony.vicidial.tests.events.rulebook import running, wait_for
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving

CALLS = 20
PERCENT_95 = 0.95
TOKEN = "a-token-for-pushes"
PUSH_PORT = 18_577
FIRST_USER = 1000


@dataclass(frozen=True)
class Reaction:
    """Seconds after a call has begun: the STATUS of the source's look, BEGIN, and the recording confirmed."""

    seen: float
    signalled: float
    confirmed: float


def reaction(simulator: Simulator, user: str, pushes: bool) -> Reaction:
    """What follows when a call of ``user`` begins; ``pushes``: their screen pushes it at once."""

    def calls_of_user() -> list[dict[str, Any]]:
        return [entry for entry in simulator.journal.entries()[before:] if entry["agent_user"] == user]

    def is_confirmed() -> bool:
        """The playbook has asked once more after the recording began, and ended with that."""
        values = [entry["value"] for entry in calls_of_user()]
        return "BEGIN" in values and calls_of_user()[-1]["result"].endswith("stereo_recording active")

    before = len(simulator.journal.entries())
    with simulator.lock:
        simulator.dialer.start_call(user)
    began = time.time()
    if pushes:
        form = {"user": user, "event": "call_answered"}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        requests.post(f"http://127.0.0.1:{PUSH_PORT}/", data=form, headers=headers, timeout=10).raise_for_status()
    wait_for(is_confirmed)
    calls = calls_of_user()
    begin = next(entry for entry in calls if entry["value"] == "BEGIN")
    return Reaction(calls[0]["time"] - began, begin["time"] - began, calls[-1]["time"] - began)


def reactions(interval: float, pushes: bool) -> list[Reaction]:
    """The reactions to calls that begin at any moment, of agents who have had none before."""
    rng = random.Random(1)  # noqa: S311 - nothing secret about it
    pushing = {"vicidial_push_port": PUSH_PORT, "VICIDIAL_PUSH_TOKEN": TOKEN} if pushes else {}
    variables = {"vicidial_for_seconds": 0, "vicidial_interval": interval, **pushing}
    name = "telephony.vicidial.record_calls_of"
    with (
        tempfile.TemporaryDirectory() as directory,
        serving(call_center(50, statuses="READY")) as simulator,
        running(Path(directory), name, simulator, **variables) as rulebook,
    ):
        wait_for(lambda: len(simulator.journal.entries()) > 1 or "Traceback" in rulebook.output)
        found = []
        for number in range(CALLS):
            time.sleep(rng.uniform(0, interval))
            found.append(reaction(simulator, str(FIRST_USER + number), pushes))
    return found


def printed(seconds: Iterable[float]) -> str:
    """Median and p95 of ``seconds``."""
    ordered = sorted(seconds)
    return f"{statistics.median(ordered):.1f} {ordered[int(len(ordered) * PERCENT_95) - 1]:.1f}"


def main() -> None:
    """Print the figures."""
    print(f"load: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; median and p95 in seconds")
    for pushes, interval in ((False, 1.0), (False, 2.0), (False, 5.0), (True, 10.0)):
        found = reactions(interval, pushes)
        way = "pushed" if pushes else "polled"
        figures = [
            [each.seen for each in found],
            [each.signalled for each in found],
            [each.confirmed for each in found],
        ]
        print(f"{way}, interval {interval:g} s: seen, BEGIN, confirmed: {'; '.join(map(printed, figures))}")
    print(f"load: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
