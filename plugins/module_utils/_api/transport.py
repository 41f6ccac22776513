# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""How requests travel and what their failures mean. Part of ``_connection.py``: of the collection's files only these
two, ``_sdk.py`` and ``_signers.py`` may touch the SDK.

Here are the things that the SDK does not do by itself: tell whether a request has left this machine, notice that an
answer is no answer (``_records.py``), keep ``TCP_NODELAY`` behind a proxy, wait with somebody else's clock, go at a
pace, and fail with one of two errors.
"""

from __future__ import annotations

import functools
import math
import os
import random
import re
import socket
import ssl
import threading
import time
from collections import ChainMap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .._common.errors import (
    ApiError,
    InputError,
    ServiceError,
    TransportError,
)
from .._common.text import readable
from .decoding import InvalidResponseError, ResponseDecoder, bounded
from .sdk import load
from .throttle import AdaptiveRateLimiter

_attempt = threading.local()  # .sent: whether the request that this thread made last may have left this machine
_proxy_managers = threading.Lock()


@dataclass(frozen=True)
class ReadRetry:
    """When and how often a read is tried again; the defaults are those of the SDK.

    The n-th pause is ``2^(n-1)`` s and a random part of up to ``jitter`` s, but at most ``max_pause`` s. There are at
    most ``attempts`` in all, and none begins later than ``total`` s after the first one began.
    """

    attempts: int = 8
    total: float = 600.0
    max_pause: float = 30.0
    jitter: float = 1.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait after the failed attempt (counted from 1)."""
        return min(2.0 ** (attempt - 1) + random.uniform(0, self.jitter), self.max_pause)


class RetryingReads:
    """A retry strategy as the SDK calls it, with the time and the sleep that it is given."""

    def __init__(
        self,
        retry: ReadRetry,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._retry = retry
        self._sleep = sleep
        self._clock = clock
        self.remaining: Callable[[], float] = lambda: math.inf
        """Seconds that are left of the whole task: no attempt begins after them."""

    def add_circuit_breaker_callback(self, callback: object) -> None:
        """Part of the SDK's interface. There is no circuit breaker, so there is nothing to call back."""

    def make_retrying_call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        started = self._clock()
        attempt = 0
        while True:
            attempt += 1
            try:
                return function(*args, **kwargs)
            except Exception as error:
                pause = self._retry.pause(attempt)
                late = self._clock() - started + pause > self._retry.total or pause > self.remaining()
                if attempt >= self._retry.attempts or late or not is_transient(error):
                    raise
            self._sleep(pause)


class RateLimitedReads:
    """The same for one service, whose pace each attempt keeps."""

    def __init__(self, reads: RetryingReads, limiter: AdaptiveRateLimiter) -> None:
        self._reads = reads
        self._limiter = limiter

    def add_circuit_breaker_callback(self, callback: object) -> None:
        """Part of the SDK's interface, see there."""

    def make_retrying_call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        def attempt() -> Any:
            self._limiter.wait(self._reads.remaining)
            return _report_to_limiter(self._limiter, lambda: function(*args, **kwargs))

        return self._reads.make_retrying_call(attempt)


def once(limiter: AdaptiveRateLimiter) -> Any:
    """The SDK's strategy without retries (it looks at the class), which tells the pace what the service answered."""

    def make_retrying_call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return _report_to_limiter(limiter, lambda: function(*args, **kwargs))

    strategy: Any = load("oci").retry.NoneRetryStrategy()
    strategy.make_retrying_call = make_retrying_call
    return strategy


def _report_to_limiter(limiter: AdaptiveRateLimiter, call: Callable[[], Any]) -> Any:
    try:
        answer = call()
    except load("oci").exceptions.ServiceError as error:
        if error.status == 429:
            limiter.record_throttled(_seconds(error.headers))
        else:
            limiter.record_answered()
        raise
    limiter.record_answered()
    return answer


def _seconds(headers: Any) -> float | None:
    """What Retry-After says, where it does so in seconds. OCI does not document it (oci_semantics.md section 4)."""
    text = str((headers or {}).get("retry-after", "")).strip()
    return float(text) if text.isdecimal() and text.isascii() else None


def is_transient(error: BaseException) -> bool:
    """Whether a read that failed like this may succeed when it is sent again."""
    exceptions = load("oci").exceptions
    if isinstance(error, exceptions.ServiceError):
        if error.status == 409:
            return error.code in ("IncorrectState", "LockConflict")
        return bool(error.status == 429 or (error.status >= 500 and error.status != 501))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _causes(error)):
        return False
    if "Tunnel connection failed: 407" in _innermost_text(error):
        return False
    transport = load("oci.base_client")
    return isinstance(
        error,
        (
            InvalidResponseError,
            transport.requests.exceptions.RequestException,
            transport.urllib3.exceptions.HTTPError,
            transport.circuitbreaker.CircuitBreakerError,
            ConnectionError,
            TimeoutError,
        ),
    )


