# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups of volumes and boot volumes over the wire: reading, listing, their key, their retention, their end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import oci
import pytest

from simulator.client import Simulator

CORE = oci.core.models
KINDS = ("volume", "boot_volume")
IAD, FRA = "us-ashburn-1", "eu-frankfurt-1"
TITLES = {"volume": "Volume", "boot_volume": "BootVolume"}
PERIOD = {"retentionTimeUnit": "YEARS", "retentionTimeAmount": 7}


@pytest.fixture
def update(block: Any) -> Callable[..., Any]:
    """PUT of a backup, with the fields given and no others."""

    def put(backup: str, client: Any = None, **fields: Any) -> Any:
        kind = "boot_volume" if ".bootvolumebackup." in backup else "volume"
        more = {"if_match": fields.pop("if_match")} if "if_match" in fields else {}
        details = getattr(CORE, f"Update{TITLES[kind]}BackupDetails")(**fields)
        return getattr(client or block, f"update_{kind}_backup")(backup, details, **more)

    return put


@pytest.mark.parametrize(("kind", "name"), [("volume", "backup-1"), ("boot_volume", "boot-backup-1")])
def test_the_key_of_a_backup(sim: Simulator, block: Any, update: Callable[..., Any], kind: str, name: str) -> None:
    backup, get = sim.id(name), getattr(block, f"get_{kind}_backup")
    first = get(backup)
    assert first.data.kms_key_id is None
    answer = update(backup, kms_key_id=sim.id("key-a"))
    assert (answer.status, answer.data.kms_key_id) == (200, sim.id("key-a"))
    assert answer.headers["etag"] != first.headers["etag"]
    second = get(backup)
    assert (second.data.kms_key_id, second.data.lifecycle_state) == (sim.id("key-a"), "AVAILABLE")
    assert second.headers["etag"] == answer.headers["etag"]
    assert update(backup, kms_key_id="").data.kms_key_id is None
    assert sim.resource(backup)["kmsKeyId"] is None
    assert sim.needless_puts == 0


def test_fields_left_out_stay(sim: Simulator, update: Callable[..., Any]) -> None:
    backup = sim.id("backup-key-1")
    answer = update(backup, display_name="renamed", freeform_tags={"a": "b"}).data
    assert (answer.display_name, answer.freeform_tags, answer.kms_key_id) == ("renamed", {"a": "b"}, sim.id("key-a"))
    answer = update(backup, kms_key_id=sim.id("key-b")).data
    assert (answer.display_name, answer.freeform_tags, answer.kms_key_id) == ("renamed", {"a": "b"}, sim.id("key-b"))


def test_the_same_key_again_is_counted(sim: Simulator, update: Callable[..., Any]) -> None:
    for number, name in enumerate(("backup-key-1", "boot-backup-key"), 1):
        assert update(sim.id(name), kms_key_id=sim.id("key-a")).status == 200
        assert sim.needless_puts == number
        assert sim.resource(sim.id(name))["rewraps"] == 1


@pytest.mark.parametrize("name", ["disabled", "dying", "no-service", "no-delegate", "fra-a"])
def test_keys_that_the_service_refuses(
    sim: Simulator, update: Callable[..., Any], refused: Callable[..., Any], name: str
) -> None:
    for backup in ("backup-1", "boot-backup-1"):
        sim.set(unusable_key_code="404")
        refused(404, "NotAuthorizedOrNotFound", update, sim.id(backup), kms_key_id=sim.id(name))
        sim.set(unusable_key_code="400")
        refused(400, "RelatedResourceNotAuthorizedOrNotFound", update, sim.id(backup), kms_key_id=sim.id(name))
        assert sim.resource(sim.id(backup))["kmsKeyId"] is None


def test_keys_that_are_none(sim: Simulator, update: Callable[..., Any], refused: Callable[..., Any]) -> None:
    for value in ("nonsense", sim.id("rsa")):
        refused(400, "InvalidParameter", update, sim.id("backup-1"), kms_key_id=value)
    sim.set(multi_version_key="refused")
    refused(400, "InvalidParameter", update, sim.id("backup-1"), kms_key_id=sim.id("rotated"))


