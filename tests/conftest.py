# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every directory of tests."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.plugins.loader import init_plugin_loader
from hypothesis import HealthCheck, settings

# What is imported before Ansible's own finder of collections is there does not belong to what is imported later.
init_plugin_loader()

from ansible_collections.telephony.vicidial.tests.certificates import make_certificate  # noqa: E402
from ansible_collections.telephony.vicidial.tests.support import Simulator, call_center, serving  # noqa: E402

# No timing decides a test, whatever else the machine has to do.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator over HTTP with account 6666 (``simulated``) and ten agents from 1000 on; see ``call_center``."""
    with serving(call_center()) as running:
        yield running


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a certificate for loopback and its key; clients verify with it as well."""
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    make_certificate(path, ["localhost", "127.0.0.1"])
    return path


@pytest.fixture
def https_simulator(certificate: Path) -> Iterator[Simulator]:
    """The same over HTTPS; ``ca_path`` is what a client verifies it with."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate)
    with serving(call_center(), tls, certificate) as running:
        yield running
