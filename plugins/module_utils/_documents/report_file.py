# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a run, ``report.json``, read back: to be merged with others, or to restore the keys before the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypedDict

from .._model.key_exceptions import EXCEPTION_STATES
from .changes_file import ChangeRow, parse_change
from .discovery_file import (
    DiscoveryFile,
    parse_resources,
    parse_scanned,
)
from .error_row import parse_unreadable
from .json_reader import JsonNode
from .keys_file import ReportedKeyRow, parse_reported_key
from .new_volumes import parse_new_volumes
from .plan_file import PlanEntry, PlanFile, UnplannedRow, parse_accountability

FORMAT = "oci_keys.block_volume/report"
VERSION = 1


class BeforeCounts(TypedDict):
    """How many resources were on which kind of key before a run."""

    total: int
    customer: int
    oracle: int


class PlannedRow(TypedDict):
    """A row of a plan as a report shows it. OCIDs may be redacted. ``wanted_policy_id`` is the backup policy that an
    asset is to have, the present one where it keeps that."""

    id: str
    type: str
    display_name: str | None
    region: str | None
    compartment_id: str | None
    asset_id: str | None
    policy_id: str | None
    key_region: str | None
    kms_key_id: str | None
    wanted_kms_key_id: str | None
    wanted_policy_id: str | None
    action: str | None
    reason: str | None


class PlanSection(TypedDict):
    """The plan as a report shows it. Several plans that were merged have no digest."""

    run_id: str | None
    time_created: str | None
    tenancy: str | None
    digest: str | None
    dry_run: bool
    accountability: dict[str, str | None]
    entries: list[PlannedRow]
    blocked: list[PlannedRow]
    left_alone: list[PlannedRow]
    excluded: list[PlannedRow]
    not_approved: list[PlannedRow]
    unchanged: int


class ReportedException(TypedDict):
    """An exception as a report shows it, with the OCIDs of the resources that it selects, which may be redacted."""

    number: int
    state: str
    match: dict[str, Any]
    reason: str
    owner: str
    ticket: str
    expires: str
    resources: list[str]


class RunRow(TypedDict):
    """What identifies a run in a report that was merged."""

    run_id: str | None
    mode: str | None
    time_started: str | None
    time_finished: str | None
    redacted: str | None


@dataclass(frozen=True)
class RunRecords:
    """What a report is made from: the documents of one run, or an earlier report, which also has a ``run``.

    ``kms_key_ids`` are the keys to be retired that the earlier report was asked about, ``exceptions`` what it was
    given.
    """

    discovery: DiscoveryFile
    before: BeforeCounts | None = None
    plan: PlanSection | None = None
    changes: Sequence[ChangeRow] = ()
    keys: Sequence[ReportedKeyRow] = ()
    kms_key_ids: Sequence[str] = ()
    run: RunRow | None = None
    exceptions: Sequence[ReportedException] = ()


@dataclass(frozen=True)
class ReportedChanges:
    """What a report says of the changes of its run, with the time of the run."""

    tenancy: str
    dry_run: bool
    time_started: str | None
    time_finished: str | None
    changes: list[ChangeRow]


def parse_report(root: JsonNode) -> RunRecords:
    """The content of a report. Its OCIDs may be redacted, so their form is not checked."""
    root.expect_format(FORMAT, VERSION)
    evidence = root.get("evidence")
    versions, retirement = evidence.get("versions"), root.get("retirement")
    plan, before = root.get("plan"), root.get("before")
    return RunRecords(
        discovery=DiscoveryFile(
            resources=parse_resources(root.get("resources")),
            unreadable=parse_unreadable(root.get("unreadable")),
            complete=_is_search_complete(root),
            scanned=parse_scanned(evidence.get("scanned")),
            caller={
                "tenancy": evidence.get("tenancy").text_or_none(),
                "principal": evidence.get("principal").text_or_none(),
                "auth_type": evidence.get("auth_type").text_or_none(),
                "collection_version": versions.get("collection").text_or_none(),
                "sdk_version": versions.get("sdk").text_or_none(),
            },
            new_volumes=parse_new_volumes(root.get("new_volumes")),
        ),
        before=None if before.value is None else _before(before),
        plan=None if plan.value is None else _plan(plan),
        changes=_changes(root),
        keys=[parse_reported_key(node) for node in root.get("keys").items()],
        kms_key_ids=(
            []
            if retirement.value is None
            else [node.get("kms_key_id").text() for node in retirement.get("keys").items()]
        ),
        run={
            "run_id": evidence.get("run_id").text_or_none(),
            "mode": evidence.get("mode").text_or_none(),
            "time_started": evidence.get("time_started").text_or_none(),
            "time_finished": evidence.get("time_finished").text_or_none(),
            "redacted": evidence.get("redacted").text_or_none(),
        },
        exceptions=_exceptions(root.get("exceptions")),
    )


