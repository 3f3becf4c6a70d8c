# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ansible-test of a virtual environment: ``python -m tests.tools.ansible_test NAME ARGUMENT...``.

ansible-test takes a collection only from a folder named ansible_collections, outside any git tree, and not through a
link: it gets a copy of what git knows or would add. It runs on this machine, or, where there is an engine, in the
container that CONTAINER names, such as "default" (the workflows in .github).
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .environments import PLACE
from .work_tree import copy_to


def write_pip_configuration(home: Path, user_home: Path) -> None:
    """Let pip under ``home`` find what it is configured with here.

    ansible-test hands pip neither PIP_* variables nor XDG_*: they, and the user's own file (which they outrank), go to
    the two places where pip looks under its HOME.
    """
    settings = configparser.RawConfigParser()
    settings["global"] = {
        name[len("PIP_") :].lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith("PIP_") and name != "PIP_CONFIG_FILE"
    }
    (home / ".config/pip").mkdir(parents=True, exist_ok=True)
    with (home / ".config/pip/pip.conf").open("w", encoding="utf-8") as file:
        settings.write(file)

    configured = Path(os.environ.get("XDG_CONFIG_HOME") or user_home / ".config") / "pip/pip.conf"
    for path in (configured, user_home / ".pip/pip.conf"):
        if path.is_file():
            _link(home / ".pip/pip.conf", path)
            break
    _link(home / ".cache/pip", Path(os.environ.get("XDG_CACHE_HOME") or user_home / ".cache") / "pip")


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def write_stand_ins(home: Path, environment: Path) -> None:
    """Put into ``home`` what ansible-test would otherwise fetch or make, and needs not.

    The get-pip script comes from a place of its own on the network; the Python at hand brings a pip that can do the
    same from the configured index. The SSH key is for remote hosts, of which a local run has none; it would want the
    program ssh-keygen.
    """
    place = home / ".ansible/test"
    (place / "cache").mkdir(parents=True, exist_ok=True)
    [requirements] = environment.glob("lib/python3*/site-packages/ansible_test/_internal/python_requirements.py")
    for version in re.findall(r"^ *pip='([0-9.]*)'", requirements.read_text(encoding="utf-8"), re.MULTILINE):
        shutil.copy(Path(__file__).with_name("get_pip.py"), place / f"cache/get_pip_{version.replace('.', '_')}.py")
    for name in ("id_rsa", "id_rsa.pub"):
        (place / name).write_text("not a key\n", encoding="utf-8")


def where() -> list[str]:
    """ansible-test's options for the place to run in."""
    container = os.environ.get("CONTAINER")
    return ["--docker", container] if container else ["--local"]


def run(name: str, arguments: list[str], work: Path) -> int:
    """Run it in a copy below ``work``; returns the exit code."""
    # It writes the path of its Python into the first line of scripts, where no space may stand: reached through this
    # link, a clone at such a path works too.
    environments = work / "environments"
    environments.symlink_to(PLACE)
    environment = environments / name
    copy = work / "ansible_collections/telephony/vicidial"
    copy_to(copy)

    # A HOME of its own, kept between runs for the environments that the sanity tests make: nothing of the user's
    # ~/.ansible takes part, and the stand-ins do not end up there.
    home = PLACE / "home" / name
    write_pip_configuration(home, Path.home())
    write_stand_ins(home, environment)

    # No pyenv shims: they answer to versions that are not there.
    path = os.pathsep.join([f"{environment}/bin", f"{environments}/py39/bin", "/usr/local/bin", "/usr/bin", "/bin"])
    variables = {**os.environ, "HOME": str(home), "PATH": path}
    variables.pop("ANSIBLE_CONFIG", None)
    command = [f"{environment}/bin/python", f"{environment}/bin/ansible-test", *arguments, *where(), "--color", "no"]
    started = 0
    skipped = False
    with subprocess.Popen(
        command, cwd=copy, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            started += line.startswith("Running ")
            skipped |= "All targets skipped" in line

    # ansible-test exits with 0 when it finds nothing to test.
    if process.returncode == 0 and (skipped or not started):
        print("ansible-test ran nothing.")
        return 1
    if process.returncode == 0:
        print(f"ansible-test {arguments[0]}: {started} passed")
    return process.returncode


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        sys.exit(run(sys.argv[1], sys.argv[2:], Path(directory)))
