# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.work_queue import Requeue, work_through


class HastyClock(Clock):
    """Time goes on between any two looks at it, as it does on a busy machine."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        with self._lock:
            self._now += 0.4
            return self._now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        with self._lock:
            self._now += seconds


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def script(log: list[str], **pauses: list[Requeue | BaseException]) -> Callable[[str], Requeue | None]:
    """Work that notes each turn of an item, and pauses, or raises, as scripted for it; then it is done."""

    def work(item: str) -> Requeue | None:
        log.append(item)
        left = pauses.get(item)
        if not left:
            return None
        step = left.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step

    return work


def test_every_item_is_worked_on_to_its_end_however_time_goes_on(pool: ThreadPoolExecutor) -> None:
    log: list[str] = []
    items = [f"item{number}" for number in range(20)]
    work = script(log, **{item: [Requeue(0.5)] * 5 for item in items})
    work_through(items, work, pool, HastyClock())
    assert sorted(log) == sorted(items * 6)


def test_an_item_that_waits_gives_its_thread_to_another() -> None:
    log: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        work_through(["slow", "quick"], script(log, slow=[Requeue(50.0)]), pool, HastyClock())
    assert log == ["slow", "quick", "slow"]


def test_an_item_without_a_time_waits_until_another_one_is_done(pool: ThreadPoolExecutor) -> None:
    log: list[str] = []
    work = script(log, watch=[Requeue(None)] * 3, first=[Requeue(5.0)], second=[Requeue(50.0)])
    work_through(["watch", "first", "second"], work, pool, HastyClock())
    assert log.count("watch") == 4
    assert log[-1] == "watch"
    assert log.index("first") < len(log) - 1 - log[::-1].index("watch")


def test_an_item_has_threads_of_its_own_while_all_others_are_taken() -> None:
    is_done = threading.Event()

    def work(item: str) -> Requeue | None:
        if item == "aside":
            is_done.set()
        else:
            assert is_done.wait(60)
        return None

    with ThreadPoolExecutor(1) as pool, ThreadPoolExecutor(1) as own:
        work_through(["one", "two", "aside"], work, pool, Clock(), pool_of=lambda it: own if it == "aside" else pool)
    assert is_done.is_set()


def test_an_item_whose_work_raises_is_done_and_keeps_nobody_waiting(pool: ThreadPoolExecutor) -> None:
    log: list[str] = []
    work = script(log, broken=[Requeue(0.1), SystemExit()], other=[Requeue(0.1)])
    work_through(["broken", "other"], work, pool, HastyClock())
    assert sorted(log) == ["broken", "broken", "other", "other"]


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_are_begun_than_may_be_in_flight(limit: int) -> None:
    """An item that waits has given its thread away, but is in flight."""
    in_flight: dict[int, int] = {}
    seen: list[int] = []

    def work(number: int) -> Requeue | None:
        turns = in_flight[number] = in_flight.get(number, 0) + 1
        if turns > 3:
            del in_flight[number]
            return None
        seen.append(len(in_flight))
        return Requeue(5.0)

    with ThreadPoolExecutor(8) as many:
        work_through(range(10), work, many, HastyClock(), max_in_flight=limit)
    assert len(seen) == 30
    assert max(seen) == limit


def test_an_item_whose_work_raises_makes_way_for_the_next(pool: ThreadPoolExecutor) -> None:
    log: list[str] = []
    work = script(log, broken=[Requeue(0.1), SystemExit()])
    work_through(["broken", "other"], work, pool, HastyClock(), max_in_flight=1)
    assert log == ["broken", "broken", "other"]


def test_items_are_taken_only_when_it_is_their_turn(pool: ThreadPoolExecutor) -> None:
    taken: list[int] = []
    begun: set[int] = set()
    ended: list[int] = []

    def items() -> Iterator[int]:
        for number in range(4):
            taken.append(number)
            yield number

    def work(number: int) -> Requeue | None:
        assert len(taken) <= len(ended) + 2
        if number not in begun:
            begun.add(number)
            return Requeue(1.0)
        ended.append(number)
        return None

    work_through(items(), work, pool, HastyClock(), max_in_flight=2)
    assert (taken, sorted(ended)) == ([0, 1, 2, 3], [0, 1, 2, 3])


def test_after_an_interrupt_no_item_waits_any_longer(pool: ThreadPoolExecutor) -> None:
    clock = Clock()
    log: list[str] = []
    scripted = script(log, slow=[Requeue(600.0)], hasty=[Requeue(0.01)])

    def work(item: str) -> Requeue | None:
        requeue = scripted(item)
        if item == "hasty" and requeue is None:
            clock.interrupt_sleeps()
        return requeue

    began = clock.monotonic()
    work_through(["slow", "hasty"], work, pool, clock)
    assert log.count("slow") == 2
    assert clock.monotonic() - began < 60
