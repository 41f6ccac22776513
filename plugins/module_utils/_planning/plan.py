# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What was found and what is wanted give a plan: every change, and what is left out of it, with the reason. Pure.

An entry of a plan is a dictionary as it stands in ``plan.json``. What tells two entries apart is their ``subject``: an
assignment of a backup policy gets another OCID whenever it is changed, so it goes by its asset.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._common.errors import InputError
from .._common.text import visible
from .._model.decisions import ASSIGN, FAULTY_STATE, REMOVE
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES, ResourceTypes

FORMAT = "oci_keys.block_volume/plan"
VERSION = 1


Entry = dict[str, Any]


@dataclass(frozen=True)
class PlanFilter:
    """What is wanted, and of what. ``keys`` gives each region its key; None asks for the Oracle-managed key."""

    keys: Mapping[str, str] | None
    resource_types: Sequence[str] = field(default_factory=lambda: RESOURCE_TYPES.changeable.names)
    from_kms_key_ids: Sequence[str] | None = None
    only_oracle_managed: bool = False
    exclude_ids: Sequence[str] = ()
    freeform_tags: Mapping[str, str] | None = None
    defined_tags: Mapping[str, Mapping[str, str]] | None = None
    created_before: str | None = None
    include_replicated: bool = False
    include_locked: bool = False


@dataclass
class Plan:
    """The changes, and what is planned apart. ``unchanged`` counts what is as wanted, ``not_selected`` what the
    filters leave out."""

    entries: list[Entry] = field(default_factory=list)
    blocked: list[Entry] = field(default_factory=list)
    skipped: list[Entry] = field(default_factory=list)
    excluded: list[Entry] = field(default_factory=list)
    not_approved: list[Entry] = field(default_factory=list)
    unchanged: int = 0
    not_selected: int = 0

    @property
    def digest(self) -> str:
        return digest(self.entries)

    def block(self, reasons: Mapping[tuple[str, str], str]) -> None:
        """Block the entries with these subjects, for these reasons."""
        self.blocked += [{**entry, "reason": reasons[subject(entry)]} for entry in self._with(reasons)]
        _sort(self.blocked)
        self.entries = [entry for entry in self.entries if subject(entry) not in reasons]

    def _with(self, subjects: Mapping[tuple[str, str], str]) -> list[Entry]:
        return [entry for entry in self.entries if subject(entry) in subjects]


