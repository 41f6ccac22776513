# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Outcomes and results, built in one place: ``resources``, ``summary``, ``msg`` and ``diff``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from .._common.errors import ResourceError
from .._common.text import label
from .._model.actions import REGENERATE
from .._model.counts import ChangeCounts, count_outcomes
from .._model.decisions import Decision
from .._model.outcome import Outcome
from .._model.resource import DesiredState, Resource
from .._resources.registry import GROUPS, KINDS
from .attempts import Attempt, Phase, Verification
from .request import Target

# A message names this many of the failures; all of them are in ``resources``.
MOST_FAILURES_IN_MESSAGE = 3


def outcome_of(
    target: Target,
    decision: Decision,
    attempt: Attempt | None = None,
    verification: Verification | None = None,
    *,
    fault: ResourceError | None = None,
) -> Outcome:
    """The outcome for one resource, from all that is known of it. The only place where outcomes are made.

    Without an attempt, it is what is planned. ``fault`` is a fault of ours that ended the changes of the region.
    """
    tried = attempt or Attempt(decision, 0.0, changed=decision.is_change, error=decision.error)
    seen = verification or Verification(0.0, settled=tried.settled)
    before, skip = tried.decision.reading, tried.decision.skip
    changed = tried.changed and not seen.is_ignored
    settled = seen.settled
    error = seen.error or tried.error
    if fault is not None and not _is_concluded(attempt, seen):
        changed = attempt is not None and (changed or tried.time_requested is not None)
        settled = False
        error = fault
    warnings = (*(tried.warnings if changed else ()), *seen.warnings)
    if skip is not None:
        name = label(before.display_name if before is not None else "", target.id)
        warnings = (f"Skipped {name}: {skip.reason} ({skip.remedy}).", *warnings)
    return Outcome(
        id=target.id,
        type=target.kind.type,
        region=target.region,
        kind=target.kind.registry_name,
        group_id=target.group_id,
        before=before,
        after=seen.after or tried.after,
        action=tried.decision.action,
        changed=changed,
        settled=settled,
        error=error,
        opc_request_id=tried.opc_request_id,
        time_requested=tried.time_requested,
        time_settled=seen.time_settled,
        skip_reason=skip.reason if skip is not None else None,
        warnings=warnings,
        new_id=tried.new_id,
    )


def not_in_journal(outcome: Outcome, error: Exception) -> Outcome:
    """The outcome of a change whose line the journal could not take."""
    warning = f"{outcome.label}: its outcome could not be written to the journal ({error})."
    return replace(outcome, warnings=(*outcome.warnings, warning))


def _is_concluded(attempt: Attempt | None, seen: Verification) -> bool:
    """Whether it was known what became of a resource before a fault of ours ended the changes of its region."""
    if seen.time_settled is not None or seen.error is not None:
        return True
    if attempt is None or attempt.phase is not Phase.DONE:
        return False
    return attempt.error is not None or not attempt.changed


