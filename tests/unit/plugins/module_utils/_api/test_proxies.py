# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies of the environment, beside those of the SDK; and that their passwords are not shown."""

from __future__ import annotations

import os

import pytest
from oci._vendor.requests import utils

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.proxies import (
    Proxy,
    parse_proxy,
    proxy_for,
    proxy_secrets,
    remove_credentials,
)

HOST = "iaas.us-ashburn-1.oraclecloud.com"


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"HTTPS_PROXY": "http://p:1"},
        {"https_proxy": "http://p:1", "HTTPS_PROXY": "http://q:1"},
        {"https_proxy": "", "HTTPS_PROXY": "http://q:1"},
        {"ALL_PROXY": "http://p:1"},
        {"all_proxy": "http://p:1", "https_proxy": "http://q:2"},
        {"HTTP_PROXY": "http://p:1"},
        *(
            {"HTTPS_PROXY": "http://p:1", "NO_PROXY": no_proxy}
            for no_proxy in (
                "",
                "*",
                HOST,
                "oraclecloud.com",
                ".oraclecloud.com",
                "cloud.com",
                "example.com, .oraclecloud.com",
                f"{HOST}:443",
                "169.254.169.254",
                "us-ashburn-1",
                "iaas",
                " ",
                ",",
            )
        ),
        {"HTTPS_PROXY": "http://p:1", "no_proxy": "example.com", "NO_PROXY": HOST},
    ],
)
def test_proxies_are_those_of_requests(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    url = f"https://{HOST}/"
    expected = utils.select_proxy(url, utils.get_environ_proxies(url, no_proxy=None))
    ours = proxy_for(HOST, environment)
    assert (ours and f"{ours.scheme}://{ours.host}:{ours.port}") == expected


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("http://proxy:3128", Proxy("http", "proxy", 3128)),
        ("proxy:3128", Proxy("http", "proxy", 3128)),
        ("http://proxy", Proxy("http", "proxy", 80)),
        ("https://proxy/", Proxy("https", "proxy", 443)),
        ("SOCKS5h://proxy", Proxy("socks5h", "proxy", 1080)),
        ("http://[fd00::1]:8080", Proxy("http", "fd00::1", 8080)),
        ("http://me:SECRET@proxy:3128", Proxy("http", "proxy", 3128, "me", "SECRET")),
        ("me:SECRET@proxy:3128", Proxy("http", "proxy", 3128, "me", "SECRET")),
        ("http://me:a%2Fb%40c@proxy:3128", Proxy("http", "proxy", 3128, "me", "a/b@c")),
        ("http://me:a/b#c?d\\e@f@proxy:3128/x", Proxy("http", "proxy", 3128, "me", "a/b#c?d\\e@f")),
        ("http://me@proxy:3128", Proxy("http", "proxy", 3128, "me", "")),
    ],
)
def test_urls_of_proxies(url: str, proxy: Proxy) -> None:
    assert parse_proxy(url) == proxy
    assert "SECRET" not in repr(proxy)


@pytest.mark.parametrize(
    "url", ["http://", "http://me:SECRET@", "http://me:SECRET@proxy:port", "http://a b:1", "x:99999"]
)
def test_a_url_that_makes_no_sense_is_not_shown(url: str) -> None:
    with pytest.raises(ValueError, match="it has no valid host and port") as caught:
        parse_proxy(url)
    assert "SECRET" not in str(caught.value)


def test_what_a_proxy_is_told_of_its_user() -> None:
    assert parse_proxy("http://me:p%20w@proxy").authorization == "Basic bWU6cCB3"
    assert parse_proxy("http://proxy").authorization is None


@pytest.mark.parametrize("password", ["SECRET", "SEC/RET", "SEC#RET", "SEC?RET", "SEC\\RET", "SEC@RET", "SEC:RET"])
def test_credentials_of_urls_are_removed_from_messages(password: str) -> None:
    text = remove_credentials(f"Cannot connect to http://me:{password}@proxy:3128/, retrying")
    assert text == "Cannot connect to http://***@proxy:3128/, retrying"
    assert password in proxy_secrets({"HTTPS_PROXY": f"http://me:{password}@proxy:3128"})
    assert password in proxy_secrets({"all_proxy": f"me:{password}@proxy:3128"})


def test_a_password_is_a_secret_as_written_and_as_meant() -> None:
    found = proxy_secrets({"https_proxy": "http://me:a%2Fbc@p"})
    assert set(found) == {"me:a%2Fbc", "a%2Fbc", "a/bc"}
    assert proxy_secrets({"https_proxy": "http://p:1", "HTTP_PROXY": ""}) == ()


@pytest.mark.parametrize("name", ["https_proxy", "HTTP_PROXY", "ftp_proxy"])
def test_a_password_that_words_have_in_them_is_hidden_with_its_user_only(name: str) -> None:
    assert proxy_secrets({name: "http://me:ab@p"}) == ("me:ab",)
    assert proxy_secrets({name: "http://a:b@p"}) == ()
