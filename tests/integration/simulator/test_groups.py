# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volume groups, and replicas where they are, over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator

CORE = oci.core.models
IAD, FRA = "us-ashburn-1", "eu-frankfurt-1"


def test_groups(sim: Simulator, block: Any, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    answer = block.get_volume_group(sim.id("db-group"))
    members = [sim.id(name) for name in ("db-4", "db-5", "boot-3")]
    assert (answer.data.volume_ids, answer.data.lifecycle_state) == (members, "AVAILABLE")
    assert answer.data.size_in_gbs == 150
    assert answer.headers["etag"]
    assert block.get_volume(sim.id("db-4")).data.volume_group_id == sim.id("db-group")
    rows = block.list_volumes(compartment_id=sim.id("databases"), volume_group_id=sim.id("db-group")).data
    assert [row.display_name for row in rows] == ["db-5", "db-4"]
    there = sdk(oci.core.BlockstorageClient, FRA)
    refused(404, "NotAuthorizedOrNotFound", there.get_volume_group, sim.id("db-group"))


def test_lists_of_groups(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    def names(**filters: Any) -> list[str]:
        return [row.display_name for row in block.list_volume_groups(sim.id("databases"), **filters).data]

    domain = sim.resource(sim.id("db-1"))["availabilityDomain"]
    assert names() == names(availability_domain=domain) == names(display_name="db-group") == ["db-group"]
    assert names(availability_domain=domain.replace("AD-1", "AD-2")) == names(lifecycle_state="FAULTY") == []
    refused(400, "InvalidParameter", names, availability_domain="Nowhere:IAD-AD-9")
    sim.change(sim.id("db-group"), display_name="renamed", state="UPDATE_PENDING")
    sim.fault("stale_list", "ListVolumeGroups")
    assert names() == ["db-group"]
    assert names(lifecycle_state="UPDATE_PENDING") == ["renamed"]


def test_members_come_and_go(sim: Simulator, block: Any) -> None:
    sim.change(sim.id("db-group"), volumes=["db-4", "db-3"])
    assert block.get_volume_group(sim.id("db-group")).data.volume_ids == [sim.id("db-4"), sim.id("db-3")]
    groups = [block.get_volume(sim.id(name)).data.volume_group_id for name in ("db-3", "db-4", "db-5")]
    assert groups == [sim.id("db-group"), sim.id("db-group"), None]
    sim.change(sim.id("group-backup"), state="COMMITTED")
    assert block.get_volume_group_backup(sim.id("group-backup")).data.lifecycle_state == "COMMITTED"


def test_group_backups(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    (row,) = block.list_volume_group_backups(sim.id("databases"), sort_by="DISPLAYNAME").data
    assert (row.id, row.volume_group_id) == (sim.id("group-backup"), sim.id("db-group"))
    for ident in row.volume_backup_ids:
        member = sim.resource(ident)
        assert (member["kind"].endswith("volume_backup"), member["volumeGroupBackupId"]) == (True, row.id)
    refused(404, "NotAuthorizedOrNotFound", block.get_volume_group_backup, sim.id("member-1"))


@pytest.mark.parametrize("kind", ["block_volume", "boot_volume"])
def test_replicas(sim: Simulator, sdk: Callable[..., Any], refused: Callable[..., Any], kind: str) -> None:
    block, there = sdk(oci.core.BlockstorageClient), sdk(oci.core.BlockstorageClient, FRA)
    volume = sim.id("copied" if kind == "block_volume" else "boot-1")
    if kind == "boot_volume":
        sim.change(volume, replicas=[{"region": FRA, "key": "fra-a", "name": "boot-replica"}])
    (info,) = sim.resource(volume)["blockVolumeReplicas" if kind == "block_volume" else "bootVolumeReplicas"]
    ident = info["blockVolumeReplicaId" if kind == "block_volume" else "bootVolumeReplicaId"]
    replica = getattr(there, f"get_{kind}_replica")(ident).data
    assert (replica.id, getattr(replica, f"{kind}_id"), replica.kms_key_id) == (ident, volume, info["kmsKeyId"])
    refused(404, "NotAuthorizedOrNotFound", getattr(block, f"get_{kind}_replica"), ident)

    def ids(client: Any = there, **filters: Any) -> list[str]:
        return [row.id for row in getattr(client, f"list_{kind}_replicas")(**filters).data]

    assert ids() == ids(compartment_id=sim.id("prod"), availability_domain=info["availabilityDomain"]) == [ident]
    assert ids(sort_by="DISPLAYNAME", display_name=info["displayName"], lifecycle_state="AVAILABLE") == [ident]
    assert ids(sort_order="ASC") == [ident]
    assert ids(compartment_id=sim.id("test")) == ids(volume_group_replica_id="x") == ids(block) == []
    sim.set(list_without_compartment="refused")
    refused(400, "MissingParameter", ids)
    sim.set(boot_list_without_domain="refused")
    refused(400, "MissingParameter", ids, compartment_id=sim.id("prod"))


def test_another_key_for_a_replica(sim: Simulator, block: Any, sdk: Callable[..., Any]) -> None:
    (info,) = block.get_volume(sim.id("copied")).data.block_volume_replicas
    details = CORE.BlockVolumeReplicaDetails(
        availability_domain=info.availability_domain, xrr_kms_key_id=sim.id("fra-b")
    )
    block.update_volume(sim.id("copied"), CORE.UpdateVolumeDetails(block_volume_replicas=[details]))
    there = sdk(oci.core.BlockstorageClient, FRA)
    replica = there.get_block_volume_replica(info.block_volume_replica_id).data
    assert replica.kms_key_id == sim.id("fra-b")
