# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Making one change: journal, write, and finding out what became of the write when its answer was lost."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from threading import Semaphore

from .._api.client import Response, Service
from .._common.clock import Clock, Deadline, Timings
from .._common.errors import (
    ApiError,
    ResourceError,
    ServiceError,
    TransportError,
)
from .._common.scheduler import Wait
from .._documents.journal import Journal
from .._keys.validation import KeyValidator
from .._model.decisions import is_busy
from .._model.state import (
    NONE,
    REGENERATE,
    DesiredState,
    Outcome,
    Resource,
)
from .._resources.base import ResourceKind
from .._resources.error_hints import explain_write
from .._resources.reader import Reader, Reading

_Waiting = Generator[Wait, None, bool]

_RUN_AGAIN_HINT = "Run again: what is not as wanted is found and changed then."
_REGENERATE_AGAIN_HINT = "Running again with 'regenerate' makes another new data key, whatever became of this one."

_PUT_BACK = " What was assigned before was put back."

# Tries of a write that fails for reasons of the network or the server; 429 and 409 end with the deadline only.
_MOST_FAULTS = 8


@dataclass(frozen=True)
class Change:
    """One planned change and what is needed to make it."""

    outcome: Outcome
    desired: DesiredState
    kind: ResourceKind
    reader: Reader


class Writer:
    """Makes changes in one region. ``apply`` ends with a change that was accepted, or with the outcome's error."""

    def __init__(
        self,
        journal: Journal,
        slots: Semaphore,
        validator: KeyValidator,
        *,
        clock: Clock,
        timings: Timings,
        deadline: Deadline,
    ) -> None:
        self.journal = journal
        self.slots = slots
        self.validator = validator
        self.clock = clock
        self.timings = timings
        self.deadline = deadline

    def apply(self, change: Change) -> None:
        """Write until the service accepted it, refused it for good, or the time is up.

        A write is repeated only where it is known not to have been committed: it was throttled, it was refused
        for the resource's state, it never left this machine, or the resource was read and looks untouched.
        """
        for pause in self.steps(change):
            self.clock.sleep(pause.seconds)

    def steps(self, change: Change) -> Iterator[Wait]:
        """The same step by step, so that a change that has to wait keeps no thread from the others."""
        change.outcome.changed = False
        return ChangeAttempt(self, change).steps()


