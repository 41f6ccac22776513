# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
import math

import pytest
from unit.support.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.retries import ReadRetry, RetryingReads
from ansible_collections.oci_keys.block_volume.plugins.module_utils._api.throttle import AdaptiveRateLimiter
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import TransportError


@pytest.mark.parametrize(
    ("retry", "remaining", "pauses"),
    [
        (ReadRetry(jitter=0.0), math.inf, [1, 2, 4, 8, 16, 30, 30]),
        (ReadRetry(jitter=0.0, total=10), math.inf, [1, 2, 4]),
        (ReadRetry(jitter=0.0), 5, [1, 2]),
    ],
)
def test_attempts_and_time_are_bounded(retry: ReadRetry, remaining: float, pauses: list[float]) -> None:
    clock = FakeClock()
    end = clock.monotonic() + remaining
    times = []

    def fail() -> None:
        times.append(clock.monotonic())
        raise TransportError("x", operation="GetVolume", was_sent=True)

    reads = RetryingReads(retry, clock, AdaptiveRateLimiter(clock), lambda: end - clock.monotonic())
    with pytest.raises(TransportError):
        reads.call(fail)
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == pauses
