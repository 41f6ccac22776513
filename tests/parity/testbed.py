# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The few resources on which probes are asked: made when first needed, tagged, and never more than `LIMITS`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import oci

from .cloud import MODELS, Cloud, all_pages
from .probe import SkippedError, UnclearError
from .settings import Settings

TAG = "oci-keys-parity"
SIZE_GB = 50
#: Copies at a time. The backup of a boot volume is only made where the settings name one.
LIMITS = {"volume": 2, "group": 1, "backup": 3, "boot backup": 1, "copy": 2}
GONE = ("TERMINATED", "TERMINATING")
#: Statuses that say nothing about the question: no permission, throttled, out of order.
_UNCLEAR = (401, 403, 429)


class Answer(NamedTuple):
    """What a call that may be refused was answered. `code` is empty where it was accepted."""

    status: int
    code: str
    response: Any

    @property
    def accepted(self) -> bool:
        return not self.code

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()

    def told(self, accepted: str, words: Mapping[str, str]) -> str:
        """The answer in words. A refusal that has no word, be it by its code alone, is shown as it is."""
        return accepted if self.accepted else words.get(str(self), str(self))


#: How a value is refused, and how a resource that is not there, or that the caller may not see.
INVALID, HIDDEN, CONFLICT, BUSY = (
    "400 InvalidParameter",
    "404 NotAuthorizedOrNotFound",
    "409 Conflict",
    "409 IncorrectState",
)
REFUSED: Mapping[str, str] = {INVALID: "refused"}


