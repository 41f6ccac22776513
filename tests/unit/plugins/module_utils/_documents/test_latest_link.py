# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents import latest_link
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.latest_link import point_latest_to


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / f"2026112{number}T010203Z-1a2b3c-localhost" for number in range(3)]
    for folder in folders:
        folder.mkdir()
    return folders


def test_it_leads_to_the_run_that_ended_last(runs: list[Path], tmp_path: Path) -> None:
    for folder in (runs[0], runs[2], runs[1]):
        assert point_latest_to(folder) is None
        assert os.readlink(tmp_path / "latest") == folder.name
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*(run.name for run in runs), "latest"])


def test_it_is_taken_along_where_the_folders_are_moved(runs: list[Path], tmp_path: Path) -> None:
    point_latest_to(runs[0])
    moved = tmp_path.rename(tmp_path.with_name("moved"))
    assert (moved / "latest").resolve() == moved / runs[0].name


def test_a_link_to_a_run_that_was_removed_is_replaced(runs: list[Path], tmp_path: Path) -> None:
    point_latest_to(runs[0])
    runs[0].rmdir()
    assert point_latest_to(runs[1]) is None
    assert (tmp_path / "latest").resolve() == runs[1]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_text("mine"), "is not a link"),
        (lambda path: path.mkdir(), "is not a link"),
        (lambda path: path.symlink_to("/etc"), "is a link to another place"),
        (lambda path: path.symlink_to("../elsewhere/run"), "is a link to another place"),
        (lambda path: path.symlink_to(".."), "is a link to another place"),
        (lambda path: path.symlink_to("."), "is a link to another place"),
    ],
)
def test_what_is_somebodys_own_stays(
    runs: list[Path], tmp_path: Path, make: Callable[[Path], object], reason: str
) -> None:
    link = tmp_path / "latest"
    make(link)
    before = os.lstat(link)
    assert point_latest_to(runs[0]) == f"{link} {reason}"
    assert os.lstat(link) == before
    assert len(list(tmp_path.iterdir())) == 4


def test_what_somebody_makes_meanwhile_stays(runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = tmp_path / "latest"
    real = Path.symlink_to

    def late(self: Path, target: str) -> None:
        if self == link:
            link.write_text("mine")
        real(self, target)

    monkeypatch.setattr(latest_link.Path, "symlink_to", late)
    assert "can't be written" in (point_latest_to(runs[0]) or "")
    assert link.read_text() == "mine"


def test_a_link_that_another_run_makes_meanwhile_is_replaced(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "latest"
    real = Path.symlink_to

    def late(self: Path, target: str) -> None:
        if self == link:
            real(link, runs[2].name)
        real(self, target)

    monkeypatch.setattr(latest_link.Path, "symlink_to", late)
    assert point_latest_to(runs[0]) is None
    assert os.readlink(link) == runs[0].name


def test_where_no_links_can_be_made_the_reason_is_returned(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(latest_link.Path, "symlink_to", refused)
    assert point_latest_to(runs[0]) == f"{tmp_path / 'latest'} can't be written: Operation not permitted"


def test_nothing_is_left_behind_where_it_can_not_be_replaced(
    runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    point_latest_to(runs[0])

    def full(one: Path, other: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(latest_link.os, "replace", full)
    assert "No space left" in (point_latest_to(runs[1]) or "")
    assert os.readlink(tmp_path / "latest") == runs[0].name
    assert len(list(tmp_path.iterdir())) == 4


def test_a_folder_of_that_name_and_what_is_no_folder_get_no_link(runs: list[Path], tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    assert "is the folder of the run itself" in (point_latest_to(tmp_path / "latest") or "")
    assert "is not a folder" in (point_latest_to(tmp_path / "missing") or "")
