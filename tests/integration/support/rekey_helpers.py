# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role rekey and the playbook restore_keys do, in this process: discover, plan, carry out, restore."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    key_assignment_info,
    key_assignment_plan,
    key_plan_apply,
    key_restore_plan,
)
from simulator.client import Simulator

IAD, PHX, FRA = "us-ashburn-1", "us-phoenix-1", "eu-frankfurt-1"
TYPES = list(RESOURCE_TYPES.choosable.names)
WRITES = (
    "UpdateVolumeKmsKey",
    "UpdateBootVolumeKmsKey",
    "DeleteVolumeKmsKey",
    "DeleteBootVolumeKmsKey",
    "UpdateVolumeBackup",
    "UpdateBootVolumeBackup",
    "CreateVolumeBackupPolicyAssignment",
    "DeleteVolumeBackupPolicyAssignment",
)


def mixed_fleet(sim: Simulator, switches: dict[str, Any] | None = None, **sections: Any) -> None:
    """A few of every kind in two regions, of which some are as wanted, and some are to be planned apart."""
    replica = [{"region": FRA}]
    kept = {"is_retention_lock_enabled": True, "retention_period": {"unit": "YEARS", "amount": 7}}
    content: dict[str, Any] = {
        "volumes": [
            volumes(4),
            volumes(2, name="old", key="key-b"),
            volumes(1, name="right", key="key-a"),
            volumes(1, name="bad", state="FAULTY"),
            volumes(1, name="stuck", key="key-disabled"),
            volumes(1, name="copied", replicas=replica),
            volumes(2, name="phx", region=PHX),
        ],
        "boot_volumes": [volumes(2, name="boot")],
        "volume_backups": [
            {"name": "backup-{n}", "count": 2, "of": "volume-{n}", "key": "key-b"},
            {"name": "kept", "of": "volume-1", **kept},
        ],
        "boot_volume_backups": [{"name": "boot-backup", "of": "boot-1"}],
        "volume_backup_policies": [
            {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX},
            {"name": "local", "region": IAD, "compartment": "prod"},
        ],
        "policy_assignments": [
            {"asset": "volume-1", "policy": "to-phx"},
            {"asset": "boot-1", "policy": "to-phx", "key": "key-phx"},
            {"asset": "volume-2", "policy": "local"},
        ],
    }
    furnish(sim, switches, **{**content, **sections})


def discover(sim: Simulator, file: Path, **options: Any) -> Ran:
    scope = {"compartment_ids": [sim.id("prod")], "regions": [IAD, PHX], "resource_types": TYPES, **options}
    found = run(key_assignment_info.main, sim, result="summary", discovery_file=str(file), **scope)
    assert not found.failed, found.msg
    return found


def wanted_keys(sim: Simulator) -> dict[str, str]:
    return {IAD: sim.id("key-a"), PHX: sim.id("key-phx"), FRA: sim.id("key-fra")}


def make_plan(
    sim: Simulator, folder: Path, *, check: bool = False, scope: dict[str, Any] | None = None, **options: Any
) -> Ran:
    """Discover and plan, into ``before.json`` and ``plan.json`` of the folder."""
    folder.mkdir(exist_ok=True)
    discover(sim, folder / "before.json", **(scope or {}))
    desired = {"kms_key_ids": wanted_keys(sim)} if options.get("state") != "absent" else {}
    files = {
        "discovery_file": folder / "before.json",
        "plan_file": folder / "plan.json",
        "keys_file": folder / "keys.json",
    }
    named = {name: str(path) for name, path in files.items()}
    return run(key_assignment_plan.main, sim, check=check, **{**named, **desired, **options})


def run_jobs(
    sim: Simulator,
    folder: Path,
    planned: Ran,
    plan: str = "plan.json",
    before_each: Callable[[int], None] | None = None,
) -> list[Ran]:
    """All batches of a plan."""
    first = planned.result["first_batch"]
    done = []
    for number in range(first, first + planned.result["batch_count"]):
        if before_each is not None:
            before_each(number)
        done.append(run(key_plan_apply.main, sim, plan_file=str(folder / plan), batch=number))
    return done


