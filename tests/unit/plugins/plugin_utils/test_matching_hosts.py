# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts of a pattern a run's limit leaves."""

from __future__ import annotations

import pytest

from ansible_collections.telephony.vicidial.plugins.filter.matching_hosts import matching_hosts


@pytest.mark.parametrize(
    ("limit", "hosts"),
    [
        ("", ["desk9", "desk7", "1003"]),
        ("1003,desk9,elsewhere", ["desk9", "1003"]),
        ("@retry_hosts.txt", ["desk9", "desk7", "1003"]),
        ("elsewhere", []),
    ],
)
def test_a_limit_by_name_leaves_whom_it_names_and_a_file_is_read_later(limit: str, hosts: list[str]) -> None:
    within = [] if limit.startswith("@") else limit.split(",")
    assert matching_hosts(["desk9", "desk7", "1003"], within, limit) == hosts
