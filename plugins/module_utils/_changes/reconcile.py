# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One change from its plan to its end, step by step: read if need be, decide, write, find out, roll back.

As in a controller, a step is plain blocking code that never sleeps; it returns where to go on, and when.
"""

from __future__ import annotations

import threading

from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.errors import ApiError, ResourceError, ServiceError, TransportError
from .._common.records import replace
from .._common.text import label
from .._model.actions import REGENERATE
from .._model.decisions import Decision, decide_again, is_busy
from .._model.resource import Reading, Resource
from .attempts import Attempt, Change, Phase
from .brake import ConflictBrake
from .change_locks import ChangeLocks
from .timings import Timings
from .write import Writer

_RESTORED = " The former assignment was restored."

# Attempts at a write that fails for reasons of the network or the server; what passes (429, 409, LimitExceeded) ends
# with the deadline only.
_MAX_FAULTS = 8


class Reconciler:
    """Makes the changes of one region, one ``try_once`` after the other.

    No write relies on what the plan relied on: once no other run can change the resource, it is read and decided again.
    A write is repeated only where it is known not to have been committed: it was throttled, it was refused for the
    resource's state, it never left this machine, or the resource was read and shows no sign of it.
    """

    def __init__(
        self, writer: Writer, locks: ChangeLocks, *, clock: Clock, timings: Timings, deadline: Deadline
    ) -> None:
        self._writer = writer
        self._locks = locks
        # Of the threads that wait for the rate limit, one is next. So what it reads then is fresh when it writes.
        self._next = threading.Lock()
        self._brake = ConflictBrake(clock, timings)
        self._clock = clock
        self._timings = timings
        self._deadline = deadline
        self._steps = {
            Phase.LOCK: self._lock,
            Phase.WRITE: self._write,
            Phase.AWAIT_READY: self._await_ready,
            Phase.FIND_OUT: self._find_out,
            Phase.CONCLUDE: self._conclude,
            Phase.ROLL_BACK: self._roll_back,
        }

    def first_attempt(self, change: Change) -> Attempt:
        """Where a change begins."""
        return Attempt(change.decision, float("-inf"))

    def try_once(self, change: Change, attempt: Attempt) -> Attempt:
        """Go on until the change is done, or has to wait for ``retry_after`` seconds."""
        if attempt.retry_after is not None:
            attempt = replace(attempt, retry_after=None)
        while attempt.retry_after is None and attempt.phase is not Phase.DONE:
            try:
                attempt = self._steps[attempt.phase](change, attempt)
            except Exception as fault:
                attempt = attempt.broken_by(fault)
        return attempt

    # --- alone

    def _lock(self, change: Change, attempt: Attempt) -> Attempt:
        """Until no other run changes the resource. Then it is read, however short ago it was read before.

        A resource in transition is waited for: perhaps the very change that is desired is in flight, by a run that was
        interrupted.
        """
        if not self._deadline.accepts_new_work:
            if not attempt.was_in_use:
                return self._never_ready(change, attempt)
            reason = self._deadline.not_started_reason
            return attempt.failed("InUse", f"Another run of the collection was changing it. {reason}")
        try:
            since = self._locks.acquire(change.id)
        except OSError as fault:
            return attempt.failed("LockFailed", f"It could not be locked ({fault}), so nothing was sent.")
        if since is None:
            seconds = min(self._timings.poll(attempt.reads), self._timings.lock_poll)
            return self._wait(replace(attempt, was_in_use=True, reads=attempt.reads + 1), seconds)
        waiting = attempt.begins(Phase.AWAIT_READY, quiet_for=change.target.quiet_for)
        return replace(waiting, locked_since=since)

    # --- writing

    def _write(self, change: Change, attempt: Attempt) -> Attempt:
        if attempt.writes and not attempt.is_confirmed and change.kind.is_multi_request:
            return replace(attempt.begins(Phase.AWAIT_READY), is_confirmed=True)
        with self._writer.slots:
            with self._next:
                self._writer.wait_turn(change, attempt)
                if not self._deadline.accepts_new_work:
                    return self._too_late(attempt)
                if not self._is_fresh(attempt):
                    attempt = self._await_ready(change, attempt.begins(Phase.AWAIT_READY))
                    if attempt.phase is not Phase.WRITE or attempt.retry_after is not None:
                        return attempt
            return self._write_now(change, attempt)

    def _too_late(self, attempt: Attempt) -> Attempt:
        if not attempt.writes:
            return attempt.failed("NotTried", self._deadline.not_started_reason)
        return attempt.concluded()

    def _is_fresh(self, attempt: Attempt) -> bool:
        return self._clock.monotonic() - attempt.last_read <= self._timings.fresh

    def _write_now(self, change: Change, attempt: Attempt) -> Attempt:
        refusal = change.kind.precondition_error(attempt.decision.known, attempt.decision.action)
        if refusal is not None:
            return replace(attempt.concluded(), error=refusal)
        attempt, is_announced = self._writer.announce_write(change, attempt)
        if not is_announced or not self._is_fresh(attempt):  # the disk may have taken long
            return attempt
        first = attempt.first
        if change.kind.is_multi_request and first is None:
            first = attempt.decision.known
        attempt = replace(attempt, writes=attempt.writes + 1, is_confirmed=False, first=first)
        attempt, error = self._writer.write(change, attempt)
        if error is None:
            return attempt
        try:
            return self._after_error(change, attempt, error)
        except Exception as fault:  # by now a request may have been committed
            return attempt.broken_by(fault)

    def _after_error(self, change: Change, attempt: Attempt, error: ApiError) -> Attempt:
        """Whether, when and how the write is repeated."""
        if isinstance(error, ServiceError):
            if error.is_throttled:
                return self._wait(attempt.begins(Phase.WRITE), self._timings.backoff(attempt.writes))
            if error.is_incorrect_state:
                # A change may be in flight that does not show yet, so AVAILABLE has to last for a while.
                waiting = attempt.begins(Phase.AWAIT_READY, quiet_for=self._timings.quiet)
                return self._wait(waiting, self._timings.backoff(attempt.writes))
            if error.is_precondition_failed:
                return self._retry(attempt.begins(Phase.AWAIT_READY))
            if change.reader.on_refused(attempt.decision.known, error):
                return self._retry(attempt.begins(Phase.AWAIT_READY, quiet_for=self._timings.late_commit))
            if change.kind.is_retryable(error):
                return self._wait(attempt.begins(Phase.AWAIT_READY), self._brake.delay(change.id, attempt.writes))
            if not error.outcome_is_unknown:
                return attempt.concluded()
        if isinstance(error, TransportError) and not error.was_sent:
            unsent = attempt.unsent + (not change.kind.needs_rollback)  # of several requests, one may have been sent
            return self._retry(replace(attempt.begins(Phase.WRITE), unsent=unsent))
        attempt = replace(attempt, faults=attempt.faults + 1, lost=error)
        if attempt.decision.action == REGENERATE:
            return attempt.unknown("A new data key may have been created; the request is not repeated.")
        return replace(attempt.begins(Phase.FIND_OUT), quiet_since=self._clock.monotonic())

    def _retry(self, attempt: Attempt) -> Attempt:
        """Another fault; of too many, the last one's error stays."""
        attempt = replace(attempt, faults=attempt.faults + 1)
        if attempt.faults >= _MAX_FAULTS:
            return attempt.concluded()
        return self._wait(attempt, self._timings.backoff(attempt.faults))

    # --- reading and deciding again

    def _await_ready(self, change: Change, attempt: Attempt) -> Attempt:
        """Until the resource was not in transition for ``quiet_for`` seconds, or there is nothing left to write."""
        if self._deadline.passed if attempt.lost else not self._deadline.accepts_new_work:
            return self._never_ready(change, attempt)
        attempt, reading = self._read_again(change, attempt)
        if isinstance(reading, ResourceError):
            if attempt.lost is not None:
                return attempt.unknown(f"Reading the resource afterwards failed too: {reading.message}")
            return replace(attempt.concluded(), error=reading)
        if is_busy(reading):
            attempt = replace(attempt, quiet_since=None)
        else:
            since = self._clock.monotonic() if attempt.quiet_since is None else attempt.quiet_since
            attempt = replace(attempt, quiet_since=since)
            decision = self._decide(change, attempt, reading)
            if decision.is_fulfilled or max(0.0, attempt.last_read - since) >= attempt.quiet_for:
                return self._follow(change, attempt, decision, reading)
        return self._read_later(attempt)

    def _never_ready(self, change: Change, attempt: Attempt) -> Attempt:
        before = attempt.decision.known
        if attempt.lost is not None:
            return attempt.unknown("The resource has been in transition since.")
        if attempt.writes:
            return attempt.concluded()
        if is_busy(before):
            noun = change.kind.noun_for(before)
            return attempt.failed("IncorrectState", f"The {noun} stayed {before.lifecycle_state}.")
        return attempt.failed("NotTried", self._deadline.not_started_reason)

    def _find_out(self, change: Change, attempt: Attempt) -> Attempt:
        """Whether the write whose response was lost was committed. It is repeated only if it was not."""
        attempt, reading = self._read(change, attempt)
        if isinstance(reading, ResourceError):
            return attempt.unknown(f"Reading the resource afterwards failed too: {reading.message}")
        attempt = replace(attempt, after=reading)
        decision = self._decide(change, attempt, reading)
        if decision.is_fulfilled or change.kind.blocking_error(reading) is not None:
            return self._follow(change, attempt, decision, reading)
        if is_busy(reading):
            attempt = replace(attempt, quiet_since=self._clock.monotonic())
        elif attempt.last_read - (attempt.quiet_since or 0.0) >= self._quiet_after(attempt.lost):
            attempt = self._follow(change, attempt, decision, reading)
            if attempt.phase is not Phase.WRITE:
                return attempt
            if attempt.faults >= _MAX_FAULTS:
                return attempt.concluded()
            return self._wait(attempt, self._timings.backoff(attempt.faults))
        if self._deadline.passed:
            return attempt.unknown(f"When last read, it was {reading.lifecycle_state} with its former key.")
        return self._read_later(attempt)

    def _quiet_after(self, lost: ApiError | None) -> float:
        """How long nothing has to show of a write before it counts as not committed. A fault that the service itself
        reports is the end of it; without its answer, the write may still be on its way."""
        if isinstance(lost, ServiceError) and not lost.is_of_gateway:
            return self._timings.quiet
        return self._timings.late_commit

    def _decide(self, change: Change, attempt: Attempt, reading: Reading) -> Decision:
        """A key that shows up after a lost response may be ours, so which one is expected no longer matters."""
        target, is_lost = change.target, attempt.lost is not None
        return decide_again(
            attempt.decision,
            reading,
            change.kind,
            expected_kms_key_id=None if is_lost else target.expected_kms_key_id,
            expected_policy_id=None if is_lost else target.expected_policy_id,
            has_begun=attempt.writes > 0,
        )

    def _follow(self, change: Change, attempt: Attempt, decision: Decision, reading: Resource) -> Attempt:
        """Go on as decided: write, or conclude because there is nothing to write, or nothing that may be written."""
        if decision.is_change:
            attempt = replace(attempt, warnings=self._replaced_by_others(change, attempt, reading))
            return replace(attempt, decision=decision, phase=Phase.WRITE)
        attempt = attempt.concluded()
        if decision.error is not None:
            # What broke since a response was lost may have broken in the change.
            may_be_ours = attempt.lost is not None and change.kind.blocking_error(reading) is not None
            return replace(attempt, error=decision.error, after=reading, changed=may_be_ours)
        if attempt.lost is not None and decision.is_fulfilled:
            return replace(attempt, error=None, after=reading, changed=True)
        return replace(attempt, error=None, decision=decision)

    @staticmethod
    def _replaced_by_others(change: Change, attempt: Attempt, reading: Resource) -> tuple[str, ...]:
        """That the write replaces what somebody else has assigned since the plan was made."""
        kind, planned = change.kind, change.decision.known
        if attempt.writes > attempt.unsent or change.decision.completes_another_run or kind.is_same(planned, reading):
            return attempt.warnings
        name = label(reading.display_name, change.id)
        return (
            f"{name}: during the run, somebody else replaced {kind.describe(planned)} by {kind.describe(reading)}. "
            "That is what this change replaces, and what it can be returned to.",
        )

    # --- the end

    def _conclude(self, change: Change, attempt: Attempt) -> Attempt:
        if change.kind.needs_rollback and attempt.writes and attempt.error is not None:
            return replace(attempt.begins(Phase.ROLL_BACK), after=None)
        if attempt.first is not None:
            attempt = self._with_partial_result(change, attempt, attempt.first)
        return replace(attempt, phase=Phase.DONE)

    def _with_partial_result(self, change: Change, attempt: Attempt, first: Resource) -> Attempt:
        """A change of several requests that failed may have been made in part."""
        made = replace(attempt.decision if attempt.decision.is_change else change.decision, reading=first)
        if attempt.changed:
            return replace(attempt, decision=made)
        attempt, reading = self._read(change, attempt)
        if isinstance(reading, ResourceError):
            return replace(attempt, decision=made, changed=True)
        if change.kind.is_same(first, reading):
            return replace(attempt, decision=replace(attempt.decision, reading=first), after=reading)
        return replace(attempt, decision=made, after=reading, changed=True)

    def _roll_back(self, change: Change, attempt: Attempt) -> Attempt:
        """After a change that failed, restore what it has taken away, and report what is in place now."""
        kind, before, note = change.kind, attempt.decision.known, attempt.roll_back_note
        attempt, reading = self._read(change, attempt)
        attempt = replace(attempt, roll_backs=attempt.roll_backs + 1)
        if isinstance(reading, Resource):
            is_restored = kind.is_same(before, reading)
            remade = kind.remade(before, reading) if is_restored else None
            attempt = replace(attempt, after=reading, changed=not is_restored or remade is not None)
            if remade is not None:
                note = f" {remade}"
            elif note and is_restored:
                note = _RESTORED
            if kind.matches(reading, attempt.decision.desired):
                return replace(attempt, phase=Phase.DONE, error=None)  # it took effect after all
            try:
                self._writer.announce(change, attempt)
                service = self._writer.service_for(change, attempt)
                if not kind.roll_back(service, before, reading):
                    return self._rolled_back(change, attempt, note)
                note = _RESTORED
            except Exception as fault:  # whatever it is, what was taken away is still missing
                reason = fault if isinstance(fault, (ApiError, OSError)) else repr(fault)
                note = f" The former assignment could not be restored ({reason})."
        if attempt.roll_backs >= _MAX_FAULTS:
            return self._rolled_back(change, attempt, note)
        return replace(attempt, roll_back_note=note, retry_after=self._timings.backoff(attempt.roll_backs))

    @staticmethod
    def _rolled_back(change: Change, attempt: Attempt, note: str) -> Attempt:
        if attempt.after is not None:
            note += f" It now has {change.kind.describe(attempt.after)}."
        else:
            note += " It could not be read since; the journal holds the former assignment."
            attempt = replace(attempt, changed=True)
        if attempt.error is None:
            return replace(attempt, phase=Phase.DONE)
        error = replace(attempt.error, message=attempt.error.message + note)
        return replace(attempt, phase=Phase.DONE, error=error)

    # --- reading and waiting

    def _read(self, change: Change, attempt: Attempt) -> tuple[Attempt, Reading]:
        # A response may be long on its way, and shows how things were when it was asked for.
        asked = self._clock.monotonic()
        return replace(attempt, last_read=asked), change.reader.get(change.id)

    def _read_again(self, change: Change, attempt: Attempt) -> tuple[Attempt, Reading]:
        """Before the first write by the page that the resource was listed on, which many share.

        A list may lag behind, so a GET says what differs from the plan, and what another run has just changed. Only a
        GET has what an update has to send back.
        """
        if attempt.writes:
            return self._read(change, attempt)
        planned = change.decision.known
        by_get = change.kind.is_full_update or attempt.decision.action == REGENERATE or attempt.was_in_use
        not_before = max(attempt.locked_since, self._clock.monotonic() - self._timings.reusable)
        reading, asked = change.reader.fresh(change.id, not_before=not_before, clock=self._clock, by_get=by_get)
        if isinstance(reading, Resource) and reading.etag is None and _differs(change, planned, reading):
            return self._read(change, attempt)
        return replace(attempt, last_read=asked), reading

    def _read_later(self, attempt: Attempt) -> Attempt:
        seconds = self._timings.poll(attempt.reads)
        return self._wait(replace(attempt, reads=attempt.reads + 1), seconds)

    def _wait(self, attempt: Attempt, seconds: float) -> Attempt:
        until = min(max(seconds, 0.001), self._deadline.remaining)
        return replace(attempt, retry_after=until)


def _differs(change: Change, planned: Resource, reading: Resource) -> bool:
    return not change.kind.is_same(planned, reading) or planned.lifecycle_state != reading.lifecycle_state
