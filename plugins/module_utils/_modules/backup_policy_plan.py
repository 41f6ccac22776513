# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of backup_policy_plan: from named or discovered assets to a backup policy, and the key for its copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from .._common.errors import ApiError, InputError, ResourceError
from .._common.text import visible
from .._documents.discovery_file import DiscoveryFile, parse_discovery
from .._documents.discovery_writer import named_resources, write_discovery
from .._documents.json_reader import JsonNode
from .._documents.plan_file import UnplannedRow
from .._documents.subject import Subject, subject
from .._model.backup_policies import BackupPolicy
from .._model.decisions import decide
from .._model.ocid import expect_realm, expect_region, expect_type, parse
from .._model.ocid_names import Names as PlanNames
from .._model.resource import DesiredState, Resource, TakenAway
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from .._model.rows import ResourceRow, UnreadableRow
from .._planning.key_checks import KeyChecks, KeyInRegion, expect_usable, wanted_problems
from .._planning.lost_policies import add_lost_policies
from .._planning.plan import Plan, PlanFilter, sorted_plan
from .._planning.policy_costs import cost_notes, policy_costs
from .._planning.policy_plan import ROLE, AssetDecision, add_assets, add_lost, select_assets
from .._resources.policy_reader import PolicyReader
from .._resources.region_reader import RegionReader
from .._resources.resource_kind import ResourceKind
from .._resources.resource_row import resource_row
from .approved_plan import APPROVAL_OPTIONS, approved_plan, settle
from .key_assignment_info import discover_result, incomplete_warning
from .key_plan import PlanContext, PlanModule, PlanResult
from .names import Names
from .options import listed, writable_file
from .output import warn_of
from .plan_filters import created_before, defined_tags, excluded_ids, freeform_tags
from .plan_interrupted import interrupted_in_plan
from .plan_options import PLAN_OPTIONS, SELECTION_OPTIONS
from .read_now import read_now
from .scope_options import DISCOVERY_OPTIONS

PRESENT, ABSENT, UNASSIGNED = "present", "absent", "unassigned"
_SCOPE = ("compartment_ids", "recursive", "regions")
_SELECTING = ("compartment_ids", "regions", *SELECTION_OPTIONS)
RESOLVED_OPTIONS = ("compartment_ids", "kms_key_id")
"""The options that take names."""


@dataclass
class _Found:
    """What was read of the assets. ``policies`` has None for what could not be read."""

    decided: list[AssetDecision] = field(default_factory=list)
    lost: list[tuple[ResourceRow, AssetDecision | None]] = field(default_factory=list)
    policies: dict[str, BackupPolicy | None] = field(default_factory=dict)
    unread: dict[Subject, ResourceError] = field(default_factory=dict)


def plan_policies(context: PlanContext) -> PlanResult:
    """Plan for named assets, or for those of a discovery that is made now."""
    signed = approved_plan(context.options, context.role, check_mode=context.module.check_mode)
    approved = None if signed is None else signed.plan
    if approved is not None:
        context.expect_tenancy(approved.tenancy, "The approved plan")
    names = Names(context.connection, context.clock)
    desired = _desired(context, names)
    options, plan = context.options, Plan()
    discovery = None if options["asset_ids"] is not None else _discover(context, names)
    assets = _named(context) if discovery is None else _selected(context, discovery, plan)
    known = assets if discovery is None else [row["id"] for row in discovery.resources]
    interrupted = interrupted_in_plan(context, read=frozenset(known))
    lost = [row for row in interrupted.lost if row["type"] == ASSIGNMENT]
    found = _read(context, assets, desired, lost)
    tenancy = context.connection.tenancy or (discovery.tenancy if discovery is not None else "")
    complete = not found.unread and (discovery is None or discovery.complete)
    _write_found(context, found, discovery, tenancy, complete=complete)
    add_assets(plan, found.decided, replace=options["replace"])
    add_lost(plan, found.lost, replace=options["replace"])
    add_lost_policies(plan, [row for row in interrupted.lost if row["type"] != ASSIGNMENT], None)
    plan.not_seen += [_unread_row(about, error) for about, error in found.unread.items()]
    sorted_plan(plan)
    key_checks = _check_keys(context, plan) if options["validate_key"] else KeyChecks()
    present, missing = settle(
        plan, approved, options["plan_digest"], previous=context.previous, interrupted=interrupted
    )
    names_found = {**_names_of(discovery), **names.found, **_policy_names(found.policies)}
    return PlanResult(
        plan,
        key_checks,
        tenancy,
        {
            "options": {name: options[name] for name in _RECORDED_OPTIONS},
            "complete": complete,
            "approved_digest": approved and approved.digest,
            "backups": policy_costs(plan.entries, found.policies),
        },
        tuple(interrupted.warnings),
        signed_by=None if signed is None else signed.signed_by,
        names=names_found,
        approved=None if approved is None else approved.digest,
        present=present,
        gone=missing,
        places_not_seen=0 if discovery is None else max(len(discovery.unreadable), 0 if discovery.complete else 1),
        complete=complete,
        notes=tuple(
            cost_notes(plan.entries, found.policies, PlanNames(names_found), dry_run=context.module.check_mode)
        ),
    )