def attempt(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Answer:
    """The answer to one call. Raises UnclearError where it is one about the caller or the service's condition."""
    try:
        response = call(*args, **kwargs)
    except oci.exceptions.ServiceError as error:
        if error.status in _UNCLEAR or error.status >= 500:
            raise UnclearError(f"answered {error.status} {error.code}") from error
        return Answer(error.status, str(error.code or "error"), error)
    except (oci.exceptions.BaseRequestException, oci.exceptions.BaseConnectTimeout, OSError) as error:
        raise UnclearError(f"no answer: {type(error).__name__}") from error
    return Answer(response.status, "", response)


def certainly(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The response of a call that a probe only prepares with, or compares with. Raises UnclearError."""
    answer = attempt(call, *args, **kwargs)
    if not answer.accepted:
        raise UnclearError(f"{getattr(call, '__name__', 'the call')} was refused: {answer}")
    return answer.response


class Testbed:
    """`run` is in the tag and the names of whatever is made."""

    __test__ = False

    def __init__(self, cloud: Cloud, settings: Settings, run: str) -> None:
        self.cloud = cloud
        self.settings = settings
        self.run = run
        self.region = settings.region or cloud.config["region"]
        self.block = cloud.block(self.region)
        self._made: Counter[str] = Counter()
        self._volumes: dict[int, str] = {}
        self._group = ""
        self._backups: dict[str, str] = {}
        #: What could not be made, and why: not tried again.
        self._failed: dict[str, str] = {}
        #: What probes of one file have seen and share.
        self.notes: dict[str, str] = {}
        #: How long each key change was seen to be going on, at least.
        self._at_least: list[float] = []
        #: Seconds that took what is worth knowing.
        self.seconds: dict[str, list[float]] = {}

    @property
    def elsewhere(self) -> str:
        if not self.settings.region_elsewhere:
            raise SkippedError("not in the settings: region_elsewhere")
        return self.settings.region_elsewhere

    # --- waiting ----------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        self.cloud.clock.sleep(self.settings.poll_seconds)

    def until(self, read: Callable[[], Any], done: Callable[[Any], bool], what: str) -> Any:
        """Reads until it is done. Raises UnclearError when patience ends."""
        clock, failed = self.cloud.clock, ""
        end = clock.now() + self.settings.patience_seconds
        while clock.now() < end:
            try:
                value = read()
                failed = ""
                if done(value):
                    return value
            except UnclearError as error:
                # Passing or not: reads go on politely until patience ends.
                failed = f" ({error})"
            self.pause()
        raise UnclearError(f"{what} did not come in {self.settings.patience_seconds:g} s{failed}")

    def available(self, read: Callable[[str], Any], ident: str, what: str) -> Any:
        """The resource, as soon as it is AVAILABLE."""

        def look() -> Any:
            return certainly(read, ident).data

        found = self.until(look, lambda one: one.lifecycle_state in ("AVAILABLE", "FAULTY", *GONE), f"{what} AVAILABLE")
        if found.lifecycle_state != "AVAILABLE":
            raise UnclearError(f"{what} is {found.lifecycle_state}")
        return found

    # --- what is made -----------------------------------------------------------------------------------------------

    def titles(self, kind: str) -> dict[str, Any]:
        return {"display_name": f"{TAG}-{self.run}-{kind}", "freeform_tags": {TAG: self.run}}

    def _make(self, kind: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if kind in self._failed:
            raise SkippedError(self._failed[kind])
        if self._made[kind] >= LIMITS[kind]:
            raise SkippedError(f"no {kind} more is made than {LIMITS[kind]}")
        # Counted before the answer: one that is lost may have been carried out.
        self._made[kind] += 1
        try:
            answer = attempt(call, *args, **kwargs)
        except UnclearError as error:
            self._failed[kind] = f"no {kind} could be made: {error}"
            raise SkippedError(self._failed[kind]) from error
        if not answer.accepted:
            self._failed[kind] = f"no {kind} could be made: {answer}"
            raise SkippedError(self._failed[kind])
        return answer.response

    def volume(self, number: int = 1) -> str:
        """The first or second volume, AVAILABLE."""
        if number not in self._volumes:
            domains = certainly(
                self.cloud.client("identity", self.region).list_availability_domains, self.cloud.config["tenancy"]
            ).data
            details = MODELS.CreateVolumeDetails(
                availability_domain=domains[0].name,
                compartment_id=self.settings.compartment_id,
                size_in_gbs=SIZE_GB,
                vpus_per_gb=0,
                **self.titles(f"volume-{number}"),
            )
            self._volumes[number] = self._make("volume", self.block.create_volume, details).data.id
        self.available(self.block.get_volume, self._volumes[number], f"volume {number}")
        return self._volumes[number]

    def group(self) -> str:
        """A group of the second volume."""
        if not self._group:
            member = self.volume(2)
            details = MODELS.CreateVolumeGroupDetails(
                availability_domain=self.get(member).availability_domain,
                compartment_id=self.settings.compartment_id,
                source_details=MODELS.VolumeGroupSourceFromVolumesDetails(volume_ids=[member]),
                **self.titles("group"),
            )
            self._group = self._make("group", self.block.create_volume_group, details).data.id
        self.available(self.block.get_volume_group, self._group, "volume group")
        return self._group

    def backup(self, name: str = "", *, wait: bool = True, **more: Any) -> str:
        """A full backup of the first volume; the unnamed one is shared by probes that leave it as it was."""
        if name not in self._backups:
            source = self.volume()
            details = MODELS.CreateVolumeBackupDetails(
                volume_id=source, type="FULL", **self.titles(f"backup-{len(self._backups) + 1}"), **more
            )
            self._backups[name] = self._make("backup", self.block.create_volume_backup, details).data.id
        if wait:
            self.available(self.block.get_volume_backup, self._backups[name], "backup")
        return self._backups[name]

    def with_key(self) -> str:
        """The shared backup with a customer's key."""
        backup = self.backup()
        read = certainly_call(self.block.get_volume_backup)
        if not read(backup).data.kms_key_id:
            certainly(
                self.block.update_volume_backup,
                backup,
                MODELS.UpdateVolumeBackupDetails(kms_key_id=self.settings.key_a),
            )
            self.until(lambda: read(backup).data.kms_key_id, bool, "the key of the backup")
        return backup

    def boot_backup(self) -> str:
        """A full backup of the boot volume of the settings, which itself is only read."""
        name = "boot"
        if name not in self._backups:
            details = MODELS.CreateBootVolumeBackupDetails(
                boot_volume_id=self.settings.boot_volume_id, type="FULL", **self.titles("boot-backup")
            )
            self._backups[name] = self._make("boot backup", self.block.create_boot_volume_backup, details).data.id
        self.available(self.block.get_boot_volume_backup, self._backups[name], "boot volume backup")
        return self._backups[name]

    def end_second_volume(self) -> str:
        """Deletes the second volume, and the group that it is in; nothing takes its place."""
        if self._group:
            certainly(self.block.delete_volume_group, self._group)
            look = certainly_call(self.block.get_volume_group)
            self.until(lambda: look(self._group).data.lifecycle_state, lambda state: state in GONE, "the end of it")
            self._group, self._failed["group"] = "", "the volume for a group was deleted"
        volume = self.volume(2)
        self.unassign(volume)
        certainly(self.block.delete_volume, volume)
        del self._volumes[2]
        return volume

    def copy(self, source: str, key: str = "", token: str = "") -> Any:
        """Asks for a copy of a backup elsewhere, and gives the response."""
        return self._make(
            "copy", self.block.copy_volume_backup, source, self._copy_details(key), opc_retry_token=token or None
        )

    def copy_again(self, source: str, token: str, key: str) -> Answer:
        """The same question again, which makes a copy more if the service doesn't honour the token."""
        if self._made["copy"] >= LIMITS["copy"]:
            raise SkippedError(f"no copy more is made than {LIMITS['copy']}")
        answer = attempt(self.block.copy_volume_backup, source, self._copy_details(key), opc_retry_token=token)
        if answer.accepted and answer.response.data.id != self.notes.get("copy"):
            self._made["copy"] += 1
        return answer

    def end_copy(self, copy: str) -> None:
        """Deletes a copy, so that another one may be made."""
        there = self.cloud.block(self.elsewhere)
        self.available(there.get_volume_backup, copy, "copy")
        certainly(there.delete_volume_backup, copy)

        def gone() -> bool:
            answer = attempt(there.get_volume_backup, copy)
            if not answer.accepted:
                return str(answer) == HIDDEN
            return str(answer.response.data.lifecycle_state) == "TERMINATED"

        self.until(gone, bool, "the end of the copy")
        self._made["copy"] -= 1

    def count_copy(self) -> None:
        """For a copy that the collection asks for."""
        if self._made["copy"] >= LIMITS["copy"]:
            raise SkippedError(f"no copy more is made than {LIMITS['copy']}")
        self._made["copy"] += 1

    def _copy_details(self, key: str) -> Any:
        return MODELS.CopyVolumeBackupDetails(
            destination_region=self.elsewhere,
            kms_key_id=key or None,
            display_name=f"{TAG}-{self.run}-copy",
        )

    # --- reading and bringing about ---------------------------------------------------------------------------------

    def get(self, volume: str) -> Any:
        return certainly(self.block.get_volume, volume).data

    def put(self, volume: str, key: str | None, **more: Any) -> Answer:
        details = MODELS.UpdateVolumeKmsKeyDetails(kms_key_id=key)
        return attempt(self.block.update_volume_kms_key, volume, details, **more)

    def on(self, volume: str, key: str | None) -> Any:
        """The volume AVAILABLE with this key, or without one; gives its last reading."""
        found = self.settled(volume)
        if (found.kms_key_id or None) == key:
            return found

        def change() -> Answer:
            if key is None:
                return attempt(self.block.delete_volume_kms_key, volume)
            return self.put(volume, key)

        # One that looked AVAILABLE may be about to begin a change.
        answer = self.until(change, lambda one: str(one) != BUSY, "a volume that takes a change")
        if not answer.accepted:
            raise UnclearError(f"the key change was refused: {answer}")
        return self.changed(volume, key)

    def changed(self, volume: str, key: str | None) -> Any:
        """The end of a change that was accepted just now; gives the last reading of the volume."""
        begun = self.cloud.clock.now()

        def done(one: Any) -> bool:
            ended = one.lifecycle_state == "AVAILABLE" and (one.kms_key_id or None) == key
            if one.lifecycle_state == "PROVISIONING":
                busy_until.append(self.cloud.clock.now())
            return ended or one.lifecycle_state == "FAULTY"

        busy_until = [begun]
        found = self.until(lambda: self.get(volume), done, "the key change")
        if found.lifecycle_state == "FAULTY":
            raise UnclearError("the volume is FAULTY after a key change")
        self.seconds.setdefault("key change", []).append(self.cloud.clock.now() - begun)
        self._at_least.append(busy_until[-1] - begun)
        return found

    def check_quick(self, begun: float) -> None:
        """Raises UnclearError unless so little time has passed that a key change is surely still going on."""
        if self.cloud.clock.now() - begun > min(self._at_least, default=0.0) / 2:
            raise UnclearError("the key change before may have ended by then")

    def settled(self, volume: str) -> Any:
        return self.available(self.block.get_volume, volume, "volume")

    def assignments(self, asset: str) -> list[Any]:
        return all_pages(certainly_call(self.block.get_volume_backup_policy_asset_assignment), asset)

    def unassign(self, asset: str) -> None:
        for one in self.assignments(asset):
            if one.asset_id == asset:
                certainly(self.block.delete_volume_backup_policy_assignment, one.id)

    def assign(self, asset: str, policy: str, key: str | None = None) -> Answer:
        details = MODELS.CreateVolumeBackupPolicyAssignmentDetails(asset_id=asset, policy_id=policy, xrc_kms_key_id=key)
        return attempt(self.block.create_volume_backup_policy_assignment, details)

    def oracle_policies(self) -> list[str]:
        """The ids of bronze, silver and gold."""
        rows = all_pages(certainly_call(self.block.list_volume_backup_policies))
        if len(rows) < 2:
            raise SkippedError("there are no Oracle-defined policies")
        return [row.id for row in sorted(rows, key=lambda row: str(row.display_name))]

    def body(self) -> Any:
        """The JSON of the last answer as it came, in which null, absent and empty differ."""
        last = self.cloud.recorder.last
        return last.json() if last is not None else None


def certainly_call(call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, raising UnclearError instead of the SDK's errors."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return certainly(call, *args, **kwargs)

    return wrapped
