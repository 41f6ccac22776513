# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""GetWorkRequest, in the region where the work was asked for (oci_semantics.md, Appendix A)."""

from __future__ import annotations

from simulator.api import Call, declare, one
from simulator.kinds.work_requests import WorkRequest
from simulator.wire import Reply

from .rows import here


def _get(call: Call) -> Reply:
    return one(here(WorkRequest, call, call.ident).document())


declare("GetWorkRequest", "iaas GET /20160918/workRequests/*", _get)
