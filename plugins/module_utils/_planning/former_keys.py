# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which key each resource had before earlier runs, by their reports, plans and journals.

Of several files, or of a run that was killed and the run that completed it, the oldest former key of a resource
counts: it is the original one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from .._common.errors import InputError
from .._documents import plan_file, report_file
from .._documents.changes_file import ChangeRow
from .._documents.journal_changes import JournalChange, paired, takes_policy
from .._documents.journal_events import INTENT, OUTCOME
from .._documents.journal_reader import IntentLine, parse_journal
from .._documents.json_reader import JsonNode, UnknownOcidError, read_bytes
from .._documents.report_file import ReportedChanges
from .._documents.subject import Subject, subject
from .._model.actions import ASSIGN, NONE, REMOVE, UNASSIGN
from .._model.resource import Replica, TakenAway
from .._model.resource_types import ASSIGNMENT, INSTANCE_POOL, REPLICA, RESOURCE_TYPES

_REVERSIBLE = (ASSIGN, REMOVE, UNASSIGN)


@dataclass(frozen=True)
class FormerStep:
    """What one file, or the folder of one run, says of a resource: its key before, and those assigned, in their order.

    None is the Oracle-managed key. Of an asset, ``policy_id`` is the backup policy before, and ``assigned_policies``
    are those that it was given, None for none. Of an instance pool, ``configuration_id`` is the configuration before,
    and ``configurations`` are those that it was given, None where that is not known. ``takes_policy``: at its end the
    policy was taken away, or may have been.
    """

    time: str
    before: str | None
    assigned: tuple[str | None, ...] = ()
    policy_id: str | None = None
    takes_policy: bool = False
    takes_replica: TakenAway | None = None
    assigned_policies: tuple[str | None, ...] = ()
    configuration_id: str | None = None
    configurations: tuple[str | None, ...] = ()

    def followed_by(self, later: FormerStep) -> FormerStep:
        """Both as one."""
        return replace(
            self,
            assigned=(*self.assigned, *later.assigned),
            takes_policy=later.takes_policy,
            takes_replica=later.takes_replica,
            assigned_policies=(*self.assigned_policies, *later.assigned_policies),
            configurations=(*self.configurations, *later.configurations),
        )

    def leads_to(self, key: str | None) -> bool:
        """Whether the resource may have been on this key afterwards; where it is not known, on any."""
        return not self.assigned or self.assigned[-1] == key


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
    steps: list[FormerStep] = field(default_factory=list)

    @property
    def taken(self) -> TakenAway | None:
        """The backup policy or the replica that was there at first, where the last change took it away, or may have."""
        first = self.first_step(None)
        if self.is_policy_taken and first.policy_id is not None:
            return TakenAway(first.before, policy_id=first.policy_id)
        last = max(self.steps, key=lambda step: step.time, default=None)
        lost = last.takes_replica if last is not None else None
        if lost is None or lost.replica is None:
            return None
        return TakenAway(first.before, replica=replace(lost.replica, kms_key_id=first.before))

    @property
    def assigned_policies(self) -> set[str | None]:
        """Every backup policy that a run assigned or planned to assign; None for none."""
        return {policy for step in self.steps for policy in step.assigned_policies}

    @property
    def configurations(self) -> set[str | None]:
        """Every instance configuration that a run gave a pool; None where it is not known which."""
        return {configuration for step in self.steps for configuration in step.configurations}

    @property
    def is_policy_taken(self) -> bool:
        """Whether the last change took the backup policy away, or may have."""
        return bool(self.steps) and max(self.steps, key=lambda step: step.time).takes_policy

    def first_step(self, current: str | None) -> FormerStep:
        """The oldest change of a resource that is on this key now.

        Clocks may have been set back between runs, so where the times contradict the keys, each key that was assigned
        being the next one's former key decides.
        """
        by_time = sorted(self.steps, key=lambda step: step.time) or [
            FormerStep(self.time, self.original, tuple(self.assigned_keys), self.policy_id)
        ]
        if all(one.leads_to(other.before) for one, other in zip(by_time, by_time[1:])):
            return by_time[0]
        left, key = list(by_time), current
        step = None
        while left:
            step = next((each for each in reversed(left) if each.leads_to(key)), None)
            if step is None:
                return by_time[0]
            left.remove(step)
            key = step.before
        return step or by_time[0]


