# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to a server on loopback, which is reached as the HTTPS proxy."""

from __future__ import annotations

import contextlib
import copy
import http.client
import itertools
import json
import os
import re
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import oci
import pytest
import trustme

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import client, reading, transport
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Connection, ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import resolve_connection
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import (
    ApiError,
    InputError,
    ServiceError,
    TransportError,
)

ASHBURN, FRANKFURT, PHOENIX = "us-ashburn-1", "eu-frankfurt-1", "us-phoenix-1"
VOLUME_ID = "ocid1.volume.oc1..abc"  # of no region, since tests ask several for it
COMPARTMENT_ID = "ocid1.compartment.oc1..c"
KEY_ID = "ocid1.key.oc1.iad.vault.abc"
VOLUME = {
    "id": VOLUME_ID,
    "displayName": "db",
    "compartmentId": COMPARTMENT_ID,
    "availabilityDomain": "Uocm:US-ASHBURN-AD-1",
    "lifecycleState": "AVAILABLE",
    "sizeInMBs": 51200,
    "timeCreated": "2026-01-01T00:00:00.000Z",
    "kmsKeyId": None,
}
KEY = {
    "id": KEY_ID,
    "compartmentId": COMPARTMENT_ID,
    "vaultId": "ocid1.vault.oc1.iad.vault.abc",
    "displayName": "key",
    "lifecycleState": "ENABLED",
    "currentKeyVersion": "ocid1.keyversion.oc1.iad.vault.abc",
    "keyShape": {"algorithm": "AES", "length": 32},
    "timeCreated": "2026-01-01T00:00:00.000Z",
}
DROP = None  # an answer: close the connection instead of answering


def http_answer(status: int, body: object = b"", headers: str = "", *, length: int | None = None) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return (
        f"HTTP/1.1 {status} Whatever\r\ncontent-type: application/json\r\nopc-request-id: REQ\r\n{headers}"
        f"content-length: {len(content) if length is None else length}\r\n\r\n"
    ).encode() + content


OK = http_answer(200, VOLUME, "etag: e1\r\n")
NOT_FOUND = http_answer(404, {"code": "NotAuthorizedOrNotFound", "message": "Authorization failed."})


@dataclass
class Request:
    host: str
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Cloud:
    """An HTTP proxy that takes every TLS host for itself. Answers come from ``answers``, the last one for ever."""

    address: tuple[str, int]
    ca: trustme.CA
    tls: ssl.SSLContext
    answers: list[bytes | None] = field(default_factory=lambda: [OK])
    connect_answer: bytes | None = b"HTTP/1.1 200 Connected\r\n\r\n"
    handshake: bool = True
    delay: float = 0.0
    requests: list[Request] = field(default_factory=list)
    connects: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next_answer(self) -> bytes | None:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        cloud: Cloud = self.server.cloud  # type: ignore[attr-defined]
        with contextlib.suppress(OSError, ssl.SSLError):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                byte = self.request.recv(1)
                if not byte:
                    return
                head += byte
            with cloud.lock:
                cloud.connects.append(head.split()[1].decode())
            if cloud.connect_answer is None:
                time.sleep(cloud.delay)
                return
            self.request.sendall(cloud.connect_answer)
            if b" 200 " not in cloud.connect_answer or not cloud.handshake:
                return
            with cloud.tls.wrap_socket(self.request, server_side=True) as secure:
                self.serve(cloud, secure)

    def serve(self, cloud: Cloud, secure: ssl.SSLSocket) -> None:
        stream = secure.makefile("rb")
        while True:
            line = stream.readline()
            if not line:
                return
            method, path = line.decode().split()[:2]
            headers = {name.lower(): value for name, value in http.client.parse_headers(stream).items()}
            body = stream.read(int(headers.get("content-length", "0")))
            with cloud.lock:
                cloud.requests.append(Request(headers["host"], method, path, headers, body))
                answer = cloud.next_answer()
            time.sleep(cloud.delay)
            if answer is None:
                return
            secure.sendall(answer)
            length = re.search(rb"content-length: (\d+)", answer)
            if length is None or len(answer.partition(b"\r\n\r\n")[2]) < int(length.group(1)):
                return  # cut off


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    hosts = [f"*.{region}{oci}.oraclecloud.com" for region in (ASHBURN, FRANKFURT, PHOENIX) for oci in ("", ".oci")]
    authority.issue_cert(*hosts, f"v-management.kms.{ASHBURN}.oraclecloud.com").configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("OCI_") or name.lower().endswith("_proxy") or name.endswith("_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def cloud(
    authority: trustme.CA, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Cloud]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.cloud = Cloud(server.server_address, authority, server_tls)  # type: ignore[attr-defined, arg-type]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{server.server_address[1]}")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        yield server.cloud  # type: ignore[attr-defined]
        server.shutdown()


