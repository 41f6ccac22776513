# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of backups: fours for each kind under each switch, what counts as a copy, and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest
from integration.support.clock import UnhurriedClock
from integration.support.copy_helpers import (
    IAD,
    KINDS,
    PHX,
    Kind,
    backups,
    copies_of,
    copy,
    existing,
    fleet,
    group_fleet,
    keys_of,
)
from integration.support.harness import run

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_copy
from simulator.client import Simulator

REGIONS_READ = {"ListRegionSubscriptions": 1}
VETTING = {"SearchResources": 1, "GetVault": 1, "GetKey": 1, "ListKeyVersions": 1}
LEAVING = {"SearchResources": 1, "GetKey": 1}


SWITCHES: list[dict[str, Any]] = [
    {},
    {"copy_visible": "late"},
    {"copy_settle": 0.4},
    {"oracle_managed_field": "absent"},
    {"oracle_managed_field": "empty"},
    {"list_kms_key_id_of_backups": "absent"},
    {"backup_update_clears_retention": "off"},
    {"unusable_key_code": "400"},
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
@pytest.mark.parametrize("key", ["key-phx", None])
@pytest.mark.parametrize(
    "switches",
    SWITCHES,
    ids=lambda switches: "-".join(f"{name}={value}" for name, value in switches.items()) or "default",
)
def test_check_run_run_again_check_again(sim: Simulator, kind: Kind, key: str | None, switches: dict[str, Any]) -> None:
    kind.furnish(sim, **switches)
    looked_up = REGIONS_READ | (VETTING if key else {})
    looked = {kind.get: 1, kind.list: 1}

    checked = copy(sim, "backup-1", key=key, check=True)
    assert checked.calls == {**looked, **looked_up}
    assert not copies_of(sim, "backup-1", kind)
    ran = copy(sim, "backup-1", key=key)
    # Right before the copy both are looked at once more; the rest of the reads are looks at the copy and its members.
    looks = {name: ran.calls[name] for name in (kind.get, "GetVolumeBackup" if kind.is_group else kind.get)}
    assert looks[kind.get] >= 3
    assert ran.calls == {**looked_up, **looks, kind.list: 2, kind.copy: 1}
    (made,) = copies_of(sim, "backup-1", kind)
    again = copy(sim, "backup-1", key=key)
    checked_again = copy(sim, "backup-1", key=key, check=True)
    # What a list shows without a key, or on another one, is read by itself, and of groups each member.
    doubtful = {"GetVolumeBackup": 2} if kind.is_group else {}
    if not kind.is_group and (key is None or "list_kms_key_id_of_backups" in switches):
        doubtful = {kind.get: 2}
    assert again.calls == checked_again.calls == {**looked, **looked_up, **doubtful}

    assert [step.changed for step in (checked, ran, again, checked_again)] == [True, True, False, False]
    assert not any(step.failed for step in (checked, ran, again, checked_again))
    assert (made["region"], made["lifecycleState"]) == (PHX, "AVAILABLE")
    assert keys_of(sim, "backup-1", kind) == {key and sim.id(key)}
    for step in (ran, again):
        assert step.only["copy_id"] == made["id"]
        assert step.only["lifecycle_state"] == "AVAILABLE"
        assert step.only["settled"]
    for step in (checked, ran):
        assert (step.only["action"], step.only["previous_encryption"]) == ("copy", None)
    assert checked.only["copy_id"] is None
    for step in (checked, ran, again):
        assert (step.only["encryption"], step.only["kms_key_id"]) == (
            ("customer", sim.id(key)) if key else ("oracle", None)
        )
        assert (step.only["region"], step.only["destination_region"]) == (IAD, PHX)


def test_a_copy_on_another_key_gets_the_key_and_is_not_made_again(sim: Simulator) -> None:
    fleet(sim, backups(key="key-a"), existing(key="key-phx", is_prevent_deletion_enabled=True))
    checked = copy(sim, "backup-1", key="key-everywhere", check=True)
    ran = copy(sim, "backup-1", key="key-everywhere")
    again = copy(sim, "backup-1", key="key-everywhere")
    assert (checked.writes, ran.writes, again.writes) == ({}, {"UpdateVolumeBackup": 1}, {})
    (made,) = copies_of(sim, "backup-1")
    assert (made["kmsKeyId"], made["isPreventDeletionEnabled"]) == (sim.id("key-everywhere"), True)
    assert [step.only["action"] for step in (checked, ran, again)] == ["assign", "assign", "none"]
    assert ran.only["previous_kms_key_id"] == sim.id("key-phx")
    assert ran.only["copy_id"] == made["id"]


def test_without_a_key_a_copy_that_is_there_is_left_as_it_is(sim: Simulator) -> None:
    fleet(sim, backups(), existing(key="key-phx"))
    ran = copy(sim, "backup-1", key=None)
    assert (ran.changed, ran.writes) == (False, {})
    assert ran.only["kms_key_id"] == sim.id("key-phx")


@pytest.mark.parametrize("state", ["FAULTY", "TERMINATING", "TERMINATED"])
def test_a_copy_that_is_not_live_does_not_count(sim: Simulator, state: str) -> None:
    fleet(sim, backups(), existing(key="key-phx", state=state))
    ran = copy(sim, "backup-1")
    assert (ran.failed, ran.writes) == (False, {"CopyVolumeBackup": 1})
    assert ran.only["copy_id"] != sim.id("copy")


def test_a_copy_that_is_still_being_made_is_waited_for(sim: Simulator) -> None:
    fleet(sim, backups(), switches={"copy_settle": 3600})
    begun = copy(sim, "backup-1", wait=False)
    assert (begun.only["settled"], begun.only["lifecycle_state"]) == (False, "CREATING")
    clock = UnhurriedClock().after(0.3, lambda: sim.change(begun.only["copy_id"], state="AVAILABLE"))
    ran = copy(sim, "backup-1", clock=clock)
    assert (ran.changed, ran.failed, ran.writes) == (False, False, {})
    assert (ran.only["lifecycle_state"], ran.only["settled"]) == ("AVAILABLE", True)
    assert len(copies_of(sim, "backup-1")) == 1


def test_a_copy_is_looked_for_where_the_user_says_and_nowhere_else(sim: Simulator) -> None:
    fleet(sim, backups(), existing(key="key-phx", compartment="security"))
    there = copy(sim, "backup-1", copy_compartment_ids=["", sim.id("security")])
    assert (there.changed, there.only["copy_id"]) == (False, sim.id("copy"))
    assert there.calls["ListVolumeBackups"] == 2
    elsewhere = copy(sim, "backup-1")
    assert elsewhere.writes == {"CopyVolumeBackup": 1}


def test_never_more_than_ten_are_under_way(sim: Simulator) -> None:
    fleet(sim, backups(24), switches={"copy_settle": 0.2})
    names = [f"backup-{number}" for number in range(1, 25)]
    ran = copy(sim, *names)
    assert (ran.failed, ran.result["summary"]["changed"]) == (False, 24)
    # One more at a time would have been refused.
    assert ran.writes == {"CopyVolumeBackup": 24}
    assert len(sim.resources("volume_backup")) == 48
    again = copy(sim, *names)
    assert (again.changed, again.writes) == (False, {})
    assert again.calls["ListVolumeBackups"] <= 2


def test_who_does_not_wait_for_the_end_waits_for_a_place(sim: Simulator) -> None:
    fleet(sim, backups(12), switches={"copy_settle": 0.2})
    ran = copy(sim, *(f"backup-{number}" for number in range(1, 13)), wait=False)
    assert (ran.failed, ran.writes) == (False, {"CopyVolumeBackup": 12})


@pytest.mark.parametrize(("status", "code"), [(429, "TooManyRequests"), (400, "LimitExceeded")])
def test_copies_of_others_are_made_way_for(sim: Simulator, status: int, code: str) -> None:
    fleet(sim, backups())
    sim.fault("status", operation="CopyVolumeBackup", times=2, status=status, code=code, message="Ten already.")
    ran = copy(sim, "backup-1")
    assert (ran.failed, ran.writes) == (False, {"CopyVolumeBackup": 3}), ran.msg
    assert len(copies_of(sim, "backup-1")) == 1


def test_a_copy_that_ends_faulty_fails_and_is_told(sim: Simulator) -> None:
    fleet(sim, backups(), switches={"copy_outcome": "faulty"})
    ran = copy(sim, "backup-1")
    (made,) = copies_of(sim, "backup-1")
    assert (ran.failed, ran.changed) == (True, True)
    assert (ran.only["error"]["code"], ran.only["copy_id"]) == ("FAULTY", made["id"])


@pytest.mark.parametrize("kind", ["drop_after", "garbage", "truncated", "drop_before", "error_500"])
@pytest.mark.parametrize("visible", ["at_once", "late"])
def test_a_lost_answer_makes_no_second_copy(sim: Simulator, kind: str, visible: str) -> None:
    fleet(sim, backups(), switches={"copy_visible": visible, "copy_settle": 1.2})
    sim.fault(kind, operation="CopyVolumeBackup")
    ran = copy(sim, "backup-1")
    assert (ran.failed, ran.changed) == (False, True), ran.msg
    (made,) = copies_of(sim, "backup-1")
    assert (ran.only["copy_id"], made["kmsKeyId"]) == (made["id"], sim.id("key-phx"))


def test_all_tries_of_a_copy_have_one_token(sim: Simulator) -> None:
    fleet(sim, backups())
    sim.fault("throttle", operation="CopyVolumeBackup", times=2)
    assert not copy(sim, "backup-1").failed
    tokens = [call.headers["opc-retry-token"] for call in sim.calls("CopyVolumeBackup")]
    assert len(tokens) == 3
    assert len(set(tokens)) == 1


def test_the_copy_is_waited_for_in_its_own_region(sim: Simulator) -> None:
    fleet(sim, backups(), switches={"copy_settle": 0.3})
    copy(sim, "backup-1")
    copy_id = copies_of(sim, "backup-1")[0]["id"]
    looks = [call for call in sim.calls() if call.path.endswith(copy_id)]
    assert {call.region for call in looks} == {PHX}
    assert {call.status for call in looks} == {200}


def test_where_copies_may_not_be_seen_none_is_made(sim: Simulator) -> None:
    fleet(sim, backups())
    sim.fault(
        "status",
        operation="ListVolumeBackups",
        region=PHX,
        times=None,
        status=404,
        code="NotAuthorizedOrNotFound",
        message="No.",
    )
    ran = copy(sim, "backup-1")
    assert (ran.failed, ran.writes) == (True, {})
    assert "It is unknown whether a copy exists in" in ran.only["error"]["message"]
    assert "manage volume-backups" in ran.only["error"]["hint"]


def test_a_group_is_copied_as_one_and_its_members_get_the_key(sim: Simulator) -> None:
    group_fleet(sim)
    checked = copy(sim, "backup-1", check=True)
    ran = copy(sim, "backup-1")
    again = copy(sim, "backup-1")
    assert [step.changed for step in (checked, ran, again)] == [True, True, False]
    assert (checked.writes, ran.writes, again.writes) == ({}, {"CopyVolumeGroupBackup": 1}, {})
    assert (ran.only["type"], ran.only["kms_key_id"]) == ("volume_group_backup", sim.id("key-phx"))
    copies = copies_of(sim, "member-1") + copies_of(sim, "member-2")
    assert [made["kmsKeyId"] for made in copies] == [sim.id("key-phx")] * 2

    moved = copy(sim, "backup-1", key="key-everywhere")
    settled = copy(sim, "backup-1", key="key-everywhere")
    assert (moved.failed, moved.writes, settled.writes) == (False, {"UpdateVolumeBackup": 2}, {})
    copies = copies_of(sim, "member-1") + copies_of(sim, "member-2")
    assert [made["kmsKeyId"] for made in copies] == [sim.id("key-everywhere")] * 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"destination_region": ""}, "'destination_region' is empty"),
        ({"destination_region": "us-fenix-1"}, "not a known region"),
        ({"destination_region": "iad"}, "another region"),
        ({"destination_region": "us-gov-ashburn-1"}, "realm"),
        ({"destination_region": "uk-london-1"}, "not subscribed to"),
        ({"destination_region": "eu-frankfurt-1"}, "IN_PROGRESS"),
        ({"copy_compartment_ids": ["ocid1.key.oc1.iad.v.u"]}, "a compartment"),
        ({"display_name": "x" * 256}, "256 characters"),
        ({"kms_key_id": "ocid1.vault.oc1.phx.v.u"}, "a key is expected"),
        ({"kms_key_id": "ocid1.key.oc1.phx.v.u"}, "can't be used"),
    ],
)
def test_what_cant_be_meant_is_refused_before_anything_is_written(
    sim: Simulator, options: dict[str, Any], words: str
) -> None:
    fleet(sim, backups(), regions=[IAD, PHX, {"name": "eu-frankfurt-1", "status": "IN_PROGRESS"}])
    given = {"backup_ids": [sim.id("backup-1")], "destination_region": PHX, **options}
    ran = run(backup_copy.main, sim, **given)
    assert (ran.failed, ran.writes) == (True, {})
    assert words in ran.msg


