# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is private to the collection: it can change in any release without notice.
"""From a request to what its answer says: the edge at which the server's own text stops.

No exception that leaves this file holds text of the server but for the reason of an unknown ERROR, and that only where
it holds no form of the password.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Callable, TypeVar
from urllib.parse import quote, quote_plus

from .._errors import HttpError, NoAnswerError, NotUnderstoodError
from .._protocol.names import strip_password
from .http import LONGEST_BODY, Http, name_url

AnswerT = TypeVar("AnswerT")


def ask(
    http: Http, url: str, form: dict[str, str], parse: Callable[[bytes], AnswerT], longest: int = LONGEST_BODY
) -> AnswerT:
    """What ``parse`` makes of the answer to a question, of ``longest`` bytes at most.

    It may come with HTTP 500, for that is what a server sends that cannot write its own log (protocol 1.8).
    """
    try:
        return _parsed(http.post(url, form, longest), url, form, parse)
    except HttpError as error:
        body = error.take_body()
        with suppress(NotUnderstoodError, NoAnswerError):
            if body.strip():
                return parse(body)
        raise


def command(http: Http, url: str, form: dict[str, str], parse: Callable[[bytes], AnswerT]) -> AnswerT:
    """What ``parse`` makes of the answer to a call that changes something: with HTTP 200 only (protocol 1.2)."""
    try:
        return _parsed(http.post(url, form), url, form, parse)
    except HttpError as error:
        error.take_body()
        raise


def _parsed(body: bytes, url: str, form: dict[str, str], parse: Callable[[bytes], AnswerT]) -> AnswerT:
    try:
        return parse(body)
    except (NotUnderstoodError, NoAnswerError) as error:
        words = ""
        if isinstance(error, NotUnderstoodError):
            words, error.quote = error.quote, ""
        if words and not any(secret in words.lower() for secret in _forms(form.get("pass", ""))):
            error.what += f' (it says "{words}")'
        raise name_url(error, url) from None


def _forms(password: str) -> Iterator[str]:
    forms = (password, strip_password(password), quote(password), quote_plus(password))
    return (form.lower() for form in forms if form)
