# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""What it means that a request ended in an exception of requests, or of what lies beneath it.

The text of such an exception can hold a URL, with the credentials for a proxy in it: it is left behind.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from http.client import BadStatusLine, HTTPException, LineTooLong, RemoteDisconnected, UnknownProtocol

try:
    import requests
    import urllib3
except ImportError:  # whoever uses this file reports it with missing_required_lib
    pass

from .._errors import (
    ApiError,
    Delivery,
    TimedOutError,
    TlsError,
    UnreachableError,
)

_SERVER_ERROR = 500
_BROKEN_CHUNK = "the server's answer is malformed: a chunk of it has no proper length"
# These tell nothing of TLS: a load balancer without a server behind it closes connections like this.
_CLOSED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)


def connection_error(error: Exception, by_proxy: bool) -> ApiError:
    """``error`` as ours, with what is known of whether the server has received anything.

    ``by_proxy``: the environment says that the way to the server leads through a proxy.
    """
    causes = list(_causes(error))
    return (
        (_of_the_proxy_settings(error) if by_proxy else None)
        or _of_the_options(error)
        or _of_tls(causes)
        or _of_a_tunnel(causes)
        or _of_http(causes)
        or _of_the_network(causes)
    )


def _of_the_proxy_settings(error: Exception) -> ApiError | None:
    if isinstance(error, requests.exceptions.InvalidSchema) and "SOCKS" in str(error):
        return UnreachableError(
            "the environment names a SOCKS proxy, for which requests needs the Python library PySocks",
            "Install PySocks for the Python that runs the module, or name the server in NO_PROXY",
            Delivery.NOT_SENT,
        )
    # requests before 2.27 lets Python's own error for an address through.
    is_no_address = isinstance(error, ValueError) and "IPv6" in str(error)
    if is_no_address or isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema)):
        return UnreachableError(
            "the proxy variable of the environment is no URL such as http://proxy.example.com:3128",
            "Correct http_proxy, https_proxy or all_proxy in the environment, or name the server in NO_PROXY",
            Delivery.NOT_SENT,
        )
    return None


def _of_the_options(error: Exception) -> ApiError | None:
    if isinstance(error, requests.exceptions.InvalidURL):
        return UnreachableError("api_url names no possible host", "Correct api_url", Delivery.NOT_SENT)
    known = isinstance(error, (requests.RequestException, socket.timeout))
    if isinstance(error, OSError) and not known and error.errno is None:  # requests raises this for a missing file
        return TlsError(
            "a file of certificates is not there",
            "Check ca_path, client_cert, client_key, and REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE in the environment",
            Delivery.NOT_SENT,
        )
    return None


def _of_tls(causes: Sequence[BaseException]) -> ApiError | None:
    refused_certificate = next((cause for cause in causes if _is_refused_certificate(cause)), None)
    if refused_certificate is not None:
        why = getattr(refused_certificate, "verify_message", "it is not valid for the host name in api_url")
        return TlsError(
            f"the server's certificate is not trusted: {why.rstrip('.') or 'verification failed'}",
            "Set ca_path to the CA that signed it, or correct the certificate or the host name in api_url",
            Delivery.NOT_SENT,
        )
    if any(isinstance(cause, ssl.SSLError) and not isinstance(cause, _CLOSED) for cause in causes):
        return TlsError(
            "no TLS connection came about",
            "Check the scheme and the port in api_url, and that ca_path, client_cert and client_key are PEM files",
            Delivery.UNANSWERED,
        )
    return None


def _is_refused_certificate(error: BaseException) -> bool:
    """urllib3 before 2 compares host names itself; for a wrong one it raises its own CertificateError or Python's."""
    return isinstance(error, ssl.SSLCertVerificationError) or type(error).__name__ == "CertificateError"


def _of_a_tunnel(causes: Sequence[BaseException]) -> ApiError | None:
    """A proxy that answers, but lets nothing through."""
    answers = [re.match(r"Tunnel connection failed: ([0-9]{3})", str(cause)) for cause in causes]
    status = next((int(answer[1]) for answer in answers if answer), None)
    if status is None:
        return None
    return UnreachableError(
        f"the proxy opens no way to the server (HTTP {status})",
        "Check the proxy settings of the environment, and the credentials for the proxy in them",
        Delivery.NOT_SENT,
        transient=status >= _SERVER_ERROR,
    )


def _of_http(causes: Sequence[BaseException]) -> ApiError | None:
    """Bytes that came back and are no HTTP as Python reads it."""
    what = next(filter(None, map(_broken_rule, causes)), None)
    if what is None:
        return None
    remedy = "Check the host and the port in api_url, and what stands in front of the server"
    return UnreachableError(what, remedy, Delivery.UNANSWERED, transient=what == _BROKEN_CHUNK)


def _broken_rule(error: BaseException) -> str | None:
    if isinstance(error, (BadStatusLine, UnknownProtocol)) and not isinstance(error, RemoteDisconnected):
        is_ssh = str(error).startswith("SSH-")
        return "an SSH server answers at this port" if is_ssh else "what answers at this port speaks no HTTP"
    if isinstance(error, LineTooLong) or (isinstance(error, HTTPException) and "headers" in str(error)):
        return "the server's answer has longer or more headers than a client takes"
    # Exactly this one, which http.client raises for the size of a chunk; its subclasses are about texts.
    return _BROKEN_CHUNK if error.__class__ is ValueError else None


def _of_the_network(causes: Sequence[BaseException]) -> ApiError:
    # Without a connection the server has received nothing. After any other failure it may have.
    no_connection = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
    is_unsent = any(isinstance(cause, no_connection) for cause in causes)
    delivery = Delivery.NOT_SENT if is_unsent else Delivery.UNANSWERED
    # urllib3 derives even a refused connection from ConnectTimeoutError: only requests tells the two apart.
    if any(
        isinstance(cause, (requests.Timeout, urllib3.exceptions.ReadTimeoutError, socket.timeout)) for cause in causes
    ):
        return TimedOutError(
            "the server did not answer in time",
            "Check the load of the web server, or set timeout higher",
            delivery,
        )
    network = [cause for cause in causes if isinstance(cause, OSError) and not isinstance(cause, _CLOSED)]
    detail = next((cause.strerror for cause in network if cause.strerror), None)
    whom = "the proxy" if any(map(_is_of_a_proxy, causes)) else "the server"
    return UnreachableError(
        f"{whom} cannot be reached: {detail or 'the connection was closed before the answer was complete'}",
        "Check api_url, the network and the proxy settings of the environment, and that the web server is up",
        delivery,
        transient=True,
    )


def _is_of_a_proxy(error: BaseException) -> bool:
    """By name, because PySocks, whose error ProxyConnectionError is, may not be installed."""
    return isinstance(error, requests.exceptions.ProxyError) or type(error).__name__ == "ProxyConnectionError"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and all that lies beneath it: requests and urllib3 hide the cause in arguments and contexts."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        cause = waiting.pop(0)
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting.extend([cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args])
