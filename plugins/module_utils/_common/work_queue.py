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
    """An item is to be worked on again after so many seconds; perhaps it waits for something that may never come."""

    seconds: float
    may_never_end: bool = False


def work_through(
    items: Iterable[_Item],
    work: Callable[[_Item], Requeue | None],
    pool: Executor,
    clock: Clock,
    *,
    max_in_flight: int | None = None,
    return_stuck: bool = False,
) -> list[_Item]:
    """Work on every item until it is done, that is until ``work``, which blocks, returns None or raises.

    With ``max_in_flight``, only so many items are begun, and the next one when one is done. With ``return_stuck``,
    stop when all that is left waits for something that may never come. Returns the items that are left. When the
    clock is interrupted, no item waits any longer for its next turn.
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

    later: list[tuple[float, int, Requeue, _Item]] = []
    not_begun = iter(items)
    running = 0
    for item in islice(not_begun, max_in_flight):
        pool.submit(work_once, item)
        running += 1
    number = 0  # breaks ties in the heap, first come, first served
    was_interrupted = False
    while running or later:
        if clock.is_interrupted and not was_interrupted:
            was_interrupted = True
            later = [(clock.monotonic(), *waiting[1:]) for waiting in sorted(later)]
        while later and later[0][0] <= clock.monotonic():
            pool.submit(work_once, heapq.heappop(later)[3])
            running += 1
        if not running:
            if return_stuck and all(requeue.may_never_end for _due, _number, requeue, _item in later):
                break
            clock.sleep(seconds_to_next())
            continue
        try:
            item, requeue = finished.get(timeout=min(seconds_to_next(), _CANCEL_POLL_SECONDS) if later else None)
        except queue.Empty:
            continue
        running -= 1
        if requeue is not None:
            number += 1
            heapq.heappush(later, (clock.monotonic() + requeue.seconds, number, requeue, item))
            continue
        for item in islice(not_begun, 1):
            pool.submit(work_once, item)
            running += 1
    return [item for _due, _number, _requeue, item in later]
