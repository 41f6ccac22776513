# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations of OCI that the collection calls: how each is asked for, and what its answer has to be. Pure.

Source: ``oci_semantics.md`` appendix A. Names and arguments are those of the methods of the SDK's clients, and so are
paths, order of the query, and bodies on the wire; a test compares them. An OCID of a path is always percent-encoded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from .._common.errors import TransportError
from . import record_types as records
from .record_types import RecordType

_CORE = "/20160918"
_KMS = "/20180608"


@dataclass(frozen=True)
class Relation:
    """What has to be equal: a field of each record, and an argument of the question or a member of its body.

    It is not looked at where the question did not have the argument, or had ``lifted_by``. With ``may_lack``, the
    record need not have the field. ``or_types`` are OCID types of which the field may be another value.
    """

    field: str
    argument: str
    lifted_by: str = ""
    may_lack: bool = False
    or_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One operation. ``arguments`` are those given by position; ``query`` and ``headers`` have names of the wire.

    ``record`` is the type of the answer, or of each row of it where ``is_list``; None if there is no body. The rows of
    Search are in a member ``items``. ``ocid_types`` are the types that a record's ``id`` may have; empty: any.
    """

    name: str
    service: str
    method: str
    path: str
    arguments: tuple[str, ...] = ()
    query: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    has_body: bool = False
    record: RecordType | None = None
    is_list: bool = False
    items: str | None = None
    ocid_types: tuple[str, ...] = ()
    relations: tuple[Relation, ...] = ()


class Request(NamedTuple):
    """One call, ready to be signed. ``asked`` has the arguments by their names in Python, and the members of the body.

    ``headers`` are those of the operation only, in lower case.
    """

    operation: Operation
    target: str
    headers: Mapping[str, str]
    body: bytes | None
    asked: Mapping[str, Any]


def request(name: str, /, *args: Any, **kwargs: Any) -> Request:
    """The request for an operation, by the name and arguments that the SDK's method has; None means not given.

    Raises TransportError if an OCID of its path is empty, KeyError or TypeError for what the table does not have.
    """
    operation = OPERATIONS[name]
    named = [argument for argument in operation.arguments if argument in kwargs]
    if len(args) + len(named) != len(operation.arguments) or named != list(operation.arguments[len(args) :]):
        raise TypeError(f"{name} takes {', '.join(operation.arguments) or 'no arguments by position'}")
    given: dict[str, Any] = {**dict(zip(operation.arguments, args)), **kwargs}
    details = given.pop("details") if operation.has_body else None
    asked = {argument: value for argument, value in given.items() if value is not None}
    path = operation.path
    for argument in operation.arguments:
        in_json = _in_json(argument)
        if f"{{{in_json}}}" in path:
            path = path.replace(f"{{{in_json}}}", _path_segment(operation, asked.get(argument)))
    known = {_in_python(each): each for each in (*operation.query, *operation.headers)}
    unknown = [argument for argument in given if argument not in known and argument not in operation.arguments]
    if unknown:
        raise TypeError(f"{name} has no argument {unknown[0]}")
    query = [(each, _in_query(asked[_in_python(each)])) for each in operation.query if _in_python(each) in asked]
    return Request(
        operation,
        f"{path}?{urlencode(query)}" if query else path,
        {each: str(asked[_in_python(each)]) for each in operation.headers if _in_python(each) in asked},
        None if details is None else json.dumps(details).encode(),
        {**asked, **(details or {})},
    )


def _path_segment(operation: Operation, value: Any) -> str:
    """One segment of a path, whatever the value: it can neither begin another one nor lead up."""
    if not isinstance(value, str) or not value.strip():
        raise TransportError("the OCID to ask for is empty", operation=operation.name, was_sent=False)
    segment = quote(value, safe="")
    return segment.replace(".", "%2E") if segment.strip(".") == "" else segment


def _in_query(value: Any) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def _in_json(argument: str) -> str:
    first, *others = argument.split("_")
    return first + "".join(map(str.capitalize, others))


def _in_python(name: str) -> str:
    """``compartmentId`` and ``if-match`` are ``compartment_id`` and ``if_match`` in Python."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).replace("-", "_")


def _name(python_name: str) -> str:
    return "".join(map(str.capitalize, python_name.split("_")))


_PAGED = ("limit", "page")
_LISTED = (*_PAGED, "displayName", "sortBy", "sortOrder")
_OF_COMPARTMENT = (Relation("compartment_id", "compartment_id"),)
_OF_DOMAIN = (*_OF_COMPARTMENT, Relation("availability_domain", "availability_domain"))


