# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers of the API as the service gives them, of which tests spoil one thing at a time."""

from __future__ import annotations

from typing import Any

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.operations import OPERATIONS, Request, request

ROOT = "ocid1.tenancy.oc1..aaaaroot"
COMPARTMENT = "ocid1.compartment.oc1..aaaaprod"
VAULT = "ocid1.vault.oc1.phx.vaultprefix.abyhvault"
KEY = "ocid1.key.oc1.phx.vaultprefix.abyhkey"
DOMAIN = "AbCd:PHX-AD-1"
POLICY = "ocid1.volumebackuppolicy.oc1..aaaagold"
TIME = "2026-11-25T08:15:30.123Z"

# The type in OCIDs of what each record describes.
OCID_TYPES = {
    "Volume": "volume",
    "BootVolume": "bootvolume",
    "VolumeBackup": "volumebackup",
    "BootVolumeBackup": "bootvolumebackup",
    "VolumeGroup": "volumegroup",
    "VolumeGroupBackup": "volumegroupbackup",
    "BlockVolumeReplica": "blockvolumereplica",
    "BootVolumeReplica": "bootvolumereplica",
    "VolumeBackupPolicyAssignment": "volumebackuppolicyassign",
    "Instance": "instance",
    "InstanceConfigurationSummary": "instanceconfiguration",
    "InstanceConfiguration": "instanceconfiguration",
    "InstancePool": "instancepool",
    "NodePool": "nodepool",
    "KeyVersionSummary": "keyversion",
}


def ocid(kind: str, unique: str = "1", region: str = "phx", realm: str = "oc1") -> str:
    return f"ocid1.{kind}.{realm}.{region}.{unique}"


def _resource(kind: str, **more: Any) -> dict[str, Any]:
    return {
        "id": ocid(kind),
        "compartmentId": COMPARTMENT,
        "displayName": f"a {kind}",
        "lifecycleState": "AVAILABLE",
        "timeCreated": TIME,
        "freeformTags": {"stage": "prod"},
        "definedTags": {"finance": {"cost-center": 42}},
        **more,
    }


_IN_DOMAIN = {"availabilityDomain": DOMAIN, "sizeInMBs": 51200, "sizeInGBs": 50, "kmsKeyId": KEY, "volumeGroupId": None}
_BACKUP = {
    "type": "FULL",
    "kmsKeyId": KEY,
    "retentionPeriod": {"retentionTimeUnit": "DAYS", "retentionTimeAmount": 3},
    "isPreventDeletionEnabled": False,
    "isRetentionLockEnabled": None,
}

