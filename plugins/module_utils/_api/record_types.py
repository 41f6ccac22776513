# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records that responses consist of: their fields, of which type, and which of them must be there. Pure.

A record declares the fields that the collection uses, by the names of ``oci_semantics.md`` appendix B in snake_case.
Required are those that are marked so there, except for what answers of the real service have lacked: backups have no
``timeCreated`` while they are REQUEST_RECEIVED, keys of 2019 no ``protectionMode``, their versions neither state nor
origin. Values of enumerations stay text, so that a value which is new is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from . import field_types as of
from .field_types import Converter
from .strict_json import Flaw, UnexpectedValueError

_ODD_NAMES = {"size_in_gbs": "sizeInGBs", "size_in_mbs": "sizeInMBs"}


class Record:
    """An object of a response. A field that the response lacks is None; one that is not declared does not exist."""

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"the record has no field {name!r}: declare it in record_types.py")


class RecordType:
    """What is declared of one type of record. Called with a JSON object, it returns the Record.

    Raises UnexpectedValueError if a required field is missing or null, or if a field is of another type.
    """

    def __init__(self, name: str, required: Mapping[str, Converter], optional: Mapping[str, Converter]) -> None:
        self.name = name
        self.required = tuple(required)
        self._empty = dict.fromkeys([*required, *optional])
        self._fields = {_in_json(field): (field, convert) for field, convert in {**required, **optional}.items()}
        self.key_member = next((name for name, found in self._fields.items() if found[0] == "kms_key_id"), None)
        """The member with the key, by its name in JSON."""

    @property
    def fields(self) -> Mapping[str, str]:
        """The names of the fields, by their names in JSON."""
        return {in_json: field for in_json, (field, _convert) in self._fields.items()}

    def __call__(self, row: Any) -> Record:
        if not isinstance(row, dict):
            raise UnexpectedValueError(row.reason if isinstance(row, Flaw) else "is not an object")
        record = Record()
        values = record.__dict__
        values.update(self._empty)
        for key, value in row.items():
            if value is not None and key in self._fields:
                name, convert = self._fields[key]
                try:
                    values[name] = convert(value)
                except UnexpectedValueError as unexpected:
                    reason = value.reason if isinstance(value, Flaw) else unexpected
                    raise UnexpectedValueError(f"has a field {key} that {reason}") from unexpected
        for name in self.required:
            if values[name] is None:
                raise UnexpectedValueError(f"has no {_in_json(name)}")
        return record


def _in_json(field: str) -> str:
    """``kms_key_id`` is ``kmsKeyId`` in JSON."""
    return _ODD_NAMES.get(field) or re.sub("_([a-z])", lambda match: match.group(1).upper(), field)


def _record(name: str, *required: Mapping[str, Converter], optional: Mapping[str, Converter]) -> RecordType:
    return RecordType(name, {key: value for part in required for key, value in part.items()}, optional)


_OF_RESOURCE: Mapping[str, Converter] = {"id": of.ocid, "compartment_id": of.ocid, "lifecycle_state": of.word}
_NAMED: Mapping[str, Converter] = {"display_name": of.text}
_CREATED: Mapping[str, Converter] = {"time_created": of.time}
_IN_DOMAIN: Mapping[str, Converter] = {"availability_domain": of.word}
# Of volumes, the size in MBs is being replaced by the one in GBs, so neither is required.
_SIZES: Mapping[str, Converter] = {"size_in_gbs": of.integer, "size_in_mbs": of.integer}
_HYDRATED: Mapping[str, Converter] = {"is_hydrated": of.boolean}
_TAGS: Mapping[str, Converter] = {"freeform_tags": of.tags, "defined_tags": of.defined_tags}
_RETENTION: Mapping[str, Converter] = {
    "retention_period": RecordType(
        "RetentionDuration", {"retention_time_unit": of.word, "retention_time_amount": of.integer}, {}
    ),
    "is_prevent_deletion_enabled": of.boolean,
    "is_retention_lock_enabled": of.boolean,
    "is_indefinite_retention_enabled": of.boolean,
}


def _replicas(name: str, id_field: str) -> Converter:
    """The replicas that a volume lists."""
    fields = {id_field: of.ocid, **_IN_DOMAIN}
    return of.list_of(RecordType(name, fields, {"display_name": of.text, "kms_key_id": of.key_if_any}))


