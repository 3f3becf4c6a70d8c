# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returns of a refused option is what its documentation says that it returns then."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import yaml

from ansible_collections.telephony.vicidial.tests.documents import ROOT
from ansible_collections.telephony.vicidial.tests.unit.plugins.modules.conftest import Run

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("vicidial_*.py"))
NEEDED: dict[str, dict[str, Any]] = {
    "vicidial_recordings_info": {"since": "2h"},
    "vicidial_stereo_recording": {"agent_users": ["1000"], "state": "idle"},
    "vicidial_stereo_recording_info": {"agent_users": ["1000"]},
    "vicidial_stereo_recording_watch_info": {"agent_users": ["1000"]},
}
ACCOUNT = {"api_url": "gopher://dialer.example.com", "api_user": "6666", "api_password": "simulated"}


@pytest.mark.parametrize("name", MODULES)
def test_of_a_refused_option_a_module_returns_what_it_documents(run_module: Run, name: str) -> None:
    module = import_module(f"ansible_collections.telephony.vicidial.plugins.modules.{name}")
    values = {value: about["returned"] for value, about in yaml.safe_load(module.RETURN).items()}
    of_ours = {value for value, when in values.items() if when not in ("when no option is refused", "success")}
    of_ansible = {value for value in of_ours if "Ansible" not in values[value]}
    assert returned(run_module(module.main, **ACCOUNT, **NEEDED.get(name, {}))) == of_ours
    assert returned(run_module(module.main, unknown_option=1)) == of_ansible == {"msg"}


def returned(result: dict[str, Any]) -> set[str]:
    """The names in ``result`` that are not Ansible's own."""
    return set(result) - {"failed", "changed", "invocation", "warnings", "exception"}