def _get(
    name: str, service: str, path: str, record: RecordType, ocid_type: str, headers: tuple[str, ...] = ()
) -> tuple[str, Operation]:
    """An operation that reads one resource by its OCID, which is the argument named in the path."""
    argument = _in_python(path.partition("{")[2].partition("}")[0])
    same_id = (Relation("id", argument),)
    return name, Operation(
        _name(name), service, "GET", path, (argument,), (), headers, False, record, False, None, (ocid_type,), same_id
    )


def _list(
    name: str,
    service: str,
    path: str,
    record: RecordType,
    ocid_type: str,
    query: tuple[str, ...],
    relations: tuple[Relation, ...],
    arguments: tuple[str, ...] = (),
    headers: tuple[str, ...] = (),
) -> tuple[str, Operation]:
    types = (ocid_type,) if ocid_type else ()
    return name, Operation(
        _name(name), service, "GET", path, arguments, query, headers, False, record, True, None, types, relations
    )


def _write(
    name: str,
    method: str,
    path: str,
    record: RecordType | None,
    ocid_type: str = "",
    relations: tuple[Relation, ...] = (),
    headers: tuple[str, ...] = (),
) -> tuple[str, Operation]:
    """An operation of Block Volume that changes something; one with a record takes a body."""
    argument = _in_python(path.partition("{")[2].partition("}")[0])
    arguments = tuple(each for each in (argument, "details" if record else "") if each)
    types = (ocid_type,) if ocid_type else ()
    return name, Operation(
        _name(name),
        "block_volume",
        method,
        f"{_CORE}{path}",
        arguments,
        (),
        headers,
        record is not None,
        record,
        False,
        None,
        types,
        relations,
    )


def _core_get(name: str, path: str, record: RecordType, ocid_type: str) -> tuple[str, Operation]:
    return _get(name, "block_volume", f"{_CORE}{path}", record, ocid_type)


def _core_list(
    name: str,
    path: str,
    record: RecordType,
    ocid_type: str,
    query: tuple[str, ...],
    relations: tuple[Relation, ...],
    arguments: tuple[str, ...] = (),
) -> tuple[str, Operation]:
    return _list(name, "block_volume", f"{_CORE}{path}", record, ocid_type, query, relations, arguments)


_BY_COMPARTMENT = ("compartment_id",)
_RETRY_TOKEN = ("opc-retry-token",)
_IF_MATCH = ("if-match",)
_REPLICA_QUERY = ("availabilityDomain", "compartmentId", "volumeGroupReplicaId", *_LISTED, "lifecycleState")

