# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""One HTTP request to a VICIdial server. Beside it only connection_errors and deadline know requests.

No exception that leaves this file holds text of requests, or a URL with a query. The body that comes with an HTTP error
must be taken out of it.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

try:
    import requests
    import urllib3
except ImportError:  # whoever uses this file reports it with missing_required_lib
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

from .._errors import ApiError, HttpError, NotUnderstoodError
from .connection_errors import connection_error
from .deadline import DeadlineAdapter

LONGEST_BODY = 1024 * 1024
CONNECT_SECONDS = 5.0
_CHUNK = 64 * 1024
_COMPRESSIONS = frozenset(("gzip", "x-gzip", "deflate", "compress", "x-compress", "br", "zstd"))
_LONGEST_URL = 300
_OK = 200
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Connection:
    """Where an API is and who calls it. ``url`` is the full address of its script; ``timeout`` is in seconds.

    ``version_url`` is the Agent API's address where ``url`` is another API's: it tells the version without a login.
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
    version_url: str = ""

    @property
    def account(self) -> tuple[str, str, str]:
        """What a refused login is about: the address, the user and the password."""
        return self.url, self.user, self.password


class Http:
    """Requests over connections that are kept alive. Used by one thread at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._give_up_at = 0.0
        self._prepared: dict[str, tuple[requests.PreparedRequest, dict[str, Any]]] = {}
        self._session = requests.Session()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, DeadlineAdapter(lambda: self._give_up_at))
        # Proxies and CA settings of the environment apply, but no .netrc: requests reads it only where no auth is set.
        self._session.auth = _no_authentication
        self._session.headers.update({"User-Agent": "telephony.vicidial", "Accept-Encoding": "identity"})
        if connection.verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close the connections that are kept alive. Nothing hangs on it: what goes wrong is of no interest."""
        with suppress(Exception):
            self._session.close()

    def post(self, url: str, form: dict[str, str], longest: int = LONGEST_BODY) -> bytes:
        """The body that comes back for ``form``, with HTTP status 200: ``longest`` bytes at most.

        Raises an ApiError, and nothing else.
        """
        try:
            return self._post(url, form, longest)
        except ApiError as error:
            raise name_url(error, url) from None

    def _post(self, url: str, form: dict[str, str], longest: int) -> bytes:
        self._give_up_at = time.monotonic() + self._connection.timeout
        try:
            prepared, settings = self._prepare(url)
            request = prepared.copy()
            request.prepare_body(form, None)
            request.prepare_cookies(self._session.cookies)
            with self._session.send(request, **settings) as response:
                if response.status_code != _OK:
                    raise _http_error(response)
                return _read(response.raw, longest)
        # ValueError: http.client raises it for a chunk with a negative length.
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise connection_error(error, goes_through_proxy(url)) from None

    def _prepare(self, url: str) -> tuple[requests.PreparedRequest, dict[str, Any]]:
        """What is the same in every request to ``url``, and the settings that it is sent with.

        Session.post would make both anew for each: a quarter of what a call costs on this side.
        """
        if url not in self._prepared:
            connection = self._connection
            verify = _authorities() if connection.verify is True else connection.verify
            cert = (connection.client_cert, connection.client_key) if connection.client_key else connection.client_cert
            settings = {
                **self._session.merge_environment_settings(url, {}, True, verify, cert),  # type: ignore[arg-type]
                "timeout": (min(CONNECT_SECONDS, connection.timeout), connection.timeout),
                "allow_redirects": False,
            }
            self._prepared[url] = self._session.prepare_request(requests.Request("POST", url)), settings
        return self._prepared[url]


def name_url(error: ApiError, url: str) -> ApiError:
    """``error``, whose text then says which URL was asked."""
    error.what += f" (URL: {_without_secrets(url)})"
    return error


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


def _read(raw: urllib3.HTTPResponse, longest: int = LONGEST_BODY) -> bytes:
    """The body, up to ``longest`` bytes; read in parts, for its announced length can be anything."""
    # Some servers send other words here, such as "none" or "UTF-8", and leave the body as it is.
    encodings = {name.strip().lower() for name in raw.headers.get("Content-Encoding", "").split(",")}
    if encodings & _COMPRESSIONS:
        raise NotUnderstoodError(
            "the server's answer is compressed, which was not asked for",
            "Have the web server and the proxies before it compress only what a client accepts so",
        )
    raw.enforce_content_length = True  # urllib3 1 lets a body that was cut off pass otherwise
    body = bytearray()
    while chunk := raw.read(_CHUNK):
        body += chunk
        if len(body) > longest:
            raise NotUnderstoodError(
                f"the server's answer is longer than {longest // LONGEST_BODY} MiB",
                "Check that api_url leads to VICIdial, and switch PHP's display_errors off",
            )
    return bytes(body)


def _http_error(response: requests.Response) -> HttpError:
    status = response.status_code
    if response.is_redirect:
        return HttpError(
            f"the server redirects to {_target(response)} (HTTP {status}), which is not followed with a password",
            "Set api_url to the address that answers by itself",
        )
    body = _read(response.raw) if status == _SERVER_ERROR else b""
    what, remedy = f"HTTP {status} came back instead of an answer", "Look at the logs of the web server and the proxies"
    if status == _SERVER_ERROR and not body.strip():
        what = "HTTP 500 with an empty page came back instead of an answer, as when the database is down"
        remedy = "Check that the database runs, and look at the web server's error log"
    elif status < _SERVER_ERROR:
        remedy = "Check api_url and what stands in front of the server: VICIdial itself answers with HTTP 200 only"
    is_transient = status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS
    return HttpError(what, remedy, is_transient, _retry_after(response), body)


def _retry_after(response: requests.Response) -> float:
    """For how many seconds the server wants to be left alone; 0 where it names a date, or nothing."""
    said = response.headers.get("Retry-After", "")
    return float(said) if re.fullmatch("[0-9]{1,9}", said) else 0.0


def _target(response: requests.Response) -> str:
    """Where a redirect leads to."""
    try:
        return _without_secrets(urljoin(response.url, response.headers.get("Location", "")))
    except ValueError:
        return "nowhere"


def _without_secrets(address: str) -> str:
    """``address`` without credentials, query and fragment, if it is one."""
    url = urlsplit(address)
    shown = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}"
    return shown[:_LONGEST_URL] if re.fullmatch(r"https?://[-.:\[\]\w]+(?:/[-./~%:@+,;=\w]*)?", shown) else "nowhere"
