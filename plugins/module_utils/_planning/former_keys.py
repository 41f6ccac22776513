# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which key each resource had before earlier runs, by their reports, plans and journals.

Of several files, or of a run that was killed and the run that completed it, the oldest former key of a resource
counts: it is the original one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._common.errors import InputError
from .._documents import plan_file, report_file
from .._documents.changes_file import ChangeRow
from .._documents.journal_events import INTENT, OUTCOME
from .._documents.journal_reader import IntentLine, parse_journal
from .._documents.json_reader import JsonNode, read_bytes
from .._documents.report_file import ReportedChanges
from .._documents.subject import Subject, subject
from .._model.actions import ASSIGN, REMOVE
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES


@dataclass
class FormerKey:
    """The former key of one resource, or of one asset's policy assignment.

    ``original`` is the oldest one, ``assigned_keys`` every key that a run assigned or planned to assign; None is the
    Oracle-managed key. ``policy_id`` is the backup policy that the assignment had.
    """

    type: str
    id: str
    time: str
    original: str | None
    assigned_keys: set[str | None] = field(default_factory=set)
    policy_id: str | None = None


@dataclass
class FormerKeys:
    """The former keys in all files. ``unknown`` gives the reason by OCID where a former key is not known.

    ``truncated_lines`` counts journal lines that can't be read, e.g. the last one of a process that was killed.
    """

    found: dict[Subject, FormerKey] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    tenancies: set[str] = field(default_factory=set)
    truncated_lines: int = 0

    def add(
        self,
        about: Subject,
        time: str,
        previous: str | None,
        assigned_keys: Iterable[str | None],
        policy_id: str | None = None,
    ) -> None:
        former = self.found.setdefault(about, FormerKey(*about, time, previous, policy_id=policy_id))
        if time < former.time:
            former.time, former.original, former.policy_id = time, previous, policy_id
        former.assigned_keys.update(assigned_keys)


def read_former_keys(paths: Sequence[Path]) -> FormerKeys:
    """Read reports, plans and journals, or all of them in folders of runs. Raises InputError for any other file."""
    former = FormerKeys()
    for path in paths:
        if path.is_dir():
            _read_folder(path, former)
        else:
            _read_file(path, former)
    return former


def _read_folder(folder: Path, former: FormerKeys) -> None:
    """Read all files of a run.

    A run that finished left a report. Planned entries that it did not start were never changed; everything it started
    is in the journal. A run that was killed left no report, and another run may have completed its plan, so every
    planned entry counts as changed.
    """
    reports, journals = sorted(folder.glob("report.json")), sorted(folder.glob("journal.jsonl"))
    plans = sorted(folder.glob("plan*.json"))
    if not [*reports, *plans, *journals]:
        raise InputError(f"{str(folder)!r} has no report.json, plan.json or journal.jsonl. Give the folder of a run")
    for file in [*reports, *plans]:
        _read_file(file, former, was_killed=not reports)
    for file in journals:
        # A run that was killed may have left it empty, or with an incomplete line.
        _read_journal(read_bytes(file), str(file), former, may_be_empty=True)


def _read_file(path: Path, former: FormerKeys, *, was_killed: bool = True) -> None:
    content = read_bytes(path)
    name = str(path)
    if not content.strip():
        raise InputError(f"{name!r} is empty. Give a report, a plan or a journal of a run")
    try:
        root = JsonNode(json.loads(content), name)
    except RecursionError as error:
        raise InputError(f"{name!r} is nested too deeply to be a file of this collection") from error
    except ValueError:  # a journal has several JSON texts
        _read_journal(content, name, former)
        return
    document = root.value if isinstance(root.value, dict) else {}
    if document.get("format") == report_file.FORMAT:
        _add_report(report_file.parse_reported_changes(root), name, former)
    elif document.get("format") == plan_file.FORMAT:
        _add_plan(plan_file.parse_plan(root), name, former, was_killed=was_killed)
    elif document.get("event") in (INTENT, OUTCOME):
        _read_journal(content, name, former)
    else:
        raise _not_of_a_run(name)


def _not_of_a_run(name: str) -> InputError:
    return InputError(f"{name!r} is neither a report nor a plan nor a journal of this collection")


def _refuse_dry_run(name: str) -> None:
    raise InputError(
        f"{name!r} is of a dry run, which changed nothing, so there is nothing to restore. Give the file of the run "
        "that made the changes"
    )


