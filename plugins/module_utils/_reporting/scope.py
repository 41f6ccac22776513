# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report is about: the part of the tenancy that was searched, in data and in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._model.resource_types import RESOURCE_TYPES
from .._model.rows import FilterRow, ScannedRow

# A sentence names this many; the data has all of them.
_NAMED = 5


def compartment_paths(scanned: ScannedRow) -> dict[str, str]:
    """The compartments by their names from the root down ("prod/databases"), and the root by its own name.

    Files of earlier versions have the last name only.
    """
    rows = [*scanned["compartments"], *scanned["skipped_compartments"]]
    return {str(row["id"]): path for row in rows if (path := row.get("path") or row["name"])}


def scope(scanned: ScannedRow, *, complete: bool) -> dict[str, Any]:
    """The section ``headline.scope``. ``whole_tenancy`` is null where the file of the search does not say.

    A search that a filter limited saw part of the tenancy, wherever it searched.
    """
    regions_whole, compartments_whole = scanned["all_regions"], scanned["whole_tenancy"]
    whole = all_of([regions_whole, compartments_whole, _is_unfiltered(scanned["filters"])])
    filters = filter_words(scanned["filters"])
    data = {
        "whole_tenancy": whole,
        "complete": complete,
        "regions": scanned["regions"],
        "all_regions": regions_whole,
        "compartments": _tops(scanned),
        "compartment_count": len(scanned["compartments"]),
        "all_compartments": compartments_whole,
        "resource_types": scanned["resource_types"],
        "types_not_searched": [
            name for name in RESOURCE_TYPES.with_data.names if name not in scanned["resource_types"]
        ],
        "filters": filters,
        "filters_known": scanned["filters"] is not None,
        "is_limited": is_limited(scanned["filters"]),
    }
    return {**data, "text": _sentence(data)}


def is_limited(filters: FilterRow | None) -> bool:
    """Whether resources were left out by the key that they are on, by their tags, or because nobody named them.

    Nothing can be said of the rest then.
    """
    return _is_unfiltered(filters) is not True


def _is_unfiltered(filters: FilterRow | None) -> bool | None:
    """None where the file of the search does not say."""
    return None if filters is None else not filter_words(filters)


def filter_words(filters: FilterRow | None) -> list[str]:
    """The filters of a search in words; one that is not known counts as a filter."""
    if filters is None:
        return ["filters that are not known"]
    words = named_words(filters)
    if filters["kms_key_ids"] is not None:
        count = len(filters["kms_key_ids"])
        words.append(f"only resources on {'1 key' if count == 1 else f'{count:,} keys'}")
    if filters["encryption"] != "any":
        words.append(f"only resources on {filters['encryption']}-managed keys")
    return [*words, *tag_words(filters)]


def named_words(filters: FilterRow) -> list[str]:
    return ["only resources that were named"] if filters["only_named"] else []


def tag_words(filters: FilterRow) -> list[str]:
    """One for each tag that resources had to have."""
    words = []
    for name, value in sorted((filters.get("freeform_tags") or {}).items()):
        words.append(f"only resources with the tag {name}={value}")
    for namespace, tags in sorted((filters.get("defined_tags") or {}).items()):
        words += [f"only resources with the tag {namespace}.{name}={value}" for name, value in sorted(tags.items())]
    return words


def all_of(flags: Sequence[bool | None]) -> bool | None:
    """False where one is, else None where one is unknown."""
    if any(flag is False for flag in flags):
        return False
    return None if None in flags else True


def _tops(scanned: ScannedRow) -> list[str]:
    """The paths of the searched compartments that are not below another one of them."""
    if scanned["whole_tenancy"] is True:
        return []
    paths = sorted({path for row in scanned["compartments"] if (path := row.get("path") or row["name"] or row["id"])})
    tops: list[str] = []
    known: set[str] = set()
    for path in paths:
        parts = path.split("/")
        if not any("/".join(parts[:depth]) in known for depth in range(1, len(parts))):
            tops.append(path)
        known.add(path)
    return tops


def _sentence(data: dict[str, Any]) -> str:
    what = {True: "The whole tenancy", False: "Part of the tenancy", None: "An unknown part of the tenancy"}
    regions = _named(data["regions"], "regions") if data["regions"] else "no region"
    if data["all_compartments"] is True:
        places = "all compartments"
    elif data["compartments"]:
        below = data["compartment_count"] > len(data["compartments"])
        places = _named(data["compartments"], "compartments") + (" and below" if below else "")
        places = ("compartment " if len(data["compartments"]) == 1 else "compartments ") + places
    else:
        places = "no compartment"
    all_regions = " (all regions that are READY)" if data["all_regions"] is True else ""
    types = [RESOURCE_TYPES[name].plural if RESOURCE_TYPES.get(name) else name for name in data["resource_types"]]
    parts = [f"{what[data['whole_tenancy']]}: {places}; {regions}{all_regions}", ", ".join(types) or "no resource type"]
    return "; ".join([*parts, *data["filters"]])


def _named(values: Sequence[str], noun: str) -> str:
    if len(values) <= _NAMED:
        return ", ".join(values)
    return f"{', '.join(values[:_NAMED])} and {len(values) - _NAMED:,} more {noun}"
