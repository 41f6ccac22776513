# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mistakes that people make in the variables of roles: each message names the value, the reason and what to do.

What needs OCI to be seen is in ``tests/integration/test_mistakes.py``.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.filter.role_options import role_options

COMPARTMENT, VOLUME, BACKUP = compartment_id(1), volume_id(1), volume_id(1, kind="volumebackup")
GOOD: dict[str, dict[str, Any]] = {
    "rekey": {"compartment_ids": COMPARTMENT, "kms_key_ids": {IAD: KEY_A}},
    "backup_policy": {"asset_ids": VOLUME, "kms_key_id": KEY_A},
    "restore_keys": {"report": "report.json"},
    "copy_backups": {"backup_ids": BACKUP, "destination_region": "phx", "kms_key_id": KEY_A},
    "encryption_report": {},
}
LEFT_OUT = object()

# What is given instead, or besides; the value or variable that is at fault, the reason, and the remedy.
REKEY: list[tuple[dict[str, Any], str, str, str]] = [
    ({"kms_key_ids": KEY_A}, KEY_A, "does not say what it is for", "us-ashburn-1=ocid1.key"),
    ({"kms_key_ids": [KEY_A]}, KEY_A, "does not say what it is for", "us-ashburn-1=ocid1.key"),
    ({"kms_key_ids": f"{IAD}:{KEY_A}"}, IAD, "':' between a name and a value", "us-ashburn-1=ocid1.key"),
    ({"kms_key_ids": {"us-ashbrun-1": KEY_A}}, "us-ashbrun-1", "not a known region", "did you mean us-ashburn-1"),
    ({"kms_key_ids": {IAD: VOLUME}}, VOLUME, "is a block volume", "a key is expected"),
    ({"kms_key_ids": {IAD: ""}}, IAD, "has no key", "Give it one"),
    ({"kms_key_ids": {"all": KEY_A}}, "'all'", "is not a region", "Name each region"),
    ({"kms_key_ids": f"{IAD}={KEY_A}\n{IAD}={KEY_B}"}, IAD, "set twice", "Remove one"),
    ({"kms_key_ids": {IAD: KEY_A, "iad": KEY_B}}, IAD, "set twice", "Remove one"),
    ({"kms_key_ids": {IAD: f"{KEY_A[:-1]} a"}}, KEY_A[:-1], "' ' at position", "Copy the OCID again"),
    ({"kms_key_ids": {IAD: "<key ocid>"}}, "<key ocid>", "not an OCID", "must look like"),
    ({"kms_key_ids": {IAD: KEY_A[1:]}}, KEY_A[1:30], "not an OCID", "must look like"),
    ({"kms_key_ids": " "}, "rekey_kms_key_ids", "is not set", "Name each region with its key"),
    ({"kms_key_ids": "{broken"}, "{broken", "neither valid JSON nor valid YAML", "JSON"),
    ({"compartment_ids": KEY_A}, KEY_A, "is a key", "a compartment or a tenancy is expected"),
    ({"compartment_ids": ""}, "rekey_compartment_ids", "is not set", "for the whole tenancy, name its OCID"),
    ({"compartment_ids": []}, "[]", "is empty", "unset it"),
    (
        {"compartment_id": COMPARTMENT},
        "rekey_compartment_id",
        "is not a variable",
        "did you mean rekey_compartment_ids",
    ),
    ({"key_ids": KEY_A}, "rekey_key_ids", "is not a variable", "did you mean rekey_kms_key_ids"),
    ({"regions": "mars-1"}, "mars-1", "not a known region", "OCI_REGION_METADATA"),
    ({"regions": f"all,{IAD}"}, "'all'", "can't be combined", "Remove one"),
    ({"regions": "us-phoenix-1"}, "us-phoenix-1", "has no key", "Add one, or remove the region"),
    ({"batch_size": -1}, "-1", "out of range", "from 1 to 5000"),
    ({"batch_size": "many"}, "'many'", "not an integer", "from 1 to 5000"),
    ({"canary": 101}, "101", "out of range", "from 0 to 100"),
    ({"max_failures": -3}, "-3", "out of range", "0 or more"),
    ({"max_changes": "1,000"}, "1,000", "not an integer", "Give one of 0 or more"),
    ({"concurrency": 0}, "0", "out of range", "from 1 to 256"),
    ({"wait_timeout": "20m"}, "'20m'", "not an integer", "Give one"),
    ({"recursive": "maybe"}, "'maybe'", "neither true nor false", "Give one"),
    ({"state": "gone"}, "'gone'", "not valid", "choose one of: present, absent"),
    ({"state": "absent"}, "rekey_kms_key_ids", "set together with rekey_state absent", "Remove one"),
    (
        {"state": "absent", "kms_key_ids": LEFT_OUT, "regions": "all"},
        "rekey_state is absent",
        "returns every resource in scope to the Oracle-managed key",
        "rekey_confirm_oracle_managed",
    ),
    (
        {"only_oracle_managed": True, "from_kms_key_ids": [KEY_A]},
        "rekey_only_oracle_managed",
        "no resource can match both",
        "Remove one",
    ),
    ({"from_kms_key_ids": VOLUME}, VOLUME, "is a block volume", "a key is expected"),
    ({"freeform_tags": "owner:payments"}, "owner:payments", "':' between", "owner=payments"),
    ({"freeform_tags": {"owner": ["payments"]}}, "owner", "['payments']", "a string is expected"),
    ({"defined_tags": "owner=payments"}, "'owner'", "has no namespace", "operations.owner=payments"),
    ({"created_before": "yesterday"}, "'yesterday'", "not a date or time", "such as 2026-11-24"),
    ({"resource_types": "volumes"}, "'volumes'", "not valid", "did you mean volume"),
    ({"fail_on": "blockd"}, "'blockd'", "not valid", "did you mean blocked"),
    ({"plan_digest": "abc"}, "'abc'", "not the digest of a plan", "copy it from the output of the dry run"),
    ({"approval_required": True}, "rekey_approval_required", "nothing was approved", "after a dry run"),
    ({"exclude_ids": COMPARTMENT}, COMPARTMENT, "is a compartment", "is expected"),
    ({"exclude_ids": "db-1"}, "'db-1'", "not an OCID", "must look like"),
    ({"multi_version_key": "no"}, "'no'", "not valid", "choose one of: warn, fail"),
    ({"report_dir": ["a"]}, "['a']", "not a string", "Give text"),
    ({"report_dir": "~nobody-there/x"}, "~nobody-there/x", "home folder that is not known", "without '~'"),
    ({"exclude_ids": volume_id(1, realm="oc2")}, "oc2", "no tenancy is in both", "Use the OCIDs of one tenancy"),
]
OTHERS: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("backup_policy", {"compartment_ids": COMPARTMENT}, "backup_policy_asset_ids", "both set", "Remove one"),
    ("backup_policy", {"asset_ids": ""}, "backup_policy_asset_ids", "is set", "Name the assets"),
    ("backup_policy", {"kms_key_id": ""}, "backup_policy_kms_key_id", "not set", "backup_policy_state to absent"),
    ("backup_policy", {"freeform_tags": "a=b"}, "backup_policy_freeform_tags", "can't be combined", "Remove one"),
    ("backup_policy", {"state": "unassigned"}, "unassigned", "set together", "Remove one"),
    ("backup_policy", {"asset_ids": BACKUP}, BACKUP, "is a volume backup", "is expected"),
    ("backup_policy", {"policy_id": KEY_A}, KEY_A, "is a key", "a backup policy is expected"),
    ("restore_keys", {"report": ""}, "restore_keys_report", "is not set", "Name a report, a plan or a journal"),
    ("restore_keys", {"allow_oracle": True}, "allow_oracle", "not a variable", "restore_keys_allow_oracle_managed"),
    ("restore_keys", {"report": {"a": 1}}, "{'a': 1}", "a string is expected", "Give a list"),
    ("restore_keys", {"fail_on": "not_approved"}, "'not_approved'", "not valid", "choose one of: blocked, skipped"),
    ("copy_backups", {"kms_key_id": ""}, "copy_backups_kms_key_id", "not set", "copy_backups_oracle_managed to true"),
    (
        "copy_backups",
        {"destination_region": "phx,iad"},
        "us-phoenix-1, us-ashburn-1",
        "single region",
        "once per region",
    ),
    ("copy_backups", {"destination_region": ""}, "copy_backups_destination_region", "not set", "Name the region"),
    ("copy_backups", {"backup_ids": VOLUME}, VOLUME, "is a block volume", "is expected"),
    ("copy_backups", {"oracle_managed": True}, "copy_backups_oracle_managed", "both set", "Remove one"),
    ("encryption_report", {"kms_key_ids": KEY_A, "regions": "iad"}, "us-ashburn-1", "whole tenancy", "Unset it"),
    ("encryption_report", {"key_ids": KEY_A}, "encryption_report_key_ids", "not a variable", "did you mean"),
]
MISTAKES = [*(("rekey", *mistake) for mistake in REKEY), *OTHERS]


@pytest.mark.parametrize(("role", "given", "value", "reason", "remedy"), MISTAKES)
def test_the_message_names_the_value_the_reason_and_the_remedy(
    role: str, given: dict[str, Any], value: str, reason: str, remedy: str
) -> None:
    variables = {name: each for name, each in {**GOOD[role], **given}.items() if each is not LEFT_OUT}
    problems = role_options({f"{role}_{name}": each for name, each in variables.items()}, role)["problems"]
    told = [problem for problem in problems if value in problem and reason in problem and remedy in problem]
    assert told, problems
    assert all(f"{role}_" in problem or f"role {role}" in problem for problem in problems)
    assert not re.search(r"Traceback|Error\(|None\b", " ".join(problems))
    assert all(len(problem) < 600 for problem in problems)


@pytest.mark.parametrize("role", list(GOOD))
def test_what_is_right_is_no_mistake(role: str) -> None:
    assert role_options({f"{role}_{name}": each for name, each in GOOD[role].items()}, role)["problems"] == []


def test_a_secret_is_not_in_its_message() -> None:
    (problem,) = role_options({"encryption_report_redact_key": ["s3cret"]}, "encryption_report")["problems"]
    assert "s3cret" not in problem
    assert "a string is expected" in problem
