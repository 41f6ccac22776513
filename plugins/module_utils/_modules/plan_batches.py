# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out the batches of one plan, each with a file that is written however it ends."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._changes.engine import KeyAssigner, Report
from .._changes.key_steps import EXTERNAL_KEY_CONCURRENCY
from .._changes.progress import ChangeProgress, Span
from .._changes.recreation import run_with_recreation
from .._changes.request import RunSettings, Target
from .._changes.results import message, outcome_entry, summary
from .._common.cancellation import CancellationToken
from .._common.progress import NO_PROGRESS, ProgressLog
from .._common.quantities import resources
from .._common.timestamps import parse_moment
from .._documents.batch_file import BatchRow, batch_file, write_batch_file
from .._documents.interrupted import InterruptedChange, former_run_journals
from .._documents.journal import Journal
from .._documents.journal_events import JOURNAL_NAME
from .._documents.plan_file import PlanFile, Slice
from .._documents.run_locks import lock_places
from .._documents.subject import Subject, subject
from .._keys.validation import KeyValidator
from .._model.outcome import Outcome
from .._model.resource import DesiredState
from .._model.resource_types import ASSIGNMENT, REPLICA
from .._planning.batch_results import PreviousAttempt, PreviousBatches, merge_attempts, read_previous_attempt
from .._planning.progress import progress_line, slice_label
from .call_files import input_files
from .change_options import parse_run_settings
from .change_runtime import ChangeRuntime
from .checked_files import CHECKED_ELSEWHERE, check_files
from .interrupted import find_interrupted, with_default_journal
from .output import warn, warn_of
from .plan_targets import requested, slices_of
from .put_back import PutBack, put_back, with_interrupted, with_quiet_times

# Failures that the result of a task lists at most; the file of the batch has all of them.
MOST_FAILURES = 20
# Journals of runs that ended longer ago tell of nothing that is on its way still; there may be thousands.
_RECENT_SECONDS = 3600
# What is known of a key for longer than that is looked up again: it may have been disabled meanwhile.
_KEYS_KNOWN_SECONDS = 300.0

Work = list[tuple[list[Target], DesiredState, Span]]
"""What a batch changes: for each of its slices the resources, what is desired for them, and where they stand."""


@dataclass(frozen=True)
class RunContext:
    """What all batches and plans of a run share."""

    module: AnsibleModule
    runtime: ChangeRuntime
    connection: Connection
    cancellation: CancellationToken
    log: ProgressLog = NO_PROGRESS


def check_run_files(options: Mapping[str, Any], path: Path, numbers: Iterable[int]) -> None:
    """Raise InputError if a file that these batches of a plan write is another one of the call, or not one of ours."""
    read = [("plan_file", path), *input_files(options, "progress_file")]
    for number in numbers:
        written = {"journal": path.parent / JOURNAL_NAME, "batch file": batch_file(path.parent, number)}
        check_files(options, written, read, formats={"journal": CHECKED_ELSEWHERE})


