# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes TLS connections to hosts, directly or through a proxy, and loads what they trust. No SDK.

Plain HTTP proxies are spoken to here. For all others, such as SOCKS proxies, urllib3 makes the connection.
"""

from __future__ import annotations

import http.client
import importlib
import importlib.util
import os
import socket
import ssl
from collections.abc import Mapping
from typing import Any, NamedTuple

from .._common.clock import Clock
from .._common.errors import InputError
from .._common.text import given_path
from .failures import ConnectError, TransferError
from .proxies import Proxy, proxy_for
from .reading import begun_answer

_PORT = 443
# Without it, a small request waits for the acknowledgement of the one before: 40 ms.
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class Route(NamedTuple):
    """A host and the proxy that leads to it."""

    host: str
    proxy: Proxy | None


class Connector:
    """Makes connections that verify the host's certificate. ``timeout`` is the seconds that each step may take."""

    def __init__(self, trust: ssl.SSLContext, timeout: float, clock: Clock, environment: Mapping[str, str]) -> None:
        self._trust = trust
        self._timeout = timeout
        self._clock = clock
        self._environment = environment

    def route(self, host: str) -> Route:
        """How a host is reached. Raises TransferError, without its URL, if the proxy in the environment is invalid."""
        try:
            return Route(host, proxy_for(host, self._environment))
        except ValueError as error:
            text = f"the URL of the proxy in the environment (HTTPS_PROXY) is invalid: {error}"
            raise TransferError(text, is_about_host=False) from None

    def connect(self, route: Route) -> Any:
        """A socket with TLS to the host. Raises ConnectError, or an OSError of the TLS handshake."""
        host, proxy = route
        if proxy is not None and not proxy.is_plain:
            return self._connect_by_urllib3(host, proxy)
        target = (host, _PORT) if proxy is None else (proxy.host, proxy.port)
        try:
            sock = socket.create_connection(target, self._timeout)
        except OSError as error:
            raise ConnectError(through_proxy=proxy is not None, proxy=str(proxy or "")) from error
        try:
            sock.setsockopt(*_NO_DELAY)
            if proxy is not None:
                self._open_tunnel(sock, host, proxy)
            sock.settimeout(self._timeout)
            return self._trust.wrap_socket(sock, server_hostname=host)
        except BaseException:
            sock.close()
            raise

    def _open_tunnel(self, sock: socket.socket, host: str, proxy: Proxy) -> None:
        lines = [f"CONNECT {host}:{_PORT} HTTP/1.1", f"Host: {host}:{_PORT}"]
        if proxy.authorization is not None:
            lines.append(f"Proxy-Authorization: {proxy.authorization}")
        try:
            sock.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            end = self._clock.monotonic() + self._timeout
            with begun_answer(sock, "CONNECT", self._timeout, lambda: end - self._clock.monotonic()) as answer:
                status, reason = answer.status, answer.reason
        except (OSError, http.client.HTTPException, TransferError) as error:
            raise ConnectError(through_proxy=False, proxy=str(proxy)) from error
        if status != 200:
            raise ConnectError(through_proxy=True, status=status, reason=reason, proxy=str(proxy))

    def _connect_by_urllib3(self, host: str, proxy: Proxy) -> Any:
        urllib3 = _urllib3()
        try:
            if proxy.scheme.startswith("socks"):
                manager = importlib.import_module(f"{urllib3.__name__}.contrib.socks").SOCKSProxyManager(
                    f"{proxy.scheme}://{_bracketed(proxy.host)}:{proxy.port}",
                    username=proxy.user,
                    password=proxy.password if proxy.user is not None else None,
                    ssl_context=self._trust,
                    socket_options=[_NO_DELAY],
                )
            else:
                headers = {} if proxy.authorization is None else {"proxy-authorization": proxy.authorization}
                manager = urllib3.ProxyManager(
                    f"{proxy.scheme}://{_bracketed(proxy.host)}:{proxy.port}",
                    proxy_headers=headers,
                    proxy_ssl_context=self._trust,
                    ssl_context=self._trust,
                    socket_options=[_NO_DELAY],
                )
        except (ImportError, ValueError) as error:
            raise ConnectError(through_proxy=True, proxy=str(proxy)) from error
        pool = manager.connection_from_host(host, _PORT, "https")
        is_socks = proxy.scheme.startswith("socks")
        connection = pool.ConnectionCls(
            host=host if is_socks else proxy.host,
            port=_PORT if is_socks else proxy.port,
            timeout=self._timeout,
            cert_reqs="CERT_REQUIRED",
            **pool.conn_kw,
        )
        try:
            if not is_socks:
                _tunnel_through_tls(connection, host, dict(manager.proxy_headers))
            connection.connect()
        except Exception as error:
            connection.close()
            raise ConnectError(through_proxy=True, proxy=str(proxy)) from error
        return connection.sock


def _tunnel_through_tls(connection: Any, host: str, headers: dict[str, str]) -> None:
    """Tell a connection of urllib3 to speak TLS with its proxy, and through that with the host."""
    try:
        connection.set_tunnel(host, _PORT, headers, scheme="https")
    except TypeError:  # urllib3 1.26
        connection.set_tunnel(host, _PORT, headers)
        connection.tls_in_tls_required = True


def load_trust(cert_bundle: str | None, source: str, environment: Mapping[str, str]) -> ssl.SSLContext:
    """The CA certificates that verify servers.

    Uses the file or folder ``cert_bundle``; if it is not set, the environment variables that the requests library
    reads; and else the bundle of certifi, which comes with the SDK. Raises InputError, naming the ``source``, if it
    does not exist or contains no certificate.
    """
    if cert_bundle:
        return _load(cert_bundle, source)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = environment.get(variable, "").strip()
        if path:
            return _load(path, f"environment variable {variable}")
    return _load(_usual_bundle(), "the SDK")


def _load(path: str, source: str) -> ssl.SSLContext:
    path = os.path.abspath(os.path.expanduser(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.set_alpn_protocols(["http/1.1"])
    try:
        if os.path.isdir(path):
            context.load_verify_locations(capath=path)
        else:
            context.load_verify_locations(cafile=path)
    except FileNotFoundError as error:
        raise InputError(f"{source}: the certificate bundle {given_path(path)!r} does not exist") from error
    except OSError as error:  # ssl.SSLError is one
        raise InputError(
            f"{source}: {given_path(path)!r} is not a readable bundle of PEM certificates ({error})"
        ) from error
    return context


def _usual_bundle() -> str:
    """The file of certifi, found without importing it; without certifi, that of this machine."""
    spec = importlib.util.find_spec("certifi")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = os.path.join(folder, "cacert.pem")
        if os.path.exists(path):
            return path
    if spec is not None:  # as some distributions change it
        return str(importlib.import_module("certifi").where())
    paths = ssl.get_default_verify_paths()
    return paths.cafile or paths.capath or paths.openssl_cafile


def _urllib3() -> Any:
    """The urllib3 that is installed, or the one that older SDKs contain."""
    try:
        return importlib.import_module("urllib3")
    except ImportError:
        return importlib.import_module("oci._vendor.urllib3")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
