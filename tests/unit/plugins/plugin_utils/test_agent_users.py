# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How agents are read that people, inventories and AWX surveys give."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.telephony.vicidial.plugins.filter.agent_users import agent_users

HOSTS = ["localhost", "1003", "desk7", "desk8", "desk9"]
HOSTVARS: dict[str, dict[str, Any]] = {
    "1003": {},
    "desk7": {"vicidial_user": 1005},
    "desk8": {"vicidial_user": ""},
    "desk9": {"vicidial_user": "1007"},
    "localhost": {"vicidial_user": "1009"},
}
OF_HOSTS = ["1003", "1005", "desk8", "1007"]


@pytest.mark.parametrize(
    ("given", "users"),
    [
        ("1000", ["1000"]),
        (1000, ["1000"]),
        (" 1000, 1001\r\n1002\n\n,1003,", ["1000", "1001", "1002", "1003"]),
        ("10 00\t1", ["10 00\t1"]),
        ("1000\x0b1001\u20281002", ["1000\x0b1001\u20281002"]),
        (["1000", 1001, "1002,1003", ["1004", [1005]], None, ""], ["1000", "1001", "1002", "1003", "1004", "1005"]),
        ((str(user) for user in (1000, 1001)), ["1000", "1001"]),
        ({"1000": 1}, ["{'1000': 1}"]),
        (["1000", "1000"], ["1000", "1000"]),
    ],
)
def test_commas_and_line_breaks_separate_and_nothing_else_does(given: Any, users: list[str]) -> None:
    assert agent_users(given, HOSTS, HOSTVARS) == users


@pytest.mark.parametrize(
    ("given", "users"), [("", OF_HOSTS), ([], []), (None, []), (",\n ", []), (["", None], []), (0, ["0"])]
)
def test_empty_text_means_the_hosts_and_nobody_is_nobody(given: Any, users: list[str]) -> None:
    assert agent_users(given, HOSTS, HOSTVARS) == users
    assert agent_users("") == []
