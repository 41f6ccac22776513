# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.scheduler import Wait, run_jobs


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


def counted(log: list[str], name: str, *pauses: Wait) -> Iterator[Wait]:
    for pause in pauses:
        log.append(name)
        yield pause
    log.append(name)


def test_every_job_runs_to_its_end_however_time_goes_on(pool: ThreadPoolExecutor) -> None:
    log: list[str] = []
    jobs = [counted(log, str(number), *[Wait(0.5)] * 5) for number in range(20)]
    assert run_jobs(jobs, pool, HastyClock()) == []
    assert sorted(log) == sorted(str(number) for number in range(20) for _step in range(6))


def test_a_job_that_waits_gives_its_thread_to_another() -> None:
    log: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        run_jobs([counted(log, "slow", Wait(50.0)), counted(log, "quick")], pool, HastyClock())
    assert log == ["slow", "quick", "slow"]


def test_stuck_jobs_are_left_when_nothing_else_is_to_be_done(pool: ThreadPoolExecutor) -> None:
    log: list[str] = []
    stuck = counted(log, "stuck", Wait(5.0, may_never_end=True))
    left = run_jobs([stuck, counted(log, "other", Wait(1.0))], pool, HastyClock(), return_stuck_jobs=True)
    assert left == [stuck]
    assert sorted(log) == ["other", "other", "stuck"]
    assert run_jobs(left, pool, HastyClock()) == []
    assert log.count("stuck") == 2


def test_a_job_that_raises_has_ended_and_keeps_nobody_waiting(pool: ThreadPoolExecutor) -> None:
    def broken() -> Iterator[Wait]:
        yield Wait(0.1)
        raise SystemExit

    log: list[str] = []
    assert run_jobs([broken(), counted(log, "other", Wait(0.1))], pool, HastyClock()) == []
    assert log == ["other", "other"]


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_are_begun_than_may_be_under_way(most: int) -> None:
    """A job that waits has given its thread away, but is under way."""
    under_way: set[int] = set()
    seen: list[int] = []

    def job(number: int) -> Iterator[Wait]:
        under_way.add(number)
        for _look in range(3):
            seen.append(len(under_way))
            yield Wait(5.0)
        under_way.remove(number)

    with ThreadPoolExecutor(8) as many:
        assert run_jobs(map(job, range(10)), many, HastyClock(), most=most) == []
    assert len(seen) == 30
    assert max(seen) == most


def test_a_job_that_raises_makes_way_for_the_next(pool: ThreadPoolExecutor) -> None:
    def broken() -> Iterator[Wait]:
        yield Wait(0.1)
        raise SystemExit

    log: list[str] = []
    assert run_jobs([broken(), counted(log, "other")], pool, HastyClock(), most=1) == []
    assert log == ["other"]


def test_jobs_are_made_only_when_it_is_their_turn(pool: ThreadPoolExecutor) -> None:
    made: list[int] = []
    ended: list[int] = []

    def jobs() -> Iterator[Iterator[Wait]]:
        for number in range(4):
            made.append(number)
            yield job(number)

    def job(number: int) -> Iterator[Wait]:
        assert len(made) <= len(ended) + 2
        yield Wait(1.0)
        ended.append(number)

    run_jobs(jobs(), pool, HastyClock(), most=2)
    assert (made, sorted(ended)) == ([0, 1, 2, 3], [0, 1, 2, 3])


def test_in_a_hurry_no_job_waits_any_longer(pool: ThreadPoolExecutor) -> None:
    clock = Clock()
    log: list[str] = []

    def hasty() -> Iterator[Wait]:
        yield Wait(0.01)
        clock.interrupt_sleeps()

    began = clock.monotonic()
    assert run_jobs([counted(log, "slow", Wait(600.0)), hasty()], pool, clock) == []
    assert log == ["slow", "slow"]
    assert clock.monotonic() - began < 60
