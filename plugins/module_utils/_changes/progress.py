# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a call says of itself while it reads, validates and changes resources. Counts what is known anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from .._common.progress import NO_PROGRESS, ProgressLog, pace
from .._common.quantities import duration
from .._model.decisions import Decision
from .._model.resource_types import ASSIGNMENT, REPLICA, RESOURCE_TYPES
from .attempts import Change, Phase, Progress
from .request import Target

PlannedLines = Callable[[Sequence[Target], Mapping[str, Decision], Mapping[str, "str | None"], bool], list[str]]
"""Words for what is going to change: of the targets, with the names of keys, and whether in check mode."""

_MANY = 200
"""Resources whose reading is announced at once, and not only when it has taken a while."""


@dataclass(frozen=True)
class Span:
    """The place of a call's resources in a longer list of the same region and kind: the first is number ``first``."""

    first: int
    total: int


class ChangeProgress:
    """How far a call has got, in each of its regions."""

    def __init__(
        self, log: ProgressLog = NO_PROGRESS, span: Span | None = None, planned_lines: PlannedLines | None = None
    ) -> None:
        """``planned_lines``: show what is going to change before it does, in these words."""
        self._log = log
        self._span = span
        self._planned_lines = planned_lines

    def reading(self, targets: Sequence[Target]) -> AbstractContextManager[None]:
        """While the targets are read."""
        line = f"{_places(targets)}: reading {len(targets):,} {_kinds(targets)}"
        if len(targets) >= _MANY and self._span is None:
            self._log.say(line)  # that takes long for certain
        return self._log.during(lambda seconds: f"{line}{_since(seconds)}")

    def validating(self) -> AbstractContextManager[None]:
        """While keys are looked up."""
        return self._log.during(lambda seconds: f"validating the keys{_since(seconds)}")

    def planned(
        self,
        targets: Sequence[Target],
        decisions: Mapping[str, Decision],
        key_names: Mapping[str, str | None],
        *,
        check_mode: bool,
    ) -> None:
        """Show what is going to change, if that is asked for."""
        if self._planned_lines is not None:
            for line in self._planned_lines(targets, decisions, key_names, check_mode):
                self._log.say(line)

    def changing(
        self, region: str, targets: Sequence[Target], work: Sequence[Change], progress: Progress
    ) -> AbstractContextManager[None]:
        """While the changes of one region are made: ``work`` are those of the targets that need one."""
        skipped = len(targets) - len(work)
        before = self._span.first - 1 + skipped if self._span else 0
        total = self._span.total if self._span else len(work)
        name = f"{region}: {_kinds([change.target for change in work])}"

        def line(seconds: float) -> str:
            counts = count(work, progress)
            done = before + counts.done
            begun = f", {counts.requested:,} requested" if counts.requested else ""
            failed = f", {counts.failed:,} failed" if counts.failed else ""
            return f"{name} {done:,} of {total:,}{begun}{failed}, {pace(counts.done, total - done, seconds)}"

        # Who gives a span says in a line of their own what became of it.
        return self._log.during(line, concludes=self._span is None)


@dataclass(frozen=True)
class Counts:
    """How many changes are done, failed ones included; and how many others have been requested and not yet verified."""

    done: int = 0
    failed: int = 0
    requested: int = 0


def count(work: Sequence[Change], progress: Progress) -> Counts:
    """The changes by what became of them so far."""
    done = failed = requested = 0
    for change in work:
        attempt, seen = progress.attempts.get(change.id), progress.verifications.get(change.id)
        if progress.error_of(change) is not None:
            failed += 1
            done += 1
        elif seen is not None and seen.is_decided:
            done += 1
        elif attempt is not None and attempt.changed:
            requested += 1
        elif attempt is not None and attempt.phase in (Phase.CONCLUDE, Phase.DONE):  # there was nothing left to change
            done += 1
    return Counts(done, failed, requested)


def _places(targets: Sequence[Target]) -> str:
    regions = list(dict.fromkeys(target.region for target in targets))
    return regions[0] if len(regions) == 1 else f"{len(regions)} regions"


def _kinds(targets: Sequence[Target]) -> str:
    """The plural of what these are."""
    names = {_type_of(target) for target in targets}
    row = RESOURCE_TYPES.get(names.pop()) if len(names) == 1 else None
    return row.plural if row is not None else "resources"


def _type_of(target: Target) -> str:
    """What is changed: the target, or the policy or replica that it has."""
    part = target.kind.registry_name.partition(" of ")
    return {"policy": ASSIGNMENT, "replica": REPLICA}.get(part[0], target.kind.type) if part[1] else target.kind.type


def _since(seconds: float) -> str:
    return f", for {duration(seconds)}"
