# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from unit.support.fake_cloud import FRA, IAD, KEY_A, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import Replica, Resource
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policy_assignments import (
    PolicyAssignment,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policy_reader import AssetPolicy
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.replicas import ReplicaResource
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.resource_row import resource_row

ASSIGNMENT_ID = "ocid1.volumebackuppolicyassign.oc1.iad.abc"
POLICY_ID = "ocid1.volumebackuppolicy.oc1.iad.abc"
COMMON: dict[str, Any] = {
    "region": IAD,
    "display_name": "db-1",
    "compartment_id": compartment_id(1),
    "lifecycle_state": "AVAILABLE",
    "kms_key_id": KEY_A,
}


def test_an_assignment_has_the_same_row_whichever_way_it_was_read() -> None:
    listed = PolicyAssignment(
        id=ASSIGNMENT_ID,
        type="policy_assignment",
        asset_id=volume_id(1),
        asset_type="volume",
        policy_id=POLICY_ID,
        destination_region=FRA,
        **COMMON,
    )
    read_for_policy = AssetPolicy(
        id=volume_id(1),
        type="volume",
        assignment_id=ASSIGNMENT_ID,
        policy_id=POLICY_ID,
        destination_region=FRA,
        **COMMON,
    )
    assert resource_row(read_for_policy) == resource_row(listed)


def test_an_asset_without_assignment_goes_by_its_own_ocid() -> None:
    row = resource_row(AssetPolicy(id=volume_id(1), type="volume", **{**COMMON, "kms_key_id": None}))
    assert (row["id"], row["type"], row["policy_id"]) == (volume_id(1), "policy_assignment", None)


def test_a_replica_names_its_source() -> None:
    row = resource_row(
        ReplicaResource(id="ocid1.blockvolumereplica.oc1.fra.abc", type="replica", source_id=volume_id(1), **COMMON)
    )
    assert row["source_id"] == volume_id(1)
    assert "asset_id" not in row


@pytest.mark.parametrize(("replica", "elsewhere"), [("fra", True), ("iad", False)])
def test_replicas_in_another_region_are_marked(replica: str, elsewhere: bool) -> None:
    source = f"ocid1.volume.oc1.iad.{'a' * 60}"
    replicas = (Replica(f"ocid1.blockvolumereplica.oc1.{replica}.abc", "AD-1", None),)
    (row,) = resource_row(Resource(id=source, type="volume", replicas=replicas, **COMMON))["replicas"]
    assert row["in_other_region"] is elsewhere
