# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""The text of an answer without what can surround it: one reader for every parser (protocol 2.3, 5.5).

Byte order marks, blanks and NUL stand before an answer where a file that the server includes holds them, warnings where
PHP's display_errors is on, comments where a cache or a proxy writes them.
"""

from __future__ import annotations

import re

_MARKS = "\ufeff\0 "
# Begins the pattern of a line that is an answer. The marks are not stripped from every line, since a person's name can
# continue in the next one. After the lookahead no mark is given back: a line can hold a million of them.
LINE_START = rf"^[{_MARKS}\t]*(?![{_MARKS}\t])"
# Whole lines of PHP's warnings, with HTML and without, and comments where a line begins. No pattern goes back further
# than the line that it is in, for a body can be 1 MiB of any of them.
_NOISE = re.compile(
    r"^(?:"
    r"<(?:br />|b>)[^\n]*\n"
    r"|(?:PHP )?(?:Warning|Notice|Deprecated|Fatal error): (?=[^\n]*\n)[^\n]* on line [0-9]+\r?\n"
    rf"|(?:[{_MARKS}]*<!--[^\n]*?-->)+\r?\n?"
    r")",
    re.MULTILINE,
)


def read(body: bytes) -> str:
    """``body`` as text without warnings, comments, and what follows its last line.

    It ends with a line feed where the server has finished its last line, and only there: half a line is no answer.
    """
    text = _NOISE.sub("", body.decode("utf-8", "replace"))
    answer = text.rstrip(f"{_MARKS}\r\n")
    return f"{answer}\n" if "\n" in text[len(answer) :] else answer


def is_cut_off(text: str) -> bool:
    """Whether the last line of ``text`` is a part of an answer: with a word before a colon, or with columns."""
    line = text[text.rfind("\n") + 1 :]
    return re.match(LINE_START + r"\w+: |[^\n]*[|\t]", line) is not None


def quotable(text: str) -> str:
    """``text`` where it may be shown, else "".

    Text that may be escaped for HTML, a URL or a string is not shown, since it could hold the password in another form;
    nor is text of a refused login, which echoes the password (protocol 3.2, 5.3).
    """
    is_of_login = re.search("password|login", text, re.IGNORECASE)
    return text if re.fullmatch(r"[^|:<>&%+\\\n]{1,80}", text) and not is_of_login else ""