@functools.cache
def _adapter_class() -> Any:
    """The transport adapter. Made when the SDK is there, since it extends the SDK's own."""
    transport = load("oci.base_client")
    urllib3 = transport.urllib3

    class SendTrackingConnection(transport.OCIConnection):  # type: ignore[misc, name-defined, unused-ignore]
        """Notes when a request is about to leave. TCP, CONNECT and TLS are done by then."""

        def endheaders(self, *args: Any, **kwargs: Any) -> Any:
            _attempt.sent = True
            return super().endheaders(*args, **kwargs)

    class SendTrackingPool(transport.OCIConnectionPool):  # type: ignore[misc, name-defined, unused-ignore]
        ConnectionCls = SendTrackingConnection

    class Adapter(transport.OCIHTTPAdapter):  # type: ignore[misc, name-defined, unused-ignore]
        """Knows whether a request was sent, and keeps TCP_NODELAY, which urllib3 drops behind a proxy.

        All connections have the one ``trust``: read for each of them, the usual bundle takes 25 ms each.
        """

        def __init__(self, trust: ssl.SSLContext, **kwargs: Any) -> None:
            self._trust = trust
            self._pool: Any = None
            super().__init__(**kwargs)

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)
            self._tell(self.poolmanager)

        def cert_verify(self, *args: Any) -> None:
            """Nothing to tell the connections, since ``trust`` tells what to verify them by."""

        def get_connection(self, *args: Any) -> Any:
            """The pool of connections. A client has one host, so it is always the same."""
            if self._pool is None:
                self._pool = super().get_connection(*args)
            return self._pool

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            kwargs.setdefault("ssl_context", self._trust)
            if _is_socks(proxy):
                return super().proxy_manager_for(proxy, **kwargs)
            # A tuple, since the pool's key is made of it.
            kwargs.setdefault("proxy_ssl_context", self._trust)
            kwargs.setdefault("socket_options", tuple(urllib3.connection.HTTPConnection.default_socket_options))
            # The requests library would let threads that come at once make a manager, and thus a pool, each.
            with _proxy_managers:
                return self._tell(super().proxy_manager_for(proxy, **kwargs))

        @staticmethod
        def _tell(manager: Any) -> Any:
            manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": SendTrackingPool}
            return manager

        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            proxies = kwargs.get("proxies") or {}
            # Where the connection is not one of ours, nothing tells: so take it for sent.
            _attempt.sent = not request.url.startswith("https:") or any(map(_is_socks, proxies.values()))
            try:
                response = super().send(request, *args, **kwargs)
            except urllib3.exceptions.HTTPError as error:
                # Some get through the adapter as they are. One of them (HeaderParsingError) makes the SDK send the
                # request again, up to twice, whatever the retry strategy says: no good for a PUT.
                raise transport.requests.exceptions.ConnectionError(error, request=request) from error
            response.raw.stream = bounded(response.raw.stream)
            return response

    return Adapter


def _is_socks(proxy: object) -> bool:
    return str(proxy).lower().startswith("socks")


def prepare(client: Any, *, concurrency: int, trust: ssl.SSLContext) -> None:
    """Give an SDK client our transport, and make it refuse answers that are none."""
    base = client.base_client
    requests = load("oci.base_client").requests
    session = base.session
    adapter = _adapter_class()(trust, pool_connections=2, pool_maxsize=max(concurrency, 1))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # A client has one host, so what the environment says about proxies is settled once (the SDK would scan it for each
    # request).
    session.proxies = requests.utils.get_environ_proxies(base.get_endpoint(), no_proxy=None)
    session.trust_env = False
    session.max_redirects = 0  # the API never redirects; a captive portal does, and would be handed the headers
    base.deserialize_response_data = _strict(base)


def trust(cert_bundle: str | None, source: str) -> ssl.SSLContext:
    """What servers are verified by: a file or folder of CA certificates, or None for that of the environment, in the
    variables that the requests library reads, or else the SDK's own.

    Raises InputError, naming the ``source``, where there is no such file or folder, or no certificate in it.
    """
    if cert_bundle:
        return _trust(cert_bundle, source)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(variable, "").strip()
        if path:
            return _trust(path, f"environment variable {variable}")
    return _trust(load("oci.base_client").requests.certs.where(), "the SDK")


