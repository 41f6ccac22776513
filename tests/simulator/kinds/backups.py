# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups of volumes and boot volumes, which have a key of their own (oci_semantics.md sections 0.6, 1.3 and 2)."""

from __future__ import annotations

from typing import Any

from simulator.fleet import Entry
from simulator.ocids import ocid
from simulator.state import CloudState
from simulator.wire import Json, encode

from .backup_base import BackupBase
from .groups import GroupBackup
from .keys import Key
from .volumes import ORACLE_MANAGED, BlockVolume, BootVolume


class Backup(BackupBase):
    """A backup with a key."""

    __slots__ = ("group_backup_id", "key", "rewraps")

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        super().__init__(cloud, entry, name)
        key = entry.optional("key")
        self.key: str | None = cloud.named(Key, key, entry).id if key else None
        self.rewraps = 0
        self.group_backup_id: str | None = None
        group_backup = entry.optional("group_backup")
        if group_backup:
            group = cloud.named(GroupBackup, group_backup, entry)
            self.group_backup_id = group.id
            group.member_ids.append(self.id)
            group.forget()

    def row(self, cloud: CloudState, stale: bool) -> bytes:
        if cloud.switches["list_kms_key_id_of_backups"] == "shown":
            return super().row(cloud, stale)
        shown = self.before if stale and self.before is not None else self.document(cloud)
        return encode({name: value for name, value in shown.items() if name != "kmsKeyId"})

    def document(self, cloud: CloudState) -> Json:
        shown = super().document(cloud) | {
            "systemTags": {},
            "uniqueSizeInGBs": 1,
            "volumeGroupBackupId": self.group_backup_id,
        }
        shown.update({"kmsKeyId": self.key} if self.key else ORACLE_MANAGED[cloud.switches["oracle_managed_field"]])
        return shown

    def truth(self, cloud: CloudState) -> Json:
        return super().truth(cloud) | {"kmsKeyId": self.key, "rewraps": self.rewraps}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        has_key, key = entry.has("key"), entry.optional("key")
        super().alter(cloud, entry)
        if has_key:
            self.key = cloud.named(Key, key, entry).id if key else None


class VolumeBackup(Backup):
    kind = "volume_backup"
    search_type = "VolumeBackup"
    title = "VolumeBackup"
    collection = "volumeBackups"
    of_kind = BlockVolume
    of_field = "volumeId"
    source_field = "sourceVolumeBackupId"

    __slots__ = ()

    def document(self, cloud: CloudState) -> Json:
        more: dict[str, Any] = {"sizeInMBs": self.size_gb * 1024, "uniqueSizeInMbs": 1024}
        return super().document(cloud) | more


class BootVolumeBackup(Backup):
    kind = "boot_volume_backup"
    search_type = "BootVolumeBackup"
    title = "BootVolumeBackup"
    collection = "bootVolumeBackups"
    of_kind = BootVolume
    of_field = "bootVolumeId"
    source_field = "sourceBootVolumeBackupId"

    __slots__ = ()

    def document(self, cloud: CloudState) -> Json:
        image = ocid("image", cloud.tenancy.realm, self.id.split(".")[3], "linux")
        return super().document(cloud) | {"imageId": image}


def load(fleet: Entry, cloud: CloudState) -> None:
    for cls in (VolumeBackup, BootVolumeBackup):
        for entry in fleet.entries(f"{cls.kind}s"):
            of, source = entry.optional("of"), entry.optional("source")
            for number, name in enumerate(entry.series(), 1):
                # With `count`, what it is a backup or a copy of may hold {n} too.
                data = {
                    "of": of and of.replace("{n}", str(number)),
                    "source": source and source.replace("{n}", str(number)),
                }
                copy = Entry(entry.where, entry.copy().rest() | data)
                cloud.add(cls(cloud, copy, name), copy)
                copy.done()
