# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an AnsibleModule's options to a plan in a file, and back to a small result. Nothing in OCI is changed."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._api.settings import CONNECTION_OPTIONS
from .._common.clock import Clock
from .._common.errors import InputError
from .._common.progress import NO_PROGRESS, ProgressLog
from .._common.quantities import duration
from .._common.table import width_of
from .._common.text import readable
from .._common.values import is_blank
from .._documents.formats import PLAN_FORMAT
from .._documents.journal_events import JOURNAL_NAME
from .._documents.keys_file import read_keys
from .._documents.keys_writer import write_keys
from .._documents.latest_link import point_latest_to
from .._documents.packed_plan import pack_plan
from .._documents.plan_file import MadeWith, PlanFile
from .._documents.plan_writer import count_entries, write_plan
from .._documents.subject import subject
from .._keys.results import key_entry, summary
from .._keys.validation import KeyValidator
from .._model.accountability import Accountability
from .._model.change_table import MOST_ROWS
from .._model.counts import count_plan
from .._model.ocid_names import Names
from .._planning.batch_results import PreviousBatches, read_previous_batches
from .._planning.batches import split_into_batches
from .._planning.key_checks import KeyChecks, KeyInRegion, check_keys
from .._planning.plan import Plan
from .._planning.plan_text import PlanWords, plan_lines, plan_summary
from .call_files import input_files
from .checked_files import check_files
from .connection import connect_to_read
from .errors import (
    NOTHING_WAS_CHANGED,
    fail_module_on_error,
)
from .options import writable_file
from .output import invocation, warn_of
from .plan_filters import expect_no_blanks
from .progress import PROGRESS_OPTIONS, live_progress
from .run_folder import create_run_folder
from .runtime import Runtime

# Files that say what may be changed.
_GUARDS = ("exceptions_file", "plan_signers", "plan_signature", "terraform_state")

# Requests at a time to one service of a region, and how often each is tried, as for a discovery.
_CONCURRENCY = 16
_ATTEMPTS = 6

# A plan of at most this many characters still fits into an artifact of a workflow.
_MOST_INLINE = 25_000
_TOO_LARGE = (
    "The plan is too large to pass inline; only its path and digest are passed on. The approved job must be able to "
    "read the file"
)


@dataclass
class PlanContext:
    """What a module needs to make its plan. ``given`` are the options of the plan."""

    module: AnsibleModule
    given: Mapping[str, Any]
    connection: Connection
    validator: KeyValidator
    folder: Path
    clock: Clock
    partial_result: dict[str, Any]
    """What the result has even if the module fails later."""
    log: ProgressLog = NO_PROGRESS
    role: str = "rekey"
    """The role whose variables messages name."""
    named: dict[str, Any] = field(default_factory=dict)
    """The options with names, with OCIDs instead."""

    @cached_property
    def previous(self) -> PreviousBatches:
        """What earlier batches of the same run did, according to the files in its folder. Raises InputError."""
        return read_previous_batches(self.folder)

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of the plan, with OCIDs instead of names as far as those were looked up."""
        return {**self.given, **self.named}

    @property
    def multi_version_key_fails(self) -> bool:
        return bool(self.options["multi_version_key"] == "fail")

    def check_keys(self, desired: Iterable[KeyInRegion], plan: Plan) -> KeyChecks:
        """Look up the desired keys and those that the plan's resources are on. Raises InputError as it does."""
        with self.log.during(lambda seconds: f"validating the keys, for {duration(seconds)}"):
            return check_keys(self.connection, self.validator, desired, plan.entries)

    def expect_tenancy(self, tenancy: str, name: str) -> None:
        """Raise InputError where a file is of another tenancy than the credentials."""
        own = self.connection.tenancy
        if own and tenancy != own:
            raise InputError(
                f"{name} is of tenancy {tenancy}, but the credentials are for {own}. Use the credentials of that "
                "tenancy, or a file of this one"
            )


@dataclass(frozen=True)
class PlanResult:
    """A plan and what Vault says of its keys. ``facts`` are also written to its file, ``warnings`` to the result.

    ``names`` are those of keys and compartments, by OCID. ``approved`` and ``present`` are the digests of the approved
    plan and of the plan before it was compared with that; ``gone`` counts approved changes that are not in it.
    ``places_not_seen`` counts what the discovery could not read. ``notes`` are sentences about the changes.
    """

    plan: Plan
    key_checks: KeyChecks
    tenancy: str
    facts: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    names: Mapping[str, str | None] = field(default_factory=dict)
    signed_by: str | None = None
    approved: str | None = None
    present: str | None = None
    gone: int = 0
    places_not_seen: int = 0
    complete: bool = True
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanModule:
    """A module that plans: its name, its argument spec, how it makes a plan, and the role whose variables its messages
    name."""

    name: str
    make_spec: Callable[[], Mapping[str, dict[str, Any]]]
    make: Callable[[PlanContext], PlanResult]
    role: str

    @property
    def spec(self) -> dict[str, dict[str, Any]]:
        return dict(self.make_spec())

    @property
    def options_for_later(self) -> list[str]:
        """The options that a later plan of the same run is made with: without those that are its own."""
        return [name for name in self.spec if name not in {"plan_file", *PROGRESS_OPTIONS, *CONNECTION_OPTIONS}]


