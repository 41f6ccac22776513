# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What has to be done to a resource, decided once: for check mode, for the run, and again before each write. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from .._common.errors import ResourceError
from .actions import ASSIGN, NONE, REGENERATE, REMOVE
from .resource import DesiredState, Reading, Resource

# Lifecycle states, oci_semantics.md sections 2 and 1.11: what can't take a key, and what can.
GONE_STATES = frozenset({"TERMINATING", "TERMINATED", "DELETING", "DELETED"})
FAULTY_STATE = "FAULTY"
READY_STATE = "AVAILABLE"
# Those of node pools and of instance pools.
POOL_READY_STATES = frozenset({"ACTIVE", "NEEDS_ATTENTION", "RUNNING", "STOPPED"})
POOL_FAULTY_STATES = frozenset({"FAILED", "INACTIVE"})
_AT_REST = GONE_STATES | {FAULTY_STATE, READY_STATE} | POOL_READY_STATES | POOL_FAULTY_STATES

RUN_AGAIN_HINT = "Run the task again; it only changes what still differs."

CHANGE_IGNORED = "ChangeIgnored"
"""The code of a change that the service accepted, and did not make."""

_KEY_DIFFERS = "key_differs"
_POLICY_DIFFERS = "policy_differs"
_LOCKED = "locked"


@dataclass(frozen=True)
class Skip:
    """Why a resource that is not in the desired state is left as it is, which is no failure.

    ``reason`` and ``remedy`` are the ends of sentences.
    """

    code: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Decision:
    """What has to be done to one resource by what was read of it.

    ``reading`` is what the decision rests on, None where nothing could be read. ``desired`` is the desired state of
    this very resource. Without an action, there is an error, or a skip, or the desired state is there already.
    """

    reading: Resource | None
    desired: DesiredState
    action: str = NONE
    error: ResourceError | None = None
    skip: Skip | None = None
    completes_another_run: bool = False
    """Whether the change was begun by a run that did not end it: ``reading`` is what was there before, and is gone."""

    @property
    def is_change(self) -> bool:
        return self.action != NONE

    @property
    def is_fulfilled(self) -> bool:
        """Whether the resource is in the desired state already."""
        return not self.is_change and self.error is None and self.skip is None

    @property
    def known(self) -> Resource:
        """``reading``, which every resource to be changed has. Raises ValueError without one."""
        if self.reading is None:
            raise ValueError("the resource of this decision was not read")
        return self.reading


class KindRules(Protocol):
    """What a kind of resource has to say for a decision. All of it is pure; see ``_resources/resource_kind.py``."""

    needs_rollback: bool

    @property
    def noun(self) -> str:
        """The kind as messages call it."""

    def resolve_desired(self, resource: Resource, desired: DesiredState) -> DesiredState:
        """The desired state of this very resource."""

    def action_for(self, resource: Resource, desired: DesiredState) -> str | ResourceError:
        """What has to be done, or why it can't be."""

    def blocking_error(self, resource: Resource) -> ResourceError | None:
        """Why the resource can't be changed, whatever is desired."""

    def lock_reason(self, resource: Resource) -> str | None:
        """Why the resource is skipped unless the user includes locked ones."""

    def is_same(self, one: Resource, other: Resource) -> bool:
        """Whether two reads show the same assignment."""

    def is_partially_applied(self, before: Resource, now: Resource) -> bool:
        """Whether ``now`` is how an unfinished change leaves ``before``."""

    def describe(self, resource: Resource) -> str:
        """What is assigned, in words."""

    def policy_of(self, resource: Resource) -> str | None:
        """The backup policy that is assigned, of kinds that are about that."""


def is_busy(resource: Resource) -> bool:
    """Whether the resource is in transition. An unknown state counts as that."""
    return resource.lifecycle_state not in _AT_REST


def action_for(resource: Resource, desired: DesiredState) -> str:
    """What has to be done so that the resource has the desired key."""
    if resource.kms_key_id == desired.kms_key_id:
        return REGENERATE if desired.regenerate else NONE
    return REMOVE if desired.kms_key_id is None else ASSIGN


def blocking_error(resource: Resource, noun: str) -> ResourceError | None:
    """Why this resource can't be changed, whatever is desired."""
    if resource.lifecycle_state in GONE_STATES:
        return ResourceError(
            code=resource.lifecycle_state,
            message=f"The {noun} is {resource.lifecycle_state}, so its key can no longer be changed.",
        )
    if resource.lifecycle_state == FAULTY_STATE:
        return ResourceError(
            code=FAULTY_STATE,
            message=f"The {noun} is FAULTY, and OCI refuses to change it.",
            hint="Open a support request for it, or restore it from a backup.",
        )
    return None


