# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the model-based test draws: fleets, what nobody knows of OCI, and faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from integration.support.rekey_helpers import FRA, IAD, PHX

KEYS = {"key-a": (IAD,), "key-b": (IAD,), "key-phx": (PHX,), "key-everywhere": (IAD, PHX, FRA)}
"""The keys that are asked for, and where Block Volume may use them."""

POLICIES = {"to-phx": (IAD, PHX), "to-fra": (IAD, FRA), "local": (IAD, None), "back": (PHX, IAD)}
"""Backup policies: where they are, and where they copy to."""

SWITCHES: dict[str, list[Any]] = {
    "oracle_managed_field": ["null", "absent", "empty"],
    "key_visible": ["at_available", "at_put"],
    "etag_on_kms_change": ["changes", "same"],
    "etag_stable": ["on", "off"],
    "conflict_passes": ["off", "conflict", "limit_exceeded"],
    "transition": ["provisioning", "immediate", "delayed_start", "ends_faulty"],
    "put_outside_available": ["conflict", "accepted"],
    "delete_oracle_managed": ["accepted", "not_found"],
    "unusable_key_code": ["404", "400"],
    "old_key_unusable": ["refuse", "accept"],
    "security_zone": ["off", "on"],
    "backup_update_ignored": ["off", "volume_backups", "boot_volume_backups", "all"],
    "backup_update_clears_retention": ["on", "off"],
    "locked_backup_update": ["conflict", "accepted"],
    "list_kms_key_id_of_backups": ["shown", "absent"],
    "assignment_repost": ["replace", "conflict", "ignored"],
    "group_policy_shown_on_member": ["nothing", "group", "member"],
    "assignment_on_member": ["conflict", "accepted"],
    "copy_outcome": ["available", "faulty"],
    "copy_visible": ["at_once", "late"],
    "copy_limit": [10, 1],
    "copy_limit_code": ["429", "400"],
    "list_without_compartment": ["accepted", "refused"],
    "boot_list_without_domain": ["accepted", "refused"],
    "replica_key_change": ["accepted", "ignored", "refused"],
    "replica_key_omitted": ["kept", "removed"],
    "vault_get_in_replica_region": ["found", "not_found"],
    "search_finds_replica_keys": ["on", "off"],
    "search_hides": ["nothing", "keys", "everything"],
    "node_pool_transition": ["updating", "immediate", "needs_attention"],
    "node_pool_key_visible": ["at_active", "at_once"],
    "node_pool_key_empty": ["accepted", "refused"],
    "node_pool_list_details": ["shown", "no_key", "absent"],
    "busy_pool_update": ["conflict", "accepted"],
    "configuration_key_checked": ["off", "on"],
}

HOSTILE = {
    "transition": ("ends_faulty",),
    "security_zone": ("on",),
    "backup_update_ignored": ("volume_backups", "boot_volume_backups", "all"),
    "copy_outcome": ("faulty",),
    "node_pool_transition": ("needs_attention",),
}
"""Switches under which OCI itself refuses or ignores what is asked for, and nothing helps."""

PUTTING_BACK = {"replica_key_change": "accepted", "replica_key_omitted": "removed", "node_pool_key_empty": "accepted"}
"""Without these, not everything that a plan has changed can be put back."""

PASSING = [
    "throttle",
    "error_500",
    "bad_gateway",
    "unavailable",
    "refuse",
    "drop_before",
    "drop_after",
    "garbage",
    "truncated",
    "empty_page",
]
"""Faults that are over when the same is asked for again."""

LASTING = ["clock_skew", "page_expired"]

WRONG = ["other_record", "foreign_row", "bare_record", "odd_value", "repeated_member", "repeating_token"]
"""Answers that are well formed and wrong: whatever they say, nothing is done or told on their word."""

MOST_PASSING = 3
"""So many passing faults fail nothing: a read is tried once more than that."""

