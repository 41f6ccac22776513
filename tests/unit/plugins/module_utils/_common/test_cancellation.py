# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from unit.support.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.cancellation import (
    CancellationToken,
    Deadline,
)


def test_a_deadline_passes_exactly_at_its_end() -> None:
    clock = FakeClock()
    deadline = Deadline(clock, 10.0)
    clock.sleep(9.5)
    assert (deadline.remaining, deadline.passed) == (0.5, False)
    clock.sleep(0.5)
    assert (deadline.remaining, deadline.passed) == (0.0, True)
    clock.sleep(100.0)
    assert (deadline.remaining, deadline.passed, deadline.describe()) == (0.0, True, "within 10 s")


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


def test_a_stop_lets_nothing_begin_and_gives_what_is_under_way_its_grace() -> None:
    clock = FakeClock()
    cancellation = CancellationToken(clock, grace=25.0)
    deadline = Deadline(clock, 1200.0, cancellation)
    assert (deadline.accepts_new_work, deadline.remaining_to_start, deadline.remaining) == (True, 1200.0, 1200.0)
    assert not clock.is_interrupted
    cancellation.cancel()
    assert (deadline.accepts_new_work, deadline.remaining_to_start, deadline.remaining) == (False, 0.0, 25.0)
    assert clock.is_interrupted
    assert not deadline.passed
    clock.sleep(10.0)
    cancellation.cancel()
    clock.sleep(15.0)
    assert deadline.passed
    assert "interrupted" in deadline.not_started_reason
    assert "interrupted" in deadline.describe()


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
