# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas in a plan: what they are replicas of, on which their key is changed. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .._documents.plan_file import PlanEntry
from .._model.resource_types import NODE_POOL, REPLICA, RESOURCE_TYPES
from .._model.rows import ResourceRow


class Replicated:
    """The replicas of a discovery, by what they are replicas of: a key is changed on that."""

    def __init__(self, resources: Sequence[ResourceRow]) -> None:
        replicas = [row for row in resources if row["type"] == REPLICA]
        self._keys = {row["id"]: row["kms_key_id"] for row in replicas}
        self._by_source = Counter(source_of(row) for row in replicas)

    def follows_group(self, resource: ResourceRow) -> bool:
        """Whether it is the replica of a group's member, and that of the group is there: both get one key."""
        return resource["type"] == REPLICA and resource["group_id"] in self._keys

    def is_left_behind(self, resource: ResourceRow, wanted: str | None) -> bool:
        """Whether the replica of a group's member lacks the key that the group's has: no plan changes it."""
        group_id = resource["group_id"]
        return (
            group_id is not None
            and self.follows_group(resource)
            and self._keys[group_id] == wanted
            and resource["kms_key_id"] != wanted
        )

    def reason_to_block(self, resource: ResourceRow) -> tuple[str, str] | None:
        """Why the key of a replica can't be changed by a plan, and what to do."""
        if resource["type"] != REPLICA:
            return None
        source = source_of(resource)
        if source is None:
            return "its source is not known", "Discover again with this version of the collection"
        if self.follows_group(resource):
            return (
                "on another key than the replica of its volume group, which is on the right one",
                "Switch the replication of the volume group off and on in the console. Everything is copied again, on "
                "its key",
            )
        if resource["group_id"] is not None:
            return (
                "replicated with its volume group, which was not found",
                "Include the region and the compartment of the volume group",
            )
        if self._by_source[source] > 1:
            return (
                "its source has several replicas",
                "Use the module replica_kms_key for each of their regions, with 'destination_region'",
            )
        return None


def source_of(resource: ResourceRow) -> str | None:
    """What a replica is one of; None where the file does not say it, and for other resources."""
    return resource.get("source_id") if resource["type"] == REPLICA else None


def node_pool_warnings(entries: Iterable[PlanEntry]) -> list[str]:
    """That the key of a node pool is not that of the nodes that exist."""
    count = sum(entry["type"] == NODE_POOL for entry in entries)
    if not count:
        return []
    return [f"{RESOURCE_TYPES.count(NODE_POOL, count)}: only new nodes get the key; those that exist keep theirs."]


def recreation_warnings(entries: Iterable[PlanEntry]) -> list[str]:
    """What it takes to change the keys of replicas that the service does not change in place."""
    count = sum(entry.get("recreate", False) for entry in entries)
    if not count:
        return []
    return [
        f"{RESOURCE_TYPES.count(REPLICA, count)}: where OCI leaves the key as it was, replication is switched off and "
        "on. That deletes the replica and copies everything again; until then there is none."
    ]