OPERATIONS: Mapping[str, Operation] = dict(
    (
        _core_get("get_volume", "/volumes/{volumeId}", records.VOLUME, "volume"),
        _core_get("get_boot_volume", "/bootVolumes/{bootVolumeId}", records.BOOT_VOLUME, "bootvolume"),
        _core_get("get_volume_backup", "/volumeBackups/{volumeBackupId}", records.VOLUME_BACKUP, "volumebackup"),
        _core_get(
            "get_boot_volume_backup",
            "/bootVolumeBackups/{bootVolumeBackupId}",
            records.BOOT_VOLUME_BACKUP,
            "bootvolumebackup",
        ),
        _core_get("get_volume_group", "/volumeGroups/{volumeGroupId}", records.VOLUME_GROUP, "volumegroup"),
        _core_get(
            "get_volume_group_backup",
            "/volumeGroupBackups/{volumeGroupBackupId}",
            records.VOLUME_GROUP_BACKUP,
            "volumegroupbackup",
        ),
        _core_get(
            "get_block_volume_replica",
            "/blockVolumeReplicas/{blockVolumeReplicaId}",
            records.BLOCK_VOLUME_REPLICA,
            "blockvolumereplica",
        ),
        _core_get(
            "get_boot_volume_replica",
            "/bootVolumeReplicas/{bootVolumeReplicaId}",
            records.BOOT_VOLUME_REPLICA,
            "bootvolumereplica",
        ),
        _core_get(
            "get_volume_backup_policy",
            "/volumeBackupPolicies/{policyId}",
            records.VOLUME_BACKUP_POLICY,
            "volumebackuppolicy",
        ),
        _core_get(
            "get_volume_backup_policy_assignment",
            "/volumeBackupPolicyAssignments/{policyAssignmentId}",
            records.VOLUME_BACKUP_POLICY_ASSIGNMENT,
            "volumebackuppolicyassign",
        ),
        _core_list(
            "get_volume_backup_policy_asset_assignment",
            "/volumeBackupPolicyAssignments",
            records.VOLUME_BACKUP_POLICY_ASSIGNMENT,
            "volumebackuppolicyassign",
            ("assetId", *_PAGED),
            # A member may be shown with the assignment of its group (oci_semantics.md section 1.5).
            (Relation("asset_id", "asset_id", or_types=("volumegroup",)),),
            ("asset_id",),
        ),
        _core_list(
            "list_volumes",
            "/volumes",
            records.VOLUME,
            "volume",
            (
                "availabilityDomain",
                "compartmentId",
                *_LISTED,
                "volumeGroupId",
                "clusterPlacementGroupId",
                "lifecycleState",
            ),
            _OF_DOMAIN,
        ),
        _core_list(
            "list_boot_volumes",
            "/bootVolumes",
            records.BOOT_VOLUME,
            "bootvolume",
            ("availabilityDomain", "compartmentId", *_PAGED, "volumeGroupId"),
            _OF_DOMAIN,
        ),
        _core_list(
            "list_volume_backups",
            "/volumeBackups",
            records.VOLUME_BACKUP,
            "volumebackup",
            (
                "compartmentId",
                "volumeId",
                *_PAGED,
                "displayName",
                "sourceVolumeBackupId",
                "sortBy",
                "sortOrder",
                "lifecycleState",
            ),
            _OF_COMPARTMENT,
            _BY_COMPARTMENT,
        ),
        _core_list(
            "list_boot_volume_backups",
            "/bootVolumeBackups",
            records.BOOT_VOLUME_BACKUP,
            "bootvolumebackup",
            (
                "compartmentId",
                "bootVolumeId",
                *_PAGED,
                "displayName",
                "sourceBootVolumeBackupId",
                "sortBy",
                "sortOrder",
                "lifecycleState",
            ),
            _OF_COMPARTMENT,
            _BY_COMPARTMENT,
        ),
        _core_list(
            "list_volume_groups",
            "/volumeGroups",
            records.VOLUME_GROUP,
            "volumegroup",
            ("availabilityDomain", "compartmentId", *_LISTED, "lifecycleState"),
            _OF_DOMAIN,
            _BY_COMPARTMENT,
        ),
        _core_list(
            "list_volume_group_backups",
            "/volumeGroupBackups",
            records.VOLUME_GROUP_BACKUP,
            "volumegroupbackup",
            ("compartmentId", "volumeGroupId", *_LISTED),
            _OF_COMPARTMENT,
            _BY_COMPARTMENT,
        ),
        _core_list(
            "list_block_volume_replicas",
            "/blockVolumeReplicas",
            records.BLOCK_VOLUME_REPLICA,
            "blockvolumereplica",
            _REPLICA_QUERY,
            _OF_DOMAIN,
        ),
        _core_list(
            "list_boot_volume_replicas",
            "/bootVolumeReplicas",
            records.BOOT_VOLUME_REPLICA,
            "bootvolumereplica",
            _REPLICA_QUERY,
            _OF_DOMAIN,
        ),
        _write(
            "update_volume_kms_key",
            "PUT",
            "/volumes/{volumeId}/kmsKey",
            records.VOLUME_KMS_KEY,
            relations=(Relation("kms_key_id", "kmsKeyId"),),
            headers=_IF_MATCH,
        ),
        _write(
            "update_boot_volume_kms_key",
            "PUT",
            "/bootVolumes/{bootVolumeId}/kmsKey",
            records.BOOT_VOLUME_KMS_KEY,
            relations=(Relation("kms_key_id", "kmsKeyId"),),
            headers=_IF_MATCH,
        ),
        # That the key of a backup stays the former one is reported of the service; reading it again finds that.
        _write(
            "update_volume_backup",
            "PUT",
            "/volumeBackups/{volumeBackupId}",
            records.VOLUME_BACKUP,
            "volumebackup",
            (Relation("id", "volume_backup_id"),),
            _IF_MATCH,
        ),
        _write(
            "update_boot_volume_backup",
            "PUT",
            "/bootVolumeBackups/{bootVolumeBackupId}",
            records.BOOT_VOLUME_BACKUP,
            "bootvolumebackup",
            (Relation("id", "boot_volume_backup_id"),),
            _IF_MATCH,
        ),
        _write(
            "create_volume_backup_policy_assignment",
            "POST",
            "/volumeBackupPolicyAssignments",
            records.VOLUME_BACKUP_POLICY_ASSIGNMENT,
            "volumebackuppolicyassign",
            (Relation("asset_id", "assetId"), Relation("policy_id", "policyId")),
        ),
        _write(
            "copy_volume_backup",
            "POST",
            "/volumeBackups/{volumeBackupId}/actions/copy",
            records.VOLUME_BACKUP,
            "volumebackup",
            (Relation("source_volume_backup_id", "volume_backup_id", may_lack=True),),
            _RETRY_TOKEN,
        ),
        _write(
            "copy_boot_volume_backup",
            "POST",
            "/bootVolumeBackups/{bootVolumeBackupId}/actions/copy",
            records.BOOT_VOLUME_BACKUP,
            "bootvolumebackup",
            (Relation("source_boot_volume_backup_id", "boot_volume_backup_id", may_lack=True),),
            _RETRY_TOKEN,
        ),
        _write(
            "copy_volume_group_backup",
            "POST",
            "/volumeGroupBackups/{volumeGroupBackupId}/actions/copy",
            records.VOLUME_GROUP_BACKUP,
            "volumegroupbackup",
            (Relation("source_volume_group_backup_id", "volume_group_backup_id", may_lack=True),),
            _RETRY_TOKEN,
        ),
        _write("delete_volume_kms_key", "DELETE", "/volumes/{volumeId}/kmsKey", None, headers=_IF_MATCH),
        _write("delete_boot_volume_kms_key", "DELETE", "/bootVolumes/{bootVolumeId}/kmsKey", None, headers=_IF_MATCH),
        _write(
            "delete_volume_backup_policy_assignment",
            "DELETE",
            "/volumeBackupPolicyAssignments/{policyAssignmentId}",
            None,
            headers=_IF_MATCH,
        ),
        _get("get_key", "vault_management", f"{_KMS}/keys/{{keyId}}", records.KEY, "key"),
        _list(
            "list_key_versions",
            "vault_management",
            f"{_KMS}/keys/{{keyId}}/keyVersions",
            records.KEY_VERSION,
            "keyversion",
            (*_PAGED, "sortBy", "sortOrder"),
            (Relation("key_id", "key_id"),),
            ("key_id",),
        ),
        _get("get_vault", "vaults", f"{_KMS}/vaults/{{vaultId}}", records.VAULT, "vault"),
        _list(
            "list_vault_replicas",
            "vaults",
            f"{_KMS}/vaults/{{vaultId}}/actions/listReplicas",
            records.VAULT_REPLICA,
            "",
            (*_PAGED, "sortBy", "sortOrder"),
            (),
            ("vault_id",),
        ),
        _get(
            "get_compartment", "identity", f"{_CORE}/compartments/{{compartmentId}}", records.COMPARTMENT, "compartment"
        ),
        _get("get_tenancy", "identity", f"{_CORE}/tenancies/{{tenancyId}}", records.TENANCY, "tenancy"),
        _list(
            "list_compartments",
            "identity",
            f"{_CORE}/compartments",
            records.COMPARTMENT,
            "compartment",
            (
                "compartmentId",
                "page",
                "limit",
                "accessLevel",
                "compartmentIdInSubtree",
                "name",
                "sortBy",
                "sortOrder",
                "lifecycleState",
            ),
            (Relation("compartment_id", "compartment_id", lifted_by="compartment_id_in_subtree"),),
            _BY_COMPARTMENT,
        ),
        # Their compartment is the tenancy, whichever was asked for.
        _list(
            "list_availability_domains",
            "identity",
            f"{_CORE}/availabilityDomains",
            records.AVAILABILITY_DOMAIN,
            "",
            ("compartmentId",),
            (),
            _BY_COMPARTMENT,
        ),
        _list(
            "list_region_subscriptions",
            "identity",
            f"{_CORE}/tenancies/{{tenancyId}}/regionSubscriptions",
            records.REGION_SUBSCRIPTION,
            "",
            (),
            (),
            ("tenancy_id",),
        ),
        (
            "search_resources",
            Operation(
                "SearchResources",
                "search",
                "POST",
                "/20180409/resources",
                arguments=("details",),
                query=(*_PAGED, "tenantId"),
                has_body=True,
                record=records.SEARCH_RESULT,
                is_list=True,
                items="items",
            ),
        ),
    )
)
"""The operations, by the names of the SDK's methods."""
