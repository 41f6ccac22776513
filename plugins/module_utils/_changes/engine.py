# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The five steps over any resources, region by region: read, plan, validate the keys, apply, verify."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._common.cancellation import CancellationToken, Deadline
from .._common.clock import Clock
from .._common.concurrency import map_concurrently
from .._common.errors import ApiError, InputError, ResourceError
from .._common.records import replace
from .._documents.journal import Journal
from .._documents.run_locks import LockPlaces, OtherRuns, open_locks
from .._keys.validation import KeyValidator
from .._model.actions import REGENERATE
from .._model.decisions import GONE_STATES, Decision, decide, decide_interrupted, is_busy
from .._model.ocid import parse
from .._model.outcome import Outcome
from .._model.resource import DesiredState, Reading, Resource
from .._resources.base import GroupKind
from .._resources.error_hints import explain_read
from .._resources.registry import KINDS
from .attempts import Change, Progress, internal_error
from .half_way import decide_without_others, may_be_half_way
from .key_steps import KeySteps
from .members import without_strangers
from .planned_warnings import planned_change_warnings
from .progress import ChangeProgress
from .region import Region
from .request import RunSettings, Target
from .results import not_in_journal, outcome_of
from .timings import Timings

if TYPE_CHECKING:
    from .apply import Applier


@dataclass(frozen=True)
class Report:
    """The outcome for each target, in the order given, and what the user should know besides."""

    outcomes: list[Outcome]
    warnings: list[str]


