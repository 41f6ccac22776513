# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmark that a report is measured against, and the counts of its resources. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from .._documents.report_file import BeforeCounts
from .._model.resource_types import RESOURCE_TYPES
from .._model.rows import ResourceRow

BENCHMARK = "CIS Oracle Cloud Infrastructure Foundations Benchmark"
BENCHMARK_VERSION = "3.1.0"
"""The recommendations have had the same numbers and levels since version 2.0.0."""

Resources = Sequence[ResourceRow]


def type_rank(name: str) -> tuple[int, str]:
    """A sort key for resource types: in the order of the documentation, unknown types last."""
    return RESOURCE_TYPES.with_key.rank(name), name


def counts(resources: Resources, is_unknown: Callable[[ResourceRow], bool]) -> dict[str, Any]:
    """How many resources are on customer-managed keys: in total, by region and type, and by key.

    Of these, ``unknown`` are on keys that could not be read.
    """
    unknown = Counter((resource["region"], resource["type"]) for resource in resources if is_unknown(resource))
    pairs = Counter((resource["region"], resource["type"]) for resource in resources)
    customer = Counter(
        (resource["region"], resource["type"]) for resource in resources if resource["encryption"] == "customer"
    )
    return {
        "total": len(resources),
        "customer": sum(customer.values()),
        "oracle": len(resources) - sum(customer.values()),
        "by_region_and_type": [
            {
                "region": region,
                "type": kind,
                "total": pairs[region, kind],
                "customer": customer[region, kind],
                "unknown": unknown[region, kind],
            }
            for region, kind in sorted(pairs, key=lambda pair: (pair[0], type_rank(pair[1])))
        ],
        "by_key": _by_key(resources),
    }


def before_counts(resources: Resources) -> BeforeCounts:
    """The counts of the state before a run."""
    customer = sum(resource["encryption"] == "customer" for resource in resources)
    return {"total": len(resources), "customer": customer, "oracle": len(resources) - customer}


def _by_key(resources: Resources) -> list[dict[str, Any]]:
    """How many resources each key protects, the key with the most resources first."""
    by_key: dict[str, Counter[str]] = {}
    for resource in resources:
        if resource["kms_key_id"] is not None:
            by_key.setdefault(resource["kms_key_id"], Counter())[resource["type"]] += 1
    rows = [{"kms_key_id": key, "total": sum(types.values()), "by_type": dict(types)} for key, types in by_key.items()]
    return sorted(rows, key=lambda row: (-row["total"], row["kms_key_id"]))
