# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""One HTTP request to a VICIdial server. Beside it only _connection_errors and _deadline know requests.

No exception that leaves this file holds text of requests, a URL with a query, or anything of a body.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

try:
    import requests
    import urllib3
except ImportError:  # whoever uses this file reports it with missing_required_lib
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

from .._errors import HttpError, NotUnderstoodError
from .connection_errors import connection_error
from .deadline import DeadlineAdapter

LONGEST_BODY = 1024 * 1024
CONNECT_SECONDS = 5.0
_CHUNK = 64 * 1024
_OK = 200
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Connection:
    """Where an API is and who calls it. ``url`` is the full address of its script; ``timeout`` is in seconds.

    ``verify`` is True, False, or the path of a CA file; ``client_key`` may be in the ``client_cert`` file.
    """

    url: str
    user: str
    password: str = field(repr=False)
    source: str = "ansible"
    verify: bool | str = True
    client_cert: str | None = None
    client_key: str | None = None
    timeout: float = 10.0

    @property
    def account(self) -> tuple[str, str, str]:
        """What a refused login is about: the address, the user and the password."""
        return self.url, self.user, self.password


class Http:
    """Requests over connections that are kept alive. Used by one thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._give_up_at = 0.0
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, DeadlineAdapter(lambda: self._give_up_at))
        # Proxies and CA settings of the environment hold; a .netrc never does: an auth of our own keeps it out.
        self._session.auth = _no_authentication
        self._session.headers.update({"User-Agent": "telephony.vicidial", "Accept-Encoding": "identity"})
        if connection.verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._session.close()

    def post(self, url: str, form: dict[str, str]) -> bytes:
        """The body that comes back for ``form``, with HTTP status 200. Raises an ApiError, and nothing else."""
        connection = self._connection
        self._give_up_at = time.monotonic() + connection.timeout
        cert = (connection.client_cert, connection.client_key) if connection.client_key else connection.client_cert
        try:
            with self._session.post(
                url,
                data=form,
                timeout=(min(CONNECT_SECONDS, connection.timeout), connection.timeout),
                allow_redirects=False,
                verify=_authorities() if connection.verify is True else connection.verify,
                cert=cert,  # type: ignore[arg-type]
                stream=True,
            ) as response:
                if response.status_code != _OK:
                    raise _http_error(response)
                return _read(response.raw)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise connection_error(error) from None


def _authorities() -> str:
    """The CA certificates to verify with where none are given.

    What requests makes of the environment by itself is not to be relied on: before 2.28 an empty CURL_CA_BUNDLE
    switches verification off.
    """
    of_environment = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    return of_environment or requests.utils.DEFAULT_CA_BUNDLE_PATH


def goes_through_proxy(url: str) -> bool:
    """Whether the environment has requests to ``url`` go through a proxy."""
    return bool(requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)))


def _no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read(raw: urllib3.HTTPResponse) -> bytes:
    """The body, up to a bound; read in parts, for its announced length can be anything."""
    if raw.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotUnderstoodError(
            "the server's answer is compressed, which was not asked for",
            "Have the web server and the proxies before it compress only what a client accepts so",
        )
    raw.enforce_content_length = True  # urllib3 1 lets a body that was cut off pass otherwise
    body = bytearray()
    while chunk := raw.read(_CHUNK):
        body += chunk
        if len(body) > LONGEST_BODY:
            raise NotUnderstoodError(
                "the server's answer is longer than 1 MiB",
                "Check that api_url leads to VICIdial, and switch PHP's display_errors off",
            )
    return bytes(body)


def _http_error(response: requests.Response) -> HttpError:
    status = response.status_code
    if response.is_redirect:
        return HttpError(
            f"the server redirects to {_host(response)} (HTTP {status}), which is not followed with a password",
            "Set api_url to the address that answers by itself",
        )
    return HttpError(
        f"HTTP {status} came back instead of an answer",
        "Look at the logs of the web server and of the proxies before it"
        if status >= _SERVER_ERROR
        else "Check api_url and what stands in front of the server: VICIdial itself answers with HTTP 200 only",
        transient=status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS,
        retry_after=_retry_after(response),
    )


def _retry_after(response: requests.Response) -> float:
    """For how many seconds the server wants to be left alone; 0 where it names a date, or nothing."""
    said = response.headers.get("Retry-After", "")
    return float(said) if re.fullmatch("[0-9]{1,9}", said) else 0.0


def _host(response: requests.Response) -> str:
    """The scheme and the host that a redirect leads to: the rest of its address can hold anything."""
    try:
        target = urlsplit(urljoin(response.url, response.headers.get("Location", "")))
        return f"{target.scheme}://{target.hostname}" if re.fullmatch(r"[-.:\w]+", target.hostname or "") else "nowhere"
    except ValueError:
        return "nowhere"
