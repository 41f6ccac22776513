# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From discovered resources and a filter to a plan: every change, and what is not changed and why. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from .._common.errors import InputError
from .._common.text import readable, shorten
from .._documents.plan_file import AdviceRow, PlanEntry, UnplannedRow, digest
from .._documents.subject import Subject, subject
from .._model.actions import ASSIGN, REMOVE, UNASSIGN
from .._model.decisions import FAULTY_STATE
from .._model.key_exceptions import ExceptionMatcher
from .._model.resource_types import ASSIGNMENT, REPLICA, RESOURCE_TYPES
from .._model.rows import ResourceRow, key_region
from .._model.tags import has_tags
from .._model.terraform import TerraformStates
from .replicated import Replicated, source_of

_ADDRESS_LENGTH = 200

_REASON_LENGTH = 200

FAULTY_REASON = "FAULTY; OCI accepts no change to it"


def option_words(option: str, role: str) -> str:
    """ "'include_locked' (in the playbook: rekey_include_locked)" """
    return f"'{option}' (in the playbook: {role}_{option})"


@dataclass(frozen=True)
class PlanFilter:
    """Which resources are planned, and for which key.

    ``keys`` gives each region its key; None plans for the Oracle-managed key. ``replica_keys`` are the same for the
    replicas in a region, None where they get those of ``keys``. ``created_before`` is RFC 3339 in UTC.
    """

    keys: Mapping[str, str] | None
    resource_types: Sequence[str] = field(default_factory=lambda: RESOURCE_TYPES.changed_by_default.names)
    from_kms_key_ids: Sequence[str] | None = None
    only_oracle_managed: bool = False
    exclude_ids: Sequence[str] = ()
    freeform_tags: Mapping[str, str] | None = None
    defined_tags: Mapping[str, Mapping[str, str]] | None = None
    created_before: str | None = None
    include_replicated: bool = False
    include_locked: bool = False
    exceptions: ExceptionMatcher | None = None
    """Those that hold."""
    terraform: TerraformStates | None = None
    """What Terraform manages, and is left to it."""
    replica_keys: Mapping[str, str] | None = None
    recreate_replicas: bool = False
    """Whether replication is switched off and on where the service leaves the key of a replica as it was."""
    role: str = "rekey"
    """Whose variables remedies name."""

    def keys_for(self, resource_type: str) -> Mapping[str, str] | None:
        """The key of each region for resources of this type."""
        if resource_type == REPLICA and self.replica_keys is not None:
            return self.replica_keys
        return self.keys


@dataclass
class Plan:
    """The changes, and what is not changed and why. ``unchanged`` counts resources that already have the desired key,
    ``not_selected`` those that the filters leave out, ``unsettled`` are those that an interrupted run changed in part
    and that this plan does not bring to an end. ``not_seen`` are those that could not be read. ``advice`` is about what
    creates new volumes."""

    entries: list[PlanEntry] = field(default_factory=list)
    blocked: list[UnplannedRow] = field(default_factory=list)
    skipped: list[UnplannedRow] = field(default_factory=list)
    excluded: list[UnplannedRow] = field(default_factory=list)
    not_approved: list[UnplannedRow] = field(default_factory=list)
    unsettled: list[UnplannedRow] = field(default_factory=list)
    not_seen: list[UnplannedRow] = field(default_factory=list)
    advice: list[AdviceRow] = field(default_factory=list)
    unchanged: int = 0
    not_selected: int = 0
    unchanged_subjects: set[Subject] = field(default_factory=set)
    """Those that ``unchanged`` counts."""

    @property
    def digest(self) -> str:
        return digest(self.entries)

    def block(self, reasons: Mapping[Subject, str]) -> None:
        """Block the entries with these subjects, for these reasons."""
        self.blocked += [
            without_change(entry, reasons[subject(entry)]) for entry in self.entries if subject(entry) in reasons
        ]
        self.blocked.sort(key=_sort_key)
        self.entries = [entry for entry in self.entries if subject(entry) not in reasons]

    def block_failed(self, failed: Iterable[Subject]) -> None:
        """Block the entries that failed in earlier batches of the run."""
        self.block(dict.fromkeys(failed, "failed earlier in this run; not retried"))


