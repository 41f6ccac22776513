# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says of backup policies that interrupted runs took away: no discovery shows what is not there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .._common.errors import InputError
from .._common.text import visible
from .._documents.interrupted import InterruptedPolicy, former_run_journals, interrupted_policies
from .._documents.report_file import RunRecords
from .._model.resource_types import ASSIGNMENT

_MOST_NAMED = 5


def interrupted_lines(reports: Path, runs: Sequence[RunRecords], *, is_redacted: bool) -> list[str]:
    """Of each policy that a run whose journal is below ``reports`` took away, where nothing else is in its place.

    Nothing is asked of OCI: the discovery says which assets have a policy by now. With ``is_redacted`` nothing is
    named.
    """
    try:
        policies = interrupted_policies(former_run_journals(reports))
    except InputError as error:
        return [f"Whether runs were interrupted is not known: {error}."]
    tenancies = {run.discovery.tenancy for run in runs}
    found = [
        line
        for policy in policies
        if policy.tenancy in (None, *tenancies) and (line := _line(policy, runs)) is not None
    ]
    if not found:
        return []
    if is_redacted:
        count = "1 backup policy" if len(found) == 1 else f"{len(found):,} backup policies"
        return [f"{count} may be missing since a run was interrupted. The journals in {reports} name what. {_REMEDY}"]
    more = [f"... and {len(found) - _MOST_NAMED:,} more"] if len(found) > _MOST_NAMED else []
    return [*found[:_MOST_NAMED], *more, _REMEDY]


_REMEDY = (
    "Run rekey, which assigns such policies again, or restore_keys with the folder of the run that was interrupted."
)


def _line(policy: InterruptedPolicy, runs: Iterable[RunRecords]) -> str | None:
    """None where the asset has a backup policy by now."""
    was_searched = False
    for run in runs:
        was_searched |= ASSIGNMENT in run.discovery.scanned["resource_types"]
        for row in run.discovery.resources:
            if row["type"] == ASSIGNMENT and row["asset_id"] == policy.asset_id:
                return None
    what = (
        f"has taken its backup policy {policy.policy_id} away"
        if was_searched
        else f"may have taken its backup policy {policy.policy_id} away, and policies were not searched"
    )
    return visible(f"{policy.label}: a run that was interrupted {what} ({policy.source}).")
