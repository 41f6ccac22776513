# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of a discovery: rows of resources and unreadable places, ``summary`` and ``msg``. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._common.text import visible
from .._model.resource import Resource
from .._model.resource_types import RESOURCE_TYPES
from .._model.rows import ResourceRow, UnreadableRow
from .._resources.resource_row import resource_row
from .discover import Discovery
from .region_scan import Unreadable
from .tenancy import Compartment

# The summary lists this many keys, those with the most resources.
_KEYS_IN_SUMMARY = 50
# The message names this many unreadable places; ``unreadable`` has all of them.
_PLACES_IN_MESSAGE = 3


def resource_entry(resource: Resource, compartments: Mapping[str, Compartment]) -> ResourceRow:
    """A discovered resource and its key."""
    compartment = compartments.get(resource.compartment_id)
    return resource_row(resource, managed_by_paas=compartment.managed_by_paas if compartment else False)


def unreadable_entry(place: Unreadable) -> UnreadableRow:
    return {
        "region": place.region,
        "compartment_id": place.compartment_id,
        "resource_type": place.resource_type,
        "code": place.error.code,
        "status": place.error.status,
        "message": place.error.message,
        "hint": place.error.hint,
    }


def summary(rows: Sequence[ResourceRow], unreadable: int) -> dict[str, Any]:
    """Counts by region, type and key. Small, however many resources and keys there are."""
    by_key = _grouped((row for row in rows if row["kms_key_id"]), lambda row: str(row["kms_key_id"]))
    most_used = sorted(by_key, key=lambda key: (-len(by_key[key]), key))[:_KEYS_IN_SUMMARY]
    return {
        **_counts(rows),
        "unreadable": unreadable,
        "by_region": {
            region: {**_counts(own), "by_type": _counts_by_type(own)}
            for region, own in _grouped(rows, lambda row: row["region"]).items()
        },
        "by_type": _counts_by_type(rows),
        "by_key": [_key_counts(key, by_key[key]) for key in most_used],
        "kms_keys": len(by_key),
    }


def _grouped(rows: Iterable[ResourceRow], name_of: Callable[[ResourceRow], str]) -> dict[str, list[ResourceRow]]:
    groups: dict[str, list[ResourceRow]] = {}
    for row in rows:
        groups.setdefault(name_of(row), []).append(row)
    return groups


def _counts_by_type(rows: Iterable[ResourceRow]) -> dict[str, dict[str, int]]:
    return {name: _counts(own) for name, own in _grouped(rows, lambda row: row["type"]).items()}


def _counts(rows: Sequence[ResourceRow]) -> dict[str, int]:
    customer = sum(row["encryption"] == "customer" for row in rows)
    return {"total": len(rows), "customer": customer, "oracle": len(rows) - customer}


def _key_counts(kms_key_id: str, rows: Sequence[ResourceRow]) -> dict[str, Any]:
    return {
        "kms_key_id": kms_key_id,
        "total": len(rows),
        "by_region": dict(Counter(row["region"] for row in rows)),
        "by_type": dict(Counter(row["type"] for row in rows)),
    }


def message(rows: Sequence[ResourceRow], found: Discovery) -> str:
    """The counts in one line, and below it the first unreadable places, each hint once."""
    counts = _counts(rows)
    places = f"{_number(len(found.scope.compartments), 'compartment')} of {_number(len(found.regions), 'region')}"
    line = (
        f"{_number(counts['total'], 'resource')} in {places}: {counts['customer']} on customer-managed keys, "
        f"{counts['oracle']} on the Oracle-managed key"
    )
    skipped = [one for one in found.scope.skipped if one.may_hold_resources]
    if skipped:
        line += f"; {_number(len(skipped), 'compartment')} skipped, see 'scanned'"
    if not found.unreadable:
        return line
    lines = [f"{line}; {_number(len(found.unreadable), 'place')} could not be read:"]
    hints: set[str] = set()
    names = _compartment_names(found)
    for place in found.unreadable[:_PLACES_IN_MESSAGE]:
        error = place.error
        lines.append(f"{_place_label(place, names)}: {error}")
        if error.hint and error.hint not in hints:
            hints.add(error.hint)
            lines.extend(f"  {row}" for row in error.hint.splitlines())
    if len(found.unreadable) > _PLACES_IN_MESSAGE:
        lines.append(f"... and {len(found.unreadable) - _PLACES_IN_MESSAGE} more, see 'unreadable'")
    return "\n".join(lines)


def _compartment_names(found: Discovery) -> dict[str, str]:
    """What people call the compartments: their names from the root down, and the root by its own name. None is there
    twice: of those that share a name, each is its OCID. So is one without a name."""
    scope = found.scope
    known = [*scope.compartments, *scope.skipped, *(one for one, _error in scope.unreadable)]
    names = {one.id: "/".join(one.path) or one.name for one in known}
    times = Counter(names.values())
    return {ocid: name for ocid, name in names.items() if name and times[name] == 1}


def _place_label(place: Unreadable, names: Mapping[str, str]) -> str:
    where = place.compartment_id and visible(names.get(place.compartment_id, place.compartment_id))
    kind = RESOURCE_TYPES.get(place.resource_type or "")
    what = kind.plural if kind is not None else place.resource_type
    return ", ".join(word for word in (place.region or "All regions", where, what) if word)


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
