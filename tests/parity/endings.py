# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a deleted volume shows (oci_semantics.md 0.25, 2). Asked last, since the second volume is deleted for it."""

from __future__ import annotations

from .probe import probe
from .testbed import GONE, Testbed, certainly_call


@probe("0.25, 2", "a deleted volume in lists", answers=("shown as TERMINATED or TERMINATING", "left out"))
def deleted_volume_rows(bed: Testbed) -> str:
    volume = bed.end_second_volume()
    read = certainly_call(bed.block.list_volumes)
    name = bed.titles("volume-2")["display_name"]

    def state() -> str:
        rows = read(compartment_id=bed.settings.compartment_id, display_name=name).data
        return next((str(row.lifecycle_state) for row in rows if row.id == volume), "left out")

    found = bed.until(state, lambda seen: seen in (*GONE, "left out"), "the end of the volume")
    return "left out" if found == "left out" else "shown as TERMINATED or TERMINATING"
