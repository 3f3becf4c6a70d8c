# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 -m vicidial_simulator``: one call center, served until SIGTERM."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from . import faults
from .agent_api import AgentApi
from .certificate import make_certificate
from .dialer import Dialer
from .presets import account_named, populate, statuses_named
from .web import WebServer

START_SECONDS = 15
CERTIFICATE_DAYS = 30


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = _parser()
    options = parser.parse_args()
    try:
        _refuse_a_second(options.pid_file)
        if options.background:
            return _start_in_background(options)
        server, ca_path = _prepared(options)
        _serve(server, ca_path, options)
    except (OSError, OverflowError, ValueError) as error:  # OverflowError: a port that there is not
        print(f"vicidial_simulator: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    about = "A VICIdial dialer to test against."
    parser = argparse.ArgumentParser(prog="vicidial_simulator", description=about, allow_abbrev=False)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=0, help="port to listen on; 0 takes a free one (%(default)s)")
    add("--ready-file", type=Path, help="written as JSON once calls are answered: url, api_url, ca_path, pid")
    add("--pid-file", type=Path, help="holds the process id while it runs: kill it with SIGTERM; two do not share one")
    add("--state-file", type=Path, help="the call center is read from it when it exists, and written to it at the end")
    add("--background", action="store_true", help="return once calls are answered; needs --ready-file")
    add("--agents", type=int, default=10, help="agents logged in from 1000 on (%(default)s)")
    add("--campaigns", default="SALES,SUPPORT", help="their campaigns, in turn (%(default)s)")
    add("--statuses", default="mixed", help="their statuses in turn, such as INCALL,PAUSED; or %(default)s")
    add("--seed", type=int, default=1, help="draws the moments at which screens poll (%(default)s)")
    add("--account", action="append", metavar="USER:PASSWORD", help="an API account (6666:simulated)")
    add("--fault", action="append", default=[], metavar="NAME[,key=value]", help=", ".join(faults.NAMES))
    tls = f"serve HTTPS; unless --certificate is given a certificate is made, valid for {CERTIFICATE_DAYS} days"
    add("--tls", action="store_true", help=tls)
    add("--certificate", type=Path, help="PEM file of the certificate, with the key in it unless --key is given")
    add("--key", type=Path, help="PEM file of the key of --certificate")
    add("--client-ca", type=Path, help="PEM file of the authority whose client certificates are asked for")
    return parser


def _prepared(options: argparse.Namespace) -> tuple[WebServer, Path | None]:
    """The server, ready to serve, and what a client verifies its certificate with."""
    _check_paths(options)
    dialer = Dialer()
    if options.state_file and options.state_file.exists():
        try:
            dialer.load(json.loads(options.state_file.read_text()))
        except (RecursionError, ValueError) as error:
            raise ValueError(f"not a state file of this version: {options.state_file}: {error}") from error
    else:
        dialer.accounts = {
            account.user: account for account in map(account_named, options.account or ["6666:simulated"])
        }
        populate(dialer, options.agents, options.campaigns.split(","), statuses_named(options.statuses), options.seed)
    certificate, tls = options.certificate, None
    if options.tls or certificate:
        if certificate is None:
            directory = tempfile.mkdtemp(prefix="vicidial_simulator-")
            atexit.register(shutil.rmtree, directory, ignore_errors=True)
            certificate = Path(directory) / "certificate.pem"
            names = list(dict.fromkeys([options.host, "localhost", "127.0.0.1"]))
            make_certificate(certificate, names, CERTIFICATE_DAYS)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, options.key)
        if options.client_ca:
            tls.load_verify_locations(options.client_ca)
            tls.verify_mode = ssl.CERT_REQUIRED
    server = WebServer(dialer, options.host, options.port, tls)
    for text in options.fault:
        name, details = faults.parse(text)
        server.faults.add(dialer, name, **details)
    return server, certificate


def _check_paths(options: argparse.Namespace) -> None:
    if options.key and not options.certificate:
        raise ValueError("--key needs --certificate")
    if options.client_ca and not (options.tls or options.certificate):
        raise ValueError("--client-ca needs --tls or --certificate")
    if options.state_file and not options.state_file.parent.is_dir():
        raise ValueError(f"no directory for the state file: {options.state_file.parent}")


def _refuse_a_second(pid_file: Path | None) -> None:
    """Raise ValueError if the process that ``pid_file`` names is a simulator that is alive."""
    text = pid_file.read_text().strip() if pid_file and pid_file.exists() else ""
    if re.fullmatch("[1-9][0-9]*", text) and int(text) != os.getpid() and _is_simulator(int(text)):
        raise ValueError(f"process {text} of {pid_file} is still there")


def _is_simulator(pid: int) -> bool:
    """Whether the process is alive and, where the system tells, a simulator and not another one of the same number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    try:
        return str(__package__).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


def _serve(server: WebServer, ca_path: Path | None, options: argparse.Namespace) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        # shutdown() waits for serve_forever(), which runs in this very thread.
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    about = {
        "url": server.url,
        "api_url": server.url + AgentApi.path,
        "ca_path": str(ca_path) if ca_path else None,
        "pid": os.getpid(),
    }
    files = {options.pid_file: f"{os.getpid()}\n", options.ready_file: json.dumps(about) + "\n"}
    try:
        for path, text in files.items():
            if path:
                _write(path, text)
        print(server.url, flush=True)
        server.serve_forever(poll_interval=0.05)
    finally:
        if options.state_file:
            _write(options.state_file, json.dumps(_saved(server), indent=1) + "\n")
        for path in filter(None, files):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        server.server_close()


def _saved(server: WebServer) -> dict[str, Any]:
    """The state of the call center, without the faults that were set in this session."""
    with server.lock:
        server.faults.clear()
        return server.dialer.save()


def _write(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` whole: a reader never sees half of it. Only the owner may read it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)


def _start_in_background(options: argparse.Namespace) -> int:
    """Start the same command in a session of its own; returns once its ready file is there."""
    if not options.ready_file:
        print("vicidial_simulator: --background needs --ready-file", file=sys.stderr)
        return 2
    arguments = [argument for argument in sys.argv[1:] if argument != "--background"]
    with contextlib.suppress(FileNotFoundError):
        options.ready_file.unlink()
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            [sys.executable, "-m", __package__, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            start_new_session=True,
        )
        deadline = time.monotonic() + START_SECONDS
        while child.poll() is None and not options.ready_file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        if options.ready_file.exists():
            print(_ready(options.ready_file)["url"])
            return 0
        child.terminate()
        errors.seek(0)
        print(errors.read().decode().strip() or "vicidial_simulator: did not start in time", file=sys.stderr)
    return 2


def _ready(path: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads(path.read_text())
    return about


if __name__ == "__main__":
    sys.exit(main())
