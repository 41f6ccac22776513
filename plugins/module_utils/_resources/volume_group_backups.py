# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups of volume groups: they have no key of their own, their members have (oci_semantics.md section 1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._api.client import Service
from .._model.outcome import Outcome
from .._model.resource import Resource
from .base import GroupKind, Page, Query, ReadableKind, common_fields, page_of
from .registry import register_group


@dataclass(frozen=True)
class GroupBackup(Resource):
    """A backup of a volume group. ``source_backup_id`` is what it is a cross-region copy of."""

    member_ids: tuple[str, ...] = ()
    source_backup_id: str | None = None


class VolumeGroupBackupKind(GroupKind, ReadableKind):
    """Naming one stands for its members; it is read to know what there is to copy, and what copies there are."""

    type = "volume_group_backup"
    iam_resource_type = "volume-group-backups"
    member_types = ("volume_backup", "boot_volume_backup")

    def members(self, service: Service, resource_id: str) -> list[str]:
        """GetVolumeGroupBackup."""
        return list(service.read("get_volume_group_backup", resource_id).data.volume_backup_ids or ())

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetVolumeGroupBackup."""
        response = service.read("get_volume_group_backup", resource_id)
        return self.from_row(response.data, region, response.etag)

    def list_page(self, service: Service, query: Query) -> Page:
        """ListVolumeGroupBackups."""
        response = service.read("list_volume_group_backups", query.compartment_id, **query.paging)
        return page_of(response, lambda row: self.from_row(row, query.region))

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        """For a group that could not be read or has no members, or a member of an unknown type."""
        return {"group_id": outcome.group_id, "left_alone": None}

    def from_row(self, row: Any, region: str, etag: str | None = None) -> GroupBackup:
        """A group's backup from the SDK's model of it."""
        return GroupBackup(
            **common_fields(row),
            type=self.type,
            region=region,
            kms_key_id=None,
            etag=etag,
            member_ids=tuple(row.volume_backup_ids or ()),
            source_backup_id=row.source_volume_group_backup_id,
        )


VOLUME_GROUP_BACKUP = VolumeGroupBackupKind()

GROUP_BACKUP_KIND = register_group(VOLUME_GROUP_BACKUP)
"""The name of the kind for backups of volume groups. Modules that take it import the kinds of its members too."""
