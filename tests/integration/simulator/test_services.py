# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vaults, keys, identity and search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator

KMS, SEARCH = oci.key_management, oci.resource_search
IAD, FRA, SEOUL = "us-ashburn-1", "eu-frankfurt-1", "ap-chuncheon-1"
HIDDEN = "Key or Vault does not exist or you are not authorized to access them."


@pytest.fixture
def keys(sim: Simulator, sdk: Callable[..., Any]) -> Callable[..., Any]:
    """A management client for a vault in a region, by the endpoint that the vault gives there."""

    def make(vault: str, region: str = IAD) -> Any:
        endpoint = sdk(KMS.KmsVaultClient, region).get_vault(sim.id(f"vault:{vault}")).data.management_endpoint
        return sdk(KMS.KmsManagementClient, region, service_endpoint=endpoint)

    return make


def test_keys_live_at_their_vaults_host(sim: Simulator, keys: Callable[..., Any], refused: Callable[..., Any]) -> None:
    key = keys("main").get_key(sim.id("key-a"))
    assert (key.data.key_shape.algorithm, key.data.lifecycle_state) == ("AES", "ENABLED")
    assert key.headers["etag"].endswith("--gzip")
    error = refused(404, "NotAuthorizedOrNotFound", keys("global", FRA).get_key, sim.id("key-a"))
    assert error.message == HIDDEN
    refused(404, "NotAuthorizedOrNotFound", keys("main").get_key, sim.id("unseen"))
    names = {row.display_name for row in keys("main").list_keys(sim.id("prod")).data}
    assert "key-a" in names
    assert "unseen" not in names
    assert [row.display_name for row in keys("main").list_keys(sim.id("prod"), algorithm="RSA").data] == ["rsa"]
    pages = oci.pagination.list_call_get_all_results(keys("main").list_keys, sim.id("prod"), limit=2)
    assert len(pages.data) == 9


def test_versions(sim: Simulator, keys: Callable[..., Any]) -> None:
    versions = keys("main").list_key_versions(sim.id("rotated")).data
    assert len(versions) == 3
    assert keys("main").get_key(sim.id("rotated")).data.current_key_version == versions[0].id


def test_replicated_vaults(sim: Simulator, sdk: Callable[..., Any], keys: Callable[..., Any]) -> None:
    vault = sim.id("vault:global")
    here, there = (sdk(KMS.KmsVaultClient, region).get_vault(vault).data for region in (FRA, IAD))
    assert (here.id, here.is_primary, there.id, there.is_primary) == (vault, True, vault, False)
    assert FRA in here.management_endpoint
    assert IAD in there.management_endpoint
    (replica,) = sdk(KMS.KmsVaultClient, FRA).list_vault_replicas(vault).data
    assert (replica.region, replica.management_endpoint) == (IAD, there.management_endpoint)
    for region in (FRA, IAD):
        assert keys("global", region).get_key(sim.id("replicated")).data.is_primary is (region == FRA)


