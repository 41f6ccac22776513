# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Backups: the key as a field, and what an update does besides (oci_semantics.md 0.6, 0.7, 0.21, 11)."""

from __future__ import annotations

from typing import Any

from .cloud import MODELS
from .probe import UnclearError, probe
from .testbed import Answer, Testbed, attempt, certainly


def _update(bed: Testbed, backup: str, **fields: Any) -> Answer:
    return attempt(bed.block.update_volume_backup, backup, MODELS.UpdateVolumeBackupDetails(**fields))


def _key_of(bed: Testbed, backup: str) -> str | None:
    return certainly(bed.block.get_volume_backup, backup).data.kms_key_id or None


def _becomes(bed: Testbed, backup: str, key: str | None) -> bool:
    """Whether it shows this key in one of ten looks."""
    for _look in range(10):
        if _key_of(bed, backup) == key:
            return True
        bed.pause()
    return False


def _other(bed: Testbed, key: str | None) -> str:
    return bed.settings.key_b if key == bed.settings.key_a else bed.settings.key_a


@probe(
    "0.7",
    "UpdateVolumeBackup with another key",
    switch="backup_update_ignored",
    alike={"boot_volume_backups": "off", "all": "volume_backups"},
)
def backup_key_change(bed: Testbed) -> str:
    backup = bed.backup()
    wanted = _other(bed, _key_of(bed, backup))
    answer = _update(bed, backup, kms_key_id=wanted)
    if not answer.accepted:
        return str(answer)
    return "off" if _becomes(bed, backup, wanted) else "volume_backups"


@probe("0.6", 'UpdateVolumeBackup with ""', answers=("Oracle-managed", "no change", "400 InvalidParameter"))
def backup_empty_key(bed: Testbed) -> str:
    backup = bed.backup()
    if _key_of(bed, backup) is None:
        wanted = bed.settings.key_a
        if not _update(bed, backup, kms_key_id=wanted).accepted or not _becomes(bed, backup, wanted):
            raise UnclearError("the backup did not take a key")
    answer = _update(bed, backup, kms_key_id="")
    if not answer.accepted:
        return str(answer)
    return "Oracle-managed" if _becomes(bed, backup, None) else "no change"


@probe("11", "UpdateVolumeBackup while it is CREATING", switch="backup_update_outside_available")
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
    return "accepted" if answer.accepted else "conflict" if answer.status == 409 else str(answer)


@probe("1.3", "key of a new backup of a volume with a key", answers=("that of the volume", "Oracle-managed"))
def key_of_new_backup(bed: Testbed) -> str:
    bed.on(bed.volume(), bed.settings.key_a)
    key = _key_of(bed, bed.backup("second"))
    return {bed.settings.key_a: "that of the volume", None: "Oracle-managed"}.get(key, "another key")


@probe(
    "0.21",
    "retention fields that UpdateVolumeBackup leaves out",
    switch="backup_update_clears_retention",
    needs=("retention",),
)
def backup_retention(bed: Testbed) -> str:
    period = MODELS.RetentionDuration(retention_time_unit="DAYS", retention_time_amount=1)
    backup = bed.backup("kept", retention_period=period)
    if certainly(bed.block.get_volume_backup, backup).data.retention_period is None:
        raise UnclearError("the backup did not take a retention period")
    answer = _update(bed, backup, display_name=bed.titles("backup-kept")["display_name"])
    if not answer.accepted:
        return str(answer)
    return "off" if certainly(bed.block.get_volume_backup, backup).data.retention_period else "on"
