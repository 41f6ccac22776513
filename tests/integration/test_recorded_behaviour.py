# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the real service was recorded to do: volumes that are gone in lists, empty last pages, keys of 2019."""

from __future__ import annotations

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run
from integration.support.key_info import only_key, tell

from ansible_collections.oci_keys.block_volume.plugins.modules import key_assignment_info, volume_kms_key
from simulator.client import Simulator

IAD = "us-ashburn-1"
PAGES = pytest.mark.parametrize("pages", ["off", "on"])


@PAGES
def test_a_compartment_with_more_volumes_that_are_gone_than_others(sim: Simulator, pages: str) -> None:
    gone = volumes(12, name="gone", state="TERMINATED", key="key-b")
    furnish(sim, {"trailing_empty_page": pages}, volumes=[volumes(key="key-a"), gone])

    ran = run(key_assignment_info.main, sim, regions=[IAD], resource_types=["volume"])

    assert [(row["id"], row["kms_key_id"]) for row in ran.resources] == [(sim.id("volume-1"), sim.id("key-a"))]
    assert ran.result["complete"]


@PAGES
@pytest.mark.parametrize("count", [3, 100, 130])
def test_pages_that_end_with_an_empty_one(sim: Simulator, count: int, pages: str) -> None:
    furnish(sim, {"trailing_empty_page": pages}, volumes=[volumes(count, key="key-a")])

    found = run(key_assignment_info.main, sim, regions=[IAD], resource_types=["volume"])
    ids = [sim.id(f"volume-{number}") for number in range(1, count + 1)]
    ran = run(volume_kms_key.main, sim, volume_ids=ids, kms_key_id=sim.id("key-a"))

    assert (len(found.resources), found.result["complete"]) == (count, True)
    assert (ran.failed, ran.changed, ran.writes) == (False, False, {})


@PAGES
def test_versions_of_a_key_on_pages_that_end_with_an_empty_one(sim: Simulator, pages: str) -> None:
    sim.set(trailing_empty_page=pages)
    entry = only_key(tell(sim, "key-rotated"))
    assert (entry["usable"], entry["versions"]) == (True, 3)


@pytest.mark.parametrize("field", ["protectionMode", "isAutoRotationEnabled", "isPrimary"])
def test_a_key_that_lacks_what_keys_of_2019_lack(sim: Simulator, field: str) -> None:
    sim.fault("odd_value", "GetKey", field=field, value=None, times=None)
    entry = only_key(tell(sim, "key-a"))
    assert (entry["usable"], entry["algorithm"]) == (True, "AES")


def test_a_volume_that_is_gone_is_not_changed(sim: Simulator) -> None:
    furnish(sim, volumes=[volumes(state="TERMINATED")])

    ran = run(volume_kms_key.main, sim, volume_ids=[sim.id("volume-1")], kms_key_id=sim.id("key-a"))

    assert (ran.failed, ran.writes, ran.only["error"]["code"]) == (True, {}, "TERMINATED")
