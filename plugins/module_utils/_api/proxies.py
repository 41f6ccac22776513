# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which proxy leads to a host, by the environment variables that the requests library reads. No SDK."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_CREDENTIALS_IN_TEXT = re.compile(r"//\S*@")
_PORTS = {"http": 80, "https": 443}

SHORTEST_SECRET = 4
"""What is shorter would be hidden in every word that has it in it."""

METADATA_HOSTS = ("169.254.169.254", "fd00:c1::a9fe:a9fe")
"""The metadata service of an instance. No proxy can reach the one of this machine."""


@dataclass(frozen=True)
class Proxy:
    """A proxy. ``scheme`` is in lower case, ``user`` and ``password`` are as the proxy expects them, ``variable``
    is the one of the environment that names it.
    """

    scheme: str
    host: str
    port: int
    user: str | None = None
    password: str = field(default="", repr=False)
    variable: str = field(default="", compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether it is reached by plain HTTP, as nearly all are; the others need urllib3."""
        return self.scheme == "http"

    def __str__(self) -> str:
        """The proxy without its credentials: "proxy.example:3128 (environment variable HTTPS_PROXY)"."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" + (f" (environment variable {self.variable})" if self.variable else "")

    @property
    def authorization(self) -> str | None:
        """The value of the header Proxy-Authorization."""
        if self.user is None:
            return None
        credentials = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(credentials).decode()}"


def proxy_for(host: str, environment: Mapping[str, str]) -> Proxy | None:
    """The proxy for HTTPS requests to a host; None if it is reached directly.

    Raises ValueError, without the URL, which may contain a password, if the URL of the proxy is invalid.
    """
    if host.lower() in METADATA_HOSTS:
        return None
    variable = next((name for name in ("https_proxy", "all_proxy") if _variable(environment, name)), "")
    url = _variable(environment, variable) if variable else None
    if not url and sys.platform in ("darwin", "win32"):
        url = _system_proxy(host)
    if not url or _is_exempt(host, _variable(environment, "no_proxy") or ""):
        return None
    return parse_proxy(url, variable if variable in environment or not variable else variable.upper())


def proxies_in_words(environment: Mapping[str, str]) -> str:
    """The proxies of the environment without their credentials: "the proxy proxy:3128 (environment variable ...)"."""
    found: dict[str, None] = {}
    for name in ("https_proxy", "http_proxy", "all_proxy"):
        url = _variable(environment, name)
        if url:
            try:
                proxy = str(parse_proxy(url, name if name in environment else name.upper()))
            except ValueError:
                proxy = f"of the environment variable {name.upper()}, whose URL is invalid"
            found[f"the proxy {proxy}"] = None
    return " or ".join(found)


def parse_proxy(url: str, variable: str = "") -> Proxy:
    """A proxy by its URL; without a scheme, it is an HTTP proxy. Raises ValueError, without the URL.

    Everything up to the last @ is user and password, which may contain any character, encoded or not.
    """
    url = url.strip()
    named = _SCHEME.match(url)
    scheme = named.group(1).lower() if named else "http"
    credentials, at, address = url[named.end() if named else 0 :].rpartition("@")
    address = re.split(r"[/?#\\]", address, maxsplit=1)[0]
    host, port = _host_and_port(address)
    user, _colon, password = credentials.partition(":")
    return Proxy(
        scheme=scheme,
        host=host,
        port=port or _PORTS.get(scheme, 1080),
        user=unquote(user) if at else None,
        password=unquote(password),
        variable=variable,
    )


def remove_credentials(text: str) -> str:
    """``text`` with user and password of every URL in it replaced by asterisks, whatever characters they have."""
    return _CREDENTIALS_IN_TEXT.sub("//***@", text)


def proxy_secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The credentials in the URLs of proxies: as they are written, and the password as it is sent, too.

    They may have ``/ # ? \\ @`` in them, so no parser of URLs finds all of them.
    """
    found: dict[str, None] = {}
    for name, value in environment.items():
        if not name.lower().endswith("_proxy") or name.lower() == "no_proxy" or "@" not in value:
            continue
        credentials = (value.partition("://")[2] or value).rpartition("@")[0]
        password = credentials.partition(":")[2]
        found.update(dict.fromkeys((credentials, password, unquote(password))))
    return tuple(secret for secret in found if len(secret) >= SHORTEST_SECRET)


def _host_and_port(address: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^:\[\]\s]+)(?::(\d{0,5}))?", address)
    if match is None or int(match.group(2) or 0) > 65535:
        raise ValueError("it has no valid host and port")
    return match.group(1).strip("[]"), int(match.group(2)) if match.group(2) else None


def _variable(environment: Mapping[str, str], name: str) -> str | None:
    """The variable in lower case, else in upper case; one that is set but empty counts as not set."""
    value = environment.get(name)
    return (environment.get(name.upper()) or "").strip() if value is None else value.strip()


def _is_exempt(host: str, no_proxy: str) -> bool:
    """Whether no_proxy names the host: by the end of its name, as in requests, or by * for all hosts."""
    entries = list(_entries(no_proxy))
    return entries == ["*"] or any(
        host.endswith(entry) or f".{host}".endswith(f".{entry.lstrip('.')}") for entry in entries
    )


def _entries(no_proxy: str) -> Iterator[str]:
    return (entry for entry in (part.strip().lower() for part in no_proxy.split(",")) if entry)


def _system_proxy(host: str) -> str | None:
    import urllib.request  # 30 ms, so only where it matters

    proxies = urllib.request.getproxies()
    return None if urllib.request.proxy_bypass(host) else proxies.get("https") or proxies.get("all")
