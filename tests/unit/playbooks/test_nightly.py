# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""examples/nightly: the line of the crontab as cron runs it, and the systemd units as systemd does."""

from __future__ import annotations

import configparser
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.documents import EXAMPLES, ROOT, blocks
from ansible_collections.telephony.vicidial.tests.support import Simulator
from vicidial_simulator.accounts import Account

NIGHTLY = EXAMPLES / "nightly"
BIN = Path(shutil.which("ansible-playbook") or sys.executable).parent
SERVICE = "vicidial-nightly.service"
# What cron and systemd give a job, and no more.
LITTLE = {"LANG": "C.UTF-8", "SHELL": "/bin/sh", "LOGNAME": "vicidial"}


@pytest.fixture
def installed(simulator: Simulator, tmp_path: Path) -> Path:
    """The files as the page installs them, about ``simulator``: everybody in SALES who talks is being recorded."""
    for name in ("vicidial.env", "nightly.yml"):
        shutil.copy(NIGHTLY / name, tmp_path)
    variables = read_environment(tmp_path / "vicidial.env")
    text = (tmp_path / "vicidial.env").read_text()
    (tmp_path / "vicidial.env").write_text(text.replace(variables["VICIDIAL_API_URL"], simulator.url))
    (tmp_path / "vicidial.env").chmod(0o600)
    account = Account(variables["VICIDIAL_API_USER"], variables["VICIDIAL_API_PASSWORD"])
    with simulator.lock:
        simulator.dialer.accounts[account.user] = account
        for user, agent in list(simulator.dialer.agents.items()):
            if agent.call:
                simulator.dialer.start_recording(user)
    return tmp_path


def here(text: str, directory: Path) -> str:
    """``text`` with the places of this test instead of the page's."""
    return text.replace("/etc/vicidial/", f"{directory}/").replace("/opt/vicidial/bin", str(BIN))


def read_environment(path: Path) -> dict[str, str]:
    """A file of KEY=VALUE lines, as systemd's EnvironmentFile and as /bin/sh read it where nothing is quoted."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Z_]+=[\w./:-]+", line) for line in lines), "one of the two may read it otherwise"
    return dict(line.split("=", 1) for line in lines)


def unit(name: str) -> configparser.ConfigParser:
    """The systemd unit of that name; a key that stands twice is an error."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((NIGHTLY / name).read_text())
    return parser


