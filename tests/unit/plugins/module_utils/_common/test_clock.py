# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import threading

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock


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


def test_an_interrupt_wakes_every_sleeper_and_keeps_later_sleeps_short() -> None:
    clock = Clock()
    sleeper = threading.Thread(target=clock.sleep, args=(600.0,))
    sleeper.start()
    clock.interrupt_sleeps()
    sleeper.join(60)
    assert not sleeper.is_alive()
    began = clock.monotonic()
    clock.sleep(600.0)
    assert 0.1 < clock.monotonic() - began < 60
