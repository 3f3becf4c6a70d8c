# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tag the tasks of a role have."""

from __future__ import annotations

import pytest

from ansible_collections.telephony.vicidial.plugins.filter.role_tag import role_tag


@pytest.mark.parametrize(
    ("run_tags", "is_imported", "tag"),
    [
        (["pay", "other"], False, "pay"),
        (["pay", "other"], True, "untagged"),
        (["all"], False, "untagged"),
        (("all",), True, "untagged"),
        ([], False, "untagged"),
    ],
)
def test_an_included_role_has_one_of_the_run_and_an_imported_one_its_own(
    run_tags: list[str], is_imported: bool, tag: str
) -> None:
    assert role_tag(run_tags, is_imported) == tag
