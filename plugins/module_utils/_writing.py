# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Making one change: journal, write, and finding out what became of the write when its answer was lost."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.oci_keys.block_volume.plugins.module_utils._clock import Clock, Deadline, Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._connection import Answer, Service
from ansible_collections.oci_keys.block_volume.plugins.module_utils._errors import (
    ApiError,
    NoAnswerError,
    RefusedError,
    ResourceError,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._explain import explain_write
from ansible_collections.oci_keys.block_volume.plugins.module_utils._journal import Journal
from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import KeyVetting
from ansible_collections.oci_keys.block_volume.plugins.module_utils._pace import Pace
from ansible_collections.oci_keys.block_volume.plugins.module_utils._plan import BUSY_STATES, obstacle_to
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reading import Reader
from ansible_collections.oci_keys.block_volume.plugins.module_utils._resources.base import ResourceKind
from ansible_collections.oci_keys.block_volume.plugins.module_utils._state import (
    NONE,
    REGENERATE,
    REMOVE,
    Outcome,
    Resource,
    Wanted,
)

# Tries of a write that fails for reasons of the network or the server; 429 and 409 end with the deadline only.
_MOST_FAULTS = 8


@dataclass(frozen=True)
class Change:
    """One planned change and what is needed to make it."""

    outcome: Outcome
    wanted: Wanted
    kind: ResourceKind
    reader: Reader


class Writer:
    """Makes changes in one region. ``make`` ends with a change that was accepted, or with the outcome's error."""

    def __init__(
        self,
        service: Service,
        journal: Journal,
        pace: Pace,
        vetting: KeyVetting,
        *,
        clock: Clock,
        timings: Timings,
        deadline: Deadline,
    ) -> None:
        self._service = service
        self._journal = journal
        self._pace = pace
        self._vetting = vetting
        self._clock = clock
        self._timings = timings
        self._deadline = deadline

    def make(self, change: Change) -> None:
        """Write until the service accepted it, refused it for good, or the time is up.

        A write is repeated only where it is known not to have been committed: it was throttled, it was refused
        for the resource's state, it never left this machine, or the resource was read and looks untouched.
        """
        outcome = change.outcome
        outcome.changed = False
        faults = tries = 0
        if outcome.before is not None and outcome.before.lifecycle_state in BUSY_STATES:
            # Perhaps the very change that is wanted is on its way, by a run that was interrupted.
            self._fail(outcome, "IncorrectState", f"The {change.kind.noun} stayed {outcome.before.lifecycle_state}.")
            if not self._becomes_ready(change, may_be_ours=False):
                return
        while True:
            if self._deadline.passed:
                if not tries:
                    self._fail(outcome, "NotTried", "The time of 'wait_timeout' was over before its turn came.")
                return
            try:
                self._journal.intend(outcome, change.wanted)
            except OSError as error:
                self._fail(
                    outcome, "JournalFailed", f"The journal could not be written ({error}), so nothing was sent."
                )
                return
            tries += 1
            outcome.error = None
            outcome.time_requested = self._clock.timestamp()
            try:
                with self._pace:
                    answer = self._send(change)
            except RefusedError as error:
                outcome.opc_request_id = error.opc_request_id
                outcome.error = explain_write(error, change.kind, outcome, change.wanted, self._vetting.compartments)
                if error.is_throttled:
                    self._pace.slow_down()
                    self._deadline.sleep(self._timings.backoff(tries))
                    continue
                if error.is_wrong_state:
                    self._deadline.sleep(self._timings.backoff(tries))
                    if self._becomes_ready(change, may_be_ours=faults > 0):
                        continue
                    return
                if not error.outcome_is_unknown:
                    return
                lost: ApiError = error
            except NoAnswerError as error:
                outcome.error = explain_write(error, change.kind, outcome, change.wanted, self._vetting.compartments)
                lost = error
            else:
                self._pace.went_well()
                outcome.opc_request_id = answer.opc_request_id
                outcome.changed = True
                return
            faults += 1
            if isinstance(lost, NoAnswerError) and not lost.was_sent:
                may_repeat = True
            else:
                may_repeat = self._was_not_committed(change, lost)
            if not may_repeat or faults >= _MOST_FAULTS:
                return
            self._deadline.sleep(self._timings.backoff(faults))

    def _send(self, change: Change) -> Answer:
        if change.outcome.action == REMOVE:
            return change.kind.remove(self._service, change.outcome.id)
        assert change.wanted.kms_key_id is not None
        return change.kind.assign(self._service, change.outcome.id, change.wanted.kms_key_id)

    def _becomes_ready(self, change: Change, *, may_be_ours: bool) -> bool:
        """Wait until the resource is no longer busy. False if there is nothing left to write, or no time.

        ``may_be_ours``: an earlier try of this change had an unknown outcome.
        """
        outcome = change.outcome
        look = 0
        while not self._deadline.passed:
            reading = change.reader.get(outcome.id)
            if isinstance(reading, ResourceError):
                outcome.error = reading
                return False
            if reading.lifecycle_state not in BUSY_STATES:
                return self._is_still_to_do(change, reading, may_be_ours)
            self._deadline.sleep(self._timings.poll(look))
            look += 1
        return False

    def _is_still_to_do(self, change: Change, reading: Resource, may_be_ours: bool) -> bool:
        """Plan again, after something else was done to the resource."""
        outcome = change.outcome
        obstacle = obstacle_to(reading, change.kind.noun)
        if obstacle is not None:
            outcome.error = obstacle
            outcome.after = reading
            return False
        if reading.kms_key_id == change.wanted.kms_key_id and outcome.action != REGENERATE:
            outcome.error = None
            outcome.changed = may_be_ours
            if not may_be_ours:
                outcome.before = reading
                outcome.action = NONE
            return False
        outcome.before = reading
        return True

    def _was_not_committed(self, change: Change, lost: ApiError) -> bool:
        """Read what became of a write whose answer was lost. True only if it has to be made again."""
        outcome = change.outcome
        if outcome.action == REGENERATE:
            self._unknown(outcome, lost, "A data key may have been regenerated; it is not tried again.")
            return False
        quiet_since = self._clock.monotonic()
        look = 0
        while True:
            reading = change.reader.get(outcome.id)
            now = self._clock.monotonic()
            if isinstance(reading, ResourceError):
                self._unknown(outcome, lost, f"It could not be read afterwards either: {reading.message}")
                return False
            if reading.kms_key_id == change.wanted.kms_key_id:
                outcome.error = None
                outcome.changed = True
                return False
            if reading.lifecycle_state in BUSY_STATES:
                quiet_since = now
            elif obstacle_to(reading, change.kind.noun) is not None:
                outcome.error = obstacle_to(reading, change.kind.noun)
                outcome.after = reading
                outcome.changed = True
                return False
            elif now - quiet_since >= self._timings.quiet:
                return True
            if self._deadline.passed:
                outcome.after = reading
                self._unknown(outcome, lost, f"It is {reading.lifecycle_state} with its former key at the last look.")
                return False
            self._deadline.sleep(max(self._timings.poll(look), 0.001))
            look += 1

    def _unknown(self, outcome: Outcome, lost: ApiError, then: str) -> None:
        outcome.changed = True
        outcome.settled = False
        self._fail(outcome, "OutcomeUnknown", f"The answer to the change was lost ({lost}). {then}", lost)

    @staticmethod
    def _fail(outcome: Outcome, code: str, message: str, cause: ApiError | None = None) -> None:
        refused = cause if isinstance(cause, RefusedError) else None
        outcome.error = ResourceError(
            code=code,
            message=message,
            status=refused.status if refused else None,
            opc_request_id=refused.opc_request_id if refused else None,
            hint="Run again: what is not as wanted is found and changed then.",
        )
