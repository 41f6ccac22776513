# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups of volumes and boot volumes, which have a key of their own (oci_semantics.md sections 0.6, 1.3 and 2)."""

from __future__ import annotations

from typing import Any

from simulator.fleet import Entry
from simulator.ocids import ocid
from simulator.wire import Json, encode
from simulator.world import World

from .backup_base import BackupBase
from .groups import GroupBackup
from .keys import Key
from .volumes import ORACLE_MANAGED, BlockVolume, BootVolume


class Backup(BackupBase):
    """A backup with a key."""

    __slots__ = ("group_backup_id", "key", "rewraps")

    def __init__(self, world: World, entry: Entry, name: str) -> None:
        super().__init__(world, entry, name)
        key = entry.optional("key")
        self.key: str | None = world.named(Key, key, entry).id if key else None
        self.rewraps = 0
        self.group_backup_id: str | None = None
        group_backup = entry.optional("group_backup")
        if group_backup:
            group = world.named(GroupBackup, group_backup, entry)
            self.group_backup_id = group.id
            group.member_ids.append(self.id)
            group.forget()

    def row(self, world: World, stale: bool) -> bytes:
        if world.switches["list_kms_key_id_of_backups"] == "shown":
            return super().row(world, stale)
        shown = self.before if stale and self.before is not None else self.document(world)
        return encode({name: value for name, value in shown.items() if name != "kmsKeyId"})

    def document(self, world: World) -> Json:
        shown = super().document(world) | {
            "systemTags": {},
            "uniqueSizeInGBs": 1,
            "volumeGroupBackupId": self.group_backup_id,
        }
        shown.update({"kmsKeyId": self.key} if self.key else ORACLE_MANAGED[world.switches["oracle_managed_field"]])
        return shown

    def truth(self, world: World) -> Json:
        return super().truth(world) | {"kmsKeyId": self.key, "rewraps": self.rewraps}

    def alter(self, world: World, entry: Entry) -> None:
        has_key, key = entry.has("key"), entry.optional("key")
        super().alter(world, entry)
        if has_key:
            self.key = world.named(Key, key, entry).id if key else None


class VolumeBackup(Backup):
    kind = "volume_backup"
    search_type = "VolumeBackup"
    title = "VolumeBackup"
    collection = "volumeBackups"
    of_kind = BlockVolume
    of_field = "volumeId"
    source_field = "sourceVolumeBackupId"

    __slots__ = ()

    def document(self, world: World) -> Json:
        more: dict[str, Any] = {"sizeInMBs": self.size_gb * 1024, "uniqueSizeInMbs": 1024}
        return super().document(world) | more


class BootVolumeBackup(Backup):
    kind = "boot_volume_backup"
    search_type = "BootVolumeBackup"
    title = "BootVolumeBackup"
    collection = "bootVolumeBackups"
    of_kind = BootVolume
    of_field = "bootVolumeId"
    source_field = "sourceBootVolumeBackupId"

    __slots__ = ()

    def document(self, world: World) -> Json:
        image = ocid("image", world.tenancy.realm, self.id.split(".")[3], "linux")
        return super().document(world) | {"imageId": image}


def load(fleet: Entry, world: World) -> None:
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
                world.add(cls(world, copy, name), copy)
                copy.done()
