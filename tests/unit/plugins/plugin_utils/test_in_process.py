# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an action plugin says in a module's place, once the login of another item or attempt was refused."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.action.vicidial_agents_info import ActionModule
from ansible_collections.telephony.vicidial.plugins.module_utils._errors import AuthenticationFailedError

ADDRESS = {"api_url": "https://dialer.example.com/agc/api.php"}


@pytest.mark.parametrize(("args", "server_url"), [(ADDRESS, "https://dialer.example.com"), ({}, None)])
def test_the_address_is_told_where_the_task_names_it(args: dict[str, Any], server_url: str | None) -> None:
    """An address from the environment is in one that only the module sees."""
    action = ActionModule.__new__(ActionModule)  # what it is made of, Ansible has; this asks for none of it
    result = action._not_attempted(args, AuthenticationFailedError())
    assert result["server_url"] == server_url
    assert (result["failed"], result["reason"], result["agents"]) == (True, "authentication_failed", [])
