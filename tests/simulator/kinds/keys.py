# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys: one OCID in all the regions of their vault, with grants that may differ by region (oci_semantics.md 1.7, 9)."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.fleet import Entry
from simulator.ocids import ocid, unique
from simulator.state import CloudState, Resource
from simulator.wire import Json, date

from .vaults import Vault

STATES = (
    "ENABLED",
    "CREATING",
    "ENABLING",
    "DISABLING",
    "DISABLED",
    "DELETING",
    "DELETED",
    "PENDING_DELETION",
    "SCHEDULING_DELETION",
    "CANCELLING_DELETION",
    "UPDATING",
    "BACKUP_IN_PROGRESS",
    "RESTORING",
)
_LENGTHS = {"AES": 32, "RSA": 256, "ECDSA": 32}


@dataclass(slots=True)
class Presence:
    """A key in one region: its state, and who may do what with it there."""

    state: str = "ENABLED"
    service_may_use: bool = True
    caller_may_delegate: bool = True
    caller_may_read: bool = True
    caller_may_inspect: bool = True

    def take(self, entry: Entry) -> Presence:
        """A copy with what the entry says otherwise."""
        return Presence(
            state=entry.choice("state", self.state, STATES),
            service_may_use=entry.flag("service_may_use", self.service_may_use),
            caller_may_delegate=entry.flag("caller_may_delegate", self.caller_may_delegate),
            caller_may_read=entry.flag("caller_may_read", self.caller_may_read),
            caller_may_inspect=entry.flag("caller_may_inspect", self.caller_may_inspect),
        )


class Key(Resource):
    kind = "key"
    search_type = "Key"

    __slots__ = (
        "algorithm",
        "at",
        "auto_rotation",
        "compartment_id",
        "created",
        "display_name",
        "id",
        "length",
        "may_inspect",
        "name",
        "protection",
        "region",
        "serial",
        "vault",
        "versions",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        self.display_name = entry.optional("display_name") or name
        self.vault = cloud.named(Vault, entry.text("vault"), entry)
        site = cloud.sites[self.vault.region]
        self.region = self.vault.region
        self.id = cloud.make_id("key", site, name, entry.optional("id"), prefix=self.vault.prefix)
        compartment = entry.optional("compartment")
        self.compartment_id = cloud.compartment_of(compartment, entry) if compartment else self.vault.compartment_id
        self.created = cloud.next_created()
        self.algorithm = entry.choice("algorithm", "AES", tuple(_LENGTHS))
        self.length = entry.integer("length", _LENGTHS[self.algorithm])
        self.protection = entry.choice("protection_mode", "HSM", ("HSM", "SOFTWARE", "EXTERNAL"))
        self.versions = entry.integer("versions", 1)
        self.auto_rotation = entry.flag("auto_rotation", False)
        self.serial = 1
        usual = Presence().take(entry)
        self.at = dict.fromkeys(self.vault.regions, usual)
        for region, differing in entry.mapping("regions").items():
            if region not in self.at:
                raise entry.error(f"its vault is not in the region {region!r}")
            here = Entry(f"{entry.where}.regions.{region}", differing)
            self.at[region] = usual.take(here)
            here.done()
        # Search asks each region's own presence; see state_in.
        self.may_inspect = True

    def version_id(self, number: int) -> str:
        middle = self.id.split(".")
        return ocid("keyversion", middle[2], middle[3], self.id, str(number), prefix=self.vault.prefix)

    @property
    def _external(self) -> Json | None:
        if self.protection != "EXTERNAL":
            return None
        version = unique("external-version", self.id, str(self.versions), length=36)
        return {"externalKeyId": unique("external", self.id, length=36), "externalKeyVersionId": version}

    def _common(self, region: str) -> Json:
        return {
            "compartmentId": self.compartment_id,
            "definedTags": {},
            "displayName": self.display_name,
            "freeformTags": {},
            "id": self.id,
            "lifecycleState": self.at[region].state,
            "timeCreated": date(self.created),
            "vaultId": self.vault.id,
            "protectionMode": self.protection,
            "isAutoRotationEnabled": self.auto_rotation,
            "externalKeyReferenceDetails": self._external,
        }

    def summary(self, region: str) -> Json:
        return self._common(region) | {"algorithm": self.algorithm}

    def document(self, region: str) -> Json:
        replicated = len(self.at) > 1
        going = self.at[region].state in ("PENDING_DELETION", "SCHEDULING_DELETION")
        shape: Json = {"algorithm": self.algorithm, "length": self.length}
        if self.algorithm == "ECDSA":
            shape["curveId"] = "NIST_P256"
        return self._common(region) | {
            "currentKeyVersion": self.version_id(self.versions),
            "keyShape": shape,
            "timeOfDeletion": date(self.created + 365 * 86400) if going else None,
            "restoredFromKeyId": None,
            "replicaDetails": {"replicationId": unique("replication", self.id, length=32)} if replicated else None,
            "isPrimary": region == self.region,
            "autoKeyRotationDetails": None,
        }

    def version_rows(self, region: str) -> list[Json]:
        """Youngest first; only the current version is in use, all of them are there (0.23)."""
        return [
            {
                "compartmentId": self.compartment_id,
                "id": self.version_id(number),
                "keyId": self.id,
                "lifecycleState": "ENABLED",
                "origin": "EXTERNAL" if self.protection == "EXTERNAL" else "INTERNAL",
                "timeCreated": date(self.created + number),
                "timeOfDeletion": None,
                "vaultId": self.vault.id,
                "externalKeyReferenceDetails": None,
                "isAutoRotated": self.auto_rotation and number > 1,
            }
            for number in range(self.versions, 0, -1)
        ]

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        here = self.at.get(region)
        if here is None or not here.caller_may_inspect:
            return None
        if region != self.region and cloud.switches["search_finds_replica_keys"] == "off":
            return None
        more = {"vaultId": self.vault.id, "currentKeyVersion": self.version_id(self.versions)}
        return {"displayName": self.display_name, "lifecycleState": here.state, "additionalDetails": more}

    def truth(self, cloud: CloudState) -> Json:
        return self.document(self.region) | {
            "kind": self.kind,
            "name": self.name,
            "region": self.region,
            "versions": self.versions,
            "regions": {
                region: {name: getattr(here, name) for name in Presence.__slots__} for region, here in self.at.items()
            },
        }

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        """In all its regions, or in the one given as `region`."""
        only = entry.optional("region")
        if only is not None and only not in self.at:
            raise entry.error(f"the key is not in the region {only!r}")
        old = dict(self.at)
        data = entry.rest()
        for region, here in old.items():
            if only in (None, region):
                changed = Entry(entry.where, data)
                self.versions = changed.integer("versions", self.versions)
                self.at[region] = here.take(changed)
                changed.done()
        self.serial += 1


def load(fleet: Entry, cloud: CloudState) -> None:
    for entry in fleet.entries("keys"):
        names = list(entry.series())
        for name in names:
            # A series shares one description, so each of its keys reads a copy.
            copy = entry.copy()
            cloud.add(Key(cloud, copy, name), copy)
            copy.done()
