# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signs requests: HTTP signatures with RSA and SHA-256, as OCI requires (oci_semantics.md section 8).

API keys and session tokens are signed here; for all other principals, a signer of the SDK is called, which also renews
their tokens.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any, Protocol

from .sdk import load

_GENERIC = ("date", "(request-target)", "host")
_WITH_BODY = (*_GENERIC, "content-length", "content-type", "x-content-sha256")
_BODY_METHODS = ("POST", "PUT", "PATCH")


class Signer(Protocol):
    """Makes the headers of a request prove who sends it."""

    def sign(
        self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, str]:
        """All headers of the signed request: the given ones, and those that the signature adds or covers."""

    def renew(self, signed: Mapping[str, str]) -> bool:
        """Renew the token that signed these headers, which the service rejected; False if there is nothing to renew."""


class KeySigner:
    """Signs with a private key that belongs to ``key_id``: "tenancy/user/fingerprint", or "ST$" and a token."""

    def __init__(self, key_id: str, private_key: Any, now: Callable[[], float] = time.time) -> None:
        self._key_id = key_id
        self._private_key = private_key
        self._scheme = _scheme()
        self._now = now

    def sign(
        self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, str]:
        signed = dict(headers)
        signed.setdefault("date", formatdate(self._now(), usegmt=True))
        signed["host"] = host
        names: tuple[str, ...] = _GENERIC
        if method in _BODY_METHODS:
            names = _WITH_BODY
            content = body or b""
            signed["content-length"] = str(len(content))
            signed["x-content-sha256"] = base64.b64encode(hashlib.sha256(content).digest()).decode()
        values = {**signed, "(request-target)": f"{method.lower()} {target}"}
        text = "\n".join(f"{name}: {values[name]}" for name in names)
        signature = base64.b64encode(self._private_key.sign(text.encode(), *self._scheme)).decode()
        signed["authorization"] = (
            f'Signature algorithm="rsa-sha256",headers="{" ".join(names)}",keyId="{self._key_id}",'
            f'signature="{signature}",version="1"'
        )
        return signed

    def renew(self, signed: Mapping[str, str]) -> bool:
        return False


def _scheme() -> tuple[Any, Any]:
    """Padding and hash of the signatures."""
    hashes = load("cryptography.hazmat.primitives.hashes")
    return load("cryptography.hazmat.primitives.asymmetric.padding").PKCS1v15(), hashes.SHA256()


def can_sign(private_key: Any) -> bool:
    """Whether a private key makes signatures that its own public half verifies, which a damaged one does not."""
    try:
        signature = private_key.sign(b"any text", *_scheme())
        private_key.public_key().verify(signature, b"any text", *_scheme())
    except Exception:  # cryptography raises dozens of types
        return False
    return True


class PreparedRequest:
    """What a signer of the SDK reads of a request, and the headers that it changes."""

    def __init__(self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes | None) -> None:
        self.method = method
        self.url = f"https://{host}{target}"
        self.path_url = target
        self.headers = dict(headers)
        self.body = body


class SdkSigner:
    """Signs by calling a signer of the SDK, as the requests library would. ``renews``: it has a token to renew."""

    def __init__(self, signer: Callable[[Any], Any], *, renews: bool) -> None:
        self._signer = signer
        self._renews = renews
        self._lock = threading.Lock()
        self._rejected: set[str] = set()

    def sign(
        self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes | None
    ) -> dict[str, str]:
        request = PreparedRequest(method, host, target, headers, body)
        if method in _BODY_METHODS:
            request.headers["content-length"] = str(len(body or b""))
        self._signer(request)
        return {name.lower(): value for name, value in request.headers.items()}

    def renew(self, signed: Mapping[str, str]) -> bool:
        """Renews a token once, although many threads may have been told at once that it is rejected."""
        if not self._renews:
            return False
        key_id = signed.get("authorization", "").partition('keyId="')[2].partition('"')[0]
        token = hashlib.sha256(key_id.encode()).hexdigest()
        with self._lock:
            if token not in self._rejected:
                self._signer.refresh_security_token()  # type: ignore[attr-defined]
                self._rejected.add(token)
        return True