def resource_entry(
    outcome: Outcome, desired: DesiredState, *, check_mode: bool, extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One entry of ``resources``: what was read before, and what is there now (in check mode: what would be).

    ``extra`` holds the fields that only entries of this kind have.
    """
    before = outcome.before
    latest = latest_state(outcome, desired, check_mode=check_mode)
    return {
        "id": outcome.id,
        "type": outcome.type,
        "display_name": before.display_name if before else None,
        "region": outcome.region,
        "compartment_id": before.compartment_id if before else None,
        "lifecycle_state": latest.lifecycle_state if latest else None,
        "previous_encryption": _encryption(before),
        "previous_kms_key_id": before.kms_key_id if before else None,
        "encryption": "unknown" if is_unseen(outcome, check_mode=check_mode) else _encryption(latest),
        "kms_key_id": latest.kms_key_id if latest and not is_unseen(outcome, check_mode=check_mode) else None,
        "action": outcome.action,
        "changed": outcome.changed,
        "settled": _is_settled(outcome, check_mode),
        "opc_request_id": outcome.opc_request_id,
        "time_requested": outcome.time_requested,
        "time_settled": outcome.time_settled,
        "error": asdict(outcome.error) if outcome.error else None,
        **(extra or {}),
    }


def _encryption(resource: Resource | None) -> str | None:
    return "unknown" if resource is None else resource.encryption


def latest_state(outcome: Outcome, desired: DesiredState, *, check_mode: bool) -> Resource | None:
    """The resource as it was last read; in check mode as it would be."""
    if check_mode and outcome.changed and outcome.before is not None:
        return outcome.before.with_desired(desired)
    return outcome.after or outcome.before


def _is_settled(outcome: Outcome, check_mode: bool) -> bool:
    """Whether the resource is in its final state: verified after a change, or in no need of one."""
    if outcome.time_settled is not None:
        return True
    return outcome.settled and outcome.error is None and not (check_mode and outcome.changed)


def is_unseen(outcome: Outcome, *, check_mode: bool) -> bool:
    """Whether something was written whose effect was not read."""
    return not check_mode and outcome.changed and outcome.after is None


def summary(outcomes: Sequence[Outcome]) -> ChangeCounts:
    """The counts of the result."""
    return count_outcomes((outcome.changed, outcome.error is not None) for outcome in outcomes)


def message(outcomes: Sequence[Outcome], *, check_mode: bool) -> str:
    """One line for the terminal, and below it the first failures with their hints, each hint once."""
    failed = [outcome for outcome in outcomes if outcome.error is not None]
    return message_of_counts(summary(outcomes), failed, check_mode=check_mode)


def message_of_counts(counts: ChangeCounts, failed: Sequence[Outcome], *, check_mode: bool) -> str:
    """The same, where only the first of those that failed are at hand."""
    if not counts["total"]:
        return "No resources given; nothing to do"
    verb = "would be changed" if check_mode else "changed"
    noun = "resource" if counts["total"] == 1 else "resources"
    line = f"{counts['changed']} of {counts['total']} {noun} {verb}, {counts['failed']} failed"
    lines: list[str] = []
    hints: set[str] = set()
    for outcome in failed[:MOST_FAILURES_IN_MESSAGE]:
        if outcome.error is None:
            continue
        error = outcome.error
        status = f"{error.status} " if error.status else ""
        lines.append(f"{outcome.label}: {status}{error.code}: {error.message}")
        if error.hint and error.hint not in hints:
            hints.add(error.hint)
            lines.extend(f"  {row}" for row in error.hint.splitlines())
    if counts["failed"] > MOST_FAILURES_IN_MESSAGE:
        lines.append(f"... and {counts['failed'] - MOST_FAILURES_IN_MESSAGE} more, see 'resources'")
    return "\n".join([line + ":" if lines else line, *lines])


def diff(
    outcomes: Sequence[Outcome], desired: DesiredState, *, check_mode: bool, limit: int | None = None
) -> dict[str, dict[str, Any]]:
    """Before and after by OCID, only what changes: as planned in check mode, as read after a run.

    Of more than ``limit`` resources, the first ones, and how many more there are.
    """
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    changing = [(outcome, outcome.before) for outcome in outcomes if outcome.changed and outcome.before is not None]
    for outcome, first in changing[:limit]:
        name = {"display_name": first.display_name}
        then = first.with_desired(desired) if check_mode else outcome.after
        before[outcome.id] = {**name, **first.journal_fields()}
        after[outcome.id] = {**name, **(then.journal_fields() if then is not None else {"encryption": "unknown"})}
        if outcome.action == REGENERATE:
            before[outcome.id]["data_key"] = "present"
            after[outcome.id]["data_key"] = "regenerated"
    if len(changing) > len(before):
        after["..."] = f"and {len(changing) - len(before):,} more"
    return {"before": before, "after": after}


def selected(entries: Sequence[dict[str, Any]], which: str) -> list[dict[str, Any]]:
    """The entries that the task's result lists, by the option ``result``: all, changed or summary (none)."""
    if which == "summary":
        return []
    if which == "changed":
        return [entry for entry in entries if entry["changed"] or entry["error"]]
    return list(entries)


def outcome_entry(outcome: Outcome, desired: DesiredState, check_mode: bool) -> dict[str, Any]:
    kind = KINDS.get(outcome.kind) or GROUPS[outcome.kind]
    extra = kind.extra_result_fields(outcome, latest_state(outcome, desired, check_mode=check_mode))
    return resource_entry(outcome, desired, check_mode=check_mode, extra=extra)
