# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What still uses a key that is to be retired. Pure.

It tells what was searched, what was not, and what was found. Whether a key is needed is for nobody here to say: other
services and tenancies may use it, and what encrypts with it outside of Block Volume is not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._model.resource_types import REPLICA, RESOURCE_TYPES

IN_USE = "in_use"
NO_USE_FOUND = "no_use_found_in_block_volume"
INCOMPLETE = "incomplete"

NOT_SEARCHED = (
    "instance configurations and instance pools, which may name the key for volumes to come",
    "node pools and clusters of Kubernetes Engine (OKE)",
    "Object Storage buckets",
    "File Storage file systems",
    "databases of any kind",
    "secrets in Vault",
    "all other services of OCI that take keys of Vault, and what is encrypted with the key by applications",
    "other tenancies, whatever was shared with them or copied to them",
    "volumes and backups that are TERMINATING or TERMINATED",
)
"""What a report can't see, in words."""


def retirement(
    kms_key_ids: Sequence[str], found: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """For each of these keys every use that was found, and the verdict; None where none is asked for.

    ``found`` is a discovery record, ``changes`` what a run changed before it.
    """
    if not kms_key_ids:
        return None
    scanned = found["scanned"]
    gaps = _gaps(found)
    return {
        "keys": [_key(key, found, [*gaps, *_key_gaps(key, scanned, changes)]) for key in dict.fromkeys(kms_key_ids)],
        "searched": {
            "regions": scanned["regions"],
            "compartments": len(scanned["compartments"]),
            "resource_types": scanned["resource_types"],
            "resources": len(found["resources"]),
            "time_started": scanned["time_started"],
            "time_finished": scanned["time_finished"],
        },
        "not_searched": list(NOT_SEARCHED),
    }


def _key(kms_key_id: str, found: Mapping[str, Any], gaps: list[str]) -> dict[str, Any]:
    uses = list(_uses(kms_key_id, found["resources"]))
    without_use = INCOMPLETE if gaps else NO_USE_FOUND
    verdict = IN_USE if uses else without_use
    return {"kms_key_id": kms_key_id, "verdict": verdict, "gaps": gaps, "uses": uses}


def _uses(kms_key_id: str, resources: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Resources on the key, assignments whose copies get it, and replicas that volumes list with it."""
    listed = set()
    for resource in resources:
        if resource["kms_key_id"] == kms_key_id:
            listed.add(resource["id"])
            yield {
                **{name: resource[name] for name in ("id", "type", "region", "compartment_id", "display_name")},
                "lifecycle_state": resource["lifecycle_state"],
                "of": resource.get("asset_id") or resource.get("source_id"),
            }
    for resource in resources:
        for replica in resource["replicas"]:
            if replica["kms_key_id"] == kms_key_id and replica["id"] not in listed:
                listed.add(replica["id"])
                yield {
                    "id": replica["id"],
                    "type": REPLICA,
                    "region": None,  # it is told by an availability domain only
                    "compartment_id": resource["compartment_id"],
                    "display_name": resource["display_name"],
                    "lifecycle_state": None,
                    "of": resource["id"],
                }


def _gaps(found: Mapping[str, Any]) -> list[str]:
    """Why uses may have been missed, whatever the key."""
    scanned = found["scanned"]
    gaps = []
    unreadable = len(found["unreadable"])
    if unreadable:
        gaps.append(f"{unreadable} {'place' if unreadable == 1 else 'places'} could not be read")
    elif not found["complete"]:
        gaps.append("not all that was asked for could be looked at")
    if scanned["all_regions"] is not True:
        gaps.append("it is not certain that every region was searched that the tenancy is subscribed to")
    if scanned["whole_tenancy"] is not True:
        gaps.append("it is not certain that every active compartment of the tenancy was searched")
    types = [name for name in RESOURCE_TYPES.with_key.names if name not in scanned["resource_types"]]
    if types:
        gaps.append(f"resource types that were not searched: {', '.join(types)}")
    return gaps


def _key_gaps(kms_key_id: str, scanned: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Why uses of this key may have been missed."""
    gaps = []
    filters = scanned["filters"]
    if filters is None:
        gaps.append("it is not known whether the search was limited to some keys")
    elif filters["encryption"] == "oracle" or kms_key_id not in (filters["kms_key_ids"] or [kms_key_id]):
        gaps.append("the search left out what is on this key")
    unsettled = sum(
        not change["settled"] and kms_key_id in (change["kms_key_id"], change["previous_kms_key_id"])
        for change in changes
    )
    if unsettled:
        gaps.append(f"changes from or to this key that were not seen to end: {unsettled}")
    return gaps
