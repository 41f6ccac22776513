# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backup policies, user-defined and Oracle's own three (oci_semantics.md section 1.5)."""

from __future__ import annotations

from simulator.fleet import Entry
from simulator.ocids import ocid
from simulator.state import CloudState, Resource
from simulator.wire import Json, date, etag

_GOLD: Json = {
    "backupType": "INCREMENTAL",
    "offsetSeconds": 0,
    "period": "ONE_WEEK",
    "retentionSeconds": 4 * 7 * 86400,
    "offsetType": "STRUCTURED",
    "hourOfDay": 0,
    "dayOfWeek": "SUNDAY",
    "timeZone": "REGIONAL_DATA_CENTER_TIME",
}
_ORACLE_DEFINED = ("bronze", "silver", "gold")


class Policy(Resource):
    """An Oracle-defined one is in every region, under the same OCID, and copies nothing."""

    kind = "volume_backup_policy"

    __slots__ = (
        "compartment_id",
        "created",
        "destination",
        "id",
        "may_inspect",
        "name",
        "oracle_defined",
        "region",
        "schedules",
        "serial",
        "titles",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str, *, oracle_defined: bool = False) -> None:
        self.name = name
        self.oracle_defined = oracle_defined
        site = None if oracle_defined else cloud.region_of(entry.text("region"), entry)
        self.region = site.region.name if site else ""
        self.id = (
            cloud.make_id("volumebackuppolicy", site, name, entry.optional("id"))
            if site
            else ocid("volumebackuppolicy", cloud.tenancy.realm, "", "oracle", name)
        )
        self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
        self.created = cloud.next_created()
        self.destination = self._destination(cloud, entry)
        self.may_inspect = entry.flag("may_inspect", True)
        self.schedules: list[Json] = entry.rows("schedules") or [dict(_GOLD)]
        self.titles: Json = {
            "definedTags": entry.mapping("defined_tags"),
            "freeformTags": entry.mapping("freeform_tags"),
            "displayName": entry.optional("display_name") or name,
        }
        self.serial = 1

    def _destination(self, cloud: CloudState, entry: Entry) -> str | None:
        name = entry.optional("destination_region")
        if name is not None and cloud.region_of(name, entry).region.name == self.region:
            raise entry.error(f"destination_region must be another region than {self.region}")
        return name

    @property
    def etag(self) -> str:
        return etag(self.id, self.serial)

    def document(self) -> Json:
        return {
            "id": self.id,
            "schedules": self.schedules,
            "destinationRegion": self.destination,
            "timeCreated": date(self.created),
            "compartmentId": None if self.oracle_defined else self.compartment_id,
            **self.titles,
        }

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        return None

    def truth(self, cloud: CloudState) -> Json:
        return self.document() | {"kind": self.kind, "name": self.name, "region": self.region, "etag": self.etag}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        if entry.has("destination_region"):
            self.destination = self._destination(cloud, entry)
        self.titles["displayName"] = entry.text("display_name", self.titles["displayName"])
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.serial += 1


def load(fleet: Entry, cloud: CloudState) -> None:
    for name in _ORACLE_DEFINED:
        entry = Entry(f"policy {name}", {})
        cloud.add(Policy(cloud, entry, name, oracle_defined=True), entry)
    for entry in fleet.entries("volume_backup_policies"):
        for name in entry.series():
            copy = entry.copy()
            cloud.add(Policy(cloud, copy, name), copy)
            copy.done()
