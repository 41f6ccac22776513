# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts and regions, beside those of the installed SDK."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import oci
import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.endpoints import (
    management_host,
    management_hosts,
    service_host,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import RegionTable, released_regions

CLIENTS = {
    "block_volume": oci.core.BlockstorageClient,
    "compute_management": oci.core.ComputeManagementClient,
    "container_engine": oci.container_engine.ContainerEngineClient,
    "identity": oci.identity.IdentityClient,
    "search": oci.resource_search.ResourceSearchClient,
    "vaults": oci.key_management.KmsVaultClient,
}
REGIONS = released_regions()
ONE_OF_EACH_REALM = {realm: region for region, realm in REGIONS.realms.items()}.values()


def host_of_the_sdk(service: str, region: str, realm_specific: bool | None) -> str:
    if region not in oci.regions.REGION_REALMS:
        pytest.skip("this SDK is older than the region")

    class NoSigner(oci.signer.AbstractBaseSigner):  # type: ignore[misc, name-defined, unused-ignore]
        pass

    arguments: dict[str, Any] = {"signer": NoSigner()}
    if realm_specific is not None:
        arguments["client_level_realm_specific_endpoint_template_enabled"] = realm_specific
    config = {
        "tenancy": "ocid1.tenancy.oc1..t",
        "user": "ocid1.user.oc1..u",
        "fingerprint": ":".join(["ab"] * 16),
        "key_file": "unused",
        "region": region,
    }
    return urlsplit(CLIENTS[service](config, **arguments).base_client.get_endpoint()).netloc


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED", "OCI_DUAL_STACK_ENDPOINT_ENABLED"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("service", CLIENTS)
@pytest.mark.parametrize("realm_specific", [None, True, False])
@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OCI_REALM_SPECIFIC_SERVICE_ENDPOINT_TEMPLATE_ENABLED": "True"},
        {"OCI_DUAL_STACK_ENDPOINT_ENABLED": "TRUE"},
        {"OCI_DUAL_STACK_ENDPOINT_ENABLED": "yes"},
    ],
    ids=["", "realm", "dual stack", "no dual stack"],
)
def test_hosts_are_those_of_the_sdk(
    service: str, realm_specific: bool | None, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if "OCI_DUAL_STACK_ENDPOINT_ENABLED" in variables and not hasattr(oci.base_client, "DUAL_STACK_OPTION"):
        pytest.skip("this SDK is older than these hosts")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for region in ("us-phoenix-1", "us-langley-1", "eu-frankfurt-2"):
        ours = service_host(service, region, REGIONS, realm_specific=realm_specific, environment=variables)
        assert ours == host_of_the_sdk(service, region, realm_specific)


@pytest.mark.parametrize("region", ONE_OF_EACH_REALM)
def test_every_realm_has_the_hosts_of_the_sdk(region: str) -> None:
    for service in CLIENTS:
        ours = service_host(service, region, REGIONS, realm_specific=None, environment={})
        assert ours == host_of_the_sdk(service, region, None)


def test_the_regions_are_those_of_the_installed_sdk() -> None:
    """Where it is newer than our table: add what it has, so that fewer runs have to load it."""
    tables = oci.regions_definitions
    assert {code: REGIONS.long_names.get(code) for code in tables.REGIONS_SHORT_NAMES} == tables.REGIONS_SHORT_NAMES
    assert {name: REGIONS.realms.get(name) for name in tables.REGION_REALMS} == tables.REGION_REALMS
    assert {realm: REGIONS.domains.get(realm) for realm in tables.REALMS} == tables.REALMS


def test_an_unknown_region_is_looked_for_once_elsewhere() -> None:
    asked = []

    def more() -> RegionTable:
        asked.append(1)
        return RegionTable({"xxx": "xx-new-1", "phx": "other"}, {"xx-new-1": "oc99"}, {"oc99": "new.example"})

    regions = released_regions(more)
    assert regions.region("PHX") == "us-phoenix-1"
    assert asked == []
    assert regions.region("XXX") == "xx-new-1"
    assert regions.domain("xx-new-1") == "new.example"
    assert (regions.region("phx"), regions.region("mars")) == ("us-phoenix-1", None)
    assert asked == [1]


@pytest.mark.parametrize("region", ["us-phoenix-1", "eu-frankfurt-2", "us-langley-1", "eu-dcc-zurich-1"])
def test_a_vault_of_each_kind_of_realm_has_two_hosts(region: str) -> None:
    for host in management_hosts("b5pxy", region, REGIONS):
        assert management_host(f"https://{host}", REGIONS, ()) == host
        assert management_host(f" https://{host.upper()}:443/ ", REGIONS, [REGIONS.realms[region]]) == host


def test_a_region_that_only_the_user_knows_has_hosts_too() -> None:
    regions = RegionTable({"xxx": "xx-new-1"}, {"xx-new-1": "oc99"}, {"oc99": "new.example"})
    assert management_host("https://v-management.kms.xx-new-1.new.example", regions, ["oc99"])
    with pytest.raises(ValueError, match="is not a host of the Vault service"):
        management_host("https://v-management.kms.us-phoenix-1.oraclecloud.com", regions, ["oc99"])