def _desired(context: PlanContext, names: Names) -> DesiredState:
    """The desired state, with its key looked up by name. Raises InputError for options that contradict each other."""
    given, tenancy = context.options, context.connection.tenancy
    state, policy_id = given["state"], given["policy_id"]
    if (state == PRESENT) != (given["kms_key_id"] is not None):
        raise InputError(
            "'kms_key_id' is not set. Name the key for the copies, or set 'state: absent' for the Oracle-managed one"
            if state == PRESENT
            else f"'kms_key_id' and 'state: {state}' can't be combined: {state!r} assigns no key. Leave out one of them"
        )
    if state == UNASSIGNED and policy_id is not None:
        raise InputError("'policy_id' and 'state: unassigned' can't be combined. Leave out one of them")
    found = names.compartments(given)
    found["kms_key_id"] = names.key(given["kms_key_id"], None, "kms_key_id")
    context.named = context.partial_result["resolved"] = {
        name: found[name] for name in RESOLVED_OPTIONS if found[name] != given[name]
    }
    for name, kind in (("kms_key_id", "key"), ("policy_id", "volumebackuppolicy")):
        if found[name] is not None:
            ocid = parse(found[name])
            expect_type(ocid, kind)
            if tenancy:
                expect_realm(ocid, parse(tenancy).realm, "the tenancy")
            found[name] = ocid.value
    return DesiredState(found["kms_key_id"], policy_id=found["policy_id"], unassigned=state == UNASSIGNED)


def _named(context: PlanContext) -> list[str]:
    """The assets that are named. Raises InputError for one that can't be an asset, before anything is read."""
    options, connection = context.options, context.connection
    for name in _SELECTING:
        if options[name] is not None:
            raise InputError(
                f"'{name}' and 'asset_ids' can't be combined: it only selects among discovered assets. Leave out one "
                "of them"
            )
    found = []
    for value in listed(options, "asset_ids", "Name the assets, or compartments to discover them in.") or []:
        asset = parse(value)
        expect_type(asset, *RESOURCE_TYPES.assets.ocid_types)
        if connection.tenancy:
            expect_realm(asset, parse(connection.tenancy).realm, "the tenancy")
        expect_region(asset, connection.regions)
        found.append(asset.value)
    return list(dict.fromkeys(found))


def _discover(context: PlanContext, names: Names) -> DiscoveryFile:
    """Discover volumes and boot volumes."""
    options = context.options
    if options["compartment_ids"] is None:
        raise InputError("Neither 'asset_ids' nor 'compartment_ids' is set. Set one of them")
    query = {name: options[name] for name in _SCOPE}
    types = options["resource_types"] or list(RESOURCE_TYPES.volumes.names)
    query.update(resource_types=types, kms_key_ids=None, encryption="any")
    found = discover_result(context.connection, query, context.clock, context.log, names)
    if not found["complete"]:
        warn_of(context.module, incomplete_warning("'new_discovery_file'"))
    return parse_discovery(JsonNode(found, "the discovery"))


