# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""A plan, and how far it has been carried out, in lines that a person reads. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from .._common.text import label, visible
from .._model.resource_types import RESOURCE_TYPES
from .plan import Entry, Plan, Slice, key_words

# Rows that the result of a task shows at most; the file has all of them.
_MOST_COUNTS = 40
_SAMPLE = 10


def resources(count: int) -> str:
    """ "1 resource", "1,200 resources" """
    return f"{count:,} {'resource' if count == 1 else 'resources'}"


def are(count: int) -> str:
    """ "1 is", "1,200 are" """
    return f"{count:,} {'is' if count == 1 else 'are'}"


def count_rows(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """How many entries there are of each region, type, key now and key then, in the order of the plan."""
    found = Counter(
        (entry["type"], entry["region"], entry["kms_key_id"], entry["wanted_kms_key_id"]) for entry in entries
    )
    rows = [
        {"region": region, "type": kind, "from_kms_key_id": present, "to_kms_key_id": desired, "count": count}
        for (kind, region, present, desired), count in found.items()
    ]
    order = RESOURCE_TYPES.in_order_of_change
    return sorted(rows, key=lambda row: (row["region"], order.rank(row["type"]), -row["count"]))


def plan_lines(plan: Plan, *, dry_run: bool) -> list[str]:
    """What a plan amounts to."""
    count = len(plan.entries)
    going = "is going to be" if count == 1 else "are going to be"
    lines = [f"{resources(count)} {'would be' if dry_run else going} changed, {are(plan.unchanged)} as wanted"]
    rows = count_rows(plan.entries)
    for row in rows[:_MOST_COUNTS]:
        counted = RESOURCE_TYPES.count(row["type"], row["count"])
        keys = f"from {key_words(row['from_kms_key_id'])} to {key_words(row['to_kms_key_id'])}"
        lines.append(f"  {row['region']}: {counted} {keys}")
    if len(rows) > _MOST_COUNTS:
        lines.append(f"  ... and {len(rows) - _MOST_COUNTS:,} more such rows, see the plan")
    for words, found in (
        ("blocked by what has to be mended first", plan.blocked),
        ("left alone", plan.skipped),
        ("excluded by their OCID", plan.excluded),
        ("not approved", plan.not_approved),
    ):
        lines += _apart_lines(words, found)
    if plan.not_selected:
        lines.append(f"{are(plan.not_selected)} not meant, by the filters")
    return [*map(visible, lines), f"Digest of the plan: {plan.digest}"]


def _apart_lines(words: str, rows: Sequence[Entry]) -> list[str]:
    if not rows:
        return []
    lines = [f"{are(len(rows))} {words}:"]
    for row in rows[:_SAMPLE]:
        lines.append(f"  {row['region']}: {label(row['display_name'], row['id'])}: {row['reason']}")
    if len(rows) > _SAMPLE:
        lines.append(f"  ... and {len(rows) - _SAMPLE:,} more, see the plan")
    return lines


def slice_label(part: Slice) -> str:
    """ "us-phoenix-1: block volumes 201-400 of 1,000" """
    row = RESOURCE_TYPES.get(part.type)
    many = row.plural if row is not None else part.type
    span = f"{part.first:,}" if part.first == part.last else f"{part.first:,}-{part.last:,}"
    return f"{part.region}: {many} {span} of {part.total:,}"


def progress_line(label: str, changed: int, failed: int, seconds_left: float | None) -> str:
    """ "us-phoenix-1: block volumes 201-400 of 1,000, 200 changed, 0 failed, about 40 s left" """
    left = "" if seconds_left is None else f", about {duration(seconds_left)} left"
    return f"{label}, {changed:,} changed, {failed:,} failed{left}"


def duration(seconds: float) -> str:
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
