# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from unit.support import report_files as files
from unit.support.kinds import KINDS

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.text import either
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.discovery_file import (
    DiscoveryFile,
    parse_discovery,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import parse_entry
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.report_file import RunRecords
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid import expect_type, ocid_types, parse
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid_names import Names
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.regions import RegionTable
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource_types import (
    ASSIGNMENT,
    INSTANCE_POOL,
    NODE_POOL,
    RESOURCE_TYPES,
    ResourceType,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._modules.key_assignment_info import discovery_query
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import PlanFilter, make_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan_text import PlanWords, plan_lines
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.build import (
    ReportContext,
    build,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.html import (
    chart_data,
    render,
    type_word,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.copies import COPY_KINDS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.listed import LISTED
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.planned import planned_kind
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.policies import POLICY_KINDS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.pools import POOL_KINDS
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.replicas import GROUP_REPLICA
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.replications import (
    REPLICATED_GROUPS,
    REPLICATED_VOLUMES,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.volume_group_backups import (
    VOLUME_GROUP_BACKUP,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.read import read_role
from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    backup_kms_key,
    backup_policy_crossregion_key,
    key_assignment_info,
    key_assignment_plan,
    volume_kms_key,
)
from tools.generate import with_types

ROOT = Path(__file__).resolve().parents[5]
SCHEMA = ROOT / "roles/encryption_report/files/report.schema.json"
TEMPLATE = ROOT / "roles/encryption_report/templates/report.html.j2"
REGIONS = RegionTable({"iad": files.IAD}, {files.IAD: "oc1"}, {"oc1": "oraclecloud.com"})
WANTED = files.key_ocid(7)


def values(names: tuple[str, ...], joint: str) -> str:
    """V(a), V(b) or V(c)"""
    marked = [f"V({name})" for name in names]
    return either(marked) if joint == "or" else f"{', '.join(marked[:-1])} {joint} {marked[-1]}"


# Node pools are changed by plans only, and instance pools are pointed elsewhere, and put back.
ONLY_WHERE_ASKED = {NODE_POOL, INSTANCE_POOL}


def changed_types(module: Any) -> tuple[str, ...]:
    """The types with a key that a module changes; a group backup stands for its members, so it is not one of them."""
    with pytest.MonkeyPatch.context() as patch:
        accepted: list[str] = []
        patch.setattr(module, "Module", lambda **_options: None)
        patch.setattr(module, "change_keys", lambda _module, _ids, *names, **_options: accepted.extend(names))
        module.main()
    return tuple(KINDS[name].type for name in accepted if name in KINDS)


def words_of(documentation: str) -> str:
    return " ".join(documentation.split())


class TestTheTable:
    def test_no_name_and_no_ocid_type_is_given_twice(self) -> None:
        assert len(set(RESOURCE_TYPES.names)) == len(RESOURCE_TYPES.names)
        assert len(set(RESOURCE_TYPES.ocid_types)) == len(RESOURCE_TYPES.ocid_types)
        places = [row.order_of_change for row in RESOURCE_TYPES.changeable]
        assert len(set(places)) == len(places)

    def test_assignments_come_before_volumes_and_these_before_their_backups(self) -> None:
        assert RESOURCE_TYPES.in_order_of_change.names == (
            "policy_assignment",
            "volume",
            "boot_volume",
            "volume_backup",
            "boot_volume_backup",
            "replica",
            "node_pool",
            "instance_pool",
        )

    def test_counts_in_words(self) -> None:
        assert RESOURCE_TYPES.count("volume", 1) == "1 block volume"
        assert RESOURCE_TYPES.count("boot_volume_backup", 1200) == "1,200 boot volume backups"
        assert RESOURCE_TYPES.count("thing", 2) == "2 thing"

    def test_an_unknown_type_ranks_last(self) -> None:
        assert RESOURCE_TYPES.rank("thing") == len(RESOURCE_TYPES.names)
        with pytest.raises(KeyError):
            RESOURCE_TYPES["thing"]


class TestTheRegistry:
    """Kinds are the code of the table's types, and say nothing else about them than their rows."""

    @pytest.mark.parametrize("kind", [*KINDS.values(), VOLUME_GROUP_BACKUP, *LISTED], ids=lambda kind: kind.noun)
    def test_a_kind_is_what_its_row_says(self, kind: Any) -> None:
        assert kind.ocid_type in RESOURCE_TYPES[kind.type].ocid_types
        if kind is GROUP_REPLICA:  # what is listed are the groups
            return
        assert kind.noun == parse(files.ocid(kind.ocid_type, 1)).words

    def test_every_type_with_a_key_can_be_listed_or_is_found_asset_by_asset(self) -> None:
        listed = {kind.type for kind in LISTED}
        assert set(RESOURCE_TYPES.with_key.names) - listed == {ASSIGNMENT}
        assert set(RESOURCE_TYPES.in_shards.names) <= listed

    def test_no_type_that_plans_change_is_missed_by_a_search_or_by_shards(self) -> None:
        changed = set(RESOURCE_TYPES.changed_by_ocid.names) - ONLY_WHERE_ASKED
        assert not ONLY_WHERE_ASKED & set(RESOURCE_TYPES.changed_by_default.names)
        assert changed <= set(RESOURCE_TYPES.discovered_by_default.names)
        assert changed <= set(RESOURCE_TYPES.in_shards.names)

    def test_every_type_that_plans_change_can_be_changed_by_name(self) -> None:
        assert set(RESOURCE_TYPES.changed_by_ocid.names) - ONLY_WHERE_ASKED == {
            name for module in (volume_kms_key, backup_kms_key) for name in changed_types(module)
        }

    def test_every_type_that_plans_change_has_a_kind(self) -> None:
        policies = {f"policy of {name}" for name in RESOURCE_TYPES.assets.names}
        assert policies == set(POLICY_KINDS)
        replicas = {f"replica of {name}" for name in RESOURCE_TYPES.assets.names}
        assert replicas == {*REPLICATED_VOLUMES, *REPLICATED_GROUPS}
        assert {*RESOURCE_TYPES.changed_by_ocid.names, *policies, *replicas} <= set(KINDS)
        for row in RESOURCE_TYPES.changed_by_ocid:
            ocid = parse(files.ocid(row.ocid_types[0], 1))
            assert (POOL_KINDS.get(row.name) or planned_kind(row.name, ocid)).type == row.name

    def test_every_backup_that_can_be_copied_has_a_kind_for_its_copies(self) -> None:
        assert {f"copy of {name}" for name in RESOURCE_TYPES.copyable.names} == set(COPY_KINDS) <= set(KINDS)


class TestANewRow:
    """One more row, of a family of its own, and everything that is derived from the table knows the type."""

    @pytest.fixture(autouse=True)
    def vault_disk(self, monkeypatch: pytest.MonkeyPatch) -> None:
        row = ResourceType(
            name="vault_disk",
            ocid_types=("vaultdisk",),
            singular="vault disk",
            plural="vault disks",
            family="disks",
            order_of_change=0,
            recommendation="5.2.9",
        )
        monkeypatch.setattr(RESOURCE_TYPES, "rows", (*RESOURCE_TYPES.rows, row))

    @pytest.fixture
    def found(self) -> DiscoveryFile:
        rows = [files.resource(1), files.resource(2, "vault_disk"), files.resource(3, "vault_disk")]
        return parse_discovery(JsonNode(files.discovery(*rows), "before.json"))

    def test_ocids_of_it_are_known(self, found: DiscoveryFile) -> None:
        disk = parse(found.resources[1]["id"])
        assert ocid_types("vault_disk") == ("vaultdisk",)
        assert disk.words == "vault disk"
        expect_type(disk, *RESOURCE_TYPES.changed_by_ocid.ocid_types)

    def test_options_offer_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        specs: list[dict[str, Any]] = []

        def module(*, argument_spec: dict[str, Any], **_rest: Any) -> None:
            specs.append(argument_spec)

        monkeypatch.setattr(key_assignment_plan, "Module", module)
        monkeypatch.setattr(key_assignment_plan, "write_key_plan", lambda *_arguments: None)
        key_assignment_plan.main()
        assert "vault_disk" in specs[0]["resource_types"]["choices"]

        options = dict.fromkeys(("resource_types", "kms_key_ids", "compartment_ids", "regions"))
        asked = {**options, "encryption": "any", "recursive": True}
        query = discovery_query(asked, regions=REGIONS, own_region=files.IAD, tenancy=files.TENANCY)
        assert "vault_disk" in query.types

        given = {"rekey_compartment_ids": files.compartment_ocid(1), "rekey_kms_key_ids": {files.IAD: WANTED}}
        read, problems = read_role("rekey", given)
        assert problems == []
        assert "vault_disk" in read["resource_types"]
        _read, problems = read_role("rekey", {**given, "rekey_exclude_ids": files.ocid("vaultdisk", 1)})
        assert problems == []

    def test_plans_change_it_in_its_turn_and_call_it_by_its_name(self, found: DiscoveryFile) -> None:
        plan = make_plan(found.resources, PlanFilter({files.IAD: WANTED}))
        assert [entry["type"] for entry in plan.entries] == ["vault_disk", "vault_disk", "volume"]
        assert [parse_entry(JsonNode(entry, "plan.json")) for entry in plan.entries] == plan.entries
        lines = plan_lines(plan, PlanWords(dry_run=True, names=Names({WANTED: "bank-key"})))
        row = lines[2].split()
        assert (row[:3], row[-1]) == ([files.IAD, "vault", "disks"], "2")

    def test_reports_show_it(self, found: DiscoveryFile) -> None:
        report = build([RunRecords(discovery=found)], [files.KEY_A], ReportContext("run", "2026-11-24T02:00:00.000Z"))
        schema = with_types(SCHEMA.read_text(), RESOURCE_TYPES.reported.names)
        Draft202012Validator(json.loads(schema)).validate(report)
        assert not Draft202012Validator(json.loads(SCHEMA.read_text())).is_valid(report)
        assert report["summary"]["by_region_and_type"][-1]["type"] == "vault_disk"
        assert chart_data(report)["types"] == ["volume", "vault_disk"]
        assert type_word("vault_disk") == "Vault disk"
        page = render(TEMPLATE.read_text(), report, digest="")
        assert re.findall(r": CIS ([\d.]+), ([\w ]+)<", page) == [
            ("5.2.1", "block volumes"),
            ("5.2.2", "boot volumes"),
            ("5.2.9", "vault disks"),
        ]
        assert report["retirement"]["keys"][0]["gaps"] == []

    def test_a_search_without_it_is_not_complete(self, found: DiscoveryFile) -> None:
        found.scanned["resource_types"].remove("vault_disk")
        report = build([RunRecords(discovery=found)], [files.KEY_A], ReportContext("run", "2026-11-24T02:00:00.000Z"))
        assert report["retirement"]["keys"][0]["gaps"] == ["resource types not searched: vault_disk"]


class TestWhatCannotBeComputed:
    """Documentation and surveys write the types out. They have to agree with the table."""

    def test_the_documentation_of_plans(self) -> None:
        options = yaml.safe_load(key_assignment_plan.DOCUMENTATION)["options"]
        assert tuple(options["resource_types"]["choices"]) == RESOURCE_TYPES.choosable.names

    def test_the_documentation_of_discovery(self) -> None:
        told = words_of(key_assignment_info.DOCUMENTATION)
        assert f"of {values(RESOURCE_TYPES.with_key.names, 'and')}." in told
        assert "When not set, all except V(policy_assignment), V(replica) and V(node_pool)." in told
        left_out = set(RESOURCE_TYPES.with_key.names) - set(RESOURCE_TYPES.discovered_by_default.names)
        assert left_out == {"policy_assignment", "replica", "node_pool"}
        assert f"Of an assignment, {values(RESOURCE_TYPES.assets.names, 'or')}." in words_of(key_assignment_info.RETURN)

    @pytest.mark.parametrize(
        "module",
        [volume_kms_key, backup_kms_key, backup_copy, backup_policy_crossregion_key],
        ids=lambda module: str(module.__name__).rpartition(".")[2],
    )
    def test_the_documentation_of_changes(self, module: Any) -> None:
        assert values(changed_types(module), "or") in words_of(module.RETURN)

    def test_copies_and_policies_are_of_every_type_that_has_them(self) -> None:
        assert changed_types(backup_copy) == RESOURCE_TYPES.copyable.names
        assert changed_types(backup_policy_crossregion_key) == RESOURCE_TYPES.assets.names

    def test_the_variables_of_roles(self) -> None:
        changeable, volumes = RESOURCE_TYPES.choosable.names, RESOURCE_TYPES.volumes.names
        by_default = RESOURCE_TYPES.changed_by_default.names
        for role, names, usual in (("rekey", changeable, by_default), ("backup_policy", volumes, volumes)):
            specs = (ROOT / f"roles/{role}/meta/argument_specs.yml").read_text()
            assert f"of {values(names, 'and')}" in words_of(specs)
            row = re.search(rf"\| `{role}_resource_types` \|.*", (ROOT / f"roles/{role}/README.md").read_text())
            assert row is not None
            default, described = row[0].split("|")[2:4]
            assert tuple(re.findall(r"`(\w+)`", default)) == usual
            assert tuple(re.findall(r"`(\w+)`", described)) == names

    def test_the_report_is_of_every_type(self) -> None:
        tasks = yaml.safe_load((ROOT / "roles/encryption_report/tasks/main.yml").read_text())
        (look,) = (task for task in tasks if "oci_keys.block_volume.key_assignment_info" in task)
        asked = look["oci_keys.block_volume.key_assignment_info"]["resource_types"]
        assert tuple(asked) == RESOURCE_TYPES.with_data.names

    def test_the_surveys_of_awx(self) -> None:
        text = (ROOT / "extensions/awx/controller.yml").read_text()
        found = dict(re.findall(r"variable: (\w+_resource_types)\n.*\n\s+choices: \[(.*)\]", text))
        assert found == {
            "rekey_resource_types": ", ".join(RESOURCE_TYPES.choosable.names),
            "backup_policy_resource_types": ", ".join(RESOURCE_TYPES.volumes.names),
        }
