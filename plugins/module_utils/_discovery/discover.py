# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Discovers the resources of many regions at the same time, with their keys and the places that could not be read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .._api.client import Connection
from .._common.concurrency import map_concurrently
from .._common.errors import (
    ApiError,
    InputError,
    ResourceError,
)
from .._common.progress import NO_PROGRESS, ProgressLog
from .._model.resource import Resource
from .._model.tags import has_tags
from .progress import DiscoveryProgress, ScanProgress
from .region_scan import (
    RegionScan,
    Unreadable,
)
from .tenancy import (
    Compartment,
    CompartmentScope,
    Tenancy,
)

# Calls in flight in one region, and in all regions: one Python process can't keep more of them busy.
CONCURRENCY = 16
_MAX_CONCURRENCY = 96

UNKNOWN_REGION = ResourceError(
    code="UnknownRegion",
    message="The tenancy is subscribed to this region, but the installed SDK does not know it.",
    hint="Install a newer SDK (oci), or add the region with the environment variable OCI_REGION_METADATA or in "
    "~/.oci/regions-config.json.",
)

FOREIGN_REGION = "ForeignRegion"

_Result = TypeVar("_Result")


def _foreign_region(region: str, realm: str) -> ResourceError:
    return ResourceError(
        code=FOREIGN_REGION,
        message=f"OCI names {region} as a region of the tenancy, but it belongs to another realm, {realm}. No request"
        " was sent to it.",
        hint="Run the task again. If it stays so, check the region subscriptions in the console, and report it to"
        " Oracle.",
    )


@dataclass(frozen=True)
class SearchPlaces:
    """The regions and compartments to search. ``skipped_regions`` are not READY yet; each is a name and a status."""

    tenancy: str
    regions: list[str]
    skipped_regions: list[tuple[str, str]]
    scope: CompartmentScope

    @property
    def is_nowhere(self) -> bool:
        return not self.regions or not self.scope.compartments


def resolve_places(
    connection: Connection,
    compartment_ids: Sequence[str],
    *,
    recursive: bool,
    regions: Sequence[str] | None,
    tenancy: Tenancy | None = None,
) -> SearchPlaces:
    """The places to search; ``regions`` None stands for all that the tenancy is subscribed to.

    ListRegionSubscriptions, and the calls of ``Tenancy.scope()``. Raises InputError if the regions can't be listed, or
    if OCI does not accept the credentials. A ``tenancy`` that has listed its compartments does not list them again.
    """
    tenancy = tenancy or Tenancy(connection, regions or ())
    names, skipped = (list(regions), []) if regions is not None else _subscribed_regions(tenancy)
    return SearchPlaces(tenancy.id, names, skipped, tenancy.scope(compartment_ids, recursive=recursive))


def _subscribed_regions(tenancy: Tenancy) -> tuple[list[str], list[tuple[str, str]]]:
    try:
        subscriptions = tenancy.subscriptions()
    except ApiError as error:
        raise InputError(
            f"'regions' is all, but the regions of the tenancy can't be listed: {error}. Name the regions, or grant: "
            "Allow group <your group> to inspect tenancies in tenancy"
        ) from error
    ready = [one.name for one in subscriptions if one.is_ready]
    return ready, [(one.name, one.status) for one in subscriptions if not one.is_ready]


def map_regions(
    connection: Connection,
    regions: Sequence[str],
    search: Callable[[str], _Result],
    fail: Callable[[str, ResourceError], _Result],
) -> list[_Result]:
    """Search all regions at the same time; ``fail`` makes the result of a region that is unknown or foreign."""

    def result(region: str) -> _Result:
        if connection.regions.region(region) is None:
            return fail(region, UNKNOWN_REGION)
        foreign = connection.foreign_realm(region)
        return search(region) if foreign is None else fail(region, _foreign_region(region, foreign))

    return map_concurrently(result, regions, len(regions))


@dataclass(frozen=True)
class DiscoveryQuery:
    """The resources to discover, and the places to search. ``regions`` None stands for all subscribed ones.

    ``kms_key_ids`` None: on any key. ``encryption`` is any, customer or oracle. ``read_each``: by GET, too.
    Tags None: whatever tags they have.
    """

    compartment_ids: Sequence[str]
    recursive: bool
    regions: Sequence[str] | None
    types: Sequence[str]
    kms_key_ids: frozenset[str] | None = None
    encryption: str = "any"
    read_each: bool = False
    freeform_tags: Mapping[str, str] | None = None
    defined_tags: Mapping[str, Mapping[str, str]] | None = None

    def matches(self, resource: Resource) -> bool:
        if self.kms_key_ids is not None and resource.kms_key_id not in self.kms_key_ids:
            return False
        if not has_tags(resource.freeform_tags, resource.defined_tags, self.freeform_tags, self.defined_tags):
            return False
        return self.encryption in ("any", "customer" if resource.kms_key_id else "oracle")


@dataclass
class Discovery:
    """The resources found, the places searched, and the places that could not be read."""

    tenancy: str
    scope: CompartmentScope
    regions: list[str]
    skipped_regions: list[tuple[str, str]] = field(default_factory=list)
    """Regions that are not READY and so hold nothing yet, with their status."""
    resources: list[Resource] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every requested place was read. A compartment that is DELETED is empty; other skipped ones may not
        be."""
        return not self.unreadable and not any(one.may_hold_resources for one in self.scope.skipped)

    @property
    def compartments(self) -> dict[str, Compartment]:
        return {compartment.id: compartment for compartment in self.scope.compartments}


def discover(
    connection: Connection, query: DiscoveryQuery, log: ProgressLog = NO_PROGRESS, tenancy: Tenancy | None = None
) -> Discovery:
    """Search every place of the query. Raises InputError as ``resolve_places()`` does; places that can't be read are in
    ``unreadable``."""
    progress = DiscoveryProgress(log)
    with progress.locating():
        places = resolve_places(
            connection,
            query.compartment_ids,
            recursive=query.recursive,
            regions=query.regions,
            tenancy=tenancy,
        )
    found = Discovery(places.tenancy, places.scope, places.regions, places.skipped_regions)
    found.unreadable = [Unreadable(None, parent.id, None, error) for parent, error in places.scope.unreadable]
    if places.is_nowhere:
        return found
    compartment_ids = [compartment.id for compartment in places.scope.compartments]
    concurrency = max(1, min(CONCURRENCY, _MAX_CONCURRENCY // len(places.regions)))

    progress.begin(len(places.regions))

    def scan(region: str) -> tuple[list[Resource], list[Unreadable]]:
        scan_progress = ScanProgress(region, len(compartment_ids))
        region_scan = RegionScan(
            region,
            connection,
            compartment_ids,
            query.types,
            concurrency=concurrency,
            read_each=query.read_each,
            progress=scan_progress,
        )
        with progress.scanning(scan_progress):
            found = region_scan.run()
            progress.scanned()
        return [resource for resource in found if query.matches(resource)], region_scan.unreadable

    def fail(region: str, error: ResourceError) -> tuple[list[Resource], list[Unreadable]]:
        return [], [Unreadable(region, None, None, error)]

    for resources, unreadable in map_regions(connection, places.regions, scan, fail):
        found.resources += resources
        found.unreadable += unreadable
    return found
