# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes the plan of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict

from .._model.resource_types import RESOURCE_TYPES
from .json_writer import write_before_changes
from .plan_file import FORMAT, VERSION, PlanEntry, PlanFile


class _CommonCountFields(TypedDict):
    region: str
    type: str
    from_kms_key_id: str | None
    to_kms_key_id: str | None
    count: int


class CountRow(_CommonCountFields, total=False):
    """How many entries of a plan have this region, type, key now and key then. Those that are to have another backup
    policy, or none, also have these."""

    from_policy_id: str | None
    to_policy_id: str | None


def count_entries(entries: Sequence[PlanEntry]) -> list[CountRow]:
    """How many entries there are of each region, type, key and policy now and then, in the order of the plan."""
    found = Counter(
        (entry["type"], entry["region"], entry["kms_key_id"], entry["wanted_kms_key_id"], _policies(entry))
        for entry in entries
    )
    rows: list[CountRow] = []
    for (kind, region, current, desired, policies), count in found.items():
        row: CountRow = {
            "region": region,
            "type": kind,
            "from_kms_key_id": current,
            "to_kms_key_id": desired,
            "count": count,
        }
        if policies is not None:
            row["from_policy_id"], row["to_policy_id"] = policies
        rows.append(row)
    order = RESOURCE_TYPES.in_order_of_change
    return sorted(rows, key=lambda row: (row["region"], order.rank(row["type"]), -row["count"]))


def _policies(entry: PlanEntry) -> tuple[str | None, str | None] | None:
    """The policy now and then, of an entry that is about that."""
    return (entry.get("policy_id"), entry["wanted_policy_id"]) if "wanted_policy_id" in entry else None


def write_plan(path: Path, plan: PlanFile, facts: Mapping[str, Any]) -> None:
    """Write ``plan.json``. ``facts`` are what the plan was made from, for people who read it.

    Raises InputError where the file can't be written, since nothing may be changed then.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "run_id": plan.run_id,
        "time_created": plan.time_created,
        "tenancy": plan.tenancy,
        "dry_run": plan.dry_run,
        "slow": plan.slow,
        "canary_batch": plan.canary_batch,
        "names": plan.names,
        "accountability": plan.accountability.as_dict(),
        **facts,
        "made_with": None if plan.made_with is None else asdict(plan.made_with),
        "digest": plan.digest,
        "counts": count_entries(plan.entries),
        "entries": plan.entries,
        "blocked": plan.blocked,
        "left_alone": plan.skipped,
        "excluded": plan.excluded,
        "not_approved": plan.not_approved,
        "unsettled": plan.unsettled,
        "not_seen": plan.not_seen,
        "advice": plan.advice,
        "unchanged": plan.unchanged,
        "not_selected": plan.not_selected,
        "batches": [
            {"number": number, "slices": [asdict(part) for part in parts]} for number, parts in plan.batches.items()
        ],
    }
    write_before_changes(path, content)
