# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.support.fake_cloud import KEY_A, KEY_B, KEY_C, TENANCY, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.changes_file import ChangeRow
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal_reader import (
    JournalFile,
    parse_journal,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal_rows import changes_of

ONE, TWO = volume_id(1), volume_id(2)
TIME = "2026-11-24T01:00:00.000Z"


def intent(name: str = ONE, **more: Any) -> dict[str, Any]:
    line = {"event": "intent", "run": "r", "time": TIME, "tenancy": TENANCY, "id": name, "type": "volume"}
    keys = {"previous_encryption": "customer", "previous_kms_key_id": KEY_A, "kms_key_id": KEY_B}
    return {**line, "action": "assign", **keys, **more}


def outcome(name: str = ONE, **more: Any) -> dict[str, Any]:
    line = {"event": "outcome", "run": "r", "time": TIME, "id": name, "changed": True, "settled": True, "error": None}
    return {**line, "known": True, "encryption": "customer", "kms_key_id": KEY_B, **more}


def journal(*lines: Any) -> JournalFile:
    return parse_journal("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines).encode(), "j")


def change(*lines: Any) -> ChangeRow:
    (row,) = changes_of(journal(*lines), [])
    return row


def test_a_change_without_an_outcome_is_a_failure_of_unknown_end() -> None:
    row = change(intent())
    assert (row["previous_kms_key_id"], row["kms_key_id"], row["encryption"]) == (KEY_A, None, "unknown")
    assert row["error"] is not None
    assert row["error"]["code"] == "OutcomeUnknown"


def test_an_outcome_says_what_is_there_now_only_if_it_is_known() -> None:
    row = change(intent(), outcome())
    assert (row["kms_key_id"], row["settled"], row["error"]) == (KEY_B, True, None)
    row = change(intent(), outcome(known=False, kms_key_id=KEY_C, settled=False))
    assert (row["kms_key_id"], row["encryption"], row["settled"]) == (None, "unknown", False)


def test_of_several_changes_the_first_one_names_the_former_key_and_the_last_one_the_present() -> None:
    row = change(intent(), outcome(), intent(previous_kms_key_id=KEY_B), outcome(kms_key_id=KEY_C))
    assert (row["previous_kms_key_id"], row["kms_key_id"]) == (KEY_A, KEY_C)


def test_a_change_of_a_policy_is_about_the_assignment() -> None:
    lines = [
        intent(previous_policy_id="p", previous_assignment_id="a"),
        outcome(policy_id="q", assignment_id="b"),
    ]
    row = change(*lines)
    assert (row["type"], row["id"], row["asset_id"], row["asset_type"]) == ("policy_assignment", "a", ONE, "volume")
    assert (row["previous_policy_id"], row["policy_id"], row["assignment_id"]) == ("p", "q", "b")


def test_a_change_of_a_copy_names_the_copy() -> None:
    assert change(intent(previous_copy_id=TWO))["copy_id"] == TWO


def test_resources_that_are_reported_already_are_left_out() -> None:
    assert changes_of(journal(intent(), intent(TWO)), [("volume", ONE)])[0]["id"] == TWO


def test_an_incomplete_line_is_counted_and_skipped() -> None:
    read = journal(intent(), '{"event": "int', "", '{"event": NaN}')
    assert (len(read.lines), read.truncated_lines) == (1, 2)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ([1], "'j', line 2 is a list; expected an object"),
        ({"event": "other"}, "'j', line 2: field 'event' is \"other\"; expected one of intent, outcome"),
        ({**intent(), "time": None}, r"'j', line 2: required field 'time' \(string\) is missing"),
        ({**intent(), "type": "<b>"}, "'type' is .*; expected the name of a resource type"),
        ({**intent(), "kms_key_id": ONE}, "'kms_key_id': .* is a block volume, but a key is expected"),
        ({**intent(), "previous_kms_key_id": 1}, "'previous_kms_key_id' is 1; expected a string"),
        ({"event": "intent", "time": TIME}, r"'previous_kms_key_id' \(key or null\) is missing"),
        ({**intent(), "previous_copy_id": ""}, "'previous_copy_id' is \"\"; expected a string"),
        ({**intent(), "tenancy": ONE}, "'tenancy': .* is a block volume, but a tenancy"),
        ({**outcome(), "changed": "yes"}, "'changed' is \"yes\"; expected true or false"),
        ({**outcome(), "error": "no"}, "'error' is \"no\"; expected an object"),
    ],
)
def test_any_other_line_that_is_not_of_a_journal_is_an_error(line: Any, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        journal(intent(), line)
