# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator as one file, and as what the image of it runs; and every command of its page.

VICIDIAL_TEST_ROOTS=/srv/bookworm:/srv/trixie runs the image's commands in these systems too, by chroot.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
import yaml

from ansible_collections.telephony.vicidial.tests.tools.simulator_archive import NAME, ROOT, make_archive

EXAMPLES = ROOT / "examples" / "simulator"
PAGE = (ROOT / "docs" / "simulator.md").read_text()
START_SECONDS = 30
PYTHONS = sorted({os.environ.get("VICIDIAL_TEST_PYTHON39", sys.executable), sys.executable})
ROOTS = [Path(root) for root in os.environ.get("VICIDIAL_TEST_ROOTS", "").split(os.pathsep) if root]
CHROOT = shutil.which("chroot") or "/usr/sbin/chroot"
# An image has nothing of this machine's environment.
BARE = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}"}

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl here")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive"))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def instructions(name: str) -> list[str]:
    """The arguments of the Containerfile's instructions of that name, each in one line."""
    text = (EXAMPLES / "Containerfile").read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} +(.*)$", text, re.MULTILINE)


@contextmanager
def running(command: list[str], port: int, **environment: str) -> Iterator[str]:
    """The address of what ``command`` starts, once it is healthy; it ends as an image is stopped, by SIGTERM."""
    process = subprocess.Popen(command, env={**BARE, **environment}, stdout=subprocess.DEVNULL)
    url, deadline = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
    try:
        while True:
            try:
                assert requests.get(f"{url}/health", timeout=5).json()["status"] == "ok"
                break
            except requests.exceptions.ConnectionError:
                assert process.poll() is None, "it has ended"
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(START_SECONDS) == 0


def lines_of(block: str) -> list[tuple[str, str]]:
    """The commands of a console block of the page, each with the output that stands below it."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    commands = [re.match(r"((?:.*\\\n)*.*)\n?", part) for part in parts]
    return [(found[1], part[found.end() :]) for part, found in zip(parts, commands, strict=True) if found]


def blocks(heading: str) -> list[str]:
    return re.findall(r"```console\n(.*?)```", PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0], re.DOTALL)


def shell(directory: Path, line: str, *, port: int, **environment: str) -> str:
    """What ``line`` prints, with another port than the page's; it must succeed."""
    command = ["bash", "-e", "-o", "pipefail", "-c", line.replace("8099", str(port))]
    environment = {**BARE, **environment}
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=True).stdout


def test_the_same_bytes_whoever_makes_it(archive: Path, tmp_path: Path) -> None:
    for python in PYTHONS:
        command = [python, "-m", "tests.tools.simulator_archive", str(tmp_path)]
        subprocess.run(command, cwd=ROOT, env={**BARE, "TZ": "Asia/Tokyo"}, check=True, stdout=subprocess.DEVNULL)
        assert (tmp_path / NAME).read_bytes() == archive.read_bytes()


def test_the_archive_holds_the_program_and_nothing_else(archive: Path) -> None:
    names = set(zipfile.ZipFile(archive).namelist())
    sources = {
        f"vicidial_simulator/{path.name}" for path in (ROOT / "roles/simulator/files/vicidial_simulator").glob("*.*")
    }
    assert names == sources | {"__main__.py", "LICENSE", "vicidial_simulator/release.txt"}
    assert archive.read_bytes().startswith(b"#!/usr/bin/env python3\n")
    version = yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]
    assert subprocess.run([archive, "--version"], env=BARE, capture_output=True, text=True, check=True).stdout == (
        f"vicidial_simulator {version}\n"
    )


@pytest.mark.parametrize("root", [Path("/"), *ROOTS], ids=str)
def test_the_commands_of_the_image(archive: Path, tmp_path: Path, root: Path) -> None:
    """What the image starts and asks for its health with; its file lies where COPY puts it."""
    [copied] = instructions("COPY")
    assert copied == f"{NAME} /"
    [entrypoint], [health] = instructions("ENTRYPOINT"), instructions("HEALTHCHECK")
    place, port = (tmp_path if root == Path("/") else root / "opt"), free_port()
    shutil.copy(archive, place)
    inside = place if root == Path("/") else Path("/opt")

    def here(text: str) -> list[str]:
        words = json.loads(text.replace(f"/{NAME}", str(inside / NAME)).replace("8099", str(port)))
        return words if root == Path("/") else [CHROOT, str(root), *words]

    try:
        with running(here(entrypoint), port, VICIDIAL_SIMULATOR_OPTIONS="--agents 3") as url:
            check = here(health[health.index("[") :])
            assert subprocess.run(check, env=BARE, check=False).returncode == 0
            assert requests.get(f"{url}/health", timeout=5).json()["agents"] == 3
            assert requests.get(url, timeout=5).text.startswith("<!DOCTYPE html>")
        assert subprocess.run(check, env=BARE, capture_output=True, check=False).returncode == 1
    finally:
        (place / NAME).unlink()


