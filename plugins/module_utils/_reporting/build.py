# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One report from the records of a run, or of several. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, TypeVar, cast

from .._common.errors import InputError
from .._documents.changes_file import count_changes
from .._documents.discovery_file import DiscoveryFile
from .._documents.keys_file import ReportedKeyRow
from .._documents.report_file import FORMAT, VERSION, BeforeCounts, PlannedRow, PlanSection, RunRecords
from .._model.key_exceptions import KeyException
from .._model.rows import ResourceRow, ScannedRow, key_region
from .._model.terraform import TerraformStates
from .attachments import merged_attachments, unknown_attachments
from .benchmark import counts, type_rank
from .checks import Demands, Evidence, findings, material_age
from .excuses import Excuses
from .headline import STATE_UNKNOWN, HeadlineInput, Protection, headline
from .key_retirement import retirement
from .key_use import CONDITIONS, condition, days_between, is_clock_wrong, key_uses, parsed_time
from .new_volumes import ReportedNewVolumes, merged_new_volumes
from .owners import UNKNOWN, by_owner
from .scope import all_of, compartment_paths, is_limited, scope
from .terraform import terraform_section

_STATE_UNKNOWN_MESSAGE = "The state after the changes could not be read"

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_PLAN_LISTS = ("entries", "blocked", "left_alone", "excluded", "not_approved")

# What a report says of a key; the file of keys has more.
_KEY_FIELDS = tuple(ReportedKeyRow.__annotations__)

_Value = TypeVar("_Value")


class UsedKeyRow(ReportedKeyRow):
    """A key with its age, that of its current version, and how many resources of the report are on it in its region."""

    age_days: int | None
    material_age_days: int | None
    used_by: int


@dataclass(frozen=True)
class ReportContext:
    """How the report was made, and what is demanded, which no file says. Times are RFC 3339 in UTC."""

    mode: str
    time_finished: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    demands: Demands = field(default_factory=Demands)
    owner_tag: str | None = None
    exceptions: Sequence[KeyException] | None = None
    terraform: TerraformStates | None = None
    ansible_core: str | None = None
    python: str | None = None


def undiscovered(before: DiscoveryFile, reason: str) -> DiscoveryFile:
    """The discovery of a run whose final state could not be read: nothing but the tenancy and the caller is known.

    Resources may have changed since ``before``, so none of them is listed.
    """
    return DiscoveryFile(
        resources=[],
        unreadable=[
            {
                "region": None,
                "compartment_id": None,
                "resource_type": None,
                "code": STATE_UNKNOWN,
                "status": None,
                "message": f"{_STATE_UNKNOWN_MESSAGE}: {reason.rstrip('. ')}",
                "hint": None,
            }
        ],
        complete=False,
        scanned={
            "tenancy": before.scanned["tenancy"],
            "time_started": None,
            "time_finished": None,
            "regions": [],
            "all_regions": None,
            "skipped_regions": [],
            "compartments": [],
            "skipped_compartments": [],
            "whole_tenancy": None,
            "resource_types": [],
            "filters": None,
        },
        caller=before.caller,
    )


def build(runs: Sequence[RunRecords], kms_key_ids: Sequence[str], context: ReportContext) -> dict[str, Any]:
    """The report, of the form of report.schema.json. ``kms_key_ids`` are the keys to be retired.

    Raises InputError for records that can't be merged into one report.
    """
    found = _merged_discovery(runs)
    changes = [change for run in runs for change in run.changes]
    rows = [key for run in runs for key in run.keys]
    to_retire = list(dict.fromkeys([*kms_key_ids, *(key for run in runs for key in run.kms_key_ids)]))
    outcomes = count_changes(changes)
    unsettled = sum(not change["settled"] for change in changes)
    now = None if is_clock_wrong(context.time_finished, _times(found, rows)) else context.time_finished
    keys = _keys(runs, found.resources, now)
    uses = key_uses(found.resources, keys)
    protection = Protection(uses)
    excuses = Excuses(context.exceptions, found.resources, found.scanned, now)
    new_volumes = ReportedNewVolumes(found.new_volumes, keys)
    violations = findings(
        Evidence(
            resources=found.resources,
            uses=uses,
            resource_types=found.scanned["resource_types"],
            search_complete=found.complete and not is_limited(found.scanned["filters"]),
            now=now,
            excused=excuses.ids,
            new_volumes=new_volumes.states,
            new_volumes_complete=new_volumes.is_complete,
        ),
        context.demands,
    )
    summed_up = headline(
        HeadlineInput(
            resources=found.resources,
            uses=uses,
            unreadable=found.unreadable,
            search_complete=found.complete,
            scope=scope(found.scanned, complete=found.complete),
            checks=[*violations["checks"], *violations["beyond"]],
            failed=outcomes["failed"],
            unsettled=unsettled,
            now=now,
            excused=excuses.ids,
            exceptions=excuses.section(),
            attachments=unknown_attachments(found.resources, found.scanned),
            new_volumes_unknown=new_volumes.unknowns(),
            new_volumes_wrong=new_volumes.concerns(),
        )
    )
    plan = _plan([run.plan for run in runs if run.plan is not None])
    return {
        "format": FORMAT,
        "version": VERSION,
        "evidence": _evidence(runs, found, context),
        "headline": summed_up,
        "resources": found.resources,
        "summary": {
            **counts(found.resources, lambda row: protection(row) == UNKNOWN),
            "unreadable": len(found.unreadable),
        },
        "before": _before(runs),
        "unreadable": found.unreadable,
        "complete": not summed_up["unknowns"],
        "plan": plan,
        "changes": changes,
        "outcomes": {**outcomes, "unsettled": unsettled},
        "keys": keys,
        "owners": by_owner(found.resources, protection, compartment_paths(found.scanned), context.owner_tag),
        "violations": violations,
        "exceptions": excuses.section(),
        "terraform": terraform_section(
            context.terraform,
            found.resources,
            [] if plan is None else plan["entries"],
            changes,
            new_volumes.failing(),
        ),
        "new_volumes": new_volumes.section,
        "retirement": retirement(to_retire, found, changes),
    }


