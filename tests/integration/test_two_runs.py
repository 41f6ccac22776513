# Copyright (c) 2026, the oci_keys.block_volume contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two runs at once: each resource is changed by one of them; the other waits, reads it again, and finds it done."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from integration.support import copy_helpers
from integration.support.fleets import volumes
from integration.support.harness import SOAK, furnish, soak
from integration.support.rekey_helpers import keys_in_place, make_plan
from integration.test_whole_plan import plan_now

from ansible_collections.oci_keys.block_volume.plugins.modules import (
    backup_copy,
    backup_kms_key,
    backup_policy_crossregion_key,
    key_plan_apply,
    volume_kms_key,
)
from simulator.client import Simulator

REPETITIONS = pytest.mark.parametrize("repetition", range(20 if SOAK else 1))
COUNT = 60
PUT = "UpdateVolumeKmsKey"
LOCK = ".oci-keys.lock"


class Run:
    """A module in a process of its own, as another job would run it."""

    def __init__(
        self, module: ModuleType, folder: Path, state: Path, machine: Path | None = None, **options: Any
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._printed = folder / f"{module.__name__.rpartition('.')[2]}.json"
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "XDG_STATE_HOME": str(state)}
        if machine is not None:
            environment["OCI_KEYS_LOCK_FOLDER"] = str(machine)
        with self._printed.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(module.__file__)], stdin=subprocess.PIPE, stdout=output, env=environment
            )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        self.process.stdin.close()

    def end(self) -> dict[str, Any]:
        self.process.wait(300)
        result: dict[str, Any] = json.loads(self._printed.read_text())
        return result


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state folder of this user on this machine."""
    return tmp_path / "state"


def ids(sim: Simulator, name: str = "volume", count: int = COUNT) -> list[str]:
    return [sim.id(f"{name}-{number}") for number in range(1, count + 1)]


def lines(journal: Path, event: str) -> Iterator[dict[str, Any]]:
    yield from (line for line in map(json.loads, journal.read_text().splitlines()) if line["event"] == event)


@REPETITIONS
def test_two_runs_with_one_key_change_each_volume_once(
    sim: Simulator, tmp_path: Path, state: Path, repetition: int
) -> None:
    furnish(sim, volumes=[volumes(COUNT, key="key-b")])
    task = {"volume_ids": ids(sim), "kms_key_id": sim.id("key-a"), "concurrency": 8 + repetition}
    runs = [
        Run(volume_kms_key, tmp_path / name, state, **task, journal=str(tmp_path / name / "journal.jsonl"))
        for name in ("one", "two")
    ]

    results = [one.end() for one in runs]

    assert [result["summary"]["failed"] for result in results] == [0, 0]
    assert sum(result["summary"]["changed"] for result in results) == COUNT
    assert sim.counts()[PUT] == COUNT
    assert sim.needless_puts == 0


@REPETITIONS
def test_two_runs_with_two_keys_overwrite_nothing_unnoticed(
    sim: Simulator, tmp_path: Path, state: Path, repetition: int
) -> None:
    """Whoever comes second replaces the key of the other one, and names it, in the journal too."""
    furnish(sim, volumes=[volumes(COUNT, key="key-b")])
    keys = [sim.id("key-a"), sim.id("key-everywhere")]
    journals = [tmp_path / name / "journal.jsonl" for name in ("one", "two")]
    runs = [
        Run(
            volume_kms_key,
            journal.parent,
            state,
            volume_ids=ids(sim),
            kms_key_id=key,
            concurrency=4 + repetition,
            journal=str(journal),
        )
        for journal, key in zip(journals, keys, strict=True)
    ]

    results = [one.end() for one in runs]

    assert [result["summary"]["changed"] for result in results] == [COUNT, COUNT]
    former: dict[str, set[str]] = {}
    for journal in journals:
        for line in lines(journal, "intent"):
            former.setdefault(line["id"], set()).add(line["previous_kms_key_id"])
    last = {name: key for (_kind, name), key in keys_in_place(sim).items()}
    assert former == {name: {sim.id("key-b"), *keys} - {last[name]} for name in ids(sim)}
    second = [entry for result in results for entry in result["resources"] if entry["previous_kms_key_id"] in keys]
    assert {entry["id"] for entry in second} == set(ids(sim))
    assert sim.needless_puts == 0


def _volumes(sim: Simulator) -> dict[str, Any]:
    furnish(sim, volumes=[volumes(12, key="key-b")])
    return {"volume_ids": ids(sim, count=12), "kms_key_id": sim.id("key-a")}


def _backups(sim: Simulator) -> dict[str, Any]:
    backups = {"name": "backup-{n}", "count": 12, "of": "source-1", "key": "key-b"}
    furnish(sim, volumes=[volumes(name="source")], volume_backups=[backups])
    return {"backup_ids": ids(sim, "backup", 12), "kms_key_id": sim.id("key-a")}


def _policies(sim: Simulator) -> dict[str, Any]:
    policy = {
        "name": "to-phx",
        "region": copy_helpers.IAD,
        "compartment": "prod",
        "destination_region": copy_helpers.PHX,
    }
    assignments = [{"asset": f"volume-{number}", "policy": "to-phx"} for number in range(1, 13)]
    furnish(
        sim,
        {"assignment_repost": "conflict"},
        volumes=[volumes(12)],
        volume_backup_policies=[policy],
        policy_assignments=assignments,
    )
    return {"asset_ids": ids(sim, count=12), "kms_key_id": sim.id("key-phx")}


def _copies(sim: Simulator) -> dict[str, Any]:
    copy_helpers.fleet(sim, copy_helpers.backups(12, key="key-a"))
    return {
        "backup_ids": ids(sim, "backup", 12),
        "kms_key_id": sim.id("key-phx"),
        "destination_region": copy_helpers.PHX,
    }


@pytest.mark.parametrize(
    ("module", "furnished", "writes"),
    [
        (backup_kms_key, _backups, {"UpdateVolumeBackup": 12}),
        (
            backup_policy_crossregion_key,
            _policies,
            {"CreateVolumeBackupPolicyAssignment": 24, "DeleteVolumeBackupPolicyAssignment": 12},
        ),
        (backup_copy, _copies, {"CopyVolumeBackup": 12}),
    ],
    ids=["backups", "policies", "copies"],
)
def test_whatever_is_changed_is_changed_by_one_of_two_runs(
    sim: Simulator, tmp_path: Path, state: Path, module: ModuleType, furnished: Any, writes: dict[str, int]
) -> None:
    task = furnished(sim)
    sim.reset_counts()
    runs = [
        Run(module, tmp_path / name, state, **task, journal=str(tmp_path / name / "journal.jsonl"))
        for name in ("one", "two")
    ]

    results = [one.end() for one in runs]

    assert [result["summary"]["failed"] for result in results] == [0, 0], results
    assert {name: count for name, count in sim.counts().items() if name in writes} == writes
    assert sum(result["summary"]["changed"] for result in results) == 12


@pytest.mark.parametrize(
    ("module", "furnished", "writes"),
    [
        (volume_kms_key, _volumes, {PUT: 12}),
        (
            backup_policy_crossregion_key,
            _policies,
            {"CreateVolumeBackupPolicyAssignment": 24, "DeleteVolumeBackupPolicyAssignment": 12},
        ),
        (backup_kms_key, _backups, {"UpdateVolumeBackup": 12}),
    ],
    ids=["volumes", "policies", "backups"],
)
def test_two_users_of_one_machine_exclude_each_other(
    sim: Simulator, tmp_path: Path, module: ModuleType, furnished: Any, writes: dict[str, int]
) -> None:
    """Each has a state folder and a journal of its own."""
    task = furnished(sim)
    sim.reset_counts()
    runs = [
        Run(module, tmp_path / name, tmp_path / f"state-{name}", **task, journal=str(tmp_path / name / "journal.jsonl"))
        for name in ("one", "two")
    ]

    results = [one.end() for one in runs]

    assert [result["summary"]["failed"] for result in results] == [0, 0], results
    assert {name: count for name, count in sim.counts().items() if name in writes} == writes
    assert sum(result["summary"]["changed"] for result in results) == 12
    assert sim.needless_puts == 0


def test_two_machines_exclude_each_other_by_the_folder_of_their_journals(sim: Simulator, tmp_path: Path) -> None:
    """Each has a state folder and a folder of the machine of its own."""
    furnish(sim, volumes=[volumes(COUNT, key="key-b")])
    shared = tmp_path / "shared"
    shared.mkdir()
    task = {"volume_ids": ids(sim), "kms_key_id": sim.id("key-a")}
    runs = [
        Run(volume_kms_key, folder, folder / "state", folder, **task, journal=str(shared / f"{folder.name}.jsonl"))
        for folder in (tmp_path / "one", tmp_path / "two")
    ]

    results = [one.end() for one in runs]

    assert sum(result["summary"]["changed"] for result in results) == COUNT
    assert sim.needless_puts == 0
    assert (shared / LOCK).read_bytes() == b""


@REPETITIONS
def test_two_batches_with_the_same_resources_change_each_once(
    sim: Simulator, tmp_path: Path, state: Path, repetition: int
) -> None:
    """As two jobs do whose shards overlap: two plans in two folders, carried out at the same time."""
    furnish(
        sim,
        volumes=[volumes(COUNT, key="key-b"), volumes(10, name="phx", region="us-phoenix-1")],
        boot_volumes=[volumes(10, name="boot")],
    )
    plans = [tmp_path / name for name in ("one", "two")]
    planned = [make_plan(sim, plan, batch_size=500, canary=1).result for plan in plans]
    assert planned[0]["batch_count"] == planned[1]["batch_count"] > 1
    first = planned[0]["first_batch"]
    batches = range(first, first + planned[0]["batch_count"])
    sim.reset_counts()
    changed = failed = 0
    for batch in batches:
        runs = [Run(key_plan_apply, plan, state, plan_file=str(plan / "plan.json"), batch=batch) for plan in plans]
        for one in runs:
            summary = one.end()["summary"]
            changed += summary["changed"]
            failed += summary["failed"]

    assert (changed, failed) == (COUNT + 20, 0)
    assert sim.needless_puts == 0


@soak
@REPETITIONS
def test_two_jobs_with_the_same_shards_change_each_volume_once(
    sim: Simulator, tmp_path: Path, state: Path, repetition: int
) -> None:
    """As hosts of the inventory: each job has a plan for each shard, and carries out all of them at once."""
    shards = ("us-ashburn-1", "us-phoenix-1")
    furnish(sim, volumes=[volumes(COUNT // 2, key="key-b"), volumes(COUNT // 2, name="phx", region=shards[1])])
    folders = [tmp_path / job / shard for job in ("one", "two") for shard in shards]
    for folder in folders:
        planned = plan_now(sim, folder, regions=[folder.name], resource_types=["volume"])
        assert planned.result["summary"]["planned"] == COUNT // 2
    sim.reset_counts()
    task = {"rounds": 2, "concurrency": 4 + repetition}

    runs = [Run(key_plan_apply, folder, state, plan_file=str(folder / "plan.json"), **task) for folder in folders]
    results = [one.end() for one in runs]

    assert [result["summary"]["failed"] for result in results] == [0] * len(folders), results
    assert sum(result["summary"]["changed"] for result in results) == COUNT
    assert sim.counts()[PUT] == COUNT
    assert sim.needless_puts == 0


def test_a_run_that_is_killed_gives_its_locks_back(sim: Simulator, tmp_path: Path, state: Path) -> None:
    furnish(sim, {"settle": 3600}, volumes=[volumes(3, key="key-b")])
    task = {"volume_ids": ids(sim, count=3), "kms_key_id": sim.id("key-a")}
    first = Run(volume_kms_key, tmp_path / "one", state, **task)
    latest = time.monotonic() + 120
    while sim.counts().get(PUT, 0) < 3:
        assert time.monotonic() < latest
        time.sleep(0.02)
    first.process.send_signal(signal.SIGKILL)
    first.process.wait(60)
    sim.set(settle=0.05)
    for name in ids(sim, count=3):
        sim.change(name, state="AVAILABLE")

    result = Run(volume_kms_key, tmp_path / "two", state, **task).end()

    assert result["summary"]["failed"] == 0
    assert sim.needless_puts == 0


def test_who_comes_second_says_so_when_its_time_is_over(sim: Simulator, tmp_path: Path, state: Path) -> None:
    furnish(sim, {"settle": 3600}, volumes=[volumes(3, key="key-b")])
    task = {"volume_ids": ids(sim, count=3), "kms_key_id": sim.id("key-a")}
    sim.fault("slow", PUT, times=None, seconds=50.0)
    first = Run(volume_kms_key, tmp_path / "one", state, **task)
    latest = time.monotonic() + 120
    while sim.counts().get(PUT, 0) < 3:
        assert time.monotonic() < latest
        time.sleep(0.02)

    result = Run(volume_kms_key, tmp_path / "two", state, **task, wait_timeout=5).end()

    first.process.kill()
    first.process.wait(60)
    assert {entry["error"]["code"] for entry in result["resources"]} == {"InUse"}
    assert "Another run" in result["msg"]
    assert sim.counts()[PUT] == 3
