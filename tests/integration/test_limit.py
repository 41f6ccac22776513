# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How well a run gets on with a limit of the service that it knows nothing of, over the wire and in real time.

That it makes use of 85 % of a limit is told by test_throttle.py, on a clock of its own. In real time a busy machine
sends later than the throttle says, so that less is asked for here; ``pytest -s`` prints the figures.
"""

from __future__ import annotations

import pytest
from integration.support.fleets import volumes
from integration.support.harness import SOAK, furnish, run

from ansible_collections.oci_keys.block_volume.plugins.module_utils._changes.timings import Timings
from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator

LIMIT = 50
COUNT = 1500
FIRST_SECONDS = 10.0


@pytest.mark.skipif(not SOAK, reason="takes 40 seconds of real time")
def test_the_limit_is_made_use_of_and_seldom_overstepped(sim: Simulator) -> None:
    furnish(sim, {"settle": 0.3, "latency": 0.05}, volumes=[volumes(COUNT)])
    task = {"volume_ids": [sim.id(f"volume-{number}") for number in range(1, COUNT + 1)]}
    sim.set(block_volume_rate=LIMIT)

    ran = run(
        volume_kms_key.main,
        sim,
        timings=Timings(),
        timeout=(10.0, 60.0),
        kms_key_id=sim.id("key-a"),
        result="summary",
        **task,
    )

    calls = [call for call in sim.calls() if call.host.startswith("iaas.")]
    times = [call.time for call in calls if call.operation == "UpdateVolumeKmsKey"]
    began, ended = min(times), max(times)
    calls = [call for call in calls if began <= call.time <= ended]
    used = sum(call.status != 429 for call in calls) / (ended - began) / LIMIT
    later = [call.status == 429 for call in calls if call.time - began > FIRST_SECONDS]
    refused = sum(later) / len(later)
    print(f"{used:.1%} of the limit used in the {ended - began:.1f} s of writing, {refused:.1%} refused after a while")
    assert ran.result["summary"] == {"total": COUNT, "changed": COUNT, "unchanged": 0, "failed": 0}
    assert used >= 0.5
    assert refused < 0.10
    assert sim.needless_puts == 0
