# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The keys of replicas, which are changed on their source: a volume, a boot volume or a volume group.

An update takes the whole list of replicas, so all others are sent along as they were read (oci_semantics.md section
1.6). Whether the service changes the key of a replica that is there is unknown: it is read again. What it leaves as it
was is only changed by switching replication off and on, which copies everything again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from .._api.client import Response, Service
from .._common.errors import ResourceError, ServiceError
from .._model.actions import ASSIGN, NONE, REMOVE
from .._model.ocid import Ocid, expect_type
from .._model.outcome import Outcome
from .._model.resource import DesiredState, Replica, Resource
from .._model.resource_types import RESOURCE_TYPES
from .base import Page, Query, ReadableKind
from .registry import KINDS, register
from .replication_reader import Replication, ReplicationReader, replication_of
from .resource_kind import ResourceKind
from .volume_groups import VOLUME_GROUP
from .volumes import BLOCK_VOLUME, BOOT_VOLUME

_PREFIX = "replica of "


class ReplicationKind(ResourceKind):
    """The replicas of one kind of source. ``replicas_field`` is the list of replicas in its update."""

    is_full_update = True
    needs_rollback = True
    requires_usable_current_key = False
    iam_verb = "manage"
    changes_replicas = True
    reader_class = ReplicationReader
    ignored_hint = (
        "Replication has to be switched off and on for another key: set 'recreate: true'. That deletes the replica, "
        "and copies everything again; until then there is none."
    )

    def __init__(self, source: ReadableKind, update_operation: str, replicas_field: str) -> None:
        self.source = source
        self.type = source.type
        self.name = f"{_PREFIX}{source.type}"
        self.iam_resource_type = source.iam_resource_type
        self.update_operation = update_operation
        self.replicas_field = replicas_field

    def get(self, service: Service, region: str, resource_id: str) -> Resource:
        """Read the source; the reader of this kind says which of its replicas are meant."""
        return self.source.get(service, region, resource_id)

    def list_page(self, service: Service, query: Query) -> Page:
        """List the sources."""
        return self.source.list_page(service, query)

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        source = cast(Replication, resource)
        refusal = _refusal(source, self.noun, desired)
        if refusal is not None:
            return refusal
        if self.matches(source, desired):
            return NONE
        return REMOVE if desired.kms_key_id is None else ASSIGN

    def matches(self, resource: Resource, desired: DesiredState) -> bool:
        meant = cast(Replication, resource).meant
        return bool(meant) and all(each.kms_key_id == desired.kms_key_id for each in meant)

    def is_same(self, one: Resource, other: Resource) -> bool:
        return _keys(cast(Replication, one)) == _keys(cast(Replication, other))

    def describe(self, resource: Resource) -> str:
        source = cast(Replication, resource)
        if not source.meant:
            return "no replica"
        return f"a replica with {super().describe(source)}"

    def key_region(self, resource: Resource, desired: DesiredState) -> str | None:
        """The key is used where the replica is."""
        if desired.replica_place is not None:
            return desired.replica_place.region
        parts = cast(Replication, resource).region_parts
        return parts[0] if len(parts) == 1 else None

    def assign(self, service: Service, resource: Resource, kms_key_id: str) -> Response:
        """Change the key in place; ``change`` handles all cases."""
        return self.change(service, resource, ASSIGN, DesiredState(kms_key_id))

    def remove(self, service: Service, resource: Resource) -> Response:
        """Take the key away in place."""
        return self.change(service, resource, REMOVE, DesiredState(None))

    def change(self, service: Service, before: Resource, action: str, desired: DesiredState) -> Response:
        """UpdateVolume, UpdateBootVolume, UpdateVolumeGroup with the whole list of replicas."""
        source = cast(Replication, before)
        wanted = cast(Replication, source.with_desired(desired))
        if not source.is_recreated:
            return self._send(service, source, wanted.replicas)
        now = self._now(service, source)
        if now.meant:
            if not self.is_same(source, now):
                raise _changed_meanwhile(self.update_operation)
            self._send(service, now, now.others)
            now = self._now(service, source)
            if now.meant:  # it is still on its way out; what was read in between is read again
                raise _still_there(self.update_operation)
        return self._send(service, now, (*now.others, *wanted.meant))

    def _now(self, service: Service, source: Replication) -> Replication:
        """The source as it is, with the replicas in the availability domains of those that are meant."""
        found = self.get(service, source.region, source.id)
        domains = {each.availability_domain for each in source.meant}
        meant = tuple(each for each in found.replicas if each.availability_domain in domains)
        return replace(replication_of(found, None), meant=meant)

    def _send(self, service: Service, source: Replication, replicas: Sequence[Replica]) -> Response:
        if source.etag is None:
            raise _no_etag(self.update_operation)
        rows = [_details(each) for each in replicas]
        # A group's members would keep their replicas, with the former key, where that is not asked for.
        more = {"preserve_volume_replica": False} if self.source is VOLUME_GROUP and not rows else {}
        return service.write(
            self.update_operation, source.id, {self.replicas_field: rows}, if_match=source.etag, **more
        )

    def precondition_error(self, resource: Resource, action: str) -> ResourceError | None:
        """An update sends back the other replicas as they were read, so it needs the etag of that reading."""
        if resource.etag is not None:
            return None
        return ResourceError(
            code="NoPrecondition",
            message=f"OCI's response for this {self.noun} had no etag, so its replicas can't be changed without the "
            "risk of overwriting what somebody else changes at the same time. Nothing was sent.",
            hint="Run the task again. If that does not help, change the replica in the console.",
        )

    def is_partially_applied(self, before: Resource, now: Resource) -> bool:
        """Whether replication is off, as it is before it is switched on again."""
        return cast(Replication, before).is_recreated and bool(_missing(before, now))

    def looks_half_way(self, resource: Resource) -> bool:
        return not cast(Replication, resource).meant

    def is_retryable(self, error: ServiceError) -> bool:
        """A volume that is "currently being modified" is a 409 Conflict (oci_semantics.md section 4)."""
        return super().is_retryable(error) or error.is_conflict

    def roll_back(self, service: Service, before: Resource, now: Resource) -> bool:
        """Switch replication on again, with the former key."""
        missing = _missing(before, now)
        if not (missing and cast(Replication, before).is_recreated):
            return False
        self._send(service, cast(Replication, now), (*now.replicas, *missing))
        return True

    def remade(self, before: Resource, now: Resource) -> str | None:
        former = {each.availability_domain: each.id for each in cast(Replication, before).meant}
        is_other = any(former.get(each.availability_domain, each.id) != each.id for each in now.replicas)
        return "Its replica was deleted, and another one was made with the former key." if is_other else None

    def find_side_effects(self, before: Resource, after: Resource) -> ResourceError | None:
        """Whether other replicas are as they were, and this one has its name."""
        now = {each.availability_domain: each for each in after.replicas}
        for former in before.replicas:
            found = now.get(former.availability_domain)
            is_meant = former in cast(Replication, before).meant
            if found is None:
                return _side_effect(f"the {self.noun} has lost its replica {former.id}")
            if not is_meant and found.kms_key_id != former.kms_key_id:
                return _side_effect(f"the replica {former.id} has another key too")
            if former.display_name and found.display_name != former.display_name:
                return _side_effect(f"the replica {found.id} has the name {found.display_name} now")
        return None

    def extra_result_fields(self, outcome: Outcome, latest: Resource | None) -> dict[str, Any]:
        before, after = cast("Replication | None", outcome.before), cast("Replication | None", latest)
        first = after.meant[0] if after is not None and after.meant else None
        former = before.meant[0] if before is not None and before.meant else None
        return {
            "replica_id": first.id if first else None,
            "previous_replica_id": former.id if former else None,
            "availability_domain": first.availability_domain if first else None,
        }


