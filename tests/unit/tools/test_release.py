# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make release` of a pretended version in a clone: all but the importer and the demo, which `make package` runs."""

from __future__ import annotations

import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

pytest.importorskip("markdown_it", reason="only the environment with all tools makes packages")

from ansible_collections.telephony.vicidial.tests.tools import package, release
from ansible_collections.telephony.vicidial.tests.tools.environments import ROOT

FRAGMENT = "bugfixes: [It is only pretended.]\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone before its first release, with one more fragment."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "maintainer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "maintainer@example.com")
    clone = tmp_path / "repository"
    release.git(ROOT, "clone", "--quiet", str(ROOT), str(clone))
    (clone / "changelogs/changelog.yaml").write_text("---\nancestor: null\nreleases: {}\n")
    (clone / "changelogs/fragments/pretended.yml").write_text(FRAGMENT)
    commit(clone)
    return clone


def commit(clone: Path) -> None:
    release.git(clone, "add", "--all")
    release.git(clone, "commit", "--quiet", "--message", "Change")


@pytest.fixture
def released(repository: Path, tmp_path: Path) -> Path:
    """The clone of a release 1.0.0, with one fragment for the next."""
    release.prepare(repository, "1.0.0", tmp_path / "1.0.0")
    clone = tmp_path / "1.0.0/clone"
    (clone / "changelogs/fragments/pretended.yml").write_text(FRAGMENT)
    commit(clone)
    return clone


def test_a_release_is_prepared_and_can_be_prepared_again_from_its_tag(repository: Path, tmp_path: Path) -> None:
    place = tmp_path / "9.0.0"
    before = release.git(repository, "rev-parse", "HEAD")
    tarball = release.prepare(repository, "9.0.0", place)
    assert release.git(repository, "rev-parse", "HEAD") == before
    assert release.git(repository, "status", "--porcelain") == ""

    clone = place / "clone"
    assert release.git(clone, "log", "--format=%s %P", "-1") == f"Release 9.0.0 {before}"
    assert yaml.safe_load((clone / "galaxy.yml").read_text())["version"] == "9.0.0"
    assert [path.name for path in (clone / "changelogs/fragments").iterdir()] == [".keep"]
    assert release.git(clone, "status", "--porcelain") == ""
    assert (place / "tag.txt").read_text().startswith("telephony.vicidial 9.0.0\n\n")
    assert "It is only pretended." in (place / "tag.txt").read_text()

    assert tarball.name == "telephony-vicidial-9.0.0.tar.gz"
    with tarfile.open(tarball) as archive:
        names = set(archive.getnames())
    assert {
        "docs/docsite/rst/start.rst",
        "docs/docsite/extra-docs.yml",
        "roles/awx/templates/project/audit.yml",
    } <= names
    assert not [name for name in names if name.startswith((".", "tests", "LICENSES")) or name.endswith(".pyc")]
    done = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS.txt"], cwd=place, capture_output=True, text=True, check=True
    )
    assert re.findall(r"(.*): OK", done.stdout) == [tarball.name, "vicidial_simulator.pyz"]

    # As the workflow does, which has the tag checked out.
    release.git(clone, "checkout", "--quiet", "--detach")
    again = release.prepare(clone, "9.0.0", tmp_path / "again")
    assert release.git(tmp_path / "again/clone", "rev-parse", "HEAD") == release.git(clone, "rev-parse", "HEAD")
    with tarfile.open(again) as archive:
        assert set(archive.getnames()) == names


def test_the_first_release_has_none_before_it(repository: Path) -> None:
    (repository / "changelogs/fragments/other.yml").write_text("breaking_changes: [Another name.]\n")
    commit(repository)
    assert release.refusal(repository, "1.0.0") == ""


def test_what_cannot_be_released_is_refused(released: Path) -> None:
    assert release.refusal(released, "1.0.1") == ""
    assert "no version such as" in release.refusal(released, "v1.0.1")
    assert "0.9.0 is older" in release.refusal(released, "0.9.0")
    assert "there are fragments for a later version" in release.refusal(released, "1.0.0")
    (released / "README.md").write_text("changed")
    assert release.refusal(released, "1.0.1") == "The work tree is not clean:\nM README.md"
    (released / "changelogs/fragments/pretended.yml").unlink()
    commit(released)
    assert "tells of no change" in release.refusal(released, "1.0.1")


@pytest.mark.parametrize(
    ("new", "kinds", "wrong"),
    [
        ("1.2.4", {"bugfixes"}, ""),
        ("1.2.4", {"bugfixes", "minor_changes"}, "1.2.4 is a patch release, and the fragments tell of minor_changes."),
        ("1.3.0", {"minor_changes"}, ""),
        ("1.3.0", {"breaking_changes"}, "1.3.0 is no new major version, and the fragments tell of breaking_changes."),
        ("2.0.0", {"breaking_changes", "removed_features", "minor_changes"}, ""),
    ],
)
def test_a_version_says_how_much_changes(new: str, kinds: set[str], wrong: str) -> None:
    assert release.too_small("1.2.3", new, kinds) == wrong


def test_a_version_that_differs_somewhere_is_named(released: Path) -> None:
    assert release.differing_versions(released, "1.0.0") == []
    assert len(release.differing_versions(released, "9.0.0")) == 3


def test_a_package_with_another_file_is_refused(repository: Path, tmp_path: Path) -> None:
    contents = package.contents_of(repository)
    (repository / "plugins/modules/password.txt").write_text("hunter2")
    with pytest.raises(SystemExit, match=r"The package has \['plugins/modules/password\.txt'\], which it should not"):
        package.build(repository, contents, tmp_path)
