# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts and proxies that can't be connected to: told within half a minute, with the way round."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from unit.support.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import connecting
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.connecting import Connector
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.failures import (
    ConnectError,
    PermanentTransportError,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.retries import ReadRetry, RetryingReads
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.throttle import AdaptiveRateLimiter
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.transport import (
    HttpRequest,
    HttpResponse,
    Transport,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import TransportError

TIMEOUT = 8.0
PROXY = {"HTTPS_PROXY": "http://me:SECRET-pw@proxy.example:3128"}
VAULT, IAAS = "kms.us-ashburn-1.oraclecloud.com", "iaas.us-ashburn-1.oraclecloud.com"
REFUSED, DROPPED = ConnectionRefusedError(111, "Connection refused"), TimeoutError("timed out")
UNKNOWN = socket.gaierror(-2, "Name or service not known")


class Network:
    """What becomes of each connection that is tried, on a clock on which only waiting takes time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
        self.clock = FakeClock()
        self.faults: dict[str, Exception] = {}
        self.refusals: dict[str, int] = {}
        self.tried: list[str] = []
        monkeypatch.setattr(connecting.socket, "create_connection", self._connect)
        connector = Connector(None, TIMEOUT, self.clock, environment)  # type: ignore[arg-type]
        monkeypatch.setattr(connector, "_open_tunnel", self._tunnel)
        connector._trust = self  # type: ignore[assignment]
        self.transport = Transport(connector, read_timeout=60, concurrency=4, clock=self.clock)
        monkeypatch.setattr(self.transport, "_read", lambda *_args: (HttpResponse(200, {}, b"{}"), False))

    def _connect(self, target: tuple[str, int], timeout: float) -> Any:
        self.tried.append(target[0])
        fault = self.faults.get(target[0])
        if fault is not None:
            if isinstance(fault, TimeoutError):
                self.clock.sleep(timeout)
            raise fault
        return self

    def _tunnel(self, _sock: Any, host: str, proxy: Any) -> None:
        if host in self.refusals:
            raise ConnectError(through_proxy=True, status=self.refusals[host], reason="No", proxy=str(proxy))

    def wrap_socket(self, sock: Any, server_hostname: str) -> Any:
        return sock

    def send(self, data: bytes) -> int:
        return len(data)

    def setsockopt(self, *_args: object) -> None: ...
    def settimeout(self, *_args: object) -> None: ...
    def close(self) -> None: ...

    def read(self, host: str) -> TransportError | None:
        """The error of a read with all its retries."""
        limiter = AdaptiveRateLimiter(self.clock)
        reads = RetryingReads(ReadRetry(), self.clock, limiter, lambda: float("inf"))
        message = HttpRequest("GetVault", "GET", host, "/", {}, None)
        try:
            reads.call(lambda: self.transport.send(message))
        except TransportError as error:
            found = error
        else:
            return None
        assert "SECRET" not in str(found)
        return found


@pytest.fixture
def direct(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch, {})


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch, PROXY)


@pytest.mark.parametrize("fault", [REFUSED, DROPPED, UNKNOWN])
def test_a_dead_proxy_is_told_soon_by_name(fault: Exception, proxied: Network) -> None:
    proxied.faults["proxy.example"] = fault
    began = proxied.clock.monotonic()
    for host in (IAAS, VAULT, "query.us-ashburn-1.oci.oraclecloud.com"):
        error = proxied.read(host)
        assert isinstance(error, PermanentTransportError)
        assert "The proxy is proxy.example:3128 (environment variable HTTPS_PROXY)" in str(error)
        assert "NO_PROXY" in str(error)
        assert not error.was_sent
    assert proxied.clock.monotonic() - began < 30


@pytest.mark.parametrize("status", [400, 403, 404, 405, 407])
def test_a_proxy_that_refuses_is_not_asked_again(status: int, proxied: Network) -> None:
    proxied.refusals[VAULT] = status
    error = proxied.read(VAULT)
    assert isinstance(error, PermanentTransportError)
    assert f"the proxy did not connect to {VAULT}: OSError: Tunnel connection failed: {status} No" in str(error)
    assert f"allow {VAULT} there" in str(error)
    assert len(proxied.tried) == 1
    assert proxied.read(IAAS) is None


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_proxy_that_is_busy_is_asked_again_but_not_for_minutes(status: int, proxied: Network) -> None:
    proxied.refusals[VAULT] = status
    began = proxied.clock.monotonic()
    assert proxied.read(VAULT) is not None
    assert len(proxied.tried) > 2
    assert proxied.clock.monotonic() - began < 30
    assert proxied.read(IAAS) is None


@pytest.mark.parametrize("fault", [REFUSED, DROPPED, UNKNOWN])
def test_a_blocked_host_is_told_soon(fault: Exception, direct: Network) -> None:
    direct.faults[VAULT] = fault
    began = direct.clock.monotonic()
    assert isinstance(direct.read(VAULT), PermanentTransportError)
    spent = direct.clock.monotonic() - began
    assert spent < 20
    assert isinstance(direct.read(VAULT), PermanentTransportError)
    assert direct.clock.monotonic() - began == spent  # not tried again at once
    assert direct.read(IAAS) is None


def test_three_hosts_that_drop_everything_are_told_within_half_a_minute(direct: Network) -> None:
    """A vault's service and the two forms of its own host."""
    hosts = [
        VAULT,
        "a-management.kms.us-ashburn-1.oraclecloud.com",
        "a-management.kms.us-ashburn-1.oci.oraclecloud.com",
    ]
    direct.faults = dict.fromkeys(hosts, DROPPED)
    began = direct.clock.monotonic()
    for host in hosts * 3:
        assert direct.read(host) is not None
    assert direct.clock.monotonic() - began < 30


def test_three_refusals_in_a_row_pass(direct: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    faults: Iterator[Exception | None] = iter([REFUSED, REFUSED, REFUSED, None])

    def connect(_target: object, _timeout: float) -> Any:
        fault = next(faults)
        if fault is not None:
            raise fault
        return direct

    monkeypatch.setattr(connecting.socket, "create_connection", connect)
    assert direct.read(IAAS) is None


def test_a_host_that_was_reached_before_is_tried_as_long_as_ever(direct: Network) -> None:
    assert direct.read(IAAS) is None
    direct.faults[IAAS] = REFUSED
    error = direct.read(IAAS)
    assert error is not None
    assert not isinstance(error, PermanentTransportError)
    assert len(direct.tried) == 1 + ReadRetry().attempts


def test_what_was_given_up_is_tried_again_after_a_minute(direct: Network) -> None:
    direct.faults[IAAS] = DROPPED
    assert direct.read(IAAS) is not None
    direct.faults.clear()
    assert direct.read(IAAS) is not None
    direct.clock.sleep(60)
    assert direct.read(IAAS) is None
