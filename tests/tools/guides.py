# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the README and the pages in docs/ into guides in the form that docs.ansible.com takes: docs/docsite/rst/*.rst.

The pages are Markdown, which GitHub shows; the site and the package get guides that are made of them, so that each text
stands once. A page keeps to what is handled here: headings, paragraphs, lists, tables, blocks of code, links, pictures.
Anything else is an error. Links between pages, to a heading, and to the README of a role become references, whose
targets Sphinx checks; other files of the repository become links to GitHub.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

COLLECTION = "telephony.vicidial"
LABEL = f"ansible_collections.{COLLECTION}.docsite."
GITHUB = f"https://github.com/ansible-collections/{COLLECTION}/blob/main/"
PICTURES = f"https://raw.githubusercontent.com/ansible-collections/{COLLECTION}/main/docs/"
README = "README.md"
UNDERLINES = "=-~^"
LEXERS = {"yaml": "yaml+jinja", "jsonl": "text", "": "text"}
# Where reStructuredText lets inline markup begin and end; elsewhere an escaped space, which is not shown, does.
BEFORE = set(" \n-:/'\"<([{")
AFTER = set(" \n'\")]}>-/\\:.,;!?")


class Guide:
    """One page as reStructuredText."""

    def __init__(self, root: Path, name: str, pictures: str = PICTURES) -> None:
        """Read the page ``name`` of the collection in ``root``; ``pictures`` is where its pictures will be."""
        self.root = root
        self.name = name
        self.path = path_of(name)
        self.pictures = pictures
        text = (root / self.path).read_text(encoding="utf-8")
        self.tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))
        self.modules = {path.stem for path in (root / "plugins" / "modules").glob("*.py")}

    def text(self) -> str:
        """The whole page."""
        return "\n".join(self.blocks(self.tree)).strip("\n") + "\n"

    # Blocks: each is followed by an empty line

    def blocks(self, parent: SyntaxTreeNode) -> Iterator[str]:
        for node in parent.children:
            yield from getattr(self, f"block_{node.type}", self.unknown)(node)
            yield ""

    def unknown(self, node: SyntaxTreeNode) -> Iterator[str]:
        raise ValueError(f"{self.path}, lines {node.map}: {node.type} is not handled")

    def block_heading(self, node: SyntaxTreeNode) -> Iterator[str]:
        level = int(node.tag[1])
        title = self.inline(node.children[0])
        anchor = "" if level == 1 else "." + slug(plain(node))
        yield from (f".. _{LABEL}{self.name}{anchor}:", "", title, UNDERLINES[level - 1] * len(title))

    def block_paragraph(self, node: SyntaxTreeNode) -> Iterator[str]:
        inline = node.children[0]
        if [child.type for child in inline.children] == ["image"]:
            [picture] = inline.children
            yield from self.picture(str(picture.attrs["src"]), plain(picture))
        elif not all(is_badge(child) for child in inline.children):
            yield self.inline(inline)

    def block_html_block(self, node: SyntaxTreeNode) -> Iterator[str]:
        """A picture with a width, which Markdown itself has no words for."""
        attributes = dict(re.findall(r'(\w+)="([^"]*)"', node.content))
        if not node.content.startswith("<img ") or set(attributes) != {"src", "width", "alt"}:
            yield from self.unknown(node)
        yield from self.picture(attributes["src"], attributes["alt"], attributes["width"])

    def picture(self, source: str, alternative: str, width: str = "") -> Iterator[str]:
        yield f".. image:: {self.pictures}{source}"
        yield f"   :alt: {alternative}"
        if width:
            yield f"   :width: {width}"

    def block_fence(self, node: SyntaxTreeNode) -> Iterator[str]:
        yield from (f".. code-block:: {LEXERS.get(node.info, node.info)}", "")
        yield from indented(node.content.rstrip("\n").split("\n"), "    ")

    def block_bullet_list(self, node: SyntaxTreeNode, mark: str = "*") -> Iterator[str]:
        for item in node.children:
            lines = list(self.blocks(item))
            yield f"{mark} {lines[0]}"
            yield from indented(lines[1:], " " * (len(mark) + 1))

    def block_ordered_list(self, node: SyntaxTreeNode) -> Iterator[str]:
        yield from self.block_bullet_list(node, "#.")

    def block_table(self, node: SyntaxTreeNode) -> Iterator[str]:
        yield from (".. list-table::", "   :header-rows: 1", "   :widths: auto", "")
        for row in (row for part in node.children for row in part.children):
            for number, cell in enumerate(row.children):
                text = self.inline(cell.children[0]) if cell.children else ""
                yield f"   {' ' if number else '*'} - {text}".rstrip()

    # Inline

    def inline(self, node: SyntaxTreeNode, mark: str = "") -> str:
        """The children of ``node`` as one line; text gets ``mark``, code and links do not, for no markup is nested."""
        line = ""
        for piece in self.pieces(node, mark):
            if line and piece:
                markup_ends, markup_begins = line[-1] in "`*_", piece[0] in "`*:"
                if (markup_begins and line[-1] not in BEFORE) or (markup_ends and piece[0] not in AFTER):
                    line += "\\ "
            line += piece
        return line

    def pieces(self, node: SyntaxTreeNode, mark: str) -> Iterator[str]:
        for child in node.children:
            if child.type == "text":
                yield from marked(child.content, mark)
            elif child.type == "softbreak":
                yield " "
            elif child.type == "code_inline":
                yield self.code(child.content)
            elif child.type == "link":
                yield self.link(plain(child), str(child.attrs["href"]))
            elif child.type in ("strong", "em"):
                yield self.inline(child, "**" if child.type == "strong" else "*")
            else:
                yield from self.unknown(child)

    def code(self, text: str) -> str:
        name = text.removeprefix(f"{COLLECTION}.")
        if name in self.modules:
            return f":ansplugin:`{name} <{COLLECTION}.{name}#module>`"
        # A space at an end, as in a separator, would not end the markup.
        return f"``{text}``" if text == text.strip() else f":literal:`\\ {text}\\ `"

    def link(self, title: str, target: str) -> str:
        title = title.replace("\\", "\\\\").replace("`", "\\`").replace("<", "\\<")
        absolute = target.startswith(("https://", "http://"))
        if absolute and not target.startswith(GITHUB):
            return f"`{title} <{target}>`__"
        path, _hash, anchor = target.removeprefix(GITHUB).partition("#")
        if not absolute:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path)) if path else self.path
        if role := re.fullmatch(r"roles/(\w+)/README\.md", path):
            return f":ref:`{title} <ansible_collections.{COLLECTION}.{role[1]}_role>`"
        if path == README or re.fullmatch(r"docs/\w+\.md", path):
            return f":ref:`{title} <{LABEL}{name_of(path)}{f'.{anchor}' if anchor else ''}>`"
        if not (self.root / path).exists():
            raise ValueError(f"{self.path} links to {target}, which is not there")
        return f"`{title} <{GITHUB}{path}>`__"


