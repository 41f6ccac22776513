# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plan that restores former keys: from the files of earlier runs and what resources are on now. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._common.errors import ResourceError
from .._documents.plan_file import UnplannedRow
from .._documents.subject import Subject, subject
from .._model.decisions import GONE_STATES
from .._model.resource_types import ASSIGNMENT
from .._model.rows import ResourceRow
from .former_keys import FormerKey, FormerKeys, FormerStep
from .former_pools import FormerPool
from .key_checks import KeyChecks, blocked_by_current_key, wanted_problems
from .plan import (
    Plan,
    PlanFilter,
    add_policy,
    add_pool,
    add_resource,
    key_words,
    option_words,
    region_of_wanted_key,
    sorted_plan,
    unplanned_row,
)


def make_restore_plan(
    former: FormerKeys,
    resources: Sequence[ResourceRow],
    unread: Mapping[Subject, ResourceError],
    plan_filter: PlanFilter,
    *,
    allow_oracle_managed: bool,
    remove_policies: bool = False,
    destinations: Mapping[str, str | None] | None = None,
    pools: Mapping[Subject, FormerPool] | None = None,
) -> Plan:
    """Plan to put each resource back on its original key, where it is still on a key that a run assigned; and each
    asset on its original backup policy, where it still has one that a run assigned.

    Of a backup policy that a run took away, the row says what it was before the first run.

    ``unread`` gives the resources that could not be read, and why, and sources whose replica can't be put back by a
    plan. Without ``allow_oracle_managed`` no resource goes
    back to the Oracle-managed key, without ``remove_policies`` no asset to having no policy. ``destinations`` has the
    regions that former policies copy to, ``pools`` where instance pools came from.
    """
    plan = Plan()
    for row in resources:
        former_key = former.found[subject(row)]
        first = former_key.first_step(row["kms_key_id"])
        pool = (pools or {}).get(subject(row))
        if pool is not None:
            _add_pool(plan, row, first, pool, plan_filter, allow_oracle_managed=allow_oracle_managed)
            continue
        if has_policy_of_run(row, former_key, first):
            region = (destinations or {}).get(first.policy_id or "") or row["region"]
            skipped = _policy_skip_reason(row, former_key, first, remove_policies, allow_oracle_managed)
            if skipped is None:
                add_policy(plan, row, first.policy_id, first.before, region, plan_filter)
            else:
                plan.skipped.append(_skipped_row(row, first, *skipped))
            continue
        skipped = _skip_reason(row, former_key, first, allow_oracle_managed=allow_oracle_managed)
        if skipped is None:
            add_resource(plan, row, first.before, plan_filter)
        else:
            plan.skipped.append(_skipped_row(row, first, *skipped))
    for about, error in unread.items():
        if error.code in REPLICA_NOT_RESTORED:
            plan.blocked.append(_unrestored_row(former.found[about], error))
            continue
        plan.not_seen.append(_unread_row(former.found[about], f"could not be read: {error.message}"))
    for ocid in sorted(former.unknown.keys() - {ocid for _type, ocid in former.found}):
        plan.skipped.append(_row_without_facts(ocid, "unknown", f"former key unknown: {former.unknown[ocid]}"))
    return sorted_plan(plan)


def _add_pool(
    plan: Plan,
    row: ResourceRow,
    first: FormerStep,
    pool: FormerPool,
    plan_filter: PlanFilter,
    *,
    allow_oracle_managed: bool,
) -> None:
    """Plan to point an instance pool to the configuration that it came from."""
    if pool.is_back:
        plan.unchanged += 1
        plan.unchanged_subjects.add(subject(row))
        return
    is_gone = row["lifecycle_state"] in GONE_STATES
    skipped = (f"is {row['lifecycle_state']}", None) if is_gone else pool.skip_reason
    if skipped is None and pool.block_reason is not None:
        plan.blocked.append(_skipped_row(row, first, *pool.block_reason))
        return
    if skipped is None and not allow_oracle_managed and (first.before is None or pool.creates_oracle_managed):
        skipped = _NOT_TO_ORACLE
    if skipped is not None or pool.former_id is None:
        plan.skipped.append(_skipped_row(row, first, *(skipped or ("its former configuration is not known", None))))
        return
    add_pool(plan, row, first.before, pool.configuration_id, pool.former_id, plan_filter)