def _times(found: DiscoveryFile, keys: Sequence[ReportedKeyRow]) -> Iterator[str | None]:
    """Times in the past, by OCI's clock or by that of the search."""
    yield found.scanned["time_finished"]
    yield from (row["time_created"] for row in found.resources)
    for key in keys:
        yield key["time_created"]
        yield key["time_current_version_created"]


def canonical(report: Mapping[str, Any]) -> str:
    """The report as text: the same for the same report, and only ASCII, so that no terminal acts on it."""
    try:
        return json.dumps(report, indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"'evidence' contains a value that can't be serialized as JSON: {error}") from error


def _merged_discovery(runs: Sequence[RunRecords]) -> DiscoveryFile:
    """The discoveries of all runs, each resource once, in an order that does not depend on theirs."""
    found = [run.discovery for run in runs]
    tenancies = sorted({one.scanned["tenancy"] or "" for one in found})
    if len(tenancies) > 1:
        raise InputError(f"Reports of several tenancies can't be merged: {', '.join(tenancies)}")
    callers = [one.caller for one in found]
    return DiscoveryFile(
        resources=sorted(_latest_rows(found), key=_sort_key),
        unreadable=sorted(
            (place for one in found for place in one.unreadable),
            key=lambda place: tuple(
                map(str, (place["region"], place["compartment_id"], place["resource_type"], place["code"]))
            ),
        ),
        complete=all(one.complete for one in found),
        scanned=_merged_scans([one.scanned for one in found]),
        caller={
            "tenancy": _common([caller["tenancy"] for caller in callers]),
            "principal": _common([caller["principal"] for caller in callers]),
            "auth_type": _common([caller["auth_type"] for caller in callers]),
            "collection_version": _common([caller["collection_version"] for caller in callers]),
            "sdk_version": _common([caller["sdk_version"] for caller in callers]),
        },
        new_volumes=merged_new_volumes(one.new_volumes for one in found),
    )


def _latest_rows(found: Sequence[DiscoveryFile]) -> Iterable[ResourceRow]:
    """Each resource as the last look saw it. Where no look is the last, the Oracle-managed key counts."""
    latest: dict[tuple[str, str], tuple[tuple[bool, datetime, bool], ResourceRow]] = {}
    for one in found:
        look = _look_rank(one)
        for row in one.resources:
            place = (row["region"], row["id"])
            rank = (*look, row["encryption"] != "customer")
            if place not in latest or rank > latest[place][0]:
                latest[place] = (rank, row)
    return (row for _rank, row in latest.values())


def _look_rank(found: DiscoveryFile) -> tuple[bool, datetime]:
    """The later look last; one whose time is unknown is not later than any."""
    time = parsed_time(found.scanned["time_finished"])
    return (time is not None, time or _EPOCH)


def _sort_key(resource: ResourceRow) -> tuple[Any, ...]:
    return (
        resource["region"],
        type_rank(resource["type"]),
        resource["display_name"] or "",
        resource["compartment_id"],
        resource["id"],
    )


def _common(values: Sequence[_Value]) -> _Value | None:
    """The value that all of them are; None where they differ."""
    return values[0] if all(value == values[0] for value in values) else None


