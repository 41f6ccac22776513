# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One write: into the journal, in turn, sent, and what the service said to it."""

from __future__ import annotations

from threading import Semaphore

from .._api.client import Service
from .._common.cancellation import Deadline
from .._common.clock import Clock
from .._common.errors import ApiError
from .._common.latest_reading import LatestReading
from .._common.records import replace
from .._documents.journal import Journal
from .._keys.validation import KeyValidator
from .._resources.error_hints import explain_write
from .attempts import Attempt, Change, Phase
from .timings import Timings


class Writer:
    """Sends the writes of one region, no more at a time than there are slots."""

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
        self._journal = journal
        self.slots = slots
        """To be held from the wait for the turn of a write to its response."""
        self._validator = validator
        self._clock = clock
        self._timings = timings
        self._deadline = deadline

    def wait_turn(self, change: Change, attempt: Attempt) -> None:
        """Wait for the rate limit, as long as something new may be started."""
        service = change.reader.service_for(attempt.decision.action)
        service.wait_turn(lambda: self._deadline.remaining_to_start)

    def announce_write(self, change: Change, attempt: Attempt) -> tuple[Attempt, bool]:
        """Write the line of the journal that has to be there before a write; False if it can't be."""
        try:
            self._journal.intend(change.target.region, attempt.decision)
        except OSError as fault:
            return _journal_failed(attempt, fault), False
        return attempt, True

    def write(self, change: Change, attempt: Attempt) -> tuple[Attempt, ApiError | None]:
        """Write once what the attempt's decision says. With an error of the API, it may have to be written again."""
        decision = attempt.decision
        service = self.service_for(change, attempt)
        sent = attempt
        try:
            try:
                sent = replace(attempt, error=None, time_requested=self._clock.timestamp())
                response = change.kind.change(service, decision.known, decision.action, decision.desired)
            except ApiError as error:
                reason = explain_write(error, change.kind, decision, self._validator.compartments)
                return replace(sent, error=reason, opc_request_id=reason.opc_request_id), error
            sent = replace(sent, changed=True, opc_request_id=response.opc_request_id)
            new_id = change.reader.on_accepted(change.id, decision.action, response)
        except Exception as fault:
            return sent.broken_by(fault), None
        return replace(sent, phase=Phase.CONCLUDE, new_id=new_id), None

    def service_for(self, change: Change, attempt: Attempt) -> Service:
        """The service for the requests of a write that relies on the attempt's latest reading."""
        service = change.reader.service_for(attempt.decision.action)
        return service.relying_on(LatestReading(self._clock, attempt.last_read, self._timings.fresh))

    def announce(self, change: Change, attempt: Attempt) -> None:
        """Write the line of the journal that has to be there before a roll-back. Raises OSError."""
        self._journal.intend(change.target.region, attempt.decision)


def _journal_failed(attempt: Attempt, fault: OSError) -> Attempt:
    if attempt.lost is not None:
        return attempt.unknown(f"It is not retried, because the journal could not be written ({fault}).")
    again = " again" if attempt.writes else ""
    return attempt.failed("JournalFailed", f"The journal could not be written ({fault}), so nothing was sent{again}.")