def test_vault_get_in_replica_region(sim: Simulator, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    vaults = sdk(KMS.KmsVaultClient, IAD)
    assert len(vaults.list_vaults(sim.id("prod")).data) == 2
    sim.set(vault_get_in_replica_region="not_found")
    refused(404, "NotAuthorizedOrNotFound", vaults.get_vault, sim.id("vault:global"))
    assert len(vaults.list_vaults(sim.id("prod")).data) == 1


def test_newer_regions_have_another_host(sim: Simulator, keys: Callable[..., Any], sdk: Callable[..., Any]) -> None:
    seoul = keys("seoul", SEOUL)
    assert seoul.base_client.endpoint.endswith(".kms.ap-chuncheon-1.oci.oraclecloud.com")
    assert seoul.get_key(sim.id("seoul-a")).data.id == sim.id("seoul-a")
    prefix = sim.id("seoul-a").split(".")[4]
    derived = f"https://{prefix}-management.kms.ap-chuncheon-1.oraclecloud.com"
    with pytest.raises(oci.exceptions.RequestException):
        sdk(KMS.KmsManagementClient, SEOUL, service_endpoint=derived).get_key(sim.id("seoul-a"))


def test_ten_requests_a_second_over_all_hosts(
    sim: Simulator, keys: Callable[..., Any], sdk: Callable[..., Any]
) -> None:
    clients = [keys("main"), keys("global", IAD)]
    sim.reset()
    answers = []
    for number in range(14):
        try:
            answers.append((clients[number % 2].list_keys(sim.id("prod")).status, ""))
        except oci.exceptions.ServiceError as error:
            answers.append((error.status, error.code))
    assert answers[:10] == [(200, "")] * 10
    assert (429, "TooManyRequests") in answers[10:]
    # Block Volume is not concerned.
    assert sdk(oci.core.BlockstorageClient).get_volume(sim.id("db-1")).status == 200


def test_regions_and_domains(sim: Simulator, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    for region, domains in ((IAD, 3), (FRA, 3), (SEOUL, 1)):
        identity = sdk(oci.identity.IdentityClient, region)
        rows = identity.list_region_subscriptions(sim.id("root")).data
        assert {row.region_name: row.is_home_region for row in rows} == {IAD: True, FRA: False, SEOUL: False}
        assert len(identity.list_availability_domains(sim.id("root")).data) == domains
    assert identity.get_tenancy(sim.id("root")).data.home_region_key == "IAD"
    refused(404, "NotAuthorizedOrNotFound", identity.get_tenancy, "ocid1.tenancy.oc1..other")


def test_compartments(sim: Simulator, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    identity = sdk(oci.identity.IdentityClient)
    root = sim.id("root")

    def names(parent: str = root, **filters: Any) -> list[str]:
        rows = identity.list_compartments(parent, sort_by="NAME", sort_order="ASC", **filters).data
        return [row.name for row in rows]

    assert names() == ["closed", "old", "prod", "test"]
    assert names(compartment_id_in_subtree=True) == ["closed", "databases", "old", "prod", "test"]
    assert names(compartment_id_in_subtree=True, access_level="ACCESSIBLE") == ["databases", "old", "prod", "test"]
    assert names(lifecycle_state="DELETED") == ["old"]
    assert names(name="prod") == ["prod"]
    assert names(sim.id("prod")) == ["databases"]
    refused(400, "InvalidParameter", names, sim.id("prod"), compartment_id_in_subtree=True)
    refused(404, "NotAuthorizedOrNotFound", names, sim.id("closed"))
    refused(404, "NotAuthorizedOrNotFound", identity.get_compartment, sim.id("closed"))


@pytest.fixture
def find(sdk: Callable[..., Any]) -> Callable[..., list[Any]]:
    def search(query: str, region: str = IAD, **more: Any) -> list[Any]:
        details = SEARCH.models.StructuredSearchDetails(query=query, matching_context_type="NONE")
        return list(sdk(SEARCH.ResourceSearchClient, region).search_resources(details, **more).data.items)

    return search


def test_search(sim: Simulator, find: Callable[..., Any], refused: Callable[..., Any]) -> None:
    (key,) = find(f"query key resources return allAdditionalFields where identifier = '{sim.id('key-a')}'")
    assert key.additional_details["vaultId"] == sim.id("vault:main")
    assert key.resource_type == "Key"
    (key,) = find(f"query key resources where identifier = '{sim.id('key-a')}'")
    assert key.additional_details == {}
    found = find(f"query bootvolume, volume resources where compartmentId = '{sim.id('databases')}'")
    assert sorted(row.display_name for row in found) == ["db-1", "db-2", "db-3", "db-4", "db-5"]
    where = f"compartmentId = '{sim.id('prod')}' && (lifecycleState = 'faulty' || displayName = 'LOCKED')"
    assert {row.display_name for row in find(f"query volume resources where {where}")} == {"faulty", "locked"}
    assert find("query volume resources where lifecycleState == 'faulty'") == []
    assert "faulty" not in {row.display_name for row in find("query volume resources where lifecycleState != 'FAULTY'")}
    ordered = [row.display_name for row in find("query bootvolume resources sorted by displayName desc")]
    assert ordered == ["boot-key", "boot-3", "boot-2", "boot-1"]
    assert {row.resource_type for row in find("query all resources")} >= {"Volume", "BootVolume", "Key", "Vault"}
    for wrong in ("volumes please", "query nonsense resources", "query volume resources where a = 'b'"):
        refused(400, "InvalidParameter", find, wrong)
    for wrong in ("displayName ~ 'x'", "displayName = 'x' &&", "(displayName = 'x'", "displayName 'x'", "'x' = 'x'"):
        refused(400, "InvalidParameter", find, f"query volume resources where {wrong}")


def test_search_leaves_out_what_may_not_be_seen(sim: Simulator, find: Callable[..., Any]) -> None:
    names = {row.display_name for row in find("query all resources")}
    assert names.isdisjoint({"hidden", "unseen", "closed"})
    assert "fra-1" not in names
    sim.change(sim.id("prod"), accessible=False)
    assert find(f"query volume resources where compartmentId = '{sim.id('prod')}'") == []


def test_search_pages(sim: Simulator, sdk: Callable[..., Any]) -> None:
    client = sdk(SEARCH.ResourceSearchClient)
    details = SEARCH.models.StructuredSearchDetails(query="query volume resources")
    found = oci.pagination.list_call_get_all_results(client.search_resources, details, limit=5)
    assert len(found.data) == 13


def test_search_switches(
    sim: Simulator, find: Callable[..., Any], sdk: Callable[..., Any], assign: Callable[..., Any]
) -> None:
    query = f"query key resources where identifier = '{sim.id('replicated')}'"
    assert len(find(query, FRA)) == len(find(query, IAD)) == 1
    sim.set(search_finds_replica_keys=False)
    assert (len(find(query, FRA)), len(find(query, IAD))) == (1, 0)
    sim.set(search_hides="keys")
    assert find("query key resources") == []
    assert find("query volume resources") != []
    sim.set(search_hides="volumes")
    assert find("query volume, bootvolume resources") == []
    sim.set(search_hides="everything")
    assert find("query all resources") == []
    sim.set(search_hides="nothing", settle=30)
    assign(sim.id("db-1"), sim.id("key-a"))
    query = f"query volume resources where identifier = '{sim.id('db-1')}'"
    assert find(query)[0].lifecycle_state == "PROVISIONING"
    sim.set(search_lag=True)
    assert find(query)[0].lifecycle_state == "AVAILABLE"
