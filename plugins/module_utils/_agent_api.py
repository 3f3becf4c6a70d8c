# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the Agent API over HTTP: the only file that knows requests, and the edge where secrets stop.

No exception that leaves this file holds text of requests, a URL, or text of the server but for the reason of an
unknown ERROR, and that only where it holds no form of the password.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Callable
from urllib.parse import quote, quote_plus

try:
    import requests
    import urllib3
except ImportError:  # the modules report it with missing_required_lib
    HAS_REQUESTS = False
else:
    HAS_REQUESTS = True

from ansible_collections.telephony.vicidial.plugins.module_utils._errors import (
    FIRST_STEREO_BUILD,
    ApiError,
    HttpError,
    NoAnswerError,
    NotLoggedInError,
    NotUnderstoodError,
    TimedOutError,
    UnreachableError,
    UnsupportedServerError,
)
from ansible_collections.telephony.vicidial.plugins.module_utils._reply import (
    NothingToEnd,
    Reply,
    Sent,
    Status,
    Version,
    parse_reply,
    parse_version,
)

LONGEST_BODY = 1024 * 1024
CONNECT_SECONDS = 5.0
_CHUNK = 64 * 1024
_OK = 200
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500


@dataclass(frozen=True)
class Connection:
    """Where the API is and who calls it. ``url`` is the full path of api.php; ``timeout`` is in seconds.

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


@dataclass(frozen=True)
class Agent:
    """Whom a call is about: by ``user``, or by ``alt_user``, which the server looks up (protocol 1.3)."""

    user: str | None = None
    alt_user: str | None = None

    def __str__(self) -> str:
        return f"agent {self.user}" if self.user else f"agent with alt_user {self.alt_user}"


def strip_password(password: str) -> str:
    """``password`` as the server strips it before it compares, stores and echoes it (protocol 3.2)."""
    return re.sub(r"[^-.+/=_0-9a-zA-Z]", "", password)


class AgentApi:
    """The calls that this collection makes. Every one raises an ApiError, and nothing else, when it fails."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session = requests.Session()
        # Proxies and CA settings of the environment hold; a .netrc never does: an auth of our own keeps it out.
        self._session.auth = _no_authentication
        self._session.headers.update({"User-Agent": "telephony.vicidial", "Accept-Encoding": "identity"})
        if connection.verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close the connections that are kept alive."""
        self._session.close()

    def status(self, agent: Agent) -> Status:
        """What STATUS says of ``agent``."""
        reply = self._ask(agent, "STATUS")
        if not isinstance(reply, Status):
            raise _another_question()
        return reply

    def signal(self, agent: Agent, value: str, stage: str = "") -> Sent | NothingToEnd:
        """Put BEGIN or END into the agent's slot; ``stage`` is the label of a BEGIN."""
        reply = self._ask(agent, value, {"stage": stage} if stage else {})
        if isinstance(reply, Status):
            raise _another_question()
        return reply

    def version(self) -> Version:
        """The server's version; needs no credentials and sends none (protocol 1.4)."""
        return parse_version(self._post({"source": self._connection.source, "function": "version", "value": ""}))

    def _ask(self, agent: Agent, value: str, more: dict[str, str] | None = None) -> Reply:
        connection = self._connection
        # Every parameter, once, and `pass` never last: protocol 1.5.
        form = {
            "source": connection.source,
            "user": connection.user,
            "pass": connection.password,
            "function": "stereo_recording",
            "value": value,
        }
        form.update({"agent_user": agent.user} if agent.user else {"alt_user": agent.alt_user or ""})
        form.update(more or {})
        body = self._post(form)
        if not body.strip():
            raise self._no_body()
        try:
            reply = parse_reply(body)
        except NotUnderstoodError as error:
            raise self._quoted(error) from None
        except NotLoggedInError as error:
            _check_agent(agent, error.user)
            raise
        _check_agent(agent, reply.user)
        return reply

    def _no_body(self) -> ApiError:
        """Why an empty body came: an unknown function, or a server in trouble (protocol 2.6, 2.7)."""
        try:
            build = self.version().build
        except ApiError as error:
            return error
        if build < FIRST_STEREO_BUILD:
            return UnsupportedServerError(build)
        return NoAnswerError(
            f"the server (build {build}) answered with an empty page",
            "Look at the web server's error log: its application crashed",
        )

    def _quoted(self, error: NotUnderstoodError) -> NotUnderstoodError:
        """``error`` with the server's own words where they are known to hold no form of the password."""
        words = error.quote.lower()
        if not words or any(form in words for form in self._password_forms()):
            return error
        return NotUnderstoodError(f'{error.what} (it says "{error.quote}")', error.remedy)

    def _password_forms(self) -> Iterator[str]:
        password = self._connection.password
        forms = (password, strip_password(password), quote(password), quote_plus(password))
        return (form.lower() for form in forms if form)

    def _post(self, form: dict[str, str]) -> bytes:
        """The body of an answer with HTTP status 200."""
        connection = self._connection
        give_up_at = time.monotonic() + connection.timeout
        cert = (connection.client_cert, connection.client_key) if connection.client_key else connection.client_cert
        try:
            with self._session.post(
                connection.url,
                data=form,
                timeout=(min(CONNECT_SECONDS, connection.timeout), connection.timeout),
                allow_redirects=False,
                verify=connection.verify,
                cert=cert,  # type: ignore[arg-type]
                stream=True,
            ) as response:
                if response.status_code != _OK:
                    raise _http_error(response)
                return _read(response.raw, give_up_at)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            raise _connection_error(error) from None


