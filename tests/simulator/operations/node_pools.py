# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node pools: Container Engine, at a host of its own (oci_semantics.md section 1.11)."""

from __future__ import annotations

from simulator.api import Call, checked, declare, many, one, scope
from simulator.key_checks import check_assignable
from simulator.kinds.node_pools import NodePool
from simulator.ocids import ocid
from simulator.wire import ApiError, Json, Reply, cut, invalid

from .rows import here

_LARGEST_PAGE = 1000
_BODY = frozenset(
    {
        "name",
        "kubernetesVersion",
        "initialNodeLabels",
        "quantityPerSubnet",
        "subnetIds",
        "nodeConfigDetails",
        "nodeMetadata",
        "nodeSourceDetails",
        "sshPublicKey",
        "nodeShape",
        "nodeShapeConfig",
        "freeformTags",
        "definedTags",
        "nodeEvictionNodePoolSettings",
        "nodePoolCyclingDetails",
    }
)
_CONFIG = frozenset(
    {
        "size",
        "nsgIds",
        "kmsKeyId",
        "isPvEncryptionInTransitEnabled",
        "freeformTags",
        "definedTags",
        "placementConfigs",
        "nodePoolPodNetworkOptionDetails",
    }
)
#: What an update that leaves them out can't take away.
_ALWAYS = ("size", "placementConfigs")


def _get(call: Call) -> Reply:
    found = here(NodePool, call, call.ident)
    return one(found.document(call.cloud), found.etag)


def _list(call: Call) -> Reply:
    rows = call.cloud.listing(NodePool, call.region, call.compartment() or "")
    seen = [row for row in rows if row.may_inspect]
    for row in seen:
        row.settle(call.cloud, call.now)
    if "clusterId" in call.query:
        seen = [row for row in seen if row.cluster_id == call.query["clusterId"]]
    if "name" in call.query:
        seen = [row for row in seen if row.display_name == call.query["name"]]
    by = checked(call, "sortBy", ("ID", "NAME", "TIME_CREATED"), "TIME_CREATED")
    if by != "TIME_CREATED":
        seen.sort(key=lambda row: row.id if by == "ID" else row.display_name)
    if checked(call, "sortOrder", ("ASC", "DESC"), "DESC" if by == "TIME_CREATED" else "ASC") != (
        "DESC" if by == "TIME_CREATED" else "ASC"
    ):
        seen.reverse()
    page, following = cut([row.row(call.cloud) for row in seen], scope(call), call.query, _LARGEST_PAGE, _LARGEST_PAGE)
    return many(list(page), following)


def _update(call: Call) -> Reply:
    """Keys and the rest of nodeConfigDetails; 202 and a work request, which is not modelled."""
    body = {name: value for name, value in call.document(_BODY).items() if value is not None}
    pool = here(NodePool, call, call.ident)
    call.check_match(pool.etag)
    if pool.state not in ("ACTIVE", "NEEDS_ATTENTION"):
        raise ApiError(409, "Conflict", f"The node pool {pool.id} is in state {pool.state}.")
    wanted = body.get("nodeConfigDetails")
    if wanted is not None:
        if pool.config is None or not isinstance(wanted, dict) or not wanted.keys() <= _CONFIG:
            raise invalid("nodeConfigDetails is invalid.")
        cycling = (body.get("nodePoolCyclingDetails") or {}).get("isNodeCyclingEnabled", pool.cycling)
        if "kmsKeyId" in wanted and cycling and call.switch("node_pool_key_with_cycling") == "conflict":
            raise ApiError(
                409,
                "Conflict",
                "Cannot perform nodepool cycling and nodepool Placement Configuration change simultaneously.",
            )
        pool.update(call.cloud, _config(call, pool.config, wanted), call.now)
    pool.display_name = body.get("name", pool.display_name)
    realm, site = call.cloud.tenancy.realm, call.site.region
    work = ocid("clustersworkrequest", realm, site.in_ocid, pool.id, str(pool.serial))
    return Reply(202, b"", {"opc-work-request-id": work})


def _config(call: Call, old: Json, wanted: Json) -> Json:
    wanted = {name: value for name, value in wanted.items() if value is not None}
    key = wanted.get("kmsKeyId")
    if key:
        check_assignable(call, key)
    if key == "" and call.switch("node_pool_key_empty") == "refused":
        raise invalid("kmsKeyId is invalid or incorrectly formatted.")
    if key == "":
        wanted["kmsKeyId"] = None
    if call.switch("node_pool_update_omitted") == "kept":
        return old | wanted
    kept = {name: old[name] if name in _ALWAYS else None for name in old}
    return kept | wanted


declare(
    "ListNodePools",
    "containerengine GET /20180222/nodePools",
    _list,
    "compartmentId*, clusterId, name, limit, page, sortBy, sortOrder",
)
declare("GetNodePool", "containerengine GET /20180222/nodePools/*", _get)
declare("UpdateNodePool", "containerengine PUT /20180222/nodePools/*", _update)
