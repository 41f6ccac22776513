# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""One report from the records of a run, or of several. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._common.errors import InputError
from .._documents.records import (
    BEFORE_COUNTS,
    FORMAT,
    PLAN_LISTS,
    VERSION,
    region_of_key,
)
from .._model.outcome import count_outcomes
from .benchmark import (
    counts,
    findings,
    type_rank,
)
from .key_retirement import retirement


@dataclass(frozen=True)
class RunRecords:
    """The records of one run. ``before`` are counts, ``run`` what identifies the run in a report of several."""

    found: Mapping[str, Any]
    before: Mapping[str, int] | None = None
    plan: Mapping[str, Any] | None = None
    changes: Sequence[Mapping[str, Any]] = ()
    keys: Sequence[Mapping[str, Any]] = ()
    kms_key_ids: Sequence[str] = ()
    run: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class ReportContext:
    """How the report came about, besides what the files tell. Times are in UTC as RFC 3339."""

    mode: str
    time_finished: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    ansible_core: str | None = None
    python: str | None = None


def build(runs: Sequence[RunRecords], kms_key_ids: Sequence[str], context: ReportContext) -> dict[str, Any]:
    """The report, of the form of report.schema.json. ``kms_key_ids`` are the keys to be retired.

    Raises InputError for parts that can't be of one report.
    """
    found = _found(runs)
    changes = [change for run in runs for change in run.changes]
    keys = _keys(runs, found["resources"], context.time_finished)
    desired = list(dict.fromkeys([*kms_key_ids, *(key for run in runs for key in run.kms_key_ids)]))
    return {
        "format": FORMAT,
        "version": VERSION,
        "evidence": _evidence(runs, found, context),
        "resources": found["resources"],
        "summary": {**counts(found["resources"]), "unreadable": len(found["unreadable"])},
        "before": _before(runs),
        "unreadable": found["unreadable"],
        "complete": found["complete"],
        "plan": _plan([run.plan for run in runs if run.plan is not None]),
        "changes": changes,
        "outcomes": _outcomes(changes),
        "keys": keys,
        "violations": findings(found["resources"], keys, found["scanned"]["resource_types"]),
        "retirement": retirement(desired, found, changes),
    }


def canonical(report: Mapping[str, Any]) -> str:
    """The report as text: the same for the same report, and nothing but ASCII, so that no terminal obeys it."""
    try:
        return json.dumps(report, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"'evidence' holds what JSON has no form for: {error}") from error


def _found(runs: Sequence[RunRecords]) -> dict[str, Any]:
    """What was found in all parts, each resource once, in an order that does not depend on theirs."""
    tenancies = sorted({run.found["scanned"]["tenancy"] or "" for run in runs})
    if len(tenancies) > 1:
        raise InputError(f"The reports are of several tenancies, and can't be made into one: {', '.join(tenancies)}")
    resources: dict[tuple[str, str], Any] = {}
    for run in runs:
        for resource in run.found["resources"]:
            resources[(resource["region"], resource["id"])] = resource
    return {
        "resources": sorted(resources.values(), key=_place),
        "unreadable": sorted(
            (place for run in runs for place in run.found["unreadable"]),
            key=lambda place: tuple(str(place[name]) for name in ("region", "compartment_id", "resource_type", "code")),
        ),
        "complete": all(run.found["complete"] for run in runs),
        "scanned": _scanned([run.found["scanned"] for run in runs]),
        "caller": {name: _common([run.found["caller"][name] for run in runs]) for name in runs[0].found["caller"]},
    }


def _place(resource: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        resource["region"],
        type_rank(resource["type"]),
        resource["display_name"] or "",
        resource["compartment_id"] or "",
        resource["id"],
    )