def test_a_key_that_cannot_be_left(sim: Simulator, update: Callable[..., Any], refused: Callable[..., Any]) -> None:
    for key in (sim.id("key-a"), ""):
        refused(404, "NotAuthorizedOrNotFound", update, sim.id("backup-stuck"), kms_key_id=key)
    assert update(sim.id("backup-stuck"), display_name="fine").status == 200
    sim.set(old_key_unusable="accept")
    assert update(sim.id("backup-stuck"), kms_key_id="").data.kms_key_id is None


def test_the_region_of_a_backup(
    sim: Simulator, sdk: Callable[..., Any], update: Callable[..., Any], refused: Callable[..., Any], block: Any
) -> None:
    elsewhere = sdk(oci.core.BlockstorageClient, FRA)
    refused(404, "NotAuthorizedOrNotFound", block.get_volume_backup, sim.id("fra-backup"))
    refused(404, "NotAuthorizedOrNotFound", elsewhere.get_boot_volume_backup, sim.id("fra-backup"))
    refused(404, "NotAuthorizedOrNotFound", update, sim.id("fra-backup"), elsewhere, kms_key_id=sim.id("key-a"))
    assert update(sim.id("fra-backup"), elsewhere, kms_key_id=sim.id("fra-b")).data.kms_key_id == sim.id("fra-b")


def test_etags(sim: Simulator, block: Any, update: Callable[..., Any], refused: Callable[..., Any]) -> None:
    backup = sim.id("backup-1")
    first = block.get_volume_backup(backup).headers["etag"]
    second = update(backup, kms_key_id=sim.id("key-a"), if_match=first).headers["etag"]
    refused(412, "NoEtagMatch", update, backup, kms_key_id="", if_match=first)
    assert update(backup, kms_key_id="", if_match=second).status == 200


@pytest.mark.parametrize(
    ("switch", "ignored"),
    [("off", ()), ("volume_backups", KINDS[:1]), ("boot_volume_backups", KINDS[1:]), ("all", KINDS)],
)
def test_backup_update_ignored(
    sim: Simulator, update: Callable[..., Any], switch: str, ignored: tuple[str, ...]
) -> None:
    sim.set(backup_update_ignored=switch)
    for kind, name in (("volume", "backup-1"), ("boot_volume", "boot-backup-1")):
        answer = update(sim.id(name), kms_key_id=sim.id("key-a"), display_name="renamed")
        expected = None if kind in ignored else sim.id("key-a")
        assert (answer.status, answer.data.kms_key_id, answer.data.display_name) == (200, expected, "renamed")
        assert sim.resource(sim.id(name))["kmsKeyId"] == expected


def retention(row: Any) -> list[Any]:
    period = row.retention_period
    return [
        period and (period.retention_time_unit, period.retention_time_amount),
        row.is_prevent_deletion_enabled,
        row.is_retention_lock_enabled,
        row.is_indefinite_retention_enabled,
        row.time_retention_expires_at is not None,
    ]


def test_an_update_clears_retention(sim: Simulator, block: Any, update: Callable[..., Any]) -> None:
    backup = sim.id("backup-kept")
    before = block.get_volume_backup(backup).data
    assert retention(before) == [("YEARS", 7), True, None, None, True]
    carried = {"retention_period": before.retention_period, "is_prevent_deletion_enabled": True}
    after = update(backup, kms_key_id=sim.id("key-a"), **carried).data
    assert retention(after) == retention(before)
    assert after.time_retention_expires_at == before.time_retention_expires_at
    half = update(backup, kms_key_id=sim.id("key-b"), retention_period=before.retention_period).data
    assert retention(half) == [("YEARS", 7), None, None, None, True]
    assert retention(update(backup, kms_key_id=sim.id("key-a")).data) == [None, None, None, None, False]


def test_an_update_does_not_clear_retention(sim: Simulator, update: Callable[..., Any]) -> None:
    sim.set(backup_update_clears_retention="off")
    kept = update(sim.id("backup-kept"), kms_key_id=sim.id("key-a")).data
    assert retention(kept) == [("YEARS", 7), True, None, None, True]
    assert retention(update(sim.id("backup-kept"), is_prevent_deletion_enabled=False).data)[1] is False


def test_retention_that_makes_no_sense(sim: Simulator, update: Callable[..., Any], refused: Callable[..., Any]) -> None:
    duration = CORE.RetentionDuration
    for wrong in (
        {"is_retention_lock_enabled": True},
        {"retention_period": duration(retention_time_unit="DAYS", retention_time_amount=0)},
        {"retention_period": {"retentionTimeUnit": "WEEKS", "retentionTimeAmount": 1}},
    ):
        refused(400, "InvalidParameter", update, sim.id("backup-1"), **wrong)
    refused(400, "MissingParameter", update, sim.id("backup-1"), retention_period=duration(retention_time_unit="DAYS"))


