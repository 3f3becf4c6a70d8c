# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What these tests need: ansible-rulebook, which nox makes an environment for where there is Java (noxfile.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.telephony.vicidial.tests.events.rulebook import PROGRAMS, Listener, listening


@pytest.fixture(scope="session", autouse=True)
def _programs() -> None:
    if not (PROGRAMS / "ansible-rulebook").exists():
        pytest.skip("no ansible-rulebook: call `make events`")


@pytest.fixture
def listener() -> Iterator[Listener]:
    """A webhook, and as much of an AWX as ansible-rulebook calls."""
    with listening() as there:
        yield there
