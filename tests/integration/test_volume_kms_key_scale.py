# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a call costs: lists where they serve, GETs where they are cheaper."""

from __future__ import annotations

from typing import Any

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run, soak

from ansible_collections.oci_keys.block_volume.plugins.modules import volume_kms_key
from simulator.client import Simulator


def _ids(sim: Simulator, count: int, name: str = "volume") -> list[str]:
    return [sim.id(f"{name}-{n}") for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("section", "noun", "switches"),
    [
        pytest.param("volumes", "Volume", {}, id="volumes"),
        pytest.param("boot_volumes", "BootVolume", {}, id="boot_volumes", marks=soak),
        pytest.param(
            "boot_volumes",
            "BootVolume",
            {"boot_list_without_domain": "refused"},
            id="boot_volumes-strict",
            marks=soak,
        ),
    ],
)
def test_a_thousand_volumes_of_one_compartment(
    sim: Simulator, section: str, noun: str, switches: dict[str, Any]
) -> None:
    furnish(sim, switches, **{section: [volumes(1000)]})
    task = {"volume_ids": _ids(sim, 1000), "kms_key_id": sim.id("key-a"), "result": "summary"}

    checked = run(volume_kms_key.main, sim, check=True, **task)
    ran = run(volume_kms_key.main, sim, **task)
    again = run(volume_kms_key.main, sim, **task)

    assert checked.result["summary"] == ran.result["summary"]
    assert ran.result["summary"] == {"total": 1000, "changed": 1000, "unchanged": 0, "failed": 0}
    assert ran.writes == {f"Update{noun}KmsKey": 1000}
    assert sum(ran.calls.values()) <= 1100
    assert again.result["summary"]["unchanged"] == 1000
    assert sum(again.calls.values()) <= 40
    assert sum(checked.calls.values()) <= 40
    assert sim.needless_puts == 0


def test_one_volume_in_each_of_many_compartments_costs_gets_not_pages(sim: Simulator) -> None:
    names = [f"compartment-{n}" for n in range(1, 201)]
    furnish(
        sim,
        compartments=["prod", "security", *names],
        volumes=[volumes(1, name=f"in-{name}", compartment=name) for name in names],
    )
    ids = [sim.id(f"in-{name}-1") for name in names]

    ran = run(volume_kms_key.main, sim, volume_ids=ids, state="absent")

    assert ran.calls == {"GetVolume": 200}


def test_one_volume_among_many_costs_a_get(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(5000)])

    ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-2500")], state="absent")

    assert ran.calls == {"GetVolume": 1}


def test_a_few_volumes_among_many_cost_no_more_than_their_gets_and_a_page(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(5000)])
    ids = [sim.id(f"volume-{n}") for n in range(100, 5000, 400)]

    ran = run(volume_kms_key.main, sim, volume_ids=ids, state="absent")

    assert ran.calls["GetVolume"] == len(ids)
    assert ran.calls.get("ListVolumes", 0) <= 1


def test_volumes_of_many_compartments_and_regions(sim: Simulator) -> None:
    names = [f"compartment-{n}" for n in range(1, 11)]
    furnish(
        sim,
        compartments=["prod", "security", *names],
        volumes=[
            volumes(30, name=f"{region}-{name}", compartment=name, region=region)
            for name in names
            for region in ("us-ashburn-1", "us-phoenix-1")
        ],
    )
    ids = [resource["id"] for resource in sim.resources("volume")]
    task = {"volume_ids": ids, "kms_key_id": sim.id("key-everywhere"), "result": "summary"}

    ran = run(volume_kms_key.main, sim, **task)

    assert ran.result["summary"]["changed"] == 600
    assert ran.writes == {"UpdateVolumeKmsKey": 600}
    again = run(volume_kms_key.main, sim, **task)
    assert sum(again.calls.values()) <= 140
    assert sim.needless_puts == 0


def test_lists_that_contradict_a_get_are_not_trusted(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(300)])
    task = {"volume_ids": _ids(sim, 300), "kms_key_id": sim.id("key-a"), "result": "summary"}
    assert run(volume_kms_key.main, sim, **task).changed
    sim.fault("stale_list", "ListVolumes", times=None)

    ran = run(volume_kms_key.main, sim, **task)

    assert not ran.changed
    assert ran.calls["GetVolume"] == 300
    assert sim.needless_puts == 0


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        ("status", {"status": 404, "code": "NotAuthorizedOrNotFound", "message": "Authorization failed."}),
        ("error_500", {}),
        ("garbage", {}),
    ],
)
def test_a_list_that_fails_is_replaced_by_gets(sim: Simulator, kind: str, details: dict[str, Any]) -> None:
    furnish(sim, volumes=[volumes(150)])
    sim.fault(kind, "ListVolumes", times=None, after=1, **details)
    task = {"volume_ids": _ids(sim, 150), "kms_key_id": sim.id("key-a"), "result": "summary"}

    ran = run(volume_kms_key.main, sim, **task)

    assert ran.result["summary"]["changed"] == 150
    assert sim.needless_puts == 0


def test_empty_pages_in_the_middle_of_a_list(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(300)])
    sim.fault("empty_page", "ListVolumes", times=1, after=1)

    ran = run(volume_kms_key.main, sim, volume_ids=_ids(sim, 300), state="absent", result="summary")

    assert ran.result["summary"]["unchanged"] == 300
    assert sum(ran.calls.values()) <= 20
