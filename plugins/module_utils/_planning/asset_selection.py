# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Which assets a backup policy is for: the volumes that were found, without what is not meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._model.decisions import FAULTY_STATE
from .plan import PlanFilter, is_selected


def select_assets(resources: Iterable[Mapping[str, Any]], options: Mapping[str, Any]) -> dict[str, Any]:
    """The OCIDs of the assets to be given a policy, and what is left alone of the others, with the reason.

    ``resources`` are rows of the file of key_assignment_info, ``options`` those of the role backup_policy.
    """
    scope = PlanFilter(
        keys=None,
        resource_types=options["resource_types"],
        freeform_tags=options["freeform_tags"],
        defined_tags=options["defined_tags"],
        created_before=options["created_before"],
    )
    excluded = frozenset(options["exclude_ids"] or ())
    ids: list[str] = []
    left_alone: list[dict[str, str]] = []
    for row in resources:
        if not is_selected(row, scope) or not excluded.isdisjoint((row["id"], row.get("group_id"))):
            continue
        reason = _reason_to_leave(row)
        if reason is None:
            ids.append(row["id"])
        else:
            left_alone.append({"id": row["id"], "reason": reason})
    return {"ids": sorted(ids), "left_alone": left_alone}


def _reason_to_leave(row: Mapping[str, Any]) -> str | None:
    if row.get("managed_by_paas"):
        return "it is managed by a platform service of Oracle"
    if row["lifecycle_state"] == FAULTY_STATE:
        return "it is FAULTY, so the service changes nothing about it"
    if row.get("group_id"):
        return f"it is in volume group {row['group_id']}, whose policy holds for its members; name the group instead"
    return None


def batches_of(ids: Sequence[str], size: int) -> list[list[str]]:
    return [list(ids[start : start + size]) for start in range(0, len(ids), size)]
