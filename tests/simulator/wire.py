# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes over the wire around every answer: errors, request ids, dates, page tokens (oci_semantics.md section 4)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import itertools
import json
import secrets
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

HIDDEN = "Authorization failed or requested resource not found."

_serial = itertools.count(1)
_process = secrets.token_hex(8).upper()


class ApiError(Exception):
    """An answer with a status, a code and a message, as section 4 lists them."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message

    def body(self) -> bytes:
        return encode({"code": self.code, "message": self.message})


def not_found(message: str = HIDDEN) -> ApiError:
    return ApiError(404, "NotAuthorizedOrNotFound", message)


def invalid(message: str) -> ApiError:
    return ApiError(400, "InvalidParameter", message)


def missing(name: str) -> ApiError:
    return ApiError(400, "MissingParameter", f"{name} is a required parameter and was not given.")


class Reply:
    """An answer before it is put on the wire."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.body = body
        self.headers = headers if headers is not None else {}


_encoder = json.JSONEncoder(separators=(",", ":"), ensure_ascii=True)


def encode(value: Any) -> bytes:
    return _encoder.encode(value).encode("ascii")


@lru_cache(maxsize=65536)
def date(seconds: float) -> str:
    """RFC 3339 with milliseconds and Z (section 1.1)."""
    whole, fraction = divmod(int(seconds * 1000), 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{fraction:03d}Z"


def etag(resource: str, serial: int) -> str:
    """32 hex digits as recorded of Block Volume, another one for each serial number."""
    return hashlib.blake2b(f"{resource}:{serial}".encode(), digest_size=16).hexdigest()


def kms_etag(resource: str, serial: int) -> str:
    """40 hex digits with an ending of their own, as recorded of Vault."""
    return hashlib.blake2b(f"{resource}:{serial}".encode(), digest_size=20).hexdigest() + "--gzip"


def request_id(sent: str | None) -> str:
    """Longer than what the client sent: two more parts, as in the field (section 4)."""
    own = f"{_process}{next(_serial):016X}"
    return f"{sent or secrets.token_hex(16)}/{own}/{_process}{_process}"


def page_token(scope: str, offset: int) -> str:
    """An opaque token that is good for one list operation with the same filters only."""
    mark = hashlib.blake2b(scope.encode(), digest_size=6).hexdigest()
    return base64.urlsafe_b64encode(f"v1:{mark}:{offset}".encode()).decode()


def page_offset(scope: str, token: str | None) -> int:
    if not token:
        return 0
    try:
        version, mark, offset = base64.urlsafe_b64decode(token.encode()).decode().split(":")
        expected = hashlib.blake2b(scope.encode(), digest_size=6).hexdigest()
        if version != "v1" or mark != expected:
            raise ValueError(token)
        return int(offset)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise invalid("page is invalid or has expired.") from error


def page_limit(value: str | None, largest: int, default: int) -> int:
    """`limit` 1..largest; anything else is refused as a validated parameter (section 3, general rule)."""
    if value is None:
        return default
    if not value.isdecimal() or not 1 <= int(value) <= largest:
        raise invalid(f"limit must be between 1 and {largest}.")
    return int(value)


def cut(rows: Sequence[T], scope: str, query: dict[str, str], largest: int, default: int) -> tuple[Sequence[T], str]:
    """One page of the rows and the token of the next one ('' at the end)."""
    start = page_offset(scope, query.get("page"))
    stop = start + page_limit(query.get("limit"), largest, default)
    return rows[start:stop], page_token(scope, stop) if stop < len(rows) else ""
