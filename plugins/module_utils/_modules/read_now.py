# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads resources as they are now, of whatever types and regions: for plans that do not discover them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._common.errors import InputError, ResourceError
from .._common.progress import NO_PROGRESS, Describe, ProgressLog
from .._common.quantities import duration
from .._documents.subject import Subject
from .._model.ocid import expect_realm, expect_region, parse
from .._model.resource import DesiredState, Reading, Resource
from .._model.resource_types import RESOURCE_TYPES
from .._resources.planned import planned_kind
from .._resources.region_reader import RegionReader
from .._resources.resource_kind import ResourceKind

# Reads at a time in each region.
_CONCURRENCY = 32

Take = Callable[[Subject, Resource, ResourceKind, RegionReader], "ResourceError | None"]
"""Takes one resource in while its region can still be asked; an error where something of it could not be read."""


def read_now(
    connection: Connection,
    subjects: Sequence[Subject],
    desired: DesiredState,
    take: Take,
    log: ProgressLog = NO_PROGRESS,
    more_kinds: Mapping[str, ResourceKind] | None = None,
) -> dict[Subject, ResourceError]:
    """Read each resource, or the policy of an asset, and hand it to ``take``. Returns why others could not be read.
    ``more_kinds`` are those of further types, by their names.

    Raises InputError where OCI does not accept the credentials, or for a desired state that is not valid in a region.
    """
    # A volume and its policy assignment are known by the same OCID, so they are read separately.
    by_place: dict[tuple[str, str], list[tuple[Subject, ResourceKind]]] = {}
    unread: dict[Subject, ResourceError] = {}
    for about in subjects:
        try:
            ocid = parse(about[1])
            home = expect_region(ocid, connection.regions)
            kind = (more_kinds or {}).get(about[0]) or planned_kind(about[0], ocid)
        except InputError as error:  # concerns this resource only
            unread[about] = ResourceError(code="UnknownResource", message=f"{error}.")
            continue
        if connection.tenancy:
            expect_realm(ocid, parse(connection.tenancy).realm, "the tenancy")
        by_place.setdefault((home, kind.registry_name), []).append((about, kind))
    for number, ((place, _kind_name), members) in enumerate(by_place.items(), 1):
        region = RegionReader(place, [(about[1], kind) for about, kind in members], connection, _CONCURRENCY)
        try:
            with log.during(_reading(place, members[0][0][0], len(members), f"{number} of {len(by_place)}")):
                readings = region.read(desired)
                found = [(about, _take(region, kind, about, readings[about[1]], take)) for about, kind in members]
        finally:
            region.close()
        for about, reason in found:
            if reason is None:
                continue
            if reason.status == 401:
                raise refused_credentials(connection, reason.code, reason.message)
            unread[about] = reason
    return unread


def _take(
    region: RegionReader, kind: ResourceKind, about: Subject, reading: Reading, take: Take
) -> ResourceError | None:
    return reading if isinstance(reading, ResourceError) else take(about, reading, kind, region)


def _reading(region: str, resource_type: str, count: int, turn: str) -> Describe:
    """The line about reading what one region has of one kind."""
    row = RESOURCE_TYPES.get(resource_type)
    what = row.count(count) if row is not None else f"{count:,} resources"
    return lambda seconds: f"{region}: reading {what} ({turn}), for {duration(seconds)}"
