# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds the instances that discovered volumes are attached to, by lists alone.

An attachment is in the compartment of its instance, which need not be that of the volume. So every compartment in scope
is listed, and what has no attachment there is known to be attached to nothing only if the whole tenancy was searched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .._api.client import Connection
from .._api.decoding import UnreadableRow
from .._api.iam import place_of
from .._api.pagination import readable_rows
from .._common.concurrency import map_concurrently
from .._common.errors import ApiError, ResourceError, ServiceError, explain
from .._common.progress import NO_PROGRESS, ProgressLog
from .._common.quantities import duration
from .._model.rows import ATTACHED, ATTACHMENT_UNKNOWN, NONE_IN_SCOPE, NOT_ATTACHED
from .._resources.base import PAGE_SIZE
from .._resources.lists import Domains, explain_unreadable
from .circuit_breaker import CircuitBreaker
from .discover import CONCURRENCY, Discovery
from .region_scan import Unreadable

VOLUME, BOOT_VOLUME, INSTANCE = "volume", "boot_volume", "instance"

# Regions at the same time, each with its threads.
_MAX_REGIONS = 6

# Detached ones are listed for a while. The others hold the volume, or are about to let it go.
_DETACHED = "DETACHED"

_GRANTS = {
    VOLUME: "inspect volume-attachments",
    BOOT_VOLUME: "inspect volume-attachments",
    INSTANCE: "read instances",
}
_NOUNS = {VOLUME: "volume attachment", BOOT_VOLUME: "boot volume attachment", INSTANCE: "instance"}


@dataclass(frozen=True)
class AttachedInstance:
    """An instance that a volume is attached to. The name is None if it could not be read."""

    id: str
    display_name: str | None


@dataclass(frozen=True)
class _Listed:
    """A list in one compartment: its rows, those that can't be read, or why there is no list."""

    kind: str
    compartment_id: str
    rows: Sequence[Any] = ()
    unreadable: tuple[UnreadableRow, ...] = ()
    error: ResourceError | None = None

    @property
    def is_complete(self) -> bool:
        return self.error is None and not self.unreadable


@dataclass(frozen=True)
class _List:
    """A list to be read."""

    kind: str
    compartment_id: str
    operation: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Attachments:
    """The instances of each volume by its OCID, and what could not be read.

    ``unknown`` has the region and type of volumes of which a list is missing: others than those in ``instances`` may be
    attached. ``covers_tenancy``: no instance is outside of what was searched.
    """

    instances: Mapping[str, Sequence[AttachedInstance]]
    unknown: frozenset[tuple[str, str]]
    unreadable: Sequence[Unreadable]
    covers_tenancy: bool

    def state(self, resource_id: str, region: str, resource_type: str) -> str:
        if resource_id in self.instances:
            return ATTACHED
        if (region, resource_type) in self.unknown:
            return ATTACHMENT_UNKNOWN
        return NOT_ATTACHED if self.covers_tenancy else NONE_IN_SCOPE


def find_attachments(
    connection: Connection, found: Discovery, *, whole_tenancy: bool, log: ProgressLog = NO_PROGRESS
) -> Attachments:
    """The attachments of the volumes of a discovery. Never raises ApiError.

    In each region with volumes, ListVolumeAttachments once for each compartment; with boot volumes,
    ListAvailabilityDomains once and ListBootVolumeAttachments for each compartment and availability domain;
    ListInstances for each compartment in which one of these volumes is attached. Each once more for every hundred rows.
    """
    volumes: dict[str, dict[str, set[str]]] = {}
    for resource in found.resources:
        if resource.type in (VOLUME, BOOT_VOLUME):
            volumes.setdefault(resource.region, {}).setdefault(resource.type, set()).add(resource.id)
    compartment_ids = [compartment.id for compartment in found.scope.compartments]

    def scan(region: str) -> _RegionAttachments:
        scanned = _RegionAttachments(region, connection, compartment_ids)
        scanned.run(volumes[region])
        return scanned

    with log.during(lambda seconds: f"listing attachments, for {duration(seconds)}"):
        scans = map_concurrently(scan, sorted(volumes), _MAX_REGIONS)
    is_whole = whole_tenancy and not found.scope.unreadable
    return Attachments(
        instances={name: rows for scan in scans for name, rows in scan.instances.items()},
        unknown=frozenset((scan.region, kind) for scan in scans for kind in scan.unknown_types),
        unreadable=[place for scan in scans for place in scan.unreadable],
        covers_tenancy=is_whole and not any(one.may_hold_resources for one in found.scope.skipped),
    )


