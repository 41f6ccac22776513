# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The true state of a tenancy, what a task asks for, and what that should make of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from integration.support import node_pool_keys
from integration.support.model_fleet import KEYS, POLICIES

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    backup_kms_key,
    backup_policy_crossregion_key,
    instance_configuration_kms_key,
    replica_kms_key,
    volume_kms_key,
)
from simulator.client import Simulator

VOLUMES = ("volume", "boot_volume")
BACKUPS = ("volume_backup", "boot_volume_backup")
GROUP_BACKUP = "volume_group_backup"
_SOURCES = {
    "volume_backup": "sourceVolumeBackupId",
    "boot_volume_backup": "sourceBootVolumeBackupId",
    GROUP_BACKUP: "sourceVolumeGroupBackupId",
}
_PASSING_STATES = ("CREATING", "TERMINATING", "UPDATING")
_DEAD = ("FAULTY", "TERMINATING", "TERMINATED")

MAYBE = "it depends on what is not known of OCI"
"""An excuse that may hold or not."""

Row = Mapping[str, Any]


class Truth:
    """Everything that bears a key, or belongs to something that does, as it is whatever OCI shows of it."""

    def __init__(self, rows: Iterable[Row]) -> None:
        rows = list(rows)
        kinds = (*RESOURCE_TYPES.changed_by_ocid.names, GROUP_BACKUP, "volume_group")
        self.rows = {row["id"]: row for row in rows if row["kind"] in kinds}
        self.assignments = {row["assetId"]: row for row in rows if row["kind"] == "policy_assignment"}
        self.names = {row["id"]: row["name"] for row in rows if "name" in row}

    @property
    def keys(self) -> dict[str, str | None]:
        """The key of everything that can have one."""
        return {name: row["kmsKeyId"] or None for name, row in self.rows.items() if "kmsKeyId" in row}

    def key(self, name: str) -> str | None:
        return self.rows[name]["kmsKeyId"] or None

    def policy(self, asset: str) -> tuple[str, str | None] | None:
        """The OCIDs of the policy and of the key for copies that an asset has itself."""
        row = self.assignments.get(asset)
        return (row["policyId"], row["xrcKmsKeyId"] or None) if row else None

    def replica_key(self, source: str) -> tuple[str | None, ...]:
        """The keys of the replicas that a source has."""
        row = self.rows[source]
        lists = [row.get(name) or [] for name in ("blockVolumeReplicas", "bootVolumeReplicas", "volumeGroupReplicas")]
        return tuple(replica["kmsKeyId"] for replicas in lists for replica in replicas)

    @property
    def replicated(self) -> list[str]:
        """The sources of replicas."""
        return [name for name in self.rows if self.replica_key(name)]

    def group_policy(self, asset: str) -> bool:
        return self.rows[asset].get("volumeGroupId") in self.assignments

    def copies(self, source: str, region: str) -> list[Row]:
        """Whatever was copied from a backup to a region, the dead ones too."""
        field = _SOURCES[self.rows[source]["kind"]]
        return [row for row in self.rows.values() if row.get(field) == source and row["region"] == region]

    def live_copies(self, source: str, region: str) -> list[Row]:
        return [row for row in self.copies(source, region) if row["lifecycleState"] not in _DEAD]

    def bearers(self, backup: str) -> list[str]:
        """What of a backup has a key: itself, or the members of a group's."""
        row = self.rows[backup]
        return list(row["volumeBackupIds"]) if row["kind"] == GROUP_BACKUP else [backup]


def settled(sim: Simulator) -> Truth:
    """The truth when nothing is under way any more."""
    latest = time.monotonic() + 10
    while True:
        rows = sim.resources()
        if not any(row.get("changing") or row.get("lifecycleState") in _PASSING_STATES for row in rows):
            return Truth(rows)
        assert time.monotonic() < latest, "something never settles"
        time.sleep(0.005)


@dataclass(frozen=True)
class Module:
    """A module that changes keys: what its resources are called, and of which kinds they may be."""

    main: Callable[[], None]
    ids: str
    kinds: tuple[str, ...]


VOLUME = Module(volume_kms_key.main, "volume_ids", VOLUMES)
BACKUP = Module(backup_kms_key.main, "backup_ids", (*BACKUPS, GROUP_BACKUP))
POLICY = Module(backup_policy_crossregion_key.main, "asset_ids", (*VOLUMES, "volume_group"))
COPY = Module(backup_copy.main, "backup_ids", (*BACKUPS, GROUP_BACKUP))
REPLICA = Module(replica_kms_key.main, "volume_ids", VOLUMES)
REPLICA_OF_GROUP = Module(replica_kms_key.main, "volume_group_ids", ("volume_group",))
NODE_POOL = Module(node_pool_keys.main, "node_pool_ids", ("node_pool",))
INSTANCE_POOL = Module(instance_configuration_kms_key.main, "instance_pool_ids", ("instance_pool",))
REPLICAS = (REPLICA, REPLICA_OF_GROUP)
REPLICATED_TO = "us-phoenix-1"
"""Where all replicas are."""


