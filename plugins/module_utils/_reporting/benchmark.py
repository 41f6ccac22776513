# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The counts of a report, and its checks against a benchmark. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .._documents.keys_file import ReportedKeyRow
from .._documents.report_file import BeforeCounts
from .._model.resource_types import ASSIGNMENT, REPLICA, RESOURCE_TYPES
from .._model.rows import ResourceRow

BENCHMARK = "CIS Oracle Cloud Infrastructure Foundations Benchmark"
BENCHMARK_VERSION = "3.1.0"
"""The recommendations have had the same numbers and levels since version 2.0.0."""

Resources = Sequence[ResourceRow]
Keys = Sequence[ReportedKeyRow]


def type_rank(name: str) -> tuple[int, str]:
    """A sort key for resource types: in the order of the documentation, unknown types last."""
    return RESOURCE_TYPES.with_key.rank(name), name


def counts(resources: Resources) -> dict[str, Any]:
    """How many resources are on customer-managed keys: in total, by region and type, and by key."""
    pairs = Counter((resource["region"], resource["type"]) for resource in resources)
    customer = Counter(
        (resource["region"], resource["type"]) for resource in resources if resource["encryption"] == "customer"
    )
    return {
        "total": len(resources),
        "customer": sum(customer.values()),
        "oracle": len(resources) - sum(customer.values()),
        "by_region_and_type": [
            {"region": region, "type": kind, "total": pairs[region, kind], "customer": customer[region, kind]}
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


def findings(resources: Resources, keys: Keys, resource_types: Sequence[str]) -> dict[str, Any]:
    """The two checks of the benchmark that are about Block Volume, and checks that the benchmark does not have."""
    searched = set(resource_types) | {resource["type"] for resource in resources}
    return {
        "benchmark": BENCHMARK,
        "benchmark_version": BENCHMARK_VERSION,
        "checks": [
            _check(
                row.recommendation,
                f"{row.plural.capitalize()} are encrypted with customer-managed keys",
                [row.name],
                resources,
                searched,
            )
            for row in RESOURCE_TYPES
            if row.recommendation
        ],
        "beyond": [
            _check(
                "backups",
                "Backups of volumes and boot volumes are on customer-managed keys",
                RESOURCE_TYPES.backups.names,
                resources,
                searched,
            ),
            _check(
                "policy_copies",
                "Copies that backup policies make in another region get customer-managed keys",
                [ASSIGNMENT],
                resources,
                searched,
            ),
            _check(
                "replicas",
                "Replicas of volumes are on customer-managed keys",
                [REPLICA],
                resources,
                searched,
            ),
            _key_check("single_version_keys", "Keys in use have a single version", resources, keys, _has_one_version),
            _key_check("usable_keys", "Keys in use can be used", resources, keys, lambda key: key["usable"]),
        ],
    }


def _check(
    name: str, title: str, types: Sequence[str], resources: Resources, searched: Iterable[str]
) -> dict[str, Any]:
    subjects = [resource for resource in resources if resource["type"] in types]
    failing = [resource["id"] for resource in subjects if resource["encryption"] != "customer"]
    return _outcome(name, title, "resources", not set(types).isdisjoint(searched), len(subjects), failing)


def _key_check(
    name: str, title: str, resources: Resources, keys: Keys, is_compliant: Callable[[ReportedKeyRow], bool]
) -> dict[str, Any]:
    """A check of the keys that are in use and were looked up; a key counts once, however many regions it is in."""
    used = {resource["kms_key_id"] for resource in resources}
    verdicts: dict[str, bool] = {}
    for key in keys:
        if key["id"] in used:
            verdicts[key["id"]] = verdicts.get(key["id"], True) and is_compliant(key)
    failing = sorted(key for key, verdict in verdicts.items() if not verdict)
    return _outcome(name, title, "keys", bool(keys), len(verdicts), failing)


def _has_one_version(key: ReportedKeyRow) -> bool:
    return key["versions"] is None or key["versions"] <= 1


def _outcome(name: str, title: str, of: str, assessed: bool, total: int, failing: list[str]) -> dict[str, Any]:
    """``assessed`` is false where nothing was searched, so that no finding does not count as compliance."""
    return {
        "id": name,
        "title": title,
        "of": of,
        "assessed": assessed,
        "total": total,
        "compliant": total - len(failing),
        "findings": failing,
    }
