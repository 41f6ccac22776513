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


class CountRow(TypedDict):
    """How many entries of a plan have this region, type, key now and key then."""

    region: str
    type: str
    from_kms_key_id: str | None
    to_kms_key_id: str | None
    count: int


def count_entries(entries: Sequence[PlanEntry]) -> list[CountRow]:
    """How many entries there are of each region, type, key now and key then, in the order of the plan."""
    found = Counter(
        (entry["type"], entry["region"], entry["kms_key_id"], entry["wanted_kms_key_id"]) for entry in entries
    )
    rows: list[CountRow] = [
        {"region": region, "type": kind, "from_kms_key_id": current, "to_kms_key_id": desired, "count": count}
        for (kind, region, current, desired), count in found.items()
    ]
    order = RESOURCE_TYPES.in_order_of_change
    return sorted(rows, key=lambda row: (row["region"], order.rank(row["type"]), -row["count"]))


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
        "unchanged": plan.unchanged,
        "not_selected": plan.not_selected,
        "batches": [
            {"number": number, "slices": [asdict(part) for part in parts]} for number, parts in plan.batches.items()
        ],
    }
    write_before_changes(path, content)
