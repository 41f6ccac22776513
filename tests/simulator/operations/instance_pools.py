# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instance configurations and instance pools, on the host of Block Volume (oci_semantics.md section 1.11)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from simulator.api import Call, declare, many, one, scope
from simulator.fleet import Entry
from simulator.key_checks import check_assignable
from simulator.kinds.instance_pools import POOL_STATES, InstanceConfiguration, InstancePool, keys_in
from simulator.wire import ApiError, Json, Reply, cut, invalid, missing, not_found

from .rows import LARGEST_PAGE, here, ordered, wanted_state

_TOKEN_LASTS = 24 * 3600.0
_TITLES = frozenset({"definedTags", "freeformTags", "displayName"})
_NEW = _TITLES | {"compartmentId", "source", "instanceDetails", "instanceId"}
_POOL = _TITLES | {
    "instanceConfigurationId",
    "placementConfigurations",
    "size",
    "instanceDisplayNameFormatter",
    "instanceHostnameFormatter",
    "lifecycleManagement",
}


@dataclass(slots=True)
class _Kept:
    """What a retry token stands for."""

    asked: bytes
    until: float
    made: InstanceConfiguration


class _Tokens(dict[tuple[str, str], _Kept]):
    """By region and token."""


def _page(call: Call, rows: list[Json]) -> Reply:
    page, following = cut(rows, scope(call), call.query, LARGEST_PAGE, LARGEST_PAGE)
    return many(list(page), following)


def _get_configuration(call: Call) -> Reply:
    found = here(InstanceConfiguration, call, call.ident)
    return one(found.document(call.cloud), found.etag)


def _list_configurations(call: Call) -> Reply:
    rows = call.cloud.listing(InstanceConfiguration, call.region, call.compartment() or "")
    seen = [row for row in rows if row.may_inspect]
    return _page(call, [row.summary() for row in ordered(call, seen, lambda row: str(row.titles["displayName"]))])


def _create_configuration(call: Call) -> Reply:
    body = {name: value for name, value in call.document(_NEW).items() if value is not None}
    token = call.headers.get("opc-retry-token")
    kept = call.cloud.shelf(_Tokens).get((call.region, token)) if token else None
    if kept is not None and kept.until > call.now and kept.made.id in call.cloud.resources:
        if kept.asked != call.body:
            raise ApiError(409, "InvalidatedRetryToken", "The retry token was used for something else.")
        return one(kept.made.document(call.cloud), kept.made.etag)
    if "compartmentId" not in body:
        raise missing("compartmentId")
    call.query["compartmentId"] = body["compartmentId"]
    call.compartment()
    if body.get("source", "NONE") != "NONE" or not isinstance(body.get("instanceDetails"), dict):
        raise invalid("source must be NONE, and instanceDetails be given: nothing else is modelled.")
    if call.switch("configuration_key_checked") == "on":
        for key in keys_in(body["instanceDetails"]):
            check_assignable(call, key)
    title = str(body.get("displayName") or "instanceconfiguration")
    name = call.cloud.fresh_name(InstanceConfiguration.kind, title)
    fields = {
        "region": call.region,
        "compartment": body["compartmentId"],
        "display_name": title,
        "details": json.loads(json.dumps(body["instanceDetails"])),
        "freeform_tags": body.get("freeformTags"),
        "defined_tags": body.get("definedTags"),
    }
    made = InstanceConfiguration(call.cloud, Entry(name, fields), name)
    made.created = call.now
    call.cloud.create(made)
    if token:
        call.cloud.shelf(_Tokens)[call.region, token] = _Kept(call.body, call.now + _TOKEN_LASTS, made)
    return one(made.document(call.cloud), made.etag)


def _get_pool(call: Call) -> Reply:
    found = here(InstancePool, call, call.ident)
    return one(found.document(call.cloud), found.etag)


def _list_pools(call: Call) -> Reply:
    rows = call.cloud.listing(InstancePool, call.region, call.compartment() or "")
    seen = [row for row in rows if row.may_inspect]
    if "displayName" in call.query:
        seen = [row for row in seen if row.titles["displayName"] == call.query["displayName"]]
    if "lifecycleState" in call.query:
        state = wanted_state(call, POOL_STATES)
        seen = [row for row in seen if row.state == state]
    shown = ordered(call, seen, lambda row: str(row.titles["displayName"]))
    return _page(call, [row.summary(call.cloud) for row in shown])


def _update_pool(call: Call) -> Reply:
    body = {name: value for name, value in call.document(_POOL).items() if value is not None}
    pool = here(InstancePool, call, call.ident)
    call.check_match(pool.etag)
    if pool.state in ("TERMINATING", "TERMINATED") or (
        pool.state not in ("RUNNING", "STOPPED") and call.switch("busy_pool_update") == "conflict"
    ):
        raise ApiError(409, "IncorrectState", f"Resource {pool.id} is in an invalid state {pool.state.capitalize()}")
    configuration = body.pop("instanceConfigurationId", None)
    if configuration is not None:
        found = call.cloud.resources.get(configuration)
        if not isinstance(found, InstanceConfiguration) or found.region != call.region:
            raise not_found()
        pool.configuration_id = configuration
    pool.titles = pool.titles | {name: body[name] for name in _TITLES & body.keys()}
    pool.serial += 1
    return one(pool.document(call.cloud), pool.etag)


declare(
    "ListInstanceConfigurations",
    "iaas GET /20160918/instanceConfigurations",
    _list_configurations,
    "compartmentId*, limit, page, sortBy, sortOrder",
)
declare("GetInstanceConfiguration", "iaas GET /20160918/instanceConfigurations/*", _get_configuration)
declare("CreateInstanceConfiguration", "iaas POST /20160918/instanceConfigurations", _create_configuration)
declare(
    "ListInstancePools",
    "iaas GET /20160918/instancePools",
    _list_pools,
    "compartmentId*, displayName, limit, page, sortBy, sortOrder, lifecycleState",
)
declare("GetInstancePool", "iaas GET /20160918/instancePools/*", _get_pool)
declare("UpdateInstancePool", "iaas PUT /20160918/instancePools/*", _update_pool)
