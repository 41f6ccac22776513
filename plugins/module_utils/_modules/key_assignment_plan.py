# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The plan of key_assignment_plan: from what was found, or is found now, to the keys that are wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._common.errors import InputError
from .._common.files import write_private
from .._common.values import is_blank
from .._documents.discovery_file import (
    DiscoveryFile,
    read_discovery,
)
from .._model.ocid import expect_realm, expect_type, parse
from .._model.resource_types import RESOURCE_TYPES
from .._planning.key_checks import (
    KeyChecks,
    blocked_by_current_key,
    check_keys,
    expect_usable,
)
from .._planning.plan import (
    Plan,
    PlanFilter,
    approve,
    key_region,
    make_plan,
)
from .._planning.plan_file import (
    PlanFile,
    read_plan,
    unpack_plan,
)
from .key_assignment_info import (
    look,
    not_all_seen,
)
from .key_plan import PlanContext, PlanResult
from .options import writable_file


def plan_assignment(context: PlanContext) -> PlanResult:
    """Plan for what was found, or is found now."""
    options = context.options
    found = _found_now(context) if options["found_file"] is not None else _found_earlier(context)
    scope = _scope(context, found)
    plan = make_plan(found.resources, scope)
    key_checks = KeyChecks()
    if options["validate_key"]:
        key_checks = check_keys(context.connection, context.validator, _uses(scope, found), plan.entries)
        expect_usable(key_checks, multi_version_key_fails=context.multi_version_key_fails)
        plan.block(blocked_by_current_key(key_checks, plan.entries))
    approved = _approved(context)
    if approved is not None:
        approve(plan, approved.entries)
    again = dict.fromkeys(context.previous.failed, "it failed earlier in this run, and is not tried again")
    plan.block(again)
    _expect_digest(options["plan_digest"], plan, approved, is_first=not context.previous.last)
    facts = {
        "options": _recorded_options(options),
        "complete": found.complete,
        "approved_digest": approved and approved.digest,
    }
    return PlanResult(plan, key_checks, found.tenancy, facts)


def _found_now(context: PlanContext) -> DiscoveryFile:
    """What a look finds, which is on disk before it is planned for, and told of even if that fails."""
    options = context.options
    path = writable_file("found_file", options["found_file"])
    if path is None:
        raise InputError("'found_file' is empty. Name the file to which what is found is written")
    asked = {name: options[name] for name in ("compartment_ids", "recursive", "regions", "resource_types")}
    seen = look(context.connection, {**asked, "kms_key_ids": None, "encryption": "any"}, context.clock)
    try:
        write_private(path, seen)
    except OSError as error:
        raise InputError(
            f"'found_file' {str(path)!r} can't be written: {error.strerror or error}. Nothing is planned without it. "
            "Give a file that can be written"
        ) from error
    context.told["found"] = {"file": str(path), "complete": seen["complete"], "msg": seen["msg"]}
    if not seen["complete"]:
        context.module.warn(not_all_seen("'found_file'"))
    return read_discovery(path)


def _found_earlier(context: PlanContext) -> DiscoveryFile:
    options = context.options
    if options["discovery_file"] is None:
        raise InputError("Neither 'discovery_file' nor 'found_file' is set. Give a file to read, or one to write")
    given = [name for name in ("compartment_ids", "regions") if options[name] is not None]
    if given:
        raise InputError(
            f"'{given[0]}' is set together with 'discovery_file', which tells what was found, and where. Leave it out, "
            "or give 'found_file' instead to look now"
        )
    path = Path(os.path.expanduser(options["discovery_file"]))
    found = read_discovery(path)
    context.expect_tenancy(found.tenancy, f"'discovery_file' {str(path)!r}")
    return found


def _scope(context: PlanContext, found: DiscoveryFile) -> PlanFilter:
    options = context.options
    keys: dict[str, str] | None = None
    if options["state"] == "present":
        keys = _keys(context)
        missing = [region for region in found.regions if region not in keys]
        if missing:
            raise InputError(
                f"'kms_key_ids' has no key for {', '.join(missing)}, which is in scope. Give these regions a key, or "
                "leave them out of the scope"
            )
    elif options["kms_key_ids"]:
        raise InputError("'kms_key_ids' is set together with 'state: absent', which takes keys away")
    for name in ("from_kms_key_ids", "resource_types", "freeform_tags", "defined_tags"):
        if options[name] is not None and not options[name]:
            raise InputError(f"'{name}' is set, but empty, so nothing could be meant. Leave it out")
    return PlanFilter(
        keys=keys,
        resource_types=options["resource_types"] or RESOURCE_TYPES.changeable.names,
        from_kms_key_ids=options["from_kms_key_ids"],
        only_oracle_managed=options["only_oracle_managed"],
        exclude_ids=options["exclude_ids"] or (),
        freeform_tags=options["freeform_tags"],
        defined_tags=options["defined_tags"],
        created_before=None if is_blank(options["created_before"]) else options["created_before"],
        include_replicated=options["include_replicated"],
        include_locked=options["include_locked"],
    )


def _keys(context: PlanContext) -> dict[str, str]:
    regions, tenancy = context.connection.regions, context.connection.tenancy
    keys: dict[str, str] = {}
    for name, value in (context.options["kms_key_ids"] or {}).items():
        key = parse(value)
        expect_type(key, "key")
        if tenancy:
            expect_realm(key, parse(tenancy).realm, "the tenancy")
        region = regions.expect(str(name), "'kms_key_ids' names")
        if keys.setdefault(region, key.value) != key.value:
            raise InputError(f"'kms_key_ids' gives {region} two different keys")
    if not keys:
        raise InputError("'kms_key_ids' is empty. Give each region its key, or use 'state: absent'")
    return keys


def _uses(scope: PlanFilter, found: DiscoveryFile) -> set[tuple[str, str]]:
    """Each wanted key in the regions where it is used; what is given for other regions is not looked at."""
    if scope.keys is None:
        return set()
    places = {*found.regions, *(key_region(row) for row in found.resources if row["type"] in scope.resource_types)}
    return {(scope.keys[place], place) for place in places if place in scope.keys}


def _approved(context: PlanContext) -> PlanFile | None:
    """The plan that was approved, from its file or as a value, if there is one."""
    options = context.options
    if not is_blank(options["approved_file"]):
        approved = read_plan(Path(os.path.expanduser(options["approved_file"])))
    elif not is_blank(options["approved_plan"]):
        approved = unpack_plan(options["approved_plan"], "approved_plan")
    else:
        return None
    context.expect_tenancy(approved.tenancy, "The approved plan")
    return approved


def _expect_digest(given: str | None, plan: Plan, approved: PlanFile | None, *, is_first: bool) -> None:
    if is_blank(given) or given is None:
        return
    found = approved.digest if approved is not None else plan.digest
    if found != given.strip().lower() and (is_first or approved is not None):
        which = "the approved plan" if approved is not None else "the plan that is made now"
        raise InputError(
            f"'plan_digest' is {given}, but the digest of {which} is {found}. Nothing was changed: this is not "
            "what was approved. Make a dry run again, and have that approved"
        )


_RECORDED_OPTIONS = (
    "state",
    "kms_key_ids",
    "resource_types",
    "from_kms_key_ids",
    "only_oracle_managed",
    "exclude_ids",
    "freeform_tags",
    "defined_tags",
    "created_before",
    "include_replicated",
    "include_locked",
    "batch_size",
    "canary",
)


def _recorded_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that the plan follows from, for its file."""
    return {name: options[name] for name in _RECORDED_OPTIONS}
