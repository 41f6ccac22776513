# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules that change something run with: the connection, and how long they wait for changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._api.client import Connection, connect
from .._api.settings import ConnectionSettings
from .._changes.timings import Timings
from .runtime import Runtime


@dataclass(frozen=True)
class ChangeRuntime(Runtime):
    """The runtime of a module that changes something, with its timings."""

    timings: Timings = field(default_factory=Timings)

    def connect(self, settings: ConnectionSettings, concurrency: int) -> Connection:
        return connect(settings, concurrency=concurrency, retry=self.retry, timeout=self.timeout, clock=self.clock)
