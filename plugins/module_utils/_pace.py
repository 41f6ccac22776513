# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""How many changes run side by side in one region: falls when the service says 429, rises again after it."""

from __future__ import annotations

import threading
from types import TracebackType

from ansible_collections.oci_keys.block_volume.plugins.module_utils._clock import Clock

# One burst of 429s comes as many answers; it is to halve the number once.
_BURST_SECONDS = 1.0


class Pace:
    """A gate that lets at most ``limit`` callers through at once (additive increase, multiplicative decrease)."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self._limit = max(1, limit)
        self._allowed = float(self._limit)
        self._running = 0
        self._clock = clock
        self._slowed_at = float("-inf")
        self._changed = threading.Condition()

    @property
    def allowed(self) -> int:
        return int(self._allowed)

    def __enter__(self) -> Pace:
        with self._changed:
            self._changed.wait_for(lambda: self._running < self.allowed)
            self._running += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._changed:
            self._running -= 1
            self._changed.notify_all()

    def slow_down(self) -> None:
        """The service said 429."""
        with self._changed:
            now = self._clock.monotonic()
            if now - self._slowed_at >= _BURST_SECONDS:
                self._slowed_at = now
                self._allowed = max(1.0, self._allowed / 2)

    def went_well(self) -> None:
        """The service accepted a change."""
        with self._changed:
            self._allowed = min(float(self._limit), self._allowed + 1 / self._allowed)
            self._changed.notify_all()
