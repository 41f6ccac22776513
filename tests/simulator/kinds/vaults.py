# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Vaults, with the regions they are replicated to and a host of their own in each (oci_semantics.md 1.7, 7)."""

from __future__ import annotations

from simulator.fleet import Entry
from simulator.ocids import ocid, unique, vault_prefix
from simulator.regions import Region
from simulator.state import CloudState, Resource
from simulator.wire import Json, date

STATES = (
    "ACTIVE",
    "CREATING",
    "DELETING",
    "DELETED",
    "PENDING_DELETION",
    "SCHEDULING_DELETION",
    "CANCELLING_DELETION",
    "UPDATING",
    "BACKUP_IN_PROGRESS",
    "RESTORING",
)


class Vault(Resource):
    kind = "vault"
    search_type = "Vault"

    __slots__ = (
        "compartment_id",
        "created",
        "id",
        "may_inspect",
        "may_read",
        "name",
        "oci_hosts",
        "prefix",
        "region",
        "regions",
        "serial",
        "state",
        "type",
    )

    def __init__(self, cloud: CloudState, entry: Entry) -> None:
        self.name = entry.text("name")
        site = cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name
        given = entry.optional("id")
        # An OCID given in the file brings its own host name along, as in reality.
        parts = given.split(".") if given else []
        self.prefix = parts[4] if len(parts) == 6 else vault_prefix(cloud.tenancy.name, self.name)
        self.id = cloud.make_id("vault", site, self.name, given, prefix=self.prefix)
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        self.state = entry.choice("state", "ACTIVE", STATES)
        self.type = entry.choice("type", "VIRTUAL_PRIVATE", ("DEFAULT", "VIRTUAL_PRIVATE", "EXTERNAL"))
        #: Regions whose management host has the newer form with `.oci.` in it.
        self.oci_hosts: set[str] = {self.region} if entry.flag("oci_domain", False) else set()
        self.regions = [self.region]
        for replica in entry.entries("replicas"):
            region = cloud.region_of(replica.text("name"), replica).region.name
            if region in self.regions:
                raise replica.error(f"the vault is in {region} already")
            self.regions.append(region)
            if replica.flag("oci_domain", self.region in self.oci_hosts):
                self.oci_hosts.add(region)
            replica.done()
        self.may_read = entry.flag("caller_may_read", True)
        self.may_inspect = entry.flag("caller_may_inspect", True)
        self.serial = 1

    def host(self, region: Region, purpose: str) -> str:
        middle = ".oci" if region.name in self.oci_hosts else ""
        return f"{self.prefix}-{purpose}.kms.{region.name}{middle}.{region.domain}"

    def summary(self, region: Region) -> Json:
        return {
            "compartmentId": self.compartment_id,
            "cryptoEndpoint": f"https://{self.host(region, 'crypto')}",
            "definedTags": {},
            "displayName": self.name,
            "freeformTags": {},
            "id": self.id,
            "lifecycleState": self.state,
            "managementEndpoint": f"https://{self.host(region, 'management')}",
            "timeCreated": date(self.created),
            "vaultType": self.type,
            "externalKeyManagerMetadataSummary": None,
        }

    def document(self, region: Region) -> Json:
        replicated = len(self.regions) > 1
        going = self.state in ("PENDING_DELETION", "SCHEDULING_DELETION")
        return self.summary(region) | {
            "timeOfDeletion": date(self.created + 365 * 86400) if going else None,
            "restoredFromVaultId": None,
            "wrappingkeyId": ocid("key", region.realm, region.in_ocid, self.id, "wrapping", prefix=self.prefix),
            "replicaDetails": {"replicationId": unique("replication", self.id, length=32)} if replicated else None,
            "isPrimary": region.name == self.region,
            "isVaultReplicable": self.type == "VIRTUAL_PRIVATE",
        }

    def replicas(self, cloud: CloudState) -> list[Json]:
        regions = [cloud.sites[name].region for name in self.regions[1:]]
        return [
            {
                "cryptoEndpoint": f"https://{self.host(region, 'crypto')}",
                "managementEndpoint": f"https://{self.host(region, 'management')}",
                "region": region.name,
                "status": "CREATED",
            }
            for region in regions
        ]

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        found = region == self.region or (
            region in self.regions and cloud.switches["search_finds_replica_keys"] == "on"
        )
        return {"lifecycleState": self.state} if found else None

    def truth(self, cloud: CloudState) -> Json:
        document = self.document(cloud.sites[self.region].region)
        return document | {"kind": self.kind, "name": self.name, "region": self.region, "regions": list(self.regions)}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        self.state = entry.choice("state", self.state, STATES)
        self.may_read = entry.flag("caller_may_read", self.may_read)
        self.may_inspect = entry.flag("caller_may_inspect", self.may_inspect)
        self.serial += 1


def load(fleet: Entry, cloud: CloudState) -> None:
    for entry in fleet.entries("vaults"):
        cloud.add(Vault(cloud, entry), entry)
        entry.done()