class KeyAssigner:
    """Assigns keys to resources. One instance serves one call."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        run_settings: RunSettings,
        *,
        clock: Clock,
        timings: Timings,
        cancellation: CancellationToken | None = None,
        live: ChangeProgress | None = None,
        lock_places: LockPlaces | None = None,
        validator: KeyValidator | None = None,
    ) -> None:
        self._connection = connection
        self._journal = journal
        self._run_settings = run_settings
        self._cancellation = cancellation or CancellationToken(clock)
        self._deadline = Deadline(clock, run_settings.wait_timeout, self._cancellation)
        self._live = live or ChangeProgress()
        self._validator = validator or KeyValidator(connection, clock)
        self._keys = KeySteps(connection, self._validator, run_settings)
        self._clock = clock
        self._timings = timings
        self._lock_places = lock_places
        self._warnings: list[str] = []
        connection.limit_reads(lambda: self._deadline.remaining)

    def run(self, targets: Sequence[Target], desired: DesiredState) -> Report:
        """Bring the targets to the desired state. Raises InputError before anything is written."""
        resources, decisions = self._expand(targets, desired)
        self._check_credentials(decisions.values())
        by_region: dict[str, list[Target]] = {}
        for target in resources:
            if target.id not in decisions:
                by_region.setdefault(target.region, []).append(target)
        regions = [
            Region(name, found, self._connection, self._run_settings.concurrency) for name, found in by_region.items()
        ]
        outcomes: dict[str, Outcome] = {}
        others = OtherRuns(self._lock_places)
        try:
            with self._live.reading([target for region in regions for target in region.targets]):
                read = map_concurrently(lambda region: region.read(desired), regions)
            for region, readings in zip(regions, read):
                readings = without_strangers(region.targets, readings)
                decisions.update(self._decide_all(region.targets, readings, desired))
                decisions.update(self._decide_interrupted(region, readings, desired))
            decisions.update(self._decide_without_others(regions, decisions, desired, others))
            self._check_credentials(decisions.values())
            for found in map_concurrently(lambda region: self._with_etags(region, decisions, desired), regions):
                decisions.update(found)
            warnings = []
            if self._run_settings.validate_key:
                with self._live.validating():
                    decisions.update(self._keys.with_known_region(resources, decisions, desired))
                    warnings = self._keys.validate_desired(regions, resources, decisions, desired)
                    decisions.update(self._keys.validate_current(regions, resources, decisions))
            warnings += planned_change_warnings(resources, decisions)
            self._live.planned(resources, decisions, self._keys.names, check_mode=self._run_settings.check_mode)
            if not self._run_settings.check_mode:
                outcomes = self._apply(regions, decisions)
                warnings += self._settle_interrupted(resources, decisions, outcomes)
        finally:
            for region in regions:
                region.close()
        made = [outcomes.get(target.id) or outcome_of(target, decisions[target.id]) for target in resources]
        return Report(
            made, [*warnings, *self._warnings, *(warning for outcome in made for warning in outcome.warnings)]
        )

    # --- read and plan

    def _expand(self, targets: Sequence[Target], desired: DesiredState) -> tuple[list[Target], dict[str, Decision]]:
        """Each resource once, groups replaced by their members; and the decision on those that have failed already."""
        groups = [target for target in targets if isinstance(target.kind, GroupKind)]
        members = dict(zip((group.id for group in groups), map_concurrently(self._members, groups)))
        found: dict[str, Target] = {}
        failed: dict[str, Decision] = {}
        for target in targets:
            for member, error in members.get(target.id, [(target, None)]):
                known = found.setdefault(member.id, member)
                found[member.id] = replace(known, group_id=known.group_id or member.group_id)
                if error is not None:
                    failed.setdefault(member.id, Decision(None, desired, error=error))
        return list(found.values()), failed

    def _members(self, group: Target) -> list[tuple[Target, ResourceError | None]]:
        """The members of a group, each with an error if it can't be changed; or the group with why there are none."""
        kind = cast(GroupKind, group.kind)
        try:
            ids = kind.members(self._connection.block_volume(group.region), group.id)
        except ApiError as error:
            return [(group, explain_read(error, kind, group.region))]
        if not ids:
            return [(group, ResourceError(code="NoMembers", message=f"The {kind.noun} has no members with a key."))]
        return [_member(member, group, kind) for member in ids]

    def _decide_all(
        self, targets: Iterable[Target], readings: Mapping[str, Reading], desired: DesiredState
    ) -> dict[str, Decision]:
        return {target.id: self._decide(target, readings[target.id], desired) for target in targets}

    def _decide(self, target: Target, reading: Reading, desired: DesiredState) -> Decision:
        return decide(
            reading,
            desired,
            target.resource_kind,
            expected_kms_key_id=target.expected_kms_key_id,
            expected_policy_id=target.expected_policy_id,
            include_locked=self._run_settings.include_locked,
        )

    def _decide_interrupted(
        self, region: Region, readings: Mapping[str, Reading], desired: DesiredState
    ) -> dict[str, Decision]:
        """The decision on each policy or replica that another run took away and left so, unless none is desired."""
        found: dict[str, Decision] = {}
        for target in region.targets:
            reading, interrupted = readings[target.id], target.interrupted
            if interrupted is None or desired.unassigned or isinstance(reading, ResourceError):
                continue
            former = region.reader_of(target).before_interruption(reading, interrupted.taken)
            if former is not None:
                found[target.id] = decide_interrupted(
                    former,
                    desired,
                    target.resource_kind,
                    expected_kms_key_id=target.expected_kms_key_id,
                    expected_policy_id=target.expected_policy_id,
                    include_locked=self._run_settings.include_locked,
                )
        return found

    def _decide_without_others(
        self, regions: Sequence[Region], decisions: Mapping[str, Decision], desired: DesiredState, others: OtherRuns
    ) -> dict[str, Decision]:
        """The decision on each resource that another run was changing when it was read."""
        if not any(may_be_half_way(target, decisions[target.id]) for region in regions for target in region.targets):
            return {}

        def decided_in(region: Region) -> dict[str, Decision]:
            return decide_without_others(
                region,
                decisions,
                lambda target, reading: self._decide(target, reading, desired),
                others,
                clock=self._clock,
                timings=self._timings,
                deadline=self._deadline,
            )

        found: dict[str, Decision] = {}
        others.open()
        try:
            for decided in map_concurrently(decided_in, regions):
                found.update(decided)
        finally:
            others.close()
        return found

    def _with_etags(
        self, region: Region, decisions: Mapping[str, Decision], desired: DesiredState
    ) -> dict[str, Decision]:
        """Decide again on regenerations by a GET: a list may lag, and a needless data key can't be taken back."""
        without = [
            target
            for target in region.targets
            if decisions[target.id].action == REGENERATE and decisions[target.id].known.etag is None
        ]
        readings = {target.id: region.reader_of(target).get(target.id) for target in without}
        again = self._decide_all(without, readings, desired)
        for target in without:
            if again[target.id].reading is None:  # what a list has shown of it is still known
                again[target.id] = replace(again[target.id], reading=decisions[target.id].reading)
        return again

    def _check_credentials(self, decisions: Iterable[Decision]) -> None:
        """A 401 concerns every resource alike (oci_semantics.md section 4: signature, clock)."""
        for decision in decisions:
            if decision.error is not None and decision.error.status == 401:
                refused = refused_credentials(self._connection, decision.error.code, decision.error.message)
                raise InputError(f"{refused} Nothing was changed.")

    # --- apply and verify

    def _apply(self, regions: Sequence[Region], decisions: Mapping[str, Decision]) -> dict[str, Outcome]:
        """The outcome for each resource that was changed, or that had to settle only."""
        working = [region for region in regions if any(map(_needs_work, _decisions_in(region, decisions)))]
        if not working:
            return {}
        # Only here, since check mode and runs that find all as it should be don't get here: it takes 25 ms of a start.
        from .apply import Applier

        outcomes: dict[str, Outcome] = {}
        self._journal.open()
        try:
            locks = open_locks(self._lock_places)
            self._warnings += locks.warnings
            applier = Applier(
                self._journal,
                locks.names,
                self._validator,
                wait=self._run_settings.wait,
                clock=self._clock,
                timings=self._timings,
                deadline=self._deadline,
            )
            try:
                with self._cancellation.shield():
                    for made in map_concurrently(lambda region: self._apply_in(region, decisions, applier), working):
                        outcomes.update(made)
            finally:
                locks.names.close()
        finally:
            self._journal.close()
        return outcomes

    def _settle_interrupted(
        self, targets: Iterable[Target], decisions: Mapping[str, Decision], outcomes: Mapping[str, Outcome]
    ) -> list[str]:
        """Note in the journal what became of changes that earlier runs did not end, where it is known now."""
        found = [
            (target.interrupted, now)
            for target in targets
            if target.interrupted is not None
            and (now := _settled_state(decisions[target.id], outcomes.get(target.id))) is not None
        ]
        if not found:
            return []
        try:
            self._journal.open()
            try:
                for interrupted, now in found:
                    self._journal.settle(interrupted, now)
            finally:
                self._journal.close()
        except (OSError, InputError) as error:
            return [f"That interrupted changes are settled could not be written to the journal ({error})."]
        return []

    def _apply_in(self, region: Region, decisions: Mapping[str, Decision], applier: Applier) -> dict[str, Outcome]:
        """Make the changes of one region, and put together what became of each."""
        work = [_change(target, decisions[target.id], region) for target in region.targets]
        work = [change for change in work if _needs_work(change.decision)]
        changes = [change for change in work if change.decision.is_change]
        settling = [change for change in work if not change.decision.is_change]
        progress = Progress()
        concluded: dict[str, Outcome] = {}
        fault: ResourceError | None = None

        def conclude(ended: Sequence[Change]) -> None:
            made = [self._outcome(change, progress, fault) for change in ended]
            concluded.update((outcome.id, outcome) for outcome in self._conclude(made, progress))

        try:
            with self._live.changing(region.name, region.targets, work, progress):
                applier.apply(changes, settling, region.pool, region.concurrency, progress, conclude)
        except Exception as error:  # a fault of ours outside of any one change must not lose the outcomes either
            fault = internal_error(error)
        conclude([change for change in work if change.id not in concluded])
        return concluded

    @staticmethod
    def _outcome(change: Change, progress: Progress, fault: ResourceError | None) -> Outcome:
        return outcome_of(
            change.target,
            change.decision,
            progress.attempts.get(change.id),
            progress.verifications.get(change.id),
            fault=fault,
        )

    def _conclude(self, outcomes: Sequence[Outcome], progress: Progress) -> list[Outcome]:
        """Write what became of changes into the journal; what only had to settle is in none."""
        lines = [outcome for outcome in outcomes if outcome.id in progress.attempts]
        if not lines:
            return list(outcomes)
        try:
            self._journal.conclude(*lines)
        except Exception as error:  # the outcomes are not lost for that
            return [not_in_journal(outcome, error) if outcome in lines else outcome for outcome in outcomes]
        return list(outcomes)


