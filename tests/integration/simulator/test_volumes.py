# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes and boot volumes over the wire: reading, listing, the life cycle of a key change, etags."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator

CORE = oci.core.models
FRA, SEOUL = "eu-frankfurt-1", "ap-chuncheon-1"


def settled(block: Any, volume: str, state: str = "AVAILABLE") -> Any:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        answer = block.get_volume(volume)
        if answer.data.lifecycle_state == state:
            return answer
        time.sleep(0.01)
    raise AssertionError(f"{volume} did not become {state}")


def test_a_key_change_takes_its_time(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    volume, key = sim.id("db-1"), sim.id("key-a")
    sim.set(settle=0.3)
    answer = assign(volume, key)
    assert (answer.status, answer.data.kms_key_id) == (200, key)
    between = block.get_volume(volume).data
    assert (between.lifecycle_state, between.kms_key_id) == ("PROVISIONING", None)
    assert settled(block, volume).data.kms_key_id == key
    assert block.get_volume_kms_key(volume).data.kms_key_id == key
    assert block.delete_volume_kms_key(volume).status == 204
    assert block.get_volume(volume).data.lifecycle_state == "PROVISIONING"
    assert settled(block, volume).data.kms_key_id is None
    assert sim.resource(volume)["kmsKeyId"] is None
    assert sim.needless_puts == 0


def test_boot_volumes_do_the_same(sim: Simulator, block: Any) -> None:
    volume, key = sim.id("boot-1"), sim.id("key-b")
    sim.set(transition="immediate")
    details = CORE.UpdateBootVolumeKmsKeyDetails(kms_key_id=key)
    assert block.update_boot_volume_kms_key(volume, details).data.kms_key_id == key
    assert block.get_boot_volume(volume).data.kms_key_id == key
    assert block.get_boot_volume_kms_key(volume).data.kms_key_id == key
    assert block.delete_boot_volume_kms_key(volume).status == 204
    assert sim.resource(volume)["kmsKeyId"] is None


@pytest.mark.parametrize(("region", "volume", "key"), [(FRA, "fra-1", "fra-a"), (SEOUL, "seoul-1", "seoul-a")])
def test_other_regions(sim: Simulator, sdk: Callable[..., Any], region: str, volume: str, key: str) -> None:
    sim.set(transition="immediate")
    block = sdk(oci.core.BlockstorageClient, region)
    block.update_volume_kms_key(sim.id(volume), CORE.UpdateVolumeKmsKeyDetails(kms_key_id=sim.id(key)))
    assert block.get_volume(sim.id(volume)).data.kms_key_id == sim.id(key)
    assert sim.counts_by_region() == {region: {"GetVolume": 1, "UpdateVolumeKmsKey": 1}}


def test_a_volume_exists_in_its_region_only(
    sim: Simulator, sdk: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    elsewhere = sdk(oci.core.BlockstorageClient, FRA)
    refused(404, "NotAuthorizedOrNotFound", elsewhere.get_volume, sim.id("db-1"))
    refused(404, "NotAuthorizedOrNotFound", elsewhere.get_boot_volume, sim.id("db-1"))


def test_the_same_key_again_is_counted(sim: Simulator, block: Any, assign: Callable[..., Any]) -> None:
    volume, key = sim.id("app-1"), sim.id("key-a")
    before = block.get_volume(volume).headers["etag"], block.get_volume_kms_key(volume).headers["etag"]
    assign(volume, key)
    assert settled(block, volume).data.kms_key_id == key
    after = block.get_volume(volume).headers["etag"], block.get_volume_kms_key(volume).headers["etag"]
    assert sim.needless_puts == 1
    assert sim.resource(volume)["rewraps"] == 1
    assert before[0] != after[0]
    assert before[1] == after[1], "a hash of the key shows no new data key"


def test_a_key_on_its_way_is_counted_too(
    sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any]
) -> None:
    volume, key = sim.id("db-1"), sim.id("key-a")
    sim.set(settle=30)
    assign(volume, key)
    refused(409, "IncorrectState", assign, volume, key)
    assert sim.needless_puts == 1
    refused(409, "IncorrectState", assign, volume, sim.id("key-b"))
    assert sim.needless_puts == 1


@pytest.mark.parametrize("name", ["faulty", "gone"])
def test_states_that_bear_no_change(
    sim: Simulator, block: Any, assign: Callable[..., Any], refused: Callable[..., Any], name: str
) -> None:
    refused(409, "IncorrectState", assign, sim.id(name), sim.id("key-a"))
    refused(409, "IncorrectState", block.delete_volume_kms_key, sim.id(name))
    refused(409, "IncorrectState", block.update_volume, sim.id(name), CORE.UpdateVolumeDetails(display_name="x"))


def test_a_locked_volume(sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any], block: Any) -> None:
    refused(409, "ResourceLocked", assign, sim.id("locked"), sim.id("key-a"))
    refused(409, "ResourceLocked", block.delete_volume_kms_key, sim.id("locked"))
    sim.change(sim.id("locked"), locked=False)
    assert assign(sim.id("locked"), sim.id("key-a")).status == 200


