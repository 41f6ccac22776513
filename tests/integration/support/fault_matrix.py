# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix: every API operation that the product uses, by every fault, by how often it strikes.

An operation has a place for each way in which the product depends on it. What can't be is left out by a rule with a
reason, and by nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from integration.support import fault_scenarios as scenarios
from integration.support.fault_scenarios import LISTED, Scenario
from integration.support.rekey_helpers import FRA, IAD, PHX

from simulator.operations import ALL

_DENIED = {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "No."}
TRIES = 5
"""How often a read is tried in all, by the ReadRetry that the cells run with."""


@dataclass(frozen=True)
class Fault:
    """``commits``: whether what it spoils has been done all the same. ``code`` and ``status`` are told of it.

    ``is_wrong``: the answer is well formed, and wrong. ``details`` are those of the rule, ``sort`` tells kinds with
    several of them apart.
    """

    kind: str
    code: str = "NoAnswer"
    status: int | None = None
    commits: bool = False
    is_wrong: bool = False
    sort: str = ""
    details: tuple[tuple[str, Any], ...] = ()

    @property
    def name(self) -> str:
        return f"{self.kind}{f'-{self.sort}' if self.sort else ''}"


def _wrong(kind: str, sort: str = "", **details: Any) -> Fault:
    return Fault(kind, commits=True, is_wrong=True, sort=sort, details=tuple(details.items()))


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("throttle", "TooManyRequests", 429),
        Fault("error_500", "InternalServerError", 500),
        Fault("bad_gateway", "NoErrorCode", 502),
        Fault("unavailable", "ServiceUnavailable", 503),
        Fault("refuse"),
        Fault("drop_before"),
        Fault("drop_after", commits=True),
        Fault("slow", commits=True),
        Fault("garbage", commits=True),
        Fault("truncated", commits=True),
        Fault("empty_page"),
        Fault("page_expired", "InvalidParameter", 400),
        Fault("stale_list"),
        Fault("clock_skew", "NotAuthenticated", 401),
        Fault("token_expired", "NotAuthenticated", 401),
        _wrong("trickle", seconds=0.005),
        _wrong("redirect"),
        _wrong("other_record"),
        *(_wrong("foreign_row", of, of=of) for of in ("compartment", "type", "realm")),
        _wrong("lagging_row"),
        _wrong("bare_record"),
        _wrong("odd_value", "false", value=False),
        _wrong("odd_value", "zero", value=0),
        _wrong("odd_value", "nan", value=math.nan),
        _wrong("odd_value", "list", value=["ocid1.key.oc1.iad.vault.key"]),
        _wrong("odd_value", "nan-in-tag", field="freeformTags.size", value=math.nan),
        _wrong("repeated_member", "id"),
        _wrong("repeated_member", "key", field="kmsKeyId"),
        _wrong("foreign_endpoint"),
        _wrong("unknown_region"),
        _wrong("repeating_token"),
        _wrong("endless_pages"),
    )
}
TIMES = {"once": 1, "three_times": 3, "for_ever": None}


class Need(Enum):
    """What the product needs an answer for."""

    RESOURCE = "to know what a resource has, before anything is changed"
    SHORT_CUT = "for nothing that it could not have in another way"
    NAMES = "to call a place by its name"
    KEY = "to judge the key that is to be assigned"
    CAUTION = "for a word of caution"
    PLACE = "to know where to work at all"
    FRESHNESS = "to see a resource right before it is written"
    CHANGE = "it is the change itself"
    OWNER = "to know what it is about to delete"
    PROOF = "to know what a change did, before it goes on"
    SIGHT = "to see an accepted change take effect"
    LISTING = "to see a part of the tenancy"
    TREE = "to see which compartments there are"
    KEY_TOLD = "to tell of a key"


@dataclass(frozen=True)
class Place:
    """Where the product calls an operation, and what for.

    ``after``: so many calls pass first. ``page_two``: so many pass before a second page is asked for; None where no
    token is ever sent. ``tries``: how often it is asked before the product does without. ``stand_ins``: how many
    other regions answer in place of one that refuses. ``is_last``: nothing is asked of OCI after it.
    """

    operation: str
    scenario: Scenario
    need: Need
    where: str = ""
    after: int = 0
    page_two: int | None = None
    tries: int = TRIES
    stand_ins: int = 0
    is_last: bool = False

    @property
    def name(self) -> str:
        return f"{self.operation}{f'-{self.where}' if self.where else ''}"


