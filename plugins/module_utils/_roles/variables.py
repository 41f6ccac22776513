# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The variables of each role, and what has to hold among them. Pure.

A new role is one more function that gives its variables, one that judges them together, and a line in ``_ROLES``.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from .._common.errors import InputError
from .._common.values import is_blank
from .._model.regions import RegionTable
from .._model.resource_types import RESOURCE_TYPES
from .values import (
    Variable,
    boolean,
    choices,
    defined_tags,
    expect_single_realm,
    freeform_tags,
    integer,
    keys_by_region,
    ocid,
    ocids,
    one_of,
    paths,
    read_variables,
    regions,
    text,
    timestamp,
)

_Values = dict[str, Any]
_Problems = list[str]


def read_role(
    role: str,
    given: Mapping[str, Any],
    *,
    host: str = "localhost",
    shard_region: object = None,
    shard_compartment_id: object = None,
    table: RegionTable | None = None,
    environment: Mapping[str, str] | None = None,
) -> tuple[_Values, _Problems]:
    """The variables of a role, by name without the role's prefix, and all that is wrong with them, in words.

    On a shard, its region and its compartment replace the role's own, and nothing below the compartment is meant.
    ``given`` has the role's variables under their full names; one that the role does not know is a problem.
    """
    declare, validate = _ROLES[role]
    variables = declare(table)
    values, problems = read_variables(role, given, variables)
    problems += _unknown(role, given, variables)
    if "report_dir" in values or "dir" in values:
        name = "report_dir" if "report_dir" in values else "dir"
        values[name] = os.path.abspath(os.path.expanduser(values[name] or default_report_dir(environment or {})))
    if not (is_blank(shard_region) and is_blank(shard_compartment_id)):
        problems += _apply_shard_scope(values, shard_region, shard_compartment_id, table)
    values["artifact"] = artifact_name(role, host)
    if not problems:
        validate(role, values, problems)
        _apply_approved_plan(role, given, values, problems)
    if not problems:
        _same_realm(role, variables, values, problems)
    return values, problems


def default_report_dir(environment: Mapping[str, str]) -> str:
    """Where reports go if no place is named: beside the journal, in a folder that survives reboots."""
    state = environment.get("XDG_STATE_HOME", "").strip() or "~/.local/state"
    return os.path.join(state, "oci_keys.block_volume", "reports")


def _unknown(role: str, given: Mapping[str, Any], variables: Mapping[str, Variable]) -> _Problems:
    known = [f"{role}_{name}" for name in variables]
    problems = []
    for name in given:
        if name in known or _ARTIFACT.fullmatch(name):
            continue
        close = difflib.get_close_matches(name, known, n=1)
        guess = f"; did you mean {close[0]}?" if close else f". The variables are {', '.join(known)}"
        problems.append(f"{name} is no variable of this role{guess}")
    return problems


# What a dry run hands to the job that is approved by it: a variable for each host, since slices of a job would
# overwrite each other's.
_ARTIFACT = re.compile(r"[a-z_]+_plan_of_[a-z0-9_]+")


def artifact_name(role: str, host: str) -> str:
    """The variable with the plan of a host. Its end tells apart hosts whose names differ in other characters only."""
    plain = re.sub(r"[^a-z0-9]", "_", host.lower())
    return f"{role}_plan_of_{plain}_{hashlib.sha256(host.encode()).hexdigest()[:6]}"


def _apply_approved_plan(role: str, given: Mapping[str, Any], values: _Values, problems: _Problems) -> None:
    """The plan that a dry run has handed on, unless a file is named. Nothing was approved for a host without one."""
    values["approved_plan"] = None
    if "plan_file" not in values or values["plan_file"] is not None:
        return
    handed_on = [name for name in given if _ARTIFACT.fullmatch(name)]
    if not handed_on:
        if values["approval_required"]:
            problems.append(
                f"{role}_approval_required is true, but no dry run has handed on a plan, and {role}_plan_file is not "
                "set, so nothing was approved"
            )
        return
    own = given.get(values["artifact"])
    if isinstance(own, Mapping) and is_blank(own.get("plan")) and is_blank(own.get("plan_file")):
        problems.append(f"{values['artifact']} holds no plan and no plan_file, so nothing was approved for this host")
        return
    if not isinstance(own, Mapping):
        problems.append(
            f"A dry run has handed on plans for other hosts ({', '.join(handed_on[:3])}), but none for this one, so "
            "nothing was approved for it"
        )
        return
    values["plan_digest"] = values["plan_digest"] or own.get("digest")
    values["approved_plan"] = own.get("plan")
    if is_blank(values["approved_plan"]):
        values["plan_file"] = own.get("plan_file")


