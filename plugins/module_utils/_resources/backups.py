# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Backups of volumes and boot volumes: their key is a field of theirs (oci_semantics.md section 1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from .._api.client import Response, Service
from .._common.errors import ResourceError
from .._model.outcome import Outcome
from .._model.resource import Resource
from .base import (
    GroupKind,
    Page,
    Query,
    ResourceKind,
    common_fields,
)


@dataclass(frozen=True)
class Retention:
    """What keeps a backup from being deleted. The API's null and false mean the same, but are sent back as they are."""

    period_unit: str | None = None
    period_amount: int | None = None
    prevents_deletion: bool | None = None
    is_locked: bool | None = None
    is_indefinite: bool | None = None

    @property
    def period(self) -> str:
        return f"{self.period_amount} {self.period_unit}" if self.period_unit else "none"

    def differences(self, other: Retention) -> list[str]:
        """Each field that differs, with both values."""
        pairs = {
            "retention period": (self.period, other.period),
            "prevention of deletion": (self.prevents_deletion, other.prevents_deletion),
            "retention lock": (self.is_locked, other.is_locked),
            "legal hold (indefinite retention)": (self.is_indefinite, other.is_indefinite),
        }
        return [
            f"{name} was {_word(was)}, is {_word(now)}"
            for name, (was, now) in pairs.items()
            if (was or False) != (now or False)
        ]

    def as_update(self) -> dict[str, Any]:
        """The fields of an update that keep all this: what an update leaves out is set to null (fact 21)."""
        fields: dict[str, Any] = {}
        if self.period_unit:
            fields["retentionPeriod"] = {
                "retentionTimeUnit": self.period_unit,
                "retentionTimeAmount": self.period_amount,
            }
        for name, value in (
            ("isPreventDeletionEnabled", self.prevents_deletion),
            ("isRetentionLockEnabled", self.is_locked),
            ("isIndefiniteRetentionEnabled", self.is_indefinite),
        ):
            if value is not None:
                fields[name] = value
        return fields


def _word(value: str | bool | None) -> str:
    return value if isinstance(value, str) else ("on" if value else "off")


@dataclass(frozen=True)
class Backup(Resource):
    """A backup as one read of the API showed it. ``source_backup_id`` is what it is a cross-region copy of.

    ``volume_id`` is the volume that was backed up, which may be gone.
    """

    retention: Retention = Retention()
    source_backup_id: str | None = None

    def matches_read(self, other: Resource) -> bool:
        return super().matches_read(other) and not self.retention.differences(_retention(other))

    volume_id: str | None = None


def _retention(resource: Resource) -> Retention:
    return cast(Backup, resource).retention


class BackupKind(ResourceKind):
    """Both kinds behave alike; only the names of the operations and of a field differ."""

    is_synchronous = True
    is_full_update = True

    def __init__(
        self, *, type: str, ocid_type: str, noun: str, iam_resource_type: str, volume: str, source: str
    ) -> None:
        self.type = type
        self.ocid_type = ocid_type
        self.noun = noun
        self.iam_resource_type = iam_resource_type
        self._volume = volume
        self.source = source

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetVolumeBackup, GetBootVolumeBackup."""
        response = service.read(f"get_{self.type}", resource_id)
        return self.from_row(response.data, region, response.etag)

    def list_page(self, service: Service, query: Query) -> Page:
        """ListVolumeBackups, ListBootVolumeBackups: backups are in no availability domain."""
        response = service.read(f"list_{self.type}s", query.compartment_id, **query.paging)
        return Page([self.from_row(row, query.region) for row in response.data], response.next_page)

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """UpdateVolumeBackup, UpdateBootVolumeBackup, with the retention carried along that is there still."""
        details = {"kmsKeyId": kms_key_id, **_retention(resource).as_update()}
        unless_changed = {} if resource.etag is None else {"if_match": resource.etag}
        return service.write(f"update_{self.type}", resource.id, details, **unless_changed)

    def remove(self, service: Service, resource: Resource) -> Response:
        """The same with an empty key: that is how a backup goes back to the Oracle-managed one (section 3)."""
        return self.assign(service, resource, "")

    def applies_serially(self, resource: Resource) -> bool:
        return self.lock_reason(resource) is not None

    def lock_reason(self, resource: Resource) -> str | None:
        if _retention(resource).is_locked:
            return "it is under retention lock"
        if _retention(resource).is_indefinite:
            return "it is under legal hold"
        return None

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """Whether the update changed the retention, which it was not asked to (fact 21)."""
        differences = _retention(before).differences(_retention(after))
        if not differences:
            return None
        return ResourceError(
            code="RetentionChanged",
            message=f"The key was changed, but the retention of the {self.noun} with it: {'; '.join(differences)}.",
            hint="Set the retention of this backup again, and change no further ones before Oracle explains it.",
        )

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        group_id = outcome.group_id or (latest.group_id if latest is not None else None)
        return {"group_id": group_id, "left_alone": outcome.skip_reason}

    def from_row(self, row: Any, region: str, etag: str | None = None) -> Backup:
        """A backup from the SDK's model of it."""
        period = row.retention_period
        return Backup(
            **common_fields(row),
            type=self.type,
            region=region,
            kms_key_id=row.kms_key_id or None,
            etag=etag,
            retention=Retention(
                period_unit=period.retention_time_unit if period else None,
                period_amount=period.retention_time_amount if period else None,
                prevents_deletion=row.is_prevent_deletion_enabled,
                is_locked=row.is_retention_lock_enabled,
                is_indefinite=row.is_indefinite_retention_enabled,
            ),
            group_id=row.volume_group_backup_id,
            source_backup_id=getattr(row, self.source),
            volume_id=getattr(row, self._volume),
        )


VOLUME_BACKUP = BackupKind(
    type="volume_backup",
    ocid_type="volumebackup",
    noun="volume backup",
    iam_resource_type="volume-backups",
    volume="volume_id",
    source="source_volume_backup_id",
)

BOOT_VOLUME_BACKUP = BackupKind(
    type="boot_volume_backup",
    ocid_type="bootvolumebackup",
    noun="boot volume backup",
    iam_resource_type="boot-volume-backups",
    volume="boot_volume_id",
    source="source_boot_volume_backup_id",
)


class GroupBackupKind(GroupKind):
    """Backups of volume groups: they have no key of their own, their members have (oci_semantics.md section 1.4)."""

    type = "volume_group_backup"
    ocid_type = "volumegroupbackup"
    noun = "volume group backup"
    iam_resource_type = "volume-group-backups"
    member_types = ("volume_backup", "boot_volume_backup")

    def members(self, service: Service, resource_id: str) -> list[str]:
        """GetVolumeGroupBackup."""
        return list(service.read("get_volume_group_backup", resource_id).data.volume_backup_ids or ())

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        """Of a group that could not be read or has no members, or of a member of an unknown type."""
        return {"group_id": outcome.group_id, "left_alone": None}


VOLUME_GROUP_BACKUP = GroupBackupKind()
