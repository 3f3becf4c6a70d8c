# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the documentation as HTML, reference and guides, offline: ``python -m tests.tools.site DIRECTORY``.

antsibull-docs and Sphinx do it, as for docs.ansible.com. A warning is an error, and so is a link that leads nowhere in
the site.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import yaml

from .guides import COLLECTION, write_guides
from .work_tree import copy_to

CONFIGURATION = Path(__file__).with_name("sphinx")
PICTURES = {".png", ".svg"}


def build(work: Path) -> Path:
    """Build the site below ``work``; returns its directory."""
    collection = work / "ansible_collections/telephony/vicidial"
    copy_to(collection)
    write_guides(collection, pictures="")
    # Before the first release the changelog would be a page without a title, which is a warning.
    if not yaml.safe_load((collection / "changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]:
        config = collection / "docs/docsite/config.yml"
        config.write_text(config.read_text().replace("write_changelog: true", "write_changelog: false"))

    pages, html = work / "pages", work / "html"
    pages.mkdir(mode=0o700)
    variables = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(work),
        "ANSIBLE_HOME": str(work),
        "ANSIBLE_COLLECTIONS_PATH": str(work),
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
    }
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--no-add-antsibull-docs-version"]
    # Not in `make lint`: only here are the guides that docs/docsite/extra-docs.yml names.
    lint = ["antsibull-docs", "lint-collection-docs", "--plugin-docs", str(collection)]
    subprocess.run(lint, env=variables, check=True)
    reference = ["antsibull-docs", "collection", *options, "--dest-dir", str(pages), COLLECTION]
    subprocess.run(reference, env=variables, check=True)
    for picture in (collection / "docs").iterdir():
        if picture.suffix in PICTURES:
            shutil.copy(picture, pages / "docsite")
    sphinx = ["sphinx-build", "-q", "--fail-on-warning", "--builder", "html", "-c", str(CONFIGURATION)]
    subprocess.run([*sphinx, str(pages), str(html)], env=variables, check=True)
    return html


@dataclass
class Page(HTMLParser):
    """What one page of the site holds: the names of its places, and where it leads."""

    anchors: set[str] = field(default_factory=set)
    targets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Keep ids and links, of whatever element."""
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            if name in ("href", "src") and value:
                self.targets.append(value)


def dead_links(site: Path) -> list[str]:
    """Each link within ``site`` that leads nowhere, as ``page: link``."""
    pages: dict[Path, Page] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path] = Page()
        pages[path].feed(path.read_text(encoding="utf-8"))
    return [
        f"{path.relative_to(site)}: {target}"
        for path, page in pages.items()
        for target in page.targets
        if not target.startswith(("http://", "https://", "mailto:", "data:"))
        and not leads_somewhere(path, target, pages)
    ]


def leads_somewhere(path: Path, target: str, pages: dict[Path, Page]) -> bool:
    """Whether ``target``, a link on the page ``path``, is there."""
    address, anchor = urldefrag(target)
    file = (path.parent / unquote(address.partition("?")[0])).resolve() if address else path
    if not file.is_file():
        return False
    return not anchor or file not in pages or unquote(anchor) in pages[file].anchors


def main(destination: Path) -> None:
    """Build the site into ``destination``, in the place of what is there."""
    with tempfile.TemporaryDirectory() as directory:
        site = build(Path(directory).resolve())
        if dead := dead_links(site):
            sys.exit("Links of the site that lead nowhere:\n" + "\n".join(dead))
        count = len(list(site.rglob("*.html")))
        shutil.rmtree(destination, ignore_errors=True)
        shutil.copytree(site, destination)
    print(f"{count} pages, without warnings and dead links: {destination / 'index.html'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
