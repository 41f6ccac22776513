# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignments of backup policies, which no list shows, and where policies copy to (oci_semantics.md section 1.5)."""

from __future__ import annotations

from functools import partial
from typing import Any

from .._api.client import Service
from .._api.pagination import every_row
from .._common.concurrency import SingleFlightCache
from .._common.errors import ApiError, TransportError
from .._model.backup_policies import BackupPolicy, BackupSchedule
from .._model.resource import Resource


def read_assignment(service: Service, asset_id: str) -> Any | None:
    """GetVolumeBackupPolicyAssetAssignment: a list of one, or of none, and of pages like any other.

    Raises ApiError, also for a list of more, since an asset has one at most and nothing says which of them is in force.
    """
    ask = partial(service.read, "get_volume_backup_policy_asset_assignment", asset_id)
    found = list({row.id: row for row in every_row(ask, "backup policy assignments")}.values())
    if len(found) > 1:
        raise TransportError(
            f"{asset_id} is said to have {len(found)} backup policy assignments, {found[0].id} and {found[1].id}, but"
            " a resource has one at most",
            operation="GetVolumeBackupPolicyAssetAssignment",
            was_sent=True,
        )
    return found[0] if found else None


def expect_own(assignment: Any, asset: Resource) -> None:
    """Raise TransportError if an assignment is neither that of the asset nor that of its volume group."""
    if assignment.asset_id not in (asset.id, asset.group_id):
        raise TransportError(
            f"the assignment {assignment.id} is that of {assignment.asset_id}, which is neither {asset.id} nor its "
            "volume group",
            operation="GetVolumeBackupPolicyAssetAssignment",
            was_sent=True,
        )


def asset_fields(asset: Resource) -> dict[str, Any]:
    """The fields of a resource that its policy assignment is shown with."""
    return {
        "region": asset.region,
        "display_name": asset.display_name,
        "compartment_id": asset.compartment_id,
        "lifecycle_state": asset.lifecycle_state,
    }


class PolicyLookup:
    """What many assets of a region share: assignments of volume groups and destinations of policies, each read once.

    All methods raise ``ApiError``; with ``remembers_errors``, what could not be read is not asked for again.
    """

    def __init__(self, service: Service, *, remembers_errors: bool = False) -> None:
        self._service = service
        self._remembers_errors = remembers_errors
        self._of_groups: SingleFlightCache[Any | None] = SingleFlightCache()
        self._policies: SingleFlightCache[BackupPolicy | ApiError] = SingleFlightCache()

    def assignment_of(self, asset_id: str) -> Any | None:
        """The assignment that the service shows for an asset, as it is now; perhaps the one of its group."""
        return read_assignment(self._service, asset_id)

    def assignment_of_group(self, group_id: str) -> Any | None:
        found = self._of_groups.get((group_id, ""), partial(self._remember, read_assignment, group_id))
        return _raised(found)

    def forget_groups(self) -> None:
        """Read the assignments of groups again when they are needed next."""
        self._of_groups = SingleFlightCache()

    def remember_group(self, group_id: str, assignment: Any | None) -> None:
        """Keep the assignment of a group that was read as an asset."""
        self._of_groups.get((group_id, ""), lambda: assignment)

    def destination_of(self, policy_id: str) -> str | None:
        """The region that a policy copies to."""
        return self.policy_of(policy_id).destination_region

    def policy_of(self, policy_id: str) -> BackupPolicy:
        """GetVolumeBackupPolicy."""
        found = self._policies.get((policy_id, ""), partial(self._remember, _read_policy, policy_id))
        policy: BackupPolicy = _raised(found)
        return policy

    def _remember(self, read: Any, ocid: str) -> Any:
        try:
            return read(self._service, ocid)
        except ApiError as error:
            if not self._remembers_errors:
                raise
            return error


def _read_policy(service: Service, policy_id: str) -> BackupPolicy:
    found = service.read("get_volume_backup_policy", policy_id).data
    return BackupPolicy(
        policy_id,
        found.display_name,
        found.destination_region or None,
        None
        if found.schedules is None
        else tuple(BackupSchedule(row.period, row.retention_seconds) for row in found.schedules),
    )


def _raised(found: Any) -> Any:
    if isinstance(found, ApiError):
        raise found
    return found
