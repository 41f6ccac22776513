# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading the replicas of volumes and volume groups: they stand in what their source shows (oci_semantics.md 1.6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, cast

from .._api.client import Service
from .._common.concurrency import SingleFlightCache
from .._common.errors import ApiError, ResourceError
from .._model.ocid import region_part
from .._model.regions import RegionTable
from .._model.resource import DesiredState, Reading, Replica, ReplicaPlace, Resource, TakenAway
from .error_hints import explain_read
from .reader import ReaderByGet
from .volume_groups import VOLUME_GROUP


@dataclass(frozen=True)
class Replication(Resource):
    """A source with its replicas; ``kms_key_id`` is the key of those in the region that is meant.

    ``meant`` are these, ``region_parts`` the names that OCIDs have for their regions. ``replicated_by`` is the volume
    group whose members are replicated with it. ``is_recreated``: a change switches replication off and on.
    """

    meant: tuple[Replica, ...] = ()
    region_parts: tuple[str, ...] = ()
    replicated_by: str | None = None
    is_recreated: bool = False

    @property
    def encryption(self) -> str | None:
        return super().encryption if self.meant else None

    @property
    def others(self) -> tuple[Replica, ...]:
        """The replicas that are not meant, which stay as they are."""
        return tuple(each for each in self.replicas if each not in self.meant)

    def with_desired(self, desired: DesiredState) -> Resource:
        """A replica that is made again has another OCID, which nobody knows yet."""
        meant = tuple(replace(each, kms_key_id=desired.kms_key_id) for each in self.meant)
        return replace(self, kms_key_id=desired.kms_key_id, meant=meant, replicas=(*self.others, *meant))

    def matches_read(self, other: Resource) -> bool:
        return self.replicas == other.replicas

    def journal_fields(self) -> dict[str, Any]:
        """The replica of the first availability domain; there is one in a region at most (oci_semantics.md 1.6)."""
        first = self.meant[0] if self.meant else None
        return {
            **super().journal_fields(),
            "replica_id": first.id if first else None,
            "replica_domain": first.availability_domain if first else None,
            "replica_name": first.display_name if first else None,
        }


class ReplicationReader(ReaderByGet):
    """Adds to its sources which of their replicas are meant, and the volume group that they are replicated with.

    Lists have no etags, without which a list of replicas must not be replaced.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._place: ReplicaPlace | None = None
        self._recreates = False
        self._groups: SingleFlightCache[Resource] = SingleFlightCache()

    def prepare(self, desired: DesiredState) -> None:
        self._place = desired.replica_place
        self._recreates = desired.recreate

    def read(self, resource_ids: Iterable[str]) -> dict[str, Reading]:
        sources = super().read(resource_ids)
        return dict(zip(sources, self._pool.map(self._replication, sources.values())))

    def get(self, resource_id: str) -> Reading:
        return self._replication(self._get(resource_id))

    def before_interruption(self, reading: Resource, taken: TakenAway) -> Reading | None:
        """The source as it was before its replication was switched off; None where it has a replica there by now."""
        lost = taken.replica
        if lost is None or any(each.availability_domain == lost.availability_domain for each in reading.replicas):
            return None
        return replace(
            cast(Replication, reading),
            kms_key_id=lost.kms_key_id,
            replicas=(*reading.replicas, lost),
            meant=(lost,),
            region_parts=(region_part(lost.id),),
            is_recreated=True,
        )

    def _replication(self, source: Reading) -> Reading:
        if isinstance(source, ResourceError):
            return source
        try:
            found = replication_of(source, self._place)
            return replace(found, replicated_by=self._replicated_by(source), is_recreated=self._recreates)
        except ApiError as error:
            fault = explain_read(error, VOLUME_GROUP, self._region)
            message = f"Whether it is replicated with its volume group {source.group_id} is unknown: {fault.message}"
            return replace(fault, message=message)
        except Exception as error:  # a fault of ours in one response must not lose the other resources
            return ResourceError(code="InternalError", message=repr(error))

    def _replicated_by(self, source: Resource) -> str | None:
        """GetVolumeGroup, once for all of its members: whether it has replicas."""
        if source.group_id is None:
            return None
        group_id = source.group_id
        group = self._groups.get((group_id, ""), lambda: _group(self._service, self._region, group_id))
        return group_id if group.replicas else None


def _group(service: Service, region: str, group_id: str) -> Resource:
    return VOLUME_GROUP.get(service, region, group_id)


def replication_of(source: Resource, place: ReplicaPlace | None) -> Replication:
    """A source with those of its replicas that are in ``place``: all of them where that is None."""
    there = tuple(each for each in source.replicas if place is None or region_part(each.id) in place.region_parts)
    return Replication(
        id=source.id,
        type=source.type,
        region=source.region,
        display_name=source.display_name,
        compartment_id=source.compartment_id,
        lifecycle_state=source.lifecycle_state,
        kms_key_id=there[0].kms_key_id if there else None,
        etag=source.etag,
        replicas=source.replicas,
        group_id=source.group_id,
        time_created=source.time_created,
        freeform_tags=source.freeform_tags,
        defined_tags=source.defined_tags,
        meant=there,
        region_parts=tuple(dict.fromkeys(region_part(each.id) for each in there)),
    )


def replica_place(region: str, regions: RegionTable) -> ReplicaPlace:
    """A region by its long name, with the names that OCIDs have for it."""
    codes = [code for code, name in regions.long_names.items() if name == region]
    return ReplicaPlace(region, frozenset([region, *codes]))
