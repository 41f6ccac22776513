# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Which key each resource had before runs that left reports, plans or journals. The files are read with distrust.

Of several files, or of a run that was killed and the one that finished it, the oldest former key of a resource counts:
it is the original one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._common.errors import InputError
from .._documents.json_reader import JsonNode, read_bytes
from .._model.decisions import ASSIGN, REMOVE
from .._model.ocid import expect_type, parse
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from .plan import FORMAT
from .plan_file import parse_plan, tenancy_of

REPORT_FORMAT = "oci_keys.block_volume/report"


@dataclass
class FormerKey:
    """What files tell of one resource, or of one asset's assignment.

    ``original`` is its oldest former key, ``assigned_keys`` every key that a run gave it or meant to; None is the
    Oracle-managed one. ``policy_id`` is the backup policy that the assignment had.
    """

    type: str
    id: str
    time: str
    original: str | None
    assigned_keys: set[str | None] = field(default_factory=set)
    policy_id: str | None = None


@dataclass
class FormerKeys:
    """The former keys in all files. ``unknown`` gives the reason by OCID where the former key is not known.

    ``truncated_lines`` counts journal lines that can't be read, e.g. the last one of a process that was killed.
    """

    found: dict[tuple[str, str], FormerKey] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    tenancies: set[str] = field(default_factory=set)
    truncated_lines: int = 0

    def note(
        self,
        subject: tuple[str, str],
        time: str,
        previous: str | None,
        assigned_keys: Iterable[str | None],
        policy_id: str | None = None,
    ) -> None:
        former = self.found.setdefault(subject, FormerKey(*subject, time, previous, policy_id=policy_id))
        if time < former.time:
            former.time, former.original, former.policy_id = time, previous, policy_id
        former.assigned_keys.update(assigned_keys)


def read_former_keys(paths: Sequence[Path]) -> FormerKeys:
    """Read reports, plans and journals, or all of these in folders of runs. Raises InputError for what is none."""
    former = FormerKeys()
    for path in paths:
        if path.is_dir():
            _read_folder(path, former)
        else:
            _read_file(path, former)
    return former


def _read_folder(folder: Path, former: FormerKeys) -> None:
    """All that a run has left.

    A run that ended has left a report. What its plans hold besides, such as those of later rounds that were more than
    was meant, it gave no key: whatever it began is in its journal. A run that was killed has left no report; whoever
    finished it did what it had planned, so all of that goes back to where it was before the first of them.
    """
    reports, journals = sorted(folder.glob("report.json")), sorted(folder.glob("journal.jsonl"))
    plans = sorted(folder.glob("plan*.json"))
    if not [*reports, *plans, *journals]:
        raise InputError(f"{str(folder)!r} has no report.json, plan.json or journal.jsonl; give the folder of a run")
    for file in [*reports, *plans]:
        _read_file(file, former, was_killed=not reports)
    for file in journals:
        # A run that was killed may have left it empty, or with half a line.
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
    except ValueError:
        _read_journal(content, name, former)
        return
    kind = root.value.get("format") if isinstance(root.value, dict) else None
    if kind == REPORT_FORMAT:
        _read_report(root, name, former)
    elif kind == FORMAT:
        _read_plan(root, name, former, was_killed=was_killed)
    elif isinstance(root.value, dict) and root.value.get("event") in ("intent", "outcome"):
        _read_journal(content, name, former)
    else:
        raise InputError(f"{name!r} is neither a report nor a plan nor a journal of this collection")


def _refuse_dry_run(name: str) -> None:
    raise InputError(
        f"{name!r} is of a dry run, which changed nothing, so there is nothing to put back. Give the file of the run "
        "that made the changes"
    )


def _read_plan(root: JsonNode, name: str, former: FormerKeys, *, was_killed: bool) -> None:
    plan = parse_plan(root)
    if plan.dry_run:
        _refuse_dry_run(name)
    former.tenancies.add(plan.tenancy)
    if not was_killed:
        return
    time = root.get("time_created").text()
    for entry in plan.entries:
        subject = (entry["type"], entry.get("asset_id") or entry["id"])
        former.note(subject, time, entry["kms_key_id"], [entry["wanted_kms_key_id"]], entry.get("policy_id"))


