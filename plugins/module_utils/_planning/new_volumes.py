# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan advises on new volumes: which pools hand on another key than is planned, and what to do. Pure.

It is advice: a plan changes no instance configuration, and a node pool only where its entries have it.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._documents.plan_file import AdviceRow
from .._model.new_volumes import NewVolumes, SourceRow, keys_of, lists_all_pools, pool_count
from .._model.resource_types import NODE_POOL
from .plan import PlanFilter, key_words

_COPY = "Copy the configuration with the key and point its pools to it, with the module instance_configuration_kms_key"
_DELETE = "Delete the configuration if nobody launches from it, since the key can't be retired before"
_NODES = "Add node_pool to 'resource_types' (in the role: rekey_resource_types). New nodes get the key then"
_FIND = (
    "Whether a pool uses the configuration is not known. Plan with 'new_volumes' for the whole tenancy, as a caller "
    "who may inspect instance-pools"
)
_LOOK = "Check it in the console, or allow the caller to read it"


def advice(found: NewVolumes | None, plan_filter: PlanFilter, *, whole_tenancy: bool | None) -> list[AdviceRow]:
    """A row for each configuration and node pool whose new volumes get another key than is planned for the region.

    Of node pools there are none if the plan is about them, and of configurations that no pool uses only if keys are to
    be left (``from_kms_key_ids``). Unless all pools were listed (``whole_tenancy``: in each compartment), it is not
    known of any configuration that no pool uses it.
    """
    plans_node_pools = NODE_POOL in plan_filter.resource_types
    knows_pools = lists_all_pools(found, whole_tenancy)
    rows = [
        row
        for source in (() if found is None else found["sources"])
        if source["id"] not in plan_filter.exclude_ids and not (plans_node_pools and source["type"] == NODE_POOL)
        if (row := _row(source, plan_filter, knows_pools)) is not None
    ]
    return sorted(rows, key=lambda row: (row["region"], row["type"], row["display_name"], row["id"]))


def _row(source: SourceRow, plan_filter: PlanFilter, knows_pools: bool) -> AdviceRow | None:
    keys = plan_filter.keys
    if keys is not None and source["region"] not in keys:
        return None
    wanted = None if keys is None else keys[source["region"]]
    others = [key for key in keys_of(source) if key != wanted and _is_meant(key, plan_filter)]
    is_used = pool_count(source) > 0
    may_be_used = is_used or not knows_pools
    if not others or not (may_be_used or plan_filter.from_kms_key_ids is not None):
        if source["unknown"] is None or not may_be_used:
            return None
        return _advice(source, [], wanted, f"which volumes it creates is not known: {source['unknown']}", _LOOK)
    of_unused = _DELETE if knows_pools else _FIND
    of_configuration = _COPY if is_used else of_unused
    remedy = _NODES if source["type"] == NODE_POOL else of_configuration
    names = " and ".join(map(key_words, others))
    return _advice(source, others, wanted, f"new volumes get {names}" if is_used else f"names {names}", remedy)


def _is_meant(key: str | None, plan_filter: PlanFilter) -> bool:
    if plan_filter.from_kms_key_ids is not None and key not in plan_filter.from_kms_key_ids:
        return False
    return key is None or not plan_filter.only_oracle_managed


def _advice(source: SourceRow, keys: Sequence[str | None], wanted: str | None, reason: str, remedy: str) -> AdviceRow:
    return {
        "id": source["id"],
        "type": source["type"],
        "region": source["region"],
        "compartment_id": source["compartment_id"],
        "display_name": source["display_name"] or "",
        "kms_key_ids": list(keys),
        "wanted_kms_key_id": wanted,
        "pool_ids": [pool["id"] for pool in source["pools"]],
        "reason": reason,
        "remedy": remedy,
    }
