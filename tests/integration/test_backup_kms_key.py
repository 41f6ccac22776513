# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups: fours for both kinds under each switch, groups, retention, and what the service may ignore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volume_group_backups import (
    VolumeGroupBackupKind,
)
from ansible_collections.oci_keys.block_volume.plugins.modules import backup_kms_key
from simulator.client import Simulator

VETTING = {"SearchResources": 1, "GetVault": 1, "GetKey": 1, "ListKeyVersions": 1}
LEAVING = {"SearchResources": 1, "GetVault": 1, "GetKey": 1}
YEAR = {"unit": "YEARS", "amount": 1}
RETENTION = {
    "retention_period": {"unit": "DAYS", "amount": 30},
    "is_prevent_deletion_enabled": True,
}


@dataclass(frozen=True)
class Kind:
    section: str
    source: str
    type: str
    get: str
    put: str


KINDS = [
    Kind("volume_backups", "volumes", "volume_backup", "GetVolumeBackup", "UpdateVolumeBackup"),
    Kind("boot_volume_backups", "boot_volumes", "boot_volume_backup", "GetBootVolumeBackup", "UpdateBootVolumeBackup"),
]
VOLUME_BACKUP = KINDS[0]

WAYS: list[tuple[str | None, str | None, str, dict[str, int]]] = [
    (None, "key-a", "assign", VETTING),
    ("key-a", "key-b", "assign", VETTING | {"SearchResources": 2, "GetKey": 2}),
    ("key-a", None, "remove", LEAVING),
    (None, None, "none", {}),
    ("key-a", "key-a", "none", VETTING),
]

# The switches of the simulator, and the actions that they can make a difference to.
SWITCHES: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"assign", "remove", "none"}),
    ({"oracle_managed_field": "absent"}, {"assign", "remove", "none"}),
    ({"oracle_managed_field": "empty"}, {"assign", "remove", "none"}),
    ({"backup_update_clears_retention": "off"}, {"assign", "remove"}),
    ({"backup_update_outside_available": "accepted"}, {"assign", "remove"}),
    ({"list_kms_key_id_of_backups": "absent"}, {"assign", "remove", "none"}),
    ({"unusable_key_code": "400"}, {"assign", "remove"}),
    ({"old_key_unusable": "accept"}, {"assign", "remove"}),
]
CASES = [
    pytest.param(way, switches, id="-".join([f"{way[0]}-to-{way[1]}", *map("=".join, switches.items())]))
    for way in WAYS
    for switches, actions in SWITCHES
    if way[2] in actions
]


def backups(count: int = 1, **fields: Any) -> dict[str, Any]:
    row = volumes(count, **{"name": "backup", "of": "source-1", **fields})
    return {name: value for name, value in row.items() if name != "availability_domain"}


def fleet(sim: Simulator, *rows: dict[str, Any], kind: Kind = VOLUME_BACKUP, **more: Any) -> None:
    switches = more.pop("switches", None)
    furnish(sim, switches, **{kind.source: [volumes(name="source")], kind.section: list(rows), **more})


def _rekey(sim: Simulator, *names: str, key: str | None = "key-a", **options: Any) -> Ran:
    desired = {"kms_key_id": sim.id(key)} if key else {"state": "absent"}
    return run(backup_kms_key.main, sim, backup_ids=[sim.id(name) for name in names], **desired, **options)


def _retention(sim: Simulator, name: str) -> dict[str, Any]:
    truth = sim.resource(sim.id(name))
    fields = ("retentionPeriod", "isPreventDeletionEnabled", "isRetentionLockEnabled", "isIndefiniteRetentionEnabled")
    return {field: truth.get(field) for field in fields}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
@pytest.mark.parametrize(("way", "switches"), CASES)
def test_check_run_run_again_check_again(
    sim: Simulator,
    kind: Kind,
    way: tuple[str | None, str | None, str, dict[str, int]],
    switches: dict[str, Any],
) -> None:
    former, desired, action, looked_up = way
    fleet(sim, backups(key=former, **RETENTION), kind=kind, switches=switches)
    retention = _retention(sim, "backup-1")
    converged = VETTING if desired else {}

    checked = _rekey(sim, "backup-1", key=desired, check=True)
    assert checked.calls == {kind.get: 1, **looked_up}
    ran = _rekey(sim, "backup-1", key=desired)
    changes = action != "none"
    assert ran.calls == {kind.get: 3 if changes else 1, **looked_up, **({kind.put: 1} if changes else {})}
    again = _rekey(sim, "backup-1", key=desired)
    checked_again = _rekey(sim, "backup-1", key=desired, check=True)
    assert again.calls == checked_again.calls == {kind.get: 1, **converged}

    assert sim.resource(sim.id("backup-1"))["kmsKeyId"] == (sim.id(desired) if desired else None)
    assert _retention(sim, "backup-1") == retention
    assert sim.needless_puts == 0
    assert [step.changed for step in (checked, ran, again, checked_again)] == [changes, changes, False, False]
    assert not any(step.failed for step in (checked, ran, again, checked_again))
    for step in (checked, ran):
        assert step.only["type"] == kind.type
        assert step.only["action"] == action
        assert step.only["previous_kms_key_id"] == (sim.id(former) if former else None)
        assert step.only["kms_key_id"] == (sim.id(desired) if desired else None)
        assert step.result["diff"] == checked.result["diff"]


