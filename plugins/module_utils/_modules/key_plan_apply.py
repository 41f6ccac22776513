# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an AnsibleModule's options to one batch of a plan carried out, and back to a small result."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast

from ansible.module_utils.basic import AnsibleModule

from .._api.client import Connection
from .._api.settings import resolve_connection
from .._changes.engine import KeyAssigner, Report
from .._changes.key_steps import EXTERNAL_KEY_CONCURRENCY
from .._changes.progress import ChangeProgress, Span
from .._changes.request import RunSettings, Target
from .._changes.results import message, outcome_entry, summary
from .._common.cancellation import CancellationToken
from .._common.errors import InputError
from .._common.kept_folder import expect_kept
from .._common.progress import ProgressLog
from .._common.timestamps import parse_moment
from .._documents.batch_file import BatchRow, batch_file, write_batch_file
from .._documents.interrupted import InterruptedPolicy, former_run_journals
from .._documents.journal import Journal
from .._documents.journal_events import JOURNAL_NAME
from .._documents.plan_file import PlanEntry, PlanFile, Slice, read_plan
from .._documents.run_locks import lock_places
from .._documents.subject import Subject, subject
from .._keys.validation import KeyValidator
from .._model.ocid import expect_realm, expect_region, parse
from .._model.outcome import Outcome
from .._model.resource import DesiredState
from .._model.resource_types import ASSIGNMENT, RESOURCE_TYPES
from .._planning.batch_results import (
    PreviousAttempt,
    PreviousBatches,
    merge_attempts,
    read_previous_attempt,
    read_previous_batches,
)
from .._planning.progress import progress_line, slice_label
from .._resources.planned import planned_kind
from .call_files import input_files
from .change_options import parse_run_settings
from .change_runtime import ChangeRuntime
from .checked_files import CHECKED_ELSEWHERE, check_files
from .errors import IN_THE_JOURNAL, fail_module_on_error
from .interrupted import find_interrupted, with_default_journal
from .output import invocation, warn, warn_of
from .progress import live_progress
from .put_back import PutBack, put_back, with_interrupted, with_quiet_times
from .signals import cancelled_by_signals

# Failures that the result of a task lists at most; the file of the batch has all of them.
_MOST_FAILURES = 20
# Journals of runs that ended longer ago tell of nothing that is on its way still; there may be thousands.
_RECENT_SECONDS = 3600


def apply_batch(module: AnsibleModule) -> NoReturn:
    """Carry out one batch of a plan, and end the module."""
    runtime = ChangeRuntime.default()
    with fail_module_on_error(module, IN_THE_JOURNAL), cancelled_by_signals(runtime.clock) as cancellation:
        result, is_unsettled = _apply_live(module, runtime, cancellation)
    if result["summary"]["failed"] or is_unsettled:
        module.fail_json(invocation=invocation(module), **result)
    module.exit_json(invocation=invocation(module), **result)


def _apply_live(
    module: AnsibleModule, runtime: ChangeRuntime, cancellation: CancellationToken
) -> tuple[dict[str, Any], bool]:
    with live_progress(module, runtime.clock) as log:
        return _apply(module, runtime, cancellation, log)


