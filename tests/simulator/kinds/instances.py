# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Instances, as far as volumes are attached to them: in the compartment of the instance (oci_semantics.md 1.10)."""

from __future__ import annotations

from simulator.fleet import Entry
from simulator.ocids import ocid
from simulator.state import CloudState, Resource
from simulator.wire import Json, date

from .volumes import BootVolume, Volume

STATES = ("RUNNING", "STOPPED", "TERMINATED")
ATTACHMENT_STATES = ("ATTACHED", "ATTACHING", "DETACHING", "DETACHED")


class Instance(Resource):
    """Attachments are made and ended by the fleet and by ``change`` only."""

    kind = "instance"

    __slots__ = (
        "attachment_state",
        "compartment_id",
        "created",
        "display_name",
        "domain",
        "id",
        "may_inspect",
        "name",
        "region",
        "serial",
        "state",
        "volume_ids",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        site = cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name
        self.id = cloud.make_id("instance", site, name, entry.optional("id"))
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        number = entry.integer("availability_domain", 1)
        if number > len(site.domains):
            raise entry.error(f"{self.region} has no availability domain {number}")
        self.domain = site.domains[number - 1]
        self.state = entry.choice("state", "RUNNING", STATES)
        self.attachment_state = entry.choice("attachment_state", "ATTACHED", ATTACHMENT_STATES)
        self.may_inspect = entry.flag("may_inspect", True)
        self.display_name = entry.optional("display_name") or name
        self.volume_ids = self._volumes(cloud, entry)
        self.serial = 1

    def _volumes(self, cloud: CloudState, entry: Entry) -> list[str]:
        """Block and boot volumes of the region, by name or OCID."""
        found = []
        for name in entry.rows("volumes"):
            volume = cloud.lookup(str(name))
            if not isinstance(volume, Volume) or volume.region != self.region:
                raise entry.error(f"{name!r} is no volume of {self.region}")
            found.append(volume.id)
        return found

    def document(self) -> Json:
        return {
            "availabilityDomain": self.domain,
            "compartmentId": self.compartment_id,
            "displayName": self.display_name,
            "id": self.id,
            "lifecycleState": self.state,
            "region": self.region,
            "shape": "VM.Standard.E5.Flex",
            "timeCreated": date(self.created),
            "freeformTags": {},
            "definedTags": {},
        }

    def attachments(self, cloud: CloudState, boot: bool) -> list[Json]:
        """The attachments of its boot volumes, or of its block volumes."""
        found = [cloud.resources.get(ident) for ident in self.volume_ids]
        volumes = [one for one in found if isinstance(one, Volume) and isinstance(one, BootVolume) is boot]
        return [self._attachment(cloud, volume, boot) for volume in volumes]

    def _attachment(self, cloud: CloudState, volume: Volume, boot: bool) -> Json:
        realm, site = cloud.tenancy.realm, cloud.sites[self.region]
        row: Json = {
            "availabilityDomain": self.domain,
            "compartmentId": self.compartment_id,
            "displayName": f"{self.display_name} with {volume.name}",
            "instanceId": self.id,
            "lifecycleState": self.attachment_state,
            "timeCreated": date(self.created),
        }
        if boot:
            return {**row, "id": self.id, "bootVolumeId": volume.id}
        made = ocid("volumeattachment", realm, site.region.in_ocid, self.id, volume.id)
        return {**row, "id": made, "volumeId": volume.id, "attachmentType": "paravirtualized", "isShareable": False}

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        return None

    def truth(self, cloud: CloudState) -> Json:
        return self.document() | {"kind": self.kind, "name": self.name, "volumeIds": list(self.volume_ids)}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        if entry.has("volumes"):
            self.volume_ids = self._volumes(cloud, entry)
        self.state = entry.choice("state", self.state, STATES)
        self.attachment_state = entry.choice("attachment_state", self.attachment_state, ATTACHMENT_STATES)
        self.display_name = entry.text("display_name", self.display_name)
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.serial += 1


def load(fleet: Entry, cloud: CloudState) -> None:
    for entry in fleet.entries("instances"):
        for name in entry.series():
            copy = entry.copy()
            cloud.add(Instance(cloud, copy, name), copy)
            copy.done()
