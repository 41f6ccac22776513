# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instance pools: their key is that of the configuration that they are pointed to (oci_semantics.md section 1.11).

Instances that exist stay as they are. A pool goes to a configuration of the same family that has the key, or to a copy
made for it; the former configuration stays. A plan that puts a pool back names the very configuration that it came
from: it may hand on several keys, and no other will do.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

from .._api.client import Connection, Response, Service
from .._common.errors import ApiError, ResourceError, ServiceError, explain
from .._model.actions import ASSIGN, NONE, REMOVE
from .._model.outcome import Outcome
from .._model.resource import DesiredState, PoolMove, Reading, Resource
from .._model.resource_types import INSTANCE_POOL
from .base import Page, Query, common_fields
from .configuration_copies import (
    Catalog,
    Configuration,
    FamilyReader,
    catalog_of,
    encryption_of,
    unknown_error,
    volumes_of,
)
from .registry import register
from .resource_kind import ResourceKind

NO_WAY_BACK_REMEDY = (
    "Let the caller read instance-configurations, or bring the pool to the former key with the module "
    "instance_configuration_kms_key, which copies the configuration that it uses now."
)
"""What to do about a pool whose former configuration is gone or can't be read."""


@dataclass(frozen=True)
class InstancePool(Resource):
    """A pool and its configuration. ``kms_key_id`` is the key of the volumes of new instances; where they have several,
    the first that is not the desired one."""

    configuration_id: str | None = None
    configuration: Configuration | None = field(default=None, compare=False)
    catalog: Catalog | None = field(default=None, compare=False, repr=False)

    @property
    def encryption(self) -> str | None:
        return encryption_of(self.configuration, self.kms_key_id)

    def with_desired(self, desired: DesiredState) -> Resource:
        """Which configuration that will be is not known yet, unless the pool goes back."""
        target = None if desired.pool_move is None else desired.pool_move.to_id
        return replace(self, kms_key_id=desired.kms_key_id, configuration_id=target, configuration=None)

    def journal_fields(self) -> dict[str, Any]:
        return {**super().journal_fields(), "configuration_id": self.configuration_id}


class InstancePoolReader(FamilyReader):
    """Reads each by GET, and the configuration that it uses."""

    def get(self, resource_id: str) -> Reading:
        found = self._get(resource_id)
        if isinstance(found, ResourceError):
            return found
        pool = cast(InstancePool, found)
        configuration = self.configuration(pool.configuration_id or "")
        if isinstance(configuration, ResourceError):
            message = f"Its instance configuration {pool.configuration_id} could not be read: {configuration.message}"
            return replace(configuration, message=message)
        move = self._desired.pool_moves.get(resource_id)
        if move is not None and pool.configuration_id == move.from_id:
            former = self.configuration(move.to_id)
            if isinstance(former, ResourceError):
                return _no_way_back(move.to_id, former)
        key = configuration.key_beside(self._desired.kms_key_id)
        return replace(pool, configuration=configuration, kms_key_id=key, catalog=catalog_of(self._service))

    def configuration(self, configuration_id: str) -> Configuration | ResourceError:
        """A configuration, or why it could not be read."""
        try:
            return catalog_of(self._service).read(self._service, configuration_id)
        except ApiError as error:
            return explain(error)


def _no_way_back(configuration_id: str, error: ResourceError) -> ResourceError:
    message = (
        f"Its former instance configuration {configuration_id} is gone or could not be read, so the pool stays on the "
        f"one that it uses: {error.message}"
    )
    return replace(error, message=message, hint=NO_WAY_BACK_REMEDY)


def _way_back(pool: InstancePool, move: PoolMove, kms_key_id: str | None) -> str | ResourceError:
    if pool.configuration_id == move.to_id:
        return NONE
    if pool.configuration_id == move.from_id:
        return REMOVE if kms_key_id is None else ASSIGN
    return ResourceError(
        code="ChangedMeanwhile",
        message=f"The pool uses instance configuration {pool.configuration_id}, and used {move.from_id} when the plan "
        "was made. Somebody pointed it elsewhere since, so it is left as it is.",
        hint="Make a new plan.",
    )