@pytest.fixture
def pauses() -> list[float]:
    return []


class IdleClock(Clock):
    """Sleeping takes no time, and is noted."""

    def __init__(self, pauses: list[float]) -> None:
        super().__init__()
        self._pauses = pauses
        self._now = 0.0

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
        self._pauses.append(seconds)


@pytest.fixture
def connection(api_key: dict[str, str], cloud: Cloud, pauses: list[float]) -> Connection:
    return open_connection(api_key, clock=IdleClock(pauses))


def open_connection(options: dict[str, str], **arguments: Any) -> Connection:
    arguments.setdefault("timeout", (30.0, 30.0))
    arguments.setdefault("clock", IdleClock([]))
    arguments.setdefault("retry", ReadRetry(attempts=4))
    return connect(resolve_connection(options, {}), **arguments)


def get(connection: Connection) -> Any:
    return connection.block_volume(ASHBURN).read("get_volume", VOLUME_ID)


def put(connection: Connection) -> Any:
    return connection.block_volume(ASHBURN).write("update_volume_kms_key", VOLUME_ID, {"kmsKeyId": KEY_ID})


def get_once(connection: Connection) -> Any:
    return connection.block_volume(ASHBURN).read_once("get_volume", VOLUME_ID)


CALLS = pytest.mark.parametrize("act", [get, put], ids=["read", "write"])


def failure(act: Callable[[Connection], Any], connection: Connection) -> TransportError:
    with pytest.raises(TransportError) as caught:
        act(connection)
    return caught.value


# --- what a call sends and gives


def test_a_read_gives_a_model_and_what_the_headers_say(connection: Connection, cloud: Cloud) -> None:
    answer = get(connection)
    assert (answer.data.id, answer.data.display_name, answer.data.kms_key_id) == (VOLUME_ID, "db", None)
    assert (answer.etag, answer.opc_request_id, answer.next_page) == ("e1", "REQ", None)
    (request,) = cloud.requests
    assert (request.method, request.path) == ("GET", f"/20160918/volumes/{VOLUME_ID}")
    assert request.host == "iaas.us-ashburn-1.oraclecloud.com"
    assert 'keyId="ocid1.tenancy.oc1..t/ocid1.user.oc1..u/' in request.headers["authorization"]
    sdk = f"Oracle-PythonSDK/{oci.__version__}"
    assert re.fullmatch(
        rf"{sdk} \(python [\d.]+\S*; \w+-\w+\) ansible-collection/oci_keys\.block_volume", request.headers["user-agent"]
    )
    assert request.headers["opc-client-info"] == sdk
    assert re.fullmatch("[0-9A-F]{32}", request.headers["opc-request-id"])
    assert set(request.headers) == {
        "accept", "authorization", "connection", "content-type", "date", "host", "opc-client-info",
        "opc-client-retries", "opc-request-id", "user-agent",
    }  # fmt: skip


def test_a_list_gives_models_and_the_next_page(connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(200, [VOLUME, VOLUME], "opc-next-page: p2\r\n"), http_answer(200, [])]
    first = connection.block_volume(ASHBURN).read("list_volumes", compartment_id=COMPARTMENT_ID, limit=100)
    assert ([volume.id for volume in first.data], first.next_page) == ([VOLUME_ID] * 2, "p2")
    assert connection.block_volume(ASHBURN).read("list_volumes", page="p2").data == []


