# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the role backup_policy does, in this process: plan, carry out, look again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import oci
from integration.support.fleets import volumes
from integration.support.harness import Ran, furnish, run
from integration.support.model_process import Life
from integration.support.rekey_helpers import IAD, PHX

from ansible_collections.oci_keys.block_volume.plugins.modules import backup_policy_plan, key_plan_apply
from simulator.client import Simulator

DAILY = {"backupType": "INCREMENTAL", "period": "ONE_DAY", "retentionSeconds": 7 * 86400}
MONTHLY = {"backupType": "FULL", "period": "ONE_MONTH", "retentionSeconds": 31557600}
POLICIES = [
    {"name": "to-phx", "region": IAD, "compartment": "prod", "destination_region": PHX},
    {"name": "daily", "region": IAD, "compartment": "prod", "schedules": [DAILY, MONTHLY]},
]
Assigned = tuple[str, "str | None"]


def furnish_assets(sim: Simulator, switches: dict[str, Any] | None = None, **sections: Any) -> None:
    """Three volumes without a policy, one with another one, and one that has the desired policy with another key."""
    content: dict[str, Any] = {
        "volumes": [volumes(3), volumes(1, name="has"), volumes(1, name="keyless")],
        "volume_backup_policies": POLICIES,
        "policy_assignments": [{"asset": "has-1", "policy": "daily"}, {"asset": "keyless-1", "policy": "to-phx"}],
    }
    furnish(sim, switches, **{**content, **sections})


def plan_policies(sim: Simulator, folder: Path, *, check: bool = False, fails: bool = False, **options: Any) -> Ran:
    """Discover and plan in one task, as the role does. An option that is None is left out."""
    scope = {} if "asset_ids" in options else {"compartment_ids": [sim.id("prod")], "regions": [IAD]}
    given = {
        **scope,
        "policy_id": sim.id("to-phx"),
        "kms_key_id": sim.id("key-phx"),
        "create_folder": True,
        "new_discovery_file": str(folder / "before.json"),
        "plan_file": str(folder / "plan.json"),
        "keys_file": str(folder / "keys.json"),
        **options,
    }
    given = {name: value for name, value in given.items() if value is not None}
    planned = run(backup_policy_plan.main, sim, check=check, **given)
    assert planned.failed == fails, planned.msg
    return planned


def apply_plan(sim: Simulator, folder: Path, *, check: bool = False, clock: Life | None = None, **options: Any) -> Ran:
    given = {"rounds": 3, "max_failures": 10, **options}
    return run(key_plan_apply.main, sim, check=check, clock=clock, plan_file=str(folder / "plan.json"), **given)


def policies_in_place(sim: Simulator) -> dict[str, Assigned]:
    """The names of the policy and of the key for copies of each asset that has a policy, by the name of the asset."""
    names = {row["id"]: row["name"] for kind in _NAMED for row in sim.resources(kind)}
    return {
        names[row["assetId"]]: (names[row["policyId"]], names.get(row["xrcKmsKeyId"] or ""))
        for row in sim.resources("policy_assignment")
    }


def assign_by_hand(sim: Simulator, asset: str, policy: str) -> None:
    """What somebody else does meanwhile, with the SDK."""
    details = oci.core.models.CreateVolumeBackupPolicyAssignmentDetails(
        asset_id=sim.id(asset), policy_id=sim.id(policy)
    )
    client = oci.core.BlockstorageClient(oci.config.from_file(os.environ["OCI_CONFIG_FILE"]))
    client.create_volume_backup_policy_assignment(details)


_NAMED = ("volume", "boot_volume", "volume_group", "volume_backup_policy", "key")
