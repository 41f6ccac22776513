# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan in lines that a person reads. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._common.quantities import resources
from .._common.text import label, visible
from .._documents.plan_file import UnplannedRow
from .._documents.plan_writer import count_entries
from .._model.resource_types import RESOURCE_TYPES
from .plan import Plan, key_words

MOST_COUNTS = 40
"""Rows of counts that the result of a task has at most; the file has all of them."""
_SAMPLE = 10


def plan_lines(plan: Plan, *, dry_run: bool) -> list[str]:
    """What a plan amounts to."""
    verb = "would be" if dry_run else "will be"
    lines = [f"{resources(len(plan.entries))} {verb} changed, {plan.unchanged:,} already correct"]
    rows = count_entries(plan.entries)
    for row in rows[:MOST_COUNTS]:
        counted = RESOURCE_TYPES.count(row["type"], row["count"])
        keys = f"from {key_words(row['from_kms_key_id'])} to {key_words(row['to_kms_key_id'])}"
        lines.append(f"  {row['region']}: {counted} {keys}")
    if len(rows) > MOST_COUNTS:
        lines.append(f"  ... and {len(rows) - MOST_COUNTS:,} more rows; see the plan file")
    for words, found in (
        ("blocked; fix these first", plan.blocked),
        ("skipped", plan.skipped),
        ("excluded by 'exclude_ids'", plan.excluded),
        ("not approved", plan.not_approved),
        ("begun by a run that was interrupted and not settled by this plan", plan.unsettled),
    ):
        lines += _unplanned_lines(words, found)
    lost = sum("lost_in_runs" in entry for entry in plan.entries)
    if lost:
        policies = "1 backup policy" if lost == 1 else f"{lost:,} backup policies"
        lines.append(f"{policies} that an interrupted run took away {verb} assigned again")
    if plan.not_selected:
        lines.append(f"{plan.not_selected:,} not selected by the filters")
    return [*map(visible, lines), f"Digest of the plan: {plan.digest}"]


def _unplanned_lines(words: str, rows: Sequence[UnplannedRow]) -> list[str]:
    if not rows:
        return []
    lines = [f"{len(rows):,} {words}:"]
    for row in rows[:_SAMPLE]:
        lines.append(f"  {row['region']}: {label(row['display_name'], row['id'])}: {row['reason']}")
    if len(rows) > _SAMPLE:
        lines.append(f"  ... and {len(rows) - _SAMPLE:,} more; see the plan file")
    return lines
