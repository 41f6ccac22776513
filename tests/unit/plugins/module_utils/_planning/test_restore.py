# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, cast

import pytest
from unit.support import report_files as files
from unit.support.report_files import KEY_A, KEY_B, key_ocid

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.subject import subject
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.rows import ResourceRow
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.former_keys import FormerKey, FormerKeys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import Plan, PlanFilter
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.restore import make_restore_plan

KEY_C = key_ocid(3)
ASSIGNMENT = files.resource(2, "policy_assignment", KEY_B)


def plan(row: dict[str, Any], former: FormerKey, *, allow_oracle_managed: bool = True) -> Plan:
    keys = FormerKeys({subject(row): former})
    rows = [cast(ResourceRow, row)]
    return make_restore_plan(keys, rows, {}, PlanFilter(keys=None), allow_oracle_managed=allow_oracle_managed)


def former(row: dict[str, Any], original: str | None = KEY_A, **more: Any) -> FormerKey:
    return FormerKey(*subject(row), "2026-11-24T01:00:00Z", original, {KEY_B}, **more)


def test_a_resource_that_is_still_on_the_assigned_key_goes_back() -> None:
    row = files.resource(1, key=KEY_B)
    (entry,) = plan(row, former(row)).entries
    assert (entry["kms_key_id"], entry["wanted_kms_key_id"], entry["action"]) == (KEY_B, KEY_A, "assign")


def test_a_resource_that_is_back_already_is_only_counted() -> None:
    row = files.resource(1, key=KEY_A, lifecycle_state="TERMINATED")
    assert plan(row, former(row)).unchanged == 1


@pytest.mark.parametrize(
    ("row", "original", "policy_id", "reason"),
    [
        (files.resource(1, key=KEY_B, lifecycle_state="TERMINATING"), KEY_A, None, "is TERMINATING"),
        (files.resource(1, key=KEY_C), KEY_A, None, f"on {KEY_C}, which is not the key that the run assigned"),
        (files.resource(1), KEY_A, None, "on the Oracle-managed key, which is not the key that the run assigned"),
        (
            files.resource(1, key=KEY_B),
            None,
            None,
            "only restored with 'allow_oracle_managed' (in the playbook: restore_keys_allow_oracle_managed)",
        ),
        (ASSIGNMENT, KEY_A, "other", "its backup policy is not the one that it had then"),
    ],
)
def test_what_is_skipped(row: dict[str, Any], original: str | None, policy_id: str | None, reason: str) -> None:
    made = plan(row, former(row, original, policy_id=policy_id), allow_oracle_managed=False)
    (skipped,) = made.skipped
    assert skipped["reason"].endswith(reason)
    assert skipped["wanted_kms_key_id"] == original
    assert skipped.get("asset_id") == row.get("asset_id")
    assert made.entries == []


def test_resources_that_were_not_read_are_blocked_and_unknown_former_keys_are_named() -> None:
    row = files.resource(1)
    keys = FormerKeys({subject(row): former(row)}, {"ocid1.volume.oc1.iad.x": "it could not be read then"})
    error = ResourceError(code="NotAuthorizedOrNotFound", message="Not found.")
    made = make_restore_plan(keys, [], {subject(row): error}, PlanFilter(keys=None), allow_oracle_managed=True)
    assert [blocked["reason"] for blocked in made.blocked] == ["could not be read: Not found."]
    assert [skipped["reason"] for skipped in made.skipped] == ["former key unknown: it could not be read then"]
