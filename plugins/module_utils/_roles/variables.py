# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The variables of each role: how they are read, their defaults and their documentation. Pure.

The argument specs, the defaults and the tables in the READMEs of the roles are generated from here (``make generate``).
A new role needs a function that declares its variables here, and one in ``rules.py`` that validates them together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .._model.regions import RegionTable
from .._model.report_demands import ALARMS, MAX_KEY_AGE_DAYS, PROTECTION_LEVELS
from .._model.resource_types import RESOURCE_TYPES
from .values import (
    Variable,
    boolean,
    choices,
    defined_tags,
    freeform_tags,
    integer,
    keys_by_region,
    latest_or_path,
    named_ocid,
    named_ocids,
    ocid,
    ocids,
    one_of,
    path,
    paths,
    regions,
    text,
    timestamp,
)


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


def _key(region: str, *description: str) -> Variable:
    name = f"Or its name, V(vault/key), or V(key) where it is unique in {region}."
    return Variable(named_ocid("key"), type="str", description=(*description, name))


def _keys(*description: str) -> Variable:
    return Variable(named_ocids("key"), description=(*description, _KEY_NAMES))


def _compartments(*description: str) -> Variable:
    return Variable(named_ocids("compartment", "tenancy"), description=(*description, _COMPARTMENT_NAMES))


_KEY_NAMES = "Or their names, V(vault/key), or V(key) where it is unique in the region."
_COMPARTMENT_NAMES = "Or their names from the root down, such as V(prod/databases)."
_NEW_VOLUMES = (
    "Whether to look up what new volumes are born with, namely the keys that instance configurations, the instance "
    "pools that use them, and node pools of Kubernetes Engine (OKE) give to volumes. For each region and compartment "
    "this takes three calls, and one for each instance configuration."
)


def _ocids(ocid_types: Sequence[str], *description: str) -> Variable:
    return Variable(ocids(*ocid_types), description=description)


def _types(allowed: tuple[str, ...], default: tuple[str, ...] | None = None) -> Variable:
    described = f"The resource types in scope, of {_listed(allowed)}."
    return Variable(choices(*allowed), list(default or allowed), description=(described,))


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"V({word})" for word in words[:-1]) + f" and V({words[-1]})"


def _scope(table: RegionTable | None, regions_otherwise: str, compartments_otherwise: str) -> dict[str, Variable]:
    """The scope of the discovery, and which resources to select."""
    return {
        "compartment_ids": _compartments(
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
        **_tags(),
        "created_before": Variable(
            timestamp, description=("Select only resources that were created before this date or time, in UTC.",)
        ),
    }


def _tags() -> dict[str, Variable]:
    return {
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
    }


def _exceptions_file(what_becomes_of_them: str) -> Variable:
    return Variable(
        path,
        type="path",
        description=(
            "A file of exceptions, in YAML or JSON: resources that are left on their keys on purpose, each with a "
            f"reason, an owner, a ticket and a last day. {what_becomes_of_them}",
            "It is described in C(roles/encryption_report/files/exceptions.schema.json).",
        ),
    )


def _terraform_state(*what_for: str) -> Variable:
    return Variable(
        paths,
        description=(
            "Files with what C(terraform show -json) or C(tofu show -json) prints of a state. " + what_for[0],
            *what_for[1:],
            "Such a file has the secrets of the state in plain text.",
        ),
    )


def _limits(what_counts: str) -> dict[str, Variable]:
    """How changes are made, and when a run stops. ``what_counts`` is for the limit of changes."""
    return {
        "batch_size": _number(1, 5000, 500, "Maximum number of resources that one task changes."),
        "max_changes": _number(0, None, None, f"Fail before the first change if {what_counts} No limit if not set."),
        "max_failures": _number(0, None, 10, "Stop after the batch in which the total of failures exceeds this."),
        "concurrency": _number(1, 256, 64, "Maximum number of changes in flight per region."),
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
            "In a container, and on AWX, nothing is changed unless it outlives the job: it has to be on a mount, or a "
            "file C(.oci-keys-reports) in it or in a folder above it has to say that it is kept.",
        ),
    )


_PLANNED = (
    "more than this are planned. Resources that are found in later rounds count too, and are not changed if the total "
    "exceeds it."
)


def _recreate_replicas() -> Variable:
    return _flag(
        False,
        "Whether replication is switched off and on where OCI leaves the key of a replica as it was. That deletes the "
        "replica, and copies everything again.",
    )


def _canary() -> Variable:
    return _number(
        0,
        100,
        1,
        "How many resources of each region, type, key and policy are changed and verified first. If one of them fails, "
        "the run ends.",
    )


def _accountability() -> dict[str, Variable]:
    return {
        "approved_by": Variable(
            text,
            type="str",
            description=("Who approved the run, as you say. Recorded in the plan, the journal and the report.",),
        ),
        "change_ticket": Variable(
            text, type="str", description=("The ticket of the change. Recorded in the same places.",)
        ),
    }


