# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of OCI that the collection calls: how each is asked for, and what its answer has to be. Pure.

Source: ``oci_semantics.md`` appendix A. Names and arguments are those of the methods of the SDK's clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from . import record_types as records
from .operation_types import Operation, Relation, in_python
from .record_types import RecordType

_BASE_PATHS = {
    "block_volume": "/20160918",
    "compute": "/20160918",
    "compute_management": "/20160918",
    "container_engine": "/20180222",
    "identity": "/20160918",
    "vaults": "/20180608",
    "vault_management": "/20180608",
    "search": "/20180409",
}

_PAGED = ("limit", "page")
_SORTED = ("sortBy", "sortOrder")
_LISTED = (*_PAGED, "displayName", *_SORTED)
_BY_COMPARTMENT = ("compartment_id",)
_OF_COMPARTMENT = (Relation("compartment_id", "compartment_id"),)
_OF_DOMAIN = (*_OF_COMPARTMENT, Relation("availability_domain", "availability_domain"))
_REPLICA_QUERY = ("availabilityDomain", "compartmentId", "volumeGroupReplicaId", *_LISTED, "lifecycleState")
_IF_MATCH = ("if-match",)
_RETRY_TOKEN = ("opc-retry-token",)
_ASSIGNMENT = RESOURCE_TYPES[ASSIGNMENT].ocid_types


def _of_path(path: str) -> tuple[str, ...]:
    """The argument whose OCID is in a path."""
    return (in_python(path.partition("{")[2].partition("}")[0]),) if "{" in path else ()


def _get(path: str, record: RecordType, *ocid_types: str, service: str = "block_volume") -> Operation:
    """Reads one resource, by the OCID in the path."""
    return Operation(
        service=service,
        method="GET",
        path=_BASE_PATHS[service] + path,
        arguments=_of_path(path),
        record=record,
        ocid_types=ocid_types,
        relations=(Relation("id", _of_path(path)[0]),),
    )


def _list(
    path: str,
    record: RecordType,
    *ocid_types: str,
    query: tuple[str, ...] = (),
    relations: tuple[Relation, ...] = (),
    arguments: tuple[str, ...] = (),
    service: str = "block_volume",
) -> Operation:
    """Reads the rows that the OCID in the path, or the query, ask for."""
    return Operation(
        service=service,
        method="GET",
        path=_BASE_PATHS[service] + path,
        arguments=(*_of_path(path), *arguments),
        query=query,
        record=record,
        is_list=True,
        ocid_types=ocid_types,
        relations=relations,
    )


def _send(
    method: str,
    path: str,
    record: RecordType | None,
    *ocid_types: str,
    relations: tuple[Relation, ...] = (),
    headers: tuple[str, ...] = (),
    query: tuple[str, ...] = (),
    service: str = "block_volume",
) -> Operation:
    """Changes something, as its body says."""
    return Operation(
        service=service,
        method=method,
        path=_BASE_PATHS[service] + path,
        arguments=(*_of_path(path), "details"),
        query=query,
        headers=headers,
        has_body=True,
        record=record,
        ocid_types=ocid_types,
        relations=relations,
    )


def _delete(path: str) -> Operation:
    """Deletes something of Block Volume; there is no answer but the status."""
    return Operation(
        service="block_volume",
        method="DELETE",
        path=_BASE_PATHS["block_volume"] + path,
        arguments=_of_path(path),
        headers=_IF_MATCH,
    )


