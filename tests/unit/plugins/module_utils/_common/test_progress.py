# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from unit.support.fake_cloud import FakeClock
from unit.support.watching import WatchedClock

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.clock import Clock
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.progress import (
    NO_PROGRESS,
    ProgressFile,
    ProgressLog,
    Tally,
    pace,
)


def test_a_line_is_written_every_two_seconds() -> None:
    clock = WatchedClock()
    with clock.log.during(lambda seconds: f"at work for {seconds:.0f} s"):
        clock.sleep(7)
    assert clock.lines == [(2, "at work for 2 s"), (4, "at work for 4 s"), (6, "at work for 6 s")]


def test_a_task_that_ends_sooner_writes_none() -> None:
    clock = WatchedClock()
    for _activity in range(3):
        with clock.log.during(lambda _seconds: "quick", concludes=True):
            clock.sleep(0.5)
    assert clock.lines == []


def test_what_ended_before_is_told_once_the_task_takes_long() -> None:
    clock = WatchedClock()
    with clock.log.during(lambda _seconds: "us-ashburn-1: 4 of 4", concludes=True):
        clock.sleep(1)
    with clock.log.during(lambda _seconds: "us-phoenix-1: 1 of 4"):
        clock.sleep(1.5)
    assert clock.texts == ["us-ashburn-1: 4 of 4", "us-phoenix-1: 1 of 4"]


def test_the_end_of_an_activity_is_told_at_once_and_puts_the_next_line_off() -> None:
    clock = WatchedClock()
    with clock.log.during(lambda seconds: f"first, {seconds:.0f} s", concludes=True):
        clock.sleep(5)
    with clock.log.during(lambda _seconds: "second"):
        clock.sleep(2)
    assert clock.lines == [(2, "first, 2 s"), (4, "first, 4 s"), (5, "first, 5 s"), (7, "second")]


def test_activities_at_the_same_time_take_turns() -> None:
    clock = WatchedClock()
    with clock.log.during(lambda _seconds: "a"), clock.log.during(lambda _seconds: "b"):
        clock.sleep(8)
    assert sorted(clock.texts) == ["a", "a", "b", "b"]
    assert clock.texts[0] != clock.texts[1]


def test_nothing_is_written_between_activities() -> None:
    clock = WatchedClock()
    clock.sleep(10)
    assert clock.lines == []


def test_an_activity_that_ends_by_an_exception_is_over() -> None:
    clock = WatchedClock()
    with pytest.raises(ValueError, match="why"), clock.log.during(lambda _seconds: "at work"):
        raise ValueError("why")
    clock.sleep(10)
    assert clock.lines == []


def test_an_activity_that_can_not_be_described_fails_nothing() -> None:
    clock = WatchedClock()
    with clock.log.during(lambda _seconds: str(1 // 0), concludes=True):
        clock.sleep(5)
    assert (clock.lines, clock.log.fault) == ([], None)


def test_a_line_stays_one_line_that_no_terminal_obeys() -> None:
    clock = WatchedClock()
    with clock.log.during(lambda _seconds: "a\nb\x1b[31m" + "x" * 1000):
        clock.sleep(2)
    (text,) = clock.texts
    assert text.startswith("a\\u000ab\\u001b[31m")
    assert len(text) == 300


def test_a_full_disk_ends_the_lines_and_is_kept() -> None:
    clock = FakeClock()
    attempts: list[str] = []

    def write(line: str) -> None:
        attempts.append(line)
        raise OSError(errno.ENOSPC, "No space left on device")

    log = ProgressLog(clock, write)
    with log.during(lambda _seconds: "at work", concludes=True):
        for _tick in range(10):
            clock.sleep(2)
            log.tick()
    assert len(attempts) == 1
    assert log.fault is not None
    assert log.fault.errno == errno.ENOSPC


def test_where_nobody_watches_nothing_is_described() -> None:
    with NO_PROGRESS.during(lambda _seconds: pytest.fail("described"), concludes=True):
        NO_PROGRESS.tick()


def test_threads_may_begin_and_end_activities_while_lines_are_written() -> None:
    lines: list[str] = []
    log = ProgressLog(Clock(), lines.append)
    log._due = 0.0
    tally = Tally()

    def work() -> None:
        for _turn in range(200):
            with log.during(lambda _seconds: f"{tally.value}", concludes=True):
                tally.add()
                log.tick()

    threads = [threading.Thread(target=work) for _thread in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tally.value == 8 * 200
    assert len(lines) >= 8 * 200
    assert all(line.endswith("\n") for line in lines)


@pytest.mark.parametrize(
    ("done", "left", "seconds", "expected"),
    [
        (0, 100, 5.0, "for 5 s"),
        (80, 880, 2.0, "40/s, about 22 s left"),
        (1000, 0, 25.0, "40/s, in 25 s"),
        (3, 3, 90.0, "2/min, about 2 min left"),
    ],
)
def test_pace(done: int, left: int, seconds: float, expected: str) -> None:
    assert pace(done, left, seconds) == expected


class TestFile:
    LINE = "2026-11-28T13:00:00.000Z us-ashburn-1: block volumes 1 of 2\n"

    def test_lines_are_appended_in_a_file_of_ones_own(self, tmp_path: Path) -> None:
        path = tmp_path / "progress"
        for _run in range(2):
            file = ProgressFile(path)
            file.write(self.LINE)
            file.close()
        assert path.read_text() == self.LINE * 2
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    @pytest.mark.parametrize("content", ["- hosts: localhost\n", "[DEFAULT]\nuser=ocid1\n", '{"a": 1}', "\0"])
    def test_a_file_with_something_else_is_left_alone(self, tmp_path: Path, content: str) -> None:
        path = tmp_path / "config"
        path.write_text(content)
        with pytest.raises(OSError, match="something else"):
            ProgressFile(path)
        assert path.read_text() == content

    def test_links_and_fifos_are_refused_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        os.mkfifo(tmp_path / "fifo")
        for name in ("link", "fifo"):
            with pytest.raises(OSError, match=r"."):
                ProgressFile(tmp_path / name)
        assert not (tmp_path / "elsewhere").exists()
