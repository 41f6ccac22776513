# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Block volumes and boot volumes: their key sits in the sub-resource ``kmsKey`` (oci_semantics.md section 1.2)."""

from __future__ import annotations

from typing import Any

from .._api.client import Response, Service
from .._common.errors import ResourceError, ServiceError
from .._model.resource import Replica, Resource
from .base import Page, Query, common_fields, page_of
from .registry import register
from .resource_kind import ResourceKind


class VolumeKind(ResourceKind):
    """Both kinds behave alike; only the names of operations and of the replicas' fields differ."""

    iam_resource_type = "volumes"

    get_operation: str
    list_operation: str
    assign_operation: str
    remove_operation: str
    replicas_field: str
    replica_id_field: str

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetVolume, GetBootVolume. Not GetVolumeKmsKey, whose response for an Oracle-managed volume is disputed."""
        response = service.read(self.get_operation, resource_id)
        return self._resource(response.data, region, response.etag)

    def list_page(self, service: Service, query: Query) -> Page:
        """ListVolumes, ListBootVolumes."""
        response = service.read(
            self.list_operation, compartment_id=query.compartment_id, **query.domain, **query.paging
        )
        return page_of(response, lambda row: self._resource(row, query.region))

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """UpdateVolumeKmsKey, UpdateBootVolumeKmsKey. Asynchronous: the volume is PROVISIONING for a while."""
        return service.write(self.assign_operation, resource.id, {"kmsKeyId": kms_key_id})

    def remove(self, service: Service, resource: Resource) -> Response:
        """DeleteVolumeKmsKey, DeleteBootVolumeKmsKey. Asynchronous like the update."""
        return service.write(self.remove_operation, resource.id)

    def is_retryable(self, error: ServiceError) -> bool:
        """A volume that is "currently being modified" is a 409 Conflict (oci_semantics.md section 4)."""
        return super().is_retryable(error) or error.is_conflict

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """Whether replicas survived, which is not known (oci_semantics.md section 1.6)."""
        left = {replica.id for replica in after.replicas}
        lost = [replica.id for replica in before.replicas if replica.id not in left]
        if not lost:
            return None
        return ResourceError(
            code="ReplicaLost",
            message=f"The key was changed, but the {self.noun} has lost its replica {', '.join(lost)}.",
            hint="Enable the replication again, with a key for the replica's region.",
        )

    def _resource(self, row: Any, region: str, etag: str | None = None) -> Resource:
        return Resource(
            **common_fields(row),
            type=self.type,
            region=region,
            kms_key_id=row.kms_key_id or None,
            etag=etag,
            group_id=row.volume_group_id,
            replicas=tuple(
                Replica(
                    id=getattr(replica, self.replica_id_field),
                    availability_domain=replica.availability_domain,
                    kms_key_id=replica.kms_key_id or None,
                    display_name=replica.display_name,
                )
                for replica in getattr(row, self.replicas_field) or ()
            ),
        )


class BlockVolumeKind(VolumeKind):
    type = "volume"
    get_operation = "get_volume"
    list_operation = "list_volumes"
    assign_operation = "update_volume_kms_key"
    remove_operation = "delete_volume_kms_key"
    replicas_field = "block_volume_replicas"
    replica_id_field = "block_volume_replica_id"


class BootVolumeKind(VolumeKind):
    type = "boot_volume"
    get_operation = "get_boot_volume"
    list_operation = "list_boot_volumes"
    assign_operation = "update_boot_volume_kms_key"
    remove_operation = "delete_boot_volume_kms_key"
    replicas_field = "boot_volume_replicas"
    replica_id_field = "boot_volume_replica_id"


BLOCK_VOLUME = BlockVolumeKind()
BOOT_VOLUME = BootVolumeKind()

VOLUME_KINDS = register(BLOCK_VOLUME, BOOT_VOLUME)
"""The names of the kinds for volumes."""
