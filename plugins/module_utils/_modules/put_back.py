# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Assigning again, with its key, each backup policy and replica that an interrupted run has taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .._api.client import Connection
from .._changes.engine import KeyAssigner
from .._changes.request import RunSettings, Target
from .._changes.results import outcome_entry
from .._common.errors import InputError
from .._documents.interrupted import InterruptedChange, recent_open_changes
from .._documents.journal import Journal
from .._model.decisions import GONE_STATES
from .._model.ocid import expect_region, parse
from .._model.outcome import Outcome
from .._model.resource import DesiredState
from .._model.resource_types import ASSIGNMENT, REPLICA
from .._resources.registry import KINDS
from .interrupted import SETTLE_HINT, Interrupted, read_interrupted, unsettled_text

_ENTRY_FIELDS = ("id", "type", "display_name", "region", "policy_id", "kms_key_id", "changed", "settled")


@dataclass(frozen=True)
class PutBack:
    """What became of the backup policies that interrupted runs had taken away.

    ``outcomes`` are those that were assigned again, or would be; ``unsettled`` says of each other one what is missing.
    """

    outcomes: Sequence[tuple[Outcome, DesiredState]] = ()
    unsettled: Sequence[str] = ()
    warnings: Sequence[str] = ()

    @property
    def changed(self) -> bool:
        return any(outcome.changed for outcome, _desired in self.outcomes)

    def entries(self, *, check_mode: bool) -> list[dict[str, Any]]:
        """The list 'recovered' of a result."""
        entries = [outcome_entry(outcome, desired, check_mode) for outcome, desired in self.outcomes]
        return [
            {**{name: entry.get(name) for name in _ENTRY_FIELDS}, "error": entry["error"] and entry["error"]["message"]}
            for entry in entries
        ]

    @property
    def problems(self) -> list[str]:
        """Sentences for a message; none if nothing is missing any more."""
        return [*self.unsettled, SETTLE_HINT] if self.unsettled else []


def put_back(
    interrupted: Sequence[InterruptedChange],
    connection: Connection,
    journal: Journal,
    run_settings: RunSettings,
    assigner: Callable[[RunSettings], KeyAssigner],
) -> PutBack:
    """Assign each policy again that is missing. In check mode, only what would be done.

    ``assigner`` makes one for these settings. What it refuses, such as a key that can't be used any more, leaves these
    policies unsettled, and is no error: other changes of the call have been made by now.
    """
    if not interrupted:
        return PutBack()
    found = read_interrupted(connection, interrupted)
    warnings: list[str] = []
    if not run_settings.check_mode:
        try:
            found.note_settled(journal)
        except (OSError, InputError) as error:
            warnings.append(f"That interrupted changes are settled could not be written to the journal ({error}).")
    warnings += [
        f"{unsettled_text(policy, f'it is {now.lifecycle_state}, so that does not come back')}."
        for policy, now in found.settled
        if now.lifecycle_state in GONE_STATES
    ]
    unsettled = [unsettled_text(policy, str(error)) for policy, error in found.unknown]
    outcomes: list[tuple[Outcome, DesiredState]] = []
    settings = replace(run_settings, multi_version_key_fails=False, wait=True)
    for (key, is_replica), policies in _by_key(found).items():
        desired = DesiredState(key, recreate=is_replica)
        targets = [_target(policy, connection) for policy in policies]
        try:
            report = assigner(settings).run(targets, desired)
        except InputError as error:
            unsettled += [unsettled_text(policy, str(error)) for policy in policies]
            continue
        warnings += report.warnings
        for policy, outcome in zip(policies, report.outcomes):
            outcomes.append((outcome, desired))
            if outcome.error is not None:
                unsettled.append(unsettled_text(policy, str(outcome.error)))
    return PutBack(outcomes, unsettled, warnings)


def _by_key(found: Interrupted) -> dict[tuple[str | None, bool], list[InterruptedChange]]:
    """By their key, and by whether they are replicas: each is a run of its own."""
    by_key: dict[tuple[str | None, bool], list[InterruptedChange]] = {}
    for policy, _former in found.lost:
        by_key.setdefault((policy.kms_key_id, policy.type == REPLICA), []).append(policy)
    return by_key


def _target(policy: InterruptedChange, connection: Connection) -> Target:
    from .._resources.policies import policy_kind

    asset = parse(policy.asset_id)
    kind = policy_kind(asset) if policy.type == ASSIGNMENT else KINDS[policy.kind]
    return Target(policy.asset_id, kind, expect_region(asset, connection.regions), interrupted=policy)


def with_interrupted(
    targets: Sequence[Target], interrupted: Sequence[InterruptedChange]
) -> tuple[list[Target], list[InterruptedChange]]:
    """The targets whose policies are to be changed, with their interrupted changes; and the changes of others."""
    by_asset = {(policy.asset_id, policy.kind): policy for policy in interrupted}
    found: list[Target] = []
    for target in targets:
        policy = by_asset.pop((target.id, target.kind.registry_name), None)
        found.append(target if policy is None else replace(target, interrupted=policy))
    return found, list(by_asset.values())


def with_quiet_times(targets: Sequence[Target], journals: Sequence[Path], now: str, late_commit: float) -> list[Target]:
    """The targets, each with the time for which a change that an earlier run sent may be on its way still."""
    ages = recent_open_changes(journals, now, late_commit)
    return [
        replace(target, quiet_for=late_commit - ages[target.id]) if target.id in ages else target for target in targets
    ]


def lost_note(interrupted: Sequence[InterruptedChange]) -> str:
    """What the message of a run says that failed before it could do anything about them."""
    if not interrupted:
        return ""
    lines = [unsettled_text(policy, "it may be missing") for policy in interrupted]
    return " ".join(["", *(f"{line}." for line in lines), SETTLE_HINT])
