# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Time as an injected dependency: nothing below the modules sleeps or reads a clock by itself."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timezone

from .timestamps import rfc3339

# The longest sleep, in seconds, once sleeps are interrupted.
_INTERRUPTED_SLEEP = 0.5


class Clock:
    """The real clock; tests inject their own."""

    def __init__(self) -> None:
        self._interrupted = threading.Event()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        if self.is_interrupted:
            time.sleep(min(seconds, _INTERRUPTED_SLEEP))
        else:
            self._interrupted.wait(seconds)

    def interrupt_sleeps(self) -> None:
        """Wake every sleeping thread, and keep all later sleeps short."""
        self._interrupted.set()

    @property
    def is_interrupted(self) -> bool:
        return self._interrupted.is_set()

    def timestamp(self) -> str:
        """The time of day in UTC as RFC 3339, to the millisecond."""
        return rfc3339(datetime.now(timezone.utc))