def rekey(sim: Simulator, folder: Path, **options: Any) -> Ran:
    """Plan and carry out; gives the plan."""
    planned = make_plan(sim, folder, **options)
    assert not planned.failed, planned.msg
    for batch in run_jobs(sim, folder, planned):
        assert not batch.failed, batch.msg
    return planned


def plan_restore(sim: Simulator, folder: Path, *reports: Path, check: bool = False, **options: Any) -> Ran:
    folder.mkdir(exist_ok=True)
    files = {"plan_file": str(folder / "plan.json"), "new_discovery_file": str(folder / "before.json")}
    given = {"allow_oracle_managed": True, "include_replicated": True, **options}
    return run(key_restore_plan.main, sim, check=check, reports=[str(path) for path in reports], **files, **given)


def restore(sim: Simulator, folder: Path, *reports: Path, **options: Any) -> Ran:
    planned = plan_restore(sim, folder, *reports, **options)
    assert not planned.failed, planned.msg
    for batch in run_jobs(sim, folder, planned):
        assert not batch.failed, batch.msg
    return planned


def read_plan(folder: Path, name: str = "plan.json") -> dict[str, Any]:
    return dict(json.loads((folder / name).read_text()))


def keys_in_place(sim: Simulator) -> dict[tuple[str, str], str | None]:
    """The true key of everything that bears one, by type and OCID; of an assignment, by its asset's."""
    found = {}
    for kind in TYPES:
        for row in sim.resources(kind):
            if kind == "policy_assignment":
                found[kind, row["assetId"]] = row["xrcKmsKeyId"] or None
            else:
                found[kind, row["id"]] = row["kmsKeyId"] or None
    return found


def subjects(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(row["type"], row.get("asset_id") or row["id"]) for row in rows}


def random_fleet(dice: Random, compartment: str = "prod", prefix: str = "") -> dict[str, Any]:
    """Some of everything, on keys of every sort, in states of every sort."""
    content: dict[str, Any] = {"volumes": [], "boot_volumes": [], "volume_backups": [], "boot_volume_backups": []}
    assets = []
    for kind, short in (("volumes", "volume"), ("boot_volumes", "boot")):
        for number in range(dice.randint(0, 5)):
            name = f"{prefix}{short}-{number}"
            region = dice.choice([IAD, IAD, PHX])
            row: dict[str, Any] = {"name": name, "region": region, "compartment": compartment}
            row["key"] = dice.choice([None, None, "key-everywhere", "key-phx" if region == PHX else "key-a"])
            if region == IAD and row["key"] == "key-a":
                row["key"] = dice.choice(["key-a", "key-b", "key-disabled"])
            row["state"] = dice.choice(["AVAILABLE"] * 5 + ["FAULTY"])
            if dice.random() < 0.2:
                row["replicas"] = [{"region": FRA}]
            content[kind].append(row)
            assets.append(row)
            for backup in range(dice.randint(0, 2)):
                made = {"name": f"{name}-backup-{backup}", "of": name, "region": region, "compartment": compartment}
                made["key"] = dice.choice([None, "key-everywhere"])
                if dice.random() < 0.2:
                    made.update(is_retention_lock_enabled=True, retention_period={"unit": "DAYS", "amount": 5})
                content[f"{kind[:-1]}_backups"].append(made)
    policies = [
        {"name": f"{prefix}to-phx", "region": IAD, "compartment": compartment, "destination_region": PHX},
        {"name": f"{prefix}local", "region": IAD, "compartment": compartment},
    ]
    assigned = []
    for asset in assets:
        if asset["region"] == IAD and dice.random() < 0.5:
            policy = dice.choice(policies)["name"]
            key = dice.choice([None, "key-phx", "key-everywhere"]) if policy.endswith("to-phx") else None
            assigned.append({"asset": asset["name"], "policy": policy, **({"key": key} if key else {})})
    rows = {name: [_present(row) for row in found] for name, found in content.items()}
    return {**rows, "volume_backup_policies": policies, "policy_assignments": assigned}


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}
