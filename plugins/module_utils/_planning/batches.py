# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Splitting a plan into batches. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._documents.plan_file import PlanEntry, Slice


def split_into_batches(entries: Sequence[PlanEntry], size: int, canary: int) -> list[list[Slice]]:
    """First one batch with ``canary`` entries of every region, type, key and policy, then others of up to ``size``.

    The entries have to be in the order of a plan.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for index, entry in enumerate(entries):
        places.setdefault((entry["type"], entry["region"]), []).append(index)

    def part(start: int, stop: int) -> Slice:
        kind, region = entries[start]["type"], entries[start]["region"]
        among = places[kind, region]
        return Slice(start, stop, region, kind, start - among[0] + 1, stop - among[0], len(among))

    first: list[Slice] = []
    rest: list[list[Slice]] = []
    for start, stop in _runs(entries):
        bound = min(start + canary, stop)
        if bound > start:
            first.append(part(start, bound))
        rest += [[part(begin, min(begin + size, stop))] for begin in range(bound, stop, size)]
    return ([first] if first else []) + rest


def _runs(entries: Sequence[PlanEntry]) -> list[tuple[int, int]]:
    """Where entries of one region, type, desired key and policy start and stop."""
    runs: list[tuple[int, int]] = []
    start = 0
    for index in range(1, len(entries) + 1):
        if index == len(entries) or _group(entries[index]) != _group(entries[start]):
            runs.append((start, index))
            start = index
    return runs


def _group(entry: PlanEntry) -> tuple[str, str, str | None, str, str | None]:
    policy = entry.get("wanted_policy_id")
    return entry["type"], entry["region"], entry["wanted_kms_key_id"], entry["action"], policy