VOLUME = _record(
    "Volume",
    _OF_RESOURCE,
    _NAMED,
    _CREATED,
    _IN_DOMAIN,
    optional={
        **_TAGS,
        **_SIZES,
        **_HYDRATED,
        "kms_key_id": of.key_if_any,
        "volume_group_id": of.ocid_if_any,
        "block_volume_replicas": _replicas("BlockVolumeReplicaInfo", "block_volume_replica_id"),
    },
)
BOOT_VOLUME = _record(
    "BootVolume",
    _OF_RESOURCE,
    _CREATED,
    _IN_DOMAIN,
    optional={
        **_NAMED,
        **_TAGS,
        **_SIZES,
        **_HYDRATED,
        "kms_key_id": of.key_if_any,
        "volume_group_id": of.ocid_if_any,
        "boot_volume_replicas": _replicas("BootVolumeReplicaInfo", "boot_volume_replica_id"),
    },
)
VOLUME_KMS_KEY = _record("VolumeKmsKey", optional={"kms_key_id": of.key_if_any})
BOOT_VOLUME_KMS_KEY = _record("BootVolumeKmsKey", optional={"kms_key_id": of.key_if_any})
VOLUME_BACKUP = _record(
    "VolumeBackup",
    _OF_RESOURCE,
    _NAMED,
    optional={
        **_CREATED,
        **_TAGS,
        **_RETENTION,
        **_SIZES,
        "kms_key_id": of.key_if_any,
        "volume_id": of.ocid_if_any,
        "source_volume_backup_id": of.ocid_if_any,
        "volume_group_backup_id": of.ocid_if_any,
    },
)
BOOT_VOLUME_BACKUP = _record(
    "BootVolumeBackup",
    _OF_RESOURCE,
    _NAMED,
    optional={
        **_CREATED,
        **_TAGS,
        **_RETENTION,
        "size_in_gbs": of.integer,
        "kms_key_id": of.key_if_any,
        "boot_volume_id": of.ocid_if_any,
        "source_boot_volume_backup_id": of.ocid_if_any,
        "volume_group_backup_id": of.ocid_if_any,
    },
)
VOLUME_GROUP = _record(
    "VolumeGroup",
    _OF_RESOURCE,
    _NAMED,
    _CREATED,
    _IN_DOMAIN,
    optional={**_TAGS, "volume_group_replicas": _replicas("VolumeGroupReplicaInfo", "volume_group_replica_id")},
)
VOLUME_GROUP_BACKUP = _record(
    "VolumeGroupBackup",
    _OF_RESOURCE,
    _NAMED,
    {"volume_backup_ids": of.ocids},
    optional={**_CREATED, **_TAGS, "volume_group_id": of.ocid_if_any, "source_volume_group_backup_id": of.ocid_if_any},
)
BLOCK_VOLUME_REPLICA = _record(
    "BlockVolumeReplica",
    _OF_RESOURCE,
    _NAMED,
    _CREATED,
    _IN_DOMAIN,
    {"block_volume_id": of.ocid},
    optional={**_TAGS, "kms_key_id": of.key_if_any, "volume_group_replica_id": of.ocid_if_any},
)
BOOT_VOLUME_REPLICA = _record(
    "BootVolumeReplica",
    _OF_RESOURCE,
    _NAMED,
    _CREATED,
    _IN_DOMAIN,
    {"boot_volume_id": of.ocid},
    optional={**_TAGS, "kms_key_id": of.key_if_any, "volume_group_replica_id": of.ocid_if_any},
)
VOLUME_BACKUP_POLICY = _record(
    "VolumeBackupPolicy",
    {"id": of.ocid},
    _NAMED,
    # What schedules lack only makes the number of backups unknown.
    optional={
        "compartment_id": of.ocid,
        "destination_region": of.text,
        "schedules": of.list_of(
            RecordType("VolumeBackupSchedule", {}, {"period": of.text, "retention_seconds": of.integer})
        ),
    },
)
VOLUME_BACKUP_POLICY_ASSIGNMENT = _record(
    "VolumeBackupPolicyAssignment",
    {"id": of.ocid, "asset_id": of.ocid, "policy_id": of.ocid},
    _CREATED,
    optional={"xrc_kms_key_id": of.key_if_any},
)
VOLUME_ATTACHMENT = _record(
    "VolumeAttachment", _OF_RESOURCE, _IN_DOMAIN, {"instance_id": of.ocid, "volume_id": of.ocid}, optional={}
)
BOOT_VOLUME_ATTACHMENT = _record(
    "BootVolumeAttachment", _OF_RESOURCE, _IN_DOMAIN, {"instance_id": of.ocid, "boot_volume_id": of.ocid}, optional={}
)
INSTANCE = _record("Instance", _OF_RESOURCE, _IN_DOMAIN, optional=_NAMED)

