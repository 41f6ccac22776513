# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key-bearing resource as it was read, and the state desired of it. Immutable records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Union

from .._common.errors import ResourceError


@dataclass(frozen=True)
class Replica:
    """A replica of a volume or a volume group in another availability domain or region, as its source lists it."""

    id: str
    availability_domain: str
    kms_key_id: str | None
    display_name: str | None = None


@dataclass(frozen=True)
class Resource:
    """One key-bearing resource as one API call returned it.

    ``kms_key_id`` is None where the Oracle-managed key protects it: the API's null, absent and empty
    string alike (oci_semantics.md section 2). ``etag`` is known only where a GET read it; lists have none.
    """

    id: str
    type: str
    region: str
    display_name: str
    compartment_id: str
    lifecycle_state: str
    kms_key_id: str | None
    etag: str | None = None
    replicas: tuple[Replica, ...] = ()
    group_id: str | None = None
    time_created: str | None = None
    """RFC 3339 in UTC, to the millisecond."""
    size_in_gbs: int | None = field(default=None, compare=False)
    freeform_tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    defined_tags: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, hash=False)
    read_by: str = field(default="list", compare=False)
    """By what a discovery has read it (``rows.py``)."""

    @property
    def encryption(self) -> str | None:
        """Whose key protects it: customer or oracle. None where the resource does not exist yet."""
        return "customer" if self.kms_key_id else "oracle"

    def with_desired(self, desired: DesiredState) -> Resource:
        """The resource after the change, for check mode."""
        return replace(self, kms_key_id=desired.kms_key_id)

    def matches_read(self, other: Resource) -> bool:
        """Whether two reads of a resource, one perhaps from a list, agree on everything that a change relies on."""
        return self.kms_key_id == other.kms_key_id

    def journal_fields(self) -> dict[str, Any]:
        """The fields that a change may alter, for diff and journal."""
        return {"encryption": self.encryption, "kms_key_id": self.kms_key_id}


@dataclass(frozen=True)
class CopyTo:
    """Where to copy backups. ``compartment_ids`` are searched for copies besides the source's own compartment."""

    region: str
    display_name: str | None = None
    compartment_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReplicaPlace:
    """The region whose replicas are meant, and the names that OCIDs have for it: ``phx``, ``us-phoenix-1``."""

    region: str
    region_parts: frozenset[str]


class PoolMove(NamedTuple):
    """From which instance configuration to which one an instance pool goes, by their OCIDs."""

    from_id: str
    to_id: str


@dataclass(frozen=True)
class DesiredState:
    """The desired assignment. ``kms_key_id`` None is the Oracle-managed key; for a copy, whichever key it has.

    ``policy_id`` and ``unassigned`` are for backup policies: which one, or none at all. ``replica_place`` and
    ``recreate`` are for replicas: where they are, None where they are all in one region; and that replication is
    switched off and on, since the service leaves the key of a replica as it is. ``may_recreate``: whether that is
    allowed.
    """

    kms_key_id: str | None
    regenerate: bool = False
    policy_id: str | None = None
    unassigned: bool = False
    copy_to: CopyTo | None = None
    replica_place: ReplicaPlace | None = None
    may_recreate: bool = False
    recreate: bool = False
    pool_moves: Mapping[str, PoolMove] = field(default_factory=dict, hash=False)
    """For instance pools that a plan puts back, by their OCIDs: no other configuration will do."""
    pool_move: PoolMove | None = None
    """The same, of this very pool."""


@dataclass(frozen=True)
class TakenAway:
    """What a change that was not ended has taken away: a backup policy, or a replica, each with its key."""

    kms_key_id: str | None
    policy_id: str | None = None
    replica: Replica | None = None


Reading = Union[Resource, ResourceError]
"""What a read of a resource gave: the resource, or why it could not be read."""