_READS = ["GetVolume", "GetBootVolume", "GetVolumeBackup", "GetBootVolumeBackup", "GetVolumeGroupBackup"]
_READS += ["ListVolumes", "ListBootVolumes", "ListVolumeBackups", "ListBootVolumeBackups", "ListVolumeGroupBackups"]
_READS += ["GetVolumeGroup", "GetNodePool", "GetInstancePool", "GetInstanceConfiguration"]
_READS += ["GetVolumeBackupPolicyAssetAssignment", "GetVolumeBackupPolicyAssignment", "GetKey", "GetVault"]
WRITES = ["UpdateVolumeKmsKey", "UpdateBootVolumeKmsKey", "DeleteVolumeKmsKey", "DeleteBootVolumeKmsKey"]
WRITES += ["UpdateVolumeBackup", "UpdateBootVolumeBackup"]
WRITES += ["CreateVolumeBackupPolicyAssignment", "DeleteVolumeBackupPolicyAssignment"]
WRITES += ["UpdateVolume", "UpdateBootVolume", "UpdateVolumeGroup"]
WRITES += ["CopyVolumeBackup", "CopyBootVolumeBackup", "CopyVolumeGroupBackup"]
WRITES += ["UpdateNodePool", "CreateInstanceConfiguration", "UpdateInstancePool"]


@dataclass(frozen=True)
class Fault:
    kind: str
    operation: str
    times: int
    after: int

    @property
    def passes(self) -> bool:
        return self.kind in PASSING


faults = st.builds(
    Fault,
    kind=st.sampled_from([*PASSING, *PASSING, *LASTING]),
    operation=st.sampled_from(["*", "*", *_READS, *WRITES, *WRITES]),
    times=st.integers(1, MOST_PASSING),
    after=st.integers(0, 6),
)
wrong_answers = st.builds(
    Fault,
    kind=st.sampled_from(WRONG),
    operation=st.sampled_from(_READS),
    times=st.integers(1, MOST_PASSING),
    after=st.integers(0, 3),
)
jumps = st.sampled_from([-86400, -3600, -90, 90, 3600, 86400])
"""How far a clock is set, in seconds."""

switches = st.sampled_from(sorted(SWITCHES)).flatmap(
    lambda name: st.tuples(st.just(name), st.sampled_from(SWITCHES[name]))
)

_RETENTION: list[dict[str, Any]] = [
    {},
    {},
    {"retention_period": {"unit": "DAYS", "amount": 30}, "is_prevent_deletion_enabled": True},
    {"retention_period": {"unit": "YEARS", "amount": 7}, "is_retention_lock_enabled": True},
    {"is_indefinite_retention_enabled": True},
]
_STATES = ["AVAILABLE"] * 7 + ["FAULTY"]


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Any]:
    """Some of everything in two regions, on keys of every sort."""
    rows: dict[str, list[dict[str, Any]]] = {"volumes": [], "boot_volumes": []}
    rows |= {"volume_backups": [], "boot_volume_backups": [], "volume_groups": [], "volume_group_backups": []}
    volumes = [_volume(draw, number) for number in range(draw(st.integers(1, 8)))]
    for number, (section, row) in enumerate(volumes):
        rows[section].append(row)
        for backup in range(draw(st.integers(0, 2))):
            rows[f"{section[:-1]}_backups"].append(_backup(draw, f"backup-{number}-{backup}", row))
    grouped = [(section, row) for section, row in volumes if row["region"] == IAD][: draw(st.integers(0, 2))]
    if grouped:
        names = [row["name"] for _section, row in grouped]
        rows["volume_groups"].append({"name": "group", "region": IAD, "compartment": "prod", "volumes": names})
        rows["volume_group_backups"].append({"name": "group-backup", "of": "group"})
        for number, (section, row) in enumerate(grouped):
            member = _backup(draw, f"member-{number}", row) | {"state": "AVAILABLE", "group_backup": "group-backup"}
            rows[f"{section[:-1]}_backups"].append(member)
    for section in ("volume_backups", "boot_volume_backups"):
        rows[section] += [_copy(draw, row) for row in rows[section] if _may_have_copy(row) and draw(st.booleans())]
    policies = [
        {"name": name, "region": region, "compartment": "prod", "destination_region": to}
        for name, (region, to) in POLICIES.items()
    ]
    assets = [row for _section, row in volumes] + rows["volume_groups"]
    assigned = [row for asset in assets for row in _assignment(draw, asset)]
    if draw(st.booleans()):
        there = [{"region": PHX, **_key_there(draw)}]
        rows["volume_groups"].append(
            {"name": "replicated-group", "region": IAD, "compartment": "prod", "volumes": [], "replicas": there}
        )
    rows |= _pools(draw)
    return {
        **{section: [_present(row) for row in found] for section, found in rows.items()},
        "volume_backup_policies": [_present(row) for row in policies],
        "policy_assignments": [_present(row) for row in assigned],
    }