def _add_plan(plan: plan_file.PlanFile, name: str, former: FormerKeys, *, was_killed: bool) -> None:
    if plan.dry_run:
        _refuse_dry_run(name)
    former.tenancies.add(plan.tenancy)
    if not was_killed:
        return
    if plan.time_created is None:
        raise InputError(f"{name!r}: required field 'time_created' (string) is missing")
    for entry in plan.entries:
        wanted, policy_id = entry["wanted_kms_key_id"], entry.get("policy_id")
        former.add(subject(entry), plan.time_created, entry["kms_key_id"], [wanted], policy_id)


def _add_report(report: ReportedChanges, name: str, former: FormerKeys) -> None:
    if report.dry_run:
        _refuse_dry_run(name)
    former.tenancies.add(report.tenancy)
    for index, change in enumerate(report.changes):
        # A copy that was made had no key before.
        if change["changed"] and change["action"] in (ASSIGN, REMOVE):
            _add_change(change, JsonNode(change, name, f"changes[{index}]"), report, former)


def _add_change(change: ChangeRow, node: JsonNode, report: ReportedChanges, former: FormerKeys) -> None:
    """Add a row of a report. Its OCIDs and keys have to be valid, since resources are going to be changed to them."""
    try:
        about = _reported_subject(change, node)
    except InputError as error:  # concerns this resource only
        former.unknown[str(change.get("copy_id") or change["id"])] = str(error)
        return
    if about is None:
        former.unknown[str(change.get("copy_id") or change["id"])] = (
            "reports don't list member keys; pass the run's journal instead"
        )
        return
    encryption = node.get("previous_encryption").one_of("customer", "oracle", "unknown")
    if encryption == "unknown":
        former.unknown[about[1]] = "it could not be read then"
        return
    previous = node.get("previous_kms_key_id").key_or_none()
    if (encryption == "oracle") != (previous is None):
        node.get("previous_kms_key_id").contradicted(f"'previous_encryption' is {encryption}")
    assigned = [] if change["encryption"] == "unknown" else [node.get("kms_key_id").key_or_none()]
    # Without any time a change would count as the oldest one, and its former key as the original one.
    time = change["time_requested"] or report.time_started or report.time_finished
    if time is None:
        node.get("time_requested").text()
        return
    former.add(about, time, previous, assigned, change.get("previous_policy_id"))


def _reported_subject(change: ChangeRow, node: JsonNode) -> Subject | None:
    """What a row is about. Its type follows from the OCID of what bears the key, whatever the file says.

    None for a volume group backup, whose members bear the keys.
    """
    if change["type"] == ASSIGNMENT:
        return ASSIGNMENT, node.get("asset_id").ocid(*RESOURCE_TYPES.assets.ocid_types).value
    bearer = node.get("copy_id" if "copy_id" in change else "id")
    groups = RESOURCE_TYPES["volume_group_backup"].ocid_types
    is_group = bearer.ocid(*RESOURCE_TYPES.changed_by_ocid.ocid_types, *groups).type in groups
    return None if is_group else _subject_of_bearer(bearer)


def _subject_of_bearer(node: JsonNode) -> Subject:
    """The type and the OCID of a resource that bears a key itself."""
    ocid = node.ocid(*RESOURCE_TYPES.changed_by_ocid.ocid_types)
    return RESOURCE_TYPES.by_ocid_type[ocid.type].name, ocid.value


def _read_journal(content: bytes, name: str, former: FormerKeys, *, may_be_empty: bool = False) -> None:
    journal = parse_journal(content, name)
    if not journal.lines and not may_be_empty:
        raise _not_of_a_run(name)
    former.truncated_lines += journal.truncated_lines
    for line in journal.lines:
        if isinstance(line, IntentLine) and line.action in (ASSIGN, REMOVE):
            _add_intent(line, name, former)


def _add_intent(line: IntentLine, name: str, former: FormerKeys) -> None:
    if line.tenancy is not None:
        former.tenancies.add(line.tenancy)
    if line.policy is not None:
        about = ASSIGNMENT, _node(line.id, "id", name, line).ocid(*RESOURCE_TYPES.assets.ocid_types).value
        former.add(about, line.time, line.previous_kms_key_id, [line.kms_key_id], line.policy.policy_id)
        return
    keys = {line.id: line.previous_kms_key_id}
    place = "id"
    if line.copy is not None and line.copy.copy_id is not None:
        # The line names the source, but the key was that of its copy in the other region, or of the copy's members.
        members = line.copy.member_keys
        keys = {line.copy.copy_id: line.previous_kms_key_id} if members is None else dict(members)
        place = "previous_copy_id" if members is None else "previous_member_keys"
    for bearer, previous in keys.items():
        about = _subject_of_bearer(_node(bearer, place, name, line))
        former.add(about, line.time, previous, [line.kms_key_id])


def _node(value: str, place: str, name: str, line: IntentLine) -> JsonNode:
    return JsonNode(value, name, place, line.number)