def make_plan(resources: Iterable[ResourceRow], plan_filter: PlanFilter) -> Plan:
    """Plan for discovered resources.

    Raises InputError where a region has resources, or copies that a policy makes, but no key.
    """
    plan = Plan()
    resources = list(resources)
    replicated = Replicated(resources)
    excluded = frozenset(plan_filter.exclude_ids)
    without_key: dict[str, Counter[str]] = {}
    for resource in resources:
        region, keys = region_of_wanted_key(resource), plan_filter.keys_for(resource["type"])
        is_left = replicated.is_left_behind(resource, None if keys is None else keys.get(region))
        if not is_selected(resource, plan_filter) or (replicated.follows_group(resource) and not is_left):
            plan.not_selected += 1
            continue
        names = (resource["id"], resource.get("asset_id"), resource.get("source_id"), resource["group_id"])
        if not excluded.isdisjoint(names):
            plan.excluded.append(unplanned_row(resource, "excluded by 'exclude_ids'"))
            continue
        reason = reason_to_exclude(resource, plan_filter)
        if reason is not None:
            plan.excluded.append(unplanned_row(resource, reason))
            continue
        if keys is not None and region not in keys:
            without_key.setdefault(region, Counter())[resource["type"]] += 1
            continue
        blocked = replicated.reason_to_block(resource)
        if blocked is not None:
            plan.blocked.append(unplanned_row(resource, *blocked))
            continue
        add_resource(plan, resource, None if keys is None else keys[region], plan_filter)
    if without_key:
        raise InputError(_no_keys(without_key))
    return sorted_plan(plan)


def reason_to_exclude(resource: ResourceRow, plan_filter: PlanFilter) -> str | None:
    """The exception for which a resource stays as it is, or that Terraform manages it; None if it is planned."""
    return exception_reason(resource, plan_filter) or terraform_reason(resource, plan_filter)


def exception_reason(resource: ResourceRow, plan_filter: PlanFilter) -> str | None:
    """The exception for which a resource stays as it is. One that may be about it is enough; None if none is."""
    if plan_filter.exceptions is None:
        return None
    found = plan_filter.exceptions.of(resource)
    if found.certain:
        one = found.certain[0]
        return f"{one.words}, until {one.expires}: {shorten(one.reason, _REASON_LENGTH)}"
    if found.possible:
        return (
            f"{found.possible[0].words} may be about it: which compartments are above its own could not be read. "
            "Allow the caller to inspect compartments in the tenancy"
        )
    return None


def terraform_reason(resource: ResourceRow, plan_filter: PlanFilter) -> str | None:
    """Why a resource is left to Terraform, with its address there; None if it is not."""
    managed = [] if plan_filter.terraform is None else plan_filter.terraform.of(resource)
    if not managed:
        return None
    more = f", and {len(managed) - 1:,} more" if len(managed) > 1 else ""
    return f"managed by Terraform as {readable(managed[0].address, _ADDRESS_LENGTH)} ({managed[0].attribute}){more}"


def sorted_plan(plan: Plan) -> Plan:
    """The plan with its rows in the order in which changes are made."""
    plan.entries.sort(key=_sort_key)
    for rows in (plan.blocked, plan.skipped, plan.excluded, plan.not_approved, plan.not_seen):
        rows.sort(key=_sort_key)
    return plan


def add_resource(plan: Plan, resource: ResourceRow, desired: str | None, plan_filter: PlanFilter) -> None:
    """Add one resource to the plan, with the key desired for it. A lost assignment is made again whatever its key."""
    if resource["kms_key_id"] == desired and "lost_in_runs" not in resource:
        plan.unchanged += 1
        plan.unchanged_subjects.add((resource["type"], source_of(resource) or subject(resource)[1]))
        return
    add_entry(plan, resource, _entry(resource, desired, recreates=plan_filter.recreate_replicas), plan_filter)


def add_policy(
    plan: Plan, asset: ResourceRow, policy_id: str | None, desired: str | None, region: str, plan_filter: PlanFilter
) -> None:
    """Add an asset to the plan, with the backup policy desired for it, None for none, and the key for its copies in
    ``region``."""
    entry = _entry(asset, desired)
    entry["key_region"] = region
    entry["wanted_policy_id"] = policy_id
    if policy_id is None:
        entry["action"] = UNASSIGN
    add_entry(plan, asset, entry, plan_filter)


