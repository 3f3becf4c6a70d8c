# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does all of a release short of publishing it: ``python -m tests.tools.release VERSION USER_ENVIRONMENT...``.

Nothing of the work tree is changed. The release is a commit in a fresh clone, with the changelog written and the
version set; what is built of it has been installed and used before anybody tags that commit. Where the commit is there
already, as for a tag in the workflow, the same is built and checked again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from . import package
from .environments import PLACE, ROOT
from .matrix import version as numbers

VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
# By Semantic Versioning: the kinds of fragments that need a new major version, and those that need a new minor one.
BREAKING = {"breaking_changes", "removed_features"}
NEW = {"major_changes", "minor_changes", "deprecated_features"}


def git(root: Path, *arguments: str) -> str:
    """What git says in ``root``."""
    done = subprocess.run(["git", *arguments], cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def changelog_of(root: Path) -> dict[str, Any]:
    """The releases that the changelog tells of, each by its version."""
    text = (root / "changelogs/changelog.yaml").read_text(encoding="utf-8")
    releases: dict[str, Any] = yaml.safe_load(text)["releases"]
    return releases


def newest_of(root: Path) -> str:
    """The newest version of the changelog, 0.0.0 before the first release."""
    return max(changelog_of(root), key=numbers, default="0.0.0")


def fragments_of(root: Path) -> dict[str, list[str]]:
    """What the fragments tell of the next release: the texts of each kind of change."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / "changelogs/fragments").glob("*.yml")):
        for kind, texts in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            found.setdefault(kind, []).extend([texts] if isinstance(texts, str) else texts)
    return found


def refusal(root: Path, version: str) -> str:
    """Why ``version`` cannot be released from the work tree ``root``; nothing if it can."""
    if not VERSION.fullmatch(version):
        return f"{version} is no version such as 1.2.3."
    if changed := git(root, "status", "--porcelain"):
        return f"The work tree is not clean:\n{changed}"
    newest = newest_of(root)
    fragments = fragments_of(root)
    if version == newest:
        return f"The changelog has {version} already, and there are fragments for a later version." if fragments else ""
    if numbers(version) < numbers(newest):
        return f"{newest} has been released: {version} is older."
    if not fragments:
        return f"changelogs/fragments tells of no change since {newest}."
    return too_small(newest, version, set(fragments))


def too_small(old: str, new: str, kinds: set[str]) -> str:
    """Why the step from ``old`` to ``new`` is too small for changes of these kinds; nothing if it is not."""
    (major, minor, _patch), (new_major, new_minor, _new_patch) = numbers(old), numbers(new)
    if kinds & BREAKING and new_major == major:
        return f"{new} is no new major version, and the fragments tell of {', '.join(sorted(kinds & BREAKING))}."
    if kinds & NEW and (new_major, new_minor) == (major, minor):
        return f"{new} is a patch release, and the fragments tell of {', '.join(sorted(kinds & NEW))}."
    return ""


def clone_for(root: Path, version: str, place: Path) -> Path:
    """A fresh clone of ``root``'s commit in ``place``, with the release as one more commit unless it has it already."""
    clone = place / "clone"
    git(root, "clone", "--quiet", str(root), str(clone))
    if version in changelog_of(clone):
        return clone
    git(clone, "switch", "--quiet", "--create", f"release-{version}")
    description = clone / "galaxy.yml"
    text = description.read_text(encoding="utf-8")
    description.write_text(re.sub(r"(?m)^version: .*$", f"version: {version}", text), encoding="utf-8")
    with tempfile.TemporaryDirectory() as home:
        command = [f"{package.TOOLS}/antsibull-changelog", "release", "--version", version]
        path = f"{package.TOOLS}{os.pathsep}{os.environ['PATH']}"
        subprocess.run(command, cwd=clone, env={**os.environ, "HOME": home, "PATH": path}, check=True)
    # Only ansible-doc's answers, for the next release; this repository keeps none.
    (clone / "changelogs/.plugin-cache.yaml").unlink(missing_ok=True)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", f"Release {version}")
    return clone


def differing_versions(clone: Path, version: str) -> list[str]:
    """The files in which another version than ``version`` stands as the newest."""
    stated = {
        "galaxy.yml": yaml.safe_load((clone / "galaxy.yml").read_text(encoding="utf-8"))["version"],
        "changelogs/changelog.yaml": newest_of(clone),
        "CHANGELOG.rst": next(iter(sections_of(clone)), "none"),
    }
    return [f"{file}: {other}" for file, other in stated.items() if other != version]


def sections_of(root: Path) -> dict[str, str]:
    """The text of CHANGELOG.rst about each version, the newest first."""
    text = (root / "CHANGELOG.rst").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^v(\d+\.\d+\.\d+)\n=+\n", text)
    return dict(zip(parts[1::2], (part.strip() + "\n" for part in parts[2::2]), strict=True))


def write_checksums(place: Path) -> None:
    """Write SHA256SUMS.txt of what is to be published, as sha256sum checks it."""
    files = sorted([*place.glob("*.tar.gz"), *place.glob("*.pyz")])
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (place / "SHA256SUMS.txt").write_text("".join(sums), encoding="utf-8")


def prepare(root: Path, version: str, place: Path) -> Path:
    """Make the release of ``root`` in ``place``: commit, package, simulator, checksums, text of the tag.

    Returns the package. Ends the program with what is wrong.
    """
    if wrong := refusal(root, version):
        sys.exit(wrong)
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    clone = clone_for(root, version, place)
    if differing := differing_versions(clone, version):
        sys.exit(f"Not everywhere is the version {version}: {', '.join(differing)}")
    tarball = package.build(clone, package.contents_of(clone), place)
    archive = [sys.executable, "-m", "tests.tools.simulator_archive", str(place)]
    subprocess.run(archive, cwd=clone, stdout=subprocess.DEVNULL, check=True)
    (place / "tag.txt").write_text(f"telephony.vicidial {version}\n\n{sections_of(clone)[version]}", encoding="utf-8")
    write_checksums(place)
    return tarball


def next_steps(root: Path, version: str, place: Path) -> str:
    """What is left for a person."""
    shown = place.relative_to(root)
    branch = git(root, "branch", "--show-current")
    return f"""
{version} is ready, and nothing is published. What is left, from a clone that may push:

    git fetch {shown}/clone HEAD && git merge --ff-only FETCH_HEAD
    git tag --sign {version} --file {shown}/tag.txt
    git push --atomic origin {branch or "BRANCH"} {version}

The tag starts .github/workflows/release.yml, which waits for an approval before it publishes.
"""


def main(version: str, environments: list[str]) -> None:
    """Prepare the release, let Galaxy's importer look at it, and play its demo in each of the environments."""
    place = PLACE / "release" / version
    with tempfile.TemporaryDirectory() as directory:
        work = Path(directory)
        package.leave_alone(work)
        tarball = prepare(ROOT, version, place)
        package.check_with_galaxy_importer(tarball, work)
        for name in environments:
            package.play_demo(PLACE / name / "bin", tarball, work / name)
    print((place / "tag.txt").read_text(encoding="utf-8"))
    print((place / "SHA256SUMS.txt").read_text(encoding="utf-8"))
    print(next_steps(ROOT, version, place))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
