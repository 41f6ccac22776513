# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metadata service behind proxies, and what is said when a proxy stands between."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import oci
import pytest
from unit.support.credentials import fault

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import metadata_service
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.proxies import (
    METADATA_HOSTS,
    proxies_in_words,
    proxy_for,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.sdk import load_requests

pytestmark = pytest.mark.usefixtures("home")
PASSWORD = "SECRET-pw"
PROXY = f"http://me:{PASSWORD}@proxy.example:3128"


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The requests library of the SDK, as it was before."""
    utils = load_requests().utils
    original = utils.should_bypass_proxies
    while hasattr(original, "_exempts_metadata_service"):
        original = original.__closure__[0].cell_contents
    monkeypatch.setattr(utils, "should_bypass_proxies", original)
    return load_requests()


@pytest.mark.parametrize("url", [*metadata_service.METADATA_URLS, "http://169.254.169.254/opc/v2/identity/cert.pem"])
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("no_proxy", ["", "example.com"])
def test_the_sdk_asks_the_metadata_service_directly(
    url: str, variable: str, no_proxy: str, requests: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, PROXY)
    if no_proxy:
        monkeypatch.setenv("NO_PROXY", no_proxy)
    session = requests.Session()
    assert session.merge_environment_settings(url, {}, None, None, None)["proxies"]
    metadata_service.exempt_metadata_service()
    metadata_service.exempt_metadata_service()
    assert not session.merge_environment_settings(url, {}, None, None, None)["proxies"]
    assert not requests.utils.resolve_proxies(requests.Request("GET", url).prepare(), {}, True)
    other = session.merge_environment_settings("http://auth.example/", {}, None, None, None)["proxies"]
    assert PROXY in other.values()


@pytest.mark.parametrize("host", [*METADATA_HOSTS, "FD00:C1::A9FE:A9FE"])
def test_neither_do_we_use_a_proxy_for_it(host: str) -> None:
    assert proxy_for(host, {"HTTPS_PROXY": PROXY}) is None
    assert proxy_for("iaas.us-ashburn-1.oraclecloud.com", {"HTTPS_PROXY": PROXY}) is not None


def test_an_instance_principal_elsewhere_is_found_out_behind_a_proxy_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the exemption, nobody would know before the proxy has refused."""

    def refuse(address: tuple[str, int], _timeout: float) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setenv("HTTP_PROXY", PROXY)
    monkeypatch.setattr(socket, "create_connection", refuse)
    text = fault({"auth_type": "instance_principal"})
    assert "the metadata service http://169.254.169.254/opc/v2 does not respond (Network is unreachable)" in text


def test_a_proxy_that_refuses_the_request_for_a_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_arguments: object) -> None:
        raise load_requests().exceptions.ProxyError(f"Cannot connect to proxy {PROXY}: 403 Forbidden")

    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setattr(socket, "create_connection", lambda *_args: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(oci.auth.signers, "InstancePrincipalsSecurityTokenSigner", fail)
    text = fault({"auth_type": "instance_principal"})
    assert "Requests for tokens go through the proxy proxy.example:3128 (environment variable HTTPS_PROXY)" in text
    assert "NO_PROXY" in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": " "}, ""),
        ({"https_proxy": PROXY}, "the proxy proxy.example:3128 (environment variable https_proxy)"),
        ({"ALL_PROXY": "socks5://[::1]"}, "the proxy [::1]:1080 (environment variable ALL_PROXY)"),
        ({"HTTP_PROXY": "http://[oops"}, "the proxy of the environment variable HTTP_PROXY, whose URL is invalid"),
    ],
)
def test_proxies_in_words(environment: dict[str, str], words: str) -> None:
    assert proxies_in_words(environment) == words


def test_the_environment_stays_as_it_is(requests: Any, home: Path) -> None:
    before = dict(os.environ)
    metadata_service.exempt_metadata_service()
    assert dict(os.environ) == before
