# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each example stands in one file, which the pages quote as it is, and a test runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.documents import EXAMPLES, PAGES, ROOT, Block, blocks

FILES = sorted(path for path in EXAMPLES.rglob("*") if path.is_file() and path.name != "README.md")
QUOTED = [(block, block.quoted) for page in PAGES for block in blocks(page) if block.quoted]


def named(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def test_examples_are_quoted() -> None:
    assert len(QUOTED) > 20


@pytest.mark.parametrize(("block", "file"), QUOTED, ids=str)
def test_a_page_quotes_an_example_as_it_is(block: Block, file: Path) -> None:
    assert block.text.removeprefix("---\n") == file.read_text().removeprefix("---\n")


@pytest.mark.parametrize("path", FILES, ids=named)
def test_an_example_is_listed_and_a_test_knows_it(path: Path) -> None:
    assert f"({named(path)})" in (EXAMPLES / "README.md").read_text()
    texts = [test.read_text() for test in (ROOT / "tests").rglob("test_*.py") if test != Path(__file__)]
    folder = "" if path.parent == EXAMPLES else path.relative_to(EXAMPLES).parts[0]
    assert any(path.name in text or (folder and f'EXAMPLES / "{folder}"' in text) for text in texts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_link_leads_to_a_file_of_the_package(page: Path) -> None:
    """A page is also read where the collection is installed; what the package leaves out is linked on GitHub."""
    left_out = yaml.safe_load((ROOT / "galaxy.yml").read_text())["build_ignore"]
    for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", page.read_text()):
        if not re.match(r"https?://", target):
            path = (page.parent / target).resolve()
            assert path.exists(), target
            names = [path, *path.parents][: len(path.relative_to(ROOT).parts)]
            assert not [name for name in names if name.relative_to(ROOT).as_posix() in left_out], target


def test_the_roles_variables_on_the_pages_are_known() -> None:
    """Also where a page shows a part of a play, or a file of variables."""
    known = {
        name
        for spec in ROOT.glob("roles/*/meta/argument_specs.yml")
        for name in yaml.safe_load(spec.read_text())["argument_specs"]["main"]["options"]
    }
    roles = [path.name for path in (ROOT / "roles").iterdir() if path.name != "common"]
    for page in PAGES:
        for block in blocks(page, "yaml"):
            used = set(re.findall(rf"^ *((?:{'|'.join(roles)})_\w+): ", block.text, re.MULTILINE))
            assert used <= known | {"stereo_recording_recordings"}, (block, used - known)


def test_a_page_shows_all_that_the_role_awx_requires() -> None:
    options = yaml.safe_load((ROOT / "roles/awx/meta/argument_specs.yml").read_text())["argument_specs"]["main"][
        "options"
    ]
    required = {name for name, option in options.items() if option.get("required")}
    for page in ("docs/awx.md", "roles/awx/README.md"):
        [whole] = [block for block in blocks(ROOT / page, "yaml") if "role: telephony.vicidial.awx\n" in block.text]
        [role] = yaml.safe_load(whole.text)[0]["roles"]
        assert required <= role["vars"].keys()


SHOWING = [page for page in PAGES if any(block.language == "yaml" and not block.quoted for block in blocks(page))]


@pytest.mark.parametrize("path", SHOWING, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_test_reads_what_a_page_shows_but_does_not_quote(path: Path) -> None:
    """By its name as it stands in a test: "floors", or docs/awx.md, or the role whose README it is."""
    name = path.parent.name if path.name == "README.md" else path.stem
    texts = [test.read_text() for test in (ROOT / "tests").rglob("test_*.py") if test != Path(__file__)]
    assert any(re.search(rf'"{name}(\.md)?"|docs/{name}\.md', text) for text in texts)
