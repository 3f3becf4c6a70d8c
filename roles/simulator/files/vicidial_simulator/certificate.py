# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate for a simulator that serves HTTPS and was given none: self-signed, made by the program openssl."""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Sequence
from pathlib import Path

CERTIFICATE_DAYS = 30

# A whole configuration, so that that of the machine plays no part. Python 3.13 wants the key usage of an authority.
_CONFIGURATION = """
[req]
distinguished_name = subject
prompt = no
x509_extensions = extensions
[subject]
commonName = vicidial_simulator
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
subjectAltName = {names}
"""


def make_certificate(directory: Path, names: Sequence[str]) -> tuple[Path, Path]:
    """Make a certificate for ``names`` (host names and addresses) in ``directory``; returns its file and its key's.

    Clients verify with the certificate itself. Raises ValueError where openssl is missing or fails.
    """
    certificate, key, configuration = (directory / name for name in ("certificate.pem", "key.pem", "openssl.cnf"))
    configuration.write_text(_CONFIGURATION.format(names=", ".join(map(_alternative_name, names))))
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-config", str(configuration), "-keyout", str(key), "-out", str(certificate)]
    command = ["openssl", "req", "-x509", *kind, "-days", str(CERTIFICATE_DAYS), *files]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError as error:
        raise ValueError("HTTPS needs the program openssl to make a certificate: install it, or give one") from error
    except subprocess.CalledProcessError as error:
        raise ValueError(f"openssl made no certificate: {error.stderr.decode().strip().splitlines()[-1]}") from error
    return certificate, key


def _alternative_name(name: str) -> str:
    try:
        return f"IP:{ipaddress.ip_address(name)}"
    except ValueError:
        return f"DNS:{name}"
