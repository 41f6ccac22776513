# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module that changes keys, on a fleet on which all of them have something to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from integration.support import node_pool_keys
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    backup_kms_key,
    backup_policy_crossregion_key,
    instance_configuration_kms_key,
    replica_kms_key,
    volume_kms_key,
)
from simulator.client import Simulator

PHX = "us-phoenix-1"
FRA = "eu-frankfurt-1"


@dataclass(frozen=True)
class Changer:
    """A module that changes keys: what it is given, what it changes, and how to bring that into a state."""

    module: ModuleType
    ids: str
    resource: str
    """The name of a resource of the fleet, which is on key ``old``."""
    put: str
    """The operation that assigns."""
    old: str = "key-a"
    new: str = "key-b"
    forbidden: str = "key-forbidden"
    """A key that Block Volume may not use where it is needed."""
    rsa: str = "key-rsa"
    also: Mapping[str, int] = field(default_factory=dict)
    """What a change takes besides ``put``."""
    faulty: str | None = "FAULTY"
    """The state of what can't be changed any more; None if it has none."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What it has to be given besides."""

    @property
    def name(self) -> str:
        return self.module.__name__.rpartition(".")[2]

    @property
    def writes(self) -> dict[str, int]:
        return {self.put: 1, **self.also}

    def do(self, sim: Simulator, resource_id: str | None = None, **options: Any) -> Ran:
        given = {self.ids: [resource_id or sim.id(self.resource)], **self.options, **options}
        return run(self.module.main, sim, **given)

    def assign(self, sim: Simulator, resource_id: str | None = None, *, key: str = "", **options: Any) -> Ran:
        return self.do(sim, resource_id, kms_key_id=sim.id(key or self.new), **options)

    def key_in_place(self, sim: Simulator) -> str | None:
        """The OCID of the key that the resource has in truth."""
        resource_id = sim.id(self.resource)
        if self.module is replica_kms_key:
            row = sim.resource(resource_id)
            (replica,) = next(row[name] for name in row if name.endswith("VolumeReplicas") or name in REPLICAS_OF_GROUP)
            return str(replica["kmsKeyId"]) if replica["kmsKeyId"] else None
        if self.module is not backup_policy_crossregion_key:
            return sim.resource(resource_id)["kmsKeyId"]
        (row,) = (row for row in sim.resources("policy_assignment") if row["assetId"] == resource_id)
        return str(row["xrcKmsKeyId"]) if row["xrcKmsKeyId"] else None


_POLICY = {"put": "CreateVolumeBackupPolicyAssignment", "old": "key-phx", "new": "key-everywhere"}
_POLICY |= {"forbidden": "key-phx-forbidden", "rsa": "key-phx-rsa"}

_POOL: dict[str, Any] = {"also": {"CreateInstanceConfiguration": 1}, "faulty": None}
_REPLICA = {name: value for name, value in _POLICY.items() if name != "put"}
REPLICAS_OF_GROUP = ("volumeGroupReplicas",)

CHANGERS = [
    Changer(volume_kms_key, "volume_ids", "volume-1", "UpdateVolumeKmsKey"),
    Changer(volume_kms_key, "volume_ids", "boot-1", "UpdateBootVolumeKmsKey"),
    Changer(backup_kms_key, "backup_ids", "backup-1", "UpdateVolumeBackup"),
    Changer(backup_kms_key, "backup_ids", "boot-backup-1", "UpdateBootVolumeBackup"),
    Changer(backup_policy_crossregion_key, "asset_ids", "volume-1", **_POLICY),
    Changer(backup_policy_crossregion_key, "asset_ids", "boot-1", **_POLICY),
    Changer(backup_policy_crossregion_key, "asset_ids", "group", **_POLICY),
    Changer(replica_kms_key, "volume_ids", "replicated-1", "UpdateVolume", **_REPLICA),
    Changer(replica_kms_key, "volume_ids", "replicated-boot-1", "UpdateBootVolume", **_REPLICA),
    Changer(replica_kms_key, "volume_group_ids", "replicated-group", "UpdateVolumeGroup", **_REPLICA),
    Changer(node_pool_keys, "node_pool_ids", "node-pool", "UpdateNodePool", faulty="FAILED"),
    Changer(instance_configuration_kms_key, "instance_pool_ids", "instance-pool", "UpdateInstancePool", **_POOL),
]

