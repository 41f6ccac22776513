# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report says of backup policies and replicas that interrupted runs took away: no discovery shows what is not
there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from .._common.errors import InputError
from .._common.text import visible
from .._documents.interrupted import InterruptedChange, former_run_journals, interrupted_changes
from .._documents.report_file import RunRecords
from .._model.ocid import region_part
from .._model.resource_types import ASSIGNMENT
from .._model.rows import ResourceRow

_MOST_NAMED = 5


def interrupted_lines(reports: Path, runs: Sequence[RunRecords], *, is_redacted: bool) -> list[str]:
    """Of each policy, and each replica, that a run whose journal is below ``reports`` took away, where nothing else is
    in its place.

    Nothing is asked of OCI: the discovery says which assets have one by now. With ``is_redacted`` nothing is named.
    """
    try:
        changes = interrupted_changes(former_run_journals(reports))
    except InputError as error:
        return [f"Whether runs were interrupted is not known: {error}."]
    tenancies = {run.discovery.tenancy for run in runs}
    missing = [
        (change, line)
        for change in changes
        if change.tenancy in (None, *tenancies) and (line := _line(change, runs)) is not None
    ]
    found = [line for _change, line in missing]
    if not found:
        return []
    if is_redacted:
        what = _counted([change.type for change, _line in missing])
        return [f"{what} may be missing since a run was interrupted. The journals in {reports} name what. {_REMEDY}"]
    more = [f"... and {len(found) - _MOST_NAMED:,} more"] if len(found) > _MOST_NAMED else []
    return [*found[:_MOST_NAMED], *more, _REMEDY]


_REMEDY = (
    "Run rekey, which puts such policies and replicas back, or restore_keys with the folder of the run that was "
    "interrupted."
)


def _counted(types: Sequence[str]) -> str:
    """ "1 backup policy and 2 replicas" """
    policies = types.count(ASSIGNMENT)
    counts = [
        (policies, "backup policy", "backup policies"),
        (len(types) - policies, "replica", "replicas"),
    ]
    return " and ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count)


def _line(change: InterruptedChange, runs: Iterable[RunRecords]) -> str | None:
    """None where the asset has a backup policy, or a replica there, by now."""
    was_searched = False
    for run in runs:
        was_searched |= change.type in run.discovery.scanned["resource_types"]
        for row in run.discovery.resources:
            if _is_back(change, row):
                return None
            was_searched |= change.type != ASSIGNMENT and row["id"] == change.asset_id
    searched = "policies" if change.type == ASSIGNMENT else "replicas"
    what = (
        f"has taken its {change.what} away"
        if was_searched
        else f"may have taken its {change.what} away, and {searched} were not searched"
    )
    return visible(f"{change.label}: a run that was interrupted {what} ({change.source}).")


def _is_back(change: InterruptedChange, row: ResourceRow) -> bool:
    """Whether the row shows that something is in its place: a policy of the asset, or a replica in the same region, of
    which a source has one at most (oci_semantics.md section 1.6)."""
    if change.type == ASSIGNMENT:
        return row["type"] == ASSIGNMENT and row["asset_id"] == change.asset_id
    lost = change.taken.replica
    there = [replica["id"] for replica in row["replicas"]] if row["id"] == change.asset_id else []
    if row.get("source_id") == change.asset_id:
        there.append(row["id"])
    return lost is not None and region_part(lost.id) in map(region_part, there)
