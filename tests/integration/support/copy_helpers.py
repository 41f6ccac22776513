# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups to be copied to another region, the copies that are there of them, and the module that makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_copy
from simulator.client import Simulator

IAD, PHX = "us-ashburn-1", "us-phoenix-1"


@dataclass(frozen=True)
class Kind:
    section: str
    type: str
    name: str
    """What the API calls it."""

    @property
    def get(self) -> str:
        return f"Get{self.name}"

    @property
    def list(self) -> str:
        return f"List{self.name}s"

    @property
    def copy(self) -> str:
        return f"Copy{self.name}"

    @property
    def is_group(self) -> bool:
        return self.type == "volume_group_backup"

    def furnish(self, sim: Simulator, **switches: Any) -> None:
        """``backup-1`` of this kind, on key-a; of a group, of two members."""
        if self.is_group:
            group_fleet(sim, **switches)
        else:
            fleet(sim, backups(key="key-a"), kind=self, switches=switches)


KINDS = [
    Kind("volume_backups", "volume_backup", "VolumeBackup"),
    Kind("boot_volume_backups", "boot_volume_backup", "BootVolumeBackup"),
    Kind("volume_group_backups", "volume_group_backup", "VolumeGroupBackup"),
]
VOLUME_BACKUP, BOOT_VOLUME_BACKUP, GROUP_BACKUP = KINDS


def backups(count: int = 1, **fields: Any) -> dict[str, Any]:
    row = volumes(count, **{"name": "backup", **fields})
    return {name: value for name, value in row.items() if name != "availability_domain"}


def existing(**fields: Any) -> dict[str, Any]:
    """A copy of backup-1 in Phoenix."""
    return {"name": "copy", "source": "backup-1", "region": PHX, "compartment": "prod", **fields}


def fleet(sim: Simulator, *rows: dict[str, Any], kind: Kind = VOLUME_BACKUP, **more: Any) -> None:
    switches = more.pop("switches", None)
    furnish(sim, switches, **{kind.section: list(rows), **more})


def copy(sim: Simulator, *names: str, key: str | None = "key-phx", **options: Any) -> Ran:
    desired = {"kms_key_id": sim.id(key)} if key else {}
    options.setdefault("destination_region", PHX)
    return run(backup_copy.main, sim, backup_ids=[sim.id(name) for name in names], **desired, **options)


def copies_of(sim: Simulator, source: str, kind: Kind = VOLUME_BACKUP) -> list[dict[str, Any]]:
    field = f"source{kind.name}Id"
    return [row for row in sim.resources(kind.type) if row.get(field) == sim.id(source)]


def group_fleet(sim: Simulator, **switches: Any) -> None:
    """A backup of a group, ``backup-1``, with ``member-1`` and ``member-2``."""
    furnish(
        sim,
        switches,
        volumes=[volumes(2)],
        volume_groups=[{"name": "group", "region": IAD, "compartment": "prod", "volumes": ["volume-1", "volume-2"]}],
        volume_group_backups=[{"name": "backup-1", "of": "group"}],
        volume_backups=[
            {"name": "member-{n}", "count": 2, "of": "volume-{n}", "group_backup": "backup-1", "key": "key-a"}
        ],
    )


def keys_of(sim: Simulator, source: str, kind: Kind = VOLUME_BACKUP) -> set[str | None]:
    """The keys of the copies of a source, or of their members."""
    bearing = VOLUME_BACKUP if kind.is_group else kind
    names = ("member-1", "member-2") if kind.is_group else (source,)
    return {made["kmsKeyId"] for name in names for made in copies_of(sim, name, bearing)}
