# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get and list volume groups; a change of key goes to their members (oci_semantics.md section 1.4)."""

from __future__ import annotations

from simulator.api import Call, declare
from simulator.kinds.groups import STATES, VolumeGroup
from simulator.wire import Reply

from .rows import checked_domain, here, listed


def _get(call: Call) -> Reply:
    group = here(VolumeGroup, call, call.ident)
    return Reply(200, group.render(call.cloud), {"etag": group.etag})


def _list(call: Call) -> Reply:
    checked_domain(call)
    return listed(VolumeGroup, call, STATES, {"availabilityDomain": "domain"})


declare("GetVolumeGroup", "iaas GET /20160918/volumeGroups/*", _get)
declare(
    "ListVolumeGroups",
    "iaas GET /20160918/volumeGroups",
    _list,
    "availabilityDomain, compartmentId*, limit, page, displayName, sortBy, sortOrder, lifecycleState",
)
