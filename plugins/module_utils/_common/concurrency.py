# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What threads share that look things up: each answer, asked for once, and how often they may ask."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from .clock import Clock

_Value = TypeVar("_Value")


class SingleFlightCache(Generic[_Value]):
    """Remembers what was looked up. Of several threads that want the same, one looks and the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[tuple[str, str], threading.Lock] = {}
        self._known: dict[tuple[str, str], _Value] = {}

    def get(self, name: tuple[str, str], look: Callable[[], _Value]) -> _Value:
        with self._lock:
            once = self._locks.setdefault(name, threading.Lock())
        with once:
            if name not in self._known:
                value = look()
                with self._lock:
                    self._known[name] = value
            return self._known[name]

    def values(self) -> list[_Value]:
        with self._lock:
            return list(self._known.values())


class FixedRateLimiter:
    """At most so many calls in any one second. After a first burst they are spread evenly, lest they arrive at once."""

    def __init__(self, calls: int, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=calls)
        self._gap = 1.0 / calls

    def wait(self) -> None:
        with self._lock:
            if len(self._times) == self._times.maxlen:
                now = self._clock.monotonic()
                due = self._times[0] + 1.0
                if due > now - 1.0:
                    due = max(due, self._times[-1] + self._gap)
                if due > now:
                    self._clock.sleep(due - now)
            self._times.append(self._clock.monotonic())