@pytest.mark.parametrize("name", ["backup-locked", "backup-held"])
def test_locked_backups(
    sim: Simulator, block: Any, update: Callable[..., Any], refused: Callable[..., Any], name: str
) -> None:
    backup = sim.id(name)
    assert sim.resource(backup)["locked"] is True
    key = sim.resource(backup)["kmsKeyId"]
    refused(409, "Conflict", update, backup, kms_key_id=sim.id("key-b"))
    refused(409, "Conflict", block.delete_volume_backup, backup)
    assert sim.resource(backup)["kmsKeyId"] == key
    sim.set(locked_backup_update="accepted")
    assert update(backup, kms_key_id=sim.id("key-b")).data.kms_key_id == sim.id("key-b")
    assert sim.resource(backup)["locked"] is False


def test_a_lock_that_has_run_out(sim: Simulator, update: Callable[..., Any]) -> None:
    sim.change(sim.id("backup-locked"), time_retention_expires_at="2026-01-01T00:00:00Z")
    assert update(sim.id("backup-locked"), kms_key_id=sim.id("key-b")).data.kms_key_id == sim.id("key-b")


@pytest.mark.parametrize("name", ["backup-creating", "backup-faulty", "backup-gone"])
def test_states_that_bear_no_update(
    sim: Simulator, update: Callable[..., Any], refused: Callable[..., Any], name: str
) -> None:
    refused(409, "IncorrectState", update, sim.id(name), kms_key_id=sim.id("key-a"))
    sim.set(backup_update_outside_available="accepted")
    if name == "backup-gone":
        refused(409, "IncorrectState", update, sim.id(name), kms_key_id=sim.id("key-a"))
    else:
        assert update(sim.id(name), kms_key_id=sim.id("key-a")).status == 200


def test_deletion(sim: Simulator, block: Any, refused: Callable[..., Any]) -> None:
    sim.set(settle=30)
    assert block.delete_volume_backup(sim.id("backup-1")).status == 204
    assert block.get_volume_backup(sim.id("backup-1")).data.lifecycle_state == "TERMINATING"
    refused(409, "IncorrectState", block.delete_volume_backup, sim.id("backup-1"))
    refused(409, "Conflict", block.delete_volume_backup, sim.id("backup-kept"))
    sim.set(settle=0)
    assert block.delete_boot_volume_backup(sim.id("boot-backup-1")).status == 204
    assert block.get_boot_volume_backup(sim.id("boot-backup-1")).data.lifecycle_state == "TERMINATED"


def test_lists(sim: Simulator, block: Any, sdk: Callable[..., Any], refused: Callable[..., Any]) -> None:
    def names(compartment: str = "prod", **filters: Any) -> list[str]:
        rows = block.list_volume_backups(compartment_id=sim.id(compartment), **filters).data
        return [row.display_name for row in rows]

    assert names("databases") == ["member-2", "member-1", "backup-3", "backup-2", "backup-1"]
    assert names("databases", limit=2) == ["member-2", "member-1"]
    assert names("databases", volume_id=sim.id("db-2")) == ["backup-2"]
    assert names(lifecycle_state="FAULTY") == ["backup-faulty"]
    assert names(display_name="backup-held") == ["backup-held"]
    assert names(sort_by="DISPLAYNAME")[0] == "backup-creating"
    assert names("databases", sort_by="TIMECREATED", sort_order="ASC")[0] == "backup-1"
    assert names("old") == []
    refused(404, "NotAuthorizedOrNotFound", names, "closed")
    refused(400, "MissingParameter", block.base_client.call_api, "/volumeBackups", "GET", response_type="object")
    everything = oci.pagination.list_call_get_all_results(
        block.list_volume_backups, compartment_id=sim.id("prod"), limit=3
    )
    assert len(everything.data) == 9
    keys = {row.display_name: row.kms_key_id for row in everything.data}
    assert (keys["backup-key-1"], keys["backup-kept"]) == (sim.id("key-a"), None)
    rows = block.list_boot_volume_backups(compartment_id=sim.id("prod"), boot_volume_id=sim.id("boot-2")).data
    assert [row.display_name for row in rows] == ["boot-backup-2"]
    there = sdk(oci.core.BlockstorageClient, FRA)
    rows = there.list_volume_backups(compartment_id=sim.id("prod"), source_volume_backup_id=sim.id("backup-key-2")).data
    assert [(row.id, row.volume_id) for row in rows] == [(sim.id("fra-copy"), sim.id("app-2"))]
    assert there.list_boot_volume_backups(sim.id("prod"), source_boot_volume_backup_id=sim.id("backup-1")).data == []
    sim.change(sim.id("backup-1"), may_inspect=False)
    assert "backup-1" not in names("databases")


