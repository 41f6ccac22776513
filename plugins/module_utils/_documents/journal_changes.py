# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs changed, or may have changed, according to a journal. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from .._model.actions import UNASSIGN
from .._model.resource_types import ASSIGNMENT, REPLICA
from .changes_file import ChangeRow, ErrorRow
from .journal_reader import IntentLine, JournalFile, OutcomeLine
from .subject import Subject, subject

_NO_OUTCOME: ErrorRow = {
    "code": "OutcomeUnknown",
    "message": "The run ended before it was known what became of this change.",
    "status": None,
    "opc_request_id": None,
    "hint": "Check the resource, or run again: a resource that already has the requested key is not changed.",
}


@dataclass
class JournalChange:
    """One change: its intents, of which each attempt has one, and its outcome, None where there is none.

    ``place`` counts the lines before its last one, so that later changes are greater.
    """

    intents: list[IntentLine] = field(default_factory=list)
    outcome: OutcomeLine | None = None
    place: int = 0

    @property
    def intent(self) -> IntentLine:
        """The first one."""
        return self.intents[0]

    @property
    def may_have_changed(self) -> bool:
        """Whether anything may have been changed: not if the service refused it, or the former state was restored."""
        return self.outcome is None or self.outcome.changed

    @property
    def is_settled(self) -> bool:
        """Whether it is known what became of it."""
        return self.outcome is not None and (self.outcome.error is None or not self.outcome.changed)


def paired(lines: Iterable[IntentLine | OutcomeLine]) -> list[JournalChange]:
    """The changes in the order of their first lines. An outcome belongs to the intent of its run and its resource;
    the last one counts, since a later run may have found out what became of a change."""
    changes: list[JournalChange] = []
    latest: dict[tuple[str | None, str, str], JournalChange] = {}
    early: list[tuple[int, OutcomeLine]] = []
    for place, line in enumerate(lines):
        if isinstance(line, IntentLine):
            about = line.run, line.id, line.part
            if about not in latest or latest[about].outcome is not None:
                latest[about] = JournalChange()
                changes.append(latest[about])
            latest[about].intents.append(line)
            latest[about].place = place
            continue
        if not _conclude_change(line, place, latest):
            early.append((place, line))
    for place, line in early:  # of a file that comes before the one with the intent
        _conclude_change(line, place, latest)
    return changes


def _conclude_change(line: OutcomeLine, place: int, latest: dict[tuple[str | None, str, str], JournalChange]) -> bool:
    found = _concluded(line, latest)
    for change in found:
        change.outcome, change.place = line, max(place, change.place)
    return bool(found)


def _concluded(line: OutcomeLine, latest: dict[tuple[str | None, str, str], JournalChange]) -> list[JournalChange]:
    """The change that an outcome is of. One that does not say what was changed is of whatever has no outcome yet."""
    parts = [part for run, name, part in latest if (run, name) == (line.run, line.id)] if line.part is None else []
    if line.part is not None:
        parts = [line.part] if (line.run, line.id, line.part) in latest else []
    found = [latest[line.run, line.id, part] for part in parts]
    return [change for change in found if change.outcome is None][:1] or found[:1]


def takes_policy(change: JournalChange) -> bool:
    """Whether a change of a backup policy left the asset without one, or may have: between its DELETE and its POST
    there is none."""
    policies = [line.policy for line in change.intents if line.policy is not None and line.policy.policy_id is not None]
    if not policies or not change.may_have_changed:
        return False
    if change.outcome is None or change.intents[-1].action == UNASSIGN:
        return True
    if "policy_id" in change.outcome.found:
        return change.outcome.found["policy_id"] is None
    return change.outcome.error is not None


def changes_of(journal: JournalFile, reported: Collection[Subject]) -> list[ChangeRow]:
    """The changes of a journal, except those of the resources in ``reported``.

    For batches that were killed before they wrote their results.
    """
    rows: dict[Subject, ChangeRow] = {}
    for change in paired(journal.lines):
        begun = _begun(change.intent)
        row = rows.get(subject(begun))
        if row is None:
            row = rows[subject(begun)] = begun
        elif change.outcome is None:
            _reopen(row, begun)
        if change.outcome is not None:
            _conclude(row, change.outcome, has_changed=row is not begun and row["changed"])
    return [row for about, row in rows.items() if about not in reported]


def _begun(intent: IntentLine) -> ChangeRow:
    """What is known of a change before its outcome."""
    row: ChangeRow = {
        "id": intent.id,
        "type": intent.type,
        "display_name": intent.display_name,
        "region": intent.region,
        "compartment_id": intent.compartment_id,
        "lifecycle_state": None,
        "previous_encryption": intent.previous_encryption,
        "previous_kms_key_id": intent.previous_kms_key_id,
        "encryption": "unknown",
        "kms_key_id": None,
        "action": intent.action,
        "opc_request_id": None,
        "time_requested": intent.time,
        "time_settled": None,
        "left_alone": None,
        "group_id": None,
        "changed": True,
        "settled": False,
        "error": _NO_OUTCOME,
    }
    if intent.copy is not None:
        row["copy_id"] = intent.copy.copy_id
        row["destination_region"] = None
    elif intent.replica is not None:
        row["id"] = intent.replica.replica_id or intent.id
        row["type"] = REPLICA
        row["asset_id"] = intent.id
        row["asset_type"] = intent.type
    elif intent.policy is not None:
        row["id"] = intent.policy.assignment_id or intent.id
        row["type"] = ASSIGNMENT
        row["asset_id"] = intent.id
        row["asset_type"] = intent.type
        row["assignment_id"] = None
        row["policy_id"] = None
        row["previous_policy_id"] = intent.policy.policy_id
        row["destination_region"] = None
        row["previous_destination_region"] = None
    return row


def _reopen(row: ChangeRow, begun: ChangeRow) -> None:
    """A later change of the same resource has no outcome: what is there now is not known any more."""
    for name in ("encryption", "kms_key_id", "changed", "settled", "error", "opc_request_id"):
        row[name] = begun[name]
    for name in ("assignment_id", "policy_id"):
        if name in begun:
            row[name] = None  # type: ignore[literal-required]


def _conclude(row: ChangeRow, outcome: OutcomeLine, *, has_changed: bool) -> None:
    row["changed"] = has_changed or outcome.changed
    row["settled"] = outcome.settled
    row["opc_request_id"] = outcome.opc_request_id
    row["error"] = outcome.error
    if "encryption" in outcome.found:
        row["encryption"] = outcome.found["encryption"]
    if "kms_key_id" in outcome.found:
        row["kms_key_id"] = outcome.found["kms_key_id"]
    if row["type"] == ASSIGNMENT:
        if "policy_id" in outcome.found:
            row["policy_id"] = outcome.found["policy_id"]
        if "assignment_id" in outcome.found:
            row["assignment_id"] = outcome.found["assignment_id"]