def add_pool(
    plan: Plan, pool: ResourceRow, desired: str | None, from_id: str, to_id: str, plan_filter: PlanFilter
) -> None:
    """Add an instance pool to the plan, with the configuration that it goes to, whichever keys that hands on."""
    entry = _entry(pool, desired)
    entry["action"] = REMOVE if desired is None else ASSIGN
    entry["configuration_id"], entry["wanted_configuration_id"] = from_id, to_id
    add_entry(plan, pool, entry, plan_filter)


def add_entry(plan: Plan, resource: ResourceRow, entry: PlanEntry, plan_filter: PlanFilter) -> None:
    """Add a change to the plan, or why it can't be made."""
    if resource["lifecycle_state"] == FAULTY_STATE:
        plan.blocked.append(without_change(entry, FAULTY_REASON, _faulty_remedy(plan_filter.role)))
        return
    skipped = _skip_reason(resource, plan_filter)
    if skipped is not None:
        plan.skipped.append(without_change(entry, *skipped))
        return
    if resource["locked"] and not plan_filter.include_locked:
        plan.blocked.append(without_change(entry, resource["locked"], _locked_remedy(plan_filter.role)))
        return
    plan.entries.append(entry)


def region_of_wanted_key(resource: ResourceRow) -> str:
    """The region in which the key of a resource has to be; its own where the file names no other."""
    return key_region(resource) or resource["region"]


def _no_keys(regions: Mapping[str, Counter[str]]) -> str:
    places = [f"{name} ({_counted(types)})" for name, types in sorted(regions.items())]
    is_policies = all(set(types) == {ASSIGNMENT} for types in regions.values())
    if all(set(types) == {REPLICA} for types in regions.values()):
        return (
            f"Nothing was changed, because there is no key for {', '.join(places)}. Give these regions a key in "
            "'replica_kms_key_ids' (in the role: rekey_replica_kms_key_ids), or leave replica out of 'resource_types'."
        )
    why = "Backup policies use the key of the region that they copy to. " if is_policies else ""
    left_out = f"{ASSIGNMENT} out of 'resource_types'" if is_policies else "these types out of 'resource_types'"
    return (
        f"Nothing was changed, because there is no key for {', '.join(places)}. {why}Give these regions a key in "
        f"'kms_key_ids', or leave {left_out} (in the role: rekey_kms_key_ids, rekey_resource_types)."
    )


def _counted(types: Mapping[str, int]) -> str:
    """ "3 block volumes, 1 boot volume" """
    rows = [(RESOURCE_TYPES.get(name), name, count) for name, count in types.items()]
    return ", ".join(row.count(count) if row is not None else f"{count:,} {name}" for row, name, count in rows)


def is_selected(resource: ResourceRow, plan_filter: PlanFilter) -> bool:
    """Whether the filters that say which resources are in scope let this one through."""
    if resource["type"] not in plan_filter.resource_types:
        return False
    if plan_filter.from_kms_key_ids is not None and resource["kms_key_id"] not in plan_filter.from_kms_key_ids:
        return False
    if plan_filter.only_oracle_managed and resource["kms_key_id"]:
        return False
    if plan_filter.created_before is not None and not _is_before(resource["time_created"], plan_filter.created_before):
        return False
    return has_tags(
        resource["freeform_tags"], resource["defined_tags"], plan_filter.freeform_tags, plan_filter.defined_tags
    )


def _is_before(time_created: str | None, limit: str) -> bool:
    """Both are in UTC, so they compare as text. A resource of unknown age does not count as old."""
    return time_created is not None and time_created[:19] < limit[:19]


def _faulty_remedy(role: str) -> str:
    if role != "rekey":  # the only role that excludes
        return "Replace it from a backup"
    return f"Replace it from a backup, or leave it out with {option_words('exclude_ids', role)}"


def _locked_remedy(role: str) -> str:
    return f"Remove the lock, or try it with {option_words('include_locked', role)} set to true"


def _skip_reason(resource: ResourceRow, plan_filter: PlanFilter) -> tuple[str, str] | None:
    """Why a change needs to be asked for explicitly, and how; what a platform service manages is never changed."""
    if resource["managed_by_paas"]:
        return "managed by an Oracle platform service, which sets its key", "Set the key in that service"
    elsewhere = [replica["id"] for replica in resource["replicas"] if replica["in_other_region"]]
    if elsewhere and not plan_filter.include_replicated and resource["type"] in RESOURCE_TYPES.volumes.names:
        return (
            f"has a replica in another region ({', '.join(elsewhere)}), which keeps its own key",
            f"Set {option_words('include_replicated', plan_filter.role)} to true to change the volume alone",
        )
    return None


