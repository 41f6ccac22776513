# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of key_assignment_plan: from discovered resources to the desired keys."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.quantities import duration
from .._common.text import quote
from .._common.values import is_blank
from .._documents.discovery_file import (
    DiscoveryFile,
    read_discovery,
)
from .._documents.own_files import write_result
from .._model.key_exceptions import CompartmentTree, ExceptionMatcher, KeyException
from .._model.ocid import Ocid, expect_realm, expect_type, parse
from .._model.resource_types import REPLICA, RESOURCE_TYPES
from .._planning.key_checks import (
    KeyChecks,
    KeyInRegion,
    blocked_by_current_key,
    expect_usable,
)
from .._planning.new_volumes import advice
from .._planning.plan import (
    Plan,
    PlanFilter,
    make_plan,
    region_of_wanted_key,
)
from .._planning.replicated import node_pool_warnings, recreation_warnings
from .._planning.terraform import planned_warnings
from .approved_plan import APPROVAL_OPTIONS, approved_plan, settle
from .exception_options import EXCEPTION_OPTIONS, expect_none_expired, given_exceptions
from .key_assignment_info import (
    Look,
    discover_result,
    incomplete_warning,
    new_volumes_warning,
)
from .key_plan import PlanContext, PlanModule, PlanResult
from .names import Names
from .new_volumes import look_at_new_volumes
from .options import writable_file
from .output import warn_of
from .plan_filters import created_before, defined_tags, excluded_ids, freeform_tags, keys_to_leave
from .plan_interrupted import interrupted_in_plan
from .plan_options import INCLUDE_OPTIONS, PLAN_OPTIONS, SELECTION_OPTIONS
from .scope_options import DISCOVERY_OPTIONS, regions_asked
from .terraform_options import expect_states_to_skip, given_states


def plan_assignment(context: PlanContext) -> PlanResult:
    """Plan for the resources of a discovery file, or of a discovery that is made now."""
    signed = approved_plan(context.options, context.role, check_mode=context.module.check_mode)
    approved = None if signed is None else signed.plan
    if approved is not None:
        context.expect_tenancy(approved.tenancy, "The approved plan")
    exceptions = given_exceptions(context.options)
    expect_none_expired(exceptions or (), context.clock.timestamp())
    expect_states_to_skip(context.options)
    states = given_states(context.options)
    names = Names(context.connection, context.clock)
    _look_up_names(context, names)
    options = context.options
    selection = _selection(context)
    discovery = _discover(context, names) if options["new_discovery_file"] is not None else _read_discovery(context)
    matcher = _matcher(exceptions, discovery)
    plan_filter = replace(
        selection,
        keys=_keys_for(context, discovery),
        exceptions=matcher,
        terraform=states if options["skip_terraform"] else None,
    )
    interrupted = interrupted_in_plan(context, read={row["id"] for row in discovery.resources})
    plan = make_plan(discovery.resources, plan_filter)
    interrupted.add_to(plan, plan_filter)
    plan.advice = advice(discovery.new_volumes, plan_filter)
    key_checks = KeyChecks()
    if options["validate_key"]:
        wanted = _wanted_keys(plan_filter, discovery) | _keys_of_lost(plan)
        key_checks = context.check_keys(wanted, plan)
        expect_usable(key_checks, multi_version_key_fails=context.multi_version_key_fails)
        plan.block(blocked_by_current_key(key_checks, plan.entries))
    present, missing = settle(
        plan, approved, options["plan_digest"], previous=context.previous, interrupted=interrupted
    )
    facts = {
        "options": _recorded_options(options),
        "complete": discovery.complete,
        "approved_digest": approved and approved.digest,
    }
    return PlanResult(
        plan,
        key_checks,
        discovery.tenancy,
        facts,
        (
            *interrupted.warnings,
            *_unmatched_exceptions(exceptions, matcher, discovery),
            *([] if context.previous.last else planned_warnings(plan.entries, plan.advice, states, context.role)),
            *recreation_warnings(plan.entries),
            *node_pool_warnings(plan.entries),
        ),
        signed_by=None if signed is None else signed.signed_by,
        names={**{row["id"] or "": row["name"] for row in discovery.scanned["compartments"]}, **names.found},
        approved=None if approved is None else approved.digest,
        present=present,
        gone=missing,
        places_not_seen=max(len(discovery.unreadable), 0 if discovery.complete else 1),
        complete=discovery.complete,
    )


def _matcher(exceptions: Sequence[KeyException] | None, discovery: DiscoveryFile) -> ExceptionMatcher | None:
    if exceptions is None:
        return None
    parents = discovery.scanned.get("compartment_parents") or {}
    return ExceptionMatcher(exceptions, CompartmentTree(discovery.tenancy, parents))


