# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from unit.support.fake_cloud import IAD, KEY_A, KEY_B, FakeClock, compartment_id, volume_id

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import append_file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.errors import InputError, ResourceError
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import journal as journal_module
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.journal import (
    Journal,
    default_journal_path,
)
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.actions import ASSIGN
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.decisions import Decision
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.outcome import Outcome
from ansible_collections.oci_keys.block_volume.plugins.module_utils._model.resource import DesiredState, Resource


def resource(number: int = 0, kms_key_id: str | None = KEY_A, name: str = "data") -> Resource:
    return Resource(volume_id(number), "volume", IAD, name, compartment_id(1), "AVAILABLE", kms_key_id)


def decision(number: int = 0, kms_key_id: str | None = KEY_A, name: str = "data") -> Decision:
    return Decision(resource(number, kms_key_id, name), DesiredState(KEY_B), ASSIGN)


def outcome(number: int = 0, kms_key_id: str | None = KEY_A, name: str = "data") -> Outcome:
    before = resource(number, kms_key_id, name)
    return Outcome(id=before.id, type="volume", region=IAD, before=before, action=ASSIGN)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    journal = Journal(path, FakeClock())
    journal.open()
    yield journal
    journal.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_intent_holds_what_the_write_destroys(journal: Journal, path: Path) -> None:
    journal.intend(IAD, decision())
    (line,) = lines(path)
    assert line.pop("time").startswith("1970-01-")
    assert line.pop("run")
    assert line == {
        "event": "intent",
        "id": volume_id(0),
        "type": "volume",
        "region": IAD,
        "compartment_id": compartment_id(1),
        "display_name": "data",
        "action": "assign",
        "previous_encryption": "customer",
        "previous_kms_key_id": KEY_A,
        "previous_read_by": "list",
        "kms_key_id": KEY_B,
    }


def test_an_intent_says_that_the_former_key_is_from_a_list_which_may_lag_behind(journal: Journal, path: Path) -> None:
    by_get = replace(decision(1), reading=replace(resource(1), etag="1"))
    journal.intend(IAD, by_get)
    journal.intend(IAD, decision(2))
    assert [line.get("previous_read_by") for line in lines(path)] == [None, "list"]


def test_an_oracle_managed_key_is_no_lost_key(journal: Journal, path: Path) -> None:
    journal.intend(IAD, Decision(resource(kms_key_id=None), DesiredState(None), ASSIGN))
    (line,) = lines(path)
    assert (line["previous_encryption"], line["previous_kms_key_id"], line["kms_key_id"]) == ("oracle", None, None)


def test_an_outcome_says_what_became_of_it(journal: Journal, path: Path) -> None:
    good = replace(outcome(0), changed=True, after=resource(0, KEY_B), opc_request_id="req-1")
    lost = ResourceError(code="OutcomeUnknown", message="Lost.", hint="Run again")
    unseen = replace(outcome(1), changed=True, settled=False, error=lost)
    journal.conclude(good)
    journal.conclude(unseen)
    first, second = lines(path)
    assert (first["event"], first["id"], first["changed"], first["settled"]) == ("outcome", good.id, True, True)
    assert (first["kms_key_id"], first["known"], first["opc_request_id"], first["error"]) == (
        KEY_B,
        True,
        "req-1",
        None,
    )
    assert (second["kms_key_id"], second["known"], second["settled"]) == (None, False, False)
    assert second["error"] == {"code": "OutcomeUnknown", "message": "Lost."}
    assert first["run"] == second["run"]


@pytest.mark.parametrize("name", ["a\nb", 'quote"', "ümläut 鍵", "\ud800", "\u2028", "x" * 5000])
def test_no_display_name_breaks_a_line(journal: Journal, path: Path, name: str) -> None:
    journal.intend(IAD, decision(name=name))
    journal.intend(IAD, decision(1))
    assert [line["display_name"] for line in lines(path)] == [name, "data"]
    assert path.read_bytes().count(b"\n") == 2


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    old_umask = os.umask(0)
    try:
        fresh = Journal(tmp_path / "new" / "deep" / "journal", FakeClock())
        fresh.open()
        fresh.close()
    finally:
        os.umask(old_umask)
    assert fresh.path.stat().st_mode & 0o777 == 0o600
    assert fresh.path.parent.stat().st_mode & 0o777 == 0o700
    fresh.path.chmod(0o644)
    fresh.open()
    fresh.close()
    assert fresh.path.stat().st_mode & 0o777 == 0o600


def test_a_second_run_appends(path: Path) -> None:
    for number in range(2):
        journal = Journal(path, FakeClock())
        journal.open()
        journal.intend(IAD, decision(number))
        journal.close()
    assert [line["id"] for line in lines(path)] == [volume_id(0), volume_id(1)]
    assert len({line["run"] for line in lines(path)}) == 2


