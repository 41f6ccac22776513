# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How requests travel, and what their failures mean. Uses the SDK.

Adds what the SDK's own transport lacks: it knows whether a request has left this machine, rejects a malformed
response (``decoding.py``), keeps ``TCP_NODELAY`` behind a proxy, follows no redirect, and fails with one of the two
errors of the collection.
"""

from __future__ import annotations

import functools
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

from .._common.errors import ApiError, InputError, ServiceError, TransportError
from .._common.text import readable
from .decoding import InvalidResponseError, UnreadableRow, bounded, decode
from .operations import Request
from .sdk import load

_attempt = threading.local()  # .sent: whether this thread's latest request may have left this machine
_proxy_managers = threading.Lock()


@functools.cache
def _adapter_class() -> Any:
    """The transport adapter, a subclass of the SDK's own, so it is created after the SDK is loaded."""
    transport = load("oci.base_client")
    urllib3 = transport.urllib3

    class SendTrackingConnection(transport.OCIConnection):  # type: ignore[misc, name-defined, unused-ignore]
        """Records when a request is about to be sent, which is after TCP, CONNECT and TLS."""

        def endheaders(self, *args: Any, **kwargs: Any) -> Any:
            _attempt.sent = True
            return super().endheaders(*args, **kwargs)

    class SendTrackingPool(transport.OCIConnectionPool):  # type: ignore[misc, name-defined, unused-ignore]
        ConnectionCls = SendTrackingConnection

    class Adapter(transport.OCIHTTPAdapter):  # type: ignore[misc, name-defined, unused-ignore]
        """Knows whether a request was sent, and keeps TCP_NODELAY, which urllib3 drops behind a proxy.

        All connections share one ``trust``: loading the usual bundle takes 25 ms per connection.
        """

        def __init__(self, trust: ssl.SSLContext, **kwargs: Any) -> None:
            self._trust = trust
            self._pool: Any = None
            super().__init__(**kwargs)

        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=self._trust, **kwargs)
            self._install_pool(self.poolmanager)

        def cert_verify(self, *args: Any) -> None:
            """Does nothing: ``trust`` already defines how connections are verified."""

        def get_connection(self, *args: Any) -> Any:
            """The connection pool. A client has one host, so it is always the same."""
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
            # Without the lock, concurrent threads would each create a manager, and thus a pool, in requests.
            with _proxy_managers:
                return self._install_pool(super().proxy_manager_for(proxy, **kwargs))

        @staticmethod
        def _install_pool(manager: Any) -> Any:
            manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": SendTrackingPool}
            return manager

        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            proxies = kwargs.get("proxies") or {}
            # Other connections don't record it, so assume that the request is sent.
            _attempt.sent = not request.url.startswith("https:") or any(map(_is_socks, proxies.values()))
            try:
                http_response = super().send(request, *args, **kwargs)
            except urllib3.exceptions.HTTPError as error:
                # The adapter lets some of these through. One of them (HeaderParsingError) makes the SDK send the
                # request again, up to twice, whatever the retry strategy says, which must not happen to a PUT.
                raise transport.requests.exceptions.ConnectionError(error, request=request) from error
            http_response.raw.stream = bounded(http_response.raw.stream)
            return http_response

    return Adapter


def _is_socks(proxy: object) -> bool:
    return str(proxy).lower().startswith("socks")


def prepare(client: Any, *, concurrency: int, trust: ssl.SSLContext) -> None:
    """Make an SDK client use this transport and reject malformed responses."""
    base = client.base_client
    requests = load("oci.base_client").requests
    session = base.session
    adapter = _adapter_class()(trust, pool_connections=2, pool_maxsize=max(concurrency, 1))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    # A client has one host, so the proxy settings are read from the environment once, not for every request.
    session.proxies = requests.utils.get_environ_proxies(base.get_endpoint(), no_proxy=None)
    session.trust_env = False
    session.max_redirects = 0  # the API never redirects; a captive portal does, and would receive the headers
    base.deserialize_response_data = _strict_deserializer(base)


def trust(cert_bundle: str | None, source: str) -> ssl.SSLContext:
    """The CA certificates that verify servers.

    Uses the file or folder ``cert_bundle``; if it is not set, the environment variables that the requests library
    reads; and else the SDK's own bundle. Raises InputError, naming the ``source``, if it does not exist or contains no
    certificate.
    """
    if cert_bundle:
        return _load_trust(cert_bundle, source)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(variable, "").strip()
        if path:
            return _load_trust(path, f"environment variable {variable}")
    return _load_trust(load("oci.base_client").requests.certs.where(), "the SDK")


