# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signatures: those that Oracle publishes, and those of the SDK, byte by byte."""

from __future__ import annotations

import base64
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import oci
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.signing import (
    KeySigner,
    PreparedRequest,
    SdkSigner,
    can_sign,
)

# The example of Oracle's documentation on request signatures: its key (which is that of draft-cavage-http-signatures,
# and protects nothing), its date, its two requests, and their signatures.
PUBLISHED_KEY = base64.b64decode(
    "MIICXgIBAAKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QFNUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfd"
    "UE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQIDAQABAoGBAJR8ZkCUvx5kzv+utdl7T5MnordT1TvoXXJG"
    "XK7ZZ+UuvMNUCdN2QPc4sBiAQWvLw1cSKt5DsKZ8UETpYPy8pPYnnDEz2dDYiaew9+xEpubyeW2oH4Zx71wqBtOKkqwrXa/pzdpiucRRjk6vE6YY7EBB"
    "s/g7uanVpGibOVAEsqH1AkEA7DkjVH28WDUgf1nqvfn2Kj6CT7nIcE3jGJsZZ7zlZmBmHFDONMLUrXR/Zm3pR5m0tCmBqa5RK95u412jt1dPIwJBANJT"
    "3v8pnkth48bQo/fKel6uEYyboRtA5/uHuHkZ6FQF7OUkGogcmSJluOdc5t6hI1VsLn0QZEjQZMEOWr+wKSMCQQCC4kXJEsHAve77oP6HtG/IiEn7kpyU"
    "XRNvFsDE0czpJJBvL/aRFUJxuRK91jhjC68sA7NsKMGg5OXb5I5Jj36xAkEAgIT7aFOYBFwGgQAQkWNKLvySgKbAZRTeLBacpHMuQdl1DfdntvAyqpAZ"
    "0lY0RKmWG6aFKaqQfOXKCyWoUiVknQJAXrlgySFci/2ueKlIE1QqIiLSZ8V8OlpFLRnb1pzI7U1yQXnTAEFYM560yJlzUpOb1V4cScGd365tiSMvxLOv"
    "TA=="
)
DATE = "Thu, 05 Jan 2014 21:31:40 GMT"
HOST = "iaas.us-phoenix-1.oraclecloud.com"
COMPARTMENT = "ocid1.compartment.oc1..aaaaaaaam3we6vgnherjq5q2idnccdflvjsnog7mlr6rtdb25gilchfeyjxa"
VOLUME = "ocid1.volume.oc1.phx.abyhqljrgvttnlx73nmrwfaux7kcvzfs3s66izvxf2h4lgvyndsdsnoiwr5q"
INSTANCE = "ocid1.instance.oc1.phx.abuw4ljrlsfiqw6vzzxb43vyypt4pkodawglp3wqxjqofakrwvou52gb6s5a"
GET = (
    "GET",
    f"/20160918/instances?availabilityDomain=Pjwf%3A%20PHX-AD-1&compartmentId={COMPARTMENT}"
    f"&displayName=TeamXInstances&volumeId={VOLUME}",
    None,
    "GBas7grhyrhSKHP6AVIj/h5/Vp8bd/peM79H9Wv8kjoaCivujVXlpbKLjMPeDUhxkFIWtTtLBj3sUzaFj34XE6YZAHc9r2DmE4pMwOAy/kiITcZxa1oHPO"
    "eRheC0jP2dqbTll8fmTZVwKZOKHYPtrLJIJQHJjNvxFWeHQjMaR7M=",
)
POST = (
    "POST",
    "/20160918/volumeAttachments",
    (
        f'{{\n    "compartmentId": "{COMPARTMENT}",\n    "instanceId": "{INSTANCE}",\n    "volumeId": "{VOLUME}"\n}}'
    ).encode(),
    "Mje8vIDPlwIHmD/cTDwRxE7HaAvBg16JnVcsuqaNRim23fFPgQfLoOOxae6WqKb1uPjYEl0qIdazWaBy/Ml8DRhqlocMwoSXv0fbukP8J5N80LCmzT/FFB"
    "vIvTB91XuXI3hYfP9Zt1l7S6ieVadHUfqBedWH0itrtPJBgKmrWso=",
)
KEY_ID = "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/aa:bb"


