# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes, backups and groups that are made and deleted over the API, as make parity-oci does (1.2 to 1.4).

What is not modelled in their bodies (`sourceDetails` of a volume, replicas, performance) is refused.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from simulator.api import Call, declare
from simulator.fleet import Entry
from simulator.key_checks import check_assignable
from simulator.kinds.assignments import Assigned, unassign
from simulator.kinds.backup_base import RETENTION, Step
from simulator.kinds.backups import BootVolumeBackup, VolumeBackup
from simulator.kinds.compartments import accessible
from simulator.kinds.groups import VolumeGroup
from simulator.kinds.volumes import BlockVolume, BootVolume
from simulator.wire import ApiError, Json, Reply, invalid, missing, not_found

from .backups import retention_of
from .rows import here
from .volumes import check_lock, check_state, find

_TITLES = frozenset({"displayName", "definedTags", "freeformTags"})
_VOLUME = _TITLES | {"availabilityDomain", "compartmentId", "kmsKeyId", "sizeInGBs", "vpusPerGB"}
_BACKUP = _TITLES | {"kmsKeyId", "type", *RETENTION}
_GROUP = _TITLES | {"availabilityDomain", "compartmentId", "sourceDetails"}
_SMALLEST_GB = 50


def _place(call: Call, body: Json) -> Json:
    """Where it is made, as the fleet file says it."""
    for name in ("compartmentId", "availabilityDomain"):
        if body.get(name) is None:
            raise missing(name)
    if not accessible(call.cloud, str(body["compartmentId"])):
        raise not_found()
    domain = body["availabilityDomain"]
    if domain not in call.site.domains:
        raise invalid(f"{domain} is not an availability domain of {call.region}.")
    return {
        "region": call.region,
        "compartment": body["compartmentId"],
        "availability_domain": call.site.domains.index(domain) + 1,
    }


def _titles(body: Json) -> Json:
    return {
        "display_name": body.get("displayName"),
        "freeform_tags": body.get("freeformTags") or {},
        "defined_tags": body.get("definedTags") or {},
    }


def _key(call: Call, wanted: Any) -> str | None:
    return None if wanted is None else check_assignable(call, wanted).id


def _create_volume(call: Call) -> Reply:
    body, cloud = call.document(_VOLUME), call.cloud
    size = body.get("sizeInGBs", 1024)
    if isinstance(size, bool) or not isinstance(size, int) or size < _SMALLEST_GB:
        raise invalid(f"sizeInGBs must be {_SMALLEST_GB} or more.")
    given = {"size_gb": size, "key": _key(call, body.get("kmsKeyId")), **_place(call, body), **_titles(body)}
    entry = Entry("volume", given | {"vpus_per_gb": body.get("vpusPerGB", 10)})
    volume = BlockVolume(cloud, entry, cloud.fresh_name("volume", str(body.get("displayName", "volume"))))
    volume.created = call.now
    volume.begin(cloud, call.now)
    cloud.create(volume)
    return Reply(200, volume.render(cloud), {"etag": volume.etag})


def _delete_volume(call: Call) -> Reply:
    volume, cloud = find(BlockVolume, call), call.cloud
    call.check_match(volume.etag)
    check_lock(volume)
    if volume.state != "FAULTY":
        check_state(volume)
    if volume.group_id is not None:
        raise ApiError(409, "Conflict", f"Volume {volume.id} is in volume group {volume.group_id}.")
    assigned = cloud.shelf(Assigned).get(volume.id)
    if assigned is not None:
        unassign(cloud, assigned)
    volume.terminate(cloud, call.now)
    return Reply(204)


def _create_backup(cls: type[VolumeBackup | BootVolumeBackup], call: Call) -> Reply:
    body, cloud = call.document(_BACKUP | {cls.of_field}), call.cloud
    if body.get(cls.of_field) is None:
        raise missing(cls.of_field)
    volume = here(BootVolume if cls is BootVolumeBackup else BlockVolume, call, str(body[cls.of_field]))
    check_state(volume)
    # New backups inherit the volume's key (2).
    key = _key(call, body["kmsKeyId"]) if body.get("kmsKeyId") is not None else volume.key
    given = {"of": volume.id, "key": key, "type": body.get("type") or "INCREMENTAL", **_titles(body)}
    name = cloud.fresh_name(cls.kind, str(body.get("displayName", "backup")))
    backup = cls(cloud, Entry("backup", given), name)
    backup.created = call.now
    backup.keep(retention_of(backup, call, body))
    backup.state = "CREATING"
    backup.step = Step(call.now, call.now + cloud.switches["settle"], "AVAILABLE")
    cloud.create(backup)
    shown = {"etag": backup.etag} if call.switch("backup_etag") == "shown" else {}
    return Reply(200, backup.render(cloud), shown)


def _create_group(call: Call) -> Reply:
    body, cloud = call.document(_GROUP), call.cloud
    place = _place(call, body)
    source = body.get("sourceDetails")
    if not isinstance(source, dict) or source.get("type") != "volumeIds" or not source.get("volumeIds"):
        raise invalid("sourceDetails must be volumeIds.")
    for ident in source["volumeIds"]:
        member = here(BlockVolume, call, str(ident))
        check_state(member)
        if member.group_id is not None:
            raise ApiError(409, "Conflict", f"Volume {member.id} is in a volume group already.")
    entry = Entry("group", {"volumes": source["volumeIds"], **place, **_titles(body)})
    group = VolumeGroup(cloud, entry, cloud.fresh_name("volume_group", str(body.get("displayName", "group"))))
    group.created = call.now
    cloud.create(group)
    return Reply(200, group.render(cloud), {"etag": group.etag})


def _delete_group(call: Call) -> Reply:
    group, cloud = here(VolumeGroup, call, call.ident), call.cloud
    call.check_match(group.etag)
    if group.state in ("TERMINATING", "TERMINATED"):
        raise ApiError(409, "IncorrectState", f"Resource {group.id} is in an invalid state {group.state.capitalize()}")
    assigned = cloud.shelf(Assigned).get(group.id)
    if assigned is not None:
        unassign(cloud, assigned)
    group.dissolve(cloud)
    return Reply(204)


declare("CreateVolume", "iaas POST /20160918/volumes", _create_volume)
declare("DeleteVolume", "iaas DELETE /20160918/volumes/*", _delete_volume)
for _cls in (VolumeBackup, BootVolumeBackup):
    declare(f"Create{_cls.title}", f"iaas POST /20160918/{_cls.collection}", partial(_create_backup, _cls))
declare("CreateVolumeGroup", "iaas POST /20160918/volumeGroups", _create_group)
declare("DeleteVolumeGroup", "iaas DELETE /20160918/volumeGroups/*", _delete_group)
