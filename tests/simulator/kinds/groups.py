# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volume groups and their backups: no key of their own, only members that have one (oci_semantics.md section 1.4)."""

from __future__ import annotations

from simulator.fleet import Entry
from simulator.ocids import ocid
from simulator.state import CloudState, Resource, Site
from simulator.wire import Json, date, encode, etag

from .backup_base import STATES as _BACKUP_STATES
from .backup_base import BackupBase
from .keys import Key
from .volumes import Replica, Volume, shown_replicas

STATES = ("AVAILABLE", "PROVISIONING", "UPDATE_PENDING", "TERMINATING", "TERMINATED", "FAULTY")


def _of_member(cloud: CloudState, member: Volume, of_group: Replica, former: Replica | None) -> Replica:
    """The replica of a member. Its OCID stays as long as that of the group's replica."""
    if former is not None and former.of_group == of_group.id:
        return Replica(former.id, former.name, former.domain, of_group.key, of_group.id)
    region = of_group.id.split(".")[3]
    made = ocid(member.replica_type, cloud.tenancy.realm, region, f"{member.id} {of_group.id}")
    return Replica(made, f"{member.name}-replica", of_group.domain, of_group.key, of_group.id)


class VolumeGroup(Resource):
    kind = "volume_group"
    search_type = "VolumeGroup"

    __slots__ = (
        "before",
        "compartment_id",
        "created",
        "details",
        "domain",
        "id",
        "may_inspect",
        "member_ids",
        "name",
        "region",
        "replicas",
        "serial",
        "size_gb",
        "state",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        site = cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name
        self.id = cloud.make_id("volumegroup", site, name, entry.optional("id"))
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        number = entry.integer("availability_domain", 1)
        if number > len(site.domains):
            raise entry.error(f"{self.region} has no availability domain {number}")
        self.domain = site.domains[number - 1]
        self.state = entry.choice("state", "AVAILABLE", STATES)
        self.may_inspect = entry.flag("may_inspect", True)
        self.details: Json = {
            "definedTags": entry.mapping("defined_tags"),
            "freeformTags": entry.mapping("freeform_tags"),
            "displayName": entry.optional("display_name") or name,
        }
        self.member_ids: list[str] = []
        self.size_gb = 0
        self.before: Json | None = None
        self.replicas: list[Replica] = []
        self._take_members(cloud, entry)
        self.serial = 1
        for row in entry.entries("replicas"):
            self._replicate_from(cloud, row)

    def _replicate_from(self, cloud: CloudState, entry: Entry) -> None:
        site = cloud.region_of(entry.text("region"), entry)
        key = entry.optional("key")
        made = Replica(
            id=ocid("volumegroupreplica", cloud.tenancy.realm, site.region.in_ocid, self.id),
            name=entry.text("name", f"{self.name}-replica"),
            domain=site.domains[0],
            key=cloud.named(Key, key, entry).id if key else None,
        )
        entry.done()
        self.replicate(cloud, [*self.replicas, made])

    def replicate(self, cloud: CloudState, replicas: list[Replica], *, preserves: bool = False) -> None:
        """Its replicas are these from now on, and those of its members follow; or stay, if it has none any more."""
        self.replicas = replicas
        for ident in self.member_ids:
            member = cloud.resources.get(ident)
            if not isinstance(member, Volume):
                continue
            former = {one.domain: one for one in member.replicas}
            if replicas or not preserves:
                member.replicas = [_of_member(cloud, member, one, former.get(one.domain)) for one in replicas]
            else:
                for one in member.replicas:
                    one.of_group = None
            member.touched()

    def _release(self, cloud: CloudState) -> None:
        for ident in self.member_ids:
            member = cloud.resources.get(ident)
            if isinstance(member, Volume):
                member.group_id = None
                member.touched()
        self.member_ids, self.size_gb = [], 0

    def dissolve(self, cloud: CloudState) -> None:
        """It goes, its volumes stay."""
        self.before = self.document(cloud)
        self._release(cloud)
        self.state = "TERMINATED"
        self.serial += 1

    def _take_members(self, cloud: CloudState, entry: Entry) -> None:
        """Block and boot volumes, by name or OCID."""
        self._release(cloud)
        for name in entry.rows("volumes"):
            member = cloud.lookup(str(name))
            if not isinstance(member, Volume) or member.region != self.region:
                raise entry.error(f"{name!r} is no volume of {self.region}")
            if member.group_id is not None:
                raise entry.error(f"{name!r} is in a volume group already")
            member.group_id = self.id
            member.touched()
            self.member_ids.append(member.id)
            self.size_gb += member.size_gb

    @property
    def etag(self) -> str:
        return etag(self.id, self.serial)

    def render(self, cloud: CloudState) -> bytes:
        return encode(self.document(cloud))

    def row(self, cloud: CloudState, stale: bool) -> bytes:
        return encode(self.before) if stale and self.before is not None else self.render(cloud)

    def visible(self, now: float) -> bool:
        return True

    def document(self, cloud: CloudState) -> Json:
        return {
            "availabilityDomain": self.domain,
            "compartmentId": self.compartment_id,
            "id": self.id,
            "lifecycleState": self.state,
            "sizeInGBs": self.size_gb,
            "sizeInMBs": self.size_gb * 1024,
            "sourceDetails": {"type": "volumeIds", "volumeIds": list(self.member_ids)},
            "timeCreated": date(self.created),
            "volumeIds": list(self.member_ids),
            "isHydrated": True,
            "volumeGroupReplicas": shown_replicas(self.replicas, "volumeGroupReplicaId") or None,
            **self.details,
        }

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        if region != self.region:
            return None
        return {
            "lifecycleState": self.state,
            "availabilityDomain": self.domain,
            "displayName": self.details["displayName"],
        }

    def truth(self, cloud: CloudState) -> Json:
        return self.document(cloud) | {"kind": self.kind, "name": self.name, "region": self.region, "etag": self.etag}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        self.before = self.document(cloud)
        self.state = entry.choice("state", self.state, STATES)
        if entry.has("volumes"):
            self._take_members(cloud, entry)
        if entry.has("compartment"):
            self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
            cloud.moved()
        if entry.has("replicas"):
            self.replicate(cloud, [])
            for row in entry.entries("replicas"):
                self._replicate_from(cloud, row)
        self.details["displayName"] = entry.text("display_name", self.details["displayName"])
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.serial += 1


class GroupBackup(BackupBase):
    """Its members are backups that say so themselves (`group_backup` in the fleet)."""

    kind = "volume_group_backup"
    search_type = "VolumeGroupBackup"
    title = "VolumeGroupBackup"
    collection = "volumeGroupBackups"
    states = (*_BACKUP_STATES, "COMMITTED")
    of_kind = VolumeGroup
    of_field = "volumeGroupId"
    source_field = "sourceVolumeGroupBackupId"

    __slots__ = ("member_ids",)

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        super().__init__(cloud, entry, name)
        self.member_ids: list[str] = []

    def members(self, cloud: CloudState) -> list[BackupBase]:
        found = [cloud.resources.get(ident) for ident in self.member_ids]
        return [one for one in found if isinstance(one, BackupBase)]

    def copy_to(
        self,
        cloud: CloudState,
        site: Site,
        key: str | None,
        title: str | None,
        now: float,
        group_backup: str | None = None,
    ) -> BackupBase:
        """The key goes to the copies of the members."""
        made = super().copy_to(cloud, site, None, title, now)
        for member in self.members(cloud):
            member.copy_to(cloud, site, key, None, now, made.id)
        return made

    def document(self, cloud: CloudState) -> Json:
        return super().document(cloud) | {
            "sizeInMBs": self.size_gb * 1024,
            "uniqueSizeInMbs": 1024,
            "uniqueSizeInGbs": 1,
            "volumeBackupIds": list(self.member_ids),
        }


def load(fleet: Entry, cloud: CloudState) -> None:
    for section, cls in (("volume_groups", VolumeGroup), ("volume_group_backups", GroupBackup)):
        for entry in fleet.entries(section):
            for name in entry.series():
                copy = entry.copy()
                made: Resource = cls(cloud, copy, name)
                cloud.add(made, copy)
                copy.done()