def test_a_write_sends_its_body_and_may_have_none_in_the_answer(connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(200, {"kmsKeyId": KEY_ID}), http_answer(204)]
    assert put(connection).data.kms_key_id == KEY_ID
    answer = connection.block_volume(ASHBURN).write("delete_volume_kms_key", VOLUME_ID, if_match="e1")
    assert (answer.data, answer.opc_request_id) == (None, "REQ")
    assert json.loads(cloud.requests[0].body) == {"kmsKeyId": KEY_ID}
    assert cloud.requests[1].headers["if-match"] == "e1"


def test_every_service_has_its_host(connection: Connection, cloud: Cloud) -> None:
    endpoint = "https://v-management.kms.us-ashburn-1.oraclecloud.com"
    services = {
        "iaas.eu-frankfurt-1.oraclecloud.com": connection.block_volume("fra"),
        "kms.us-ashburn-1.oraclecloud.com": connection.vaults(ASHBURN),
        "query.us-ashburn-1.oci.oraclecloud.com": connection.search(ASHBURN),
        "identity.us-ashburn-1.oci.oraclecloud.com": connection.identity(ASHBURN),
        "v-management.kms.us-ashburn-1.oraclecloud.com": connection.vault_management(endpoint + "//"),
    }
    assert [service.host for service in services.values()] == list(services)
    cloud.answers = [http_answer(200, KEY)]
    services["v-management.kms.us-ashburn-1.oraclecloud.com"].read("get_key", KEY_ID)
    assert cloud.requests[0].path == f"/20180608/keys/{KEY_ID}"
    assert connection.vault_management(endpoint) is connection.vault_management(endpoint + "/")
    cloud.answers = [http_answer(200, {"items": []})]
    query = {"type": "Structured", "query": "query key resources"}
    assert services["query.us-ashburn-1.oci.oraclecloud.com"].read("search_resources", query).data == []


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("https://evil.example", "is not a host of the Vault service"),
        ("https://localhost:8080", "has more than a host name"),
        ("https://localhost", "is not a host of the Vault service"),
        ("http://v-management.kms.us-ashburn-1.oraclecloud.com", "does not start with https://"),
        ("https://me:SECRET@v-management.kms.us-ashburn-1.oraclecloud.com", "contains a user name or a password"),
        ("https://v-management.kms.us-phoenix-1.oraclecloud.com.evil.example", "is not a host of the Vault service"),
        ("https://v-management.kms.us-phoenix-1.oraclegovcloud.com", "is not a host of the Vault service"),
        ("https://v-management.kms.us-langley-1.oraclegovcloud.com", "belongs to realm oc2, and the tenancy to oc1"),
        ("https://v-management.kms.us-ashburn-1.oraclecloud.com/20180608", "has more than a host name"),
        ("https://evil.example#v-management.kms.us-ashburn-1.oraclecloud.com", "has more than a host name"),
        ("https://evil.example\\v-management.kms.us-ashburn-1.oraclecloud.com", "is not a host of the Vault service"),
        ("https://a.b-management.kms.us-ashburn-1.oraclecloud.com", "is not a host of the Vault service"),
        ("https://v-management.kms.iad.oraclecloud.com", "is not a host of the Vault service"),
        ("https://iaas.us-ashburn-1.oraclecloud.com", "is not a host of the Vault service"),
        ("https://[::1", "is not an address"),
        ("https://v-management.kms.us-ashburn-1.oraclecloud.com:99999", "is not an address"),
    ],
)
def test_a_foreign_management_endpoint_is_sent_nothing(
    endpoint: str, why: str, connection: Connection, cloud: Cloud
) -> None:
    with pytest.raises(TransportError, match=re.escape(why)) as caught:
        connection.vault_management(endpoint).read("get_key", KEY_ID)
    assert not caught.value.was_sent
    assert "No request was sent to it" in str(caught.value)
    assert "SECRET" not in str(caught.value)
    assert cloud.connects == []