def test_the_update_carries_the_retention_and_an_empty_key_only_for_absent(sim: Simulator) -> None:
    fleet(sim, backups(key="key-a", **RETENTION))

    _rekey(sim, "backup-1", key=None)

    (call,) = sim.calls("UpdateVolumeBackup")
    assert call.request["kmsKeyId"] == ""
    assert call.request["isPreventDeletionEnabled"] is True
    assert call.request["retentionPeriod"] == {"retentionTimeUnit": "DAYS", "retentionTimeAmount": 30}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
@pytest.mark.parametrize("to", ["key-a", None])
def test_an_update_that_the_service_ignores_fails_with_both_keys(sim: Simulator, kind: Kind, to: str | None) -> None:
    fleet(sim, backups(key="key-b"), kind=kind, switches={"backup_update_ignored": "all"})

    ran = _rekey(sim, "backup-1", key=to)

    error = ran.only["error"]
    assert error["code"] == "ChangeIgnored"
    assert sim.id("key-b") in error["message"]
    assert (sim.id(to) if to else "the Oracle-managed key") in error["message"]
    assert not ran.only["changed"]
    assert ran.only["kms_key_id"] == sim.id("key-b")
    assert ran.writes == {kind.put: 1}


class TestLocked:
    ROWS = (
        backups(2, name="locked", is_retention_lock_enabled=True, retention_period={"unit": "YEARS", "amount": 7}),
        backups(name="held", is_indefinite_retention_enabled=True),
        backups(name="plain"),
    )
    NAMES = ("locked-1", "plain-1", "held-1", "locked-2")

    def test_they_are_left_alone(self, sim: Simulator) -> None:
        fleet(sim, *self.ROWS)

        checked = _rekey(sim, *self.NAMES, check=True)
        ran = _rekey(sim, *self.NAMES)

        assert not ran.failed
        assert ran.result["summary"] == checked.result["summary"]
        assert ran.result["summary"] == {"total": 4, "changed": 1, "unchanged": 3, "failed": 0}
        reasons = [entry["left_alone"] for entry in ran.resources]
        assert reasons == ["it is under retention lock", None, "it is under legal hold", "it is under retention lock"]
        assert len(ran.result["warnings"]) == 3
        assert ran.writes == {"UpdateVolumeBackup": 1}

    def test_they_are_changed_where_the_service_lets_them(self, sim: Simulator) -> None:
        fleet(sim, *self.ROWS, switches={"locked_backup_update": "accepted"})
        retentions = [_retention(sim, name) for name in self.NAMES]

        ran = _rekey(sim, *self.NAMES, include_locked=True)

        assert not ran.failed
        assert ran.result["summary"]["changed"] == 4
        assert [_retention(sim, name) for name in self.NAMES] == retentions

    def test_after_one_that_is_refused_no_further_one_is_tried(self, sim: Simulator) -> None:
        fleet(sim, *self.ROWS, switches={"locked_backup_update": "conflict"})

        ran = _rekey(sim, *self.NAMES, include_locked=True, wait_timeout=1)

        codes = {entry["display_name"]: entry["error"] and entry["error"]["code"] for entry in ran.resources}
        assert codes["plain-1"] is None
        assert codes["held-1"] == codes["locked-2"] == "NotTried"
        assert codes["locked-1"] not in (None, "NotTried")
        touched = {call.resource for call in sim.calls("UpdateVolumeBackup")}
        assert touched == {sim.id("plain-1"), sim.id("locked-1")}

    def test_one_that_is_left_alone_is_not_waited_for(self, sim: Simulator) -> None:
        fleet(sim, backups(name="locked", is_retention_lock_enabled=True, retention_period=YEAR, state="CREATING"))

        ran = _rekey(sim, "locked-1", wait_timeout=1)

        assert not ran.failed
        assert ran.only["left_alone"] == "it is under retention lock"


