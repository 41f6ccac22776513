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
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.lost_policies import (
    add_lost_policies,
    unsettled,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import Plan, PlanFilter
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.restore import make_restore_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.verdict import verdict

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
            "was on the Oracle-managed key",
        ),
        (
            ASSIGNMENT,
            KEY_A,
            "other",
            "its backup policy is neither the one that it had then nor one that the run assigned",
        ),
    ],
)
def test_what_is_skipped(row: dict[str, Any], original: str | None, policy_id: str | None, reason: str) -> None:
    made = plan(row, former(row, original, policy_id=policy_id), allow_oracle_managed=False)
    (skipped,) = made.skipped
    assert skipped["reason"].endswith(reason)
    is_remedied = "restore_keys_allow_oracle_managed" in skipped.get("remedy", "")
    assert is_remedied == (reason == "was on the Oracle-managed key")
    assert skipped["wanted_kms_key_id"] == original
    assert skipped.get("asset_id") == row.get("asset_id")
    assert made.entries == []


def test_resources_that_were_not_read_are_not_seen_and_unknown_former_keys_are_named() -> None:
    row = files.resource(1)
    keys = FormerKeys({subject(row): former(row)}, {"ocid1.volume.oc1.iad.x": "it could not be read then"})
    error = ResourceError(code="NotAuthorizedOrNotFound", message="Not found.")
    made = make_restore_plan(keys, [], {subject(row): error}, PlanFilter(keys=None), allow_oracle_managed=True)
    assert made.blocked == []
    assert [unseen["reason"] for unseen in made.not_seen] == ["could not be read: Not found."]
    assert [skipped["reason"] for skipped in made.skipped] == ["former key unknown: it could not be read then"]


LOST = {**files.resource(2, "policy_assignment", KEY_A), "lost_in_runs": []}


@pytest.mark.parametrize("key", [KEY_A, None])
def test_a_policy_that_a_run_took_away_comes_back_with_the_key_that_it_had(key: str | None) -> None:
    """Without a key, too, whatever may not return to the Oracle-managed one: there is nothing in its place."""
    row = {**LOST, "kms_key_id": key}
    (entry,) = plan(row, former(row, key, policy_id=row["policy_id"]), allow_oracle_managed=False).entries
    assert (entry["wanted_kms_key_id"], entry["policy_id"], entry["lost_in_runs"]) == (key, row["policy_id"], [])


def test_the_policy_of_an_asset_that_is_gone_does_not() -> None:
    row = {**LOST, "lifecycle_state": "TERMINATED"}
    assert plan(row, former(row, KEY_A, policy_id=row["policy_id"])).skipped[0]["reason"] == "is TERMINATED"


class TestLostInAPlan:
    """What no discovery shows, in the plan of a run that was pointed to the journal."""

    def _planned(self, plan_filter: PlanFilter | None, row: dict[str, Any] | None = None) -> Plan:
        made = Plan()
        add_lost_policies(made, [cast(ResourceRow, row or LOST)], plan_filter)
        made.unsettled = unsettled(made, [cast(ResourceRow, row or LOST)])
        return made

    def test_it_gets_the_desired_key_where_it_is_selected(self) -> None:
        region = LOST["destination_region"]
        (entry,) = self._planned(PlanFilter(keys={region: KEY_C})).entries
        assert entry["wanted_kms_key_id"] == KEY_C

    @pytest.mark.parametrize(
        "plan_filter",
        [
            None,
            PlanFilter(keys={"us-elsewhere-1": KEY_C}),
            PlanFilter(keys={"us-phoenix-1": KEY_C}, resource_types=["volume"]),
            PlanFilter(keys={"us-phoenix-1": KEY_C}, from_kms_key_ids=[KEY_B]),
        ],
    )
    def test_or_else_the_one_that_it_had(self, plan_filter: PlanFilter | None) -> None:
        made = self._planned(plan_filter)
        (entry,) = made.entries
        assert (entry["kms_key_id"], entry["wanted_kms_key_id"]) == (KEY_A, KEY_A)
        assert made.unsettled == []

    def test_what_is_excluded_is_unsettled(self) -> None:
        made = self._planned(PlanFilter(keys={}, exclude_ids=[LOST["asset_id"]]))
        assert made.entries == []
        assert "excluded by 'exclude_ids'" in made.unsettled[0]["reason"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_run_with_something_unsettled_fails(check_mode: bool) -> None:
    names = ("planned", "unchanged", "blocked", "left_alone", "excluded", "not_approved", "changed_earlier")
    for count, words in ((0, ""), (1, "1 resource was being changed"), (2, "2 resources were being changed")):
        last = {"summary": {**dict.fromkeys((*names, "failed_earlier"), 0), "unsettled": count}, "msg": "Nothing"}
        faults = verdict(last, {}, stopped=False, check_mode=check_mode, folder="/reports/run")["faults"]
        assert [words in fault and "Run restore_keys" in fault for fault in faults] == [True] * bool(count)
