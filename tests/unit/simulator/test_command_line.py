# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, in processes of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

import pytest
import requests

from ansible_collections.telephony.vicidial.tests.certificates import make_certificate
from ansible_collections.telephony.vicidial.tests.documents import table
from ansible_collections.telephony.vicidial.tests.support import SOURCE
from ansible_collections.telephony.vicidial.tests.unit.simulator.client import TIMEOUT
from vicidial_simulator import process
from vicidial_simulator.__main__ import main

# The oldest Python that a managed host may have, where there is one (noxfile.py); standard library only.
COMMAND = [os.environ.get("VICIDIAL_TEST_PYTHON39", sys.executable), "-S", "-m", "vicidial_simulator"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(SOURCE)}
START_SECONDS = 20.0
STATUS = {"source": "unit", "function": "stereo_recording", "value": "STATUS", "agent_user": "1000"}


def wait_until(is_so: Callable[[], object]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class Program:
    """A simulator that was started, and the files that it was told to write."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.ready_file, self.pid_file = directory / "ready.json", directory / "pid"
        files = ["--ready-file", str(self.ready_file), "--pid-file", str(self.pid_file)]
        self.process = subprocess.Popen(
            [*COMMAND, *files, *options],
            env=ENVIRONMENT,
            cwd=directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: self.ready_file.exists() or self.process.poll() is not None)
        self.about: dict[str, Any] = json.loads(self.ready_file.read_text())

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """The exit code and both outputs, after the signal ``number``."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=START_SECONDS)
        return self.process.returncode, out, err

    def call(self, user: str = "6666", password: str = "simulated", **params: str) -> requests.Response:
        data = {**STATUS, "user": user, "pass": password, **params}
        return requests.post(self.about["api_url"], data=data, verify=self.about["ca_path"], timeout=TIMEOUT)

    def do(self, action: str, **arguments: Any) -> None:
        url = f"{self.about['url']}/_simulator/{action}"
        requests.post(url, json=arguments, verify=self.about["ca_path"], timeout=TIMEOUT).raise_for_status()

    def state(self) -> dict[str, Any]:
        url = f"{self.about['url']}/_simulator/state"
        state: dict[str, Any] = requests.get(url, verify=self.about["ca_path"], timeout=TIMEOUT).json()
        return state


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts a simulator with the options given, whose files are in ``tmp_path``; all are stopped at the end."""
    started: list[Program] = []

    def start(*options: str) -> Program:
        started.append(Program(tmp_path, *options))
        return started[-1]

    yield start
    for program in started:
        program.stop()


def run(*options: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """The whole life of a command that ends by itself."""
    return subprocess.run(
        [*COMMAND, *options],
        env=ENVIRONMENT,
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS,
    )


def test_ready_file_and_pid_file(start: Callable[..., Program]) -> None:
    program = start()
    url = program.about["url"]
    assert program.about == {
        "url": url,
        "api_url": f"{url}/agc/api.php",
        "ca_path": None,
        "pid": program.process.pid,
        "arguments": ["--ready-file", str(program.ready_file), "--pid-file", str(program.pid_file)],
    }
    assert list(table("docs/simulator.md", "In `dialer.json`")) == list(program.about)
    assert program.pid_file.read_text() == f"{program.process.pid}\n"
    assert program.call().text.startswith("NOTICE: not stereo_recording - 1000|")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_removes_its_files(start: Callable[..., Program], number: int) -> None:
    program = start()
    assert program.stop(number) == (0, f"{program.about['url']}\n", "")
    assert not program.ready_file.exists()
    assert not program.pid_file.exists()


def test_files_that_are_gone_already_do_not_matter(start: Callable[..., Program]) -> None:
    program = start()
    program.pid_file.unlink()
    assert program.stop()[0] == 0
    assert not program.ready_file.exists()


def test_a_connection_that_is_open_does_not_keep_it_from_ending(start: Callable[..., Program]) -> None:
    program = start()
    with requests.Session() as session:
        session.get(program.about["api_url"], params={"function": "version"}, timeout=TIMEOUT)
        assert program.stop()[0] == 0


def test_port_0_takes_a_free_one_each_time(start: Callable[..., Program], tmp_path: Path) -> None:
    one = start("--port", "0")
    (tmp_path / "other").mkdir()
    other = Program(tmp_path / "other", "--port", "0")
    other.stop()
    assert one.about["url"] != other.about["url"]


def test_a_port_of_choice(start: Callable[..., Program]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    assert start("--port", str(port)).about["url"] == f"http://127.0.0.1:{port}"


def test_what_is_on_the_floor(start: Callable[..., Program]) -> None:
    agents = start("--agents", "4", "--campaigns", "A,B", "--statuses", "PAUSED,INCALL").state()["agents"]
    rows = [(agent["user"], agent["campaign"], agent["status"]) for agent in agents.values()]
    assert rows == [("1000", "A", "PAUSED"), ("1001", "B", "INCALL"), ("1002", "A", "PAUSED"), ("1003", "B", "INCALL")]


def test_accounts(start: Callable[..., Program]) -> None:
    program = start("--account", "robot:s:e:c", "--account", "other:pw")
    assert list(program.state()["accounts"]) == ["robot", "other"]
    assert program.call(user="other", password="pw").text.startswith("NOTICE: ")
    assert program.call(user="6666").text.startswith("ERROR: Invalid Username/Password: ")


def test_an_account_needs_the_right_to_list(start: Callable[..., Program]) -> None:
    """As a real one does (protocol 5.1): the same account with that function, and without it."""
    may = "robot:pw,level=7,allowed_functions=stereo_recording+logged_in_agents"
    program = start("--account", may, "--account", "other:pw,allowed_functions=stereo_recording")
    url = program.about["url"] + "/vicidial/non_agent_api.php"
    listed, refused = (
        requests.post(url, data={**STATUS, "function": "logged_in_agents", "user": user, "pass": "pw"}, timeout=TIMEOUT)
        for user in ("robot", "other")
    )
    assert listed.text.startswith("1000|SALES|")
    assert refused.text == "ERROR: auth USER DOES NOT HAVE PERMISSION TO USE THIS FUNCTION: |other|logged_in_agents|\n"
    assert program.call(user="other", password="pw").text.startswith("NOTICE: ")


def test_options_from_the_environment_come_first_and_reach_the_background_once(tmp_path: Path) -> None:
    environment = {
        **ENVIRONMENT,
        "VICIDIAL_SIMULATOR_OPTIONS": "--agents 3 --fault 'latency,seconds=0.001' --background",
    }
    options = ["--ready-file", "ready", "--pid-file", "pid", "--agents", "2"]
    subprocess.run([*COMMAND, *options], env=environment, cwd=tmp_path, check=True, timeout=START_SECONDS)
    about = json.loads((tmp_path / "ready").read_text())
    try:
        assert about["arguments"] == ["--agents", "3", "--fault", "latency,seconds=0.001", *options]
        assert requests.get(f"{about['url']}/health", timeout=TIMEOUT).json()["agents"] == 2
    finally:
        os.kill(about["pid"], signal.SIGTERM)
    wait_until(lambda: not (tmp_path / "pid").exists())


def test_the_help_shows_an_example_that_works(start: Callable[..., Program], tmp_path: Path) -> None:
    text = run("--help", directory=tmp_path).stdout
    example = text.partition("\nexamples:\n")[2].partition("\n\n")[0].replace("\\\n", " ")
    starts, call = (shlex.split(line) for line in example.splitlines())
    assert starts[-2:] == ["--port", "8099"]
    assert call[0] == "curl"
    program = start()
    data = dict(pair.split("=", 1) for pair in call[2:-1:2])
    answer = requests.post(call[-1].replace("http://127.0.0.1:8099", program.about["url"]), data=data, timeout=TIMEOUT)
    assert answer.text.startswith("NOTICE: not stereo_recording - 1000|")


def test_the_help_says_that_an_account_replaces_the_one_that_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vicidial_simulator", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert "it replaces 6666:simulated, name that again if you want both" in " ".join(capsys.readouterr().out.split())


def test_faults(start: Callable[..., Program]) -> None:
    program = start("--fault", "bad-gateway,times=2,value=BEGIN", "--fault", "translated")
    assert [program.call(value=value).status_code for value in ("STATUS", "BEGIN", "BEGIN", "BEGIN")] == [
        200,
        502,
        502,
        200,
    ]
    assert program.call().text.startswith("AVISO: ")


def test_the_state_file_survives_a_restart(start: Callable[..., Program], tmp_path: Path) -> None:
    state_file = tmp_path / "state.json"
    options = ["--state-file", str(state_file), "--account", "robot:secret", "--agents", "2"]
    first = start(*options)
    first.do("start_recording", user="1000")
    first.do("account", user="robot", failures=3)
    first.do("campaign", name="SALES", stereo="DISABLED")
    before = first.state()
    assert not state_file.exists()
    first.stop()
    assert stat.S_IMODE(state_file.stat().st_mode) == 0o600

    second = start("--state-file", str(state_file), "--agents", "7")
    after = second.state()
    assert {**after, "now": 0} == {**before, "now": 0}
    assert after["now"] >= before["now"]
    answer = second.call(user="robot", password="secret").text
    assert answer.startswith("NOTICE: stereo_recording active - 1000|100001|")


def test_faults_of_the_call_center_are_not_kept(start: Callable[..., Program], tmp_path: Path) -> None:
    options = ["--state-file", str(tmp_path / "state.json"), "--fault", "old-build"]
    first = start(*options)
    first.do("fault", name="screen-closed")
    assert first.state()["system"]["build"] == "250429-0937"
    first.stop()
    second = start(*options[:2]).state()
    assert second["system"]["build"] == "260302-1142"
    assert second["agents"]["1000"]["screen"]["open"]


def test_a_second_simulator_with_the_same_pid_file_is_refused(start: Callable[..., Program], tmp_path: Path) -> None:
    first = start()
    for options in ([], ["--background"]):
        done = run(*options, "--pid-file", "pid", "--ready-file", "ready.json", directory=tmp_path)
        words = (
            f"vicidial_simulator: a simulator is there, process {first.process.pid} of pid: end it first, with --stop\n"
        )
        assert (done.returncode, done.stdout, done.stderr) == (2, "", words)
    assert json.loads(first.ready_file.read_text()) == first.about
    assert first.state()["agents"]


@pytest.mark.parametrize("left", ["", "text", "0", "-1", "2147483646"])
def test_a_pid_file_of_one_that_is_gone_does_not_matter(
    start: Callable[..., Program], tmp_path: Path, left: str
) -> None:
    (tmp_path / "pid").write_text(left)
    program = start()
    assert program.pid_file.read_text() == f"{program.process.pid}\n"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="no /proc")
def test_a_pid_file_whose_number_is_another_program_now_does_not_matter(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        (tmp_path / "pid").write_text(str(other.pid))
        start().stop()
        other.kill()


def test_stop_ends_it_and_says_so(start: Callable[..., Program], tmp_path: Path) -> None:
    program = start()
    threading.Thread(target=program.process.wait).start()  # as the system does for one in the background
    done = run("--stop", "--pid-file", "pid", "--ready-file", "ready.json", directory=tmp_path)
    assert (done.returncode, done.stdout) == (0, f"process {program.process.pid} has ended\n")
    assert program.process.wait() == 0
    assert not program.ready_file.exists()
    assert not program.pid_file.exists()


def test_stop_ends_one_that_hangs_by_force(
    start: Callable[..., Program], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.2)
    program = start()
    program.process.send_signal(signal.SIGSTOP)
    threading.Thread(target=program.process.wait).start()
    assert process.stop(program.pid_file, program.ready_file) == program.process.pid
    assert program.process.wait() == -signal.SIGKILL
    assert not program.ready_file.exists()


@pytest.mark.parametrize("left", [None, "2147483646"])
def test_stop_where_none_runs_cleans_up(tmp_path: Path, left: str | None) -> None:
    if left:
        (tmp_path / "pid").write_text(left)
        (tmp_path / "ready.json").write_text("{}")
    done = run("--stop", "--pid-file", "pid", "--ready-file", "ready.json", directory=tmp_path)
    assert (done.returncode, done.stdout) == (0, "no simulator was running\n")
    assert list(tmp_path.iterdir()) == []


def test_it_ends_with_its_parent_and_removes_its_directory(start: Callable[..., Program], tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as parent:
        (tmp_path / "own").mkdir()
        options = ["--parent", str(parent.pid), "--remove-directory", str(tmp_path / "own")]
        program = start(*options)
        assert program.call().text.startswith("NOTICE: ")
        parent.kill()
        parent.wait()
        assert program.process.wait(START_SECONDS) == 0
    assert not (tmp_path / "own").exists()


def test_no_option_can_be_abbreviated(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A child that was handed ``--back`` would start a child of its own, and so on without end."""
    monkeypatch.setattr(sys, "argv", ["vicidial_simulator", "--back", "--ready-file", "ready"])
    monkeypatch.setattr(subprocess, "Popen", None)
    with pytest.raises(SystemExit):
        main()
    assert "unrecognized arguments: --back" in capsys.readouterr().err


def test_in_the_background(tmp_path: Path) -> None:
    options = ["--ready-file", "ready", "--pid-file", "pid", "--agents", "1"]
    done = run("--background", *options, directory=tmp_path)
    about = json.loads((tmp_path / "ready").read_text())
    try:
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{about['url']}\n", "")
        assert requests.get(about["api_url"], params={"function": "version"}, timeout=TIMEOUT).status_code == 200
    finally:
        os.kill(about["pid"], signal.SIGTERM)
    wait_until(lambda: not (tmp_path / "pid").exists() and not (tmp_path / "ready").exists())


@pytest.mark.parametrize("options", [[], ["--background", "--ready-file", "ready"]], ids=["foreground", "background"])
def test_a_taken_port_is_told_with_what_to_do(tmp_path: Path, options: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(*options, "--port", str(port), directory=tmp_path)
    words = f"port taken: something listens on 127.0.0.1:{port}. End it, or choose another --port; 0 takes a free one"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"vicidial_simulator: {words}\n")
    assert not (tmp_path / "ready").exists()


def test_a_ready_file_of_an_earlier_run_is_not_believed(tmp_path: Path) -> None:
    (tmp_path / "ready").write_text('{"url": "http://127.0.0.1:1"}')
    done = run("--background", "--ready-file", "ready", "--statuses", "BUSY", directory=tmp_path)
    assert done.returncode == 2
    assert not (tmp_path / "ready").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--background"], "--background needs --ready-file"),
        (["--stop"], "--stop needs --pid-file"),
        (["--statuses", "BUSY"], "not a status of an agent: BUSY"),
        (["--account", "robot"], "an account is USER:PASSWORD"),
        (["--fault", "nosuch"], "no such fault: nosuch"),
        (["--fault", "latency"], "latency needs seconds, more than 0"),
        (["--fault", "translated,times=1"], "takes no further arguments"),
        (["--certificate", "missing.pem"], "No such file"),
        (["--certificate", "empty"], ""),
        (["--tls", "--client-ca", "missing.pem"], "No such file"),
        (["--host", "192.0.2.1"], "192.0.2.1 is no address of this machine. Choose another --host"),
        (["--port", "99999"], "port"),
        (["--state-file", "empty"], "empty"),
        (["--state-file", "other.json"], "other.json"),
        (["--state-file", "list.json"], "not a state file of this version: list.json"),
        (["--state-file", "deep.json"], "not a state file of this version: deep.json"),
        (["--state-file", "missing/state"], "no directory for the state file: missing"),
        (["--client-ca", "empty"], "--client-ca needs --tls or --certificate"),
        (["--key", "empty"], "--key needs --certificate"),
        (["--tls", "--key", "empty"], "--key needs --certificate"),
        (["--fault", "latency,seconds=nan"], "seconds has to be a finite number, from 0 to 86400"),
        (["--account", "a b:secret"], "user has to be a text, of A-Z"),
    ],
    ids=str,
)
def test_bad_options_exit_2_with_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["vicidial_simulator", *options])
    (tmp_path / "empty").touch()
    (tmp_path / "other.json").write_text('{"now": 1}')
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    assert main() == 2
    told = capsys.readouterr().err
    assert (told.count("\n"), told.startswith("vicidial_simulator: "), words in told) == (1, True, True), told