def _apply_shard_scope(values: _Values, region: object, compartment_id: object, table: RegionTable | None) -> _Problems:
    problems: _Problems = []
    for name, variable, value in (
        ("shard_region", regions(table), region),
        ("shard_compartment_id", ocids("compartment", "tenancy"), compartment_id),
    ):
        target = "regions" if name == "shard_region" else "compartment_ids"
        if is_blank(value):
            problems.append(f"{name} is blank, but a shard needs both shard_region and shard_compartment_id")
            continue
        try:
            values[target] = variable(value)
        except InputError as error:
            problems.append(f"{name}: {error}")
    values["recursive"] = False
    return problems


def _same_realm(role: str, variables: Mapping[str, Variable], values: _Values, problems: _Problems) -> None:
    found: list[str] = []
    for name in variables:
        value = values[name]
        items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
        found.extend(item for item in items if isinstance(item, str) and item.startswith("ocid1."))
    try:
        expect_single_realm(found)
    except InputError as error:
        problems.append(f"The variables of role {role} contradict each other: {error}")


def _scope(table: RegionTable | None) -> dict[str, Variable]:
    """What is looked at, and what of it is meant."""
    return {
        "regions": Variable(regions(table)),
        "compartment_ids": Variable(ocids("compartment", "tenancy")),
        "recursive": Variable(boolean, True),
        "exclude_ids": Variable(ocids(*RESOURCE_TYPES.changeable.ocid_types, *RESOURCE_TYPES.groups.ocid_types)),
        "freeform_tags": Variable(freeform_tags),
        "defined_tags": Variable(defined_tags),
        "created_before": Variable(timestamp),
    }


def _writing() -> dict[str, Variable]:
    """How changes are made."""
    return {
        "batch_size": Variable(integer(1, 5000), 500),
        "max_changes": Variable(integer(0)),
        "max_failures": Variable(integer(0), 10),
        "concurrency": Variable(integer(1, 256), 32),
        "wait_timeout": Variable(integer(1), 1200),
        "validate_key": Variable(boolean, True),
        "multi_version_key": Variable(one_of("warn", "fail"), "warn"),
        "report_dir": Variable(text),
    }


def _rekey(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "kms_key_ids": Variable(keys_by_region(table)),
        "state": Variable(one_of("present", "absent"), "present"),
        **_scope(table),
        "resource_types": Variable(choices(*RESOURCE_TYPES.changeable.names), list(RESOURCE_TYPES.changeable.names)),
        "from_kms_key_ids": Variable(ocids("key")),
        "only_oracle_managed": Variable(boolean, False),
        "include_replicated": Variable(boolean, False),
        "include_locked": Variable(boolean, False),
        "canary": Variable(integer(0, 100), 1),
        "fail_on_blocked": Variable(boolean, False),
        "confirm_oracle_managed": Variable(boolean, False),
        "plan_file": Variable(text),
        "plan_digest": Variable(text),
        "approval_required": Variable(boolean, False),
        **_writing(),
    }


def _validate_rekey(role: str, values: _Values, problems: _Problems) -> None:
    keys = values["kms_key_ids"]
    if values["compartment_ids"] is None:
        problems.append(
            f"{role}_compartment_ids is not set. Name the compartments whose resources are meant; for the whole "
            "tenancy, write out its OCID"
        )
    if values["state"] == "present":
        if keys is None:
            problems.append(
                f"{role}_kms_key_ids is not set. Give each region the key to assign there; to go back to the "
                f"Oracle-managed key, set {role}_state to absent"
            )
        elif values["regions"] is None:
            values["regions"] = list(keys)
        elif values["regions"] != ["all"]:
            missing = [name for name in values["regions"] if name not in keys]
            if missing:
                problems.append(f"{role}_kms_key_ids has no key for {', '.join(missing)}, which is in scope. Give one")
    else:
        _validate_removal(role, values, problems)
    if values["only_oracle_managed"] and values["from_kms_key_ids"] is not None:
        problems.append(
            f"{role}_only_oracle_managed is true and {role}_from_kms_key_ids is set, which no resource can meet both"
        )
    digest = values["plan_digest"]
    if digest is not None:
        values["plan_digest"] = digest.lower()
        if not re.fullmatch(r"[0-9a-f]{64}", digest.lower()):
            problems.append(f"{role}_plan_digest: {digest!r} is no digest of a plan, which has 64 hexadecimal digits")


def _validate_removal(role: str, values: _Values, problems: _Problems) -> None:
    if values["kms_key_ids"] is not None:
        problems.append(
            f"{role}_kms_key_ids is set together with {role}_state absent, which takes keys away. Leave one of them out"
        )
    if not values["confirm_oracle_managed"]:
        problems.append(
            f"{role}_state is absent, which returns every resource in scope to the Oracle-managed key. If that is "
            f"meant, set {role}_confirm_oracle_managed to true as well"
        )
    if values["regions"] is None:
        problems.append(f"{role}_regions is not set. With {role}_state absent, name the regions, or all")
    if values["only_oracle_managed"]:
        problems.append(f"{role}_only_oracle_managed is true together with {role}_state absent: nothing is left to do")


