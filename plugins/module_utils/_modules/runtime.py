# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Note that this module util is private to the collection. Breaking changes can occur at any time.

"""What a run needs of the world around it besides OCI."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._api.client import ReadRetry
from .._common.clock import Clock, Timings


@dataclass(frozen=True)
class World:
    """Time, patience and time-outs; tests hand in others."""

    clock: Clock = field(default_factory=Clock)
    timings: Timings = field(default_factory=Timings)
    retry: ReadRetry | None = None
    timeout: tuple[float, float] = (10.0, 60.0)
