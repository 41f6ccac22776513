# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a plan advises on what creates new volumes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_reader import JsonNode
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.new_volumes import parse_new_volumes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import AdviceRow
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.ocid_names import Names
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.new_volumes import advice
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan import Plan, PlanFilter
from ansible_collections.oci_keys.block_volume.plugins.module_utils._planning.plan_text import (
    PlanWords,
    plan_lines,
    plan_summary,
)

A, B, C = files.KEY_A, files.KEY_B, files.key_ocid(3)
TO_B = PlanFilter(keys={files.IAD: B}, resource_types=("volume",))


def advise(
    *sources: dict[str, Any], plan_filter: PlanFilter = TO_B, whole_tenancy: bool | None = True, **section: Any
) -> list[AdviceRow]:
    found = parse_new_volumes(JsonNode(files.new_volumes(*sources, **section), "before.json"))
    return advice(found, plan_filter, whole_tenancy=whole_tenancy)


def test_pools_on_another_key_are_named_with_what_to_do() -> None:
    (row,) = advise(files.configuration(1, A, B, pools=2), files.configuration(2, B))
    assert row == {
        "id": files.ocid("instanceconfiguration", 1),
        "type": "instance_configuration",
        "region": files.IAD,
        "compartment_id": files.compartment_ocid(1),
        "display_name": "configuration-1",
        "kms_key_ids": [A],
        "wanted_kms_key_id": B,
        "pool_ids": [files.ocid("instancepool", number) for number in (10, 11)],
        "reason": f"new volumes get {A}",
        "remedy": "Copy the configuration with the key and point its pools to it, with the module "
        "instance_configuration_kms_key",
    }


def test_the_oracle_managed_key_is_another_one_and_may_be_the_one_that_is_wanted() -> None:
    sources = files.configuration(1, None, A), files.node_pool(1, B)
    assert [row["kms_key_ids"] for row in advise(*sources)] == [[None, A]]
    absent = replace(TO_B, keys=None)
    assert [(row["kms_key_ids"], row["wanted_kms_key_id"]) for row in advise(*sources, plan_filter=absent)] == [
        ([A], None),
        ([B], None),
    ]


def test_node_pools_that_the_plan_is_about_need_no_advice() -> None:
    pool = files.node_pool(1, A)
    (row,) = advise(pool)
    assert "node_pool" in row["remedy"]
    assert advise(pool, plan_filter=replace(TO_B, resource_types=("volume", "node_pool"))) == []


def test_what_is_excluded_or_has_no_key_in_its_region_is_left_out() -> None:
    pool = files.node_pool(1, A)
    assert advise(pool, plan_filter=replace(TO_B, exclude_ids=(pool["id"],))) == []
    assert advise(files.node_pool(1, A, region=files.PHX)) == []


@pytest.mark.parametrize(
    ("limits", "keys"),
    [
        ({"from_kms_key_ids": (A,)}, [[A], [A]]),
        ({"from_kms_key_ids": (C,)}, []),
        ({"only_oracle_managed": True}, [[None]]),
        ({}, [[None, A]]),
    ],
)
def test_filters_by_key_hold_for_advice(limits: dict[str, Any], keys: list[list[str | None]]) -> None:
    """What no pool uses is named only for the sake of a key that is to be left."""
    sources = files.configuration(1, A, None), files.configuration(2, A, pools=0)
    assert [row["kms_key_ids"] for row in advise(*sources, plan_filter=replace(TO_B, **limits))] == keys


def test_what_nobody_uses_is_to_be_deleted() -> None:
    rows = advise(files.configuration(2, A, pools=0), plan_filter=replace(TO_B, from_kms_key_ids=(A,)))
    assert [(row["reason"], row["remedy"]) for row in rows] == [
        (f"names {A}", "Delete the configuration if nobody launches from it, since the key can't be retired before")
    ]


@pytest.mark.parametrize(
    "how",
    [
        {"whole_tenancy": False},
        {"whole_tenancy": None},
        {"complete": False},
        {"unreadable": [files.unreadable(resource_type="instance_pool")]},
    ],
    ids=str,
)
@pytest.mark.parametrize("limits", [{}, {"from_kms_key_ids": (A,)}], ids=["any key", "a key to leave"])
def test_a_configuration_may_have_pools_that_were_not_listed(how: dict[str, Any], limits: dict[str, Any]) -> None:
    (row,) = advise(files.configuration(2, A, pools=0), plan_filter=replace(TO_B, **limits), **how)
    assert row["reason"] == f"names {A}"
    assert row["remedy"].startswith("Whether a pool uses the configuration is not known. ")
    assert "elete" not in row["remedy"]
    (unknown,) = advise(files.configuration(3, unknown="it could not be read", pools=0), **how)
    assert unknown["reason"] == "which volumes it creates is not known: it could not be read"


def test_what_is_not_known_is_said() -> None:
    rows = advise(
        files.configuration(1, unknown="it could not be read"),
        files.configuration(2, B, unknown="it has no options"),
        files.configuration(3, unknown="it could not be read", pools=0),
    )
    assert [row["reason"] for row in rows] == [
        "which volumes it creates is not known: it could not be read",
        "which volumes it creates is not known: it has no options",
    ]


def test_nobody_looked() -> None:
    assert advice(None, TO_B, whole_tenancy=True) == []


def test_advice_stands_in_the_lines_of_a_plan_and_not_in_its_digest() -> None:
    plan = Plan(advice=advise(files.configuration(1, A, pools=2), files.node_pool(1, A), files.node_pool(2, None)))
    words = PlanWords(dry_run=True, names=Names({A: "bank-key-2024"}), width=160)
    assert plan_summary(plan, words) == "0 resources would be changed, 3 to be done by hand"
    lines = plan_lines(plan, words)
    assert lines[1:-1] == [
        "3 not changed, which give new volumes another key:",
        "  New volumes get bank-key-2024. Copy the configuration with the key and point its pools to it, with the "
        "module instance_configuration_kms_key.",
        "    us-ashburn-1: instance configuration configuration-1",
        "  New volumes get bank-key-2024. Add node_pool to 'resource_types' (in the role: rekey_resource_types). New "
        "nodes get the key then.",
        "    us-ashburn-1: node pool nodes-1",
        "  New volumes get the Oracle-managed key. Add node_pool to 'resource_types' (in the role: "
        "rekey_resource_types). New nodes get the key then.",
        "    us-ashburn-1: node pool nodes-2",
    ]
    assert plan.digest == Plan().digest