def _refusal(source: Replication, noun: str, desired: DesiredState) -> ResourceError | None:
    if source.replicated_by is not None:
        return ResourceError(
            code="ReplicaOfGroup",
            message=f"This {noun} is replicated with its volume group {source.replicated_by}, which has the key.",
            hint="Name the volume group instead ('volume_group_ids'); its members follow. If the replica of the group "
            "has the key already, switch the replication of the group off and on in the console: everything is copied "
            "again, on its key.",
        )
    if len(source.region_parts) > 1:
        return ResourceError(
            code="SeveralReplicas",
            message=f"This {noun} has replicas in several regions ({', '.join(source.region_parts)}).",
            hint="Set 'destination_region' to the region whose replica gets the key.",
        )
    if not source.meant:
        where = "" if desired.replica_place is None else f" in {desired.replica_place.region}"
        return ResourceError(
            code="NotReplicated",
            message=f"This {noun} has no replica{where}, so there is none to assign a key to.",
            hint="Leave it out, or switch its replication on, with this key.",
        )
    return None


def _keys(source: Replication) -> list[tuple[str, str | None]]:
    return sorted((each.availability_domain, each.kms_key_id) for each in source.meant)


def _missing(before: Resource, now: Resource) -> tuple[Replica, ...]:
    """The replicas that are meant, and gone."""
    there = {each.availability_domain for each in now.replicas}
    return tuple(each for each in cast(Replication, before).meant if each.availability_domain not in there)


