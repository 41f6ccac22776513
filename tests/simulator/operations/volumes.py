# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get, list and update volumes and boot volumes (oci_semantics.md section 1.2, Appendix A)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from simulator.api import Call, declare, scope
from simulator.kinds.compartments import inspectable
from simulator.kinds.volumes import STATES, VOLUMES, BlockVolume, BootVolume, Volume
from simulator.wire import ApiError, Reply, cut, invalid, missing, not_found

from .replication import Source, wanted_replicas
from .rows import LARGEST_PAGE, checked_domain, ordered, wanted_state


def find(cls: type[Volume], call: Call) -> Volume:
    """The volume of the path, up to date; one of another region, or a hidden one, doesn't exist for the caller."""
    volume = call.cloud.resources.get(call.ident)
    if not isinstance(volume, cls) or volume.region != call.region or not inspectable(call.cloud, volume):
        raise not_found()
    volume.settle(call.cloud, call.now)
    return volume


def check_lock(volume: Volume) -> None:
    if volume.locked:
        raise ApiError(409, "ResourceLocked", f"Resource {volume.id} is locked.")


def check_state(volume: Volume) -> None:
    if volume.state != "AVAILABLE" or volume.change is not None:
        state = "Provisioning" if volume.change is not None else volume.state.capitalize()
        raise ApiError(409, "IncorrectState", f"Resource {volume.id} is in an invalid state {state}")


def _get(cls: type[Volume], call: Call) -> Reply:
    volume = find(cls, call)
    if call.switch("etag_stable") == "off":
        volume.serial += 1
    return Reply(200, volume.render(call.cloud), {"etag": volume.etag})


def _list(cls: type[Volume], call: Call) -> Reply:
    rows = _rows(cls, call)
    page, following = cut(rows, scope(call), call.query, LARGEST_PAGE, LARGEST_PAGE)
    for volume in page:
        volume.settle(call.cloud, call.now)
    if call.stale:
        shown = [volume.before or volume.render(call.cloud) for volume in page]
    else:
        shown = [volume.render(call.cloud) for volume in page]
    return Reply(200, b"[" + b",".join(shown) + b"]", {"opc-next-page": following} if following else {})


def _rows(cls: type[Volume], call: Call) -> Sequence[Volume]:
    """All rows that the filters leave, in order."""
    cloud, query = call.cloud, call.query
    compartment = call.compartment()
    if compartment is None and call.switch("list_without_compartment") == "refused":
        raise missing("compartmentId")
    domain = checked_domain(call)
    if domain is None and cls is BootVolume and call.switch("boot_list_without_domain") == "refused":
        raise missing("availabilityDomain")
    rows: Sequence[Volume]
    if compartment is not None:
        rows = [one for one in cloud.listing(cls, call.region, compartment) if one.may_inspect]
    else:
        rows = [one for one in cloud.all(cls) if one.region == call.region and inspectable(cloud, one)]
        rows.sort(key=lambda one: (-one.created, one.id))
    if domain is not None:
        rows = [one for one in rows if one.domain == domain]
    if "volumeGroupId" in query:
        rows = [one for one in rows if one.group_id == query["volumeGroupId"]]
    if "displayName" in query:
        rows = [one for one in rows if one.details["displayName"] == query["displayName"]]
    if "clusterPlacementGroupId" in query:
        rows = []
    if "lifecycleState" in query:
        state = wanted_state(call, STATES)
        for volume in rows:
            volume.settle(cloud, call.now)
        rows = [one for one in rows if one.state == state]
    return ordered(call, rows, lambda volume: str(volume.details["displayName"]))


_COMMON = frozenset(
    {"definedTags", "freeformTags", "displayName", "vpusPerGB", "sizeInGBs", "isAutoTuneEnabled", "autotunePolicies"}
)


def _update(cls: type[Volume], call: Call) -> Reply:
    extra = {cls.replica_list} | ({"isReservationsEnabled"} if cls is BlockVolume else set())
    body = {name: value for name, value in call.document(_COMMON | extra).items() if value is not None}
    volume = find(cls, call)
    call.check_match(volume.etag)
    check_lock(volume)
    check_state(volume)
    size = body.pop("sizeInGBs", volume.size_gb)
    if isinstance(size, bool) or not isinstance(size, int) or size < volume.size_gb:
        raise invalid("sizeInGBs can't be made smaller.")
    replicas = volume.replicas
    if cls.replica_list in body:
        if any(one.of_group for one in volume.replicas):
            raise invalid(f"{cls.replica_list} of a volume in a replicated volume group can't be changed.")
        source = Source(volume.id, volume.name, cls.replica_list, cls.replica_type, volume.replicas, volume.serial)
        replicas = wanted_replicas(source, call, body.pop(cls.replica_list))
    volume.remember(call.cloud)
    volume.size_gb = size
    volume.replicas = replicas
    volume.details = volume.details | body
    volume.touched()
    return Reply(200, volume.render(call.cloud), {"etag": volume.etag})


for _cls in VOLUMES:
    _path = f"/20160918/{_cls.collection}"
    declare(f"Get{_cls.title}", f"iaas GET {_path}/*", partial(_get, _cls))
    declare(f"List{_cls.title}s", f"iaas GET {_path}", partial(_list, _cls), _cls.filters)
    declare(f"Update{_cls.title}", f"iaas PUT {_path}/*", partial(_update, _cls))
