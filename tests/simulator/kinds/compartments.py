# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compartments: a tree under the tenancy, some of them deleted or closed to the caller (oci_semantics.md 1.8, 0.25)."""

from __future__ import annotations

from simulator.fleet import Entry
from simulator.state import CloudState, Resource
from simulator.wire import Json, date

_STATES = ("ACTIVE", "CREATING", "INACTIVE", "DELETING", "DELETED")


class Compartment(Resource):
    kind = "compartment"
    search_type = "Compartment"

    __slots__ = (
        "accessible",
        "compartment_id",
        "created",
        "display_name",
        "id",
        "may_inspect",
        "name",
        "region",
        "serial",
        "state",
    )

    def __init__(self, cloud: CloudState, entry: Entry, parent: str | None) -> None:
        self.name = entry.text("name")
        self.display_name = entry.optional("display_name") or self.name
        self.id = cloud.make_id("compartment", None, self.name, entry.optional("id"))
        named = entry.optional("parent")
        self.compartment_id = cloud.compartment_of(named, entry) if named else parent or cloud.tenancy.id
        self.region = ""
        self.created = cloud.next_created()
        self.state = entry.choice("state", "ACTIVE", _STATES)
        self.accessible = entry.flag("accessible", True)
        self.may_inspect = self.accessible
        self.serial = 1

    def document(self) -> Json:
        return {
            "id": self.id,
            "compartmentId": self.compartment_id,
            "name": self.display_name,
            "description": f"Compartment {self.name}",
            "timeCreated": date(self.created),
            "lifecycleState": self.state,
            "inactiveStatus": None,
            "isAccessible": self.accessible,
            "freeformTags": {},
            "definedTags": {},
        }

    def state_in(self, cloud: CloudState, region: str) -> Json:
        return {"lifecycleState": self.state}

    def truth(self, cloud: CloudState) -> Json:
        return self.document() | {"kind": self.kind, "name": self.name}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        self.state = entry.choice("state", self.state, _STATES)
        self.accessible = entry.flag("accessible", self.accessible)
        self.may_inspect = self.accessible
        self.serial += 1


def load(fleet: Entry, cloud: CloudState) -> None:
    _load(fleet, "compartments", cloud, None)


def _load(owner: Entry, section: str, cloud: CloudState, parent: str | None) -> None:
    for entry in owner.entries(section):
        made = Compartment(cloud, entry, parent)
        cloud.add(made, entry)
        _load(entry, "children", cloud, made.id)
        entry.done()


def accessible(cloud: CloudState, compartment_id: str) -> bool:
    """Whether the caller may work in it at all; the tenancy's root is always open."""
    if compartment_id == cloud.tenancy.id:
        return True
    found = cloud.resources.get(compartment_id)
    return isinstance(found, Compartment) and found.accessible


def inspectable(cloud: CloudState, resource: Resource) -> bool:
    return resource.may_inspect and accessible(cloud, resource.compartment_id)
