# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who owns the resources of a report: counts by compartment and by the value of a tag. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._model.rows import ResourceRow

CUSTOMER, ORACLE, UNKNOWN = "customer", "oracle", "unknown"
"""How a resource is protected. Unknown is one on a key that could not be read."""


def owner_of(resource: ResourceRow, owner_tag: str) -> str | None:
    """The value of the tag: ``namespace.name`` for a defined tag, ``name`` for a free-form one. None without it.

    Names of defined tags have no case.
    """
    if owner_tag in resource["freeform_tags"]:
        return str(resource["freeform_tags"][owner_tag])
    wanted = owner_tag.lower()
    for namespace, tags in resource["defined_tags"].items():
        for name, value in tags.items():
            if f"{namespace}.{name}".lower() == wanted:
                return str(value)
    return None


def by_owner(
    resources: Sequence[ResourceRow],
    protection: Callable[[ResourceRow], str],
    paths: Mapping[str, str],
    owner_tag: str | None,
) -> dict[str, Any]:
    """The section ``owners``: counts by compartment path, and by the tag if one is given.

    A policy assignment or replica without the tag counts as without an owner.
    """
    compartments = _grouped(resources, protection, lambda row: row["compartment_id"])
    tagged = None if owner_tag is None else _grouped(resources, protection, lambda row: owner_of(row, owner_tag))
    return {
        "by_compartment": sorted(
            (
                {"compartment_id": compartment, "path": paths.get(str(compartment)), **counted}
                for compartment, counted in compartments.items()
            ),
            key=lambda row: (row["path"] or "", row["compartment_id"]),
        ),
        "owner_tag": owner_tag,
        "by_tag": (
            None
            if tagged is None
            else sorted(
                ({"owner": owner, **counted} for owner, counted in tagged.items()),
                key=lambda row: (row["owner"] is None, row["owner"] or ""),
            )
        ),
    }


def _grouped(
    resources: Sequence[ResourceRow],
    protection: Callable[[ResourceRow], str],
    group_of: Callable[[ResourceRow], str | None],
) -> dict[str | None, dict[str, int]]:
    groups: dict[str | None, dict[str, int]] = {}
    for row in resources:
        counted = groups.setdefault(group_of(row), {"total": 0, CUSTOMER: 0, ORACLE: 0, UNKNOWN: 0})
        counted["total"] += 1
        counted[protection(row)] += 1
    return groups
