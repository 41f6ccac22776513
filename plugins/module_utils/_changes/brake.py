# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How seldom writes are repeated that were refused for what others do: 409 Conflict, 400 LimitExceeded."""

from __future__ import annotations

import hashlib
import threading

from .._common.clock import Clock
from .timings import Timings


class ConflictBrake:
    """Spreads the repetitions of one region, whatever the size of its fleet. Safe for threads.

    Each waits exponentially longer, shortened by a part that its resource decides, so that those refused together do
    not come again together. Of all, one is repeated every ``repeat_every`` seconds on average. First attempts are not
    braked: a few resources in conflict do not slow down the others.
    """

    def __init__(self, clock: Clock, timings: Timings) -> None:
        self._clock = clock
        self._timings = timings
        self._lock = threading.Lock()
        self._free_from = float("-inf")

    def delay(self, name: str, attempt: int) -> float:
        """Seconds until the write for the resource ``name`` is repeated that was refused the ``attempt``-th time."""
        seconds = self._timings.conflict_backoff(attempt) * (1.0 - _spread(name, attempt) / 4)
        with self._lock:
            now = self._clock.monotonic()
            turn = max(self._free_from, now)
            self._free_from = turn + self._timings.repeat_every
        return max(seconds, turn - now)


def _spread(name: str, attempt: int) -> float:
    """From 0 to 1, by chance as it seems, but the same in each run."""
    return int.from_bytes(hashlib.sha256(f"{attempt} {name}".encode()).digest()[:4], "big") / 2**32
