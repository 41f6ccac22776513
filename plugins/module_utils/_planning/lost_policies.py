# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies that interrupted runs took away, in a plan: no discovery shows them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._documents.plan_file import UnplannedRow
from .._documents.subject import subject
from .._model.rows import ResourceRow
from .plan import (
    Plan,
    PlanFilter,
    add_resource,
    is_selected,
    reason_to_exclude,
    region_of_wanted_key,
    sorted_plan,
    unplanned_row,
)


def add_lost_policies(plan: Plan, lost: Sequence[ResourceRow], plan_filter: PlanFilter | None) -> None:
    """Plan to assign each policy again: with the desired key where the filter selects it, or else as it was.

    Each row says what the assignment was. One that an exception is about, or that is left to Terraform, comes back as
    it was, and so do all without a filter.
    """
    planned = {subject(entry) for entry in plan.entries}
    for row in lost:
        if subject(row) in planned:
            continue
        desired, filters = row["kms_key_id"], plan_filter or PlanFilter(keys=None)
        if not frozenset(filters.exclude_ids).isdisjoint((row["id"], row.get("asset_id"), row["group_id"])):
            plan.excluded.append(unplanned_row(row, "excluded by 'exclude_ids'"))
            continue
        if plan_filter is not None and is_selected(row, plan_filter) and reason_to_exclude(row, plan_filter) is None:
            keys = plan_filter.keys_for(row["type"])
            desired = None if keys is None else keys.get(region_of_wanted_key(row), desired)
        add_resource(plan, row, desired, filters)
    sorted_plan(plan)


def unsettled(plan: Plan, lost: Sequence[ResourceRow]) -> list[UnplannedRow]:
    """The policies that are lost, and stay so: the plan does not assign them again."""
    planned = {subject(entry) for entry in plan.entries}
    apart = {
        subject(row): row["reason"]
        for rows in (plan.blocked, plan.skipped, plan.excluded, plan.not_approved)
        for row in rows
    }
    return [
        unplanned_row(row, f"taken away by a run that was interrupted; {apart.get(subject(row), 'not planned')}")
        for row in lost
        if subject(row) not in planned
    ]