@needs_curl
@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_the_steps_of_a_pipeline_with_the_image_as_a_service(archive: Path, tmp_path: Path, name: str) -> None:
    job = yaml.safe_load((EXAMPLES / name).read_text())
    job = job["jobs"]["test"] if "jobs" in job else job["test"]
    [service] = job["services"].values() if isinstance(job["services"], dict) else job["services"]
    arguments, options = service.get("command", []), service.get("env", {})
    lines = job["script"] if "script" in job else [step["run"] for step in job["steps"] if "run" in step]
    [variable] = job.get("env", job.get("variables"))
    port = free_port()
    with running([sys.executable, str(archive), *arguments, "--port", str(port)], port, **options) as url:
        assert requests.get(f"{url}/health", timeout=5).json()["agents"] == 300
        shell(tmp_path, "\n".join(lines), port=port, **{variable: url})
        requests.post(f"{url}/_simulator/clear_journal", timeout=5)
        with pytest.raises(subprocess.CalledProcessError):
            shell(tmp_path, lines[-1], port=port, **{variable: url})


@needs_curl
def test_the_calls_on_the_page_are_answered_as_it_says(archive: Path, tmp_path: Path) -> None:
    port = free_port()
    with running([sys.executable, str(archive), "--port", str(port)], port):
        for heading in ("Call it", "Steer it, and see what your client did"):
            for line, shown in lines_of("".join(blocks(heading))):
                assert shell(tmp_path, line, port=port).strip() == shown.strip(), line


@needs_curl
@pytest.mark.parametrize("heading", ["In a pipeline", "HTTPS"])
def test_the_background_on_the_page(archive: Path, tmp_path: Path, heading: str) -> None:
    shutil.copy(archive, tmp_path)
    port = free_port()
    for line, shown in lines_of("".join(blocks(heading))):
        printed = shell(tmp_path, line, port=port)
        assert re.sub("process [0-9]+", "process 4711", printed.replace(str(port), "8099")).strip() == shown.strip()
    assert {path.name for path in tmp_path.iterdir()} == {NAME}


def test_the_account_on_the_page(archive: Path, tmp_path: Path) -> None:
    shutil.copy(archive, tmp_path)
    [[(line, _shown)]] = [lines_of(block) for block in blocks("Accounts")]
    port = free_port()
    words = shlex.split(line.replace("8099", str(port)).replace("\\\n", " ").replace(NAME, str(tmp_path / NAME)))
    with running(words, port) as url:
        accounts = requests.get(f"{url}/_simulator/state", timeout=5).json()["accounts"]
    assert list(accounts) == ["crm"], "it replaces 6666"
    account = accounts["crm"]
    assert (account["level"], account["allowed_functions"]) == (7, ["stereo_recording", "logged_in_agents"])


def test_the_folder_of_the_collection_runs_and_makes_the_file(tmp_path: Path) -> None:
    installed = tmp_path / ".ansible/collections/ansible_collections/telephony/vicidial"
    installed.parent.mkdir(parents=True)
    installed.symlink_to(ROOT)
    run, make = (line for line, _shown in lines_of(blocks("Start it")[1]))
    port = free_port()
    words = shlex.split(run.replace("8099", str(port)).replace("~", str(tmp_path)))
    with running(words, port):
        pass
    shell(tmp_path, make, port=port, HOME=str(tmp_path))
    with running([sys.executable, str(tmp_path / NAME), "--port", str(port)], port):
        pass


def test_every_fault_that_the_page_suggests_exists(archive: Path) -> None:
    text = subprocess.run(
        [archive, "--help"], env={**BARE, "COLUMNS": "1000"}, capture_output=True, text=True, check=True
    )
    table = PAGE.partition("| Try | With |")[2].partition("\n\n")[0]
    faults = set(re.findall(r"`([a-z]+(?:-[a-z]+)+)`", table))
    assert {"crash-after-work", "screen-closed"} <= faults <= set(re.findall(r"[a-z-]+", text.stdout))
