# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Policy assignments, which no list shows, and replicas, which are listed where they are."""

from __future__ import annotations

from typing import Any

import pytest
from integration.support.assignment_info import IAD, PHX, by_name, look
from integration.support.fleets import tenancy, volumes
from integration.support.harness import furnish

from simulator.client import Simulator

POLICIES = [
    {"name": "to-phoenix", "region": IAD, "compartment": "prod", "destination_region": PHX},
    {"name": "nowhere", "region": IAD, "compartment": "prod"},
]
GROUP = {"name": "group", "region": IAD, "compartment": "prod"}
ONLY = {"resource_types": ["policy_assignment"]}
LISTS = {"ListVolumes": 3, "ListBootVolumes": 3, "ListVolumeGroups": 3, "ListCompartments": 1, "GetTenancy": 1}


def _furnish(sim: Simulator, *assignments: dict[str, Any], **sections: Any) -> None:
    furnish(sim, volume_backup_policies=POLICIES, policy_assignments=list(assignments), **sections)


def test_assignments_of_every_kind_of_asset(sim: Simulator) -> None:
    _furnish(
        sim,
        {"asset": "volume-1", "policy": "to-phoenix", "key": "key-phx"},
        {"asset": "volume-2", "policy": "to-phoenix"},
        {"asset": "volume-3", "policy": "nowhere"},
        {"asset": "boot-1", "policy": "gold"},
        {"asset": "group", "policy": "to-phoenix", "key": "key-everywhere"},
        volumes=[volumes(4, freeform_tags={"a": "b"}), volumes(name="member")],
        boot_volumes=[volumes(name="boot", key="key-a")],
        volume_groups=[{**GROUP, "volumes": ["member-1"]}],
    )

    ran = look(sim, **ONLY)

    found = by_name(ran)
    assert set(found) == {"volume-1", "volume-2", "group"}
    assert {one["type"] for one in ran.resources} == {"policy_assignment"}
    (assigned,) = [one for one in sim.resources("policy_assignment") if one["assetId"] == sim.id("volume-1")]
    assert found["volume-1"] == {
        "id": assigned["id"],
        "type": "policy_assignment",
        "region": IAD,
        "compartment_id": sim.id("prod"),
        "display_name": "volume-1",
        "lifecycle_state": "AVAILABLE",
        "encryption": "customer",
        "kms_key_id": sim.id("key-phx"),
        "time_created": assigned["timeCreated"],
        "freeform_tags": {"a": "b"},
        "defined_tags": {},
        "group_id": None,
        "locked": None,
        "replicas": [],
        "managed_by_paas": False,
        "read_by": "get",
        "size_in_gbs": None,
        "asset_id": sim.id("volume-1"),
        "asset_type": "volume",
        "policy_id": sim.id("to-phoenix"),
        "destination_region": PHX,
    }
    assert (found["volume-2"]["encryption"], found["volume-2"]["kms_key_id"]) == ("oracle", None)
    assert (found["group"]["asset_type"], found["group"]["kms_key_id"]) == ("volume_group", sim.id("key-everywhere"))
    assets = 4 + 1 + 1 + 1
    assert ran.calls == {**LISTS, "GetVolumeBackupPolicyAssetAssignment": assets, "GetVolumeBackupPolicy": 3}


@pytest.mark.parametrize("shown", ["nothing", "group", "member"])
def test_a_policy_of_a_group_is_told_once(sim: Simulator, shown: str) -> None:
    _furnish(
        sim,
        {"asset": "group", "policy": "to-phoenix", "key": "key-phx"},
        {"asset": "volume-3", "policy": "to-phoenix", "key": "key-everywhere"},
        volumes=[volumes(3)],
        volume_groups=[{**GROUP, "volumes": ["volume-1", "volume-2", "volume-3"]}],
    )
    sim.set(group_policy_shown_on_member=shown)

    ran = look(sim, **ONLY)

    assert {name: one["asset_id"] for name, one in by_name(ran).items()} == {
        "group": sim.id("group"),
        "volume-3": sim.id("volume-3"),
    }
    assert ran.calls["GetVolumeBackupPolicyAssetAssignment"] == 4