class InstancePoolKind(ResourceKind):
    type = INSTANCE_POOL
    iam_resource_type = "instance-pools"
    iam_family = "compute-management-family"
    requires_usable_current_key = False
    reader_class = InstancePoolReader

    def service(self, connection: Connection, region: str) -> Service:
        return connection.compute_management(region)

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetInstancePool; the reader of this kind reads its configuration."""
        response = service.read("get_instance_pool", resource_id)
        return InstancePool(
            **common_fields(response.data),
            type=self.type,
            region=region,
            kms_key_id=None,
            etag=response.etag,
            configuration_id=response.data.instance_configuration_id,
        )

    def list_page(self, service: Service, query: Query) -> Page:
        """Rows have no etags, and name a configuration that would have to be read: pools are read one by one."""
        return Page([], None)

    def resolve_desired(self, resource: Resource, desired: DesiredState) -> DesiredState:
        if resource.id not in desired.pool_moves:
            return desired
        return replace(desired, pool_moves={}, pool_move=desired.pool_moves[resource.id])

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        if desired.pool_move is not None:
            return _way_back(cast(InstancePool, resource), desired.pool_move, desired.kms_key_id)
        configuration = cast(InstancePool, resource).configuration
        if configuration is not None and configuration.unknown is not None:
            return unknown_error(configuration)
        if self.matches(resource, desired):
            return NONE
        return REMOVE if desired.kms_key_id is None else ASSIGN

    def matches(self, resource: Resource, desired: DesiredState) -> bool:
        pool = cast(InstancePool, resource)
        if desired.pool_move is not None:
            return pool.configuration_id == desired.pool_move.to_id
        return pool.configuration is not None and pool.configuration.is_on(desired.kms_key_id)

    def is_same(self, one: Resource, other: Resource) -> bool:
        return cast(InstancePool, one).configuration_id == cast(InstancePool, other).configuration_id

    def describe(self, resource: Resource) -> str:
        configuration = cast(InstancePool, resource).configuration
        if configuration is None:
            return super().describe(resource)
        keys = list(dict.fromkeys(place.kms_key_id for place in configuration.places))
        words = " and ".join("the Oracle-managed key" if key is None else f"key {key}" for key in keys) or "no volumes"
        return f"configuration {configuration.display_name or configuration.id} with {words}"

    def precondition_error(self, resource: Resource, action: str) -> ResourceError | None:
        """Somebody else may point the pool elsewhere meanwhile."""
        if resource.etag is not None:
            return None
        return ResourceError(
            code="NoPrecondition",
            message="OCI's response for this instance pool had no etag, so it can't be pointed to another configuration"
            " without the risk of overwriting what somebody else changes at the same time. Nothing was sent.",
            hint="Run the task again. If that does not help, change the pool in the console.",
        )

    def is_retryable(self, error: ServiceError) -> bool:
        return super().is_retryable(error) or error.is_conflict

    def change(self, service: Service, before: Resource, action: str, desired: DesiredState) -> Response:
        """UpdateInstancePool, to a configuration that is there or that CreateInstanceConfiguration makes first."""
        pool, key = cast(InstancePool, before), desired.kms_key_id
        if pool.configuration is None or pool.catalog is None:
            raise ValueError("only a pool whose configuration was read is changed")
        move = desired.pool_move
        target = move.to_id if move is not None else str(pool.catalog.copy(service, pool.configuration, key).data.id)
        return service.write("update_instance_pool", pool.id, {"instanceConfigurationId": target}, if_match=pool.etag)

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        return self.change(service, resource, ASSIGN, DesiredState(kms_key_id))

    def remove(self, service: Service, resource: Resource) -> Response:
        return self.change(service, resource, REMOVE, DesiredState(None))

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        before, after = cast("InstancePool | None", outcome.before), cast("InstancePool | None", latest)
        return {
            "instance_configuration_id": after.configuration_id if after is not None else None,
            "previous_instance_configuration_id": before.configuration_id if before is not None else None,
            "volumes": volumes_of(after.configuration if after is not None else None),
        }


INSTANCE_POOLS = InstancePoolKind()

INSTANCE_POOL_KINDS = register(INSTANCE_POOLS)
"""The name of the kind for instance pools."""
