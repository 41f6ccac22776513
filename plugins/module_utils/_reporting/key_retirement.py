# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What still uses a key that is to be retired. Pure.

It lists what was searched, what was not, and the uses that were found. It never says that a key is no longer needed:
other services and tenancies may use it, and whatever is encrypted with it outside Block Volume is not searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .._documents.changes_file import ChangeRow
from .._documents.discovery_file import DiscoveryFile
from .._model.resource_types import REPLICA, RESOURCE_TYPES
from .._model.rows import READ_BY_GET, ResourceRow, ScannedRow
from .new_volumes import gaps as gaps_of_new_volumes
from .new_volumes import uses_of
from .scope import named_words, tag_words

IN_USE = "in_use"
NO_USE_FOUND = "no_use_found_in_block_volume"
INCOMPLETE = "incomplete"

NOT_SEARCHED = (
    "clusters and storage classes of Kubernetes Engine (OKE), and virtual node pools",
    "instances whose details name the key that their boot volume was created on (it may be on another one by now)",
    "Object Storage buckets",
    "File Storage file systems",
    "databases of any kind",
    "secrets in Vault",
    "all other OCI services that use Vault keys, and data that applications encrypt with the key",
    "other tenancies, including resources shared with them or copied to them",
    "volumes and backups that are TERMINATING or TERMINATED",
    "resources that neither lists nor Resource Search showed: both may lag behind, for what was made a moment ago",
)
"""What a report does not cover."""


def retirement(kms_key_ids: Sequence[str], found: DiscoveryFile, changes: Sequence[ChangeRow]) -> dict[str, Any] | None:
    """For each of these keys every use that was found, and the verdict; None where no key is given.

    ``changes`` are those that a run made before the discovery.
    """
    if not kms_key_ids:
        return None
    scanned = found.scanned
    gaps = _gaps(found)
    return {
        "keys": [_key(key, found, [*gaps, *_key_gaps(key, scanned, changes)]) for key in dict.fromkeys(kms_key_ids)],
        "searched": {
            "regions": scanned["regions"],
            "compartments": len(scanned["compartments"]),
            "resource_types": scanned["resource_types"],
            "resources": len(found.resources),
            "time_started": scanned["time_started"],
            "time_finished": scanned["time_finished"],
        },
        "not_searched": list(NOT_SEARCHED),
    }


def _key(kms_key_id: str, found: DiscoveryFile, gaps: list[str]) -> dict[str, Any]:
    uses = list(_uses(kms_key_id, found.resources))
    known = {use["id"] for use in uses}  # a node pool may be listed as a resource, too
    uses += [use for use in uses_of(kms_key_id, found.new_volumes) if use["id"] not in known]
    without_use = INCOMPLETE if gaps else NO_USE_FOUND
    verdict = IN_USE if uses else without_use
    return {"kms_key_id": kms_key_id, "verdict": verdict, "gaps": gaps, "uses": uses}


def _uses(kms_key_id: str, resources: Iterable[ResourceRow]) -> Iterable[dict[str, Any]]:
    """Resources on the key, policy assignments whose copies get it, and replicas that volumes list with it."""
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
                    "region": None,  # only its availability domain is known
                    "compartment_id": resource["compartment_id"],
                    "display_name": resource["display_name"],
                    "lifecycle_state": None,
                    "of": resource["id"],
                }


def _gaps(found: DiscoveryFile) -> list[str]:
    """Why uses of any key may have been missed."""
    scanned = found.scanned
    gaps = []
    unreadable = len(found.unreadable)
    if unreadable:
        gaps.append(f"{unreadable} {'place' if unreadable == 1 else 'places'} could not be read")
    elif not found.complete:
        gaps.append("the search was incomplete")
    if scanned["all_regions"] is not True:
        gaps.append("not certain that every subscribed region of the tenancy was searched")
    if scanned["whole_tenancy"] is not True:
        gaps.append("not certain that every active compartment of the tenancy was searched")
    listed = sum(row["read_by"] != READ_BY_GET for row in found.resources)
    if listed:
        gaps.append(
            f"{listed} {'resource was' if listed == 1 else 'resources were'} not read by GET, but listed, and lists "
            "may lag behind"
        )
    types = [name for name in RESOURCE_TYPES.with_data.names if name not in scanned["resource_types"]]
    if types:
        gaps.append(f"resource types not searched: {', '.join(types)}")
    return [*gaps, *gaps_of_new_volumes(found.new_volumes)]


def _key_gaps(kms_key_id: str, scanned: ScannedRow, changes: Sequence[ChangeRow]) -> list[str]:
    """Why uses of this key may have been missed."""
    gaps = []
    filters = scanned["filters"]
    if filters is None:
        gaps.append("not known whether the search was limited to some keys")
    elif filters["encryption"] == "oracle" or kms_key_id not in (filters["kms_key_ids"] or [kms_key_id]):
        gaps.append("the search left out resources on this key")
    if filters is not None:
        gaps += [f"the search was limited: {words}" for words in [*named_words(filters), *tag_words(filters)]]
    unsettled = sum(
        not change["settled"] and kms_key_id in (change["kms_key_id"], change["previous_kms_key_id"])
        for change in changes
    )
    if unsettled:
        gaps.append(f"changes from or to this key whose end was not confirmed: {unsettled}")
    return gaps
