# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies that urllib3 connects to: those with an https URL, and SOCKS if the package PySocks is there."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from integration.support.fleets import volumes
from integration.support.harness import furnish

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.client import Connection, ReadRetry, connect
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.settings import resolve_connection
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import TransportError
from simulator.client import Simulator

IAD = "us-ashburn-1"


def pump(source: Any, sink: Any) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def both_ways(one: Any, other: Any) -> None:
    thread = threading.Thread(target=pump, args=(one, other), daemon=True)
    thread.start()
    pump(other, one)
    thread.join()


class Front(socketserver.BaseRequestHandler):
    """Stands before the simulator's proxy, and speaks TLS or SOCKS 5 where that speaks plain HTTP."""

    def handle(self) -> None:
        server: Any = self.server
        with contextlib.suppress(OSError), socket.create_connection(server.behind) as behind:
            if server.tls is None:
                self.socks(behind)
            else:
                with server.tls.wrap_socket(self.request, server_side=True) as secure:
                    both_ways(secure, behind)

    def socks(self, behind: socket.socket) -> None:
        request, server = self.request, self.server
        version_and_methods = request.recv(262)
        assert version_and_methods[0] == 5
        server.methods.append(version_and_methods[2:])  # type: ignore[attr-defined]
        request.sendall(b"\x05\x00")
        head = request.recv(5)
        rest = request.recv(head[4] + 2)
        host, port = rest[: head[4]].decode(), int.from_bytes(rest[-2:], "big")
        behind.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        assert b" 200 " in behind.recv(65536)
        request.sendall(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
        both_ways(request, behind)


class FrontServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    tls: ssl.SSLContext | None = None
    behind: tuple[str, int]
    methods: list[bytes]


@pytest.fixture
def front(sim: Simulator) -> Iterator[FrontServer]:
    with FrontServer(("127.0.0.1", 0), Front) as server:
        proxy = urlsplit(sim.proxy_url)
        server.behind = (str(proxy.hostname), int(proxy.port or 0))
        server.methods = []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


def open_through(sim: Simulator, proxy: str, monkeypatch: pytest.MonkeyPatch, **changes: str) -> Connection:
    for name in list(os.environ):
        if name.startswith("OCI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in {**sim.environment("api_key"), "https_proxy": proxy, "HTTPS_PROXY": proxy, **changes}.items():
        monkeypatch.setenv(name, value)
    return connect(resolve_connection({}, os.environ), retry=ReadRetry(attempts=1), timeout=(30.0, 30.0))


def test_a_proxy_with_tls(sim: Simulator, front: FrontServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1)])
    authority = trustme.CA()
    front.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(front.tls)
    bundle = tmp_path / "both.pem"
    bundle.write_bytes(Path(sim.ca_file).read_bytes() + authority.cert_pem.bytes())
    url = f"https://localhost:{front.server_address[1]}"

    service = open_through(sim, url, monkeypatch, REQUESTS_CA_BUNDLE=str(bundle)).block_volume(IAD)
    for _time in range(3):
        assert service.read_once("get_volume", sim.id("volume-1")).data.id == sim.id("volume-1")
    written = service.write("update_volume_kms_key", sim.id("volume-1"), {"kmsKeyId": sim.id("key-a")})
    assert written.data.kms_key_id == sim.id("key-a")

    untrusted = open_through(sim, url, monkeypatch).block_volume(IAD)
    with pytest.raises(TransportError, match="is not trusted") as caught:
        untrusted.read_once("get_volume", sim.id("volume-1"))
    assert not caught.value.was_sent


@pytest.mark.skipif(importlib.util.find_spec("socks") is None, reason="PySocks is not installed")
def test_a_socks_proxy(sim: Simulator, front: FrontServer, monkeypatch: pytest.MonkeyPatch) -> None:
    furnish(sim, volumes=[volumes(1)])
    url = f"socks5h://127.0.0.1:{front.server_address[1]}"
    service = open_through(sim, url, monkeypatch).block_volume(IAD)
    for _time in range(3):
        assert service.read_once("get_volume", sim.id("volume-1")).data.id == sim.id("volume-1")
    assert len(front.methods) == 1


@pytest.mark.skipif(importlib.util.find_spec("socks") is not None, reason="PySocks is installed")
def test_a_socks_proxy_without_what_it_needs(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    service = open_through(sim, "socks5h://me:SECRET@127.0.0.1:1", monkeypatch).block_volume(IAD)
    with pytest.raises(TransportError, match="the proxy did not connect to iaas") as caught:
        service.read_once("get_volume", sim.id("root"))
    assert not caught.value.was_sent
    assert "PySocks" in str(caught.value) or "socks" in str(caught.value)
    assert "SECRET" not in str(caught.value)


def test_an_unknown_kind_of_proxy(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    service = open_through(sim, "gopher://127.0.0.1:1", monkeypatch).block_volume(IAD)
    with pytest.raises(TransportError, match="the proxy did not connect to iaas") as caught:
        service.read_once("get_volume", sim.id("root"))
    assert not caught.value.was_sent
