# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas of volumes, where they are, and of volume groups, where their source is (oci_semantics.md section 1.6).

Only read: their key is set on the source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._api.client import Service
from .._model.ocid import region_part, words_for
from .._model.resource import Resource
from .._model.resource_types import REPLICA
from .base import Page, Query, ReadableKind, common_fields, page_of
from .volume_groups import VolumeGroupKind


@dataclass(frozen=True)
class ReplicaResource(Resource):
    """A replica as its own region shows it. ``source_id`` is the volume, or the volume group, that it is one of."""

    source_id: str = ""


class ReplicaKind(ReadableKind):
    """Both kinds behave alike; only the names of operations and of a field differ."""

    type = REPLICA
    iam_resource_type = "volume-family"

    get_operation: str
    list_operation: str
    source_field: str

    @property
    def noun(self) -> str:
        """Which sort of replica it is."""
        return words_for(self.ocid_type)

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """GetBlockVolumeReplica, GetBootVolumeReplica."""
        response = service.read(self.get_operation, resource_id)
        return self._replica(response.data, region, response.etag)

    def list_page(self, service: Service, query: Query) -> Page:
        """ListBlockVolumeReplicas, ListBootVolumeReplicas. The specification requires an availability domain."""
        response = service.read(
            self.list_operation, compartment_id=query.compartment_id, **query.domain, **query.paging
        )
        return page_of(response, lambda row: self._replica(row, query.region))

    def _replica(self, row: Any, region: str, etag: str | None = None) -> ReplicaResource:
        return ReplicaResource(
            **common_fields(row),
            type=self.type,
            region=region,
            kms_key_id=row.kms_key_id or None,
            etag=etag,
            group_id=row.volume_group_replica_id,
            source_id=getattr(row, self.source_field),
        )


class BlockVolumeReplicaKind(ReplicaKind):
    name = "block_volume_replica"
    ocid_type = "blockvolumereplica"
    get_operation = "get_block_volume_replica"
    list_operation = "list_block_volume_replicas"
    source_field = "block_volume_id"


class BootVolumeReplicaKind(ReplicaKind):
    name = "boot_volume_replica"
    ocid_type = "bootvolumereplica"
    get_operation = "get_boot_volume_replica"
    list_operation = "list_boot_volume_replicas"
    source_field = "boot_volume_id"


class GroupReplicaKind(VolumeGroupKind):
    """The replicas of volume groups: their own region does not show the key that members get (section 1.6).

    What is listed are the groups; ``kms_key_id`` is the key of their first replica, to be compared with a GET.
    """

    type = REPLICA
    name = "volume_group_replica"

    @property
    def noun(self) -> str:
        return "volume group"

    def found_in(self, resource: Resource) -> Sequence[Resource]:
        """A replica for each that the group shows. ``region`` is the name that its OCID has for its region."""
        return [
            ReplicaResource(
                id=replica.id,
                type=REPLICA,
                region=region_part(replica.id),
                display_name=replica.display_name or resource.display_name,
                compartment_id=resource.compartment_id,
                lifecycle_state=resource.lifecycle_state,
                kms_key_id=replica.kms_key_id,
                freeform_tags=resource.freeform_tags,
                defined_tags=resource.defined_tags,
                read_by=resource.read_by,
                source_id=resource.id,
            )
            for replica in resource.replicas
        ]

    def _group(self, row: Any, region: str, etag: str | None = None) -> Resource:
        group = super()._group(row, region, etag)
        return replace(group, kms_key_id=group.replicas[0].kms_key_id if group.replicas else None)


GROUP_REPLICA = GroupReplicaKind()
BLOCK_VOLUME_REPLICA = BlockVolumeReplicaKind()
BOOT_VOLUME_REPLICA = BootVolumeReplicaKind()