def _places_of_volumes(kind: str, name: str) -> list[Place]:
    few, many = scenarios.keys_of_volumes(kind), scenarios.keys_of_volumes(kind, LISTED)
    return [
        Place(f"Get{name}", few, Need.RESOURCE),
        Place(f"Get{name}", few, Need.FRESHNESS, "before-a-write", after=2),
        Place(f"Get{name}", few, Need.SIGHT, "settling", after=4),
        Place(f"List{name}s", many, Need.SHORT_CUT, "reading", page_two=1),
        Place(f"List{name}s", many, Need.SIGHT, "settling", after=1, page_two=3),
        Place(f"Update{name}KmsKey", few, Need.CHANGE),
        Place(f"Delete{name}KmsKey", scenarios.keys_of_volumes(kind, state="absent"), Need.CHANGE),
        Place(f"List{name}s", scenarios.discovery(kind), Need.LISTING, "discovery", page_two=1),
    ]


def _places_of_backups(kind: str, name: str) -> list[Place]:
    few = scenarios.keys_of_backups(kind)
    return [
        Place(f"Get{name}", few, Need.RESOURCE),
        Place(f"Get{name}", few, Need.FRESHNESS, "before-a-write", after=2),
        Place(f"Get{name}", few, Need.SIGHT, "settling", after=4),
        Place(f"List{name}s", scenarios.keys_of_backups(kind, LISTED), Need.SHORT_CUT, "reading", page_two=1),
        Place(f"Update{name}", few, Need.CHANGE),
        Place(f"Update{name}", scenarios.copies(kind, there=True), Need.CHANGE, "of-a-copy"),
        Place(f"List{name}s", scenarios.discovery(kind), Need.LISTING, "discovery", page_two=1),
        Place(f"List{name}s", scenarios.copies(kind), Need.RESOURCE, "of-copies", page_two=1),
        Place(f"Copy{name}", scenarios.copies(kind), Need.CHANGE),
    ]


def _places_of_replicas(kind: str, name: str) -> list[Place]:
    in_place, again = scenarios.replicas_of(kind), scenarios.replicas_of(kind, replica_key_change="ignored")
    return [
        Place(f"Update{name}", in_place, Need.CHANGE, "of-a-replica"),
        Place(f"Update{name}", again, Need.CHANGE, "to-delete-a-replica", after=2),
        Place(f"Update{name}", again, Need.CHANGE, "to-make-a-replica", after=4),
        Place(f"Get{name}", in_place, Need.RESOURCE, "of-a-replica"),
    ]


_ASSIGNMENTS = scenarios.discovery("policy_assignment")
_REPLICATED = scenarios.discovery("replica", regions=[IAD])
_REPLICAS = scenarios.discovery("replica", regions=[FRA])
_REPLACED = scenarios.policies(has="key-everywhere", switches=(("assignment_repost", "conflict"),))
_WITHOUT_DOMAIN = (("boot_list_without_domain", "refused"),)
_NO_TREE = (("ListCompartments", _DENIED),)
_AT_HOME = scenarios.key_validation("key-everywhere", PHX, vault_get_in_replica_region="not_found")

