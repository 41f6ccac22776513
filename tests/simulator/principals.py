# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may call: the API key, and the session tokens the simulator has issued (oci_semantics.md section 5).

The tokens are the simulator's own, so it signs them with a secret that only it knows.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .wire import Json, encode

PASS_PHRASE = "correct horse battery staple"
_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller whose signature was right."""

    type: str
    id: str
    key: rsa.RSAPublicKey
    expires: float = float("inf")


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def pem(key: rsa.RSAPrivateKey, pass_phrase: str | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if pass_phrase:
        encryption = serialization.BestAvailableEncryption(pass_phrase.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def fingerprint(key: rsa.RSAPublicKey) -> str:
    """Colon-separated MD5 of the DER public key (section 5)."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der, usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _jwk(key: rsa.RSAPublicKey) -> str:
    numbers = key.public_numbers()

    def field(number: int) -> str:
        return _b64(number.to_bytes((number.bit_length() + 7) // 8, "big"))

    return json.dumps({"kty": "RSA", "alg": "RS256", "use": "sig", "n": field(numbers.n), "e": field(numbers.e)})


class Tokens:
    """Issues session tokens and knows its own again."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._known: dict[str, Principal] = {}
        self._expired: set[str] = set()

    def issue(self, kind: str, subject: str, tenancy: str, key: rsa.RSAPublicKey, lifetime: float = _HOUR) -> str:
        now = int(time.time())
        claims: Json = {
            "sub": subject,
            "jti": secrets.token_hex(8),
            "iss": "authService.oracle.com",
            "aud": "oci",
            "ptype": kind,
            "iat": now,
            "exp": now + int(lifetime),
            "tenant": tenancy,
            "res_tenant": tenancy,
            "res_compartment": tenancy,
            "jwk": _jwk(key),
        }
        head = f"{_b64(encode({'alg': 'HS256', 'typ': 'JWT'}))}.{_b64(encode(claims))}"
        return f"{head}.{_b64(self._mac(head))}"

    def _mac(self, text: str) -> bytes:
        return hmac.digest(self._secret, text.encode(), "sha256")

    def expire(self, token: str) -> None:
        """Before its time."""
        self._expired.add(token)

    def claims(self, token: str) -> Json | None:
        """The claims of a token that is the simulator's own and has not expired."""
        if token in self._expired:
            return None
        try:
            head, mac = token.rsplit(".", 1)
            if not hmac.compare_digest(self._mac(head), _unb64(mac)):
                return None
            claims = json.loads(_unb64(head.split(".")[1]))
        except (ValueError, IndexError):
            return None
        return claims if isinstance(claims, dict) and claims["exp"] > time.time() else None

    def principal(self, token: str) -> Principal | None:
        """The caller that a token speaks for; its key is in the token's jwk claim."""
        known = self._known.get(token)
        if known is not None:
            return known if known.expires > time.time() and token not in self._expired else None
        claims = self.claims(token)
        if claims is None:
            return None
        jwk = json.loads(claims["jwk"])
        numbers = rsa.RSAPublicNumbers(*(int.from_bytes(_unb64(jwk[name]), "big") for name in ("e", "n")))
        made = Principal(claims["ptype"], claims["sub"], numbers.public_key(), claims["exp"])
        self._known[token] = made
        return made
