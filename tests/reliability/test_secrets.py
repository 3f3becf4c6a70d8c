# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever the server says of an account, and wherever Ansible writes it, the password is not in it.

Every account error (protocol 3.3, 3.6, 2.5), as servers word it that echo the password stripped, raw, in SQL and as a
hash, through the modules in both ways and the inventory, into everything that a run leaves behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.telephony.vicidial.tests.reliability.conftest import Figure
from ansible_collections.telephony.vicidial.tests.secret_search import Outputs, spellings
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving
from ansible_collections.telephony.vicidial.tests.unit.playbooks.playbook_runner import (
    AS_MODULE,
    IN_PROCESS,
    Tasks,
    python_for,
)
from vicidial_simulator.accounts import Account, strip_password

Cell = dict[str, str]

DECLARE = "telephony.vicidial.vicidial_stereo_recording"
ASK = "telephony.vicidial.vicidial_stereo_recording_info"
# Modules about no agent: whatever they say of an account.
OTHERS = sorted(
    {f"telephony.vicidial.{path.stem}" for path in (Path(__file__).parents[2] / "plugins" / "modules").glob("*.py")}
    - {DECLARE, ASK}
)
INVENTORY = "telephony.vicidial.vicidial_agents"
RIGHT = "right"

PASSWORDS = {
    "kept": "Correct-horse.42",
    "stripped": "p@ss!w#rd",
    "escaped": "Zx<&>\"'\\/ü% +q9",
    "word": "contrase",  # a part of what the server says in Spanish
}
CANARY = "tweet<&>\"'\\/ü% +9"
IN_TASK = "written-into-a-task"
IN_ENVIRONMENT = "set-by-environment"
# What an account is like besides its password, and the reason that a task fails with.
ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "wrong": ({"password": "another"}, "authentication_failed"),
    "locked": ({"failures": 10, "last_login_date": 1e12}, "account_locked"),
    "blocked": ({"allowed_addresses": ["192.0.2.1"]}, "address_blocked"),
    "noapi": ({"agent_api_access": False}, "api_access_denied"),
    "nofunction": ({"allowed_functions": ["recording"]}, "permission_denied"),
    "spanish": ({"password": "another", "language": "Spanish"}, "not_understood"),
}
SERVERS: dict[str, dict[str, bool]] = {
    "stripped": {},
    "sql": {"hashed_passwords": True},
    "raw": {"echoes_raw": True},
    "raw and sql": {"echoes_raw": True, "hashed_passwords": True},
    "no server": {"echoes_raw": True, "hashed_passwords": True, "active_servers": False},
    "switched off": {"api_active": False},
}
UNFIT = ("no server", "switched off")
# Put in front of requests by Python itself, in whatever process of the run.
CRASHING = """
import os
from urllib.parse import quote

import requests


def crash(*_arguments, **_more):
    password = os.environ["VICIDIAL_API_PASSWORD"]
    # Ansible would mask the first one by itself.
    raise RuntimeError(f"no luck with {password}, {password.upper()}, {quote(password)}")


class Session(requests.Session):
    def __init__(self):
        super().__init__()
        setattr(self, os.environ["CRASH_AT"], crash)


requests.Session = Session
"""
# What only the server says: none of its text around the password may be there either.
SERVER_WORDS = ("Invalid Username/Password: |", "SELECT count", "Login incorrect", "Nombre de usuario")


def password_of(kind: str, user: str) -> str:
    """The password of this ``kind``, one of which is the user itself."""
    return PASSWORDS.get(kind, user)


KINDS = [*PASSWORDS, "user"]
ALL_PASSWORDS = {password_of(kind, f"{error}{kind}") for error in (*ERRORS, RIGHT) for kind in KINDS}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Simulator]]:
    """One server for each way to word an error, with an account for each error and kind of password."""
    with ExitStack() as stack:
        found = {}
        for name, system in SERVERS.items():
            dialer = call_center(agents=2)
            for error, (fields, _reason) in {**ERRORS, RIGHT: ({}, "")}.items():
                for kind in KINDS:
                    user = f"{error}{kind}"
                    right = {"password": strip_password(password_of(kind, user))}
                    dialer.accounts[user] = Account(**{"user": user, **right, **fields})
            for field, value in system.items():
                setattr(dialer.system, field, value)
            found[name] = stack.enter_context(serving(dialer))
        yield found


