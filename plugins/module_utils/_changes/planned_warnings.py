# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user should know of changes before they are made. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._common.text import label
from .._model.decisions import Decision, is_busy
from .._model.ocid import region_part
from .._model.resource_types import NODE_POOL
from .request import Target


def planned_change_warnings(targets: Iterable[Target], decisions: Mapping[str, Decision]) -> list[str]:
    """A line for each change that comes out otherwise, or later, than one may think."""
    warnings = []
    for target in targets:
        decision = decisions[target.id]
        if not decision.is_change:
            continue
        before, own_region = decision.known, region_part(target.id)
        name = label(before.display_name, target.id)
        elsewhere = [replica.id for replica in before.replicas if region_part(replica.id) != own_region]
        if elsewhere and not target.resource_kind.changes_replicas:
            warnings.append(
                f"{name} has a replica in another region ({', '.join(elsewhere)}), which keeps its own key; "
                "the replica is read again after the change."
            )
        if decision.completes_another_run and target.interrupted is not None:
            warnings.append(
                f"{name} has lost its {target.interrupted.what} in a run that was interrupted "
                f"({target.interrupted.source}). It is assigned again."
            )
        if before.type == NODE_POOL:
            warnings.append(f"{name}: only new nodes get the key; those that exist keep theirs.")
        if is_busy(before):
            ready = "ACTIVE" if before.type == NODE_POOL else "AVAILABLE"
            warnings.append(f"{name} is {before.lifecycle_state}; the change is re-evaluated once it is {ready}.")
    return warnings
