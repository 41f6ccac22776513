# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who makes the calls: a signer for each ``auth_type``.

Needs the package cryptography for API keys and session tokens, and the SDK for all others (``platform_auth.py``).
Reports everything that can be wrong with credentials and is visible without a call, before a service reports it less
clearly. No message contains a key, a pass phrase or a token.
"""

from __future__ import annotations

import functools
import hashlib
import re
import time
from collections.abc import Callable
from typing import Any

from .._common.errors import InputError
from .._common.text import quote
from .config_file import read_file, read_profile
from .credentials import PROFILE_NAMES, CredentialSources, Principal, expect_ocid, token_claims
from .platform_auth import platform_principal
from .sdk import load
from .settings import ConnectionSettings, how_to_set
from .signing import KeySigner, can_sign

_DAMAGED = "is damaged and can't be read. Check that it is complete and that its line breaks are intact"
_FINGERPRINT = re.compile(r"([0-9a-f]{2}:){15}[0-9a-f]{2}")


def create_principal(settings: ConnectionSettings) -> Principal:
    """The principal for the settings.

    Raises InputError if credentials are missing or invalid, as far as that is visible without calling OCI, and if the
    services of the machine that a principal needs don't respond.
    """
    if settings.auth_type == "api_key":
        return _api_key(settings)
    if settings.auth_type == "security_token":
        return _security_token(settings)
    return platform_principal(settings)


def _api_key(settings: ConnectionSettings) -> Principal:
    names = ("api_user", "api_user_fingerprint", "api_user_key_file", "tenancy", "region")
    have_key = settings.api_user_key_content is not None
    missing = tuple(
        name for name in names if getattr(settings, name) is None and not (have_key and name == "api_user_key_file")
    )
    sources = CredentialSources(settings, read_profile(settings, missing, optional=("region",)))
    found = {name: sources.get(name) for name in names}
    lacking = [name for name in missing if found[name] is None and name != "region"]
    if lacking:
        profile = f" ({sources.where})" if sources.profile else ""
        values = ", ".join(f"{PROFILE_NAMES.get(name, name)} ({how_to_set(name)})" for name in lacking)
        raise InputError(f"Incomplete API key configuration{profile}. Missing: {values}")
    user, user_source = found["api_user"] or ("", "")
    tenancy, tenancy_source = found["tenancy"] or ("", "")
    fingerprint, fingerprint_source = found["api_user_fingerprint"] or ("", "")
    expect_ocid(user, "user", user_source)
    expect_ocid(tenancy, "tenancy", tenancy_source)
    fingerprint = fingerprint.lower()
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise InputError(
            f"{quote(fingerprint)} ({fingerprint_source}) is not the fingerprint of an API key. Give 16 pairs of"
            " hexadecimal digits separated by colons, as the console shows it"
        )
    private_key, key_source, phrases = _private_key(sources)
    actual = _fingerprint_of(private_key)
    if actual != fingerprint:
        raise InputError(
            f"The fingerprint {fingerprint} ({fingerprint_source}) is not that of the private key ({key_source}), which"
            f" is {actual}. Give a key and its own fingerprint, and upload the key's public half for the user"
        )
    return Principal(
        signer=KeySigner(f"{tenancy}/{user}/{fingerprint}", private_key),
        description=f"user {user} with the API key {fingerprint}",
        tenancy=tenancy,
        secrets=phrases,
        **sources.region(),
    )


def _security_token(settings: ConnectionSettings) -> Principal:
    # Only the config file says where the token is.
    sources = CredentialSources(settings, read_profile(settings, ("security_token_file",)))
    remedy = "Create one with 'oci session authenticate'"
    file = sources.token_file("security_token_file", "session token file", remedy)
    claims = token_claims(file.token)
    if claims is None:
        raise InputError(f"The session token file {file.path} ({file.source}) does not contain a token. {remedy}")
    expires = claims.get("exp")
    if isinstance(expires, (int, float)) and expires <= time.time():
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(expires))
        raise InputError(
            f"The session token of {sources.where} expired at {when}. Renew it with 'oci session refresh', or create a"
            " new one with 'oci session authenticate'"
        )
    if sources.get("api_user_key_content") is None and sources.get("api_user_key_file") is None:
        sources.from_profile("key_file", remedy)
    private_key, _key_source, phrases = _private_key(sources)
    tenancy = sources.tenancy() or claims.get("tenant")
    return Principal(
        signer=KeySigner(f"ST${file.token}", private_key),
        description=f"session token of {sources.where}",
        tenancy=tenancy if isinstance(tenancy, str) else None,
        secrets=(file.token, *phrases),
        **sources.region(),
    )


def _private_key(sources: CredentialSources) -> tuple[Any, str, tuple[str, ...]]:
    """The private key, where it comes from, and its pass phrase, if it has one. Raises InputError."""
    pem, source = _read_pem(sources)
    phrase = sources.get("api_user_key_pass_phrase")
    return _load_key(pem, phrase[0] if phrase else None, source), source, (phrase[0],) if phrase else ()


def _read_pem(sources: CredentialSources) -> tuple[bytes, str]:
    content = sources.settings.api_user_key_content
    if content is not None:
        # Forms and environment variables often turn line breaks into "\n".
        text = content.replace("\\r", "").replace("\\n", "\n") if "\n" not in content else content
        return text.encode("utf-8"), sources.settings.sources.get("api_user_key_content", "option api_user_key_content")
    path, source = sources.get("api_user_key_file") or ("", "")
    return read_file(path, "private key file", source), f"{path}, {source}"


def _load_key(pem: bytes, phrase: str | None, source: str) -> Any:
    load("cryptography")
    try:
        # As bytes: as text it would have to be ASCII.
        key = _parse_key(pem.strip(), None if phrase is None else phrase.encode("utf-8"))
    except Exception as error:  # cryptography raises dozens of types
        raise InputError(f"The private key ({source}) {_explain_key_error(pem, phrase, error)}") from None
    if not isinstance(key, load("cryptography.hazmat.primitives.asymmetric.rsa").RSAPrivateKey):
        raise InputError(f"The private key ({source}) is not an RSA key. API keys of OCI are RSA keys")
    if not can_sign(key):
        raise InputError(f"The private key ({source}) {_DAMAGED}")
    return key


def _parse_key(pem: bytes, phrase: bytes | None) -> Any:
    """The private key. A pass phrase that it does not need is ignored: it may be that of another profile's key."""
    serialization = load("cryptography.hazmat.primitives.serialization")
    # Checking that the primes are primes takes 30 ms of 31, and can_sign() shows what matters.
    options: dict[str, bool] = {"unsafe_skip_rsa_key_validation": True}
    try:
        parse = functools.partial(serialization.load_pem_private_key, **options)
        return _parse_with(parse, pem, phrase)
    except TypeError as error:
        if "unsafe_skip_rsa_key_validation" not in str(error):
            raise
        return _parse_with(serialization.load_pem_private_key, pem, phrase)  # cryptography before 39


