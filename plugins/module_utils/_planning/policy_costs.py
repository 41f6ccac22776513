# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many backups the policies of a plan make, which cost money: in words, and as facts of the plan's file. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

from .._common.quantities import resources
from .._documents.plan_file import PlanEntry
from .._model.actions import UNASSIGN
from .._model.backup_policies import PERIODS, BackupCount, BackupPolicy, count_backups
from .._model.ocid import parse
from .._model.ocid_names import Names
from .._model.resource_types import RESOURCE_TYPES

_MOST_POLICIES = 10
_COST = "Oracle bills backups, and their copies, as storage for as long as they are kept."


class PolicyCost(TypedDict):
    """What a policy makes of the resources that get it. ``made`` are the new backups in each period, ``kept`` those
    kept at a time; None where its schedules are not known."""

    policy_id: str
    destination_region: str | None
    resources: int
    made: dict[str, int] | None
    kept: int | None


def policy_costs(entries: Sequence[PlanEntry], policies: Mapping[str, BackupPolicy | None]) -> list[PolicyCost]:
    """Of each policy that resources get, the backups to come. ``policies`` has those that were read."""
    assigned: dict[str, int] = {}
    for entry in entries:
        policy_id = entry.get("wanted_policy_id")
        if policy_id is not None:
            assigned[policy_id] = assigned.get(policy_id, 0) + 1
    found: list[PolicyCost] = []
    for policy_id, number in assigned.items():
        policy = policies.get(policy_id)
        count = None if policy is None else count_backups(policy, number)
        found.append(
            {
                "policy_id": policy_id,
                "destination_region": None if policy is None else policy.destination_region,
                "resources": number,
                "made": None if count is None else count.made,
                "kept": None if count is None else count.kept,
            }
        )
    return found


def cost_notes(
    entries: Sequence[PlanEntry], policies: Mapping[str, BackupPolicy | None], names: Names, *, dry_run: bool
) -> list[str]:
    """What a plan says of backups, as sentences."""
    costs = policy_costs(entries, policies)
    notes = [_policy_note(cost, policies.get(cost["policy_id"]), names) for cost in costs[:_MOST_POLICIES]]
    if len(costs) > _MOST_POLICIES:
        notes.append(f"... and {len(costs) - _MOST_POLICIES:,} more policies; see 'backups' in the plan file.")
    groups = RESOURCE_TYPES.groups.ocid_types
    if any(entry.get("wanted_policy_id") and parse(entry["asset_id"]).type in groups for entry in entries):
        notes.append("A backup of a volume group is one of each of its members, so there are more than that.")
    if costs:
        notes.append(_COST)
    keeping = sum("wanted_policy_id" not in entry and "lost_in_runs" not in entry for entry in entries)
    if keeping:
        verb = "keeps its policy" if keeping == 1 else "keep their policies"
        notes.append(f"{resources(keeping)} {verb}, so there are no more backups than now.")
    without = sum(entry["action"] == UNASSIGN for entry in entries)
    if without:
        notes.append(
            f"Of {resources(without)} no more backups {'would' if dry_run else 'will'} be made: without a backup "
            "policy, nothing protects them."
        )
    return notes


def _policy_note(cost: PolicyCost, policy: BackupPolicy | None, names: Names) -> str:
    name = f"Backup policy {names.end(cost['policy_id'])}"
    if policy is None or cost["made"] is None or cost["kept"] is None:
        why = "it could not be read" if policy is None else "a schedule, or its period, is not known"
        return f"{name}: how many backups it makes of {resources(cost['resources'])} is unknown, since {why}."
    if not policy.schedules:
        return f"{name} has no schedules, so it makes no backups."
    each = count_backups(policy) or BackupCount({}, 0)
    copies = f", with as many copies in {policy.destination_region}" if policy.destination_region else ""
    made = _per_period(each.made, "backup ")
    own = f"{name} makes {made} of each resource, about {each.kept:,} kept at a time{copies}."
    if cost["resources"] == 1:
        return own
    return f"{own} For {resources(cost['resources'])}: {_per_period(cost['made'])}, about {cost['kept']:,} kept."


def _per_period(made: Mapping[str, int], noun: str = "") -> str:
    """ "1 backup a day, 1 a week and 1 a month" """
    words = [
        f"{count:,} {noun if not index else ''}{PERIODS[period][0]}"
        for index, (period, count) in enumerate(made.items())
    ]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
