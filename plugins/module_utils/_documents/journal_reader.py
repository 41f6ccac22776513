# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a run, read with distrust, and what a run changed according to it.

A process that is killed leaves its last line incomplete. Such a line is counted and skipped; any other line that is
not of a journal raises InputError.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .._common.errors import InputError
from .._model.resource_types import ASSIGNMENT
from .changes_file import ChangeRow, ErrorRow, parse_error
from .journal_events import INTENT, OUTCOME
from .json_reader import JsonNode, parse_json, read_bytes
from .subject import Subject, subject

_NO_OUTCOME: ErrorRow = {
    "code": "OutcomeUnknown",
    "message": "The run ended before it was known what became of this change.",
    "status": None,
    "opc_request_id": None,
    "hint": "Check the resource, or run again: a resource that already has the requested key is not changed.",
}


@dataclass(frozen=True)
class PreviousPolicy:
    """What a change of a policy assignment took away."""

    policy_id: str | None
    assignment_id: str | None


@dataclass(frozen=True)
class PreviousCopy:
    """The copy that was there before a change of it; of a volume group backup with the key of each member, by OCID."""

    copy_id: str | None
    member_keys: Mapping[str, str | None] | None


@dataclass(frozen=True)
class IntentLine:
    """What was written before a change: the key that it takes away and the key that it assigns; None is the
    Oracle-managed key.

    ``id`` and ``type`` are of the resource that the module names: for policies the asset, for copies the source.
    ``number`` is the number of the line.
    """

    number: int
    run: str | None
    time: str
    tenancy: str | None
    id: str
    type: str
    region: str | None
    compartment_id: str | None
    display_name: str | None
    action: str
    kms_key_id: str | None
    previous_encryption: str | None
    previous_kms_key_id: str | None
    policy: PreviousPolicy | None
    copy: PreviousCopy | None


@dataclass(frozen=True)
class OutcomeLine:
    """What was written after a change. ``found`` has what the resource is on now, where that is known."""

    run: str | None
    id: str
    changed: bool
    settled: bool
    opc_request_id: str | None
    error: ErrorRow | None
    found: Mapping[str, str | None]


@dataclass
class JournalFile:
    """The lines of a journal in their order; ``truncated_lines`` counts those that are not JSON."""

    lines: list[IntentLine | OutcomeLine] = field(default_factory=list)
    truncated_lines: int = 0


def read_journal(path: Path) -> JournalFile:
    return parse_journal(read_bytes(path), str(path))


def parse_journal(content: bytes, name: str) -> JournalFile:
    """Read the content of the journal ``name``."""
    journal = JournalFile()
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            node = parse_json(line, name, number)
        except InputError:
            journal.truncated_lines += 1
            continue
        event = node.get("event").one_of(INTENT, OUTCOME)
        journal.lines.append(_intent(node, number) if event == INTENT else _outcome(node))
    return journal


def _intent(node: JsonNode, number: int) -> IntentLine:
    members = node.mapping()
    if "previous_kms_key_id" not in members:
        # A missing key would count as the Oracle-managed key.
        node.get("previous_kms_key_id").expected("a key or null")
    tenancy, copy_id = node.get("tenancy"), node.get("previous_copy_id")
    return IntentLine(
        number=number,
        run=node.get("run").text_or_none(),
        time=node.get("time").text(),
        tenancy=None if tenancy.text_or_none() is None else tenancy.ocid("tenancy").value,
        id=node.get("id").text(),
        type=node.get("type").resource_type(),
        region=node.get("region").text_or_none(),
        compartment_id=node.get("compartment_id").text_or_none(),
        display_name=node.get("display_name").text_or_none(),
        action=node.get("action").text(),
        kms_key_id=node.get("kms_key_id").key_or_none(),
        previous_encryption=node.get("previous_encryption").text_or_none(),
        previous_kms_key_id=node.get("previous_kms_key_id").key_or_none(),
        policy=(
            PreviousPolicy(
                node.get("previous_policy_id").text_or_none(), node.get("previous_assignment_id").text_or_none()
            )
            if "previous_policy_id" in members
            else None
        ),
        copy=(
            PreviousCopy(None if copy_id.value is None else copy_id.text(), _member_keys(node))
            if "previous_copy_id" in members
            else None
        ),
    )


def _member_keys(node: JsonNode) -> dict[str, str | None] | None:
    if "previous_member_keys" not in node.mapping():
        return None
    keys = node.get("previous_member_keys")
    return {name: keys.get(name).key_or_none() for name in keys.mapping()}


def _outcome(node: JsonNode) -> OutcomeLine:
    error = node.get("error")
    names = ("encryption", "kms_key_id", "policy_id", "assignment_id")
    return OutcomeLine(
        run=node.get("run").text_or_none(),
        id=node.get("id").text(),
        changed=node.get("changed").flag(),
        settled=node.get("settled").flag(),
        opc_request_id=node.get("opc_request_id").text_or_none(),
        error=None if error.value is None else parse_error(error),
        found=node.texts_of(name for name in names if name in node.mapping()) if node.get("known").flag() else {},
    )


def changes_of(journal: JournalFile, reported: Collection[Subject]) -> list[ChangeRow]:
    """The changes of a journal, except those of the resources in ``reported``.

    For batches that were killed before they wrote their results.
    """
    begun: dict[Subject, ChangeRow] = {}
    open_changes: dict[tuple[str | None, str], ChangeRow] = {}
    for line in journal.lines:
        if isinstance(line, IntentLine):
            row = _begun(line)
            open_changes[line.run, line.id] = begun.setdefault(subject(row), row)
        elif (line.run, line.id) in open_changes:
            _conclude(open_changes[line.run, line.id], line)
    return [row for about, row in begun.items() if about not in reported]


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


def _conclude(row: ChangeRow, outcome: OutcomeLine) -> None:
    row["changed"] = outcome.changed
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
