# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides say what the pages say, in reStructuredText. `make docs` builds them, with warnings as errors."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("markdown_it", reason="only the environment with all tools makes the guides")

from ansible_collections.telephony.vicidial.tests.tools import guides, site
from ansible_collections.telephony.vicidial.tests.tools.environments import ROOT

LABEL = "ansible_collections.telephony.vicidial.docsite."


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "other.md").write_text("# Other\n")
    (tmp_path / "LICENSE").touch()
    (tmp_path / "plugins" / "modules").mkdir(parents=True)
    (tmp_path / "plugins" / "modules" / "a_module.py").touch()
    return tmp_path


def converted(collection: Path, markdown: str) -> str:
    (collection / "docs" / "page.md").write_text(markdown)
    return guides.Guide(collection, "page").text()


def test_every_page_is_a_guide_once() -> None:
    names = ["start", *sorted(path.stem for path in (ROOT / "docs").glob("*.md"))]
    assert sorted(guides.pages(ROOT)) == sorted(names)


@pytest.mark.parametrize(
    ("markdown", "guide"),
    [
        ("# It's `so`\n", f".. _{LABEL}page:\n\nIt's ``so``\n===========\n"),
        ("## What, and why\n", f".. _{LABEL}page.what-and-why:\n\nWhat, and why\n-------------\n"),
        ("two\nlines\n", "two lines\n"),
        ("**bold `code`, bold**, *em*\n", "**bold** ``code``\\ **, bold**, *em*\n"),
        ("a_ *b* a*b `c`s |d|\n", "a\\_ *b* a\\*b ``c``\\ s \\|d\\|\n"),
        ("`a_module` and `telephony.vicidial.a_module`\n", "{0} and {0}\n"),
        ("a separator ` - ` in code\n", "a separator ``-`` in code\n"),
        ("`a ` ends\n", ":literal:`\\ a \\ ` ends\n"),
        ("[there](other.md)\n", f":ref:`there <{LABEL}other>`\n"),
        ("[there](other.md#what-for)\n", f":ref:`there <{LABEL}other.what-for>`\n"),
        ("[here](#why)\n", f":ref:`here <{LABEL}page.why>`\n"),
        (f"[start]({guides.GITHUB}README.md)\n", f":ref:`start <{LABEL}start>`\n"),
        ("[role](../roles/awx/README.md)\n", ":ref:`role <ansible_collections.telephony.vicidial.awx_role>`\n"),
        ("[file](../LICENSE)\n", f"`file <{guides.GITHUB}LICENSE>`__\n"),
        ("[web](https://example.com)\n", "`web <https://example.com>`__\n"),
        ("![what it shows](x.png)\n", f".. image:: {guides.PICTURES}x.png\n   :alt: what it shows\n"),
        ("[![badge](x.svg)](https://x)\n[![badge](y.svg)](https://y)\n\ntext\n", "text\n"),
        ("```yaml\na: 1\n\nb: 2\n```\n", ".. code-block:: yaml+jinja\n\n    a: 1\n\n    b: 2\n"),
        ("1. one\n\n   more\n2. two\n", "#. one\n\n   more\n\n#. two\n"),
        ("- one\n- two\n", "* one\n\n* two\n"),
        (
            "| A | |\n| --- | --- |\n| `x` | y |\n",
            ".. list-table::\n   :header-rows: 1\n   :widths: auto\n\n   * - A\n     -\n   * - ``x``\n     - y\n",
        ),
    ],
)
def test_markdown_becomes_restructured_text(collection: Path, markdown: str, guide: str) -> None:
    module = ":ansplugin:`a_module <telephony.vicidial.a_module#module>`"
    assert converted(collection, markdown) == guide.format(module)


@pytest.mark.parametrize("markdown", ["> a quotation\n", "<b>html</b>\n", "a ![picture](x.png) in a line\n", "***\n"])
def test_what_is_not_handled_is_an_error_and_not_lost(collection: Path, markdown: str) -> None:
    with pytest.raises(ValueError, match=r"docs/page\.md, lines .* is not handled"):
        converted(collection, markdown)


def test_a_link_to_nothing_is_an_error(collection: Path) -> None:
    with pytest.raises(ValueError, match=r"links to nothing\.yml, which is not there"):
        converted(collection, "[x](nothing.yml)\n")


def test_a_dead_link_of_the_site_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<h1 id="top"><a href="#top"></a><a href="#gone"></a><a href="b.html#b"></a><a href="b.html#c"></a>'
        '<img src="gone.png"><a href="https://example.com"></a><a href="sub/"></a>'
    )
    (tmp_path / "b.html").write_text('<p id="b"><a href="a.html?x#top">')
    assert site.dead_links(tmp_path) == [f"a.html: {link}" for link in ("#gone", "b.html#c", "gone.png", "sub/")]