def _backup_policy(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "policy_id": Variable(ocid("volumebackuppolicy")),
        "kms_key_id": Variable(ocid("key")),
        "state": Variable(one_of("present", "absent", "unassigned"), "present"),
        "asset_ids": Variable(ocids(*RESOURCE_TYPES.assets.ocid_types)),
        **_scope(table),
        "resource_types": Variable(choices(*RESOURCE_TYPES.volumes.names), list(RESOURCE_TYPES.volumes.names)),
        **_writing(),
    }


def _validate_backup_policy(role: str, values: _Values, problems: _Problems) -> None:
    by_list, by_discovery = values["asset_ids"] is not None, values["compartment_ids"] is not None
    if by_list and by_discovery:
        problems.append(
            f"{role}_asset_ids and {role}_compartment_ids are both set. Name the assets, or let them be found, not both"
        )
    if not by_list and not by_discovery:
        problems.append(
            f"Neither {role}_asset_ids nor {role}_compartment_ids is set. Name the assets, or the compartments that "
            "they are in; for the whole tenancy, write out its OCID"
        )
    if by_discovery and not by_list and values["regions"] is None:
        problems.append(f"{role}_regions is not set. Name the regions to look in, or all")
    if by_list:
        for name in ("exclude_ids", "freeform_tags", "defined_tags", "created_before", "regions"):
            if values[name] is not None:
                problems.append(f"{role}_{name} is for assets that are found, but {role}_asset_ids names them")
    if values["state"] == "present":
        if values["kms_key_id"] is None:
            problems.append(
                f"{role}_kms_key_id is not set. Give the key for the copies; for copies with the Oracle-managed key, "
                f"set {role}_state to absent"
            )
    elif values["kms_key_id"] is not None:
        problems.append(f"{role}_kms_key_id is set together with {role}_state {values['state']}. Leave one of them out")
    if values["state"] == "unassigned" and values["policy_id"] is not None:
        problems.append(f"{role}_policy_id is set together with {role}_state unassigned. Leave one of them out")


def _restore_keys(_table: RegionTable | None) -> dict[str, Variable]:
    return {
        "report": Variable(paths),
        "allow_oracle_managed": Variable(boolean, False),
        "include_locked": Variable(boolean, False),
        "include_replicated": Variable(boolean, True),
        "canary": Variable(integer(0, 100), 1),
        **_writing(),
    }


def _validate_restore_keys(role: str, values: _Values, problems: _Problems) -> None:
    if values["report"] is None:
        problems.append(f"{role}_report is not set. Name a report, a plan or a journal of the run that is to be undone")


def _copy_backups(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "backup_ids": Variable(ocids(*RESOURCE_TYPES.copyable.ocid_types)),
        "destination_region": Variable(regions(table)),
        "kms_key_id": Variable(ocid("key")),
        "display_name": Variable(text),
        "compartment_ids": Variable(ocids("compartment", "tenancy")),
        "validate_key": Variable(boolean, True),
        "multi_version_key": Variable(one_of("warn", "fail"), "warn"),
        "wait_timeout": Variable(integer(1), 14400),
        "report_dir": Variable(text),
    }


def _validate_copy_backups(role: str, values: _Values, problems: _Problems) -> None:
    if values["backup_ids"] is None:
        problems.append(f"{role}_backup_ids is not set. Name the backups to copy")
    if values["destination_region"] is None:
        problems.append(f"{role}_destination_region is not set. Name the region to copy to")
    elif len(values["destination_region"]) > 1 or values["destination_region"] == ["all"]:
        problems.append(f"{role}_destination_region has to be a single region")


def _encryption_report(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "regions": Variable(regions(table)),
        "compartment_ids": Variable(ocids("compartment", "tenancy")),
        "recursive": Variable(boolean, True),
        "kms_key_ids": Variable(ocids("key")),
        "redact": Variable(boolean, False),
        "redact_key": Variable(text),
        "dir": Variable(text),
    }


def _validate_encryption_report(role: str, values: _Values, problems: _Problems) -> None:
    if values["regions"] is None:
        values["regions"] = ["all"]
    if values["kms_key_ids"] is None:
        return
    whole = {"regions": ["all"], "compartment_ids": None, "recursive": True}
    problems += [
        f"{role}_kms_key_ids is set, and what is on these keys has to be looked for in the whole tenancy, so "
        f"{role}_{name} can't be {values[name]!r}. Leave it out; a shard can't tell it either"
        for name, value in whole.items()
        if values[name] != value
    ]


_Declare = Callable[["RegionTable | None"], "dict[str, Variable]"]
_Validate = Callable[[str, "_Values", "_Problems"], None]

_ROLES: dict[str, tuple[_Declare, _Validate]] = {
    "rekey": (_rekey, _validate_rekey),
    "backup_policy": (_backup_policy, _validate_backup_policy),
    "restore_keys": (_restore_keys, _validate_restore_keys),
    "copy_backups": (_copy_backups, _validate_copy_backups),
    "encryption_report": (_encryption_report, _validate_encryption_report),
}
