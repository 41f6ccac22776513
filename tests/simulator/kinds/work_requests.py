# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Work requests: how far a copy is, as the source region tells it (oci_semantics.md section 1.3, Appendix A)."""

from __future__ import annotations

from simulator.ocids import ocid
from simulator.state import CloudState, Resource, Site
from simulator.wire import Json, date

from .backup_base import BackupBase


class WorkRequest(Resource):
    kind = "work_request"

    __slots__ = ("compartment_id", "copy", "created", "id", "may_inspect", "name", "region", "serial", "source")

    def __init__(self, cloud: CloudState, site: Site, source: BackupBase, copy: BackupBase) -> None:
        self.name = f"work-request-of-{copy.name}"
        self.region = site.region.name
        self.id = ocid("coreservicesworkrequest", cloud.tenancy.realm, site.region.in_ocid, copy.id)
        self.compartment_id = source.compartment_id
        self.created = copy.created
        self.may_inspect = True
        self.serial = 1
        self.source = source
        self.copy = copy

    def settle(self, cloud: CloudState, now: float) -> None:
        self.copy.settle(cloud, now)

    def document(self) -> Json:
        copy = self.copy
        going = copy.state == "CREATING"
        return {
            "operationType": f"COPY_{self.source.kind.upper()}",
            "status": "IN_PROGRESS" if going else "FAILED" if copy.state == "FAULTY" else "SUCCEEDED",
            "id": self.id,
            "compartmentId": self.compartment_id,
            "resources": [
                {
                    "actionType": "IN_PROGRESS" if going else "CREATED",
                    "entityType": copy.kind.replace("_", ""),
                    "identifier": copy.id,
                    "entityUri": f"/20160918/{copy.collection}/{copy.id}",
                },
                {
                    "actionType": "RELATED",
                    "entityType": copy.kind.replace("_", ""),
                    "identifier": self.source.id,
                    "entityUri": f"/20160918/{copy.collection}/{self.source.id}",
                },
            ],
            "percentComplete": 50.0 if going else 100.0,
            "timeAccepted": date(self.created),
            "timeStarted": date(self.created),
            "timeFinished": None if going else date(copy.done),
        }

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        return None

    def truth(self, cloud: CloudState) -> Json:
        return self.document() | {"kind": self.kind, "name": self.name, "region": self.region}
