# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may stand in a field: the one place where values from the control path, files and options are checked.

The rule of a field is its declared type, and the limit in its metadata where it has one (:func:`at_least`, ...).
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Callable, TypeVar

Row = TypeVar("Row")

_SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can bring halves of characters, which no answer can hold


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not _SURROGATES.search(value)


def _is_user(value: str) -> bool:
    return re.fullmatch(r"[-_0-9a-zA-Z]+", value) is not None  # protocol 4.9


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max


_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "Any": ("anything", lambda _value: True),
    "bool": ("true or false", lambda value: isinstance(value, bool)),
    "int": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "float": ("a finite number", _is_number),
    "str": ("a text", _is_text),
    "list[str]": ("a list of texts", lambda value: isinstance(value, list) and all(map(_is_text, value))),
    "list[Any]": ("a list", lambda value: isinstance(value, list)),
    "dict[str, str]": ("texts by name", lambda value: isinstance(value, dict) and all(map(_is_text, value.values()))),
    "dict[str, Any]": ("a JSON object", lambda value: isinstance(value, dict)),
}

Limit = Mapping[str, Any]


def _limit(words: str, holds: Callable[[Any], bool]) -> Limit:
    return {"words": words, "holds": holds}


def one_of(choices: Sequence[str]) -> Limit:
    """The metadata of a field that holds one of ``choices``."""
    return _limit(f"one of {', '.join(choices)}", lambda value: value in choices)


def between(least: float, most: float) -> Limit:
    """The metadata of a field that holds a number from ``least`` to ``most``."""
    return _limit(f"from {least:g} to {most:g}", lambda value: least <= value <= most)


def at_least(least: float) -> Limit:
    """The metadata of a field that holds a number of at least ``least``."""
    return _limit(f"at least {least:g}", lambda value: least <= value < math.inf)


def words_for(kind: str) -> str:
    """What a value of the type ``kind`` is, for a person."""
    return _TYPES[kind][0]


USER = _limit("of A-Z, a-z, 0-9, _ and - alone", _is_user)


def check(name: str, declared: str, value: Any, limit: Limit | None = None) -> None:
    """Raise ValueError, with ``name``, unless ``value`` is of the ``declared`` type and within ``limit``."""
    if value is None and "None" in declared:
        return
    types = [name for name in declared.split(" | ") if name != "None"]
    fits = any(_TYPES[kind][1](value) if kind in _TYPES else type(value).__name__ == kind for kind in types)
    if not fits or (limit and not limit["holds"](value)):
        words = [" or ".join(_TYPES[kind][0] if kind in _TYPES else kind for kind in types)]
        raise ValueError(f"{name} has to be {', '.join(words + ([limit['words']] if limit else []))}")


def check_fields(kind: type, given: Mapping[str, Any]) -> None:
    """Raise ValueError unless all that is ``given`` is a field of the dataclass ``kind`` and holds what it may hold."""
    check(kind.__name__, "dict[str, Any]", given)
    known = {field.name: field for field in dataclasses.fields(kind)}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"{kind.__name__} has no field {name}")
        check(name, str(known[name].type), value, known[name].metadata)


def check_arguments(function: Callable[..., Any], given: Any) -> None:
    """Raise ValueError unless ``function`` can be called with ``given``, by name, as its annotations say."""
    check("the body", "dict[str, Any]", given)
    signature = inspect.signature(function)
    try:
        signature.bind(**given)
    except TypeError as error:
        raise ValueError(str(error)) from error
    for name in given.keys() & signature.parameters.keys():
        check(name, signature.parameters[name].annotation, given[name])


def build(kind: type[Row], given: Mapping[str, Any]) -> Row:
    """A row of the dataclass ``kind`` from values that are not trusted; raises ValueError."""
    check_fields(kind, given)
    try:
        return kind(**given)
    except TypeError as error:
        raise ValueError(f"{kind.__name__}: {str(error).partition(' ')[2]}") from error


def replaced(row: Row, given: Mapping[str, Any]) -> Row:
    """``row`` with other values in some fields; raises ValueError."""
    check_fields(type(row), given)
    return dataclasses.replace(row, **given)  # type: ignore[type-var]


def update(row: Any, given: Mapping[str, Any]) -> None:
    """Set fields of ``row``, all or none; raises ValueError."""
    check_fields(type(row), given)
    vars(row).update(given)