def _selected(context: PlanContext, discovery: DiscoveryFile, plan: Plan) -> list[str]:
    options, tenancy = context.options, context.connection.tenancy
    plan_filter = PlanFilter(
        keys=None,
        resource_types=options["resource_types"] or RESOURCE_TYPES.volumes.names,
        exclude_ids=excluded_ids(options, tenancy),
        freeform_tags=freeform_tags(options),
        defined_tags=defined_tags(options),
        created_before=created_before(options),
        role=ROLE,
    )
    return [row["id"] for row in select_assets(plan, discovery.resources, plan_filter)]


def _read(context: PlanContext, assets: Sequence[str], desired: DesiredState, lost: Sequence[ResourceRow]) -> _Found:
    """Read the policy of each asset, and decide. Of one that an interrupted run took away, by what it was."""
    found = _Found()
    lost_by_asset = {row["asset_id"]: row for row in lost}

    def take(about: Subject, now: Resource, kind: ResourceKind, region: RegionReader) -> ResourceError | None:
        reader = cast(PolicyReader, region.reader_for(kind))
        row = lost_by_asset.pop(about[1], None)
        taken = None if row is None else TakenAway(row["kms_key_id"], policy_id=row["policy_id"])
        former = None if taken is None else reader.before_interruption(now, taken)
        if isinstance(former, ResourceError):
            return former
        decision = decide(now if former is None else former, desired, kind)
        reading = now if former is None else former
        one = AssetDecision(resource_row(reading), decision, kind.key_region(reading, decision.desired))
        if row is None or former is None:
            found.decided.append(one)
        else:
            found.lost.append((row, one))
        for policy_id in (one.row["policy_id"], decision.desired.policy_id):
            if policy_id is not None and policy_id not in found.policies:
                found.policies[policy_id] = _policy(reader, policy_id)
        return None

    found.unread = read_now(context.connection, [(ASSIGNMENT, asset) for asset in assets], desired, take, context.log)
    found.lost += [(row, None) for row in lost_by_asset.values()]
    return found


def _policy(reader: PolicyReader, policy_id: str) -> BackupPolicy | None:
    try:
        return reader.policy(policy_id)
    except ApiError:
        return None


def _check_keys(context: PlanContext, plan: Plan) -> KeyChecks:
    """Validate the desired keys where they are going to be used; not those that lost policies had, which come back.

    Raises InputError if none of them can be used. Where only some can't, such as the key of one region for a policy
    that copies to another one, their entries are blocked.
    """
    wanted = {
        (key, entry["key_region"])
        for entry in plan.entries
        if (key := entry["wanted_kms_key_id"]) is not None
        and not ("lost_in_runs" in entry and key == entry["kms_key_id"])
    }
    checks = context.check_keys(wanted, plan)
    problems = wanted_problems(checks, multi_version_key_fails=context.multi_version_key_fails)
    if len(problems) == len(wanted):
        expect_usable(checks, multi_version_key_fails=context.multi_version_key_fails)
    plan.block(_blocked_by_key(plan, problems))
    return checks


def _blocked_by_key(plan: Plan, problems: Mapping[KeyInRegion, str]) -> dict[Subject, str]:
    return {
        subject(entry): f"its copies go to {entry['key_region']}, where the key can't be used: {problems[use]}"
        for entry in plan.entries
        if (use := (entry["wanted_kms_key_id"] or "", entry["key_region"])) in problems
    }