def _parse_with(parse: Callable[..., Any], pem: bytes, phrase: bytes | None) -> Any:
    try:
        return parse(pem, phrase)
    except TypeError as error:
        if phrase is None or "unsafe_skip_rsa_key_validation" in str(error):
            raise
        return parse(pem, None)


def _explain_key_error(pem: bytes, phrase: str | None, error: Exception) -> str:
    if isinstance(error, TypeError) and phrase is None:
        return f"is encrypted, but no pass phrase is set. Set it with {how_to_set('api_user_key_pass_phrase')}"
    if b"PUBLIC KEY" in pem or pem.startswith(b"ssh-") or _is_public_key(pem):
        return "is a public key. Give the private key, which signs the requests"
    if b"BEGIN CERTIFICATE" in pem:
        return "is a certificate. Give the private key, which signs the requests"
    if b"BEGIN OPENSSH" in pem:
        return "is in OpenSSH format. Convert a copy with 'ssh-keygen -p -m PEM -f <file>'"
    if b"PRIVATE KEY-----" not in pem:
        return (
            "is not a private key in PEM format: it has no line '-----BEGIN PRIVATE KEY-----' or '-----BEGIN RSA ...'"
        )
    if b"ENCRYPTED" in pem and phrase is not None:
        return "can't be decrypted with the given pass phrase, or is damaged"
    return _DAMAGED


def _is_public_key(der: bytes) -> bool:
    """Whether this is a public key in binary form."""
    try:
        load("cryptography.hazmat.primitives.serialization").load_der_public_key(der)
    except Exception:  # cryptography raises dozens of types
        return False
    return True


def _fingerprint_of(private_key: Any) -> str:
    serialization = load("cryptography.hazmat.primitives.serialization")
    der = private_key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return ":".join(f"{byte:02x}" for byte in hashlib.md5(der, usedforsecurity=False).digest())
