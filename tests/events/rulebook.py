# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-rulebook as a user runs it, and what it tells, receives and calls."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qsl, urlsplit

import yaml

from ansible_collections.telephony.vicidial.tests.support import PASSWORD, USER, Simulator

# The bin directory of its environment (noxfile.py).
PROGRAMS = Path(os.environ.get("VICIDIAL_TEST_RULEBOOK", ""))
ROOT = Path(__file__).resolve().parents[2]
RULEBOOKS = ROOT / "extensions/eda/rulebooks"
PATIENCE_SECONDS = 90.0
TOKEN = "a-token-for-tests"


def wait_for(what: Callable[[], Any]) -> Any:
    """What ``what`` returns once that is true. How long it takes decides nothing: it fails only when it never is."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while not (found := what()):
        assert time.monotonic() < give_up_at, "it never came"
        time.sleep(0.05)
    return found


class Rulebook:
    """One run of ansible-rulebook in ``directory``."""

    def __init__(self, directory: Path, name: str, simulator: Simulator, *arguments: str, **variables: Any) -> None:
        (directory / "inventory").write_text("localhost ansible_connection=local\n")
        (directory / "vars.yml").write_text(json.dumps(variables))
        self._output = directory / "output"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "VICIDIAL_"))},
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "EDA_JOB_TEMPLATE_REFRESH_DELAY": "0.5",
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "VICIDIAL_API_URL": simulator.url,
            "VICIDIAL_API_USER": USER,
            "VICIDIAL_API_PASSWORD": PASSWORD,
            **{name: variables[name] for name in list(variables) if name.startswith("VICIDIAL_")},
        }
        command: list[str | Path] = [
            PROGRAMS / "ansible-rulebook",
            "--rulebook",
            name,
            "--inventory",
            "inventory",
            "--vars",
            "vars.yml",
        ]
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                [*command, *arguments],
                cwd=directory,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What it has printed by now."""
        return self._output.read_text()

    def has_looked(self, simulator: Simulator, users: int) -> None:
        """Wait until it has asked about so many agents: what changes from then on is an event."""

        def has_asked() -> bool:
            assert self._process.poll() is None, self.output
            asked = {entry["agent_user"] for entry in simulator.journal.entries() if entry["agent_user"]}
            return len(asked) >= users and simulator.journal.entries()[-1]["function"] == "logged_in_agents"

        wait_for(has_asked)

    def ends(self) -> int:
        """Wait until it ends by itself; its exit code."""
        return self._process.wait(PATIENCE_SECONDS)

    def stop(self) -> int:
        """End it as a service manager does; its exit code."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(PATIENCE_SECONDS)
        finally:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()


@contextmanager
def running(directory: Path, name: str, simulator: Simulator, *arguments: str, **variables: Any) -> Iterator[Rulebook]:
    """ansible-rulebook with the rulebook ``name``, connected to the simulator, until the context ends."""
    rulebook = Rulebook(directory, name, simulator, *arguments, **variables)
    try:
        yield rulebook
    finally:
        rulebook.stop()


@dataclass
class Listener:
    """An HTTP server that keeps what is posted to it; ``url`` leads to it."""

    url: str
    posts: list[tuple[str, dict[str, str], Any]] = field(default_factory=list)

    def events(self) -> list[dict[str, Any]]:
        """The events of all posts in the form json."""
        return [event for _path, _headers, body in self.posts for event in body["events"]]

    def kinds(self) -> list[tuple[Any, str]]:
        """To whom what happened, in the order of the posts."""
        return [(event["agent"], event["event"]) for event in self.events()]


@contextmanager
def listening() -> Iterator[Listener]:
    """A webhook on loopback; it is an AWX too, as far as ansible-rulebook calls one."""
    listener = Listener("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            listener.posts.append((self.path, dict(self.headers.items()), body))
            self._answer({"url": "/api/v2/jobs/7/", "id": 7})

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            assert self.headers["Authorization"] == f"Bearer {TOKEN}"
            if url.path == "/api/v2/config/":
                self._answer({"version": "24.6.1"})
            elif url.path == "/api/v2/unified_job_templates/":
                self._answer({"count": 1, "next": None, "results": [_template(dict(parse_qsl(url.query))["name"])]})
            else:
                job = {"id": 7, "url": "/api/v2/jobs/7/", "status": "successful", "created": "now", "artifacts": {}}
                self._answer({**job, "count": 1, "next": None, "results": [job]})

        def _answer(self, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _template(name: str) -> dict[str, Any]:
    """A job template with a survey, as the role awx declares "ensure"."""
    return {
        "type": "job_template",
        "id": 5,
        "name": name,
        "ask_limit_on_launch": False,
        "ask_variables_on_launch": False,
        "ask_labels_on_launch": False,
        "ask_inventory_on_launch": False,
        "survey_enabled": True,
        "summary_fields": {"organization": {"name": "Default"}},
        "related": {"launch": "/api/v2/job_templates/5/launch/"},
    }


def load(path: Path) -> Any:
    """A YAML file."""
    return yaml.safe_load(path.read_text())
