# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instance configurations, which can't be changed, and the pools that use them (oci_semantics.md section 1.11)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from simulator.fleet import Entry
from simulator.state import CloudState, Resource
from simulator.wire import Json, date

from .keys import Key
from .volumes import ORACLE_MANAGED

POOL_STATES = ("RUNNING", "PROVISIONING", "SCALING", "STARTING", "STOPPING", "STOPPED", "TERMINATING", "TERMINATED")
_BOOT = ("image", "boot_volume", "none")
_TYPES = ("compute", "instance_options")


def compute_etag(resource: str, serial: int) -> str:
    """64 hex digits, as recorded of Compute (oci_semantics.md section 4)."""
    return hashlib.blake2b(f"{resource}:{serial}".encode(), digest_size=32).hexdigest()


def _key(cloud: CloudState, entry: Entry, name: str = "key") -> str | None:
    key = entry.optional(name)
    return cloud.named(Key, key, entry).id if key else None


def _shown(details: Any, no_key: Json) -> Any:
    """Details as GET shows them: no key where none is."""
    if isinstance(details, list):
        return [_shown(one, no_key) for one in details]
    if not isinstance(details, dict):
        return details
    shown = {name: _shown(value, no_key) for name, value in details.items()}
    if "kmsKeyId" in shown and not shown["kmsKeyId"]:
        del shown["kmsKeyId"]
        shown.update(no_key)
    return shown


def keys_in(details: Any) -> Iterator[str]:
    """Every key that details name, however deep."""
    if isinstance(details, dict):
        if details.get("kmsKeyId"):
            yield details["kmsKeyId"]
        for value in details.values():
            yield from keys_in(value)
    elif isinstance(details, list):
        for value in details:
            yield from keys_in(value)


class InstanceConfiguration(Resource):
    kind = "instance_configuration"

    __slots__ = ("compartment_id", "created", "details", "id", "may_inspect", "name", "region", "serial", "titles")

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        site = cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name
        self.id = cloud.make_id("instanceconfiguration", site, name, entry.optional("id"))
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        self.may_inspect = entry.flag("may_inspect", True)
        self.titles: Json = {
            "definedTags": entry.mapping("defined_tags"),
            "freeformTags": entry.mapping("freeform_tags"),
            "displayName": entry.optional("display_name") or name,
        }
        given = entry.mapping("details")
        self.details: Json | None = given or self._details(cloud, entry)
        self.serial = 1

    def _details(self, cloud: CloudState, entry: Entry) -> Json | None:
        """What the fleet file says in short; ``details`` says it as the API does, and ``source: GMC`` has none."""
        if entry.choice("source", "INSTANCE", ("INSTANCE", "GMC")) == "GMC":
            return None
        kind = entry.choice("instance_type", "compute", _TYPES)
        one: Json = {
            "blockVolumes": [self._volume(cloud, row, number) for number, row in enumerate(entry.entries("volumes"))],
            "launchDetails": {
                "compartmentId": self.compartment_id,
                "displayName": f"{self.name}-instance",
                "shape": "VM.Standard.E5.Flex",
                "shapeConfig": {"ocpus": 2.0, "memoryInGBs": 32.0},
                "metadata": {"user_data": "I2Nsb3VkLWNvbmZpZwo=", "ssh_authorized_keys": "ssh-ed25519 AAAA one\n"},
                "createVnicDetails": {"subnetId": f"ocid1.subnet.{cloud.tenancy.realm}.{self.region}.a", "nsgIds": []},
                "sourceDetails": self._source(cloud, entry),
                "freeformTags": {},
                "definedTags": {},
            },
            "secondaryVnics": [{"displayName": "second", "nicIndex": 1, "createVnicDetails": {"hostnameLabel": "b"}}],
        }
        if kind == "compute":
            return {"instanceType": kind, **one}
        return {"instanceType": kind, "options": [{"instanceType": "compute", **one}, {"instanceType": "compute"}]}

    def _source(self, cloud: CloudState, entry: Entry) -> Json | None:
        boot = entry.choice("boot", "image", _BOOT)
        key = _key(cloud, entry)
        realm = cloud.tenancy.realm
        if boot == "image":
            image = f"ocid1.image.{realm}.{self.region}.a"
            return {"sourceType": "image", "imageId": image, "bootVolumeSizeInGBs": 50, "kmsKeyId": key}
        if key:
            raise entry.error("only a boot volume that is made of an image has a key here")
        made = f"ocid1.bootvolume.{realm}.{self.region}.a"
        return {"sourceType": "bootVolume", "bootVolumeId": made} if boot == "boot_volume" else None

    def _volume(self, cloud: CloudState, entry: Entry, number: int) -> Json:
        existing = entry.optional("volume")
        attach = {"type": "paravirtualized", "device": f"/dev/oracleoci/oraclevd{chr(98 + number)}"}
        if existing:
            entry.done()
            return {"attachDetails": attach, "volumeId": cloud.lookup(existing).id}
        key = _key(cloud, entry)
        size = entry.integer("size_gb", 50)
        entry.done()
        created = {"displayName": f"{self.name}-data-{number + 1}", "sizeInGBs": size, "vpusPerGB": 10, "kmsKeyId": key}
        return {"attachDetails": attach, "createDetails": created}

    @property
    def etag(self) -> str:
        return compute_etag(self.id, self.serial)

    def summary(self) -> Json:
        return {
            "id": self.id,
            "compartmentId": self.compartment_id,
            "timeCreated": date(self.created),
            **self.titles,
        }

    def document(self, cloud: CloudState) -> Json:
        no_key = ORACLE_MANAGED[cloud.switches["oracle_managed_field"]]
        return self.summary() | {
            "instanceDetails": _shown(self.details, no_key),
            "source": "GMC" if self.details is None else "INSTANCE",
            "deferredFields": [],
        }

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        return None

    def truth(self, cloud: CloudState) -> Json:
        return self.document(cloud) | {
            "kind": self.kind,
            "name": self.name,
            "region": self.region,
            "instanceDetails": self.details,
            "etag": self.etag,
        }

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        self.titles["displayName"] = entry.text("display_name", self.titles["displayName"])
        if entry.has("freeform_tags"):
            self.titles["freeformTags"] = entry.mapping("freeform_tags")
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.serial += 1
        if entry.flag("deleted", False):
            cloud.remove(self)


