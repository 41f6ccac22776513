# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Finding the assignments of backup policies, which no list shows: asset by asset (oci_semantics.md section 1.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .._api.client import Service
from .._common.concurrency import SingleFlightCache
from .._common.errors import (
    ApiError,
    ResourceError,
    explain,
)
from .._common.timestamps import rfc3339
from .._model.resource_types import ASSIGNMENT
from .._model.state import Resource
from .policy_reader import read_assignment


@dataclass(frozen=True)
class PolicyAssignment(Resource):
    """An assignment; ``kms_key_id`` is the key for the copies in ``destination_region``.

    Name, compartment, state and tags are those of the asset, since it has none itself.
    """

    asset_id: str = ""
    asset_type: str = ""
    policy_id: str = ""
    destination_region: str | None = None


@dataclass(frozen=True)
class AssetFinding:
    """What there is to tell of one asset: nothing, its assignment, why that is not known, or both."""

    assignment: PolicyAssignment | None = None
    error: ResourceError | None = None


class Assignments:
    """The assignments of a region's assets. Groups have to be asked for before their members."""

    type = ASSIGNMENT

    def __init__(self, service: Service) -> None:
        self._service = service
        self._of_groups: SingleFlightCache[str | None] = SingleFlightCache()
        self._policies: SingleFlightCache[str | ResourceError | None] = SingleFlightCache()

    def of(self, asset: Resource) -> AssetFinding:
        """GetVolumeBackupPolicyAssetAssignment, and GetVolumeBackupPolicy once per policy. Raises ApiError.

        Nothing is found where the policy is that of the asset's group, and where it copies nothing elsewhere.
        """
        row = read_assignment(self._service, asset.id)
        if asset.type == "volume_group":
            self._of_groups.get((asset.id, ""), lambda: row.id if row is not None else None)
        if row is None or row.asset_id != asset.id or self._is_of_group(row, asset):
            return AssetFinding()
        destination = self._destination_of(row.policy_id)
        error = destination if isinstance(destination, ResourceError) else None
        found = PolicyAssignment(
            id=row.id,
            type=self.type,
            region=asset.region,
            display_name=asset.display_name,
            compartment_id=asset.compartment_id,
            lifecycle_state=asset.lifecycle_state,
            kms_key_id=row.xrc_kms_key_id or None,
            time_created=rfc3339(row.time_created) if row.time_created else None,
            freeform_tags=asset.freeform_tags,
            defined_tags=asset.defined_tags,
            asset_id=asset.id,
            asset_type=asset.type,
            policy_id=row.policy_id,
            destination_region=destination if isinstance(destination, str) else None,
        )
        bears_key = found.kms_key_id is not None or found.destination_region is not None
        return AssetFinding(found if bears_key else None, error)

    def _is_of_group(self, row: Any, asset: Resource) -> bool:
        """A member may be shown with its group's assignment, as if it were its own."""
        if asset.group_id is None:
            return False
        group_id = asset.group_id
        return bool(row.id == self._of_groups.get((group_id, ""), lambda: self._ask_group(group_id)))

    def _ask_group(self, group_id: str) -> str | None:
        """For a group that is not among the assets. One that may not be read can't be told from the member."""
        try:
            row = read_assignment(self._service, group_id)
        except ApiError:
            return None
        return str(row.id) if row is not None else None

    def _destination_of(self, policy_id: str) -> str | ResourceError | None:
        return self._policies.get((policy_id, ""), lambda: self._ask_policy(policy_id))

    def _ask_policy(self, policy_id: str) -> str | ResourceError | None:
        try:
            policy = self._service.read("get_volume_backup_policy", policy_id).data
        except ApiError as error:
            told = explain(error)
            return replace(
                told,
                message=f"Backup policy {policy_id} can't be read, so it is not known where it copies to: "
                f"{told.message}",
                hint="Check that the policy is there, or grant: Allow group <your group> to inspect backup-policies "
                "in compartment <its compartment>",
            )
        return policy.destination_region or None
