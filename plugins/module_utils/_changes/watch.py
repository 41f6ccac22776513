# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accepted changes, read together round by round until each has settled, while others are still being written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor

from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.records import replace
from .._common.work_queue import Requeue
from .._model.actions import REGENERATE
from .._model.resource import Reading
from .._resources.reader import Reader
from .attempts import Change, Verification, internal_error
from .timings import Timings
from .verify import Verifier

# All changes are read up to this number; above it, a few samples, and all of them every so many rounds.
_FEW = 200
_ALL_AT_LEAST_EVERY = 5

_WHEN_MORE_COMES = Requeue(None)


class Watch:
    """The changes of one region that are watched together. ``once`` is a round; everything else may come meanwhile.

    ``report`` gets, after each round, what is known of each change, so that a fault in the next round does not lose
    it; ``conclude`` the changes that are no longer watched. ``pool`` has the threads that read while others write, and
    ``later`` the ones that read once nothing is written any more.
    """

    def __init__(
        self,
        verifier: Verifier,
        report: Callable[[Change, Verification], None],
        conclude: Callable[[Sequence[Change]], None],
        pool: Executor,
        later: Executor,
        *,
        wait: bool,
        clock: Clock,
        timings: Timings,
        deadline: Deadline,
    ) -> None:
        self._verifier = verifier
        self._report = report
        self._conclude = conclude
        self._pool = pool
        self._later = later
        self._wait = wait
        self._clock = clock
        self._timings = timings
        self._deadline = deadline
        self._lock = threading.Lock()
        self._is_open = True
        self._was_open = True
        self._new: list[Change] = []
        self._pending: dict[str, Change] = {}
        self._seen: dict[str, Verification] = {}
        self._rounds = 0
        self._is_waiting = False

    def add(self, changes: Iterable[Change]) -> None:
        """Watch these, too: they have just been accepted, or only have to settle."""
        with self._lock:
            for change in changes:
                self._new.append(change)
                self._seen[change.id] = Verification(self._clock.monotonic())

    def close(self) -> None:
        """No more changes come."""
        self._is_open = False

    def once(self) -> Requeue | None:
        """One round, or the beginning of the wait for it; says when it is time for the next. None: all are decided."""
        with self._lock:
            self._pending.update((change.id, change) for change in self._new)
            self._new.clear()
        if not self._pending:
            return _WHEN_MORE_COMES if self._is_open else None
        if not self._is_waiting:
            return self._pause()
        if self._was_open and not self._is_open:
            self._was_open = False
            self._rounds = 0  # the last of them were accepted just now
        self._rounds += 1
        pending = list(self._pending.values())
        try:
            self._read(pending)
        except Exception as fault:  # a fault of ours must not lose the outcomes of others
            self._fail(pending, fault)
        self._let_go(pending)
        if not self._pending:
            self._is_waiting = False
            return self.once()
        return self._pause()

    def _pause(self) -> Requeue:
        self._is_waiting = True
        return Requeue(min(self._timings.poll(self._rounds), self._deadline.remaining))

    def _read(self, pending: Sequence[Change]) -> None:
        if self._wait and not self._is_worth_reading(pending):
            return
        # A response may be long on its way: it is as old as the request.
        asked = self._clock.monotonic()
        readings = self._reread(pending)
        doubtful = [
            change
            for change in pending
            if self._verifier.is_doubtful(change, self._now(change, asked), readings[change.id])
        ]
        readings.update(self._reread(doubtful, by_get=True))
        for change in pending:
            self._see(change, self._verifier.verify(change, self._now(change, asked), readings[change.id]))
        if self._wait and self._deadline.passed:
            for change in pending:
                seen = self._seen[change.id]
                if not seen.is_decided:
                    self._see(change, replace(self._verifier.timed_out(change, seen), is_decided=True))

    def _let_go(self, pending: Sequence[Change]) -> None:
        """Of those that are decided, or nobody waits for: the lines of a round share a flush to the disk."""
        decided = [change for change in pending if self._seen[change.id].is_decided or not self._wait]
        for change in decided:
            del self._pending[change.id]
        if decided:
            self._conclude(decided)

    def _now(self, change: Change, asked: float) -> Verification:
        seen = self._seen[change.id]
        return replace(seen, age=asked - seen.began)

    def _see(self, change: Change, seen: Verification) -> None:
        self._seen[change.id] = seen
        self._report(change, seen)

    def _fail(self, pending: Sequence[Change], fault: Exception) -> None:
        for change in pending:
            seen = self._seen[change.id]
            if not seen.is_decided:
                self._see(change, replace(seen, is_decided=True, error=internal_error(fault)))

    def _is_worth_reading(self, pending: Sequence[Change]) -> bool:
        """Where there are many, a few of them show whether it is time to read all, which takes pages and pages."""
        if len(pending) <= _FEW or self._rounds % _ALL_AT_LEAST_EVERY == 0 or self._deadline.passed:
            return True
        if any(change.decision.action == REGENERATE for change in pending):
            return True  # the state that proves each of them may not last until the next round
        probes = [pending[0], pending[len(pending) // 2], pending[-1]]
        asked = self._clock.monotonic()
        readings = self._reread(probes, by_get=True)
        return any(
            self._verifier.evaluate(change, self._now(change, asked), readings[change.id]) is not False
            for change in probes
        )

    def _reread(self, changes: Sequence[Change], *, by_get: bool = False) -> dict[str, Reading]:
        by_reader: dict[Reader, list[Change]] = {}
        for change in changes:
            by_reader.setdefault(change.reader, []).append(change)
        pool = self._pool if self._is_open else self._later
        found: dict[str, Reading] = {}
        for reader, group in by_reader.items():
            # A list may lag behind, and miss the only sign of a regeneration, a state that does not last.
            regenerated = any(change.decision.action == REGENERATE for change in group)
            known = [change.decision.known for change in group]
            found.update(reader.reread(known, by_get=by_get or regenerated, pool=pool))
        return found
