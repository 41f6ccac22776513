# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long changes wait: between reads, before retries, and until a change counts as ignored."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Intervals, in seconds.

    ``poll_*``: between two reads of resources that are settling. ``backoff_*``: before a write is retried
    (OCI asks for "a few seconds to a maximum of 60 seconds", oci_semantics.md section 4). ``quiet``: how long a
    resource has to stay as it is before a write that was refused for its state, or failed in the service, is repeated.
    ``late_commit``: the same after a write whose response was lost, since the service may carry it out later. How much
    later is not known; this is an assumption (oci_semantics.md).
    ``fresh``: how old a reading may be when a write that relies on it is sent; ``reusable``: how old it may be for it
    to be taken for another write, which needs a while to be sent. ``lock_poll``: the longest pause between two looks at
    a resource that another run is changing.
    ``repeat_every``: the average time between two repetitions, in one region, of writes that were refused for what
    others do.
    ``ignored_after``: how long a resource may be AVAILABLE with its former key after an accepted change before
    the change counts as ignored by the service; ``ignored_after_update``: the same for synchronous changes.
    """

    poll_first: float = 0.2
    poll_factor: float = 1.7
    poll_max: float = 15.0
    backoff_first: float = 1.0
    backoff_max: float = 30.0
    quiet: float = 10.0
    late_commit: float = 60.0
    ignored_after: float = 120.0
    ignored_after_update: float = 3.0
    fresh: float = 5.0
    reusable: float = 4.0
    lock_poll: float = 2.0
    repeat_every: float = 0.5

    def backoff(self, attempt: int) -> float:
        """Seconds before the next attempt, after ``attempt`` of them (1 is the first)."""
        return min(self.backoff_first * 2.0 ** min(attempt - 1, 16), self.backoff_max)

    def conflict_backoff(self, attempt: int) -> float:
        """The same after a refusal for what others do, which may take them long: up to twice as long."""
        return min(self.backoff_first * 2.0 ** min(attempt - 1, 16), 2 * self.backoff_max)

    def poll(self, number: int) -> float:
        """Seconds before read number ``number`` (0 is the first)."""
        return min(self.poll_first * self.poll_factor ** min(number, 64), self.poll_max)
