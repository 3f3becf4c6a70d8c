# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests, each from an authority of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path


def make_certificate(path: Path, names: Sequence[str], days: int = 1) -> None:
    """Write a certificate for ``names`` that ends in ``days``, its key and its authority to the PEM file ``path``.

    A server shows it, a client verifies with it, and either is trusted by nothing else.
    """
    import trustme  # here, for few tests need it

    authority = trustme.CA()
    issued = authority.issue_cert(*names, not_after=datetime.now(timezone.utc) + timedelta(days=days))
    parts = [issued.private_key_pem, *issued.cert_chain_pems, authority.cert_pem]
    path.write_bytes(b"".join(part.bytes() for part in parts))
