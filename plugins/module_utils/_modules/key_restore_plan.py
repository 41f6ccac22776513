# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The plan of key_restore_plan: from what files tell and what is in place to the keys that resources had."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._changes.region import Region
from .._changes.request import Target
from .._common.errors import InputError, ResourceError
from .._model.decisions import GONE_STATES
from .._model.ocid import (
    expect_realm,
    expect_region,
    parse,
)
from .._model.resource import DesiredState, Resource
from .._model.resource_types import ASSIGNMENT
from .._planning.former_keys import (
    FormerKey,
    FormerKeys,
    read_former_keys,
)
from .._planning.key_checks import (
    KeyChecks,
    blocked_by_current_key,
    check_keys,
    wanted_problems,
)
from .._planning.plan import (
    Plan,
    PlanFilter,
    add_resource,
    key_region,
    key_words,
    sorted_plan,
    subject,
)
from .._planning.plan_file import write_or_refuse
from .._resources.policy_reader import AssetPolicy
from .._resources.registry import KINDS, policy_kind
from .key_plan import PlanContext, PlanResult
from .options import writable_file

# Reads at a time in each region.
_CONCURRENCY = 32


def plan_restore(context: PlanContext) -> PlanResult:
    """Plan to put each resource back on its original key, where it is still on the key that a run gave it."""
    options = context.options
    paths = [Path(os.path.expanduser(path)) for path in options["reports"] if path.strip()]
    if not paths:
        raise InputError("'reports' names no file. Give a report, a plan or a journal, or the folder of a run")
    former = read_former_keys(paths)
    for tenancy in sorted(former.tenancies):
        context.expect_tenancy(tenancy, f"What {', '.join(map(str, paths))} tells")
    resources, unread = _read(context.connection, list(former.found.values()))
    plan = _plan(former, resources, unread, options)
    key_checks = KeyChecks()
    if options["validate_key"]:
        uses = {(row["wanted_kms_key_id"], row["key_region"]) for row in plan.entries if row["wanted_kms_key_id"]}
        key_checks = check_keys(context.connection, context.validator, uses, plan.entries)
        _hold_back(context, plan, key_checks)
    again = dict.fromkeys(context.previous.failed, "it failed earlier in this run, and is not tried again")
    plan.block(again)
    warnings = []
    if former.truncated_lines:
        lines = "1 line of a journal" if former.truncated_lines == 1 else f"{former.truncated_lines} lines of journals"
        warnings.append(f"{lines} can't be read, as the last one of a run that was killed.")
    facts = {"options": {"reports": [str(path) for path in paths]}, "complete": not unread}
    tenancy = context.connection.tenancy or next(iter(former.tenancies), "")
    _write_found(options["found_file"], resources, tenancy, is_complete=not unread)
    return PlanResult(plan, key_checks, tenancy, facts, tuple(warnings))


def _write_found(given: str | None, resources: Sequence[Mapping[str, Any]], tenancy: str, *, is_complete: bool) -> None:
    """What was read, in the form of the file of key_assignment_info."""
    path = writable_file("found_file", given)
    if path is None:
        return
    compartments = sorted({row["compartment_id"] for row in resources})
    scanned = {
        "tenancy": tenancy,
        "regions": sorted({row["region"] for row in resources}),
        "compartments": [{"id": name, "name": None, "lifecycle_state": None} for name in compartments],
        "skipped_compartments": [],
        "resource_types": sorted({row["type"] for row in resources}),
    }
    content = {"resources": list(resources), "unreadable": [], "complete": is_complete, "scanned": scanned}
    write_or_refuse(path, {**content, "caller": {"tenancy": tenancy}})


def _hold_back(context: PlanContext, plan: Plan, key_checks: KeyChecks) -> None:
    """What can't go back, because its former key can't be used or its present one can't be left."""
    problems = wanted_problems(key_checks, multi_version_key_fails=context.multi_version_key_fails)
    reasons = {
        subject(row): f"its former key can't be used: {problems[use]}"
        for row in plan.entries
        if (use := (row["wanted_kms_key_id"], row["key_region"])) in problems
    }
    plan.block({**blocked_by_current_key(key_checks, plan.entries), **reasons})


