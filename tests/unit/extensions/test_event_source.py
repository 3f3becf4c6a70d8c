# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event source as ansible-rulebook loads it: by its path, as part of no package. None needs that program."""

from __future__ import annotations

import asyncio
import runpy
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.plugins.plugin_utils._events.options import SPEC
from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator

ROOT = Path(__file__).resolve().parents[3]
SLOW_SECONDS = 8.0
SOURCE = "extensions/eda/plugins/event_source/stereo_recording.py"


@pytest.fixture(scope="module")
def source() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / SOURCE))


def connected(simulator: Simulator, **args: Any) -> dict[str, Any]:
    return {"api_url": simulator.url, "api_user": USER, "api_password": PASSWORD, "interval": 0.5, **args}


def events_of(source: dict[str, Any], args: dict[str, Any], act: Callable[[], None], number: int) -> list[Any]:
    """The first ``number`` events after ``act``, which is called once the source has looked for the first time."""

    async def run() -> list[Any]:
        queue: asyncio.Queue[Any] = asyncio.Queue(1)  # ansible-rulebook's holds one
        task = asyncio.create_task(source["main"](queue, args))
        path = Path(args["state_file"])
        while not path.exists():
            assert not task.done(), task.result()
            await asyncio.sleep(0.01)
        act()
        found = [(await asyncio.wait_for(queue.get(), 20))["vicidial"] for _time in range(number)]
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return found

    return asyncio.run(run())


def test_a_change_reaches_the_queue(source: dict[str, Any], simulator: Simulator, tmp_path: Path) -> None:
    def act() -> None:
        with simulator.lock:
            simulator.dialer.start_recording("1000")

    args = connected(simulator, state_file=str(tmp_path / "state"), feedback=True, eda_feedback_queue=asyncio.Queue)
    [event] = events_of(source, args, act, 1)
    assert (event["agent"], event["event"]) == ("1000", "recording_began")


def test_a_full_queue_holds_it_back_and_nothing_is_lost(
    source: dict[str, Any], simulator: Simulator, tmp_path: Path
) -> None:
    def act() -> None:
        with simulator.lock:
            for user in ("1000", "1001", "1003", "1005"):
                simulator.dialer.start_recording(user)

    found = events_of(source, connected(simulator, state_file=str(tmp_path / "state")), act, 4)
    assert sorted(event["agent"] for event in found) == ["1000", "1001", "1003", "1005"]


def test_cancelling_ends_it_at_once_whatever_the_server_does(source: dict[str, Any], simulator: Simulator) -> None:
    simulator.faults.add(simulator.dialer, "latency", seconds=SLOW_SECONDS, times=None)

    async def run() -> float:
        task = asyncio.create_task(source["main"](asyncio.Queue(), connected(simulator)))
        while not simulator.journal.entries():  # a call is under way, and the loop goes on
            await asyncio.sleep(0.01)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert asyncio.run(run()) < SLOW_SECONDS / 2


@pytest.mark.parametrize(
    ("args", "what"),
    [
        ({"api_password": "wrong"}, r"\(reason: authentication_failed\)"),
        ({"interval": 0}, r"interval .* nothing was sent.* \(reason: invalid_argument\)"),
    ],
)
def test_what_ends_it_says_why_and_nothing_else(
    source: dict[str, Any], simulator: Simulator, args: dict[str, Any], what: str
) -> None:
    with pytest.raises(Exception, match=what) as ended:
        asyncio.run(source["main"](asyncio.Queue(), connected(simulator, **args)))
    assert type(ended.value).__name__ == "WatchEndedError"
    assert ended.value.__cause__ is None
    assert simulator.dialer.accounts[USER].failures <= 1


def test_its_options_are_documented_as_they_are(source: dict[str, Any]) -> None:
    documented = yaml.safe_load(source["DOCUMENTATION"])["options"]
    assert set(documented) == set(SPEC)
    for name, option in SPEC.items():
        described = documented[name]
        assert described["type"] == option["type"], name
        assert described.get("default") == option.get("default"), name
        assert described.get("required", False) == option.get("required", False), name


def test_its_examples_are_accepted(source: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("URL", "USER", "PASSWORD"):
        monkeypatch.setenv(f"VICIDIAL_API_{name}", "https://dialer.example.com")
    read = source["_load"]("plugin_utils._events.options").read
    for example in yaml.safe_load(source["EXAMPLES"]):
        read(example["telephony.vicidial.stereo_recording"])


def test_it_finds_its_own_collection_wherever_that_lies(tmp_path: Path) -> None:
    place = tmp_path / "ansible_collections/telephony/vicidial"
    for folder in ("plugins", "extensions/eda"):
        shutil.copytree(ROOT / folder, place / folder, ignore=shutil.ignore_patterns("__pycache__"))
    program = "import runpy, sys; load = runpy.run_path(sys.argv[1])['_load']; print(load(sys.argv[2]).__file__)"
    command = [sys.executable, "-c", program, str(place / SOURCE), "plugin_utils._events.watcher"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert Path(said.strip()).is_relative_to(place)
