# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From assets and what was decided on each to a plan of backup policies. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._common.errors import ResourceError
from .._documents.plan_file import PlanEntry
from .._documents.subject import subject
from .._model.actions import ASSIGN, REMOVE, UNASSIGN
from .._model.decisions import FAULTY_STATE, Decision
from .._model.resource import DesiredState
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from .._model.rows import ResourceRow
from .plan import FAULTY_REASON, Plan, PlanFilter, add_entry, is_selected, option_words, unplanned_row, without_change

ROLE = "backup_policy"
_PAAS = "managed by an Oracle platform service, which sets its backup policy"


@dataclass(frozen=True)
class AssetDecision:
    """What was decided on one asset. ``row`` is that of its policy assignment, ``key_region`` where copies will go."""

    row: ResourceRow
    decision: Decision
    key_region: str | None


def select_assets(plan: Plan, discovered: Iterable[ResourceRow], plan_filter: PlanFilter) -> list[ResourceRow]:
    """The discovered assets that are planned for. Those that are not are added to the plan, with reasons."""
    excluded = frozenset(plan_filter.exclude_ids)
    selected: list[ResourceRow] = []
    for row in discovered:
        if row["type"] not in RESOURCE_TYPES.assets.names:
            continue
        if not is_selected(row, plan_filter):
            plan.not_selected += 1
        elif not excluded.isdisjoint((row["id"], row["group_id"])):
            plan.excluded.append(unplanned_row(row, "excluded by 'exclude_ids'"))
        elif row["lifecycle_state"] == FAULTY_STATE:
            plan.blocked.append({**unplanned_row(row, FAULTY_REASON), "remedy": _leave_out("Replace it from a backup")})
        elif row["managed_by_paas"]:
            plan.skipped.append({**unplanned_row(row, _PAAS), "remedy": "Set the backup policy in that service"})
        elif row["group_id"]:
            reason = f"in volume group {row['group_id']}, whose policy applies to its members"
            remedy = f"Name the volume group in {option_words('asset_ids', ROLE)}"
            plan.skipped.append({**unplanned_row(row, reason), "remedy": remedy})
        else:
            selected.append(row)
    return selected


def add_assets(plan: Plan, decided: Iterable[AssetDecision], *, replace: bool) -> None:
    """Plan for each asset what was decided. Unless ``replace``, none loses the policy that it has."""
    for one in decided:
        decision = one.decision
        if decision.error is not None:
            plan.blocked.append({**unplanned_row(one.row, _reason(decision.error)), "remedy": _remedy(decision.error)})
        elif not decision.is_change:
            plan.unchanged += 1
            plan.unchanged_subjects.add(subject(one.row))
        elif not replace and _loses_policy(one.row, decision):
            plan.skipped.append(without_change(_entry(one), *_not_replaced(one.row, decision)))
        else:
            plan.entries.append(_entry(one))


def add_lost(plan: Plan, lost: Sequence[tuple[ResourceRow, AssetDecision | None]], *, replace: bool) -> None:
    """Plan to assign each policy again that an interrupted run took away.

    With what was decided for an asset in scope, where that is another key for this policy, or where its policy may be
    replaced; or else as it was. What such an asset should have besides is the matter of the next plan.
    """
    for row, one in lost:
        decision = None if one is None else one.decision
        if one is None or decision is None or not decision.is_change or _is_put_back_first(row, decision, replace):
            entry = _as_it_was(row)
        else:
            entry = _entry(one)
        entry["lost_in_runs"] = row["lost_in_runs"]
        add_entry(plan, row, entry, PlanFilter(keys=None, role=ROLE))


def _is_put_back_first(row: ResourceRow, decision: Decision, replace: bool) -> bool:
    return decision.desired.unassigned or (_loses_policy(row, decision) and not replace)


def _loses_policy(row: ResourceRow, decision: Decision) -> bool:
    """Whether the policy that an asset has would be replaced or removed."""
    return row["policy_id"] is not None and _wanted_policy(decision.desired) != row["policy_id"]


def _wanted_policy(desired: DesiredState) -> str | None:
    return None if desired.unassigned else desired.policy_id


def _entry(one: AssetDecision) -> PlanEntry:
    row, desired = one.row, one.decision.desired
    entry = _as_it_was(row)
    entry["key_region"] = one.key_region or row["region"]
    entry["wanted_kms_key_id"] = desired.kms_key_id
    entry["action"] = UNASSIGN if desired.unassigned else REMOVE if desired.kms_key_id is None else ASSIGN
    if _wanted_policy(desired) != row["policy_id"]:
        entry["wanted_policy_id"] = _wanted_policy(desired)
    return entry


def _as_it_was(row: ResourceRow) -> PlanEntry:
    return {
        "id": row["id"],
        "type": ASSIGNMENT,
        "region": row["region"],
        "compartment_id": row["compartment_id"],
        "display_name": row["display_name"] or "",
        "key_region": row["destination_region"] or row["region"],
        "kms_key_id": row["kms_key_id"],
        "wanted_kms_key_id": row["kms_key_id"],
        "action": REMOVE if row["kms_key_id"] is None else ASSIGN,
        "asset_id": row["asset_id"],
        "policy_id": row["policy_id"],
    }


def _not_replaced(row: ResourceRow, decision: Decision) -> tuple[str, str]:
    """Why a policy stays, and what takes it away."""
    allowed = option_words("replace", ROLE)
    if decision.desired.unassigned:
        return f"has backup policy {row['policy_id']}, which would be removed", f"Set {allowed} to true to remove it"
    return (
        f"has backup policy {row['policy_id']}, not backup policy {decision.desired.policy_id}",
        f"Set {allowed} to true to replace it",
    )


def _reason(error: ResourceError) -> str:
    return error.message.rstrip(".")


def _remedy(error: ResourceError) -> str:
    return error.hint or _leave_out("Mend it")


def _leave_out(otherwise: str) -> str:
    return f"{otherwise}, or leave it out with {option_words('exclude_ids', ROLE)}"
