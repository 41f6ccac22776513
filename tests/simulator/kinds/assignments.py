# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assignments of backup policies to volumes, boot volumes and volume groups (oci_semantics.md sections 0.11, 1.5)."""

from __future__ import annotations

from simulator.fleet import Entry
from simulator.state import CloudState, Resource
from simulator.wire import Json, date, etag

from .groups import VolumeGroup
from .keys import Key
from .policies import Policy
from .volumes import Volume

Asset = Volume | VolumeGroup


class Assigned(dict[str, "Assignment"]):
    """The assignments by asset, and what each asset had before its last change, for stale answers."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, Json | None] = {}

    def remember(self, asset_id: str) -> None:
        old = self.get(asset_id)
        self.before[asset_id] = old.document() if old else None


class Assignment(Resource):
    kind = "policy_assignment"

    __slots__ = (
        "asset_id",
        "compartment_id",
        "created",
        "id",
        "key",
        "may_inspect",
        "name",
        "policy",
        "region",
        "serial",
    )

    def __init__(
        self, cloud: CloudState, name: str, asset: Asset, policy: Policy, key: str | None, given: str | None = None
    ) -> None:
        self.name = name
        self.region = asset.region
        self.id = cloud.make_id("volumebackuppolicyassign", cloud.sites[asset.region], name, given)
        self.compartment_id = asset.compartment_id
        self.created = cloud.next_created()
        self.asset_id = asset.id
        self.policy = policy
        self.key = key
        self.may_inspect = True
        self.serial = 1

    @property
    def etag(self) -> str:
        return etag(self.id, self.serial)

    def document(self, asset_id: str | None = None) -> Json:
        return {
            "assetId": asset_id or self.asset_id,
            "id": self.id,
            "policyId": self.policy.id,
            "timeCreated": date(self.created),
            "xrcKmsKeyId": self.key,
        }

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        return None

    def truth(self, cloud: CloudState) -> Json:
        return self.document() | {"kind": self.kind, "name": self.name, "region": self.region, "etag": self.etag}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        cloud.shelf(Assigned).remember(self.asset_id)
        if entry.has("policy"):
            self.policy = _policy(cloud, entry, self.region)
        if entry.has("key"):
            key = entry.optional("key")
            self.key = cloud.named(Key, key, entry).id if key else None
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.serial += 1


def _policy(cloud: CloudState, entry: Entry, region: str) -> Policy:
    policy = cloud.named(Policy, entry.text("policy"), entry)
    if policy.region not in ("", region):
        raise entry.error(f"policy {policy.name!r} is not in {region}")
    return policy


def assign(cloud: CloudState, made: Assignment) -> None:
    """In place of the assignment that the asset has, if any."""
    book = cloud.shelf(Assigned)
    book.remember(made.asset_id)
    if made.asset_id in book:
        cloud.remove(book.pop(made.asset_id))
    cloud.create(made)
    book[made.asset_id] = made


def unassign(cloud: CloudState, gone: Assignment) -> None:
    book = cloud.shelf(Assigned)
    book.remember(gone.asset_id)
    cloud.remove(book.pop(gone.asset_id))


def load(fleet: Entry, cloud: CloudState) -> None:
    book = cloud.shelf(Assigned)
    for entry in fleet.entries("policy_assignments"):
        pattern, given = entry.text("asset"), entry.optional("id")
        count = entry.integer("count", 1)
        if count > 1 and "{n}" not in pattern:
            raise entry.error("with count, asset must hold {n}")
        for number in range(1, count + 1):
            copy = entry.copy()
            asset = cloud.lookup(pattern.replace("{n}", str(number)))
            if not isinstance(asset, Asset):
                raise entry.error(f"{asset.name!r} is neither a volume nor a volume group")
            if asset.id in book:
                raise entry.error(f"{asset.name!r} has a policy already")
            key = copy.optional("key")
            key_id = cloud.named(Key, key, copy).id if key else None
            policy = _policy(cloud, copy, asset.region)
            made = Assignment(cloud, f"{asset.name}-policy", asset, policy, key_id, given)
            copy.done()
            cloud.add(made, entry)
            book[asset.id] = made
