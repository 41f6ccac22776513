# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CONNECT proxy that is its own destination: it ends the TLS inside the tunnel (oci_semantics.md section 6).

Nothing is relayed through a second socket: after the handshake the connection is handed to aiohttp's request handler.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import trustme
from aiohttp import web

_LARGEST_HEAD = 16384
_HANDSHAKE_SECONDS = 20.0

#: The region of a host name and port, None if the host doesn't exist.
Resolve = Callable[[str, int], "str | None"]
Refuses = Callable[[str], bool]
#: What handles the requests that arrive at a host.
ServerOf = Callable[[str], web.Server]


class Certificates:
    """A certificate for each host name, made when it is first asked for."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}

    @property
    def ca_pem(self) -> bytes:
        return self.authority.cert_pem.bytes()

    def by_name(self) -> ssl.SSLContext:
        """A context for clients that come without the proxy, and say in the handshake which host they want."""

        def choose(connection: ssl.SSLObject | ssl.SSLSocket, host: str | None, _context: ssl.SSLContext) -> None:
            connection.context = self.context(host or "localhost")

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = choose
        return context

    def context(self, host: str) -> ssl.SSLContext:
        context = self._contexts.get(host)
        if context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return context


class _Gate(asyncio.Protocol):
    """Keeps what arrives between the handshake's end and the moment when the request handler takes over."""

    def __init__(self) -> None:
        self.early = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.early += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class Tunnel(asyncio.Protocol):
    """One client connection to the proxy, until its tunnel stands."""

    def __init__(self, server_of: ServerOf, certificates: Certificates, resolve: Resolve, refuses: Refuses) -> None:
        self._server_of = server_of
        self._certificates = certificates
        self._resolve = resolve
        self._refuses = refuses
        self._head = b""
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            if len(self._head) > _LARGEST_HEAD:
                self._close(b"HTTP/1.1 431 Request Header Fields Too Large\r\n\r\n")
            return
        words = self._head.split(b"\r\n", 1)[0].split()
        if len(words) != 3 or words[0] != b"CONNECT" or len(self._head) > end + 4:
            self._close(b"HTTP/1.1 405 Method Not Allowed\r\nAllow: CONNECT\r\nContent-Length: 0\r\n\r\n")
            return
        self._connect(words[1].decode("ascii", "replace").lower())

    def _connect(self, authority: str) -> None:
        host, _colon, port = authority.rpartition(":")
        region = self._resolve(host, int(port) if port.isdecimal() else 0)
        if region is None:
            # What a proxy says whose name server doesn't know the host.
            self._close(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        elif self._refuses(region):
            self._close(b"")
        else:
            self._task = asyncio.get_running_loop().create_task(self._establish(host))

    def _close(self, answer: bytes) -> None:
        assert self._transport is not None
        if answer:
            self._transport.write(answer)
        self._transport.close()

    async def _establish(self, host: str) -> None:
        transport = self._transport
        assert transport is not None
        transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        gate = _Gate()
        try:
            secure = await asyncio.get_running_loop().start_tls(
                transport,
                gate,
                self._certificates.context(host),
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )
        except (TimeoutError, OSError):
            # The client doesn't trust the certificate, or has gone: its own business.
            transport.abort()
            return
        if secure is None or gate.lost:
            return
        handler = self._server_of(host)()
        secure.set_protocol(handler)
        handler.connection_made(secure)
        if gate.early:
            handler.data_received(gate.early)
