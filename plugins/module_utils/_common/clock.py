# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Time, handed in, so that nothing below the harness sleeps or looks at a clock by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone

from .timestamps import rfc3339

# How long anything sleeps at most once there is a hurry, in seconds.
_INTERRUPTED_SLEEP = 0.5


class Clock:
    """The real clock. Tests hand in one of their own."""

    def __init__(self) -> None:
        self._hurry = threading.Event()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self.is_interrupted:
            time.sleep(min(seconds, _INTERRUPTED_SLEEP))
        else:
            self._hurry.wait(seconds)

    def interrupt_sleeps(self) -> None:
        """Wake whoever sleeps, and let nobody sleep for long from now on."""
        self._hurry.set()

    @property
    def is_interrupted(self) -> bool:
        return self._hurry.is_set()

    def timestamp(self) -> str:
        """The time of day in UTC as RFC 3339, to the millisecond."""
        return rfc3339(datetime.now(timezone.utc))


@dataclass(frozen=True)
class Timings:
    """How long to wait between what, in seconds.

    ``poll_*``: between two looks at resources that are settling. ``backoff_*``: before a write is tried again
    (OCI asks for "a few seconds to a maximum of 60 seconds", oci_semantics.md section 4). ``quiet``: how long a
    resource has to look untouched before a write whose answer was lost counts as not committed.
    ``ignored_after``: how long a resource may be AVAILABLE with its former key after an accepted change before
    the change counts as ignored by the service; ``ignored_after_update``: the
    same for resources whose changes take effect at once.
    """

    poll_first: float = 0.2
    poll_factor: float = 1.7
    poll_max: float = 15.0
    backoff_first: float = 1.0
    backoff_max: float = 30.0
    quiet: float = 10.0
    ignored_after: float = 120.0
    ignored_after_update: float = 3.0

    def backoff(self, attempt: int) -> float:
        """Seconds before the next try, after ``attempt`` tries (1 is the first)."""
        return min(self.backoff_first * 2.0 ** min(attempt - 1, 16), self.backoff_max)

    def poll(self, look: int) -> float:
        """Seconds before look number ``look`` (0 is the first)."""
        return min(self.poll_first * self.poll_factor ** min(look, 64), self.poll_max)


class CancellationToken:
    """The wish, which may come from outside at any time, that a run ends before it is done.

    Nothing more is begun then, and what is under way gets ``grace`` seconds to settle.
    """

    def __init__(self, clock: Clock, grace: float = 25.0) -> None:
        self._clock = clock
        self._grace = grace
        self._asked_at: float | None = None
        self.is_shielded = False
        """Whether something is under way that should settle; if not, nothing is lost by ending at once."""

    def cancel(self) -> None:
        if self._asked_at is None:
            self._asked_at = self._clock.monotonic()
            self._clock.interrupt_sleeps()

    @property
    def is_cancelled(self) -> bool:
        return self._asked_at is not None

    @property
    def remaining(self) -> float:
        """Seconds that what is under way may still take."""
        if self._asked_at is None:
            return float("inf")
        return self._asked_at + self._grace - self._clock.monotonic()

    @contextmanager
    def shield(self) -> Iterator[None]:
        """While changes are made, an end has to wait for them."""
        self.is_shielded = True
        try:
            yield
        finally:
            self.is_shielded = False


class Deadline:
    """The end of ``wait_timeout``, which covers the whole task, retries included, or the end that a stop sets."""

    def __init__(self, clock: Clock, seconds: float, cancellation: CancellationToken | None = None) -> None:
        self._clock = clock
        self._seconds = seconds
        self._end = clock.monotonic() + seconds
        self._cancellation = cancellation or CancellationToken(clock)

    @property
    def remaining(self) -> float:
        return max(0.0, min(self._end - self._clock.monotonic(), self._cancellation.remaining))

    @property
    def passed(self) -> bool:
        return self.remaining <= 0.0

    @property
    def remaining_to_start(self) -> float:
        """Seconds in which something new may be begun: none once the run is to stop."""
        return 0.0 if self._cancellation.is_cancelled else self.remaining

    @property
    def is_closed(self) -> bool:
        """Whether nothing new is begun any more."""
        return self.remaining_to_start <= 0.0

    @property
    def not_started_reason(self) -> str:
        """Why something was not begun."""
        if self._cancellation.is_cancelled:
            return "The run was told to end before its turn came."
        return "The time of 'wait_timeout' was over before its turn came."

    @property
    def span(self) -> str:
        """The time that there was, in words."""
        if self._cancellation.is_cancelled:
            return "before the run was told to end"
        return f"within {self._seconds:g} s"

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        self._clock.sleep(min(seconds, self.remaining))
