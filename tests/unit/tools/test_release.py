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

SUMMARY = "release_summary: A release that is only pretended.\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with one fragment for the next release."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "maintainer")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "maintainer@example.com")
    clone = tmp_path / "repository"
    release.git(ROOT, "clone", "--quiet", str(ROOT), str(clone))
    (clone / "changelogs/fragments/pretended.yml").write_text(SUMMARY)
    commit(clone)
    return clone


def commit(clone: Path) -> None:
    release.git(clone, "add", "--all")
    release.git(clone, "commit", "--quiet", "--message", "Change")


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
    assert (place / "tag.txt").read_text().startswith("telephony.vicidial 9.0.0\n\nRelease Summary\n")
    assert "A release that is only pretended." in (place / "tag.txt").read_text()

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


def test_what_cannot_be_released_is_refused(repository: Path) -> None:
    assert release.refusal(repository, "9.0.0") == ""
    assert "no version such as" in release.refusal(repository, "v9.0.0")
    assert "0.9.0 is older" in release.refusal(repository, "0.9.0")
    newest = next(iter(release.sections_of(repository)))
    assert "there are fragments for a later version" in release.refusal(repository, newest)
    (repository / "README.md").write_text("changed")
    assert release.refusal(repository, "9.0.0") == "The work tree is not clean:\nM README.md"
    for fragment in (repository / "changelogs/fragments").glob("*.yml"):
        fragment.unlink()
    commit(repository)
    assert "tells of no change" in release.refusal(repository, "9.0.0")


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


def test_a_version_that_differs_somewhere_is_named(repository: Path) -> None:
    newest = next(iter(release.sections_of(repository)))
    assert release.differing_versions(repository, newest) == []
    assert len(release.differing_versions(repository, "9.0.0")) == 3


def test_a_package_with_another_file_is_refused(repository: Path, tmp_path: Path) -> None:
    contents = package.contents_of(repository)
    (repository / "plugins/modules/password.txt").write_text("hunter2")
    with pytest.raises(SystemExit, match=r"The package has \['plugins/modules/password\.txt'\], which it should not"):
        package.build(repository, contents, tmp_path)
