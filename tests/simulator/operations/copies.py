# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of backups in another region, asked for in the source's region (oci_semantics.md sections 1.3, 1.4, 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from simulator.api import Call, declare
from simulator.key_checks import check_assignable
from simulator.kinds.backup_base import BackupBase
from simulator.kinds.backups import BootVolumeBackup, VolumeBackup
from simulator.kinds.groups import GroupBackup
from simulator.kinds.work_requests import WorkRequest
from simulator.state import Site
from simulator.wire import ApiError, Json, Reply, invalid, missing

from .backups import check_available
from .rows import here

_BODY = frozenset({"destinationRegion", "displayName", "kmsKeyId"})
_TOKEN_LASTS = 24 * 3600.0


@dataclass(slots=True)
class _Kept:
    """What a retry token stands for."""

    asked: str
    until: float
    copy: BackupBase
    headers: dict[str, str]


class _Tokens(dict[tuple[str, str], _Kept]):
    """By region and token."""


class _UnderWay(dict[str, list[BackupBase]]):
    """The copies being made, by source region."""


def _copy(cls: type[VolumeBackup | BootVolumeBackup | GroupBackup], call: Call) -> Reply:
    asked = f"{call.operation.name} {call.ident} {sorted(call.document(_BODY).items())}"
    kept = _replayed(call, asked)
    if kept is None:
        kept = _Kept(asked, call.now + _TOKEN_LASTS, *_made(cls, call))
        token = call.headers.get("opc-retry-token")
        if token:
            call.cloud.shelf(_Tokens)[call.region, token] = kept
    return Reply(200, kept.copy.render(call.cloud), kept.headers | {"etag": kept.copy.etag})


def _replayed(call: Call, asked: str) -> _Kept | None:
    """The copy that this token has led to in the last 24 hours; other content is refused (section 4)."""
    token = call.headers.get("opc-retry-token")
    if token is None:
        return None
    if not 1 <= len(token) <= 64:
        raise invalid("opc-retry-token size must be between 1 and 64.")
    kept = call.cloud.shelf(_Tokens).get((call.region, token))
    if kept is None or kept.until <= call.now:
        return None
    kept.copy.settle(call.cloud, call.now)
    if kept.asked != asked or kept.copy.state in ("TERMINATING", "TERMINATED"):
        raise ApiError(
            409, "InvalidatedRetryToken", "The retry token was used for something else, or its outcome is gone."
        )
    return kept


def _made(cls: type[BackupBase], call: Call) -> tuple[BackupBase, dict[str, str]]:
    """A new copy, and the headers that tell of it."""
    body, cloud = call.document(_BODY), call.cloud
    source = here(cls, call, call.ident)
    site = _destination(call, body)
    title = body.get("displayName")
    if title is not None and (not isinstance(title, str) or not 1 <= len(title) <= 255):
        raise invalid("displayName size must be between 1 and 255.")
    check_available(source)
    for member in source.members(cloud) if isinstance(source, GroupBackup) else []:
        member.settle(cloud, call.now)
        check_available(member)
    wanted = body.get("kmsKeyId")
    key = None if wanted is None else check_assignable(call, wanted, region=site.region.name).id
    _admit(call)
    copy = source.copy_to(cloud, site, key, title, call.now)
    cloud.shelf(_UnderWay)[call.region].append(copy)
    if isinstance(copy, GroupBackup):
        return copy, {}
    request = WorkRequest(cloud, call.site, source, copy)
    cloud.create(request)
    place = f"https://iaas.{site.region.name}.{site.region.domain}/20160918/{copy.collection}/{copy.id}"
    return copy, {"opc-work-request-id": request.id, "location": place, "content-location": place}


def _destination(call: Call, body: Json) -> Site:
    name = body.get("destinationRegion")
    if name is None:
        raise missing("destinationRegion")
    site = call.cloud.sites.get(name) if isinstance(name, str) else None
    if site is None or site is call.site or site.status != "READY":
        raise invalid("destinationRegion must be another region that the tenancy is subscribed to.")
    return site


def _admit(call: Call) -> None:
    """Ten copies at a time, of backups or of group backups, per tenancy and source region (1.3)."""
    going = call.cloud.shelf(_UnderWay).setdefault(call.region, [])
    for copy in going:
        copy.settle(call.cloud, call.now)
    going[:] = [copy for copy in going if copy.state == "CREATING"]
    limit = call.switch("copy_limit")
    if limit and len(going) >= limit:
        message = f"There are {len(going)} copies of backups under way from {call.region} already."
        if call.switch("copy_limit_code") == "400":
            raise ApiError(400, "LimitExceeded", message)
        raise ApiError(429, "TooManyRequests", message)


for _cls in (VolumeBackup, BootVolumeBackup, GroupBackup):
    declare(f"Copy{_cls.title}", f"iaas POST /20160918/{_cls.collection}/*/actions/copy", partial(_copy, _cls))