class TestGroups:
    def _fleet(self, sim: Simulator) -> None:
        furnish(
            sim,
            volumes=[volumes(2, name="source")],
            boot_volumes=[volumes(name="boot")],
            volume_groups=[
                {
                    "name": "group",
                    "region": "us-ashburn-1",
                    "compartment": "prod",
                    "volumes": ["source-1", "source-2", "boot-1"],
                }
            ],
            volume_group_backups=[{"name": "group-backup", "of": "group"}],
            volume_backups=[backups(2, group_backup="group-backup"), backups(name="single")],
            boot_volume_backups=[backups(name="boot-backup", of="boot-1", group_backup="group-backup")],
        )

    def test_its_members_stand_in_its_place(self, sim: Simulator) -> None:
        self._fleet(sim)

        ran = _rekey(sim, "single-1", "group-backup", "backup-2")

        assert not ran.failed
        names = [entry["display_name"] for entry in ran.resources]
        assert names[0] == "single-1"
        assert sorted(names[1:]) == ["backup-1", "backup-2", "boot-backup-1"]
        assert [entry["group_id"] for entry in ran.resources] == [None] + [sim.id("group-backup")] * 3
        assert ran.writes == {"UpdateVolumeBackup": 3, "UpdateBootVolumeBackup": 1}
        assert ran.calls["GetVolumeGroupBackup"] == 1
        assert not _rekey(sim, "group-backup").changed

    def test_one_that_cant_be_read_fails_alone(self, sim: Simulator) -> None:
        self._fleet(sim)
        gone = sim.id("group-backup")[:-8] + "aaaaaaaa"

        ran = run(backup_kms_key.main, sim, backup_ids=[gone, sim.id("single-1")], kms_key_id=sim.id("key-a"))

        assert ran.result["summary"] == {"total": 2, "changed": 1, "unchanged": 0, "failed": 1}
        assert ran.resources[0]["type"] == "volume_group_backup"
        assert "There is no volume group backup" in ran.resources[0]["error"]["message"]

    @pytest.mark.parametrize("member", ["ocid1.filesystembackup.oc1.iad.abcdefgh", "ocid1.volume.oc1.iad.abc", "what?"])
    def test_a_member_of_an_unknown_type_fails_alone(
        self, sim: Simulator, monkeypatch: pytest.MonkeyPatch, member: str
    ) -> None:
        self._fleet(sim)
        members = VolumeGroupBackupKind.members
        monkeypatch.setattr(VolumeGroupBackupKind, "members", lambda *given: [member, *members(*given)])

        ran = _rekey(sim, "group-backup")

        assert ran.result["summary"] == {"total": 4, "changed": 3, "unchanged": 0, "failed": 1}
        strange = ran.resources[0]
        assert (strange["id"], strange["group_id"]) == (member, sim.id("group-backup"))
        assert strange["encryption"] == "unknown"
        assert strange["error"]["code"] == "UnknownMember"
        assert member in ran.msg
        assert "Update the collection" in strange["error"]["hint"]

    def test_one_without_members_is_not_taken_for_done(self, sim: Simulator) -> None:
        furnish(sim, volume_group_backups=[{"name": "empty", "region": "us-ashburn-1", "compartment": "prod"}])

        ran = _rekey(sim, "empty")

        assert ran.only["error"]["code"] == "NoMembers"


def test_five_hundred_backups_of_one_compartment(sim: Simulator) -> None:
    fleet(sim, backups(500))
    task = {"backup_ids": [sim.id(f"backup-{n}") for n in range(1, 501)], "kms_key_id": sim.id("key-a")}

    ran = run(backup_kms_key.main, sim, result="summary", **task)
    again = run(backup_kms_key.main, sim, result="summary", **task)

    assert ran.result["summary"]["changed"] == 500
    assert sum(ran.calls.values()) <= 500 * 2.1
    assert sum(again.calls.values()) <= 30
    assert sim.needless_puts == 0


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "unavailable", "throttle", "refuse"])
def test_an_update_whose_answer_is_lost(sim: Simulator, fault: str) -> None:
    fleet(sim, backups(2, key="key-b"))
    sim.fault(fault, "UpdateVolumeBackup", times=1)

    ran = _rekey(sim, "backup-1", "backup-2")

    assert not ran.failed
    assert ran.result["summary"]["changed"] == 2
    assert sim.needless_puts == 0


@pytest.mark.parametrize("state", ["FAULTY", "TERMINATED"])
def test_a_state_that_takes_no_key(sim: Simulator, state: str) -> None:
    fleet(sim, backups(), backups(name="bad", state=state))

    ran = _rekey(sim, "bad-1", "backup-1")

    assert ran.result["summary"] == {"total": 2, "changed": 1, "unchanged": 0, "failed": 1}
    assert ran.resources[0]["error"]["code"] == state


def test_volumes_are_refused(sim: Simulator) -> None:
    fleet(sim, backups())

    ran = run(backup_kms_key.main, sim, backup_ids=[sim.id("source-1")], kms_key_id=sim.id("key-a"))

    assert ran.failed
    assert (
        "is a block volume, but a volume backup, a boot volume backup or a volume group backup is expected" in ran.msg
    )
    assert ran.calls == {}
