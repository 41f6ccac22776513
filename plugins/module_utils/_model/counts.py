# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The counts of ``summary``, in results, batches and reports alike. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Protocol, TypedDict


class ChangeCounts(TypedDict):
    """Counts that add up to the total; a change that failed after it was made counts as failed."""

    total: int
    changed: int
    unchanged: int
    failed: int


def count_outcomes(outcomes: Iterable[tuple[bool, bool]]) -> ChangeCounts:
    """Count pairs of whether a resource was changed and whether it failed."""
    pairs = list(outcomes)
    failed = sum(has_failed for _changed, has_failed in pairs)
    changed = sum(was_changed and not has_failed for was_changed, has_failed in pairs)
    return {"total": len(pairs), "changed": changed, "unchanged": len(pairs) - changed - failed, "failed": failed}


class Planned(Protocol):
    """A plan, while it is made or as its file has it."""

    @property
    def entries(self) -> Sized: ...
    @property
    def blocked(self) -> Sized: ...
    @property
    def skipped(self) -> Sized: ...
    @property
    def excluded(self) -> Sized: ...
    @property
    def not_approved(self) -> Sized: ...
    @property
    def unsettled(self) -> Sized: ...
    @property
    def not_seen(self) -> Sized: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def not_selected(self) -> int: ...


def count_plan(plan: Planned) -> dict[str, int]:
    """What a plan by itself says in its ``summary``; what earlier batches did is counted beside it."""
    return {
        "planned": len(plan.entries),
        "unchanged": plan.unchanged,
        "blocked": len(plan.blocked),
        "left_alone": len(plan.skipped),
        "excluded": len(plan.excluded),
        "not_approved": len(plan.not_approved),
        "not_selected": plan.not_selected,
        "unsettled": len(plan.unsettled),
        "not_seen": len(plan.not_seen),
    }
