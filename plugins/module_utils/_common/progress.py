# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a long task has got, in lines for a person who watches: ``us-ashburn-1: block volumes 120 of 1,000, ...``."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .clock import Clock
from .quantities import duration
from .text import visible

INTERVAL = 2.0
"""Seconds between two lines. A task that ends sooner writes none."""

LINE_START = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z ")
"""The time that each line of a progress file begins with."""

Describe = Callable[[float], str]
"""What an activity says of itself, given the seconds since it began."""

# Longer lines would be of no use on a terminal.
_LONGEST_LINE = 300
# Lines of activities that ended before the task counts as long.
_MOST_HELD = 20


class Tally:
    """A number that several threads add to."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self, number: int = 1) -> None:
        with self._lock:
            self.value += number


class _Activity:
    """Something that takes time. ``shown`` counts its turns, since several that overlap take turns."""

    def __init__(self, describe: Describe, began: float) -> None:
        self.describe = describe
        self.began = began
        self.shown = 0


class ProgressLog:
    """Writes a line every two seconds while something is going on, and one when an activity ends.

    Any thread may begin and end activities; ``tick`` is called about twice a second. Nothing here raises: progress is
    never a reason for a task to fail. ``fault`` is why lines could not be written any more.
    """

    def __init__(self, clock: Clock, write: Callable[[str], None] | None = None) -> None:
        self._clock = clock
        self._write = write
        self._lock = threading.Lock()
        self._activities: list[_Activity] = []
        self._held: list[str] = []
        self._due = clock.monotonic() + INTERVAL if write is not None else 0.0
        self._is_long = False
        self.fault: OSError | None = None

    @contextmanager
    def during(self, describe: Describe, *, concludes: bool = False) -> Iterator[None]:
        """Have lines written about an activity while the body runs, with ``concludes`` also one at its end."""
        if self._write is None:
            yield
            return
        activity = _Activity(describe, self._clock.monotonic())
        with self._lock:
            self._activities.append(activity)
        try:
            yield
        finally:
            with self._lock:
                self._activities.remove(activity)
                if concludes:
                    self._conclude(activity)

    def tick(self) -> None:
        """Write the line that is due, if one is."""
        with self._lock:
            now = self._clock.monotonic()
            if self._write is None or now < self._due:
                return
            self._begin_lines()
            self._due = now + INTERVAL
            if self._activities:
                activity = min(self._activities, key=lambda each: each.shown)
                activity.shown += 1
                self._say(self._line(activity))

    def say(self, line: str) -> None:
        """Write a line at once: something has ended that whoever watches is to see however short it was."""
        if self._write is not None:
            with self._lock:
                self._begin_lines()
                self._due = self._clock.monotonic() + INTERVAL
                self._say(line)

    def _conclude(self, activity: _Activity) -> None:
        line = self._line(activity)
        now = self._clock.monotonic()
        if not self._is_long and now < self._due:
            self._held = [*self._held, line][-_MOST_HELD:]
            return
        self._begin_lines()
        self._due = now + INTERVAL
        self._say(line)

    def _begin_lines(self) -> None:
        """What has ended so far is only worth telling of a task that takes long."""
        self._is_long = True
        held, self._held = self._held, []
        for line in held:
            self._say(line)

    def _line(self, activity: _Activity) -> str:
        try:
            return activity.describe(self._clock.monotonic() - activity.began)
        except Exception:  # a line less is better than a task that ends for it
            return ""

    def _say(self, line: str) -> None:
        if self._write is None or not line:
            return
        try:
            self._write(f"{self._clock.timestamp()} {visible(line)[:_LONGEST_LINE]}\n")
        except OSError as error:
            self.fault = error
            self._write = None


NO_PROGRESS = ProgressLog(Clock())
"""Where nobody watches."""


class ProgressFile:
    """A file that lines are appended to. Raises OSError if it can't be opened, or holds something else."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
        self._descriptor = os.open(path, flags, 0o600)
        try:
            if not stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                raise OSError("it is not a regular file")
            start = os.pread(self._descriptor, 64, 0)
            if start and not LINE_START.match(start.decode("ascii", "replace")):
                raise OSError("it holds something else than lines of progress")
        except OSError:
            self.close()
            raise

    def write(self, line: str) -> None:
        """Append a line in one piece, so that whoever reads along sees it complete."""
        content = line.encode()
        while content:
            content = content[os.write(self._descriptor, content) :]

    def close(self) -> None:
        os.close(self._descriptor)


def pace(done: int, left: int, seconds: float) -> str:
    """ "40/s, about 22 s left", "40/s, in 25 s"; "for 8 s" as long as nothing is done."""
    if not done or seconds <= 0:
        return f"for {duration(seconds)}"
    shown = rate(done, seconds)
    return f"{shown}, about {duration(left * seconds / done)} left" if left else f"{shown}, in {duration(seconds)}"


def rate(done: int, seconds: float) -> str:
    """ "40/s", "12/min" """
    each_second = done / seconds
    return f"{each_second:,.0f}/s" if each_second >= 1 else f"{each_second * 60:,.0f}/min"
