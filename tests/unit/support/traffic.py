# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A limiter against a service that limits requests a second, in a time that only this program knows."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.throttle import AdaptiveRateLimiter
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock


@dataclass(frozen=True)
class Limit:
    """So many requests a second: in any one second, or a bucket of ``burst`` tokens that is filled at this rate."""

    rate: int
    burst: int | None = None

    def __str__(self) -> str:
        return f"{self.rate}-a-second" if self.burst is None else f"{self.rate}-a-second-{self.burst}-at-once"

    def begin(self) -> Service:
        return Window(self.rate) if self.burst is None else Bucket(self.rate, self.burst)


def window(rate: int) -> Limit:
    return Limit(rate)


def bucket(rate: int, *, burst: int) -> Limit:
    return Limit(rate, burst)


class Service(Protocol):
    rate: float

    def admits(self, now: float) -> bool:
        """Whether one more request is answered at that moment."""


class Window:
    """What is refused does not count."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._times: deque[float] = deque()

    def admits(self, now: float) -> bool:
        while self._times and self._times[0] <= now - 1.0:
            self._times.popleft()
        if len(self._times) >= self.rate:
            return False
        self._times.append(now)
        return True


class Bucket:
    def __init__(self, rate: float, burst: float) -> None:
        self.rate = rate
        self._burst = self._tokens = burst
        self._filled_at = 0.0

    def admits(self, now: float) -> bool:
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self.rate)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class EventClock(Clock):
    """A time that jumps from event to event, also while somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._number = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self._now

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._events, (self._now + seconds, self._number, event))

    def sleep(self, seconds: float) -> None:
        end = self._now + seconds
        while self._events and self._events[0][0] <= end:
            self.go_on()
        self._now = end

    def go_on(self) -> None:
        """To the next event."""
        self._now, _number, event = heapq.heappop(self._events)
        event()


@dataclass
class Traffic:
    """Each request: when it was sent, and whether it was taken."""

    sent: list[tuple[float, bool]] = field(default_factory=list)
    done: int = 0
    seconds: float = 0.0

    def accepted(self, after: float = 0.0, until: float = float("inf")) -> int:
        return sum(taken for time, taken in self.sent if after <= time < until)

    def share_refused(self, after: float = 0.0, until: float = float("inf")) -> float:
        asked = [taken for time, taken in self.sent if after <= time < until]
        return 1 - sum(asked) / len(asked)

    def used(self, rate: float, after: float = 0.0) -> float:
        """What part of the limit was used."""
        return self.accepted(after) / (self.seconds - after) / rate


def drive(
    limit: Limit,
    *,
    requests: int,
    latency: float,
    concurrency: int,
    changes: Sequence[tuple[float, int]] = (),
) -> Traffic:
    """Make the requests, again after a 429 as the SDK does; ``changes`` are new limits and when they begin."""
    clock = EventClock()
    service = limit.begin()
    limiter = AdaptiveRateLimiter(clock)
    traffic = Traffic()
    waiting = deque([1] * requests)
    for when, rate in changes:
        clock.after(when, lambda rate=rate: setattr(service, "rate", rate))  # type: ignore[misc]
    under_way = 0

    def answer(attempt: int, taken: bool) -> None:
        nonlocal under_way
        under_way -= 1
        if taken:
            limiter.record_accepted()
            traffic.done += 1
        else:
            limiter.record_throttled()
            clock.after(min(2.0 ** (attempt - 1), 30.0), lambda: waiting.append(attempt + 1))

    while traffic.done < requests:
        if under_way >= concurrency or not waiting:
            clock.go_on()
            continue
        under_way += 1
        attempt = waiting.popleft()
        limiter.wait()
        taken = service.admits(clock.monotonic())
        traffic.sent.append((clock.monotonic(), taken))
        clock.after(latency, lambda attempt=attempt, taken=taken: answer(attempt, taken))  # type: ignore[misc]
    traffic.seconds = clock.monotonic()
    return traffic
