# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Applying what was planned in one region, and seeing it settle: the fourth step and the fifth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import filterfalse
from threading import BoundedSemaphore

from .._common.clock import Clock, Deadline, Timings
from .._common.errors import ResourceError
from .._common.scheduler import Wait, run_jobs
from .._documents.journal import Journal
from .._keys.validation import KeyValidator
from .._model.state import COPY, NONE, Outcome
from .region import Region
from .verify import Verifier
from .write import Change, Writer


class Applier:
    """Makes the changes of a region: most side by side, some in a narrow window, delicate ones alone at the end."""

    def __init__(
        self,
        journal: Journal,
        validator: KeyValidator,
        *,
        wait: bool,
        clock: Clock,
        timings: Timings,
        deadline: Deadline,
    ) -> None:
        self._journal = journal
        self._validator = validator
        self._wait = wait
        self._clock = clock
        self._timings = timings
        self._deadline = deadline

    def apply(self, region: Region) -> None:
        """Everything planned there, and what is busy but right. Each outcome tells its end."""
        applied = _InRegion(
            region,
            Writer(
                self._journal,
                BoundedSemaphore(region.concurrency),
                self._validator,
                clock=self._clock,
                timings=self._timings,
                deadline=self._deadline,
            ),
            Verifier(clock=self._clock, timings=self._timings, deadline=self._deadline),
            self._clock,
            self._deadline,
            wait=self._wait,
        )
        changes = region.changes()
        ordinary, delicate = _split_serial(changes)
        # What has to be done to a resource may turn out to be something else by the time it is done.
        crowding, others = (
            list(filter(_is_capacity_limited, ordinary)),
            list(filterfalse(_is_capacity_limited, ordinary)),
        )
        applied.with_max_in_flight([*filter(_is_capacity_limited, region.already_assigned_but_settling()), *crowding])
        applied.side_by_side(others)
        applied.one_by_one(delicate)
        # Side by side, since those that come at the same moment share a flush to the disk.
        list(region.pool.map(self._conclude, changes))

    def _conclude(self, change: Change) -> None:
        try:
            self._journal.conclude(change.outcome)
        except OSError as error:
            change.outcome.warnings.append(f"{change.outcome.label}: the journal misses its outcome ({error}).")


class _InRegion:
    """The ways in which the changes of one region are made."""

    def __init__(
        self, region: Region, writer: Writer, verifier: Verifier, clock: Clock, deadline: Deadline, *, wait: bool
    ) -> None:
        self._region = region
        self._writer = writer
        self._verifier = verifier
        self._clock = clock
        self._deadline = deadline
        self._wait = wait

    def side_by_side(self, changes: Sequence[Change]) -> None:
        """As many at a time as the service takes, then all of them watched together."""
        pool = self._region.pool
        stuck = run_jobs(map(self._steps, changes), pool, self._clock, return_stuck_jobs=True)
        accepted = _accepted(changes)
        # What waits for something that may never come keeps nobody from being verified, nor the other way round.
        with ThreadPoolExecutor(1) as aside:
            waiting = aside.submit(run_jobs, stuck, pool, self._clock)
            self._watch(
                [
                    *accepted,
                    *(
                        change
                        for change in self._region.already_assigned_but_settling()
                        if not _is_capacity_limited(change)
                    ),
                ]
            )
            waiting.result()
        watched = {change.outcome.id for change in accepted}
        self._watch([change for change in _accepted(changes) if change.outcome.id not in watched])

    def with_max_in_flight(self, changes: Sequence[Change]) -> None:
        """Only so many under way at a time, whether they have just begun or have long been accepted."""
        if not changes:
            return
        most = min(change.kind.max_in_flight or len(changes) for change in changes)
        to_begin = list(changes)

        def is_waited_for() -> bool:
            """Where nobody waits for the end, those under way have to make way for the others all the same."""
            return self._wait or (bool(to_begin) and not self._deadline.is_closed)

        def begun_and_settled(change: Change) -> Iterator[Wait]:
            with _unexpected_errors_fail([change]):
                to_begin.pop()
                if change.outcome.changed:
                    yield from self._writer.steps(change)
                if change.outcome.error is None:
                    yield from self._verifier.steps(change, is_waited_for)

        run_jobs(map(begun_and_settled, changes), self._region.pool, self._clock, most=most)

    def one_by_one(self, changes: Sequence[Change]) -> None:
        """Each only after the former has settled, and none after one that failed."""
        failed: Outcome | None = None
        for change in changes:
            if failed is not None:
                change.outcome.changed = False
                change.outcome.error = ResourceError(
                    code="NotTried", message=f"It was not tried after what happened to {failed.label}."
                )
                continue
            run_jobs([self._steps(change)], self._region.pool, self._clock)
            self._watch(_accepted([change]))
            failed = change.outcome if change.outcome.error is not None else None

    def _steps(self, change: Change) -> Iterator[Wait]:
        with _unexpected_errors_fail([change]):
            yield from self._writer.steps(change)

    def _watch(self, changes: Sequence[Change]) -> None:
        with _unexpected_errors_fail(changes):
            self._verifier.watch(changes, wait=self._wait)


def _is_capacity_limited(change: Change) -> bool:
    """Whether it is one of those of which the service makes only a few at a time, planned or under way already."""
    return change.kind.max_in_flight is not None and change.outcome.action in (COPY, NONE)


def _split_serial(changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    """Changes that are made side by side, and those that are made after them, one at a time."""
    ordinary: list[Change] = []
    delicate: list[Change] = []
    for change in changes:
        before = change.outcome.before
        (delicate if before is not None and change.kind.applies_serially(before) else ordinary).append(change)
    return ordinary, delicate


def _accepted(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if change.outcome.changed and change.outcome.error is None]


@contextmanager
def _unexpected_errors_fail(changes: Sequence[Change]) -> Iterator[None]:
    """A fault of ours must not lose the outcomes of other changes, nor call untouched what may have been written."""
    try:
        yield
    except Exception as error:
        for change in changes:
            outcome = change.outcome
            if outcome.error is None and not (outcome.settled and outcome.time_settled):
                outcome.changed = outcome.time_requested is not None
                outcome.settled = False
                outcome.error = ResourceError(code="InternalError", message=repr(error))