def _write_found(
    context: PlanContext, found: _Found, discovery: DiscoveryFile | None, tenancy: str, *, complete: bool
) -> None:
    """Write the assignments that have a key or a region for copies as a file of key_assignment_info."""
    path = writable_file("new_discovery_file", context.options["new_discovery_file"])
    context.partial_result["found"] = {
        "file": None if path is None else str(path),
        "complete": complete,
        "msg": _incomplete_text(found, discovery),
    }
    if path is None:
        return
    rows = [one.row for one in found.decided if one.row["policy_id"] is not None]
    rows = [row for row in rows if row["kms_key_id"] is not None or row["destination_region"] is not None]
    written = named_resources(rows, tenancy, complete=complete)
    written.unreadable.extend(_unreadable(found, discovery))
    if discovery is not None:
        scanned = discovery.scanned
        written.scanned.update(
            {
                **scanned,
                "resource_types": [ASSIGNMENT],
                "filters": written.scanned["filters"],
                "whole_tenancy": False,
            }
        )
        written.caller.update(discovery.caller)
    write_discovery(path, written)


def _incomplete_text(found: _Found, discovery: DiscoveryFile | None) -> str:
    if found.unread:
        first = next(iter(found.unread.items()))
        return f"{len(found.unread):,} of the assets could not be read, e.g. {first[0][1]}: {first[1]}"
    places = [] if discovery is None else discovery.unreadable
    if discovery is None or not places:
        return ""
    many = "1 place" if len(places) == 1 else f"{len(places):,} places"
    return f"{many} could not be read, e.g. {_where(places[0], discovery)}: {places[0]['message']}"


def _where(place: UnreadableRow, discovery: DiscoveryFile) -> str:
    rows = discovery.scanned["compartments"]
    names = {row["id"]: row.get("path") or row["name"] for row in rows}
    ocid = place["compartment_id"]
    where = ocid and visible(names.get(ocid) or ocid)
    return ", ".join(word for word in (place["region"] or "all regions", where) if word)


def _unreadable(found: _Found, discovery: DiscoveryFile | None) -> list[UnreadableRow]:
    rows: list[UnreadableRow] = [] if discovery is None else list(discovery.unreadable)
    for (_type, ocid), error in found.unread.items():
        rows.append(
            {
                "region": None,
                "compartment_id": None,
                "resource_type": ASSIGNMENT,
                "code": error.code,
                "status": error.status,
                "message": f"{ocid}: {error.message}",
                "hint": error.hint,
            }
        )
    return rows


def _unread_row(about: Subject, error: ResourceError) -> UnplannedRow:
    return {
        "id": about[1],
        "type": ASSIGNMENT,
        "region": "",
        "compartment_id": "",
        "display_name": "",
        "kms_key_id": None,
        "asset_id": about[1],
        "reason": f"could not be read: {error.message}",
        "remedy": error.hint or "Check its OCID, and what the caller may read",
    }


def _names_of(discovery: DiscoveryFile | None) -> dict[str, str | None]:
    return {} if discovery is None else {row["id"] or "": row["name"] for row in discovery.scanned["compartments"]}


def _policy_names(policies: Mapping[str, BackupPolicy | None]) -> dict[str, str | None]:
    return {ocid: policy.display_name for ocid, policy in policies.items() if policy is not None}


_RECORDED_OPTIONS = (
    "state",
    "policy_id",
    "kms_key_id",
    "replace",
    "asset_ids",
    "resource_types",
    *SELECTION_OPTIONS,
    "batch_size",
    "canary",
)


def _options() -> dict[str, dict[str, Any]]:
    return {
        "asset_ids": {"type": "list", "elements": "str"},
        **{name: DISCOVERY_OPTIONS[name] for name in _SCOPE},
        **PLAN_OPTIONS,
        "resource_types": {"type": "list", "elements": "str", "choices": list(RESOURCE_TYPES.volumes.names)},
        "state": {"type": "str", "choices": [PRESENT, ABSENT, UNASSIGNED], "default": PRESENT},
        "policy_id": {"type": "str"},
        "kms_key_id": {"type": "str", "no_log": False},
        "replace": {"type": "bool", "default": False},
        **SELECTION_OPTIONS,
        **APPROVAL_OPTIONS,
    }


POLICY_PLAN = PlanModule("backup_policy_plan", _options, plan_policies, role=ROLE)