def _details(replica: Replica) -> dict[str, str]:
    """Without a key, the Oracle-managed one protects it."""
    details = {"availabilityDomain": replica.availability_domain}
    if replica.display_name:
        details["displayName"] = replica.display_name
    if replica.kms_key_id:
        details["xrrKmsKeyId"] = replica.kms_key_id
    return details


def _side_effect(what: str) -> ResourceError:
    return ResourceError(
        code="ReplicaChanged",
        message=f"The key was changed, but {what}.",
        hint="Check the replicas of the source, and change no further ones before Oracle explains it.",
    )


def _changed_meanwhile(operation: str) -> ServiceError:
    message = "Somebody else has changed the replica meanwhile, so it was not deleted."
    return ServiceError(message, operation=operation, status=409, code="ChangedMeanwhile")


def _still_there(operation: str) -> ServiceError:
    message = "Replication was switched off, but the replica is still there."
    return ServiceError(message, operation=operation, status=409, code="IncorrectState")


def _no_etag(operation: str) -> ServiceError:
    message = "The service gave no etag, without which a change by somebody else could be lost; nothing was sent."
    return ServiceError(message, operation=operation, status=409, code="NoPrecondition")


REPLICA_OF_VOLUME = ReplicationKind(BLOCK_VOLUME, "update_volume", "blockVolumeReplicas")
REPLICA_OF_BOOT_VOLUME = ReplicationKind(BOOT_VOLUME, "update_boot_volume", "bootVolumeReplicas")
REPLICA_OF_VOLUME_GROUP = ReplicationKind(VOLUME_GROUP, "update_volume_group", "volumeGroupReplicas")

REPLICATED_VOLUMES = register(REPLICA_OF_VOLUME, REPLICA_OF_BOOT_VOLUME)
"""The names of the kinds for replicas of volumes."""
REPLICATED_GROUPS = register(REPLICA_OF_VOLUME_GROUP)
"""The name of the kind for replicas of volume groups."""


def replication_kind(source: Ocid) -> ResourceKind:
    """How the replicas of a source are read and changed. Raises InputError if an OCID is not that of a source."""
    expect_type(source, *RESOURCE_TYPES.assets.ocid_types)
    return KINDS[f"{_PREFIX}{RESOURCE_TYPES.by_ocid_type[source.type].name}"]