@dataclass
class FormerKeys:
    """The former keys in all files. ``unknown`` gives the reason by OCID where a former key is not known.

    ``truncated_lines`` counts journal lines that can't be read, e.g. the last one of a process that was killed.
    """

    found: dict[Subject, FormerKey] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    tenancies: set[str] = field(default_factory=set)
    truncated_lines: int = 0

    def add(self, about: Subject, step: FormerStep) -> None:
        """Add what one file says of a resource."""
        former = self.found.setdefault(about, FormerKey(*about, step.time, step.before, policy_id=step.policy_id))
        if step.time < former.time:
            former.time, former.original, former.policy_id = step.time, step.before, step.policy_id
        former.assigned_keys.update(step.assigned)
        former.steps.append(step)

    def take(self, other: FormerKeys, known: Collection[Subject] = ()) -> None:
        """Add what other files say, except of the resources in ``known``."""
        for about, former in other.found.items():
            if about not in known:
                for step in former.steps:
                    self.add(about, step)
        names = {ocid for _type, ocid in known}
        self.unknown.update((ocid, reason) for ocid, reason in other.unknown.items() if ocid not in names)
        self.tenancies |= other.tenancies
        self.truncated_lines += other.truncated_lines


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
    """Read all files of a run. Where the journal names a resource, it decides: it has each change, and its outcome.

    A run that finished left a report. Planned entries that it did not start were never changed; everything it started
    is in the journal. A run that was killed left no report, and another run may have completed its plan, so every
    planned entry counts as changed that the service did not refuse.
    """
    reports, journals = sorted(folder.glob("report.json")), sorted(folder.glob("journal.jsonl"))
    plans = sorted(folder.glob("plan*.json"))
    if not [*reports, *plans, *journals]:
        raise InputError(f"{str(folder)!r} has no report.json, plan.json or journal.jsonl. Give the folder of a run")
    files = FormerKeys()
    unchanged: dict[Subject, list[str | None]] = {}
    for file in [*reports, *plans]:
        unchanged.update(_read_file(file, files, was_killed=not reports))
    known: set[Subject] = set()
    for file in journals:
        # A run that was killed may have left it empty, or with an incomplete line.
        known |= _read_journal(read_bytes(file), str(file), former, may_be_empty=True, unchanged=unchanged)
    # What the journal names in a form that is not known: the other files do not know better.
    known |= {about for about in files.found if about[1] in former.unknown}
    former.take(files, known)


def _read_file(path: Path, former: FormerKeys, *, was_killed: bool = True) -> dict[Subject, list[str | None]]:
    """Read one file of a run. Returns the subjects that it says were not changed, with the key of what was right."""
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
        return {}
    document = root.value if isinstance(root.value, dict) else {}
    if document.get("format") == report_file.FORMAT:
        return _add_report(report_file.parse_reported_changes(root), name, former)
    elif document.get("format") == plan_file.FORMAT:
        _add_plan(plan_file.parse_plan(root), name, former, was_killed=was_killed)
    elif document.get("event") in (INTENT, OUTCOME):
        _read_journal(content, name, former)
    else:
        raise _not_of_a_run(name)
    return {}


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
    time = JsonNode(plan.time_created, name, "time_created").moment()
    for entry in plan.entries:
        wanted, policy_id = entry["wanted_kms_key_id"], entry.get("policy_id")
        step = FormerStep(time, entry["kms_key_id"], (wanted,), policy_id)
        if entry["action"] == UNASSIGN:
            step = replace(step, assigned=(), takes_policy=True, assigned_policies=(None,))
        elif entry["type"] == ASSIGNMENT:
            step = replace(step, assigned_policies=(entry.get("wanted_policy_id", policy_id),))
        elif entry["type"] == INSTANCE_POOL:
            given = (entry["wanted_configuration_id"],)
            step = replace(step, configuration_id=entry["configuration_id"], configurations=given)
        former.add(subject(entry), step)


def _add_report(report: ReportedChanges, name: str, former: FormerKeys) -> dict[Subject, list[str | None]]:
    if report.dry_run:
        _refuse_dry_run(name)
    former.tenancies.add(report.tenancy)
    for index, change in enumerate(report.changes):
        # A copy that was made had no key before.
        if change["changed"] and change["action"] in _REVERSIBLE:
            _add_change(change, JsonNode(change, name, f"changes[{index}]"), report, name, former)
    return {
        subject(change): [change["kms_key_id"]] if change["action"] == NONE else []
        for change in report.changes
        if not change["changed"]
    }


