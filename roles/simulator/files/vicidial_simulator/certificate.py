# Copyright: (c) 2026, telephony.vicidial maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate of the simulator's own, made with the standard library alone: ECDSA P-256, self-signed, X.509 v3.

For a test server on loopback, where the private key protects nothing: the arithmetic is not in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import secrets
from datetime import datetime, timedelta, timezone
from pathlib import Path

_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LONG_FORM = 0x80
_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def make_certificate(path: Path, names: list[str], days: int = 1) -> None:
    """Write a self-signed certificate for ``names`` (host names or IP addresses) and its key as one PEM file.

    It is valid from an hour ago for ``days`` days; a negative number gives one that has expired. Only the owner may
    read the file.
    """
    key = secrets.randbelow(_N - 1) + 1
    x, y = _multiply(key, _G)
    public = b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    signed = _to_be_signed(public, names, days)
    certificate = _sequence(signed, _ECDSA_SHA256, _bits(_sign(key, signed)))
    private = _sequence(_integer(1), _tlv(4, key.to_bytes(32, "big")), _tlv(0xA0, _P256), _tlv(0xA1, _bits(public)))
    path.touch(mode=0o600)
    path.write_text(_pem("EC PRIVATE KEY", private) + _pem("CERTIFICATE", certificate))


def _to_be_signed(public: bytes, names: list[str], days: int) -> bytes:
    start = datetime.now(timezone.utc) - timedelta(hours=1)
    end = start + timedelta(days=days, hours=1)
    if days < 0:
        start = end - timedelta(days=1)
    subject = _sequence(_tlv(0x31, _sequence(_oid("550403"), _tlv(0x0C, names[0].encode()))))
    extensions = _sequence(
        _sequence(_oid("551d13"), _tlv(1, b"\xff"), _tlv(4, _sequence(_tlv(1, b"\xff")))),
        _sequence(_oid("551d11"), _tlv(4, _sequence(*[_general_name(name) for name in names]))),
        _sequence(_oid("551d0e"), _tlv(4, _tlv(4, hashlib.sha256(public).digest()[:20]))),
    )
    return _sequence(
        _tlv(0xA0, _integer(2)),
        _integer(secrets.randbits(64) + 1),
        _ECDSA_SHA256,
        subject,
        _sequence(_time(start), _time(end)),
        subject,
        _sequence(_sequence(_oid("2a8648ce3d0201"), _P256), _bits(public)),
        _tlv(0xA3, extensions),
    )


def _sign(key: int, message: bytes) -> bytes:
    digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
    nonce = secrets.randbelow(_N - 1) + 1
    r = _multiply(nonce, _G)[0] % _N
    return _sequence(_integer(r), _integer(pow(nonce, -1, _N) * (digest + r * key) % _N))


def _multiply(factor: int, point: tuple[int, int]) -> tuple[int, int]:
    result: tuple[int, int] | None = None
    while factor:
        if factor & 1:
            result = point if result is None else _add(result, point)
        point = _add(point, point)
        factor >>= 1
    assert result is not None  # noqa: S101 - a factor is never zero
    return result


def _add(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points that are not each other's opposite, which multiples below the order never are."""
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, _P) % _P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, _P) % _P
    x = (slope * slope - one[0] - other[0]) % _P
    return x, (slope * (one[0] - x) - one[1]) % _P


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < _LONG_FORM:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG_FORM | len(length)]) + length + content


def _sequence(*parts: bytes) -> bytes:
    return _tlv(0x30, b"".join(parts))


def _integer(number: int) -> bytes:
    return _tlv(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _bits(content: bytes) -> bytes:
    return _tlv(3, b"\0" + content)


def _oid(encoded: str) -> bytes:
    return _tlv(6, bytes.fromhex(encoded))


def _time(moment: datetime) -> bytes:
    return _tlv(0x17, moment.strftime("%y%m%d%H%M%SZ").encode())


def _general_name(name: str) -> bytes:
    try:
        return _tlv(0x87, ipaddress.ip_address(name).packed)
    except ValueError:
        return _tlv(0x82, name.encode())


def _pem(label: str, content: bytes) -> str:
    text = base64.encodebytes(content).decode().replace("\n", "")
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


_P256 = _oid("2a8648ce3d030107")
_ECDSA_SHA256 = _sequence(_oid("2a8648ce3d040302"))
