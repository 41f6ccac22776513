# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of key_restore_plan: from the files of earlier runs and what resources are on now to their former keys."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._common.errors import InputError, ResourceError
from .._common.progress import NO_PROGRESS, Describe, ProgressLog
from .._common.quantities import duration
from .._documents.discovery_file import DiscoveryFile
from .._documents.discovery_writer import write_discovery
from .._documents.plan_file import UnplannedRow
from .._documents.subject import Subject
from .._model.ocid import (
    expect_realm,
    expect_region,
    parse,
)
from .._model.resource import DesiredState, Reading, Resource
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from .._model.rows import ResourceRow
from .._planning.former_keys import FormerKey, FormerKeys, read_former_keys
from .._planning.key_checks import KeyChecks
from .._planning.lost_policies import unsettled
from .._planning.plan import PlanFilter
from .._planning.replicated import recreation_warnings
from .._planning.restore import block_unusable, make_restore_plan
from .._resources.planned import planned_kind
from .._resources.region_reader import RegionReader
from .._resources.replication_reader import Replication
from .._resources.resource_kind import ResourceKind
from .._resources.resource_row import placed_row
from .key_plan import PlanContext, PlanModule, PlanResult
from .options import writable_file
from .plan_interrupted import interrupted_in_plan
from .plan_options import PLAN_OPTIONS

# Reads at a time in each region.
_CONCURRENCY = 32


def plan_restore(context: PlanContext) -> PlanResult:
    """Plan to put each resource back on its original key, where it is still on a key that a run assigned."""
    options = context.options
    paths = [Path(os.path.expanduser(path)) for path in options["reports"]]
    former = read_former_keys(paths)
    for tenancy in sorted(former.tenancies):
        context.expect_tenancy(tenancy, f"The content of {', '.join(map(str, paths))}")
    resources, unread = _read(context.connection, list(former.found.values()), context.log)
    plan_filter = PlanFilter(
        keys=None,
        include_replicated=options["include_replicated"],
        include_locked=options["include_locked"],
        recreate_replicas=options["recreate_replicas"],
        role=context.role,
    )
    plan = make_restore_plan(
        former, resources, unread, plan_filter, allow_oracle_managed=options["allow_oracle_managed"]
    )
    interrupted = interrupted_in_plan(
        context,
        known={ocid for _type, ocid in former.found},
        known_policies={about for about, key in former.found.items() if key.taken is not None},
    )
    interrupted.add_to(plan, None)
    key_checks = KeyChecks()
    if options["validate_key"]:
        wanted = [(key, row["key_region"]) for row in plan.entries if (key := row["wanted_kms_key_id"]) is not None]
        key_checks = context.check_keys(wanted, plan)
        block_unusable(plan, key_checks, multi_version_key_fails=context.multi_version_key_fails)
    plan.block_failed(context.previous.failed)
    interrupted.complete(plan)
    plan.unsettled += unsettled(plan, [row for row in resources if "lost_in_runs" in row])
    plan.unsettled += _unread_policies(former, unread)
    warnings = [*interrupted.warnings, *recreation_warnings(plan.entries)]
    if former.truncated_lines:
        lines = "1 line" if former.truncated_lines == 1 else f"{former.truncated_lines} lines"
        warnings.append(f"{lines} of the journals could not be read, e.g. the last line of a run that was killed.")
    facts = {"options": {"reports": [str(path) for path in paths]}, "complete": not unread}
    tenancy = context.connection.tenancy or next(iter(former.tenancies), "")
    _write_discovery(options["new_discovery_file"], resources, tenancy, is_complete=not unread)
    context.partial_result["found"] = _found(options["new_discovery_file"], unread)
    return PlanResult(plan, key_checks, tenancy, facts, tuple(warnings), complete=not unread)


def _found(file: str | None, unread: Mapping[Subject, ResourceError]) -> dict[str, Any]:
    """Whether everything was read that a run may not pass over.

    What OCI does not find (404) was deleted since, or may not be seen: it is counted as not seen by every later
    restore, and is no reason for all of them to fail.
    """
    failed = [error for error in unread.values() if error.status != 404]
    message = f"{len(failed):,} of the resources could not be read, e.g.: {failed[0]}" if failed else ""
    return {"file": file, "complete": not failed, "msg": message}


def _reading(region: str, resource_type: str, count: int, turn: str) -> Describe:
    """The line about reading what one region has of one kind."""
    row = RESOURCE_TYPES.get(resource_type)
    what = row.count(count) if row is not None else f"{count:,} resources"
    return lambda seconds: f"{region}: reading {what} ({turn}), for {duration(seconds)}"