class BatchRunner:
    """Carries out batches of one plan. All that the plan names is checked before; raises InputError."""

    def __init__(
        self,
        context: RunContext,
        path: Path,
        plan: PlanFile,
        numbers: Sequence[int],
        previous: PreviousBatches,
    ) -> None:
        self.previous = previous
        self._context = context
        self._folder = path.parent
        self._plan = plan
        self._journal_path = self._folder / JOURNAL_NAME
        options = context.module.params
        self.settings = run_settings(options, plan, check_mode=context.module.check_mode)
        self._parts = {number: slices_of(plan, number, path) for number in numbers}
        self._work: dict[int, Work] = {number: self._requested(number) for number in numbers}
        self._warnings: list[str] = []
        self._interrupted = find_interrupted([self._journal_path], context.connection.tenancy, self._warnings)
        self._validator = KeyValidator(context.connection, context.runtime.clock)
        self._known_since = context.runtime.clock.monotonic()

    def _requested(self, number: int) -> Work:
        return [
            (*requested(self._plan, part, self._context.connection), Span(part.first, part.total))
            for part in self._parts[number]
        ]

    def run(self, number: int) -> BatchRecord:
        """Carry out one batch, and write its file. Raises InputError before the first change of the batch."""
        context, clock = self._context, self._context.runtime.clock
        tried = read_previous_attempt(self._folder, number)
        batch = BatchRecord(context.module, self._folder, self._plan, number, self._parts[number], self.previous, tried)
        batch.note(self._warnings)
        self._warnings = []
        if clock.monotonic() - self._known_since > _KEYS_KNOWN_SECONDS:
            self._validator = KeyValidator(context.connection, clock)
            self._known_since = clock.monotonic()
        # A journal for each batch: lines of one run and resource belong to one change.
        connection = context.connection
        by = replace(
            self._plan.accountability, principal=connection.describe_principal(), auth_type=connection.auth_type
        )
        journal = Journal(self._journal_path, clock, connection.tenancy, by)
        work = self._with_former_runs(self._work.pop(number))
        if len(work) > 1 and not context.module.check_mode:
            for targets, desired, _span in work:  # each of them before the first of them is changed
                self._assigner(journal, replace(self.settings, check_mode=True)).run(targets, desired)
        began = clock.monotonic()
        try:
            for targets, desired, span in work:
                if context.cancellation.is_cancelled:
                    break
                assigner = self._assigner(journal, self.settings, span)
                batch.take(
                    run_with_recreation(assigner.run, targets, desired, check_mode=context.module.check_mode), desired
                )
            lost = not_planned(self._interrupted, self._plan)
            self._interrupted = [policy for policy in self._interrupted if policy not in lost]
            batch.recovered = put_back(
                lost, context.connection, journal, self.settings, lambda settings: self._assigner(journal, settings)
            )
        finally:
            batch.seconds = clock.monotonic() - began
            batch.write()
            self.previous = batch.counted()
        context.log.say(batch.progress)
        return batch

    def _with_former_runs(self, work: Work) -> Work:
        """The targets, with what former runs began to do to them, or may have sent a moment ago."""
        found: Work = []
        for targets, desired, span in work:
            targets, self._interrupted = with_interrupted(targets, self._interrupted)
            if not self.settings.check_mode:
                runtime = self._context.runtime
                now, late_commit = runtime.clock.timestamp(), runtime.timings.late_commit
                targets = with_quiet_times(targets, _journals(self._journal_path, now), now, late_commit)
            found.append((targets, desired, span))
        return found

    def _assigner(self, journal: Journal, settings: RunSettings, span: Span | None = None) -> KeyAssigner:
        context = self._context
        return KeyAssigner(
            context.connection,
            journal,
            settings,
            clock=context.runtime.clock,
            timings=context.runtime.timings,
            cancellation=context.cancellation,
            live=ChangeProgress(context.log, span),
            lock_places=lock_places(journal.path, os.environ),
            validator=self._validator,
        )


def run_settings(options: Mapping[str, Any], plan: PlanFile, *, check_mode: bool) -> RunSettings:
    """Locked backups in a plan are intended."""
    given = {"multi_version_key": "warn", "wait": True, "include_locked": True, **options}
    run_settings = parse_run_settings(given, check_mode=check_mode)
    if plan.slow:
        return replace(run_settings, concurrency=min(run_settings.concurrency, EXTERNAL_KEY_CONCURRENCY))
    return run_settings


def _journals(own: Path, now: str) -> list[Path]:
    """The journals that may tell of a change that is on its way still: also those of runs beside this one."""
    latest = parse_moment(now).timestamp() - _RECENT_SECONDS
    beside = [path for path in former_run_journals(own.parent.parent) if path.stat().st_mtime >= latest]
    return with_default_journal([own, *beside])


def not_planned(interrupted: Sequence[InterruptedChange], plan: PlanFile) -> list[InterruptedChange]:
    """Without those that another batch of the plan is about, and those that the plan leaves out."""
    planned = {subject(entry) for entry in plan.entries}
    left = (plan.blocked, plan.skipped, plan.excluded, plan.not_approved, plan.unsettled)
    left_out = {subject(row) for rows in left for row in rows}
    return [change for change in interrupted if (change.type, change.asset_id) not in planned | left_out]


