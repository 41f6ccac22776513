# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a run, ``plan.json``: every change, what is not changed and why, and the batches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from .._model.accountability import Accountability
from .._model.actions import ASSIGN, REMOVE, UNASSIGN
from .._model.resource_types import ASSIGNMENT, INSTANCE_CONFIGURATION, INSTANCE_POOL, REPLICA, RESOURCE_TYPES
from .formats import PLAN_FORMAT
from .json_reader import JsonNode, read_json

FORMAT = PLAN_FORMAT
VERSION = 1
CONFIGURATION_OCIDS = RESOURCE_TYPES[INSTANCE_CONFIGURATION].ocid_types


class _CommonEntryFields(TypedDict):
    id: str
    type: str
    region: str
    compartment_id: str
    display_name: str
    key_region: str
    kms_key_id: str | None
    wanted_kms_key_id: str | None
    action: str


class PlanEntry(_CommonEntryFields, total=False):
    """One change: from the key that the resource is on to the key desired for it. None is the Oracle-managed key.

    ``key_region`` is the region in which the key has to be. A policy assignment also has its asset and its policy, and
    ``lost_in_runs`` if these runs took it away and were interrupted: then it is assigned again. With
    ``wanted_policy_id`` the asset is to have that policy instead, or none; without it, it keeps the one that it has. A
    replica has its source in ``asset_id``, and ``recreate`` if replication is switched off and on where the service
    leaves its key as it was. An instance pool has the configuration that it uses and the one that it goes to.
    """

    asset_id: str
    policy_id: str | None
    wanted_policy_id: str | None
    lost_in_runs: list[str]
    recreate: bool
    replica_domain: str | None
    replica_name: str | None
    configuration_id: str
    wanted_configuration_id: str


class _CommonUnplannedFields(TypedDict):
    id: str
    type: str
    region: str
    compartment_id: str
    display_name: str
    kms_key_id: str | None
    reason: str


class UnplannedRow(_CommonUnplannedFields, total=False):
    """A resource that is not changed, and why: blocked, skipped, excluded, not approved or not seen."""

    remedy: str
    key_region: str
    wanted_kms_key_id: str | None
    action: str
    asset_id: str
    policy_id: str | None
    wanted_policy_id: str | None
    lost_in_runs: list[str]


class AdviceRow(TypedDict):
    """An instance configuration or a node pool that gives new volumes other keys than the plan, which leaves it as it
    is. Key None is the Oracle-managed one. ``pool_ids`` are the pools that use a configuration."""

    id: str
    type: str
    region: str
    compartment_id: str | None
    display_name: str
    kms_key_ids: list[str | None]
    wanted_kms_key_id: str | None
    pool_ids: list[str]
    reason: str
    remedy: str


@dataclass(frozen=True)
class Slice:
    """Entries ``start`` to ``stop`` of a plan: of one region, one type, one desired key and policy. ``first`` to
    ``last`` of ``total`` is where they stand among all entries of their region and type."""

    start: int
    stop: int
    region: str
    type: str
    first: int
    last: int
    total: int


@dataclass(frozen=True)
class MadeWith:
    """The module that made a plan, and its options but for those of the connection, with OCIDs in place of names."""

    module: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class PlanFile:
    """A plan as it stands in its file. ``slow``: a key is kept outside OCI, so few changes may be made at a time.
    ``canary_batch`` is the batch with the first entries of each region, type and key, if there is one. ``made_with``
    is missing in plans of version 0.1.0."""

    entries: list[PlanEntry]
    digest: str
    tenancy: str
    dry_run: bool
    run_id: str | None = None
    time_created: str | None = None
    slow: bool = False
    canary_batch: int | None = None
    blocked: Sequence[UnplannedRow] = ()
    skipped: Sequence[UnplannedRow] = ()
    excluded: Sequence[UnplannedRow] = ()
    not_approved: Sequence[UnplannedRow] = ()
    unsettled: Sequence[UnplannedRow] = ()
    not_seen: Sequence[UnplannedRow] = ()
    advice: Sequence[AdviceRow] = ()
    unchanged: int = 0
    not_selected: int = 0
    batches: Mapping[int, Sequence[Slice]] = field(default_factory=dict)
    names: Mapping[str, str | None] = field(default_factory=dict)
    """Keys and compartments by their names, for people who read the plan."""
    made_with: MadeWith | None = None
    accountability: Accountability = field(default_factory=Accountability)


