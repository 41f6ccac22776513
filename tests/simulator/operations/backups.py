# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get, list, update and delete backups, whose key is a field of theirs (oci_semantics.md 0.6, 0.7, 0.21, 1.3)."""

from __future__ import annotations

from functools import partial
from typing import Any

from simulator.api import Call, declare
from simulator.key_checks import check_assignable, check_removable
from simulator.kinds.backup_base import FLAGS, RETENTION, BackupBase
from simulator.kinds.backups import Backup, BootVolumeBackup, VolumeBackup
from simulator.kinds.groups import GroupBackup
from simulator.wire import ApiError, Json, Reply, invalid, missing

from .rows import here, listed

_BODY = frozenset({"displayName", "definedTags", "freeformTags", "kmsKeyId", *RETENTION})
_PERIOD = {"retentionTimeUnit", "retentionTimeAmount"}


def _get(cls: type[Backup | GroupBackup], call: Call) -> Reply:
    backup = here(cls, call, call.ident)
    return Reply(200, backup.render(call.cloud), _etag(backup, call))


def _etag(backup: BackupBase, call: Call) -> dict[str, str]:
    return {"etag": backup.etag} if call.switch("backup_etag") == "shown" else {}


def _list(cls: type[Backup | GroupBackup], call: Call) -> Reply:
    filters = {cls.of_field: "of_id", cls.source_field: "source_id"}
    return listed(cls, call, cls.states, filters)


def _update(cls: type[Backup], call: Call) -> Reply:
    body = call.document(_BODY)
    backup = here(cls, call, call.ident)
    wanted = body.get("kmsKeyId")
    if wanted and wanted == backup.key:
        call.cloud.needless_puts += 1
    call.check_match(backup.etag)
    if call.switch("locked_backup_update") == "conflict" and backup.locked(call.now):
        raise ApiError(409, "Conflict", f"Backup {backup.id} is under retention lock or legal hold.")
    if call.switch("backup_update_outside_available") == "conflict" or backup.state in ("TERMINATING", "TERMINATED"):
        check_available(backup)
    retention = retention_of(backup, call, body)
    key = _key(backup, call, wanted) if wanted is not None else backup.key
    details = {name: body[name] for name in backup.details if body.get(name) is not None}
    backup.remember(call.cloud)
    if wanted and wanted == backup.key:
        backup.rewraps += 1
    if call.switch("backup_update_ignored") not in ("all", f"{backup.kind}s"):
        backup.key = key
    backup.keep(retention)
    backup.details = backup.details | details
    backup.touched()
    return Reply(200, backup.render(call.cloud), _etag(backup, call))


def check_available(backup: BackupBase) -> None:
    if backup.state != "AVAILABLE":
        state = backup.state.replace("_", " ").capitalize()
        raise ApiError(409, "IncorrectState", f"Resource {backup.id} is in an invalid state {state}")


def _key(backup: Backup, call: Call, wanted: Any) -> str | None:
    """The key to be; the empty string is the Oracle-managed one (section 3)."""
    key = check_assignable(call, wanted).id if wanted != "" else None
    if key != backup.key:
        check_removable(call, backup.key)
    return key


def retention_of(backup: Backup, call: Call, body: Json) -> Json:
    """The retention fields to be: what is left out, or null, is "set to null" (0.21)."""
    given = {name: body[name] for name in RETENTION if body.get(name) is not None}
    for name in FLAGS:
        if not isinstance(given.get(name, False), bool):
            raise invalid(f"{name} must be true or false.")
    if "retentionPeriod" in given:
        _check_period(given["retentionPeriod"])
    if call.switch("backup_update_clears_retention") == "on":
        retention = dict.fromkeys(RETENTION) | given
    else:
        retention = backup.retention | given
    if given.get("isRetentionLockEnabled") and retention["retentionPeriod"] is None:
        raise invalid("isRetentionLockEnabled needs a retentionPeriod.")
    return retention


def _check_period(period: Any) -> None:
    if not isinstance(period, dict) or not period.keys() <= _PERIOD:
        raise invalid("retentionPeriod is invalid.")
    for name in sorted(_PERIOD - period.keys()):
        raise missing(f"retentionPeriod.{name}")
    amount = period["retentionTimeAmount"]
    if period["retentionTimeUnit"] not in ("DAYS", "YEARS"):
        raise invalid("retentionPeriod.retentionTimeUnit must be DAYS or YEARS.")
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
        raise invalid("retentionPeriod.retentionTimeAmount must be a whole number from 1 on.")


def _delete(cls: type[Backup], call: Call) -> Reply:
    backup = here(cls, call, call.ident)
    call.check_match(backup.etag)
    if backup.undeletable(call.now):
        raise ApiError(409, "Conflict", f"Backup {backup.id} is protected from deletion.")
    if backup.state != "FAULTY":
        check_available(backup)
    backup.terminate(call.cloud, call.now)
    return Reply(204)


_LIST = "compartmentId*, limit, page, displayName, sortBy, sortOrder"

for _cls in (VolumeBackup, BootVolumeBackup):
    _path = f"/20160918/{_cls.collection}"
    declare(f"Get{_cls.title}", f"iaas GET {_path}/*", partial(_get, _cls))
    declare(
        f"List{_cls.title}s",
        f"iaas GET {_path}",
        partial(_list, _cls),
        f"{_LIST}, lifecycleState, {_cls.of_field}, {_cls.source_field}",
    )
    declare(f"Update{_cls.title}", f"iaas PUT {_path}/*", partial(_update, _cls))
    declare(f"Delete{_cls.title}", f"iaas DELETE {_path}/*", partial(_delete, _cls))
_path = f"/20160918/{GroupBackup.collection}"
declare("GetVolumeGroupBackup", f"iaas GET {_path}/*", partial(_get, GroupBackup))
declare("ListVolumeGroupBackups", f"iaas GET {_path}", partial(_list, GroupBackup), f"{_LIST}, volumeGroupId")