class InstancePool(Resource):
    kind = "instance_pool"

    __slots__ = (
        "compartment_id",
        "configuration_id",
        "created",
        "id",
        "may_inspect",
        "name",
        "region",
        "serial",
        "size",
        "state",
        "titles",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        site = cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name
        self.id = cloud.make_id("instancepool", site, name, entry.optional("id"))
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        self.configuration_id = self._configuration(cloud, entry)
        self.state = entry.choice("state", "RUNNING", POOL_STATES)
        self.size = entry.integer("size", 2, least=0)
        self.may_inspect = entry.flag("may_inspect", True)
        self.titles: Json = {
            "definedTags": entry.mapping("defined_tags"),
            "freeformTags": entry.mapping("freeform_tags"),
            "displayName": entry.optional("display_name") or name,
        }
        self.serial = 1

    def _configuration(self, cloud: CloudState, entry: Entry) -> str:
        """By name, or an OCID of one that is gone."""
        name = entry.text("configuration")
        if name.startswith("ocid1.instanceconfiguration.") and name not in cloud.resources:
            return name
        return cloud.named(InstanceConfiguration, name, entry).id

    @property
    def etag(self) -> str:
        return compute_etag(self.id, self.serial)

    def _common(self) -> Json:
        return {
            "id": self.id,
            "compartmentId": self.compartment_id,
            "instanceConfigurationId": self.configuration_id,
            "lifecycleState": self.state,
            "size": self.size,
            "currentSize": self.size,
            "timeCreated": date(self.created),
            **self.titles,
        }

    def summary(self, cloud: CloudState) -> Json:
        return self._common() | {"availabilityDomains": [cloud.sites[self.region].domains[0]]}

    def document(self, cloud: CloudState) -> Json:
        domain = cloud.sites[self.region].domains[0]
        subnet = f"ocid1.subnet.{cloud.tenancy.realm}.{self.region}.a"
        placement = {"availabilityDomain": domain, "primarySubnetId": subnet, "faultDomains": None}
        return self._common() | {"placementConfigurations": [placement], "loadBalancers": []}

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        return None

    def truth(self, cloud: CloudState) -> Json:
        found = cloud.resources.get(self.configuration_id)
        keys = list(keys_in(found.details)) if isinstance(found, InstanceConfiguration) else []
        return self.document(cloud) | {
            "kind": self.kind,
            "name": self.name,
            "region": self.region,
            "etag": self.etag,
            "kmsKeyId": keys[0] if keys else None,
        }

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        if entry.has("configuration"):
            self.configuration_id = self._configuration(cloud, entry)
        self.state = entry.choice("state", self.state, POOL_STATES)
        self.size = entry.integer("size", self.size, least=0)
        self.titles["displayName"] = entry.text("display_name", self.titles["displayName"])
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.serial += 1


def load(fleet: Entry, cloud: CloudState) -> None:
    kinds: tuple[tuple[str, type[InstanceConfiguration | InstancePool]], ...] = (
        ("instance_configurations", InstanceConfiguration),
        ("instance_pools", InstancePool),
    )
    for section, cls in kinds:
        for entry in fleet.entries(section):
            for name in entry.series():
                copy = entry.copy()
                cloud.add(cls(cloud, copy, name), copy)
                copy.done()