def test_a_key_of_the_sources_region_is_refused_for_the_destination(sim: Simulator) -> None:
    fleet(sim, backups())
    ran = copy(sim, "backup-1", key="key-a")
    assert (ran.failed, ran.writes) == (True, {})
    assert f"In {PHX}" in ran.msg


def test_no_backups_are_nothing_to_do(sim: Simulator) -> None:
    fleet(sim)
    ran = run(backup_copy.main, sim, backup_ids=[""], destination_region=PHX)
    assert (ran.changed, ran.failed, ran.calls) == (False, False, {})


def test_a_copy_under_retention_lock_is_left_alone_unless_it_is_meant(sim: Simulator) -> None:
    locked = {"retention_period": {"unit": "DAYS", "amount": 30}, "is_retention_lock_enabled": True}
    fleet(sim, backups(), existing(key="key-phx", **locked), switches={"locked_backup_update": "accepted"})
    spared = copy(sim, "backup-1", key="key-everywhere")
    assert (spared.changed, spared.writes) == (False, {})
    assert "retention lock" in spared.only["left_alone"]
    meant = copy(sim, "backup-1", key="key-everywhere", include_locked=True)
    assert meant.writes == {"UpdateVolumeBackup": 1}
    assert sim.resource(sim.id("copy"))["isRetentionLockEnabled"] is True
