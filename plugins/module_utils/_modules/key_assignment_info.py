# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the options of key_assignment_info to a discovery, and back to a result. Nothing is ever changed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, Protocol

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._common.clock import Clock
from .._common.errors import InputError
from .._common.progress import NO_PROGRESS, ProgressLog
from .._common.quantities import duration
from .._common.values import is_blank
from .._common.version import VERSION
from .._discovery.discover import (
    CONCURRENCY,
    Discovery,
    DiscoveryQuery,
    discover,
)
from .._discovery.results import (
    message,
    resource_entry,
    summary,
    unreadable_entry,
)
from .._discovery.tenancy import Compartment
from .._documents.own_files import write_result
from .._model.new_volumes import NewVolumes
from .._model.ocid import expect_realm, expect_type, parse
from .._model.regions import RegionTable
from .._model.resource_types import RESOURCE_TYPES
from .._model.rows import ResourceRow, ScannedAttachmentsRow, UnreadableRow
from .checked_files import check_files
from .connection import connect_to_read
from .errors import fail_module_on_error
from .names import Names
from .options import listed, writable_file
from .output import invocation, warn_of
from .plan_filters import defined_tags, freeform_tags
from .progress import live_progress
from .run_folder import create_run_folder
from .runtime import Runtime
from .scope_options import compartments_asked, regions_asked

# A region that can't be reached costs these attempts, some 30 s where connections are refused.
_ATTEMPTS = 6

# A short result lists at most this many places of each sort; ``discovery_file`` has all.
_PLACES_IN_SUMMARY = 20


class Attach(Protocol):
    """Sets what the volumes of a discovery are attached to, in their rows."""

    def __call__(
        self,
        connection: Connection,
        found: Discovery,
        rows: Sequence[ResourceRow],
        log: ProgressLog,
        *,
        whole_tenancy: bool,
    ) -> ScannedAttachmentsRow: ...


Look = Callable[[Connection, Discovery, ProgressLog], NewVolumes]
"""Finds what new volumes are born with."""


def run_key_assignment_info(
    module: AnsibleModule, runtime: Runtime | None = None, attach: Attach | None = None, look: Look | None = None
) -> NoReturn:
    """Scan everything in scope and end the module. A place that can't be read is not a failure."""
    runtime = runtime or Runtime.default()
    with fail_module_on_error(module):
        if module.params["create_folder"] and not is_blank(module.params["discovery_file"]):
            create_run_folder("discovery_file", module.params["discovery_file"], "encryption_report_dir")
        discovery_file = writable_file("discovery_file", module.params["discovery_file"])
        check_files(module.params, {"discovery_file": discovery_file})
        connection = connect_to_read(module, runtime, concurrency=CONCURRENCY, attempts=_ATTEMPTS)
        with live_progress(module, runtime.clock) as log:
            result = discover_result(connection, module.params, runtime.clock, log, attach=attach, look=look)
    _end(module, result, discovery_file)


def discover_result(
    connection: Connection,
    options: Mapping[str, Any],
    clock: Clock,
    log: ProgressLog = NO_PROGRESS,
    names: Names | None = None,
    attach: Attach | None = None,
    look: Look | None = None,
) -> dict[str, Any]:
    """The result of key_assignment_info with these options. Raises InputError for invalid options."""
    started = clock.timestamp()
    named = names or Names(connection, clock)
    with log.during(lambda seconds: f"looking up names, for {duration(seconds)}"):
        options = named.keys(named.compartments(options), lambda: _regions_of(options, connection, named))
    query = discovery_query(
        options, regions=connection.regions, own_region=connection.region, tenancy=connection.tenancy
    )
    found = discover(connection, query, log, named.listed_tenancy)
    entries = [resource_entry(resource, found.compartments) for resource in found.resources]
    unreadable = [unreadable_entry(place) for place in found.unreadable]
    scanned = _scanned(found, query)
    if attach is not None and options.get("attachments"):
        scanned["attachments"] = attach(connection, found, entries, log, whole_tenancy=scanned["whole_tenancy"])
    new_volumes = look(connection, found, log) if look is not None and options.get("new_volumes") else None
    return {
        "changed": False,
        "resources": entries,
        "summary": summary(entries, len(unreadable)),
        "unreadable": unreadable,
        "complete": found.complete,
        "scanned": {**scanned, "time_started": started, "time_finished": clock.timestamp()},
        "caller": _caller(connection),
        "new_volumes": new_volumes,
        "msg": message(entries, found),
    }