def digest(entries: Sequence[Mapping[str, Any]]) -> str:
    """SHA-256 over the entries as canonical JSON: in their order, names sorted, no white space, ASCII only."""
    canonical = json.dumps(list(entries), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def read_plan(path: Path) -> PlanFile:
    return parse_plan(read_json(path))


def parse_plan(root: JsonNode) -> PlanFile:
    """Raises InputError for any other document, and for a plan that was modified after its digest was made."""
    root.expect_format(FORMAT, VERSION)
    nodes = root.get("entries").items()
    entries = [parse_entry(node) for node in nodes]
    recorded = root.get("digest").text()
    if digest([node.value for node in nodes]) != recorded:
        root.get("digest").contradicted("the digest of its entries is another one: they were modified")
    return PlanFile(
        entries=entries,
        digest=recorded,
        tenancy=root.get("tenancy").ocid("tenancy").value,
        dry_run=root.get("dry_run").flag(),
        run_id=root.get("run_id").text_or_none(),
        time_created=root.get("time_created").text_or_none(),
        slow=root.get("slow").flag(),
        canary_batch=root.get("canary_batch").count_or_none(),
        blocked=_unplanned(root.get("blocked")),
        skipped=_unplanned(root.get("left_alone")),
        excluded=_unplanned(root.get("excluded")),
        not_approved=_unplanned(root.get("not_approved")),
        unsettled=_unplanned(root.get("unsettled")),
        unchanged=root.get("unchanged").count(),
        not_selected=root.get("not_selected").count(),
        not_seen=_unplanned(root.get("not_seen")),
        names=_names(root.get("names")),
        batches={node.get("number").count(): _slices(node, len(entries)) for node in root.get("batches").items()},
        made_with=_made_with(root.get("made_with")),
        accountability=parse_accountability(root.get("accountability")),
    )


def parse_accountability(node: JsonNode) -> Accountability:
    """Empty in plans that have none."""
    if node.value is None:
        return Accountability()
    return Accountability(**node.texts_of(Accountability().as_dict()))


def _made_with(node: JsonNode) -> MadeWith | None:
    if node.value is None:
        return None
    return MadeWith(node.get("module").text(), node.get("options").mapping())


def parse_entry(node: JsonNode) -> PlanEntry:
    """One entry. Its OCIDs are of the types that its type says."""
    kind = node.get("type").one_of(*RESOURCE_TYPES.changeable.names)
    action = node.get("action").one_of(ASSIGN, REMOVE, UNASSIGN)
    if "kms_key_id" not in node.mapping():
        # A missing key would count as the Oracle-managed key.
        node.get("kms_key_id").expected("a key or null")
    entry: PlanEntry = {
        "id": node.get("id").text(),
        "type": kind,
        "region": node.get("region").text(),
        "compartment_id": node.get("compartment_id").text(),
        "display_name": node.get("display_name").text_or_none() or "",
        "key_region": node.get("key_region").text(),
        "kms_key_id": node.get("kms_key_id").key_or_none(),
        "wanted_kms_key_id": node.get("wanted_kms_key_id").key_or_none(),
        "action": action,
    }
    if (action == ASSIGN) == (entry["wanted_kms_key_id"] is None):
        node.get("action").contradicted("'wanted_kms_key_id' says otherwise")
    if kind == ASSIGNMENT:
        entry["asset_id"] = node.get("asset_id").ocid(*RESOURCE_TYPES.assets.ocid_types).value
        entry["policy_id"] = node.get("policy_id").text_or_none()
        if "wanted_policy_id" in node.mapping():
            entry["wanted_policy_id"] = _policy_or_none(node.get("wanted_policy_id"))
        if "lost_in_runs" in node.mapping():
            node.get("policy_id").ocid("volumebackuppolicy")
            entry["lost_in_runs"] = node.get("lost_in_runs").texts()
    elif kind == REPLICA:
        node.get("id").ocid(*RESOURCE_TYPES[kind].ocid_types)
        entry["asset_id"] = node.get("asset_id").ocid(*RESOURCE_TYPES.assets.ocid_types).value
        if "recreate" in node.mapping():
            entry["recreate"] = node.get("recreate").flag()
        if "lost_in_runs" in node.mapping():
            entry["lost_in_runs"] = node.get("lost_in_runs").texts()
            entry["replica_domain"] = node.get("replica_domain").text()
            entry["replica_name"] = node.get("replica_name").text_or_none()
    else:
        node.get("id").ocid(*RESOURCE_TYPES[kind].ocid_types)
        if kind == INSTANCE_POOL:
            entry["configuration_id"] = node.get("configuration_id").ocid(*CONFIGURATION_OCIDS).value
            entry["wanted_configuration_id"] = node.get("wanted_configuration_id").ocid(*CONFIGURATION_OCIDS).value
        if "asset_id" in node.mapping():
            node.get("asset_id").contradicted(f"only a {ASSIGNMENT} and a {REPLICA} have one")
    if kind != ASSIGNMENT and "wanted_policy_id" in node.mapping():
        node.get("wanted_policy_id").contradicted(f"only a {ASSIGNMENT} has a policy")
    if (action == UNASSIGN) != (entry.get("wanted_policy_id", "") is None):
        node.get("action").contradicted("'wanted_policy_id' says otherwise")
    return entry


def _policy_or_none(node: JsonNode) -> str | None:
    return None if node.value is None else node.ocid("volumebackuppolicy").value


def _names(node: JsonNode) -> dict[str, str | None]:
    """Empty in plans that have none."""
    return {} if node.value is None else {name: node.get(name).text_or_none() for name in node.mapping()}


def _unplanned(node: JsonNode) -> list[UnplannedRow]:
    return [_unplanned_row(item) for item in node.items()]


def _unplanned_row(node: JsonNode) -> UnplannedRow:
    row: UnplannedRow = {
        "id": node.get("id").text(),
        "type": node.get("type").resource_type(),
        "region": node.get("region").text_or_none() or "",
        "compartment_id": node.get("compartment_id").text_or_none() or "",
        "display_name": node.get("display_name").text_or_none() or "",
        "kms_key_id": node.get("kms_key_id").text_or_none(),
        "reason": node.get("reason").text(),
    }
    if "wanted_kms_key_id" in node.mapping():
        row["wanted_kms_key_id"] = node.get("wanted_kms_key_id").text_or_none()
    if "wanted_policy_id" in node.mapping():
        row["wanted_policy_id"] = node.get("wanted_policy_id").text_or_none()
    for name in ("key_region", "action", "asset_id", "policy_id", "remedy"):
        value = node.get(name).text_or_none()
        if value is not None:
            row[name] = value
    return row


def _slices(node: JsonNode, total: int) -> list[Slice]:
    slices = []
    for part in node.get("slices").items():
        numbers = {name: part.get(name).count() for name in ("start", "stop", "first", "last", "total")}
        if not 0 <= numbers["start"] < numbers["stop"] <= total:
            part.fail(f"is out of range: the plan has {total:,} {'entry' if total == 1 else 'entries'}")
        slices.append(Slice(region=part.get("region").text(), type=part.get("type").text(), **numbers))
    return slices