PLACES: tuple[Place, ...] = (
    *_places_of_volumes("volume", "Volume"),
    *_places_of_volumes("boot_volume", "BootVolume"),
    *_places_of_backups("volume_backup", "VolumeBackup"),
    *_places_of_backups("boot_volume_backup", "BootVolumeBackup"),
    *_places_of_replicas("volume", "Volume"),
    *_places_of_replicas("boot_volume", "BootVolume"),
    *_places_of_replicas("volume_group", "VolumeGroup"),
    Place("ListVolumeGroups", _REPLICATED, Need.LISTING, "of-replicas", page_two=1),
    Place("GetVolumeGroupBackup", scenarios.keys_of_group_backups(), Need.RESOURCE),
    Place("ListVolumeGroupBackups", scenarios.copies("volume_group_backup"), Need.RESOURCE, page_two=1),
    Place("CopyVolumeGroupBackup", scenarios.copies("volume_group_backup"), Need.CHANGE),
    Place("GetVolumeGroup", scenarios.policies("volume_group", has=None), Need.RESOURCE),
    Place(
        "ListVolumeGroups", scenarios.policies("volume_group", LISTED, has=None), Need.SHORT_CUT, "reading", page_two=1
    ),
    Place("ListVolumeGroups", _ASSIGNMENTS, Need.LISTING, "discovery", page_two=1),
    Place("GetVolumeBackupPolicyAssetAssignment", scenarios.policies(has="key-everywhere", given=False), Need.RESOURCE),
    Place("GetVolumeBackupPolicyAssetAssignment", scenarios.policies(has=None), Need.SIGHT, "settling", after=4),
    Place("GetVolumeBackupPolicyAssetAssignment", scenarios.policies(), Need.FRESHNESS, "before-a-write", after=2),
    Place("GetVolumeBackupPolicyAssetAssignment", scenarios.policies(), Need.PROOF, "changing", after=4),
    Place("GetVolumeBackupPolicyAssetAssignment", _ASSIGNMENTS, Need.LISTING, "discovery"),
    Place("GetVolumeBackupPolicyAssignment", scenarios.policies(state="unassigned", given=False), Need.OWNER),
    Place("GetVolumeBackupPolicy", scenarios.policies(has=None), Need.PLACE, "given"),
    Place("GetVolumeBackupPolicy", scenarios.policies(given=False), Need.RESOURCE, "assigned"),
    Place("GetVolumeBackupPolicy", _ASSIGNMENTS, Need.LISTING, "discovery"),
    Place("CreateVolumeBackupPolicyAssignment", scenarios.policies(has=None), Need.CHANGE, "new"),
    Place("CreateVolumeBackupPolicyAssignment", _REPLACED, Need.CHANGE, "in-place-of-another", after=2),
    Place("DeleteVolumeBackupPolicyAssignment", scenarios.policies(state="unassigned", given=False), Need.CHANGE),
    Place("DeleteVolumeBackupPolicyAssignment", _REPLACED, Need.CHANGE, "to-replace-it"),
    Place("GetBlockVolumeReplica", _REPLICAS, Need.SHORT_CUT, is_last=True),
    Place("GetBootVolumeReplica", _REPLICAS, Need.SHORT_CUT, is_last=True),
    Place("ListBlockVolumeReplicas", _REPLICAS, Need.LISTING, page_two=1),
    Place("ListBootVolumeReplicas", _REPLICAS, Need.LISTING, page_two=1),
    Place("ListVolumeAttachments", scenarios.attachments("volume"), Need.LISTING, page_two=1),
    Place("ListBootVolumeAttachments", scenarios.attachments("boot_volume"), Need.LISTING, page_two=1),
    Place("ListInstances", scenarios.attachments("volume"), Need.LISTING, page_two=1, is_last=True),
    Place("ListInstanceConfigurations", scenarios.new_volumes("instance_configurations"), Need.LISTING, page_two=1),
    Place("ListInstancePools", scenarios.new_volumes("instance_pools"), Need.LISTING, page_two=1),
    Place("ListNodePools", scenarios.new_volumes("node_pools"), Need.LISTING, page_two=1),
    Place("GetInstanceConfiguration", scenarios.new_volumes("instance_configurations"), Need.LISTING, is_last=True),
    Place("GetNodePool", scenarios.new_volumes("node_pools", lists_show_keys=False), Need.LISTING, is_last=True),
    Place("GetNodePool", scenarios.NODE_POOLS, Need.RESOURCE, "to-change-it"),
    Place("UpdateNodePool", scenarios.NODE_POOLS, Need.CHANGE),
    Place("GetInstancePool", scenarios.INSTANCE_POOLS, Need.RESOURCE),
    Place("GetInstanceConfiguration", scenarios.INSTANCE_POOLS, Need.RESOURCE, "of-a-pool"),
    Place("CreateInstanceConfiguration", scenarios.INSTANCE_POOLS, Need.CHANGE),
    Place("UpdateInstancePool", scenarios.INSTANCE_POOLS, Need.CHANGE),
    Place("SearchResources", scenarios.key_validation(), Need.SHORT_CUT, "validation"),
    Place("SearchResources", scenarios.key_info(), Need.SHORT_CUT, "key-info"),
    Place("SearchResources", scenarios.shards(), Need.SHORT_CUT, "inventory"),
    Place("ListBootVolumes", scenarios.shards(), Need.LISTING, "inventory"),
    Place("GetVault", scenarios.key_validation(), Need.SHORT_CUT),
    Place("ListVaultReplicas", _AT_HOME, Need.SHORT_CUT),
    Place("GetKey", scenarios.key_validation(), Need.KEY),
    Place("GetKey", scenarios.key_validation(search_hides="keys"), Need.KEY, "at-a-guess", tries=3),
    Place("GetKey", scenarios.key_info(), Need.KEY_TOLD, "key-info"),
    Place("ListKeyVersions", scenarios.key_validation(), Need.CAUTION),
    Place("ListKeyVersions", scenarios.key_info(), Need.CAUTION, "key-info", page_two=1, is_last=True),
    Place("ListRegionSubscriptions", scenarios.copies("volume_backup"), Need.PLACE, "copies", stand_ins=1),
    Place("ListRegionSubscriptions", scenarios.discovery("volume", regions=["all"]), Need.PLACE, "discovery"),
    Place(
        "ListCompartments",
        scenarios.discovery("volume", everywhere=True, many_compartments=True),
        Need.TREE,
        page_two=1,
    ),
    Place("GetTenancy", scenarios.discovery("volume", everywhere=True), Need.NAMES),
    Place("GetCompartment", scenarios.discovery("volume", hinders=_NO_TREE, recursive=False), Need.NAMES),
    Place("ListAvailabilityDomains", scenarios.discovery("boot_volume", switches=_WITHOUT_DOMAIN), Need.LISTING),
)