def subject(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What an entry or a resource is about, however often it is changed."""
    return entry["type"], entry.get("asset_id") or entry["id"]


def digest(entries: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the entries as canonical JSON: in their order, names sorted, no white space, ASCII only."""
    canonical = json.dumps(list(entries), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def make_plan(resources: Iterable[Mapping[str, Any]], plan_filter: PlanFilter) -> Plan:
    """Plan for what was found: rows of the file that key_assignment_info writes.

    Raises InputError where a policy copies to a region that has no key.
    """
    plan = Plan()
    excluded = frozenset(plan_filter.exclude_ids)
    without_key: dict[str, int] = {}
    for resource in resources:
        if not is_selected(resource, plan_filter):
            plan.not_selected += 1
            continue
        if not excluded.isdisjoint((resource["id"], resource.get("asset_id"), resource.get("group_id"))):
            plan.excluded.append(_unplanned_row(resource, "it is named among those to be excluded"))
            continue
        place = key_region(resource)
        if plan_filter.keys is not None and place not in plan_filter.keys:
            without_key[place] = without_key.get(place, 0) + 1
            continue
        desired = None if plan_filter.keys is None else plan_filter.keys[place]
        add_resource(plan, resource, desired, plan_filter)
    if without_key:
        raise InputError(_no_keys(without_key))
    _arrange(plan)
    return plan


def _arrange(plan: Plan) -> None:
    for rows in (plan.entries, plan.blocked, plan.skipped, plan.excluded, plan.not_approved):
        _sort(rows)


def sorted_plan(plan: Plan) -> Plan:
    """The plan with its rows in the order in which changes are made."""
    _arrange(plan)
    return plan


def add_resource(plan: Plan, resource: Mapping[str, Any], desired: str | None, plan_filter: PlanFilter) -> None:
    """Add one resource to the plan, with the key wanted for it."""
    present = resource["kms_key_id"] or None
    if present == desired:
        plan.unchanged += 1
        return
    entry = _entry(resource, desired)
    if resource["lifecycle_state"] == FAULTY_STATE:
        plan.blocked.append({**entry, "reason": "it is FAULTY, so the service changes nothing about it"})
        return
    reason = _reason_to_leave(resource, plan_filter)
    if reason is not None:
        plan.skipped.append({**entry, "reason": reason})
        return
    plan.entries.append(entry)


def key_region(resource: Mapping[str, Any]) -> str:
    """The region in which the key has to be: that of the copies, for an assignment (oci_semantics.md section 1.5)."""
    if resource["type"] == ASSIGNMENT:
        return str(resource.get("destination_region") or resource["region"])
    return str(resource["region"])


def _no_keys(regions: Mapping[str, int]) -> str:
    places = ", ".join(f"{name} ({count})" for name, count in sorted(regions.items()))
    return (
        f"Nothing was changed, because there is no key for {places}, where there are resources in scope or where "
        "backup policies copy to. Give these regions a key, or leave the resources out of the scope."
    )


def is_selected(resource: Mapping[str, Any], plan_filter: PlanFilter) -> bool:
    if resource["type"] not in plan_filter.resource_types:
        return False
    if plan_filter.from_kms_key_ids is not None and resource["kms_key_id"] not in plan_filter.from_kms_key_ids:
        return False
    if plan_filter.only_oracle_managed and resource["kms_key_id"]:
        return False
    if plan_filter.created_before is not None and not _is_before(
        resource.get("time_created"), plan_filter.created_before
    ):
        return False
    return _has_tags(resource, plan_filter)


def _is_before(time_created: str | None, limit: str) -> bool:
    """Both are in UTC, so that their text sorts as they do. What tells no time is not known to be so old."""
    return time_created is not None and time_created[:19] < limit[:19]


def _has_tags(resource: Mapping[str, Any], plan_filter: PlanFilter) -> bool:
    freeform = resource.get("freeform_tags") or {}
    for name, value in (plan_filter.freeform_tags or {}).items():
        if visible(name) not in freeform or _word(freeform[visible(name)]) != _word(value):
            return False
    defined = {
        (namespace.lower(), name.lower()): _word(value)
        for namespace, tags in (resource.get("defined_tags") or {}).items()
        for name, value in tags.items()
    }
    return all(
        defined.get((namespace.lower(), name.lower())) == _word(value)
        for namespace, tags in (plan_filter.defined_tags or {}).items()
        for name, value in tags.items()
    )


def _word(value: Any) -> str:
    """A tag's value as it was read, in which what can't be seen was written out."""
    return str(value).lower() if isinstance(value, bool) else visible(str(value))


def _reason_to_leave(resource: Mapping[str, Any], plan_filter: PlanFilter) -> str | None:
    """What makes a change unwise unless it is asked for; what a PaaS manages is never ours to change."""
    if resource.get("managed_by_paas"):
        return "it is managed by a platform service of Oracle, which set its key"
    elsewhere = [replica["id"] for replica in resource.get("replicas") or () if replica.get("in_other_region")]
    if elsewhere and not plan_filter.include_replicated and resource["type"] in RESOURCE_TYPES.volumes.names:
        return f"it has a replica in another region ({', '.join(elsewhere)}), which keeps its own key"
    if resource.get("locked") and not plan_filter.include_locked:
        return str(resource["locked"])
    return None


def _entry(resource: Mapping[str, Any], desired: str | None) -> Entry:
    entry = {
        "id": resource["id"],
        "type": resource["type"],
        "region": resource["region"],
        "compartment_id": resource["compartment_id"],
        "display_name": resource["display_name"],
        "key_region": key_region(resource),
        "kms_key_id": resource["kms_key_id"] or None,
        "wanted_kms_key_id": desired,
        "action": REMOVE if desired is None else ASSIGN,
    }
    if resource["type"] == ASSIGNMENT:
        entry["asset_id"] = resource["asset_id"]
        entry["policy_id"] = resource["policy_id"]
    return entry


def _unplanned_row(resource: Mapping[str, Any], reason: str) -> Entry:
    row = {name: resource[name] for name in ("id", "type", "region", "compartment_id", "display_name", "kms_key_id")}
    if resource["type"] == ASSIGNMENT:
        row["asset_id"] = resource["asset_id"]
    return {**row, "reason": reason}


def _sort(rows: list[Entry]) -> None:
    order = RESOURCE_TYPES.in_order_of_change
    rows.sort(key=lambda row: _place(row, order))


def _place(row: Mapping[str, Any], order: ResourceTypes) -> tuple[int, str, str, str, str]:
    """Where a row stands: what is changed together stands together, and the rest is the same every time."""
    kind, name = subject(row)
    desired = row.get("wanted_kms_key_id") or ""
    return order.rank(kind), row["region"], desired, row["compartment_id"] or "", name


def approve(plan: Plan, approved: Sequence[Mapping[str, Any]]) -> None:
    """Keep of the plan only what was approved, as it was approved; the rest becomes ``not_approved``, with reasons."""
    known = {subject(entry): entry for entry in approved}
    kept: list[Entry] = []
    seen = set()
    for entry in plan.entries:
        seen.add(subject(entry))
        reason = _difference(entry, known.get(subject(entry)))
        if reason is None:
            kept.append(entry)
        else:
            plan.not_approved.append({**entry, "reason": reason})
    plan.entries = kept
    _arrange(plan)


def _difference(entry: Mapping[str, Any], approved: Mapping[str, Any] | None) -> str | None:
    if approved is None:
        return "it is not in the approved plan"
    if entry["kms_key_id"] != approved["kms_key_id"]:
        return f"when it was approved it was on {key_words(approved['kms_key_id'])}, and now it is on another key"
    if entry["wanted_kms_key_id"] != approved["wanted_kms_key_id"]:
        return (
            f"what was approved for it is {key_words(approved['wanted_kms_key_id'])}, and another key is asked for now"
        )
    if entry.get("policy_id") != approved.get("policy_id"):
        return "its backup policy is another one than when it was approved"
    return None


def key_words(kms_key_id: str | None) -> str:
    return kms_key_id or "the Oracle-managed key"


@dataclass(frozen=True)
class Slice:
    """Entries ``start`` to ``stop`` of a plan: of one region, one kind and one wanted key. ``first`` to ``last`` of
    ``total`` is where they stand among all of their region and kind."""

    start: int
    stop: int
    region: str
    type: str
    first: int
    last: int
    total: int


def batches(entries: Sequence[Mapping[str, Any]], size: int, canary: int) -> list[list[Slice]]:
    """What is changed in one go: first ``canary`` of every region, kind and key together, then up to ``size`` each.

    The entries have to be in the order of a plan.
    """
    places: dict[tuple[str, str], list[int]] = {}
    for index, entry in enumerate(entries):
        places.setdefault((entry["type"], entry["region"]), []).append(index)

    def part(start: int, stop: int) -> Slice:
        kind, region = entries[start]["type"], entries[start]["region"]
        among = places[kind, region]
        return Slice(start, stop, region, kind, start - among[0] + 1, stop - among[0], len(among))

    first: list[Slice] = []
    rest: list[list[Slice]] = []
    for start, stop in _runs(entries):
        bound = min(start + canary, stop)
        if bound > start:
            first.append(part(start, bound))
        rest += [[part(begin, min(begin + size, stop))] for begin in range(bound, stop, size)]
    return ([first] if first else []) + rest


def _runs(entries: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Where entries of one region, kind and wanted key begin and end."""
    runs: list[tuple[int, int]] = []
    start = 0
    for index in range(1, len(entries) + 1):
        if index == len(entries) or _group(entries[index]) != _group(entries[start]):
            runs.append((start, index))
            start = index
    return runs


def _group(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry["type"], entry["region"], entry["wanted_kms_key_id"]