def _add_change(change: ChangeRow, node: JsonNode, report: ReportedChanges, name: str, former: FormerKeys) -> None:
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
    if about[0] == INSTANCE_POOL:
        former.unknown[about[1]] = "reports don't name the configurations of pools; pass the run's journal instead"
        return
    encryption = node.get("previous_encryption").one_of("customer", "oracle", "unknown")
    if encryption == "unknown":
        former.unknown[about[1]] = "it could not be read then"
        return
    previous = node.get("previous_kms_key_id").key_or_none()
    if (encryption == "oracle") != (previous is None):
        node.get("previous_kms_key_id").contradicted(f"'previous_encryption' is {encryption}")
    step = FormerStep(_time_of(node, report, name), previous, policy_id=change.get("previous_policy_id"))
    if change["action"] == UNASSIGN:
        step = replace(step, takes_policy=True, assigned_policies=(None,))
    elif change["encryption"] != "unknown":
        policies = (change.get("policy_id"),) if about[0] == ASSIGNMENT else ()
        step = replace(step, assigned=(node.get("kms_key_id").key_or_none(),), assigned_policies=policies)
    former.add(about, step)


def _time_of(change: JsonNode, report: ReportedChanges, name: str) -> str:
    """Without any time a change would count as the oldest one, and its former key as the original one."""
    of_run = report.time_started or report.time_finished
    if change.get("time_requested").value or not of_run:
        return change.get("time_requested").moment()
    return JsonNode(of_run, name, f"evidence.time_{'started' if report.time_started else 'finished'}").moment()


def _reported_subject(change: ChangeRow, node: JsonNode) -> Subject | None:
    """What a row is about. Its type follows from the OCID of what bears the key, whatever the file says.

    None for a volume group backup, whose members bear the keys.
    """
    if change["type"] == ASSIGNMENT or (change["type"] == REPLICA and "asset_id" in change):
        return change["type"], node.get("asset_id").ocid(*RESOURCE_TYPES.assets.ocid_types).value
    bearer = node.get("copy_id" if "copy_id" in change else "id")
    groups = RESOURCE_TYPES["volume_group_backup"].ocid_types
    is_group = bearer.ocid(*RESOURCE_TYPES.changed_by_ocid.ocid_types, *groups).type in groups
    return None if is_group else _subject_of_bearer(bearer)


def _subject_of_bearer(node: JsonNode) -> Subject:
    """The type and the OCID of a resource that bears a key itself."""
    ocid = node.ocid(*RESOURCE_TYPES.changed_by_ocid.ocid_types)
    return RESOURCE_TYPES.by_ocid_type[ocid.type].name, ocid.value


def _read_journal(
    content: bytes,
    name: str,
    former: FormerKeys,
    *,
    may_be_empty: bool = False,
    unchanged: Mapping[Subject, list[str | None]] | None = None,
) -> set[Subject]:
    """Add the changes of a journal, in the order of its lines whatever their times: a clock may have been set back.

    ``unchanged`` are those of which another file of the run says that they were not made, with the key of what is
    right: where that is the one of a change without an outcome, the run was killed, and found its own change when it
    went on. Returns all subjects that the journal names, also those of changes that the service refused, which are no
    changes.
    """
    unknown: dict[str, str] = {}
    journal = parse_journal(content, name, unknown)
    if not (journal.lines or unknown or may_be_empty):
        raise _not_of_a_run(name)
    former.truncated_lines += journal.truncated_lines
    steps: dict[Subject, FormerStep] = {}
    known: set[Subject] = set()
    for change in paired(journal.lines):
        if change.intent.action not in _REVERSIBLE:
            continue
        former.tenancies.update(line.tenancy for line in change.intents if line.tenancy is not None)
        for about, step in _steps(change, name, unknown).items():
            known.add(about)
            was_found = unchanged is None or about not in unchanged or _is_found(step, unchanged[about])
            if change.may_have_changed and (change.outcome is not None or was_found):
                steps[about] = _followed_by(steps.get(about), step)
    former.unknown.update(unknown)
    for about, step in steps.items():
        if about[1] not in unknown:  # of several changes, the first may be the one that can't be read
            former.add(about, step)
    return known