@pytest.fixture
def good(servers: dict[str, Simulator]) -> Cell:
    """An account that is right, with the password that is spelled in most ways."""
    return {"url": servers["raw and sql"].url, "user": f"{RIGHT}escaped", "password": PASSWORDS["escaped"]}


def cells(servers: dict[str, Simulator], *names: str) -> list[Cell]:
    """Every account error of the servers with these ``names``, with every kind of password."""
    found = []
    for name in names:
        reasons = {RIGHT: "api_inactive"} if name in UNFIT else {error: answer[1] for error, answer in ERRORS.items()}
        for error, reason in reasons.items():
            for kind in KINDS:
                user = f"{error}{kind}"
                account = {"user": user, "password": password_of(kind, user)}
                found.append({"url": servers[name].url, **account, "reason": reason})
    return found


def tasks_over(group: str, module: str, python: str, **options: str) -> Tasks:
    """The ``module`` run for every cell of the list ``group``, and all that it returns shown.

    A loop shows its items, so they are numbers.
    """
    account = {f"api_{name}": f"{{{{ {group}[item].{name} }}}}" for name in ("url", "user", "password")}
    return [
        {
            "name": f"Every {group} through {module}",
            module: {**account, **options},
            "loop": f"{{{{ range({group} | length) | list }}}}",
            "vars": {"ansible_python_interpreter": python},
            "register": "outcome",
            "ignore_errors": True,
            "diff": True,
        },
        {"name": "Show it", "ansible.builtin.debug": {"var": "outcome"}},
    ]


def proven_tasks_over(group: str, module: str, python: str) -> Tasks:
    """The same for a module about agents, and that each cell failed for its own reason."""
    state = {"state": "recording"} if module == DECLARE else {}
    same = f"outcome.results | map(attribute='reason') | list == {group} | map(attribute='reason') | list"
    proof = {"name": "Each failed for its own reason", "ansible.builtin.assert": {"that": same, "quiet": True}}
    return [*tasks_over(group, module, python, agent_user="1000", **state), proof]


def good_tasks() -> Tasks:
    """What goes well, with facts and a difference, the account in the task and in the environment."""
    account = {"api_url": "{{ good.url }}", "api_user": "{{ good.user }}", "api_password": "{{ good.password }}"}
    return [
        {DECLARE: {**account, "agent_user": "1000", "state": "recording"}, "diff": True},
        {DECLARE: {**account, "agent_users": ["1000", "1001"], "state": "idle"}, "diff": True, "check_mode": True},
        {ASK: {"agent_users": ["1000", "1001"]}, "register": "from_environment"},
        {"ansible.builtin.debug": {"var": "from_environment"}},
        {"ansible.builtin.debug": {"var": "vicidial_stereo_recordings"}},
    ]


def canary_tasks() -> Tasks:
    """What a leak looks like: a secret that is shown, in a failure and as a fact; that the search finds it proves it.

    Two more are Ansible's own, and docs/secrets.md warns of them: an argument of a task and an ``environment``.
    """
    return [
        {"ansible.builtin.set_fact": {"sung": CANARY, "cacheable": True}},
        {"ansible.builtin.fail": {"msg": CANARY}, "ignore_errors": True},
        {ASK: {"agent_user": "1000", "api_password": IN_TASK}, "ignore_errors": True},
        {"ansible.builtin.command": "true", "environment": {"VICIDIAL_API_PASSWORD": IN_ENVIRONMENT}},
    ]


def written(directory: Path, tasks: Tasks, **variables: Any) -> Path:
    """A playbook of ``tasks`` over the ``variables``, which lie in a file of their own as a vault's do."""
    (directory / "secrets.yml").write_text(json.dumps(variables))
    playbook = directory / "play.yml"
    play = {"hosts": "localhost", "gather_facts": False, "vars_files": ["secrets.yml"], "tasks": tasks}
    playbook.write_text(json.dumps([play], indent=1))
    return playbook


