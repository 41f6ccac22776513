# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Injected runtime dependencies (clock, timings, retry policy), replaced in tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from .._api.client import ReadRetry
from .._common.clock import Clock

_Runtime = TypeVar("_Runtime", bound="Runtime")


@dataclass(frozen=True)
class Runtime:
    """Clock, retry policy, connect and read timeouts in seconds."""

    clock: Clock = field(default_factory=Clock)
    retry: ReadRetry | None = None
    timeout: tuple[float, float] = (8.0, 60.0)

    @classmethod
    def default(cls: type[_Runtime]) -> _Runtime:
        """What every module starts with."""
        return cls()
