# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""The five steps over any resources, region by region: read, plan, vet the key, apply, settle and verify."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar, cast

from .._api.client import Connection
from .._api.iam import refused_credentials
from .._common.clock import CancellationToken, Clock, Deadline, Timings
from .._common.errors import (
    ApiError,
    InputError,
    ResourceError,
)
from .._documents.journal import Journal
from .._keys.validation import KeyReport, KeyValidator
from .._model.decisions import is_busy, plan
from .._model.ocid import parse
from .._model.state import (
    NONE,
    REGENERATE,
    DesiredState,
    Outcome,
)
from .._resources.base import GroupKind
from .._resources.error_hints import explain_read
from .._resources.registry import KINDS
from .apply import Applier
from .region import Region
from .request import RunSettings, Target

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Regions, or keys, that are worked on at the same time; each region has threads of its own besides.
_MOST_SIDE_BY_SIDE = 32

# Keys kept outside OCI answer slowly (oci_semantics.md fact 28).
EXTERNAL_KEY_CONCURRENCY = 4


@dataclass
class Report:
    """What became of each target, in the order given, and what the user should know besides."""

    outcomes: list[Outcome]
    warnings: list[str] = field(default_factory=list)


class KeyAssigner:
    """Brings resources onto a key. One instance serves one call."""

    def __init__(
        self,
        connection: Connection,
        journal: Journal,
        run_settings: RunSettings,
        *,
        clock: Clock,
        timings: Timings,
        cancellation: CancellationToken | None = None,
    ) -> None:
        self._connection = connection
        self._journal = journal
        self._run_settings = run_settings
        self._cancellation = cancellation or CancellationToken(clock)
        self._deadline = Deadline(clock, run_settings.wait_timeout, self._cancellation)
        self._validator = KeyValidator(connection, clock)
        self._applier = Applier(
            journal, self._validator, wait=run_settings.wait, clock=clock, timings=timings, deadline=self._deadline
        )
        connection.limit_reads(lambda: self._deadline.remaining)

    def run(self, targets: Sequence[Target], desired: DesiredState) -> Report:
        """Bring the targets onto the wanted key. Raises InputError, before anything is written, for what was given."""
        report = Report(self._outcomes(targets))
        by_region: dict[str, list[Outcome]] = {}
        for outcome in report.outcomes:
            if outcome.error is None:
                by_region.setdefault(outcome.region, []).append(outcome)
        regions = [
            Region(name, outcomes, desired, self._connection, self._run_settings.concurrency)
            for name, outcomes in by_region.items()
        ]
        try:
            self._check_credentials(report.outcomes)
            _map_concurrently(regions, Region.read)
            self._check_credentials(report.outcomes)
            for outcome in report.outcomes:
                if outcome.error is None:
                    kind = KINDS[outcome.kind]
                    plan(outcome, desired, kind.noun, kind.decide)
                    self._skip(outcome)
            _map_concurrently(regions, Region.read_missing_etags)
            if self._run_settings.validate_key:
                self._validate_desired_key(regions, desired, report)
                self._validate_current_keys(regions, report)
            report.warnings.extend(_planned_change_warnings(report.outcomes))
            if not self._run_settings.check_mode:
                self._apply(regions)
        finally:
            for region in regions:
                region.close()
        for outcome in report.outcomes:
            report.warnings.extend(outcome.warnings)
        return report

    def _outcomes(self, targets: Sequence[Target]) -> list[Outcome]:
        """An outcome for each target; for a group one for each of its members, in the group's place."""
        groups = [target for target in targets if isinstance(target.kind, GroupKind)]
        members = dict(zip((group.id for group in groups), _map_concurrently(groups, self._members)))
        found: dict[str, Outcome] = {}
        for target in targets:
            own = [
                Outcome(
                    target.id,
                    target.kind.type,
                    target.region,
                    kind=target.kind.name,
                    expected_kms_key_id=target.expected_kms_key_id,
                )
            ]
            for outcome in members.get(target.id, own):
                known = found.setdefault(outcome.id, outcome)
                known.group_id = known.group_id or outcome.group_id
        return list(found.values())

    def _members(self, group: Target) -> list[Outcome]:
        """The outcomes of a group's members, or the group's own with the reason why there are none."""
        try:
            ids = cast(GroupKind, group.kind).members(self._connection.block_volume(group.region), group.id)
        except ApiError as error:
            reason = explain_read(error, group.kind, group.region)
            return [Outcome(group.id, group.kind.type, group.region, error=reason)]
        if not ids:
            reason = ResourceError(code="NoMembers", message=f"The {group.kind.noun} lists no members that have a key.")
            return [Outcome(group.id, group.kind.type, group.region, error=reason)]
        return [_member(member, group, cast(GroupKind, group.kind)) for member in ids]

    def _skip(self, outcome: Outcome) -> None:
        if not outcome.changed or outcome.before is None or outcome.skip_if_key_differs(outcome.before):
            return
        reason = KINDS[outcome.kind].lock_reason(outcome.before)
        if reason is not None and not self._run_settings.include_locked:
            outcome.skip(reason, "see 'include_locked'")

    def _check_credentials(self, outcomes: Iterable[Outcome]) -> None:
        """A 401 concerns every resource alike (oci_semantics.md section 4: signature, clock)."""
        for outcome in outcomes:
            if outcome.error is not None and outcome.error.status == 401:
                refused = refused_credentials(
                    self._connection.describe_principal(), outcome.error.code, outcome.error.message
                )
                raise InputError(f"{refused} Nothing was changed.")

    def _validate_desired_key(self, regions: Sequence[Region], desired: DesiredState, report: Report) -> None:
        kms_key_id = desired.kms_key_id
        if kms_key_id is None:
            return

        slots = {
            KINDS[outcome.kind].key_region(outcome.before, desired): None
            for outcome in report.outcomes
            if outcome.before is not None
        }
        names = [place for place in slots if place is not None]
        problems: list[str] = []
        for name, key in zip(
            names, _map_concurrently(names, lambda name: self._validator.check_assignable(kms_key_id, name))
        ):
            problems.extend(f"In {name}, {kms_key_id} {problem}." for problem in key.problems)
            _limit_concurrency_for_external_key(key, regions)
            for warning in key.warnings:
                if self._run_settings.multi_version_key_fails and key.versions != 1:
                    problems.append(f"In {name}, {kms_key_id} {warning} ('multi_version_key: fail').")
                else:
                    report.warnings.append(f"In {name}, {kms_key_id} {warning}.")
        if problems:
            raise InputError(" ".join(["Nothing was changed, because the key can't be used.", *problems]))

    def _validate_current_keys(self, regions: Sequence[Region], report: Report) -> None:
        leaving: dict[tuple[str, str], list[Outcome]] = {}
        for outcome in report.outcomes:
            before = outcome.before
            if (
                not outcome.changed
                or outcome.action == REGENERATE
                or not KINDS[outcome.kind].requires_usable_current_key
            ):
                continue
            if before is not None and before.kms_key_id:
                leaving.setdefault((before.kms_key_id, before.region), []).append(outcome)
        keys = list(leaving)
        for name, key in zip(keys, _map_concurrently(keys, lambda name: self._validator.check_removable(*name))):
            _limit_concurrency_for_external_key(key, regions)
            for problem in key.problems:
                for outcome in leaving[name]:
                    outcome.action = NONE
                    outcome.changed = False
                    outcome.error = ResourceError(
                        code="KeyCannotBeLeft",
                        message=f"The current key {key.id} {problem}.",
                    )

    def _apply(self, regions: Sequence[Region]) -> None:
        working = [region for region in regions if region.planned or region.already_assigned_but_settling()]
        if not working:
            return
        self._journal.open()
        try:
            with self._cancellation.shield():
                faults = _map_concurrently(working, self._apply_guarded)
            for region, fault in zip(working, faults):
                _fail_all(region.planned, fault)
        finally:
            self._journal.close()

    def _apply_guarded(self, region: Region) -> Exception | None:
        """A fault of ours outside of any one change must not lose the outcomes either."""
        try:
            self._applier.apply(region)
        except Exception as fault:
            return fault
        return None


