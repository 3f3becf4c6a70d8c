# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that documents tell contributors to call: each exists, and the fast ones run."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.tests.tools.environments import ROOT

# `make unit PYTEST="-k x"` in a sentence or a table, and a line that begins with "$ make" in a block
COMMAND = re.compile(r"`((?:[A-Z_]+=\S+ )*make\b[^`\n]*)`|^\$ ((?:[A-Z_]+=\S+ )*make [^#\n]*)", re.MULTILINE)
COMMANDS = {
    command.strip(): name
    for name in ("CONTRIBUTING.md", "README.md", "docs/reliability.md", "docs/performance.md")
    for found in COMMAND.findall((ROOT / name).read_text())
    for command in found
    if command
}
MAKEFILE = (ROOT / "Makefile").read_text()
VARIABLES = {
    "PYTHONS",
    "LEGS",
    "V",
    "CONTAINER",
    *re.findall(r"\$\(([A-Z]+)\)", re.findall(r"^ARGUMENTS = .*", MAKEFILE, re.M)[0]),
}


def sessions() -> set[str]:
    """The names of all sessions in noxfile.py, and of what the Makefile does without one."""
    functions = [
        node for node in ast.parse((ROOT / "noxfile.py").read_text()).body if isinstance(node, ast.FunctionDef)
    ]
    decorated = {node.name: ast.unparse(node.decorator_list[0]) for node in functions if node.decorator_list}
    named = {name: re.search(r"name='(\w+)'", text) for name, text in decorated.items() if "nox.session" in text}
    return {match.group(1) if match else name for name, match in named.items()} | {"clean"}


def test_the_documents_were_read() -> None:
    assert {"make", "make test", "make quick", "make demo"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_documented_command_exists(command: str) -> None:
    words = shlex.split(command)
    after = words[words.index("make") + 1 :]
    assert {word for word in after if "=" not in word} <= sessions()
    assert {word.partition("=")[0] for word in after if "=" in word} <= VARIABLES


def test_every_session_is_documented() -> None:
    """One kind of test is "`make lint`, `unit`, ..." in CONTRIBUTING."""
    contributing = (ROOT / "CONTRIBUTING.md").read_text()
    assert [name for name in sessions() if not re.search(rf"`(make )?{name}\b", contributing)] == []


def documented_path(command: str) -> Path:
    """The file of the test that ``command`` names."""
    return ROOT / shlex.split(command)[-1].removeprefix("PYTEST=").partition("::")[0]


def test_a_documented_keyword_selects_tests() -> None:
    keywords = {
        (command, words[words.index("-k") + 1])
        for command in COMMANDS
        for words in [pytest_words(command)]
        if "-k" in words
    }
    assert keywords
    for command, keyword in keywords:
        session = shlex.split(command.partition("make ")[2])[0]
        files = [path for path in (ROOT / "tests" / session).rglob("test_*.py") if keyword in path.name]
        assert files, command


def pytest_words(command: str) -> list[str]:
    """What ``PYTEST`` holds in ``command``, as words."""
    texts = [word.partition("=")[2] for word in shlex.split(command) if word.startswith("PYTEST=")]
    return shlex.split(" ".join(texts))


ONE_TEST = [command for command in COMMANDS if "::" in command]


def test_the_one_test_that_is_named_as_an_example_is_there() -> None:
    assert ONE_TEST
    for command in ONE_TEST:
        assert f"def {command.rpartition('::')[2].strip(chr(34))}(" in documented_path(command).read_text()


@pytest.mark.skipif("NOX_CURRENT_SESSION" not in os.environ, reason="the environments that make uses may not stand")
@pytest.mark.parametrize("command", ["make", *ONE_TEST])
def test_the_fast_commands_run(command: str) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("NOX_", "PYTEST_", "MAKE"))}
    done = subprocess.run(shlex.split(command), cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout or "* unit -> " in done.stdout
