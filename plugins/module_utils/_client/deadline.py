# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""Calls that end in time: requests bounds each wait, this file all of them together.

Otherwise a server that sends its headers or its body in small pieces could hold a call for as long as it likes, and a
host name with several addresses that do not answer would take the timeout once for each. This file also tells whether a
connection broke before any part of a request was sent.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPResponse, parse_headers
from typing import Any

try:
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection
except ImportError:  # whoever uses this file reports it with missing_required_lib
    HTTPAdapter = object  # type: ignore[assignment,misc]
    HTTPConnection = object  # type: ignore[assignment,misc]

# Seconds on time.monotonic() at which the call under way must be over.
Deadline = Callable[[], float]
# A socket takes 0 for "do not wait at all", and nothing below it.
_SHORTEST_WAIT = 0.001
_CONTINUE = 100
_SWITCHING_PROTOCOLS = 101
_OK = 200


class DeadlineAdapter(HTTPAdapter):
    """What a Session sends through, directly or by a proxy, so that nothing is waited for beyond ``deadline``."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._managers_by_proxy: dict[str, Any] = {}
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        _keep_in_time(self.poolmanager, self._deadline)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        if proxy not in self._managers_by_proxy:
            manager = super().proxy_manager_for(proxy, **kwargs)
            self._managers_by_proxy[proxy] = _keep_in_time(manager, self._deadline)
        return self._managers_by_proxy[proxy]


def _keep_in_time(manager: Any, deadline: Deadline) -> Any:
    """``manager`` with pools that keep the ``deadline``; one for a SOCKS proxy has pools of its own kind."""
    pools = manager.pool_classes_by_scheme.items()
    manager.pool_classes_by_scheme = {scheme: _in_time(pool, deadline) for scheme, pool in pools}
    return manager


def _in_time(pool: Any, deadline: Deadline) -> Any:
    """``pool``, a class of urllib3's, with connections that keep the ``deadline``, and so do their responses."""
    members = {"deadline": staticmethod(deadline), "response_class": staticmethod(partial(_Response, deadline))}
    connection = type("Connection", (_Connection, pool.ConnectionCls), members)
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Connection(HTTPConnection):
    """Stands before urllib3's own class, for HTTP or HTTPS. The host is the proxy's where there is one."""

    deadline: Deadline

    def connect(self) -> None:
        """Connect, with TLS if need be. No part of a request has left before this is done."""
        try:
            super().connect()
        except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise urllib3.exceptions.NewConnectionError(self, "closed in the handshake") from error

    def _new_conn(self) -> socket.socket:
        """urllib3 gives each address of the host the whole timeout: here they share what is left."""
        self.timeout = min(self.timeout or 0, self._left() / self._count_addresses())
        sock = super()._new_conn()
        sock.settimeout(self._left())  # for the handshake
        return sock

    def _count_addresses(self) -> int:
        socks = getattr(self, "_socks_options", None)
        host, port = (socks["proxy_host"], socks["proxy_port"]) if socks else (self._dns_host, self.port)
        try:
            return len(socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:  # unknown, or no possible name
            raise urllib3.exceptions.NewConnectionError(self, "no address") from error

    def _left(self) -> float:
        return max(self.deadline() - time.monotonic(), _SHORTEST_WAIT)


class _Response(HTTPResponse):
    def __init__(self, deadline: Deadline, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, deadline))

    def _read_status(self) -> tuple[Any, int, str]:
        """Skips interim responses (1xx) such as 103: http.client skips 100 alone."""
        version, status, reason = super()._read_status()  # type: ignore[misc]
        while _CONTINUE < status < _OK and status != _SWITCHING_PROTOCOLS:
            parse_headers(self.fp)
            version, status, reason = super()._read_status()  # type: ignore[misc]
        return version, status, reason


class _Reader(io.RawIOBase):
    """``raw``, the bytes that come from ``sock``, until the ``deadline``; then socket.timeout is raised."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline: Deadline) -> None:
        self._raw = raw
        self._sock = sock
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._deadline() - time.monotonic()
        if left <= 0:
            raise socket.timeout
        self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()