def _read(
    connection: Connection, found: Sequence[FormerKey]
) -> tuple[list[dict[str, Any]], dict[tuple[str, str], ResourceError]]:
    """What the resources are on now, as rows of the file of key_assignment_info; and what could not be read."""
    # A volume and its assignment have one OCID between them, so they are read apart.
    by_region: dict[tuple[str, str], list[Target]] = {}
    for former in found:
        ocid = parse(former.id)
        if connection.tenancy:
            expect_realm(ocid, parse(connection.tenancy).realm, "the tenancy")
        home = expect_region(ocid, connection.regions)
        kind = policy_kind(ocid) if former.type == ASSIGNMENT else KINDS[former.type]
        by_region.setdefault((home, kind.registry_name), []).append(Target(former.id, kind, home))
    rows = []
    unread: dict[tuple[str, str], ResourceError] = {}
    for (place, kind_name), targets in by_region.items():
        region = Region(place, targets, connection, _CONCURRENCY)
        try:
            readings = region.read(DesiredState(None))
        finally:
            region.close()
        for target in targets:
            reading = readings[target.id]
            if isinstance(reading, Resource):
                rows.append(_row(kind_name, reading))
                continue
            if reading.status == 401:
                raise refused_credentials(connection.describe_principal(), reading.code, reading.message)
            unread[ASSIGNMENT if kind_name.startswith("policy of ") else kind_name, target.id] = reading
    return rows, unread


def _row(kind: str, resource: Resource) -> dict[str, Any]:
    own_region = parse(resource.id).region_part
    row: dict[str, Any] = {
        "id": resource.id,
        "type": resource.type,
        "region": resource.region,
        "compartment_id": resource.compartment_id,
        "display_name": resource.display_name,
        "lifecycle_state": resource.lifecycle_state,
        "encryption": "customer" if resource.kms_key_id else "oracle",
        "kms_key_id": resource.kms_key_id,
        "time_created": resource.time_created,
        "freeform_tags": resource.freeform_tags,
        "defined_tags": resource.defined_tags,
        "group_id": resource.group_id,
        "locked": KINDS[kind].lock_reason(resource),
        "replicas": [
            {
                "id": replica.id,
                "availability_domain": replica.availability_domain,
                "kms_key_id": replica.kms_key_id,
                "in_other_region": parse(replica.id).region_part != own_region,
            }
            for replica in resource.replicas
        ],
        "managed_by_paas": False,
    }
    if kind.startswith("policy of "):
        asset = cast(AssetPolicy, resource)
        row.update(
            id=asset.assignment_id or asset.id,
            type=ASSIGNMENT,
            asset_id=asset.id,
            asset_type=asset.type,
            policy_id=asset.policy_id,
            destination_region=asset.destination_region,
        )
    return row


def _plan(
    former: FormerKeys,
    resources: Sequence[Mapping[str, Any]],
    unread: Mapping[tuple[str, str], ResourceError],
    options: Mapping[str, Any],
) -> Plan:
    plan = Plan()
    scope = PlanFilter(
        keys=None, include_replicated=options["include_replicated"], include_locked=options["include_locked"]
    )
    for row in resources:
        told = former.found[subject(row)]
        reason = _reason_to_leave(row, told, allow_oracle_managed=options["allow_oracle_managed"])
        if reason is None:
            add_resource(plan, row, told.original, scope)
        else:
            plan.skipped.append(_unplanned_row(row, told, reason))
    for (kind, name), error in unread.items():
        row = _unplanned_row(
            _nothing_read(kind, name), former.found[kind, name], f"it could not be read: {error.message}"
        )
        plan.blocked.append(row)
    for name in sorted(former.unknown.keys() - {name for _kind, name in former.found}):
        row = {
            "id": name,
            "type": "unknown",
            "region": "",
            "compartment_id": "",
            "display_name": "",
            "kms_key_id": None,
        }
        plan.skipped.append({**row, "reason": f"its former key is unknown: {former.unknown[name]}"})
    return sorted_plan(plan)


def _nothing_read(kind: str, name: str) -> dict[str, Any]:
    return {"id": name, "type": kind, "region": "", "compartment_id": "", "display_name": "", "kms_key_id": None}


def _reason_to_leave(row: Mapping[str, Any], told: FormerKey, *, allow_oracle_managed: bool) -> str | None:
    """Why a resource is not put back, though its former key is known."""
    present = row["kms_key_id"] or None
    if present == told.original:
        return None
    if row["lifecycle_state"] in GONE_STATES:
        return f"it is {row['lifecycle_state']}"
    if row["type"] == ASSIGNMENT and row["policy_id"] != told.policy_id:
        return "its backup policy is another one than it was then"
    if present not in told.assigned_keys:
        return f"it is on {key_words(present)}, which is not the key that it was given then"
    if told.original is None and not allow_oracle_managed:
        return "it was on the Oracle-managed key, to which it goes back only if that is allowed"
    return None


def _unplanned_row(row: Mapping[str, Any], told: FormerKey, reason: str) -> dict[str, Any]:
    names = ("id", "type", "region", "compartment_id", "display_name", "kms_key_id")
    apart = {name: row[name] for name in names}
    if row["type"] == ASSIGNMENT:
        apart["asset_id"] = told.id
    if row["region"]:
        apart["key_region"] = key_region(row)
    return {**apart, "wanted_kms_key_id": told.original, "reason": reason}