class _RegionAttachments:
    """The attachments in one region."""

    def __init__(self, region: str, connection: Connection, compartment_ids: Sequence[str]) -> None:
        self.region = region
        self.instances: dict[str, list[AttachedInstance]] = {}
        self.unknown_types: set[str] = set()
        self.unreadable: list[Unreadable] = []
        self._service = connection.compute(region)
        self._domains = Domains(connection, region)
        self._compartment_ids = compartment_ids
        self._breakers = {kind: CircuitBreaker() for kind in _NOUNS}

    def run(self, volumes: Mapping[str, set[str]]) -> None:
        """List the attachments of volumes, given by their type, and the instances that have them."""
        wanted = set().union(*volumes.values())
        with ThreadPoolExecutor(CONCURRENCY, thread_name_prefix=self.region) as pool:
            listed = list(pool.map(self._read, self._lists(volumes)))
            attached = [
                (row.volume_id if one.kind == VOLUME else row.boot_volume_id, row.instance_id, one.compartment_id)
                for one in listed
                for row in one.rows
                if row.lifecycle_state != _DETACHED
            ]
            attached = [row for row in dict.fromkeys(attached) if row[0] in wanted]
            places = dict.fromkeys(place for _volume, _instance, place in attached)
            instances = list(pool.map(self._read, map(_instances_of, places)))
        names = {row.id: row.display_name for one in instances for row in one.rows}
        for volume_id, instance_id, _place in attached:
            self.instances.setdefault(volume_id, []).append(AttachedInstance(instance_id, names.get(instance_id)))
        self.unknown_types.update(one.kind for one in listed if not one.is_complete)
        self._record([*listed, *instances])

    def _lists(self, volumes: Mapping[str, set[str]]) -> Iterable[_List]:
        if VOLUME in volumes:
            for place in self._compartment_ids:
                yield _List(VOLUME, place, "list_volume_attachments", (place,))
        if BOOT_VOLUME in volumes:
            for domain in self._domains_of_region():
                for place in self._compartment_ids:
                    yield _List(BOOT_VOLUME, place, "list_boot_volume_attachments", (domain, place))

    def _domains_of_region(self) -> Sequence[str]:
        """The availability domains, without which boot volume attachments can't be listed."""
        try:
            return self._domains(self._compartment_ids[0])
        except ApiError as error:
            self.unknown_types.add(BOOT_VOLUME)
            explained = explain(error)
            message = f"The availability domains of the region can't be listed: {explained.message}"
            self.unreadable.append(Unreadable(self.region, None, BOOT_VOLUME, replace(explained, message=message)))
            return ()

    def _read(self, wanted: _List) -> _Listed:
        answer = self._breakers[wanted.kind].call(
            lambda: self._pages(wanted), lambda error: _explain(error, wanted, self.region)
        )
        if isinstance(answer, ResourceError):
            return _Listed(wanted.kind, wanted.compartment_id, error=answer)
        return answer

    def _pages(self, wanted: _List) -> _Listed:
        ask = partial(self._service.read, wanted.operation, *wanted.arguments, limit=PAGE_SIZE)
        return _Listed(wanted.kind, wanted.compartment_id, *readable_rows(ask, f"{_NOUNS[wanted.kind]}s"))

    def _record(self, listed: Iterable[_Listed]) -> None:
        """Each compartment and kind once, whatever the number of its availability domains."""
        seen: set[tuple[str, str]] = set()
        for one in listed:
            error = explain_unreadable(one.unreadable, _NOUNS[one.kind]) if one.unreadable else one.error
            if error is not None and (one.compartment_id, one.kind) not in seen:
                seen.add((one.compartment_id, one.kind))
                self.unreadable.append(Unreadable(self.region, one.compartment_id, one.kind, error))


def _instances_of(compartment_id: str) -> _List:
    return _List(INSTANCE, compartment_id, "list_instances", (compartment_id,))


def _explain(error: ApiError, wanted: _List, region: str) -> ResourceError:
    """Why a list could not be read, and what to do."""
    explained = explain(error)
    if not isinstance(error, ServiceError):
        return replace(explained, hint=f"Check that this machine can reach {region}, and try again.")
    if error.status in (403, 404):
        place = place_of(wanted.compartment_id, "instance")
        return replace(
            explained,
            message=f"The caller may not list {_NOUNS[wanted.kind]}s in the compartment.",
            hint=f"Grant: Allow group <your group> to {_GRANTS[wanted.kind]} in {place}",
        )
    return explained
