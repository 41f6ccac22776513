# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get and list the replicas of volumes, in the region where they are (oci_semantics.md section 1.6)."""

from __future__ import annotations

from functools import partial

from simulator.api import Call, checked, declare, many, one, scope
from simulator.kinds.compartments import inspectable
from simulator.kinds.volumes import BlockVolume, BootVolume, Replica, Volume
from simulator.wire import Json, Reply, cut, date, etag, missing, not_found

from .rows import LARGEST_PAGE, checked_domain, wanted_state

_STATES = ("AVAILABLE", "PROVISIONING", "ACTIVATING", "TERMINATING", "TERMINATED", "FAULTY")


def _here(cls: type[Volume], call: Call) -> list[tuple[Volume, Replica]]:
    """The replicas in this region, those of the youngest volumes first."""
    volumes = [one for one in call.cloud.all(cls) if one.replicas and inspectable(call.cloud, one)]
    for volume in volumes:
        volume.settle(call.cloud, call.now)
    volumes.sort(key=lambda one: (-one.created, one.id))
    domains = call.site.domains
    return [(volume, replica) for volume in volumes for replica in volume.replicas if replica.domain in domains]


def _document(volume: Volume, replica: Replica) -> Json:
    more = {"imageId": None} if isinstance(volume, BootVolume) else {}
    return more | {
        "availabilityDomain": replica.domain,
        "compartmentId": volume.compartment_id,
        "definedTags": {},
        "freeformTags": {},
        "displayName": replica.name,
        "id": replica.id,
        "lifecycleState": "TERMINATED" if volume.state == "TERMINATED" else "AVAILABLE",
        "sizeInGBs": volume.size_gb,
        "timeCreated": date(volume.created),
        "timeLastSynced": date(volume.created + 3600),
        volume.replica_id.replace("ReplicaId", "Id"): volume.id,
        "totalDataTransferredInGBs": volume.size_gb,
        "volumeGroupReplicaId": replica.of_group,
        "kmsKeyId": replica.key,
    }


def _get(cls: type[Volume], call: Call) -> Reply:
    for volume, replica in _here(cls, call):
        if replica.id == call.ident:
            return one(_document(volume, replica), etag(replica.id, volume.serial))
    raise not_found()


def _list(cls: type[Volume], call: Call) -> Reply:
    query, compartment = call.query, call.compartment()
    if compartment is None and call.switch("list_without_compartment") == "refused":
        raise missing("compartmentId")
    domain = checked_domain(call)
    if domain is None and call.switch("boot_list_without_domain") == "refused":
        raise missing("availabilityDomain")
    rows = [_document(volume, replica) for volume, replica in _here(cls, call)]
    wanted = {
        "compartmentId": compartment,
        "availabilityDomain": domain,
        "displayName": query.get("displayName"),
        "volumeGroupReplicaId": query.get("volumeGroupReplicaId"),
        "lifecycleState": wanted_state(call, _STATES) if "lifecycleState" in query else None,
    }
    for name, value in wanted.items():
        if value is not None:
            rows = [row for row in rows if row[name] == value]
    by = checked(call, "sortBy", ("TIMECREATED", "DISPLAYNAME"), "TIMECREATED")
    order = checked(call, "sortOrder", ("ASC", "DESC"), "DESC" if by == "TIMECREATED" else "ASC")
    if by == "DISPLAYNAME":
        rows.sort(key=lambda row: (row["displayName"], row["id"]), reverse=order == "DESC")
    elif order == "ASC":
        rows.reverse()
    page, following = cut(rows, scope(call), query, LARGEST_PAGE, LARGEST_PAGE)
    return many(list(page), following)


for _cls in (BlockVolume, BootVolume):
    _path, _title = f"/20160918/{_cls.replica_list}", _cls.replica_id.removesuffix("Id")
    _title = _title[0].upper() + _title[1:]
    declare(f"Get{_title}", f"iaas GET {_path}/*", partial(_get, _cls))
    declare(
        f"List{_title}s",
        f"iaas GET {_path}",
        partial(_list, _cls),
        "availabilityDomain, compartmentId, volumeGroupReplicaId, limit, page, displayName, sortBy, sortOrder,"
        " lifecycleState",
    )
