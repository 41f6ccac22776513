# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a run has to end: its deadline, and its cancellation from outside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .clock import Clock


class CancellationToken:
    """A request from outside, possible at any time, to end a run early.

    After it nothing new is started, and changes in flight get ``grace`` seconds to settle.
    """

    def __init__(self, clock: Clock, grace: float = 25.0) -> None:
        self._clock = clock
        self._grace = grace
        self._cancelled_at: float | None = None
        self.is_shielded = False
        """Whether changes are in flight that should settle first; if not, the run can end at once."""

    def cancel(self) -> None:
        if self._cancelled_at is None:
            self._cancelled_at = self._clock.monotonic()
            self._clock.interrupt_sleeps()

    @property
    def is_cancelled(self) -> bool:
        return self._cancelled_at is not None

    @property
    def remaining(self) -> float:
        """Seconds left for changes in flight; infinite unless cancelled."""
        if self._cancelled_at is None:
            return float("inf")
        return self._cancelled_at + self._grace - self._clock.monotonic()

    @contextmanager
    def shield(self) -> Iterator[None]:
        """While changes are made, the run does not end at once."""
        self.is_shielded = True
        try:
            yield
        finally:
            self.is_shielded = False


class Deadline:
    """The end of ``wait_timeout``, which covers the whole task, retries included, or of the grace after a cancel."""

    def __init__(self, clock: Clock, seconds: float, cancellation: CancellationToken | None = None) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock.monotonic() + seconds
        self._cancellation = cancellation or CancellationToken(clock)

    @property
    def remaining(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, min(self._end - self._clock.monotonic(), self._cancellation.remaining))

    @property
    def passed(self) -> bool:
        return self.remaining <= 0.0

    @property
    def remaining_to_start(self) -> float:
        """Seconds in which something new may be started: none after a cancel."""
        return 0.0 if self._cancellation.is_cancelled else self.remaining

    @property
    def accepts_new_work(self) -> bool:
        """Whether something new may still be started."""
        return self.remaining_to_start > 0.0

    @property
    def not_started_reason(self) -> str:
        """Why a change was not started, as a sentence."""
        if self._cancellation.is_cancelled:
            return "The run was interrupted before this change was started."
        return "'wait_timeout' expired before this change was started."

    def describe(self) -> str:
        """The time that was available, as the end of a sentence."""
        if self._cancellation.is_cancelled:
            return "before the interrupted run ended"
        return f"within {self._seconds:g} s"

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past the deadline."""
        self._clock.sleep(min(seconds, self.remaining))
