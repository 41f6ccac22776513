# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls made by several threads: the same work for many items, each value obtained once, and a fixed rate."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

from .clock import Clock

_Value = TypeVar("_Value")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def map_concurrently(work: Callable[[_Item], _Result], items: Sequence[_Item], max_threads: int = 32) -> list[_Result]:
    """The result of ``work`` for every item, in their order. An exception is raised only after all have ended."""
    if len(items) < 2:
        return [work(item) for item in items]
    with ThreadPoolExecutor(min(len(items), max_threads)) as pool:
        return [future.result() for future in [pool.submit(work, item) for item in items]]


class SingleFlightCache(Generic[_Value]):
    """Caches values by name. If several threads need the same one, one thread obtains it and the others wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._locks: dict[tuple[str, str], threading.Lock] = {}
        self._known: dict[tuple[str, str], _Value] = {}

    def get(self, name: tuple[str, str], obtain: Callable[[], _Value]) -> _Value:
        """The value of this name, obtained if it is not cached. An exception of ``obtain`` is raised, not cached."""
        with self._lock:
            flight = self._locks.setdefault(name, threading.Lock())
        with flight:
            if name not in self._known:
                value = obtain()
                with self._lock:
                    self._known[name] = value
            return self._known[name]

    def values(self) -> list[_Value]:
        """All values cached so far."""
        with self._lock:
            return list(self._known.values())


class FixedRateLimiter:
    """At most ``calls`` calls in any second. After a first burst they are spread evenly, not sent in bursts."""

    def __init__(self, calls: int, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: deque[float] = deque(maxlen=calls)
        self._gap = 1.0 / calls

    def wait(self) -> None:
        """Wait until the next call may be made."""
        with self._lock:
            if len(self._times) == self._times.maxlen:
                now = self._clock.monotonic()
                due = self._times[0] + 1.0
                if due > now - 1.0:
                    due = max(due, self._times[-1] + self._gap)
                if due > now:
                    self._clock.sleep(due - now)
            self._times.append(self._clock.monotonic())
