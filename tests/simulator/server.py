# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The three listeners in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from multidict import CIMultiDict

from .control import Control
from .home import Home
from .proxy import Certificates, Tunnel
from .service import Outcome, Service
from .wire import Json
from .wrong_answers import ELSEWHERE_DOMAIN

_LOOPBACK = "127.0.0.1"


class Server:
    """Listens until it is told to stop."""

    def __init__(self, fleet: Mapping[str, Any], settings: Mapping[str, Any], folder: Path) -> None:
        self._certificates = Certificates()
        self._home = Home(folder, self._certificates.ca_pem)
        self.service = Service(fleet, settings, self._home.api_key)
        self._home.write(self.service.cloud, self.service.tokens)
        self._listeners: dict[str, web.Server] = {}
        self._ports = {"proxy": 0, "direct": 0, "control": 0}

    async def start(self, proxy_port: int = 0, control_port: int = 0) -> None:
        loop = asyncio.get_running_loop()
        # Every tunnel's handler reads keep-alive requests until the client goes.
        tunnels = web.Server(self._handle, access_log=None)
        control = web.Server(Control(self.service, self._home, self.describe).handle, access_log=None)
        proxy = await loop.create_server(
            lambda: Tunnel(
                lambda host: self._elsewhere(host) if host.endswith(ELSEWHERE_DOMAIN) else tunnels,
                self._certificates,
                self.service.resolve,
                self.service.refuses,
            ),
            _LOOPBACK,
            proxy_port,
            backlog=1024,
        )
        direct = await loop.create_server(tunnels, _LOOPBACK, 0, backlog=1024, ssl=self._certificates.by_name())
        plain = await loop.create_server(control, _LOOPBACK, control_port)
        listeners = {"proxy": proxy, "direct": direct, "control": plain}
        self._ports = {name: listener.sockets[0].getsockname()[1] for name, listener in listeners.items()}

    def describe(self) -> Json:
        """All that a client has to know."""
        proxy_url = f"http://{_LOOPBACK}:{self._ports['proxy']}"
        control_url = f"http://{_LOOPBACK}:{self._ports['control']}"
        metadata_url = f"{control_url}/opc/v2"
        return {
            "proxy_url": proxy_url,
            "direct_port": self._ports["direct"],
            "control_url": control_url,
            "metadata_url": metadata_url,
            "ca_file": str(self._home.ca_file),
            "home": str(self._home.folder),
            "environments": self._home.environments(proxy_url, metadata_url),
        }

    def _elsewhere(self, host: str) -> web.Server:
        """What arrives at that host, whatever the requests' headers say: those of a redirected one name the first."""
        if host not in self._listeners:

            async def handle(request: web.BaseRequest) -> web.StreamResponse:
                return await self._handle(request, host)

            self._listeners[host] = web.Server(handle, access_log=None)
        return self._listeners[host]

    async def _handle(self, request: web.BaseRequest, host: str | None = None) -> web.StreamResponse:
        body = await request.read() if request.body_exists else b""
        headers: Mapping[str, str] = request.headers
        if host is not None:
            headers = CIMultiDict(request.headers)
            headers["host"] = host
        outcome = self.service.answer(request.method, request.raw_path, headers, body)
        delay = outcome.delay + self.service.switches["latency"]
        if delay:
            await asyncio.sleep(delay)
        if outcome.cut:
            return _cut(request)
        response = _response(outcome)
        if outcome.truncated and response.body is not None:
            return await _half(request, response)
        if outcome.pause and response.body is not None:
            return await _by_bytes(request, response, outcome.pause)
        return response


def _response(outcome: Outcome) -> web.Response:
    reply = outcome.reply
    headers = {"opc-request-id": outcome.request_id, "content-type": "application/json", **reply.headers}
    return web.Response(status=reply.status, body=reply.body or None, headers=headers)


def _cut(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _half(request: web.BaseRequest, response: web.Response) -> web.StreamResponse:
    """Promises the whole body, sends half of it and hangs up."""
    body = response.body
    assert isinstance(body, bytes)
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(body)
    await stream.prepare(request)
    await stream.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return stream


async def _by_bytes(request: web.BaseRequest, response: web.Response, pause: float) -> web.StreamResponse:
    """The whole body, a byte at a time, unless the client goes."""
    body = response.body
    assert isinstance(body, bytes)
    stream = web.StreamResponse(status=response.status, headers=response.headers)
    stream.content_length = len(body)
    with contextlib.suppress(ConnectionError):
        await stream.prepare(request)
        for index in range(len(body)):
            await stream.write(body[index : index + 1])
            await asyncio.sleep(pause)
    return stream


async def until_parent_is_gone() -> None:
    """Ends when standard input does: whoever started the simulator holds its other end."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass
