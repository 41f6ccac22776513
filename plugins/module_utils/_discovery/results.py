# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Results of a discovery, built in one place: ``resources``, ``summary``, ``unreadable`` and ``msg``. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._common.errors import InputError
from .._model.ocid import parse
from .._model.resource import Resource
from .._resources.policy_assignments import (
    PolicyAssignment,
)
from .._resources.registry import KINDS
from .._resources.replicas import ReplicaResource
from .region_scan import Unreadable
from .search import Discovery
from .tenancy import Compartment

# The summary lists this many keys, those with the most resources.
_KEYS_IN_SUMMARY = 50
# A message names this many of the places that could not be looked at; all of them are in ``unreadable``.
_PLACES_IN_MESSAGE = 3

Entry = dict[str, Any]


def resource_entry(resource: Resource, compartments: Mapping[str, Compartment]) -> Entry:
    """One entry of ``resources``: a resource and the key that it is on."""
    compartment = compartments.get(resource.compartment_id)
    kind = KINDS.get(resource.type)
    return {
        "id": resource.id,
        "type": resource.type,
        "region": resource.region,
        "compartment_id": resource.compartment_id,
        "display_name": resource.display_name,
        "lifecycle_state": resource.lifecycle_state,
        "encryption": "customer" if resource.kms_key_id else "oracle",
        "kms_key_id": resource.kms_key_id,
        "time_created": resource.time_created,
        "freeform_tags": dict(resource.freeform_tags),
        "defined_tags": {name: dict(tags) for name, tags in resource.defined_tags.items()},
        "group_id": resource.group_id,
        "locked": kind.lock_reason(resource) if kind is not None else None,
        "replicas": [
            {
                "id": replica.id,
                "availability_domain": replica.availability_domain,
                "kms_key_id": replica.kms_key_id,
                "in_other_region": _region_part(replica.id) != _region_part(resource.id),
            }
            for replica in resource.replicas
        ],
        "managed_by_paas": compartment.managed_by_paas if compartment else False,
        **_more(resource),
    }


def _more(resource: Resource) -> Entry:
    if isinstance(resource, PolicyAssignment):
        return {
            "asset_id": resource.asset_id,
            "asset_type": resource.asset_type,
            "policy_id": resource.policy_id,
            "destination_region": resource.destination_region,
        }
    if isinstance(resource, ReplicaResource):
        return {"source_id": resource.source_id}
    return {}


def _region_part(value: str) -> str | None:
    try:
        return parse(value).region_part
    except InputError:
        return None


def unreadable_entry(place: Unreadable) -> Entry:
    return {
        "region": place.region,
        "compartment_id": place.compartment_id,
        "resource_type": place.resource_type,
        "code": place.error.code,
        "status": place.error.status,
        "message": place.error.message,
        "hint": place.error.hint,
    }


def summary(entries: Sequence[Entry], unreadable: int) -> Entry:
    """Counts by region, type and key. Small, however many resources and keys there are."""
    by_region = {
        region: {**_counts(own), "by_type": {name: _counts(rows) for name, rows in _grouped(own, "type").items()}}
        for region, own in _grouped(entries, "region").items()
    }
    keys = _grouped([entry for entry in entries if entry["kms_key_id"]], "kms_key_id")
    most_used = sorted(keys, key=lambda name: (-len(keys[name]), name))[:_KEYS_IN_SUMMARY]
    return {
        **_counts(entries),
        "unreadable": unreadable,
        "by_region": by_region,
        "by_type": {name: _counts(rows) for name, rows in _grouped(entries, "type").items()},
        "by_key": [_key_counts(name, keys[name]) for name in most_used],
        "kms_keys": len(keys),
    }


def _grouped(entries: Iterable[Entry], field: str) -> dict[str, list[Entry]]:
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry[field], []).append(entry)
    return groups


def _counts(entries: Sequence[Entry]) -> Entry:
    customer = sum(entry["encryption"] == "customer" for entry in entries)
    return {"total": len(entries), "customer": customer, "oracle": len(entries) - customer}


def _key_counts(kms_key_id: str, entries: Sequence[Entry]) -> Entry:
    return {
        "kms_key_id": kms_key_id,
        "total": len(entries),
        "by_region": dict(Counter(entry["region"] for entry in entries)),
        "by_type": dict(Counter(entry["type"] for entry in entries)),
    }


def message(entries: Sequence[Entry], found: Discovery) -> str:
    """One line for the terminal, and below it the first places that could not be looked at, each advice once."""
    counts = _counts(entries)
    places = f"{_number(len(found.scope.compartments), 'compartment')} of {_number(len(found.regions), 'region')}"
    line = (
        f"{_number(counts['total'], 'resource')} in {places}: {counts['customer']} on customer-managed keys, "
        f"{counts['oracle']} on the Oracle-managed key"
    )
    not_looked_at = [one for one in found.scope.skipped if one.lifecycle_state != "DELETED"]
    if not_looked_at:
        line += f"; {_number(len(not_looked_at), 'compartment')} not looked at, see 'scanned'"
    if not found.unreadable:
        return line
    lines = [f"{line}; {_number(len(found.unreadable), 'place')} could not be read:"]
    hints: set[str] = set()
    for place in found.unreadable[:_PLACES_IN_MESSAGE]:
        error = place.error
        status = f"{error.status} " if error.status else ""
        lines.append(f"{_where(place)}: {status}{error.code}: {error.message}")
        if error.hint and error.hint not in hints:
            hints.add(error.hint)
            lines.extend(f"  {row}" for row in error.hint.splitlines())
    if len(found.unreadable) > _PLACES_IN_MESSAGE:
        lines.append(f"... and {len(found.unreadable) - _PLACES_IN_MESSAGE} more, see 'unreadable'")
    return "\n".join(lines)


def _where(place: Unreadable) -> str:
    words = [place.region or "All regions", place.compartment_id, place.resource_type]
    return ", ".join(word for word in words if word)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