def inventories(directory: Path, wanted: Sequence[Cell]) -> list[str]:
    """An inventory file for each cell, with its password in it, as arguments of the command line."""
    arguments = []
    for number, cell in enumerate(wanted):
        account = {f"api_{name}": cell[name] for name in ("url", "user", "password")}
        path = directory / f"{number}.vicidial_agents.yml"
        path.write_text(json.dumps({"plugin": INVENTORY, **account}, indent=1))
        arguments.append(f"--inventory={path}")
    return arguments


def environment(directory: Path, good: Cell, **more: str) -> dict[str, str]:
    """The environment of a run, with the account as a credential of AWX injects it."""
    return {
        **os.environ,
        "VICIDIAL_API_URL": good["url"],
        "VICIDIAL_API_USER": good["user"],
        "VICIDIAL_API_PASSWORD": good["password"],
        "ANSIBLE_HOME": str(directory / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "1",
        **more,
    }


def run(directory: Path, good: Cell, command: list[str], **more: str) -> Outputs:
    """What ``command`` printed; it has to succeed, which says that every task failed for the reason that it should."""
    done = subprocess.run(
        command, cwd=directory, env=environment(directory, good, **more), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    outputs = Outputs()
    outputs.add("printed", done.stdout)
    outputs.add("stderr", done.stderr)
    return outputs


def places(found: Iterable[str]) -> set[str]:
    """Of the names of outputs, where each stands."""
    return {name.partition("/")[0] for name in found}


def test_ansible_playbook(servers: dict[str, Simulator], good: Cell, tmp_path: Path, figure: Figure) -> None:
    talkative = cells(servers, "raw and sql", *UNFIT)
    here, there = python_for(IN_PROCESS, tmp_path), python_for(AS_MODULE, tmp_path)
    tasks = [
        *proven_tasks_over("every", DECLARE, here),
        *proven_tasks_over("talkative", ASK, here),
        *proven_tasks_over("some", DECLARE, there),
        *proven_tasks_over("some", ASK, there),
        *[task for module in OTHERS for task in tasks_over("some", module, here)],
        *good_tasks(),
        *canary_tasks(),
    ]
    # A module costs a third of a second: each error once, the kinds of password in turn.
    some = talkative[:: len(KINDS) + 1]
    playbook = written(tmp_path, tasks, every=cells(servers, *SERVERS), talkative=talkative, some=some, good=good)
    left = tmp_path / "left"
    left.mkdir()
    outputs = run(
        tmp_path,
        good,
        ["ansible-playbook", "-vvvv", "--diff", *inventories(tmp_path, talkative[: -2 * len(KINDS)]), str(playbook)],
        ANSIBLE_LOG_PATH=str(left / "log"),
        ANSIBLE_CALLBACKS_ENABLED="ansible.builtin.junit",
        JUNIT_OUTPUT_DIR=str(left / "junit"),
        ANSIBLE_CACHE_PLUGIN="ansible.builtin.jsonfile",
        ANSIBLE_CACHE_PLUGIN_CONNECTION=str(left / "facts"),
        ANSIBLE_CALLBACK_RESULT_FORMAT="json",
    )
    outputs.add_files(left)
    figure(f"ansible-playbook: {outputs.search(ALL_PASSWORDS)}")
    assert not outputs.holding(SERVER_WORDS)
    assert places(outputs.holding(spellings(CANARY))) == {"printed", "log", "junit", "facts"}
    assert places(outputs.holding([IN_TASK])) == {"junit"}
    assert places(outputs.holding([IN_ENVIRONMENT])) == {"printed", "log"}


def test_ansible_runner(servers: dict[str, Simulator], good: Cell, tmp_path: Path, figure: Figure) -> None:
    wanted = cells(servers, "raw and sql", *UNFIT)
    here, there = python_for(IN_PROCESS, tmp_path), python_for(AS_MODULE, tmp_path)
    tasks = [*proven_tasks_over("every", DECLARE, here), *proven_tasks_over("some", ASK, there)]
    tasks += [*good_tasks(), *canary_tasks()]
    playbook = written(tmp_path, tasks, every=wanted, some=wanted[:2], good=good)
    command_line = " ".join(["--diff", *inventories(tmp_path, wanted[: len(KINDS)])])
    options = ["--artifact-dir", str(tmp_path / "left"), "--cmdline", command_line]
    options += ["--project-dir", str(tmp_path), "--playbook", str(playbook)]
    outputs = run(
        tmp_path,
        good,
        ["ansible-runner", "run", "-vvvv", "--ident", "job", *options, str(tmp_path / "private")],
    )
    # The environment of the command, by ansible-runner itself, and for its user alone to read: docs/secrets.md.
    command = tmp_path / "left" / "job" / "command"
    assert json.loads(command.read_text())["env"]["VICIDIAL_API_PASSWORD"] == good["password"]
    assert command.stat().st_mode & 0o077 == 0
    outputs.add_files(tmp_path / "left" / "job", leaving_out=["command"])
    figure(f"ansible-runner: {outputs.search(ALL_PASSWORDS)}")
    assert not outputs.holding(SERVER_WORDS)
    assert places(outputs.holding(spellings(CANARY))) == {"printed", "stdout", "job_events", "fact_cache"}


def test_an_exception_that_nobody_foresaw(
    servers: dict[str, Simulator], good: Cell, tmp_path: Path, figure: Figure
) -> None:
    """Raised in the client with the password in its text: only its kind and its place are shown."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(CRASHING)
    here, there = python_for(IN_PROCESS, tmp_path), python_for(AS_MODULE, tmp_path)
    ways: list[tuple[dict[str, Any], str]] = [
        ({DECLARE: {"agent_user": "1000", "state": "idle"}}, here),
        ({DECLARE: {"agent_user": "1000", "state": "idle"}}, there),
        ({ASK: {"agent_user": "1000"}}, here),
    ]
    tasks: Tasks = []
    # What goes wrong when the connections are closed is of no interest to anybody.
    for place, expected in (("send", "outcome.reason == 'internal_error'"), ("close", "outcome is succeeded")):
        for task, python in ways:
            keywords = {"environment": {"CRASH_AT": place}, "vars": {"ansible_python_interpreter": python}}
            tasks += [
                {**task, **keywords, "register": "outcome", "ignore_errors": True},
                {"ansible.builtin.assert": {"that": expected}},
            ]
    outputs = run(
        tmp_path,
        good,
        ["ansible-playbook", "-vvvv", *inventories(tmp_path, [good]), str(written(tmp_path, tasks))],
        CRASH_AT="send",
        PYTHONPATH=str(tmp_path / "broken"),
    )
    figure(f"an exception in the client: {outputs.search([good['password']])}")
    expected = "defect: RuntimeError at sitecustomize.py"
    assert all(expected.casefold() in text for text in outputs.texts.values())


def test_an_agent_who_is_the_password(good: Cell, tmp_path: Path) -> None:
    """Ansible masks the values of a result, and of what a module prints nothing else: docs/secrets.md."""
    dialer = call_center(agents=0)
    dialer.log_in("1234", "SALES")
    dialer.start_call("1234")
    dialer.accounts["api"] = Account("api", "1234")
    dialer.accounts["locked"] = Account("locked", "locked", failures=10, last_login_date=1e12)
    here, there = python_for(IN_PROCESS, tmp_path), python_for(AS_MODULE, tmp_path)
    tasks: Tasks = []
    for python in (here, there):
        tasks += [
            {
                ASK: {"agent_user": "{{ vicidial_user }}"},
                "register": "outcome",
                "vars": {"ansible_python_interpreter": python},
            },
            {
                "ansible.builtin.assert": {
                    "that": [
                        "inventory_hostname == '1234' and vicidial_user == '1234'",
                        "vicidial_stereo_recordings | list == ['1234']",
                        "outcome.recordings[0].user == 'VALUE_SPECIFIED_IN_NO_LOG_PARAMETER'",
                    ]
                }
            },
            {
                ASK: {"agent_user": "1234", "api_user": "locked", "api_password": "locked"},
                "register": "outcome",
                "failed_when": "outcome.reason != 'account_********'",
            },
        ]
    with serving(dialer) as simulator:
        account = {"url": simulator.url, "user": "api", "password": "1234"}
        playbook = written(tmp_path, tasks)
        playbook.write_text(playbook.read_text().replace("localhost", "all"))
        outputs = run(tmp_path, account, ["ansible-playbook", *inventories(tmp_path, [account]), str(playbook)])
    assert "ok: [1234]" in outputs.texts["printed"]