def path_of(name: str) -> str:
    """Where the page ``name`` stands in the repository."""
    return README if name == "start" else f"docs/{name}.md"


def name_of(path: str) -> str:
    """The name of the page at ``path``."""
    return "start" if path == README else posixpath.basename(path).removesuffix(".md")


def is_badge(node: SyntaxTreeNode) -> bool:
    """Whether ``node`` is a picture that is a link, or a line's end among such: they tell of main, no release."""
    return node.type == "softbreak" or [child.type for child in node.children] == ["image"]


def indented(lines: list[str], by: str) -> Iterator[str]:
    yield from (f"{by}{line}" if line else "" for line in lines)


def marked(text: str, mark: str) -> Iterator[str]:
    """``text`` escaped, with ``mark`` around it but for spaces at its ends."""
    inner = text.strip()
    if not mark or not inner:
        yield escaped(text)
        return
    before, _inner, after = text.partition(inner)
    yield from filter(None, (before, f"{mark}{escaped(inner)}{mark}", after))


def escaped(text: str) -> str:
    """``text`` such that reStructuredText finds no markup in it."""
    return re.sub(r"([\\*`|]|_(?!\w))", r"\\\1", text)


def plain(node: SyntaxTreeNode) -> str:
    """The text of ``node`` without markup, on one line."""
    if node.type == "softbreak":
        return " "
    return node.content if not node.children else "".join(map(plain, node.children))


def slug(title: str) -> str:
    """The anchor that GitHub gives to a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def pages(root: Path) -> list[str]:
    """The names of the pages, in the order of docs/docsite/extra-docs.yml."""
    index = yaml.safe_load((root / "docs" / "docsite" / "extra-docs.yml").read_text(encoding="utf-8"))
    return [page for section in index["sections"] for page in section["toctree"]]


def write_guides(root: Path, pictures: str = PICTURES) -> None:
    """Write the guides of the collection in ``root`` to its docs/docsite/rst."""
    place = root / "docs" / "docsite" / "rst"
    place.mkdir(parents=True, exist_ok=True)
    for page in pages(root):
        (place / f"{page}.rst").write_text(Guide(root, page, pictures).text(), encoding="utf-8")