@dataclass(frozen=True)
class Ask:
    """One task: what is wanted of which resources. ``key`` and ``policy`` are OCIDs."""

    module: Module
    ids: tuple[str, ...]
    key: str | None = None
    state: str = "present"
    policy: str | None = None
    destination: str | None = None
    more: tuple[tuple[str, Any], ...] = ()

    @cached_property
    def options(self) -> dict[str, Any]:
        given = {
            self.module.ids: list(self.ids),
            "kms_key_id": self.key,
            "state": None if self.module is COPY else self.state,
            "policy_id": self.policy,
            "destination_region": self.destination,
        }
        return {name: value for name, value in given.items() if value is not None} | dict(self.more)

    @property
    def regenerates(self) -> bool:
        return bool(dict(self.more).get("regenerate"))

    def subjects(self, truth: Truth) -> list[str]:
        """What the result has entries of: a group's backup is told of by its members, unless it is copied."""
        if self.module is not BACKUP:
            return list(self.ids)
        return list(dict.fromkeys(member for name in self.ids for member in truth.bearers(name)))

    def held(self, truth: Truth, subject: str) -> Any:
        """What a subject has of that which is asked for: None, if nothing is there that could have a key."""
        if self.module is POLICY:
            return truth.policy(subject)
        if self.module is COPY:
            copies = truth.live_copies(subject, str(self.destination))
            return {name: truth.key(name) for name in truth.bearers(copies[0]["id"])} if copies else None
        if self.module in REPLICAS:
            return truth.replica_key(subject)
        return (truth.key(subject),)

    def desired(self, before: Truth, subject: str) -> Any:
        """What it should have then; of a copy that is to be made, the key alone is known."""
        held = self.held(before, subject)
        if self.module is POLICY:
            policy = self.policy or (held and held[0])
            return None if self.state == "unassigned" or policy is None else (policy, self.key)
        if self.module is COPY:
            return held if held is not None and self.key is None else self.key
        return (self.key,)

    def matches(self, before: Truth, after: Truth, subject: str) -> bool:
        held, desired = self.held(after, subject), self.desired(before, subject)
        if self.module is COPY and not isinstance(desired, dict):
            return held is not None and set(held.values()) == {desired}
        return bool(held == desired)

    def touches(self, before: Truth, after: Truth) -> set[str]:
        """The rows that it may change or make."""
        if self.module is POLICY:
            return set()
        if self.module is REPLICA_OF_GROUP:
            return {member for name in self.ids for member in (name, *before.rows[name]["volumeIds"])}
        if self.module is not COPY:
            return set(self.subjects(before))
        copies = [row["id"] for truth in (before, after) for name in self.ids for row in truth.copies(name, self._to)]
        return {*copies, *(member for name in copies for member in (after.bearers(name)))}

    @property
    def _to(self) -> str:
        return str(self.destination)

    def is_refused(self, before: Truth) -> bool:
        """Whether what is given can't be used where it is needed, so that the task is to fail before it writes."""
        rows = [before.rows[subject] for subject in self.subjects(before)]
        if self.policy and any(POLICIES[before.names[self.policy]][0] != row["region"] for row in rows):
            return True
        places = {self._key_region(before, row["id"]) for row in rows} - {None}
        return self.key is not None and not places <= set(KEYS[before.names[self.key]])

    def _key_region(self, before: Truth, subject: str) -> str | None:
        if self.module is COPY:
            return self.destination
        if self.module in REPLICAS:
            return REPLICATED_TO
        if self.module is not POLICY:
            return str(before.rows[subject]["region"])
        held = before.policy(subject) or before.policy(before.rows[subject].get("volumeGroupId") or "")
        policy = self.policy or (held and held[0])
        return POLICIES[before.names[policy]][1] if policy else None

    def excuse(self, before: Truth, subject: str) -> str | None:
        """Why this subject stays as it is although nothing is in the way of the task."""
        if self.module is COPY:
            return self._excuse_of_copy(before, subject)
        row = before.rows[subject]
        if row["lifecycleState"] == "FAULTY":
            return "faulty"
        if self.module is POLICY:
            return self._excuse_of_policy(before, subject)
        if self.module is BACKUP and _is_kept(row):
            return self._excuse_of_kept
        if self.module is INSTANCE_POOL:
            return None
        if self.module is NODE_POOL:  # whether it can go back to no key of its own
            return MAYBE if self.state == "absent" else None
        if self.module in REPLICAS:  # in place, OCI may leave the key as it was
            return None if dict(self.more).get("recreate") else MAYBE
        return "stuck" if before.names.get(before.key(subject) or "") == "key-disabled" else None

    def _excuse_of_copy(self, before: Truth, source: str) -> str | None:
        copies = self.held(before, source)
        if copies is not None:
            return self._excuse_of_kept if any(_is_kept(before.rows[name]) for name in copies) else None
        states = {before.rows[name]["lifecycleState"] for name in (source, *before.bearers(source))}
        return None if states == {"AVAILABLE"} else "faulty"

    @property
    def _excuse_of_kept(self) -> str:
        return MAYBE if dict(self.more).get("include_locked") else "kept"

    def _excuse_of_policy(self, before: Truth, asset: str) -> str | None:
        if before.group_policy(asset) or before.rows[asset].get("volumeGroupId") in self.ids:
            return MAYBE
        held = before.policy(asset)
        policy = self.policy or (held and held[0])
        if self.state == "present" and (policy is None or POLICIES[before.names[policy]][1] is None):
            return "nothing is copied"
        return None


def _is_kept(row: Row) -> bool:
    return bool(row.get("isRetentionLockEnabled") or row.get("isIndefiniteRetentionEnabled"))
