# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How many calls instance pools and configurations take, and how many copies."""

from __future__ import annotations

from integration.support.fleets import volumes
from integration.support.harness import furnish
from integration.support.rekey_helpers import IAD
from integration.test_instance_configuration_kms_key import CREATE, POINT, assign, configurations, used_by

from simulator.client import Simulator

HERE = {"region": IAD, "compartment": "prod"}
LIST, GET = "ListInstanceConfigurations", "GetInstanceConfiguration"


def fleet(sim: Simulator, count: int, pools: int) -> None:
    furnish(
        sim,
        {},
        volumes=[volumes()],
        instance_configurations=[HERE | {"name": "web-{n}", "count": count, "key": "key-a", "volumes": [{}]}],
        instance_pools=[HERE | {"name": f"pool-{n}", "configuration": f"web-{n}"} for n in range(1, pools + 1)],
    )


def test_pools_list_their_compartment_once_and_read_each_configuration_once(sim: Simulator) -> None:
    fleet(sim, count=110, pools=20)
    names = [f"pool-{n}" for n in range(1, 21)]

    ran = assign(sim, *names, kms_key_id="key-b")

    assert not ran.failed, ran.msg
    assert ran.writes == {CREATE: 20, POINT: 20}
    assert ran.calls[LIST] == 2  # pages
    assert ran.calls[GET] == 40  # one for each that was there, and one for each copy
    again = assign(sim, *names, kms_key_id="key-b")
    assert (again.writes, again.calls.get(LIST, 0), again.calls[GET]) == ({}, 0, 20)


def test_configurations_that_have_their_copies_take_one_list_and_one_read_each(sim: Simulator) -> None:
    fleet(sim, count=20, pools=0)
    names = [f"web-{n}" for n in range(1, 21)]
    assert assign(sim, *names, kms_key_id="key-b").writes == {CREATE: 20}

    again = assign(sim, *names, kms_key_id="key-b")

    assert again.writes == {}
    assert (again.calls[LIST], again.calls[GET]) == (1, 40)


def test_a_pool_on_a_copy_and_a_pool_on_its_root_share_one_copy(sim: Simulator) -> None:
    furnish(
        sim,
        {},
        volumes=[volumes()],
        instance_configurations=[HERE | {"name": "web", "key": "key-a", "volumes": [{"key": "key-a"}]}],
        instance_pools=[HERE | {"name": f"pool-{n}", "configuration": "web"} for n in (1, 2)],
    )
    assign(sim, "pool-1", kms_key_id="key-everywhere")

    ran = assign(sim, "pool-1", "pool-2", "web", kms_key_id="key-b")

    assert ran.writes == {CREATE: 1, POINT: 2}
    assert used_by(sim)["id"] == used_by(sim, "pool-2")["id"]
    assert len(configurations(sim)) == 3
