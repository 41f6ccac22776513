# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers as they come over a socket: late, too large, cut off, redirecting; and connections that are used again."""

from __future__ import annotations

import math
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import reading, transport
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.connecting import Connector, Route
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.failures import (
    ConnectError,
    PermanentTransportError,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.transport import (
    HttpRequest,
    HttpResponse,
    Transport,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import TransportError

HOST = "iaas.us-phoenix-1.oraclecloud.com"
GET = HttpRequest("GetVolume", "GET", HOST, "/20160918/volumes/x", {"host": HOST}, None)
PUT = HttpRequest("UpdateVolumeKmsKey", "PUT", HOST, "/20160918/volumes/x/kmsKey", {"host": HOST}, b"{}")


def answer(body: bytes = b"{}", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {size}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


class TickingClock(Clock):
    """A second passes whenever it is looked at."""

    now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


class ScriptedConnector:
    """Connections whose other end has sent its answers already. ``drop`` are connections that are closed at once."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)
        self.peers: list[socket.socket] = []

    def route(self, host: str) -> Route:
        return Route(host, None)

    def connect(self, route: Route) -> socket.socket:
        script = self.answers.pop(0)
        if isinstance(script, Exception):
            raise script
        ours, peer = socket.socketpair()
        peer.sendall(script)
        self.peers.append(peer)
        return ours

    def received(self) -> list[bytes]:
        found = []
        for peer in self.peers:
            peer.setblocking(False)
            try:
                found.append(peer.recv(65536))
            except BlockingIOError:
                found.append(b"")
        return found


@pytest.fixture
def opened() -> Iterator[Callable[..., tuple[Transport, ScriptedConnector]]]:
    connectors: list[ScriptedConnector] = []
    transports: list[Transport] = []

    def open_transport(*answers: bytes | Exception, **changes: Any) -> tuple[Transport, ScriptedConnector]:
        connector = ScriptedConnector(*answers)
        arguments: dict[str, Any] = {"read_timeout": 30.0, "concurrency": 4, "clock": Clock(), **changes}
        made = Transport(connector, **arguments)  # type: ignore[arg-type]
        connectors.append(connector)
        transports.append(made)
        return made, connector

    yield open_transport
    for made in transports:
        made.close()
    for connector in connectors:
        for peer in connector.peers:
            peer.close()


Opened = Callable[..., tuple[Transport, ScriptedConnector]]


def failure(sender: Transport, request: HttpRequest = PUT) -> TransportError:
    with pytest.raises(TransportError) as caught:
        sender.send(request)
    return caught.value


def test_a_request_and_its_answer(opened: Opened) -> None:
    sender, connector = opened(answer(b'{"id": "x"}', "ETag: e", "opc-request-id: r"))
    assert sender.send(PUT) == HttpResponse(
        200, {"content-length": "11", "etag": "e", "opc-request-id": "r"}, b'{"id": "x"}'
    )
    assert connector.received() == [
        b"PUT /20160918/volumes/x/kmsKey HTTP/1.1\r\nhost: iaas.us-phoenix-1.oraclecloud.com\r\n\r\n{}"
    ]


def test_an_answer_in_chunks(opened: Opened) -> None:
    sender, _ = opened(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n2\r\n,2\r\n1\r\n]\r\n0\r\n\r\n"
    )
    assert sender.send(GET).body == b"[1,2]"


def test_a_connection_is_kept_for_the_next_request(opened: Opened) -> None:
    sender, connector = opened(answer(b"1"))
    assert sender.send(GET).body == b"1"
    connector.peers[0].sendall(b"")
    assert len(connector.received()[0]) > 0
    # The answer may only come after the request: what is there before makes the connection useless.
    (kept,) = sender._idle[HOST]
    assert transport.is_idle(kept)


@pytest.mark.parametrize("request_", [GET, PUT], ids=["read", "write"])
@pytest.mark.parametrize("end", ["closed", "noise"])
def test_a_kept_connection_that_has_ended_is_not_used(request_: HttpRequest, end: str, opened: Opened) -> None:
    sender, connector = opened(answer(b"1"), answer(b"2"))
    sender.send(request_)
    connector.peers[0].close() if end == "closed" else connector.peers[0].sendall(b"HTTP/1.1 408 Timeout\r\n\r\n")
    assert sender.send(request_).body == b"2"


@pytest.mark.parametrize("fault", [BrokenPipeError, ConnectionResetError])
def test_a_write_is_sent_on_another_connection_only_if_nothing_was_sent(
    fault: type[OSError], opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, _ = opened(answer(b"1"), answer(b"2"))
    sender.send(PUT)
    monkeypatch.setattr(transport, "is_idle", lambda _sock: True)
    (kept,) = sender._idle[HOST]
    sender._idle[HOST][0] = _Refusing(kept, fault)
    assert sender.send(PUT).body == b"2"


@pytest.mark.parametrize("request_", [GET, PUT], ids=["read", "write"])
def test_what_a_kept_connection_took_is_not_sent_again(
    request_: HttpRequest, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender, connector = opened(answer(b"1"), answer(b"2"))
    sender.send(PUT)
    monkeypatch.setattr(transport, "is_idle", lambda _sock: True)
    connector.peers[0].shutdown(socket.SHUT_WR)
    error = failure(sender, request_)
    assert error.was_sent
    assert "RemoteDisconnected" in str(error)
    assert len(connector.answers) == 1


class _Refusing:
    """A socket that takes nothing."""

    def __init__(self, sock: socket.socket, fault: type[OSError]) -> None:
        self._sock, self._fault = sock, fault

    def settimeout(self, seconds: float) -> None:
        self._sock.settimeout(seconds)

    def send(self, data: bytes) -> int:
        raise self._fault

    def close(self) -> None:
        self._sock.close()


def test_a_new_connection_that_takes_nothing_has_sent_nothing(opened: Opened) -> None:
    sender, connector = opened(b"")
    original = connector.connect
    connector.connect = lambda route: _Refusing(original(route), BrokenPipeError)  # type: ignore[assignment, return-value]
    error = failure(sender)
    assert not error.was_sent
    assert f"could not connect to {HOST}: BrokenPipeError" in str(error)


# --- answers that are none

BROKEN = {
    "short": answer(b'{"id"', length=100),
    "nothing": b"",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no status": b"SSH-2.0-OpenSSH\r\n\r\n",
    "a chunk cut off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
    "no last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "no size of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "two lengths": answer(b"{}", "Content-Length: 3"),
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n{}",
    "another length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\n{}",
    "compressed": answer(b"\x1f\x8b", "Content-Encoding: gzip"),
    "compressed otherwise": answer(b"x", "Content-Encoding: br"),
    "compressed on the way": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "too many headers": answer(b"{}", *(f"x-{number}: y" for number in range(200))),
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 60000) for n in range(5)),
    "a line without end": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70000,
    "an odd status": b"HTTP/1.1 103 Early Hints\r\n\r\n",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_an_answer_that_is_none_leaves_the_outcome_open(
    text: bytes, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_HEADER_BYTES", 100_000)
    sender, connector = opened()

    def connect(_route: Route) -> socket.socket:
        ours, peer = socket.socketpair()
        for each in (ours, peer):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * 1024**2)
        peer.sendall(text)
        peer.shutdown(socket.SHUT_WR)
        connector.peers.append(peer)
        return ours

    connector.connect = connect  # type: ignore[method-assign]
    error = failure(sender)
    assert error.was_sent
    assert HOST in str(error)
    assert not sender._idle[HOST]


@pytest.mark.parametrize("status", ["200 OK", "500 Internal Server Error"])
def test_the_size_of_a_body_is_bounded(status: str, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1024**2)
    told = answer(b"", length=1024**2 + 1, status=status)
    untold = f"HTTP/1.1 {status}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    sender, _ = opened(told, untold + b"1000\r\n" + b"x" * 4096 + b"\r\n")
    assert "the response is larger than 1 MiB" in str(failure(sender))
    monkeypatch.setattr(reading, "MAX_BYTES", 4095)
    assert "the response is larger than" in str(failure(sender))


@pytest.mark.parametrize("part", ["headers", "body", "chunks"])
def test_an_answer_that_trickles_has_an_end(part: str, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """One byte a second, of which each comes in time."""
    start = {
        "headers": b"HTTP/1.1 200 OK\r\nx: ",
        "body": b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n",
    }[part]
    clock = TickingClock()
    sender, connector = opened(clock=clock)
    connector.connect = lambda _route: _Trickling(start)  # type: ignore[assignment, return-value]
    error = failure(sender)
    assert error.was_sent
    assert f"{HOST} did not send its whole response in time" in str(error)
    assert transport.ANSWER_SECONDS <= clock.now < transport.ANSWER_SECONDS + 10


@pytest.mark.parametrize("remaining", [0.0, 3.0, 30.0, math.inf])
def test_an_answer_takes_no_longer_than_the_task(remaining: float, opened: Opened) -> None:
    clock = TickingClock()
    end = remaining
    sender, connector = opened(clock=clock, remaining=lambda: end - clock.now)
    connector.connect = lambda _route: _Trickling(b"HTTP/1.1 200 OK\r\nx: ")  # type: ignore[assignment, return-value]
    error = failure(sender)
    assert error.was_sent
    assert f"{HOST} did not send its whole response in time" in str(error)
    allowed = min(max(remaining, transport.LEAST_ANSWER_SECONDS), transport.ANSWER_SECONDS)
    assert allowed <= clock.now < allowed + 10


class _Trickling:
    """A socket that gives one byte at a time for ever."""

    def __init__(self, start: bytes) -> None:
        self._bytes = iter(start)

    def settimeout(self, seconds: float) -> None:
        assert 0 < seconds <= 30.0

    def send(self, data: bytes) -> int:
        return len(data)

    def recv_into(self, buffer: memoryview) -> int:
        buffer[0] = next(self._bytes, ord("y"))
        return 1

    def close(self) -> None:
        pass


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://evil.example/x", "evil.example"),
        ("https://me:SECRET@evil.example/", "evil.example"),
        ("/login", HOST),
        ("https://[bad", "an invalid address"),
    ],
)
def test_a_redirect_names_where_and_is_not_followed(status: int, location: str, shown: str, opened: Opened) -> None:
    sender, connector = opened(answer(b"", f"Location: {location}", status=f"{status} Moved"))
    error = failure(sender)
    assert error.was_sent
    assert f"{HOST} answered {status}, a redirect to {shown}, which is not followed" in str(error)
    assert "SECRET" not in str(error)
    assert len(connector.peers) == 1


def test_a_line_break_never_reaches_the_wire(opened: Opened) -> None:
    sender, connector = opened(b"", b"", b"")
    for spoiled in (
        GET._replace(target="/x HTTP/1.1\r\nhost: evil"),
        GET._replace(headers={"x": "a\r\nb: c"}),
        GET._replace(headers={"x": "a\nb: c"}),
    ):
        assert not failure(sender, spoiled).was_sent
    assert connector.received() == []


# --- connections that are not made


@pytest.mark.parametrize(
    ("cause", "through_proxy", "words"),
    [
        (
            ConnectionRefusedError(111, "Connection refused"),
            False,
            f"could not connect to {HOST}: ConnectionRefusedErr",
        ),
        (ConnectionRefusedError(111, "Connection refused"), True, f"the proxy did not connect to {HOST}: Connection"),
        (TimeoutError("timed out"), False, f"connecting to {HOST} timed out"),
        (
            socket.gaierror(-2, "Name or service not known"),
            False,
            f"the host name {HOST}, or its proxy's, can't be res",
        ),
        (socket.gaierror(-2, "Name or service not known"), True, f"did not connect to {HOST}: its name can't be res"),
        (OSError("http://me:SECRET@proxy/"), True, "OSError: http://***@proxy/"),
    ],
)
def test_why_there_is_no_connection(cause: OSError, through_proxy: bool, words: str, opened: Opened) -> None:
    error = ConnectError(through_proxy=through_proxy)
    error.__cause__ = cause
    sender, _ = opened(error)
    told = failure(sender)
    assert words in str(told)
    assert not told.was_sent
    assert not isinstance(told, PermanentTransportError)


def test_what_will_not_pass_is_permanent(opened: Opened) -> None:
    certificate = ssl.SSLCertVerificationError(1, "bad")
    certificate.verify_message = "unable to get local issuer certificate"
    refused = ConnectError(through_proxy=True, status=407, reason="Proxy Authentication Required")
    sender, _ = opened(certificate, refused)
    told = failure(sender)
    assert isinstance(told, PermanentTransportError)
    assert f"the TLS certificate of {HOST} is not trusted (unable to get local issuer certificate)" in str(told)
    told = failure(sender)
    assert isinstance(told, PermanentTransportError)
    assert "OSError: Tunnel connection failed: 407 Proxy Authentication Required" in str(told)


def test_a_proxy_that_can_not_be_meant_is_told_without_its_password() -> None:
    connector = Connector(
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), 30.0, Clock(), {"HTTPS_PROXY": "http://me:SECRET@proxy:port"}
    )
    sender = Transport(connector, read_timeout=30.0, concurrency=1, clock=Clock())
    error = failure(sender)
    assert "the URL of the proxy in the environment (HTTPS_PROXY) is invalid: it has no valid host and port" in str(
        error
    )
    assert "SECRET" not in str(error)
    assert not error.was_sent


@pytest.mark.parametrize("text", ["1\r\nx: y", "1\nx: y", "1\rx: y"], ids=["both", "line feed", "carriage return"])
@pytest.mark.parametrize("where", ["name", "value", "target"])
def test_no_line_break_gets_into_the_head_of_a_request(text: str, where: str, opened: Opened) -> None:
    """There are servers that begin a new header after each of them."""
    sender, connector = opened()
    connector.connect = lambda _route: _Trickling(b"")  # type: ignore[assignment, return-value]
    headers = {text: "x"} if where == "name" else {"if-match": text} if where == "value" else {}
    target = f"/{text.replace(' ', '')}" if where == "target" else "/x"
    with pytest.raises(TransportError, match="line break") as caught:
        sender.send(transport.HttpRequest("GetVolume", "GET", HOST, target, headers, None))
    assert not caught.value.was_sent


class SlowConnector(ScriptedConnector):
    """Each connection takes seven seconds."""

    def __init__(self, clock: TickingClock, *answers: bytes | Exception) -> None:
        super().__init__(*answers)
        self._clock = clock

    def connect(self, route: Route) -> socket.socket:
        self._clock.now += 7.0
        return super().connect(route)


def test_a_request_that_is_too_late_is_not_sent_and_leaves_its_connection_to_the_next_one() -> None:
    clock = TickingClock()
    connector = SlowConnector(clock, answer(b'{"n": 1}'))
    sender = Transport(connector, read_timeout=30.0, concurrency=1, clock=clock)  # type: ignore[arg-type]
    with pytest.raises(TransportError) as caught:
        sender.send(PUT._replace(send_by=5.0))
    assert (caught.value.was_sent, connector.received()) == (False, [b""])
    assert "out of date" in str(caught.value)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "is_idle", lambda _sock: True)  # its answer is there already
        assert sender.send(PUT._replace(send_by=clock.now + 60.0)).body == b'{"n": 1}'
    assert [b"PUT" in received for received in connector.received()] == [True]
