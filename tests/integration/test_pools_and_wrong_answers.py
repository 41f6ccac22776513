# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What instance configurations answer, and what no pool may be pointed to by it."""

from __future__ import annotations

from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish
from integration.support.rekey_helpers import IAD
from integration.test_instance_configuration_kms_key import assign

from simulator.client import Simulator

HERE = {"region": IAD, "compartment": "prod"}
LIST = "ListInstanceConfigurations"


def fleet(sim: Simulator, *more: dict[str, Any], **web: Any) -> None:
    mixed = {"name": "web", "key": "key-a", "volumes": [{"key": "key-everywhere"}], "freeform_tags": {"team": "web"}}
    furnish(
        sim,
        {},
        volumes=[volumes()],
        instance_configurations=[HERE | mixed | web, *(HERE | each for each in more)],
        instance_pools=[HERE | {"name": f"pool-{number}", "configuration": "web"} for number in (1, 2)],
    )


@pytest.mark.parametrize("fault", ["repeating_token", "endless_pages"])
@pytest.mark.parametrize("target", ["web", "pool-1"])
def test_a_list_that_does_not_end_is_a_failure(sim: Simulator, fault: str, target: str) -> None:
    fleet(sim, *({"name": f"other-{number}"} for number in range(120)))
    sim.fault(fault, LIST, times=None)
    ran = assign(sim, target, kms_key_id="key-b")
    assert (ran.failed, ran.writes) == (True, {})
    assert "does not end" in ran.only["error"]["message"]
    assert ran.calls[LIST] <= 1000
