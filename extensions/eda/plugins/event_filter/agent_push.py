# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event filter ``telephony.vicidial.agent_push``."""

from __future__ import annotations

DOCUMENTATION = r"""
---
short_description: What VICIdial's agent screens push, as events
description:
  - For a source that receives what VICIdial pushes (System Settings, Agent Push Events), such as an event stream of
    Automation Platform or C(eda.builtin.webhook). Makes an event of the form of
    C(telephony.vicidial.stereo_recording) of each push about a login, a logout, or the begin or end of a call, and
    drops everything else.
  - What is pushed is what an agent's browser says, and no more. C(reason) is C(pushed), and C(before), C(after) and
    C(record) are null. Whoever acts on it must ask STATUS first, as the modules and roles of this collection do.
  - The page C(docs/events.md) of the collection says how it is set up.
author:
  - telephony.vicidial maintainers (@telephony-vicidial)
options: {}
"""

EXAMPLES = r"""
- eda.builtin.webhook:
    port: 5000
    token: "{{ vicidial_push_token }}"
  filters:
    - telephony.vicidial.agent_push:
"""

import importlib
import importlib.util
import sys
import time
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

# As in the event source, which says why.
_PACKAGE = "telephony_vicidial_plugins"


def _load(name: str) -> Any:
    """A module of the collection's ``plugins`` folder."""
    if _PACKAGE not in sys.modules:
        spec = ModuleSpec(_PACKAGE, None, is_package=True)
        spec.submodule_search_locations = [str(Path(__file__).parents[4] / "plugins")]
        sys.modules[_PACKAGE] = importlib.util.module_from_spec(spec)
    return importlib.import_module(f"{_PACKAGE}.{name}")


def main(event: dict[str, Any], **_options: Any) -> dict[str, Any] | list[Any]:
    """The event that a push stands for, with the ``meta`` that it came with; no event for what is none."""
    found: dict[str, Any] | None = _load("plugin_utils._events.push").event_of(event.get("payload"), time.time())
    return [] if found is None else {**found, "meta": event.get("meta") or {}}