_FAIL_ON_WORDS = {
    "blocked": "V(blocked), a resource can't be changed as it is",
    "skipped": "V(skipped), a resource is only changed if another variable says so",
    "not_approved": "V(not_approved), a change is not in the approved plan, or differs from it",
    "incomplete": "V(incomplete), something in scope could not be read",
}


def _fail_on(*allowed: str) -> Variable:
    listed = "; ".join(_FAIL_ON_WORDS[word] for word in allowed)
    described = f"Fail before the first change if one of these holds. {listed}."
    return Variable(choices(*allowed), description=(described,))


def _approval() -> dict[str, Variable]:
    """What was approved, and by whom."""
    return {
        "plan_file": Variable(
            path,
            type="path",
            description=(
                "The file of an approved plan, such as that of a dry run. Only its entries are changed that are still "
                "as it says. All others are listed as not approved.",
            ),
        ),
        "plan_signers": Variable(
            path,
            type="path",
            description=(
                "A file of allowed signers, as C(ssh-keygen) reads it. Nothing of O({role}_plan_file) is read unless "
                "one of them has signed it with C(ssh-keygen -Y sign -n oci-keys-plan), and outside of check mode "
                "nothing is changed without it.",
            ),
        ),
        "plan_signature": Variable(
            path,
            type="path",
            description=("The signature. When not set, C(.sig) is added to the name of O({role}_plan_file).",),
        ),
        **_accountability(),
        "plan_digest": Variable(
            text, type="str", description=("The digest of the approved plan. Any other plan is refused.",)
        ),
        "approval_required": _flag(
            False,
            "Whether to fail if nothing was approved, neither by O({role}_plan_file) nor by a dry run of the same "
            "workflow.",
        ),
    }


def _rekey(table: RegionTable | None) -> dict[str, Variable]:
    return {
        **_scope(
            table,
            "When not set, the regions of O({role}_kms_key_ids). Each region needs a key.",
            "Required, except on a shard.",
        ),
        "resource_types": _types(RESOURCE_TYPES.choosable.names, RESOURCE_TYPES.changed_by_default.names),
        "kms_key_ids": Variable(
            keys_by_region(table),
            description=(
                "The OCID of the desired key for each region, or its name, V(vault/key), or V(key) where it is unique "
                "in the region. A dictionary, or lines C(region=key).",
                "Backup policies use the key of the region that they copy to.",
                "Required unless O({role}_state=absent).",
            ),
        ),
        "replica_kms_key_ids": Variable(
            keys_by_region(table),
            description=(
                "The key of the replicas in each region, as in O({role}_kms_key_ids). When not set, that of "
                "O({role}_kms_key_ids).",
                "Only with V(replica) in O({role}_resource_types).",
            ),
        ),
        "recreate_replicas": _recreate_replicas(),
        "state": _choice(
            ("present", "absent"),
            "V(present) assigns the keys. V(absent) returns all resources in scope to the Oracle-managed key, and "
            "needs O({role}_confirm_oracle_managed).",
        ),
        "confirm_oracle_managed": _flag(False, "Must be true with O({role}_state=absent)."),
        "from_kms_key_ids": _keys("Select only resources that are on one of these keys."),
        "only_oracle_managed": _flag(False, "Whether to select only resources that are on the Oracle-managed key."),
        "include_replicated": _flag(
            False,
            "Whether to change volumes with replicas in another region too. Their replicas keep their own key.",
        ),
        "include_locked": _flag(False, "Whether to change backups under retention lock or legal hold too."),
        "new_volumes": _flag(
            False,
            _NEW_VOLUMES,
            "The plan says which of them hand on another key than is planned, and what to do. Nothing of that is "
            "changed.",
            "With keys to be left it is looked up in any case, since a key that a configuration hands on is in use.",
        ),
        "terraform_state": _terraform_state(
            "The report and C(terraform.csv) say what has to follow in the code, at which address."
        ),
        "skip_terraform": _flag(
            False,
            "Whether to exclude the resources whose keys are managed by Terraform, according to "
            "O({role}_terraform_state).",
        ),
        "canary": _canary(),
        "fail_on": _fail_on("blocked", "skipped", "not_approved", "incomplete"),
        "fail_on_blocked": _flag(False, "The same as V(blocked) in O({role}_fail_on)."),
        **_approval(),
        "exceptions_file": _exceptions_file("They are never changed. An exception that has expired ends the run."),
        **_limits(_PLANNED),
    }


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
        "kms_key_id": _key(
            "all regions of the tenancy",
            "The OCID of the key for the copies. It must be usable in the destination region of the policy.",
            "Required with O({role}_state=present), not allowed otherwise.",
        ),
        "state": _choice(
            ("present", "absent", "unassigned"),
            "V(present) assigns the key, and the policy. V(absent) removes the key, so that copies get the "
            "Oracle-managed one. V(unassigned) removes the policy, which needs O({role}_replace).",
        ),
        "replace": _flag(
            False,
            "Whether an asset may lose the backup policy that it has, by another one or with "
            "O({role}_state=unassigned). Otherwise, such assets are skipped.",
        ),
        "canary": _canary(),
        "fail_on": _fail_on("blocked", "skipped", "not_approved", "incomplete"),
        **_approval(),
        **_limits(_PLANNED),
    }


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
        "remove_policies": _flag(
            False,
            "Whether backup policies are removed from assets that had none before the run. Otherwise, such assets are "
            "skipped.",
        ),
        "include_replicated": _flag(True, "Whether to restore volumes with replicas in another region too."),
        "include_locked": _flag(False, "Whether to restore backups under retention lock or legal hold too."),
        "recreate_replicas": _recreate_replicas(),
        "canary": _canary(),
        "fail_on": _fail_on("blocked", "skipped", "incomplete"),
        **_accountability(),
        **_limits(_PLANNED),
    }


