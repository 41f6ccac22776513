# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of backups in another region (oci_semantics.md sections 1.3 and 1.4).

A copy is requested in the region of its source, and is a backup of its own in the other region, where it is
waited for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from .._api.client import Response, Service
from .._common.errors import ResourceError
from .._model.actions import ASSIGN, COPY, NONE
from .._model.outcome import Outcome
from .._model.resource import DesiredState, Resource
from .backups import (
    BOOT_VOLUME_BACKUP,
    VOLUME_BACKUP,
    BackupKind,
)
from .base import Page, Query, ReadableKind
from .copy_reader import (
    BackupCopy,
    CopyReader,
)
from .registry import register
from .resource_kind import ResourceKind
from .volume_group_backups import VOLUME_GROUP_BACKUP

BEARERS: dict[str, BackupKind] = {kind.type: kind for kind in (VOLUME_BACKUP, BOOT_VOLUME_BACKUP)}
"""The kinds of backups that bear a key, by the type in results."""


class CopyKind(ResourceKind):
    """The copy of one kind of backup in another region."""

    is_synchronous = True
    is_full_update = True
    iam_verb = "manage"
    max_in_flight = 10
    """Copies in flight per tenancy and source region (oci_semantics.md section 9)."""
    reader_class = CopyReader

    def __init__(self, backup: ReadableKind, copy_operation: str) -> None:
        self.backup = backup
        self.type = backup.type
        self.name = f"copy of {backup.type}"
        self.iam_resource_type = backup.iam_resource_type
        self.is_multi_request = not isinstance(backup, BackupKind)
        self.copy_operation = copy_operation

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """Read the source; its copy is read by the reader of this kind."""
        return self.backup.get(service, region, resource_id)

    def list_page(self, service: Service, query: Query) -> Page:
        """List the sources."""
        return self.backup.list_page(service, query)

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        """Without a desired key, an existing copy stays as it is."""
        if cast(BackupCopy, resource).copy_id is None:
            return COPY
        return NONE if self.matches(resource, desired) else ASSIGN

    def matches(self, resource: Resource, desired: DesiredState) -> bool:
        copy = cast(BackupCopy, resource)
        if copy.copy_id is None:
            return False
        if desired.kms_key_id is None:
            return True
        return bool(copy.bearers) and all(bearer.kms_key_id == desired.kms_key_id for bearer in copy.bearers)

    def is_same(self, one: Resource, other: Resource) -> bool:
        first, second = cast(BackupCopy, one), cast(BackupCopy, other)
        return first.copy_id == second.copy_id and _keys(first) == _keys(second)

    def describe(self, resource: Resource) -> str:
        copy = cast(BackupCopy, resource)
        if copy.encryption is None:
            return f"no copy in {copy.region}"
        return f"a copy in {copy.region} with {super().describe(copy)}"

    def noun_for(self, resource: Resource) -> str:
        copy = cast(BackupCopy, resource)
        return self.noun if copy.copy_id is None else f"copy in {copy.region}"

    def blocking_error(self, resource: Resource) -> ResourceError | None:
        found = super().blocking_error(resource)
        if found is None or cast(BackupCopy, resource).copy_id is None:
            return found
        return replace(found, hint="Run the task again: it makes another copy, since this one no longer counts.")

    def change(self, service: Service, before: Resource, action: str, desired: DesiredState) -> Response:
        """CopyVolumeBackup, CopyBootVolumeBackup, CopyVolumeGroupBackup; or an update of the existing copy."""
        copy = cast(BackupCopy, before)
        if action != COPY or desired.copy_to is None:
            return self.assign(service, copy, cast(str, desired.kms_key_id))
        details = {"destinationRegion": desired.copy_to.region}
        if desired.copy_to.display_name is not None:
            details["displayName"] = desired.copy_to.display_name
        if desired.kms_key_id is not None:
            details["kmsKeyId"] = desired.kms_key_id
        return service.write(self.copy_operation, copy.id, details, opc_retry_token=copy.retry_token)

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """Change the key of the copy; of a group's copy, of each member with another key."""
        response = Response(None)
        for bearer in cast(BackupCopy, resource).bearers:
            if bearer.kms_key_id != kms_key_id:
                response = BEARERS[bearer.type].assign(service, bearer, kms_key_id)
        return response

    def remove(self, service: Service, resource: Resource) -> Response:
        """Never decided: without a desired key, a copy stays as it is."""
        return self.assign(service, resource, "")

    def precondition_error(self, resource: Resource, action: str) -> ResourceError | None:
        """Each backup of an existing copy is updated by itself."""
        if action == COPY:
            return None
        bearers = cast(BackupCopy, resource).bearers
        found = (BEARERS[bearer.type].precondition_error(bearer, action) for bearer in bearers)
        return next((error for error in found if error is not None), None)

    def applies_serially(self, resource: Resource) -> bool:
        return self.lock_reason(resource) is not None

    def lock_reason(self, resource: Resource) -> str | None:
        copy = cast(BackupCopy, resource)
        locks = map(BackupKind.lock_of, copy.bearers)
        lock = next((lock for lock in locks if lock is not None), None)
        return None if lock is None else f"its copy {copy.copy_id} is {lock}"

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """Whether a change of the key also changed a copy's retention (fact 21)."""
        now = {bearer.id: bearer for bearer in cast(BackupCopy, after).bearers}
        for bearer in cast(BackupCopy, before).bearers:
            damage = BEARERS[bearer.type].find_side_effects(bearer, now.get(bearer.id, bearer))
            if damage is not None:
                return damage
        return None

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        copy = cast("BackupCopy | None", latest)
        return {
            "copy_id": (copy.copy_id if copy else None) or outcome.new_id,
            "destination_region": copy.region if copy else None,
            "left_alone": outcome.skip_reason,
        }


def _keys(copy: BackupCopy) -> Sequence[tuple[str, str | None]]:
    return sorted((bearer.id, bearer.kms_key_id) for bearer in copy.bearers)


COPY_OF_VOLUME_BACKUP = CopyKind(VOLUME_BACKUP, "copy_volume_backup")
COPY_OF_BOOT_VOLUME_BACKUP = CopyKind(BOOT_VOLUME_BACKUP, "copy_boot_volume_backup")
COPY_OF_VOLUME_GROUP_BACKUP = CopyKind(VOLUME_GROUP_BACKUP, "copy_volume_group_backup")

COPY_KINDS = register(COPY_OF_VOLUME_BACKUP, COPY_OF_BOOT_VOLUME_BACKUP, COPY_OF_VOLUME_GROUP_BACKUP)
"""The names of the kinds for copies in another region. Only backup_copy makes them."""