def _regions_of(options: Mapping[str, Any], connection: Connection, named: Names) -> list[str]:
    """The regions in scope, to look for keys by their names."""
    asked = regions_asked(options, connection.regions, connection.region, connection.tenancy)
    return named.subscribed_regions() if asked is None else asked


def discovery_query(
    options: Mapping[str, Any], *, regions: RegionTable, own_region: str | None, tenancy: str | None
) -> DiscoveryQuery:
    """The options, validated. Raises InputError for invalid values, including a list that is set but empty."""
    types = _types(options)
    keys = _keys(options, tenancy)
    encryption = options["encryption"]
    if keys is not None and encryption == "oracle":
        raise InputError("'kms_key_ids' and 'encryption: oracle' can't be combined: no resource can match both.")
    return DiscoveryQuery(
        compartment_ids=compartments_asked(options, tenancy),
        recursive=options["recursive"],
        regions=regions_asked(options, regions, own_region, tenancy),
        types=types,
        kms_key_ids=keys,
        encryption=encryption,
        read_each=bool(options.get("read_each")),
        **_tags(options),
    )


def _tags(options: Mapping[str, Any]) -> dict[str, Any]:
    """The filters by tags. Raises InputError for one that is set but empty."""
    given = {name: options[name] for name in ("freeform_tags", "defined_tags") if options.get(name) is not None}
    for name, tags in given.items():
        if not tags or any(value in ({}, None) for value in tags.values()):
            raise InputError(f"'{name}' is empty. Name tags with their values, or leave '{name}' out for any tags.")
    readers = {"freeform_tags": freeform_tags, "defined_tags": defined_tags}
    return {name: readers[name](options) for name in given}


def _types(options: Mapping[str, Any]) -> list[str]:
    known = RESOURCE_TYPES.with_key.names
    given = listed(options, "resource_types", f"Choose from: {', '.join(known)}.")
    if given is None:
        return list(RESOURCE_TYPES.discovered_by_default.names)
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            guess = f" (did you mean {close[0]!r}?)" if close else ""
            raise InputError(
                f"{name[:60]!r} in 'resource_types' is not a resource type{guess}. Choose from: {', '.join(known)}."
            )
    return given


def _keys(options: Mapping[str, Any], tenancy: str | None) -> frozenset[str] | None:
    given = listed(options, "kms_key_ids", "Name keys, or unset 'kms_key_ids' to list resources on any key.")
    if given is None:
        return None
    keys = [parse(value) for value in given]
    for key in keys:
        expect_type(key, "key")
        if tenancy:
            expect_realm(key, parse(tenancy).realm, "the tenancy")
    return frozenset(key.value for key in keys)


def _scanned(found: Discovery, query: DiscoveryQuery) -> dict[str, Any]:
    scope = found.scope
    return {
        "tenancy": found.tenancy,
        "regions": found.regions,
        "skipped_regions": [{"name": name, "reason": f"it is {status}"} for name, status in found.skipped_regions],
        "compartments": [
            {"id": one.id, "name": one.name, "path": _path(one), "lifecycle_state": one.lifecycle_state}
            for one in scope.compartments
        ],
        "skipped_compartments": [
            {"id": one.id, "name": one.name, "path": _path(one), "reason": f"it is {one.lifecycle_state}"}
            for one in scope.skipped
        ],
        "compartment_parents": scope.parents,
        "attachments": None,
        "compartment_count": len(scope.compartments),
        "skipped_compartment_count": len(scope.skipped),
        "resource_types": list(query.types),
        "all_regions": query.regions is None,
        "whole_tenancy": query.recursive and (not query.compartment_ids or found.tenancy in query.compartment_ids),
        "filters": {
            "kms_key_ids": None if query.kms_key_ids is None else sorted(query.kms_key_ids),
            "encryption": query.encryption,
            "freeform_tags": query.freeform_tags,
            "defined_tags": query.defined_tags,
            "only_named": False,
        },
    }


