# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any, cast

import pytest
from unit.support import report_files as files
from unit.support.report_files import IAD, KEY_A, PHX, ocid

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import parse_entry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.actions import ASSIGN, NONE, REMOVE, UNASSIGN
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.backup_policies import (
    BackupPolicy,
    BackupSchedule,
    count_backups,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid_names import Names
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.rows import ResourceRow
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.batches import split_into_batches
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import Plan, PlanFilter, approve
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.policy_costs import (
    cost_notes,
    policy_costs,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.policy_plan import (
    AssetDecision,
    add_assets,
    add_lost,
    select_assets,
)

ONE, TWO = ocid("volumebackuppolicy", 1), ocid("volumebackuppolicy", 2)
YEAR = 31_557_600


def row(number: int = 1, policy_id: str | None = ONE, key: str | None = None, **fields: Any) -> ResourceRow:
    return cast(ResourceRow, files.resource(number, "policy_assignment", key, policy_id=policy_id, **fields))


def decided(asset: ResourceRow, desired: DesiredState, action: str = ASSIGN, **more: Any) -> AssetDecision:
    return AssetDecision(asset, Decision(cast(Any, object()), desired, action, **more), PHX)


def planned(*assets: AssetDecision, replace: bool = False) -> Plan:
    plan = Plan()
    add_assets(plan, assets, replace=replace)
    return plan


def test_assets_are_selected_by_the_filters_and_the_others_are_named_with_reasons() -> None:
    tags = {"freeform_tags": {"env": "prod"}}
    rows = [
        files.resource(1, **tags),
        files.resource(2),
        files.resource(3, **tags),
        files.resource(4, group_id="group", **tags),
        files.resource(5, lifecycle_state="FAULTY", **tags),
        files.resource(6, managed_by_paas=True, **tags),
        files.resource(7, "boot_volume", **tags),
        files.resource(8, "volume_backup", **tags),
    ]
    wanted = PlanFilter(
        keys=None, resource_types=["volume"], freeform_tags={"env": "prod"}, exclude_ids=[ocid("volume", 3)]
    )
    plan = Plan()
    chosen = select_assets(plan, cast("list[ResourceRow]", rows), wanted)
    assert [each["id"] for each in chosen] == [ocid("volume", 1)]
    assert [each["id"] for each in plan.excluded] == [ocid("volume", 3)]
    assert [each["id"] for each in plan.blocked] == [ocid("volume", 5)]
    assert [each["id"] for each in plan.skipped] == [ocid("volume", 4), ocid("volume", 6)]
    assert plan.not_selected == 2


@pytest.mark.parametrize(
    ("asset", "desired", "action", "kept", "replaced"),
    [
        (row(policy_id=None), DesiredState(KEY_A, policy_id=ONE), ASSIGN, "entry", "entry"),
        (row(), DesiredState(KEY_A, policy_id=ONE), ASSIGN, "entry", "entry"),
        (row(), DesiredState(KEY_A, policy_id=TWO), ASSIGN, "skipped", "entry"),
        (row(), DesiredState(None, policy_id=TWO), ASSIGN, "skipped", "entry"),
        (row(), DesiredState(None, unassigned=True), UNASSIGN, "skipped", "entry"),
        (row(key=KEY_A), DesiredState(None, policy_id=ONE), REMOVE, "entry", "entry"),
        (row(policy_id=None), DesiredState(None, unassigned=True), NONE, "unchanged", "unchanged"),
    ],
)
def test_only_the_word_takes_a_policy_away(
    asset: ResourceRow, desired: DesiredState, action: str, kept: str, replaced: str
) -> None:
    for replace, expected in ((False, kept), (True, replaced)):
        plan = planned(decided(asset, desired, action), replace=replace)
        found = {"entry": plan.entries, "skipped": plan.skipped, "unchanged": [1] * plan.unchanged}
        assert [name for name, rows in found.items() if rows] == [expected]
        for entry in plan.entries:
            parsed = parse_entry(JsonNode(dict(entry), "plan"))
            assert parsed == entry, "what is planned can be read again"
            keeps = desired.policy_id == asset["policy_id"] and not desired.unassigned
            assert ("wanted_policy_id" in entry) is not keeps


def test_what_can_not_be_changed_is_blocked_with_the_hint() -> None:
    error = ResourceError(code="NoPolicy", message="No policy.", hint="Set 'policy_id'.")
    (blocked,) = planned(decided(row(policy_id=None), DesiredState(KEY_A), NONE, error=error)).blocked
    assert (blocked["reason"], blocked["remedy"]) == ("No policy", "Set 'policy_id'.")


@pytest.mark.parametrize(
    ("desired", "replace", "policy", "key"),
    [
        (DesiredState(KEY_A, policy_id=ONE), False, ONE, KEY_A),
        (DesiredState(KEY_A, policy_id=TWO), False, ONE, None),
        (DesiredState(KEY_A, policy_id=TWO), True, TWO, KEY_A),
        (DesiredState(None, unassigned=True), True, ONE, None),
        (None, True, ONE, None),
    ],
)
def test_a_policy_that_is_lost_comes_back_first(
    desired: DesiredState | None, replace: bool, policy: str, key: str | None
) -> None:
    lost = cast(ResourceRow, {**row(), "lost_in_runs": ["run"]})
    plan = Plan()
    add_lost(plan, [(lost, None if desired is None else decided(row(), desired))], replace=replace)
    (entry,) = plan.entries
    assert entry.get("wanted_policy_id", entry["policy_id"]) == policy
    assert entry["wanted_kms_key_id"] == key
    assert entry["lost_in_runs"] == ["run"]


def test_what_was_approved_for_another_policy_is_not() -> None:
    plan = planned(decided(row(policy_id=None), DesiredState(KEY_A, policy_id=ONE)))
    approved = planned(decided(row(policy_id=None), DesiredState(KEY_A, policy_id=TWO)))
    assert plan.digest != approved.digest
    approve(plan, approved.entries)
    assert [each["reason"] for each in plan.not_approved] == [
        "approved for another backup policy than is requested now"
    ]
    assert plan.entries == []


def test_a_batch_has_one_policy() -> None:
    desired = [
        DesiredState(KEY_A, policy_id=ONE),
        DesiredState(KEY_A, policy_id=TWO),
        DesiredState(None, unassigned=True),
    ]
    plan = planned(*(decided(row(number, None), each) for number, each in enumerate(desired, 1)), replace=True)
    batches = split_into_batches(plan.entries, 500, 0)
    assert [[part.stop - part.start for part in parts] for parts in batches] == [[1], [1], [1]]


class TestCosts:
    GOLD = BackupPolicy(
        ONE,
        "gold",
        PHX,
        (
            BackupSchedule("ONE_DAY", 7 * 86_400),
            BackupSchedule("ONE_WEEK", 28 * 86_400),
            BackupSchedule("ONE_MONTH", YEAR),
            BackupSchedule("ONE_YEAR", 5 * YEAR),
        ),
    )

    def test_backups_are_counted_by_period_and_as_they_are_kept(self) -> None:
        counted = count_backups(self.GOLD, 10)
        assert counted is not None
        assert counted.made == {"ONE_DAY": 10, "ONE_WEEK": 10, "ONE_MONTH": 10, "ONE_YEAR": 10}
        assert counted.kept == 10 * (7 + 4 + 12 + 5)
        for unknown in (BackupSchedule("ONE_EON", 1), BackupSchedule(None, 1), BackupSchedule("ONE_DAY", None)):
            assert count_backups(self.GOLD._replace(schedules=(unknown,))) is None
        assert count_backups(self.GOLD._replace(schedules=None)) is None

    def test_what_is_not_known_is_said_to_be_unknown(self) -> None:
        entries = planned(decided(row(policy_id=None), DesiredState(None, policy_id=ONE), ASSIGN)).entries
        (cost,) = policy_costs(entries, {ONE: None})
        assert (cost["made"], cost["kept"], cost["destination_region"]) == (None, None, None)
        (note, _bill) = cost_notes(entries, {}, Names({}), dry_run=True)
        assert "is unknown, since it could not be read" in note

    def test_notes(self) -> None:
        wanted = DesiredState(KEY_A, policy_id=ONE)
        assets = [decided(row(number, None), wanted) for number in range(1, 3)]
        group = row(3, None, asset_id=ocid("volumegroup", 3), asset_type="volume_group")
        plan = planned(*assets, decided(group, wanted), decided(row(4), wanted))
        notes = cost_notes(plan.entries, {ONE: self.GOLD}, Names({ONE: "gold"}), dry_run=True)
        assert notes == [
            "Backup policy gold makes 1 backup a day, 1 a week, 1 a month and 1 a year of each resource, about 28 kept "
            f"at a time, with as many copies in {PHX}. For 3 resources: 3 a day, 3 a week, 3 a month and 3 a year, "
            "about 84 kept.",
            "A backup of a volume group is one of each of its members, so there are more than that.",
            "Oracle bills backups, and their copies, as storage for as long as they are kept.",
            "1 resource keeps its policy, so there are no more backups than now.",
        ]
        removed = planned(decided(row(), DesiredState(None, unassigned=True), UNASSIGN), replace=True)
        (note,) = cost_notes(removed.entries, {}, Names({}), dry_run=False)
        assert note.startswith("Of 1 resource no more backups will be made")
        assert IAD not in note