def _settled_state(decision: Decision, outcome: Outcome | None) -> Resource | None:
    """What a resource is now, if nothing is left to be done to it; None if that is not known, or something is."""
    if outcome is not None:
        return (outcome.after or outcome.before) if outcome.error is None else None
    if decision.error is None or (decision.reading is not None and decision.known.lifecycle_state in GONE_STATES):
        return decision.reading
    return None


def _member(member_id: str, group: Target, kind: GroupKind) -> tuple[Target, ResourceError | None]:
    """A group's member, which fails alone where its type is not known."""
    types = {KINDS[name].ocid_type: name for name in kind.member_types}
    try:
        ocid_type = parse(member_id).type
    except InputError:
        ocid_type = ""
    if ocid_type in types:
        return Target(member_id, KINDS[types[ocid_type]], group.region, group_id=group.id), None
    error = ResourceError(
        code="UnknownMember",
        message=f"This member of the {kind.noun} {group.id} has an unknown type; known are "
        f"{', '.join(kind.member_types)}.",
        hint="Update the collection, or change the key of this member in the console.",
    )
    return Target(member_id, kind, group.region, group_id=group.id), error


def _change(target: Target, decision: Decision, region: Region) -> Change:
    return Change(target, decision, target.resource_kind, region.reader_of(target))


def _decisions_in(region: Region, decisions: Mapping[str, Decision]) -> list[Decision]:
    return [decisions[target.id] for target in region.targets]


def _needs_work(decision: Decision) -> bool:
    """Whether there is something to change, or something that has the desired key but is still in transition:
    perhaps changed by a run that was interrupted."""
    return decision.is_change or (decision.is_fulfilled and is_busy(decision.known))