class BatchRecord:
    """What became of a batch so far. It is written down however the batch ends."""

    def __init__(
        self,
        module: AnsibleModule,
        folder: Path,
        plan: PlanFile,
        number: int,
        parts: Sequence[Slice],
        previous: PreviousBatches,
        tried: PreviousAttempt,
    ) -> None:
        self.seconds = 0.0
        self.recovered = PutBack()
        self._module = module
        self._path = batch_file(folder, number)
        self._plan = plan
        self._number = number
        self._parts = parts
        self._previous = previous
        self._tried = tried
        self._outcomes: list[Outcome] = []
        self._entries: list[BatchRow] = []
        self._warnings: dict[str, None] = {}

    @property
    def is_canary(self) -> bool:
        return self._plan.canary_batch == self._number

    @property
    def outcomes(self) -> Sequence[Outcome]:
        """What became of the resources in this attempt."""
        return self._outcomes

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The resources that failed in this attempt, as results list them."""
        return [_short(entry) for entry in self._entries if entry["error"]]

    @property
    def warnings(self) -> list[str]:
        return list(self._warnings)

    @property
    def attempted(self) -> list[Subject]:
        return [subject(entry) for entry in self._entries]

    def take(self, report: Report, desired: DesiredState) -> None:
        self._outcomes += report.outcomes
        self._entries += [_result_entry(outcome, desired, self._module.check_mode) for outcome in report.outcomes]
        self._warnings.update(dict.fromkeys(report.warnings))

    def note(self, warnings: Iterable[str]) -> None:
        self._warnings.update(dict.fromkeys(warnings))

    def result(self) -> dict[str, Any]:
        """The result of a task for this batch, whose warnings are emitted."""
        self.note(self.recovered.warnings)
        warn(self._module, self._warnings, f"'warnings' in {str(self._path)!r}")
        result = {**self._counts(), "resources": self.failures[:MOST_FAILURES]}
        if self.recovered.outcomes:
            result["recovered"] = self.recovered.entries(check_mode=self._module.check_mode)
        result["changed"] = result["changed"] or self.recovered.changed
        result["msg"] = "\n".join([result["msg"], *self.recovered.problems])
        return result

    def _counts(self) -> dict[str, Any]:
        return {
            "changed": any(outcome.changed for outcome in self._outcomes),
            "summary": summary(self._outcomes),
            "progress": self.progress,
            "is_canary": self.is_canary,
            "failed_so_far": len(self.counted().failed),
            "msg": message(self._outcomes, check_mode=self._module.check_mode),
        }

    @property
    def progress(self) -> str:
        """A line that says which resources these were, and how long the rest of the plan takes."""
        counts = summary(self._outcomes)
        label = _label(self._parts, len(self._outcomes))
        return progress_line(label, counts["changed"], counts["failed"], self.seconds, self._seconds_left())

    def counted(self) -> PreviousBatches:
        """What the batches of the run did, with this one."""
        rows = merge_attempts(self._tried, self._entries)
        return self._previous.with_batch(self._number, self._tried, rows, self.seconds)

    def _seconds_left(self) -> float | None:
        """How long the rest of the plan takes, if it goes on as this batch did. None after the last one, and after a
        canary: how long one resource takes says little of many that are changed side by side."""
        sizes = {key: sum(part.stop - part.start for part in parts) for key, parts in self._plan.batches.items()}
        left = sum(size for key, size in sizes.items() if key > self._number)
        if not left or self.is_canary or not self._outcomes:
            return None
        return self.seconds / len(self._outcomes) * left

    def write(self) -> None:
        if self._module.check_mode:
            return
        rows = merge_attempts(self._tried, self._entries)
        seconds = self._tried.seconds + self.seconds
        try:
            write_batch_file(self._path, rows, seconds, {**self._counts(), "warnings": list(self._warnings)})
        except OSError as error:
            warn_of(
                self._module,
                f"{str(self._path)!r} could not be written, so the outcome is only in the journal: {error}",
            )


def _result_entry(outcome: Outcome, desired: DesiredState, check_mode: bool) -> BatchRow:
    """What became of one entry, an assignment under its own type; with the key that was desired."""
    entry = outcome_entry(outcome, desired, check_mode)
    entry.setdefault("left_alone", outcome.skip_reason)
    entry["wanted_kms_key_id"] = desired.kms_key_id
    if outcome.kind.startswith("policy of "):
        entry.update(
            id=entry["assignment_id"] or outcome.id, type=ASSIGNMENT, asset_id=outcome.id, asset_type=outcome.type
        )
    elif outcome.kind.startswith("replica of "):
        replica_id = entry["previous_replica_id"] or entry["replica_id"] or outcome.id
        entry.update(id=replica_id, type=REPLICA, asset_id=outcome.id, asset_type=outcome.type)
    return cast(BatchRow, entry)


def _label(parts: Sequence[Slice], count: int) -> str:
    if len(parts) == 1:
        return slice_label(parts[0])
    regions = len({part.region for part in parts})
    where = "1 region" if regions == 1 else f"{regions:,} regions"
    return f"First of each region, kind and key: {resources(count)} in {where}"


def _short(entry: BatchRow) -> dict[str, Any]:
    return {name: entry.get(name) for name in ("id", "type", "display_name", "region", "error")}