def decide(
    reading: Reading,
    desired: DesiredState,
    rules: KindRules,
    *,
    expected_kms_key_id: str | None = None,
    expected_policy_id: str | None = None,
    include_locked: bool = False,
) -> Decision:
    """What has to be done to a resource, by what was read of it.

    ``expected_kms_key_id`` is the key that it has to be on for it to be changed, ``''`` for the Oracle-managed one;
    None: whichever it is. ``expected_policy_id`` is the same for its backup policy, ``''`` for none.
    """
    if isinstance(reading, ResourceError):
        return Decision(None, desired, error=reading)
    blocked = rules.blocking_error(reading)
    if blocked is not None:
        return Decision(reading, desired, error=blocked)
    resolved = rules.resolve_desired(reading, desired)
    action = rules.action_for(reading, resolved)
    if isinstance(action, ResourceError):
        return Decision(reading, resolved, error=action)
    if resolved.regenerate and action != REGENERATE:
        resolved = replace(resolved, regenerate=False)  # a key that is assigned comes with a new data key
    if action == NONE:
        return Decision(reading, resolved)
    skip = (
        _policy_differs(reading, expected_policy_id, rules)
        or _key_differs(reading, expected_kms_key_id)
        or _locked(reading, rules, include_locked)
    )
    return Decision(reading, resolved, skip=skip) if skip is not None else Decision(reading, resolved, action)


def decide_interrupted(
    former: Reading,
    desired: DesiredState,
    rules: KindRules,
    *,
    expected_kms_key_id: str | None = None,
    expected_policy_id: str | None = None,
    include_locked: bool = False,
) -> Decision:
    """What has to be done to a resource whose assignment another run has taken away and not made anew.

    ``former`` is what it had. Where that is what is desired, or must not be changed, it is assigned again as it was.
    """
    decision = decide(
        former,
        desired,
        rules,
        expected_kms_key_id=expected_kms_key_id,
        expected_policy_id=expected_policy_id,
        include_locked=include_locked,
    )
    if decision.error is not None or isinstance(former, ResourceError):
        return decision
    wanted = decision.desired if decision.is_change else rules.resolve_desired(former, DesiredState(former.kms_key_id))
    return Decision(former, wanted, ASSIGN, completes_another_run=True)


def decide_again(
    earlier: Decision,
    reading: Reading,
    rules: KindRules,
    *,
    expected_kms_key_id: str | None = None,
    expected_policy_id: str | None = None,
    has_begun: bool = False,
) -> Decision:
    """What still has to be done by a later reading: what ``decide`` says, as far as nobody else interfered.

    ``has_begun``: a request of this change may have been sent, so a missing assignment may be its own half-way state.
    """
    before = earlier.known
    has_begun = has_begun or earlier.completes_another_run
    was_locked = rules.lock_reason(before) is not None
    decision = decide(
        reading,
        earlier.desired,
        rules,
        expected_kms_key_id=expected_kms_key_id,
        expected_policy_id=expected_policy_id,
        include_locked=was_locked,
    )
    now = decision.reading
    if now is None or decision.is_fulfilled or rules.blocking_error(now) is not None:
        return decision
    if rules.needs_rollback and has_begun and rules.is_partially_applied(before, now):
        return earlier
    if decision.skip is not None and decision.skip.code == _LOCKED:
        message = f"The {rules.noun} was locked during the run: {decision.skip.reason} ({decision.skip.remedy})."
        error = ResourceError(code="ChangedMeanwhile", message=message, hint=RUN_AGAIN_HINT)
        return replace(decision, skip=None, error=error)
    if decision.skip is not None or not rules.needs_rollback:
        return decision
    if rules.is_same(before, now):
        return replace(earlier, reading=now, completes_another_run=False)
    error = changed_by_someone_else(now, rules.noun, rules, hint=RUN_AGAIN_HINT)
    return replace(decision, action=NONE, error=error)


def changed_by_someone_else(now: Resource, noun: str, rules: KindRules, hint: str | None = None) -> ResourceError:
    """The error of a resource whose assignment is neither the former nor the desired one."""
    return ResourceError(
        code="ChangedMeanwhile",
        message=f"The {noun} was changed by someone else during the run: it now has {rules.describe(now)}.",
        hint=hint,
    )


def _key_differs(reading: Resource, expected_kms_key_id: str | None) -> Skip | None:
    if expected_kms_key_id is None or (reading.kms_key_id or "") == expected_kms_key_id:
        return None
    present = reading.kms_key_id or "the Oracle-managed one"
    planned = expected_kms_key_id or "the Oracle-managed one"
    return Skip(
        _KEY_DIFFERS, f"its key is {present}, not {planned}", "it was changed after the plan was made; make a new plan"
    )


def _policy_differs(reading: Resource, expected_policy_id: str | None, rules: KindRules) -> Skip | None:
    if expected_policy_id is None or (rules.policy_of(reading) or "") == expected_policy_id:
        return None
    planned = expected_policy_id or "none"
    return Skip(
        _POLICY_DIFFERS,
        f"its backup policy is {rules.policy_of(reading) or 'none'}, not {planned}",
        "it was changed after the plan was made; make a new plan",
    )


def _locked(reading: Resource, rules: KindRules, include_locked: bool) -> Skip | None:
    reason = None if include_locked else rules.lock_reason(reading)
    return None if reason is None else Skip(_LOCKED, reason, "set 'include_locked' to change it")
