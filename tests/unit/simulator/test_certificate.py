# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that openssl makes for a simulator."""

from __future__ import annotations

import contextlib
import shutil
import ssl
from pathlib import Path

import pytest

from vicidial_simulator.certificate import make_certificate

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on PATH")


def handshake(certificate: Path, key: Path, name: str) -> None:
    """A TLS handshake in memory, by a client that trusts the certificate alone and expects ``name``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    trusting = ssl.create_default_context(cafile=str(certificate))
    trusting.verify_flags |= ssl.VERIFY_X509_STRICT  # the default from Python 3.13 on
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    for side in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()


@needs_openssl
@pytest.mark.parametrize("name", ["localhost", "simulator.example", "127.0.0.1", "::1"])
def test_a_certificate_is_valid_for_its_names_alone(tmp_path: Path, name: str) -> None:
    pair = make_certificate(tmp_path, ["localhost", "simulator.example", "127.0.0.1", "::1"])
    handshake(*pair, name)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
        handshake(*pair, "elsewhere.example")


def test_a_machine_without_openssl_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="HTTPS needs the program openssl"):
        make_certificate(tmp_path, ["localhost"])


@needs_openssl
def test_what_openssl_refuses_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"openssl made no certificate: \S+"):
        make_certificate(tmp_path, ["nosuch, value:nosuch"])
