# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The counts of ``summary``, in results, batches and reports alike. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict


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