@pytest.mark.parametrize("name", ["disabled", "dying", "no-service", "no-delegate", "fra-a"])
def test_keys_that_the_service_refuses(
    sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any], name: str
) -> None:
    refused(404, "NotAuthorizedOrNotFound", assign, sim.id("db-1"), sim.id(name))
    assert sim.resource(sim.id("db-1"))["changing"] is False


@pytest.mark.parametrize("value", ["", "nonsense", "ocid1.volume.oc1.iad.abc", "ocid1.key.oc1.iad.a." + "x" * 300])
def test_texts_that_are_no_keys(
    sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any], value: str
) -> None:
    error = refused(400, "InvalidParameter", assign, sim.id("db-1"), value)
    assert error.message == "kmsKeyId is invalid or incorrectly formatted."


def test_rsa_keys_are_refused(sim: Simulator, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    refused(400, "InvalidParameter", assign, sim.id("db-1"), sim.id("rsa"))


def test_replicated_keys_work_in_both_regions(sim: Simulator, sdk: Callable[..., Any]) -> None:
    sim.set(transition="immediate")
    for region, volume in (("us-ashburn-1", "db-1"), (FRA, "fra-1")):
        details = CORE.UpdateVolumeKmsKeyDetails(kms_key_id=sim.id("replicated"))
        sdk(oci.core.BlockstorageClient, region).update_volume_kms_key(sim.id(volume), details)
        assert sim.resource(sim.id(volume))["kmsKeyId"] == sim.id("replicated")
    sim.change(sim.id("replicated"), region=FRA, service_may_use=False)
    with pytest.raises(oci.exceptions.ServiceError):
        sdk(oci.core.BlockstorageClient, FRA).update_volume_kms_key(sim.id("fra-2"), details)


def test_pages(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    compartment = sim.id("databases")
    first = block.list_volumes(compartment_id=compartment, limit=2)
    assert [row.display_name for row in first.data] == ["db-5", "db-4"]
    second = block.list_volumes(compartment_id=compartment, limit=2, page=first.next_page)
    third = block.list_volumes(compartment_id=compartment, limit=2, page=second.next_page)
    assert [row.display_name for row in third.data] == ["db-1"]
    assert not third.has_next_page
    everything = oci.pagination.list_call_get_all_results(block.list_volumes, compartment_id=compartment, limit=1)
    assert len(everything.data) == 5
    # A token is good for the same filters only.
    refused(400, "InvalidParameter", block.list_volumes, compartment_id=sim.id("prod"), page=first.next_page)
    refused(400, "InvalidParameter", block.list_volumes, compartment_id=compartment, page="invented")
    for limit in (0, 101):
        refused(400, "InvalidParameter", block.list_volumes, compartment_id=compartment, limit=limit)


def test_filters_and_order(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    def names(**filters: Any) -> list[str]:
        return [row.display_name for row in block.list_volumes(compartment_id=sim.id("prod"), **filters).data]

    assert names(lifecycle_state="FAULTY") == ["faulty"]
    assert names(display_name="app-2") == ["app-2"]
    domain = sim.resource(sim.id("app-1"))["availabilityDomain"]
    assert names(availability_domain=domain) == ["app-3", "app-2", "app-1"]
    assert names(availability_domain=domain, sort_by="TIMECREATED", sort_order="ASC") == ["app-1", "app-2", "app-3"]
    assert names(sort_by="DISPLAYNAME")[:3] == ["app-1", "app-2", "app-3"]
    assert names(sort_by="DISPLAYNAME", sort_order="DESC")[0] == "stuck"
    assert "hidden" not in names()
    assert names(volume_group_id="ocid1.volumegroup.oc1.iad.x") == []
    refused(400, "InvalidParameter", names, availability_domain="Nowhere:IAD-AD-9")
    refused(404, "NotAuthorizedOrNotFound", block.get_volume, sim.id("hidden"))
    refused(404, "NotAuthorizedOrNotFound", block.list_volumes, compartment_id=sim.id("closed"))
    assert block.list_volumes(compartment_id=sim.id("old")).data == []
    assert len(block.list_volumes().data) == 13
    group = block.list_boot_volumes(compartment_id=sim.id("prod"), availability_domain=domain)
    assert group.data == []


def test_etags(sim: Simulator, block: Any, assign: Callable[..., Any], refused: Callable[..., Any]) -> None:
    volume = sim.id("db-1")
    sim.set(transition="immediate")
    first = block.get_volume(volume).headers["etag"]
    assert first == block.get_volume(volume).headers["etag"]
    details = CORE.UpdateVolumeDetails(display_name="renamed", freeform_tags={"a": "b"})
    second = block.update_volume(volume, details, if_match=first).headers["etag"]
    assert second != first
    refused(412, "NoEtagMatch", block.update_volume, volume, details, if_match=first)
    key_etag = assign(volume, sim.id("key-a")).headers["etag"]
    assert block.get_volume_kms_key(volume).headers["etag"] == key_etag
    refused(412, "NoEtagMatch", assign, volume, sim.id("key-b"), if_match="stale")
    assert assign(volume, sim.id("key-b"), if_match=key_etag).status == 200
    refused(412, "NoEtagMatch", block.delete_volume_kms_key, volume, if_match=key_etag)
    assert block.get_volume(volume).headers["etag"] not in (first, second)
    assert block.get_volume(volume).data.display_name == "renamed"


def test_replicas_and_their_keys(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    volume = sim.id("copied")
    (replica,) = block.get_volume(volume).data.block_volume_replicas
    assert replica.kms_key_id is None
    domain = replica.availability_domain

    def set_key(key: str | None) -> Any:
        details = CORE.BlockVolumeReplicaDetails(availability_domain=domain, xrr_kms_key_id=key)
        return block.update_volume(volume, CORE.UpdateVolumeDetails(block_volume_replicas=[details])).data

    assert set_key(sim.id("fra-a")).block_volume_replicas[0].kms_key_id == sim.id("fra-a")
    refused(404, "NotAuthorizedOrNotFound", set_key, sim.id("key-a"))
    refused(400, "InvalidParameter", set_key, "")
    sim.set(replica_key_change="ignored")
    assert set_key(sim.id("fra-b")).block_volume_replicas[0].kms_key_id == sim.id("fra-a")
    sim.set(replica_key_change="refused")
    refused(400, "InvalidParameter", set_key, sim.id("fra-b"))
    sim.set(replica_key_change="accepted", replica_key_empty="accepted")
    assert set_key("").block_volume_replicas[0].kms_key_id is None
    assert (
        block.update_volume(volume, CORE.UpdateVolumeDetails(block_volume_replicas=[])).data.block_volume_replicas
        is None
    )


def test_change_behind_the_back(sim: Simulator, block: Any) -> None:
    volume = sim.id("db-1")
    sim.change(volume, key="key-b", state="RESTORING")
    seen = block.get_volume(volume).data
    assert (seen.kms_key_id, seen.lifecycle_state) == (sim.id("key-b"), "RESTORING")
    sim.change(volume, compartment="test", key=None)
    assert [row.id for row in block.list_volumes(compartment_id=sim.id("test")).data] == [volume]
