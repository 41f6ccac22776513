# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules among the variables of each role. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .._common.errors import InputError
from .._common.text import quote
from .._model.ocid import PREFIXES
from .._model.resource_types import REPLICA
from .values import (
    expect_single_realm,
)
from .variables import role_variables

Values = dict[str, Any]
"""The values of a role's variables, by name without the role's prefix."""

Problems = list[str]


def validate_together(role: str, values: Values, problems: Problems) -> None:
    """Add what contradicts each other or is missing, as sentences. Fills in what follows from other values."""
    _VALIDATE[role](role, values, problems)


def validate_realm(role: str, values: Values, problems: Problems) -> None:
    """Add a problem if the OCIDs of all variables are not of one realm."""
    found: list[str] = []
    for name in role_variables(role):
        value = values[name]
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        found.extend(item for item in items if isinstance(item, str) and item.startswith(PREFIXES))
    try:
        expect_single_realm(found)
    except InputError as error:
        problems.append(f"The variables of role {role} contradict each other: {error}")


def _validate_rekey(role: str, values: Values, problems: Problems) -> None:
    keys = values["kms_key_ids"]
    if values["compartment_ids"] is None:
        problems.append(
            f"{role}_compartment_ids is not set. Name the compartments in scope; for the whole tenancy, name its OCID"
        )
    if values["state"] == "present":
        if keys is None and values["resource_types"] == [REPLICA] and values["replica_kms_key_ids"] is not None:
            if values["regions"] is None:
                problems.append(f"{role}_regions is not set. Name the regions of the sources of replicas, and theirs")
        elif keys is None:
            problems.append(
                f"{role}_kms_key_ids is not set. Name each region with its key; to return to the Oracle-managed key, "
                f"set {role}_state to absent"
            )
        elif values["regions"] is None:
            values["regions"] = list(keys)
        elif values["regions"] != ["all"]:
            missing = [name for name in values["regions"] if name not in keys]
            if missing:
                problems.append(
                    f"{role}_kms_key_ids has no key for {', '.join(missing)}, which is in scope. Add one, or remove "
                    f"the region from {role}_regions"
                )
    else:
        _validate_removal(role, values, problems)
    if values["replica_kms_key_ids"] is not None and REPLICA not in values["resource_types"]:
        problems.append(
            f"{role}_replica_kms_key_ids is set, but {role}_resource_types does not name {REPLICA}, so it would have "
            f"no effect. Add {REPLICA} to {role}_resource_types, or remove it"
        )
    if values["only_oracle_managed"] and values["from_kms_key_ids"] is not None:
        problems.append(
            f"{role}_only_oracle_managed and {role}_from_kms_key_ids can't both be set: no resource can match both. "
            "Remove one of them"
        )
    if values["skip_terraform"] and values["terraform_state"] is None:
        problems.append(
            f"{role}_skip_terraform is true, but {role}_terraform_state is not set, so nothing would be skipped. Name "
            "the files with the output of terraform show -json"
        )
    _validate_approval(role, values, problems)


def _validate_approval(role: str, values: Values, problems: Problems) -> None:
    if values["plan_signature"] is not None and values["plan_signers"] is None:
        problems.append(
            f"{role}_plan_signature is set, but {role}_plan_signers is not, so it would not be verified. Set both"
        )
    digest = values["plan_digest"]
    if digest is not None:
        values["plan_digest"] = digest.lower()
        if not re.fullmatch(r"[0-9a-f]{64}", digest.lower()):
            problems.append(
                f"{role}_plan_digest: {quote(digest)} is not the digest of a plan. A digest has 64 hexadecimal "
                "digits; copy it from the output of the dry run"
            )


def _validate_removal(role: str, values: Values, problems: Problems) -> None:
    for name in ("kms_key_ids", "replica_kms_key_ids"):
        if values[name] is not None:
            problems.append(
                f"{role}_{name} is set together with {role}_state absent, which removes keys. Remove one of them"
            )
    if not values["confirm_oracle_managed"]:
        problems.append(
            f"{role}_state is absent, which returns every resource in scope to the Oracle-managed key. If this is "
            f"intended, set {role}_confirm_oracle_managed to true as well"
        )
    if values["regions"] is None:
        problems.append(f"{role}_regions is not set. With {role}_state absent, name the regions, or all")
    if values["only_oracle_managed"]:
        problems.append(
            f"{role}_only_oracle_managed and {role}_state absent can't be combined: there would be nothing to change. "
            "Remove one of them"
        )


