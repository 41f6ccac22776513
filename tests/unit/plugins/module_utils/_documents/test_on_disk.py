# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every document of a run is on disk when its writer returns: the file, then its name, then the folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.support import report_files as files

from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.batch_file import write_batch_file
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.json_writer import write_before_changes
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.keys_writer import write_keys
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.own_files import write_result
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_file import PlanFile
from ansible_collections.oci_keys.block_volume.plugins.module_utils._documents.plan_writer import write_plan
from ansible_collections.oci_keys.block_volume.plugins.module_utils._reporting.files import write_report

PLAN = PlanFile(entries=[], digest="0" * 64, tenancy=files.TENANCY, dry_run=False, run_id="run", time_created="2026")

# What each writes, and whether it also flushes the folder that the folder of the run is in.
WRITERS: dict[str, tuple[Callable[[Path], object], list[str], bool]] = {
    "plan": (lambda folder: write_plan(folder / "plan.json", PLAN, {}), ["plan.json"], True),
    "keys": (lambda folder: write_keys(folder / "keys.json", [], {}), ["keys.json"], True),
    "discovery": (lambda folder: write_before_changes(folder / "before.json", {}), ["before.json"], True),
    "batch": (lambda folder: write_batch_file(folder / "batch-0001.json", [], 1.0, {}), ["batch-0001.json"], False),
    "result": (lambda folder: write_result(folder / "result.json", {}), ["result.json"], False),
    "report": (
        lambda folder: write_report(folder, {"json": "{}", "csv": "", "html": ""}, "run"),
        ["report.json", "report.csv", "report.html", "manifest.json"],
        False,
    ),
}


@pytest.mark.parametrize(("write", "names", "in_outer_folder"), WRITERS.values(), ids=WRITERS)
def test_a_document_is_on_disk_when_its_writer_returns(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], object],
    names: list[str],
    in_outer_folder: bool,
) -> None:
    calls: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        calls.append(("fsync", path.name if path.is_dir() else "file"))
        fsync(descriptor)

    def record_replace(source: str, target: Path) -> None:
        calls.append(("rename", Path(target).name))
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    folder = tmp_path / "run"
    folder.mkdir()

    write(folder)

    wanted = [step for name in names for step in (("fsync", "file"), ("rename", name), ("fsync", "run"))]
    assert calls == [*wanted, *([("fsync", tmp_path.name)] if in_outer_folder else [])]
