# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""List instances and what is attached to them (oci_semantics.md section 1.10, Appendix A)."""

from __future__ import annotations

from functools import partial

from simulator.api import Call, checked, declare, many, scope
from simulator.kinds.instances import STATES, Instance
from simulator.wire import Json, Reply, cut

from .rows import LARGEST_PAGE, checked_domain, wanted_state


def _here(call: Call) -> list[Instance]:
    """The instances of the compartment, and of the availability domain if one is asked for; the youngest first."""
    domain = checked_domain(call)
    rows = call.cloud.listing(Instance, call.region, call.compartment() or "")
    return [one for one in rows if one.may_inspect and domain in (None, one.domain)]


def _page(call: Call, rows: list[Json]) -> Reply:
    page, following = cut(rows, scope(call), call.query, LARGEST_PAGE, LARGEST_PAGE)
    return many(list(page), following)


def _list(call: Call) -> Reply:
    rows = [one.document() for one in _here(call)]
    if "lifecycleState" in call.query:
        state = wanted_state(call, STATES)
        rows = [row for row in rows if row["lifecycleState"] == state]
    if "displayName" in call.query:
        rows = [row for row in rows if row["displayName"] == call.query["displayName"]]
    by = checked(call, "sortBy", ("TIMECREATED", "DISPLAYNAME"), "TIMECREATED")
    order = checked(call, "sortOrder", ("ASC", "DESC"), "DESC" if by == "TIMECREATED" else "ASC")
    if by == "DISPLAYNAME":
        rows.sort(key=lambda row: (row["displayName"], row["id"]), reverse=order == "DESC")
    elif order == "ASC":
        rows.reverse()
    return _page(call, rows)


def _attachments(boot: bool, call: Call) -> Reply:
    rows = [row for one in _here(call) for row in one.attachments(call.cloud, boot)]
    for name in ("instanceId", "bootVolumeId" if boot else "volumeId"):
        if name in call.query:
            rows = [row for row in rows if row[name] == call.query[name]]
    return _page(call, rows)


declare(
    "ListInstances",
    "iaas GET /20160918/instances",
    _list,
    "compartmentId*, availabilityDomain, limit, page, displayName, sortBy, sortOrder, lifecycleState",
)
declare(
    "ListVolumeAttachments",
    "iaas GET /20160918/volumeAttachments",
    partial(_attachments, False),
    "availabilityDomain, compartmentId*, limit, page, instanceId, volumeId",
)
declare(
    "ListBootVolumeAttachments",
    "iaas GET /20160918/bootVolumeAttachments",
    partial(_attachments, True),
    "availabilityDomain*, compartmentId*, limit, page, instanceId, bootVolumeId",
)
