# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Well-formed answers that are wrong: they are believed by nobody, and harm only what they are about."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from integration.support import copy_helpers
from integration.support.assignment_info import look
from integration.support.change_modules import CHANGERS, COPIERS, Changer, fleet
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.errors import INTERNAL_ERROR
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_policy_crossregion_key,
    kms_key_info,
    volume_kms_key,
)
from simulator.client import Simulator

IAD, PHX = "us-ashburn-1", "us-phoenix-1"
GETS = {
    "volume-1": "GetVolume",
    "boot-1": "GetBootVolume",
    "backup-1": "GetVolumeBackup",
    "boot-backup-1": "GetBootVolumeBackup",
    "group": "GetVolumeGroup",
    "group-backup": "GetVolumeGroupBackup",
    "replicated-1": "GetVolume",
    "replicated-boot-1": "GetBootVolume",
    "replicated-group": "GetVolumeGroup",
    "node-pool": "GetNodePool",
    "instance-pool": "GetInstancePool",
}
each_changer = pytest.mark.parametrize("changer", CHANGERS, ids=lambda each: f"{each.name} {each.resource}")
each_copier = pytest.mark.parametrize("changer", COPIERS, ids=lambda each: each.resource)


def _is_honest(ran: Ran) -> None:
    assert "Traceback" not in ran.printed
    assert INTERNAL_ERROR not in ran.printed
    assert "InternalError" not in ran.printed


# --- answers about another resource


@each_changer
def test_nothing_is_written_where_another_resource_came_instead(sim: Simulator, changer: Changer) -> None:
    fleet(sim)
    sim.fault("other_record", GETS[changer.resource], times=None)

    ran = changer.assign(sim)

    _is_honest(ran)
    assert ran.failed
    assert ran.writes == {}
    assert ran.only["id"] == sim.id(changer.resource)
    assert ran.only["error"]["code"] == "NoAnswer"
    assert f"but {sim.id(changer.resource)} was asked for" in ran.only["error"]["message"]
    assert changer.key_in_place(sim) == sim.id(changer.old)


@each_copier
def test_no_copy_is_made_where_another_backup_came_instead(sim: Simulator, changer: Changer) -> None:
    fleet(sim)
    sim.fault("other_record", GETS[changer.resource], times=None)

    ran = changer.assign(sim)

    _is_honest(ran)
    assert (ran.failed, ran.writes, ran.only["error"]["code"]) == (True, {}, "NoAnswer")


@each_changer
def test_a_write_that_is_answered_about_another_resource_is_read_again(sim: Simulator, changer: Changer) -> None:
    fleet(sim)
    sim.fault("other_record", changer.put, times=1)

    ran = changer.assign(sim)

    _is_honest(ran)
    assert not ran.failed, ran.msg
    assert (ran.only["id"], ran.only["changed"]) == (sim.id(changer.resource), True)
    assert changer.key_in_place(sim) == sim.id(changer.new)
    assert sim.needless_puts == 0


# What an answer to a write says that is not what was asked for: its field, and the name of what it names instead.
ABOUT_ELSE: dict[str, tuple[tuple[str, str | None], ...]] = {
    "UpdateVolumeKmsKey": (("kmsKeyId", "key-a"), ("kmsKeyId", "vault-iad"), ("kmsKeyId", None)),
    "UpdateBootVolumeKmsKey": (("kmsKeyId", "key-rsa"), ("kmsKeyId", "boot-1"), ("kmsKeyId", None)),
    "UpdateVolumeBackup": (("id", "member-backup"), ("id", "volume-1"), ("id", None)),
    "UpdateBootVolumeBackup": (("id", "backup-1"), ("id", "boot-1"), ("id", None)),
    "UpdateVolume": (("id", "volume-1"), ("id", "replicated-boot-1"), ("id", None)),
    "UpdateBootVolume": (("id", "boot-1"), ("id", "replicated-1"), ("id", None)),
    "UpdateNodePool": (),  # has no body
    "UpdateInstancePool": (("id", "other-instance-pool"), ("id", "volume-1"), ("id", None)),
    "UpdateVolumeGroup": (("id", "group"), ("id", "replicated-1"), ("id", None)),
    "CreateVolumeBackupPolicyAssignment": (("assetId", "member-1"), ("policyId", "to-phx-daily"), ("id", "key-a")),
}
WRITES = [
    pytest.param(changer, field, other, id=f"{changer.put} of {changer.resource}: {field} {other}")
    for changer in CHANGERS
    for field, other in ABOUT_ELSE[changer.put]
]


