# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The resources of one region that a call changes, and how many changes it makes at a time."""

from __future__ import annotations

from collections.abc import Sequence

from .._api.client import Connection
from .._resources.reader import Reader
from .._resources.region_reader import RegionReader
from .request import Target


class Region(RegionReader):
    """What one call reads and changes in one region."""

    def __init__(self, name: str, targets: Sequence[Target], connection: Connection, concurrency: int) -> None:
        super().__init__(name, [(target.id, target.resource_kind) for target in targets], connection, concurrency)
        self.targets = targets
        self.concurrency = concurrency

    def limit(self, concurrency: int) -> None:
        """Lower the limit of concurrent changes."""
        self.concurrency = min(self.concurrency, concurrency)

    def reader_of(self, target: Target) -> Reader:
        return self.reader_for(target.resource_kind)
