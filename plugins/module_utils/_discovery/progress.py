# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a discovery says of itself while it runs: regions and compartments done, resources found so far."""

from __future__ import annotations

from contextlib import AbstractContextManager

from .._common.progress import NO_PROGRESS, ProgressLog, Tally
from .._common.quantities import duration, resources


class ScanProgress:
    """How far the scan of one region has got. The scan adds to the tallies; all else is counted from them."""

    def __init__(self, region: str, compartments: int) -> None:
        self._region = region
        self._compartments = compartments
        self._lists_each = 1
        self.lists = Tally()
        """Lists that were read to their end, or failed."""
        self.found = Tally()
        self.assets = Tally()
        """Assets whose policy assignment was read."""
        self._all_assets = 0
        self.gets = Tally()
        """Resources of the kind that is read by GET now."""
        self._verified_kind = ""
        self._all_gets = 0

    def listing(self, kinds: int) -> None:
        """Each compartment takes a list for each of so many kinds."""
        self._lists_each = max(1, kinds)

    def verifying(self, plural: str, count: int) -> None:
        """So many resources of a kind are read by GET, after those of another."""
        self.gets = Tally()
        self._verified_kind, self._all_gets = plural, count

    def reading_assignments(self, assets: int) -> None:
        self._all_assets = assets

    def line(self, seconds: float) -> str:
        done = self.lists.value // self._lists_each
        line = f"{self._region}: {done:,} of {self._compartments:,} compartments, {resources(self.found.value)} found"
        if done >= self._compartments and self._all_assets:
            return f"{line}, backup policies of {self.assets.value:,} of {self._all_assets:,} assets"
        if done >= self._compartments and self._all_gets:
            return f"{line}, {self._verified_kind} read by GET: {self.gets.value:,} of {self._all_gets:,}"
        return line


class DiscoveryProgress:
    """How far a discovery has got."""

    def __init__(self, log: ProgressLog = NO_PROGRESS) -> None:
        self._log = log
        self._regions = 0
        self._done = Tally()

    def locating(self) -> AbstractContextManager[None]:
        """While regions and compartments are listed."""
        return self._log.during(lambda seconds: f"listing regions and compartments, for {duration(seconds)}")

    def begin(self, regions: int) -> None:
        self._regions = regions

    def scanning(self, scan: ScanProgress) -> AbstractContextManager[None]:
        """While one region is scanned."""

        def line(seconds: float) -> str:
            if self._regions < 2:
                return scan.line(seconds)
            return f"{scan.line(seconds)} ({self._done.value} of {self._regions} regions done)"

        return self._log.during(line, concludes=True)

    def scanned(self) -> None:
        self._done.add()
