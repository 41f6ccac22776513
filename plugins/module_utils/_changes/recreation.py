# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas whose key the service leaves as it is: once more, by switching replication off and on, where that is wanted.

Both are runs of the five steps; the second one has only what the first one has left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._common.records import replace
from .._model.decisions import CHANGE_IGNORED
from .._model.outcome import Outcome
from .._model.resource import DesiredState
from .engine import Report
from .request import Target

_AGAIN = "everything is copied again, and there is no usable replica until that is done"


def run_with_recreation(
    run: Callable[[Sequence[Target], DesiredState], Report],
    targets: Sequence[Target],
    desired: DesiredState,
    *,
    check_mode: bool,
) -> Report:
    """Change the keys in place; then switch replication off and on for those that the service left as they were.

    Only where ``desired`` allows it. Raises InputError before anything is written.
    """
    in_place = run(targets, desired)
    if not desired.may_recreate:
        return in_place
    if check_mode:
        planned = [outcome.label for outcome in in_place.outcomes if outcome.changed]
        return replace(in_place, warnings=[*in_place.warnings, *_planned_warnings(planned)])
    left = {outcome.id for outcome in in_place.outcomes if _is_left(outcome)}
    if not left:
        return in_place
    again = run([target for target in targets if target.id in left], replace(desired, recreate=True))
    made = {outcome.id: outcome for outcome in again.outcomes}
    return Report(
        [made.get(outcome.id, outcome) for outcome in in_place.outcomes],
        [
            *in_place.warnings,
            *again.warnings,
            *(
                f"{outcome.label}: its replica was deleted{_what_followed(outcome)}."
                for outcome in made.values()
                if outcome.changed
            ),
        ],
    )


def _what_followed(outcome: Outcome) -> str:
    """What became of a replica that was deleted, also by a change that failed."""
    if outcome.before is None or outcome.after is None:
        return ", unless the request was lost; what is there now is not known"
    missing = len(outcome.before.replicas) - len(outcome.after.replicas)
    if outcome.error is not None and missing > 0:
        return ", and there is none now. Switch replication on again"
    return f" and made again, from {outcome.time_requested} on: {_AGAIN}"


def _is_left(outcome: Outcome) -> bool:
    """Whether the service left the key as it was, for what the change is. A key that can't be used is no such reason:
    no replica could be made with it either."""
    error = outcome.error
    if error is None or outcome.changed:
        return False
    return error.code == CHANGE_IGNORED or (error.status == 400 and error.code == "InvalidParameter")


def _planned_warnings(labels: Sequence[str]) -> list[str]:
    if not labels:
        return []
    more = f" and {len(labels) - 1:,} more" if len(labels) > 1 else ""
    return [f"{labels[0]}{more}: if the service does not change the key in place, the replica is deleted: {_AGAIN}."]
