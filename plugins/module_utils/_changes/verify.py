# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting until accepted changes have settled, and what is there then, not what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.errors import ResourceError, TransportError
from .._common.text import label
from .._model.actions import NONE, REGENERATE
from .._model.decisions import changed_by_someone_else, is_busy
from .._model.resource import Reading, Resource
from .._resources.reader import Reader
from .attempts import Change, Verification
from .timings import Timings

_IGNORED = "ChangeIgnored"
_LONGER_TIMEOUT_HINT = "Run again with a longer 'wait_timeout': a change that took effect meanwhile is not made twice."
_UNREADABLE_HINT = "Check the resource and the credentials. The journal holds its former key."
# All changes are polled up to this number; above it, a few samples, and all of them every so many rounds.
_FEW = 200
_ALL_AT_LEAST_EVERY = 5


class Verifier:
    """Watches accepted changes of one region until each is verified, has failed, or the time is up.

    A change is verified when the resource is AVAILABLE and shows the desired key: right after a write a resource
    may still be AVAILABLE with its former key (oci_semantics.md section 2).
    """

    def __init__(self, *, clock: Clock, timings: Timings, deadline: Deadline) -> None:
        self._clock = clock
        self._timings = timings
        self._deadline = deadline

    def watch(self, changes: Sequence[Change], *, wait: bool) -> Iterator[tuple[Change, Verification]]:
        """Read all of them again and again, until each is decided; without ``wait``, read once.

        Gives what is known of each after each read, so that a fault in the next one does not lose it.
        """
        began = self._clock.monotonic()
        seen = {change.id: Verification(began) for change in changes}
        pending = list(changes)
        rounds = 0
        while pending:
            # Of many, the first were accepted some time ago.
            if rounds or len(pending) <= _FEW or not wait:
                self._deadline.sleep(self._timings.poll(rounds))
            rounds += 1
            if wait and not self._is_worth_reading(pending, rounds, seen):
                continue
            # A response may be long on its way: it is as old as the request.
            age = self._clock.monotonic() - began
            readings = _reread(pending)
            doubtful = [
                change for change in pending if self._is_doubtful(change, seen[change.id], readings[change.id], age)
            ]
            readings.update(_reread(doubtful, by_get=True))
            for change in pending:
                seen[change.id] = self._verify(change, seen[change.id], readings[change.id], age)
                yield change, seen[change.id]
            pending = [change for change in pending if not seen[change.id].is_decided]
            if not wait:
                break
            if self._deadline.passed:
                seen.update((change.id, self._timed_out(change, seen[change.id])) for change in pending)
                break
        yield from ((change, seen[change.id]) for change in pending)

    def begin(self) -> Verification:
        """Before the first read of one change by itself, which waits beside others that are being made."""
        return self._later(Verification(self._clock.monotonic()))

    def try_once(self, change: Change, seen: Verification, is_waited_for: Callable[[], bool]) -> Verification:
        """Read one change by itself. It is read again only as long as somebody waits for it."""
        age = self._clock.monotonic() - seen.began
        reading = change.reader.get(change.id)
        seen = self._verify(change, replace(seen, retry_after=None), reading, age)
        if seen.is_decided or not is_waited_for():
            return seen
        if self._deadline.passed:
            return self._timed_out(change, seen)
        return self._later(seen)

    def _later(self, seen: Verification) -> Verification:
        seconds = min(self._timings.poll(seen.reads), self._deadline.remaining)
        return replace(seen, reads=seen.reads + 1, retry_after=seconds)

    def _is_worth_reading(self, pending: Sequence[Change], rounds: int, seen: dict[str, Verification]) -> bool:
        """Where there are many, a few of them show whether it is time to read all, which takes pages and pages."""
        if len(pending) <= _FEW or rounds % _ALL_AT_LEAST_EVERY == 0 or self._deadline.passed:
            return True
        if any(change.decision.action == REGENERATE for change in pending):
            return True  # the state that proves each of them may not last until the next round
        probes = [pending[0], pending[len(pending) // 2], pending[-1]]
        age = self._clock.monotonic() - seen[pending[0].id].began
        readings = _reread(probes, by_get=True)
        return any(self._evaluate(change, seen[change.id], readings[change.id], age) is not False for change in probes)

    def _is_doubtful(self, change: Change, seen: Verification, reading: Reading, age: float) -> bool:
        """Whether a list alone says that a change failed: it may lag behind, or leave something out."""
        if not isinstance(reading, Resource) or reading.etag is not None:
            return False
        verdict = self._evaluate(change, seen, reading, age)
        if isinstance(verdict, ResourceError):
            return True
        return verdict and self._find_side_effects(change, reading) is not None

    def _verify(self, change: Change, seen: Verification, reading: Reading, age: float) -> Verification:
        """What is known of the change by this reading. ``age`` is seconds since all were accepted."""
        verdict = self._evaluate(change, seen, reading, age)
        if isinstance(reading, Resource):
            seen = replace(seen, after=reading, was_busy=seen.was_busy or is_busy(reading))
        if isinstance(verdict, ResourceError):
            return replace(seen, is_decided=True, error=verdict, is_ignored=verdict.code == _IGNORED)
        if not verdict:
            return seen
        if not self._has_started(change, seen):
            name = label(change.decision.known.display_name, change.id)
            warning = f"{name}: OCI accepted the regeneration, but was not seen to make it, so it is not proven."
            return replace(seen, is_decided=True, warnings=(warning,))
        return replace(
            seen,
            is_decided=True,
            settled=True,
            time_settled=self._clock.timestamp(),
            error=self._find_side_effects(change, seen.after),
        )

    def _evaluate(self, change: Change, seen: Verification, reading: Reading, age: float) -> bool | ResourceError:
        """True: the change has taken effect. False: not decided yet. Otherwise why it failed."""
        action, before, kind = change.decision.action, change.decision.known, change.kind
        noun = kind.noun_for(reading if isinstance(reading, Resource) else before)
        if isinstance(reading, ResourceError):
            is_transient = reading.code == TransportError.code or reading.status == 429 or (reading.status or 0) >= 500
            if is_transient or (reading.status == 404 and age < self._timings.ignored_after_update):
                return False
            if action == NONE:
                return reading
            return replace(
                reading,
                message=f"The change was accepted, but then the {noun} could not be read: {reading.message}",
                hint=_UNREADABLE_HINT,
            )
        blocking_error = kind.blocking_error(reading)
        if blocking_error is not None:
            if action == NONE:
                return blocking_error
            return ResourceError(
                code=blocking_error.code,
                message=f"The change was accepted, but then the {noun} became {reading.lifecycle_state}.",
                hint=blocking_error.hint,
            )
        if is_busy(reading):
            return False
        if kind.matches(reading, change.decision.desired):
            # If nothing shows that a regeneration began, it is not waited for any longer than for one that is ignored.
            return self._has_started(change, seen) or age >= self._timings.ignored_after
        if action == NONE or not kind.is_same(reading, before):
            return changed_by_someone_else(reading, noun, kind)
        if age < (self._timings.ignored_after_update if kind.is_synchronous else self._timings.ignored_after):
            return False
        desired = kind.describe(before.with_desired(change.decision.desired))
        return ResourceError(
            code=_IGNORED,
            message=f"The service accepted the change to {desired}, but {age:.0f} s later the {noun} still has "
            f"{kind.describe(reading)}.",
        )

    @staticmethod
    def _has_started(change: Change, seen: Verification) -> bool:
        """A key that is there speaks for itself; a regeneration shows only in the state PROVISIONING.

        It does not show in etags: that of kmsKey is a hash of the key, and a volume's may change with nothing changed
        (oci_semantics.md section 4).
        """
        return change.decision.action != REGENERATE or seen.was_busy

    @staticmethod
    def _find_side_effects(change: Change, after: Resource | None) -> ResourceError | None:
        if after is None or change.decision.action == NONE:
            return None
        return change.kind.find_side_effects(change.decision.known, after)

    def _timed_out(self, change: Change, seen: Verification) -> Verification:
        after, action = seen.after, change.decision.action
        now = "it could not be read since"
        if after is not None:
            now = f"it is {after.lifecycle_state} with {change.kind.describe(after)}"
        if action == NONE:
            noun = change.kind.noun_for(after or change.decision.known)
            message = f"The {noun} did not settle {self._deadline.describe()}: {now}."
        else:
            verb = "be seen to take effect" if action == REGENERATE else "take effect"
            message = f"The change was accepted, but did not {verb} {self._deadline.describe()}: {now}."
        hint = None if action in (NONE, REGENERATE) else _LONGER_TIMEOUT_HINT
        return replace(seen, error=ResourceError(code="WaitTimeout", message=message, hint=hint))


def _reread(changes: Sequence[Change], *, by_get: bool = False) -> dict[str, Reading]:
    by_reader: dict[Reader, list[Change]] = {}
    for change in changes:
        by_reader.setdefault(change.reader, []).append(change)
    found: dict[str, Reading] = {}
    for reader, group in by_reader.items():
        # A list may lag behind, and miss the only sign of a regeneration, a state that does not last.
        regenerated = any(change.decision.action == REGENERATE for change in group)
        found.update(reader.reread([change.decision.known for change in group], by_get=by_get or regenerated))
    return found
