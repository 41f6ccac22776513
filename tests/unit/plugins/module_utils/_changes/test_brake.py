# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from unit.support.fake_cloud import KEY_A, KEY_B, Cloud, refused, volume_id
from unit.support.fakes import run_assigner

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.brake import ConflictBrake
from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState

PASSING = [refused(409, "Conflict", "It is currently being modified, try again later"), refused(400, "LimitExceeded")]


def test_one_resource_is_tried_ever_more_seldom() -> None:
    brake = ConflictBrake(Cloud().clock, Timings(repeat_every=0.0))
    delays = [brake.delay(volume_id(1), attempt) for attempt in range(1, 12)]
    assert all(3 / 4 * 2.0**n <= delay <= 2.0**n for n, delay in enumerate(delays[:6]))
    assert all(45 <= delay <= 60 for delay in delays[6:])


def test_those_refused_together_do_not_come_again_together() -> None:
    brake = ConflictBrake(Cloud().clock, Timings(repeat_every=0.0))
    delays = {round(brake.delay(volume_id(n), 7), 1) for n in range(60)}
    assert len(delays) > 30
    assert max(delays) - min(delays) > 10


@pytest.mark.parametrize("fleet", [60, 1000])
def test_a_fleet_is_repeated_twice_a_second_however_large(fleet: int) -> None:
    brake = ConflictBrake(Cloud().clock, Timings())
    delays = sorted(brake.delay(volume_id(n), 1) for n in range(fleet))
    assert delays[-1] >= (fleet - 1) / 2
    assert sum(delay <= 10 for delay in delays) <= 21


def test_after_a_rest_nothing_has_to_be_waited_for() -> None:
    cloud = Cloud()
    brake = ConflictBrake(cloud.clock, Timings())
    for number in range(100):
        brake.delay(volume_id(number), 1)
    cloud.clock.sleep(60)
    assert brake.delay(volume_id(1), 1) <= 1.0


@pytest.mark.parametrize("error", PASSING)
def test_ten_minutes_of_conflicts(error: Exception) -> None:
    cloud = Cloud()
    ids = cloud.add(1, kms_key_id=KEY_A)
    cloud.fail("update", *[error for _ in range(100)])
    run_assigner(cloud, ids, DesiredState(KEY_B), wait_timeout=600.0)
    assert 10 <= cloud.count("update") <= 18
