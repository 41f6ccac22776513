# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get and list volume groups; a change of key goes to their members (oci_semantics.md section 1.4)."""

from __future__ import annotations

from simulator.api import Call, declare
from simulator.kinds.groups import STATES, VolumeGroup
from simulator.wire import ApiError, Reply, invalid

from .replication import Source, wanted_replicas
from .rows import checked_domain, here, listed


def _get(call: Call) -> Reply:
    group = here(VolumeGroup, call, call.ident)
    return Reply(200, group.render(call.cloud), {"etag": group.etag})


def _list(call: Call) -> Reply:
    checked_domain(call)
    return listed(VolumeGroup, call, STATES, {"availabilityDomain": "domain"})


_REPLICAS = "volumeGroupReplicas"


def _update(call: Call) -> Reply:
    """Titles and replicas; another list of members is not modelled."""
    body = {
        name: value
        for name, value in call.document(frozenset({"definedTags", "freeformTags", "displayName", _REPLICAS})).items()
        if value is not None
    }
    preserves = call.query.get("preserveVolumeReplica", "true")
    if preserves not in ("true", "false"):
        raise invalid("preserveVolumeReplica must be true or false.")
    group = here(VolumeGroup, call, call.ident)
    call.check_match(group.etag)
    if group.state != "AVAILABLE":
        raise ApiError(409, "IncorrectState", f"Resource {group.id} is in an invalid state {group.state.capitalize()}")
    wanted = body.pop(_REPLICAS, None)
    if wanted is not None:
        source = Source(group.id, group.name, _REPLICAS, "volumegroupreplica", group.replicas, group.serial)
        replicas = wanted_replicas(source, call, wanted)
        group.before = group.document(call.cloud)
        group.replicate(call.cloud, replicas, preserves=preserves == "true")
    group.details = group.details | body
    group.serial += 1
    return Reply(200, group.render(call.cloud), {"etag": group.etag})


declare("UpdateVolumeGroup", "iaas PUT /20160918/volumeGroups/*", _update, "preserveVolumeReplica")
declare("GetVolumeGroup", "iaas GET /20160918/volumeGroups/*", _get)
declare(
    "ListVolumeGroups",
    "iaas GET /20160918/volumeGroups",
    _list,
    "availabilityDomain, compartmentId*, limit, page, displayName, sortBy, sortOrder, lifecycleState",
)
