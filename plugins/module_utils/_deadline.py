# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that end in time: requests bounds each wait for bytes, this file all of them together.

A server that lets its headers or its body drip would otherwise hold a call for as long as it likes.
"""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPResponse
from typing import Any

try:
    import urllib3
    from requests.adapters import HTTPAdapter
except ImportError:  # whoever uses this file reports it with missing_required_lib
    HTTPAdapter = object  # type: ignore[assignment,misc]

# Seconds on time.monotonic() at which the call under way must be over.
Deadline = Callable[[], float]


class DeadlineAdapter(HTTPAdapter):
    """What a Session sends through, directly or by a proxy, so that no answer is read beyond ``deadline``."""

    def __init__(self, deadline: Deadline) -> None:
        self._pools = {
            "http": _in_time(urllib3.HTTPConnectionPool, deadline),
            "https": _in_time(urllib3.HTTPSConnectionPool, deadline),
        }
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager


def _in_time(pool: Any, deadline: Deadline) -> Any:
    """``pool``, a class of urllib3's, with connections whose responses keep the ``deadline``."""
    response = staticmethod(partial(_Response, deadline))
    connection = type("Connection", (pool.ConnectionCls,), {"response_class": response})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Response(HTTPResponse):
    def __init__(self, deadline: Deadline, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(self.fp.detach(), sock, deadline))


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
