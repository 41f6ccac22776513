# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What new volumes are born with: the rows of instance configurations, instance pools and node pools. Pure.

An instance configuration can't be changed. The pools that use it launch instances, and with them volumes on the keys
that it names; where it names none, on the Oracle-managed key. So does a node pool of Kubernetes Engine (OKE).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypedDict

from .resource_types import INSTANCE_CONFIGURATION, NODE_POOL
from .rows import UnreadableRow

SOURCES = (INSTANCE_CONFIGURATION, NODE_POOL)
"""What volumes get their keys from. An instance pool has those of its configuration."""

CREATED_TYPES = ("boot_volume", "volume")


class CreatedVolumeRow(TypedDict):
    """A volume that is created with each instance or node. Key None is the Oracle-managed key.

    ``copies_kms_key_id`` is the key that a backup policy's copies of it get in another region (``xrcKmsKeyId``).
    """

    type: str
    display_name: str | None
    kms_key_id: str | None
    copies_kms_key_id: str | None


class PoolRow(TypedDict):
    """An instance pool that uses a configuration."""

    id: str
    compartment_id: str | None
    display_name: str | None
    lifecycle_state: str | None


class SourceRow(TypedDict):
    """An instance configuration or a node pool, with the volumes that are created from it.

    ``unknown`` says in words why ``volumes`` may lack some, and is None if they are all. ``pools`` are those that use a
    configuration. A configuration has no state; one that could not be read has no name and no compartment either.
    """

    id: str
    type: str
    region: str
    compartment_id: str | None
    display_name: str | None
    lifecycle_state: str | None
    volumes: list[CreatedVolumeRow]
    unknown: str | None
    pools: list[PoolRow]


class NewVolumes(TypedDict):
    """What a discovery found. ``complete`` is false if a list or a configuration could not be read: it is unknown what
    is there. ``unreadable`` says which, of the types instance_configuration, instance_pool and node_pool."""

    complete: bool
    unreadable: list[UnreadableRow]
    sources: list[SourceRow]


def pool_count(source: SourceRow) -> int:
    """The pools that create volumes from it: of a node pool itself."""
    return 1 if source["type"] == NODE_POOL else len(source["pools"])


def lists_all_pools(found: NewVolumes | None, whole_tenancy: bool | None) -> bool:
    """Whether a configuration for which no pool was found has none. A pool may be in any compartment of the region, so
    unless each one was listed, that is not known."""
    return found is not None and found["complete"] and whole_tenancy is True


def keys_of(source: SourceRow) -> list[str | None]:
    """The keys of the volumes that are created, each once, the Oracle-managed one (None) first."""
    return sorted({volume["kms_key_id"] for volume in source["volumes"]}, key=lambda key: key or "")


def keys_handed_on(sources: Iterable[SourceRow]) -> set[tuple[str, str]]:
    """Each customer-managed key that volumes get, with its region. Those of copies are used in a region that the backup
    policy names."""
    return {(key, source["region"]) for source in sources for key in keys_of(source) if key is not None}


def uses_key(source: SourceRow, kms_key_id: str) -> bool:
    """Whether volumes, or copies of them, get this key."""
    return any(kms_key_id in (volume["kms_key_id"], volume["copies_kms_key_id"]) for volume in source["volumes"])


def name_of(row: Mapping[str, object]) -> str:
    """The name of a source or of a pool, or else its OCID."""
    return str(row["display_name"] or row["id"])
