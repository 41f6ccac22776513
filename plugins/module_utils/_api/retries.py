# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""When a call is sent again: reads after transient failures, writes never. Uses the SDK.

The SDK takes a retry strategy for each call. The ones here use an injected clock, and keep to the rate limit of their
service.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .._common.clock import Clock
from .decoding import InvalidResponseError
from .sdk import load
from .throttle import AdaptiveRateLimiter
from .transport import causes, innermost_text


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

    Has the interface of the SDK's retry strategies. A read is not retried if the pause before it would be longer than
    ``remaining()``, the seconds left of the whole task.
    """

    def __init__(
        self, retry: ReadRetry, clock: Clock, limiter: AdaptiveRateLimiter, remaining: Callable[[], float]
    ) -> None:
        self._retry = retry
        self._clock = clock
        self._limiter = limiter
        self._remaining = remaining

    def add_circuit_breaker_callback(self, callback: object) -> None:
        """Part of the SDK's interface, unused: clients have no circuit breaker."""

    def make_retrying_call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        started = self._clock.monotonic()
        attempt = 0
        while True:
            attempt += 1
            try:
                self._limiter.wait(self._remaining)
                return _report_to_limiter(self._limiter, lambda: function(*args, **kwargs))
            except Exception as error:
                pause = self._retry.pause(attempt)
                is_late = self._clock.monotonic() - started + pause > self._retry.total or pause > self._remaining()
                if attempt >= self._retry.attempts or is_late or not is_transient(error):
                    raise
            self._clock.sleep(pause)


def once(limiter: AdaptiveRateLimiter) -> Any:
    """A strategy that sends a call once, and reports the outcome to the rate limiter.

    It is an instance of the SDK's own class for no retries, because the SDK checks the class.
    """

    def make_retrying_call(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return _report_to_limiter(limiter, lambda: function(*args, **kwargs))

    strategy: Any = load("oci").retry.NoneRetryStrategy()
    strategy.make_retrying_call = make_retrying_call
    return strategy


def _report_to_limiter(limiter: AdaptiveRateLimiter, call: Callable[[], Any]) -> Any:
    try:
        http_response = call()
    except load("oci").exceptions.ServiceError as error:
        if error.status == 429:
            limiter.record_throttled(_retry_after(error.headers))
        else:
            limiter.record_accepted()
        raise
    limiter.record_accepted()
    return http_response


def _retry_after(headers: Any) -> float | None:
    """The Retry-After header if it is a number of seconds. OCI does not document it (oci_semantics.md section 4)."""
    text = str((headers or {}).get("retry-after", "")).strip()
    return float(text) if text.isdecimal() and text.isascii() else None


def is_transient(error: BaseException) -> bool:
    """Whether a read that failed with this error may succeed when it is sent again."""
    exceptions = load("oci").exceptions
    if isinstance(error, exceptions.ServiceError):
        if error.status == 409:
            return error.code in ("IncorrectState", "LockConflict")
        return bool(error.status == 429 or (error.status >= 500 and error.status != 501))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(error)):
        return False
    if "Tunnel connection failed: 407" in innermost_text(error):
        return False
    transport = load("oci.base_client")
    return isinstance(
        error,
        (
            InvalidResponseError,
            transport.requests.exceptions.RequestException,
            transport.urllib3.exceptions.HTTPError,
            transport.circuitbreaker.CircuitBreakerError,
            ConnectionError,
            TimeoutError,
        ),
    )
