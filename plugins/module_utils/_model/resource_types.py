# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of resource types. Choices of options, plans, reports, words and OCID checks are derived from its rows.

How a type is read, listed and changed is code: ``_resources/registry.py`` maps the names of the rows to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

ASSIGNMENT = "policy_assignment"
REPLICA = "replica"
NODE_POOL = "node_pool"
INSTANCE_POOL = "instance_pool"
INSTANCE_CONFIGURATION = "instance_configuration"

# Families: what types have in common. A type that shares nothing with these gets a family of its own, and is searched,
# sharded and reported by default.
VOLUMES = "volumes"
"""Backup policies can be assigned to them, and they can have replicas."""
BACKUPS = "backups"
ASSIGNMENTS = "assignments"
REPLICAS = "replicas"
GROUPS = "groups"
"""Volume groups: backup policies can be assigned to them, but they have no key."""
NODE_POOLS = "node pools"
"""Node pools of Container Engine (OKE): they have no data, but a key that new nodes get."""
INSTANCE_POOLS = "instance pools"
"""Instance pools and their configurations: they have no data, but keys that the volumes of new instances get."""
GROUP_BACKUPS = "group backups"
"""Backups of volume groups: they have no key, their members have."""


@dataclass(frozen=True)
class ResourceType:
    """One type of Block Volume resource."""

    name: str
    """The name in options and results."""
    ocid_types: tuple[str, ...]
    """The types in its OCIDs, the usual one first."""
    singular: str
    plural: str
    family: str
    order_of_change: int | None = None
    """Its place among the changes of a plan; None if plans never change it."""
    column: str = ""
    """The plural where room is scarce: the heading of a column of the report's chart."""
    recommendation: str = ""
    """The number of the recommendation about its encryption in the CIS benchmark, if there is one."""

    def count(self, number: int) -> str:
        """ "1 boot volume", "1,200 boot volumes" """
        return f"{number:,} {self.singular if number == 1 else self.plural}"


class ResourceTypes:
    """Some rows of the table. Everything is computed from ``rows`` at each access, so a new row needs no other edit."""

    def __init__(self, rows: Iterable[ResourceType]) -> None:
        self.rows = tuple(rows)

    def __iter__(self) -> Iterator[ResourceType]:
        return iter(self.rows)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.rows)

    @property
    def ocid_types(self) -> tuple[str, ...]:
        return tuple(ocid_type for row in self.rows for ocid_type in row.ocid_types)

    @property
    def with_key(self) -> ResourceTypes:
        """The types that have a key: those that discovery and reports know, in the order of reports."""
        return self._where(lambda row: row.family not in (INSTANCE_POOLS, GROUPS, GROUP_BACKUPS))

    @property
    def with_data(self) -> ResourceTypes:
        """Of these, the ones whose key protects data: those that a report has to look at. What new volumes are born
        with is a matter of its own."""
        return self._where(lambda row: row.family not in (NODE_POOLS, INSTANCE_POOLS, GROUPS, GROUP_BACKUPS))

    @property
    def discovered_by_default(self) -> ResourceTypes:
        """Without replicas, whose key their source lists too, assignments, which cost a call for each asset, and node
        pools, which have no data."""
        return self.with_data._where(lambda row: row.family not in (ASSIGNMENTS, REPLICAS))

    @property
    def volumes(self) -> ResourceTypes:
        return self._where(lambda row: row.family == VOLUMES)

    @property
    def backups(self) -> ResourceTypes:
        """Backups that have a key, so not those of volume groups."""
        return self._where(lambda row: row.family == BACKUPS)

    @property
    def copyable(self) -> ResourceTypes:
        """Backups that can be copied to another region."""
        return self._where(lambda row: row.family in (BACKUPS, GROUP_BACKUPS))

    @property
    def assets(self) -> ResourceTypes:
        """The types that backup policies can be assigned to."""
        return self._where(lambda row: row.family in (VOLUMES, GROUPS))

    @property
    def groups(self) -> ResourceTypes:
        return self._where(lambda row: row.family == GROUPS)

    @property
    def in_shards(self) -> ResourceTypes:
        """The types of which one resource is enough to make its compartment a shard.

        All but those that are nowhere without another one: assignments have an asset, group backups have members. The
        key of a replica is changed on its source. Node pools are not of Block Volume.
        """
        return self._where(
            lambda row: row.family not in (ASSIGNMENTS, REPLICAS, NODE_POOLS, INSTANCE_POOLS, GROUP_BACKUPS)
        )

    @property
    def reported(self) -> ResourceTypes:
        """The types that rows of a report may have: those with a key, and pools that were pointed elsewhere."""
        return self._where(lambda row: row.family not in (GROUPS, GROUP_BACKUPS))

    @property
    def choosable(self) -> ResourceTypes:
        """The types that plans change where they are asked for. Instance pools are only put back."""
        return self._where(lambda row: row.order_of_change is not None and row.family != INSTANCE_POOLS)

    @property
    def changeable(self) -> ResourceTypes:
        """The types that plans change."""
        return self._where(lambda row: row.order_of_change is not None)

    @property
    def changed_by_default(self) -> ResourceTypes:
        """Of these, the ones that need not be asked for. The keys of replicas may have to be paid for with a copy of
        everything; those of node pools are for what does not exist yet."""
        return self.choosable._where(lambda row: row.family not in (REPLICAS, NODE_POOLS))

    @property
    def changed_by_ocid(self) -> ResourceTypes:
        """Of these, the ones whose entries go by their own OCID; those of assignments go by their asset, those of
        replicas by their source."""
        return self._where(lambda row: row.order_of_change is not None and row.family not in (ASSIGNMENTS, REPLICAS))

    @property
    def in_order_of_change(self) -> ResourceTypes:
        """The types that plans change, sorted by what is changed first."""
        return ResourceTypes(sorted(self.changeable, key=lambda row: row.order_of_change or 0))

    def get(self, name: str) -> ResourceType | None:
        return next((row for row in self.rows if row.name == name), None)

    def __getitem__(self, name: str) -> ResourceType:
        row = self.get(name)
        if row is None:
            raise KeyError(name)
        return row

    @property
    def by_ocid_type(self) -> dict[str, ResourceType]:
        return {ocid_type: row for row in self.rows for ocid_type in row.ocid_types}

    def rank(self, name: str) -> int:
        """The place of a type among these rows; unknown types come last."""
        names = self.names
        return names.index(name) if name in names else len(names)

    def count(self, name: str, number: int) -> str:
        """ "1 boot volume", "1,200 boot volumes"; an unknown type as it is named"""
        row = self.get(name)
        return row.count(number) if row is not None else f"{number:,} {name}"

    def _where(self, condition: Callable[[ResourceType], bool]) -> ResourceTypes:
        return ResourceTypes(filter(condition, self.rows))