def _common(values: Sequence[Any]) -> Any:
    """What all of them are; None where they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _scanned(scans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The union of places. What has to be true of each part, for something to be concluded, is not united."""
    if len(scans) == 1:
        return dict(scans[0])
    starts = [scan["time_started"] for scan in scans if scan["time_started"]]
    ends = [scan["time_finished"] for scan in scans if scan["time_finished"]]
    return {
        "tenancy": scans[0]["tenancy"],
        "time_started": min(starts, default=None),
        "time_finished": max(ends, default=None),
        "regions": sorted({region for scan in scans for region in scan["regions"]}),
        "all_regions": all(scan["all_regions"] is True for scan in scans),
        "skipped_regions": _common([scan["skipped_regions"] for scan in scans]) or [],
        "compartments": _once(scans, "compartments"),
        "skipped_compartments": _once(scans, "skipped_compartments"),
        "whole_tenancy": all(scan["whole_tenancy"] is True for scan in scans),
        "resource_types": [
            name for name in scans[0]["resource_types"] if all(name in scan["resource_types"] for scan in scans)
        ],
        "filters": _common([scan["filters"] for scan in scans]),
    }


def _once(scans: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    rows = {row["id"]: row for scan in scans for row in scan[name]}
    return [rows[key] for key in sorted(rows)]


def _evidence(runs: Sequence[RunRecords], found: Mapping[str, Any], context: ReportContext) -> dict[str, Any]:
    given, caller = context.evidence, found["caller"]
    return {
        "run_id": given.get("run_id"),
        "role": given.get("role"),
        "inventory_host": given.get("inventory_host"),
        "mode": context.mode,
        "time_started": given.get("time_started") or found["scanned"]["time_started"],
        "time_finished": context.time_finished,
        "tenancy": caller["tenancy"] or found["scanned"]["tenancy"],
        "principal": caller["principal"],
        "auth_type": caller["auth_type"],
        "versions": {
            "collection": caller["collection_version"],
            "sdk": caller["sdk_version"],
            "ansible_core": context.ansible_core,
            "python": context.python,
        },
        "awx": {"job_id": given.get("awx_job_id"), "user_name": given.get("awx_user_name")},
        "parameters": dict(given.get("parameters") or {}),
        "redacted": None,
        "scanned": found["scanned"],
        "merged_from": [dict(run.run) for run in runs if run.run is not None],
    }


def _before(runs: Sequence[RunRecords]) -> dict[str, int] | None:
    known = [run.before for run in runs if run.before is not None]
    if len(known) < len(runs):
        return None
    return {name: sum(before[name] for before in known) for name in BEFORE_COUNTS}


def _plan(plans: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The plan with its counts. Several become one that has no digest of its own."""
    if not plans:
        return None
    lists: dict[str, list[Any]] = {name: [row for plan in plans for row in plan[name]] for name in PLAN_LISTS}
    return {
        **{name: _common([plan[name] for plan in plans]) for name in ("run_id", "time_created", "tenancy", "digest")},
        "dry_run": all(plan["dry_run"] for plan in plans),
        **lists,
        "counts": {
            **{name: len(rows) for name, rows in lists.items()},
            "unchanged": sum(plan["unchanged"] for plan in plans),
        },
    }


def _outcomes(changes: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """The counts of a run's results, and how many of them have not settled."""
    return {
        **count_outcomes((change["changed"], change["error"] is not None) for change in changes),
        "unsettled": sum(not change["settled"] for change in changes),
    }


def _keys(runs: Sequence[RunRecords], resources: Sequence[Mapping[str, Any]], now: str) -> list[dict[str, Any]]:
    """The keys that were looked up, one row per region, with their age and what is on them there."""
    rows = {(key["id"], key["region"]): key for run in runs for key in run.keys}
    used = Counter((resource["kms_key_id"], region_of_key(resource)) for resource in resources)
    return [
        {**rows[place], "age_days": _days(rows[place]["time_created"], now), "used_by": used[place]}
        for place in sorted(rows)
    ]


def _days(created: str | None, now: str) -> int | None:
    """Whole days between two times."""
    if created is None:
        return None
    try:
        return (_moment(now) - _moment(created)).days
    except (TypeError, ValueError):  # of another form, or without a time zone
        return None


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
