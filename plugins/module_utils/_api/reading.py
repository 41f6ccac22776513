# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads one answer: within its time, not more than fits, and whole. No SDK."""

from __future__ import annotations

import http.client
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._common.text import readable
from .failures import TransferError

MAX_BYTES = 32 * 1024 * 1024
"""The largest body that is read: ten times a full page of resources with as many tags as they may have."""

MAX_HEADER_BYTES = 256 * 1024
"""The most that is read before the body begins. Real answers have some 1,000 bytes of headers."""

_CHUNK = 64 * 1024
_BUFFER = 32 * 1024

# The limits of http.client.
_MAX_LINE = 65536
_MAX_HEADERS = 100


@contextmanager
def begun_answer(sock: Any, method: str, timeout: float, seconds_left: Callable[[], float]) -> Iterator[TimedResponse]:
    """An answer whose status and headers are read. Each piece may take ``timeout`` seconds, all ``seconds_left()``.

    Raises OSError, http.client.HTTPException or TransferError.
    """
    reader = _DeadlineReader(sock, timeout, seconds_left)
    reader.limit = MAX_HEADER_BYTES
    answer = TimedResponse(_ReadOnly(reader), method=method)  # type: ignore[arg-type]
    try:
        answer.begin()
        reader.limit = None
        yield answer
    finally:
        answer.close()


class TimedResponse(http.client.HTTPResponse):
    """An answer whose head is read here. http.client reads headers with the parser of e-mails, which took a tenth of
    the processor time of a large run.
    """

    headers: dict[str, str]  # type: ignore[assignment]
    """By their names in lower case; of one that is repeated, the first."""
    contradictory: str | None = None
    """A header about the length of the body that is there twice, with two values."""

    def begin(self) -> None:
        """Read the head of the answer. Raises OSError, http.client.HTTPException or TransferError."""
        while True:
            version, self.code, self.reason = _status_line(self._line())
            self.headers, self.contradictory = {}, None
            self._read_headers()
            if self.code != 100:
                break
        self.status = self.code
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.chunked = self.headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.will_close = self._check_close()  # type: ignore[attr-defined]
        length = self.headers.get("content-length", "")
        self.length = int(length) if not self.chunked and length.isascii() and length.isdigit() else None
        if self.status in (204, 304) or self.status < 200 or self._method == "HEAD":  # type: ignore[attr-defined]
            self.length = 0
        if not self.will_close and not self.chunked and self.length is None:
            self.will_close = True

    def _line(self) -> str:
        line: bytes = self.fp.readline(_MAX_LINE + 1)
        if len(line) > _MAX_LINE:
            raise http.client.LineTooLong("head")
        return line.decode("latin-1")

    def _read_headers(self) -> None:
        name = ""
        for _number in range(_MAX_HEADERS + 1):
            line = self._line()
            if line in ("\r\n", "\n", ""):
                return
            if line[0] in " \t" and name:  # the rest of the former one (RFC 9112 section 5.2)
                self.headers[name] = f"{self.headers[name]} {line.strip()}".strip()
                continue
            name, colon, value = line.partition(":")
            if not colon or not name.isascii() or not name.isprintable() or not name or " " in name:
                raise TransferError(f"sent a line among its headers that is none: {readable(line, 60)}")
            name, value = name.lower(), value.strip()
            if self.headers.setdefault(name, value) != value and name in ("content-length", "transfer-encoding"):
                self.contradictory = name
        raise http.client.HTTPException(f"got more than {_MAX_HEADERS} headers")


def _status_line(line: str) -> tuple[str, int, str]:
    """Version, status and reason."""
    if not line:
        raise http.client.RemoteDisconnected("Remote end closed connection without response")
    version, status, reason = [*line.split(None, 2), "", "", ""][:3]
    if not version.startswith("HTTP/") or not (status.isascii() and status.isdigit() and 100 <= int(status) <= 999):
        raise http.client.BadStatusLine(line)
    if not version.startswith(("HTTP/1.", "HTTP/0.9")):
        raise http.client.UnknownProtocol(version)
    return version, int(status), reason.strip()


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until a deadline, which holds for all of an answer, and not more than ``limit`` bytes."""

    limit: int | None = None

    def __init__(self, sock: Any, timeout: float, seconds_left: Callable[[], float]) -> None:
        super().__init__()
        self._sock = sock
        self._timeout = timeout
        self._seconds_left = seconds_left
        self._received = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._seconds_left()
        if left <= 0:
            raise TransferError("did not send its whole response in time")
        self._sock.settimeout(min(self._timeout, left))
        count: int = self._sock.recv_into(buffer)
        if not count and self.limit is not None and self._received:
            # http.client takes the end of the connection for the end of the headers.
            raise TransferError("ended the connection within the headers of its response")
        self._received += count
        if self.limit is not None and self._received > self.limit:
            raise TransferError(f"sent more than {self.limit // 1024} KiB of headers")
        return count


class _ReadOnly:
    """What http.client.HTTPResponse takes for a socket."""

    def __init__(self, reader: io.RawIOBase) -> None:
        self._reader = reader

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._reader, _BUFFER)


def headers_of(answer: TimedResponse) -> dict[str, str]:
    """The headers; of one that is repeated, the first. Raises TransferError if they contradict each other."""
    headers = answer.headers
    if answer.contradictory is not None:
        raise TransferError(f"sent two different headers {answer.contradictory.title()}")
    length = headers.get("content-length", "0").strip()
    if not (length.isascii() and length.isdigit()):
        raise TransferError("sent a header Content-Length that is not a number")
    if headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
        raise TransferError("sent its response in a transfer encoding that was not asked for")
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise TransferError("sent a compressed response, which was not asked for")
    return headers


def body_of(answer: TimedResponse, headers: Mapping[str, str]) -> bytes:
    """The whole body. Raises TransferError if it is too large, and if the connection ended before it did."""
    if not answer.chunked and int(headers.get("content-length", "0")) > MAX_BYTES:
        raise _too_large()
    chunks: list[bytes] = []
    size = 0
    while chunk := answer.read1(_CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise _too_large()
        chunks.append(chunk)
    if answer.length:
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(chunks)


def _too_large() -> TransferError:
    return TransferError(f"the response is larger than {MAX_BYTES // 1024**2} MiB", is_about_host=False)