def test_guessed_management_endpoints(connection: Connection) -> None:
    assert connection.management_endpoints("pre", "yny") == (
        "https://pre-management.kms.ap-chuncheon-1.oraclecloud.com",
        "https://pre-management.kms.ap-chuncheon-1.oci.oraclecloud.com",
    )
    assert connection.management_endpoints("pre", "us-langley-1")[0].endswith(".us-langley-1.oraclegovcloud.com")


def test_what_a_connection_tells(connection: Connection, api_key: dict[str, str]) -> None:
    assert (connection.region, connection.tenancy, connection.auth_type) == (ASHBURN, "ocid1.tenancy.oc1..t", "api_key")
    assert connection.describe_principal() == (
        f"user ocid1.user.oc1..u with the API key {api_key['api_user_fingerprint']}"
    )
    assert connection.secrets == (api_key["api_user_key_content"].strip(),)
    assert connection.regions.region("fra") == FRANKFURT


def test_an_unknown_region_is_named(api_key: dict[str, str], connection: Connection) -> None:
    with pytest.raises(InputError, match=r"option region names 'us-ashbrn-1', which is not a known region \(did you"):
        open_connection({**api_key, "region": "us-ashbrn-1"})
    with pytest.raises(InputError, match="region 'mars', which is not a known region"):
        connection.block_volume("mars")
    assert open_connection({**api_key, "region": ""}).region is None


def test_threads_share_one_service(connection: Connection) -> None:
    with ThreadPoolExecutor(8) as pool:
        services = list(pool.map(connection.block_volume, [ASHBURN] * 8))
    assert len(set(map(id, services))) == 1


def test_both_names_of_a_region_lead_to_one_client(connection: Connection) -> None:
    with ThreadPoolExecutor(16) as pool:
        services = list(pool.map(connection.block_volume, itertools.islice(itertools.cycle(["fra", FRANKFURT]), 64)))
    assert len(set(map(id, services))) == 1
    assert connection.block_volume(ASHBURN) is not services[0]


# --- refusals


@CALLS
def test_a_refusal_keeps_all_that_the_service_said(act: Any, connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [NOT_FOUND]
    with pytest.raises(ServiceError) as caught:
        act(connection)
    error = caught.value
    assert (error.status, error.code, error.message) == (404, "NotAuthorizedOrNotFound", "Authorization failed.")
    assert error.opc_request_id == "REQ"
    assert error.operation == {get: "GetVolume", put: "UpdateVolumeKmsKey"}[act]
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>no</html>", b"\xff\xfe\x00", b"[]", b"null", b'{"code": null, "message": {"a": [1]}}', b"x" * 5000],
)
def test_a_refusal_without_a_proper_body_keeps_its_status(body: bytes, connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(403, body)]
    with pytest.raises(ServiceError) as caught:
        put(connection)
    assert (caught.value.status, caught.value.code) == (403, "NoErrorCode")
    assert len(str(caught.value)) < 800


# --- retries


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_reads_are_tried_again(status: int, connection: Connection, cloud: Cloud, pauses: list[float]) -> None:
    cloud.answers = [http_answer(status, {"code": "X", "message": "m"}), DROP, OK]
    assert get(connection).data.id == VOLUME_ID
    assert len(cloud.requests) == 3
    assert 1 <= pauses[0] <= 2 <= pauses[1] <= 3


@pytest.mark.parametrize(("status", "code"), [(400, "X"), (401, "X"), (404, "X"), (409, "Conflict"), (501, "X")])
def test_reads_that_are_hopeless_are_not(status: int, code: str, connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(status, {"code": code, "message": "m"})]
    with pytest.raises(ServiceError):
        get(connection)
    assert len(cloud.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        http_answer(status, {"code": code, "message": "m"})
        for status, code in [(429, "T"), (500, "I"), (409, "IncorrectState")]
    ]
    + [
        DROP,
        http_answer(200, b"<html>"),
        http_answer(307, b"", "location: https://iaas.us-ashburn-1.oraclecloud.com/\r\n"),
    ],
)
def test_a_write_is_sent_once(
    answer: bytes | None, connection: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oci.retry, "GLOBAL_RETRY_STRATEGY", oci.retry.DEFAULT_RETRY_STRATEGY)
    cloud.answers = [answer]
    with pytest.raises(ApiError):
        put(connection)
    assert len(cloud.requests) == 1


