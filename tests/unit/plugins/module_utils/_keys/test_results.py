# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from unit.support.fake_cloud import FRA, IAD, KEY_A, KEY_B, TENANCY, compartment_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys.results import (
    key_entry,
    message,
    selected,
    summary,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys.validation import KeyReport

GOOD = KeyReport(KEY_A, IAD, found=True)
BAD = KeyReport(KEY_B, IAD, found=True, problems=("is DISABLED, not ENABLED",))

PLACE = f"compartment id {compartment_id(1)}"
CONDITION = f"target.key.id = '{KEY_A}'"
WORKLOAD = (
    "request.principal.type = 'workload', request.principal.namespace = '<its namespace>', "
    "request.principal.service_account = '<its service account>', "
    "request.principal.cluster_id = '<OCID of its cluster>'}"
)


class TestEntry:
    def statements(self, auth_type: str = "api_key", **fields: Any) -> list[str]:
        return list(key_entry(replace(GOOD, **fields), auth_type)["policy_statements"])

    def test_statements_are_ready_to_paste(self) -> None:
        places = {"compartment_id": compartment_id(1), "vault_compartment_id": compartment_id(2)}
        assert self.statements(**places) == [
            f"Allow service blockstorage to use keys in {PLACE} where {CONDITION}",
            f"Allow group <your group> to use key-delegate in {PLACE} where {CONDITION}",
            f"Allow group <your group> to read keys in {PLACE} where {CONDITION}",
            f"Allow group <your group> to read vaults in compartment id {compartment_id(2)}",
        ]

    def test_the_root_compartment_is_the_tenancy(self) -> None:
        statements = self.statements(compartment_id=TENANCY, vault_compartment_id=TENANCY)
        assert statements[0] == f"Allow service blockstorage to use keys in tenancy where {CONDITION}"
        assert statements[3] == "Allow group <your group> to read vaults in tenancy"

    def test_what_is_not_known_is_left_to_the_reader(self) -> None:
        statements = self.statements()
        assert all("in compartment <the key's compartment> where" in line for line in statements[:3])
        assert statements[3].endswith("in compartment <the vault's compartment>")

    @pytest.mark.parametrize("auth_type", ["instance_principal", "resource_principal"])
    def test_principals_are_in_dynamic_groups(self, auth_type: str) -> None:
        statements = self.statements(auth_type, compartment_id=compartment_id(1))
        assert statements[1] == (
            f"Allow dynamic-group <your dynamic group> to use key-delegate in {PLACE} where {CONDITION}"
        )
        assert not any(" group <" in line for line in statements)

    def test_workloads_are_known_by_conditions(self) -> None:
        statements = self.statements("oke_workload_identity", compartment_id=compartment_id(1))
        assert statements[0] == f"Allow service blockstorage to use keys in {PLACE} where {CONDITION}"
        assert statements[1] == f"Allow any-user to use key-delegate in {PLACE} where all {{{CONDITION}, {WORKLOAD}"
        assert statements[3] == (
            f"Allow any-user to read vaults in compartment <the vault's compartment> where all {{{WORKLOAD}"
        )

    def test_what_was_learned_is_told(self) -> None:
        learned = {
            "display_name": "mine",
            "lifecycle_state": "PENDING_DELETION",
            "time_of_deletion": "2027-01-31T12:30:15Z",
            "algorithm": "AES",
            "protection_mode": "HSM",
            "vault_id": "ocid1.vault.oc1.iad.v.u",
            "management_endpoint": "https://v",
            "compartment_id": compartment_id(1),
            "time_created": "2025-01-31T12:30:15Z",
            "current_key_version": "ocid1.keyversion.oc1.iad.v.u",
            "time_current_version_created": "2026-01-31T12:30:15Z",
            "versions": 3,
            "is_auto_rotation_enabled": False,
            "is_replica": True,
        }
        report = replace(GOOD, problems=("is bad",), warnings=("is odd",), **learned)  # type: ignore[arg-type]
        entry = key_entry(report)
        assert entry.pop("policy_statements")
        assert entry == {
            "id": KEY_A,
            "region": IAD,
            "usable": False,
            "problems": ["is bad"],
            "warnings": ["is odd"],
            **learned,
        }


def test_counts() -> None:
    assert summary([key_entry(GOOD), key_entry(BAD), key_entry(BAD)]) == {"total": 3, "usable": 1, "unusable": 2}
    assert summary([]) == {"total": 0, "usable": 0, "unusable": 0}


@pytest.mark.parametrize(
    ("reports", "first_line"),
    [
        ([], "No keys given; nothing to look up."),
        ([GOOD], "1 of 1 key can be used"),
        ([GOOD, BAD], "1 of 2 keys can be used:"),
        ([GOOD, replace(GOOD, region=FRA)], "2 of 2 keys, counted once per region, can be used"),
    ],
)
def test_the_message_begins_with_the_counts(reports: list[KeyReport], first_line: str) -> None:
    assert message([key_entry(report) for report in reports]).splitlines()[0] == first_line


def test_the_message_tells_the_first_three_that_are_bad() -> None:
    two_problems = replace(BAD, problems=("is DISABLED", "has algorithm RSA"))
    lines = message([key_entry(report) for report in [two_problems, GOOD, BAD, BAD, BAD, BAD]]).splitlines()
    assert lines[1:3] == [f"In {IAD}, {KEY_B} is DISABLED.", f"In {IAD}, {KEY_B} has algorithm RSA."]
    assert lines[5:] == ["... and 2 more, see 'kms_keys'"]


@pytest.mark.parametrize(("which", "expected"), [("all", [KEY_A, KEY_B]), ("changed", [KEY_B]), ("summary", [])])
def test_what_the_result_lists(which: str, expected: list[str]) -> None:
    assert [entry["id"] for entry in selected([key_entry(GOOD), key_entry(BAD)], which)] == expected
