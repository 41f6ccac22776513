# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making the changes of one region and seeing them settle: the fourth step and the fifth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import filterfalse
from threading import BoundedSemaphore

from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.errors import ResourceError
from .._common.text import label
from .._common.work_queue import Requeue, work_through
from .._documents.journal import Journal
from .._keys.validation import KeyValidator
from .._model.actions import COPY, NONE
from .attempts import Attempt, Change, Progress, Verification, internal_error
from .reconcile import Reconciler
from .timings import Timings
from .verify import Verifier
from .write import Writer


class Applier:
    """Makes changes: most side by side, some with a limit on those in flight, locked ones serially at the end."""

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

    def apply(
        self,
        changes: Sequence[Change],
        settling: Sequence[Change],
        pool: Executor,
        concurrency: int,
        progress: Progress,
    ) -> None:
        """Make the changes of one region, at most ``concurrency`` at a time, and wait for what is settling besides.

        ``progress`` has the latest records of each, whatever happens.
        """
        writer = Writer(
            self._journal,
            BoundedSemaphore(concurrency),
            self._validator,
            clock=self._clock,
            deadline=self._deadline,
        )
        applied = _InRegion(
            pool,
            Reconciler(writer, clock=self._clock, timings=self._timings, deadline=self._deadline),
            Verifier(clock=self._clock, timings=self._timings, deadline=self._deadline),
            progress,
            self._clock,
            self._deadline,
            wait=self._wait,
        )
        for change in changes:
            applied.begin(change)
        ordinary, serial = _split_serial(changes)
        # The action of a change may differ once the resource is read again.
        limited = [*filter(_is_capacity_limited, settling), *filter(_is_capacity_limited, ordinary)]
        applied.with_max_in_flight(limited)
        applied.side_by_side(
            list(filterfalse(_is_capacity_limited, ordinary)), list(filterfalse(_is_capacity_limited, settling))
        )
        applied.one_by_one(serial)


class _InRegion:
    """The ways in which the changes of one region are made."""

    def __init__(
        self,
        pool: Executor,
        reconciler: Reconciler,
        verifier: Verifier,
        progress: Progress,
        clock: Clock,
        deadline: Deadline,
        *,
        wait: bool,
    ) -> None:
        self._pool = pool
        self._reconciler = reconciler
        self._verifier = verifier
        self._progress = progress
        self._clock = clock
        self._deadline = deadline
        self._wait = wait

    def begin(self, change: Change) -> None:
        self._progress.attempts[change.id] = self._reconciler.first_attempt(change)

    def side_by_side(self, changes: Sequence[Change], settling: Sequence[Change]) -> None:
        """As many at a time as the service takes, then all of them watched together."""
        stuck = work_through(changes, self._write_once, self._pool, self._clock, return_stuck=True)
        accepted = self._accepted(changes)
        # Stuck changes are retried in a thread of their own, so that they and the verification don't block each other.
        with ThreadPoolExecutor(1) as aside:
            waiting = aside.submit(work_through, stuck, self._write_once, self._pool, self._clock)
            self._watch([*accepted, *settling])
            waiting.result()
        watched = {change.id for change in accepted}
        self._watch([change for change in self._accepted(changes) if change.id not in watched])

    def with_max_in_flight(self, changes: Sequence[Change]) -> None:
        """Only so many in flight at a time, whether they have just begun or have long been accepted."""
        if not changes:
            return
        max_in_flight = min(change.kind.max_in_flight or len(changes) for change in changes)
        not_begun = {change.id for change in changes}

        def is_waited_for() -> bool:
            """Without ``wait``, changes in flight are watched only while others are queued for their slots."""
            return self._wait or (bool(not_begun) and self._deadline.accepts_new_work)

        def write_and_verify(change: Change) -> Requeue | None:
            not_begun.discard(change.id)
            return self._write_and_verify_once(change, is_waited_for)

        work_through(changes, write_and_verify, self._pool, self._clock, max_in_flight=max_in_flight)

    def one_by_one(self, changes: Sequence[Change]) -> None:
        """Each only after the former has settled, and none after one that failed."""
        failed: Change | None = None
        for change in changes:
            if failed is not None:
                name = label(failed.decision.known.display_name, failed.id)
                error = ResourceError(code="NotTried", message=f"Skipped because the change of {name} failed.")
                self._progress.attempts[change.id] = replace(self._progress.attempts[change.id], error=error)
                continue
            work_through([change], self._write_once, self._pool, self._clock)
            self._watch(self._accepted([change]))
            failed = change if self._progress.error_of(change) is not None else None

    def _write_once(self, change: Change) -> Requeue | None:
        attempt = self._reconciler.try_once(change, self._progress.attempts[change.id])
        self._progress.attempts[change.id] = attempt
        return _requeue(attempt)

    def _write_and_verify_once(self, change: Change, is_waited_for: Callable[[], bool]) -> Requeue | None:
        """The next step of a change that is verified by itself as soon as it is accepted."""
        seen = self._progress.verifications.get(change.id)
        if seen is not None:
            with self._unexpected_errors_fail([change]):
                seen = self._verifier.try_once(self._as_written(change), seen, is_waited_for)
                self._progress.verifications[change.id] = seen
                return _requeue(seen)
            return None
        if change.decision.is_change:
            requeue = self._write_once(change)
            attempt = self._progress.attempts[change.id]
            has_to_settle = attempt.error is None and (attempt.changed or attempt.decision.is_fulfilled)
            if requeue is not None or not has_to_settle:
                return requeue
        seen = self._verifier.begin()
        self._progress.verifications[change.id] = seen
        return _requeue(seen)

    def _accepted(self, changes: Iterable[Change]) -> list[Change]:
        return [change for change in changes if self._progress.is_accepted(change)]

    def _watch(self, changes: Sequence[Change]) -> None:
        with self._unexpected_errors_fail(changes):
            for change, seen in self._verifier.watch([self._as_written(change) for change in changes], wait=self._wait):
                self._progress.verifications[change.id] = seen

    def _as_written(self, change: Change) -> Change:
        """The change as it was decided last."""
        attempt = self._progress.attempts.get(change.id)
        return change if attempt is None else replace(change, decision=attempt.decision)

    @contextmanager
    def _unexpected_errors_fail(self, changes: Sequence[Change]) -> Iterator[None]:
        """A fault of ours while verifying must not lose the outcomes of other changes."""
        try:
            yield
        except Exception as fault:
            for change in changes:
                seen = self._progress.verifications.get(change.id) or self._verifier.begin()
                if not seen.is_decided:
                    failed = replace(seen, retry_after=None, is_decided=True, error=internal_error(fault))
                    self._progress.verifications[change.id] = failed


def _requeue(latest: Attempt | Verification) -> Requeue | None:
    if latest.retry_after is None:
        return None
    return Requeue(latest.retry_after, isinstance(latest, Attempt) and latest.may_never_end)


def _is_capacity_limited(change: Change) -> bool:
    """Whether OCI limits how many of these may be in flight."""
    return change.kind.max_in_flight is not None and change.decision.action in (COPY, NONE)


def _split_serial(changes: Iterable[Change]) -> tuple[list[Change], list[Change]]:
    """Changes that are made side by side, and those that are made after them, one at a time."""
    ordinary: list[Change] = []
    serial: list[Change] = []
    for change in changes:
        (serial if change.kind.applies_serially(change.decision.known) else ordinary).append(change)
    return ordinary, serial