@pytest.mark.parametrize("blocked", ["folder", "file in the way"])
def test_a_journal_that_cannot_be_opened_is_a_clear_error(tmp_path: Path, blocked: str) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path if blocked == "folder" else tmp_path / "file" / "journal"
    with pytest.raises(InputError, match="Nothing was changed") as caught:
        Journal(path, FakeClock()).open()
    assert str(path) in str(caught.value)


def test_it_may_be_closed_twice_or_unopened(path: Path) -> None:
    journal = Journal(path, FakeClock())
    journal.close()
    journal.open()
    journal.close()
    journal.close()
    with pytest.raises(OSError, match="descriptor"):
        journal.intend(IAD, decision())


def test_a_full_disk_is_an_oserror(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        journal.intend(IAD, decision())


def truncated_lines(monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    """Let os.write take so many bytes at a time; -1 is a full disk. After that it works again."""
    whole = os.write

    def write(file: int, data: bytes) -> int:
        size = sizes.pop(0) if sizes else len(data)
        if size < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(file, data[:size])

    monkeypatch.setattr(os, "write", write)


def test_short_writes_are_completed(journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truncated_lines(monkeypatch, [1, 7, 100])
    journal.intend(IAD, decision())
    assert len(lines(path)) == 1


def test_a_torn_line_does_not_spoil_the_next(journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    truncated_lines(monkeypatch, [20, -1])
    with pytest.raises(OSError, match="No space"):
        journal.intend(IAD, decision(0))
    journal.intend(IAD, decision(1))
    assert json.loads(path.read_text().splitlines()[-1])["id"] == volume_id(1)


@pytest.mark.parametrize(("left", "kept"), [('{"event": "int', 1), ('{"event": "outcome"}\n', 1), ("", 0)])
def test_a_line_that_another_process_left_in_part_does_not_spoil_the_next(path: Path, left: str, kept: int) -> None:
    path.write_text(left)
    for number in range(2):
        journal = Journal(path, FakeClock())
        journal.open()
        journal.intend(IAD, decision(number))
        journal.close()
    found = path.read_text().splitlines()
    assert found[:kept] == left.splitlines()
    assert [json.loads(line)["id"] for line in found[kept:]] == [volume_id(0), volume_id(1)]


def test_threads_share_an_fsync_and_none_returns_before_its_own(
    journal: Journal, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    safe = 0
    syncs = 0

    def fsync(_file: int) -> None:
        nonlocal safe, syncs
        present = path.stat().st_size
        give_up = time.monotonic() + 5
        # The lines in the file are not enough: a thread counts its line after it has written it.
        while not syncs and journal._appended < 20 and time.monotonic() < give_up:
            time.sleep(0.001)
        safe, syncs = present, syncs + 1

    def intend(number: int) -> bool:
        journal.intend(IAD, decision(number))
        on_disk = safe
        return volume_id(number).encode() in path.read_bytes()[:on_disk]

    monkeypatch.setattr(os, "fsync", fsync)
    with ThreadPoolExecutor(20) as pool:
        durable = list(pool.map(intend, range(20)))
    assert all(durable)
    assert len(lines(path)) == 20
    assert syncs == 2


def test_a_failed_fsync_fails_every_line_that_relied_on_it(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    both_appended = threading.Barrier(2, timeout=60)
    failures = [OSError(errno.EIO, "Input/output error")]

    def fsync(_file: int) -> None:
        if failures:
            time.sleep(0.05)
            raise failures.pop()

    def intend(number: int) -> bool:
        both_appended.wait()
        try:
            journal.intend(IAD, decision(number))
        except OSError:
            return False
        return True

    monkeypatch.setattr(os, "fsync", fsync)
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(intend, range(2))) == [False, False]


def test_a_new_file_and_its_new_folders_are_flushed_into_their_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(journal_module, "sync_folder", flushed.append)
    path = tmp_path / "state" / "run" / "journal.jsonl"
    for _ in range(2):
        journal = Journal(path, FakeClock())
        journal.open()
        journal.close()
    assert flushed == [path.parent, path.parent.parent, tmp_path]


def test_the_folder_that_a_role_created_for_the_journal_is_flushed_into_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Path] = []
    monkeypatch.setattr(journal_module, "sync_folder", flushed.append)
    (tmp_path / "run").mkdir()
    for _ in range(2):
        journal = Journal(tmp_path / "run" / "journal.jsonl", FakeClock())
        journal.open()
        journal.close()
    assert flushed == [tmp_path / "run", tmp_path]


def test_no_journal_without_its_folder_on_disk(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(journal_module, "sync_folder", full)
    with pytest.raises(InputError, match="Input/output error"):
        Journal(path, FakeClock()).open()


def test_alone_each_line_has_its_fsync(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    for number in range(3):
        journal.intend(IAD, decision(number))
        assert len(synced) == number + 1


@pytest.mark.parametrize("blank", [{}, {"XDG_STATE_HOME": ""}, {"XDG_STATE_HOME": " "}])
def test_the_default_place_survives_a_reboot(blank: dict[str, str], tmp_path: Path) -> None:
    found = default_journal_path({"HOME": str(tmp_path), **blank})
    assert found == tmp_path / ".local/state/oci_keys.block_volume/journal.jsonl"


def test_the_state_folder_of_the_environment_is_used(tmp_path: Path) -> None:
    given = default_journal_path({"XDG_STATE_HOME": str(tmp_path)})
    assert given == tmp_path / "oci_keys.block_volume/journal.jsonl"


def _link(path: Path) -> None:
    (path.parent / "precious").write_text('{"event": "intent"}\n')
    path.symlink_to("precious")


def _hard_link(path: Path) -> None:
    (path.parent / "precious").write_text('{"event": "intent"}\n')
    os.link(path.parent / "precious", path)


def _dangling_link(path: Path) -> None:
    path.symlink_to("precious")


def _of_somebody_else(path: Path) -> None:
    path.write_text('{"event": "intent"}\n')
    os.chown(path, 12345, 12345)


FOREIGN = {
    "symbolic link": _link,
    "link to nothing": _dangling_link,
    "hard link": _hard_link,
    "pipe": os.mkfifo,
    "device": lambda path: os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3)),
    "file of somebody else": _of_somebody_else,
    "result": lambda path: path.write_text(json.dumps({"changed": True, "resources": []}, indent=2)),
    "compact JSON": lambda path: path.write_text('{"changed": true}'),
    "lines of JSON": lambda path: path.write_text('{"level": "info"}\n{"event": "intent"}\n'),
    "text": lambda path: path.write_text("[DEFAULT]\nuser=ocid1.user\n"),
    "key": lambda path: path.write_text("-----BEGIN PRIVATE KEY-----\n"),
    "list": lambda path: path.write_text("[1, 2]\n"),
}


@pytest.mark.parametrize("make", FOREIGN.values(), ids=FOREIGN)
def test_a_journal_is_a_regular_file_of_ones_own(path: Path, make: Any) -> None:
    if os.geteuid() and make in (_of_somebody_else, FOREIGN["device"]):
        pytest.skip("only root can make one")
    make(path)
    before = {file.name: (file.lstat().st_mode, file.lstat().st_size) for file in path.parent.iterdir()}

    with pytest.raises(InputError, match="Nothing was changed"):
        Journal(path, FakeClock()).open()

    assert {file.name: (file.lstat().st_mode, file.lstat().st_size) for file in path.parent.iterdir()} == before


@pytest.mark.parametrize("left", ["", "\n", '{"ti', '{"time": "2026', '{"time": "20\n{"event": "outcome"}\n'])
def test_what_a_killed_process_left_is_a_journal(path: Path, left: str) -> None:
    path.write_text(left)
    journal = Journal(path, FakeClock())
    journal.open()
    journal.intend(IAD, decision())
    journal.close()
    assert json.loads(path.read_text().splitlines()[-1])["id"] == volume_id(0)


def test_files_of_root_that_nfs_gives_to_nobody_are_ones_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.geteuid():
        pytest.skip("only root can give files away")
    _of_somebody_else(path)
    monkeypatch.setattr(append_file, "_owner_of_new_files", lambda _folder: 12345)
    Journal(path, FakeClock()).open()


@pytest.mark.parametrize("how", ["removed", "replaced", "moved", "folder removed", "linked"])
def test_a_journal_that_is_lost_during_the_run_ends_all_writing(path: Path, journal: Journal, how: str) -> None:
    journal.intend(IAD, decision(0))
    if how == "linked":
        os.link(path, path.parent / "other")
    elif how in ("removed", "replaced"):
        path.unlink()
    elif how == "moved":
        path.rename(path.parent / "elsewhere")
    else:
        path.unlink()
        path.parent.rename(path.parent.with_name("gone"))
    if how == "replaced":
        path.write_text('{"event": "intent"}\n')

    with pytest.raises(OSError, match="during the run"):
        journal.intend(IAD, decision(1))
    if how == "linked":
        (path.parent / "other").unlink()
    with pytest.raises(OSError, match="during the run"):
        journal.intend(IAD, decision(2))
    with pytest.raises(OSError, match="during the run"):
        journal.conclude(outcome(0))
