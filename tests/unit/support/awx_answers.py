# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to the surveys, good ones and wrong ones."""

from __future__ import annotations

from typing import Any

from unit.support.awx_rules import Question, refusals
from unit.support.fake_cloud import IAD, KEY_A, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.region_tables import known_regions
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.values import Variable
from ansible_collections.oci_keys.block_volume.plugins.module_utils._roles.variables import role_variables

# By what a variable is read by. Any text is a path or a name, so what is wrong with one shows later only.
WRONG: dict[str, list[Any]] = {
    "boolean": ["maybe"],
    "one_of": ["sometimes"],
    "choices": [["floppy"], [], ["volume", "tape"]],
    "integer": ["few", "1.5", -1, True],
    "ocid": ["ocid1.volume", "my-key", "ocid1.instance.oc1.iad.abc"],
    "timestamp": ["yesterday", "2026-13-01"],
    "regions": ["us-ashbrn-1", "all,us-ashburn-1", ","],
    "named_ocid": ["ocid1.volume", "<key>", "ocid1.instance.oc1.iad.abc"],
    "named_ocids": ["ocid1.prod", "ocid1.instance.oc1.iad.abc", ",", f"{compartment_id(1)}\nocid1.nothing"],
    "ocids": ["prod", "ocid1.instance.oc1.iad.abc", ",", f"{compartment_id(1)}\nocid1.nothing"],
    "paths": [",", "\n,\n"],
    "keys_by_region": ["us-ashburn-1", "us-ashburn-1=", f"all={KEY_A}", KEY_A, f"iad={volume_id(1)}", "{"],
    "freeform_tags": ["env", "{}", "[1]"],
    "defined_tags": ["env=prod", "ops", "{}"],
}
GOOD = {
    "rekey_compartment_ids": compartment_id(1),
    "rekey_kms_key_ids": f"{IAD}={KEY_A}",
    "backup_policy_asset_ids": volume_id(1),
    "backup_policy_kms_key_id": KEY_A,
    "copy_backups_backup_ids": volume_id(1, kind="volumebackup"),
    "copy_backups_destination_region": IAD,
    "copy_backups_kms_key_id": KEY_A,
    "restore_keys_report": "/reports/run",
}


def variables_of(playbook: str) -> dict[str, Variable]:
    """What the role behind a playbook reads, by the full names of its variables."""
    return {f"{playbook}_{name}": variable for name, variable in role_variables(playbook, known_regions()).items()}


def kind_of(variable: Variable) -> str:
    return variable.read.__qualname__.partition(".")[0]


def all_wrong(playbook: str, questions: list[Question]) -> dict[str, Any]:
    """A wrong answer to each question whose wrong answers are not refused by AWX itself already.

    An empty list, which is wrong elsewhere, is where no box was ticked.
    """
    given = {}
    for question in questions:
        kind = kind_of(variables_of(playbook)[question["variable"]])
        wrong = [answer for answer in WRONG.get(kind, []) if answer != [] and not refusals(question, answer)]
        if wrong:
            given[question["variable"]] = wrong[0]
    return given