RECORDS: dict[str, dict[str, Any]] = {
    "Volume": _resource(
        "volume",
        **_IN_DOMAIN,
        blockVolumeReplicas=[
            {
                "displayName": "r",
                "blockVolumeReplicaId": ocid("blockvolumereplica", region="iad"),
                "availabilityDomain": "AbCd:IAD-AD-1",
                "kmsKeyId": None,
            }
        ],
    ),
    "BootVolume": _resource("bootvolume", **_IN_DOMAIN, imageId=ocid("image"), bootVolumeReplicas=[]),
    "VolumeKmsKey": {"kmsKeyId": KEY},
    "BootVolumeKmsKey": {"kmsKeyId": KEY},
    "VolumeBackup": _resource("volumebackup", **_BACKUP, volumeId=ocid("volume")),
    "BootVolumeBackup": _resource("bootvolumebackup", **_BACKUP, bootVolumeId=ocid("bootvolume")),
    "VolumeGroup": _resource("volumegroup", availabilityDomain=DOMAIN, sizeInMBs=1, volumeIds=[ocid("volume")]),
    "VolumeGroupBackup": _resource(
        "volumegroupbackup", type="FULL", volumeBackupIds=[ocid("volumebackup")], volumeGroupId=ocid("volumegroup")
    ),
    "BlockVolumeReplica": _resource(
        "blockvolumereplica", **_IN_DOMAIN, blockVolumeId=ocid("volume", region="iad"), timeLastSynced=TIME
    ),
    "BootVolumeReplica": _resource(
        "bootvolumereplica", **_IN_DOMAIN, bootVolumeId=ocid("bootvolume", region="iad"), timeLastSynced=TIME
    ),
    "VolumeBackupPolicy": {
        "id": POLICY,
        "displayName": "gold",
        "schedules": [],
        "timeCreated": TIME,
        "destinationRegion": "us-ashburn-1",
    },
    "VolumeBackupPolicyAssignment": {
        "id": ocid("volumebackuppolicyassign"),
        "assetId": ocid("volume"),
        "policyId": POLICY,
        "timeCreated": TIME,
        "xrcKmsKeyId": None,
    },
    "Instance": _resource("instance", availabilityDomain=DOMAIN, lifecycleState="RUNNING"),
    "VolumeAttachment": _resource(
        "volumeattachment",
        availabilityDomain=DOMAIN,
        instanceId=ocid("instance"),
        volumeId=ocid("volume"),
        lifecycleState="ATTACHED",
    ),
    "BootVolumeAttachment": _resource(
        "instance",
        availabilityDomain=DOMAIN,
        instanceId=ocid("instance"),
        bootVolumeId=ocid("bootvolume"),
        lifecycleState="ATTACHED",
    ),
    "InstanceConfigurationSummary": _resource("instanceconfiguration"),
    "InstanceConfiguration": _resource(
        "instanceconfiguration",
        source="INSTANCE",
        instanceDetails={
            "instanceType": "compute",
            "blockVolumes": [{"createDetails": {"sizeInGBs": 50, "kmsKeyId": KEY}}, {"volumeId": ocid("volume")}],
            "launchDetails": {"sourceDetails": {"sourceType": "image", "imageId": ocid("image"), "kmsKeyId": None}},
            "secondaryVnics": None,
        },
    ),
    "InstancePool": _resource(
        "instancepool", instanceConfigurationId=ocid("instanceconfiguration"), size=2, lifecycleState="RUNNING"
    ),
    "NodePool": _resource(
        "nodepool",
        clusterId=ocid("cluster"),
        name="workers",
        lifecycleState="ACTIVE",
        nodeConfigDetails={"size": 3, "kmsKeyId": KEY, "placementConfigs": [{"availabilityDomain": DOMAIN}]},
        nodePoolCyclingDetails={"isNodeCyclingEnabled": False},
    ),
    "Key": _resource(
        "key",
        id=KEY,
        vaultId=VAULT,
        currentKeyVersion=ocid("keyversion"),
        keyShape={"algorithm": "AES", "length": 32},
        lifecycleState="ENABLED",
    ),
    "KeyVersionSummary": {
        "id": ocid("keyversion"),
        "compartmentId": COMPARTMENT,
        "keyId": KEY,
        "vaultId": VAULT,
        "timeCreated": TIME,
        "lifecycleState": "ENABLED",
        "origin": "INTERNAL",
    },
    "Vault": _resource(
        "vault",
        id=VAULT,
        managementEndpoint="https://vaultprefix-management.kms.us-phoenix-1.oraclecloud.com",
        cryptoEndpoint="https://vaultprefix-crypto.kms.us-phoenix-1.oraclecloud.com",
        vaultType="DEFAULT",
        lifecycleState="ACTIVE",
    ),
    "VaultReplicaSummary": {
        "region": "us-ashburn-1",
        "status": "CREATED",
        "managementEndpoint": "https://vaultprefix-management.kms.us-ashburn-1.oraclecloud.com",
    },
    "Compartment": {
        "id": COMPARTMENT,
        "compartmentId": ROOT,
        "name": "prod",
        "description": "d",
        "timeCreated": TIME,
        "lifecycleState": "ACTIVE",
    },
    "Tenancy": {"id": ROOT, "name": "acme", "homeRegionKey": "PHX"},
    "AvailabilityDomain": {"id": "ocid1.availabilitydomain.oc1..aaaa", "compartmentId": ROOT, "name": DOMAIN},
    "RegionSubscription": {
        "regionKey": "PHX",
        "regionName": "us-phoenix-1",
        "status": "READY",
        "isHomeRegion": True,
    },
    "ResourceSummary": {
        "resourceType": "Key",
        "identifier": KEY,
        "compartmentId": COMPARTMENT,
        "lifecycleState": "ENABLED",
        "availabilityDomain": "",
        "additionalDetails": {"vaultId": VAULT},
    },
}
"""A record of each type, in JSON."""


def question(name: str) -> Request:
    """The question to which the record of an operation's type is the answer."""
    record = RECORDS.get(getattr(OPERATIONS[name].record, "name", ""), {})
    details = {
        "kmsKeyId": KEY,
        "assetId": ocid("volume"),
        "policyId": POLICY,
        "destinationRegion": "us-ashburn-1",
        "compartmentId": COMPARTMENT,
        "instanceConfigurationId": ocid("instanceconfiguration"),
    }
    if name in ("update_volume_backup", "update_boot_volume_backup"):
        return request(name, record["id"], {"kmsKeyId": KEY})
    if name.startswith("copy_"):
        return request(name, record["id"], {"destinationRegion": "us-ashburn-1"})
    if name == "list_compartments":
        return request(name, ROOT)
    args: list[Any] = []
    for argument in OPERATIONS[name].arguments:
        by_name = {
            "details": details,
            "compartment_id": COMPARTMENT,
            "availability_domain": DOMAIN,
            "asset_id": ocid("volume"),
            "vault_id": VAULT,
            "key_id": KEY,
            "tenancy_id": ROOT,
            "volume_id": ocid("volume"),
            "boot_volume_id": ocid("bootvolume"),
            "policy_assignment_id": ocid("volumebackuppolicyassign"),
        }
        args.append(by_name.get(argument) or record["id"])
    named = {}
    for wire, argument, value in (
        ("compartmentId", "compartment_id", COMPARTMENT),
        ("availabilityDomain", "availability_domain", DOMAIN),
    ):
        if wire in OPERATIONS[name].query and argument not in OPERATIONS[name].arguments:
            named[argument] = value
    return request(name, *args, **named)


def answer(name: str) -> dict[str, Any]:
    """The record that answers ``question(name)``, in JSON."""
    record = dict(RECORDS[OPERATIONS[name].record.name])  # type: ignore[union-attr]
    if name.startswith("copy_"):
        kind = record["id"].split(".")[1]
        source = {
            "copy_volume_backup": "sourceVolumeBackupId",
            "copy_boot_volume_backup": "sourceBootVolumeBackupId",
            "copy_volume_group_backup": "sourceVolumeGroupBackupId",
        }[name]
        record |= {source: record["id"], "id": ocid(kind, "copy", "iad"), "lifecycleState": "REQUEST_RECEIVED"}
    return record


def body_of(name: str, record: Any) -> Any:
    """The whole body with this one record."""
    operation = OPERATIONS[name]
    if not operation.is_list:
        return record
    return {operation.items: [record]} if operation.items else [record]
