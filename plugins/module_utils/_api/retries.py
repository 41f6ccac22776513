# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a call is sent again: reads after transient failures, writes never. No SDK."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from .._common.clock import Clock
from .._common.errors import ApiError, ServiceError, TransportError
from .failures import PermanentTransportError
from .throttle import AdaptiveRateLimiter

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class ReadRetry:
    """When and how often a read is retried; the defaults are those of the SDK.

    The n-th pause is ``2^(n-1)`` s plus a random part of up to ``jitter`` s, but at most ``max_pause`` s. There are at
    most ``attempts`` in all, and none starts later than ``total`` s after the first one.
    """

    attempts: int = 8
    total: float = 600.0
    max_pause: float = 30.0
    jitter: float = 1.0

    def pause(self, attempt: int) -> float:
        """Seconds to wait after failed attempt number ``attempt``, counted from 1."""
        return min(2.0 ** (attempt - 1) + random.uniform(0, self.jitter), self.max_pause)


class RetryingReads:
    """Retries the reads of one service; each attempt waits for the service's rate limit.

    A read is not retried if the pause before it would be longer than ``remaining()``, the seconds left of the whole
    task.
    """

    def __init__(
        self, retry: ReadRetry, clock: Clock, limiter: AdaptiveRateLimiter, remaining: Callable[[], float]
    ) -> None:
        self._retry = retry
        self._clock = clock
        self._limiter = limiter
        self._remaining = remaining

    def call(self, attempt_once: Callable[[], _Result]) -> _Result:
        """The result of the first attempt that succeeds. Raises the ApiError of the last one if none does."""
        started = self._clock.monotonic()
        attempt = 0
        while True:
            attempt += 1
            try:
                self._limiter.wait(self._remaining)
                return attempt_once()
            except ApiError as error:
                pause = self._retry.pause(attempt)
                is_late = self._clock.monotonic() - started + pause > self._retry.total or pause > self._remaining()
                if attempt >= self._retry.attempts or is_late or not is_transient(error):
                    raise
            self._clock.sleep(pause)


def is_transient(error: ApiError) -> bool:
    """Whether a read that failed with this error may succeed when it is sent again."""
    if isinstance(error, ServiceError):
        if error.status == 409:
            return error.code in ("IncorrectState", "LockConflict")
        return error.is_throttled or error.is_server_error
    return isinstance(error, TransportError) and not isinstance(error, PermanentTransportError)
