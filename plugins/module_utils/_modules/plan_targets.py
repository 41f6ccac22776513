# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the entries of a plan to the resources to be changed, checked against the tenancy. Raises InputError."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._api.client import Connection
from .._changes.request import Target
from .._common.errors import InputError
from .._documents.interrupted import InterruptedChange, InterruptedPolicy, InterruptedReplica
from .._documents.plan_file import PlanEntry, PlanFile, Slice
from .._model.actions import UNASSIGN
from .._model.ocid import expect_realm, expect_region, parse
from .._model.resource import DesiredState, PoolMove
from .._model.resource_types import ASSIGNMENT, INSTANCE_POOL, REPLICA, RESOURCE_TYPES
from .._resources.planned import planned_kind
from .._resources.pools import POOL_KINDS
from .._resources.replication_reader import replica_place


def slices_of(plan: PlanFile, number: int, path: Path) -> Sequence[Slice]:
    """The slices of a batch, each of entries that want one key and one policy."""
    if number not in plan.batches:
        known = f"from {min(plan.batches)} to {max(plan.batches)}" if plan.batches else "none"
        raise InputError(f"{str(path)!r} has no batch {number}; the numbers that it has are {known}")
    parts = plan.batches[number]
    for part in parts:
        if len({_wanted(row) for row in plan.entries[part.start : part.stop]}) != 1:
            raise InputError(f"{str(path)!r} was modified: batch {number} mixes resource types, keys or policies")
    return parts


def requested(plan: PlanFile, part: Slice, connection: Connection) -> tuple[list[Target], DesiredState]:
    """What a slice wants changed. Raises InputError unless resources, regions and keys are those of the tenancy."""
    entries = plan.entries[part.start : part.stop]
    realm = parse(plan.tenancy).realm
    for entry in entries:
        named = ("kms_key_id", "wanted_kms_key_id", "wanted_policy_id", "configuration_id", "wanted_configuration_id")
        for ocid in map(entry.get, named):
            if ocid is not None:
                expect_realm(parse(ocid), realm, "the tenancy")
        if entry["wanted_kms_key_id"] is not None:
            where = connection.regions.expect(entry["key_region"], f"'key_region' of {entry['id']} in the plan is")
            _expect_realm_of_region(connection, where, realm)
    moves = {
        entry["id"]: PoolMove(entry["configuration_id"], entry["wanted_configuration_id"])
        for entry in entries
        if entry["type"] == INSTANCE_POOL  # which plans only put back
    }
    desired = replace(_desired(entries[0], connection), pool_moves=moves)
    return [_target(entry, connection, realm) for entry in entries], desired


def _wanted(entry: PlanEntry) -> tuple[str, DesiredState, str, bool]:
    """What the entries of a slice have in common; of replicas also where they are, and whether they may be made
    again."""
    wanted = DesiredState(
        entry["wanted_kms_key_id"],
        policy_id=entry.get("wanted_policy_id"),
        unassigned=entry["action"] == UNASSIGN,
    )
    of_replica = (entry["key_region"], entry.get("recreate", False)) if entry["type"] == REPLICA else ("", False)
    return entry["type"], wanted, *of_replica


def _desired(entry: PlanEntry, connection: Connection) -> DesiredState:
    _type, desired, region, may_recreate = _wanted(entry)
    if not region:
        return desired
    region = connection.regions.expect(region, f"'key_region' of {entry['id']} in the plan is")
    return replace(desired, replica_place=replica_place(region, connection.regions), may_recreate=may_recreate)


def _expect_realm_of_region(connection: Connection, region: str, realm: str) -> None:
    found = connection.regions.realms[region]
    if found != realm:
        raise InputError(f"The plan names region {region} of realm {found}, but the tenancy is in realm {realm}")


def _target(entry: PlanEntry, connection: Connection, realm: str) -> Target:
    """An entry's resource, on the key that the plan found it on; with its policy, where another one replaces it."""
    ocid = parse(entry["asset_id"] if entry["type"] in (ASSIGNMENT, REPLICA) else entry["id"])
    expect_realm(ocid, realm, "the tenancy")
    region = connection.regions.expect(entry["region"], f"'region' of {entry['id']} in the plan is")
    _expect_realm_of_region(connection, region, realm)
    if ocid.region_part or entry["type"] == REPLICA:  # which is in another region than its source
        region = expect_region(ocid, connection.regions)
    return Target(
        id=ocid.value,
        kind=POOL_KINDS.get(entry["type"]) or planned_kind(entry["type"], ocid),
        region=region,
        expected_kms_key_id=entry["kms_key_id"] or "",
        expected_policy_id=(entry.get("policy_id") or "") if "wanted_policy_id" in entry else None,
        interrupted=_lost(entry, ocid.value),
    )


def _lost(entry: PlanEntry, asset_id: str) -> InterruptedChange | None:
    """What an interrupted run took away, as the plan found it in a journal."""
    if "lost_in_runs" not in entry:
        return None
    about: dict[str, Any] = {
        "asset_id": asset_id,
        "asset_type": RESOURCE_TYPES.by_ocid_type[parse(asset_id).type].name,
        "display_name": entry["display_name"],
        "kms_key_id": entry["kms_key_id"],
        "runs": tuple(entry["lost_in_runs"]),
        "journal": "plan.json",
        "line": 0,
        "tenancy": None,
    }
    domain, policy_id = entry.get("replica_domain"), entry.get("policy_id")
    if entry["type"] == REPLICA and domain is not None:
        return InterruptedReplica(
            **about,
            replica_id=entry["id"],
            availability_domain=domain,
            replica_name=entry.get("replica_name"),
        )
    return None if policy_id is None else InterruptedPolicy(**about, policy_id=policy_id)
