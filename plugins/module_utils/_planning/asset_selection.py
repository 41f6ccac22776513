# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which assets the role backup_policy assigns its policy to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from .._model.decisions import FAULTY_STATE
from .._model.rows import ResourceRow
from .plan import FAULTY_REASON, PlanFilter, is_selected


class SkippedAsset(TypedDict):
    """An asset that gets no policy, and why."""

    id: str
    reason: str


class AssetSelection(TypedDict):
    """The OCIDs of the assets that get the policy, and the assets in scope that don't."""

    ids: list[str]
    left_alone: list[SkippedAsset]


def select_assets(resources: Iterable[ResourceRow], options: Mapping[str, Any]) -> AssetSelection:
    """Select from discovered resources; ``options`` are those of the role backup_policy."""
    plan_filter = PlanFilter(
        keys=None,
        resource_types=options["resource_types"],
        freeform_tags=options["freeform_tags"],
        defined_tags=options["defined_tags"],
        created_before=options["created_before"],
    )
    excluded = frozenset(options["exclude_ids"] or ())
    ids: list[str] = []
    skipped: list[SkippedAsset] = []
    for row in resources:
        if not is_selected(row, plan_filter) or not excluded.isdisjoint((row["id"], row["group_id"])):
            continue
        reason = _skip_reason(row)
        if reason is None:
            ids.append(row["id"])
        else:
            skipped.append({"id": row["id"], "reason": reason})
    return {"ids": sorted(ids), "left_alone": skipped}


def _skip_reason(row: ResourceRow) -> str | None:
    if row["managed_by_paas"]:
        return "managed by an Oracle platform service"
    if row["lifecycle_state"] == FAULTY_STATE:
        return FAULTY_REASON
    if row["group_id"]:
        return f"in volume group {row['group_id']}, whose policy applies to its members; name the group instead"
    return None


def batches_of(ids: Sequence[str], size: int) -> list[list[str]]:
    return [list(ids[start : start + size]) for start in range(0, len(ids), size)]