def write_key_plan(module: AnsibleModule, planner: PlanModule) -> NoReturn:
    """Make a plan, write it to its file, and end the module."""
    runtime = Runtime.default()
    partial_result: dict[str, Any] = {}
    with fail_module_on_error(module, extra_result=partial_result):
        try:
            with live_progress(module, runtime.clock) as log:
                result = _write(module, planner, runtime, partial_result, log)
        except OSError as error:
            raise InputError(f"The plan could not be made: {error}. {NOTHING_WAS_CHANGED}") from error
    module.exit_json(invocation=invocation(module), **partial_result, **result)


def _write(
    module: AnsibleModule, planner: PlanModule, runtime: Runtime, partial_result: dict[str, Any], log: ProgressLog
) -> dict[str, Any]:
    options = module.params
    folder = expect_plan_options(options, planner)
    connection = connect_to_read(module, runtime, concurrency=_CONCURRENCY, attempts=_ATTEMPTS)
    validator = KeyValidator(connection, runtime.clock, exact_versions=True)
    context = PlanContext(
        module, options, connection, validator, folder, runtime.clock, partial_result, log, planner.role
    )
    _document, result = make_and_write(context, planner)
    return result


def expect_plan_options(options: Mapping[str, Any], planner: PlanModule) -> Path:
    """The folder of the plan. Raises InputError for options that no plan can be made with, before anything is read."""
    expect_no_blanks(options)
    if options["create_folder"] and not is_blank(options["plan_file"]):
        create_run_folder("plan_file", options["plan_file"], f"{planner.role}_report_dir")
    plan_file = writable_file("plan_file", options["plan_file"])
    if plan_file is None:
        raise InputError("'plan_file' is empty. Give the file to write the plan to")
    written = {
        "plan_file": plan_file,
        "keys_file": writable_file("keys_file", options["keys_file"]),
        "new_discovery_file": writable_file("new_discovery_file", options["new_discovery_file"]),
    }
    reserved: list[tuple[str, Path | None]] = [(f"the {JOURNAL_NAME} of the run", plan_file.parent / JOURNAL_NAME)]
    read = [*input_files(options, "discovery_file", "approved_file", "reports", *_GUARDS), *reserved]
    check_files(options, written, read, formats={"plan_file": PLAN_FORMAT})
    for name, least in (("batch_size", 1), ("canary", 0)):
        if options[name] < least:
            raise InputError(f"'{name}' must be at least {least}, but is {options[name]}. Give a larger number")
    return plan_file.parent


def make_and_write(context: PlanContext, planner: PlanModule) -> tuple[PlanFile, dict[str, Any]]:
    """Make the plan and write it to its file; the plan, and the result of a task for it. Raises InputError, OSError."""
    module, options, role = context.module, context.options, planner.role
    plan_file, keys_file = context.folder / Path(options["plan_file"]).name, options["keys_file"]
    result = planner.make(context)
    plan, previous = result.plan, context.previous
    first_batch = previous.last + 1
    canary = 0 if previous.last else options["canary"]
    batches = split_into_batches(plan.entries, options["batch_size"], canary)
    if not is_blank(keys_file):
        _write_keys(
            Path(os.path.expanduser(keys_file)), result.key_checks, context.connection, is_first=not previous.last
        )
    run_id = options["run_id"]
    document = PlanFile(
        entries=plan.entries,
        digest=plan.digest,
        tenancy=result.tenancy,
        dry_run=module.check_mode,
        run_id=uuid.uuid4().hex if is_blank(run_id) else run_id,
        time_created=context.clock.timestamp(),
        slow=result.key_checks.has_external,
        canary_batch=1 if canary and batches else None,
        blocked=plan.blocked,
        skipped=plan.skipped,
        excluded=plan.excluded,
        not_approved=plan.not_approved,
        unsettled=plan.unsettled,
        unchanged=plan.unchanged,
        not_selected=plan.not_selected,
        not_seen=plan.not_seen,
        advice=plan.advice,
        batches=dict(enumerate(batches, first_batch)),
        names=_names(result),
        accountability=_accountability(context, result.signed_by),
        made_with=MadeWith(planner.name, _options_for_later(context.options, planner)),
    )
    write_plan(plan_file, document, result.facts)
    if options["create_folder"] and not previous.last:
        point_latest_to(plan_file.parent)  # the run is complete without the link
    for warning in dict.fromkeys([*result.key_checks.warnings(), *result.warnings]):
        warn_of(module, warning)
    inline = _inline_plan(result) if module.check_mode else None
    note = _TOO_LARGE if module.check_mode and inline is None else None
    words = PlanWords(
        dry_run=module.check_mode,
        names=Names(document.names),
        width=width_of(os.environ.get("COLUMNS")),
        role=role,
        approved=result.approved,
        present=result.present,
        gone=result.gone,
        places_not_seen=result.places_not_seen,
        notes=(*result.notes, *filter(None, [note])),
    )
    return document, {
        "changed": False,
        "plan_file": str(plan_file),
        "digest": plan.digest,
        "complete": result.complete,
        "summary": _summary(result, previous),
        "counts": count_entries(plan.entries)[:MOST_ROWS],
        "first_batch": first_batch,
        "batch_count": len(batches),
        "lines": plan_lines(plan, words),
        "plan": inline,
        "plan_note": note,
        "msg": plan_summary(plan, words),
    }


