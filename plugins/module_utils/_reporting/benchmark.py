# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What a report counts, and what it holds against a benchmark. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._model.resource_types import ASSIGNMENT, REPLICA, RESOURCE_TYPES

BENCHMARK = "CIS Oracle Cloud Infrastructure Foundations Benchmark"
BENCHMARK_VERSION = "3.1.0"
"""The recommendations have the same numbers and the same level since version 2.0.0."""

Resources = Sequence[Mapping[str, Any]]


def type_rank(name: str) -> tuple[int, str]:
    """The order of types: the one of the documentation, others after them."""
    return RESOURCE_TYPES.with_key.rank(name), name


def counts(resources: Resources) -> dict[str, Any]:
    """How many resources are on customer-managed keys: in all, by region and type, and by key."""
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


def _by_key(resources: Resources) -> list[dict[str, Any]]:
    """Each key with what it protects, the busiest first."""
    by_key: dict[str, Counter[str]] = {}
    for resource in resources:
        if resource["kms_key_id"] is not None:
            by_key.setdefault(resource["kms_key_id"], Counter())[resource["type"]] += 1
    rows = [{"kms_key_id": key, "total": sum(types.values()), "by_type": dict(types)} for key, types in by_key.items()]
    return sorted(rows, key=lambda row: (-row["total"], row["kms_key_id"]))


def findings(resources: Resources, keys: Sequence[Mapping[str, Any]], resource_types: Sequence[str]) -> dict[str, Any]:
    """The two checks of the benchmark that are about Block Volume, and what no check of it looks at."""
    looked_for = set(resource_types) | {resource["type"] for resource in resources}
    return {
        "benchmark": BENCHMARK,
        "benchmark_version": BENCHMARK_VERSION,
        "checks": [
            _check(
                "5.2.1", "Block volumes are encrypted with customer-managed keys", ["volume"], resources, looked_for
            ),
            _check(
                "5.2.2", "Boot volumes are encrypted with customer-managed keys", ["boot_volume"], resources, looked_for
            ),
        ],
        "beyond": [
            _check(
                "backups",
                "Backups of volumes and boot volumes are on customer-managed keys",
                RESOURCE_TYPES.backups.names,
                resources,
                looked_for,
            ),
            _check(
                "policy_copies",
                "Copies that backup policies make in another region get customer-managed keys",
                [ASSIGNMENT],
                resources,
                looked_for,
            ),
            _check(
                "replicas",
                "Replicas of volumes are on customer-managed keys",
                [REPLICA],
                resources,
                looked_for,
            ),
            _key_check("single_version_keys", "Keys in use have a single version", resources, keys, _has_one_version),
            _key_check("usable_keys", "Keys in use can be used", resources, keys, lambda key: key["usable"]),
        ],
    }


def _check(
    name: str, title: str, types: Sequence[str], resources: Resources, looked_for: Iterable[str]
) -> dict[str, Any]:
    subjects = [resource for resource in resources if resource["type"] in types]
    failing = [resource["id"] for resource in subjects if resource["encryption"] != "customer"]
    return _outcome(name, title, "resources", not set(types).isdisjoint(looked_for), len(subjects), failing)


def _key_check(
    name: str, title: str, resources: Resources, keys: Sequence[Mapping[str, Any]], good: Any
) -> dict[str, Any]:
    """A check of the keys that protect something and were looked up; a key counts once, whatever its regions."""
    used = {resource["kms_key_id"] for resource in resources}
    verdicts: dict[str, bool] = {}
    for key in keys:
        if key["id"] in used:
            verdicts[key["id"]] = verdicts.get(key["id"], True) and bool(good(key))
    failing = sorted(key for key, verdict in verdicts.items() if not verdict)
    return _outcome(name, title, "keys", bool(keys), len(verdicts), failing)


def _has_one_version(key: Mapping[str, Any]) -> bool:
    return key["versions"] is None or key["versions"] <= 1


def _outcome(name: str, title: str, of: str, assessed: bool, total: int, failing: list[str]) -> dict[str, Any]:
    """``assessed`` is false where nobody looked, so that nothing found is no compliance."""
    return {
        "id": name,
        "title": title,
        "of": of,
        "assessed": assessed,
        "total": total,
        "compliant": total - len(failing),
        "findings": failing,
    }