def _member(member_id: str, group: Target, kind: GroupKind) -> Outcome:
    """The outcome of a group's member, which fails alone where it is of a type that is not known."""
    types = {KINDS[name].ocid_type: name for name in kind.member_types}
    try:
        ocid_type = parse(member_id).type
    except InputError:
        ocid_type = ""
    if ocid_type in types:
        return Outcome(member_id, types[ocid_type], group.region, group_id=group.id)
    reason = ResourceError(
        code="UnknownMember",
        message=f"This member of the {kind.noun} {group.id} is none of {', '.join(kind.member_types)}, so the "
        "collection does not know how to change its key.",
        hint="Look for a newer release of the collection, or change the key of this member in the console.",
    )
    return Outcome(member_id, kind.type, group.region, group_id=group.id, error=reason)


def _map_concurrently(items: Sequence[_Item], work: Callable[[_Item], _Result]) -> list[_Result]:
    """Do the same for every item at once. An exception is raised only after all have ended."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(len(items), _MOST_SIDE_BY_SIDE)) as pool:
        return [future.result() for future in [pool.submit(work, item) for item in items]]


def _limit_concurrency_for_external_key(key: KeyReport, regions: Iterable[Region]) -> None:
    """Keep the changes few that make a key be used which is kept outside OCI."""
    if key.is_external:
        for region in regions:
            region.limit(EXTERNAL_KEY_CONCURRENCY)


def _fail_all(outcomes: Iterable[Outcome], fault: Exception | None) -> None:
    for outcome in outcomes:
        if fault is not None and outcome.time_settled is None:
            outcome.settled = False
            outcome.error = ResourceError(code="InternalError", message=repr(fault))


def _planned_change_warnings(outcomes: Iterable[Outcome]) -> list[str]:
    """What a user should know about planned changes before they are made."""
    cautions = []
    for outcome in outcomes:
        before = outcome.before
        if before is None or not outcome.changed:
            continue
        elsewhere = [replica.id for replica in before.replicas if _region_part(replica.id) != _region_part(outcome.id)]
        if elsewhere:
            cautions.append(
                f"{outcome.label} has a replica in another region ({', '.join(elsewhere)}), which keeps its own key; "
                "the replica is read again after the change."
            )
        if is_busy(before):
            cautions.append(
                f"{outcome.label} is {before.lifecycle_state}: what has to be done is decided again when it is done."
            )
    return cautions


def _region_part(ocid: str) -> str:
    try:
        return parse(ocid).region_part
    except InputError:  # the API may give OCIDs of a form that is not known yet
        return ""