def test_a_group_elsewhere_is_asked_once_to_tell_its_policy_from_its_members(sim: Simulator) -> None:
    _furnish(
        sim,
        {"asset": "group", "policy": "to-phoenix", "key": "key-phx"},
        volumes=[volumes(5)],
        volume_groups=[{**GROUP, "compartment": "security", "volumes": [f"volume-{n}" for n in range(1, 6)]}],
    )
    sim.set(group_policy_shown_on_member="member")

    ran = look(sim, compartment_ids=[sim.id("prod")], **ONLY)

    assert ran.resources == []
    assert ran.result["complete"]
    assert ran.calls["GetVolumeBackupPolicyAssetAssignment"] == 5 + 1


def test_assignments_besides_volumes_cost_no_second_list(sim: Simulator) -> None:
    _furnish(sim, {"asset": "volume-1", "policy": "to-phoenix", "key": "key-phx"}, volumes=[volumes(key="key-a")])

    ran = look(sim, resource_types=["volume", "policy_assignment"], kms_key_ids=[sim.id("key-phx")])

    assert ran.only["type"] == "policy_assignment"
    assert ran.calls["ListVolumes"] == 3
    assert look(sim).calls.get("GetVolumeBackupPolicyAssetAssignment") is None


def test_a_policy_that_may_not_be_read_is_asked_for_once_and_told(sim: Simulator) -> None:
    _furnish(
        sim,
        {"asset": "volume-{n}", "count": 3, "policy": "to-phoenix", "key": "key-phx"},
        {"asset": "plain-1", "policy": "to-phoenix"},
        volumes=[volumes(3), volumes(name="plain")],
    )
    sim.fault("status", "GetVolumeBackupPolicy", times=None, status=404, code="NotAuthorizedOrNotFound", message="No.")

    ran = look(sim, **ONLY)

    assert set(by_name(ran)) == {"volume-1", "volume-2", "volume-3"}
    assert {one["destination_region"] for one in ran.resources} == {None}
    (place,) = ran.result["unreadable"]
    assert (place["resource_type"], place["compartment_id"], place["status"]) == (
        "policy_assignment",
        sim.id("prod"),
        404,
    )
    assert "(and 3 more)" in place["message"]
    assert "inspect backup-policies" in place["hint"]
    assert ran.calls["GetVolumeBackupPolicy"] == 1


def test_assets_that_may_not_be_asked_are_told_by_compartment(sim: Simulator) -> None:
    _furnish(sim, volumes=[volumes(30)])
    sim.fault(
        "status",
        "GetVolumeBackupPolicyAssetAssignment",
        times=None,
        status=404,
        code="NotAuthorizedOrNotFound",
        message="No.",
    )

    ran = look(sim, **ONLY)

    (place,) = ran.result["unreadable"]
    assert place["resource_type"] == "policy_assignment"
    assert place["message"].startswith("Could not read the backup policy assignment of ocid1.")
    assert "(and 29 more): " in place["message"]
    assert not ran.result["complete"]


def test_replicas_are_told_where_they_are(sim: Simulator) -> None:
    furnish(
        sim,
        volumes=[volumes(replicas=[{"region": PHX, "key": "key-phx", "name": "copy"}])],
        boot_volumes=[volumes(name="boot", replicas=[{"region": PHX, "key": None, "name": "boot-copy"}])],
    )

    here = look(sim, regions=[IAD], resource_types=["volume", "replica"])
    there = look(sim, regions=[PHX], resource_types=["replica"])

    assert set(by_name(here)) == {"volume-1"}
    found = by_name(there)
    assert {name: (one["kms_key_id"], one["source_id"]) for name, one in found.items()} == {
        "copy": (sim.id("key-phx"), sim.id("volume-1")),
        "boot-copy": (None, sim.id("boot-1")),
    }
    assert {one["type"] for one in there.resources} == {"replica"}
    lists = len(tenancy()["compartments"]) + 1
    assert there.calls["ListBlockVolumeReplicas"] == there.calls["ListBootVolumeReplicas"] == lists