def _apply(
    module: AnsibleModule, runtime: ChangeRuntime, cancellation: CancellationToken, log: ProgressLog
) -> tuple[dict[str, Any], bool]:
    """The result, and whether something is lost that an interrupted run took away."""
    options = module.params
    path = Path(os.path.expanduser(options["plan_file"]))
    plan = read_plan(path)
    parts = _parts(plan, options["batch"], path)
    if not module.check_mode and plan.dry_run:
        raise InputError(f"{str(path)!r} is the plan of a dry run. Make a plan outside of check mode to carry it out")
    settings = resolve_connection(options, os.environ)
    module.no_log_values.update(settings.secrets)
    run_settings = _run_settings(options, plan, check_mode=module.check_mode)
    connection = runtime.connect(settings, run_settings.concurrency)
    module.no_log_values.update(connection.secrets)
    if connection.tenancy and plan.tenancy != connection.tenancy:
        raise InputError(f"The plan is of tenancy {plan.tenancy}, but the credentials are for {connection.tenancy}")
    journal_path = path.parent / JOURNAL_NAME
    if not module.check_mode:
        expect_kept(journal_path.parent, "The journal", os.environ)
    written = {"journal": journal_path, "batch file": batch_file(path.parent, options["batch"])}
    read = [("plan_file", path), *input_files(options, "progress_file")]
    check_files(options, written, read, formats={"journal": CHECKED_ELSEWHERE})
    journal = Journal(journal_path, runtime.clock, connection.tenancy)
    tried = read_previous_attempt(path.parent, options["batch"])
    batch = _Batch(module, path.parent, plan, parts, read_previous_batches(path.parent), tried)
    validator = KeyValidator(connection, runtime.clock)

    def assigner(settings: RunSettings, span: Span | None = None) -> KeyAssigner:
        return KeyAssigner(
            connection,
            journal,
            settings,
            clock=runtime.clock,
            timings=runtime.timings,
            cancellation=cancellation,
            live=ChangeProgress(log, span),
            lock_places=lock_places(journal.path, os.environ),
            validator=validator,
        )

    warnings: list[str] = []
    interrupted = find_interrupted([journal.path], connection.tenancy, warnings)
    batch.note(warnings)
    work: list[tuple[list[Target], DesiredState, Span]] = []
    for part in parts:
        targets, desired = _requested(plan, part, connection)
        targets, interrupted = with_interrupted(targets, interrupted)
        if not run_settings.check_mode:
            now, late_commit = runtime.clock.timestamp(), runtime.timings.late_commit
            targets = with_quiet_times(targets, _journals(journal.path, now), now, late_commit)
        work.append((targets, desired, Span(part.first, part.total)))
    if len(work) > 1 and not module.check_mode:
        for targets, desired, _span in work:  # each of them before the first of them is changed
            assigner(replace(run_settings, check_mode=True)).run(targets, desired)
    began = runtime.clock.monotonic()
    try:
        for targets, desired, span in work:
            if cancellation.is_cancelled:
                break
            batch.take(assigner(run_settings, span).run(targets, desired), desired)
        batch.recovered = put_back(_not_planned(interrupted, plan), connection, journal, run_settings, assigner)
    finally:
        batch.seconds = runtime.clock.monotonic() - began
        batch.write()
    return batch.result(), bool(batch.recovered.unsettled)


def _journals(own: Path, now: str) -> list[Path]:
    """The journals that may tell of a change that is on its way still: also those of runs beside this one."""
    latest = parse_moment(now).timestamp() - _RECENT_SECONDS
    beside = [path for path in former_run_journals(own.parent.parent) if path.stat().st_mtime >= latest]
    return with_default_journal([own, *beside])


def _not_planned(interrupted: Sequence[InterruptedPolicy], plan: PlanFile) -> list[InterruptedPolicy]:
    """Without those that another batch of the plan is about."""
    planned = {row["asset_id"] for row in plan.entries if row["type"] == ASSIGNMENT}
    return [policy for policy in interrupted if policy.asset_id not in planned]


class _Batch:
    """What became of a batch so far. It is written down however the batch ends."""

    def __init__(
        self,
        module: AnsibleModule,
        folder: Path,
        plan: PlanFile,
        parts: Sequence[Slice],
        previous: PreviousBatches,
        tried: PreviousAttempt,
    ) -> None:
        self.seconds = 0.0
        self.recovered = PutBack()
        self._module = module
        self._path = batch_file(folder, module.params["batch"])
        self._plan = plan
        self._parts = parts
        self._previous = previous
        self._tried = tried
        self._outcomes: list[Outcome] = []
        self._entries: list[BatchRow] = []
        self._warnings: dict[str, None] = {}

    def take(self, report: Report, desired: DesiredState) -> None:
        self._outcomes += report.outcomes
        self._entries += [_result_entry(outcome, desired, self._module.check_mode) for outcome in report.outcomes]
        self._warnings.update(dict.fromkeys(report.warnings))

    def note(self, warnings: Iterable[str]) -> None:
        self._warnings.update(dict.fromkeys(warnings))

    def result(self) -> dict[str, Any]:
        self.note(self.recovered.warnings)
        warn(self._module, self._warnings, f"'warnings' in {str(self._path)!r}")
        failures = [_short(entry) for entry in self._entries if entry["error"]]
        result = {**self._counts(), "resources": failures[:_MOST_FAILURES]}
        if self.recovered.outcomes:
            result["recovered"] = self.recovered.entries(check_mode=self._module.check_mode)
        result["changed"] = result["changed"] or self.recovered.changed
        result["msg"] = "\n".join([result["msg"], *self.recovered.problems])
        return result

    def _counts(self) -> dict[str, Any]:
        counts = summary(self._outcomes)
        label = _label(self._parts, len(self._outcomes))
        return {
            "changed": any(outcome.changed for outcome in self._outcomes),
            "summary": counts,
            "progress": progress_line(label, counts["changed"], counts["failed"], self._seconds_left()),
            "is_canary": self._plan.canary_batch == self._module.params["batch"],
            "failed_so_far": len(self._failed_so_far()),
            "msg": message(self._outcomes, check_mode=self._module.check_mode),
        }

    def _failed_so_far(self) -> set[Subject]:
        """What failed in other batches, and in this one when it was tried last."""
        rows = merge_attempts(self._tried, self._entries)
        failed = {subject(row) for row in rows if row.get("error")}
        return failed.union(self._previous.failed - self._tried.rows.keys())

    def _seconds_left(self) -> float | None:
        """How long the rest of the plan takes, if it goes on as it did so far. None after the last batch."""
        number = self._module.params["batch"]
        sizes = {key: sum(part.stop - part.start for part in parts) for key, parts in self._plan.batches.items()}
        left = sum(size for key, size in sizes.items() if key > number)
        done = self._previous.done + sizes[number]
        return (self._previous.seconds + self.seconds) / done * left if left else None

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


