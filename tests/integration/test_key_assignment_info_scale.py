# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a survey of a large tenancy costs: 3 regions, 40 compartments, more than 5,000 resources."""

from __future__ import annotations

from typing import Any

import pytest
from integration.support.assignment_info import FRA, IAD, PHX
from integration.support.fleets import tenancy
from integration.support.harness import furnish, run

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info
from simulator.client import Simulator

KEYS = {IAD: "key-a", PHX: "key-phx", FRA: "key-fra"}
NAMES = [f"compartment-{n}" for n in range(1, 38)]
IDENTITY = {"ListRegionSubscriptions": 1, "GetTenancy": 1, "ListCompartments": 1}
LISTS = {"ListVolumes": 42, "ListBootVolumes": 40, "ListVolumeBackups": 40, "ListBootVolumeBackups": 40}
"""In each region: one for each of 40 compartments, and two more pages for the one with 220 volumes."""


def _rows(what: str, count: int, *, keys: bool, more: int = 0) -> list[dict[str, Any]]:
    """So many in each compartment and region but the root and those of the keys, every other one with a key."""
    rows = []
    for region in (IAD, PHX, FRA):
        for name in NAMES:
            half = count // 2 if keys else 0
            place = {"region": region, "compartment": name}
            if half:
                key = {"name": f"{what}-{region}-{name}-key-{{n}}", "count": half, "key": KEYS[region]}
                rows.append({**place, **key})
            rows.append({**place, "name": f"{what}-{region}-{name}-{{n}}", "count": count - half})
        if more:
            big = {"region": region, "compartment": "compartment-1", "count": more}
            rows.append({**big, "name": f"{what}-{region}-more-{{n}}"})
    return rows


def _furnish(sim: Simulator, *, keys: bool, **switches: Any) -> None:
    furnish(
        sim,
        switches,
        compartments=[*tenancy()["compartments"], *NAMES],
        volumes=_rows("volume", 20, keys=keys, more=200),
        boot_volumes=_rows("boot", 10, keys=keys),
        volume_backups=_rows("backup", 8, keys=keys),
        boot_volume_backups=_rows("boot-backup", 4, keys=keys),
    )


TOTAL = 3 * (37 * (20 + 10 + 8 + 4) + 200)


@pytest.mark.parametrize(
    ("keys", "gets"),
    [
        pytest.param(True, 2, id="lists-show-keys"),
        pytest.param(False, 12, id="nothing-has-a-key"),
    ],
)
def test_a_large_tenancy_is_mostly_pages(sim: Simulator, keys: bool, gets: int) -> None:
    _furnish(sim, keys=keys)

    ran = run(key_assignment_info.main, sim, regions=["all"], result="summary")

    proof = {f"Get{noun}": gets for noun in ("Volume", "BootVolume", "VolumeBackup", "BootVolumeBackup")}
    counts = sim.counts_by_region()
    for region in (IAD, PHX, FRA):
        assert counts[region] == {**LISTS, **proof, **(IDENTITY if region == IAD else {})}
        assert sum(counts[region].values()) <= 40 * 4 + 2 + 60
    assert ran.result["complete"]
    assert ran.result["summary"]["total"] == TOTAL > 5000
    assert ran.result["summary"]["customer"] == (3 * 37 * 21 if keys else 0)
    assert ran.resources == []
    assert len(ran.printed) < 10_000


def test_lists_without_keys_cost_a_get_each_and_only_then(sim: Simulator) -> None:
    _furnish(sim, keys=True, list_kms_key_id_of_backups="absent")

    ran = run(key_assignment_info.main, sim, regions=[IAD], result="summary")

    gets = {"GetVolume": 2, "GetBootVolume": 2, "GetVolumeBackup": 37 * 8, "GetBootVolumeBackup": 37 * 4}
    assert ran.calls == {**LISTS, **gets, "GetTenancy": 1, "ListCompartments": 1}
    assert ran.result["summary"]["customer"] == 37 * 21


def test_many_keys_make_a_small_summary(sim: Simulator) -> None:
    keys = [{"name": f"key-{n}", "vault": "vault-iad"} for n in range(400)]
    places = [{"region": IAD, "compartment": "prod"}] * len(keys)
    furnish(
        sim,
        keys=[*tenancy()["keys"], *keys],
        volumes=[
            {**place, "name": f"on-{key['name']}", "key": key["name"]} for key, place in zip(keys, places, strict=True)
        ],
    )

    ran = run(key_assignment_info.main, sim, result="summary")

    assert ran.result["summary"]["kms_keys"] == 400
    assert len(ran.result["summary"]["by_key"]) == 50
    assert len(ran.printed) < 30_000


def test_a_domain_is_named_in_every_list_once_one_without_was_refused(sim: Simulator) -> None:
    names = NAMES[:8]
    furnish(
        sim,
        {"boot_list_without_domain": "refused"},
        compartments=[*tenancy()["compartments"], *names],
        boot_volumes=[{"name": f"in-{name}", "region": IAD, "compartment": name, "key": "key-a"} for name in names],
    )

    ran = run(key_assignment_info.main, sim, resource_types=["boot_volume", "replica"])

    assert ran.result["summary"]["total"] == 8
    assert ran.result["complete"]
    lists = 1 + 11 * 3
    assert ran.calls == {
        "ListBootVolumes": lists,
        "ListBlockVolumeReplicas": lists,
        "ListBootVolumeReplicas": lists,
        "ListVolumeGroups": 11,
        "ListAvailabilityDomains": 1,
        "GetBootVolume": 1,
        "GetTenancy": 1,
        "ListCompartments": 1,
    }
