# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The kmsKey sub-resource of volumes and boot volumes (oci_semantics.md sections 1.2, 2, 3)."""

from __future__ import annotations

from functools import partial

from simulator.api import Call, declare, one
from simulator.key_checks import check_assignable, check_removable
from simulator.kinds.volumes import VOLUMES, Volume
from simulator.wire import ApiError, Reply, etag, invalid, missing, not_found

from .volumes import check_lock, check_state, find

_BODY = frozenset({"kmsKeyId"})


def _get(cls: type[Volume], call: Call) -> Reply:
    volume = find(cls, call)
    key = volume.shown_key(call.cloud)
    if key:
        return one({"kmsKeyId": key}, volume.key_etag(call.cloud))
    answer = call.switch("kms_key_get_oracle_managed")
    if answer == "not_found":
        raise not_found()
    return one(
        {"null": {"kmsKeyId": None}, "absent": {}, "empty": {"kmsKeyId": ""}}[answer], volume.key_etag(call.cloud)
    )


def _put(cls: type[Volume], call: Call) -> Reply:
    wanted = call.document(_BODY).get("kmsKeyId")
    volume = find(cls, call)
    target = volume.change.target if volume.change is not None else volume.key
    if wanted and wanted == target:
        # In place or on its way: each of these makes a new data key for nothing, unless that is what is wanted (0.3).
        call.cloud.needless_puts += 1
    _check_match(volume, call)
    check_lock(volume)
    if wanted is None:
        return _without_key(volume, call)
    key = check_assignable(call, wanted)
    if key.id != volume.key:
        check_removable(call, volume.key)
    _check_ready(volume, call)
    if volume.replicas and call.switch("cmk_on_replicated") == "refused":
        raise invalid("A customer-managed key can't be assigned to a volume with cross-region replicas.")
    if key.id == volume.key:
        volume.rewraps += 1
    delay = call.switch("external_key_delay") if key.protection == "EXTERNAL" else 0.0
    volume.start(call.cloud, key.id, call.now, delay=delay)
    return one({"kmsKeyId": key.id}, etag(f"kmsKey/{key.id}", 0))


def _without_key(volume: Volume, call: Call) -> Reply:
    """PUT without kmsKeyId, or with null: not known what happens (section 1.2)."""
    way = call.switch("put_without_key")
    if way == "missing_parameter":
        raise missing("kmsKeyId")
    if way == "invalid_parameter":
        raise invalid("kmsKeyId is invalid or incorrectly formatted.")
    if way == "oracle_managed":
        _remove(volume, call)
    return one({}, volume.key_etag(call.cloud))


def _delete(cls: type[Volume], call: Call) -> Reply:
    volume = find(cls, call)
    _check_match(volume, call)
    check_lock(volume)
    if volume.key is None and volume.change is None and call.switch("delete_oracle_managed") == "not_found":
        raise not_found()
    _remove(volume, call)
    return Reply(204)


def _remove(volume: Volume, call: Call) -> None:
    """Back to the Oracle-managed key; "if the volume doesn't use KMS, then do nothing" (section 2)."""
    if call.switch("security_zone") == "on":
        policy = "boot_volume_without_vault_key" if volume.kind == "boot_volume" else "block_volume_without_vault_key"
        raise ApiError(403, "NotAuthorized", f"Security Zone Violation: policy {policy} is violated.")
    check_removable(call, volume.key)
    _check_ready(volume, call)
    if volume.key is not None or volume.change is not None:
        volume.start(call.cloud, None, call.now)


def _check_match(volume: Volume, call: Call) -> None:
    compared = call.switch("if_match_on_kmskey")
    if compared != "ignored":
        call.check_match(volume.etag if compared == "volume_etag" else volume.key_etag(call.cloud))


def _check_alone(volume: Volume, call: Call) -> None:
    """Refusals that pass as soon as no other volume of the availability domain is being changed (4)."""
    way = call.switch("conflict_passes")
    if way == "off":
        return
    others = [one for one in call.cloud.all(Volume) if one.domain == volume.domain and one.change and one is not volume]
    for other in others:
        other.settle(call.cloud, call.now)
    if not any(other.change for other in others):
        return
    if way == "limit_exceeded":
        raise ApiError(400, "LimitExceeded", "The request count has been exceeded.")
    raise ApiError(409, "Conflict", f"{volume.id} is currently being modified, try again later")


def _check_ready(volume: Volume, call: Call) -> None:
    _check_alone(volume, call)
    if call.switch("put_outside_available") == "conflict" or volume.state in ("TERMINATING", "TERMINATED"):
        check_state(volume)


for _cls in VOLUMES:
    _path = f"/20160918/{_cls.collection}/*/kmsKey"
    declare(f"Get{_cls.title}KmsKey", f"iaas GET {_path}", partial(_get, _cls))
    declare(f"Update{_cls.title}KmsKey", f"iaas PUT {_path}", partial(_put, _cls))
    declare(f"Delete{_cls.title}KmsKey", f"iaas DELETE {_path}", partial(_delete, _cls))