def _trust(path: str, source: str) -> ssl.SSLContext:
    path = os.path.abspath(os.path.expanduser(path))
    context: ssl.SSLContext = load("oci.base_client").urllib3.util.ssl_.create_urllib3_context()
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except FileNotFoundError as error:
        raise InputError(f"{source}: there is no certificate bundle {path!r}") from error
    except OSError as error:  # ssl.SSLError is one
        raise InputError(f"{source}: {path!r} can't be read as certificates in PEM form ({error})") from error
    return context


def _strict(base: Any) -> Callable[..., Any]:
    """``deserialize_response_data`` of a client, for a body that is to be what the operation answers."""
    lenient = base.deserialize_response_data
    models = ChainMap(base.type_mappings, base.complex_type_mappings)
    records = ResponseDecoder(models, load("dateutil.parser").parse)

    def deserialize(data: bytes, response_type: str, *args: Any, **kwargs: Any) -> Any:
        if response_type == "object":  # the body of an error: its status counts, whatever the body is
            try:
                return lenient(data.decode("utf-8", "replace").encode("utf-8"), response_type, *args, **kwargs)
            except RecursionError:
                return None
        return records.read(data, response_type)

    return deserialize


def call(operation: str, host: str, function: Callable[[], Any]) -> Any:
    """Call ``function``, and turn every failure into one of the two errors of the collection.

    ``operation`` is a method name of an SDK client, ``host`` the service asked.
    """
    _attempt.sent = False
    try:
        return function()
    except Exception as error:
        raise translate(error, operation, host, was_sent=_attempt.sent) from error


def translate(error: Exception, operation: str, host: str, *, was_sent: bool) -> ApiError:
    """What an exception from within a call means."""
    name = "".join(word.capitalize() for word in operation.split("_"))
    if isinstance(error, load("oci").exceptions.ServiceError):
        message = error.message if isinstance(error.message, str) and error.message.strip() else "no reason given"
        return ServiceError(
            readable(message, 600),
            operation=name,
            status=int(error.status),
            code=readable(error.code or "NoErrorCode", 100),
            opc_request_id=request_id(error.request_id),
        )
    return TransportError(_explain(error, host, was_sent), operation=name, was_sent=was_sent)


def request_id(header: str | None) -> str | None:
    """The request ID that a service gave an answer: twice as long as they are, at most."""
    return readable(header, 200) if header else None


def _explain(error: BaseException, host: str, was_sent: bool) -> str:
    urllib3 = load("oci.base_client").urllib3.exceptions
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, InvalidResponseError):
            return f"{host}: {cause}"
        if isinstance(cause, InputError):  # of a part of the SDK that is loaded when an answer needs it
            return str(cause)
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = getattr(cause, "verify_message", "") or "verification failed"
            return f"the TLS certificate of {host} is not trusted ({reason}); cert_bundle names a bundle that does"
        if isinstance(cause, urllib3.ReadTimeoutError):
            return f"{host} did not answer in time"
        if isinstance(cause, urllib3.ConnectTimeoutError) and not isinstance(cause, urllib3.NewConnectionError):
            return f"connecting to {host} took too long"
        # A connection through a proxy that breaks later is a ProxyError for urllib3 all the same.
        if isinstance(cause, urllib3.ProxyError) and not was_sent:
            return f"the proxy did not connect to {host}: {_innermost_text(error)}"
        if isinstance(cause, socket.gaierror):
            return f"the name {host}, or that of its proxy, can't be resolved: {cause.strerror or cause}"
    where = f"no connection to {host}" if not was_sent and isinstance(causes[-1], OSError) else host
    return f"{where}: {_innermost_text(error)}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, outermost first.

    The SDK turns the arguments of its exceptions into text, so what they were made of must be found by their contexts.
    """
    seen: set[int] = set()
    queue: list[Any] = [error]
    while queue:
        cause = queue.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        queue += [getattr(cause, name, None) for name in ("reason", "original_error", "__cause__", "__context__")]
        queue += [argument for argument in cause.args if isinstance(argument, BaseException)]


def _innermost_text(error: BaseException) -> str:
    cause = list(_causes(error))[-1]
    text = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    return readable(re.sub(r"//[^/@\s]+@", "//***@", text), 300)