def _unread_policies(former: FormerKeys, unread: Mapping[Subject, ResourceError]) -> list[UnplannedRow]:
    """The policies that a run took away, or may have, where it could not be read what is there now."""
    return [
        {
            "id": former_key.id,
            "type": ASSIGNMENT,
            "region": "",
            "compartment_id": "",
            "display_name": "",
            "kms_key_id": former_key.original,
            "asset_id": former_key.id,
            "reason": f"a run may have taken its backup policy away, and it could not be read: {error.message}",
        }
        for about, error in unread.items()
        if (former_key := former.found[about]).type == ASSIGNMENT and former_key.is_policy_taken
    ]


def _write_discovery(given: str | None, resources: Sequence[ResourceRow], tenancy: str, *, is_complete: bool) -> None:
    """Write what was read as a file of key_assignment_info, which lists only policy assignments that exist."""
    path = writable_file("new_discovery_file", given)
    if path is None:
        return
    existing = [row for row in resources if row["type"] != ASSIGNMENT or row["policy_id"] is not None]
    compartments = sorted({row["compartment_id"] for row in existing})
    discovery = DiscoveryFile(
        resources=existing,
        unreadable=[],
        complete=is_complete,
        scanned={
            "tenancy": tenancy,
            "time_started": None,
            "time_finished": None,
            "regions": sorted({row["region"] for row in existing}),
            "all_regions": False,
            "skipped_regions": [],
            "compartments": [
                {"id": name, "name": None, "path": None, "lifecycle_state": None} for name in compartments
            ],
            "skipped_compartments": [],
            "whole_tenancy": False,
            "resource_types": sorted({row["type"] for row in existing}),
            "filters": {
                "kms_key_ids": None,
                "encryption": "any",
                "freeform_tags": None,
                "defined_tags": None,
                "only_named": True,
            },
        },
        caller={
            "tenancy": tenancy,
            "principal": None,
            "auth_type": None,
            "collection_version": None,
            "sdk_version": None,
        },
    )
    write_discovery(path, discovery)


def _as_before(region: RegionReader, kind: ResourceKind, former: FormerKey, now: Reading) -> tuple[Reading, bool]:
    """A resource as it is now; where a run took its backup policy away, with the one that it had at first."""
    taken = former.taken
    if isinstance(now, ResourceError) or taken is None:
        return now, False
    before = region.reader_for(kind).before_interruption(now, taken)
    return (now, False) if before is None else (before, True)


def _read(
    connection: Connection, former_keys: Sequence[FormerKey], log: ProgressLog = NO_PROGRESS
) -> tuple[list[ResourceRow], dict[Subject, ResourceError]]:
    """The resources as they are now, and why others could not be read."""
    # A volume and its policy assignment are known by the same OCID, so they are read separately.
    by_region: dict[tuple[str, str], list[tuple[FormerKey, ResourceKind]]] = {}
    unread: dict[Subject, ResourceError] = {}
    for former in former_keys:
        try:
            ocid = parse(former.id)
            home = expect_region(ocid, connection.regions)
            kind = planned_kind(former.type, ocid)
        except InputError as error:  # concerns this resource only
            unread[former.type, former.id] = ResourceError(code="UnknownResource", message=f"{error}.")
            continue
        if connection.tenancy:
            expect_realm(ocid, parse(connection.tenancy).realm, "the tenancy")
        by_region.setdefault((home, kind.registry_name), []).append((former, kind))
    rows = []
    for number, ((place, _kind_name), members) in enumerate(by_region.items(), 1):
        region = RegionReader(place, [(former.id, kind) for former, kind in members], connection, _CONCURRENCY)
        try:
            with log.during(_reading(place, members[0][0].type, len(members), f"{number} of {len(by_region)}")):
                readings = region.read(DesiredState(None))
                now = [(former, *_as_before(region, kind, former, readings[former.id])) for former, kind in members]
        finally:
            region.close()
        for former, reading, is_lost in now:
            if isinstance(reading, Replication) and (gone := _without_replica(reading)) is not None:
                reading = gone
            if isinstance(reading, Resource):
                rows.append(placed_row(reading, connection.regions))
                if is_lost:
                    rows[-1]["lost_in_runs"] = []
                continue
            if reading.status == 401:
                raise refused_credentials(connection, reading.code, reading.message)
            unread[former.type, former.id] = reading
    return rows, unread


def _without_replica(source: Replication) -> ResourceError | None:
    """Why the key of a source's replica can't be restored: there is none, or more than one."""
    if len(source.meant) == 1:
        return None
    there = "has no replica any more" if not source.meant else "has several replicas"
    return ResourceError(
        code="NotReplicated" if not source.meant else "SeveralReplicas",
        message=f"The source {there}, so its key can't be restored",
        hint="Use the module replica_kms_key.",
    )


def _options() -> dict[str, dict[str, Any]]:
    return {
        "reports": {"type": "list", "elements": "path", "required": True},
        "allow_oracle_managed": {"type": "bool", "default": False, "no_log": False},
        **PLAN_OPTIONS,
    }


RESTORE_PLAN = PlanModule("key_restore_plan", _options, plan_restore, role="restore_keys")