def _parts(plan: PlanFile, number: int, path: Path) -> Sequence[Slice]:
    """The slices of a batch, each of entries that want one key."""
    if number not in plan.batches:
        known = f"from {min(plan.batches)} to {max(plan.batches)}" if plan.batches else "none"
        raise InputError(f"{str(path)!r} has no batch {number}; the numbers that it has are {known}")
    parts = plan.batches[number]
    for part in parts:
        if len({(row["wanted_kms_key_id"], row["type"]) for row in plan.entries[part.start : part.stop]}) != 1:
            raise InputError(f"{str(path)!r} was modified: batch {number} mixes resource types or keys")
    return parts


def _run_settings(options: Mapping[str, Any], plan: PlanFile, *, check_mode: bool) -> RunSettings:
    """Locked backups in a plan are intended."""
    given = {"multi_version_key": "warn", "wait": True, "include_locked": True, **options}
    run_settings = parse_run_settings(given, check_mode=check_mode)
    if plan.slow:
        return replace(run_settings, concurrency=min(run_settings.concurrency, EXTERNAL_KEY_CONCURRENCY))
    return run_settings


def _requested(plan: PlanFile, part: Slice, connection: Connection) -> tuple[list[Target], DesiredState]:
    """What a slice wants changed. Raises InputError unless resources, regions and keys are those of the tenancy."""
    entries = plan.entries[part.start : part.stop]
    realm = parse(plan.tenancy).realm
    for entry in entries:
        for kms_key_id in (entry["kms_key_id"], entry["wanted_kms_key_id"]):
            if kms_key_id is not None:
                expect_realm(parse(kms_key_id), realm, "the tenancy")
        if entry["wanted_kms_key_id"] is not None:
            where = connection.regions.expect(entry["key_region"], f"'key_region' of {entry['id']} in the plan is")
            _expect_realm_of_region(connection, where, realm)
    return [_target(entry, connection, realm) for entry in entries], DesiredState(entries[0]["wanted_kms_key_id"])


def _expect_realm_of_region(connection: Connection, region: str, realm: str) -> None:
    found = connection.regions.realms[region]
    if found != realm:
        raise InputError(f"The plan names region {region} of realm {found}, but the tenancy is in realm {realm}")


def _target(entry: PlanEntry, connection: Connection, realm: str) -> Target:
    """An entry's resource, on the key that the plan found it on."""
    ocid = parse(entry["asset_id"] if entry["type"] == ASSIGNMENT else entry["id"])
    expect_realm(ocid, realm, "the tenancy")
    region = connection.regions.expect(entry["region"], f"'region' of {entry['id']} in the plan is")
    _expect_realm_of_region(connection, region, realm)
    if ocid.region_part:
        region = expect_region(ocid, connection.regions)
    return Target(
        id=ocid.value,
        kind=planned_kind(entry["type"], ocid),
        region=region,
        expected_kms_key_id=entry["kms_key_id"] or "",
        interrupted=_lost_policy(entry, ocid.value),
    )


def _lost_policy(entry: PlanEntry, asset_id: str) -> InterruptedPolicy | None:
    """The policy that an interrupted run took away, as the plan found it in a journal."""
    runs, policy_id = entry.get("lost_in_runs"), entry.get("policy_id")
    if runs is None or policy_id is None:
        return None
    return InterruptedPolicy(
        asset_id=asset_id,
        asset_type=RESOURCE_TYPES.by_ocid_type[parse(asset_id).type].name,
        display_name=entry["display_name"],
        policy_id=policy_id,
        kms_key_id=entry["kms_key_id"],
        runs=tuple(runs),
        journal="plan.json",
        line=0,
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
    return cast(BatchRow, entry)


def _label(parts: Sequence[Slice], count: int) -> str:
    if len(parts) == 1:
        return slice_label(parts[0])
    return (
        f"First of each region, kind and key: {count:,} resources in {len({part.region for part in parts}):,} regions"
    )


def _short(entry: BatchRow) -> dict[str, Any]:
    return {name: entry.get(name) for name in ("id", "type", "display_name", "region", "error")}