def _read_report(root: JsonNode, name: str, former: FormerKeys) -> None:
    root.expect_format(REPORT_FORMAT, 1)
    plan = root.get("plan")
    if plan.value is not None and plan.get("dry_run").flag():
        _refuse_dry_run(name)
    evidence = root.get("evidence")
    former.tenancies.add(tenancy_of(evidence.get("tenancy")))
    for node in root.get("changes").items():
        # A copy that was made had no key before.
        if not node.get("changed").flag() or node.get("action").value not in (ASSIGN, REMOVE):
            continue
        of_assignment = node.get("type").value == ASSIGNMENT
        bearer = node.get("copy_id") if "copy_id" in node.mapping() else node.get("id")
        if not of_assignment and parse(bearer.text()).type == "volumegroupbackup":
            former.unknown[bearer.text()] = (
                "a report does not tell the keys of its members; the journal of that run does"
            )
            continue
        subject = _subject(node, bearer, of_assignment=of_assignment)
        encryption = node.get("previous_encryption").one_of("customer", "oracle", "unknown")
        if encryption == "unknown":
            former.unknown[subject[1]] = "it could not be read then"
            continue
        previous = _key(node.get("previous_kms_key_id"))
        if (encryption == "oracle") != (previous is None):
            node.get("previous_kms_key_id").fail(f"'previous_encryption' is {encryption}")
        given = [] if node.get("encryption").value == "unknown" else [_key(node.get("kms_key_id"))]
        if "wanted_kms_key_id" in node.mapping():
            given.append(_key(node.get("wanted_kms_key_id")))
        policy_id = node.get("previous_policy_id").text_or_none()
        former.note(subject, _time_of(node, evidence), previous, given, policy_id)


def _time_of(change: JsonNode, evidence: JsonNode) -> str:
    """When a change was made, or its run at least. Without any time it would count as the oldest, and so as right."""
    for told in (change.get("time_requested"), evidence.get("time_started"), evidence.get("time_finished")):
        time = told.text_or_none()
        if time is not None:
            return time
    change.get("time_requested").fail("it has to be known which of several changes was the first")


def _read_journal(content: bytes, name: str, former: FormerKeys, *, may_be_empty: bool = False) -> None:
    intents = 0
    for number, line in enumerate(content.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            root = JsonNode(json.loads(line), f"{name}, line {number}")
        except (ValueError, RecursionError):
            former.truncated_lines += 1
            continue
        if not isinstance(root.value, dict) or root.value.get("event") not in ("intent", "outcome"):
            raise InputError(f"{name!r} is neither a report nor a plan nor a journal of this collection")
        intents += 1
        if root.value["event"] == "intent" and root.get("action").text() in (ASSIGN, REMOVE):
            _read_intent(root, former)
    if not intents and not may_be_empty:
        raise InputError(f"{name!r} is neither a report nor a plan nor a journal of this collection")


def _read_intent(root: JsonNode, former: FormerKeys) -> None:
    if root.get("tenancy").text_or_none() is not None:
        former.tenancies.add(tenancy_of(root.get("tenancy")))
    of_assignment = "previous_policy_id" in root.mapping()
    if root.mapping().get("previous_copy_id") is not None:
        _read_intent_for_copy(root, former)
        return
    subject = _subject(root, root.get("id"), of_assignment=of_assignment)
    if "previous_kms_key_id" not in root.mapping():
        # Left out, it would count as the Oracle-managed key.
        root.get("previous_kms_key_id").fail("a key or null is expected")
    previous = _key(root.get("previous_kms_key_id"))
    policy_id = root.get("previous_policy_id").text_or_none()
    former.note(subject, root.get("time").text(), previous, [_key(root.get("kms_key_id"))], policy_id)


def _read_intent_for_copy(root: JsonNode, former: FormerKeys) -> None:
    """The line names the source, but what got another key is its copy in the other region, or that one's members."""
    time, given = root.get("time").text(), _key(root.get("kms_key_id"))
    keys = {root.get("previous_copy_id").text(): root.get("previous_kms_key_id")}
    if "previous_member_keys" in root.mapping():
        members = root.get("previous_member_keys")
        keys = {member: members.get(member) for member in members.mapping()}
    for name, previous in keys.items():
        former.note(_bearer(name), time, _key(previous), [given])


def _subject(node: JsonNode, bearer: JsonNode, *, of_assignment: bool) -> tuple[str, str]:
    """What a row is about: its type follows from the OCID of what bears the key, whatever the file says."""
    if of_assignment:
        asset = parse(node.get("asset_id").text_or_none() or node.get("id").text())
        expect_type(asset, *RESOURCE_TYPES.assets.ocid_types)
        return ASSIGNMENT, asset.value
    return _bearer(bearer.text())


def _bearer(name: str) -> tuple[str, str]:
    """The type and the OCID of a resource that has a key itself."""
    ocid = parse(name)
    expect_type(ocid, *RESOURCE_TYPES.changed_by_ocid.ocid_types)
    return RESOURCE_TYPES.by_ocid_type[ocid.type].name, ocid.value


def _key(node: JsonNode) -> str | None:
    value = node.text_or_none()
    if value is not None:
        expect_type(parse(value), "key")
    return value