def _validate_backup_policy(role: str, values: Values, problems: Problems) -> None:
    _validate_approval(role, values, problems)
    by_list, by_discovery = values["asset_ids"] is not None, values["compartment_ids"] is not None
    if by_list and by_discovery:
        problems.append(f"{role}_asset_ids and {role}_compartment_ids are both set. Remove one of them")
    if not by_list and not by_discovery:
        problems.append(
            f"Neither {role}_asset_ids nor {role}_compartment_ids is set. Name the assets, or the compartments that "
            "they are in; for the whole tenancy, name its OCID"
        )
    if by_discovery and not by_list and values["regions"] is None:
        problems.append(f"{role}_regions is not set. Name the regions to scan, or all")
    if by_list:
        for name in ("exclude_ids", "freeform_tags", "defined_tags", "created_before", "regions"):
            if values[name] is not None:
                problems.append(
                    f"{role}_{name} and {role}_asset_ids can't be combined: it only selects among discovered assets. "
                    "Remove one of them"
                )
    if values["state"] == "present":
        if values["kms_key_id"] is None:
            problems.append(
                f"{role}_kms_key_id is not set. Name the key for the copies; for copies with the Oracle-managed key, "
                f"set {role}_state to absent"
            )
    elif values["kms_key_id"] is not None:
        problems.append(f"{role}_kms_key_id is set together with {role}_state {values['state']}. Remove one of them")
    if values["state"] == "unassigned" and values["policy_id"] is not None:
        problems.append(f"{role}_policy_id is set together with {role}_state unassigned. Remove one of them")


def _validate_restore_keys(role: str, values: Values, problems: Problems) -> None:
    if values["report"] is None:
        problems.append(f"{role}_report is not set. Name a report, a plan or a journal of the run to undo")


def _validate_copy_backups(role: str, values: Values, problems: Problems) -> None:
    if values["backup_ids"] is None:
        problems.append(f"{role}_backup_ids is not set. Name the backups to copy")
    if values["destination_region"] is None:
        problems.append(f"{role}_destination_region is not set. Name the region to copy to")
    elif len(values["destination_region"]) > 1 or values["destination_region"] == ["all"]:
        problems.append(
            f"{role}_destination_region names {', '.join(values['destination_region'])}, but it must be a single "
            "region. Run it once per region"
        )
    if values["kms_key_id"] is None and not values["oracle_managed"]:
        problems.append(
            f"{role}_kms_key_id is not set. Name the key for the copies; for new copies with the Oracle-managed key, "
            f"set {role}_oracle_managed to true"
        )
    elif values["kms_key_id"] is not None and values["oracle_managed"]:
        problems.append(f"{role}_kms_key_id and {role}_oracle_managed are both set. Remove one of them")


def _validate_encryption_report(role: str, values: Values, problems: Problems) -> None:
    if values["regions"] is None:
        values["regions"] = ["all"]
    _validate_alarms(role, values, problems)
    if values["kms_key_ids"] is None:
        return
    whole = {
        "regions": ["all"],
        "compartment_ids": None,
        "recursive": True,
        "freeform_tags": None,
        "defined_tags": None,
    }
    problems += [
        f"{role}_kms_key_ids needs a scan of the whole tenancy, so {role}_{name} can't be {quote(values[name])}. Unset "
        "it, and don't run the role on a shard"
        for name, value in whole.items()
        if values[name] != value
    ]


def _validate_alarms(role: str, values: Values, problems: Problems) -> None:
    """What the role can only fail on if it knows what to look for."""
    needed = {"key_in_use": "kms_key_ids", "protection": "required_protection", "new_volumes": "new_volumes"}
    problems += [
        f"{role}_fail_on has {word}, but {role}_{name} is not set. Set it, or remove {word}"
        for word, name in needed.items()
        if word in (values["fail_on"] or []) and values[name] in (None, "any", False)
    ]


_VALIDATE: dict[str, Callable[[str, Values, Problems], None]] = {
    "rekey": _validate_rekey,
    "backup_policy": _validate_backup_policy,
    "restore_keys": _validate_restore_keys,
    "copy_backups": _validate_copy_backups,
    "encryption_report": _validate_encryption_report,
}
