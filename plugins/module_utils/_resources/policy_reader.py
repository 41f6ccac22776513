# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading backup policies: assets in bulk, then the assignment of each, for which there is no list."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

from .._common.clock import Clock
from .._common.errors import (
    ApiError,
    InputError,
    ResourceError,
    explain,
)
from .._model.backup_policies import BackupPolicy
from .._model.decisions import is_busy
from .._model.resource import DesiredState, Reading, Resource, TakenAway
from .policy_lookup import PolicyLookup, asset_fields, expect_own
from .reader import ReaderByGet


@dataclass(frozen=True)
class AssetPolicy(Resource):
    """An asset with the backup policy that it has; ``kms_key_id`` is the key for the copies in ``destination_region``.

    ``inherited_from`` is the volume group whose policy it is. ``group_has_policy`` is also set where the asset has its
    own policy besides. ``desired_destination`` is the destination region of the policy that is desired by its OCID.
    """

    assignment_id: str | None = None
    policy_id: str | None = None
    destination_region: str | None = None
    inherited_from: str | None = None
    group_has_policy: bool = False
    desired_destination: str | None = None

    def destination_for(self, desired: DesiredState) -> str | None:
        """The region of the copies once the desired state is reached."""
        if desired.policy_id in (None, self.policy_id):
            return self.destination_region
        return self.desired_destination

    def with_desired(self, desired: DesiredState) -> Resource:
        if desired.unassigned:
            return replace(self, assignment_id=None, policy_id=None, destination_region=None, kms_key_id=None)
        return replace(
            self,
            assignment_id=None,
            policy_id=desired.policy_id or self.policy_id,
            destination_region=self.destination_for(desired),
            kms_key_id=desired.kms_key_id,
        )

    def journal_fields(self) -> dict[str, Any]:
        return {**super().journal_fields(), "policy_id": self.policy_id, "assignment_id": self.assignment_id}


class PolicyReader(ReaderByGet):
    """Adds to its assets the backup policy that they have: one call per asset, and per policy."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._assets: dict[str, Resource] = {}
        self._lookup = PolicyLookup(self._service)
        self._desired_destination: str | None = None
        self._groups_lock = threading.Lock()
        self._groups_since = float("-inf")

    def prepare(self, desired: DesiredState) -> None:
        """Look up the desired policy. Raises InputError if it can't be read in this region."""
        if desired.policy_id is None:
            return
        try:
            self._desired_destination = self._lookup.destination_of(desired.policy_id)
        except ApiError as error:
            raise InputError(
                f"'policy_id' {desired.policy_id} could not be read in {self._region}: {error}. Nothing was changed. "
                "Check that the backup policy exists, and that this statement is in force: Allow group <your group> "
                "to read backup-policies in compartment <its compartment>"
            ) from error

    def policy(self, policy_id: str) -> BackupPolicy:
        """A backup policy, which is read once. Raises ApiError."""
        return self._lookup.policy_of(policy_id)

    def read(self, resource_ids: Iterable[str]) -> dict[str, Reading]:
        assets = super().read(resource_ids)
        self._assets.update({name: asset for name, asset in assets.items() if isinstance(asset, Resource)})
        return dict(zip(assets, self._pool.map(self._with_policy, assets.values())))

    def get(self, resource_id: str) -> Reading:
        asset: Reading | None = self._assets.get(resource_id)
        if not isinstance(asset, Resource) or is_busy(asset):
            asset = self._get(resource_id)
            if isinstance(asset, Resource):
                self._assets[resource_id] = asset
        return self._with_policy(asset)

    def fresh(
        self, resource_id: str, *, not_before: float, clock: Clock, by_get: bool = False
    ) -> tuple[Reading, float]:
        """The asset, its assignment and that of its group, all of them by GET: a change of several requests follows."""
        asked = clock.monotonic()
        with self._groups_lock:
            if self._groups_since < not_before:
                self._groups_since = asked
                self._lookup.forget_groups()
            self._assets.pop(resource_id, None)
            since = self._groups_since
        return self.get(resource_id), min(asked, since)

    def before_interruption(self, reading: Resource, taken: TakenAway) -> Reading | None:
        """The asset as it was before a change that took its policy away and did not come to its end.

        None where it has a policy by now, be it the former one, the desired one, or another one.
        """
        now = cast(AssetPolicy, reading)
        policy_id = taken.policy_id
        if now.policy_id is not None or policy_id is None:
            return None
        try:
            destination = self._lookup.destination_of(policy_id)
        except ApiError as error:
            fault = explain(error)
            return replace(fault, message=f"Its former backup policy {policy_id} could not be read: {fault.message}")
        return replace(now, policy_id=policy_id, kms_key_id=taken.kms_key_id, destination_region=destination)

    def _with_policy(self, asset: Reading) -> Reading:
        if isinstance(asset, ResourceError):
            return asset
        try:
            return self._policy_of(asset)
        except ApiError as error:
            return explain(error)
        except Exception as error:  # a fault of ours in one response must not lose the other resources
            return ResourceError(code="InternalError", message=repr(error))

    def _policy_of(self, asset: Resource) -> AssetPolicy:
        row = self._lookup.assignment_of(asset.id)
        if row is not None:
            expect_own(row, asset)
        of_group = self._lookup.assignment_of_group(asset.group_id) if asset.group_id else None
        # Whether a member is shown with nothing or with its group's assignment, is unknown.
        inherited = None
        if row is not None and row.asset_id != asset.id:
            inherited = row.asset_id
        elif of_group is not None and (row is None or row.id == of_group.id):
            row, inherited = of_group, asset.group_id
        return AssetPolicy(
            id=asset.id,
            type=asset.type,
            **asset_fields(asset),
            kms_key_id=(row.xrc_kms_key_id or None) if row is not None else None,
            etag=asset.etag or "no list has it",
            group_id=asset.group_id,
            assignment_id=row.id if row is not None else None,
            policy_id=row.policy_id if row is not None else None,
            destination_region=self._lookup.destination_of(row.policy_id) if row is not None else None,
            inherited_from=inherited,
            group_has_policy=of_group is not None,
            desired_destination=self._desired_destination,
        )
