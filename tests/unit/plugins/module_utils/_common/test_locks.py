# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locks of names. Other processes are forks here: what one does is told by its exit code."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.locks import (
    LockFile,
    LocksUnsupportedError,
    NameLocks,
    last_release,
    offset_of,
)

NAMES = [f"ocid1.volume.oc1.iad.{number:060d}" for number in range(2000)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "locks"


@pytest.fixture
def make(path: Path) -> Iterator[Callable[..., NameLocks]]:
    made: list[NameLocks] = []

    def locks(*paths: Path) -> NameLocks:
        made.append(NameLocks([LockFile(one) for one in paths or (path,)]))
        return made[-1]

    yield locks
    for one in made:
        one.close()


def taken(locks: NameLocks, *names: str) -> list[str]:
    locks.acquire(names)
    return [name for name in names if locks.holds(name)]


def in_child(work: Callable[[], bool]) -> bool:
    """What another process says."""
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        except BaseException:
            os._exit(2)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 1)
    return status == 0


def is_free_elsewhere(path: Path, name: str) -> bool:
    return in_child(lambda: taken(NameLocks([LockFile(path)]), name) == [name])


def test_no_two_names_share_a_byte() -> None:
    offsets = {offset_of(name) for name in NAMES}
    assert len(offsets) == len(NAMES)
    assert all(0 <= offset < 2**62 for offset in offsets)


def test_two_users_in_one_process_exclude_each_other(make: Callable[..., NameLocks]) -> None:
    one, two = make(), make()
    assert taken(one, "a", "b") == ["a", "b"]
    assert taken(two, "a", "b", "c") == ["c"]
    one.release("a")
    assert taken(two, "a", "b") == ["a"]
    assert taken(one, "a", "c") == []


def test_another_process_is_excluded_until_the_name_is_released(make: Callable[..., NameLocks], path: Path) -> None:
    one = make()
    assert taken(one, "a") == ["a"]
    assert not is_free_elsewhere(path, "a")
    assert is_free_elsewhere(path, "b")
    one.release("a")
    assert is_free_elsewhere(path, "a")


def test_a_fork_neither_has_its_parents_locks_nor_releases_them(make: Callable[..., NameLocks], path: Path) -> None:
    one = make()
    assert taken(one, "a") == ["a"]

    def close_and_try() -> bool:
        one.close()
        return not taken(NameLocks([LockFile(path)]), "a")

    assert in_child(close_and_try)
    assert not is_free_elsewhere(path, "a")


def test_who_ends_in_a_process_leaves_the_locks_of_others_there_alone(
    make: Callable[..., NameLocks], path: Path
) -> None:
    """The system would release all of them with the first descriptor that is closed."""
    one, two = make(), make()
    assert taken(one, "a") == ["a"]
    assert taken(two, "b") == ["b"]
    two.close()
    assert not is_free_elsewhere(path, "a")
    assert is_free_elsewhere(path, "b")
    path.with_name("other").hardlink_to(path)
    with pytest.raises(OSError, match="hard link"):
        LockFile(path)
    path.with_name("other").unlink()
    assert not is_free_elsewhere(path, "a")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_the_system_releases_what_a_dead_process_held(
    make: Callable[..., NameLocks], path: Path, number: signal.Signals
) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            if number != signal.SIGKILL:
                signal.signal(number, signal.SIG_DFL)  # nohup, for one, has SIGHUP ignored
            held = taken(NameLocks([LockFile(path)]), "a")
            os.write(writer, b"y" if held else b"n")
            signal.pause()
        finally:
            os._exit(1)
    assert os.read(reader, 1) == b"y"
    one = make()
    assert taken(one, "a") == []
    os.kill(child, number)
    os.waitpid(child, 0)
    assert taken(one, "a") == ["a"]
    os.close(reader)
    os.close(writer)


def test_a_name_is_locked_in_all_files_or_in_none(make: Callable[..., NameLocks], tmp_path: Path) -> None:
    both, first, second = (
        make(tmp_path / "1", tmp_path / "2"),
        make(tmp_path / "1"),
        make(tmp_path / "2"),
    )
    assert taken(second, "a") == ["a"]
    assert taken(both, "a") == []
    assert taken(first, "a") == ["a"], "the first file's lock was given back"
    first.release("a")
    second.release("a")
    assert taken(both, "a") == ["a"]
    assert taken(first, "a") == taken(second, "a") == []


def test_many_names_are_locked_at_once(make: Callable[..., NameLocks], path: Path) -> None:
    one = make()
    assert taken(one, *NAMES) == NAMES
    assert not is_free_elsewhere(path, NAMES[1234])
    one.close()
    assert is_free_elsewhere(path, NAMES[1234])


def _symlink(path: Path) -> None:
    path.symlink_to("elsewhere")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _hard_link(path: Path) -> None:
    path.with_name("mine").write_text("content")
    path.hardlink_to(path.with_name("mine"))


@pytest.mark.parametrize("make_foreign", [_symlink, _fifo, _hard_link, Path.mkdir])
def test_what_is_not_a_lock_file_is_refused_and_left_alone(path: Path, make_foreign: Callable[[Path], None]) -> None:
    make_foreign(path)
    before = os.lstat(path)
    with pytest.raises(OSError, match=r"\w"):
        LockFile(path)
    after = os.lstat(path)
    assert (before.st_ino, before.st_mode, before.st_size) == (after.st_ino, after.st_mode, after.st_size)
    assert not path.with_name("elsewhere").exists()


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_locks_is_told(path: Path, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def refuse(*_given: Any) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with pytest.raises(LocksUnsupportedError, match="no locks"):
        LockFile(path)


@pytest.mark.parametrize("replace", [False, True])
def test_a_lock_file_that_is_removed_locks_nothing_any_more(
    make: Callable[..., NameLocks], path: Path, replace: bool
) -> None:
    """Whoever comes next would lock another file."""
    one = make()
    assert taken(one, "a") == ["a"]
    path.unlink()
    if replace:
        path.touch()
    with pytest.raises(OSError, match="lock file") as caught:
        one.acquire(["b"])
    assert str(path) in str(caught.value)
    assert not one.holds("b")


def test_without_files_nobody_is_excluded() -> None:
    one, two = NameLocks(), NameLocks()
    assert taken(one, "a") == taken(two, "a") == ["a"]
    one.release("a")
    one.close()


class TestReleases:
    """Whoever read something while another one had it locked can see that it was released since."""

    def test_each_release_leaves_another_mark(self, tmp_path: Path) -> None:
        path = tmp_path / "locks"
        file = LockFile(path)
        marks = []
        for offset in (1, 2, 1):
            assert file.acquire(offset)
            assert file.is_locked(offset)
            file.release(offset)
            assert not file.is_locked(offset)
            marks.append(last_release(path))
        file.close()

        assert len(set(marks)) == 3

    def test_a_look_is_no_release(self, tmp_path: Path) -> None:
        path = tmp_path / "locks"
        file = LockFile(path)
        before = last_release(path)

        assert not file.is_locked(1)
        file.close()

        assert last_release(path) == before

    def test_a_file_that_is_not_there_has_none(self, tmp_path: Path) -> None:
        assert last_release(tmp_path / "locks") is None
