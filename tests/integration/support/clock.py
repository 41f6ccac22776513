# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time as tests of modules have it: the same, however busy the machine is."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock


class UnhurriedClock(Clock):
    """A clock on which only sleeping takes time.

    Whatever a request takes, no time limit passes meanwhile: it passes after as many looks as there are to be. Sleepers
    do sleep, so that the simulator, which has the real clock, is never behind this one.
    """

    def __init__(self) -> None:
        super().__init__()
        self._now = super().monotonic()
        self._passing = threading.Lock()
        self._plans: list[tuple[float, Callable[[], object]]] = []

    def after(self, seconds: float, act: Callable[[], object]) -> UnhurriedClock:
        """Somebody else does something when the module has slept that long."""
        self._plans.append((self._now + seconds, act))
        return self

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        due = self._now + seconds
        super().sleep(seconds)
        with self._passing:
            self._now = max(self._now, due)
            ripe = [plan for plan in self._plans if plan[0] <= self._now]
            for plan in ripe:
                self._plans.remove(plan)
                plan[1]()
