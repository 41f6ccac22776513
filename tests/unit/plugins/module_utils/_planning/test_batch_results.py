# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from unit.support.fake_cloud import KEY_A, KEY_B, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.batch_file import (
    batch_file,
    write_batch_file,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import count_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.batch_results import (
    PreviousAttempt,
    merge_attempts,
    read_previous_attempt,
    read_previous_batches,
)

LOST = {"code": "OutcomeUnknown", "message": "Lost."}


def row(number: int = 1, **more: Any) -> dict[str, Any]:
    keys = {"previous_kms_key_id": KEY_A, "kms_key_id": KEY_B}
    told = {"changed": True, "action": "assign", "settled": True, "opc_request_id": "first", "error": None}
    return {"id": volume_id(number), "type": "volume", **keys, **told, **more}


def again(**more: Any) -> dict[str, Any]:
    """What a second try tells of what the first one has changed."""
    return row(previous_kms_key_id=KEY_B, changed=False, action="none", opc_request_id=None, **more)


def tried(*rows: dict[str, Any]) -> PreviousAttempt:
    return PreviousAttempt({(found["type"], found["id"]): found for found in rows})


def test_the_former_key_of_what_was_changed_outlives_another_try() -> None:
    assert merge_attempts(tried(row()), [again()]) == [row()]


def test_what_it_is_now_is_told_by_the_last_try() -> None:
    lost = row(settled=False, kms_key_id=None, error=LOST)
    assert merge_attempts(tried(lost), [again()]) == [row()]
    gone = {"code": "NotAuthorizedOrNotFound", "message": "Gone."}
    (found,) = merge_attempts(tried(row()), [again(kms_key_id=None, error=gone)])
    assert (found["previous_kms_key_id"], found["changed"], found["error"]) == (KEY_A, True, gone)


def test_what_failed_and_then_works_is_the_later_one_and_others_stay() -> None:
    failed = row(changed=False, error=LOST)
    assert merge_attempts(tried(failed, row(2)), [row(opc_request_id="second")]) == [
        row(opc_request_id="second"),
        row(2),
    ]


def test_an_assignment_goes_by_its_asset_whatever_its_own_ocid_is_by_now() -> None:
    known = row(id="assignment-1", type="policy_assignment", asset_id=volume_id(1), previous_policy_id="policy")
    later = {**again(), "id": "assignment-2", "type": "policy_assignment", "asset_id": volume_id(1)}
    found = merge_attempts(PreviousAttempt({("policy_assignment", volume_id(1)): known}), [later])
    assert [(one["id"], one["previous_kms_key_id"], one["previous_policy_id"]) for one in found] == [
        ("assignment-2", KEY_A, "policy")
    ]


def test_counts_add_up() -> None:
    rows = [row(), row(changed=False), row(error=LOST), row(changed=False, error=LOST)]
    assert count_changes(rows) == {"total": 4, "changed": 1, "unchanged": 1, "failed": 2}


def put(folder: Path, number: int, *rows: dict[str, Any], seconds: Any = 1.5) -> None:
    content = {"summary": count_changes(rows), "seconds": seconds, "resources": rows}
    batch_file(folder, number).write_text(json.dumps(content))


def test_the_batches_of_a_run_so_far(tmp_path: Path) -> None:
    put(tmp_path, 1, row())
    put(tmp_path, 12, row(2), row(3, changed=False, error=LOST), seconds="long")
    put(tmp_path, 11, seconds=10**400)
    (tmp_path / "batch-of-mine.json").write_text("no JSON")
    so_far = read_previous_batches(tmp_path)
    assert (so_far.last, so_far.changed, so_far.done, so_far.seconds) == (12, 2, 3, 1.5)
    assert so_far.failed == {("volume", volume_id(3))}


def test_one_batch_when_it_was_tried_before(tmp_path: Path) -> None:
    assert read_previous_attempt(tmp_path, 1) == PreviousAttempt()
    put(tmp_path, 1, row())
    assert read_previous_attempt(tmp_path, 1) == PreviousAttempt({("volume", volume_id(1)): row()}, 1.5)
    batch_file(tmp_path, 1).write_text("{")
    with pytest.raises(InputError, match="is not JSON"):
        read_previous_attempt(tmp_path, 1)


def test_batches_are_counted_as_they_are_read_again(tmp_path: Path) -> None:
    """In one process, and by the files that another one finds: the same, attempt by attempt."""
    failed = row(2, changed=False, error=LOST)
    counted = read_previous_batches(tmp_path)
    for number, attempt in ((1, [row()]), (2, [failed, row(3)]), (2, [row(2, opc_request_id="second")]), (3, [])):
        before = read_previous_attempt(tmp_path, number)
        rows = merge_attempts(before, attempt)
        write_batch_file(batch_file(tmp_path, number), rows, before.seconds + 1.5, {})
        counted = counted.with_batch(number, before, rows, 1.5)
        assert counted == read_previous_batches(tmp_path)
    assert (counted.last, counted.changed, counted.done, counted.seconds) == (3, 3, 3, 6.0)
    assert counted.failed == frozenset()
