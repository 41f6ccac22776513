# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sends requests over kept connections, and knows what became of each. No SDK.

A request is sent once. What is known of a failure is whether the request may have left this machine: a write that may
have is never repeated blindly. An answer has a total time, a largest size and no redirect; one that is cut off is none.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .._common.clock import Clock
from .._common.errors import TransportError
from .._common.text import readable
from .connecting import Connector, Route
from .failures import ConnectError, PermanentTransportError, TransferError, explain, is_permanent
from .proxies import remove_credentials
from .reachability import Reachability
from .reading import begun_answer, body_of, headers_of

ANSWER_SECONDS = 120.0
"""The most time that an answer may take in all, from the request to its last byte."""

LEAST_ANSWER_SECONDS = 10.0
"""An answer may take this long even if the time of the task is over: a write that was sent deserves its answer."""


class HttpRequest(NamedTuple):
    """A signed request. ``operation`` is its name for messages, ``target`` its path and query.

    ``send_by``: the time of the monotonic clock after which it is not sent any more.
    """

    operation: str
    method: str
    host: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    send_by: float = math.inf


class HttpResponse(NamedTuple):
    """A complete answer that is no redirect. The names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Connections to all hosts, kept for the next request; at most ``concurrency`` of them per host.

    ``remaining()`` is the seconds that are left of the task, which bound the time of each answer.
    """

    def __init__(
        self,
        connector: Connector,
        *,
        read_timeout: float,
        concurrency: int,
        clock: Clock,
        remaining: Callable[[], float] = lambda: math.inf,
    ) -> None:
        self._connector = connector
        self._read_timeout = read_timeout
        self._concurrency = max(concurrency, 1)
        self._clock = clock
        self._remaining = remaining
        self._reachability = Reachability(clock)
        self._lock = threading.Lock()
        self._routes: dict[str, Route] = {}
        self._idle: dict[str, deque[Any]] = {}

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request and read its answer. Raises TransportError if there is no complete one, or a redirect."""
        attempt = _Attempt()
        try:
            response = self._exchange(request, attempt)
        except Exception as error:
            kind = PermanentTransportError if is_permanent(error) else TransportError
            message = explain(error, request.host, was_sent=attempt.was_sent)
            raise kind(message, operation=request.operation, was_sent=attempt.was_sent) from error
        if not 200 <= response.status < 300 and response.status < 400:
            raise TransportError(_unexpected(request.host, response), operation=request.operation, was_sent=True)
        return response

    def _exchange(self, request: HttpRequest, attempt: _Attempt) -> HttpResponse:
        message = _serialize(request)
        while True:
            sock, is_reused = self._connection(request.host)
            if self._is_too_late(request):
                self._keep(request.host, sock)
                raise TransferError(
                    "could be connected to only after what the request relies on was out of date, so it was not sent"
                )
            try:
                sock.settimeout(self._read_timeout)
                attempt.was_sent = True
                try:
                    sent = sock.send(message)
                except (BrokenPipeError, ConnectionResetError):
                    # The peer had closed the connection, so nothing of the request was taken.
                    attempt.was_sent = False
                    if not is_reused:
                        raise
                    sock.close()
                    continue
                if sent < len(message):
                    sock.sendall(memoryview(message)[sent:])
                response, is_reusable = self._read(sock, request.method)
            except BaseException:
                sock.close()
                raise
            self._keep(request.host, sock) if is_reusable else sock.close()
            return response

    def _is_too_late(self, request: HttpRequest) -> bool:
        return request.send_by < math.inf and self._clock.monotonic() > request.send_by

    def _read(self, sock: Any, method: str) -> tuple[HttpResponse, bool]:
        """The answer, and whether the connection may be used again."""
        with begun_answer(sock, method, self._read_timeout, self._answer_deadline()) as answer:
            headers = headers_of(answer)
            body = body_of(answer, headers)
            return HttpResponse(answer.status, headers, body), not answer.will_close and answer.status >= 200

    def _answer_deadline(self) -> Callable[[], float]:
        """The seconds that are left for an answer, now and later on."""
        started = self._clock.monotonic()

        def seconds_left() -> float:
            now = self._clock.monotonic()
            end = min(started + ANSWER_SECONDS, max(now + self._remaining(), started + LEAST_ANSWER_SECONDS))
            return end - now

        return seconds_left

    def _connection(self, host: str) -> tuple[Any, bool]:
        """A connection that the peer has not closed, and whether it was used before."""
        while True:
            with self._lock:
                idle = self._idle.setdefault(host, deque())
                sock = idle.pop() if idle else None
                route = self._routes.get(host)
                if route is None:
                    route = self._routes[host] = self._connector.route(host)
            if sock is None:
                return self._connect(route), False
            if is_idle(sock):
                return sock, True
            sock.close()

    def _connect(self, route: Route) -> Any:
        self._reachability.expect_reachable(route)
        started = self._clock.monotonic()
        try:
            sock = self._connector.connect(route)
        except ConnectError as error:
            self._reachability.record_failure(route, started, error)
            raise
        self._reachability.record_reached(route)
        return sock

    def _keep(self, host: str, sock: Any) -> None:
        with self._lock:
            idle = self._idle[host]
            if len(idle) < self._concurrency:
                idle.append(sock)
                return
        sock.close()

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            for idle in self._idle.values():
                while idle:
                    idle.pop().close()


class _Attempt:
    """Whether any of a request may have left this machine."""

    was_sent = False


def _serialize(request: HttpRequest) -> bytes:
    lines = [f"{request.method} {request.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    head = "\r\n".join(lines)
    if any("\r" in line or "\n" in line for line in lines) or " " in request.target:
        raise ValueError("the request contains a line break where none may be")
    return head.encode("latin-1") + b"\r\n\r\n" + (request.body or b"")


def _unexpected(host: str, response: HttpResponse) -> str:
    """An answer that is neither a success nor an error: a redirect, which is not followed, or what should not be."""
    if response.status < 300:
        return f"{host} answered {response.status}, which is not an answer to this request"
    location = response.headers.get("location", "")
    try:
        where = urlsplit(location).hostname or host
    except ValueError:
        where = "an invalid address"
    return (
        f"{host} answered {response.status}, a redirect to {readable(remove_credentials(where), 200)}, which is not"
        " followed. Something between this machine and OCI, such as a captive portal, may have answered"
    )


def is_idle(sock: Any) -> bool:
    """Whether a kept connection has nothing to read: neither its end, nor what nobody asked for."""
    import select

    try:
        if getattr(sock, "pending", lambda: 0)():
            return False
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(sock.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
            return not poll.poll(0)
        return not select.select([sock], [], [], 0)[0]
    except (OSError, ValueError):
        return False
