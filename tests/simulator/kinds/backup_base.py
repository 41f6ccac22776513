# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What backups of volumes, boot volumes and volume groups have in common: retention, and how a copy comes about
(oci_semantics.md sections 0.21, 1.3 and 2).

No timers: a copy remembers when it is done, and every read first brings it up to the clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from simulator.fleet import Entry
from simulator.state import CloudState, Resource, Site
from simulator.wire import Json, date, encode, etag

STATES = ("AVAILABLE", "REQUEST_RECEIVED", "CREATING", "TERMINATING", "TERMINATED", "FAULTY")
FLAGS = {
    "isPreventDeletionEnabled": "is_prevent_deletion_enabled",
    "isRetentionLockEnabled": "is_retention_lock_enabled",
    "isIndefiniteRetentionEnabled": "is_indefinite_retention_enabled",
}
RETENTION = ("retentionPeriod", *FLAGS)
_DAYS = {"DAYS": 1, "YEARS": 365}


@dataclass(slots=True)
class Step:
    """The end of a state that doesn't last: of a copy being made, or of a deletion."""

    appears: float
    ends: float
    state: str


class BackupBase(Resource):
    """The class attributes are what differs."""

    title: ClassVar[str] = ""
    collection: ClassVar[str] = ""
    states: ClassVar[tuple[str, ...]] = STATES
    #: The resource of which it is a backup, and the names of the fields that point to that and to a copy's source.
    of_kind: ClassVar[type[Resource]] = Resource
    of_field: ClassVar[str] = ""
    source_field: ClassVar[str] = ""

    __slots__ = (
        "_json",
        "before",
        "compartment_id",
        "created",
        "details",
        "done",
        "expires",
        "id",
        "may_inspect",
        "name",
        "of_id",
        "region",
        "retention",
        "serial",
        "size_gb",
        "source_id",
        "source_type",
        "state",
        "step",
        "type",
    )

    def __init__(self, cloud: CloudState, entry: Entry, name: str) -> None:
        self.name = name
        self.of_id, of = _reference(cloud, entry, "of", self.of_kind)
        self.source_id, _source = _reference(cloud, entry, "source", type(self))
        site = cloud.region_of(entry.text("region", of.region if of else None), entry)
        self.region = site.region.name
        self.id = cloud.make_id(self.kind.replace("_", ""), site, name, entry.optional("id"))
        compartment = entry.optional("compartment")
        self.compartment_id = of.compartment_id if of and not compartment else cloud.compartment_of(compartment, entry)
        self.created = cloud.next_created()
        self.state = entry.choice("state", "AVAILABLE", self.states)
        self.source_type = entry.choice("source_type", "MANUAL", ("MANUAL", "SCHEDULED"))
        self.type = entry.choice("type", "INCREMENTAL", ("INCREMENTAL", "FULL"))
        self.size_gb = entry.integer("size_gb", getattr(of, "size_gb", 50))
        self.may_inspect = entry.flag("may_inspect", True)
        self.expires: float | None = None
        self.retention: Json = dict.fromkeys(RETENTION)
        self._take_retention(entry)
        self.details: Json = {
            "definedTags": entry.mapping("defined_tags"),
            "freeformTags": entry.mapping("freeform_tags"),
            "displayName": entry.optional("display_name") or name,
        }
        self.step: Step | None = None
        #: When it took the state that it is in.
        self.done = self.created
        self.serial = 1
        self._json: bytes | None = None
        #: What lists and search showed before the last change, for stale answers.
        self.before: Json | None = None

    # --- retention --------------------------------------------------------------------------------------------------

    def _take_retention(self, entry: Entry) -> None:
        retention = dict(self.retention)
        if entry.has("retention_period"):
            row = entry.mapping("retention_period")
            period = Entry(f"{entry.where}.retention_period", row)
            made = {
                "retentionTimeUnit": period.choice("unit", "DAYS", tuple(_DAYS)),
                "retentionTimeAmount": period.integer("amount", 1),
            }
            retention["retentionPeriod"] = made if row else None
            period.done()
        for wire, ours in FLAGS.items():
            if entry.has(ours):
                value = entry.take(ours)
                if value not in (None, True, False):
                    raise entry.error(f"{ours} must be true, false or null, not {value!r}")
                retention[wire] = value
        self.keep(retention)
        if entry.has("time_retention_expires_at"):
            self.expires = _seconds(entry, "time_retention_expires_at")

    def keep(self, retention: Json) -> None:
        """New retention fields; the end of an unchanged period stays where it is."""
        period = retention["retentionPeriod"]
        if period is None:
            self.expires = None
        elif period != self.retention["retentionPeriod"]:
            days = _DAYS[period["retentionTimeUnit"]] * period["retentionTimeAmount"]
            self.expires = self.created + 86400.0 * days
        self.retention = retention

    def locked(self, now: float) -> bool:
        """Under retention lock, or legal hold, which "preserve backup data from modification or deletion" (0.21)."""
        lasting = self.expires is None or self.expires > now
        return bool(self.retention["isIndefiniteRetentionEnabled"]) or (
            bool(self.retention["isRetentionLockEnabled"]) and lasting
        )

    def undeletable(self, now: float) -> bool:
        lasting = self.expires is None or self.expires > now
        return self.locked(now) or (bool(self.retention["isPreventDeletionEnabled"]) and lasting)

    # --- life cycle -------------------------------------------------------------------------------------------------

    def settle(self, cloud: CloudState, now: float) -> None:
        step = self.step
        if step is not None and now >= step.ends:
            self.step = None
            self.state = step.state
            self.done = step.ends
            self.touched()

    def visible(self, now: float) -> bool:
        """Whether it is to be seen already: a copy may be late in its region."""
        return self.step is None or now >= self.step.appears

    def begin(self, cloud: CloudState, now: float) -> None:
        """The beginning of a copy's life."""
        switches = cloud.switches
        self.created = now
        ends = now + switches["copy_settle"]
        late = switches["copy_visible"] == "late"
        self.state = "CREATING"
        self.step = Step(
            appears=(now + ends) / 2 if late else now,
            ends=ends,
            state="FAULTY" if switches["copy_outcome"] == "faulty" else "AVAILABLE",
        )
        self.settle(cloud, now)

    def terminate(self, cloud: CloudState, now: float) -> None:
        self.remember(cloud)
        self.state = "TERMINATING"
        self.step = Step(now, now + cloud.switches["settle"], "TERMINATED")
        self.touched()
        self.settle(cloud, now)

    def copy_to(
        self,
        cloud: CloudState,
        site: Site,
        key: str | None,
        title: str | None,
        now: float,
        group_backup: str | None = None,
    ) -> BackupBase:
        """A copy in another region, in the same compartment; retention is not copied (1.3)."""
        given = {name: value for name, value in (("key", key), ("group_backup", group_backup)) if value}
        entry = Entry(f"copy of {self.name}", self._for_copy(site, title) | given)
        made = type(self)(cloud, entry, cloud.fresh_name(self.kind, f"{self.name}-copy"))
        entry.done()
        made.begin(cloud, now)
        cloud.create(made)
        return made

    def _for_copy(self, site: Site, title: str | None) -> Json:
        """The fleet's description of a copy."""
        return {
            "region": site.region.name,
            "compartment": self.compartment_id,
            "of": self.of_id,
            "source": self.id,
            "type": self.type,
            "size_gb": self.size_gb,
            "display_name": title or self.details["displayName"],
            "freeform_tags": dict(self.details["freeformTags"]),
            "defined_tags": dict(self.details["definedTags"]),
        }

    def remember(self, cloud: CloudState) -> None:
        """Keeps what is shown now, for stale lists and a lagging search."""
        self.before = self.document(cloud)

    def touched(self) -> None:
        self.serial += 1
        self._json = None

    def forget(self) -> None:
        self._json = None

    # --- what is shown ----------------------------------------------------------------------------------------------

    @property
    def etag(self) -> str:
        return etag(self.id, self.serial)

    def render(self, cloud: CloudState) -> bytes:
        """As GET shows it, kept until it changes."""
        if self._json is None:
            self._json = encode(self.document(cloud))
        return self._json

    def row(self, cloud: CloudState, stale: bool) -> bytes:
        """As lists show it."""
        return encode(self.before) if stale and self.before is not None else self.render(cloud)

    def document(self, cloud: CloudState) -> Json:
        return {
            "compartmentId": self.compartment_id,
            "expirationTime": None,
            "id": self.id,
            "lifecycleState": self.state,
            "sizeInGBs": self.size_gb,
            "sourceType": self.source_type,
            "timeCreated": date(self.created),
            "timeRequestReceived": date(self.created),
            "type": self.type,
            "timeRetentionExpiresAt": None if self.expires is None else date(self.expires),
            self.of_field: self.of_id,
            self.source_field: self.source_id,
            **self.details,
            **self.retention,
        }

    def state_in(self, cloud: CloudState, region: str) -> Json | None:
        if region != self.region or not self.visible(cloud.clock()):
            return None
        before = self.before if cloud.switches["search_lag"] == "on" else None
        return {
            "lifecycleState": before["lifecycleState"] if before else self.state,
            "displayName": self.details["displayName"],
        }

    def truth(self, cloud: CloudState) -> Json:
        more = {"kind": self.kind, "name": self.name, "region": self.region, "etag": self.etag}
        return self.document(cloud) | more | {"locked": self.locked(cloud.clock())}

    def alter(self, cloud: CloudState, entry: Entry) -> None:
        self.remember(cloud)
        if entry.has("state"):
            self.state = entry.choice("state", self.state, self.states)
            self.step = None
        if entry.has("compartment"):
            self.compartment_id = cloud.compartment_of(entry.optional("compartment"), entry)
            cloud.moved()
        self._take_retention(entry)
        self.details["displayName"] = entry.text("display_name", self.details["displayName"])
        self.may_inspect = entry.flag("may_inspect", self.may_inspect)
        self.touched()


def _reference(cloud: CloudState, entry: Entry, field: str, cls: type[Resource]) -> tuple[str | None, Resource | None]:
    """What a field names: a resource, or the OCID of one that is gone or never was."""
    name = entry.optional(field)
    if name is None:
        return None, None
    if name.startswith("ocid1.") and name not in cloud.resources:
        return name, None
    found = cloud.named(cls, name, entry)
    return found.id, found


def _seconds(entry: Entry, field: str) -> float | None:
    """A date, as YAML reads it or as text."""
    value: Any = entry.take(field)
    if value is None:
        return None
    try:
        when = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise entry.error(f"{field} must be a date as in 2030-01-31T00:00:00Z, not {value!r}") from error
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
