# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to follow in Terraform's code, and what plans leave to it."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from unit.support import report_files as files
from unit.support import terraform_states as states
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.terraform_state import (
    parse_terraform_state,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.terraform import TerraformStates
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.terraform_options import (
    expect_states_to_skip,
    given_states,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.lost_policies import add_lost_policies
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import PlanFilter, make_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.terraform import planned_warnings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.terraform import (
    COLUMNS,
    terraform_csv,
    terraform_lines,
    terraform_section,
)

BOOT = volume_id(2, kind="bootvolume")


def managed(*resources: dict[str, Any]) -> TerraformStates:
    return TerraformStates(["s"], parse_terraform_state(JsonNode(states.state(*resources), "s"), "s"))


def row(number: int = 1, kind: str = "volume", key: str | None = KEY_A, **fields: Any) -> Any:
    return files.resource(number, kind, key, **fields)


def section(given: TerraformStates, *resources: Any, planned: Any = (), changes: Any = ()) -> dict[str, Any]:
    found = terraform_section(given, resources, planned, changes)
    assert found is not None
    return found


ONE = row()
VOLUME = states.volume('oci_core_volume.data["a"]', ONE["id"], KEY_B)


def test_without_states_there_is_no_section() -> None:
    assert terraform_section(None, [ONE], [], []) is None
    assert terraform_lines({"terraform": None}) == []


def test_a_state_with_another_key_than_oci_is_listed() -> None:
    found = section(managed(VOLUME), ONE, row(2))
    assert (found["files"], found["addresses"], found["managed"]) == (["s"], 1, 1)
    assert found["rows"] == [
        {
            "status": "different",
            "address": 'oci_core_volume.data["a"]',
            "file": "s",
            "attribute": "kms_key_id",
            "state_kms_key_id": KEY_B,
            "kms_key_id": KEY_A,
            "id": ONE["id"],
            "type": "volume",
            "region": IAD,
            "display_name": ONE["display_name"],
            "replaces": None,
            "warning": None,
            "snippet": f'kms_key_id = "{KEY_A}"',
        }
    ]


@pytest.mark.parametrize("key", [KEY_A, None])
def test_a_state_with_the_same_key_or_with_none_is_not(key: str | None) -> None:
    found = section(managed(states.volume("oci_core_volume.data", ONE["id"], key)), ONE)
    assert (found["managed"], found["rows"]) == (1, [])
    assert terraform_lines({"terraform": found}) == [
        "Terraform manages 1 of these resources; its code has nothing to follow."
    ]


def test_what_was_changed_and_what_is_planned_still() -> None:
    three = row(3)
    given = managed(
        *(states.volume(f"oci_core_volume.data[{number}]", row(number)["id"], KEY_A) for number in (1, 2, 3))
    )
    done = files.change(1, kms_key_id=KEY_B, changed=True, error=None)
    failed = files.failure(2)
    planned = [{**row(number, key=KEY_A), "wanted_kms_key_id": KEY_B} for number in (1, 2, 3)]
    found = section(given, row(1, key=KEY_B), row(2, key=KEY_A), three, planned=planned, changes=[done, failed])
    assert [(one["status"], one["address"], one["kms_key_id"]) for one in found["rows"]] == [
        ("changed", "oci_core_volume.data[0]".replace("0", "1"), KEY_B),
        ("planned", "oci_core_volume.data[3]", KEY_B),
    ]


def test_a_machine_comes_first_with_a_warning() -> None:
    boot = row(2, "boot_volume", id=BOOT)
    given = managed(VOLUME, states.instance("oci_core_instance.web", BOOT, KEY_B))
    found = section(given, ONE, boot)
    machine = found["rows"][0]
    assert (machine["address"], machine["attribute"]) == ("oci_core_instance.web", "source_details.kms_key_id")
    assert machine["replaces"] == "machine"
    assert "replace the machine" in machine["warning"]
    assert machine["snippet"] == "lifecycle { ignore_changes = [source_details[0].kms_key_id] }"
    (line,) = terraform_lines({"terraform": found})
    assert "2 attributes" in line
    assert "1 may make it replace a machine" in line


def test_an_assignment_is_found_by_its_asset_and_says_what_its_new_ocid_means() -> None:
    asset = volume_id(1)
    given = managed(states.assignment("oci_core_volume_backup_policy_assignment.gold", asset, KEY_B))
    one = row(1, "policy_assignment", id=volume_id(7, kind="volumebackuppolicyassignment"), asset_id=asset)
    (found,) = section(given, one)["rows"]
    assert (found["attribute"], found["replaces"]) == ("xrc_kms_key_id", "policy assignment")
    assert found["snippet"] == "lifecycle { ignore_changes = [xrc_kms_key_id] }"
    assert "Import the new one" in found["warning"]


def test_the_way_back_to_the_oracle_managed_key_is_to_ignore_it() -> None:
    planned = {**ONE, "wanted_kms_key_id": None}
    (found,) = section(managed(VOLUME), ONE, planned=[planned])["rows"]
    assert (found["kms_key_id"], found["snippet"]) == (None, "lifecycle { ignore_changes = [kms_key_id] }")


REPLICA = volume_id(1, kind="blockvolumereplica")
REPLICATED = states.replicated("oci_core_volume.data", ONE["id"], "block_volume_replicas", (REPLICA, None, KEY_A))


def test_the_key_of_a_replica_is_a_value_of_its_source() -> None:
    """As it was changed, as OCI has it, and on the way back; that of a group's member is the group's."""
    there = row(1, "replica", key=KEY_B, id=REPLICA, source_id=ONE["id"])
    given = managed(REPLICATED)
    changed = {**files.change(1, kms_key_id=KEY_B, changed=True, error=None), "type": "replica", "id": REPLICA}
    path = "block_volume_replicas[0].xrr_kms_key_id"
    for resources, changes, planned, status, snippet in (
        ((), [{**changed, "asset_id": ONE["id"]}], (), "changed", f'xrr_kms_key_id = "{KEY_B}"'),
        ((there,), (), (), "different", f'xrr_kms_key_id = "{KEY_B}"'),
        ((), (), [{**there, "wanted_kms_key_id": None}], "planned", f"lifecycle {{ ignore_changes = [{path}] }}"),
    ):
        (found,) = section(given, *resources, planned=planned, changes=changes)["rows"]
        assert (found["status"], found["snippet"]) == (status, snippet)
        assert (found["attribute"], found["replaces"]) == ("block_volume_replicas.xrr_kms_key_id", None)
    assert section(given, {**there, "group_id": "g"})["rows"] == []


class TestNewVolumes:
    NODES, CONFIGURATION = volume_id(1, kind="nodepool"), volume_id(1, kind="instanceconfiguration")

    def wrong(self, ocid: str, kind: str, *keys: str | None) -> dict[str, Any]:
        return {"id": ocid, "type": kind, "region": IAD, "display_name": "x", "wrong_kms_key_ids": list(keys)}

    def rows(self, given: TerraformStates, *wrong: dict[str, Any]) -> list[Any]:
        found = terraform_section(given, (), (), (), wrong)
        assert found is not None
        return list(found["rows"])

    def test_attributes_with_a_key_that_fails_are_listed_and_no_others(self) -> None:
        given = managed(
            states.node_pool("oci_containerengine_node_pool.workers", self.NODES, None),
            states.configuration("oci_core_instance_configuration.web", self.CONFIGURATION, KEY_A, KEY_B, None),
        )
        nodes, volume = self.rows(
            given,
            self.wrong(self.NODES, "node_pool", None),
            self.wrong(self.CONFIGURATION, "instance_configuration", None),
        )
        assert (nodes["status"], nodes["kms_key_id"], nodes["replaces"]) == ("new_volumes", None, None)
        assert nodes["warning"] is None
        assert volume["attribute"] == "instance_details.block_volumes.create_details.kms_key_id"
        assert volume["replaces"] == "instance configuration"
        assert "create_before_destroy" in volume["warning"]
        assert nodes["snippet"] == volume["snippet"] == 'kms_key_id = "<OCID of the key>"'
        (unusable,) = self.rows(given, self.wrong(self.CONFIGURATION, "instance_configuration", KEY_A))
        assert unusable["kms_key_id"] == unusable["state_kms_key_id"] == KEY_A

    def test_a_changed_node_pool_has_its_new_key_and_is_not_listed_again(self) -> None:
        given = managed(states.node_pool("oci_containerengine_node_pool.workers", self.NODES, None))
        change = {**files.change(1, kms_key_id=KEY_B, changed=True, error=None), "type": "node_pool", "id": self.NODES}
        found = terraform_section(given, (), (), [change], [self.wrong(self.NODES, "node_pool", None)])
        assert found is not None
        (only,) = found["rows"]
        assert (only["status"], only["snippet"]) == ("changed", f'kms_key_id = "{KEY_B}"')

    def test_a_pool_that_was_pointed_elsewhere_is_not_to_be_pointed_back(self) -> None:
        pool = volume_id(1, kind="instancepool")
        given = managed(states.resource("oci_core_instance_pool.web", id=pool))
        change = {**files.change(1, kms_key_id=KEY_B, changed=True, error=None), "type": "instance_pool", "id": pool}
        (found,) = section(given, changes=[change])["rows"]
        assert found["snippet"] == "lifecycle { ignore_changes = [instance_configuration_id] }"
        assert "point the pool back" in found["warning"]
        assert section(given, row(1, "instance_pool", key=KEY_B, id=pool))["rows"] == []


def test_no_key_ends_the_string_that_it_is_in() -> None:
    planned = {**ONE, "wanted_kms_key_id": 'x" ${file("/etc/passwd")} %{if'}
    (found,) = section(managed(VOLUME), ONE, planned=[planned])["rows"]
    assert found["snippet"] == 'kms_key_id = "x\\" $${file(\\"/etc/passwd\\")} %%{if"'


def test_the_table_has_the_same_rows() -> None:
    found = section(managed(VOLUME), ONE)
    head, only = csv.reader(io.StringIO(terraform_csv(found), newline=""))
    assert head == list(COLUMNS)
    assert dict(zip(head, only, strict=True))["address"] == 'oci_core_volume.data["a"]'


class TestPlan:
    def test_what_terraform_manages_is_excluded_with_its_address(self) -> None:
        plan = make_plan([ONE, row(2)], PlanFilter({IAD: KEY_B}, terraform=managed(VOLUME)))
        (excluded,) = plan.excluded
        assert excluded["reason"] == 'managed by Terraform as oci_core_volume.data["a"] (kms_key_id)'
        assert [entry["id"] for entry in plan.entries] == [row(2)["id"]]

    def test_a_second_address_is_counted(self) -> None:
        twice = managed(VOLUME, states.volume("oci_core_volume.other", ONE["id"], None))
        (excluded,) = make_plan([ONE], PlanFilter({IAD: KEY_B}, terraform=twice)).excluded
        assert excluded["reason"].endswith("(kms_key_id), and 1 more")

    def test_a_lost_policy_comes_back_as_it_was(self) -> None:
        asset = volume_id(1)
        given = managed(states.assignment("oci_core_volume_backup_policy_assignment.gold", asset, KEY_A))
        lost = row(1, "policy_assignment", key=KEY_A, asset_id=asset, lost_in_runs=["r"], destination_region=IAD)
        for terraform, wanted in ((None, KEY_B), (given, KEY_A)):
            plan_filter = PlanFilter({IAD: KEY_B}, terraform=terraform)
            plan = make_plan([], plan_filter)
            add_lost_policies(plan, [lost], plan_filter)
            assert [entry["wanted_kms_key_id"] for entry in plan.entries] == [wanted]

    def test_what_a_plan_advises_on_is_named_by_its_address(self) -> None:
        ocid = volume_id(1, kind="instanceconfiguration")
        given = managed(states.configuration("oci_core_instance_configuration.web", ocid, KEY_A, KEY_B))
        advised: Any = {"id": ocid, "type": "instance_configuration"}
        (warning,) = planned_warnings([], [advised], given, "rekey")
        assert "other keys: oci_core_instance_configuration.web. Change the key in its code" in warning
        assert "create_before_destroy" in warning
        assert planned_warnings([], [advised], managed(), "rekey") == []

    def test_a_replica_is_left_to_terraform_where_that_is_asked_for(self) -> None:
        there = row(1, "replica", id=REPLICA, source_id=ONE["id"])
        plan_filter = PlanFilter({IAD: KEY_B}, resource_types=["replica"], terraform=managed(REPLICATED))
        (excluded,) = make_plan([there], plan_filter).excluded
        assert excluded["reason"].endswith("as oci_core_volume.data (block_volume_replicas.xrr_kms_key_id)")

    def test_a_warning_says_what_is_changed_besides_terraform(self) -> None:
        boot = row(2, "boot_volume", id=BOOT)
        given = managed(VOLUME, states.instance("oci_core_instance.web", BOOT, None))
        entries = make_plan([ONE, boot, row(3)], PlanFilter({IAD: KEY_B})).entries
        first, second = planned_warnings(entries, [], given, "rekey")
        assert first.startswith("Terraform manages 2 of the resources to be changed")
        assert "rekey_skip_terraform" in first
        assert "oci_core_instance.web" in second
        assert (
            planned_warnings(entries[-1:], [], managed(), "rekey") == planned_warnings(entries, [], None, "rekey") == []
        )


def test_skipping_needs_a_state() -> None:
    with pytest.raises(InputError, match="'terraform_state' is not set"):
        expect_states_to_skip({"skip_terraform": True, "terraform_state": None})
    expect_states_to_skip({"skip_terraform": False, "terraform_state": None})
    assert given_states({"terraform_state": None}) is None
