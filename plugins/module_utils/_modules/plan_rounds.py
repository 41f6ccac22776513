# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carrying out a whole plan: its batches until one of them says stop, then a new plan for what was made meanwhile."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._changes.results import MOST_FAILURES_IN_MESSAGE, message_of_counts, summary
from .._common.errors import BlockVolumeKeyError, InputError
from .._common.text import label
from .._documents.batch_file import read_batch_files
from .._documents.plan_file import PlanFile
from .._documents.subject import Subject
from .._keys.validation import KeyValidator
from .._model.counts import ChangeCounts, count_plan
from .._model.outcome import Outcome
from .._planning.batch_results import PreviousBatches, previous_batches
from .._planning.course import (
    INTERRUPTED,
    STOPPED,
    Limits,
    batches_left,
    changes_again,
    counts_without_look,
    reason_to_stop,
)
from .abandoned import is_abandoned
from .output import warn
from .plan_batches import MOST_FAILURES, BatchRecord, BatchRunner, RunContext, check_run_files

if TYPE_CHECKING:
    from .key_plan import PlanModule

_AFTER, _LAST_PLAN = "after.json", "plan-last.json"
_MOST_ROUNDS = 10
_MOST_NAMED = 5
_MOST_RECOVERED = 80
# Of the result of a plan, what the result of a run has; its file has the rest.
_LAST_PLAN_FIELDS = ("plan_file", "digest", "complete", "summary", "first_batch", "batch_count", "msg")


@dataclass
class _Course:
    """What became of a run so far. ``done`` are the resources of earlier attempts' batches that need no other one."""

    previous: PreviousBatches
    done: dict[int, set[Subject]]
    counts: ChangeCounts = field(default_factory=lambda: summary(()))
    changed: bool = False
    failed: list[Outcome] = field(default_factory=list)
    failures: list[dict[str, Any]] = field(default_factory=list)
    recovered: list[dict[str, Any]] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    warnings: dict[str, None] = field(default_factory=dict)
    attempted: list[Subject] = field(default_factory=list)
    batches: int = 0
    is_canary: bool = False
    stopped: str | None = None

    def take(self, batch: BatchRecord, *, check_mode: bool) -> None:
        now = summary(batch.outcomes)
        self.counts = {
            "total": self.counts["total"] + now["total"],
            "changed": self.counts["changed"] + now["changed"],
            "unchanged": self.counts["unchanged"] + now["unchanged"],
            "failed": self.counts["failed"] + now["failed"],
        }
        self.changed |= batch.recovered.changed or any(outcome.changed for outcome in batch.outcomes)
        if now["failed"]:
            failed = [outcome for outcome in batch.outcomes if outcome.error is not None]
            self.failed += failed[: MOST_FAILURES_IN_MESSAGE - len(self.failed)]
            self.failures += batch.failures[: MOST_FAILURES - len(self.failures)]
        self.recovered += batch.recovered.entries(check_mode=check_mode)
        self.unsettled += batch.recovered.problems
        self.warnings.update(dict.fromkeys([*batch.warnings, *batch.recovered.warnings]))
        self.attempted += batch.attempted
        self.batches += 1
        self.is_canary = batch.is_canary


def apply_plan(context: RunContext, path: Path, plan: PlanFile) -> tuple[dict[str, Any], bool]:
    """Carry out a plan, and as many rounds as the options allow. The result, and whether the task failed.

    Raises InputError for what concerns all resources of a batch, such as a key that can't be used any more.
    """
    module, options = context.module, context.module.params
    limits = Limits(options["rounds"], options["max_failures"], options["max_changes"])
    _expect_limits(limits)
    again = _Replanner(context, path, plan) if limits.rounds > 1 and not module.check_mode else None
    earlier = read_batch_files(path.parent)
    course = _Course(previous_batches(earlier), {batch.number: set(batch.rows) - batch.failed for batch in earlier})
    try:
        _apply_batches(context, path, plan, course, limits)
        if again is not None:
            _apply_later_rounds(context, again, course, limits)
    finally:
        warn(module, course.warnings, "'warnings' in the files of the batches")
    result = _result(course, check_mode=module.check_mode)
    if again is not None:
        result.update(again.result(course))
    return result, bool(course.failures or course.unsettled or course.stopped or (again and again.error))