# Policy assignments are changed first, so that copies made meanwhile get the new key, and volumes before their backups
# and their replicas.
RESOURCE_TYPES = ResourceTypes(
    (
        ResourceType(
            name="volume",
            ocid_types=("volume",),
            singular="block volume",
            plural="block volumes",
            family=VOLUMES,
            order_of_change=2,
            recommendation="5.2.1",
        ),
        ResourceType(
            name="boot_volume",
            ocid_types=("bootvolume",),
            singular="boot volume",
            plural="boot volumes",
            family=VOLUMES,
            order_of_change=3,
            recommendation="5.2.2",
        ),
        ResourceType(
            name="volume_backup",
            ocid_types=("volumebackup",),
            singular="volume backup",
            plural="volume backups",
            family=BACKUPS,
            order_of_change=4,
        ),
        ResourceType(
            name="boot_volume_backup",
            ocid_types=("bootvolumebackup",),
            singular="boot volume backup",
            plural="boot volume backups",
            column="boot backups",
            family=BACKUPS,
            order_of_change=5,
        ),
        ResourceType(
            name=ASSIGNMENT,
            ocid_types=("volumebackuppolicyassign", "volumebackuppolicyassignment"),
            singular="backup policy assignment",
            plural="backup policy assignments",
            column="policy copies",
            family=ASSIGNMENTS,
            order_of_change=1,
        ),
        ResourceType(
            name=REPLICA,
            ocid_types=("blockvolumereplica", "bootvolumereplica", "volumegroupreplica"),
            singular="replica",
            plural="replicas",
            family=REPLICAS,
            order_of_change=6,
        ),
        ResourceType(
            name=NODE_POOL,
            ocid_types=("nodepool",),
            singular="node pool",
            plural="node pools",
            family=NODE_POOLS,
            order_of_change=7,
        ),
        ResourceType(
            name=INSTANCE_POOL,
            ocid_types=("instancepool",),
            singular="instance pool",
            plural="instance pools",
            family=INSTANCE_POOLS,
            order_of_change=8,
        ),
        ResourceType(
            name=INSTANCE_CONFIGURATION,
            ocid_types=("instanceconfiguration",),
            singular="instance configuration",
            plural="instance configurations",
            family=INSTANCE_POOLS,
        ),
        ResourceType(
            name="volume_group",
            ocid_types=("volumegroup",),
            singular="volume group",
            plural="volume groups",
            family=GROUPS,
        ),
        ResourceType(
            name="volume_group_backup",
            ocid_types=("volumegroupbackup",),
            singular="volume group backup",
            plural="volume group backups",
            family=GROUP_BACKUPS,
        ),
    )
)
"""Every type, in the order of documentation and reports."""