def _load_trust(path: str, source: str) -> ssl.SSLContext:
    path = os.path.abspath(os.path.expanduser(path))
    context: ssl.SSLContext = load("oci.base_client").urllib3.util.ssl_.create_urllib3_context()
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except FileNotFoundError as error:
        raise InputError(f"{source}: the certificate bundle {path!r} does not exist") from error
    except OSError as error:  # ssl.SSLError is one
        raise InputError(f"{source}: {path!r} is not a readable bundle of PEM certificates ({error})") from error
    return context


def _strict_deserializer(base: Any) -> Callable[..., Any]:
    """A replacement for a client's ``deserialize_response_data`` that accepts only what the operation documents."""
    lenient = base.deserialize_response_data

    def deserialize(data: bytes, response_type: str, *args: Any, **kwargs: Any) -> Any:
        if response_type == "object":  # the body of an error: only the status matters
            try:
                return lenient(data.decode("utf-8", "replace").encode("utf-8"), response_type, *args, **kwargs)
            except RecursionError:
                return None
        decoded = decode(_attempt.request, data)
        _attempt.unreadable = decoded.unreadable
        return decoded.data

    return deserialize


def call(
    operation: str, request: Request, host: str, function: Callable[[], Any]
) -> tuple[Any, tuple[UnreadableRow, ...]]:
    """Call ``function``, which sends ``request``: its response, and the rows of it that can't be read.

    Raises ServiceError or TransportError for every failure. ``operation`` is a method name of an SDK client, ``host``
    the host of the service.
    """
    _attempt.sent, _attempt.request, _attempt.unreadable = False, request, ()
    try:
        return function(), _attempt.unreadable
    except Exception as error:
        raise translate(error, operation, host, was_sent=_attempt.sent) from error


def translate(error: Exception, operation: str, host: str, *, was_sent: bool) -> ApiError:
    """The collection's error for an exception raised within a call."""
    name = "".join(word.capitalize() for word in operation.split("_"))
    if isinstance(error, load("oci").exceptions.ServiceError):
        message = error.message if isinstance(error.message, str) and error.message.strip() else "no message"
        return ServiceError(
            readable(message, 600),
            operation=name,
            status=int(error.status),
            code=readable(error.code or "NoErrorCode", 100),
            opc_request_id=request_id(error.request_id),
        )
    return TransportError(_explain_transport_error(error, host, was_sent), operation=name, was_sent=was_sent)


def request_id(header: str | None) -> str | None:
    """The request ID of a response, made readable; real ones are half as long as the limit."""
    return readable(header, 200) if header else None


def _explain_transport_error(error: BaseException, host: str, was_sent: bool) -> str:
    urllib3 = load("oci.base_client").urllib3.exceptions
    chain = list(causes(error))
    for cause in chain:
        if isinstance(cause, InvalidResponseError):
            return f"{host}: {cause}"
        if isinstance(cause, InputError):  # a part of the SDK that is loaded on demand is missing
            return str(cause)
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = getattr(cause, "verify_message", "") or "verification failed"
            return (
                f"the TLS certificate of {host} is not trusted ({reason}); set 'cert_bundle' to a CA bundle that "
                "contains its issuer"
            )
        if isinstance(cause, urllib3.ReadTimeoutError):
            return f"{host} did not respond in time"
        if isinstance(cause, urllib3.ConnectTimeoutError) and not isinstance(cause, urllib3.NewConnectionError):
            return f"connecting to {host} timed out"
        # urllib3 also raises ProxyError when a connection through a proxy breaks later.
        if isinstance(cause, urllib3.ProxyError) and not was_sent:
            return f"the proxy did not connect to {host}: {innermost_text(error)}"
        if isinstance(cause, socket.gaierror):
            return f"the host name {host}, or its proxy's, can't be resolved: {cause.strerror or cause}"
    where = f"could not connect to {host}" if not was_sent and isinstance(chain[-1], OSError) else host
    return f"{where}: {innermost_text(error)}"


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it, outermost first.

    The SDK converts the arguments of its exceptions to text, so the originals are found through their contexts.
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


def innermost_text(error: BaseException) -> str:
    """Type and message of the innermost cause, on one line and without credentials of a proxy."""
    cause = list(causes(error))[-1]
    text = f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
    return readable(re.sub(r"//[^/@\s]+@", "//***@", text), 300)