def _check_agent(asked: Agent, told: str) -> None:
    """Whom an alt_user stands for only the server knows; any other answer must be about the agent that was named."""
    if asked.user and told != asked.user:
        raise NotUnderstoodError(
            "the server answered about another agent",
            "Look at the web server: it or a cache in front of it mixes up answers",
        )


def _no_authentication(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read(raw: urllib3.HTTPResponse, give_up_at: float) -> bytes:
    """The body, up to a bound in bytes and in time, however slowly it drips."""
    read: Callable[[int], bytes] = getattr(raw, "read1", raw.read)  # read1 is urllib3 2's
    body = b""
    while chunk := read(_CHUNK):
        body += chunk
        if len(body) > LONGEST_BODY:
            raise NotUnderstoodError(
                "the server's answer is longer than 1 MiB",
                "Check that api_url leads to VICIdial's /agc/api.php, and switch PHP's display_errors off",
            )
        if time.monotonic() > give_up_at:
            raise _timed_out(unsent=False)
    return body


def _http_error(response: requests.Response) -> HttpError:
    status = response.status_code
    if response.is_redirect:
        target = response.headers.get("Location", "").split("?")[0].split("#")[0]
        # What stands before an @ in a URL are credentials.
        target = re.sub(r"//[^/]*@", "//", target)
        return HttpError(
            f"the server redirects to {target or 'nowhere'} (HTTP {status}), which is not followed with a password",
            "Set api_url to the address that answers by itself",
        )
    return HttpError(
        f"HTTP {status} came back instead of an answer",
        "Look at the logs of the web server and of the proxies before it"
        if status >= _SERVER_ERROR
        else "Check api_url and what stands in front of the server: VICIdial itself answers with HTTP 200 only",
        transient=status >= _SERVER_ERROR or status == _TOO_MANY_REQUESTS,
    )


def _connection_error(error: Exception) -> ApiError:
    """``error`` of requests or below as ours: its own text, which can hold a URL, is left behind."""
    causes = list(_causes(error))
    refused_certificate = next((it for it in causes if isinstance(it, ssl.SSLCertVerificationError)), None)
    if refused_certificate is not None:
        return UnreachableError(
            f"the server's certificate is not trusted: {refused_certificate.verify_message or 'verification failed'}",
            "Set ca_path to the CA that signed it, or correct the certificate or the host name in api_url",
            transient=False,
            unsent=True,
        )
    # Without a connection the server has heard nothing. After any other failure it may have.
    unsent = any(
        isinstance(it, (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)) for it in causes
    )
    # urllib3 derives even a refused connection from ConnectTimeoutError: only requests tells the two apart.
    if any(isinstance(it, (requests.Timeout, urllib3.exceptions.ReadTimeoutError, socket.timeout)) for it in causes):
        return _timed_out(unsent)
    detail = next((it.strerror for it in causes if isinstance(it, OSError) and it.strerror), None)
    whom = "the proxy" if any(isinstance(it, requests.exceptions.ProxyError) for it in causes) else "the server"
    return UnreachableError(
        f"{whom} cannot be reached: {detail or 'the connection was closed before the answer was complete'}",
        "Check api_url, the network and the proxy settings of the environment, and that the web server is up",
        transient=True,
        unsent=unsent,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and all that lies beneath it: requests and urllib3 hide the cause in arguments and contexts."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        it = waiting.pop(0)
        if isinstance(it, BaseException) and id(it) not in seen:
            seen.add(id(it))
            yield it
            waiting.extend([it.__cause__, it.__context__, getattr(it, "reason", None), *it.args])


def _timed_out(unsent: bool) -> TimedOutError:
    return TimedOutError(
        "the server did not answer in time",
        "Check the load of the web server, or set timeout higher",
        unsent,
    )


def _another_question() -> NotUnderstoodError:
    return NotUnderstoodError(
        "the server answered another question than the one that was asked",
        "Look at the web server: it or a cache in front of it mixes up answers",
    )
