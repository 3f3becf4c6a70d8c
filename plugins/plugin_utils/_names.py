# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is private to the collection: it can change in any release without notice.
"""The one grammar of a list of names, such as users or campaigns, as people and AWX surveys write it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def names(given: Any) -> list[str]:
    """The names in a list, a text, a number, or any nesting of these, in their order.

    A space separates nothing, so that a mistyped name is refused where it is used and not taken for two.
    """
    if given is None:
        return []
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes, Mapping)):
        return [name for item in given for name in names(item)]
    return list(filter(None, map(str.strip, re.split(r"[,\r\n]", str(given)))))
