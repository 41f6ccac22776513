# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reading that a write relies on, and until when it may."""

from __future__ import annotations

from .clock import Clock


class LatestReading:
    """The latest reading of one change. ``asked``: when it was asked for, on the monotonic clock.

    It may be relied on for ``seconds`` from then on, however long its answer took.
    """

    def __init__(self, clock: Clock, asked: float, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._asked = asked

    def ask(self) -> None:
        """Something is about to be read again."""
        self._asked = self._clock.monotonic()

    @property
    def usable_until(self) -> float:
        return self._asked + self._seconds
