# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A volume's state and the life cycle of a key change (oci_semantics.md section 2).

No timers: a change remembers when it begins and ends, and every read first brings the volume up to the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from simulator.fleet import Entry
from simulator.ocids import ocid
from simulator.state import CloudState, Resource
from simulator.wire import Json, date, encode, etag

from .keys import Key

STATES = ("AVAILABLE", "PROVISIONING", "RESTORING", "TERMINATING", "TERMINATED", "FAULTY")
ORACLE_MANAGED: dict[str, Json] = {"null": {"kmsKeyId": None}, "absent": {}, "empty": {"kmsKeyId": ""}}


@dataclass(slots=True)
class Replica:
    """A replica in another region, as its source shows it (1.6)."""

    id: str
    name: str
    domain: str
    key: str | None
    #: The replica of its volume group that it belongs to.
    of_group: str | None = None


def shown_replicas(replicas: list[Replica], id_field: str) -> list[Json]:
    """Replicas as their source lists them."""
    return [
        {
            "displayName": replica.name,
            id_field: replica.id,
            "availabilityDomain": replica.domain,
            "kmsKeyId": replica.key,
        }
        for replica in replicas
    ]


@dataclass(slots=True)
class KeyChange:
    """A key change on its way. The target None is the Oracle-managed key."""

    target: str | None
    begins: float
    ends: float
    faulty: bool
    loses_replicas: bool
    #: It is no key change but a deletion.
    deletes: bool = False