@pytest.fixture(scope="module")
def key() -> Any:
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(("method", "target", "body", "signature"), [GET, POST], ids=["GET", "POST"])
def test_published_signatures(method: str, target: str, body: bytes | None, signature: str) -> None:
    published = serialization.load_der_private_key(PUBLISHED_KEY, None)
    headers = {"date": DATE, "content-type": "application/json"}
    signed = KeySigner(KEY_ID, published).sign(method, HOST, target, headers, body)
    assert f'signature="{signature}"' in signed["authorization"]
    assert f'keyId="{KEY_ID}"' in signed["authorization"]
    if body is not None:
        assert signed["x-content-sha256"] == "V9Z20UJTvkvpJ50flBzKE32+6m2zJjweHpDMX/U4Uy0="
        assert signed["content-length"] == "316"


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/20160918/volumes?compartmentId=ocid1.compartment.oc1..c&page=a%2Bb%3D%3D", None),
        ("DELETE", "/20160918/volumes/ocid1.volume.oc1.iad.x/kmsKey", None),
        ("PUT", "/20160918/volumes/ocid1.volume.oc1.iad.x/kmsKey", b'{"kmsKeyId": "ocid1.key.oc1.iad.v.x"}'),
        ("POST", "/20160918/volumeBackups/x/actions/copy", '{"displayName": "Füße"}'.encode()),
        ("POST", "/20160918/x", None),
        ("PUT", "/20160918/x", b""),
    ],
)
def test_every_header_is_that_of_the_sdk(method: str, target: str, body: bytes | None, key: Any) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    theirs = oci.signer.Signer("t", "u", "aa:bb", None, private_key_content=pem)
    headers = {"date": DATE, "content-type": "application/json", "if-match": "e", "opc-retry-token": "r"}
    expected = SdkSigner(theirs, renews=False).sign(method, HOST, target, headers, body)
    assert KeySigner("t/u/aa:bb", key).sign(method, HOST, target, headers, body) == expected


def test_the_date_is_that_of_the_clock(key: Any) -> None:
    signed = KeySigner(KEY_ID, key, lambda: 1388957500.0).sign("GET", HOST, "/", {}, None)
    assert signed["date"] == "Sun, 05 Jan 2014 21:31:40 GMT"


def test_headers_that_are_given_stay_as_they_were(key: Any) -> None:
    given = {"if-match": "e"}
    assert KeySigner(KEY_ID, key).sign("PUT", HOST, "/", {"content-type": "x", **given}, b"")["if-match"] == "e"
    assert given == {"if-match": "e"}


def test_a_damaged_key_can_not_sign(key: Any) -> None:
    numbers = key.private_numbers()
    assert can_sign(key)
    damaged = rsa.RSAPrivateNumbers(
        numbers.p, numbers.q, numbers.d ^ 4, numbers.dmp1 ^ 4, numbers.dmq1 ^ 4, numbers.iqmp, numbers.public_numbers
    )
    try:
        spoiled = damaged.private_key(unsafe_skip_rsa_key_validation=True)
    except (TypeError, ValueError):
        return  # this version of cryptography refuses it by itself
    assert not can_sign(spoiled)


class FakeSdkSigner:
    """Signs with the token that it has, and counts how often that is renewed."""

    def __init__(self) -> None:
        self.token = 0
        self.lock = threading.Lock()

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f'Signature keyId="ST${self.token}"'
        return request

    def refresh_security_token(self) -> None:
        with self.lock:
            self.token += 1


def test_a_rejected_token_is_renewed_once_for_all_threads() -> None:
    fake = FakeSdkSigner()
    signer = SdkSigner(fake, renews=True)
    signed = [signer.sign("GET", HOST, "/", {}, None) for _thread in range(16)]
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(signer.renew, signed))
    assert fake.token == 1
    assert signer.sign("GET", HOST, "/", {}, None)["authorization"] == 'Signature keyId="ST$1"'


def test_what_has_no_token_renews_none(key: Any) -> None:
    fake = FakeSdkSigner()
    assert not SdkSigner(fake, renews=False).renew({})
    assert not KeySigner(KEY_ID, key).renew({})
    assert fake.token == 0