def test_lists_without_keys(sim: Simulator, block: Any) -> None:
    sim.set(list_kms_key_id_of_backups="absent")
    rows = block.list_volume_backups(compartment_id=sim.id("prod")).data
    assert {row.kms_key_id for row in rows} == {None}
    assert block.get_volume_backup(sim.id("backup-key-1")).data.kms_key_id == sim.id("key-a")


@pytest.mark.parametrize(("value", "seen"), [("null", None), ("absent", None), ("empty", "")])
def test_oracle_managed_field(sim: Simulator, block: Any, value: str, seen: str | None) -> None:
    sim.set(oracle_managed_field=value)
    assert block.get_volume_backup(sim.id("backup-1")).data.kms_key_id == seen
    rows = block.list_boot_volume_backups(compartment_id=sim.id("prod"), display_name="boot-backup-1").data
    assert [row.kms_key_id for row in rows] == [seen]


def test_stale_list(sim: Simulator, block: Any, update: Callable[..., Any]) -> None:
    update(sim.id("backup-1"), kms_key_id=sim.id("key-a"))
    sim.fault("stale_list", "ListVolumeBackups")
    keys = [
        block.list_volume_backups(compartment_id=sim.id("databases"), display_name="backup-1").data[0].kms_key_id
        for _time in range(2)
    ]
    assert keys == [None, sim.id("key-a")]


@pytest.mark.parametrize(("kind", "committed"), [("drop_before", False), ("drop_after", True), ("throttle", False)])
def test_faults(sim: Simulator, update: Callable[..., Any], kind: str, committed: bool) -> None:
    sim.fault(kind, "UpdateVolumeBackup", region=IAD)
    with pytest.raises((oci.exceptions.ServiceError, oci.exceptions.RequestException)):
        update(sim.id("backup-1"), kms_key_id=sim.id("key-a"))
    assert (sim.resource(sim.id("backup-1"))["kmsKeyId"] is not None) is committed


def test_search(sim: Simulator, sdk: Callable[..., Any]) -> None:
    client = sdk(oci.resource_search.ResourceSearchClient)

    def found(query: str) -> set[str]:
        details = oci.resource_search.models.StructuredSearchDetails(query=query)
        return {row.display_name for row in client.search_resources(details).data.items}

    where = f"compartmentId = '{sim.id('databases')}'"
    expected = {"backup-1", "backup-2", "backup-3", "member-1", "member-2", "boot-member"}
    assert found(f"query volumebackup, bootvolumebackup resources where {where}") == expected
    sim.set(search_hides="backups")
    assert found(f"query volumebackup, bootvolumebackup resources where {where}") == set()
    assert found("query volume resources") != set()
    sim.set(search_hides="nothing")
    sim.change(sim.id("backup-1"), state="FAULTY")
    where = "lifecycleState = 'AVAILABLE' && displayName = 'backup-1'"
    assert found(f"query volumebackup resources where {where}") == set()
    sim.set(search_lag=True)
    assert found(f"query volumebackup resources where {where}") == {"backup-1"}


def test_change_behind_the_back(sim: Simulator, block: Any) -> None:
    backup = sim.id("backup-1")
    sim.change(
        backup,
        key="key-b",
        state="FAULTY",
        compartment="test",
        is_retention_lock_enabled=True,
        retention_period={"unit": "DAYS", "amount": 3},
    )
    (row,) = block.list_volume_backups(compartment_id=sim.id("test")).data
    assert (row.id, row.kms_key_id, row.lifecycle_state) == (backup, sim.id("key-b"), "FAULTY")
    assert retention(row) == [("DAYS", 3), None, True, None, True]
    assert {resource["name"] for resource in sim.resources("boot_volume_backup")} >= {"boot-backup-1", "boot-member"}
