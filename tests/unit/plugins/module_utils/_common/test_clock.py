# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.support.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import (
    CancellationToken,
    Clock,
    Deadline,
    Timings,
)


def test_the_real_clock_tells_utc_to_the_millisecond() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", Clock().timestamp())


def test_the_real_clock_moves_by_what_it_sleeps() -> None:
    clock = Clock()
    began = clock.monotonic()
    clock.sleep(0.01)
    assert clock.monotonic() - began >= 0.01


def test_backoff_doubles_up_to_its_most() -> None:
    timings = Timings(backoff_first=1.0, backoff_max=30.0)
    assert [timings.backoff(attempt) for attempt in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]


@given(st.integers(1, 10**6))
def test_no_number_of_attempts_is_too_many(number: int) -> None:
    timings = Timings()
    assert timings.backoff_first <= timings.backoff(number) <= timings.backoff_max
    assert timings.poll_first <= timings.poll(number) <= timings.poll_max
    assert timings.poll(number - 1) <= timings.poll(number)


def test_the_first_look_comes_soon() -> None:
    assert Timings().poll(0) == Timings().poll_first < 1.0


def test_a_deadline_passes_exactly_at_its_end() -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 10.0)
    clock.sleep(9.5)
    assert (deadline.remaining, deadline.passed) == (0.5, False)
    clock.sleep(0.5)
    assert (deadline.remaining, deadline.passed) == (0.0, True)
    clock.sleep(100.0)
    assert (deadline.remaining, deadline.passed, deadline.span) == (0.0, True, "within 10 s")


def test_nobody_sleeps_past_a_deadline() -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 10.0)
    for seconds in (4.0, 60.0, 60.0):
        deadline.sleep(seconds)
    assert clock.naps == [4.0, 6.0, 0.0]


@pytest.mark.parametrize("seconds", [0.0, 1.0, 1e6])
def test_a_deadline_sleeps_no_longer_than_asked(seconds: float) -> None:
    clock = FakeClock()
    Deadline(clock, 1e7).sleep(seconds)
    assert clock.naps == [seconds]


def test_a_hurry_wakes_who_sleeps_and_keeps_later_sleeps_short() -> None:
    clock = Clock()
    sleeper = threading.Thread(target=clock.sleep, args=(600.0,))
    sleeper.start()
    clock.interrupt_sleeps()
    sleeper.join(60)
    assert not sleeper.is_alive()
    began = clock.monotonic()
    clock.sleep(600.0)
    assert 0.1 < clock.monotonic() - began < 60


def test_a_stop_lets_nothing_begin_and_gives_what_is_under_way_its_grace() -> None:
    clock = FakeClock()
    cancellation = CancellationToken(clock, grace=25.0)
    deadline = Deadline(clock, 1200.0, cancellation)
    assert (deadline.is_closed, deadline.remaining_to_start, deadline.remaining) == (False, 1200.0, 1200.0)
    assert not clock.is_interrupted
    cancellation.cancel()
    assert (deadline.is_closed, deadline.remaining_to_start, deadline.remaining) == (True, 0.0, 25.0)
    assert clock.is_interrupted
    assert not deadline.passed
    clock.sleep(10.0)
    cancellation.cancel()
    clock.sleep(15.0)
    assert deadline.passed
    assert "told to end" in deadline.not_started_reason + deadline.span


def test_a_stop_makes_no_deadline_longer() -> None:
    clock = FakeClock()
    cancellation = CancellationToken(clock, grace=25.0)
    deadline = Deadline(clock, 10.0, cancellation)
    cancellation.cancel()
    assert deadline.remaining == 10.0


def test_a_stop_is_awaited_while_something_is_under_way() -> None:
    cancellation = CancellationToken(FakeClock())
    assert not cancellation.is_shielded
    with contextlib.suppress(ZeroDivisionError), cancellation.shield():
        assert cancellation.is_shielded
        raise ZeroDivisionError
    assert not cancellation.is_shielded