class Volume(Resource):
    """What block volumes and boot volumes have in common; the class attributes are what differs."""

    title: ClassVar[str] = ""
    collection: ClassVar[str] = ""
    replica_list: ClassVar[str] = ""
    replica_id: ClassVar[str] = ""
    replica_type: ClassVar[str] = ""
    #: The parameters of its list.
    filters: ClassVar[str] = ""

    __slots__ = (
        "_json",
        "before",
        "before_state",
        "change",
        "compartment_id",
        "created",
        "details",
        "domain",
        "group_id",
        "id",
        "key",
        "locked",
        "may_inspect",
        "name",
        "region",
        "replicas",
        "rewraps",
        "serial",
        "size_gb",
        "state",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        site = cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name
        self.id = cloud.make_id(self.kind.replace("_", ""), site, name, entry.optional("id"))
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        number = entry.integer("availability_domain", 1)
        if number > len(site.domains):
            raise entry.error(f"{self.region} has no availability domain {number}")
        self.domain = site.domains[number - 1]
        self.state = entry.choice("state", "AVAILABLE", STATES)
        key = entry.optional("key")
        self.key: str | None = cloud.named(Key, key, entry).id if key else None
        self.size_gb = entry.integer("size_gb", 50)
        self.group_id = entry.optional("volume_group_id")
        self.locked = entry.flag("locked", False)
        self.may_inspect = entry.flag("may_inspect", True)
        self.replicas = [self._replica(cloud, row) for row in entry.entries("replicas")]
        self.details: Json = self._details(entry)
        self.change: KeyChange | None = None
        self.serial = 1
        self.rewraps = 0
        self._json: bytes | None = None
        #: What lists and search showed before the last change, for stale answers.
        self.before: bytes | None = None
        self.before_state = self.state

    def _details(self, entry: Entry) -> Json:
        return {
            "definedTags": entry.mapping("defined_tags"),
            "freeformTags": entry.mapping("freeform_tags"),
            "displayName": entry.optional("display_name") or self.name,
            "vpusPerGB": entry.integer("vpus_per_gb", 10, least=0),
            "isAutoTuneEnabled": False,
            "autotunePolicies": [],
        }

    def _replica(self, cloud: CloudState, entry: Entry) -> Replica:
        site = cloud.region_of(entry.text("region"), entry)
        key = entry.optional("key")
        made = Replica(
            id=ocid(self.replica_type, cloud.tenancy.realm, site.region.in_ocid, self.id),
            name=entry.text("name", f"{self.name}-replica"),
            domain=site.domains[0],
            key=cloud.named(Key, key, entry).id if key else None,
        )
        entry.done()
        return made

    # --- life cycle -------------------------------------------------------------------------------------------------

    def start(self, cloud: CloudState, target: str | None, now: float, *, delay: float = 0.0) -> None:
        """Begins a key change that the service has accepted."""
        switches = cloud.switches
        way, settle = switches["transition"], switches["settle"] + delay
        self.remember(cloud)
        self.change = KeyChange(
            target=target,
            begins=now + settle / 2 if way == "delayed_start" else now,
            ends=now if way == "immediate" else now + settle,
            faulty=way == "ends_faulty",
            loses_replicas=bool(target and self.replicas and switches["cmk_on_replicated"] == "replica_lost"),
        )
        self._kms_step(cloud)
        self.settle(cloud, now)

    def begin(self, cloud: CloudState, now: float) -> None:
        """The beginning of a volume's life: it has its key, and is PROVISIONING."""
        self.state = "PROVISIONING"
        self.change = KeyChange(self.key, now, now + cloud.switches["settle"], False, False)

    def terminate(self, cloud: CloudState, now: float) -> None:
        self.remember(cloud)
        self.state = "TERMINATING"
        self.change = KeyChange(self.key, now, now + cloud.switches["settle"], False, False, deletes=True)
        self.touched()

    def settle(self, cloud: CloudState, now: float) -> None:
        """Brings the volume up to the clock."""
        change = self.change
        if change is None:
            return
        if change.deletes:
            if now >= change.ends:
                self.change, self.state = None, "TERMINATED"
                self.touched()
        elif now >= change.ends:
            self.change = None
            self.state = "FAULTY" if change.faulty else "AVAILABLE"
            if not change.faulty:
                self.key = change.target
            if change.loses_replicas:
                self.replicas = []
            self._kms_step(cloud)
        elif now >= change.begins and self.state != "PROVISIONING":
            self.state = "PROVISIONING"
            self._kms_step(cloud)

    def _kms_step(self, cloud: CloudState) -> None:
        self._json = None
        if cloud.switches["etag_on_kms_change"] == "changes":
            self.serial += 1

    def remember(self, cloud: CloudState) -> None:
        """Keeps what is shown now, for stale lists and a lagging search."""
        self.before = self.render(cloud)
        self.before_state = self.state

    def touched(self) -> None:
        self.serial += 1
        self._json = None

    def forget(self) -> None:
        """Drops the rendered form, when a switch has changed what is shown."""
        self._json = None

    # --- what is shown ----------------------------------------------------------------------------------------------

    def shown_key(self, cloud: CloudState) -> str | None:
        if self.change is not None and cloud.switches["key_visible"] == "at_put":
            return self.change.target
        return self.key

    @property
    def etag(self) -> str:
        return etag(self.id, self.serial)

    def key_etag(self, cloud: CloudState) -> str:
        """That of kmsKey: a hash of its content, so the same for all volumes with that key (4)."""
        return etag(f"kmsKey/{self.shown_key(cloud)}", 0)

    def render(self, cloud: CloudState) -> bytes:
        """The volume as GET and lists show it, kept until it changes."""
        if self._json is None:
            self._json = encode(self.document(cloud))
        return self._json

    def document(self, cloud: CloudState) -> Json:
        key = self.shown_key(cloud)
        replicas = shown_replicas(self.replicas, self.replica_id)
        shown: Json = {
            "availabilityDomain": self.domain,
            "compartmentId": self.compartment_id,
            "systemTags": {},
            "id": self.id,
            "isHydrated": True,
            "lifecycleState": self.state,
            "clusterPlacementGroupId": None,
            "sizeInGBs": self.size_gb,
            "sizeInMBs": self.size_gb * 1024,
            "sourceDetails": None,
            "timeCreated": date(self.created),
            "volumeGroupId": self.group_id,
            "autoTunedVpusPerGB": self.details["vpusPerGB"],
            self.replica_list: replicas or None,
            **self.details,
        }
        shown.update({"kmsKeyId": key} if key else ORACLE_MANAGED[cloud.switches["oracle_managed_field"]])
        return shown

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        if region != self.region:
            return None
        stale = cloud.switches["search_lag"] == "on" and self.before is not None
        return {"lifecycleState": self.before_state if stale else self.state, "availabilityDomain": self.domain}

    def truth(self, cloud: CloudState) -> Json:
        return self.document(cloud) | {
            "kind": self.kind,
            "name": self.name,
            "region": self.region,
            "kmsKeyId": self.key,
            "pendingKmsKeyId": self.change.target if self.change else None,
            "changing": self.change is not None,
            "rewraps": self.rewraps,
            "locked": self.locked,
            "etag": self.etag,
            "kmsKeyEtag": self.key_etag(cloud),
        }

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        self.remember(cloud)
        if entry.has("key"):
            key: Any = entry.optional("key")
            self.key = cloud.named(Key, key, entry).id if key else None
            self.change = None
        if entry.has("state"):
            self.state = entry.choice("state", self.state, STATES)
            self.change = None
        if entry.has("compartment"):
            self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
            cloud.moved()
        if entry.has("replicas"):
            self.replicas = [self._replica(cloud, row) for row in entry.entries("replicas")]
        self.details["displayName"] = entry.text("display_name", self.details["displayName"])
        self.locked = entry.flag("locked", self.locked)
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.touched()


class BlockVolume(Volume):
    kind = "volume"
    search_type = "Volume"
    title = "Volume"
    collection = "volumes"
    replica_list = "blockVolumeReplicas"
    replica_id = "blockVolumeReplicaId"
    replica_type = "blockvolumereplica"
    filters = (
        "availabilityDomain, compartmentId, limit, page, displayName, sortBy, sortOrder, volumeGroupId,"
        " clusterPlacementGroupId, lifecycleState"
    )

    __slots__ = ()

    def _details(self, entry: Entry) -> Json:
        return super()._details(entry) | {"isReservationsEnabled": False}


class BootVolume(Volume):
    kind = "boot_volume"
    search_type = "BootVolume"
    title = "BootVolume"
    collection = "bootVolumes"
    replica_list = "bootVolumeReplicas"
    replica_id = "bootVolumeReplicaId"
    replica_type = "bootvolumereplica"
    filters = "availabilityDomain, compartmentId, limit, page, volumeGroupId"

    __slots__ = ()

    def document(self, cloud: CloudState) -> Json:
        return super().document(cloud) | {"imageId": ocid("image", cloud.tenancy.realm, self.id.split(".")[3], "linux")}


VOLUMES: tuple[type[Volume], ...] = (BlockVolume, BootVolume)
"""The kinds that are read and changed in the same way, in the order of the fleet file."""


def load(fleet: Entry, cloud: CloudState) -> None:
    for cls in VOLUMES:
        for entry in fleet.entries(f"{cls.kind}s"):
            for name in entry.series():
                copy = entry.copy()
                cloud.add(cls(cloud, copy, name), copy)
                copy.done()
