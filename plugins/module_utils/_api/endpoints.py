# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of services, and which hosts may be sent a signed request (oci_semantics.md sections 6 and 7).

Hosts are formed as the SDK's clients form them, from the same templates and environment variables; a test compares
them. A signed request proves who the caller is, and with a token it contains all that is needed to act for the caller,
so none is sent to a host because an answer named it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from .._common.text import readable
from .._model.regions import RegionTable

# As in the SDK's clients. None of these has a template for one realm only, which is what the option
# realm_specific_endpoint_template_enabled and its environment variable would choose.
_TEMPLATES: Mapping[str, str] = {
    "block_volume": "iaas.{region}.{dual_stack}{domain}",
    "compute": "iaas.{region}.{dual_stack}{domain}",
    "compute_management": "iaas.{region}.{dual_stack}{domain}",
    "container_engine": "containerengine.{region}.oci.{domain}",
    "identity": "identity.{region}.oci.{domain}",
    "search": "query.{region}.oci.{domain}",
    "vaults": "kms.{region}.{domain}",
    "auth": "auth.{region}.{domain}",
}
_REALM_TEMPLATES: Mapping[str, Mapping[str, str]] = {}
_DUAL_STACK = "ds.oci."

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_MANAGEMENT = "-management.kms."


def service_host(
    service: str, region: str, regions: RegionTable, *, realm_specific: bool | None, environment: Mapping[str, str]
) -> str:
    """The host of a service in a region, given by its long name.

    ``realm_specific`` is the option of that name; without it, the environment decides, as in the SDK.
    """
    if realm_specific is None:
        realm_specific = _is_true(environment.get("OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED"))
    template = _TEMPLATES[service]
    if realm_specific:
        template = _REALM_TEMPLATES.get(service, {}).get(regions.realms[region], template)
    dual_stack = _DUAL_STACK if _is_true(environment.get("OCI_DUAL_STACK_ENDPOINT_ENABLED")) else ""
    return template.format(region=region, dual_stack=dual_stack, domain=regions.domain(region))


def management_hosts(vault_prefix: str, region: str, regions: RegionTable) -> tuple[str, ...]:
    """The management hosts that a vault may have in a region. Newer regions use the second form."""
    host, domain = f"{vault_prefix}{_MANAGEMENT}{region}", regions.domain(region)
    return f"{host}.{domain}", f"{host}.oci.{domain}"


def management_host(endpoint: str, regions: RegionTable, realms: Collection[str]) -> str:
    """The host of a vault's management endpoint, if it is one of the service in one of these realms (any, if empty).

    Raises ValueError, saying what is wrong with it, for any other endpoint.
    """
    shown = readable(endpoint, 200)
    try:
        parts = urlsplit(endpoint.strip())
        port = parts.port
    except ValueError:
        raise ValueError(f"{shown!r} is not an address") from None
    if parts.scheme != "https":
        raise ValueError(f"{shown!r} does not start with https://")
    if "@" in parts.netloc:
        raise ValueError("it contains a user name or a password")
    if port not in (None, 443) or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(f"{shown!r} has more than a host name")
    host = (parts.hostname or "").lower()
    prefix, _infix, rest = host.partition(_MANAGEMENT)
    region = regions.region(rest.partition(".")[0]) if rest else None
    if region is None or host not in management_hosts(prefix, region, regions) or not _LABEL.fullmatch(prefix):
        raise ValueError(f"{shown!r} is not a host of the Vault service in any known region")
    if realms and regions.realms[region] not in realms:
        raise ValueError(f"{shown!r} belongs to realm {regions.realms[region]}, and the tenancy to {', '.join(realms)}")
    return host


def _is_true(value: str | None) -> bool:
    return value is not None and value.lower() == "true"