def _expect_limits(limits: Limits) -> None:
    if not 1 <= limits.rounds <= _MOST_ROUNDS:
        raise InputError(f"'rounds' is {limits.rounds}, but must be from 1 to {_MOST_ROUNDS}")
    for name, value in (("max_failures", limits.max_failures), ("max_changes", limits.max_changes)):
        if value is not None and value < 0:
            raise InputError(f"'{name}' is {value}, but must be at least 0")


def _apply_batches(context: RunContext, path: Path, plan: PlanFile, course: _Course, limits: Limits) -> None:
    """Carry out the batches of one plan, until one of them gives a reason to stop."""
    numbers = batches_left(plan, course.done)
    runner = BatchRunner(context, path, plan, numbers, course.previous)
    for number in numbers:
        try:
            batch = runner.run(number)
        except InputError as error:
            if not course.batches:
                raise
            raise InputError(
                f"Batch {number} could not be carried out: {error} This concerns that batch and those after it. The "
                f"{course.batches:,} before it are done; their files and the journal list what was changed"
            ) from error
        course.previous = runner.previous
        course.take(batch, check_mode=context.module.check_mode)
        course.stopped = reason_to_stop(
            limits,
            is_canary=batch.is_canary,
            failed=summary(batch.outcomes)["failed"],
            failed_so_far=len(course.previous.failed),
            is_cancelled=context.cancellation.is_cancelled or is_abandoned(),
        )
        if course.stopped:
            return


def _apply_later_rounds(context: RunContext, again: _Replanner, course: _Course, limits: Limits) -> None:
    """Plan again, and make those changes too, until nothing is left or no more rounds are allowed."""
    number = 1
    while not course.stopped:
        number += 1
        if not again.plan(course, f"plan-{number}.json"):
            return
        if not changes_again(limits, number, again.last["summary"]):
            return
        again.found = None
        check_run_files(context.module.params, again.path, again.document.batches)
        _apply_batches(context, again.path, again.document, course, limits)
    if course.stopped != INTERRUPTED:
        again.plan(course, _LAST_PLAN)


class _Replanner:
    """Makes the later plans of a run, as its first one was made. Raises InputError if that can't be done."""

    def __init__(self, context: RunContext, path: Path, plan: PlanFile) -> None:
        self.path = path
        self.document = plan
        self.last: dict[str, Any] = {"plan_file": str(path), "digest": plan.digest, "summary": count_plan(plan)}
        """The result of the last plan."""
        self.found: dict[str, Any] | None = None
        """The last discovery, unless something was changed after it."""
        self.error: str | None = None
        """Why the last plan could not be made."""
        self._context = context
        self._planner, self._options = _recorded(path, plan)

    def plan(self, course: _Course, name: str) -> bool:
        """Whether a plan could be made of what is there now, with what the batches so far did."""
        from .key_plan import PlanContext, expect_plan_options, make_and_write

        context, folder = self._context, self.path.parent
        options = {
            **context.module.params,
            **self._options,
            "plan_file": str(folder / name),
            "new_discovery_file": str(folder / _AFTER),
        }
        partial: dict[str, Any] = {}
        clock = context.runtime.clock
        context.connection.limit_reads(lambda: math.inf)  # the time limit was that of the last batch
        try:
            expect_plan_options(options, self._planner)
            planning = PlanContext(
                context.module,
                options,
                context.connection,
                KeyValidator(context.connection, clock, exact_versions=True),
                folder,
                clock,
                partial,
                context.log,
                self._planner.role,
            )
            planning.previous = course.previous
            document, result = make_and_write(planning, self._planner)
        except (BlockVolumeKeyError, OSError) as error:
            self.error = str(error)
            self.found = partial.get("found")
            return False
        self.path, self.document, self.last = folder / name, document, result
        self.found = partial.get("found") or {
            "file": options["new_discovery_file"],
            "complete": True,
            "msg": "",
        }
        course.attempted = []
        return True

    def result(self, course: _Course) -> dict[str, Any]:
        """What the last plan and discovery add to the result of the task."""
        last = {name: self.last[name] for name in _LAST_PLAN_FIELDS if name in self.last}
        if self.error is not None or self.found is None:
            counts = counts_without_look(self.last["summary"], course.attempted, self.document)
            done = {"changed_earlier": course.previous.changed, "failed_earlier": len(course.previous.failed)}
            last["summary"] = {**counts, **done}
        return {"last_plan": last, "found": self.found, "discovery_error": self.error}