CONNECT = "Connect"
"""What comes before any operation, and can only be refused."""
PLACES += (
    Place(CONNECT, scenarios.keys_of_volumes("volume"), Need.RESOURCE, "changing"),
    Place(CONNECT, scenarios.discovery("volume"), Need.TREE, "looking"),
)

_OPERATIONS = {operation.name: operation for operation in ALL}
_ROW_FAULTS = (
    "empty_page",
    "page_expired",
    "stale_list",
    "foreign_row",
    "lagging_row",
    "repeating_token",
    "endless_pages",
)
_OF_ASSET = "GetVolumeBackupPolicyAssetAssignment"
_WITHOUT_ID = {"ListRegionSubscriptions", "ListAvailabilityDomains"}
_WITHOUT_KEY = {operation.name for operation in ALL if operation.service in ("identity", "kms", "management", "query")}
_UNCHANGING = {"ListCompartments", "ListKeyVersions", "ListVaultReplicas", "SearchResources"}
_UNCHANGING |= {"ListBlockVolumeReplicas", "ListBootVolumeReplicas"}
_COMPUTE = {"ListVolumeAttachments", "ListBootVolumeAttachments", "ListInstances"}
_UNCHANGING |= _COMPUTE
_WITHOUT_KEY |= _COMPUTE

_REFUSING = (
    "throttle",
    "error_500",
    "bad_gateway",
    "unavailable",
    "refuse",
    "drop_before",
    "clock_skew",
    "token_expired",
)