def _answer_about_else(sim: Simulator, changer: Changer, field: str, other: str | None) -> None:
    sim.fault("odd_value", changer.put, times=1, field=field, value=None if other is None else sim.id(other))


def _reading(changer: Changer) -> str:
    is_policy = changer.put == "CreateVolumeBackupPolicyAssignment"
    return "GetVolumeBackupPolicyAssetAssignment" if is_policy else GETS[changer.resource]


@pytest.mark.parametrize(("changer", "field", "other"), WRITES)
def test_an_answer_to_a_write_about_something_else_is_not_believed_but_looked_into(
    sim: Simulator, changer: Changer, field: str, other: str | None
) -> None:
    """The request was sent once and is not repeated, since the next reading shows what it did."""
    fleet(sim)
    _answer_about_else(sim, changer, field, other)

    ran = changer.assign(sim)

    _is_honest(ran)
    assert not ran.failed, ran.msg
    assert (ran.only["id"], ran.only["changed"], ran.writes) == (sim.id(changer.resource), True, changer.writes)
    assert changer.key_in_place(sim) == sim.id(changer.new)
    operations = [call.operation for call in sim.calls()]
    assert _reading(changer) in operations[operations.index(changer.put) :]


@pytest.mark.parametrize(("changer", "field", "other"), WRITES)
def test_where_nobody_can_look_into_it_the_outcome_is_unknown(
    sim: Simulator, changer: Changer, field: str, other: str | None
) -> None:
    fleet(sim)
    changer.assign(sim)
    operations = [call.operation for call in sim.calls()]
    before = operations[: operations.index(changer.put)].count(_reading(changer))
    fleet(sim)
    _answer_about_else(sim, changer, field, other)
    refusal = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "So it is."}
    sim.fault("status", _reading(changer), times=None, after=before, **refusal)

    ran = changer.assign(sim)

    _is_honest(ran)
    assert (ran.failed, ran.writes) == (True, changer.writes)
    assert (ran.only["error"]["code"], ran.only["changed"], ran.only["settled"]) == ("OutcomeUnknown", True, False)


@each_copier
def test_a_copy_that_is_answered_about_another_backup_is_made_once_and_told(sim: Simulator, changer: Changer) -> None:
    fleet(sim)
    sim.fault("other_record", changer.put, times=1)

    ran = changer.assign(sim)

    _is_honest(ran)
    assert not ran.failed, ran.msg
    kind = next(each for each in copy_helpers.KINDS if each.copy == changer.put)
    (made,) = copy_helpers.copies_of(sim, changer.resource, kind)
    assert ran.only["copy_id"] == made["id"]


def test_no_outcome_is_lost_where_one_of_several_copies_is_answered_wrongly(sim: Simulator) -> None:
    copy_helpers.fleet(sim, copy_helpers.backups(4))
    sim.fault("other_record", "GetVolumeBackup", times=None, resource=sim.id("backup-2"))
    sim.fault("other_record", "CopyVolumeBackup", times=1, resource=sim.id("backup-3"))

    ran = copy_helpers.copy(sim, "backup-1", "backup-2", "backup-3", "backup-4")

    _is_honest(ran)
    assert [row["id"] for row in ran.resources] == [sim.id(f"backup-{number}") for number in (1, 2, 3, 4)]
    assert [row["changed"] for row in ran.resources] == [True, False, True, True]


@pytest.mark.parametrize("key", ["key-disabled", "key-rsa", "key-b"])
def test_a_key_is_not_vetted_by_the_record_of_another(sim: Simulator, key: str) -> None:
    furnish(sim, volumes=[volumes(1)])
    sim.fault("other_record", "GetKey", times=None, other=sim.id("key-a"))

    ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-1")], kms_key_id=sim.id(key))
    looked_up = run(kms_key_info.main, sim, kms_key_ids=[sim.id(key)], regions=[IAD])

    assert (ran.failed, ran.writes) == (True, {})
    assert f"is about {sim.id('key-a')}, but {sim.id(key)} was asked for" in ran.msg
    (row,) = looked_up.result["keys"]
    assert not row["usable"]


