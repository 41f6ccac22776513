# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from unit.support.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.concurrency import (
    FixedRateLimiter,
    SingleFlightCache,
    map_concurrently,
)


def test_results_are_in_the_order_of_the_items() -> None:
    both_started = threading.Barrier(2, timeout=10)

    def work(item: int) -> int:
        both_started.wait()
        return item * 2

    assert map_concurrently(work, [1, 2], 8) == [2, 4]


def test_a_single_item_needs_no_thread() -> None:
    assert map_concurrently(lambda _item: threading.current_thread(), ["a"], 8) == [threading.current_thread()]
    assert map_concurrently(str, [], 8) == []


def test_an_exception_is_raised_after_all_have_ended() -> None:
    ended = []

    def work(item: int) -> None:
        if item == 0:
            raise ValueError("first")
        ended.append(item)

    with pytest.raises(ValueError, match="first"):
        map_concurrently(work, list(range(20)), 2)
    assert sorted(ended) == list(range(1, 20))


def test_a_value_is_obtained_once_for_all_threads() -> None:
    cache: SingleFlightCache[int] = SingleFlightCache()
    calls = []
    release = threading.Event()

    def obtain() -> int:
        calls.append(1)
        release.wait(10)
        return 7

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(cache.get, ("key", "region"), obtain) for _thread in range(4)]
        release.set()
        assert [future.result() for future in futures] == [7] * 4
    assert len(calls) == 1
    assert cache.values() == [7]


def test_an_exception_is_not_cached() -> None:
    cache: SingleFlightCache[int] = SingleFlightCache()
    with pytest.raises(ZeroDivisionError):
        cache.get(("a", "b"), lambda: 1 // 0)
    assert cache.get(("a", "b"), lambda: 3) == 3


def test_a_fixed_rate_holds_in_every_second() -> None:
    clock = FakeClock()
    limiter = FixedRateLimiter(4, clock)
    times = []
    for _call in range(20):
        limiter.wait()
        times.append(clock.monotonic())
    begin = times[0]
    assert times == pytest.approx([begin] * 4 + [begin + 1 + call / 4 for call in range(16)])
