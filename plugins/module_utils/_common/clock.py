# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Time as an injected dependency: nothing below the modules sleeps or reads a clock by itself."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timezone

from .timestamps import rfc3339

# The longest sleep, in seconds, once sleeps are interrupted.
_INTERRUPTED_SLEEP = 0.5


class Clock:
    """The real clock; tests inject their own."""

    def __init__(self) -> None:
        self._interrupted = threading.Event()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self.is_interrupted:
            time.sleep(min(seconds, _INTERRUPTED_SLEEP))
        else:
            self._interrupted.wait(seconds)

    def interrupt_sleeps(self) -> None:
        """Wake every sleeping thread, and keep all later sleeps short."""
        self._interrupted.set()

    @property
    def is_interrupted(self) -> bool:
        return self._interrupted.is_set()

    def timestamp(self) -> str:
        """The time of day in UTC as RFC 3339, to the millisecond."""
        return rfc3339(datetime.now(timezone.utc))


@dataclass(frozen=True)
class Timings:
    """Intervals, in seconds.

    ``poll_*``: between two reads of resources that are settling. ``backoff_*``: before a write is retried
    (OCI asks for "a few seconds to a maximum of 60 seconds", oci_semantics.md section 4). ``quiet``: how long a
    resource has to stay unchanged before a write whose response was lost counts as not committed.
    ``ignored_after``: how long a resource may be AVAILABLE with its former key after an accepted change before
    the change counts as ignored by the service; ``ignored_after_update``: the same for synchronous changes.
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
        """Seconds before the next attempt, after ``attempt`` of them (1 is the first)."""
        return min(self.backoff_first * 2.0 ** min(attempt - 1, 16), self.backoff_max)

    def poll(self, number: int) -> float:
        """Seconds before read number ``number`` (0 is the first)."""
        return min(self.poll_first * self.poll_factor ** min(number, 64), self.poll_max)