def test_an_assignment_of_another_asset_is_neither_shown_nor_replaced(sim: Simulator) -> None:
    fleet(sim)
    sim.fault("other_record", "GetVolumeBackupPolicyAssetAssignment", times=None, other=sim.id("boot-1"))

    ran = CHANGERS[4].assign(sim)
    found = look(sim, resource_types=["policy_assignment"], regions=[IAD])

    assert (ran.failed, ran.writes, ran.only["error"]["code"]) == (True, {}, "NoAnswer")
    assert [row["asset_id"] for row in found.resources] == [sim.id("boot-1")]
    assert not found.result["complete"]


# --- rows of lists


SPOILT: dict[str, dict[str, Any]] = {
    "only an id and a compartment": {"kind": "bare_record"},
    "false for a key": {"kind": "odd_value", "value": False},
    "0 for a key": {"kind": "odd_value", "value": 0},
    "NaN for a key": {"kind": "odd_value", "value": float("nan")},
    "a list for a key": {"kind": "odd_value", "value": []},
    "a word for a key": {"kind": "odd_value", "value": "none"},
    "NaN in a tag": {"kind": "odd_value", "field": "definedTags.finance.rate", "value": float("nan")},
    "a member twice": {"kind": "repeated_member", "field": "kmsKeyId"},
    "a text for a time": {"kind": "odd_value", "field": "timeCreated", "value": "yesterday"},
}
LISTS = {"ListVolumes": "volume", "ListBootVolumes": "boot_volume", "ListVolumeBackups": "volume_backup"}


@pytest.mark.parametrize("name", SPOILT)
@pytest.mark.parametrize("operation", LISTS)
def test_a_row_that_can_not_be_read_is_named_and_the_others_count(sim: Simulator, operation: str, name: str) -> None:
    furnish(
        sim,
        volumes=[volumes(3, key="key-a")],
        boot_volumes=[volumes(3, name="boot", key="key-a")],
        volume_backups=[copy_helpers.backups(3, key="key-a")],
    )
    type_name = LISTS[operation]
    spoilt = sim.resources(type_name)[0]["id"]
    details = dict(SPOILT[name])
    sim.fault(details.pop("kind"), operation, times=None, row=spoilt, **details)

    ran = look(sim, resource_types=[type_name], regions=[IAD])

    assert {row["id"] for row in ran.resources} == {row["id"] for row in sim.resources(type_name)} - {spoilt}
    assert {row["kms_key_id"] for row in ran.resources} == {sim.id("key-a")}
    assert not ran.result["complete"]
    (place,) = ran.result["unreadable"]
    assert (place["region"], place["resource_type"], place["code"]) == (IAD, type_name, "UnreadableRow")
    assert spoilt in place["message"]
    _is_honest(ran)


@pytest.mark.parametrize("of", ["compartment", "type", "realm"])
@pytest.mark.parametrize("operation", LISTS)
def test_a_row_that_was_not_asked_for_is_named_and_not_taken_in(sim: Simulator, operation: str, of: str) -> None:
    furnish(sim, volumes=[volumes(2)], boot_volumes=[volumes(2, name="boot")], volume_backups=[copy_helpers.backups(2)])
    type_name = LISTS[operation]
    sim.fault("foreign_row", operation, times=None, of=of)

    ran = look(sim, resource_types=[type_name], regions=[IAD])

    assert {row["id"] for row in ran.resources} == {row["id"] for row in sim.resources(type_name)}
    assert not ran.result["complete"]
    assert "foreign2" in json.dumps(ran.result["unreadable"])
    _is_honest(ran)


def test_a_row_that_can_not_be_read_is_read_by_itself_where_it_is_to_be_changed(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(20)])
    sim.fault("bare_record", "ListVolumes", times=None, row=sim.id("volume-7"))
    ids = [sim.id(f"volume-{number}") for number in range(1, 21)]

    ran = run(volume_kms_key.main, sim, volume_ids=ids, kms_key_id=sim.id("key-a"))

    assert not ran.failed, ran.msg
    assert all(row["changed"] for row in ran.resources)


def test_no_copy_is_made_where_a_backup_there_can_not_be_read(sim: Simulator) -> None:
    """It may be the copy, and there must not be two."""
    copy_helpers.fleet(sim, copy_helpers.backups(1), copy_helpers.existing())
    sim.fault("bare_record", "ListVolumeBackups", times=None, row=sim.id("copy"))

    ran = copy_helpers.copy(sim, "backup-1")

    assert (ran.failed, ran.writes) == (True, {})
    assert "It is unknown whether a copy exists" in ran.only["error"]["message"]
    assert sim.id("copy") in ran.only["error"]["message"]