def throttled(headers: str = "") -> bytes:
    return http_answer(429, {"code": "TooManyRequests", "message": "m"}, headers)


@pytest.mark.parametrize("act", [put, get_once], ids=["write", "read_once"])
def test_a_429_slows_the_reads_of_that_region_and_no_other(
    act: Callable[[Connection], Any], connection: Connection, cloud: Cloud, pauses: list[float]
) -> None:
    cloud.answers = [throttled(), OK]
    with pytest.raises(ServiceError):
        act(connection)
    phoenix = connection.block_volume(PHOENIX)
    for _time in range(20):
        phoenix.read("get_volume", VOLUME_ID)
    assert pauses == []
    for _time in range(10):
        get(connection)
    assert sum(pauses) == pytest.approx(10 / 9.5, rel=0.2)


def test_each_attempt_of_a_read_keeps_the_pace(connection: Connection, cloud: Cloud, pauses: list[float]) -> None:
    cloud.answers = [throttled("retry-after: 20\r\n"), OK]
    get(connection)
    assert sum(pauses) == pytest.approx(20)
    assert len(cloud.requests) == 2


@pytest.mark.parametrize("value", ["soon", "-5", "1e9", "\u0662", "Wed, 21 Oct 2026 07:28:00 GMT", ""])
def test_a_retry_after_that_is_no_number_is_none(
    value: str, connection: Connection, cloud: Cloud, pauses: list[float]
) -> None:
    cloud.answers = [throttled(f"retry-after: {value}\r\n"), OK]
    get(connection)
    assert sum(pauses) <= 2


def test_other_refusals_slow_nothing(connection: Connection, cloud: Cloud, pauses: list[float]) -> None:
    cloud.answers = [http_answer(409, {"code": "IncorrectState", "message": "m"}), OK]
    with pytest.raises(ServiceError):
        put(connection)
    for _time in range(20):
        get(connection)
    assert pauses == []


def test_a_write_waits_for_its_turn_only_as_long_as_there_is_time(
    connection: Connection, cloud: Cloud, pauses: list[float]
) -> None:
    cloud.answers = [throttled("retry-after: 50\r\n"), OK]
    with pytest.raises(ServiceError):
        put(connection)
    left = iter([3.0, 0.0])
    connection.block_volume(ASHBURN).wait_turn(lambda: next(left))
    assert pauses == [3.0]


def test_a_read_can_be_sent_once_too(connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [DROP]
    with pytest.raises(TransportError):
        connection.block_volume(ASHBURN).read_once("get_volume", VOLUME_ID)
    assert len(cloud.requests) == 1


def test_failures_in_one_region_do_not_close_the_others(connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(409, {"code": "IncorrectState", "message": "m"})] * 12 + [OK]
    for _dummy in range(12):
        with pytest.raises(ServiceError):
            put(connection)
    assert connection.block_volume(FRANKFURT).read_once("get_volume", VOLUME_ID).data.id == VOLUME_ID


# --- no answer


GARBAGE = {
    "html": b"<html>please log in</html>",
    "empty": b"",
    "blank": b" \n",
    "cut off json": b'{"id": "ocid1.volu',
    "a list": b"[]",
    "text": b'"id"',
    "a number": b"7",
    "null": b"null",
    "another object": b'{"error": "portal"}',
    "an empty id": b'{"id": ""}',
    "not utf-8": b'{"id": "\xff"}',
    "a bad time": b'{"id": "x", "timeCreated": "yesterdayish"}',
    "a bad number": b'{"id": "x", "sizeInGBs": "many"}',
}


@pytest.mark.parametrize("body", GARBAGE.values(), ids=GARBAGE)
def test_a_success_that_is_no_answer_is_asked_for_again(
    body: bytes, connection: Connection, cloud: Cloud, pauses: list[float]
) -> None:
    cloud.answers = [http_answer(200, body), http_answer(200, body), OK]
    assert get(connection).data.id == VOLUME_ID
    cloud.answers = [http_answer(200, body)]
    error = failure(get, connection)
    assert error.was_sent
    assert "iaas.us-ashburn-1.oraclecloud.com: the request succeeded, but the response" in str(error)
    assert len(cloud.requests) == 3 + 4
    assert len(pauses) == 2 + 3


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_is_too_long_is_no_answer(
    status: int, connection: Connection, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1024**2)
    cloud.answers = [http_answer(status, b" " * 1024**2 + json.dumps(VOLUME).encode())]
    error = failure(put, connection)
    assert error.was_sent
    assert "the response is larger than 1 MiB" in str(error)
    cloud.answers = [http_answer(200, json.dumps(VOLUME).encode() + b" " * (1024**2 - 1000))]
    assert get(connection).data.id == VOLUME_ID


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b'"abc"', b"[", b"7", b"null"])
def test_a_list_that_is_none_does_not_pass_for_an_empty_one(body: bytes, connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(200, body)]
    with pytest.raises(TransportError):
        connection.block_volume(ASHBURN).read_once("list_volumes", compartment_id=COMPARTMENT_ID)


