# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs changed, or may have changed, according to a journal, as rows of a report. Pure."""

from __future__ import annotations

from collections.abc import Collection

from .._model.resource_types import ASSIGNMENT, REPLICA
from .changes_file import ChangeRow
from .error_row import ErrorRow
from .journal_changes import paired
from .journal_reader import IntentLine, JournalFile, OutcomeLine
from .subject import Subject, subject

_NO_OUTCOME: ErrorRow = {
    "code": "OutcomeUnknown",
    "message": "The run ended before it was known what became of this change.",
    "status": None,
    "opc_request_id": None,
    "hint": "Check the resource, or run again: a resource that already has the requested key is not changed.",
}


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
