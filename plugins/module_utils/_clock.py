# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Time, handed in, so that nothing below the harness sleeps or looks at a clock by itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timezone


class Clock:
    """The real clock. Tests hand in one of their own."""

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def timestamp(self) -> str:
        """The time of day in UTC as RFC 3339, to the millisecond."""
        return rfc3339(datetime.now(timezone.utc))


def rfc3339(time: datetime) -> str:
    """A time in UTC as RFC 3339, to the millisecond."""
    return time.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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


class Deadline:
    """The end of ``wait_timeout``, which covers the whole task, retries included."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self.seconds = seconds
        self._end = clock.monotonic() + seconds

    @property
    def remaining(self) -> float:
        return max(0.0, self._end - self._clock.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining <= 0.0

    def sleep(self, seconds: float) -> None:
        """Sleep, but not past the end."""
        self._clock.sleep(min(seconds, self.remaining))