def _unmatched_exceptions(
    exceptions: Sequence[KeyException] | None, matcher: ExceptionMatcher | None, discovery: DiscoveryFile
) -> list[str]:
    """A warning about the exceptions that are about nothing that was discovered."""
    if matcher is None:
        return []
    excused = [matcher.of(row) for row in discovery.resources]
    used = {one.number for each in excused for one in (*each.certain, *each.possible)}
    unused = [one.words for one in exceptions or () if one.number not in used]
    if not unused:
        return []
    more = f" and {len(unused) - _NAMED_EXCEPTIONS:,} more" if len(unused) > _NAMED_EXCEPTIONS else ""
    return [f"Exceptions that match nothing in scope: {', '.join(unused[:_NAMED_EXCEPTIONS])}{more}."]


def _look_up_names(context: PlanContext, names: Names) -> None:
    """Replace the names of compartments and keys by OCIDs, once and before anything else. Raises InputError."""
    options = context.options

    def regions() -> list[str]:
        connection = context.connection
        if options["new_discovery_file"] is None:
            return _read_discovery(context).regions
        asked = regions_asked(options, connection.regions, connection.region, connection.tenancy)
        return names.subscribed_regions() if asked is None else asked

    with context.log.during(lambda seconds: f"looking up names, for {duration(seconds)}"):
        found = names.keys_by_region(names.compartments(options))
        found = names.keys_by_region(found, "replica_kms_key_ids")
        found = names.keys(found, regions, "from_kms_key_ids")
    context.named = context.partial_result["resolved"] = {
        name: found[name] for name in RESOLVED_OPTIONS if found[name] != options[name]
    }


def _discover(context: PlanContext, names: Names) -> DiscoveryFile:
    """Discover resources now. The result is on disk, and part of the module's result, before anything is planned."""
    options = context.options
    path = writable_file("new_discovery_file", options["new_discovery_file"])
    if path is None:
        raise InputError("'new_discovery_file' is empty. Give the file to write the discovered resources to")
    query = {name: options[name] for name in ("compartment_ids", "recursive", "regions", "resource_types", "read_each")}
    everything = {**query, "kms_key_ids": None, "encryption": "any", "new_volumes": options["new_volumes"]}
    found = discover_result(context.connection, everything, context.clock, context.log, names, look=_look(options))
    try:
        write_result(path, found)
    except OSError as error:
        raise InputError(
            f"'new_discovery_file' {str(path)!r} can't be written: {error.strerror or error}. Nothing was planned. "
            "Name a file that can be written"
        ) from error
    context.partial_result["found"] = {"file": str(path), "complete": found["complete"], "msg": found["msg"]}
    if not found["complete"]:
        warn_of(context.module, incomplete_warning(repr(str(path))))
    if found["new_volumes"] is not None and not found["new_volumes"]["complete"]:
        warn_of(context.module, new_volumes_warning(found["new_volumes"]["unreadable"]))
    return read_discovery(path)


def _look(options: Mapping[str, Any]) -> Look | None:
    return look_at_new_volumes if options["new_volumes"] else None


def _read_discovery(context: PlanContext) -> DiscoveryFile:
    options = context.options
    if options["discovery_file"] is None:
        raise InputError("Neither 'discovery_file' nor 'new_discovery_file' is set. Set one of them")
    given = [name for name in ("compartment_ids", "regions") if options[name] is not None]
    if given:
        raise InputError(
            f"'{given[0]}' and 'discovery_file' can't be combined: the file determines where resources are. Leave "
            f"'{given[0]}' out, or set 'new_discovery_file' instead to discover resources now"
        )
    path = Path(os.path.expanduser(options["discovery_file"]))
    discovery = read_discovery(path)
    context.expect_tenancy(discovery.tenancy, f"'discovery_file' {str(path)!r}")
    return discovery


def _keys_for(context: PlanContext, discovery: DiscoveryFile) -> dict[str, str] | None:
    """The desired key of each region in scope; None stands for the Oracle-managed one."""
    options = context.options
    if options["state"] == "present":
        if set(options["resource_types"] or ()) == {REPLICA} and options["replica_kms_key_ids"]:
            return {}
        keys = _keys(context, "kms_key_ids")
        missing = [region for region in discovery.regions if region not in keys]
        if missing:
            raise InputError(
                f"'kms_key_ids' has no key for {', '.join(missing)}, which is in scope. Give these regions a key, or "
                "take them out of the scope"
            )
        return keys
    for name in ("kms_key_ids", "replica_kms_key_ids"):
        if options[name]:
            raise InputError(f"'{name}' and 'state: absent' can't be combined: 'absent' assigns no key")
    return None


def _replica_keys(context: PlanContext) -> dict[str, str] | None:
    """The desired key of the replicas in each region; None where they get those of the volumes there."""
    options = context.options
    if not options["replica_kms_key_ids"] or options["state"] == "absent":
        return None
    if REPLICA not in (options["resource_types"] or ()):
        raise InputError(
            f"'replica_kms_key_ids' is set, but 'resource_types' does not name {REPLICA}, so it would have no effect. "
            f"Add {REPLICA} to 'resource_types' (in the role: rekey_resource_types), or remove it"
        )
    return _keys(context, "replica_kms_key_ids")


