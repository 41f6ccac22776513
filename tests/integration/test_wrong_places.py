# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are wrong about where something belongs: to which group, region, realm, or compartment."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from integration.support.assignment_info import look
from integration.support.change_modules import COPIERS, fleet
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api import client
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_kms_key,
    backup_policy_crossregion_key,
    key_assignment_info,
    key_assignment_plan,
    volume_kms_key,
)
from simulator.client import Simulator

IAD, PHX, GOV = "us-ashburn-1", "us-phoenix-1", "us-gov-ashburn-1"


def answered(operation: str, ask: Callable[[], Ran]) -> list[dict[str, Any]]:
    """The rows, or the record, that were answered to an operation while something was asked."""
    rows: list[dict[str, Any]] = []
    decode = client.decode

    def noting(call: Any, body: bytes) -> Any:
        if call.operation.name == operation:
            content = json.loads(body)
            rows.extend(content if isinstance(content, list) else [content])
        return decode(call, body)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "decode", noting)
        ask()
    return rows


def answers(sim: Simulator, operation: str, rows: Any, **more: Any) -> None:
    """From now on an operation is answered with these rows."""
    sim.fault("body", operation, times=None, text=json.dumps(rows), count=1, **more)


def look_in_prod(sim: Simulator, **options: Any) -> Ran:
    given = {"resource_types": ["volume"], "regions": [IAD], "compartment_ids": [sim.id("prod")], **options}
    return run(key_assignment_info.main, sim, **given)


# --- members of groups

STRANGERS = {
    "a backup of its own": ("backup-1",),
    "one of a boot volume": ("boot-backup-1",),
    "one beside its own": ("member-backup", "backup-1"),
}


def keys_of(sim: Simulator) -> list[str | None]:
    return [sim.resource(sim.id(name))["kmsKeyId"] for name in ("backup-1", "boot-backup-1", "member-backup")]


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("named", STRANGERS.values(), ids=STRANGERS)
def test_a_backup_that_is_not_of_the_group_is_not_written_for_it(
    sim: Simulator, named: tuple[str, ...], state: str
) -> None:
    fleet(sim)
    before = keys_of(sim)
    ids = [sim.id(name) for name in named]
    sim.fault("odd_value", "GetVolumeGroupBackup", times=None, field="volumeBackupIds", value=ids)
    key = {"kms_key_id": sim.id("key-b")} if state == "present" else {"state": "absent"}

    ran = run(backup_kms_key.main, sim, backup_ids=[sim.id("group-backup")], **key)

    assert ran.failed
    assert (ran.writes, keys_of(sim)) == ({}, before)
    assert {row["error"]["code"] for row in ran.resources} == {"NotAMember"}
    stranger = named[-1]
    assert f"{stranger} ({sim.id(stranger)})" in ran.msg
    assert sim.id("group-backup") in ran.msg


@pytest.mark.parametrize("own", [None, "ocid1.volumegroupbackup.oc1.iad.someoneelse"])
def test_a_member_that_names_another_group_or_none_is_not_written(sim: Simulator, own: str | None) -> None:
    fleet(sim)
    sim.fault("odd_value", "GetVolumeBackup", times=None, field="volumeGroupBackupId", value=own)

    ran = run(backup_kms_key.main, sim, backup_ids=[sim.id("group-backup")], kms_key_id=sim.id("key-b"))

    assert (ran.failed, ran.writes) == (True, {})
    assert ran.only["error"]["code"] == "NotAMember"
    assert (own or "no group") in ran.only["error"]["message"]


@pytest.mark.parametrize("other", ["ocid1.volumebackup.oc2.iad.aaaa", "ocid1.volumebackup.oc1.phx.aaaa"])
def test_a_member_of_another_realm_or_region_makes_the_answer_none(sim: Simulator, other: str) -> None:
    fleet(sim)
    sim.fault("odd_value", "GetVolumeGroupBackup", times=None, field="volumeBackupIds", value=[other])

    ran = run(backup_kms_key.main, sim, backup_ids=[sim.id("group-backup")], kms_key_id=sim.id("key-b"))

    assert (ran.failed, ran.writes) == (True, {})
    assert (ran.only["id"], ran.only["error"]["code"]) == (sim.id("group-backup"), "NoAnswer")
    assert other in ran.msg


def test_a_group_beside_one_with_a_stranger_is_done(sim: Simulator) -> None:
    """And so is what was named by itself."""
    fleet(sim)
    ids = [sim.id("backup-1")]
    sim.fault("odd_value", "GetVolumeGroupBackup", times=None, field="volumeBackupIds", value=ids)

    given = [sim.id("boot-backup-1"), sim.id("group-backup")]
    ran = run(backup_kms_key.main, sim, backup_ids=given, kms_key_id=sim.id("key-b"))

    assert ran.failed
    assert ran.writes == {"UpdateBootVolumeBackup": 1}


