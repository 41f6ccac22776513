# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._pace import Pace


class Busy:
    """Counts how many are inside at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = self.most = 0

    def work(self, pace: Pace, seconds: float = 0.0005) -> None:
        with pace:
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            time.sleep(seconds)
            with self.lock:
                self.inside -= 1


def run(pace: Pace, threads: int, jobs: int) -> int:
    busy = Busy()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda _: busy.work(pace), range(jobs)))
    return busy.most


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_no_more_than_the_limit_run_at_once(limit: int) -> None:
    assert run(Pace(limit, FakeClock()), threads=16, jobs=60) <= limit


def test_the_limit_is_made_use_of() -> None:
    pace = Pace(3, FakeClock())
    together = threading.Barrier(3, timeout=5)

    def meet() -> None:
        with pace:
            together.wait()

    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(meet) for _job in range(3)]:
            future.result()


@pytest.mark.parametrize("limit", [0, -3])
def test_one_at_least_gets_through(limit: int) -> None:
    assert run(Pace(limit, FakeClock()), threads=4, jobs=8) == 1


def test_slowing_down_holds_under_threads() -> None:
    pace = Pace(16, FakeClock())
    pace.slow_down()
    assert run(pace, threads=16, jobs=80) <= 8


def test_a_burst_of_refusals_halves_once() -> None:
    clock = FakeClock()
    pace = Pace(32, clock)
    for _time in range(20):
        pace.slow_down()
        clock.sleep(0.04)
    assert pace.allowed == 16


def test_each_further_burst_halves_again_but_never_stops() -> None:
    clock = FakeClock()
    pace = Pace(32, clock)
    seen = []
    for _time in range(7):
        pace.slow_down()
        clock.sleep(1.0)
        seen.append(pace.allowed)
    assert seen == [16, 8, 4, 2, 1, 1, 1]


def test_success_raises_it_again_by_about_one_a_round_up_to_the_limit() -> None:
    pace = Pace(8, FakeClock())
    pace.slow_down()
    for _time in range(4):
        pace.went_well()
    assert pace.allowed == 4
    pace.went_well()
    assert pace.allowed == 5
    for _time in range(200):
        pace.went_well()
    assert pace.allowed == 8


def test_who_waits_gets_in_when_it_rises() -> None:
    pace = Pace(2, FakeClock())
    pace.slow_down()
    entered = threading.Event()

    def enter() -> None:
        with pace:
            entered.set()

    with pace:
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.02)
        pace.went_well()
        assert entered.wait(5)
    waiting.join(5)


def test_an_error_inside_frees_the_place() -> None:
    pace = Pace(1, FakeClock())
    for _time in range(3):
        with pytest.raises(ZeroDivisionError), pace:
            raise ZeroDivisionError
    assert run(pace, threads=2, jobs=2) == 1


@given(st.integers(1, 64), st.lists(st.sampled_from(["slow", "well", "wait"]), max_size=60))
def test_it_stays_between_one_and_the_limit(limit: int, events: list[str]) -> None:
    clock = FakeClock()
    pace = Pace(limit, clock)
    for event in events:
        before = pace.allowed
        if event == "slow":
            pace.slow_down()
            assert before // 2 <= pace.allowed <= before
        elif event == "well":
            pace.went_well()
            assert before <= pace.allowed <= before + 1
        else:
            clock.sleep(0.7)
        assert 1 <= pace.allowed <= limit
