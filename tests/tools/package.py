# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the collection and uses it as a user would: ``python -m tests.tools.package USER_ENVIRONMENT...``.

The Python that runs this has the tools; the environments named have only ansible-core and what the collection requires.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from . import guides
from .environments import PLACE, ROOT
from .work_tree import copy_to, files_of

# What is shipped, of what is at the repository's top; galaxy.yml says the rest, and the two have to agree.
SHIPPED = {
    "CHANGELOG.rst",
    "LICENSE",
    "README.md",
    "changelogs",
    "docs",
    "examples",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}
# What is not, of those folders.
NOT_SHIPPED = ("changelogs/fragments/", "extensions/molecule/")
# What the build adds.
MADE = {"FILES.json", "MANIFEST.json"}
# A certified collection works with these folders alone.
ESSENTIAL = {"meta", "plugins", "roles", "playbooks"}
TOOLS = Path(sys.executable).parent


def contents_of(source: Path) -> set[str]:
    """What the package of the collection in the git tree ``source`` has to hold: each file, with its path."""
    files = {name for name in files_of(source) if name.split("/")[0] in SHIPPED and not name.startswith(NOT_SHIPPED)}
    return files | {f"docs/docsite/rst/{page}.rst" for page in guides.pages(source)} | MADE


def build(source: Path, contents: set[str], destination: Path) -> Path:
    """Build the collection in ``source``, with its guides, into ``destination``; it must hold ``contents``, no more."""
    guides.write_guides(source)
    command = [f"{TOOLS}/ansible-galaxy", "collection", "build", "--output-path", str(destination), str(source)]
    subprocess.run(command, check=True)
    [tarball] = destination.glob("telephony-vicidial-*.tar.gz")
    with tarfile.open(tarball) as archive:
        found = {member.name for member in archive.getmembers() if not member.isdir()}
    if found != contents:
        more, missing = sorted(found - contents), sorted(contents - found)
        sys.exit(f"The package has {more}, which it should not, and lacks {missing}.")
    return tarball


def check_with_galaxy_importer(tarball: Path, work: Path) -> None:
    """Let Galaxy's importer look at it, in ``work``; what it warns of is an error."""
    variables = {
        **os.environ,
        "PATH": f"{TOOLS}{os.pathsep}{os.environ['PATH']}",
        "GALAXY_IMPORTER_CHECK_REQUIRED_TAGS": "true",
        "GALAXY_IMPORTER_REQUIRE_V1_OR_GREATER": "true",
        # `make lint` does it with a stricter profile; here it would have to end in 120 seconds.
        "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false",
    }
    command = [sys.executable, "-m", "galaxy_importer.main", str(tarball)]
    importer = subprocess.run(
        command,
        cwd=work,
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(importer.stdout, flush=True)
    if importer.returncode or any(line.startswith(("WARNING:", "ERROR:")) for line in importer.stdout.splitlines()):
        sys.exit("galaxy-importer found something to say about the package.")


def play_demo(user: Path, tarball: Path, work: Path) -> None:
    """Install ``tarball`` into the new directory ``work`` with the programs of ``user``; run its essentials' demo."""
    work.mkdir()
    variables = os.environ | {"ANSIBLE_HOME": f"{work}/home", "ANSIBLE_COLLECTIONS_PATH": f"{work}/installed"}
    install = [f"{user}/ansible-galaxy", "collection", "install", "--offline", "-p", f"{work}/installed", str(tarball)]
    subprocess.run(install, env=variables, check=True)
    installed = work / "installed/ansible_collections/telephony/vicidial"
    for entry in installed.iterdir():
        if entry.name not in ESSENTIAL:
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    print("Left of it:", *sorted(entry.name for entry in installed.iterdir()), flush=True)
    (work / "empty").mkdir()
    demo = [f"{user}/ansible-playbook", "telephony.vicidial.demo"]
    subprocess.run(demo, cwd=work / "empty", env=variables, check=True)


def leave_alone(work: Path) -> None:
    """See that neither this repository's ansible.cfg, nor its link in site-packages, nor what is installed in the
    user's home helps the package."""
    os.environ.pop("ANSIBLE_CONFIG", None)
    os.environ["ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"] = "false"
    os.environ["ANSIBLE_HOME"] = f"{work}/home"


def main(environments: list[str]) -> None:
    """Build, check, and play the demo with each of the environments."""
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        leave_alone(work)
        copy_to(work / "source")
        tarball = build(work / "source", contents_of(ROOT), work)
        check_with_galaxy_importer(tarball, work)
        for name in environments:
            play_demo(PLACE / name / "bin", tarball, work / name)


if __name__ == "__main__":
    main(sys.argv[1:])