def test_a_stranger_in_the_copy_of_a_group_is_not_written(sim: Simulator) -> None:
    fleet(sim)
    copier = COPIERS[2]
    assert not copier.assign(sim, key="key-phx").failed
    first, second = (row["id"] for row in sim.resources("volume_group_backup"))
    copy = second if first == sim.id("group-backup") else first
    member = next(row["id"] for row in sim.resources("volume_backup") if row["volumeGroupBackupId"] == copy)
    sim.fault("odd_value", "GetVolumeBackup", times=None, field="volumeGroupBackupId", value=None, region=PHX)

    ran = copier.assign(sim)

    assert (ran.failed, ran.writes) == (True, {})
    assert member in ran.msg
    assert sim.resource(member)["kmsKeyId"] == sim.id("key-phx")


# --- regions of other realms


@pytest.mark.parametrize("region", ["us-langley-1", GOV, "uk-gov-london-1"])
def test_no_request_is_sent_to_a_region_of_another_realm(sim: Simulator, region: str) -> None:
    furnish(sim, volumes=[volumes(1, key="key-a")])
    subscription = {"regionKey": "IAD", "regionName": IAD, "status": "READY", "isHomeRegion": True}
    answers(sim, "ListRegionSubscriptions", [subscription, {**subscription, "regionName": region}])

    ran = run(key_assignment_info.main, sim, resource_types=["volume"], regions=["all"])

    assert not ran.failed, ran.msg
    assert {call.region for call in sim.calls()} == {IAD}
    assert not sim.strangers
    assert len(ran.resources) == 1
    assert not ran.result["complete"]
    assert [(row["region"], row["code"]) for row in ran.result["unreadable"]] == [(region, "ForeignRegion")]


@pytest.mark.parametrize("region", [GOV, "us-langley-1", "xx-nowhere-1", "evil.example/"])
def test_a_policy_that_copies_to_a_region_that_is_none_is_unread(sim: Simulator, region: str) -> None:
    fleet(sim)
    sim.fault("odd_value", "GetVolumeBackupPolicy", times=None, field="destinationRegion", value=region)

    ran = run(key_assignment_info.main, sim, resource_types=["volume", "policy_assignment"], regions=[IAD])

    assert not ran.failed, ran.msg
    assert not ran.result["complete"]
    assert {row["resource_type"] for row in ran.result["unreadable"]} == {"policy_assignment"}
    assert region in ran.result["unreadable"][0]["message"]
    # A region that is not known may be a new one, of whose keys nothing is known.
    shown = {row["destination_region"] for row in ran.resources if row["type"] == "policy_assignment"}
    assert shown == ({None} if region in (GOV, "us-langley-1") else {region})


@pytest.mark.parametrize("region", [GOV, "us-langley-1", "evil.example/"])
def test_no_policy_is_changed_that_copies_to_a_region_that_is_none(sim: Simulator, region: str) -> None:
    fleet(sim)
    sim.fault("odd_value", "GetVolumeBackupPolicy", times=None, field="destinationRegion", value=region)

    ids = [sim.id("volume-1")]
    ran = run(backup_policy_crossregion_key.main, sim, asset_ids=ids, kms_key_id=sim.id("key-everywhere"))

    assert (ran.failed, ran.writes) == (True, {})
    assert region in ran.msg
    assert not sim.strangers


# --- compartments that no way leads to


def _own_parent(rows: dict[str, Any]) -> str:
    rows["prod"]["compartmentId"] = rows["prod"]["id"]
    return "prod"


def _circle(rows: dict[str, Any]) -> str:
    one, two = rows["prod"], rows["security"]
    one["compartmentId"], two["compartmentId"] = two["id"], one["id"]
    return "prod security"


def _parent_not_listed(rows: dict[str, Any]) -> str:
    rows["security"]["compartmentId"] = "ocid1.compartment.oc1..nowhere"
    return "security"


@pytest.mark.parametrize("spoil", [_own_parent, _circle, _parent_not_listed])
def test_a_compartment_that_no_way_leads_to_is_an_unread_place(sim: Simulator, spoil: Any) -> None:
    furnish(sim, volumes=[volumes(2, key="key-a")])

    def ask() -> Ran:
        return run(key_assignment_info.main, sim, resource_types=["volume"], regions=[IAD])

    rows = {row["name"]: row for row in answered("ListCompartments", ask)}
    lost = spoil(rows).split()
    answers(sim, "ListCompartments", list(rows.values()))

    ran = ask()

    assert not ran.failed, ran.msg
    assert not ran.result["complete"]
    found = {row["compartment_id"]: row for row in ran.result["unreadable"]}
    assert set(found) == {rows[name]["id"] for name in lost}
    assert {row["code"] for row in found.values()} == {"BrokenTree"}
    for name in lost:
        assert f"{name} ({rows[name]['id']})" in found[rows[name]["id"]]["message"]