def _selection(context: PlanContext) -> PlanFilter:
    """Which resources are planned for. It is known to be valid before anything is read."""
    options, tenancy = context.options, context.connection.tenancy
    return PlanFilter(
        keys=None,
        replica_keys=_replica_keys(context),
        resource_types=options["resource_types"] or RESOURCE_TYPES.changed_by_default.names,
        from_kms_key_ids=keys_to_leave(options, tenancy),
        only_oracle_managed=options["only_oracle_managed"],
        exclude_ids=excluded_ids(options, tenancy),
        freeform_tags=freeform_tags(options),
        defined_tags=defined_tags(options),
        created_before=created_before(options),
        include_replicated=options["include_replicated"],
        include_locked=options["include_locked"],
        recreate_replicas=options["recreate_replicas"],
        role=context.role,
    )


def _keys(context: PlanContext, option: str) -> dict[str, str]:
    regions, tenancy = context.connection.regions, context.connection.tenancy
    keys: dict[str, str] = {}
    for name, value in (context.options[option] or {}).items():
        key = _key(option, name, value, tenancy)
        region = regions.expect(str(name), f"'{option}' names")
        if keys.setdefault(region, key.value) != key.value:
            raise InputError(f"'{option}' gives {region} two different keys")
    if not keys:
        raise InputError(f"'{option}' is empty. Give each region its key, or set 'state: absent'")
    return keys


def _key(option: str, region: object, value: object, tenancy: str | None) -> Ocid:
    if is_blank(value):
        raise InputError(
            f"'{option}' has no key for {quote(region)}. Give the OCID or the name of a key, or leave the region out"
        )
    try:
        key = parse(str(value))
        expect_type(key, "key")
        if tenancy:
            expect_realm(key, parse(tenancy).realm, "the tenancy")
    except InputError as error:
        raise InputError(f"'{option}' for {quote(region)}: {error}") from error
    return key


def _wanted_keys(plan_filter: PlanFilter, discovery: DiscoveryFile) -> set[KeyInRegion]:
    """Each desired key with the regions in which it is used; keys given for other regions are not checked."""
    if plan_filter.keys is None:
        return set()
    types = plan_filter.resource_types
    used = [(row["type"], region_of_wanted_key(row)) for row in discovery.resources if row["type"] in types]
    used += [("", region) for region in discovery.regions]
    return {(keys[region], region) for kind, region in used if (keys := plan_filter.keys_for(kind)) and region in keys}


def _keys_of_lost(plan: Plan) -> set[KeyInRegion]:
    """The keys that lost policies are given; not those that they had, which the service judges: there are no others."""
    return {
        (key, entry["key_region"])
        for entry in plan.entries
        if "lost_in_runs" in entry and (key := entry["wanted_kms_key_id"]) is not None and key != entry["kms_key_id"]
    }


_NAMED_EXCEPTIONS = 5

RESOLVED_OPTIONS = ("compartment_ids", "kms_key_ids", "replica_kms_key_ids", "from_kms_key_ids")
"""The options that take names."""

_RECORDED_OPTIONS = (
    "state",
    "kms_key_ids",
    "replica_kms_key_ids",
    "recreate_replicas",
    "resource_types",
    "from_kms_key_ids",
    "only_oracle_managed",
    "new_volumes",
    "exclude_ids",
    "freeform_tags",
    "defined_tags",
    "created_before",
    "include_replicated",
    "include_locked",
    "skip_terraform",
    "batch_size",
    "canary",
)


def _recorded_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the plan was made with, for its file."""
    return {name: options[name] for name in _RECORDED_OPTIONS}


def _options() -> dict[str, dict[str, Any]]:
    return {
        "discovery_file": {"type": "path"},
        **DISCOVERY_OPTIONS,
        **PLAN_OPTIONS,
        **INCLUDE_OPTIONS,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "kms_key_ids": {"type": "dict", "no_log": False},
        "replica_kms_key_ids": {"type": "dict", "no_log": False},
        "resource_types": {"type": "list", "elements": "str", "choices": list(RESOURCE_TYPES.choosable.names)},
        "from_kms_key_ids": {"type": "list", "elements": "str", "no_log": False},
        "only_oracle_managed": {"type": "bool", "default": False},
        "new_volumes": {"type": "bool", "default": False},
        **SELECTION_OPTIONS,
        "terraform_state": {"type": "list", "elements": "path"},
        "skip_terraform": {"type": "bool", "default": False},
        **APPROVAL_OPTIONS,
        **EXCEPTION_OPTIONS,
    }


ASSIGNMENT_PLAN = PlanModule("key_assignment_plan", _options, plan_assignment, role="rekey")