def _exceptions(node: JsonNode) -> list[ReportedException]:
    if node.value is None:
        return []
    return [
        {
            "number": row.get("number").count(),
            "state": row.get("state").one_of(*EXCEPTION_STATES),
            "match": dict(row.get("match").mapping()),
            "reason": row.get("reason").text(),
            "owner": row.get("owner").text(),
            "ticket": row.get("ticket").text(),
            "expires": row.get("expires").text(),
            "resources": row.get("resources").texts(),
        }
        for row in node.get("rows").items()
    ]


def _is_search_complete(root: JsonNode) -> bool:
    """Whether every place was read. Reports of 0.1.0 say it as ``complete``, which by now speaks of keys as well."""
    headline = root.get("headline")
    return (root if headline.value is None else headline.get("scope")).get("complete").flag()


def parse_reported_changes(root: JsonNode) -> ReportedChanges:
    """The changes in a report that is not redacted."""
    root.expect_format(FORMAT, VERSION)
    evidence, plan = root.get("evidence"), root.get("plan")
    return ReportedChanges(
        tenancy=evidence.get("tenancy").ocid("tenancy").value,
        dry_run=plan.value is not None and plan.get("dry_run").flag(),
        time_started=evidence.get("time_started").text_or_none(),
        time_finished=evidence.get("time_finished").text_or_none(),
        changes=_changes(root),
    )


def _changes(root: JsonNode) -> list[ChangeRow]:
    return [parse_change(node) for node in root.get("changes").items()]


def _before(node: JsonNode) -> BeforeCounts:
    return {
        "total": node.get("total").count(),
        "customer": node.get("customer").count(),
        "oracle": node.get("oracle").count(),
    }


def _plan(node: JsonNode) -> PlanSection:
    return {
        "run_id": node.get("run_id").text_or_none(),
        "time_created": node.get("time_created").text_or_none(),
        "tenancy": node.get("tenancy").text_or_none(),
        "digest": node.get("digest").text_or_none(),
        "dry_run": node.get("dry_run").flag(),
        "accountability": parse_accountability(node.get("accountability")).as_dict(),
        "entries": _planned(node.get("entries")),
        "blocked": _planned(node.get("blocked")),
        "left_alone": _planned(node.get("left_alone")),
        "excluded": _planned(node.get("excluded")),
        "not_approved": _planned(node.get("not_approved")),
        "unchanged": node.get("counts").get("unchanged").count(),
    }


def plan_section(plan: PlanFile) -> PlanSection:
    """A plan as a report shows it."""
    return {
        "run_id": plan.run_id,
        "time_created": plan.time_created,
        "tenancy": plan.tenancy,
        "digest": plan.digest,
        "dry_run": plan.dry_run,
        "accountability": plan.accountability.as_dict(),
        "entries": _shown(plan.entries),
        "blocked": _shown([*plan.blocked, *plan.not_seen]),
        "left_alone": _shown(plan.skipped),
        "excluded": _shown(plan.excluded),
        "not_approved": _shown(plan.not_approved),
        "unchanged": plan.unchanged,
    }


def _shown(rows: Sequence[PlanEntry] | Sequence[UnplannedRow]) -> list[PlannedRow]:
    return _planned(JsonNode(list(rows), "plan"))


def _planned(node: JsonNode) -> list[PlannedRow]:
    return [
        {
            "id": row.get("id").text(),
            "type": row.get("type").resource_type(),
            "display_name": row.get("display_name").text_or_none(),
            "region": row.get("region").text_or_none(),
            "compartment_id": row.get("compartment_id").text_or_none(),
            "asset_id": row.get("asset_id").text_or_none(),
            "policy_id": row.get("policy_id").text_or_none(),
            "key_region": row.get("key_region").text_or_none(),
            "kms_key_id": row.get("kms_key_id").text_or_none(),
            "wanted_kms_key_id": row.get("wanted_kms_key_id").text_or_none(),
            "wanted_policy_id": row.get(
                "wanted_policy_id" if "wanted_policy_id" in row.mapping() else "policy_id"
            ).text_or_none(),
            "action": row.get("action").text_or_none(),
            "reason": row.get("reason").text_or_none(),
        }
        for row in node.items()
    ]
