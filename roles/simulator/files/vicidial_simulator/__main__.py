# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``python3 vicidial_simulator.pyz``, or ``-m vicidial_simulator``: one call center, served until it is stopped."""

from __future__ import annotations

import argparse
import atexit
import errno
import json
import os
import shlex
import shutil
import signal
import socket
import ssl
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from . import faults, release
from .agent_api import AgentApi
from .certificate import CERTIFICATE_DAYS, make_certificate
from .dialer import Dialer
from .presets import account_named, populate, statuses_named
from .process import call_when_ended, program, remove, running, start_in_background, stop, write
from .web import ON_THIS_MACHINE, WebServer

OPTIONS_VARIABLE = "VICIDIAL_SIMULATOR_OPTIONS"
DEFAULT_ACCOUNT = "6666:simulated"

EXAMPLES = """examples:
  {program} --port 8099
  curl -d source=test -d user=6666 -d pass=simulated -d function=stereo_recording \\
      -d value=STATUS -d agent_user=1000 http://127.0.0.1:8099/agc/api.php

Open http://127.0.0.1:8099/ in a browser to see its agents, calls and what clients ask. Everybody who reaches it can
steer it: never use real passwords. Options can also stand in {variable}, before those that are given here.
"""


def main() -> int:
    """Run the command line; returns the exit code."""
    # Taken out of the environment: one that is started in the background gets them as arguments.
    arguments = [*shlex.split(os.environ.pop(OPTIONS_VARIABLE, "")), *sys.argv[1:]]
    options = _parser().parse_args(arguments, argparse.Namespace(arguments=arguments))
    try:
        _check(options)
        if options.stop:
            pid = stop(options.pid_file, options.ready_file)
            _remove_directory(options)
            print(f"process {pid} has ended" if pid else "no simulator was running")
        elif options.background:
            print(start_in_background(options.ready_file, [text for text in arguments if text != "--background"]))
        else:
            server, ca_path = _prepared(options)
            _serve(server, ca_path, options)
    except (OSError, OverflowError, ValueError) as error:  # OverflowError: a port that there is not
        print(f"vicidial_simulator: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="vicidial_simulator",
        description="A VICIdial dialer to test against: agents, calls and recordings behind the real HTTP interface.",
        epilog=EXAMPLES.format(program=" ".join(["python3", *program()[1:]]), variable=OPTIONS_VARIABLE),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--version", action="version", version=f"vicidial_simulator {release()}")
    add("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    add("--port", type=int, default=0, help="port to listen on; 0 takes a free one (%(default)s)")
    add(
        "--ready-file", type=Path, help="written as JSON once calls are answered: url, api_url, ca_path, pid, arguments"
    )
    add("--pid-file", type=Path, help="holds the process id while it runs; two simulators do not share one")
    add("--state-file", type=Path, help="the call center is read from it when it exists, and written to it at the end")
    add("--background", action="store_true", help="return once calls are answered; needs --ready-file")
    add("--stop", action="store_true", help="end the simulator of --pid-file, by force if it has to be; then return")
    add("--parent", type=int, metavar="PID", help="a process; when it has ended, the simulator ends too")
    add("--remove-directory", type=Path, metavar="DIRECTORY", help="removed at the end, with all that is in it")
    add("--agents", type=int, default=10, help="agents logged in from 1000 on (%(default)s)")
    add("--campaigns", default="SALES,SUPPORT", help="their campaigns, in turn (%(default)s)")
    add("--statuses", default="mixed", help="their statuses in turn, such as INCALL,PAUSED; or %(default)s")
    add("--seed", type=int, default=1, help="draws the moments at which screens poll (%(default)s)")
    account = (
        f"an API account; it replaces {DEFAULT_ACCOUNT}, name that again if you want both. Its rights where it has"
    )
    rights = "not all: such as level=6 or allowed_functions=stereo_recording+logged_in_agents"
    add("--account", action="append", metavar="USER:PASSWORD[,key=value]", help=f"{account} {rights}")
    add("--fault", action="append", default=[], metavar="NAME[,key=value]", help=", ".join(faults.NAMES))
    add("--workers", type=int, default=0, help="calls served at once, of all clients; 0 means any number (%(default)s)")
    add("--service-seconds", type=float, default=0.0, help="how long a worker is busy with a call (%(default)s)")
    add("--queue", type=int, default=0, help="calls that may wait for a worker, others get a 502; 0 means any number")
    tls = f"serve HTTPS; without --certificate, openssl makes one that is valid for {CERTIFICATE_DAYS} days"
    add("--tls", action="store_true", help=tls)
    add("--certificate", type=Path, help="PEM file of the certificate, with the key in it unless --key is given")
    add("--key", type=Path, help="PEM file of the key of --certificate")
    add("--client-ca", type=Path, help="PEM file of the authority whose client certificates are asked for")
    return parser


def _prepared(options: argparse.Namespace) -> tuple[WebServer, Path | None]:
    """The server, ready to serve, and what a client verifies its certificate with."""
    dialer = Dialer()
    if options.state_file and options.state_file.exists():
        try:
            dialer.load(json.loads(options.state_file.read_text()))
        except (RecursionError, ValueError) as error:
            raise ValueError(f"not a state file of this version: {options.state_file}: {error}") from error
    else:
        dialer.accounts = {
            account.user: account for account in map(account_named, options.account or [DEFAULT_ACCOUNT])
        }
        populate(dialer, options.agents, options.campaigns.split(","), statuses_named(options.statuses), options.seed)
    certificate, key, tls = options.certificate, options.key, None
    if options.tls or certificate:
        if certificate is None:
            directory = tempfile.mkdtemp(prefix="vicidial_simulator-")
            atexit.register(shutil.rmtree, directory, ignore_errors=True)
            host = ON_THIS_MACHINE.get(options.host, options.host)
            names = list(dict.fromkeys([host, "localhost", "127.0.0.1"]))
            certificate, key = make_certificate(Path(directory), names)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate, key)
        if options.client_ca:
            tls.load_verify_locations(options.client_ca)
            tls.verify_mode = ssl.CERT_REQUIRED
    try:
        server = WebServer(dialer, options.host, options.port, tls)
    except OSError as error:
        raise ValueError(_why_not_there(error, options.host, options.port)) from error
    limits = {name: getattr(options, name) for name in ("workers", "service_seconds", "queue")}
    try:
        server.control.act("capacity", limits)
        for text in options.fault:
            name, details = faults.parse(text)
            server.control.act("fault", {"name": name, **details})
    except ValueError:
        server.server_close()
        raise
    return server, certificate


def _why_not_there(error: OSError, host: str, port: int) -> str:
    """Why nobody can listen on that address, and what to do next."""
    if error.errno == errno.EADDRINUSE:
        return f"port taken: something listens on {host}:{port}. End it, or choose another --port; 0 takes a free one"
    if error.errno == errno.EACCES:
        return f"port {port} is for root alone. Choose a --port from 1024 on"
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return f"{host} is no address of this machine. Choose another --host, such as 127.0.0.1, or 0.0.0.0 for all"
    return str(error)


def _check(options: argparse.Namespace) -> None:
    """Raise ValueError for options that do not go together, and where a simulator is there already."""
    if options.stop:
        if not options.pid_file:
            raise ValueError("--stop needs --pid-file")
        return
    if pid := running(options.pid_file):
        raise ValueError(f"a simulator is there, process {pid} of {options.pid_file}: end it first, with --stop")
    if options.background and not options.ready_file:
        raise ValueError("--background needs --ready-file")
    if options.key and not options.certificate:
        raise ValueError("--key needs --certificate")
    if options.client_ca and not (options.tls or options.certificate):
        raise ValueError("--client-ca needs --tls or --certificate")
    if options.state_file and not options.state_file.parent.is_dir():
        raise ValueError(f"no directory for the state file: {options.state_file.parent}")


def _serve(server: WebServer, ca_path: Path | None, options: argparse.Namespace) -> None:
    def end(*_ignored: Any) -> None:
        threading.Thread(target=server.shutdown).start()  # waits for serve_forever(), which runs in this very thread

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    if options.parent:
        call_when_ended(options.parent, end)
    about = {
        "url": server.url,
        "api_url": server.url + AgentApi.path,
        "ca_path": str(ca_path) if ca_path else None,
        "pid": os.getpid(),
        "arguments": options.arguments,
    }
    files = {options.pid_file: f"{os.getpid()}\n", options.ready_file: json.dumps(about) + "\n"}
    try:
        for path, text in files.items():
            if path:
                write(path, text)
        print(server.url, flush=True)
        if sys.stdout.isatty():
            print(f"Open it in a browser to look in. The Agent API is {about['api_url']}. Ctrl-C ends it.", flush=True)
        server.serve_forever(poll_interval=0.05)
    finally:
        if options.state_file:
            write(options.state_file, json.dumps(_saved(server), indent=1) + "\n")
        remove(*files)
        _remove_directory(options)
        server.server_close()


def _remove_directory(options: argparse.Namespace) -> None:
    if options.remove_directory:
        shutil.rmtree(options.remove_directory, ignore_errors=True)


def _saved(server: WebServer) -> dict[str, Any]:
    """The state of the call center, without the faults that were set in this session."""
    with server.lock:
        server.faults.clear()
        return server.dialer.save()


if __name__ == "__main__":
    sys.exit(main())
