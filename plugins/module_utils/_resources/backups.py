# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups of volumes and boot volumes: their key is a field of theirs (oci_semantics.md section 1.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from .._api.client import Response, Service
from .._common.errors import ResourceError
from .._model.outcome import Outcome
from .._model.resource import Resource
from .base import Page, Query, common_fields, page_of
from .registry import register
from .resource_kind import ResourceKind


@dataclass(frozen=True)
class Retention:
    """What keeps a backup from being deleted. The API's null and false mean the same, but are sent back unchanged."""

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
        """The fields of an update that keep the retention: a field that it leaves out is set to null (fact 21)."""
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
    volume_id: str | None = None

    def matches_read(self, other: Resource) -> bool:
        return super().matches_read(other) and not self.retention.differences(_retention(other))


def _retention(resource: Resource) -> Retention:
    return cast(Backup, resource).retention


class BackupKind(ResourceKind):
    """Both kinds behave alike; only the names of operations and of fields differ."""

    is_synchronous = True
    is_full_update = True

    get_operation: str
    list_operation: str
    update_operation: str
    volume_field: str
    source_field: str
    """The field, and the filter of the list, with the backup that one is a cross-region copy of."""

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetVolumeBackup, GetBootVolumeBackup."""
        response = service.read(self.get_operation, resource_id)
        return self.from_row(response.data, region, response.etag)

    def list_page(self, service: Service, query: Query) -> Page:
        """ListVolumeBackups, ListBootVolumeBackups: backups are in no availability domain."""
        response = service.read(self.list_operation, query.compartment_id, **query.paging)
        return page_of(response, lambda row: self.from_row(row, query.region))

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """UpdateVolumeBackup, UpdateBootVolumeBackup, with the current retention carried along."""
        details = {"kmsKeyId": kms_key_id, **_retention(resource).as_update()}
        return service.write(self.update_operation, resource.id, details, if_match=resource.etag)

    def remove(self, service: Service, resource: Resource) -> Response:
        """The same with an empty key: that is how a backup returns to the Oracle-managed one (section 3)."""
        return self.assign(service, resource, "")

    def precondition_error(self, resource: Resource, action: str) -> ResourceError | None:
        """An update sends the retention back as it was read, so it needs the etag of that reading."""
        if resource.etag is not None:
            return None
        return ResourceError(
            code="NoPrecondition",
            message=f"OCI's response for this {self.noun} had no etag, so its key can't be changed without the risk of "
            "overwriting a retention that somebody else sets at the same time. Nothing was sent.",
            hint="Run the task again. If that does not help, change the key in the console, and check the retention.",
        )

    def applies_serially(self, resource: Resource) -> bool:
        return self.lock_reason(resource) is not None

    def lock_reason(self, resource: Resource) -> str | None:
        lock = self.lock_of(resource)
        return None if lock is None else f"it is {lock}"

    @staticmethod
    def lock_of(resource: Resource) -> str | None:
        """What locks the backup, as the end of "is ...": "under retention lock"."""
        if _retention(resource).is_locked:
            return "under retention lock"
        return "under legal hold" if _retention(resource).is_indefinite else None

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """Whether the update also changed the retention (fact 21)."""
        differences = _retention(before).differences(_retention(after))
        if not differences:
            return None
        return ResourceError(
            code="RetentionChanged",
            message=f"The key was changed, but the update also changed the {self.noun}'s retention settings: "
            f"{'; '.join(differences)}.",
            hint="Restore this backup's retention settings, and change no further backups before Oracle explains it.",
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
            source_backup_id=getattr(row, self.source_field),
            volume_id=getattr(row, self.volume_field),
        )


class VolumeBackupKind(BackupKind):
    type = "volume_backup"
    iam_resource_type = "volume-backups"
    get_operation = "get_volume_backup"
    list_operation = "list_volume_backups"
    update_operation = "update_volume_backup"
    volume_field = "volume_id"
    source_field = "source_volume_backup_id"


class BootVolumeBackupKind(BackupKind):
    type = "boot_volume_backup"
    iam_resource_type = "boot-volume-backups"
    get_operation = "get_boot_volume_backup"
    list_operation = "list_boot_volume_backups"
    update_operation = "update_boot_volume_backup"
    volume_field = "boot_volume_id"
    source_field = "source_boot_volume_backup_id"


VOLUME_BACKUP = VolumeBackupKind()
BOOT_VOLUME_BACKUP = BootVolumeBackupKind()

BACKUP_KINDS = register(VOLUME_BACKUP, BOOT_VOLUME_BACKUP)
"""The names of the kinds for backups that have a key."""
