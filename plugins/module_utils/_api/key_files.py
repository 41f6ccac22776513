# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys: read, repaired where forms and files have mangled their lines, and explained where they are no good.

Needs the package cryptography. No message contains a key or a pass phrase.
"""

from __future__ import annotations

import codecs
import functools
import hashlib
import re
import textwrap
from collections.abc import Callable
from typing import Any, NamedTuple

from .._common.errors import InputError
from .._common.text import given_path
from .config_file import read_file
from .credentials import CredentialSources
from .sdk import load
from .settings import how_to_set
from .signing import can_sign

_DAMAGED = "is damaged and can't be read. Check that it is complete and that its line breaks are intact"
_BLOCK = re.compile(
    r"-----BEGIN (?P<kind>[A-Z ]*PRIVATE KEY)-----(?P<body>.*?)-----END (?P=kind)-----", re.DOTALL | re.IGNORECASE
)
# The headers of an encrypted key in the old form; the length of the vector shows where base64 begins after it.
_HEADER = re.compile(
    r"Proc-Type:\s*\d,ENCRYPTED|DEK-Info:\s*(?:AES-\d+-[A-Z]+,[0-9A-F]{32}|DES[A-Z0-9-]*,[0-9A-F]{16})", re.IGNORECASE
)
# Base64 in lines of 64 characters, as PEM demands (RFC 7468).
_LINE = 64


class PrivateKey(NamedTuple):
    """A private key, where it comes from, and its pass phrase, if one is set."""

    key: Any
    source: str
    secrets: tuple[str, ...]


def read_private_key(sources: CredentialSources) -> PrivateKey:
    """The private key that is set. Raises InputError if it can't be read or is not the private key of an API key."""
    pem, source = _read(sources)
    phrase = sources.get("api_user_key_pass_phrase")
    key = _load(pem, phrase[0] if phrase else None, source)
    return PrivateKey(key, source, (phrase[0],) if phrase else ())


def fingerprint_of(public_key: Any) -> str:
    """The fingerprint of an API key, as the console shows it."""
    serialization = load("cryptography.hazmat.primitives.serialization")
    der = public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return ":".join(f"{byte:02x}" for byte in hashlib.md5(der, usedforsecurity=False).digest())


def repaired(content: bytes) -> bytes:
    """The content of a key with its lines as they were written, if it has a private key in PEM form; else unchanged.

    Forms, templates and variables write line breaks as ``\\n``, join lines with blanks, indent them or leave blanks at
    their ends, and add quotation marks; editors add CR, byte order marks and UTF-16.
    """
    text = re.sub(r"\\+[rnt]", "\n", _text(content))
    block = _BLOCK.search(text)
    if block is None:
        return content
    kind, body = block["kind"].upper(), block["body"]
    headers = [" ".join(header.split()) for header in _HEADER.findall(body)]
    base64 = "".join(_HEADER.sub("", body).split())
    lines = [f"-----BEGIN {kind}-----", *headers, *([""] if headers else []), *textwrap.wrap(base64, _LINE)]
    return "\n".join([*lines, f"-----END {kind}-----", ""]).encode("utf-8")


def _text(content: bytes) -> str:
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    return content.decode("utf-8-sig", "replace")


def _read(sources: CredentialSources) -> tuple[bytes, str]:
    content = sources.settings.api_user_key_content
    if content is not None:
        source = sources.settings.sources.get("api_user_key_content", "option api_user_key_content")
        return content.encode("utf-8"), source
    path, source = sources.get("api_user_key_file") or ("", "")
    return read_file(path, "private key file", source), f"{given_path(path)}, {source}"


def _load(pem: bytes, phrase: str | None, source: str) -> Any:
    load("cryptography")
    try:
        # As bytes: as text it would have to be ASCII.
        key = _parse(repaired(pem).strip(), None if phrase is None else phrase.encode("utf-8"))
    except Exception as error:  # cryptography raises dozens of types
        raise InputError(f"The private key ({source}) {_explain(pem.strip(), phrase, error)}") from None
    if not isinstance(key, load("cryptography.hazmat.primitives.asymmetric.rsa").RSAPrivateKey):
        raise InputError(f"The private key ({source}) is not an RSA key. API keys of OCI are RSA keys")
    if not can_sign(key):
        raise InputError(f"The private key ({source}) {_DAMAGED}")
    return key


def _parse(pem: bytes, phrase: bytes | None) -> Any:
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


def _explain(pem: bytes, phrase: str | None, error: Exception) -> str:
    if isinstance(error, TypeError) and phrase is None:
        return f"is encrypted, but no pass phrase is set. Set it with {how_to_set('api_user_key_pass_phrase')}"
    if b"PUBLIC KEY" in pem or pem.startswith(b"ssh-") or _is_public_key(pem):
        return "is a public key. Give the private key, which signs the requests"
    if b"BEGIN CERTIFICATE" in pem:
        return "is a certificate. Give the private key, which signs the requests"
    if b"BEGIN OPENSSH" in pem:
        return "is in OpenSSH format. Convert a copy with 'ssh-keygen -p -m PEM -f <file>'"
    if b"$ANSIBLE_VAULT" in pem:
        return "is encrypted by Ansible Vault. Give it as api_user_key_content from a variable, or decrypt a copy"
    if b"PRIVATE KEY-----" not in pem and not _BLOCK.search(_text(pem)):
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
