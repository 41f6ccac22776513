# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What interrupted runs were changing, as a plan takes it in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from .._common.errors import InputError, ResourceError
from .._documents.interrupted import InterruptedChange
from .._documents.journal import Journal
from .._documents.open_changes import OpenChange
from .._documents.plan_file import UnplannedRow
from .._documents.subject import Subject
from .._model.rows import ResourceRow
from .._planning.lost_policies import add_lost_policies, unsettled
from .._planning.plan import Plan, PlanFilter
from .._resources.resource_row import placed_row
from .interrupted import find_interrupted, journals_of, read_interrupted
from .key_plan import PlanContext
from .missing import find_open_changes, read_missing


@dataclass
class PlannedPolicies:
    """The policies that interrupted runs took away, as rows of their former assignments; and those that are unknown."""

    lost: list[ResourceRow] = field(default_factory=list)
    unknown: list[tuple[InterruptedChange, ResourceError]] = field(default_factory=list)
    missing: list[tuple[OpenChange, ResourceError]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add_to(self, plan: Plan, plan_filter: PlanFilter | None) -> None:
        add_lost_policies(plan, self.lost, plan_filter)

    def complete(self, plan: Plan) -> None:
        """Note in the finished plan what it leaves lost, or does not know."""
        plan.unsettled += unsettled(plan, self.lost)
        plan.unsettled += [_unknown_row(policy, error) for policy, error in self.unknown]
        plan.unsettled += [_missing_row(change, error) for change, error in self.missing]


def interrupted_in_plan(
    context: PlanContext,
    known: Collection[str] = (),
    known_policies: Collection[Subject] = (),
    read: Collection[str] = (),
) -> PlannedPolicies:
    """Search the journals for interrupted changes of policies and replicas, and read what is in place now.

    ``known`` are the resources that the plan looks at anyway, ``known_policies`` the policies and replicas that it puts
    back anyway, ``read`` the resources that it has read. Outside of check mode, what turns out to be settled is noted
    in the journal of the run.
    """
    own = context.folder / "journal.jsonl"
    found = PlannedPolicies()
    journals = [own, *journals_of(context.options.get("former_runs") or ())]
    policies = find_interrupted(journals, context.connection.tenancy, found.warnings)
    policies = [each for each in policies if (each.type, each.asset_id) not in known_policies]
    changes = find_open_changes(journals, context.connection.tenancy)
    changes = [each for each in changes if each.intent.id not in known and each.intent.id not in read]
    found.missing = read_missing(context.connection, changes)
    if not policies:
        return found
    states = read_interrupted(context.connection, policies)
    if not context.module.check_mode:
        try:
            states.note_settled(Journal(own, context.clock, context.connection.tenancy))
        except (OSError, InputError) as error:
            found.warnings.append(
                f"That interrupted changes are settled could not be written to the journal ({error})."
            )
    for policy, former in states.lost:
        row = placed_row(former, context.connection.regions)
        row["lost_in_runs"] = [run for run in policy.runs if run is not None]
        found.lost.append(row)
    found.unknown = states.unknown
    return found


def _missing_row(change: OpenChange, error: ResourceError) -> UnplannedRow:
    intent = change.intent
    return {
        "id": intent.id,
        "type": intent.type,
        "region": intent.region or "",
        "compartment_id": intent.compartment_id or "",
        "display_name": intent.display_name or "",
        "kms_key_id": intent.previous_kms_key_id,
        "reason": f"a run that was interrupted was changing it ({change.source}), and now it can't be read: {error}. "
        "Whether it was deleted, and on which key it is, is not known. If it no longer exists, move the journal away",
    }


def _unknown_row(change: InterruptedChange, error: ResourceError) -> UnplannedRow:
    row: UnplannedRow = {
        "id": change.asset_id,
        "type": change.type,
        "region": "",
        "compartment_id": "",
        "display_name": change.display_name or "",
        "kms_key_id": change.kms_key_id,
        "asset_id": change.asset_id,
        "reason": f"a run that was interrupted was changing its {change.what} ({change.source}), and what is there now "
        f"could not be read: {error}",
    }
    if change.taken.policy_id is not None:
        row["policy_id"] = change.taken.policy_id
    return row