@pytest.mark.parametrize("options", [["--ready-file", "missing/ready"], ["--pid-file", "missing/pid"]], ids=str)
def test_a_file_that_cannot_be_written_exits_2_with_one_line(tmp_path: Path, options: list[str]) -> None:
    done = run(*options, directory=tmp_path)
    assert (done.returncode, done.stderr.count("\n"), "missing" in done.stderr) == (2, 1, True), done.stderr


@pytest.mark.parametrize("options", [["--nosuch"], ["--agents", "many"], ["--port", "http"]], ids=str)
def test_unknown_options_exit_2_with_the_usage(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["vicidial_simulator", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: vicidial_simulator ")


def test_https(start: Callable[..., Program]) -> None:
    program = start("--tls")
    assert program.about["url"].startswith("https://127.0.0.1:")
    assert program.call().text.startswith("NOTICE: ")
    certificate = Path(program.about["ca_path"])
    program.stop()
    assert not certificate.exists()


def test_the_certificate_is_valid_for_30_days(start: Callable[..., Program]) -> None:
    program = start("--tls")
    url = urlsplit(program.about["url"])
    trusting = ssl.create_default_context(cafile=program.about["ca_path"])
    plain = socket.create_connection((url.hostname, url.port), timeout=TIMEOUT)
    with trusting.wrap_socket(plain, server_hostname=url.hostname) as connection:
        certificate = connection.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    assert abs(ends - time.time() - 30 * 86400) < 3600


@pytest.mark.parametrize("options", [[], ["--tls"]], ids=str)
def test_ipv6(start: Callable[..., Program], options: list[str]) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    program = start("--host", "::1", *options)
    assert "://[::1]:" in program.about["api_url"]
    assert program.call().text.startswith("NOTICE: ")
    assert program.stop()[1:] == (f"{program.about['url']}\n", "")


def test_https_with_a_certificate_of_choice_that_clients_must_show_too(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    mine = tmp_path / "mine.pem"
    make_certificate(mine, ["127.0.0.1"])
    program = start("--certificate", str(mine), "--client-ca", str(mine))
    assert program.about["ca_path"] == str(mine)
    url = f"{program.about['api_url']}?function=version"
    assert requests.get(url, verify=str(mine), cert=str(mine), timeout=TIMEOUT).status_code == 200
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.get(url, verify=str(mine), timeout=TIMEOUT)
    program.stop()
    assert mine.exists()


def test_a_key_in_a_file_of_its_own(start: Callable[..., Program], tmp_path: Path) -> None:
    made, key, certificate = tmp_path / "made.pem", tmp_path / "key.pem", tmp_path / "certificate.pem"
    make_certificate(made, ["127.0.0.1"])
    text, _mark, rest = made.read_text().partition("-----BEGIN CERTIFICATE-----")
    key.write_text(text)
    certificate.write_text("-----BEGIN CERTIFICATE-----" + rest)
    assert start("--certificate", str(certificate), "--key", str(key)).call().text.startswith("NOTICE: ")
