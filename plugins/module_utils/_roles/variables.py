# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of each role: how they are read, their defaults and documentation, and the rules among them. Pure.

The argument specs, the defaults and the tables in the READMEs of the roles are generated from here (``make generate``).
A new role needs a function that declares its variables, one that validates them together, and a line in ``_ROLES``.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import re
from collections.abc import Callable, Mapping, Sequence
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
    """The values of a role's variables, by name without the role's prefix, and all problems found, as sentences.

    On a shard, its region and its compartment replace the role's own, and the compartments below are out of scope.
    ``given`` has the role's variables under their full names; one that the role does not have is a problem.
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


def role_variables(role: str) -> dict[str, Variable]:
    """The variables of a role by name without the role's prefix, without the SDK's table of regions."""
    declare, _validate = _ROLES[role]
    return declare(None)


def default_report_dir(environment: Mapping[str, str]) -> str:
    """The default folder for reports, beside the journal, which survives reboots."""
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
        problems.append(f"{name} is not a variable of role {role}{guess}")
    return problems


# What a dry run passes on to the job that its approval starts: a variable per host, since slices of a job would
# overwrite each other's.
_ARTIFACT = re.compile(r"[a-z_]+_plan_of_[a-z0-9_]+")


def artifact_name(role: str, host: str) -> str:
    """The variable with the plan of a host. Its suffix distinguishes hosts with names such as a-b and a.b."""
    plain = re.sub(r"[^a-z0-9]", "_", host.lower())
    return f"{role}_plan_of_{plain}_{hashlib.sha256(host.encode()).hexdigest()[:6]}"


def _apply_approved_plan(role: str, given: Mapping[str, Any], values: _Values, problems: _Problems) -> None:
    """The plan that a dry run passed on, unless a file is named. Nothing was approved for a host without one."""
    values["approved_plan"] = None
    if "plan_file" not in values or values["plan_file"] is not None:
        return
    passed_on = [name for name in given if _ARTIFACT.fullmatch(name)]
    if not passed_on:
        if values["approval_required"]:
            problems.append(
                f"{role}_approval_required is true, but no dry run passed on a plan, and {role}_plan_file is not set, "
                "so nothing was approved. Run it in a workflow after a dry run, or name the approved plan"
            )
        return
    own = given.get(values["artifact"])
    if isinstance(own, Mapping) and is_blank(own.get("plan")) and is_blank(own.get("plan_file")):
        problems.append(f"{values['artifact']} has no plan and no plan_file, so nothing was approved for this host")
        return
    if not isinstance(own, Mapping):
        problems.append(
            f"A dry run passed on plans for other hosts ({', '.join(passed_on[:3])}), but none for this one, so "
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
            problems.append(f"{name} is not set. A shard needs both shard_region and shard_compartment_id")
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


def _flag(default: bool, *description: str) -> Variable:
    return Variable(boolean, default, description=description)


def _number(least: int, most: int | None, default: int | None, *description: str) -> Variable:
    bounds = f"An integer of at least {least}." if most is None else f"An integer from {least} to {most}."
    return Variable(integer(least, most), default, description=(*description, bounds))


def _choice(allowed: tuple[str, ...], *description: str) -> Variable:
    """One of these words, by default the first one."""
    return Variable(one_of(*allowed), allowed[0], "str", description)


def _ocid(ocid_type: str, *description: str) -> Variable:
    return Variable(ocid(ocid_type), type="str", description=description)


def _ocids(ocid_types: Sequence[str], *description: str) -> Variable:
    return Variable(ocids(*ocid_types), description=description)


def _types(allowed: tuple[str, ...]) -> Variable:
    described = f"The resource types in scope, of {_listed(allowed)}."
    return Variable(choices(*allowed), list(allowed), description=(described,))


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"V({word})" for word in words[:-1]) + f" and V({words[-1]})"


def _scope(table: RegionTable | None, regions_otherwise: str, compartments_otherwise: str) -> dict[str, Variable]:
    """Where to look for resources, and which of them to select."""
    return {
        "compartment_ids": _ocids(
            ("compartment", "tenancy"),
            f"The OCIDs of the compartments. {compartments_otherwise}",
            "For the whole tenancy, name its OCID.",
        ),
        "regions": Variable(
            regions(table), description=(f"The names or short codes of the regions, or V(all). {regions_otherwise}",)
        ),
        "recursive": _flag(True, "Whether the compartments below them are in scope too."),
        "exclude_ids": _ocids(
            (*RESOURCE_TYPES.changeable.ocid_types, *RESOURCE_TYPES.groups.ocid_types),
            "OCIDs of resources to exclude. An asset stands for its assignment too, a volume group for its members.",
        ),
        "freeform_tags": Variable(
            freeform_tags,
            description=(
                "Select only resources that have all of these free-form tags. A dictionary, or lines C(name=value).",
            ),
        ),
        "defined_tags": Variable(
            defined_tags,
            description=(
                "Select only resources that have all of these defined tags. A dictionary by namespace, or lines "
                "C(namespace.name=value).",
            ),
        ),
        "created_before": Variable(
            timestamp, description=("Select only resources that were created before this date or time, in UTC.",)
        ),
    }


def _limits(what_counts: str) -> dict[str, Variable]:
    """How changes are made, and when a run stops. ``what_counts`` is for the limit of changes."""
    return {
        "batch_size": _number(1, 5000, 500, "Maximum number of resources that one task changes."),
        "max_changes": _number(0, None, None, f"Fail before the first change if {what_counts} No limit if not set."),
        "max_failures": _number(0, None, 10, "Stop after the batch in which the total of failures exceeds this."),
        "concurrency": _number(1, 256, 32, "Maximum number of changes in flight per region."),
        "wait_timeout": _number(1, None, 1200, "The time limit for a batch, in seconds."),
        **_key_checks(),
        "report_dir": _report_dir(),
    }


def _key_checks() -> dict[str, Variable]:
    return {
        "validate_key": _flag(
            True,
            "Whether to look up the keys before the first change. Set it to V(false) if the caller is allowed to use a "
            "key, but not to read it.",
        ),
        "multi_version_key": _choice(
            ("warn", "fail"), "What to do if a desired key has more than one version, V(warn) or V(fail)."
        ),
    }


def _report_dir() -> Variable:
    return Variable(
        text,
        type="path",
        description=(
            "The folder in which each run creates a folder of its own. When not set, "
            "C(oci_keys.block_volume/reports) in the folder E(XDG_STATE_HOME), by default C(~/.local/state). On AWX, "
            "where the files of a job are deleted, name a mounted folder.",
        ),
    )


_PLANNED = (
    "more than this are planned. Resources that are found in later rounds count too, and are not changed if the total "
    "exceeds it."
)


def _canary() -> Variable:
    return _number(
        0,
        100,
        1,
        "How many resources of each region, type and key are changed and verified first. If one of them fails, the run "
        "ends.",
    )


def _rekey(table: RegionTable | None) -> dict[str, Variable]:
    return {
        **_scope(
            table,
            "When not set, the regions of O({role}_kms_key_ids). Each region needs a key.",
            "Required, except on a shard.",
        ),
        "resource_types": _types(RESOURCE_TYPES.changeable.names),
        "kms_key_ids": Variable(
            keys_by_region(table),
            description=(
                "The OCID of the desired key for each region. A dictionary, or lines C(region=OCID).",
                "Backup policies use the key of the region that they copy to.",
                "Required unless O({role}_state=absent).",
            ),
        ),
        "state": _choice(
            ("present", "absent"),
            "V(present) assigns the keys. V(absent) returns all resources in scope to the Oracle-managed key, and "
            "needs O({role}_confirm_oracle_managed).",
        ),
        "confirm_oracle_managed": _flag(False, "Must be true with O({role}_state=absent)."),
        "from_kms_key_ids": _ocids(("key",), "Select only resources that are on one of these keys."),
        "only_oracle_managed": _flag(False, "Whether to select only resources that are on the Oracle-managed key."),
        "include_replicated": _flag(
            False,
            "Whether to change volumes with replicas in another region too. Their replicas keep their own key.",
        ),
        "include_locked": _flag(False, "Whether to change backups under retention lock or legal hold too."),
        "canary": _canary(),
        "fail_on_blocked": _flag(False, "Whether to fail before the first change if a resource is blocked."),
        "plan_file": Variable(
            text,
            type="path",
            description=(
                "The file of an approved plan, such as that of a dry run. Only its entries are changed whose current "
                "key is still what it says. All others are listed as not approved.",
            ),
        ),
        "plan_digest": Variable(
            text, type="str", description=("The digest of the approved plan. Any other plan is refused.",)
        ),
        "approval_required": _flag(
            False,
            "Whether to fail if nothing was approved, neither by O({role}_plan_file) nor by a dry run of the same "
            "workflow.",
        ),
        **_limits(_PLANNED),
    }


def _validate_rekey(role: str, values: _Values, problems: _Problems) -> None:
    keys = values["kms_key_ids"]
    if values["compartment_ids"] is None:
        problems.append(
            f"{role}_compartment_ids is not set. Name the compartments in scope; for the whole tenancy, name its OCID"
        )
    if values["state"] == "present":
        if keys is None:
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
    if values["only_oracle_managed"] and values["from_kms_key_ids"] is not None:
        problems.append(
            f"{role}_only_oracle_managed and {role}_from_kms_key_ids can't both be set: no resource can match both"
        )
    digest = values["plan_digest"]
    if digest is not None:
        values["plan_digest"] = digest.lower()
        if not re.fullmatch(r"[0-9a-f]{64}", digest.lower()):
            problems.append(
                f"{role}_plan_digest: {digest!r} is not the digest of a plan. A digest has 64 hexadecimal digits"
            )


def _validate_removal(role: str, values: _Values, problems: _Problems) -> None:
    if values["kms_key_ids"] is not None:
        problems.append(
            f"{role}_kms_key_ids is set together with {role}_state absent, which removes keys. Remove one of them"
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
            f"{role}_only_oracle_managed and {role}_state absent can't be combined: there would be nothing to change"
        )


def _backup_policy(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "asset_ids": _ocids(
            RESOURCE_TYPES.assets.ocid_types,
            "The OCIDs of volumes, boot volumes and volume groups. Exactly one of this and O({role}_compartment_ids) "
            "is required.",
        ),
        **_scope(
            table,
            "Required with O({role}_compartment_ids).",
            "Volumes and boot volumes in them are the assets.",
        ),
        "resource_types": _types(RESOURCE_TYPES.volumes.names),
        "policy_id": _ocid(
            "volumebackuppolicy",
            "The OCID of the backup policy. When not set, each asset keeps the policy that it has.",
        ),
        "kms_key_id": _ocid(
            "key",
            "The OCID of the key for the copies. It must be usable in the destination region of the policy.",
            "Required with O({role}_state=present), not allowed otherwise.",
        ),
        "state": _choice(
            ("present", "absent", "unassigned"),
            "V(present) assigns the key, and the policy. V(absent) removes the key, so that copies get the "
            "Oracle-managed one. V(unassigned) removes the policy.",
        ),
        **_limits("more than this are selected."),
    }


def _validate_backup_policy(role: str, values: _Values, problems: _Problems) -> None:
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


def _restore_keys(_table: RegionTable | None) -> dict[str, Variable]:
    return {
        "report": Variable(
            paths,
            description=(
                "Reports, plans of real runs, or journals, or folders of runs. Those of several runs are read "
                "together, and the oldest former key of a resource is the one that it returns to.",
                "Required.",
            ),
        ),
        "allow_oracle_managed": _flag(False, "Whether resources that were on the Oracle-managed key return to it."),
        "include_replicated": _flag(True, "Whether to restore volumes with replicas in another region too."),
        "include_locked": _flag(False, "Whether to restore backups under retention lock or legal hold too."),
        "canary": _canary(),
        **_limits(_PLANNED),
    }


def _validate_restore_keys(role: str, values: _Values, problems: _Problems) -> None:
    if values["report"] is None:
        problems.append(f"{role}_report is not set. Name a report, a plan or a journal of the run to undo")


def _copy_backups(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "backup_ids": _ocids(RESOURCE_TYPES.copyable.ocid_types, "The OCIDs of the backups. Required."),
        "destination_region": Variable(regions(table), description=("The region to copy to. Required.",)),
        "kms_key_id": _ocid(
            "key", "The OCID of the key for the copies. When not set, new copies get the Oracle-managed key."
        ),
        "display_name": Variable(
            text,
            type="str",
            description=("The display name of new copies. When not set, they have the name of their source.",),
        ),
        "compartment_ids": _ocids(
            ("compartment", "tenancy"), "Compartments, besides that of each backup, to search for existing copies."
        ),
        **_key_checks(),
        "wait_timeout": _number(1, None, 14400, "The time limit for all copies, in seconds."),
        "report_dir": _report_dir(),
    }


def _validate_copy_backups(role: str, values: _Values, problems: _Problems) -> None:
    if values["backup_ids"] is None:
        problems.append(f"{role}_backup_ids is not set. Name the backups to copy")
    if values["destination_region"] is None:
        problems.append(f"{role}_destination_region is not set. Name the region to copy to")
    elif len(values["destination_region"]) > 1 or values["destination_region"] == ["all"]:
        problems.append(f"{role}_destination_region must be a single region. Run it once per region")


def _encryption_report(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "regions": Variable(
            regions(table),
            description=(
                "The names or short codes of the regions to scan. When not set, or V(all), every region that the "
                "tenancy is subscribed to.",
            ),
        ),
        "compartment_ids": _ocids(
            ("compartment", "tenancy"), "The OCIDs of the compartments to scan. When not set, the whole tenancy."
        ),
        "recursive": _flag(True, "Whether to scan the compartments below them too."),
        "kms_key_ids": _ocids(
            ("key",),
            "The OCIDs of keys to retire. The report lists every use of them that is found in Block Volume.",
            "They need a scan of the whole tenancy, so regions and compartments can't be set with them.",
        ),
        "redact": _flag(
            False, "Whether OCIDs are replaced by hashes in the files C(report.*). Other files of the run keep them."
        ),
        "redact_key": Variable(
            text,
            type="str",
            description=(
                "A secret for these hashes. Without it, anyone who knows an OCID can compute its hash.",
                "Reports with the same secret have the same hashes.",
            ),
        ),
        "dir": _report_dir(),
    }


def _validate_encryption_report(role: str, values: _Values, problems: _Problems) -> None:
    if values["regions"] is None:
        values["regions"] = ["all"]
    if values["kms_key_ids"] is None:
        return
    whole = {"regions": ["all"], "compartment_ids": None, "recursive": True}
    problems += [
        f"{role}_kms_key_ids needs a scan of the whole tenancy, so {role}_{name} can't be {values[name]!r}. Unset it, "
        "and don't run the role on a shard"
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