# --- rows of another region


def test_a_row_of_another_region_is_unread(sim: Simulator, tmp_path: Any) -> None:
    furnish(sim, volumes=[volumes(2, key="key-a"), volumes(1, name="far", region=PHX, key="key-phx")])
    rows = answered("ListVolumes", lambda: look_in_prod(sim))
    answers(sim, "ListVolumes", [*rows, {**rows[0], "id": sim.id("far-1"), "displayName": "far"}], region=IAD)

    ran = look_in_prod(sim)

    assert [row["region"] for row in ran.resources] == [IAD, IAD]
    assert not ran.result["complete"]
    (place,) = ran.result["unreadable"]
    assert f"{sim.id('far-1')} has the id" in place["message"]
    assert f"of region {PHX}, not of {IAD}" in place["message"]

    files = {"new_discovery_file": str(tmp_path / "b.json"), "plan_file": str(tmp_path / "p.json")}
    given = {"resource_types": ["volume"], "regions": [IAD], "compartment_ids": [sim.id("prod")]}
    planned = run(key_assignment_plan.main, sim, **files, **given, kms_key_ids={IAD: sim.id("key-b")})
    assert sim.id("far-1") not in json.dumps(planned.result.get("batches", []))


# --- rows that lack what others have, and rows that contradict each other


def test_a_row_without_the_key_that_others_have_is_read_by_itself(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(30, key="key-a")])
    rows = answered("ListVolumes", lambda: look_in_prod(sim))
    del rows[17]["kmsKeyId"]
    answers(sim, "ListVolumes", rows)

    ran = look_in_prod(sim)

    assert (ran.result["summary"]["customer"], ran.result["summary"]["oracle"]) == (30, 0)
    assert ran.result["complete"]


def test_a_row_without_a_key_is_none_that_was_removed(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(20, key="key-a")])
    ids = [sim.id(f"volume-{number}") for number in range(1, 21)]
    ask = {"volume_ids": ids, "state": "absent"}
    rows = answered("ListVolumes", lambda: run(volume_kms_key.main, sim, check=True, **ask))
    del rows[10]["kmsKeyId"]
    answers(sim, "ListVolumes", rows)

    ran = run(volume_kms_key.main, sim, **ask)

    assert sum(sim.resource(each)["kmsKeyId"] is None for each in ids) == 20, ran.msg


@pytest.mark.parametrize("first", [True, False])
def test_of_two_rows_about_one_volume_neither_is_believed(sim: Simulator, first: bool) -> None:
    furnish(sim, volumes=[volumes(30, key="key-a")])
    rows = answered("ListVolumes", lambda: look_in_prod(sim))
    twin = {**rows[17], "kmsKeyId": sim.id("key-b"), "displayName": "twin"}
    answers(sim, "ListVolumes", [twin, *rows] if first else [*rows, twin])

    ran = look_in_prod(sim)

    assert {row["kms_key_id"] for row in ran.resources} == {sim.id("key-a")}
    assert (len(ran.resources), ran.result["complete"]) == (30, True)
    assert ran.calls["GetVolume"] <= 4


def test_of_two_rows_about_one_volume_neither_says_that_it_is_done(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(20, key="key-a")])
    ids = [sim.id(f"volume-{number}") for number in range(1, 21)]
    ask = {"volume_ids": ids, "kms_key_id": sim.id("key-b")}
    rows = answered("ListVolumes", lambda: run(volume_kms_key.main, sim, check=True, **ask))
    answers(sim, "ListVolumes", [*rows, {**rows[10], "kmsKeyId": sim.id("key-b")}])

    ran = run(volume_kms_key.main, sim, **ask)

    assert sum(sim.resource(each)["kmsKeyId"] == sim.id("key-b") for each in ids) == 20, ran.msg


@pytest.mark.parametrize("field", ["null", "absent", "empty"])
def test_what_is_absent_from_a_get_too_is_none(sim: Simulator, field: str) -> None:
    furnish(sim, {"oracle_managed_field": field}, volumes=[volumes(5, key="key-a"), volumes(5, name="plain")])

    ran = look(sim, resource_types=["volume"])

    assert (ran.result["summary"]["customer"], ran.result["summary"]["oracle"]) == (5, 5)
    assert ran.result["complete"]
