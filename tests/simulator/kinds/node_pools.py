# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Node pools of OKE, and the life cycle of an update, which leaves the nodes that there are (oci_semantics.md 1.11)."""

from __future__ import annotations

from typing import Any

from simulator.fleet import Entry
from simulator.ocids import ocid
from simulator.state import CloudState, Resource
from simulator.wire import Json, etag

from .keys import Key
from .volumes import ORACLE_MANAGED

STATES = ("ACTIVE", "CREATING", "UPDATING", "DELETING", "DELETED", "FAILED", "INACTIVE", "NEEDS_ATTENTION")


class NodePool(Resource):
    kind = "node_pool"

    __slots__ = (
        "cluster_id",
        "compartment_id",
        "config",
        "created",
        "cycling",
        "display_name",
        "ends",
        "id",
        "may_inspect",
        "name",
        "next_config",
        "next_state",
        "region",
        "serial",
        "state",
        "tags",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        site = cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name
        self.id = cloud.make_id("nodepool", site, name, entry.optional("id"))
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        realm = cloud.tenancy.realm
        self.cluster_id = ocid("cluster", realm, site.region.in_ocid, entry.text("cluster", "cluster"))
        self.state = entry.choice("state", "ACTIVE", STATES)
        self.display_name = entry.optional("display_name") or name
        self.may_inspect = entry.flag("may_inspect", True)
        self.cycling = entry.flag("cycling", False)
        self.tags: Json = {
            "definedTags": entry.mapping("defined_tags"),
            "freeformTags": entry.mapping("freeform_tags"),
        }
        #: A pool of the old form, with subnets of its own, has none.
        self.config: Json | None = None
        if not entry.flag("old_form", False):
            self.config = {
                "size": entry.integer("size", 3, least=0),
                "nsgIds": [f"ocid1.networksecuritygroup.{realm}.{self.region}.a"],
                "kmsKeyId": self._key(cloud, entry),
                "isPvEncryptionInTransitEnabled": True,
                "freeformTags": {"of": "nodes"},
                "definedTags": {},
                "placementConfigs": [
                    {"availabilityDomain": site.domains[0], "subnetId": f"ocid1.subnet.{realm}.{self.region}.n"}
                ],
                "nodePoolPodNetworkOptionDetails": {"cniType": "FLANNEL_OVERLAY"},
            }
        self.next_config: Json | None = None
        self.next_state = ""
        self.ends = 0.0
        self.serial = 1

    def _key(self, cloud: CloudState, entry: Entry) -> str | None:
        key = entry.optional("key")
        return cloud.named(Key, key, entry).id if key else None

    def settle(self, cloud: CloudState, now: float) -> None:
        if self.next_config is None or now < self.ends:
            return
        self.config, self.next_config = self.next_config, None
        self.state = self.next_state
        self.serial += 1

    def update(self, cloud: CloudState, config: Json, now: float) -> None:
        """The configuration from now on, or from the end of the update on."""
        self.serial += 1
        if cloud.switches["node_pool_transition"] == "immediate":
            self.config = config
            return
        self.next_config, self.next_state = config, "ACTIVE"
        if cloud.switches["node_pool_transition"] == "needs_attention":
            self.next_config, self.next_state = self.config, "NEEDS_ATTENTION"
        if cloud.switches["node_pool_key_visible"] == "at_once":
            self.config = config
        self.state = "UPDATING"
        self.ends = now + cloud.switches["settle"]

    @property
    def etag(self) -> str:
        return etag(self.id, self.serial)

    def _config(self, cloud: CloudState) -> Json | None:
        if self.config is None:
            return None
        shown: dict[str, Any] = {name: value for name, value in self.config.items() if name != "kmsKeyId"}
        key = self.config.get("kmsKeyId")
        return shown | ({"kmsKeyId": key} if key else ORACLE_MANAGED[cloud.switches["oracle_managed_field"]])

    def document(self, cloud: CloudState) -> Json:
        return self._common() | {"nodeConfigDetails": self._config(cloud), "nodes": []}

    def row(self, cloud: CloudState) -> Json:
        """As ListNodePools shows it."""
        row = self._common()
        shows = cloud.switches["node_pool_list_details"]
        if shows == "absent":
            return row
        config = self._config(cloud)
        if config is not None and shows == "no_key":
            config.pop("kmsKeyId", None)
        return row | {"nodeConfigDetails": config}

    def _common(self) -> Json:
        return {
            "id": self.id,
            "lifecycleState": self.state,
            "lifecycleDetails": None,
            "compartmentId": self.compartment_id,
            "clusterId": self.cluster_id,
            "name": self.display_name,
            "kubernetesVersion": "v1.33.1",
            "nodeShape": "VM.Standard.E5.Flex",
            "nodeShapeConfig": {"ocpus": 2.0, "memoryInGBs": 32.0},
            "nodePoolCyclingDetails": {"isNodeCyclingEnabled": self.cycling},
            "initialNodeLabels": [],
            **self.tags,
        }

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        return None

    def truth(self, cloud: CloudState) -> Json:
        return self._common() | {
            "kind": self.kind,
            "displayName": self.display_name,
            "region": self.region,
            "etag": self.etag,
            "nodeConfigDetails": self.config,
            "kmsKeyId": (self.config or {}).get("kmsKeyId"),
        }

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        if self.config is not None and entry.has("key"):
            self.config = self.config | {"kmsKeyId": self._key(cloud, entry)}
        if self.config is not None:
            self.config = self.config | {"size": entry.integer("size", self.config["size"], least=0)}
        self.state = entry.choice("state", self.state, STATES)
        self.cycling = entry.flag("cycling", self.cycling)
        self.display_name = entry.text("display_name", self.display_name)
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.serial += 1


def load(fleet: Entry, cloud: CloudState) -> None:
    for entry in fleet.entries("node_pools"):
        for name in entry.series():
            copy = entry.copy()
            cloud.add(NodePool(cloud, copy, name), copy)
            copy.done()
