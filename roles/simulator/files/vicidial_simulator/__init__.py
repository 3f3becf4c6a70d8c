# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VICIdial dialer to test against: agents, calls, screens and recordings behind the real HTTP interface.

Standard library only, Python 3.9 or newer, so that any pipeline can start it on any host::

    python3 vicidial_simulator.pyz --port 8099

The parts: :mod:`.dialer` is the call center (no HTTP in it), :mod:`.agent_api` and :mod:`.non_agent_api` are the words
that VICIdial answers with, :mod:`.faults` is what can go wrong on the way, :mod:`.web` carries it all over HTTP or
HTTPS with the :mod:`.capacity` that clients share, page.html shows it in a browser, :mod:`.control` lets a test steer
and observe it,
:mod:`.validation` checks every value from outside, and :mod:`.process` starts and ends it.
"protocol N.M" in a docstring names the fact of the real server that a piece of code reproduces.
"""

from __future__ import annotations

import json
import pkgutil
import re
from pathlib import Path

_HERE = Path(__file__).absolute()
_PLACE = ("roles", "simulator", "files", "vicidial_simulator")  # in the collection


def release() -> str:
    """The release of the collection that this simulator is part of; "unreleased" for a copy that does not say.

    The zip file and the role's copy on a host hold it; a simulator in a collection reads it from there.
    """
    try:
        return (pkgutil.get_data(__name__, "release.txt") or b"").decode().strip()
    except OSError:
        return _release_of(_HERE.parents[4]) if _HERE.parts[-5:-1] == _PLACE else "unreleased"


def _release_of(collection: Path) -> str:
    """The version of ``collection``, by what ansible-galaxy wrote into it, or by the sources that it is made of."""
    try:
        return str(json.loads((collection / "MANIFEST.json").read_text())["collection_info"]["version"])
    except OSError:
        pass
    try:
        return str(re.findall(r"^version: (\S+)$", (collection / "galaxy.yml").read_text(), re.MULTILINE)[0])
    except (OSError, IndexError):
        return "unreleased"
