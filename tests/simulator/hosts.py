# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host name tells: service, region and vault (oci_semantics.md sections 6 and 7)."""

from __future__ import annotations

from dataclasses import dataclass

from .kinds.vaults import Vault
from .state import CloudState, Site

#: Service to its host name, as the SDK's templates have them.
_TEMPLATES = {
    "iaas": "iaas.{region}.{domain}",
    "containerengine": "containerengine.{region}.oci.{domain}",
    "identity": "identity.{region}.oci.{domain}",
    "kms": "kms.{region}.{domain}",
    "query": "query.{region}.oci.{domain}",
    "auth": "auth.{region}.{domain}",
}

#: Any name will do for a cluster's own API, the port is fixed in the SDK (OKE workload identity).
PROXYMUX = "kubernetes.simulator.internal"
PROXYMUX_PORT = 12250


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes."""

    service: str
    region: str
    vault: str = ""


def directory(cloud: CloudState) -> dict[str, Target]:
    """Every host that exists. What is not in here doesn't resolve, be it a vault's host in the wrong form."""
    hosts: dict[str, Target] = {}
    for site in cloud.sites.values():
        for service, template in _TEMPLATES.items():
            hosts[_host(template, site)] = Target(service, site.region.name)
    for vault in cloud.all(Vault):
        for name in vault.regions:
            hosts[vault.host(cloud.sites[name].region, "management")] = Target("management", name, vault.id)
    home = next(site for site in cloud.sites.values() if site.home)
    hosts[f"{PROXYMUX}:{PROXYMUX_PORT}"] = Target("proxymux", home.region.name)
    return hosts


def _host(template: str, site: Site) -> str:
    return template.format(region=site.region.name, domain=site.region.domain)