_TABLE = {
    "get_volume": _get("/volumes/{volumeId}", records.VOLUME, "volume"),
    "get_boot_volume": _get("/bootVolumes/{bootVolumeId}", records.BOOT_VOLUME, "bootvolume"),
    "get_volume_backup": _get("/volumeBackups/{volumeBackupId}", records.VOLUME_BACKUP, "volumebackup"),
    "get_boot_volume_backup": _get(
        "/bootVolumeBackups/{bootVolumeBackupId}", records.BOOT_VOLUME_BACKUP, "bootvolumebackup"
    ),
    "get_volume_group": _get("/volumeGroups/{volumeGroupId}", records.VOLUME_GROUP, "volumegroup"),
    "get_volume_group_backup": _get(
        "/volumeGroupBackups/{volumeGroupBackupId}", records.VOLUME_GROUP_BACKUP, "volumegroupbackup"
    ),
    "get_block_volume_replica": _get(
        "/blockVolumeReplicas/{blockVolumeReplicaId}", records.BLOCK_VOLUME_REPLICA, "blockvolumereplica"
    ),
    "get_boot_volume_replica": _get(
        "/bootVolumeReplicas/{bootVolumeReplicaId}", records.BOOT_VOLUME_REPLICA, "bootvolumereplica"
    ),
    "get_volume_backup_policy": _get(
        "/volumeBackupPolicies/{policyId}", records.VOLUME_BACKUP_POLICY, "volumebackuppolicy"
    ),
    "get_volume_backup_policy_assignment": _get(
        "/volumeBackupPolicyAssignments/{policyAssignmentId}", records.VOLUME_BACKUP_POLICY_ASSIGNMENT, *_ASSIGNMENT
    ),
    "get_volume_backup_policy_asset_assignment": _list(
        "/volumeBackupPolicyAssignments",
        records.VOLUME_BACKUP_POLICY_ASSIGNMENT,
        *_ASSIGNMENT,
        query=("assetId", *_PAGED),
        arguments=("asset_id",),
        # A member may be shown with the assignment of its group (oci_semantics.md section 1.5).
        relations=(Relation("asset_id", "asset_id", or_types=("volumegroup",)),),
    ),
    "list_volumes": _list(
        "/volumes",
        records.VOLUME,
        "volume",
        query=(
            "availabilityDomain",
            "compartmentId",
            *_LISTED,
            "volumeGroupId",
            "lifecycleState",
        ),
        relations=_OF_DOMAIN,
    ),
    "list_boot_volumes": _list(
        "/bootVolumes",
        records.BOOT_VOLUME,
        "bootvolume",
        query=("availabilityDomain", "compartmentId", *_PAGED, "volumeGroupId"),
        relations=_OF_DOMAIN,
    ),
    "list_volume_backups": _list(
        "/volumeBackups",
        records.VOLUME_BACKUP,
        "volumebackup",
        query=(
            "compartmentId",
            "volumeId",
            *_PAGED,
            "displayName",
            "sourceVolumeBackupId",
            *_SORTED,
            "lifecycleState",
        ),
        arguments=_BY_COMPARTMENT,
        relations=_OF_COMPARTMENT,
    ),
    "list_boot_volume_backups": _list(
        "/bootVolumeBackups",
        records.BOOT_VOLUME_BACKUP,
        "bootvolumebackup",
        query=(
            "compartmentId",
            "bootVolumeId",
            *_PAGED,
            "displayName",
            "sourceBootVolumeBackupId",
            *_SORTED,
            "lifecycleState",
        ),
        arguments=_BY_COMPARTMENT,
        relations=_OF_COMPARTMENT,
    ),
    "list_volume_groups": _list(
        "/volumeGroups",
        records.VOLUME_GROUP,
        "volumegroup",
        query=("availabilityDomain", "compartmentId", *_LISTED, "lifecycleState"),
        arguments=_BY_COMPARTMENT,
        relations=_OF_DOMAIN,
    ),
    "list_volume_group_backups": _list(
        "/volumeGroupBackups",
        records.VOLUME_GROUP_BACKUP,
        "volumegroupbackup",
        query=("compartmentId", "volumeGroupId", *_LISTED),
        arguments=_BY_COMPARTMENT,
        relations=_OF_COMPARTMENT,
    ),
    "list_block_volume_replicas": _list(
        "/blockVolumeReplicas",
        records.BLOCK_VOLUME_REPLICA,
        "blockvolumereplica",
        query=_REPLICA_QUERY,
        relations=_OF_DOMAIN,
    ),
    "list_boot_volume_replicas": _list(
        "/bootVolumeReplicas",
        records.BOOT_VOLUME_REPLICA,
        "bootvolumereplica",
        query=_REPLICA_QUERY,
        relations=_OF_DOMAIN,
    ),
    # Attachments and instances are in the same compartment. OCIDs of boot volume attachments are those of instances.
    "list_volume_attachments": _list(
        "/volumeAttachments",
        records.VOLUME_ATTACHMENT,
        query=("availabilityDomain", "compartmentId", *_PAGED, "instanceId", "volumeId"),
        arguments=_BY_COMPARTMENT,
        relations=_OF_DOMAIN,
        service="compute",
    ),
    "list_boot_volume_attachments": _list(
        "/bootVolumeAttachments",
        records.BOOT_VOLUME_ATTACHMENT,
        query=("availabilityDomain", "compartmentId", *_PAGED, "instanceId", "bootVolumeId"),
        arguments=("availability_domain", "compartment_id"),
        relations=_OF_DOMAIN,
        service="compute",
    ),
    "list_instances": _list(
        "/instances",
        records.INSTANCE,
        "instance",
        query=("availabilityDomain", "compartmentId", "displayName", *_PAGED, *_SORTED, "lifecycleState"),
        arguments=_BY_COMPARTMENT,
        relations=_OF_DOMAIN,
        service="compute",
    ),
    # What new volumes are born with (oci_semantics.md section 1.11). Rows of configurations have no details, and so no
    # keys; those of node pools may have theirs.
    "list_instance_configurations": _list(
        "/instanceConfigurations",
        records.INSTANCE_CONFIGURATION_SUMMARY,
        "instanceconfiguration",
        query=("compartmentId", *_PAGED, *_SORTED),
        arguments=_BY_COMPARTMENT,
        relations=_OF_COMPARTMENT,
        service="compute_management",
    ),
    "get_instance_configuration": _get(
        "/instanceConfigurations/{instanceConfigurationId}",
        records.INSTANCE_CONFIGURATION,
        "instanceconfiguration",
        service="compute_management",
    ),
    "create_instance_configuration": _send(
        "POST",
        "/instanceConfigurations",
        records.INSTANCE_CONFIGURATION,
        "instanceconfiguration",
        relations=(Relation("compartment_id", "compartmentId"),),
        headers=_RETRY_TOKEN,
        service="compute_management",
    ),
    "list_instance_pools": _list(
        "/instancePools",
        records.INSTANCE_POOL,
        "instancepool",
        query=("compartmentId", "displayName", *_PAGED, *_SORTED, "lifecycleState"),
        arguments=_BY_COMPARTMENT,
        relations=_OF_COMPARTMENT,
        service="compute_management",
    ),
    "get_instance_pool": _get(
        "/instancePools/{instancePoolId}", records.INSTANCE_POOL, "instancepool", service="compute_management"
    ),
    "update_instance_pool": _send(
        "PUT",
        "/instancePools/{instancePoolId}",
        records.INSTANCE_POOL,
        "instancepool",
        relations=(
            Relation("id", "instance_pool_id"),
            Relation("instance_configuration_id", "instanceConfigurationId"),
        ),
        headers=(*_RETRY_TOKEN, *_IF_MATCH),
        service="compute_management",
    ),
    "list_node_pools": _list(
        "/nodePools",
        records.NODE_POOL,
        "nodepool",
        query=("compartmentId", "clusterId", "name", *_PAGED),
        arguments=_BY_COMPARTMENT,
        relations=_OF_COMPARTMENT,
        service="container_engine",
    ),
    "get_node_pool": _get("/nodePools/{nodePoolId}", records.NODE_POOL, "nodepool", service="container_engine"),
    # Answered with 202 and a work request, without a body: the pool itself tells when it is done.
    "update_node_pool": _send("PUT", "/nodePools/{nodePoolId}", None, headers=_IF_MATCH, service="container_engine"),
    "update_volume_kms_key": _send(
        "PUT",
        "/volumes/{volumeId}/kmsKey",
        records.VOLUME_KMS_KEY,
        relations=(Relation("kms_key_id", "kmsKeyId"),),
        headers=_IF_MATCH,
    ),
    "update_boot_volume_kms_key": _send(
        "PUT",
        "/bootVolumes/{bootVolumeId}/kmsKey",
        records.BOOT_VOLUME_KMS_KEY,
        relations=(Relation("kms_key_id", "kmsKeyId"),),
        headers=_IF_MATCH,
    ),
    # Of these, only the replicas are changed; what they are then is read again.
    "update_volume": _send(
        "PUT",
        "/volumes/{volumeId}",
        records.VOLUME,
        "volume",
        relations=(Relation("id", "volume_id"),),
        headers=_IF_MATCH,
    ),
    "update_boot_volume": _send(
        "PUT",
        "/bootVolumes/{bootVolumeId}",
        records.BOOT_VOLUME,
        "bootvolume",
        relations=(Relation("id", "boot_volume_id"),),
        headers=_IF_MATCH,
    ),
    "update_volume_group": _send(
        "PUT",
        "/volumeGroups/{volumeGroupId}",
        records.VOLUME_GROUP,
        "volumegroup",
        relations=(Relation("id", "volume_group_id"),),
        headers=_IF_MATCH,
        query=("preserveVolumeReplica",),
    ),
    # That a backup keeps its former key is reported of the service (fact 7); reading it again finds that.
    "update_volume_backup": _send(
        "PUT",
        "/volumeBackups/{volumeBackupId}",
        records.VOLUME_BACKUP,
        "volumebackup",
        relations=(Relation("id", "volume_backup_id"),),
        headers=_IF_MATCH,
    ),
    "update_boot_volume_backup": _send(
        "PUT",
        "/bootVolumeBackups/{bootVolumeBackupId}",
        records.BOOT_VOLUME_BACKUP,
        "bootvolumebackup",
        relations=(Relation("id", "boot_volume_backup_id"),),
        headers=_IF_MATCH,
    ),
    "create_volume_backup_policy_assignment": _send(
        "POST",
        "/volumeBackupPolicyAssignments",
        records.VOLUME_BACKUP_POLICY_ASSIGNMENT,
        *_ASSIGNMENT,
        relations=(Relation("asset_id", "assetId"), Relation("policy_id", "policyId")),
    ),
    "copy_volume_backup": _send(
        "POST",
        "/volumeBackups/{volumeBackupId}/actions/copy",
        records.VOLUME_BACKUP,
        "volumebackup",
        relations=(Relation("source_volume_backup_id", "volume_backup_id", may_lack=True),),
        headers=_RETRY_TOKEN,
    ),
    "copy_boot_volume_backup": _send(
        "POST",
        "/bootVolumeBackups/{bootVolumeBackupId}/actions/copy",
        records.BOOT_VOLUME_BACKUP,
        "bootvolumebackup",
        relations=(Relation("source_boot_volume_backup_id", "boot_volume_backup_id", may_lack=True),),
        headers=_RETRY_TOKEN,
    ),
    "copy_volume_group_backup": _send(
        "POST",
        "/volumeGroupBackups/{volumeGroupBackupId}/actions/copy",
        records.VOLUME_GROUP_BACKUP,
        "volumegroupbackup",
        relations=(Relation("source_volume_group_backup_id", "volume_group_backup_id", may_lack=True),),
        headers=_RETRY_TOKEN,
    ),
    "delete_volume_kms_key": _delete("/volumes/{volumeId}/kmsKey"),
    "delete_boot_volume_kms_key": _delete("/bootVolumes/{bootVolumeId}/kmsKey"),
    "delete_volume_backup_policy_assignment": _delete("/volumeBackupPolicyAssignments/{policyAssignmentId}"),
    "get_key": _get("/keys/{keyId}", records.KEY, "key", service="vault_management"),
    "list_key_versions": _list(
        "/keys/{keyId}/keyVersions",
        records.KEY_VERSION,
        "keyversion",
        query=(*_PAGED, *_SORTED),
        relations=(Relation("key_id", "key_id"),),
        service="vault_management",
    ),
    "get_vault": _get("/vaults/{vaultId}", records.VAULT, "vault", service="vaults"),
    "list_vault_replicas": _list(
        "/vaults/{vaultId}/actions/listReplicas", records.VAULT_REPLICA, query=(*_PAGED, *_SORTED), service="vaults"
    ),
    "get_compartment": _get("/compartments/{compartmentId}", records.COMPARTMENT, "compartment", service="identity"),
    "get_tenancy": _get("/tenancies/{tenancyId}", records.TENANCY, "tenancy", service="identity"),
    "list_compartments": _list(
        "/compartments",
        records.COMPARTMENT,
        "compartment",
        query=(
            "compartmentId",
            "page",
            "limit",
            "accessLevel",
            "compartmentIdInSubtree",
            "name",
            *_SORTED,
            "lifecycleState",
        ),
        arguments=_BY_COMPARTMENT,
        relations=(Relation("compartment_id", "compartment_id", lifted_by="compartment_id_in_subtree"),),
        service="identity",
    ),
    # Their compartment is the tenancy, whichever was asked for.
    "list_availability_domains": _list(
        "/availabilityDomains",
        records.AVAILABILITY_DOMAIN,
        query=("compartmentId",),
        arguments=_BY_COMPARTMENT,
        service="identity",
    ),
    "list_region_subscriptions": _list(
        "/tenancies/{tenancyId}/regionSubscriptions", records.REGION_SUBSCRIPTION, service="identity"
    ),
    "search_resources": Operation(
        service="search",
        method="POST",
        path=_BASE_PATHS["search"] + "/resources",
        arguments=("details",),
        query=(*_PAGED, "tenantId"),
        has_body=True,
        record=records.SEARCH_RESULT,
        is_list=True,
        items="items",
    ),
}

OPERATIONS: Mapping[str, Operation] = {
    python_name: replace(operation, name="".join(map(str.capitalize, python_name.split("_"))))
    for python_name, operation in _TABLE.items()
}
"""The operations, by the names of the SDK's methods."""
