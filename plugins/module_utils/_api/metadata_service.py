# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metadata service of an instance: whether it is there, and that it is never asked through a proxy.

Its addresses are link-local: a proxy refuses them, or answers with the credentials of the machine that it runs on.
"""

from __future__ import annotations

import os
import socket
from typing import Any
from urllib.parse import urlsplit

from .._common.errors import InputError
from .proxies import METADATA_HOSTS
from .sdk import load_requests

METADATA_TIMEOUT = 3.0
"""Seconds that the metadata service of an instance may take to accept a connection."""

METADATA_URLS = tuple(f"http://{f'[{host}]' if ':' in host else host}/opc/v2" for host in METADATA_HOSTS)
"""Where the metadata service of an instance is. Older SDKs only ask the first."""


def chosen_url() -> str:
    """The address that the user chose for the metadata service; empty without one."""
    return os.environ.get("OCI_METADATA_BASE_URL", "").strip()


def probe_metadata_service() -> None:
    """Raise InputError at once if this is not an instance: the SDK would need minutes to find out."""
    urls = (chosen_url(),) if chosen_url() else METADATA_URLS
    utils = load_requests().utils
    fault = ""
    for url in urls:
        if utils.select_proxy(url, utils.get_environ_proxies(url, no_proxy=None)):
            return  # a direct connection would prove nothing
        address = urlsplit(url)
        try:
            port = address.port or (443 if address.scheme == "https" else 80)
            socket.create_connection((address.hostname or "", port), METADATA_TIMEOUT).close()
            return
        except (OSError, ValueError) as error:
            fault = fault or getattr(error, "strerror", None) or str(error) or type(error).__name__
    raise InputError(
        f"No instance principal is available: the metadata service {urls[0]} does not respond ({fault}). It exists on"
        " compute instances of OCI only; elsewhere, choose another auth_type"
    )


def exempt_metadata_service() -> None:
    """Tell the requests library of the SDK to ask the metadata service directly, whatever the environment says.

    For the rest of the process, since signers renew their tokens by themselves.
    """
    utils = load_requests().utils
    ask = utils.should_bypass_proxies
    if getattr(ask, "_exempts_metadata_service", False):
        return

    def should_bypass_proxies(url: Any, no_proxy: Any) -> Any:
        return _is_metadata_service(url) or ask(url, no_proxy)

    should_bypass_proxies._exempts_metadata_service = True  # type: ignore[attr-defined]
    utils.should_bypass_proxies = should_bypass_proxies


def _is_metadata_service(url: Any) -> bool:
    try:
        return (urlsplit(str(url)).hostname or "").lower() in METADATA_HOSTS
    except ValueError:
        return False
