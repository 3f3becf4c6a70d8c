# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a failure advises: nothing that records somebody whom nobody has meant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.telephony.vicidial.plugins.module_utils._recording.failures import no_live_call

ROOT = Path(__file__).resolve().parents[5]


@pytest.mark.parametrize("shown", [None, 100002])
def test_without_a_call_the_advice_is_to_skip_the_agent_and_not_to_leave_a_begin_waiting(shown: int | None) -> None:
    """Without require_call the customer of the next call is recorded; the documents advise as the failure does."""
    _what, remedy = no_live_call("PAUSED", shown, begin_was_sent=False)
    assert remedy.startswith("Run it again while the agent talks, or set when_no_call to ignore")
    assert "require_call" not in remedy
    [documented] = re.findall(
        r"### `no_live_call`\n.*?\*\*Remedy:\*\* (.*?)\n", (ROOT / "docs/reasons.md").read_text(), re.DOTALL
    )
    assert documented == "run it again while the agent talks, or set `when_no_call: ignore`."
