# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common.files import (
    sync_folder,
    write_private,
    write_private_text,
)


def test_only_the_owner_can_read_it_even_where_others_could_before(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    file.write_text("old")
    file.chmod(0o644)

    write_private(file, {"a": "\u00e9"})

    assert json.loads(file.read_text()) == {"a": "\u00e9"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_lines_end_as_they_say(tmp_path: Path) -> None:
    write_private_text(tmp_path / "table.csv", "a,b\r\nc\n")
    assert (tmp_path / "table.csv").read_bytes() == b"a,b\r\nc\n"


def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_private_text(file, "new \ud800")

    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert file.read_text() == "old"


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What is done for durability, in order: each call, and the name of the file or folder."""
    calls: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        calls.append(("fsync", Path(os.readlink(f"/proc/self/fd/{descriptor}")).name))
        fsync(descriptor)

    def record_replace(source: str, target: Path) -> None:
        calls.append(("rename", Path(source).name))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    return calls


def test_a_file_is_on_disk_before_it_gets_its_name_and_the_name_after(
    tmp_path: Path, synced: list[tuple[str, str]]
) -> None:
    write_private_text(tmp_path / "plan.json", "{}")

    (file_synced, draft), (renamed, source), (folder_synced, folder) = synced
    assert (file_synced, renamed, folder_synced) == ("fsync", "rename", "fsync")
    assert draft == source != "plan.json"
    assert folder == tmp_path.name


def test_a_disk_that_loses_the_file_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "plan.json"
    file.write_text("old")

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        write_private_text(file, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
    assert file.read_text() == "old"


@pytest.mark.parametrize(("code", "is_raised"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_a_folder_that_can_not_be_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_raised: bool
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fail)
    if is_raised:
        with pytest.raises(OSError, match="Input/output error"):
            sync_folder(tmp_path)
    else:
        sync_folder(tmp_path)


def test_a_folder_that_may_not_be_listed_is_left_to_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    sync_folder(tmp_path)
