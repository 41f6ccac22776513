# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys, tokens and config files, and connections that are opened with them. Messages are searched for secrets."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Connection, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.key_files import fingerprint_of
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import resolve_connection
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError

PHRASE = "SECRET phrase é"
USER, TENANCY = "ocid1.user.oc1..u", "ocid1.tenancy.oc1..t"


def pem_of(
    key: Any,
    encryption: Any = None,
    form: serialization.PrivateFormat = serialization.PrivateFormat.PKCS8,
) -> str:
    encryption = encryption or serialization.NoEncryption()
    return str(key.private_bytes(serialization.Encoding.PEM, form, encryption).decode())


@dataclass
class Keys:
    plain: str
    encrypted: str
    encrypted_old: str
    openssh: str
    public: str
    ssh_public: str
    certificate: str
    elliptic: str
    edwards: str
    fingerprint: str
    jwk: str
    phrase: str = PHRASE


def _base64url(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode().rstrip("=")


def make_keys() -> Keys:
    key = rsa.generate_private_key(65537, 2048)
    best = serialization.BestAvailableEncryption(PHRASE.encode())
    public = key.public_key()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = datetime(2026, 1, 1)
    certificate = x509.CertificateBuilder(name, name, public, 1, now, now + timedelta(days=1)).sign(
        key, hashes.SHA256()
    )
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return Keys(
        plain=pem_of(key),
        encrypted=pem_of(key, best),
        encrypted_old=pem_of(key, best, serialization.PrivateFormat.TraditionalOpenSSL),
        openssh=pem_of(key, None, serialization.PrivateFormat.OpenSSH),
        public=public.public_bytes(serialization.Encoding.PEM, spki).decode(),
        ssh_public=public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode(),
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        elliptic=pem_of(ec.generate_private_key(ec.SECP256R1())),
        edwards=pem_of(ed25519.Ed25519PrivateKey.generate()),
        fingerprint=fingerprint_of(key.public_key()),
        jwk=json.dumps({"kty": "RSA", "n": _base64url(public.public_numbers().n), "e": "AQAB"}),
    )


def given(keys: Keys, **changes: str) -> dict[str, str]:
    return {
        "api_user": USER,
        "tenancy": TENANCY,
        "api_user_fingerprint": keys.fingerprint,
        "api_user_key_content": keys.plain,
        "region": "iad",
        **changes,
    }


def open_with(options: dict[str, str], environment: dict[str, str] | None = None) -> Connection:
    return connect(resolve_connection(options, environment or {}))


def fault(options: dict[str, str], environment: dict[str, str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        open_with(options, environment)
    assert "SECRET" not in str(caught.value)
    assert "MII" not in str(caught.value)
    return str(caught.value)


def write_config(home: Path, text: str, name: str = ".oci/config") -> Path:
    path = home / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def config_of(keys: Keys, home: Path, **changes: str | None) -> str:
    (home / "key.pem").write_text(keys.plain)
    values: dict[str, str | None] = {
        "user": USER,
        "tenancy": TENANCY,
        "fingerprint": keys.fingerprint,
        "key_file": str(home / "key.pem"),
        "region": "eu-frankfurt-1",
        **changes,
    }
    return "[DEFAULT]\n" + "".join(f"{name}={value}\n" for name, value in values.items() if value is not None)


def token(**claims: object) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.SECRETAA"
