# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys of volumes: reading them without one, how a change goes, what is refused (oci_semantics.md 0, 1.2, 2, 3)."""

from __future__ import annotations

from typing import Any

from .cloud import MODELS
from .probe import SkippedError, UnclearError, probe
from .testbed import BUSY, CONFLICT, HIDDEN, INVALID, REFUSED, Testbed, attempt, certainly


def kms_key_field(body: Any) -> str:
    """How a body shows that there is no key."""
    if not isinstance(body, dict):
        raise UnclearError("the body is not an object")
    if "kmsKeyId" not in body:
        return "absent"
    return {None: "null", "": "empty"}.get(body["kmsKeyId"], "a key")


@probe("0.8", "GET kmsKey of an Oracle-managed volume", switch="kms_key_get_oracle_managed")
def get_kms_key_without_one(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    # A caller who may not read it gets a 404 too, so one with a key is read first.
    certainly(bed.block.get_volume_kms_key, volume)
    bed.on(volume, None)
    answer = attempt(bed.block.get_volume_kms_key, volume)
    if answer.accepted:
        return kms_key_field(bed.body())
    return answer.told("", {HIDDEN: "not_found"})


@probe("0.9", "kmsKeyId in GET of an Oracle-managed volume", switch="oracle_managed_field")
def field_without_key(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, None)
    bed.get(volume)
    return kms_key_field(bed.body())


@probe("0.9", "kmsKeyId in the rows of ListVolumes", answers=("same as GET", "differs from GET"))
def field_in_lists(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, None)
    bed.get(volume)
    shown = kms_key_field(bed.body())
    certainly(
        bed.block.list_volumes, compartment_id=bed.settings.compartment_id, display_name=bed.get(volume).display_name
    )
    row = next((row for row in bed.body() if row["id"] == volume), None)
    if row is None:
        raise UnclearError("the list has no such row")
    return "same as GET" if kms_key_field(row) == shown else "differs from GET"


def _change(bed: Testbed, volume: str, wanted: str | None) -> list[tuple[str, str | None]]:
    """State and key in each reading from the accepted change on, until it has ended."""
    if wanted is None:
        certainly(bed.block.delete_volume_kms_key, volume)
    else:
        answer = bed.put(volume, wanted)
        if not answer.accepted:
            raise UnclearError(f"PUT kmsKey was refused: {answer}")
    seen: list[tuple[str, str | None]] = []

    def look() -> tuple[str, str | None]:
        found = bed.get(volume)
        seen.append((found.lifecycle_state, found.kms_key_id or None))
        return seen[-1]

    def done(last: tuple[str, str | None]) -> bool:
        if last[0] == "FAULTY":
            return True
        # AVAILABLE with the new key may be the instant before it turns PROVISIONING: look thrice.
        return last == ("AVAILABLE", wanted) and (
            seen[:-1].count(last) >= 2 or any(s == "PROVISIONING" for s, _ in seen)
        )

    bed.until(look, done, "the end of the key change")
    return seen


@probe("0.1, 0.2, 2", "states of a volume after PUT kmsKey", switch="transition")
def states_of_a_change(bed: Testbed) -> str:
    volume = bed.volume()
    # From whatever it has: a change before this one might leave it FAULTY.
    on_a = bed.settled(volume).kms_key_id == bed.settings.key_a
    states = [state for state, _key in _change(bed, volume, bed.settings.key_b if on_a else bed.settings.key_a)]
    if states[-1] == "FAULTY":
        return "ends_faulty"
    if "PROVISIONING" not in states:
        return "immediate"
    return "provisioning" if states[0] == "PROVISIONING" else "delayed_start"


@probe("2", "when GetVolume shows a new key", switch="key_visible")
def when_a_key_shows(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    seen = _change(bed, volume, bed.settings.key_b)
    early = {key for state, key in seen if state == "PROVISIONING"}
    if not early:
        raise UnclearError("the volume was not seen PROVISIONING")
    if early == {bed.settings.key_b}:
        return "at_put"
    return "at_available" if early == {bed.settings.key_a} else "both keys were seen"


@probe("0.4", "DELETE kmsKey", answers=("204, then Oracle-managed", "no change"))
def delete_key(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    answer = attempt(bed.block.delete_volume_kms_key, volume)
    if not answer.accepted or answer.status != 204:
        return str(answer)
    found = bed.until(
        lambda: bed.get(volume), lambda one: one.lifecycle_state == "AVAILABLE" and not one.kms_key_id, "it"
    )
    return "204, then Oracle-managed" if not found.kms_key_id else "no change"


@probe(
    "0.3",
    "PUT of the key in place",
    answers=("regenerates, PROVISIONING is seen", "accepted without a trace", INVALID, CONFLICT, BUSY),
)
def same_key_put(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_b)
    change = _change(bed, volume, bed.settings.key_a)
    answer = bed.put(volume, bed.settings.key_a)
    if not answer.accepted:
        return str(answer)
    states = [bed.get(volume).lifecycle_state]
    for _look in range(10):
        bed.pause()
        states.append(bed.get(volume).lifecycle_state)
    bed.settled(volume)
    if "PROVISIONING" in states:
        return "regenerates, PROVISIONING is seen"
    if all(state != "PROVISIONING" for state, _key in change):
        raise UnclearError("another key leaves no trace either")
    return "accepted without a trace"


@probe(
    "0.5, 3", 'PUT kmsKey with ""', answers=("400 InvalidParameter", "accepted: Oracle-managed", "accepted: no change")
)
def put_empty_key(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    answer = bed.put(volume, "")
    if not answer.accepted:
        return str(answer)
    return "accepted: no change" if bed.settled(volume).kms_key_id else "accepted: Oracle-managed"


@probe("1.2", "PUT kmsKey without kmsKeyId", switch="put_without_key")
def put_no_key(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    answer = bed.put(volume, None)
    if answer.accepted:
        for _look in range(3):
            bed.pause()
            bed.settled(volume)
        return "no_change" if bed.settled(volume).kms_key_id else "oracle_managed"
    return answer.told("", {"400 MissingParameter": "missing_parameter", INVALID: "invalid_parameter"})


@probe("2", "DELETE kmsKey of an Oracle-managed volume", switch="delete_oracle_managed")
def delete_no_key(bed: Testbed) -> str:
    volume = bed.volume()
    # With a key it is not refused: without that, a 404 may be a missing permission.
    bed.on(volume, bed.settings.key_a)
    bed.on(volume, None)
    answer = attempt(bed.block.delete_volume_kms_key, volume)
    bed.settled(volume)
    return answer.told("accepted", {HIDDEN: "not_found"})


@probe("2, 11", "PUT kmsKey while the volume is PROVISIONING", switch="put_outside_available", besides=(CONFLICT,))
def put_while_provisioning(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_b)
    bed.on(volume, bed.settings.key_a)
    begun = bed.cloud.clock.now()
    if not bed.put(volume, bed.settings.key_b).accepted or bed.get(volume).lifecycle_state != "PROVISIONING":
        raise UnclearError("the volume was not seen PROVISIONING")
    answer = bed.put(volume, bed.settings.key_a)
    if answer.accepted:
        # The state doesn't tell: this change makes it PROVISIONING, too.
        bed.check_quick(begun)
    bed.settled(volume)
    return answer.told("accepted", {BUSY: "conflict"})


@probe("4", "PUT kmsKey while another volume of the availability domain is changed", switch="conflict_passes")
def put_beside_another(bed: Testbed) -> str:
    first, second = bed.volume(1), bed.volume(2)
    bed.on(second, None)
    bed.on(first, bed.settings.key_a)
    if not bed.put(first, bed.settings.key_b).accepted or bed.get(first).lifecycle_state != "PROVISIONING":
        raise UnclearError("the first volume was not seen PROVISIONING")
    answer = bed.put(second, bed.settings.key_a)
    overlapped = bed.get(first).lifecycle_state == "PROVISIONING"
    bed.settled(first)
    bed.settled(second)
    if answer.accepted and not overlapped:
        raise UnclearError("the first change may have ended by then")
    return answer.told("off", {CONFLICT: "conflict", "400 LimitExceeded": "limit_exceeded"})


def _refusal(bed: Testbed, key: str) -> str:
    """How a key that can't be used is refused: by 404, or by 400 about a resource that the body names."""
    volume = bed.volume()
    # A key that can be used is accepted: without that, a 404 may be a missing permission.
    bed.on(volume, bed.settings.key_a)
    bed.on(volume, bed.settings.key_b)
    answer = bed.put(volume, key)
    bed.settled(volume)
    return str(answer)


_RELATED = "400 RelatedResourceNotAuthorizedOrNotFound"


def _unusable(bed: Testbed, key: str) -> str:
    seen = _refusal(bed, key)
    return {HIDDEN: "404", _RELATED: "400"}.get(seen, seen)


@probe(
    "0.14, 1.7, 4",
    "refusal of a key of another region",
    switch="unusable_key_code",
    besides=(INVALID,),
    needs=("key_elsewhere",),
)
def key_of_another_region(bed: Testbed) -> str:
    return _unusable(bed, bed.settings.key_elsewhere)


@probe(
    "1.7, 11",
    "refusal of a disabled key",
    switch="unusable_key_code",
    besides=(INVALID, CONFLICT, BUSY),
    needs=("disabled_key",),
)
def disabled_key(bed: Testbed) -> str:
    return _unusable(bed, bed.settings.disabled_key)


@probe(
    "0.22, 1.7, 11",
    "refusal of a key that is PENDING_DELETION",
    switch="unusable_key_code",
    besides=(INVALID, CONFLICT, BUSY),
    needs=("pending_deletion_key",),
)
def dying_key(bed: Testbed) -> str:
    return _unusable(bed, bed.settings.pending_deletion_key)


@probe("9", "refusal of a key that Block Volume may not use", switch="unusable_key_code", needs=("key_without_grant",))
def key_without_grant(bed: Testbed) -> str:
    return _unusable(bed, bed.settings.key_without_grant)


@probe("0.15, 1.7", "refusal of an RSA key", answers=(INVALID, HIDDEN, _RELATED), needs=("rsa_key",))
def rsa_key(bed: Testbed) -> str:
    return _refusal(bed, bed.settings.rsa_key)


@probe("0.23", "PUT of a key with several versions", switch="multi_version_key", needs=("rotated_key",))
def key_with_versions(bed: Testbed) -> str:
    volume = bed.volume()
    bed.on(volume, bed.settings.key_a)
    answer = bed.put(volume, bed.settings.rotated_key)
    bed.settled(volume)
    return answer.told("accepted", REFUSED)


@probe(
    "0.1, 2",
    "PUT of its own key to an attached volume or boot volume",
    answers=("accepted", INVALID, CONFLICT, BUSY),
    needs=("attached_volume_id",),
)
def attached_volume(bed: Testbed) -> str:
    ident, block = bed.settings.attached_volume_id, bed.block
    read, put, details = block.get_volume, block.update_volume_kms_key, MODELS.UpdateVolumeKmsKeyDetails
    if ident.startswith("ocid1.bootvolume."):
        read, put = block.get_boot_volume, block.update_boot_volume_kms_key
        details = MODELS.UpdateBootVolumeKmsKeyDetails
    found = bed.available(read, ident, "volume")
    if not found.kms_key_id:
        raise SkippedError("attached_volume_id has no key of a customer's")
    answer = attempt(put, ident, details(kms_key_id=found.kms_key_id))
    bed.available(read, ident, "volume")
    return str(answer) if not answer.accepted else "accepted"