def run_cron(directory: Path) -> subprocess.CompletedProcess[str]:
    """The one job of the crontab as cron runs it: with its variables, by its shell, each bare % a line of input."""
    lines = (NIGHTLY / "vicidial-nightly.cron").read_text().splitlines()
    settings = dict(line.split("=", 1) for line in lines if re.match(r"[A-Z]+=", line))
    [job] = [line for line in lines if line and not line.startswith("#") and not re.match(r"[A-Z]+=", line)]
    minute, hour, *days, user, command = job.split(None, 6)
    assert (minute.isdigit(), hour.isdigit(), days, user) == (True, True, ["*", "*", "*"], "vicidial")
    command, *given = re.split(r"(?<!\\)%", command)
    environment = {**LITTLE, **settings, "HOME": str(directory), "PATH": here(settings["PATH"], directory)}
    return subprocess.run(
        [settings["SHELL"], "-c", here(command.replace("\\%", "%"), directory)],
        input="\n".join(given),
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def still_recorded(simulator: Simulator) -> list[str]:
    return sorted(row["user"] for row in simulator.dialer.state()["live"])


def test_the_job_of_cron(simulator: Simulator, installed: Path) -> None:
    """It mails nothing, or else why it failed, with the day, and never the password."""
    done = run_cron(installed)
    assert (done.returncode, done.stdout) == (0, "")
    assert still_recorded(simulator) == ["1001", "1003", "1005", "1007", "1009"]  # those of SUPPORT

    simulator.dialer.accounts["ansible"].password = "another"
    done = run_cron(installed)
    assert done.returncode == 1
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: recordings may still run\n", done.stdout)
    assert "refused the user name or the password" in " ".join(done.stdout.split())
    assert "the-password" not in done.stdout


def test_the_service_of_systemd(simulator: Simulator, installed: Path) -> None:
    service = unit(SERVICE)["Service"]
    assert service["Type"] == "oneshot"
    file = Path(here(service["EnvironmentFile"], installed))
    given = dict(pair.split("=", 1) for pair in shlex.split(service["Environment"]))
    assert given == {"HOME": f"/var/lib/{service['StateDirectory']}"}
    environment = {**LITTLE, **read_environment(file), "HOME": str(installed), "PATH": os.defpath}
    command = shlex.split(here(service["ExecStart"], installed))
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert still_recorded(simulator) == ["1001", "1003", "1005", "1007", "1009"]


def test_a_failure_is_mailed(tmp_path: Path) -> None:
    [starts] = re.findall(r"^OnFailure=(.*)$", (NIGHTLY / SERVICE).read_text(), re.MULTILINE)
    template, instance = re.fullmatch(r"([\w-]+@)(%n)\.service", starts).groups()  # type: ignore[union-attr]
    command = unit(f"{template}.service")["Service"]["ExecStart"]
    assert instance == "%n"
    for name, does in (("journalctl", 'echo "of $2"'), ("mail", 'echo "$@" && cat')):
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n")
        (tmp_path / name).chmod(0o755)
    words = [word.replace("$$", "$").replace("%i", SERVICE) for word in shlex.split(command)]
    environment = {"PATH": f"{tmp_path}:{os.defpath}"}
    mailed = subprocess.run(words, env=environment, capture_output=True, text=True, check=True).stdout
    assert mailed == f"-s {SERVICE} failed supervisor@example.com\nof {SERVICE}\n"


def test_systemd_finds_no_mistake_in_the_units(tmp_path: Path) -> None:
    """By systemd itself where it is here; without it the units are at least such files, and name each other."""
    names = sorted(path.name for path in NIGHTLY.iterdir() if path.suffix in (".service", ".timer"))
    assert names == ["vicidial-mail@.service", SERVICE, "vicidial-nightly.timer"]
    assert unit("vicidial-nightly.timer")["Timer"]["OnCalendar"] == "*-*-* 02:30"
    assert all(set(unit(name).sections()) <= {"Unit", "Service", "Timer", "Install"} for name in names)
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd here")
    for name in names:
        (tmp_path / name).write_text(here((NIGHTLY / name).read_text(), tmp_path))
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in names[1:])]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (verified.returncode, [line for line in verified.stderr.splitlines() if str(tmp_path) in line]) == (0, [])
    when = subprocess.run(["systemd-analyze", "calendar", "*-*-* 02:30"], capture_output=True, check=False)
    assert when.returncode == 0


def test_the_run_by_hand_finds_a_misspelled_campaign(simulator: Simulator, installed: Path) -> None:
    """At night it is a success. By hand the agents are named, no recording ends, and a wrong name is a failure."""
    [command] = re.findall(r"^# su - vicidial -s /bin/sh -c '([^']*)'$", as_root(), re.MULTILINE)
    before = still_recorded(simulator)

    def by_hand() -> subprocess.CompletedProcess[str]:
        words = ["/bin/sh", "-c", here(command, installed)]
        environment = {**LITTLE, "HOME": str(installed), "PATH": os.defpath}
        return subprocess.run(words, cwd=installed, env=environment, capture_output=True, text=True, check=False)

    done = by_hand()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "would be signalled: 1000" in done.stdout
    assert still_recorded(simulator) == before
    rules = installed / "nightly.yml"
    rules.write_text(rules.read_text().replace("- SALES", "- SALE"))
    assert run_cron(installed).returncode == 0
    assert by_hand().returncode == 2


def as_root() -> str:
    """What the page has root type."""
    return "".join(block.text for block in blocks(ROOT / "docs" / "operations.md", "console"))


def test_the_account_is_installed_for_one_reader() -> None:
    page = as_root()
    assert "# install -D -m 600 -o vicidial vicidial.env /etc/vicidial/vicidial.env\n" in page
    for path in re.findall(r"^# install (?:-D )?-m \d+ (?:-o \w+ )?([\w.-]+) /", page, re.MULTILINE):
        assert (NIGHTLY / path).exists()