def _merged_scans(scans: Sequence[ScannedRow]) -> ScannedRow:
    """The union of all places. What has to be true of every run for a conclusion to hold is true only if it is of
    every run, and unknown where it is of one."""
    if len(scans) == 1:
        return scans[0]
    starts = [scan["time_started"] for scan in scans if scan["time_started"]]
    ends = [scan["time_finished"] for scan in scans if scan["time_finished"]]
    return {
        "tenancy": scans[0]["tenancy"],
        "time_started": min(starts, default=None),
        "time_finished": max(ends, default=None),
        "regions": sorted({region for scan in scans for region in scan["regions"]}),
        "all_regions": all_of([scan["all_regions"] for scan in scans]),
        "skipped_regions": _common([scan["skipped_regions"] for scan in scans]) or [],
        "compartments": _by_id([row for scan in scans for row in scan["compartments"]]),
        "compartment_parents": {
            child: parent for scan in scans for child, parent in sorted((scan.get("compartment_parents") or {}).items())
        },
        "skipped_compartments": _by_id([row for scan in scans for row in scan["skipped_compartments"]]),
        "whole_tenancy": all_of([scan["whole_tenancy"] for scan in scans]),
        "resource_types": [
            name for name in scans[0]["resource_types"] if all(name in scan["resource_types"] for scan in scans)
        ],
        "filters": _common([scan["filters"] for scan in scans]),
        "attachments": merged_attachments(scans),
    }


def _by_id(rows: Sequence[dict[str, str | None]]) -> list[dict[str, str | None]]:
    return [row for _id, row in sorted({str(row["id"]): row for row in rows}.items())]


def _evidence(runs: Sequence[RunRecords], found: DiscoveryFile, context: ReportContext) -> dict[str, Any]:
    given, caller = context.evidence, found.caller
    return {
        "run_id": given.get("run_id"),
        "role": given.get("role"),
        "inventory_host": given.get("inventory_host"),
        "mode": context.mode,
        "time_started": given.get("time_started") or found.scanned["time_started"],
        "time_finished": context.time_finished,
        "tenancy": caller["tenancy"] or found.scanned["tenancy"],
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
        "scanned": found.scanned,
        "merged_from": [dict(run.run) for run in runs if run.run is not None],
    }


def _before(runs: Sequence[RunRecords]) -> BeforeCounts | None:
    known = [run.before for run in runs if run.before is not None]
    if len(known) < len(runs):
        return None
    return {
        "total": sum(before["total"] for before in known),
        "customer": sum(before["customer"] for before in known),
        "oracle": sum(before["oracle"] for before in known),
    }


def _plan(plans: Sequence[PlanSection]) -> dict[str, Any] | None:
    """The plan with its counts. Several are merged into one that has no digest of its own."""
    if not plans:
        return None
    lists = {name: [row for plan in plans for row in _rows(plan, name)] for name in _PLAN_LISTS}
    return {
        "run_id": _common([plan["run_id"] for plan in plans]),
        "time_created": _common([plan["time_created"] for plan in plans]),
        "tenancy": _common([plan["tenancy"] for plan in plans]),
        "digest": _common([plan["digest"] for plan in plans]),
        "dry_run": all(plan["dry_run"] for plan in plans),
        "accountability": {
            name: _common([plan["accountability"][name] for plan in plans]) for name in plans[0]["accountability"]
        },
        **lists,
        "counts": {
            **{name: len(rows) for name, rows in lists.items()},
            "unchanged": sum(plan["unchanged"] for plan in plans),
        },
    }


def _rows(plan: PlanSection, name: str) -> list[PlannedRow]:
    rows: list[PlannedRow] = plan[name]  # type: ignore[literal-required]
    return rows


def _key_rank(key: ReportedKeyRow) -> tuple[int, str]:
    """The worst first: the data is in danger, then it is unknown whether it is, then the key can be used.

    Of two deletions the earlier is worse, and one with a date says more.
    """
    return (CONDITIONS.index(condition(key)), key["time_of_deletion"] or "9999")


def _keys(runs: Sequence[RunRecords], resources: Sequence[ResourceRow], now: str | None) -> list[UsedKeyRow]:
    """The keys that were looked up, one row per region: where several runs looked, the worst.

    ``now`` None: the clock is wrong, so no age is known.
    """
    rows: dict[tuple[str, str], ReportedKeyRow] = {}
    for run in sorted(runs, key=lambda run: _look_rank(run.discovery), reverse=True):
        for key in run.keys:
            place = (key["id"], key["region"])
            rows[place] = min(rows.get(place, key), key, key=_key_rank)
    used = Counter((resource["kms_key_id"], key_region(resource)) for resource in resources)
    return [
        {
            **cast(ReportedKeyRow, {name: value for name, value in rows[place].items() if name in _KEY_FIELDS}),
            "age_days": days_between(rows[place]["time_created"], now),
            "material_age_days": None if now is None else material_age(rows[place], now),
            "used_by": used[place],
        }
        for place in sorted(rows)
    ]