@pytest.mark.parametrize("row", [{"a": 1}, 7, None])
def test_a_row_that_is_none_is_told_with_the_others(row: object, connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(200, [VOLUME, row])]
    answer = connection.block_volume(ASHBURN).read_once("list_volumes", compartment_id=COMPARTMENT_ID)
    assert [volume.id for volume in answer.data] == [VOLUME_ID]
    assert len(answer.unreadable) == 1


def test_a_search_result_without_items_is_none(connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(200, {})]
    with pytest.raises(TransportError, match="no items"):
        connection.search(ASHBURN).read_once("search_resources", {"type": "Structured", "query": "q"})


@CALLS
@pytest.mark.parametrize("answer", [DROP, http_answer(200, b'{"id"', length=500), b"HTTP/1.1 nonsense\r\n\r\n"])
def test_an_answer_that_breaks_off_leaves_the_outcome_open(
    answer: bytes | None, act: Any, connection: Connection, cloud: Cloud
) -> None:
    cloud.answers = [answer]
    assert failure(act, connection).was_sent


def test_an_answer_that_takes_too_long_leaves_the_outcome_open(api_key: dict[str, str], cloud: Cloud) -> None:
    cloud.delay = 3.0
    error = failure(put, open_connection(api_key, timeout=(30.0, 1.0)))
    assert error.was_sent
    assert "iaas.us-ashburn-1.oraclecloud.com did not respond in time" in str(error)


@CALLS
def test_a_redirect_is_not_followed(act: Any, connection: Connection, cloud: Cloud) -> None:
    cloud.answers = [http_answer(302, b"", "location: https://iaas.us-ashburn-1.oraclecloud.com/login\r\n"), OK]
    cloud.answers += [cloud.answers.pop(0)]
    cloud.answers.reverse()
    if act is put:
        assert failure(act, connection).was_sent
    else:
        get(connection)
    assert all("/login" not in request.path for request in cloud.requests)


@CALLS
def test_a_proxy_that_refuses_has_sent_nothing(act: Any, connection: Connection, cloud: Cloud) -> None:
    cloud.connect_answer = b"HTTP/1.1 403 Forbidden\r\n\r\n"
    error = failure(act, connection)
    assert not error.was_sent
    assert "the proxy did not connect to iaas.us-ashburn-1.oraclecloud.com" in str(error)
    assert "403 Forbidden" in str(error)