def _accountability(context: PlanContext, signed_by: str | None) -> Accountability:
    options = context.options
    approved_by, change_ticket = (
        None if is_blank(options[name]) else readable(options[name], _MOST_TEXT)
        for name in ("approved_by", "change_ticket")
    )
    connection = context.connection
    return Accountability(connection.describe_principal(), connection.auth_type, approved_by, change_ticket, signed_by)


_MOST_TEXT = 500
_PATHS = ("discovery_file", "new_discovery_file", "keys_file", "approved_file", "reports", "former_runs", *_GUARDS)


def _options_for_later(options: Mapping[str, Any], planner: PlanModule) -> dict[str, Any]:
    """The options that a later plan of the same run is made with. Paths don't depend on the current folder."""
    found = {name: options[name] for name in planner.options_for_later}
    for name in _PATHS:
        value = found.get(name)
        if isinstance(value, list):
            found[name] = [path if is_blank(path) else _absolute(path) for path in value]
        elif not is_blank(value):
            found[name] = _absolute(value)
    return found


def _absolute(path: Any) -> str:
    return os.path.abspath(os.path.expanduser(str(path)))


def _inline_plan(result: PlanResult) -> str | None:
    """The plan as text that an approval can be based on, if it is small enough."""
    packed = pack_plan(result.plan.entries, result.plan.digest, result.tenancy)
    return packed if len(packed) <= _MOST_INLINE else None


def _names(result: PlanResult) -> dict[str, str | None]:
    """The names of the keys, compartments and policies that the plan is about; None where a key's is not known."""
    plan = result.plan
    rows = [*plan.entries, *plan.blocked, *plan.skipped, *plan.excluded, *plan.not_approved, *plan.unsettled]
    keys = [key for row in rows for key in (row["kms_key_id"], row.get("wanted_kms_key_id")) if key]
    keys += [key for advice in plan.advice for key in advice["kms_key_ids"] if key]
    found: dict[str, str | None] = {ocid: result.names.get(ocid) for ocid in keys}
    found.update((ocid, name) for ocid, name in result.names.items() if ocid.startswith("ocid1.key."))
    found.update((row["compartment_id"], result.names.get(row["compartment_id"])) for row in rows)
    policies = [policy for row in rows for policy in (row.get("policy_id"), row.get("wanted_policy_id")) if policy]
    found.update((policy, result.names[policy]) for policy in policies if policy in result.names)
    found.update(
        (report.id, report.display_name)
        for report in result.key_checks.reports
        if report.display_name and not found.get(report.id)
    )
    found.pop("", None)
    return found


def _summary(result: PlanResult, previous: PreviousBatches) -> dict[str, int]:
    plan = result.plan
    counts = count_plan(plan)
    return {
        **counts,
        "changed_earlier": previous.changed,
        "failed_earlier": len(previous.failed),
        "unchanged_by_run": len(plan.unchanged_subjects & previous.changed_subjects),
        "blocked_by_failure": sum(subject(row) in previous.failed for row in plan.blocked),
        "not_seen": counts["not_seen"] + result.places_not_seen,
    }


def _write_keys(path: Path, key_checks: KeyChecks, connection: Connection, *, is_first: bool) -> None:
    """Write the keys. A later plan of a run keeps keys of earlier ones that no resource is on any more."""
    rows: list[Mapping[str, Any]] = [key_entry(report, connection.auth_type) for report in key_checks.reports]
    if not is_first and path.exists():
        known = {(row["id"], row["region"]) for row in rows}
        rows += [row for row in read_keys(path) if (row["id"], row["region"]) not in known]
    write_keys(path, rows, summary(rows))
