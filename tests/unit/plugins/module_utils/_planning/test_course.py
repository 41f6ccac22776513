# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from unit.support.fake_cloud import KEY_A, KEY_B, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import (
    PlanEntry,
    PlanFile,
    Slice,
    digest,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.batches import split_into_batches
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.course import (
    CANARY,
    FAILURES,
    INTERRUPTED,
    STOPPED,
    Limits,
    batches_left,
    changes_again,
    counts_without_look,
    reason_to_stop,
)


def plan(count: int, *, size: int = 2, canary: int = 1, first: int = 1) -> PlanFile:
    entries: list[PlanEntry] = [
        {
            "id": volume_id(number),
            "type": "volume",
            "region": "us-ashburn-1",
            "compartment_id": "",
            "display_name": f"volume-{number}",
            "key_region": "us-ashburn-1",
            "kms_key_id": KEY_A,
            "wanted_kms_key_id": KEY_B,
            "action": "assign",
        }
        for number in range(count)
    ]
    batches: list[list[Slice]] = split_into_batches(entries, size, canary)
    return PlanFile(entries, digest(entries), "tenancy", dry_run=False, batches=dict(enumerate(batches, first)))


def volumes(*numbers: int) -> set[tuple[str, str]]:
    return {("volume", volume_id(number)) for number in numbers}


class TestBatchesLeft:
    def test_all_of_a_new_plan_in_order(self) -> None:
        assert batches_left(plan(5), {}) == [1, 2, 3]
        assert batches_left(plan(5, first=4), {1: volumes(0)}) == [4, 5, 6]
        assert batches_left(plan(0), {}) == []

    def test_not_those_that_ended_well_in_a_former_attempt(self) -> None:
        assert batches_left(plan(5), {1: volumes(0)}) == [2, 3]
        assert batches_left(plan(5), {1: volumes(0), 2: volumes(1, 2), 3: volumes(3, 4)}) == []

    def test_but_those_that_ended_in_part_or_with_another_resource(self) -> None:
        assert batches_left(plan(5), {1: volumes(0), 2: volumes(1)}) == [2, 3]
        assert batches_left(plan(5), {1: volumes(3), 2: volumes(1, 2)}) == [1, 3]
        assert batches_left(plan(5), {1: set()}) == [1, 2, 3]


class TestReasonToStop:
    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            ({}, None),
            ({"is_canary": True}, None),
            ({"is_canary": True, "failed": 1, "failed_so_far": 1}, CANARY),
            # Another attempt of the first batch, whose failures of the attempt before are still counted.
            ({"is_canary": True, "failed": 0, "failed_so_far": 1}, None),
            ({"failed": 2, "failed_so_far": 2}, None),
            ({"failed": 1, "failed_so_far": 3}, FAILURES),
            ({"failed": 0, "failed_so_far": 3}, FAILURES),
            ({"is_canary": True, "failed": 9, "failed_so_far": 9}, CANARY),
            ({"is_canary": True, "failed": 9, "failed_so_far": 9, "is_cancelled": True}, INTERRUPTED),
            ({"is_cancelled": True}, INTERRUPTED),
        ],
    )
    def test_with_a_limit_of_two(self, state: dict[str, Any], reason: str | None) -> None:
        given = {"is_canary": False, "failed": 0, "failed_so_far": 0, "is_cancelled": False, **state}
        assert reason_to_stop(Limits(max_failures=2), **given) == reason

    def test_no_limit_and_a_limit_of_none(self) -> None:
        state = {"is_canary": False, "is_cancelled": False}
        assert reason_to_stop(Limits(), failed=500, failed_so_far=5000, **state) is None
        assert reason_to_stop(Limits(max_failures=0), failed=1, failed_so_far=1, **state) == FAILURES
        assert reason_to_stop(Limits(max_failures=0), failed=0, failed_so_far=0, **state) is None

    def test_each_reason_is_a_sentence(self) -> None:
        assert set(STOPPED) == {CANARY, FAILURES, INTERRUPTED}


class TestChangesAgain:
    @pytest.mark.parametrize(
        ("limits", "number", "counts", "expected"),
        [
            (Limits(rounds=3), 2, (1, 0, 0), True),
            (Limits(rounds=3), 3, (1, 0, 0), True),
            (Limits(rounds=3), 4, (1, 0, 0), False),
            (Limits(rounds=3), 2, (0, 9, 0), False),
            (Limits(rounds=3, max_changes=4), 2, (2, 2, 0), True),
            (Limits(rounds=3, max_changes=3), 2, (2, 2, 0), False),
            (Limits(rounds=3, max_changes=3), 2, (2, 1, 1), False),
            (Limits(rounds=3, max_changes=0), 2, (1, 0, 0), False),
        ],
    )
    def test_it(self, limits: Limits, number: int, counts: tuple[int, int, int], expected: bool) -> None:
        named = dict(zip(("planned", "changed_earlier", "failed_earlier"), counts, strict=True))
        assert changes_again(limits, number, named) is expected


def test_what_is_left_where_nobody_could_look_again() -> None:
    counts = {"planned": 5, "unchanged": 2}
    assert counts_without_look(counts, [*volumes(0, 3)], plan(5)) == {"planned": 3, "unchanged": 2}
    assert counts_without_look(counts, [], plan(5)) == counts
