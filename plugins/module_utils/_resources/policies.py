# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies of volumes, boot volumes and volume groups, and the key for the copies in another region.

An assignment can be created and deleted, but not updated (oci_semantics.md section 1.5). What a POST does to an
assignment of the same policy with another key is unknown, so the result is read, and replaced where need be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from .._api.client import Response, Service
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    TransportError,
)
from .._model.actions import ASSIGN, NONE, REMOVE, UNASSIGN
from .._model.ocid import Ocid, expect_type
from .._model.outcome import Outcome
from .._model.resource import DesiredState, Resource
from .._model.resource_types import RESOURCE_TYPES
from .base import Page, Query, ReadableKind
from .policy_lookup import read_assignment
from .policy_reader import AssetPolicy, PolicyReader
from .registry import KINDS, register
from .resource_kind import ResourceKind
from .volume_groups import VOLUME_GROUP
from .volumes import BLOCK_VOLUME, BOOT_VOLUME


class PolicyKind(ResourceKind):
    """The backup policy of one kind of asset."""

    is_synchronous = True
    needs_rollback = True
    reader_class = PolicyReader
    requires_usable_current_key = False

    def __init__(self, asset: ReadableKind) -> None:
        self.asset = asset
        self.type = asset.type
        self.name = f"policy of {asset.type}"
        self.iam_resource_type = asset.iam_resource_type

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """Read the asset; its policy is read by the reader of this kind."""
        return self.asset.get(service, region, resource_id)

    def list_page(self, service: Service, query: Query) -> Page:
        """List the assets."""
        return self.asset.list_page(service, query)

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        asset = cast(AssetPolicy, resource)
        if asset.inherited_from is not None:
            return _policy_of_group(f"This {self.noun} has the backup policy", asset)
        if desired.unassigned and asset.group_has_policy:
            return _policy_of_group(f"Without its own backup policy, this {self.noun} would have the one", asset)
        if desired.unassigned:
            return UNASSIGN if asset.policy_id else NONE
        policy_id = desired.policy_id or asset.policy_id
        if policy_id is None:
            return NONE if desired.kms_key_id is None else _NO_POLICY
        if desired.kms_key_id is not None and asset.destination_for(desired) is None:
            return ResourceError(
                code="NoDestinationRegion",
                message=f"Backup policy {policy_id} has no destination region, so no key can be assigned for copies.",
                hint="Give 'policy_id' of a policy with a destination region, or use 'state: absent'.",
            )
        if self.matches(asset, self.resolve_desired(asset, desired)):
            return NONE
        return REMOVE if desired.kms_key_id is None and policy_id == asset.policy_id else ASSIGN

    def resolve_desired(self, resource: Resource, desired: DesiredState) -> DesiredState:
        """Without 'policy_id', the assigned policy stays."""
        if desired.unassigned or desired.policy_id:
            return desired
        return replace(desired, policy_id=cast(AssetPolicy, resource).policy_id)

    def matches(self, resource: Resource, desired: DesiredState) -> bool:
        """``desired`` is the one that ``resolve_desired`` gave."""
        asset = cast(AssetPolicy, resource)
        if desired.policy_id is None:
            return asset.policy_id is None
        return (asset.policy_id, asset.kms_key_id) == (desired.policy_id, desired.kms_key_id)

    def is_same(self, one: Resource, other: Resource) -> bool:
        first, second = cast(AssetPolicy, one), cast(AssetPolicy, other)
        return (first.policy_id, first.kms_key_id) == (second.policy_id, second.kms_key_id)

    def describe(self, resource: Resource) -> str:
        asset = cast(AssetPolicy, resource)
        if asset.policy_id is None:
            return "no backup policy"
        return f"backup policy {asset.policy_id} with {super().describe(asset)} for copies"

    def policy_of(self, resource: Resource) -> str | None:
        return cast(AssetPolicy, resource).policy_id

    def key_region(self, resource: Resource, desired: DesiredState) -> str | None:
        """The key is used in the region of the copies (oci_semantics.md section 1.5)."""
        return cast(AssetPolicy, resource).destination_for(desired)

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """Assign the current policy with this key; ``change`` handles all cases."""
        return self.change(service, resource, ASSIGN, DesiredState(kms_key_id))

    def remove(self, service: Service, resource: Resource) -> Response:
        """Assign the current policy without a key."""
        return self.change(service, resource, REMOVE, DesiredState(None))

    def change(self, service: Service, before: Resource, action: str, desired: DesiredState) -> Response:
        """CreateVolumeBackupPolicyAssignment; where that is not enough, after DeleteVolumeBackupPolicyAssignment."""
        asset = cast(AssetPolicy, before)
        known = [(asset.policy_id, asset.kms_key_id)]
        if action == UNASSIGN:
            return _delete_own(service, asset, cast(str, asset.assignment_id), known)
        policy_id = cast(str, self.resolve_desired(asset, desired).policy_id)
        details = _details(asset.id, policy_id, desired.kms_key_id)
        present = asset.assignment_id
        known.append((policy_id, desired.kms_key_id))
        try:
            response = service.write("create_volume_backup_policy_assignment", details)
        except ServiceError as error:
            # The service itself replaces another policy, so a 409 means something else then.
            if not _is_taken(error) or asset.policy_id != policy_id or asset.group_has_policy:
                raise
        else:
            if present is None or asset.group_has_policy:
                return response
            row = _read_result(service, asset.id)
            if row is not None and _assigned(row) == (policy_id, desired.kms_key_id):
                return response
            present = row.id if row is not None else None
        if present is not None:
            _delete_own(service, asset, present, known)
            _expect_none(service, asset, present)
        return service.write("create_volume_backup_policy_assignment", details)

    def is_partially_applied(self, before: Resource, now: Resource) -> bool:
        """Whether it is as our own DELETE leaves it."""
        return cast(AssetPolicy, before).policy_id is not None and self.looks_half_way(now)

    def looks_half_way(self, resource: Resource) -> bool:
        return cast(AssetPolicy, resource).policy_id is None

    def roll_back(self, service: Service, before: Resource, now: Resource) -> bool:
        former, present = cast(AssetPolicy, before), cast(AssetPolicy, now)
        if former.policy_id is None or present.policy_id is not None:
            return False
        service.write(
            "create_volume_backup_policy_assignment", _details(former.id, former.policy_id, former.kms_key_id)
        )
        return True

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        not_seen_since = outcome.changed and latest is outcome.before
        before = cast("AssetPolicy | None", outcome.before)
        after = None if not_seen_since else cast("AssetPolicy | None", latest)
        return {
            "assignment_id": after.assignment_id if after else None,
            "policy_id": after.policy_id if after else None,
            "previous_policy_id": before.policy_id if before else None,
            "destination_region": after.destination_region if after else None,
            "previous_destination_region": before.destination_region if before else None,
        }


