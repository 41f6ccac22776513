# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Making the changes of one region and seeing them settle: the fourth step and the fifth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import filterfalse
from threading import BoundedSemaphore

from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.errors import ResourceError
from .._common.locks import NameLocks
from .._common.records import replace
from .._common.text import label
from .._common.work_queue import Requeue, work_through
from .._documents.journal import Journal
from .._keys.validation import KeyValidator
from .._model.actions import COPY, NONE
from .._resources.base import Query
from .attempts import Attempt, Change, Progress, Verification, internal_error
from .change_locks import ChangeLocks
from .reconcile import Reconciler
from .timings import Timings
from .verify import Verifier
from .watch import Watch
from .write import Writer

# Threads that read what settles, while those of the region write.
_WATCHING = 4


class Applier:
    """Makes changes: most side by side, some with a limit on those in flight, locked ones serially at the end."""

    def __init__(
        self,
        journal: Journal,
        locks: NameLocks,
        validator: KeyValidator,
        *,
        wait: bool,
        clock: Clock,
        timings: Timings,
        deadline: Deadline,
    ) -> None:
        self._journal = journal
        self._locks = locks
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
        conclude: Callable[[Sequence[Change]], None],
    ) -> None:
        """Make the changes of one region, at most ``concurrency`` at a time, and wait for what is settling besides.

        ``progress`` has the latest records of each, whatever happens. ``conclude`` gets each change as it ends.
        """
        writer = Writer(
            self._journal,
            BoundedSemaphore(concurrency),
            self._validator,
            clock=self._clock,
            timings=self._timings,
            deadline=self._deadline,
        )
        locks = ChangeLocks(self._locks, self._clock, _on_one_page(changes))

        def conclude_and_unlock(ended: Sequence[Change]) -> None:
            conclude(ended)
            for change in ended:
                locks.release(change.id)

        applied = _InRegion(
            pool,
            Reconciler(writer, locks, clock=self._clock, timings=self._timings, deadline=self._deadline),
            Verifier(clock=self._clock, timings=self._timings, deadline=self._deadline),
            progress,
            conclude_and_unlock,
            self._clock,
            self._timings,
            self._deadline,
            wait=self._wait,
        )
        for change in changes:
            applied.begin(change)
        ordinary, serial = _split_serial(_page_by_page(changes))
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
        conclude: Callable[[Sequence[Change]], None],
        clock: Clock,
        timings: Timings,
        deadline: Deadline,
        *,
        wait: bool,
    ) -> None:
        self._pool = pool
        self._reconciler = reconciler
        self._verifier = verifier
        self._progress = progress
        self._conclude = conclude
        self._clock = clock
        self._timings = timings
        self._deadline = deadline
        self._wait = wait

    def begin(self, change: Change) -> None:
        self._progress.attempts[change.id] = self._reconciler.first_attempt(change)

    def side_by_side(self, changes: Sequence[Change], settling: Sequence[Change]) -> None:
        """As many at a time as the service takes; each is watched as soon as it is accepted, together with others."""
        unwritten = {change.id for change in changes}
        faults: list[Exception] = []
        with ThreadPoolExecutor(_WATCHING + 1) as aside:
            watch = self._watch(aside)
            watch.add(settling)

            def work(change: Change | None) -> Requeue | None:
                """None stands for the watch, which has threads of its own: those that write may all have to wait."""
                requeue = None
                try:
                    requeue = watch.once() if change is None else self._write_once(change)
                    if requeue is None and change is not None:
                        self._watch_or_conclude(change, watch)
                except Exception as fault:  # ours, and told once the others have come to their end
                    faults.append(fault)
                except BaseException:  # the process ends, and nobody adds to the watch any more
                    watch.close()
                    raise
                if requeue is None and change is not None:
                    unwritten.discard(change.id)
                    if not unwritten:
                        watch.close()
                return requeue

            if not unwritten:
                watch.close()
            work_through(
                [None, *changes],
                work,
                self._pool,
                self._clock,
                pool_of=lambda change: aside if change is None else self._pool,
            )
        for fault in faults:
            raise fault

    def _watch(self, aside: Executor) -> Watch:
        return Watch(
            self._verifier,
            self._see,
            self._conclude,
            aside,
            self._pool,
            wait=self._wait,
            clock=self._clock,
            timings=self._timings,
            deadline=self._deadline,
        )

    def _see(self, change: Change, seen: Verification) -> None:
        self._progress.verifications[change.id] = seen

    def _watch_or_conclude(self, change: Change, watch: Watch) -> None:
        if self._progress.is_accepted(change):
            watch.add([self._as_written(change)])
        else:
            self._conclude([change])

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
            requeue = self._write_and_verify_once(change, is_waited_for)
            if requeue is None:
                self._conclude([change])
            return requeue

        work_through(changes, write_and_verify, self._pool, self._clock, max_in_flight=max_in_flight)

    def one_by_one(self, changes: Sequence[Change]) -> None:
        """Each only after the former has settled, and none after one that failed."""
        failed: Change | None = None
        for change in changes:
            if failed is not None:
                name = label(failed.decision.known.display_name, failed.id)
                error = ResourceError(code="NotTried", message=f"Skipped because the change of {name} failed.")
                self._progress.attempts[change.id] = replace(self._progress.attempts[change.id], error=error)
                self._conclude([change])
                continue
            self.side_by_side([change], [])
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
    return Requeue(latest.retry_after)


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


def _pages(changes: Iterable[Change]) -> dict[tuple[str, Query], list[Change]]:
    """The changes that lists have shown, by the pages that they were on."""
    pages: dict[tuple[str, Query], list[Change]] = {}
    for change in changes:
        page = change.reader.page_of(change.id)
        if page is not None:
            pages.setdefault((change.kind.registry_name, page), []).append(change)
    return pages


def _page_by_page(changes: Sequence[Change]) -> list[Change]:
    """Those of one page after each other, so that one reading of the page does for many of them."""
    pages = _pages(changes)
    others = [change for change in changes if change.reader.page_of(change.id) is None]
    return [*others, *(change for on_page in pages.values() for change in on_page)]


def _on_one_page(changes: Sequence[Change]) -> Mapping[str, Sequence[str]]:
    found: dict[str, Sequence[str]] = {}
    for on_page in _pages(changes).values():
        ids = [change.id for change in on_page]
        found.update(dict.fromkeys(ids, ids))
    return found