@pytest.mark.parametrize("kind", ["bare_record", "repeated_member", "foreign_row"])
def test_compartments_that_can_not_be_read_leave_the_list_incomplete(sim: Simulator, kind: str) -> None:
    furnish(sim, volumes=[volumes(2)])
    details = {"of": "realm"} if kind == "foreign_row" else {"row": sim.id("security")}
    sim.fault(kind, "ListCompartments", times=None, **details)

    ran = look(sim, regions=[IAD])

    assert len(ran.resources) == 2
    assert not ran.result["complete"]
    assert "compartment" in json.dumps(ran.result["unreadable"])
    _is_honest(ran)


# --- pages without end


@pytest.mark.parametrize("kind", ["repeating_token", "endless_pages"])
def test_a_list_of_resources_without_end_is_incomplete(sim: Simulator, kind: str) -> None:
    furnish(sim, volumes=[volumes(3)], boot_volumes=[volumes(2, name="boot")])
    sim.fault(kind, "ListVolumes", times=None)

    ran = look(sim, resource_types=["volume", "boot_volume"], regions=[IAD], compartment_ids=[sim.id("prod")])

    assert {row["type"] for row in ran.resources} == {"boot_volume"}
    assert not ran.result["complete"]
    (place,) = ran.result["unreadable"]
    assert "the list does not end" in place["message"]


@pytest.mark.parametrize("kind", ["repeating_token", "endless_pages"])
def test_a_list_of_compartments_without_end_ends(sim: Simulator, kind: str) -> None:
    furnish(sim, volumes=[volumes(3)])
    sim.fault(kind, "ListCompartments", times=None)

    ran = look(sim, regions=[IAD])

    assert not ran.result["complete"]
    assert "the list does not end" in json.dumps(ran.result["unreadable"])


@pytest.mark.parametrize("kind", ["repeating_token", "endless_pages"])
def test_a_list_of_key_versions_without_end_ends(sim: Simulator, kind: str) -> None:
    furnish(sim)
    sim.fault(kind, "ListKeyVersions", times=None)

    ran = run(kms_key_info.main, sim, kms_key_ids=[sim.id("key-a")], regions=[IAD])

    (row,) = ran.result["keys"]
    assert "versions could not be counted" in json.dumps(row["warnings"])
    assert "the list does not end" in json.dumps(row["warnings"])


# --- a region that nobody knows


def test_a_policy_that_copies_nowhere_fails_its_asset_only(sim: Simulator) -> None:
    region = {"region": IAD, "compartment": "prod"}
    furnish(
        sim,
        volumes=[volumes(3)],
        volume_backup_policies=[
            {"name": name, **region, "destination_region": PHX} for name in ("one", "two", "three")
        ],
        policy_assignments=[
            {"asset": f"volume-{number}", "policy": policy}
            for number, policy in enumerate(("one", "two", "three"), start=1)
        ],
    )
    sim.fault("unknown_region", "GetVolumeBackupPolicy", times=None, resource=sim.id("two"))
    ids = [sim.id(f"volume-{number}") for number in (1, 2, 3)]

    ran = run(backup_policy_crossregion_key.main, sim, asset_ids=ids, kms_key_id=sim.id("key-phx"))

    _is_honest(ran)
    assert [row["changed"] for row in ran.resources] == [True, False, True]
    assert [(row["error"] or {}).get("code") for row in ran.resources] == [None, "UnknownRegion", None]
    assert "'xx-nowhere-1', which is not a known region" in ran.resources[1]["error"]["message"]


def test_a_key_in_use_where_nobody_knows_is_not_found_and_the_others_are(sim: Simulator, tmp_path: Path) -> None:
    fleet(sim)
    found_file = tmp_path / "found.json"
    sim.fault("unknown_region", "GetVolumeBackupPolicy", times=None)
    look(sim, resource_types=["volume", "policy_assignment"], regions=[IAD], result_file=str(found_file))

    ran = run(kms_key_info.main, sim, discovery_file=str(found_file))

    usable = {(row["id"], row["region"]): row["usable"] for row in ran.result["keys"]}
    assert usable == {(sim.id("key-a"), IAD): True, (sim.id("key-phx"), "xx-nowhere-1"): False}
