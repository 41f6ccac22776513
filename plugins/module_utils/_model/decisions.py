# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Current and wanted give changes. Pure: check mode and diff show nothing but what is decided here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._common.errors import ResourceError
from .state import (
    ASSIGN,
    NONE,
    REGENERATE,
    REMOVE,
    DesiredState,
    Outcome,
    Resource,
)

# Lifecycle states, oci_semantics.md section 2: what can't take a key, and what can.
GONE_STATES = frozenset({"TERMINATING", "TERMINATED"})
FAULTY_STATE = "FAULTY"
READY_STATE = "AVAILABLE"


def is_busy(resource: Resource) -> bool:
    """Whether something is being done to the resource. A state that is not known yet counts as that."""
    return resource.lifecycle_state not in GONE_STATES | {FAULTY_STATE, READY_STATE}


def action_for(resource: Resource, desired: DesiredState) -> str:
    """What has to be done to this resource so that it has the wanted key."""
    if resource.kms_key_id == desired.kms_key_id:
        return REGENERATE if desired.regenerate else NONE
    return REMOVE if desired.kms_key_id is None else ASSIGN


def blocking_error(resource: Resource, noun: str) -> ResourceError | None:
    """Why this resource can't be changed at all, whatever is asked of it."""
    if resource.lifecycle_state in GONE_STATES:
        return ResourceError(
            code=resource.lifecycle_state,
            message=f"The {noun} is {resource.lifecycle_state}: it no longer holds a key that could be changed.",
        )
    if resource.lifecycle_state == FAULTY_STATE:
        return ResourceError(
            code=FAULTY_STATE,
            message=f"The {noun} is FAULTY, so the service changes nothing about it.",
            hint="Open a support request for it, or restore it from a backup.",
        )
    return None


def plan(
    outcome: Outcome,
    desired: DesiredState,
    noun: str,
    decide: Callable[[Resource, DesiredState], str | ResourceError] = action_for,
) -> None:
    """Decide, from what was read, what is to be done to the resource of one outcome."""
    if outcome.before is None or outcome.error is not None:
        return
    outcome.error = blocking_error(outcome.before, noun)
    if outcome.error is not None:
        return
    decision = decide(outcome.before, desired)
    if isinstance(decision, ResourceError):
        outcome.error = decision
        return
    outcome.action = decision
    outcome.changed = outcome.action != NONE


def diff(
    outcomes: list[Outcome], desired: DesiredState, *, check_mode: bool, most: int | None = None
) -> dict[str, dict[str, Any]]:
    """Before and after by OCID, only what changes: what would be in check mode, what was read after a run.

    Of more than ``most`` resources, the first ones, and how many more there are.
    """
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    changing = [(outcome, outcome.before) for outcome in outcomes if outcome.changed and outcome.before is not None]
    for outcome, first in changing[:most]:
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
