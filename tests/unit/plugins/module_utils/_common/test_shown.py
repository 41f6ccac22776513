# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What messages show of given values: never a secret, never a line break, whatever the value was meant to be."""

from __future__ import annotations

import base64
import random

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import (
    BlockVolumeKeyError,
    InputError,
    ServiceError,
    TransportError,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import given_path, quote, shown

_BYTES = random.Random(1).randbytes(1200)
BODY = "MIIEpAIBAAKCAQEA" + base64.b64encode(_BYTES).decode()
LINES = [BODY[start : start + 64] for start in range(0, len(BODY), 64)]
RSA = "\n".join(["-----BEGIN RSA PRIVATE KEY-----", *LINES, "-----END RSA PRIVATE KEY-----", ""])
ENCRYPTED = RSA.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0123456789ABCDEF\n\n", 1)

KEYS = {
    "RSA": RSA,
    "PKCS 8": RSA.replace("RSA PRIVATE", "PRIVATE"),
    "encrypted": ENCRYPTED,
    "certificate": RSA.replace("RSA PRIVATE KEY", "CERTIFICATE"),
    "with Windows line ends": RSA.replace("\n", "\r\n"),
    "on one line": RSA.replace("\n", " "),
    "with escaped line ends": RSA.replace("\n", "\\n"),
    "without line ends": RSA.replace("\n", ""),
    "without its end": RSA[:300],
    "in lower case": RSA.lower(),
    "without its marks": "\n".join(LINES),
    "without its marks, on one line": BODY,
}


def _leaks(text: str, secret: str, length: int = 12) -> list[str]:
    """The parts of a secret that a text has in it."""
    lowered = text.lower()
    return [
        secret[at : at + length] for at in range(len(secret) - length) if secret[at : at + length].lower() in lowered
    ]


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS)
@pytest.mark.parametrize(
    "wrap", [str, repr, lambda key: f"The file {key} does not exist.", lambda key: f"'{key[:90]}'"]
)
def test_a_key_that_stands_where_something_else_should(key: str, wrap: object) -> None:
    assert callable(wrap)
    for text in (quote(key), quote([key]), quote({"a": key}), shown(wrap(key)), str(InputError(wrap(key)))):
        assert not [part for line in LINES[:4] for part in _leaks(text, line)], text
        assert "\n" not in text


def test_what_follows_a_key_stays() -> None:
    assert shown(f"The file {RSA} does not exist. Create it.").endswith(" does not exist. Create it.")
    assert shown(f"The file {RSA[:200]!r} does not exist. Create it.").endswith(" does not exist. Create it.")


@pytest.mark.parametrize(
    "password", ["secret", "se/cret", "se#cret", "se?cret", "se\\cret", "se@cret", "/#?\\@cret", "%2Fcret"]
)
@pytest.mark.parametrize(
    "form", ["http://scott:{}@proxy.example.com:3128", "socks5h://scott:{}@[::1]:1080/", "scott:{}@proxy:3128"]
)
def test_the_credentials_of_a_proxy(password: str, form: str) -> None:
    url = form.format(password)
    host = "proxy" if "proxy" in form else "[::1]"
    for text in (quote(url), quote([url]), str(InputError(f"The proxy {url} is not reachable."))):
        assert "cret" not in text
        assert host in text


def test_a_password_with_blanks() -> None:
    assert quote("http://scott:pass word@proxy:3128") == "'http://***@proxy:3128'"
    assert given_path("/srv/http:/scott:pass word@proxy:3128") == "/srv/***@proxy:3128"
    assert given_path("/srv/scott:pass word@proxy:3128") == "/srv/***@proxy:3128"
    for path in ("/srv/scott:pass word@proxy", "/srv/http:/scott:pass word@proxy", "http://scott:pass word@proxy"):
        assert "word" not in shown(f"'a' and {path!r}: it does not exist, ask 'me@example.com'.")


@pytest.mark.parametrize("form", ["http:/scott:{}@proxy:3128", "/srv/jobs/http:/scott:{}@proxy", "/srv/scott:{}@proxy"])
@pytest.mark.parametrize("password", ["secret", "se/cret", "se#cret", "se@cret", "%2Fcret"])
def test_the_credentials_in_what_was_made_a_path(form: str, password: str) -> None:
    path = form.format(password)
    for text in (quote(path), given_path(path), shown(f"The file {path} does not exist. Create it.")):
        assert "cret" not in text
        assert "proxy" in text


def test_a_session_token() -> None:
    token = "eyJraWQiOiJhc3ciLCJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJvY2lkMS51c2VyIn0.c2lnbmF0dXJl"
    for text in (
        quote(token),
        shown(f"token ST${token}!"),
        str(TransportError(token, operation="GetKey", was_sent=True)),
    ):
        assert not _leaks(text, token)


@pytest.mark.parametrize(
    ("text", "shown_text"),
    [
        ("Authorization: Bearer abcdefGHIJKL0123456789==", "Authorization: Bearer <token>"),
        ('Signature version="1",signature="AAAAbbbbCCCCdddd0123+/=="', 'Signature version="1",signature="<token>"'),
        (
            "https://objectstorage.eu-frankfurt-1.oraclecloud.com/p/AbC_dEf-0123456789abcdefGHIJ/n/ns/b/reports/o/a",
            "https://objectstorage.eu-frankfurt-1.oraclecloud.com/p/<token>/n/ns/b/reports/o/a",
        ),
        ("/home/p/reports-of-2026-11-24/plan.json", "/home/p/reports-of-2026-11-24/plan.json"),
    ],
)
def test_tokens_of_headers_and_of_urls(text: str, shown_text: str) -> None:
    assert shown(text) == shown_text


def test_a_value_that_is_too_deep_is_named_by_its_type() -> None:
    value: list[object] = []
    for _level in range(100_000):
        value = [value]
    assert quote(value) == "'<list>'"


@pytest.mark.parametrize(
    "text",
    [
        "ocid1.volume.oc1.iad.abuwcljrxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "'/srv/reports/MIGRATION-2026/plan.json' can't be written: No space left on device.",
        "Ask ocid1.user.oc1..aaaa (scott@example.com) for help: see https://docs.oracle.com/iaas/Content/home.htm",
        "GetVolume failed with 404 NotAuthorizedOrNotFound: request CSIDEXAMPLE/0123456789ABCDEF0123456789ABCDEF",
        "Größe 容量 🗝 -- db-1 --- END",
        "1. one -- two",
    ],
)
def test_all_else_stays_as_it_is(text: str) -> None:
    assert shown(text) == text


def test_every_error_of_the_collection_shows_its_message_so() -> None:
    message = f"a\nb \x1b[31m {RSA}"
    wanted = "a b \\u001b[31m <content of a key>"
    assert str(BlockVolumeKeyError(message)).strip() == wanted
    refused = ServiceError(message, operation="GetKey", status=400, code="InvalidParameter")
    assert refused.message.strip() == wanted
    assert str(refused).strip() == f"GetKey failed with 400 InvalidParameter: {wanted}"
    assert TransportError(message, operation="GetKey", was_sent=True).message.strip() == wanted