def has_policy_of_run(row: ResourceRow, former_key: FormerKey, first: FormerStep) -> bool:
    """Whether an asset has a backup policy that a run assigned, and did not have it before."""
    if row["type"] != ASSIGNMENT or "lost_in_runs" in row:
        return False
    policy_id = row["policy_id"]
    return policy_id is not None and policy_id != first.policy_id and policy_id in former_key.assigned_policies


def _policy_skip_reason(
    row: ResourceRow, former_key: FormerKey, first: FormerStep, remove_policies: bool, allow_oracle_managed: bool
) -> tuple[str, str | None] | None:
    """Why an asset does not get its former backup policy back, and what to do about it."""
    current = row["kms_key_id"]
    if row["lifecycle_state"] in GONE_STATES:
        return f"is {row['lifecycle_state']}", None
    if current not in former_key.assigned_keys:
        return f"copies with {key_words(current)}, which is not the key that the run assigned", None
    if first.policy_id is None and not remove_policies:
        return (
            "had no backup policy",
            f"Set {option_words('remove_policies', 'restore_keys')} to true to remove the one that the run assigned",
        )
    if first.policy_id is not None and first.before is None and current is not None and not allow_oracle_managed:
        return _NOT_TO_ORACLE
    return None


REPLICA_NOT_RESTORED = ("SeveralReplicas", "NotReplicated")
"""Codes of sources that were read, but don't have the one replica whose key could be restored."""

_OTHER_POLICY = "its backup policy is neither the one that it had then nor one that the run assigned"
_NOT_TO_ORACLE = (
    "was on the Oracle-managed key",
    f"Set {option_words('allow_oracle_managed', 'restore_keys')} to true to return it to that",
)


def block_unusable(plan: Plan, key_checks: KeyChecks, *, multi_version_key_fails: bool) -> None:
    """Block entries whose former key can't be assigned, and those that can't be moved off their current key."""
    problems = wanted_problems(key_checks, multi_version_key_fails=multi_version_key_fails)
    reasons: dict[Subject, str] = {}
    for entry in plan.entries:
        key = entry["wanted_kms_key_id"]
        if key is not None and (key, entry["key_region"]) in problems:
            reasons[subject(entry)] = f"former key can't be used: {problems[key, entry['key_region']]}"
    plan.block({**blocked_by_current_key(key_checks, plan.entries), **reasons})


def _skip_reason(
    row: ResourceRow, former_key: FormerKey, first: FormerStep, *, allow_oracle_managed: bool
) -> tuple[str, str | None] | None:
    """Why a resource is not put back though its former key is known, and what to do about it."""
    current = row["kms_key_id"]
    is_lost = "lost_in_runs" in row
    if row["type"] == ASSIGNMENT and not is_lost and row["policy_id"] != first.policy_id:
        gone = row["lifecycle_state"] in GONE_STATES
        return (f"is {row['lifecycle_state']}" if gone else _OTHER_POLICY), None
    if current == first.before and not is_lost:
        return None
    if row["lifecycle_state"] in GONE_STATES:
        return f"is {row['lifecycle_state']}", None
    if is_lost:  # the policy, or the replica, comes back with whichever key it had
        return None
    if current not in former_key.assigned_keys:
        return f"on {key_words(current)}, which is not the key that the run assigned", None
    if first.before is None and not allow_oracle_managed:
        return _NOT_TO_ORACLE
    return None


def _skipped_row(row: ResourceRow, first: FormerStep, reason: str, remedy: str | None) -> UnplannedRow:
    skipped = unplanned_row(row, reason)
    if remedy is not None:
        skipped["remedy"] = remedy
    skipped["key_region"] = region_of_wanted_key(row)
    skipped["wanted_kms_key_id"] = first.before
    return skipped


def _unread_row(former_key: FormerKey, reason: str) -> UnplannedRow:
    row = _row_without_facts(former_key.id, former_key.type, reason)
    row["wanted_kms_key_id"] = former_key.original
    if former_key.type == ASSIGNMENT:
        row["asset_id"] = former_key.id
    return row


def _unrestored_row(former_key: FormerKey, error: ResourceError) -> UnplannedRow:
    row = _unread_row(former_key, error.message)
    row["remedy"] = f"{error.hint}. It was on {key_words(former_key.original)}"
    return row


def _row_without_facts(ocid: str, kind: str, reason: str) -> UnplannedRow:
    return {
        "id": ocid,
        "type": kind,
        "region": "",
        "compartment_id": "",
        "display_name": "",
        "kms_key_id": None,
        "reason": reason,
    }
