# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.locks import (
    LockFile,
    LocksUnsupportedError,
    NameLocks,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import run_locks
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.run_locks import (
    LOCK_FILE,
    LockPlaces,
    OtherRuns,
    lock_places,
    open_locks,
)


@pytest.fixture
def places(tmp_path: Path) -> LockPlaces:
    (tmp_path / "journals").mkdir()
    return LockPlaces(tmp_path / "state" / "oci", tmp_path / "journals")


def without_locks(monkeypatch: pytest.MonkeyPatch, *folders: Path | None) -> None:
    def lock_file(path: Path, *, is_shared: bool = False) -> LockFile:
        if path.parent in folders:
            raise LocksUnsupportedError(errno.ENOLCK, "its file system has no locks")
        return LockFile(path, is_shared=is_shared)

    monkeypatch.setattr(run_locks, "LockFile", lock_file)


def excludes(one: NameLocks, places: LockPlaces) -> bool:
    other = open_locks(places).names
    try:
        one.acquire(["a"])
        other.acquire(["a"])
        return one.holds("a") and not other.holds("a")
    finally:
        one.release("a")
        other.close()


def test_runs_exclude_each_other_by_the_state_folder_or_by_that_of_the_journal(
    places: LockPlaces, tmp_path: Path
) -> None:
    one = open_locks(places)
    elsewhere, state = tmp_path / "elsewhere", tmp_path / "other-state"
    elsewhere.mkdir()
    assert one.warnings == []
    assert excludes(one.names, places)
    assert excludes(one.names, LockPlaces(places.state, elsewhere)), "another journal on this machine"
    assert excludes(one.names, LockPlaces(state, places.journal)), "another machine with the same folder"
    assert not excludes(one.names, LockPlaces(state, elsewhere))
    one.names.close()
    assert (places.journal / LOCK_FILE).stat().st_mode & 0o777 == 0o600


def test_the_default_journal_has_one_lock_file(tmp_path: Path) -> None:
    journal = tmp_path / "state" / "oci_keys.block_volume" / "journal.jsonl"
    journal.parent.mkdir(parents=True)
    places = lock_places(journal, {"XDG_STATE_HOME": str(tmp_path / "state"), "OCI_KEYS_LOCK_FOLDER": str(tmp_path)})
    assert places == LockPlaces(journal.parent, journal.parent, tmp_path)
    one = open_locks(places)
    assert excludes(one.names, places)
    one.names.close()
    assert [path.name for path in journal.parent.iterdir()] == [LOCK_FILE]


def test_a_journal_on_a_file_system_without_locks_is_a_warning(
    places: LockPlaces, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_locks(monkeypatch, places.journal)
    one = open_locks(places)
    (warning,) = one.warnings
    assert str(places.journal) in warning
    assert "another machine" in warning
    assert excludes(one.names, places)
    one.names.close()


def test_a_state_folder_that_cannot_be_used_is_a_warning(places: LockPlaces) -> None:
    assert places.state is not None
    places.state.parent.write_text("a file")
    one = open_locks(places)
    (warning,) = one.warnings
    assert "another journal" in warning
    assert "XDG_STATE_HOME" in warning
    assert excludes(one.names, places)
    one.names.close()


def test_without_a_state_folder_other_journals_are_not_excluded_which_is_told(places: LockPlaces) -> None:
    alone = LockPlaces(None, places.journal)
    one = open_locks(alone)
    (warning,) = one.warnings
    assert "another journal" in warning
    assert excludes(one.names, alone)
    one.names.close()


@pytest.mark.parametrize("state", ["none", "same", "without locks"])
def test_where_runs_would_exclude_each_other_nowhere_nothing_is_changed(
    places: LockPlaces, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    where = {"none": None, "same": places.journal, "without locks": places.state}[state]
    without_locks(monkeypatch, places.journal, where)
    with pytest.raises(InputError, match="Nothing was changed") as caught:
        open_locks(LockPlaces(where, places.journal))
    assert LOCK_FILE in str(caught.value)
    assert "locks" in str(caught.value)


@pytest.mark.parametrize("kind", ["symlink", "fifo", "folder"])
def test_a_foreign_file_beside_the_journal_is_an_error(places: LockPlaces, kind: str) -> None:
    path = places.journal / LOCK_FILE
    if kind == "symlink":
        path.symlink_to("elsewhere")
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(InputError, match="Remove it") as caught:
        open_locks(places)
    assert str(path) in str(caught.value)


def test_without_places_nobody_is_excluded() -> None:
    assert open_locks(None).warnings == ()


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    folder = tmp_path / "machine"
    folder.mkdir(mode=0o777)
    return folder


def user(tmp_path: Path, machine: Path, name: str) -> LockPlaces:
    (tmp_path / name).mkdir(exist_ok=True)
    return LockPlaces(tmp_path / f"state-{name}", tmp_path / name, machine)


def test_users_of_one_machine_exclude_each_other(tmp_path: Path, machine: Path) -> None:
    umask = os.umask(0o077)
    try:
        one = open_locks(user(tmp_path, machine, "one"))
    finally:
        os.umask(umask)
    assert one.warnings == []
    assert excludes(one.names, user(tmp_path, machine, "two"))
    assert (machine / LOCK_FILE).stat().st_mode & 0o777 == 0o666
    one.names.acquire(["a"])
    others = OtherRuns(user(tmp_path, machine, "two"))
    others.open()
    assert others.are_changing("a")
    others.close()
    one.names.close()
    assert others.have_ended_a_change("a")
    assert (machine / LOCK_FILE).read_bytes() == b""


def test_without_the_variable_users_share_the_folder_for_temporary_files(tmp_path: Path) -> None:
    assert lock_places(tmp_path / "journal.jsonl", {"HOME": str(tmp_path)}).machine == Path("/tmp")


def test_where_it_is_also_a_folder_of_ones_own_it_has_one_lock_file(tmp_path: Path) -> None:
    one = open_locks(LockPlaces(None, tmp_path, tmp_path))
    one.names.close()
    assert (tmp_path / LOCK_FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another user")
def test_a_file_that_another_user_has_made_is_locked_all_the_same(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.chmod(0o1777)
    path = machine / LOCK_FILE
    LockFile(path, is_shared=True).close()
    os.chown(path, 65534, 65534)
    flags = []
    opened = os.open
    monkeypatch.setattr(os, "open", lambda name, how, *mode: flags.append(how) or opened(name, how, *mode))
    file = LockFile(path, is_shared=True)
    assert file.acquire(1)
    file.release(1)
    file.close()
    assert not [how for how in flags if how & os.O_CREAT], "fs.protected_regular would refuse it"


@pytest.mark.parametrize("kind", ["symlink", "fifo", "folder", "hard link", "missing folder"])
def test_a_foreign_file_in_the_folder_of_the_machine_is_a_warning(tmp_path: Path, machine: Path, kind: str) -> None:
    path = machine / LOCK_FILE
    victim = tmp_path / "victim"
    victim.write_text("mine")
    if kind == "symlink":
        path.symlink_to(victim)
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "hard link":
        os.link(victim, path)
    else:
        machine.rmdir()
    places = user(tmp_path, machine, "one")
    one = open_locks(places)
    (warning,) = one.warnings
    assert str(path) in warning
    assert "OCI_KEYS_LOCK_FOLDER" in warning
    assert excludes(one.names, places)
    one.names.close()
    assert victim.read_text() == "mine"
    assert victim.stat().st_mode & 0o777 != 0o666
