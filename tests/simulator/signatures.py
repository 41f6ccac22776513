# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request signatures, verified against the raw request line (oci_semantics.md section 5)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from .principals import Principal
from .wire import ApiError

_FIELD = re.compile(r'(\w+)="([^"]*)"')
_BODY_METHODS = frozenset({"PUT", "POST", "PATCH"})
_ALWAYS = frozenset({"(request-target)", "host"})
_WITH_BODY = _ALWAYS | {"content-length", "content-type", "x-content-sha256"}
_LARGEST_SKEW = 300.0
_PADDING = padding.PKCS1v15()
_SHA256 = hashes.SHA256()

Lookup = Callable[[str], Principal | None]


def refuse(why: str) -> ApiError:
    return ApiError(
        401,
        "NotAuthenticated",
        f"The required information to complete authentication was not provided or was incorrect: {why}.",
    )


@lru_cache(maxsize=256)
def _fields(authorization: str) -> dict[str, str]:
    scheme, _space, rest = authorization.partition(" ")
    return dict(_FIELD.findall(rest)) if scheme == "Signature" else {}


@lru_cache(maxsize=256)
def _seconds(date: str) -> float:
    return parsedate_to_datetime(date).timestamp()


def key_id(headers: Mapping[str, str]) -> str:
    """Who is said to have signed."""
    return _fields(headers.get("authorization", "")).get("keyId", "")


def verify(
    method: str,
    raw_path: str,
    headers: Mapping[str, str],
    body: bytes,
    lookup: Lookup,
    *,
    host_signed: bool = True,
) -> Principal:
    """The caller, or 401. `host_signed` is False for the federation endpoint, whose signer leaves the host out."""
    fields = _fields(headers.get("authorization", ""))
    if fields.get("algorithm") != "rsa-sha256" or "signature" not in fields or "keyId" not in fields:
        raise refuse("no signature of the scheme Signature with rsa-sha256")
    names = fields.get("headers", "date").split()
    _check_names(method, names, headers, host_signed)
    _check_date(headers)
    if method in _BODY_METHODS:
        _check_body(headers, body)
    principal = lookup(fields["keyId"])
    if principal is None:
        raise refuse("keyId is not known")
    text = "\n".join(_line(name, method, raw_path, headers) for name in names)
    try:
        principal.key.verify(base64.b64decode(fields["signature"]), text.encode(), _PADDING, _SHA256)
    except (InvalidSignature, binascii.Error) as error:
        raise refuse("the signature is wrong") from error
    return principal


def _check_names(method: str, names: list[str], headers: Mapping[str, str], host_signed: bool) -> None:
    wanted = _WITH_BODY if method in _BODY_METHODS else _ALWAYS
    lacking = wanted - set(names) - (set() if host_signed else {"host"})
    if lacking:
        raise refuse(f"not signed: {', '.join(sorted(lacking))}")
    # x-date wins where both are sent, so it is the one that has to be signed.
    if ("x-date" if "x-date" in headers else "date") not in names:
        raise refuse("the date is not signed")
    if "opc-obo-token" in headers and "opc-obo-token" not in names:
        raise refuse("opc-obo-token is not signed")


def _check_date(headers: Mapping[str, str]) -> None:
    try:
        skew = abs(time.time() - _seconds(headers.get("x-date") or headers.get("date") or ""))
    except (TypeError, ValueError) as error:
        raise refuse("the date can't be read") from error
    if skew > _LARGEST_SKEW:
        raise refuse(f"the date is {skew:.0f} seconds off, {_LARGEST_SKEW:.0f} are allowed")


def _check_body(headers: Mapping[str, str], body: bytes) -> None:
    if headers.get("x-content-sha256") != base64.b64encode(hashlib.sha256(body).digest()).decode():
        raise refuse("x-content-sha256 is not that of the body")


def _line(name: str, method: str, raw_path: str, headers: Mapping[str, str]) -> str:
    if name == "(request-target)":
        return f"(request-target): {method.lower()} {raw_path}"
    value = headers.get(name)
    if value is None:
        raise refuse(f"the signed header {name} is not there")
    return f"{name}: {value}"
