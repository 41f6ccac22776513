# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Waiting until accepted changes have settled, and reporting what is then, not what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from .._common.clock import Clock, Deadline, Timings
from .._common.errors import ResourceError, TransportError
from .._common.scheduler import Wait
from .._model.decisions import is_busy
from .._model.state import NONE, REGENERATE, Resource
from .._resources.reader import Reader, Reading
from .write import Change

_IGNORED = "ChangeIgnored"
_LONGER_TIMEOUT_HINT = "Run again with a longer 'wait_timeout': a change that took effect meanwhile is not made twice."
_UNREADABLE_HINT = "Check what became of it, and the credentials. The journal holds its former key."
# Up to so many are looked at each time; of more, first a few probes, and all of them every so many looks.
_FEW = 200
_ALL_AT_LEAST_EVERY = 5


class Verifier:
    """Watches accepted changes of one region until each is verified, has failed, or the time is up.

    A change is verified when the resource is AVAILABLE and shows the wanted key: right after a write a resource
    may be AVAILABLE still, with its former key (oci_semantics.md section 2).
    """

    def __init__(self, *, clock: Clock, timings: Timings, deadline: Deadline) -> None:
        self._clock = clock
        self._timings = timings
        self._deadline = deadline

    def watch(self, changes: Sequence[Change], *, wait: bool) -> None:
        """Look again and again; with ``wait`` off, look once."""
        began = self._clock.monotonic()
        seen_busy: set[str] = set()
        pending = list(changes)
        for change in pending:
            change.outcome.settled = False
        look = 0
        while pending:
            # Of many, the first were accepted some time ago.
            if look or len(pending) <= _FEW or not wait:
                self._deadline.sleep(self._timings.poll(look))
            look += 1
            if wait and not self._is_worth_a_look(pending, look, seen_busy, began):
                continue
            # An answer may be long on its way: it is as old as the question.
            age = self._clock.monotonic() - began
            readings = _reread(pending)
            doubtful = [change for change in pending if self._is_doubtful(change, readings, age, seen_busy)]
            readings.update(_reread(doubtful, by_get=True))
            pending = [change for change in pending if not self._record_verdict(change, readings, age, seen_busy)]
            if not wait:
                return
            if self._deadline.passed:
                for change in pending:
                    change.outcome.error = self._time_out(change)
                return

    def steps(self, change: Change, is_waited_for: Callable[[], bool]) -> Iterator[Wait]:
        """The same for one change by itself, step by step, so that it waits beside others that are being made."""
        began = self._clock.monotonic()
        seen_busy: set[str] = set()
        change.outcome.settled = False
        look = 0
        while True:
            yield Wait(min(self._timings.poll(look), self._deadline.remaining))
            look += 1
            age = self._clock.monotonic() - began
            readings = {change.outcome.id: change.reader.get(change.outcome.id)}
            if self._record_verdict(change, readings, age, seen_busy) or not is_waited_for():
                return
            if self._deadline.passed:
                change.outcome.error = self._time_out(change)
                return

    def _is_worth_a_look(self, pending: Sequence[Change], look: int, seen_busy: set[str], began: float) -> bool:
        """Where there are many, a few of them tell whether it is time to look at all, which takes pages and pages."""
        if len(pending) <= _FEW or look % _ALL_AT_LEAST_EVERY == 0 or self._deadline.passed:
            return True
        probes = [pending[0], pending[len(pending) // 2], pending[-1]]
        age = self._clock.monotonic() - began
        readings = _reread(probes, by_get=True)
        return any(
            self._evaluate(change, readings[change.outcome.id], age, seen_busy) is not False for change in probes
        )

    def _is_doubtful(self, change: Change, readings: dict[str, Reading], age: float, seen_busy: set[str]) -> bool:
        """Whether a list alone says that a change failed: it may lag behind, or leave something out."""
        reading = readings[change.outcome.id]
        if not isinstance(reading, Resource) or reading.etag is not None:
            return False
        verdict = self._evaluate(change, reading, age, seen_busy)
        if isinstance(verdict, ResourceError):
            return True
        return verdict and self._find_side_effects(change, reading) is not None

    def _record_verdict(self, change: Change, readings: dict[str, Reading], age: float, seen_busy: set[str]) -> bool:
        """Whether this look decided what became of the change. ``age`` is seconds since all were accepted."""
        outcome = change.outcome
        reading = readings[outcome.id]
        verdict = self._evaluate(change, reading, age, seen_busy)
        if isinstance(reading, Resource):
            outcome.after = reading
            if is_busy(reading):
                seen_busy.add(outcome.id)
        if isinstance(verdict, ResourceError):
            outcome.error = verdict
            outcome.changed = outcome.changed and verdict.code != _IGNORED
        elif verdict:
            outcome.settled = True
            outcome.time_settled = self._clock.timestamp()
            if age >= self._timings.ignored_after and not self._change_started(change, reading, seen_busy):
                outcome.warnings.append(f"{outcome.label}: nothing but the accepted request shows the regeneration.")
            outcome.error = self._find_side_effects(change, outcome.after)
        return verdict is not False

    def _evaluate(self, change: Change, reading: Reading, age: float, seen_busy: set[str]) -> bool | ResourceError:
        """True: the change has taken effect. False: not decided yet. Otherwise why it failed."""
        outcome = change.outcome
        before = outcome.known
        noun = change.kind.noun_for(reading if isinstance(reading, Resource) else before)
        if isinstance(reading, ResourceError):
            passing = reading.code == TransportError.code or reading.status == 429 or (reading.status or 0) >= 500
            if passing or (reading.status == 404 and age < self._timings.ignored_after_update):
                return False
            if outcome.action == NONE:
                return reading
            return replace(
                reading,
                message=f"The change was accepted, but then the {noun} could not be read: {reading.message}",
                hint=_UNREADABLE_HINT,
            )
        blocking_error = change.kind.blocking_error(reading)
        if blocking_error is not None:
            if outcome.action == NONE:
                return blocking_error
            return ResourceError(
                code=blocking_error.code,
                message=f"The change was accepted, but then the {noun} became {reading.lifecycle_state}.",
                hint=blocking_error.hint,
            )
        if is_busy(reading):
            return False
        if change.kind.matches(reading, change.desired):
            # Where nothing shows that a regeneration began, its being accepted has to do in the end.
            return self._change_started(change, reading, seen_busy) or age >= self._timings.ignored_after
        if outcome.action == NONE or not change.kind.is_same(reading, before):
            return _error(
                "ChangedMeanwhile",
                f"The {noun} now has what was not asked for: {change.kind.describe(reading)}. "
                "Somebody else changes it at the same time.",
            )
        if age < (self._timings.ignored_after_update if change.kind.is_synchronous else self._timings.ignored_after):
            return False
        return _error(
            _IGNORED,
            f"The service accepted the change to {change.kind.describe(before.with_desired(change.desired))}, but "
            f"{age:.0f} s later the {noun} still has its former key: {change.kind.describe(reading)}.",
        )

    @staticmethod
    def _change_started(change: Change, reading: Reading, seen_busy: set[str]) -> bool:
        """A key that is there speaks for itself; a regeneration shows only in the state or the etag."""
        outcome = change.outcome
        if outcome.action != REGENERATE or outcome.id in seen_busy:
            return True
        return isinstance(reading, Resource) and outcome.before is not None and reading.etag != outcome.before.etag

    @staticmethod
    def _find_side_effects(change: Change, after: Resource | None) -> ResourceError | None:
        before = change.outcome.before
        if before is None or after is None or change.outcome.action == NONE:
            return None
        return change.kind.find_side_effects(before, after)

    def _time_out(self, change: Change) -> ResourceError:
        after = change.outcome.after
        now = (
            f"it is {after.lifecycle_state} with {change.kind.describe(after)}"
            if after
            else "it could not be read since"
        )
        if change.outcome.action == NONE:
            noun = change.kind.noun_for(after or change.outcome.known)
            return _error("WaitTimeout", f"The {noun} did not settle {self._deadline.span}: {now}.")
        return _error(
            "WaitTimeout",
            f"The change was accepted, but not seen to take effect {self._deadline.span}: {now}.",
            hint=None if change.outcome.action == REGENERATE else _LONGER_TIMEOUT_HINT,
        )


def _reread(changes: Sequence[Change], *, by_get: bool = False) -> dict[str, Reading]:
    by_reader: dict[Reader, list[Change]] = {}
    for change in changes:
        by_reader.setdefault(change.reader, []).append(change)
    found: dict[str, Reading] = {}
    for reader, group in by_reader.items():
        # A list tells no etag, and only an etag tells that a data key was regenerated.
        regenerated = any(change.outcome.action == REGENERATE for change in group)
        resources = [change.outcome.before for change in group if change.outcome.before is not None]
        found.update(reader.reread(resources, by_get=by_get or regenerated))
    return found


def _error(code: str, message: str, hint: str | None = None) -> ResourceError:
    return ResourceError(code=code, message=message, hint=hint)