def _copy_backups(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "backup_ids": _ocids(RESOURCE_TYPES.copyable.ocid_types, "The OCIDs of the backups. Required."),
        "destination_region": Variable(regions(table), description=("The region to copy to. Required.",)),
        "kms_key_id": _key(
            "that region", "The OCID of the key for the copies. Required unless O({role}_oracle_managed=true)."
        ),
        "oracle_managed": _flag(
            False, "Whether new copies get the Oracle-managed key. Existing copies are left as they are."
        ),
        "display_name": Variable(
            text,
            type="str",
            description=("The display name of new copies. When not set, they have the name of their source.",),
        ),
        "compartment_ids": _compartments("Compartments, besides that of each backup, to search for existing copies."),
        **_key_checks(),
        "wait_timeout": _number(1, None, 14400, "The time limit for all copies, in seconds."),
        "report_dir": _report_dir(),
    }


def _encryption_report(table: RegionTable | None) -> dict[str, Variable]:
    return {
        "regions": Variable(
            regions(table),
            description=(
                "The names or short codes of the regions to scan. When not set, or V(all), every region that the "
                "tenancy is subscribed to.",
            ),
        ),
        "compartment_ids": _compartments("The OCIDs of the compartments to scan. When not set, the whole tenancy."),
        "recursive": _flag(True, "Whether to scan the compartments below them too."),
        "kms_key_ids": _keys(
            "The OCIDs of keys to retire. The report lists every use of them that is found in Block Volume.",
            "They need a scan of the whole tenancy, so regions and compartments can't be set with them.",
        ),
        **_tags(),
        "owner_tag": Variable(
            text,
            type="str",
            description=(
                "The tag that names the owner of a resource: V(name) of a free-form tag, V(namespace.name) of a "
                "defined one. The report counts resources by its values.",
            ),
        ),
        "new_volumes": _flag(
            False,
            _NEW_VOLUMES,
            "With keys to retire it is looked up in any case, since a key that a configuration hands on is in use.",
            "The report is not complete if one of these can't be read.",
        ),
        "attachments": _flag(
            False,
            "Whether to look up which instances volumes and boot volumes are attached to. For each region and "
            "compartment this takes a call, one for each availability domain if there are boot volumes, and one for "
            "the names of instances.",
            "The report is not complete if one of these lists can't be read.",
        ),
        "terraform_state": _terraform_state(
            "The report and C(terraform.csv) say where such a state has another key than OCI, at which address."
        ),
        "max_key_age_days": _number(
            1,
            None,
            MAX_KEY_AGE_DAYS,
            "How many days old the current version of a key in use may be, for recommendation 4.16 of the benchmark.",
        ),
        "required_protection": _choice(
            ("any", *PROTECTION_LEVELS), "The protection level that keys in use must have, as OCI names it."
        ),
        "fail_on": Variable(
            choices(*ALARMS),
            description=(
                f"What the role fails on, after it has written all files: {_listed(ALARMS)}. What is unknown counts "
                "too. When not set, the role does not fail because of what it found.",
            ),
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
            is_secret=True,
        ),
        "baseline": Variable(
            latest_or_path,
            type="str",
            description=(
                "An earlier C(report.json), or the folder of its run, to compare with. V(latest) is the newest report "
                "of the same scope in O({role}_dir). The report then says what is new, gone, on another key, newly "
                "compliant or not any more, and which keys can't be used any more.",
            ),
        ),
        "metrics_file": Variable(
            path,
            type="path",
            description=(
                "A file for the metrics besides C(metrics.prom) in the folder of the run, such as one in the folder "
                "of the textfile collector of Prometheus' node_exporter. Everyone may read it.",
            ),
        ),
        "exceptions_file": _exceptions_file("They are counted apart."),
        "signing_key": Variable(
            path,
            type="path",
            description=(
                "The SSH key to sign C(manifest.json) with, by C(ssh-keygen -Y sign -n oci-keys-report). It has no "
                "passphrase, or is a public key whose private key an SSH agent holds.",
            ),
        ),
        "dir": _report_dir(),
    }


_ROLES: dict[str, Callable[[RegionTable | None], dict[str, Variable]]] = {
    "rekey": _rekey,
    "backup_policy": _backup_policy,
    "restore_keys": _restore_keys,
    "copy_backups": _copy_backups,
    "encryption_report": _encryption_report,
}


def role_variables(role: str, table: RegionTable | None = None) -> dict[str, Variable]:
    """The variables of a role by name without the role's prefix. Without ``table``, no region is known."""
    return _ROLES[role](table)
