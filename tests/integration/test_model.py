# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nothing is lost and nothing untrue, whatever happens: a model of fleets, tasks, faults, kills and switches."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from integration.support.harness import SOAK
from integration.support.model import Model

from ansible_collections.oci_keys.block_volume.plugins.module_utils._keys import lookup_calls
from simulator.client import Simulator

STEPS = 25
PARTS = 8 if SOAK else 1
FLEETS = 50 if SOAK else 2
"""``make soak`` takes 10,000 steps, in parts that processors share, and ``make test`` the first 50 of one.

The seeds are fixed and no examples are kept, so that every run tries the same.
"""


@pytest.fixture(autouse=True, scope="module")
def _vault_answers_as_fast_as_it_is_asked() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lookup_calls, "_CALLS_PER_SECOND", 10_000)
        yield


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens(sim: Simulator, tmp_path: Path, part: int) -> None:
    Model.seen.clear()

    @seed(part)
    def model() -> Model:
        return Model(sim, tmp_path)

    run_state_machine_as_test(
        model,
        settings=settings(
            max_examples=FLEETS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            # A failure is told as it came. To make it smaller takes minutes: add Phase.shrink for that.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(dict(Model.seen))
