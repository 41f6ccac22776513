# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Boot volumes and their backups (oci_semantics.md 0.7, 0.8, 0.9, 3): those of the settings, which are only read.

Whether a boot volume takes a key as a volume does would be tried on one that is in use, or on a third volume.
"""

from __future__ import annotations

from typing import Any

from .backups import becomes, other
from .cloud import MODELS
from .kms_key import kms_key_field
from .probe import SkippedError, UnclearError, probe
from .testbed import HIDDEN, INVALID, Answer, Testbed, attempt, certainly


def _update(bed: Testbed, backup: str, key: str) -> Answer:
    return attempt(bed.block.update_boot_volume_backup, backup, MODELS.UpdateBootVolumeBackupDetails(kms_key_id=key))


def _key_of(bed: Testbed, backup: str) -> str | None:
    return certainly(bed.block.get_boot_volume_backup, backup).data.kms_key_id or None


def _without_key(bed: Testbed) -> Any:
    found = certainly(bed.block.get_boot_volume, bed.settings.boot_volume_without_key_id).data
    if found.kms_key_id:
        raise SkippedError("boot_volume_without_key_id has a customer's key")
    return found


@probe(
    "0.8, 2",
    "GET kmsKey of an Oracle-managed boot volume",
    switch="kms_key_get_oracle_managed",
    needs=("boot_volume_id", "boot_volume_without_key_id"),
)
def get_boot_kms_key_without_one(bed: Testbed) -> str:
    # A caller who may not read it gets a 404 too, so one with a key is read first.
    with_key = certainly(bed.block.get_boot_volume_kms_key, bed.settings.boot_volume_id).data.kms_key_id
    if not with_key:
        raise SkippedError("boot_volume_id has no key of a customer's")
    answer = attempt(bed.block.get_boot_volume_kms_key, _without_key(bed).id)
    if answer.accepted:
        return kms_key_field(bed.body())
    return answer.told("", {HIDDEN: "not_found"})


@probe(
    "0.9, 2",
    "kmsKeyId in GET of an Oracle-managed boot volume",
    switch="oracle_managed_field",
    needs=("boot_volume_without_key_id",),
)
def boot_field_without_key(bed: Testbed) -> str:
    _without_key(bed)
    return kms_key_field(bed.body())


@probe(
    "0.6, 0.7, 1.3",
    "UpdateBootVolumeBackup with another key",
    switch="backup_update_ignored",
    alike={"volume_backups": "off", "all": "boot_volume_backups"},
    needs=("boot_volume_id",),
)
def boot_backup_key_change(bed: Testbed) -> str:
    backup = bed.boot_backup()
    wanted = other(bed, _key_of(bed, backup))
    answer = _update(bed, backup, wanted)
    if not answer.accepted:
        return str(answer)
    return "off" if becomes(bed, lambda: _key_of(bed, backup), wanted) else "boot_volume_backups"


@probe(
    "0.6, 3",
    'UpdateBootVolumeBackup with ""',
    answers=("Oracle-managed", "no change", INVALID),
    needs=("boot_volume_id",),
)
def boot_backup_empty_key(bed: Testbed) -> str:
    backup = bed.boot_backup()
    # One that takes no key at all would take no other one either.
    wanted = other(bed, _key_of(bed, backup))
    if not _update(bed, backup, wanted).accepted or not becomes(bed, lambda: _key_of(bed, backup), wanted):
        raise UnclearError("the backup did not take a key")
    answer = _update(bed, backup, "")
    if not answer.accepted:
        return str(answer)
    return "Oracle-managed" if becomes(bed, lambda: _key_of(bed, backup), None) else "no change"
