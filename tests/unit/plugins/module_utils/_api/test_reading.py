# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The head of an answer, byte for byte."""

from __future__ import annotations

import http.client
import io
from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.failures import TransferError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.reading import (
    begun_answer,
    body_of,
    headers_of,
)

ORDINARY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nopc-request-id: A\r\n\r\nhi"


class Wire:
    """What is read of a socket."""

    def __init__(self, sent: bytes, piece: int = 65536) -> None:
        self._sent = io.BytesIO(sent)
        self._piece = piece

    def settimeout(self, _seconds: float) -> None:
        pass

    def recv_into(self, buffer: Any) -> int:
        part = self._sent.read(min(len(buffer), self._piece))
        buffer[: len(part)] = part
        return len(part)


def read(sent: bytes, method: str = "GET", piece: int = 65536) -> tuple[int, dict[str, str], bytes, bool]:
    with begun_answer(Wire(sent, piece), method, 30.0, lambda: 30.0) as answer:
        headers = headers_of(answer)
        return answer.status, headers, body_of(answer, headers), bool(answer.will_close)


@pytest.mark.parametrize("piece", [1, 3, 65536])
def test_an_answer_in_pieces(piece: int) -> None:
    status, headers, body, will_close = read(ORDINARY, piece=piece)
    assert (status, body, will_close) == (200, b"hi", False)
    assert headers == {"content-length": "2", "opc-request-id": "A"}


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"Etag:a\r\n", "a"),
        (b"ETAG: \t a \t\r\n", "a"),
        (b"etag: a\r\nETag: b\r\n", "a"),
        (b"etag: a\r\n  b\r\n\tc\r\n", "a b c"),
        (b"etag:\r\n", ""),
        (b"etag: a:b\n", "a:b"),
        (b"etag: \xe4\r\n", "\xe4"),
    ],
)
def test_headers_as_they_may_be_written(head: bytes, expected: str) -> None:
    sent = b"HTTP/1.1 200 OK\r\n" + head + b"content-length: 0\r\n\r\n"
    assert read(sent)[1]["etag"] == expected


@pytest.mark.parametrize("line", [b"no colon", b": no name", b"two words: x", b"a\tb: x", b"\xe4: x", b" first: x"])
def test_a_line_that_is_no_header_is_refused(line: bytes) -> None:
    with pytest.raises(TransferError, match="among its headers that is none"):
        read(b"HTTP/1.1 200 OK\r\n" + line + b"\r\ncontent-length: 0\r\n\r\n")


@pytest.mark.parametrize("line", [b"HTTP/1.1 200 OK", b"HTTP/1.1 200", b"HTTP/1.1  200  All is well ", b"HTTP/1.2 200"])
def test_status_lines_that_are_read(line: bytes) -> None:
    assert read(line + b"\r\ncontent-length: 0\r\n\r\n")[0] == 200


@pytest.mark.parametrize(
    "line", [b"", b"SSH-2.0-x", b"HTTP/1.1", b"HTTP/1.1 abc OK", b"HTTP/1.1 99 OK", b"HTTP/1.1 1000 OK", b"HTTP/2 200"]
)
def test_status_lines_that_are_refused(line: bytes) -> None:
    with pytest.raises(http.client.HTTPException):
        read(line + b"\r\n\r\n")


def test_a_connection_that_ends_before_the_answer() -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        read(b"")


@pytest.mark.parametrize("end", range(1, len(ORDINARY) - 1))
def test_an_answer_that_is_cut_off_is_none(end: int) -> None:
    with pytest.raises((TransferError, http.client.HTTPException)):
        read(ORDINARY[:end])


def test_what_comes_before_the_answer_is_passed_over() -> None:
    early = b"HTTP/1.1 100 Continue\r\ncontent-length: 7\r\ncontent-length: 8\r\n\r\n"
    assert read(early + ORDINARY)[:3] == (200, {"content-length": "2", "opc-request-id": "A"}, b"hi")


def test_a_chunked_body() -> None:
    sent = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n"
    assert read(sent)[2:] == (b"hi", False)


@pytest.mark.parametrize(
    ("head", "will_close"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", False),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n", False),
    ],
)
def test_whether_the_connection_can_be_used_again(head: bytes, will_close: bool) -> None:
    assert read(head + b"hi")[2:] == (b"hi", will_close)


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body(status: int) -> None:
    assert read(f"HTTP/1.1 {status} -\r\n\r\n".encode())[2:] == (b"", False)


@pytest.mark.parametrize("name", ["Content-Length", "Transfer-Encoding"])
def test_a_length_that_is_there_twice(name: str) -> None:
    with pytest.raises(TransferError, match=f"two different headers {name}"):
        read(f"HTTP/1.1 200 OK\r\n{name}: 1\r\n{name.lower()}: 2\r\n\r\nhi".encode())


def test_more_headers_than_there_can_be() -> None:
    assert read(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 99 + b"content-length: 0\r\n\r\n")[0] == 200
    with pytest.raises(http.client.HTTPException, match="more than 100 headers"):
        read(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n")


def test_a_line_that_is_too_long() -> None:
    with pytest.raises(http.client.LineTooLong):
        read(b"HTTP/1.1 200 OK\r\na: " + b"b" * 70000 + b"\r\n\r\n")