def _entry(resource: ResourceRow, desired: str | None, *, recreates: bool = False) -> PlanEntry:
    entry: PlanEntry = {
        "id": resource["id"],
        "type": resource["type"],
        "region": resource["region"],
        "compartment_id": resource["compartment_id"],
        "display_name": resource["display_name"] or "",
        "key_region": region_of_wanted_key(resource),
        "kms_key_id": resource["kms_key_id"],
        "wanted_kms_key_id": desired,
        "action": REMOVE if desired is None else ASSIGN,
    }
    if resource["type"] == REPLICA:
        entry["asset_id"] = source_of(resource) or ""
        if recreates:
            entry["recreate"] = True
        if "lost_in_runs" in resource:
            entry["lost_in_runs"] = resource["lost_in_runs"]
            entry["replica_domain"] = resource["replica_domain"]
            entry["replica_name"] = resource["replica_name"]
    if resource["type"] == ASSIGNMENT:
        entry["asset_id"] = resource["asset_id"]
        entry["policy_id"] = resource["policy_id"]
        if "lost_in_runs" in resource:
            entry["lost_in_runs"] = resource["lost_in_runs"]
    return entry


def without_change(entry: PlanEntry, reason: str, remedy: str | None = None) -> UnplannedRow:
    """An entry that is not going to be changed."""
    row = cast(UnplannedRow, {**entry, "reason": reason})
    if remedy is not None:
        row["remedy"] = remedy
    return row


def unplanned_row(resource: ResourceRow, reason: str, remedy: str | None = None) -> UnplannedRow:
    """A resource that is not planned for."""
    row: UnplannedRow = {
        "id": resource["id"],
        "type": resource["type"],
        "region": resource["region"],
        "compartment_id": resource["compartment_id"],
        "display_name": resource["display_name"] or "",
        "kms_key_id": resource["kms_key_id"],
        "reason": reason,
    }
    if resource["type"] == ASSIGNMENT:
        row["asset_id"] = resource["asset_id"]
    source = source_of(resource)
    if source is not None:
        row["asset_id"] = source
    if remedy is not None:
        row["remedy"] = remedy
    return row


def _sort_key(row: PlanEntry | UnplannedRow) -> tuple[int, str, str, str, str, str, str]:
    """What is changed together stands together, and the order is the same every time."""
    kind, name = subject(row)
    desired = row.get("wanted_kms_key_id") or "", row.get("wanted_policy_id") or "", row.get("action") or ""
    return RESOURCE_TYPES.in_order_of_change.rank(kind), row["region"], *desired, row["compartment_id"], name


def approve(plan: Plan, approved: Sequence[PlanEntry]) -> None:
    """Keep only entries that are still as they were approved; the others become ``not_approved``, with reasons."""
    approved_entries = {subject(entry): entry for entry in approved}
    kept: list[PlanEntry] = []
    for entry in plan.entries:
        reason = _difference(entry, approved_entries.get(subject(entry)))
        if reason is None:
            kept.append(entry)
        else:
            plan.not_approved.append(without_change(entry, reason))
    plan.entries = kept
    sorted_plan(plan)


def _difference(entry: PlanEntry, approved: PlanEntry | None) -> str | None:
    if approved is None:
        return "not in the approved plan"
    if entry["kms_key_id"] != approved["kms_key_id"]:
        return f"approved when it was on {key_words(approved['kms_key_id'])}; it is on a different key now"
    if entry["wanted_kms_key_id"] != approved["wanted_kms_key_id"]:
        return f"approved for {key_words(approved['wanted_kms_key_id'])}, but a different key is requested now"
    if entry.get("policy_id") != approved.get("policy_id"):
        return "its backup policy is not the one that it had when it was approved"
    if entry.get("wanted_policy_id", "") != approved.get("wanted_policy_id", ""):
        return "approved for another backup policy than is requested now"
    return None


def key_words(kms_key_id: str | None) -> str:
    return kms_key_id or "the Oracle-managed key"