Excludes = Callable[[Place, Fault, str], bool]
EXCLUSIONS: dict[str, Excludes] = {
    "a deleted replica that nobody can make is in the journal alone, which is another one then": (
        lambda place, fault, times: (
            times == "for_ever" and place.where == "to-make-a-replica" and fault.kind in _REFUSING
        )
    ),
    "nothing is asked yet that could be answered wrongly": lambda place, fault, _: (
        place.operation == CONNECT and fault.kind != "refuse"
    ),
    "what it asks for is no list, so that there are no pages": lambda place, fault, _: (
        fault.kind in _ROW_FAULTS and not _OPERATIONS[place.operation].is_list
    ),
    "it never asks for a second page, so that there is no token to expire": lambda place, fault, _: (
        fault.kind == "page_expired" and _OPERATIONS[place.operation].is_list and place.page_two is None
    ),
    "what it lists is changed by nobody meanwhile: the simulator keeps no former state of it": lambda place, fault, _: (
        fault.kind in ("stale_list", "lagging_row") and place.operation in _UNCHANGING
    ),
    "nothing else tells which policy an asset has, so that nobody could know of a former one": lambda place, fault, _: (
        fault.kind in ("stale_list", "lagging_row") and place.operation == _OF_ASSET
    ),
    "its answer has no body that could end too early": lambda place, fault, _: (
        (fault.kind == "truncated" or (fault.is_wrong and fault.kind != "redirect"))
        and _OPERATIONS[place.operation].method == "DELETE"
    ),
    "only vaults name endpoints": lambda place, fault, _: (
        fault.kind == "foreign_endpoint" and place.operation not in ("GetVault", "ListVaultReplicas")
    ),
    "only backup policies name a region that may be unknown": lambda place, fault, _: (
        fault.kind == "unknown_region" and place.operation != "GetVolumeBackupPolicy"
    ),
    "another record in a list is a row too few, which nobody could notice": lambda place, fault, _: (
        fault.kind == "other_record"
        and (place.operation in _WITHOUT_ID or (_OPERATIONS[place.operation].is_list and place.operation != _OF_ASSET))
    ),
    "its records have no id, or no compartment": lambda place, fault, _: (
        fault.kind == "foreign_row"
        and (
            place.operation in _WITHOUT_ID | {"ListVaultReplicas"}
            or (fault.sort == "compartment" and place.operation == _OF_ASSET)
        )
    ),
    "its records have no key of which something odd could be told": lambda place, fault, _: (
        fault.name.startswith(("odd_value", "repeated_member-key"))
        and fault.sort != "nan-in-tag"
        and (place.operation in _WITHOUT_KEY or place.operation.startswith(("GetVolumeGroup", "ListVolumeGroup")))
    ),
}


@dataclass(frozen=True)
class Cell:
    place: Place
    fault: Fault
    times: str

    @property
    def count(self) -> int | None:
        return TIMES[self.times]

    @property
    def name(self) -> str:
        return f"{self.place.name}-{self.fault.name}-{self.times}"

    @property
    def is_paged(self) -> bool:
        return self.fault.kind == "page_expired"

    @property
    def is_lagging(self) -> bool:
        return self.fault.kind in ("stale_list", "lagging_row")

    @property
    def after(self) -> int:
        return (self.place.page_two or 0) if self.is_paged else self.place.after

    @property
    def excluded(self) -> str | None:
        """The reason why it can't be, if there is one."""
        return next((why for why, excludes in EXCLUSIONS.items() if excludes(self.place, self.fault, self.times)), None)


def _one_in(cell: Cell) -> int:
    return (24 if cell.times == "once" else 72) * (3 if cell.fault.is_wrong else 1)


EVERY_CELL = tuple(Cell(place, fault, times) for place in PLACES for fault in FAULTS.values() for times in TIMES)
CELLS = tuple(cell for cell in EVERY_CELL if cell.excluded is None)


def _sample() -> tuple[Cell, ...]:
    """Of all cells some, with each fault and each operation among them."""
    chosen = [
        cell for cell in CELLS if (PLACES.index(cell.place) + list(FAULTS).index(cell.fault.name)) % _one_in(cell) == 0
    ]
    faults, operations = {cell.fault.name for cell in chosen}, {cell.place.operation for cell in chosen}
    for cell in CELLS:
        if cell.fault.name not in faults or cell.place.operation not in operations:
            chosen.append(cell)
            faults.add(cell.fault.name)
            operations.add(cell.place.operation)
    return tuple(chosen)


QUICK_CELLS = _sample()
"""For ``make test``: one in 24 of what goes wrong once, and a few of the rest."""
