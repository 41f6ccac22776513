# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Which key protects what: a survey of many regions side by side, and what of the question it leaves open."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from .._api.client import Connection
from .._common.errors import (
    ApiError,
    InputError,
    ResourceError,
)
from .._model.resource import Resource
from .region_scan import (
    RegionScan,
    Unreadable,
)
from .tenancy import (
    Compartment,
    CompartmentScope,
    Tenancy,
)

# Calls at a time in one region, and in all of them: one Python process does not get beyond that.
SIDE_BY_SIDE = 16
_SIDE_BY_SIDE_IN_ALL = 96


@dataclass(frozen=True)
class DiscoveryQuery:
    """What to look for, and where. ``regions`` None stands for all that the tenancy is subscribed to."""

    compartment_ids: Sequence[str]
    recursive: bool
    regions: Sequence[str] | None
    types: Sequence[str]
    kms_key_ids: frozenset[str] | None = None
    encryption: str = "any"

    def matches(self, resource: Resource) -> bool:
        if self.kms_key_ids is not None and resource.kms_key_id not in self.kms_key_ids:
            return False
        return self.encryption in ("any", "customer" if resource.kms_key_id else "oracle")


@dataclass
class Discovery:
    """What was found, where was looked, and where nothing could be seen."""

    tenancy: str
    scope: CompartmentScope
    regions: list[str]
    skipped_regions: list[tuple[str, str]] = field(default_factory=list)
    """Regions that hold nothing yet, with their status."""
    resources: list[Resource] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all that was asked for was seen. A compartment that is DELETED is empty; others need not be."""
        return not self.unreadable and all(one.lifecycle_state == "DELETED" for one in self.scope.skipped)

    @property
    def compartments(self) -> dict[str, Compartment]:
        return {compartment.id: compartment for compartment in self.scope.compartments}


def discover(connection: Connection, request: DiscoveryQuery) -> Discovery:
    """Look everywhere. Raises InputError where it can't be told where to look, or nobody accepts the credentials."""
    tenancy = Tenancy(connection, request.regions or ())
    regions, skipped = regions_of(tenancy, request.regions)
    found = Discovery(tenancy.id, tenancy.scope(request.compartment_ids, recursive=request.recursive), regions)
    found.skipped_regions = skipped
    found.unreadable = [Unreadable(None, parent.id, None, error) for parent, error in found.scope.unreadable]
    compartment_ids = [compartment.id for compartment in found.scope.compartments]
    if not regions or not compartment_ids:
        return found
    each = max(1, min(SIDE_BY_SIDE, _SIDE_BY_SIDE_IN_ALL // len(regions)))

    def scan_region(region: str) -> tuple[list[Resource], list[Unreadable]]:
        if connection.regions.region(region) is None:
            return [], [Unreadable(region, None, None, UNKNOWN_REGION)]
        survey = RegionScan(region, connection, compartment_ids, request.types, side_by_side=each)
        return [resource for resource in survey.run() if request.matches(resource)], survey.unreadable

    with ThreadPoolExecutor(len(regions)) as pool:
        for resources, unreadable in pool.map(scan_region, regions):
            found.resources += resources
            found.unreadable += unreadable
    return found


def regions_of(tenancy: Tenancy, query: Sequence[str] | None) -> tuple[list[str], list[tuple[str, str]]]:
    """Where to look, and the subscribed regions that are not READY, with their status.

    ``query`` None stands for all. Raises InputError where those can't be listed.
    """
    if query is not None:
        return list(query), []
    try:
        subscribed = tenancy.subscriptions()
    except ApiError as error:
        raise InputError(
            f"'regions' is all, but the regions of the tenancy can't be listed: {error}. Name the regions, or grant: "
            "Allow group <your group> to inspect tenancies in tenancy"
        ) from error
    ready = [one.name for one in subscribed if one.is_ready]
    return ready, [(one.name, one.status) for one in subscribed if not one.is_ready]


UNKNOWN_REGION = ResourceError(
    code="UnknownRegion",
    message="The tenancy is subscribed to this region, but the installed SDK does not know it.",
    hint="Install a newer SDK (oci), or add the region with the environment variable OCI_REGION_METADATA or in "
    "~/.oci/regions-config.json.",
)