def _policy_of_group(what: str, asset: AssetPolicy) -> ResourceError:
    return ResourceError(
        code="PolicyOfGroup",
        message=f"{what} of its volume group {asset.inherited_from or asset.group_id}.",
        hint="Name the volume group instead; its policy applies to all its members.",
    )


_NO_POLICY = ResourceError(
    code="NoPolicy",
    message="No backup policy is assigned and 'policy_id' is not set, so there are no copies to assign a key for.",
    hint="Set 'policy_id'.",
)


def _is_taken(error: ServiceError) -> bool:
    """Whether a 409 says that there is an assignment already, not that the asset is locked or busy."""
    return error.status == 409 and error.code in ("Conflict", "NotAuthorizedOrResourceAlreadyExists")


_Assigned = tuple["str | None", "str | None"]
"""A policy and the key for its copies."""


def _assigned(row: Any) -> _Assigned:
    return row.policy_id, row.xrc_kms_key_id or None


def _delete_own(service: Service, asset: AssetPolicy, assignment_id: str, known: Sequence[_Assigned]) -> Response:
    """Delete an assignment as it was just read, and only that.

    It has to be the asset's own, since a volume group's would be lost for all of its members; and what this change
    knows to be there, which the journal has or which it has made itself.
    """
    try:
        found = service.read("get_volume_backup_policy_assignment", assignment_id)
    except TransportError as error:
        raise TransportError(error.message, operation=error.operation, was_sent=False) from error  # no DELETE was
    row = found.data
    if row.asset_id != asset.id:
        raise _not_deleted(f"The assignment {assignment_id} belongs to {row.asset_id}", code="PolicyOfGroup")
    if _assigned(row) not in known:
        raise _not_deleted(
            f"Somebody else has changed the assignment {assignment_id} meanwhile", code="ChangedMeanwhile"
        )
    if not found.etag:
        raise _not_deleted(
            f"The service gave no etag for the assignment {assignment_id}, without which a change by somebody else "
            "could be lost",
            code="NoPrecondition",
        )
    return service.write("delete_volume_backup_policy_assignment", assignment_id, if_match=found.etag)


def _expect_none(service: Service, asset: AssetPolicy, deleted: str) -> None:
    """Whether nobody has assigned another policy since the DELETE: the POST would silently replace it."""
    row = _read_result(service, asset.id)
    if row is not None and row.asset_id == asset.id and row.id != deleted:
        raise ServiceError(
            f"Somebody else has assigned backup policy {row.policy_id} meanwhile, which stays.",
            operation="GetVolumeBackupPolicyAssetAssignment",
            status=409,
            code="ChangedMeanwhile",
        )


def _not_deleted(why: str, *, code: str) -> ServiceError:
    return ServiceError(
        f"{why}, so it was not deleted.", operation="GetVolumeBackupPolicyAssignment", status=409, code=code
    )


def _read_result(service: Service, asset_id: str) -> Any | None:
    """What a POST did. If that can't be read, its outcome is unknown: the service did not refuse it."""
    try:
        return read_assignment(service, asset_id)
    except ApiError as error:
        raise TransportError(str(error), operation=error.operation, was_sent=True) from error


def _details(asset_id: str, policy_id: str, kms_key_id: str | None) -> dict[str, str]:
    details = {"assetId": asset_id, "policyId": policy_id}
    if kms_key_id is not None:
        details["xrcKmsKeyId"] = kms_key_id
    return details


POLICY_OF_VOLUME = PolicyKind(BLOCK_VOLUME)
POLICY_OF_BOOT_VOLUME = PolicyKind(BOOT_VOLUME)
POLICY_OF_VOLUME_GROUP = PolicyKind(VOLUME_GROUP)

POLICY_KINDS = register(POLICY_OF_VOLUME, POLICY_OF_BOOT_VOLUME, POLICY_OF_VOLUME_GROUP)
"""The names of the kinds for backup policies."""


def policy_kind(asset: Ocid) -> ResourceKind:
    """How the backup policy of an asset is read and changed. Raises InputError if an OCID is not that of an asset."""
    expect_type(asset, *RESOURCE_TYPES.assets.ocid_types)
    return KINDS[f"policy of {RESOURCE_TYPES.by_ocid_type[asset.type].name}"]
