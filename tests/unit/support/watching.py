# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever watches the progress of a task in a time that takes none."""

from __future__ import annotations

import itertools

from unit.support.fake_cloud import FakeClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.progress import ProgressLog

TICK = 0.5


class WatchedClock(FakeClock):
    """Time passes in sleeps only, and with it the log is asked for a line twice a second, as a module's thread does."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[float, str]] = []
        self.began = self.monotonic()
        self.log = ProgressLog(self, self.take)

    def take(self, line: str) -> None:
        time, _space, text = line.rstrip("\n").partition(" ")
        assert time == self.timestamp()
        self.lines.append((self.monotonic() - self.began, text))

    def sleep(self, seconds: float) -> None:
        while seconds > TICK:
            super().sleep(TICK)
            self.log.tick()
            seconds -= TICK
        super().sleep(seconds)
        self.log.tick()

    @property
    def texts(self) -> list[str]:
        return [text for _time, text in self.lines]

    @property
    def longest_silence(self) -> float:
        times = [0.0, *(time for time, _text in self.lines), self.monotonic() - self.began]
        return max(end - begin for begin, end in itertools.pairwise(times))