def test_a_proxy_that_wants_credentials_is_asked_once(
    api_key: dict[str, str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.connect_answer = b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    monkeypatch.setenv("HTTPS_PROXY", os.environ["HTTPS_PROXY"].replace("//", "//me:SECRET@"))
    error = failure(get, open_connection(api_key))
    assert len(cloud.connects) == 1
    assert "SECRET" not in str(error)


def test_a_proxy_that_does_not_answer_has_sent_nothing(api_key: dict[str, str], cloud: Cloud) -> None:
    cloud.connect_answer, cloud.delay = None, 1.0
    assert not failure(put, open_connection(api_key, timeout=(0.2, 0.2))).was_sent


@CALLS
def test_a_tls_handshake_that_breaks_off_has_sent_nothing(act: Any, connection: Connection, cloud: Cloud) -> None:
    cloud.handshake = False
    assert not failure(act, connection).was_sent


def test_an_untrusted_certificate_is_named_and_not_tried_again(
    api_key: dict[str, str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    error = failure(get, open_connection(api_key))
    assert not error.was_sent
    assert "certificate of iaas.us-ashburn-1.oraclecloud.com is not trusted" in str(error)
    assert "cert_bundle" in str(error)
    assert len(cloud.connects) == 1


def test_the_certificate_of_another_host_is_not_trusted(
    api_key: dict[str, str], cloud: Cloud, authority: trustme.CA
) -> None:
    cloud.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("iaas.example.com").configure_cert(cloud.tls)
    error = failure(put, open_connection(api_key))
    assert not error.was_sent
    assert "certificate of iaas.us-ashburn-1.oraclecloud.com is not trusted" in str(error)


def test_a_refused_connection_has_sent_nothing(
    api_key: dict[str, str], pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:SECRET@127.0.0.1:{port}")
    error = failure(get, open_connection(api_key, clock=IdleClock(pauses)))
    assert not error.was_sent
    assert "refused" in str(error)
    assert "SECRET" not in str(error)
    assert len(pauses) == 3


def test_an_unknown_host_has_sent_nothing(api_key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **kwargs: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = failure(put, open_connection(api_key))
    assert not error.was_sent
    assert "the host name iaas.us-ashburn-1.oraclecloud.com" in str(error)


def test_a_connection_that_is_not_made_in_time_has_sent_nothing(
    api_key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*args: object, **kwargs: object) -> None:
        raise TimeoutError("timed out")

    connection = open_connection(api_key)
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [address])
    monkeypatch.setattr(socket.socket, "connect", slow)
    error = failure(put, connection)
    assert not error.was_sent
    assert "connecting to iaas.us-ashburn-1.oraclecloud.com timed out" in str(error)


@pytest.mark.parametrize("kind", [RuntimeError, ValueError, KeyError, MemoryError])
def test_whatever_a_signer_raises_becomes_no_answer(
    kind: type[Exception], connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise kind("boom")

    get(connection)  # what was sent before is no matter
    monkeypatch.setattr(connection._principal.signer, "sign", fail)
    error = failure(put, connection)
    assert "boom" in str(error)
    assert not error.was_sent


def test_an_interrupt_is_not_swallowed(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reading, "headers_of", interrupt)
    monkeypatch.setattr(transport, "headers_of", interrupt)
    with pytest.raises(KeyboardInterrupt):
        get(connection)


# --- transport


def kept_sockets(connection: Connection) -> list[Any]:
    return [sock for idle in connection._gate._transport._idle.values() for sock in idle]


def test_nagle_is_off_behind_a_proxy(connection: Connection) -> None:
    get(connection)
    assert [held.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0 for held in kept_sockets(connection)] == [True]


def test_as_many_connections_are_kept_as_calls_go_side_by_side(api_key: dict[str, str], cloud: Cloud) -> None:
    cloud.delay = 0.05
    connection = open_connection(api_key, concurrency=24)
    for _dummy in range(3):
        with ThreadPoolExecutor(24) as pool:
            list(pool.map(get, [connection] * 24))
    assert len(cloud.requests) == 72
    assert 12 < len(cloud.connects) <= 24


def test_the_option_beats_the_bundle_of_the_environment(
    api_key: dict[str, str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good, other = str(tmp_path / "ca.pem"), str(tmp_path / "other.pem")
    trustme.CA().cert_pem.write_to_path(other)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", other)
    assert "not trusted" in str(failure(get, open_connection(api_key)))
    assert get(open_connection({**api_key, "cert_bundle": good})).data.id == VOLUME_ID
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "")
    monkeypatch.setenv("CURL_CA_BUNDLE", good)
    assert get(open_connection(api_key)).data.id == VOLUME_ID


def test_a_bundle_that_is_not_there_is_named(api_key: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        InputError, match=r"option cert_bundle: the certificate bundle '/nowhere/ca.pem' does not exist"
    ):
        open_connection({**api_key, "cert_bundle": "/nowhere/ca.pem"})
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/else.pem")
    with pytest.raises(
        InputError, match=r"environment variable REQUESTS_CA_BUNDLE: the certificate bundle .*else.pem' does not exist"
    ):
        open_connection(api_key)


def test_a_bundle_without_certificates_is_named(api_key: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(
        InputError, match=r"option cert_bundle: '.*ca.pem' is not a readable bundle of PEM certificates"
    ):
        open_connection({**api_key, "cert_bundle": str(tmp_path / "ca.pem")})


def test_no_proxy_is_obeyed(api_key: dict[str, str], cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "iaas.us-ashburn-1.oraclecloud.com")
    connection = open_connection(api_key)
    connector = connection._gate._transport._connector
    assert connector.route(connection.block_volume(ASHBURN).host).proxy is None
    assert connector.route(connection.block_volume(FRANKFURT).host).proxy is not None


def test_nothing_is_printed_even_if_the_config_file_wants_it(
    api_key: dict[str, str], cloud: Cloud, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / ".oci" / "config"
    config.parent.mkdir()
    config.write_text("[DEFAULT]\nlog_requests=true\nregion=iad\n")
    connection = open_connection({**api_key, "region": "", "config_file_location": str(config)})
    assert connection.region == ASHBURN
    get(connection)
    put_answer = http_answer(200, {"kmsKeyId": KEY_ID})
    cloud.answers = [put_answer]
    put(connection)
    assert capfd.readouterr() == ("", "")


# --- regions that the user adds


@pytest.fixture
def fresh_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK reads the two sources once in a process, and keeps what it found for good."""
    for name in ("REGIONS_SHORT_NAMES", "REGION_REALMS", "REALMS", "REGIONS"):
        monkeypatch.setattr(oci.regions, name, copy.copy(getattr(oci.regions, name)))
    read = {source: source is oci.regions.ExternalSources.IMDS for source in oci.regions.ExternalSources}
    monkeypatch.setattr(oci.regions, "_has_been_read_external_sources", read)


def write_regions(home: Path, content: str) -> None:
    (home / ".oci").mkdir()
    (home / ".oci" / "regions-config.json").write_text(content)


@pytest.mark.usefixtures("fresh_regions")
def test_regions_that_the_user_adds_are_known_to_us_and_to_the_sdk(
    tmp_path: Path, api_key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def region(number: int) -> dict[str, str]:
        return {
            "realmKey": "OC93",
            "realmDomainComponent": "cloud.example",
            "regionKey": f"XX{number}",
            "regionIdentifier": f"xx-new-{number}",
        }

    write_regions(tmp_path, json.dumps([region(1), region(2)]))
    monkeypatch.setenv("OCI_REGION_METADATA", json.dumps(region(3)))
    connection = open_connection({**api_key, "region": "xx3"})
    assert connection.region == "xx-new-3"
    assert [connection.block_volume(name).host for name in ("xx1", "XX-NEW-2", "xx3")] == [
        "iaas.xx-new-1.cloud.example",
        "iaas.xx-new-2.cloud.example",
        "iaas.xx-new-3.cloud.example",
    ]
    assert connection.management_endpoints("p", "xx2")[0] == "https://p-management.kms.xx-new-2.cloud.example"
    assert connection.regions.realms["xx-new-1"] == "oc93"


@pytest.mark.usefixtures("fresh_regions")
def test_an_empty_list_of_regions_is_one(tmp_path: Path, api_key: dict[str, str]) -> None:
    write_regions(tmp_path, "[]")
    assert open_connection(api_key).region == ASHBURN


def test_modules_above_see_no_sdk() -> None:
    assert set(client.__all__) == {"Response", "Connection", "ReadRetry", "Service", "connect"}
