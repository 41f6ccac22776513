# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups: the key as a field, and what an update does besides (oci_semantics.md 0.6, 0.7, 0.21, 11)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .cloud import MODELS
from .probe import UnclearError, probe
from .testbed import BUSY, CONFLICT, INVALID, Answer, Testbed, attempt, certainly


def _update(bed: Testbed, backup: str, **fields: Any) -> Answer:
    return attempt(bed.block.update_volume_backup, backup, MODELS.UpdateVolumeBackupDetails(**fields))


def _key_of(bed: Testbed, backup: str) -> str | None:
    return certainly(bed.block.get_volume_backup, backup).data.kms_key_id or None


def becomes(bed: Testbed, read: Callable[[], str | None], key: str | None) -> bool:
    """Whether this key is read in one of ten looks."""
    for _look in range(10):
        if read() == key:
            return True
        bed.pause()
    return False


def _becomes(bed: Testbed, backup: str, key: str | None) -> bool:
    return becomes(bed, lambda: _key_of(bed, backup), key)


def other(bed: Testbed, key: str | None) -> str:
    return bed.settings.key_b if key == bed.settings.key_a else bed.settings.key_a


@probe(
    "0.6, 0.7, 1.3, 2",
    "UpdateVolumeBackup with another key",
    switch="backup_update_ignored",
    alike={"boot_volume_backups": "off", "all": "volume_backups"},
)
def backup_key_change(bed: Testbed) -> str:
    backup = bed.backup()
    wanted = other(bed, _key_of(bed, backup))
    answer = _update(bed, backup, kms_key_id=wanted)
    if not answer.accepted:
        return str(answer)
    return "off" if _becomes(bed, backup, wanted) else "volume_backups"


@probe("0.6, 3", 'UpdateVolumeBackup with ""', answers=("Oracle-managed", "no change", INVALID))
def backup_empty_key(bed: Testbed) -> str:
    backup = bed.backup()
    # One that takes no key at all would take no other one either.
    wanted = other(bed, _key_of(bed, backup))
    if not _update(bed, backup, kms_key_id=wanted).accepted or not _becomes(bed, backup, wanted):
        raise UnclearError("the backup did not take a key")
    answer = _update(bed, backup, kms_key_id="")
    if not answer.accepted:
        return str(answer)
    return "Oracle-managed" if _becomes(bed, backup, None) else "no change"


@probe("2", "UpdateVolumeBackup with its own key", answers=("accepted", "accepted: another key", INVALID, CONFLICT))
def backup_own_key(bed: Testbed) -> str:
    backup = bed.with_key()
    before = _key_of(bed, backup)
    answer = _update(bed, backup, kms_key_id=before)
    if not answer.accepted:
        return str(answer)
    for _look in range(3):
        bed.pause()
        if _key_of(bed, backup) != before:
            return "accepted: another key"
    return "accepted"


@probe(
    "2, 11",
    "UpdateVolumeBackup while it is CREATING",
    switch="backup_update_outside_available",
    besides=(CONFLICT,),
)
def backup_update_while_creating(bed: Testbed) -> str:
    bed.on(bed.volume(), bed.settings.key_a)
    backup = bed.backup("second", wait=False)
    busy = ("CREATING", "REQUEST_RECEIVED")
    if certainly(bed.block.get_volume_backup, backup).data.lifecycle_state not in busy:
        raise UnclearError("the backup was not seen CREATING")
    answer = _update(bed, backup, display_name=bed.titles("backup-busy")["display_name"])
    still = certainly(bed.block.get_volume_backup, backup).data.lifecycle_state in busy
    bed.available(bed.block.get_volume_backup, backup, "backup")
    if answer.accepted and not still:
        raise UnclearError("the backup may have been AVAILABLE by then")
    return answer.told("accepted", {BUSY: "conflict"})


@probe("1.3, 2", "key of a new backup of a volume with a key", answers=("that of the volume", "Oracle-managed"))
def key_of_new_backup(bed: Testbed) -> str:
    bed.on(bed.volume(), bed.settings.key_a)
    key = _key_of(bed, bed.backup("second"))
    return {bed.settings.key_a: "that of the volume", None: "Oracle-managed"}.get(key, "another key")


@probe(
    "0.21",
    "retention fields that UpdateVolumeBackup leaves out",
    switch="backup_update_clears_retention",
    besides=("only the period is kept", "only the prevention of deletion is kept"),
    needs=("retention",),
)
def backup_retention(bed: Testbed) -> str:
    """A day, without a lock, and the prevention of deletion, which whoever deletes the backup takes away first."""
    period = MODELS.RetentionDuration(retention_time_unit="DAYS", retention_time_amount=1)
    backup = bed.backup("kept")

    def kept() -> tuple[bool, bool]:
        found = certainly(bed.block.get_volume_backup, backup).data
        return bool(found.retention_period), bool(found.is_prevent_deletion_enabled)

    given = _update(bed, backup, retention_period=period, is_prevent_deletion_enabled=True)
    if not given.accepted or kept() != (True, True):
        raise UnclearError(f"the backup did not take a retention period and the prevention of deletion: {given}")
    answer = _update(bed, backup, display_name=bed.titles("backup-kept")["display_name"])
    if not answer.accepted:
        return str(answer)
    return {
        (True, True): "off",
        (False, False): "on",
        (True, False): "only the period is kept",
        (False, True): "only the prevention of deletion is kept",
    }[kept()]
