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

from .environments import PLACE, ROOT

# What galaxy.yml does not name in build_ignore goes in unseen, whatever lies about here.
TOP_FILES = {"CHANGELOG.rst", "FILES.json", "LICENSE", "MANIFEST.json", "README.md", "requirements.txt"}
TOP = TOP_FILES | {"changelogs", "docs", "examples", "extensions", "meta", "playbooks", "plugins", "roles"}
# A certified collection works with these folders alone.
ESSENTIAL = {"meta", "plugins", "roles", "playbooks"}
TOOLS = Path(sys.executable).parent


def build(work: Path) -> Path:
    """Build the collection's tarball into ``work``."""
    subprocess.run([TOOLS / "ansible-galaxy", "collection", "build", "--output-path", work, ROOT], check=True)
    [tarball] = work.glob("telephony-vicidial-*.tar.gz")
    with tarfile.open(tarball) as archive:
        top = {name.split("/")[0] for name in archive.getnames()}
    if top != TOP:
        sys.exit(f"The package has {sorted(top - TOP)} at its top, which it should not, and lacks {sorted(TOP - top)}.")
    return tarball


def check_with_galaxy_importer(tarball: Path) -> None:
    """Let Galaxy's importer look at it; what it warns of is an error."""
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
        cwd=tarball.parent,
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
    """Install ``tarball`` into an empty place with the programs of ``user``, keep its essentials, run the demo."""
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


def main(environments: list[str]) -> None:
    """Build, check, and play the demo with each of the environments."""
    # Neither this repository's ansible.cfg, nor its link in site-packages, nor what is installed in the user's home
    # may help the package.
    os.environ.pop("ANSIBLE_CONFIG", None)
    os.environ["ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"] = "false"
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        os.environ["ANSIBLE_HOME"] = f"{work}/home"
        tarball = build(work)
        check_with_galaxy_importer(tarball)
        for name in environments:
            (work / name).mkdir()
            play_demo(PLACE / name / "bin", tarball, work / name)


if __name__ == "__main__":
    main(sys.argv[1:])
