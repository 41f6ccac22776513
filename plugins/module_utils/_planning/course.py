# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The course of a run that carries out a whole plan: which batch is next, when it stops and plans again. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .._documents.plan_file import PlanFile
from .._documents.subject import Subject, subject

CANARY, FAILURES, INTERRUPTED = "canary", "failures", "interrupted"
"""Why a run stops early: one of the first changes failed, too many changes did, or it was told to end."""

STOPPED = {
    CANARY: "One of the first changes failed, so nothing more was changed",
    FAILURES: "Too many changes failed, so nothing more was changed",
    INTERRUPTED: "The run was interrupted, so nothing more was changed",
}
"""The same in a sentence."""


@dataclass(frozen=True)
class Limits:
    """How far a run may go. ``rounds``: how often changes are made at most. None: no limit."""

    rounds: int = 1
    max_failures: int | None = None
    max_changes: int | None = None


def batches_left(plan: PlanFile, done: Mapping[int, Collection[Subject]]) -> list[int]:
    """The numbers of the batches that are to be carried out, in order.

    ``done`` are the resources of each batch for which a former attempt left an outcome without an error. A batch is
    left out only if that is so of all its entries.
    """
    return [
        number for number in sorted(plan.batches) if not _subjects(plan, number) <= set(done.get(number, frozenset()))
    ]


def _subjects(plan: PlanFile, number: int) -> set[Subject]:
    return {subject(entry) for part in plan.batches[number] for entry in plan.entries[part.start : part.stop]}


def reason_to_stop(
    limits: Limits, *, is_canary: bool, failed: int, failed_so_far: int, is_cancelled: bool
) -> str | None:
    """Why nothing more is begun after a batch; None if the run goes on.

    ``failed`` counts the failures of the batch, ``failed_so_far`` those of the run.
    """
    if is_cancelled:
        return INTERRUPTED
    if is_canary and failed:
        return CANARY
    if limits.max_failures is not None and failed_so_far > limits.max_failures:
        return FAILURES
    return None


def changes_again(limits: Limits, round_number: int, counts: Mapping[str, int]) -> bool:
    """Whether the changes of a later plan are made. ``counts`` is the summary of its result.

    The last plan only shows what is left. More changes than allowed, with those of earlier rounds, are not made at all.
    """
    if round_number > limits.rounds or not counts["planned"]:
        return False
    in_all = counts["changed_earlier"] + counts["failed_earlier"] + counts["planned"]
    return limits.max_changes is None or in_all <= limits.max_changes


def counts_without_look(counts: Mapping[str, int], attempted: Sequence[Subject], plan: PlanFile) -> dict[str, int]:
    """The summary of a plan as it is after some of its changes, where nobody could look again."""
    left = {subject(entry) for entry in plan.entries}.difference(attempted)
    return {**counts, "planned": len(left)}
