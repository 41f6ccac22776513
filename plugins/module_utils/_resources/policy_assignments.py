# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding the assignments of backup policies, which no list shows: asset by asset (oci_semantics.md section 1.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from .._api.client import Service
from .._common.errors import (
    ApiError,
    ResourceError,
    explain,
)
from .._common.timestamps import rfc3339
from .._model.regions import RegionTable
from .._model.resource import Resource
from .._model.resource_types import ASSIGNMENT
from .._model.rows import READ_BY_GET
from .policy_lookup import PolicyLookup, asset_fields, expect_own


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
    """What was found for one asset: nothing, its assignment, why that is unknown, or both."""

    assignment: PolicyAssignment | None = None
    error: ResourceError | None = None


class Assignments:
    """The assignments of a region's assets. Groups have to be read before their members."""

    type = ASSIGNMENT

    def __init__(self, service: Service, regions: RegionTable) -> None:
        self._regions = regions
        self._lookup = PolicyLookup(service, remembers_errors=True)

    def of(self, asset: Resource) -> AssetFinding:
        """GetVolumeBackupPolicyAssetAssignment, and GetVolumeBackupPolicy once per policy. Raises ApiError.

        Finds nothing where the policy is that of the asset's group, and where it copies nothing to another region.
        """
        row = self._lookup.assignment_of(asset.id)
        if row is not None:
            expect_own(row, asset)
        if asset.type == "volume_group":
            self._lookup.remember_group(asset.id, row)
        if row is None or row.asset_id != asset.id or self._is_of_group(row, asset):
            return AssetFinding()
        destination = self._destination_of(row.policy_id)
        error = (
            destination if isinstance(destination, ResourceError) else self._unknown_region(row.policy_id, destination)
        )
        found = PolicyAssignment(
            id=row.id,
            type=self.type,
            **asset_fields(asset),
            kms_key_id=row.xrc_kms_key_id or None,
            time_created=rfc3339(row.time_created) if row.time_created else None,
            freeform_tags=asset.freeform_tags,
            defined_tags=asset.defined_tags,
            asset_id=asset.id,
            asset_type=asset.type,
            policy_id=row.policy_id,
            destination_region=destination if isinstance(destination, str) else None,
            read_by=READ_BY_GET,
        )
        bears_key = found.kms_key_id is not None or found.destination_region is not None
        return AssetFinding(found if bears_key else None, error)

    def _is_of_group(self, row: Any, asset: Resource) -> bool:
        """A member may be shown with its group's assignment, as if it were its own."""
        if asset.group_id is None:
            return False
        try:
            of_group = self._lookup.assignment_of_group(asset.group_id)
        except ApiError:  # it can't be distinguished from the member's own
            return False
        return of_group is not None and bool(row.id == of_group.id)

    def _unknown_region(self, policy_id: str, destination: str | None) -> ResourceError | None:
        """Why it is not known where a policy copies to, though it names a region."""
        if destination is None or self._regions.region(destination) is not None:
            return None
        return ResourceError(
            code="UnknownRegion",
            message=f"Backup policy {policy_id} copies to {destination}, which is not a known region, so nothing is"
            " known of its copies.",
            hint="If the region is newer than the installed SDK, add it with the environment variable"
            " OCI_REGION_METADATA or in ~/.oci/regions-config.json.",
        )

    def _destination_of(self, policy_id: str) -> str | ResourceError | None:
        try:
            return self._lookup.destination_of(policy_id)
        except ApiError as error:
            reason = explain(error)
            return replace(
                reason,
                message=f"Backup policy {policy_id} could not be read, so the region that it copies to is unknown: "
                f"{reason.message}",
                hint="Check that the policy exists, or grant: Allow group <your group> to inspect backup-policies "
                "in compartment <its compartment>",
            )
