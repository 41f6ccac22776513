# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""How fast requests go to one service of one region: slower when it says 429, faster again after it.

It is the rate that falls and rises, and with it how many are under way. A limit on requests a second is kept badly by
counting those under way: with answers after 50 ms, a limit of 50 a second lies between two and three of them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from .._common.clock import Clock

# One burst of 429s comes as many answers; it is to slow down once.
_BURST_SECONDS = 1.0
# After a 429 the rate is this part of what the service took in the last second, but at least half of what it was.
_OF_WHAT_WAS_TAKEN = 0.95
# What part of the rate is added a second later, twice that after another second...: more while the limit is a guess.
_STEP_FROM_A_GUESS = 0.1
_STEP = 0.02
# Requests a second: the least guess at a limit, when too few went before to tell, and the slowest of all.
_LEAST_GUESS = 10.0
_LEAST = 1.0
# What a thread that slept too long may catch up, so that the rate is the one that is meant.
_CATCH_UP_SECONDS = 0.02
# Nobody documents Retry-After; 60 s is the longest pause that OCI asks for (oci_semantics.md section 4).
_LONGEST_RETRY_AFTER = 60.0


class AdaptiveRateLimiter:
    """A gate that lets requests through at a rate (additive increase, multiplicative decrease). Free until a 429.

    As long as nothing is refused, each further second adds twice as much as the one before: a single 429 costs little,
    and a limit is overstepped rarely.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turn = threading.Lock()
        self._state = threading.Lock()
        self._rate = float("inf")
        self._step = 0.0
        self._due = float("-inf")
        self._changed_at = self._slowed_at = float("-inf")
        self._is_limiting = False
        self._taken: deque[float] = deque()

    @property
    def rate(self) -> float:
        """Requests a second; infinite until the first 429."""
        return self._rate

    def wait(self, remaining: Callable[[], float] = lambda: float("inf")) -> None:
        """Wait until the next request may go, but no longer than the ``remaining`` seconds."""
        with self._turn:
            while True:
                with self._state:
                    now = self._clock.monotonic()
                    pause = min(self._due - now, remaining())
                    if pause <= 0:
                        self._due = max(self._due, now - _CATCH_UP_SECONDS) + 1 / self._rate
                        return
                    self._is_limiting = True
                self._clock.sleep(pause)

    def record_throttled(self, retry_after: float | None = None) -> None:
        """The service said 429, and perhaps how many seconds to wait."""
        with self._state:
            now = self._clock.monotonic()
            if retry_after is not None:
                self._due = max(self._due, now + min(retry_after, _LONGEST_RETRY_AFTER))
            taken = float(self._recent_requests(now))
            if self._rate == float("inf"):
                self._slow_down(now, max(taken, _LEAST_GUESS), _STEP_FROM_A_GUESS)
            elif now - self._slowed_at >= _BURST_SECONDS:
                half = self._rate / 2 / _OF_WHAT_WAS_TAKEN
                self._slow_down(now, max(min(self._rate, taken), half), _STEP)

    def record_answered(self) -> None:
        """The service took a request, whatever it answered."""
        with self._state:
            now = self._clock.monotonic()
            self._taken.append(now)
            self._recent_requests(now)
            if self._is_limiting and now - self._changed_at >= 1.0:
                self._rate += self._step
                self._step *= 2
                self._changed_at = now
                self._is_limiting = False

    def _slow_down(self, now: float, limit: float, step: float) -> None:
        self._rate = max(_LEAST, limit * _OF_WHAT_WAS_TAKEN)
        self._step = self._rate * step
        self._slowed_at = self._changed_at = now
        self._due = max(self._due, now)

    def _recent_requests(self, now: float) -> int:
        """How many requests were taken within the last second, which is what a limit is about."""
        while self._taken and self._taken[0] <= now - 1.0:
            self._taken.popleft()
        return len(self._taken)