def _is_found(step: FormerStep, keys: Sequence[str | None]) -> bool:
    return any(key in step.assigned and key != step.before for key in keys)


def _followed_by(earlier: FormerStep | None, later: FormerStep) -> FormerStep:
    if earlier is None:
        return later
    return earlier.followed_by(later)


def _steps(change: JournalChange, name: str, unknown: dict[str, str]) -> dict[Subject, FormerStep]:
    """What one change did to each resource that bears a key. Of several attempts, a later one knows better what was
    there before, except where that is what an earlier one has made. ``unknown`` takes those of an unknown form.
    """
    steps: dict[Subject, FormerStep] = {}
    for line in change.intents:
        assigned = () if line.action == UNASSIGN else (line.kms_key_id,)
        for about, previous in _previous_keys(line, name, unknown).items():
            before = steps.get(about)
            policy_id = line.policy.policy_id if line.policy is not None else None
            configuration_id = line.configuration_id
            if before is not None and previous in before.assigned:
                previous, policy_id = before.before, before.policy_id
                configuration_id = before.configuration_id
            assigned_before = before.assigned if before is not None else ()
            policies_before = before.assigned_policies if before is not None else ()
            steps[about] = FormerStep(
                before.time if before is not None else line.time,
                previous,
                (*assigned_before, *assigned),
                policy_id,
                takes_policy=policy_id is not None and takes_policy(change),
                takes_replica=_taken_replica(change, line, previous),
                assigned_policies=(*policies_before, *_assigned_policies(line)),
                configuration_id=configuration_id,
                configurations=_given_configuration(change, about),
            )
    return steps


def _taken_replica(change: JournalChange, line: IntentLine, key: str | None) -> TakenAway | None:
    """The replica that a change has left deleted, or may have: replication is switched off before it is on again."""
    former = line.replica
    if former is None or not former.is_recreated or not change.may_have_changed:
        return None
    if change.outcome is not None and (change.outcome.error is None or change.outcome.found.get("replica_id")):
        return None
    if former.replica_id is None or former.availability_domain is None:
        return None
    return TakenAway(key, replica=Replica(former.replica_id, former.availability_domain, key, former.display_name))


def _given_configuration(change: JournalChange, about: Subject) -> tuple[str | None, ...]:
    """The configuration that a change left a pool on; None where that is not known."""
    if about[0] != INSTANCE_POOL:
        return ()
    if change.outcome is None or change.outcome.error is not None:
        return (None,)
    return (change.outcome.found.get("configuration_id"),)


def _assigned_policies(line: IntentLine) -> tuple[str | None, ...]:
    if line.policy is None:
        return ()
    return (None,) if line.action == UNASSIGN else (line.policy_id or line.policy.policy_id,)


def _previous_keys(line: IntentLine, name: str, unknown: dict[str, str]) -> dict[Subject, str | None]:
    """The keys that an intent is about to replace, by what bears them."""
    keys = {line.id: line.previous_kms_key_id}
    place = "id"
    if line.copy is not None and line.copy.copy_id is not None:
        # The line names the source, but the key was that of its copy in the other region, or of the copy's members.
        members = line.copy.member_keys
        keys = {line.copy.copy_id: line.previous_kms_key_id} if members is None else dict(members)
        place = "previous_copy_id" if members is None else "previous_member_keys"
    found: dict[Subject, str | None] = {}
    for bearer, previous in keys.items():
        node = _node(bearer, place, name, line)
        try:
            found[_subject_of_line(line, node)] = previous
        except UnknownOcidError as error:
            unknown[bearer] = str(error)
    return found


def _subject_of_line(line: IntentLine, node: JsonNode) -> Subject:
    """The policy assignment of an asset and the replica of a source are known by the OCIDs of these."""
    if line.policy is None and line.replica is None:
        return _subject_of_bearer(node)
    return ASSIGNMENT if line.policy is not None else REPLICA, node.ocid(*RESOURCE_TYPES.assets.ocid_types).value


def _node(value: str, place: str, name: str, line: IntentLine) -> JsonNode:
    return JsonNode(value, name, place, line.number)
