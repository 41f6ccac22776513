# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.support.fake_cloud import FRA, IAD, KEY_A, KEY_B, KEY_C, compartment_id, key_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.quantities import duration
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import digest
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_writer import count_entries
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.subject import subject
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import RESOURCE_TYPES
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.batches import split_into_batches
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import (
    PlanFilter,
    approve,
    make_plan,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.progress import progress_line, slice_label

ORDER = tuple(
    name for name in RESOURCE_TYPES.in_order_of_change.names if name in RESOURCE_TYPES.changed_by_default.names
)
KEY_FRA = key_id("f", FRA)
KEYS = {IAD: KEY_A, FRA: KEY_FRA}


def found(number: int = 1, **fields: Any) -> dict[str, Any]:
    row = {
        "id": volume_id(number),
        "type": "volume",
        "region": IAD,
        "compartment_id": compartment_id(1),
        "display_name": f"volume-{number}",
        "lifecycle_state": "AVAILABLE",
        "kms_key_id": None,
        "time_created": "2026-11-01T00:00:00.000Z",
        "freeform_tags": {},
        "defined_tags": {},
        "group_id": None,
        "locked": None,
        "replicas": [],
        "managed_by_paas": False,
        "read_by": "get",
    }
    return {**row, **fields}


def assignment(number: int = 1, **fields: Any) -> dict[str, Any]:
    asset = {"asset_id": volume_id(number), "policy_id": "policy", "destination_region": FRA}
    return found(number, **{"id": f"assignment-{number}", "type": "policy_assignment", **asset, **fields})


def replica(*, elsewhere: bool) -> dict[str, Any]:
    return {"id": "replica", "in_other_region": elsewhere}


def test_what_is_as_wanted_is_only_counted() -> None:
    plan = make_plan([found(kms_key_id=KEY_A), found(2)], PlanFilter(KEYS))
    assert plan.unchanged == 1
    (entry,) = plan.entries
    assert (entry["kms_key_id"], entry["wanted_kms_key_id"], entry["action"]) == (None, KEY_A, "assign")


def test_an_assignment_takes_the_key_of_the_region_that_it_copies_to() -> None:
    (entry,) = make_plan([assignment()], PlanFilter(KEYS)).entries
    assert (entry["key_region"], entry["wanted_kms_key_id"]) == (FRA, KEY_FRA)


def test_each_region_without_a_key_is_told_with_how_many_need_it() -> None:
    with pytest.raises(InputError, match=r"eu-frankfurt-1 \(2 backup policy assignments\)"):
        make_plan([assignment(1), assignment(2), found()], PlanFilter({IAD: KEY_A}))
    assert make_plan([assignment()], PlanFilter({IAD: KEY_A}, exclude_ids=[volume_id(1)])).entries == []


def test_the_oracle_managed_key_is_wanted_only_where_that_is_said() -> None:
    (entry,) = make_plan([found(kms_key_id=KEY_B), found(2)], PlanFilter(None)).entries
    assert (entry["wanted_kms_key_id"], entry["action"]) == (None, "remove")


@pytest.mark.parametrize(
    ("fields", "options", "where", "reason"),
    [
        ({"lifecycle_state": "FAULTY"}, {}, "blocked", "FAULTY"),
        ({"replicas": [replica(elsewhere=True)]}, {}, "skipped", "replica in another region"),
        ({"replicas": [replica(elsewhere=True)]}, {"include_replicated": True}, "entries", None),
        ({"replicas": [replica(elsewhere=False)]}, {}, "entries", None),
        ({"type": "volume_backup", "locked": "it is under legal hold"}, {}, "blocked", "legal hold"),
        ({"type": "volume_backup", "locked": "it is under legal hold"}, {"include_locked": True}, "entries", None),
        ({"managed_by_paas": True}, {"include_locked": True, "include_replicated": True}, "skipped", "platform"),
        ({"group_id": "group"}, {"exclude_ids": ["group"]}, "excluded", "excluded by 'exclude_ids'"),
    ],
)
def test_what_is_planned_apart(fields: dict[str, Any], options: dict[str, Any], where: str, reason: str | None) -> None:
    plan = make_plan([found(**fields)], PlanFilter(KEYS, **options))
    (row,) = getattr(plan, where)
    assert (reason is None) == ("reason" not in row)
    assert reason is None or reason in row["reason"]


def test_the_order_is_that_of_the_changes_whatever_the_order_of_what_was_found() -> None:
    rows = [found(number, type=kind) for kind in ORDER[1:] for number in (1, 2)] + [assignment()]
    forth, back = make_plan(rows, PlanFilter(KEYS)), make_plan(reversed(rows), PlanFilter(KEYS))
    assert forth.entries == back.entries
    assert forth.digest == back.digest == digest(forth.entries)
    assert [entry["type"] for entry in forth.entries][::2] == list(ORDER)[:1] + list(ORDER[1:])


def test_the_digest_tells_any_change() -> None:
    entries = make_plan([found()], PlanFilter(KEYS)).entries
    for name in entries[0]:
        assert digest([{**entries[0], name: "other"}]) != digest(entries)
    assert digest([]) != digest(entries)


@given(
    st.lists(st.tuples(st.sampled_from(ORDER[1:]), st.sampled_from([IAD, FRA])), max_size=60),
    st.integers(1, 9),
    st.integers(0, 3),
)
def test_batches_have_everything_once_in_order_after_the_canary(
    kinds: list[tuple[str, str]], size: int, canary: int
) -> None:
    rows = [found(number, type=kind, region=region) for number, (kind, region) in enumerate(kinds)]
    entries = make_plan(rows, PlanFilter(KEYS)).entries
    parts = split_into_batches(entries, size, canary)
    covered = [index for batch in parts for part in batch for index in range(part.start, part.stop)]
    assert sorted(covered) == list(range(len(entries)))
    rest = parts[1:] if canary and entries else parts
    assert [part.start for (part,) in rest] == sorted(part.start for (part,) in rest)
    assert all(part.stop - part.start <= size for (part,) in rest)
    for batch in parts:
        for part in batch:
            among = [entry for entry in entries if (entry["type"], entry["region"]) == (part.type, part.region)]
            assert part.total == len(among)
            assert entries[part.start : part.stop] == among[part.first - 1 : part.last]
    if canary and entries:
        assert {(part.type, part.region) for part in parts[0]} == set(kinds)


def test_only_what_was_approved_as_it_was_approved() -> None:
    approved = make_plan([found(1), found(2), found(3), assignment(4)], PlanFilter(KEYS)).entries
    now = [found(1), found(2, kms_key_id=KEY_B), found(5), assignment(4, id="made again")]
    plan = make_plan(now, PlanFilter(KEYS))
    approve(plan, approved)
    assert {subject(entry) for entry in plan.entries} == {("volume", volume_id(1)), ("policy_assignment", volume_id(4))}
    assert len(plan.not_approved) == 2
    other = make_plan([found(1), assignment(4, policy_id="other")], PlanFilter({IAD: KEY_C, FRA: KEY_FRA}))
    approve(other, approved)
    assert other.entries == []
    assert "a different key is requested now" in other.not_approved[1]["reason"]
    assert "not the one that it had when it was approved" in other.not_approved[0]["reason"]


def test_progress() -> None:
    plan = make_plan([found(number) for number in range(1200)], PlanFilter(KEYS))
    assert count_entries(plan.entries)[0]["count"] == 1200
    part = split_into_batches(plan.entries, 200, 0)[1][0]
    assert progress_line(slice_label(part), 200, 0, 20.0, 40.2) == (
        "us-ashburn-1: block volumes 201-400 of 1,200, 200 changed, 0 failed, 10/s, about 40 s left"
    )


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (89, "89 s"), (600, "10 min"), (7200, "2.0 h")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("group_key", "member_key", "is_blocked"),
    [(KEY_A, KEY_B, True), (KEY_A, None, True), (KEY_A, KEY_A, False), (KEY_B, KEY_A, False), (KEY_B, KEY_B, False)],
)
def test_a_member_whose_replica_does_not_follow_its_group_is_told(
    group_key: str, member_key: str | None, is_blocked: bool
) -> None:
    """Where the replica of the group is going to be changed, that of the member follows."""
    group = found(1, id="group-replica", type="replica", source_id="group", kms_key_id=group_key)
    member = found(2, id="member-replica", type="replica", source_id="member", kms_key_id=member_key)
    member["group_id"] = "group-replica"

    plan = make_plan([group, member], PlanFilter(KEYS, resource_types=("replica",)))

    assert [row["id"] for row in plan.blocked] == (["member-replica"] if is_blocked else [])
    assert all("off and on" in row["remedy"] for row in plan.blocked)
    assert {entry["id"] for entry in plan.entries} == ({"group-replica"} if group_key == KEY_B else set())
