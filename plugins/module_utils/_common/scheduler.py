# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""Many jobs on few threads: a job that has to wait gives its thread to another."""

from __future__ import annotations

import heapq
import queue
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from itertools import islice
from typing import NamedTuple, Union

from .clock import Clock


class Wait(NamedTuple):
    """What a job yields: seconds until its next step, and whether it waits for what may never come."""

    seconds: float
    may_never_end: bool = False


# How often to look, in seconds, whether there is a hurry, while jobs are at work.
_CANCEL_POLL_SECONDS = 0.5

_Step = tuple[Union[Wait, None], Iterator[Wait]]


def run_jobs(
    jobs: Iterable[Iterator[Wait]],
    pool: Executor,
    clock: Clock,
    *,
    return_stuck_jobs: bool = False,
    most: int | None = None,
) -> list[Iterator[Wait]]:
    """Run all jobs to their ends, step by step. With ``return_stuck_jobs``, stop when only stuck ones are left.

    With ``most``, so many are begun, and another one only when one has ended. Gives back those that were left. A job
    that raises has ended. When there is a hurry, no job waits any longer for its next step.
    """
    finished: queue.SimpleQueue[_Step] = queue.SimpleQueue()

    def step(job: Iterator[Wait]) -> None:
        pause = None
        try:
            pause = next(job, None)
        finally:
            finished.put((pause, job))

    def until_next() -> float:
        return max(0.0, later[0][0] - clock.monotonic())

    running = 0
    later: list[tuple[float, int, Wait, Iterator[Wait]]] = []
    to_begin = iter(jobs)
    for job in islice(to_begin, most):
        pool.submit(step, job)
        running += 1
    number = 0
    is_interrupted = False
    while running or later:
        if clock.is_interrupted and not is_interrupted:
            is_interrupted = True
            later = [(clock.monotonic(), *waiting[1:]) for waiting in sorted(later)]
        while later and later[0][0] <= clock.monotonic():
            pool.submit(step, heapq.heappop(later)[3])
            running += 1
        if not running:
            if return_stuck_jobs and all(pause.may_never_end for _due, _number, pause, _job in later):
                break
            clock.sleep(until_next())
            continue
        try:
            pause, job = finished.get(timeout=min(until_next(), _CANCEL_POLL_SECONDS) if later else None)
        except queue.Empty:
            continue
        running -= 1
        if pause is not None:
            number += 1
            heapq.heappush(later, (clock.monotonic() + pause.seconds, number, pause, job))
            continue
        for job in islice(to_begin, 1):
            pool.submit(step, job)
            running += 1
    return [job for _due, _number, _pause, job in later]
