# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.support.fake_cloud import FakeClock
from unit.support.traffic import Limit, bucket, drive, window

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.throttle import AdaptiveRateLimiter


def ask(limiter: AdaptiveRateLimiter, clock: FakeClock, times: int, *, accepted: bool = True) -> float:
    """Let so many requests through, which are answered at once, and tell the seconds that it took."""
    began = clock.monotonic()
    for _time in range(times):
        limiter.wait()
        (limiter.record_accepted if accepted else limiter.record_throttled)()
    return clock.monotonic() - began


def settled(clock: FakeClock, per_second: int) -> AdaptiveRateLimiter:
    """A pace that has found a limit of so many requests a second."""
    limiter = AdaptiveRateLimiter(clock)
    for _time in range(per_second):
        limiter.record_accepted()
    limiter.record_throttled()
    return limiter


# --- against a limit


@pytest.mark.parametrize("limit", [window(50), bucket(50, burst=10), bucket(50, burst=50)], ids=str)
@pytest.mark.parametrize("latency", [0.005, 0.05, 0.2])
def test_a_limit_is_made_use_of_and_seldom_overstepped(limit: Limit, latency: float) -> None:
    traffic = drive(limit, requests=1500, latency=latency, concurrency=32)
    assert traffic.done == 1500
    # The time ends with the last request, whose pauses after a 429 count little where there are many.
    assert traffic.used(50) >= (0.85 if latency >= 0.05 else 0.84)
    assert traffic.share_refused(after=10.0) < 0.10
    assert traffic.share_refused() < 0.10


@pytest.mark.parametrize("limit", [bucket(50, burst=1), bucket(50, burst=200), window(5), window(400)], ids=str)
def test_so_is_one_of_another_sort_after_a_while(limit: Limit) -> None:
    traffic = drive(limit, requests=40 * limit.rate, latency=0.05, concurrency=32)
    assert traffic.used(limit.rate, after=10.0) >= 0.85
    assert traffic.share_refused(after=10.0) < 0.10


def test_where_there_is_no_limit_nothing_waits() -> None:
    traffic = drive(window(10**9), requests=1500, latency=0.05, concurrency=32)
    assert traffic.seconds == pytest.approx(1500 / 32 * 0.05, rel=0.05)


def test_a_limit_that_shrinks_and_grows_is_followed() -> None:
    traffic = drive(window(100), requests=6000, latency=0.05, concurrency=32, changes=[(20.0, 20), (60.0, 100)])
    assert traffic.share_refused(after=25.0, until=60.0) < 0.10
    assert traffic.accepted(after=25.0, until=60.0) / 35 >= 0.85 * 20
    assert traffic.accepted(after=70.0, until=80.0) / 10 >= 0.85 * 100


# --- by itself


def test_the_first_refusal_sets_the_rate_by_what_was_taken_in_the_last_second() -> None:
    clock = FakeClock()
    limiter = AdaptiveRateLimiter(clock)
    for _time in range(100):
        limiter.record_accepted()
    clock.sleep(1.5)
    for _time in range(40):
        limiter.record_accepted()
    limiter.record_throttled()
    assert limiter.rate == pytest.approx(38)
    assert ask(limiter, clock, 39) == pytest.approx(38 / 38, abs=0.1)


def test_a_refusal_before_anything_was_taken_is_a_guess_that_soon_recovers() -> None:
    clock = FakeClock()
    limiter = AdaptiveRateLimiter(clock)
    limiter.record_throttled()
    assert limiter.rate == pytest.approx(9.5)
    ask(limiter, clock, 600)
    assert limiter.rate > 100


def test_a_burst_of_refusals_slows_down_once() -> None:
    clock = FakeClock()
    limiter = settled(clock, 100)
    for _time in range(20):
        limiter.record_throttled()
        clock.sleep(0.04)
    assert limiter.rate == pytest.approx(95)


def test_each_further_burst_slows_down_again_by_half_at_most_but_never_stops() -> None:
    clock = FakeClock()
    limiter = settled(clock, 32)
    seen = []
    for _time in range(8):
        clock.sleep(1.0)
        limiter.record_throttled()
        seen.append(limiter.rate)
    assert seen == pytest.approx([15.2, 7.6, 3.8, 1.9, 1, 1, 1, 1])


def test_it_rises_by_steps_that_grow_as_long_as_nothing_is_refused() -> None:
    clock = FakeClock()
    limiter = settled(clock, 100)
    ask(limiter, clock, 150)
    clock.sleep(1.0)
    limiter.record_throttled()
    rates = [limiter.rate]
    while len(rates) < 5:
        ask(limiter, clock, 1)
        if limiter.rate != rates[-1]:
            rates.append(limiter.rate)
    steps = [after - before for before, after in pairwise(rates)]
    assert steps == pytest.approx([rates[0] * 0.02 * 2**number for number in range(4)])


def test_it_does_not_rise_while_it_keeps_nobody_waiting() -> None:
    clock = FakeClock()
    limiter = settled(clock, 100)
    for _time in range(50):
        clock.sleep(1.0)
        ask(limiter, clock, 1)
    assert limiter.rate == pytest.approx(95)


def test_after_a_rest_no_burst_makes_up_for_it() -> None:
    clock = FakeClock()
    limiter = settled(clock, 100)
    clock.sleep(30.0)
    assert ask(limiter, clock, 96) >= 0.85


@pytest.mark.parametrize(("retry_after", "pause"), [(7.0, 7.0), (86_400.0, 60.0), (0.0, 0.0)])
def test_retry_after_is_waited_for_up_to_a_minute(retry_after: float, pause: float) -> None:
    clock = FakeClock()
    limiter = settled(clock, 100)
    limiter.record_throttled(retry_after)
    assert ask(limiter, clock, 1) == pytest.approx(pause)


def test_nobody_waits_longer_than_there_is_time() -> None:
    clock = FakeClock()
    limiter = AdaptiveRateLimiter(clock)
    limiter.record_throttled(50.0)
    end = clock.monotonic() + 3.0
    limiter.wait(lambda: end - clock.monotonic())
    assert clock.monotonic() == pytest.approx(end)


def test_many_threads_keep_the_rate_together() -> None:
    clock = FakeClock()
    limiter = settled(clock, 100)
    began = clock.monotonic()
    threads = [threading.Thread(target=ask, args=(limiter, clock, 10)) for _thread in range(19)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert 1.5 <= clock.monotonic() - began <= 2.1


@given(st.lists(st.sampled_from(["refused", "accepted", "asked", "wait"]), max_size=60))
def test_it_is_a_rate_whatever_comes(events: list[str]) -> None:
    clock = FakeClock()
    limiter = AdaptiveRateLimiter(clock)
    for event in events:
        before = limiter.rate
        if event == "refused":
            limiter.record_throttled()
            assert limiter.rate <= before
        elif event == "accepted":
            limiter.record_accepted()
            assert limiter.rate >= before
        elif event == "asked":
            limiter.wait()
        else:
            clock.sleep(0.7)
        assert limiter.rate >= 1