def _plan_module(name: str) -> PlanModule | None:
    """The module of this name that makes plans.

    Imported only here, since one plan is of one module, and the single round that is the default makes no other one:
    they and what they need take 100 ms of a start.
    """
    if name == "key_assignment_plan":
        from .key_assignment_plan import ASSIGNMENT_PLAN

        return ASSIGNMENT_PLAN
    if name == "key_restore_plan":
        from .key_restore_plan import RESTORE_PLAN

        return RESTORE_PLAN
    if name == "backup_policy_plan":
        from .backup_policy_plan import POLICY_PLAN

        return POLICY_PLAN
    return None


def _recorded(path: Path, plan: PlanFile) -> tuple[PlanModule, dict[str, Any]]:
    """The module that made a plan and its options, each of which has to be there.

    None is to select more by its absence. Raises InputError.
    """
    made = plan.made_with
    planner = _plan_module(made.module) if made is not None else None
    if made is None or planner is None:
        raise InputError(
            f"{str(path)!r} does not record its options, so later rounds can't repeat it. Make the plan again, or set "
            "'rounds' to 1"
        )
    spec = {name: option for name, option in planner.spec.items() if name in planner.options_for_later}
    # None may stand for a default only where that is none itself.
    missing = [name for name in spec if name not in made.options]
    missing += [name for name in spec if made.options.get(name) is None and spec[name].get("default") is not None]
    if missing:
        raise InputError(f"{str(path)!r} was modified: 'made_with' has no option {missing[0]!r}. Make the plan again")
    if made.options.get("discovery_file") is not None:
        raise InputError(
            f"{str(path)!r} was made from a 'discovery_file', so later rounds can't repeat it. Make it with "
            "'new_discovery_file', or set 'rounds' to 1"
        )
    given = {name: value for name, value in made.options.items() if value is not None}
    validated = ArgumentSpecValidator(spec).validate(given)
    if validated.error_messages:
        raise InputError(f"{str(path)!r} was modified: in 'made_with', {'; '.join(validated.error_messages)}")
    return planner, dict(validated.validated_parameters)


def _result(course: _Course, *, check_mode: bool) -> dict[str, Any]:
    lines = [message_of_counts(course.counts, course.failed, check_mode=check_mode)]
    if not course.batches:
        lines = ["Nothing is left to do of the plan"]
    if course.stopped:
        lines.append(STOPPED[course.stopped])
    result: dict[str, Any] = {
        "changed": course.changed,
        "summary": course.counts,
        "batches": course.batches,
        "stopped": course.stopped,
        "is_canary": course.is_canary,
        "failed_so_far": len(course.previous.failed),
        "resources": course.failures,
        "msg": "\n".join([*lines, *_recovered_lines(course.recovered, check_mode=check_mode), *course.unsettled]),
    }
    if course.recovered:
        result["recovered"] = course.recovered[:_MOST_RECOVERED]
        result["put_back"] = sum(1 for entry in course.recovered if entry["changed"] and not entry["error"])
    return result


def _recovered_lines(recovered: Sequence[Mapping[str, Any]], *, check_mode: bool) -> list[str]:
    """The policies, not of the plan, that are assigned again since an interrupted run had taken them away."""
    verb = "would be" if check_mode else "was"
    lines = [
        f"Backup policy {entry['policy_id']}, which an interrupted run had taken away, {verb} assigned again to "
        f"{label(entry['display_name'] or '', entry['id'])}"
        for entry in recovered
        if entry["changed"] and not entry["error"]
    ]
    more = [f"... and {len(lines) - _MOST_NAMED:,} more backup policies"] if len(lines) > _MOST_NAMED else []
    return [*lines[:_MOST_NAMED], *more]
