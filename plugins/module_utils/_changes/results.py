# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Results, built in one place: what the interface promises for ``resources``, ``summary`` and ``msg``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .._model.state import DesiredState, Outcome, Resource

# A message names this many of the failures; all of them are in ``resources``.
_FAILURES_IN_MESSAGE = 3


def resource_entry(
    outcome: Outcome, desired: DesiredState, *, check_mode: bool, extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """One entry of ``resources``: what was read before, and what is there now (in check mode: what would be).

    ``extra_result_fields`` is what entries of this kind tell besides.
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
    """The resource as it was read last; in check mode as it would be."""
    if check_mode and outcome.changed and outcome.before is not None:
        return outcome.before.with_desired(desired)
    return outcome.after or outcome.before


def _is_settled(outcome: Outcome, check_mode: bool) -> bool:
    """Whether the resource was seen as it is to stay: verified after a change, or in no need of one."""
    if outcome.time_settled is not None:
        return True
    return outcome.settled and outcome.error is None and not (check_mode and outcome.changed)


def is_unseen(outcome: Outcome, *, check_mode: bool) -> bool:
    """Whether something was written that nobody saw the effect of."""
    return not check_mode and outcome.changed and outcome.after is None


def summary(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """Counts that add up to the total; what failed counts as failed even if it changed."""
    failed = sum(outcome.error is not None for outcome in outcomes)
    changed = sum(outcome.changed and outcome.error is None for outcome in outcomes)
    return {
        "total": len(outcomes),
        "changed": changed,
        "unchanged": len(outcomes) - changed - failed,
        "failed": failed,
    }


def message(outcomes: Sequence[Outcome], *, check_mode: bool) -> str:
    """One line for the terminal, and below it the first failures with what to do about them, each advice once."""
    counts = summary(outcomes)
    if not outcomes:
        return "No resources were given, so there is nothing to do"
    verb = "would be changed" if check_mode else "changed"
    noun = "resource" if counts["total"] == 1 else "resources"
    line = f"{counts['changed']} of {counts['total']} {noun} {verb}, {counts['failed']} failed"
    failed = [(outcome, outcome.error) for outcome in outcomes if outcome.error is not None]
    lines: list[str] = []
    hints: set[str] = set()
    for outcome, error in failed[:_FAILURES_IN_MESSAGE]:
        status = f"{error.status} " if error.status else ""
        lines.append(f"{outcome.label}: {status}{error.code}: {error.message}")
        if error.hint and error.hint not in hints:
            hints.add(error.hint)
            lines.extend(f"  {row}" for row in error.hint.splitlines())
    if len(failed) > _FAILURES_IN_MESSAGE:
        lines.append(f"... and {len(failed) - _FAILURES_IN_MESSAGE} more, see 'resources'")
    return "\n".join([line + ":" if lines else line, *lines])


def selected(entries: Sequence[dict[str, Any]], which: str) -> list[dict[str, Any]]:
    """The entries that the task's result lists, by the option ``result``: all, changed or summary."""
    if which == "summary":
        return []
    if which == "changed":
        return [entry for entry in entries if entry["changed"] or entry["error"]]
    return list(entries)
