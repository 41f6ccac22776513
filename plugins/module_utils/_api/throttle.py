# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rate of requests to one service of one region: reduced after a 429, then raised again.

Limits the request rate rather than the number in flight: with 50 ms latency, a limit of 50 req/s falls between 2 and 3
concurrent requests.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from .._common.clock import Clock

# The 429s of one burst reduce the rate only once.
_BURST_SECONDS = 1.0
# After a 429, the rate becomes this fraction of what the service accepted in the last second, but at least half of the
# rate before.
_BACKOFF_FRACTION = 0.95
# The fraction of the rate that is added after a second without 429, twice that after another one, and so on. It is
# larger while the limit is a guess.
_FIRST_STEP_FROM_GUESS = 0.1
_FIRST_STEP = 0.02
# Requests per second: the lowest first guess at a limit, for when too few requests were sent to measure it; and the
# lowest rate of all.
_MIN_FIRST_RATE = 10.0
_MIN_RATE = 1.0
# How much a thread that slept too long may catch up, so that the average rate is right.
_CATCH_UP_SECONDS = 0.02
# Retry-After is not documented; 60 s is the longest pause that OCI recommends (oci_semantics.md section 4).
_MAX_RETRY_AFTER = 60.0


class AdaptiveRateLimiter:
    """Limits the rate of requests after the first 429; no limit before it.

    A 429 reduces the rate at once. While none follows, each second adds twice as much as the second before, so a single
    429 costs little and the service's limit is rarely exceeded.
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
        self._accepted_times: deque[float] = deque()

    @property
    def rate(self) -> float:
        """Requests per second; infinite until the first 429."""
        return self._rate

    def wait(self, remaining: Callable[[], float] = lambda: float("inf")) -> None:
        """Wait until the next request may be sent, at most ``remaining()`` seconds."""
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
        """The service responded 429. ``retry_after`` is the seconds that it asked to wait, if it did."""
        with self._state:
            now = self._clock.monotonic()
            if retry_after is not None:
                self._due = max(self._due, now + min(retry_after, _MAX_RETRY_AFTER))
            accepted = float(self._accepted_last_second(now))
            if self._rate == float("inf"):
                self._slow_down(now, max(accepted, _MIN_FIRST_RATE), _FIRST_STEP_FROM_GUESS)
            elif now - self._slowed_at >= _BURST_SECONDS:
                half = self._rate / 2 / _BACKOFF_FRACTION
                self._slow_down(now, max(min(self._rate, accepted), half), _FIRST_STEP)

    def record_accepted(self) -> None:
        """The service accepted a request: it responded with anything but 429, be it an error."""
        with self._state:
            now = self._clock.monotonic()
            self._accepted_times.append(now)
            self._accepted_last_second(now)
            if self._is_limiting and now - self._changed_at >= 1.0:
                self._rate += self._step
                self._step *= 2
                self._changed_at = now
                self._is_limiting = False

    def _slow_down(self, now: float, limit: float, step: float) -> None:
        self._rate = max(_MIN_RATE, limit * _BACKOFF_FRACTION)
        self._step = self._rate * step
        self._slowed_at = self._changed_at = now
        self._due = max(self._due, now)

    def _accepted_last_second(self, now: float) -> int:
        """How many requests the service accepted within the last second, the unit of its limits."""
        while self._accepted_times and self._accepted_times[0] <= now - 1.0:
            self._accepted_times.popleft()
        return len(self._accepted_times)