# In these, keys stand deep inside of what is carried along as it is when a configuration is copied. The parts that tell
# of keys are checked, and the whole is left as the service wrote it.
_VOLUME_DETAILS = RecordType(
    "InstanceConfigurationBlockVolumeDetails",
    {},
    {
        "create_details": RecordType("InstanceConfigurationCreateVolumeDetails", {}, {"kms_key_id": of.key_if_any}),
        "volume_id": of.ocid_if_any,
    },
)
_LAUNCH_DETAILS = RecordType(
    "InstanceConfigurationLaunchInstanceDetails",
    {},
    {
        "source_details": RecordType(
            "InstanceConfigurationInstanceSourceDetails",
            {"source_type": of.word},
            {"kms_key_id": of.key_if_any, "boot_volume_id": of.ocid_if_any},
        )
    },
)
_COMPUTE_DETAILS: Mapping[str, Converter] = {
    "block_volumes": of.list_of(_VOLUME_DETAILS),
    "launch_details": _LAUNCH_DETAILS,
}
_INSTANCE_DETAILS = RecordType(
    "InstanceConfigurationInstanceDetails",
    {"instance_type": of.word},
    {**_COMPUTE_DETAILS, "options": of.list_of(RecordType("ComputeInstanceDetails", {}, _COMPUTE_DETAILS))},
)
INSTANCE_CONFIGURATION_SUMMARY = _record(
    "InstanceConfigurationSummary",
    {"id": of.ocid, "compartment_id": of.ocid},
    _CREATED,
    optional={**_NAMED, **_TAGS},
)
INSTANCE_CONFIGURATION = _record(
    "InstanceConfiguration",
    {"id": of.ocid, "compartment_id": of.ocid},
    _CREATED,
    optional={**_NAMED, **_TAGS, "source": of.word, "instance_details": of.untouched(_INSTANCE_DETAILS)},
)
INSTANCE_POOL = _record(
    "InstancePool",
    _OF_RESOURCE,
    _CREATED,
    {"instance_configuration_id": of.ocid, "size": of.integer},
    optional={**_NAMED, **_TAGS},
)
"""Also the rows of the list, which have all of these."""
NODE_POOL = _record(
    "NodePool",
    _OF_RESOURCE,
    {"cluster_id": of.ocid, "name": of.word},
    # As the service wrote them, so that it shows whether there is a word about the key.
    optional={
        **_TAGS,
        "node_config_details": of.untouched(
            RecordType("NodePoolNodeConfigDetails", {}, {"kms_key_id": of.key_if_any, "size": of.integer})
        ),
        "node_pool_cycling_details": RecordType("NodePoolCyclingDetails", {}, {"is_node_cycling_enabled": of.boolean}),
    },
)
"""The SDK marks none of these as required; without them an answer is about nothing."""
KEY = _record(
    "Key",
    _OF_RESOURCE,
    _NAMED,
    _CREATED,
    {
        "vault_id": of.ocid,
        "current_key_version": of.word,
        "key_shape": RecordType("KeyShape", {"algorithm": of.word}, {}),
    },
    optional={
        "protection_mode": of.word,
        "time_of_deletion": of.time,
        "is_primary": of.boolean,
        "is_auto_rotation_enabled": of.boolean,
    },
)
KEY_VERSION = _record(
    "KeyVersionSummary",
    {"id": of.ocid, "compartment_id": of.ocid, "key_id": of.ocid, "vault_id": of.ocid},
    _CREATED,
    optional={"lifecycle_state": of.word},
)
VAULT = _record("Vault", _OF_RESOURCE, _NAMED, _CREATED, {"management_endpoint": of.text}, optional={})
VAULT_REPLICA = _record(
    "VaultReplicaSummary",
    {"region": of.word, "status": of.word},
    optional={"management_endpoint": of.text},
)
COMPARTMENT = _record("Compartment", _OF_RESOURCE, {"name": of.word}, _CREATED, optional={"is_accessible": of.boolean})
TENANCY = _record("Tenancy", {"id": of.ocid}, optional={"name": of.text, "home_region_key": of.text})
AVAILABILITY_DOMAIN = _record("AvailabilityDomain", {"name": of.word}, optional={"id": of.ocid})
REGION_SUBSCRIPTION = _record(
    "RegionSubscription",
    {"region_key": of.word, "region_name": of.word, "status": of.word, "is_home_region": of.boolean},
    optional={},
)
SEARCH_RESULT = _record(
    "ResourceSummary",
    {"resource_type": of.word, "identifier": of.word, "compartment_id": of.ocid},
    optional={"display_name": of.text, "lifecycle_state": of.text, "additional_details": of.by_name},
)