def _volume(draw: st.DrawFn, number: int) -> tuple[str, dict[str, Any]]:
    section = draw(st.sampled_from(["volumes", "volumes", "boot_volumes"]))
    region = draw(st.sampled_from([IAD, IAD, IAD, PHX]))
    replicas = [{"region": PHX, **_key_there(draw)}] if region == IAD and draw(st.integers(0, 2)) == 0 else None
    row = {"name": f"volume-{number}", "region": region, "compartment": "prod", "state": draw(st.sampled_from(_STATES))}
    return section, row | {"key": _key(draw, region), "replicas": replicas}


def _pools(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    """Node pools, and instance pools that may share a configuration, of which one may hand on several keys."""
    here = {"compartment": "prod", "region": IAD}
    node_pools = [
        {"name": f"node-pool-{number}", **here, "key": _key(draw, IAD)} for number in range(draw(st.integers(0, 2)))
    ]
    configurations = [
        {
            "name": f"configuration-{number}",
            **here,
            "key": (key := _key(draw, IAD)),
            "volumes": [_present({"key": key})],
        }
        for number in range(draw(st.integers(0, 2)))
    ]
    pools = [
        {"name": f"pool-{number}", **here, "configuration": draw(st.sampled_from(configurations))["name"]}
        for number in range(draw(st.integers(0, 3)) if configurations else 0)
    ]
    return {"node_pools": node_pools, "instance_configurations": configurations, "instance_pools": pools}


def _key_there(draw: st.DrawFn) -> dict[str, str]:
    key = draw(st.sampled_from([None, "key-phx", "key-everywhere"]))
    return {} if key is None else {"key": key}


def _backup(draw: st.DrawFn, name: str, of: dict[str, Any]) -> dict[str, Any]:
    state = draw(st.sampled_from(_STATES))
    row = {"name": name, "of": of["name"], "region": of["region"], "compartment": "prod", "state": state}
    return row | {"key": _key(draw, of["region"])} | draw(st.sampled_from(_RETENTION))


def _may_have_copy(row: dict[str, Any]) -> bool:
    return bool(row["region"] == IAD and "group_backup" not in row)


def _copy(draw: st.DrawFn, source: dict[str, Any]) -> dict[str, Any]:
    row = {"name": f"copy-of-{source['name']}", "source": source["name"], "region": PHX, "compartment": "prod"}
    return row | {"key": draw(st.sampled_from([None, "key-phx", "key-everywhere"]))} | draw(st.sampled_from(_RETENTION))


def _assignment(draw: st.DrawFn, asset: dict[str, Any]) -> list[dict[str, Any]]:
    name = draw(
        st.sampled_from([None, *(name for name, (region, _to) in POLICIES.items() if region == asset["region"])])
    )
    if name is None:
        return []
    _region, destination = POLICIES[name]
    usable = [key for key, regions in KEYS.items() if destination in regions]
    return [{"asset": asset["name"], "policy": name, "key": draw(st.sampled_from([None, *usable]))}]


def _key(draw: st.DrawFn, region: str) -> str | None:
    usable = [key for key, regions in KEYS.items() if region in regions]
    stuck = ["key-disabled"] if region == IAD else []
    return draw(st.sampled_from([None, *usable, *usable, *stuck]))


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
