# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A resource as a row of documents. Pure."""

from __future__ import annotations

from .._model.ocid import region_part
from .._model.regions import RegionTable
from .._model.resource import Replica, Resource
from .._model.resource_types import ASSIGNMENT, REPLICA
from .._model.rows import ReplicaRow, ResourceRow
from .policy_assignments import PolicyAssignment
from .policy_reader import AssetPolicy
from .registry import KINDS
from .replicas import ReplicaResource
from .replication_reader import Replication


def resource_row(resource: Resource, *, managed_by_paas: bool = False) -> ResourceRow:
    """A resource and its key. An asset that was read for its backup policy becomes a row of its policy assignment, a
    source that was read for its replica a row of that; ``region`` is that of the source then."""
    kind = KINDS.get(resource.type)
    row: ResourceRow = {
        "id": resource.id,
        "type": resource.type,
        "region": resource.region,
        "compartment_id": resource.compartment_id,
        "display_name": resource.display_name,
        "lifecycle_state": resource.lifecycle_state,
        "encryption": "customer" if resource.kms_key_id else "oracle",
        "kms_key_id": resource.kms_key_id,
        "time_created": resource.time_created,
        "size_in_gbs": resource.size_in_gbs,
        "freeform_tags": dict(resource.freeform_tags),
        "defined_tags": {name: dict(tags) for name, tags in resource.defined_tags.items()},
        "group_id": resource.group_id,
        "locked": kind.lock_reason(resource) if kind is not None else None,
        "replicas": [_replica_row(replica, resource) for replica in resource.replicas],
        "managed_by_paas": managed_by_paas,
        "read_by": resource.read_by,
    }
    if isinstance(resource, PolicyAssignment):
        row["asset_id"] = resource.asset_id
        row["asset_type"] = resource.asset_type
        row["policy_id"] = resource.policy_id
        row["destination_region"] = resource.destination_region
    elif isinstance(resource, AssetPolicy):
        row["id"] = resource.assignment_id or resource.id
        row["type"] = ASSIGNMENT
        row["size_in_gbs"] = None  # that of the asset
        row["asset_id"] = resource.id
        row["asset_type"] = resource.type
        row["policy_id"] = resource.policy_id
        row["destination_region"] = resource.destination_region
    elif isinstance(resource, Replication):
        first = resource.meant[0] if resource.meant else None
        row["id"] = first.id if first else resource.id
        row["type"] = REPLICA
        row["replicas"] = []
        row["asset_id"] = row["source_id"] = resource.id
        row["asset_type"] = resource.type
    elif isinstance(resource, ReplicaResource):
        row["source_id"] = resource.source_id
    return row


def placed_row(resource: Resource, regions: RegionTable) -> ResourceRow:
    """The same, a replica in the region that it is in."""
    row = resource_row(resource)
    if isinstance(resource, Replication) and resource.meant:
        first = resource.meant[0]
        row["region"] = regions.region(resource.region_parts[0]) or row["region"]
        row["replica_domain"] = first.availability_domain
        row["replica_name"] = first.display_name
    return row


def _replica_row(replica: Replica, source: Resource) -> ReplicaRow:
    return {
        "id": replica.id,
        "availability_domain": replica.availability_domain,
        "kms_key_id": replica.kms_key_id,
        "in_other_region": region_part(replica.id) != region_part(source.id),
    }