def _path(compartment: Compartment) -> str | None:
    """The names from the root down, as far up as they are known; that of the root itself."""
    return "/".join(compartment.path) or compartment.name


def _caller(connection: Connection) -> dict[str, Any]:
    return {
        "tenancy": connection.tenancy,
        "principal": connection.describe_principal(),
        "auth_type": connection.auth_type,
        "collection_version": VERSION,
        "sdk_version": connection.sdk_version,
    }


def shortened(result: Mapping[str, Any], which: str) -> dict[str, Any]:
    """The task's result by the option ``result``. Nothing ever changes, so ``changed`` lists nothing."""
    if which == "all":
        return dict(result)
    scanned: dict[str, Any] = {
        name: value[:_PLACES_IN_SUMMARY] if isinstance(value, list) else value
        for name, value in result["scanned"].items()
    }
    scanned["compartment_parents"] = {}
    attachments = scanned.get("attachments")
    if attachments is not None:
        scanned["attachments"] = {**attachments, "unreadable": attachments["unreadable"][:_PLACES_IN_SUMMARY]}
    new_volumes = result.get("new_volumes")
    if new_volumes is not None:
        new_volumes = {
            **new_volumes,
            "unreadable": new_volumes["unreadable"][:_PLACES_IN_SUMMARY],
            "sources": [],
        }
        result = {**result, "new_volumes": new_volumes}
    return {**result, "resources": [], "unreadable": result["unreadable"][:_PLACES_IN_SUMMARY], "scanned": scanned}


def _attachments_warning(unreadable: Sequence[UnreadableRow]) -> str:
    first = unreadable[0]
    count = len(unreadable)
    lists = "A list" if count == 1 else f"{count:,} lists"
    hint = f" {first['hint']}" if first["hint"] else ""
    return (
        f"{lists} of attachments or instances could not be read, so it is unknown which instances some volumes are "
        f"attached to: {first['message']}{hint}"
    )


def new_volumes_warning(unreadable: Sequence[UnreadableRow]) -> str:
    first = unreadable[0]
    more = f" (and {len(unreadable) - 1:,} more)" if len(unreadable) > 1 else ""
    hint = f" {first['hint']}" if first["hint"] else ""
    return (
        "Some instance configurations, instance pools or node pools could not be read, so it is unknown which keys "
        f"some new volumes will get: {first['message']}{more}{hint}"
    )


def incomplete_warning(where: str) -> str:
    return f"Some places could not be read, so this result is incomplete. See 'unreadable' and 'scanned' in {where}."


def _end(module: AnsibleModule, result: dict[str, Any], discovery_file: Path | None) -> NoReturn:
    if not result["complete"]:
        warn_of(module, incomplete_warning("the result"))
    attachments = result["scanned"]["attachments"]
    if attachments is not None and not attachments["complete"]:
        warn_of(module, _attachments_warning(attachments["unreadable"]))
    new_volumes = result["new_volumes"]
    if new_volumes is not None and not new_volumes["complete"]:
        warn_of(module, new_volumes_warning(new_volumes["unreadable"]))
    if discovery_file is not None:
        try:
            write_result(discovery_file, result)
        except OSError as error:
            warn_of(module, f"'discovery_file' {str(discovery_file)!r} could not be written: {error}")
    module.exit_json(invocation=invocation(module), **shortened(result, module.params["result"]))
