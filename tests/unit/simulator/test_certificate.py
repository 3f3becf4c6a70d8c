# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that the simulator makes for itself: to `ssl`, and to an OpenSSL that never heard of the code."""

from __future__ import annotations

import contextlib
import shutil
import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from vicidial_simulator.certificate import make_certificate

OPENSSL = shutil.which("openssl")
needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="no openssl on PATH")


def made(tmp_path: Path, days: int = 1) -> Path:
    path = tmp_path / "made.pem"
    make_certificate(path, ["localhost", "simulator.example", "127.0.0.1", "::1"], days)
    return path


def handshake(certificate: Path, name: str, trusted: Path | None = None) -> None:
    """A TLS handshake in memory, by a client that trusts ``trusted`` (``certificate`` itself) and expects ``name``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(to_server, to_client, server_side=True)
    trusting = ssl.create_default_context(cafile=str(trusted or certificate))
    client = trusting.wrap_bio(to_client, to_server, server_hostname=name)
    for side in (client, server, client, server):
        with contextlib.suppress(ssl.SSLWantReadError):
            side.do_handshake()


def openssl(*arguments: object) -> str:
    """What openssl says, on both of its outputs."""
    command = [str(OPENSSL), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ["localhost", "simulator.example", "127.0.0.1", "::1"])
def test_it_is_valid_for_its_names(tmp_path: Path, name: str) -> None:
    handshake(made(tmp_path), name)


@pytest.mark.parametrize("name", ["elsewhere.example", "127.0.0.2"])
def test_it_is_valid_for_no_other_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
        handshake(made(tmp_path), name)


def test_it_has_expired_with_negative_days(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake(made(tmp_path, days=-1), "localhost")


def test_one_does_not_vouch_for_another(tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    make_certificate(other, ["localhost"])
    with pytest.raises(ssl.SSLCertVerificationError, match=r"self.signed|signature"):
        handshake(made(tmp_path), "localhost", trusted=other)


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    assert stat.S_IMODE(made(tmp_path).stat().st_mode) == 0o600


@needs_openssl
def test_openssl_verifies_it(tmp_path: Path) -> None:
    path = made(tmp_path)
    assert openssl("verify", "-CAfile", path, "-check_ss_sig", path).strip() == f"{path}: OK"
    assert openssl("verify", "-CAfile", path, "-verify_hostname", "simulator.example", path).strip() == f"{path}: OK"


@needs_openssl
def test_openssl_finds_it_expired(tmp_path: Path) -> None:
    path = made(tmp_path, days=-1)
    assert "certificate has expired" in openssl("verify", "-CAfile", path, path)


@needs_openssl
@pytest.mark.parametrize("days", [1, 0, -1, -400])
def test_it_begins_before_it_ends(tmp_path: Path, days: int) -> None:
    lines = openssl("x509", "-in", made(tmp_path, days), "-noout", "-startdate", "-enddate").splitlines()
    start, end = (ssl.cert_time_to_seconds(line.partition("=")[2]) for line in lines)
    assert start < end


@needs_openssl
@pytest.mark.parametrize(("seconds", "answer"), [(86400 - 60, "will not expire"), (86400 + 60, "will expire")])
def test_it_is_valid_for_as_many_days_as_said(tmp_path: Path, seconds: int, answer: str) -> None:
    assert answer in openssl("x509", "-in", made(tmp_path), "-noout", "-checkend", seconds)


@needs_openssl
def test_every_one_is_well_formed(tmp_path: Path) -> None:
    """Numbers of any length and sign bit have to be encoded right: 1 in 256 keys and signatures is a short one."""
    for _time in range(20):
        path = made(tmp_path)
        assert openssl("verify", "-CAfile", path, "-check_ss_sig", path).strip() == f"{path}: OK"
