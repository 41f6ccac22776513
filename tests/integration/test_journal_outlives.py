# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In a container, and under AWX, nothing is changed unless the journal outlives it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from integration.support.fleets import volumes
from integration.support.harness import furnish, run, soak
from integration.support.playbook import CollectionPlaybooks
from integration.support.rekey_helpers import make_plan, mixed_fleet, rekey

from ansible_collections.oci_keys.block_volume.plugins.module_utils._common import kept_folder
from ansible_collections.oci_keys.block_volume.plugins.modules import key_plan_apply, volume_kms_key
from simulator.client import Simulator

MEMORY = Path("/dev/shm")


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container whose own file system has everything, and no marker that tests have made."""
    mountinfo = "27 1 0:78 / / rw,relatime - overlay overlay rw\n"
    monkeypatch.setattr(kept_folder, "_content", lambda path: mountinfo if path.endswith("mountinfo") else "")
    monkeypatch.setattr(kept_folder, "MARKER", ".oci-keys-reports-of-this-test")


@pytest.mark.usefixtures("container")
def test_a_module_changes_nothing_without_the_marker(sim: Simulator, tmp_path: Path) -> None:
    furnish(sim, volumes=[volumes(1)])
    options = {
        "volume_ids": [sim.id("volume-1")],
        "kms_key_id": sim.id("key-a"),
        "journal": str(tmp_path / "journal.jsonl"),
    }
    sim.reset_counts()

    refused = run(volume_kms_key.main, sim, **options)
    assert refused.failed
    assert (
        f"The journal would not outlive the run in '{tmp_path}', which is in the own file system of this container"
        in refused.msg
    )
    assert f"touch {tmp_path / kept_folder.MARKER}" in refused.msg
    assert sim.counts() == {}
    assert list(tmp_path.iterdir()) == []

    assert run(volume_kms_key.main, sim, check=True, **options).changed
    (tmp_path / kept_folder.MARKER).touch()
    assert run(volume_kms_key.main, sim, **options).changed
    assert (tmp_path / "journal.jsonl").exists()


@pytest.mark.usefixtures("container")
def test_a_batch_of_a_plan_changes_nothing_without_the_marker(sim: Simulator, tmp_path: Path) -> None:
    mixed_fleet(sim)
    assert not make_plan(sim, tmp_path).failed
    sim.reset_counts()

    refused = run(key_plan_apply.main, sim, plan_file=str(tmp_path / "plan.json"), batch=1)
    assert "which is in the own file system of this container" in refused.msg
    assert sim.counts() == {}
    assert not (tmp_path / "batch-0001.json").exists()

    (tmp_path / kept_folder.MARKER).touch()
    assert not rekey(sim, tmp_path).failed


@pytest.fixture
def passing_folder() -> Iterator[Path]:
    if not MEMORY.is_dir():
        pytest.skip(f"there is no {MEMORY}")
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        yield Path(folder)


@soak
def test_a_role_under_awx_refuses_a_folder_that_passes(sim: Simulator, tmp_path: Path, passing_folder: Path) -> None:
    mixed_fleet(sim)
    playbooks = CollectionPlaybooks(sim, tmp_path)
    playbooks.environment["JOB_ID"] = "42"
    given = {
        "rekey_compartment_ids": [sim.id("prod")],
        "rekey_kms_key_ids": {"us-ashburn-1": sim.id("key-a")},
        "rekey_resource_types": ["volume"],
        "rekey_report_dir": str(passing_folder),
    }
    sim.reset_counts()

    ran = playbooks.run("rekey", given)

    assert ran.returncode == 2, ran.stdout
    assert "rekey_report_dir: The report folder with the journal would not outlive the run in" in ran.stdout
    assert "which is in the memory of this" in ran.stdout
    assert sim.counts() == {}
    assert list(passing_folder.iterdir()) == []

    ran = playbooks.run("rekey", given, "--check")
    assert "would be changed" in ran.stdout