class ChangeAttempt:
    """One change in the making: what was tried so far, and what is known of it."""

    def __init__(self, writer: Writer, change: Change) -> None:
        self._writer = writer
        self._change = change
        self._outcome = change.outcome
        self._clock = writer.clock
        self._timings = writer.timings
        self._deadline = writer.deadline
        self._tries = 0
        self._faults = 0
        # The last try whose answer was lost, if any: a change that turns up later may be its doing.
        self._lost: ApiError | None = None
        self._last_read = self._clock.monotonic()
        # Of what takes several requests: as it was before the first of them.
        self._first: Resource | None = None

    def steps(self) -> Iterator[Wait]:
        """Yields the pauses that are to be made."""
        if not (yield from self._ready_to_write()):
            return
        while (yield from self._try_once()):
            pass
        if self._change.kind.needs_rollback and self._tries and self._outcome.error is not None:
            yield from self._roll_back()
        if self._first is not None:
            self._record_partial_result(self._first)

    def _ready_to_write(self) -> _Waiting:
        """Whether there is something to write. A busy resource is waited for: perhaps the very change that is
        wanted is on its way, by a run that was interrupted."""
        before, kind = self._outcome.before, self._change.kind
        if before is not None and is_busy(before):
            self._fail("IncorrectState", f"The {kind.noun_for(before)} stayed {before.lifecycle_state}.")
        elif before is not None and kind.is_full_update and before.etag is None:
            self._fail("NotTried", self._deadline.not_started_reason)  # a list is too old, and tells no etag
        else:
            return True
        return (yield from self._becomes_ready())

    def _try_once(self) -> _Waiting:
        """Try once. True if it has to be tried again; else the outcome tells the end."""
        if self._deadline.is_closed:
            if not self._tries:
                self._fail("NotTried", self._deadline.not_started_reason)
            return False
        held_back = self._clock.monotonic() - self._last_read
        is_old = held_back > self._timings.quiet or self._change.kind.is_multi_request
        if self._tries and is_old and not (yield from self._becomes_ready()):
            return False  # somebody else did it, or it can no longer be done
        self._tries += 1
        if self._change.kind.is_multi_request and self._first is None:
            self._first = self._outcome.known
        error = self._write()
        return error is not None and (yield from self._may_repeat(error))

    def _write(self) -> ApiError | None:
        """Journal and write. None if nothing more is to be done, be it for success or for a broken journal."""
        outcome, writer = self._outcome, self._writer
        try:
            writer.journal.intend(outcome, self._change.desired)
        except OSError as error:
            self._journal_failed(error)
            return None
        service = self._change.reader.service_for(outcome.action)
        try:
            with writer.slots:
                service.wait_turn(lambda: self._deadline.remaining_to_start)
                if self._deadline.is_closed:
                    if self._tries == 1:
                        self._fail("NotTried", self._deadline.not_started_reason)
                    return None
                outcome.error = None
                outcome.time_requested = self._clock.timestamp()
                response = self._send(service)
        except ApiError as error:
            outcome.error = explain_write(
                error, self._change.kind, outcome, self._change.desired, writer.validator.compartments
            )
            outcome.opc_request_id = outcome.error.opc_request_id
            return error
        outcome.opc_request_id = response.opc_request_id
        outcome.changed = True
        self._change.reader.on_accepted(outcome, response)
        return None

    def _send(self, service: Service) -> Response:
        outcome, change = self._outcome, self._change
        return change.kind.change(service, outcome.known, outcome.action, change.desired)

    def _may_repeat(self, error: ApiError) -> _Waiting:
        if isinstance(error, ServiceError):
            if error.is_throttled:
                yield self._pause(self._timings.backoff(self._tries))
                return True
            if error.is_incorrect_state:
                yield self._pause(self._timings.backoff(self._tries), may_never_end=True)
                # A change may be on its way that does not show yet, so AVAILABLE has to last for a while.
                return (yield from self._becomes_ready(self._timings.quiet))
            if error.is_precondition_failed and self._change.kind.is_full_update:
                self._faults += 1
                yield self._pause(self._timings.backoff(self._faults))
                return self._faults < _MOST_FAULTS and (yield from self._becomes_ready())
            if self._change.kind.is_retryable(error):
                self._faults += 1
                yield self._pause(self._timings.backoff(self._faults))
                return self._faults < _MOST_FAULTS
            if not error.outcome_is_unknown:
                return False
        self._faults += 1
        never_sent = isinstance(error, TransportError) and not error.was_sent
        if not never_sent and not (yield from self._was_not_committed(error)):
            return False
        if self._faults >= _MOST_FAULTS:
            return False
        yield self._pause(self._timings.backoff(self._faults))
        return True

    def _becomes_ready(self, for_seconds: float = 0.0) -> _Waiting:
        """Wait until the resource is not busy for so long. False if there is nothing left to write, or no time."""
        look = 0
        ready_since: float | None = None
        while not (self._deadline.passed if self._lost else self._deadline.is_closed):
            reading = self._read()
            if isinstance(reading, ResourceError):
                self._outcome.error = reading
                return False
            if is_busy(reading):
                ready_since = None
            else:
                ready_since = self._clock.monotonic() if ready_since is None else ready_since
                if self._matches(reading) or max(0.0, self._last_read - ready_since) >= for_seconds:
                    return self._is_still_to_do(reading)
            yield self._pause(self._timings.poll(look), may_never_end=True)
            look += 1
        if self._lost is not None:
            self._unknown("It stayed busy since.")
        return False

    def _is_still_to_do(self, reading: Resource) -> bool:
        """Plan again, after something else may have been done to the resource."""
        outcome, change = self._outcome, self._change
        blocking_error = change.kind.blocking_error(reading)
        if blocking_error is not None:
            outcome.error = blocking_error
            outcome.after = reading
            return False
        if self._matches(reading):
            outcome.error = None
            outcome.changed = self._lost is not None
            if not outcome.changed:
                outcome.before = reading
                outcome.action = NONE
            return False
        if self._lost is None and outcome.skip_if_key_differs(reading):
            outcome.error = None
            outcome.before = reading
            return False
        if change.kind.needs_rollback:
            return self._may_go_on(reading)
        kept = change.kind.lock_reason(reading)
        if kept is not None and change.kind.lock_reason(outcome.known) is None:
            self._fail("ChangedMeanwhile", f"It is not touched, because now {kept} (see 'include_locked').")
            return False
        decision = change.kind.decide(reading, change.desired)
        if isinstance(decision, ResourceError):
            outcome.error = decision
            return False
        self._rebase_on(reading)
        outcome.action = decision
        return True

    def _may_go_on(self, reading: Resource) -> bool:
        """What we took away ourselves is ours to replace; what somebody else assigned meanwhile is not."""
        outcome, kind = self._outcome, self._change.kind
        if kind.is_same(outcome.known, reading) or (self._tries and kind.is_partially_applied(outcome.known, reading)):
            return True
        outcome.after = reading
        self._fail(
            "ChangedMeanwhile",
            f"The {kind.noun} now has what was not asked for: {kind.describe(reading)}. "
            "Somebody else changes it at the same time.",
        )
        return False

    def _rebase_on(self, reading: Resource) -> None:
        """What is about to be replaced is what was read last; but of what we replace half-way, the first."""
        if not self._change.kind.needs_rollback:
            self._outcome.before = reading

    def _matches(self, reading: Resource) -> bool:
        """Whether the key is there, where that is all that was asked for."""
        return self._outcome.action != REGENERATE and self._change.kind.matches(reading, self._change.desired)

    def _was_not_committed(self, lost: ApiError) -> _Waiting:
        """Read what became of a write whose answer was lost. True only if it has to be made again."""
        outcome, change = self._outcome, self._change
        self._lost = lost
        if outcome.action == REGENERATE:
            self._unknown("A data key may have been regenerated; it is not tried again.")
            return False
        quiet_since = self._clock.monotonic()
        look = 0
        while True:
            reading = self._read()
            if isinstance(reading, ResourceError):
                self._unknown(f"It could not be read afterwards either: {reading.message}")
                return False
            outcome.after = reading
            blocking_error = change.kind.blocking_error(reading)
            if blocking_error is not None:
                outcome.error = blocking_error
                outcome.changed = True
                return False
            if self._matches(reading):
                outcome.error = None
                outcome.changed = True
                return False
            if is_busy(reading):
                quiet_since = self._clock.monotonic()
            elif self._last_read - quiet_since >= self._timings.quiet:
                return self._is_still_to_do(reading)
            if self._deadline.passed:
                self._unknown(f"It is {reading.lifecycle_state} with its former key at the last look.")
                return False
            yield self._pause(self._timings.poll(look))
            look += 1

    def _roll_back(self) -> Iterator[Wait]:
        """After a change that failed, put back what it has taken away, and tell what is in place now."""
        outcome, kind, before = self._outcome, self._change.kind, self._outcome.known
        told = ""
        outcome.after = None
        for attempt in range(1, _MOST_FAULTS + 1):
            reading = self._read()
            if isinstance(reading, Resource):
                outcome.after = reading
                outcome.changed = not kind.is_same(before, reading)
                if told and not outcome.changed:
                    told = _PUT_BACK
                if self._matches(reading):
                    # It came to be as wanted after all, so that nothing is missing.
                    outcome.error = None
                    return
                try:
                    self._writer.journal.intend(outcome, self._change.desired)
                    if not kind.roll_back(self._change.reader.service_for(outcome.action), before, reading):
                        break
                    told = _PUT_BACK
                except (ApiError, OSError) as fault:
                    told = f" What was assigned before could not be put back ({fault})."
            yield Wait(self._timings.backoff(attempt))
        if outcome.after is not None:
            told += f" Now it has {kind.describe(outcome.after)}."
        else:
            outcome.changed = True
            told = " What it has now could not be read: the journal holds what was assigned before."
        if outcome.error is not None:
            outcome.error = replace(outcome.error, message=outcome.error.message + told)

    def _record_partial_result(self, first: Resource) -> None:
        """A change of several requests that failed may have been made in part."""
        outcome = self._outcome
        outcome.before = first
        if outcome.changed:
            return
        reading = self._read()
        if isinstance(reading, Resource):
            outcome.after = reading
            outcome.changed = not self._change.kind.is_same(first, reading)
        else:
            outcome.changed = True

    def _pause(self, seconds: float, *, may_never_end: bool = False) -> Wait:
        return Wait(min(max(seconds, 0.001), self._deadline.remaining), may_never_end)

    def _read(self) -> Reading:
        # An answer may be long on its way, and tells how things were when it was asked for.
        self._last_read = self._clock.monotonic()
        return self._change.reader.get(self._outcome.id)

    def _unknown(self, then: str) -> None:
        self._outcome.changed = True
        self._outcome.settled = False
        self._fail("OutcomeUnknown", f"The answer to the change was lost ({self._lost}). {then}", self._lost)

    def _journal_failed(self, error: OSError) -> None:
        if self._lost is not None:
            self._unknown(f"It is not tried again, because the journal could not be written ({error}).")
        else:
            again = " again" if self._tries > 1 else ""
            self._fail("JournalFailed", f"The journal could not be written ({error}), so nothing was sent{again}.")

    def _fail(self, code: str, message: str, cause: ApiError | None = None) -> None:
        refused = cause if isinstance(cause, ServiceError) else None
        self._outcome.error = ResourceError(
            code=code,
            message=message,
            status=refused.status if refused else None,
            opc_request_id=refused.opc_request_id if refused else None,
            hint=_REGENERATE_AGAIN_HINT if self._outcome.action == REGENERATE else _RUN_AGAIN_HINT,
        )
