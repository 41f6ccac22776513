# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from unit.support.watching import WatchedClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._discovery.progress import (
    DiscoveryProgress,
    ScanProgress,
)


def test_a_discovery_of_5_000_resources_is_never_silent_for_five_seconds() -> None:
    clock = WatchedClock()
    progress = DiscoveryProgress(clock.log)
    with progress.locating():
        clock.sleep(4)
    progress.begin(2)
    for region in ("us-ashburn-1", "us-phoenix-1"):
        scan = ScanProgress(region, 50)
        scan.listing(kinds=2)
        with progress.scanning(scan):
            for _list in range(100):
                for _page in range(5):
                    clock.sleep(0.1)
                    scan.found.add(5)
                scan.lists.add()
            scan.verifying("boot volumes", 12)
            scan.gets.add(12)
            scan.verifying("block volumes", 2500)
            scan.gets.add(700)
            clock.sleep(2)
            scan.reading_assignments(2500)
            scan.assets.add(700)
            clock.sleep(2)
            progress.scanned()

    assert clock.longest_silence <= 2.5
    assert clock.texts[0] == "listing regions and compartments, for 2 s"
    assert "us-ashburn-1: 8 of 50 compartments, 415 resources found (0 of 2 regions done)" in clock.texts
    assert (
        "us-ashburn-1: 50 of 50 compartments, 2,500 resources found, block volumes read by GET: 700 of 2,500 "
        "(0 of 2 regions done)" in clock.texts
    )
    assert (
        "us-phoenix-1: 50 of 50 compartments, 2,500 resources found, backup policies of 700 of 2,500 assets "
        "(1 of 2 regions done)" in clock.texts
    )
    assert clock.texts[-1].endswith("(2 of 2 regions done)")


def test_one_region_needs_no_count_of_regions() -> None:
    clock = WatchedClock()
    progress = DiscoveryProgress(clock.log)
    progress.begin(1)
    with progress.scanning(ScanProgress("us-ashburn-1", 1)):
        clock.sleep(2)
    assert set(clock.texts) == {"us-ashburn-1: 0 of 1 compartments, 0 resources found"}