_COPY: dict[str, Any] = {"old": "key-phx", "new": "key-everywhere", "options": {"destination_region": PHX}}
_COPY |= {"forbidden": "key-phx-forbidden", "rsa": "key-phx-rsa"}

COPIERS = [
    Changer(backup_copy, "backup_ids", "backup-1", "CopyVolumeBackup", **_COPY),
    Changer(backup_copy, "backup_ids", "boot-backup-1", "CopyBootVolumeBackup", **_COPY),
    Changer(backup_copy, "backup_ids", "group-backup", "CopyVolumeGroupBackup", **_COPY),
]
"""What makes copies has no ``state``, and nothing to change of its own before there is one."""


def fleet(sim: Simulator, **switches: Any) -> None:
    """One resource of each kind, each on a key of ours; ``member-1`` has its policy from its group."""
    here = {"region": "us-ashburn-1", "compartment": "prod"}
    backup = {**here, "key": "key-a"}
    there = [{"region": PHX, "name": "there", "key": "key-phx"}]
    usual_keys = [
        {"name": "key-a", "vault": "vault-iad"},
        {"name": "key-b", "vault": "vault-iad"},
        {"name": "key-phx", "vault": "vault-phx"},
        {"name": "key-everywhere", "vault": "vault-everywhere"},
        {"name": "key-rsa", "vault": "vault-iad", "algorithm": "RSA"},
        {"name": "key-phx-rsa", "vault": "vault-phx", "algorithm": "RSA"},
        {"name": "key-forbidden", "vault": "vault-iad", "service_may_use": False},
        {"name": "key-phx-forbidden", "vault": "vault-phx", "service_may_use": False},
    ]
    furnish(
        sim,
        switches,
        keys=usual_keys,
        volumes=[volumes(key="key-a"), volumes(name="member"), volumes(name="replicated", region=FRA, replicas=there)],
        boot_volumes=[volumes(name="boot", key="key-a"), volumes(name="replicated-boot", region=FRA, replicas=there)],
        volume_groups=[
            {"name": "group", "region": "us-ashburn-1", "compartment": "prod", "volumes": ["member-1"]},
            {
                "name": "replicated-group",
                "region": FRA,
                "compartment": "prod",
                "volumes": [],
                "replicas": there,
            },
        ],
        node_pools=[{"name": "node-pool", **here, "key": "key-a"}, {"name": "other-node-pool", **here}],
        instance_configurations=[{"name": "configuration", **here, "key": "key-a", "volumes": [{"key": "key-a"}]}],
        instance_pools=[
            {"name": name, **here, "configuration": "configuration"}
            for name in ("instance-pool", "other-instance-pool")
        ],
        volume_group_backups=[{"name": "group-backup", "of": "group"}],
        volume_backups=[
            {"name": "backup-1", "of": "volume-1", **backup},
            {"name": "member-backup", "of": "member-1", "group_backup": "group-backup", **backup},
        ],
        boot_volume_backups=[{"name": "boot-backup-1", "of": "boot-1", **backup}],
        volume_backup_policies=[
            {"name": "to-phx", "region": "us-ashburn-1", "compartment": "prod", "destination_region": PHX},
            {"name": "to-phx-daily", "region": "us-ashburn-1", "compartment": "prod", "destination_region": PHX},
        ],
        policy_assignments=[
            {"asset": asset, "policy": "to-phx", "key": "key-phx"} for asset in ("volume-1", "boot-1", "group")
        ],
    )
