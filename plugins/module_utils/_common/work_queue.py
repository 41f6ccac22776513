# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A work queue with delays: an item that has to wait holds no thread. The only loop that sleeps between attempts."""

from __future__ import annotations

import heapq
import queue
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from itertools import islice
from typing import NamedTuple, TypeVar

from .clock import Clock

_Item = TypeVar("_Item")

# How often, in seconds, to check for an interrupt while items are being worked on.
_CANCEL_POLL_SECONDS = 0.5


class Requeue(NamedTuple):
    """An item is to be worked on again after so many seconds; None: when another item is done, or all others are."""

    seconds: float | None


def work_through(
    items: Iterable[_Item],
    work: Callable[[_Item], Requeue | None],
    pool: Executor,
    clock: Clock,
    *,
    max_in_flight: int | None = None,
    pool_of: Callable[[_Item], Executor] | None = None,
) -> None:
    """Work on every item until it is done, that is until ``work``, which blocks, returns None or raises.

    With ``max_in_flight``, only so many items are begun, and the next one when one is done. ``pool_of`` gives the
    threads of an item that has others than ``pool``. When the clock is interrupted, no item waits any longer for its
    next turn.
    """
    finished: queue.SimpleQueue[tuple[_Item, Requeue | None]] = queue.SimpleQueue()

    def work_once(item: _Item) -> None:
        requeue = None
        try:
            requeue = work(item)
        finally:
            finished.put((item, requeue))

    def seconds_to_next() -> float:
        return max(0.0, later[0][0] - clock.monotonic())

    def submit(item: _Item) -> None:
        (pool if pool_of is None else pool_of(item)).submit(work_once, item)

    later: list[tuple[float, int, _Item]] = []
    parked: list[_Item] = []
    not_begun = iter(items)
    running = 0
    for item in islice(not_begun, max_in_flight):
        submit(item)
        running += 1
    number = 0  # breaks ties in the heap, first come, first served
    was_interrupted = False
    while running or later or parked:
        if clock.is_interrupted and not was_interrupted:
            was_interrupted = True
            later = [(clock.monotonic(), *waiting[1:]) for waiting in sorted(later)]
        while later and later[0][0] <= clock.monotonic():
            submit(heapq.heappop(later)[2])
            running += 1
        if not running and not later:
            for item in parked:
                submit(item)
                running += 1
            parked = []
        if not running:
            clock.sleep(seconds_to_next())
            continue
        try:
            item, requeue = finished.get(timeout=min(seconds_to_next(), _CANCEL_POLL_SECONDS) if later else None)
        except queue.Empty:
            continue
        running -= 1
        if requeue is None:
            for item in [*parked, *islice(not_begun, 1)]:
                submit(item)
                running += 1
            parked = []
        elif requeue.seconds is None:
            parked.append(item)
        else:
            number += 1
            heapq.heappush(later, (clock.monotonic() + requeue.seconds, number, item))
